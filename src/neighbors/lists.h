/* Candidate lists: for each row, the rows that the filter could not exclude so far. */
#ifndef GN_NEIGHBORS_LISTS_H
#define GN_NEIGHBORS_LISTS_H

#include "neighbors/filter.h"

typedef struct gn_lists {
    const gn_filter *query, *base; /**< whose lists; of whom they list */
    size_t k, room;                /**< room: candidates that a list holds */
    size_t first, rows;            /**< lists exist for rows [first, first + rows) */
    float *value;                  /**< (rows, room) */
    int32_t *index;                /**< (rows, room) */
    uint32_t *count;               /**< (rows); GN_LIST_FULL: given up, the row will be redone */
    double *bound; /**< (rows) T_i: at least k rows are not farther than this (squared) */
} gn_lists;

#define GN_LIST_FULL UINT32_MAX

/** Candidates that a list for k neighbours has room for. */
size_t gn_lists_room(size_t k);
gn_status gn_lists_new(const gn_filter *query, const gn_filter *base, size_t k, size_t room,
                       size_t rows, gn_lists *out, gn_error *err);
void gn_lists_free(gn_lists *l);
/** Empties all lists; they stand for rows [first, first + rows) from now on. */
void gn_lists_reset(gn_lists *l, size_t first);

/** Lowers the bound of row i's full list and drops what it excludes; gives the list up when that
 *  frees too little. `scratch` has room for `room` floats. */
void gn_lists_tighten(gn_lists *l, size_t i, float *scratch);

/** The limit for row i against a block's largest length and residual; -infinity when given up. */
float gn_lists_limit(const gn_lists *l, size_t i, double length, double residual);

/** Adds candidate j, which i may have. @return true when the list was tightened, so that limits
 * have changed. */
static inline bool gn_lists_add(gn_lists *l, size_t i, size_t j, float value, float *scratch) {
    size_t r = i - l->first, n = l->count[r];
    if (n == GN_LIST_FULL) return false;
    l->value[r * l->room + n] = value;
    l->index[r * l->room + n] = (int32_t)j;
    l->count[r] = (uint32_t)++n;
    if (n < l->room) return false;
    gn_lists_tighten(l, i, scratch);
    return true;
}

#endif
