/* Byte-level BPE: text to words by GPT-2's pattern, words to tokens.
 *
 * The pattern is an expression of six alternatives, tried in this order:
 *
 *   's 't 're 've 'm 'll 'd     the end of a contraction
 *   a space or none, letters    " hello"
 *   a space or none, numbers
 *   a space or none, anything else that is not white space
 *   white space that white space or the end follows
 *   white space
 *
 * A scanner needs one look ahead: which class the next character has. Of a run of white space that
 * text follows, all but the last character are one word; the last goes with the text when it is a
 * space, and is a word of its own when it is not.
 *
 * Tokens are runs of bytes and may begin inside a character. Their places are those of the whole
 * characters, as the reference has it. */
#include "text/encode.h"
#include "text/utf8.h"

#include <string.h>

enum { LETTER, NUMBER, OTHER, SPACE };

int gn_bpe_class(unsigned flags) {
    return flags & GN_UC_LETTER   ? LETTER
           : flags & GN_UC_NUMBER ? NUMBER
           : flags & GN_UC_SPACE  ? SPACE
                                  : OTHER;
}

static int class_at(const gn_tokenizer *tok, const char *text, size_t at, size_t *next) {
    uint32_t cp;
    *next = at + 1;
    if ((unsigned char)text[at] < 0x80) return tok->ascii_class[(unsigned char)text[at]];
    *next = at + gn_utf8_next(text + at, &cp);
    return gn_bpe_class(gn_unicode_flags(&tok->unicode, cp));
}

/* The end of the run of one class that starts at `at`. */
static size_t run(const gn_tokenizer *tok, const char *text, size_t at, size_t to, int class) {
    for (size_t next; at < to; at = next)
        if (class_at(tok, text, at, &next) != class) break;
    return at;
}

/* Bytes of the contraction that starts at an apostrophe; 0: none does. */
static size_t contraction(const char *text, size_t n) {
    if (n < 2) return 0;
    char a = text[1], b = n > 2 ? text[2] : '\0';
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
    if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l')) return 3;
    return 0;
}

/* White space from `at` to `stop`, which text follows unless stop == to. */
static size_t space_end(const char *text, size_t at, size_t stop, size_t to) {
    if (stop == to) return stop;
    size_t last = stop - 1;
    while (((unsigned char)text[last] & 0xC0) == 0x80) last--;
    return last > at ? last : stop;
}

static size_t word_end(const gn_tokenizer *tok, const char *text, size_t at, size_t to) {
    size_t next, here = at;
    int class = class_at(tok, text, at, &next);
    if (text[at] == '\'') {
        size_t n = contraction(text + at, to - at);
        if (n) return at + n;
    }
    if (text[at] == ' ' && next < to) {
        int after = class_at(tok, text, next, &here);
        if (after != SPACE) return run(tok, text, next, to, after);
    }
    size_t stop = run(tok, text, next, to, class);
    return class == SPACE ? space_end(text, at, stop, to) : stop;
}

/* A text that is tokenized, and where it lies in the one that was given: either the same, or with a
 * space in front that was not there (and counts as part of its first character). */
struct part {
    const char *text;
    size_t base;  /* place of text[0], or of text[1] behind such a space */
    bool space;   /* there is one */
    size_t first; /* then: bytes of the first character */
};

/* The place of byte i of the part, which starts a character. */
static uint32_t place(const struct part *p, size_t i, bool end) {
    if (!p->space) return (uint32_t)(p->base + i);
    if (i == 0) return (uint32_t)p->base;
    if (i == 1 && end) return (uint32_t)(p->base + p->first);
    return (uint32_t)(p->base + i - 1);
}

/* ---- places without white space ----------------------------------------------------------------
 */

/* White space, or the letter that stands for a space. */
static bool blank(const gn_tokenizer *tok, uint32_t cp) {
    return cp == gn_bpe_letter(' ') || gn_unicode_flags(&tok->unicode, cp) & GN_UC_SPACE;
}

/* Blank characters at the start and at the end of n bytes. */
static void count_blanks(const gn_tokenizer *tok, const char *text, size_t n, size_t *leading,
                         size_t *trailing) {
    uint32_t cp;
    *leading = *trailing = 0;
    bool only = true;
    for (size_t i = 0; i < n;) {
        i += gn_utf8_next(text + i, &cp);
        bool b = blank(tok, cp);
        only = only && b;
        *leading += only;
        *trailing = b ? *trailing + 1 : 0;
    }
}

void gn_encode_trim(gn_encoder *e, const char *shown, size_t n) {
    const gn_bpe *bpe = &e->tok->bpe;
    gn_encoding *out = e->out;
    size_t i = out->n - 1, leading, trailing;
    if (!bpe->trim_offsets) return;
    count_blanks(e->tok, shown, n, &leading, &trailing);
    /* The space of the first token may be the one that was put there: it has no place. */
    if (leading > 0 && (i == e->n_before || out->start[i] == 0) && bpe->trim_all_but_first)
        leading--;
    uint32_t cp;
    for (; leading > 0 && out->start[i] < out->end[i]; leading--)
        out->start[i] += gn_utf8_next(e->text + out->start[i], &cp);
    for (; trailing > 0 && out->end[i] > out->start[i]; trailing--) do
            out->end[i]--;
        while (((unsigned char)e->text[out->end[i]] & 0xC0) == 0x80);
}

/* A token of the model. */
static gn_status add(gn_encoder *e, int32_t id, uint32_t start, uint32_t end) {
    const gn_vocab *v = &e->tok->vocab;
    gn_status st = gn_encoder_push(e, id, start, end, e->word);
    if (st == GN_OK) gn_encode_trim(e, v->text[id], v->len[id]);
    return st;
}

/* ---- words ------------------------------------------------------------------------------------
 */

static gn_status word(gn_encoder *e, const struct part *p, size_t from, size_t to) {
    gn_status st = GN_OK;
    const gn_bpe *bpe = &e->tok->bpe;
    size_t n = to - from, n_pieces;
    uint64_t h = 0;
    for (size_t i = from; i < to; i++) h = gn_vocab_hash_add(h, p->text[i]);
    int32_t id = gn_vocab_probe(&bpe->whole, h, "", 0, p->text + from, n);
    if (id >= 0) {
        GN_TRY(add(e, id, place(p, from, false), place(p, to, true)));
        e->word++;
        return GN_OK;
    }
    GN_TRY(gn_encoder_pieces(e, n));
    GN_TRY(gn_bpe_split(bpe, p->text + from, n, &e->bpe, e->piece, &n_pieces, e->err));
    for (size_t i = 0; i < n_pieces; i++) {
        size_t start = from + e->piece[i].start, end = from + e->piece[i].end;
        while (((unsigned char)p->text[start] & 0xC0) == 0x80) start--;
        while (end < to && ((unsigned char)p->text[end] & 0xC0) == 0x80) end++;
        GN_TRY(add(e, e->piece[i].id, place(p, start, false), place(p, end, true)));
    }
    e->word++;
done:
    return st;
}

static gn_status words(gn_encoder *e, size_t from, size_t to) {
    gn_status st = GN_OK;
    struct part p = {.text = e->text + from, .base = from};
    size_t n = to - from;
    if (n == 0) return GN_OK;
    if (e->tok->bpe.prefix_space && e->text[from] != ' ') {
        uint32_t cp;
        p.first = gn_utf8_next(e->text + from, &cp);
        GN_TRY(gn_encoder_low(e, n + 1));
        e->low[0] = ' ';
        memcpy(e->low + 1, e->text + from, n);
        p.text = e->low;
        p.space = true;
        n++;
    }
    for (size_t at = 0, end; at < n; at = end) {
        end = word_end(e->tok, p.text, at, n);
        GN_TRY(word(e, &p, at, end));
    }
done:
    return st;
}

gn_status gn_encode_bpe(gn_encoder *e, size_t from, size_t to) {
    gn_status st = GN_OK;
    const gn_tokenizer *tok = e->tok;
    gn_match m = {0};
    size_t done = 0;
    /* There is no normaliser, so that "normalised" tokens are looked for in the text itself. */
    while (tok->normalized.n &&
           gn_matcher_next(&tok->normalized, &tok->unicode, e->text + from, to - from, &m)) {
        GN_TRY(words(e, from + done, from + m.start));
        GN_TRY(gn_encoder_push(e, m.id, (uint32_t)(from + m.start), (uint32_t)(from + m.end),
                               e->word++));
        gn_encode_trim(e, e->text + from + m.start, m.end - m.start);
        done = m.end;
    }
    GN_TRY(words(e, from + done, to));
done:
    return st;
}
