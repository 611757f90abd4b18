/* gonio/cluster.h: k-means, silhouettes, and how many clusters a cloud has. */
#ifndef GONIO_CLUSTER_H
#define GONIO_CLUSTER_H

#include "gonio/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- k-means ------------------------------------------------------------------------------ */

typedef struct gn_kmeans_opts {
    size_t k_min, k_max; /**< 1 <= k_min <= k_max <= 256; 0, 0: 2 ... 15 */
    size_t restarts;     /**< 0: 10 */
    size_t iterations;   /**< of each run, at most; 0: 300 */
    double tolerance;    /**< a run ends when the squared movements of its centres sum to this share
                              of the mean variance of a column; 0: 1e-4; negative: only when no row
                              changes its cluster */
    const char *task;    /**< name shown by the progress hook; NULL: "k-means" */
} gn_kmeans_opts;

/** The best of all restarts for one k. Clusters are numbered by descending size. */
typedef struct gn_kmeans_fit {
    size_t k;
    int32_t *label; /**< (n) the nearest centre, decided by float64 differences; ties: the first */
    double *centre; /**< (k, d) */
    size_t *size;   /**< (k) rows */
    double inertia; /**< sum over rows of |x - centre|^2, measured from differences in float64 */
    size_t iterations;
    bool converged;
} gn_kmeans_fit;

typedef struct gn_kmeans {
    size_t n, d, n_fits;
    gn_kmeans_fit *fit; /**< (n_fits) k = k_min, k_min + 1, ... */
} gn_kmeans;

/** Lloyd's k-means (1957) for every k of a range, started by greedy k-means++ (Arthur &
 *  Vassilvitskii, SODA 2007), the best of `restarts` by inertia. A restart seeds k_max centres
 * once; its first k are the seeds for k. The range ends early when there are fewer distinct rows.
 *  @param x (n, d) of a floating type, n > k_min.
 *  @return GN_OK; GN_EINVAL (shape, options); GN_EDATA (NaN or infinite value, with its place; rows
 *          that are too long; fewer than k_min distinct rows); GN_ENOMEM; GN_ECANCEL.
 *  Labels, centres and inertia are the same bytes on any number of threads. At most O(n k d) for an
 *  iteration, and far less once centres move little: bounds certify which rows cannot change.
 *  Memory: 8 n (k_max + 2) bytes, and the results (4 n for each k). */
GN_API gn_status gn_kmeans_compute(gn_ctx *ctx, gn_mat x, const gn_kmeans_opts *opts,
                                   gn_kmeans **out, gn_error *err);
GN_API void gn_kmeans_free(gn_kmeans *km);

/** The nearest of k centres for each row: for rows that k-means did not see. On those it saw, with
 * a fit's centres, the fit's labels.
 *  @param centre (k, d), d the columns of x. @param label (n) receives 0 ... k - 1; ties: the
 * first.
 *  @return GN_OK; GN_EINVAL (shape, type, k above 256); GN_EDATA (as gn_kmeans_compute); GN_ENOMEM;
 *          GN_ECANCEL. Decided by float64 differences where it is close. Reads x three times. */
GN_API gn_status gn_kmeans_assign(gn_ctx *ctx, gn_mat x, const double *centre, size_t k,
                                  int32_t *label, gn_error *err);

/* ---- silhouettes -------------------------------------------------------------------------- */

typedef struct gn_silhouette {
    double mean, se; /**< over the points; se = sd / sqrt(n) */
    size_t n;
} gn_silhouette;

/** Rousseeuw's silhouette (1987) of several partitions of the same rows, from one pass over their
 *  pairs: s(i) = (b - a) / max(a, b), a the mean Euclidean distance to the other points of i's
 *  cluster, b the smallest mean distance to the points of another cluster; 0 for a point that is
 *  alone in its cluster.
 *  @param row (m) ascending rows that take part, points and partners alike; NULL: all, m = n.
 *  @param label (n_labels) partitions, each (n) in [0, k[p]).
 *  @param value NULL, or (n_labels, m) receives s(i).
 *  @param out (n_labels); mean NaN where fewer than two clusters occur.
 *  @return GN_OK; GN_EINVAL (shape, m < 2, a label out of range); GN_EDATA (NaN or infinite value,
 *          with its place; rows that are too long); GN_ENOMEM; GN_ECANCEL. O(m^2 (d + n_labels));
 * no m x m object is made. The same bytes on any number of threads; distances are good to 1e-5 of
 * themselves, near pairs are measured from differences. */
GN_API gn_status gn_silhouette_compute(gn_ctx *ctx, gn_mat x, const int32_t *row, size_t m,
                                       const int32_t *const *label, const size_t *k,
                                       size_t n_labels, double *value, gn_silhouette *out,
                                       gn_error *err);

/* ---- how many clusters -------------------------------------------------------------------- */

typedef struct gn_clusters_opts {
    gn_kmeans_opts kmeans; /**< k_min at least 2; restarts 0: 4 where there is a choice, else 10 */
    size_t sample;         /**< rows of the silhouette, a seeded sample; 0: 10,000 */
    bool fresh_samples;    /**< another sample for each k: their maximum is then partly luck */
    double threshold;      /**< least mean silhouette of a clustering; 0: 0.1; negative: none */
    size_t null_draws;     /**< Gaussian clouds to compare with, at least 3; 0: 5 */
    bool no_null;          /**< none: what Cai et al., ICLR 2021, do */
} gn_clusters_opts;

typedef enum gn_verdict {
    GN_CLUSTERS_FOUND = 0,
    GN_CLUSTERS_BELOW_THRESHOLD,
    GN_CLUSTERS_WITHIN_NULL, /**< a Gaussian of the same covariance has silhouettes like these */
} gn_verdict;

/** A choice of k. */
typedef struct gn_clusters {
    gn_kmeans *kmeans;           /**< every k that was tried */
    gn_silhouette *silhouette;   /**< (n_fits) */
    double *null_mean, *null_sd; /**< (n_fits) over draws; NaN without a null. sd with divisor
                                      draws - 1 */
    double best;                 /**< largest mean silhouette, */
    size_t k_best;               /**< first reached at this k */
    double null_best_mean, null_best_sd; /**< of the largest mean silhouette of each draw */
    double null_limit; /**< null_best_mean + 4 null_best_sd sqrt(1 + 1 / draws): what one
                            more draw passes in less than 1 % of cases */
    size_t n_draws;
    gn_verdict verdict;
    size_t k_star; /**< k_best, or 1 for the other verdicts */
} gn_clusters;

/** k-means for every k, the silhouette of each on one shared sample, the first maximum, and whether
 *  it means anything: a single Gaussian of 5 dimensions reaches 0.136 with 6 "clusters". The same
 *  procedure, without restarts, runs on `null_draws` Gaussian clouds with the data's covariance (up
 *  to 5,000 rows).
 *  @return GN_OK; whatever gn_kmeans_compute and gn_silhouette_compute return. */
GN_API gn_status gn_clusters_choose(gn_ctx *ctx, gn_mat x, const gn_clusters_opts *opts,
                                    gn_clusters **out, gn_error *err);
GN_API void gn_clusters_free(gn_clusters *c);

/* ---- what a partition is made of ---------------------------------------------------------- */

/** How much one labelling of rows tells about a partition. In nats. */
typedef struct gn_information {
    double mutual; /**< I */
    double
        expected;   /**< E[I] over permutations of the labels: Vinh, Epps, Bailey, JMLR 11 (2010) */
    double entropy; /**< H of the partition */
    double explained; /**< (I - E[I]) / (H - E[I]): 1 when the labels determine the partition beyond
                           chance, 0 expected for labels that know nothing, however many there are;
                           0 when the partition has one cluster */
    size_t n;         /**< rows with both */
} gn_information;

/** @param partition (n) codes, negative: left out. @param label (n) the same.
 *  @return GN_OK; GN_EINVAL (n = 0 or too large); GN_ENOMEM. O(n log n + clusters * n). */
GN_API gn_status gn_explain(const int32_t *partition, const int32_t *label, size_t n,
                            gn_information *out, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
