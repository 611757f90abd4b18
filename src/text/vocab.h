/* A vocabulary: strings and their ids, found by hash, and WordPiece's greedy search in it. */
#ifndef GN_TEXT_VOCAB_H
#define GN_TEXT_VOCAB_H

#include "base/mem.h"

enum { GN_VOCAB_MAX_ID = (1 << 22) - 1 };

typedef struct gn_vocab_slot {
    uint32_t tag; /**< upper half of the mixed hash */
    int32_t id;   /**< -1: empty */
} gn_vocab_slot;

/** Start from {0}. */
typedef struct gn_vocab {
    gn_arena arena;
    const char **text; /**< (size) by id; NULL: a hole. NUL-terminated */
    uint32_t *len;     /**< (size) */
    size_t size;       /**< largest id + 1 */
    size_t n;          /**< strings */
    size_t max_len;    /**< bytes of the longest string */
    gn_vocab_slot *slot;
    unsigned shift; /**< 64 - log2(slots) */
    size_t room;    /**< of text and len */
} gn_vocab;

/** Adds a string, or gives one that is there the new id (as the reference does with duplicates; the
 *  old id becomes a hole). id 0 ... GN_VOCAB_MAX_ID, not in use. @return GN_OK; GN_ENOMEM. */
gn_status gn_vocab_add(gn_vocab *v, const char *text, size_t n, int32_t id, gn_error *err);
/** The id of a string, or -1. */
int32_t gn_vocab_find(const gn_vocab *v, const char *text, size_t n);
void gn_vocab_free(gn_vocab *v);

/* The hash is a polynomial modulo 2^64 with an odd base, so that one more byte behind costs a
 * multiply-add, and the last byte can be taken away again with the base's inverse: the greedy
 * search shortens its window byte by byte without a table of prefixes. */
#define GN_VOCAB_BASE UINT64_C(0x9E3779B97F4A7C15)
#define GN_VOCAB_BASE_INVERSE UINT64_C(0xF1DE83E19937733D) /* modulo 2^64 */

static inline uint64_t gn_vocab_hash_add(uint64_t h, char c) {
    return h * GN_VOCAB_BASE + (unsigned char)c + 1;
}
/** The string `prefix` + `text` with that hash; -1 when it is not in the vocabulary. */
int32_t gn_vocab_probe(const gn_vocab *v, uint64_t hash, const char *prefix, size_t n_prefix,
                       const char *text, size_t n);

/** One piece of a word: bytes [start, end) of it. */
typedef struct gn_piece {
    int32_t id;
    uint32_t start, end;
} gn_piece;

/** Splits a word greedily into the longest pieces of the vocabulary; pieces after the first are
 *  looked up with `prefix` in front.
 *  @param out room for n pieces.
 *  @return how many; 0 when the word cannot be spelled. */
size_t gn_wordpiece_split(const gn_vocab *v, const char *prefix, size_t n_prefix, const char *word,
                          size_t n, gn_piece *out);

#endif
