/* gonio/mds.h: multidimensional scaling, a picture of a table of distances. */
#ifndef GONIO_MDS_H
#define GONIO_MDS_H

#include "gonio/base.h"
#include "gonio/neighbors.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gn_mds_start {
    GN_MDS_CLASSICAL = 0, /**< from the classical solution: the same picture every time */
    GN_MDS_RANDOM,        /**< from points drawn with the context's seed */
} gn_mds_start;

typedef struct gn_mds_opts {
    size_t dims; /**< 0 means 2 */
    gn_mds_start start;
    size_t iterations; /**< of SMACOF, at most; 0 means 300 */
    double tolerance;  /**< SMACOF ends when an iteration lowers the stress by less than this share
                            of it; 0 means 1e-6 */
} gn_mds_opts;

typedef struct gn_mds {
    double stress;     /**< sum over pairs of (distance in the picture - distance)^2 */
    double normalized; /**< sqrt(stress / sum of distances^2): Kruskal's stress-1 */
    size_t iterations;
} gn_mds;

/** Classical scaling (Torgerson 1952): the leading axes of the doubly centred squared distances,
 *  found by subspace iteration. For Euclidean distances these are principal components.
 *  @param distance (n, n) float32 or float64, symmetric with zeros on the diagonal; n > dims
 *  @param x (n, dims), centred; axes by falling variance, largest coordinate positive
 *  @param explained NULL, or (dims) shares of the sum of the doubly centred diagonal
 *  @return GN_OK; GN_EINVAL (shape, type); GN_EDATA (a value that is negative or not finite, with
 *          its place); GN_ENOMEM; GN_ECANCEL. O(n^2 dims) an iteration, 8 n (dims + 8) bytes. */
GN_API gn_status gn_mds_classical(gn_ctx *ctx, gn_mat distance, size_t dims, double *x,
                                  double *explained, gn_error *err);

/** Metric scaling: minimises the stress by majorisation (SMACOF, de Leeuw 1977).
 *  @param x (n, dims) @return as gn_mds_classical. O(n^2 dims) an iteration; threads over rows, the
 *          same bytes on any number. */
GN_API gn_status gn_mds_metric(gn_ctx *ctx, gn_mat distance, const gn_mds_opts *opts, double *x,
                               gn_mds *out, gn_error *err);

/** All distances between rows, for the two above.
 *  @param x (n, d) of a floating type, n >= 2. @param out (n, n) float32, exactly symmetric.
 *  @return GN_OK; GN_EINVAL (fewer rows); GN_EDATA (not finite, with row and column; a zero vector
 *          under cosine); GN_ENOMEM; GN_ECANCEL. O(n^2 d), threads over rows; measured as in
 *          gn_knn_compute. */
GN_API gn_status gn_mds_distances(gn_ctx *ctx, gn_mat x, gn_metric metric, float *out,
                                  gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
