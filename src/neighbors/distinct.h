/* Rows that repeat: groups of equal rows, and one search over the distinct ones that serves all.
 * The reasoning is at the head of distinct.c. */
#ifndef GN_NEIGHBORS_DISTINCT_H
#define GN_NEIGHBORS_DISTINCT_H

#include "gonio/neighbors.h"

typedef struct gn_distinct {
    size_t n_rows, n; /**< rows, and distinct ones among them */
    int32_t *row;     /**< (n) the first row of each group, ascending */
    int32_t *begin;   /**< (n + 1) group g is member[begin[g]] ... member[begin[g + 1] - 1] */
    int32_t *member;  /**< (n_rows) ascending in each group */
} gn_distinct;

gn_status gn_distinct_new(gn_ctx *ctx, gn_mat x, gn_distinct *out, gn_error *err);
void gn_distinct_free(gn_distinct *d);

/** A hash of a row's values; -0 counts as 0. */
uint64_t gn_row_hash(gn_mat x, size_t row);

/** GN_EINVAL when opts ask for more than all rows among themselves. */
gn_status gn_distinct_check(const gn_knn_opts *opts, gn_error *err);
/** Searches: fills out->all and out->distinct. */
gn_status gn_distinct_search(gn_ctx *ctx, gn_mat x, const gn_distinct *d, const gn_knn_opts *opts,
                             gn_neighbors *out, gn_error *err);
/** Fills what else `out` holds; the numbers of the distinct rows change owner. */
void gn_distinct_give(gn_distinct *d, gn_neighbors *out);

#endif
