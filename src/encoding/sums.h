/* Inside of MLEM: sums over all pairs of rows, kept row by row.
 *
 * For every quantity z that a pair has (a feature's distance x_k, a product x_k x_l, the squared
 * distance y of the representations, x_k y, y^2) the row sum is sum_j z(i, j). Half the sum of the
 * row sums is the total over pairs i < j; their spread is what standard errors that respect
 * sentences are made of; and pairs inside a complement of some rows follow from them. */
#ifndef GN_ENCODING_SUMS_H
#define GN_ENCODING_SUMS_H

#include "base/ctx.h"
#include "base/mem.h"
#include "gonio/mlem.h"
#include "math/stats.h"

/** Place of (k, l), k >= l, in a lower triangle stored row by row. */
static inline size_t gn_triangle(size_t k, size_t l) {
    return k >= l ? k * (k + 1) / 2 + l : l * (l + 1) / 2 + k;
}

/** What does not depend on the representations. */
struct gn_mlem_design {
    const gn_features *features;
    size_t n, f;
    double n_pairs;
    double *row_x;      /**< (f, n) */
    double *row_xx;     /**< (f (f + 1) / 2, n) by gn_triangle */
    double *mean, *cov; /**< (f), (f, f): of the features' distances over pairs */
    double *own;        /**< (f) variance of x_k that the other features do not predict linearly */
    double *row_own;    /**< (f, n) influence of each row on it, see influence.h */
};

/** The sums of one layer. y is the squared Euclidean distance of two rows. */
typedef struct gn_layer_sums {
    size_t n, f, d;
    double *xy;      /**< (f) totals over pairs i < j */
    double *squares; /**< (n) squared lengths of the centred rows */
    double y, yy;
    double *row_y;  /**< (n) */
    double *row_xy; /**< (f, n) */
    double *row_yy; /**< (n); NaN for rows that were not sampled */
    const gn_vec *vec;
} gn_layer_sums;

/** Rows as the sums see them: centred, and z-scored where asked for. */
typedef struct gn_layer_view {
    gn_mat x;
    double *mean;  /**< (d) */
    double *scale; /**< (d) 1 / sd, 0 for a constant column; NULL: 1 */
    const gn_vec *vec;
} gn_layer_view;
/** @return GN_OK; GN_EINVAL (shape, type); GN_EDATA (NaN or infinity); GN_ENOMEM; GN_ECANCEL. */
gn_status gn_layer_view_new(gn_ctx *ctx, gn_mat x, bool zscore, gn_layer_view *out, gn_error *err);
void gn_layer_view_free(gn_layer_view *v);
/** Columns [j0, j0 + w) of row i, centred and scaled, into out (w). */
void gn_layer_row(const gn_layer_view *v, size_t i, size_t j0, size_t w, double *out);
/** The same of rows [i0, i0 + m), into out (m, w). */
void gn_layer_rows(const gn_layer_view *v, size_t i0, size_t m, size_t j0, size_t w, double *out);
/** Columns that the forms below work on at a time: 10,000 rows of them stay near a core's caches.
 */
enum { GN_LAYER_COLUMNS = 16 };
/** GN_LAYER_COLUMNS columns from j0 on of all rows, zeros beyond the last, into out
 *  (n, GN_LAYER_COLUMNS). */
void gn_layer_columns(const gn_layer_view *v, size_t j0, double *out);

/** All sums of a layer.
 *  @return GN_OK; GN_EINVAL (rows that differ from the design's); GN_ENOMEM; GN_ECANCEL.
 *          2 n f d + n d^2 / 2 multiply-adds, n^2 f + n^2 d / 2 where rows are fewer than columns;
 * on all threads. */
gn_status gn_layer_sums_new(gn_ctx *ctx, const gn_mlem_design *design, const gn_layer_view *v,
                            gn_layer_sums *out, gn_error *err);
void gn_layer_sums_free(gn_layer_sums *s);

/** Products of the rows of a view, (n, n): a layer of fewer rows than columns is best known by
 * them.
 */
gn_status gn_layer_gram(gn_ctx *ctx, const gn_layer_view *v, double *gram, gn_error *err);

/** y^2: its total over pairs, and row sums (of at most GN_SAMPLED_ROWS rows drawn with the seed,
 * NaN elsewhere).
 *  @param s (n) squared lengths of the centred rows. @param gram (n, n) their products, or NULL:
 * then from second moments. @param row_yy (n) */
enum { GN_SAMPLED_ROWS = 2048 };
gn_status gn_layer_squares(gn_ctx *ctx, const gn_layer_view *v, const double *s, const double *gram,
                           double *yy, double *row_yy, gn_error *err);

/** Fit, importances and errors from the sums. @param ridge as in gn_mlem_opts. */
gn_status gn_fit_sums(const gn_mlem_design *s, const gn_layer_sums *y, double ridge,
                      gn_mlem_fit *fit, gn_mlem_weight *weight, gn_error *err);

/** A weighted quadratic form of the layer's rows: sum_ij weight_i weight_j distance(i, j) a_i.a_j.
 */
typedef struct gn_form {
    const gn_feature *feature; /**< its levels and distance; NULL: 1 for all i and j */
    const int32_t *code;       /**< (n) levels to use instead of the feature's own, or NULL */
    const double *weight;      /**< (n), or NULL: 1 each */
} gn_form;
/** @param task what progress calls it. @param out (n_forms). n d additions each, on all threads. */
gn_status gn_layer_forms(gn_ctx *ctx, const gn_layer_view *v, const gn_form *form, size_t n_forms,
                         const char *task, double *out, gn_error *err);

#endif
