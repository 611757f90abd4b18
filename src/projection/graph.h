/* Weighted neighbour graphs: directed lists made symmetric. */
#ifndef GN_PROJECTION_GRAPH_H
#define GN_PROJECTION_GRAPH_H

#include "base/ctx.h"

/** A symmetric sparse matrix in compressed rows. */
typedef struct gn_graph {
    size_t n;
    size_t *start;  /* (n + 1) */
    int32_t *index; /* (start[n]), ascending in each row */
    float *weight;  /* (start[n]) */
} gn_graph;

/** How the weights a of i -> j and b of j -> i become one; an absent edge weighs 0. */
typedef enum gn_graph_join {
    GN_JOIN_MEAN,  /* (a + b) / 2 */
    GN_JOIN_UNION, /* a + b - a b: the fuzzy union */
} gn_graph_join;

/** @param index, weight (n, k): directed edges; edges of weight 0 are left out. O(n k log k). */
gn_status gn_graph_new(const int32_t *index, const double *weight, size_t n, size_t k,
                       gn_graph_join join, gn_graph **out, gn_error *err);
void gn_graph_free(gn_graph *g);

/** Gaussian weights of each row's neighbours, summing to 1, whose entropy is log(perplexity): the
 *  bandwidth by bisection. @param stride columns of `distance`, of which the first k are used.
 *  @param weight (n, k) */
gn_status gn_perplexity_weights(gn_ctx *ctx, const float *distance, size_t n, size_t stride,
                                size_t k, double perplexity, double *weight, gn_error *err);

#endif
