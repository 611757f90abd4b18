/* Repulsion by interpolation on a grid, for maps of many points: see repulsion.h. */
#ifndef GN_PROJECTION_REPULSION_GRID_H
#define GN_PROJECTION_REPULSION_GRID_H

#include "base/ctx.h"

typedef struct gn_repulsion_grid gn_repulsion_grid;

/** Scratch for n points in dim = 1, 2 or 3 dimensions; reused by every call. */
gn_status gn_repulsion_grid_new(size_t n, size_t dim, gn_repulsion_grid **out, gn_error *err);
void gn_repulsion_grid_free(gn_repulsion_grid *r);
/** gn_repulsion_compute, in O(n + G log G) for a grid of G nodes, G ~ (extent / spacing)^dim. */
gn_status gn_repulsion_grid_compute(gn_ctx *ctx, gn_repulsion_grid *r, const double *y,
                                    double *force, double *z, gn_error *err);

#endif
