/* gonio/density.h: how crowded it is around each point, and the clusters that the density forms.
 *
 * All of it reads one neighbour table and the intrinsic dimension D: volumes are balls of D
 * dimensions, because the points fill no more of the space they are written in. Exact duplicates
 * must be collapsed first (gn_duplicates): a zero distance is GN_EDATA. The usual chain is
 * gn_id_twonn -> gn_kstar -> gn_density_compute -> gn_adp. */
#ifndef GONIO_DENSITY_H
#define GONIO_DENSITY_H

#include "gonio/base.h"
#include "gonio/neighbors.h"

#ifdef __cplusplus
extern "C" {
#endif

/** k*: around each point the largest neighbourhood in which the density is constant by a
 *  likelihood-ratio test. Rodriguez, d'Errico, Facco, Laio, J. Chem. Theory Comput. 14:1206 (2018).
 *  @param knn k >= 5; the neighbour of rank k is not tested, so that 3 <= k* <= k - 1.
 *  @param dim the intrinsic dimension, > 0.
 *  @param alpha significance of one test, 0 < alpha < 1; 0 means 1e-6.
 *  @param kstar (n)
 *  @return GN_OK; GN_EINVAL (shape, dim, alpha); GN_EDATA (NaN, zero, a descending row, a neighbour
 *          that is no other row); GN_ENOMEM; GN_ECANCEL. O(n k) time, on the context's threads. */
GN_API gn_status gn_kstar(gn_ctx *ctx, const gn_knn *knn, double dim, double alpha, int32_t *kstar,
                          gn_error *err);

typedef enum gn_density_method {
    GN_DENSITY_PAK = 0, /**< k* neighbours, density linear in the rank: Rodriguez et al. 2018 */
    GN_DENSITY_KSTAR,   /**< k* neighbours, density constant */
    GN_DENSITY_KNN,     /**< the same number of neighbours everywhere */
} gn_density_method;

typedef struct gn_density_opts {
    gn_density_method method;
    double dim;           /**< intrinsic dimension, > 0; required */
    const int32_t *kstar; /**< (n) PAK and KSTAR: neighbours of each point, 2 ... k; required */
    size_t k;             /**< KNN: 0 means 10 (clipped to the stored ones) */
    bool dadapy;          /**< PAK: DADApy's damped steps and their early stop, so that published
                               numbers come out; default is the maximum of the likelihood itself */
} gn_density_opts;

/** Logarithm of the density (per unit volume of `dim` dimensions, integrating to 1) at each point.
 *  A point for which the PAk likelihood has no maximum gets the KSTAR value.
 *  @param log_density (n)
 *  @param se (n) or NULL: 1 / sqrt(k), PAK sqrt((4 k + 2) / (k (k - 1)))
 *  @return GN_OK; GN_EINVAL (shape, dim, k, k* out of range); GN_EDATA (NaN, zero, a descending
 *          row); GN_ENOMEM; GN_ECANCEL. O(n k) time, on the context's threads. */
GN_API gn_status gn_density_compute(gn_ctx *ctx, const gn_knn *knn, const gn_density_opts *opts,
                                    double *log_density, double *se, gn_error *err);

typedef struct gn_adp_opts {
    double z;  /**< peaks must rise above their saddle by z standard errors; 0 means 1.65 */
    bool halo; /**< points below their cluster's highest saddle get the label -1 */
} gn_adp_opts;

typedef struct gn_adp_summary {
    size_t n_clusters;
    size_t n_halo;  /**< points below their cluster's highest saddle, labelled -1 or not */
    size_t n_peaks; /**< density peaks before those that noise may have made were merged */
} gn_adp_summary;

/** Advanced density peaks: clusters are peaks of the density that stand out from their saddles.
 *  d'Errico, Facco, Laio, Rodriguez, Information Sciences 560:476 (2021).
 *  @param kstar, log_density, se (n) as from gn_kstar and gn_density_compute.
 *  @param opts NULL for the defaults.
 *  @param label (n) 0 ... n_clusters - 1 in the order of their peaks' rows, or -1.
 *  @param peak NULL, or (n): the first n_clusters entries receive the clusters' peaks.
 *  @return GN_OK; GN_EINVAL (z, k* out of range); GN_EDATA (a neighbour that is no other row, a
 *          density or error that is not finite); GN_ENOMEM; GN_ECANCEL. O(n k + peaks saddles). */
GN_API gn_status gn_adp(gn_ctx *ctx, const gn_knn *knn, const int32_t *kstar,
                        const double *log_density, const double *se, const gn_adp_opts *opts,
                        int32_t *label, int32_t *peak, gn_adp_summary *out, gn_error *err);

/** Adjusted Rand index of two partitions (Hubert & Arabie 1985): 1 for the same partition, 0
 *  expected for unrelated ones. Points with a negative label in either are left out.
 *  @return GN_OK; GN_EINVAL (fewer than 2 points left); GN_ENOMEM. O(n log n). */
GN_API gn_status gn_adjusted_rand(const int32_t *a, const int32_t *b, size_t n, double *out,
                                  gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
