/* Points for approximate search, and the random projection trees that it starts from. */
#ifndef GN_NEIGHBORS_FOREST_H
#define GN_NEIGHBORS_FOREST_H

#include "base/ctx.h"
#include "math/stats.h"
#include "neighbors/best.h"
#include "neighbors/rows.h"

/** The rows as float32, scaled by their factors, in an order in which near points lie near each
 *  other in memory. */
typedef struct gn_points {
    const gn_rows *rows;
    size_t n, stride; /**< stride: columns, rounded up to 32, zeros behind the last */
    float *x;         /**< (n, stride) */
    int32_t *row;     /**< (n) the row that each point is */
    const gn_vec *vec;
} gn_points;

/** Which share of a task's rows is done before a loop and within it. */
typedef struct gn_share {
    const char *task;
    size_t n;
    double before, part; /**< of 1 */
} gn_share;
/** For a loop of n_blocks blocks. */
gn_progress gn_share_progress(const gn_share *s, size_t n_blocks);

/** In the order of the rows. */
gn_status gn_points_new(gn_ctx *ctx, const gn_rows *rows, gn_points *out, gn_error *err);
/** Lays point order[i] at place i. */
gn_status gn_points_reorder(gn_ctx *ctx, gn_points *p, const int32_t *order, gn_error *err);
void gn_points_free(gn_points *p);

/** A tree over all points. Leaf s holds the points at[gn_tree_begin(t, s)] and on. */
typedef struct gn_tree {
    size_t n, depth; /**< 2^depth leaves of n / 2^depth points, rounded up or down */
    int32_t *at;     /**< (n) */
    uint64_t *key;   /**< (n) scratch */
    float *normal;   /**< (2^depth, stride) scratch */
} gn_tree;

/** Room for trees with leaves of at most `leaf` points, and of at least half as many. */
gn_status gn_tree_new(const gn_points *p, size_t leaf, gn_tree *out, gn_error *err);
void gn_tree_free(gn_tree *t);
/** Grows the tree of that number, from the context's seed. */
gn_status gn_tree_grow(gn_ctx *ctx, const gn_points *p, gn_tree *t, size_t number,
                       const gn_share *share, gn_error *err);

static inline size_t gn_tree_leaves(const gn_tree *t) {
    return (size_t)1 << t->depth;
}
/** Where segment s of level l begins; level `depth` are the leaves. */
static inline size_t gn_tree_segment(const gn_tree *t, size_t level, size_t s) {
    return (size_t)(((uint64_t)t->n * s) >> level);
}

#endif
