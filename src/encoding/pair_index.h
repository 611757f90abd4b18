/* Inside of the pair index, for the passes over pairs. */
#ifndef GN_ENCODING_PAIR_INDEX_H
#define GN_ENCODING_PAIR_INDEX_H

#include "base/ctx.h"
#include "gonio/pairs.h"

/** Pairs that are handled at once: one row against this many columns. */
#define GN_STRIP 256

struct gn_pair_index {
    size_t n, f;      /**< rows, features */
    size_t n_padded;  /**< n rounded up to whole strips, and one strip more */
    int32_t *order;   /**< (n) rows sorted by their codes: neighbours in it share most bits */
    size_t n_differ;  /**< features that make bits; feature differ[b] makes bit b */
    size_t n_numeric; /**< the others: numeric[v] */
    size_t differ[GN_PATTERN_FEATURES], numeric[GN_PATTERN_FEATURES];
    bool squared[GN_PATTERN_FEATURES]; /**< numeric[v] is a squared difference */
    int32_t *code;                     /**< (n_differ, n_padded) in that order; padding -1 */
    float *value;         /**< (n_numeric, n_padded) scaled values; missing and padding: NaN */
    gn_patterns patterns; /**< ascending */
    bool direct;          /**< slot is a table by pattern, else a hash table */
    int32_t *slot;        /**< places in patterns, -1: none */
    size_t mask;          /**< hash table: size - 1 */
    double *mean, *cov;   /**< (f), (f, f) moments of the features' distances over pairs */
};

/** Scratch for the bits of one row against a strip of columns. */
typedef struct gn_strip_bits {
    uint32_t low[GN_STRIP], high[GN_STRIP];
} gn_strip_bits;

/** The bits of row i (of the sorted order) against columns j ... j + GN_STRIP - 1. */
void gn_strip_bits_set(const gn_pair_index *p, size_t i, size_t j, gn_strip_bits *b);
/** The distances on numeric feature v, same rule. */
void gn_strip_numeric(const gn_pair_index *p, size_t v, size_t i, size_t j, float *out);

static inline uint64_t gn_strip_bits_at(const gn_strip_bits *b, size_t j) {
    return (uint64_t)b->high[j] << 32 | b->low[j];
}

static inline uint64_t gn_bits_hash(uint64_t x) {
    x *= 0x9e3779b97f4a7c15u;
    return x ^ x >> 29;
}

/** The number of a pattern that occurs. */
static inline size_t gn_pattern_slot(const gn_pair_index *p, uint64_t bits) {
    if (p->direct) return (size_t)p->slot[bits];
    size_t at = (size_t)gn_bits_hash(bits) & p->mask;
    while (p->patterns.bits[p->slot[at]] != bits) at = (at + 1) & p->mask;
    return (size_t)p->slot[at];
}

/** Room for a table over patterns, and where in it a pattern has its place: by its bits where these
 *  are few, which saves a look-up for every pair. */
static inline size_t gn_pattern_places(const gn_pair_index *p) {
    return p->direct ? p->mask + 1 : p->patterns.n;
}
static inline size_t gn_pattern_place(const gn_pair_index *p, uint64_t bits) {
    return p->direct ? (size_t)bits : gn_pattern_slot(p, bits);
}

#endif
