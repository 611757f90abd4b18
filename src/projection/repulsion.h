/* The long-range half of t-SNE: every point pushes every other one. */
#ifndef GN_PROJECTION_REPULSION_H
#define GN_PROJECTION_REPULSION_H

#include "base/ctx.h"

typedef struct gn_repulsion gn_repulsion;

/** Scratch for n points in dim = 1, 2 or 3 dimensions; reused by every call. */
gn_status gn_repulsion_new(size_t n, size_t dim, gn_repulsion **out, gn_error *err);
void gn_repulsion_free(gn_repulsion *r);

/** @param y (n, dim), finite.
 *  @param force (n, dim) receives sum_j (y_i - y_j) / (1 + |y_i - y_j|^2)^2.
 *  @param z receives sum_{i != j} 1 / (1 + |y_i - y_j|^2).
 *  O(n + G log G) for a grid of G nodes, G ~ (extent / spacing)^dim. The same bytes on any number
 *  of threads. GN_ENOMEM; GN_ECANCEL. */
gn_status gn_repulsion_compute(gn_ctx *ctx, gn_repulsion *r, const double *y, double *force,
                               double *z, gn_error *err);

#endif
