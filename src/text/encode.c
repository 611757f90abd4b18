/* Text to ids, equal to the reference's pipeline (byte-level BPE has its own steps 2 to 4:
 * encode_bpe.c):
 *
 *   1. added tokens that are not normalised ("[MASK]") are cut out of the text as it is;
 *   2. each part between them is normalised on its own, then normalised added tokens are cut out;
 *   3. what is left is cut into words at white space and around punctuation;
 *   4. each word is spelled by WordPiece; its pieces get the original places of their bytes;
 *   5. the text's special tokens are put around, after truncation.
 *
 * The reference does each step on the whole text. Here a text is walked once: nothing in steps 2 to
 * 4 looks across a white space (a space is a starter, so marks are never sorted across it), so each
 * stretch between two ASCII spaces goes its own way. A stretch of plain ASCII (99 % of English)
 * needs no normaliser: its bytes are lower-cased and hashed in one loop. The exceptions are
 * tokenizers with normalised added tokens, which may contain spaces, or without splitting at white
 * space. */
#include "text/encode.h"
#include "text/utf8.h"

#include <string.h>

static gn_status reserve(gn_encoding *e, size_t extra, gn_error *err) {
    if (extra <= e->room - e->n) return GN_OK;
    size_t want = e->n + extra + e->room / 2 + 64;
    int32_t *id = gn_realloc(e->id, want, sizeof *id);
    if (id) e->id = id;
    uint32_t *start = id ? gn_realloc(e->start, want, sizeof *start) : NULL;
    if (start) e->start = start;
    uint32_t *end = start ? gn_realloc(e->end, want, sizeof *end) : NULL;
    if (end) e->end = end;
    int32_t *word = end ? gn_realloc(e->word, want, sizeof *word) : NULL;
    if (!word) return gn_fail_nomem(err, "token ids", want * 16);
    e->word = word;
    e->room = want;
    return GN_OK;
}

gn_status gn_encoder_push(gn_encoder *e, int32_t id, uint32_t start, uint32_t end, int32_t word) {
    gn_encoding *out = e->out;
    if (out->n == out->room) {
        gn_status st = reserve(out, 1, e->err);
        if (st != GN_OK) return st;
    }
    out->id[out->n] = id;
    out->start[out->n] = start;
    out->end[out->n] = end;
    out->word[out->n++] = word;
    return GN_OK;
}

gn_status gn_encoder_low(gn_encoder *e, size_t n) {
    if (n <= e->low_room) return GN_OK;
    size_t want = 2 * n + 128;
    char *p = gn_realloc(e->low, want, 1);
    if (!p) return gn_fail_nomem(e->err, "a word", want);
    e->low = p;
    e->low_room = want;
    return GN_OK;
}

gn_status gn_encoder_pieces(gn_encoder *e, size_t n) {
    if (n <= e->piece_room) return GN_OK;
    size_t want = 2 * n + 128;
    gn_piece *p = gn_realloc(e->piece, want, sizeof *p);
    if (!p) return gn_fail_nomem(e->err, "the pieces of a word", want * sizeof *p);
    e->piece = p;
    e->piece_room = want;
    return GN_OK;
}

/* The pieces of a normalised word: a single unknown token when it is too long or has no spelling.
 */
static gn_status spell(gn_encoder *e, const char *word, size_t n, size_t n_chars,
                       size_t *n_pieces) {
    const gn_tokenizer *tok = e->tok;
    gn_status st = gn_encoder_pieces(e, n);
    if (st != GN_OK) return st;
    *n_pieces = 0;
    if (n_chars <= tok->max_chars)
        *n_pieces = gn_wordpiece_split(&tok->vocab, tok->prefix, tok->n_prefix, word, n, e->piece);
    if (*n_pieces == 0) {
        e->piece[0] = (gn_piece){tok->unk, 0, (uint32_t)n};
        *n_pieces = 1;
    }
    return GN_OK;
}

/* ---- the ASCII way --------------------------------------------------------------------------- */

static gn_status ascii_word(gn_encoder *e, size_t from, size_t to) {
    gn_status st = GN_OK;
    const gn_tokenizer *tok = e->tok;
    size_t n = to - from, n_pieces;
    GN_TRY(gn_encoder_low(e, n));
    uint64_t h = 0;
    for (size_t i = 0; i < n; i++) {
        char c = tok->lower[(unsigned char)e->text[from + i]];
        e->low[i] = c;
        h = gn_vocab_hash_add(h, c);
    }
    int32_t id = n <= tok->max_chars ? gn_vocab_probe(&tok->vocab, h, "", 0, e->low, n) : -1;
    if (id >= 0) return gn_encoder_push(e, id, (uint32_t)from, (uint32_t)to, e->word++);
    GN_TRY(spell(e, e->low, n, n, &n_pieces));
    for (size_t i = 0; i < n_pieces; i++)
        GN_TRY(gn_encoder_push(e, e->piece[i].id, (uint32_t)from + e->piece[i].start,
                               (uint32_t)from + e->piece[i].end, e->word));
    e->word++;
done:
    return st;
}

/* A stretch without white space. */
static gn_status ascii_stretch(gn_encoder *e, size_t from, size_t to) {
    gn_status st = GN_OK;
    const uint8_t *what = e->tok->ascii;
    const unsigned char *text = (const unsigned char *)e->text;
    while (from < to) {
        size_t end = from + 1;
        if (!(what[text[from]] & GN_ASCII_PUNCT))
            while (end < to && !(what[text[end]] & GN_ASCII_PUNCT)) end++;
        GN_TRY(ascii_word(e, from, end));
        from = end;
    }
done:
    return st;
}

/* ---- the general way ------------------------------------------------------------------------- */

/* The word in bytes [from, to) of the normalised text. */
static gn_status norm_word(gn_encoder *e, size_t from, size_t to) {
    gn_status st = GN_OK;
    const gn_norm *norm = &e->norm;
    size_t n_pieces, n_chars = gn_utf8_codepoints(norm->text + from, to - from);
    GN_TRY(spell(e, norm->text + from, to - from, n_chars, &n_pieces));
    for (size_t i = 0; i < n_pieces; i++) {
        gn_piece p = e->piece[i];
        GN_TRY(gn_encoder_push(e, p.id, norm->start[from + p.start], norm->end[from + p.end - 1],
                               e->word));
    }
    e->word++;
done:
    return st;
}

/* Cuts bytes [from, to) of the normalised text into words. */
static gn_status norm_words(gn_encoder *e, size_t from, size_t to) {
    gn_status st = GN_OK;
    const gn_tokenizer *tok = e->tok;
    size_t start = from;
    for (size_t i = from; i < to;) {
        uint32_t cp;
        size_t next = i + gn_utf8_next(e->norm.text + i, &cp);
        unsigned f = gn_unicode_flags(&tok->unicode, cp);
        bool space = tok->split_space && f & GN_UC_SPACE;
        bool punct = tok->split_punct && f & GN_UC_PUNCT;
        if (space || punct) {
            if (start < i) GN_TRY(norm_word(e, start, i));
            if (punct && !space) GN_TRY(norm_word(e, i, next));
            start = next;
        }
        i = next;
    }
    if (start < to) GN_TRY(norm_word(e, start, to));
done:
    return st;
}

static gn_status general_stretch(gn_encoder *e, size_t from, size_t to) {
    gn_status st = GN_OK;
    const gn_tokenizer *tok = e->tok;
    gn_norm *norm = &e->norm;
    GN_TRY(gn_normalize(&tok->unicode, tok->normalize, e->text + from, to - from, (uint32_t)from,
                        norm, e->err));
    gn_match m = {0};
    size_t done = 0;
    while (tok->normalized.n &&
           gn_matcher_next(&tok->normalized, &tok->unicode, norm->text, norm->n, &m)) {
        if (done < m.start) GN_TRY(norm_words(e, done, m.start));
        GN_TRY(gn_encoder_push(e, m.id, norm->start[m.start], norm->end[m.end - 1], e->word++));
        done = m.end;
    }
    GN_TRY(norm_words(e, done, norm->n));
done:
    return st;
}

/* ---- the text -------------------------------------------------------------------------------- */

/* Text between two added tokens. */
static gn_status part(gn_encoder *e, size_t from, size_t to) {
    gn_status st = GN_OK;
    const gn_tokenizer *tok = e->tok;
    if (tok->kind == GN_TOKENIZER_BPE) return gn_encode_bpe(e, from, to);
    if (tok->normalized.n || !tok->split_space || !tok->split_punct)
        return from < to ? general_stretch(e, from, to) : GN_OK;
    const unsigned char *text = (const unsigned char *)e->text;
    while (from < to) {
        if (tok->ascii[text[from]] & GN_ASCII_SPACE) {
            from++;
            continue;
        }
        unsigned all = 0;
        size_t end = from;
        while (end < to && !(tok->ascii[text[end]] & GN_ASCII_SPACE))
            all |= tok->ascii[text[end++]];
        if (all & GN_ASCII_SLOW)
            GN_TRY(general_stretch(e, from, end));
        else
            GN_TRY(ascii_stretch(e, from, end));
        from = end;
    }
done:
    return st;
}

gn_status gn_tokenizer_encode(const gn_tokenizer *tok, const char *text, size_t n_bytes,
                              gn_encode_opts opts, gn_encoding *out, size_t *n_cut, gn_error *err) {
    gn_status st = GN_OK;
    size_t n_before = opts.special ? tok->n_before : 0, n_after = opts.special ? tok->n_after : 0;
    if (opts.max_tokens && opts.max_tokens < n_before + n_after)
        return gn_fail(err, GN_EINVAL, "max_tokens %zu leaves no room for %zu special tokens",
                       opts.max_tokens, n_before + n_after);
    if (n_bytes > UINT32_MAX)
        return gn_fail(err, GN_EINVAL, "a text of %zu bytes; offsets have 32 bits", n_bytes);
    if ((st = gn_utf8_check(text, n_bytes, err)) != GN_OK) return st;

    gn_encoder e = {.tok = tok, .text = text, .out = out, .n_before = n_before, .err = err};
    size_t cut = 0;
    out->n = 0;
    for (size_t i = 0; i < n_before; i++) GN_TRY(gn_encoder_push(&e, tok->before[i], 0, 0, -1));
    gn_match m = {0};
    size_t done = 0;
    while (gn_matcher_next(&tok->raw, &tok->unicode, text, n_bytes, &m)) {
        GN_TRY(part(&e, done, m.start));
        GN_TRY(gn_encoder_push(&e, m.id, (uint32_t)m.start, (uint32_t)m.end, e.word++));
        gn_encode_trim(&e, text + m.start, m.end - m.start);
        done = m.end;
    }
    GN_TRY(part(&e, done, n_bytes));
    if (opts.max_tokens && out->n > opts.max_tokens - n_after) {
        cut = out->n - (opts.max_tokens - n_after);
        out->n -= cut;
    }
    for (size_t i = 0; i < n_after; i++) GN_TRY(gn_encoder_push(&e, tok->after[i], 0, 0, -1));
    if (n_cut) *n_cut = cut;
done:
    gn_norm_free(&e.norm);
    gn_free(e.low);
    gn_free(e.piece);
    gn_bpe_scratch_free(&e.bpe);
    if (st != GN_OK) out->n = 0;
    return st;
}

void gn_encoding_free(gn_encoding *e) {
    gn_free(e->id);
    gn_free(e->start);
    gn_free(e->end);
    gn_free(e->word);
    *e = (gn_encoding){0};
}
