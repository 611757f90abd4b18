/* The long-range half of t-SNE: every point pushes every other one. */
#ifndef GN_PROJECTION_REPULSION_H
#define GN_PROJECTION_REPULSION_H

#include "base/ctx.h"

typedef struct gn_repulsion gn_repulsion;

/** How: tests and benches choose, maps leave it to the number of points. */
typedef enum gn_repulsion_way {
    GN_REPULSION_AUTO = 0,
    GN_REPULSION_EXACT, /* all pairs, O(n^2) */
    GN_REPULSION_GRID,  /* by interpolation: repulsion_grid.h */
} gn_repulsion_way;

/** Scratch for n >= 1 points in dim = 1, 2 or 3 dimensions; reused by every call. */
gn_status gn_repulsion_new(size_t n, size_t dim, gn_repulsion_way way, gn_repulsion **out,
                           gn_error *err);
void gn_repulsion_free(gn_repulsion *r);

/** @param y (n, dim), finite.
 *  @param force (n, dim) receives sum_j (y_i - y_j) / (1 + |y_i - y_j|^2)^2.
 *  @param z receives sum_{i != j} 1 / (1 + |y_i - y_j|^2).
 *  The same bytes on any number of threads. GN_ENOMEM; GN_ECANCEL. */
gn_status gn_repulsion_compute(gn_ctx *ctx, gn_repulsion *r, const double *y, double *force,
                               double *z, gn_error *err);

#endif
