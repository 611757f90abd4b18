/* Approximate neighbours of rows: trees, then descent. The method is at the head of descent.c. */
#ifndef GN_NEIGHBORS_DESCENT_H
#define GN_NEIGHBORS_DESCENT_H

#include "neighbors/leaf.h"

/** Tests may ask for other values; 0 means the default everywhere. */
typedef struct gn_descent_tuning {
    size_t trees;
    size_t leaf;       /**< points of a leaf, at least 2 k + 2 */
    size_t candidates; /**< fresh ones, and as many others, that meet at a point in a round */
    size_t rounds;     /**< at most */
    double ended; /**< a round that changes no more than this share of all entries is the last */
} gn_descent_tuning;

/** Near rows of each row, at float32 distances.
 *  @param k 1 <= k < rows->n.
 *  @param points receives the rows as points, to be freed; @param near the lists of the points, k
 *         each, all of them full.
 *  @param share reports [before, before + part) of the task's rows.
 *  @return GN_OK; GN_ENOMEM; GN_ECANCEL. */
gn_status gn_descend(gn_ctx *ctx, const gn_rows *rows, size_t k, const gn_descent_tuning *tuning,
                     const gn_share *share, gn_points *points, gn_best *near, gn_error *err);

#endif
