/* The rows of a layer as a measurement takes them: which rows, and what is done to them first. */
#ifndef GN_GEOMETRY_VIEW_H
#define GN_GEOMETRY_VIEW_H

#include "gonio/isotropy.h"
#include "math/moments.h"
#include "math/stats.h"

/** y = M ((x - origin_g) * scale - its components along the directions of g), g the row's group;
 *  what is NULL is left out. */
struct gn_repair {
    gn_repair_kind kind;
    size_t d, n_groups;
    int32_t *group;    /* (rows of the layer) in [0, n_groups); NULL: all 0 */
    double *origin;    /* (n_groups, d) */
    double *scale;     /* (d) */
    double *direction; /* (n_groups, n_directions, d), orthonormal in a group */
    size_t n_directions;
    gn_linear_map *map; /* (d, d) M */
    size_t rank;        /* of M, where there is one */
    gn_linear_map
        *turned; /* NULL, or (d, d) Q M, Q a rotation: the same cosines in half the time */
};

enum { GN_VIEW_ROWS = 64 }; /* that gn_view_load takes at most */

typedef struct gn_view {
    gn_mat x;
    size_t n;                /* rows of the view */
    const int32_t *row;      /* (n) their numbers in x; NULL: all */
    const gn_repair *repair; /* NULL: none */
    const gn_vec *vec;       /* the context's instruction set */
    bool turned;             /* only lengths and angles count: rows may be rotated */
} gn_view;

/** Rows of x (row NULL: all n), as they are. */
static inline gn_view gn_view_of(gn_ctx *ctx, gn_mat x, size_t n, const int32_t *row) {
    return (gn_view){.x = x, .n = n, .row = row, .vec = gn_vec_for(gn_ctx_cpu(ctx))};
}
/** @return GN_OK; GN_EINVAL (type, shape, a row number out of range, a repair of another width). */
gn_status gn_view_new(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts, gn_view *out,
                      gn_error *err);
/** Doubles of scratch that gn_view_load needs. */
size_t gn_view_scratch(const gn_view *v);
/** Rows at[0], ... of the view, or i0, i0 + 1, ... with at NULL, as float64 (k, d); k <= 64. */
void gn_view_load(const gn_view *v, const int32_t *at, size_t i0, size_t k, double *out,
                  double *scratch);
/** The number in x of the view's row i. */
static inline size_t gn_view_row(const gn_view *v, size_t i) {
    return v->row ? (size_t)v->row[i] : i;
}
/** GN_EDATA for the view's row i, whose length is not finite: names the row, and the column where
 *  there is NaN or infinity. `buf` has room for a row. */
gn_status gn_view_unfit(const gn_view *v, size_t i, double *buf, gn_error *err);
/** key[row] for the view's rows; NULL stays NULL. Free *out. */
gn_status gn_view_keys(const gn_view *v, const int32_t *key, int32_t **out, gn_error *err);

/** Column means (d) of the view's rows. @return GN_OK; GN_EDATA naming row and column of the first
 *  NaN or infinity of x among them; GN_ENOMEM; GN_ECANCEL. */
gn_status gn_view_means(gn_ctx *ctx, const gn_view *v, double *mean, gn_error *err);
/** Whether the view's moments come from float32 products: from 131,072 rows on, of a type below
 *  float64. An element is then off by some 2e-8 of sqrt(C_aa C_bb). */
bool gn_view_rounds(const gn_view *v);
/** Column means (d) and covariance (d, d), divisor n, from one pass: gn_view_means' failures. */
gn_status gn_view_covariance(gn_ctx *ctx, const gn_view *v, double *mean, double *covariance,
                             gn_error *err);
/** gn_second_moments of the view's rows. */
gn_status gn_view_moments(gn_ctx *ctx, const gn_view *v, const double *mean, double divisor,
                          double *out, gn_error *err);

#endif
