/* For each row the few smallest of all keys that it is offered, whoever offers them when: what is
 * kept does not depend on the order, so that threads may offer as they come.
 *
 * A key is a number to be small in (a distance, a random draw) and the row that it belongs to. Ties
 * go by row; a key that is there already is not kept twice. An entry knows whether it is fresh. */
#ifndef GN_NEIGHBORS_BEST_H
#define GN_NEIGHBORS_BEST_H

#include "base/error.h"

#include <stdatomic.h>

typedef struct gn_best {
    size_t n, room;
    uint64_t *key;       /**< (n, room) ascending: number, row, fresh from the highest bit on */
    atomic_uint *limit;  /**< (n) the number of the last key: what is above it cannot enter */
    atomic_uchar *taken; /**< (n) somebody writes */
} gn_best;

/** A place that is not filled; it comes after all keys. */
#define GN_BEST_NONE UINT64_MAX

gn_status gn_best_new(size_t n, size_t room, gn_best *out, gn_error *err);
void gn_best_free(gn_best *b);
/** Empties rows [first, first + n). */
void gn_best_clear(gn_best *b, size_t first, size_t n);

static inline uint32_t gn_best_limit(const gn_best *b, size_t row) {
    return atomic_load_explicit(&b->limit[row], memory_order_relaxed);
}
/** Any thread may offer to any row. `other` < 2^31. */
void gn_best_offer(gn_best *b, size_t row, uint32_t number, uint32_t other, bool fresh);

/* What follows may be read while nobody offers. */
static inline const uint64_t *gn_best_of(const gn_best *b, size_t row) {
    return b->key + row * b->room;
}
static inline uint32_t gn_best_row(uint64_t key) {
    return (uint32_t)key >> 1;
}
static inline bool gn_best_is_fresh(uint64_t key) {
    return key & 1;
}

/** A distance as a number: order is kept, as it is not negative. */
static inline uint32_t gn_best_number(float distance) {
    union {
        float f;
        uint32_t u;
    } x = {distance};
    return x.u;
}

#endif
