/* gonio/id.h: intrinsic dimension from neighbour distances, with error bars.
 *
 * The estimators read a table of distances (n, k): ascending in each row, Euclidean (not squared),
 * the point itself excluded, float32 or float64. Exact duplicates must be collapsed first (see
 * gn_duplicates): a zero distance is GN_EDATA, because it makes every ratio estimator collapse.
 * Decimation reads the points, because thinned points have other neighbours.
 */
#ifndef GONIO_ID_H
#define GONIO_ID_H

#include "gonio/base.h"
#include "gonio/neighbors.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One estimate. NaN where a value does not exist. */
typedef struct gn_id_estimate {
    double dim;   /**< dimensionless */
    double se;    /**< its standard error */
    double scale; /**< mean of the distances it looked at: (mean r_n1 + mean r_n2) / 2 */
    size_t n;     /**< points used in the estimate */
} gn_id_estimate;

typedef enum gn_twonn_method {
    GN_TWONN_BASE = 0, /**< line through the origin on the first `fraction` of sorted ln mu */
    GN_TWONN_ML,       /**< (n - 1) / sum ln mu, unbiased */
    GN_TWONN_BAYES,    /**< Gamma(alpha, beta) prior: posterior mean and standard deviation */
} gn_twonn_method;

typedef struct gn_twonn_opts {
    gn_twonn_method method;
    double fraction;    /**< BASE: 0 < fraction < 1; 0 means 0.9 */
    double alpha, beta; /**< BAYES: 0 means 2 and 5 */
    bool dadapy;        /**< as DADApy counts: zero distances enter (a dimension may then be 0 or
                             NaN), BASE and ML have se 0, BASE with fraction 1 is ML */
} gn_twonn_opts;

/** Two-nearest-neighbour intrinsic dimension: Facco et al., Sci. Rep. 7:12140 (2017).
 *  BASE's standard error is the asymptotic one of the censored maximum-likelihood estimator at
 *  that fraction, D / sqrt(fraction n); ML's is D / sqrt(n).
 *  @param dist (n, k) n >= 3, k >= 2. Borrowed for the call.
 *  @param opts NULL for the defaults (BASE, 0.9).
 *  @param out  written only when GN_OK is returned.
 *  @return GN_OK; GN_EINVAL (shape, fraction); GN_EDATA (NaN, zero, a descending row); GN_ENOMEM.
 *  O(n log n) time, 8 n bytes of scratch. Thread-safe. */
GN_API gn_status gn_id_twonn(gn_mat dist, const gn_twonn_opts *opts, gn_id_estimate *out,
                             gn_error *err);

typedef struct gn_gride_opts {
    size_t range_max; /**< largest n2; 0 means 64; clipped to k */
    bool dadapy;      /**< as DADApy counts: zero distances enter as 2^-52 */
} gn_gride_opts;

/** One scale of the Gride curve. */
typedef struct gn_gride_point {
    size_t n1, n2;
    gn_id_estimate id; /**< .n counts the ratios left after the outlier filter */
} gn_gride_point;

/** Generalised ratios id estimator at n1 = 1, 2, 4, ..., n2 = 2 n1 <= range_max: Denti et al.,
 *  Sci. Rep. 12:20005 (2022), with DADApy's outlier filter and (n - 1) correction.
 *  A scale whose ratios no dimension in [0.001, 1000] explains has dim and se NaN.
 *  The standard error is the observed information's, over all ratios.
 *  @param points room for floor(log2(range_max)) scales; n_points receives how many were written.
 *  @return GN_OK; GN_EINVAL (fewer than 3 rows, k or range_max below 2); GN_EDATA (NaN, zero, a
 *          descending row among the columns that it reads); GN_ENOMEM. O(n log n) a scale,
 *          56 n bytes of scratch. Thread-safe. */
GN_API gn_status gn_id_gride(gn_mat dist, const gn_gride_opts *opts, gn_gride_point *points,
                             size_t *n_points, gn_error *err);

typedef struct gn_kstar_gride_opts {
    double alpha;   /**< of the k* test; 0 means 1e-6 */
    size_t n_steps; /**< 0 means 5 */
} gn_kstar_gride_opts;

/** Gride with a scale of its own for each point: n2 = k* (made even), n1 = n2 / 2, k* being the
 *  largest neighbourhood of constant density (gn_kstar) at the dimension found so far; one joint
 *  likelihood, repeated from TwoNN on. The standard error is the observed information's.
 *  @param knn k >= 5.
 *  @param steps (n_steps + 1): TwoNN, then each step's estimate; the last one is the result.
 *  @return GN_OK; GN_EINVAL (shape, alpha); GN_EDATA (NaN, zero, a descending row, a neighbour that
 *          is no other row, ratios that no dimension explains); GN_ENOMEM; GN_ECANCEL. O(n_steps
 *          n k) time, 60 n bytes of scratch. */
GN_API gn_status gn_id_kstar_gride(gn_ctx *ctx, const gn_knn *knn, const gn_kstar_gride_opts *opts,
                                   gn_id_estimate *steps, gn_error *err);

typedef struct gn_binomial_opts {
    size_t k;     /**< rank of the outer radius; 0 means 20 (clipped to the stored ones) */
    double ratio; /**< inner / outer radius, 0 < ratio < 1; 0: the best one for the dimension found,
                       min(0.975, 0.2032^(1/D)) */
} gn_binomial_opts;

typedef struct gn_binomial_estimate {
    gn_id_estimate id; /**< .se from the Cramer-Rao bound; .scale (mean r_k + mean ratio r_k) / 2 */
    size_t k;
    double ratio;
    double ks;      /**< largest distance of the counts' distribution from Binomial(k-1, ratio^D) */
    double p_value; /**< of ks, Kolmogorov's: conservative, as counts are discrete */
} gn_binomial_estimate;

/** Dimension from counts: of the k - 1 points closer than the k-th neighbour, a share ratio^D lies
 *  within `ratio` of its distance, if the density is constant there. Macocco,
 *  Glielmo, Grilli, Laio, Phys. Rev. Lett. 130:067401 (2023). A small p-value says that the points
 *  do not lie that way, so that the dimension has no meaning at this scale.
 *  @return GN_OK; GN_EINVAL (shape, k below 2 or above the stored, ratio); GN_EDATA (NaN, zero, a
 *          descending row; all or none of the points inside); GN_ENOMEM. O(n k). Thread-safe. */
GN_API gn_status gn_id_binomial(gn_mat dist, const gn_binomial_opts *opts,
                                gn_binomial_estimate *out, gn_error *err);

/** TwoNN over samples of one size. */
typedef struct gn_decimate_point {
    size_t n; /**< rows of each sample */
    size_t n_samples;
    gn_id_estimate id; /**< means over samples; se = population sd / sqrt(n_samples), for a single
                            sample the estimate's own; .n as in one sample */
} gn_decimate_point;

/** TwoNN on given samples of the rows of x (n, d), each with a neighbour search of its own.
 *  @param rows (n_samples, size) row numbers, size >= 3.
 *  @return GN_OK; GN_EINVAL (sizes, a row out of range); GN_EDATA (NaN; identical rows); GN_ENOMEM;
 *          GN_ECANCEL. O(n_samples size^2 d). */
GN_API gn_status gn_id_samples(gn_ctx *ctx, gn_mat x, const int32_t *rows, size_t n_samples,
                               size_t size, const gn_twonn_opts *opts, gn_decimate_point *out,
                               gn_error *err);

typedef struct gn_decimate_opts {
    gn_twonn_opts twonn;
    size_t n_min;               /**< sizes stay above this; 0 means 10 */
    size_t n_halvings;          /**< 0: as many as n_min allows */
    const gn_id_estimate *full; /**< NULL, or the estimate on all rows with these options, which is
                                     then not searched for again */
} gn_decimate_opts;

/** TwoNN over scale, by thinning the sample: sizes n, n/2, n/4, ... (rounded), at each size
 *  round(n / size) independent random samples without replacement, from the context's seed.
 *  @param points room for floor(log2(n)) - 1 sizes; n_points receives how many were written.
 *  @return as gn_id_samples; GN_EINVAL (fewer than 4 rows, or none above n_min).
 *  O(n^2 d (1 + 1/2 + 1/4 + ...)) time; a copy of x. */
GN_API gn_status gn_id_decimate(gn_ctx *ctx, gn_mat x, const gn_decimate_opts *opts,
                                gn_decimate_point *points, size_t *n_points, gn_error *err);

/** The scale to report when one number is asked for: the interior point of a curve where the
 *  dimension changes least per doubling, |ln(d[j+1]/d[j-1])| / 2 smallest; the first point when
 *  the curve has fewer than three. Points that are NaN are not chosen. Returns its position. */
GN_API size_t gn_id_flattest(const double *dim, size_t n);

/** Which layer a profile suggests (Valeriani et al., NeurIPS 2023): the first prominent peak, then
 *  the first relative minimum (or the middle, in depth, of a flat bottom) after it. Prominent: the
 *  curve moves by 10 % before a turn counts. A profile that only rises or only falls has no peak;
 *  one that falls from its peak to the end suggests nothing.
 *  @param depth (n) ascending, @param dim (n); NaN is stepped over.
 *  @param peak, suggested receive positions, or SIZE_MAX where the profile has none. */
GN_API void gn_id_choose_layer(const double *depth, const double *dim, size_t n, size_t *peak,
                               size_t *suggested);

#ifdef __cplusplus
}
#endif
#endif
