/* Byte-pair encoding (Sennrich, Haddow & Birch, ACL 2016) over bytes.
 *
 * The definition joins, again and again, the leftmost of the neighbouring pairs with the lowest
 * rank. Looking for it anew each time costs O(n^2) for a word of n bytes, and a "word" can be a
 * megabyte of dashes. So all pairs wait in a heap ordered by (rank, place); what a join made
 * invalid is noticed when it comes out: the piece is gone, or the pair that stands there now makes
 * something else.
 *
 * Most words of a text are tokens, and the merges give back the whole word. Which tokens the merges
 * make of their own bytes is found out once, when the tokenizer is opened; such words cost one
 * look-up. (Not every token is one: a string can be in the vocabulary without being reachable.) */
#include "text/bpe.h"
#include "text/utf8.h"

#include <string.h>

struct gn_bpe_symbol {
    int32_t id;
    int32_t before, after; /* places; -1: none */
    int32_t joined;        /* what it makes with the one behind it; -1: nothing */
    uint32_t start, end;   /* bytes of the word; equal: joined to the one before */
};

struct gn_bpe_entry {
    uint32_t rank, place;
    int32_t joined;
};

/* ---- the alphabet -----------------------------------------------------------------------------
 */

static bool printable(unsigned b) {
    return (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
}

/* Printable bytes of Latin-1 stand for themselves; the others follow from U+0100 on, in order:
 * 0x00 ... 0x20, 0x7F ... 0xA0, 0xAD. */
uint32_t gn_bpe_letter(unsigned char byte) {
    if (printable(byte)) return byte;
    if (byte <= 0x20) return 0x100u + byte;
    if (byte <= 0xA0) return 0x121u + (byte - 0x7Fu);
    return 0x143;
}

static int byte_of(uint32_t letter) {
    if (letter < 0x100) return printable(letter) ? (int)letter : -1;
    if (letter <= 0x120) return (int)(letter - 0x100);
    if (letter <= 0x142) return (int)(letter - 0x121 + 0x7F);
    return letter == 0x143 ? 0xAD : -1;
}

size_t gn_bpe_bytes(const char *text, size_t n, unsigned char *out) {
    size_t n_out = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += gn_utf8_next(text + i, &cp);
        int b = byte_of(cp);
        if (b < 0) return SIZE_MAX;
        out[n_out++] = (unsigned char)b;
    }
    return n_out;
}

/* ---- merges -----------------------------------------------------------------------------------
 */

static size_t slot_of(const gn_bpe *b, int32_t left, int32_t right) {
    uint64_t h = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * GN_VOCAB_BASE;
    h = (h ^ h >> 32) * GN_VOCAB_BASE;
    size_t mask = SIZE_MAX >> b->shift, i = (size_t)(h >> b->shift);
    while (b->pair[i].left >= 0 && (b->pair[i].left != left || b->pair[i].right != right))
        i = (i + 1) & mask;
    return i;
}

gn_status gn_bpe_reserve(gn_bpe *b, size_t n, gn_error *err) {
    unsigned bits = 4;
    while (((size_t)1 << bits) < 2 * n + 1) bits++;
    gn_status st = gn_alloc_array(&b->pair, (size_t)1 << bits, sizeof *b->pair, "merges", err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < (size_t)1 << bits; i++) b->pair[i] = (gn_bpe_pair){-1, -1, 0, -1};
    b->shift = 64 - bits;
    return GN_OK;
}

void gn_bpe_add(gn_bpe *b, int32_t left, int32_t right, int32_t joined, uint32_t rank) {
    size_t i = slot_of(b, left, right);
    b->n_pairs += b->pair[i].left < 0;
    b->pair[i] = (gn_bpe_pair){left, right, rank, joined};
}

void gn_bpe_free(gn_bpe *b) {
    gn_free(b->pair);
    gn_vocab_free(&b->whole);
    *b = (gn_bpe){0};
}

/* Tokens whose bytes the merges join into that token. */
static gn_status find_whole(gn_bpe *b, const gn_vocab *vocab, gn_error *err) {
    gn_status st = GN_OK;
    gn_bpe_scratch scratch = {0};
    gn_piece *piece = NULL;
    unsigned char *bytes = NULL;
    GN_TRY(gn_alloc_array(&piece, vocab->max_len, sizeof *piece, "the vocabulary", err));
    GN_TRY(gn_alloc_array(&bytes, vocab->max_len, 1, "the vocabulary", err));
    for (size_t id = 0; id < vocab->size; id++) {
        size_t n_pieces, n = vocab->text[id] ? vocab->len[id] : 0;
        n = gn_bpe_bytes(vocab->text[id], n, bytes);
        if (n == 0 || n == SIZE_MAX) continue;
        GN_TRY(gn_bpe_split(b, (const char *)bytes, n, &scratch, piece, &n_pieces, err));
        if (!b->ignore_merges && (n_pieces > 1 || piece[0].id != (int32_t)id)) continue;
        GN_TRY(gn_vocab_add(&b->whole, (const char *)bytes, n, (int32_t)id, err));
    }
done:
    gn_bpe_scratch_free(&scratch);
    gn_free(piece);
    gn_free(bytes);
    return st;
}

gn_status gn_bpe_finish(gn_bpe *b, const gn_vocab *vocab, gn_error *err) {
    for (unsigned i = 0; i < 256; i++) {
        char letter[4];
        size_t n = gn_utf8_put(letter, gn_bpe_letter((unsigned char)i));
        b->byte_id[i] = gn_vocab_find(vocab, letter, n);
        if (b->byte_id[i] < 0)
            return gn_fail(err, GN_EDATA,
                           "no token '%.*s' for byte 0x%02X: text with it would be lost", (int)n,
                           letter, i);
    }
    return find_whole(b, vocab, err);
}

/* ---- splitting --------------------------------------------------------------------------------
 */

void gn_bpe_scratch_free(gn_bpe_scratch *s) {
    gn_free(s->symbol);
    gn_free(s->heap);
    *s = (gn_bpe_scratch){0};
}

/* Each join takes one pair away and adds at most two: 3 n entries in all. */
static gn_status reserve(gn_bpe_scratch *s, size_t n, gn_error *err) {
    if (n <= s->room) return GN_OK;
    size_t want = 2 * n + 64;
    struct gn_bpe_symbol *symbol = gn_realloc(s->symbol, want, sizeof *symbol);
    if (symbol) s->symbol = symbol;
    struct gn_bpe_entry *heap = symbol ? gn_realloc(s->heap, 3 * want, sizeof *heap) : NULL;
    if (!heap) return gn_fail_nomem(err, "the pieces of a word", want * sizeof *symbol);
    s->heap = heap;
    s->room = want;
    return GN_OK;
}

static bool sooner(struct gn_bpe_entry a, struct gn_bpe_entry b) {
    return a.rank != b.rank ? a.rank < b.rank : a.place < b.place;
}

static void push(struct gn_bpe_entry *heap, size_t *n, struct gn_bpe_entry e) {
    size_t i = (*n)++;
    for (; i > 0 && sooner(e, heap[(i - 1) / 2]); i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
    heap[i] = e;
}

static struct gn_bpe_entry pop(struct gn_bpe_entry *heap, size_t *n) {
    struct gn_bpe_entry top = heap[0], last = heap[--*n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < *n; i = child) {
        if (child + 1 < *n && sooner(heap[child + 1], heap[child])) child++;
        if (!sooner(heap[child], last)) break;
        heap[i] = heap[child];
    }
    heap[i] = last;
    return top;
}

/* Looks up the pair that starts at `place`; into the heap with it, if it is one that is joined. */
static void offer(const gn_bpe *b, gn_bpe_scratch *s, size_t *n_heap, int32_t place) {
    if (place < 0) return;
    struct gn_bpe_symbol *left = &s->symbol[place];
    left->joined = -1;
    if (left->after < 0) return;
    gn_bpe_pair p = b->pair[slot_of(b, left->id, s->symbol[left->after].id)];
    if (p.left < 0) return;
    left->joined = p.joined;
    push(s->heap, n_heap, (struct gn_bpe_entry){p.rank, (uint32_t)place, p.joined});
}

gn_status gn_bpe_split(const gn_bpe *b, const char *word, size_t n, gn_bpe_scratch *s,
                       gn_piece *out, size_t *n_out, gn_error *err) {
    if (n > INT32_MAX) return gn_fail(err, GN_EINVAL, "a word of %zu bytes", n);
    gn_status st = reserve(s, n, err);
    if (st != GN_OK) return st;
    struct gn_bpe_symbol *symbol = s->symbol;
    size_t n_heap = 0;
    for (size_t i = 0; i < n; i++)
        symbol[i] = (struct gn_bpe_symbol){.id = b->byte_id[(unsigned char)word[i]],
                                           .before = (int32_t)i - 1,
                                           .after = i + 1 < n ? (int32_t)i + 1 : -1,
                                           .joined = -1,
                                           .start = (uint32_t)i,
                                           .end = (uint32_t)i + 1};
    for (size_t i = 0; i + 1 < n; i++) offer(b, s, &n_heap, (int32_t)i);
    while (n_heap > 0) {
        struct gn_bpe_entry top = pop(s->heap, &n_heap);
        struct gn_bpe_symbol *left = &symbol[top.place];
        if (left->start == left->end || left->joined != top.joined) continue;
        struct gn_bpe_symbol *right = &symbol[left->after];
        left->id = top.joined;
        left->end = right->end;
        right->start = right->end;
        left->after = right->after;
        if (left->after >= 0) symbol[left->after].before = (int32_t)top.place;
        offer(b, s, &n_heap, left->before);
        offer(b, s, &n_heap, (int32_t)top.place);
    }
    *n_out = 0;
    for (int32_t i = 0; i >= 0; i = symbol[i].after)
        out[(*n_out)++] = (gn_piece){symbol[i].id, symbol[i].start, symbol[i].end};
    return GN_OK;
}
