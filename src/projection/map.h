/* What t-SNE and UMAP have in common: positions that move in steps. */
#ifndef GN_PROJECTION_MAP_H
#define GN_PROJECTION_MAP_H

#include "base/ctx.h"
#include "gonio/map.h"

struct gn_map {
    gn_map_state state;
    const char *task; /* for the progress hook */
    double *y;        /* (n, dim) */
    double *target;   /* (n, dim) what the map is pulled to; NULL: nothing */
    float *strength;  /* (n) of that pull */
    void *method;     /* what this method keeps */
    gn_status (*step)(gn_ctx *ctx, gn_map *map, gn_error *err);
    void (*free)(void *method);
};

/** A map of n points with positions from init (n, dim), unset when init has no data. */
gn_status gn_map_new(const char *name, const char *task, size_t n, size_t dim, gn_mat init,
                     gn_map **out, gn_error *err);
/** Subtracts the mean, so that the map stays around 0. */
void gn_map_centre(gn_map *map);

#endif
