/* gonio/align.h: maps of several layers that can be looked at one after the other.
 *
 * Two maps made apart differ by more than their layers do: axes turn and flip, t-SNE and UMAP put
 * their islands anywhere. Three ways to take that off, from the strictest to the freest:
 *
 *   joint       one basis for all layers: principal components of their rows together (gn_joint)
 *   Procrustes  each map is turned as a whole onto the one before (gn_procrustes)
 *   aligned     each map starts where the one before ended and is pulled towards it while it runs
 *               (gn_map_pull in map.h, with gn_lists_jaccard as weights)
 *
 * What is left of the movement is then the layers', and gn_displacement_compute says how much.
 */
#ifndef GONIO_ALIGN_H
#define GONIO_ALIGN_H

#include "gonio/base.h"
#include "gonio/neighbors.h"
#include "gonio/pca.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- one basis for all layers ------------------------------------------------------------- */

typedef struct gn_joint gn_joint;

typedef struct gn_joint_opts {
    size_t n_components; /**< 0: min(3, dims) */
    bool keep_means;     /**< components around the mean of all rows of all layers, so that layers
                              whose means differ lie apart; default: each layer around its own */
    bool equal_layers;   /**< each layer's vectors are divided by their root mean square distance
                              from their mean, so that layers with long vectors do not decide alone */
} gn_joint_opts;

/** An empty basis for vectors of `dims` dimensions. Layers are added one after the other; only
 * their second moments are kept, 16 dims^2 bytes.
 *  @return GN_OK; GN_EINVAL (no dimensions, more components than dims); GN_ENOMEM. */
GN_API gn_status gn_joint_new(size_t dims, const gn_joint_opts *opts, gn_joint **out,
                              gn_error *err);
/** Adds the next layer, which gets the next number, from 0.
 *  @param x (n, dims) of a floating type, n >= 2; n may differ between layers.
 *  @return GN_OK; GN_EINVAL (shape, solved already); GN_EDATA (not finite, with row and column; all
 *          rows equal where layers are to weigh the same); GN_ENOMEM; GN_ECANCEL. n dims^2 / 2
 *          operations. Same bits on any number of threads. */
GN_API gn_status gn_joint_add(gn_ctx *ctx, gn_joint *joint, gn_mat x, gn_error *err);
/** Finds the components; the covariance's divisor is rows less 1, or less 1 for each layer.
 *  @return GN_OK; GN_EINVAL (no layer); GN_EDATA (no variance); GN_ENOMEM. */
GN_API gn_status gn_joint_solve(gn_joint *joint, gn_error *err);
/** The components of all layers together: directions, variances, shares. Belongs to `joint`. */
GN_API const gn_pca *gn_joint_pca(const gn_joint *joint);
/** Coordinates of a layer in the common basis.
 *  @param layer its number in the order of adding; @param x (n, dims) its rows, or some of them.
 *  @param out (n, components) float64.
 *  @param share NULL, or (components) receives the share of this layer's own variance (around its
 *         own mean, of the rows given here) that lies along each direction, of all its variance.
 *  @return GN_OK; GN_EINVAL; GN_ENOMEM; GN_ECANCEL (`out` is then undefined). */
GN_API gn_status gn_joint_project(gn_ctx *ctx, const gn_joint *joint, size_t layer, gn_mat x,
                                  double *out, double *share, gn_error *err);
GN_API void gn_joint_free(gn_joint *joint);

/* ---- turning one map onto another ----------------------------------------------------------- */

enum { GN_PROCRUSTES_DIMS = 16 };

typedef struct gn_procrustes_opts {
    bool scale;         /**< also stretch or shrink; default: sizes stay */
    bool no_reflection; /**< turns only */
} gn_procrustes_opts;

/** y = scale (x - from) rotation + to, for row vectors. */
typedef struct gn_procrustes {
    size_t dim;
    double rotation[GN_PROCRUSTES_DIMS * GN_PROCRUSTES_DIMS]; /**< (dim, dim), orthogonal */
    double scale, from[GN_PROCRUSTES_DIMS], to[GN_PROCRUSTES_DIMS];
    double residual; /**< root mean square distance between the moved rows and the target's */
} gn_procrustes;

/** The turn, reflection included, that moves the rows of x nearest to those of the target in
 * squared distance (Schonemann, Psychometrika 31:1, 1966; Kabsch, Acta Cryst. A32:922, 1976).
 * Unique unless a map lies in fewer dimensions than it has.
 *  @param x, target (n, dim) of a floating type, n >= 1, 1 <= dim <= GN_PROCRUSTES_DIMS; row i is
 * the same item in both.
 *  @return GN_OK; GN_EINVAL (shapes); GN_EDATA (not finite, with row and column; a scale wanted for
 *          rows that are all equal); GN_ENOMEM. O(n dim^2). */
GN_API gn_status gn_procrustes_fit(gn_mat x, gn_mat target, const gn_procrustes_opts *opts,
                                   gn_procrustes *out, gn_error *err);
/** @param x (n, p->dim); @param out (n, dim) float64, which may be x's own memory. */
GN_API void gn_procrustes_apply(const gn_procrustes *p, gn_mat x, double *out);

/* ---- how far rows move ------------------------------------------------------------------------
 */

typedef struct gn_displacement {
    double mean, se; /**< of the distances between a row's two places; over rows */
    double relative; /**< mean / root mean square distance of all places of both maps from their
                          maps' centres */
} gn_displacement;

/** @param a, b (n, dim) of a floating type, n >= 1.
 *  @return GN_OK; GN_EINVAL (shapes); GN_ENOMEM. */
GN_API gn_status gn_displacement_compute(gn_mat a, gn_mat b, gn_displacement *out, gn_error *err);

/** Which rows have the same neighbours in two layers: |A & B| / |A + B| of the first k of each list
 *  (Jaccard 1912), 0 to 1.
 *  @param a, b lists of the same rows, without -1 among the first k; 1 <= k <= both lists' length.
 *  @param out (n).
 *  @return GN_OK; GN_EINVAL; GN_ECANCEL. O(n k^2), threads over rows. */
GN_API gn_status gn_lists_jaccard(gn_ctx *ctx, const gn_knn *a, const gn_knn *b, size_t k,
                                  float *out, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
