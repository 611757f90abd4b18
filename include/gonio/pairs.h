/* gonio/pairs.h: what all pairs of rows say about their distances, without keeping one of them.
 *
 * Categorical features turn a pair of rows into a bit pattern: bit k is 1 when feature k differs.
 * However many pairs there are, the patterns are few (256 for the 135,981 pairs of 522 sentences
 * with 9 features), so that regression, rank correlation and permutation importance need one table:
 * pairs, mean target and mean rank of each pattern. One pass over the pairs fills it, under any
 * metric and with targets that have no closed form (Jalouzot et al. 2024 scale the distances to
 * [0, 1] before they square them).
 *
 *     gn_pair_index_new    the patterns of a feature table; once for all layers
 *     gn_pair_sums_new     one layer's distances, summed by pattern
 *     gn_pair_moments      covariances for a regression
 *     gn_pair_rank_test    Spearman's correlation of a fit, and what each feature adds to it
 */
#ifndef GONIO_PAIRS_H
#define GONIO_PAIRS_H

#include "gonio/features.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GN_PATTERN_FEATURES = 64, GN_PATTERNS_MAX = 1 << 22 };

/** The features of all pairs: a place for each pattern, and what numeric features need. */
typedef struct gn_pair_index gn_pair_index;

/** @param features at least 2 rows; 1 ... GN_PATTERN_FEATURES columns, in the order of which all
 *                  arrays (f) are given. A feature whose distance is a difference of numbers enters
 *                  the moments, but makes no patterns. Borrowed for the call.
 *  @param all_differ take every feature as equal or different, numbers too (the first pipeline)
 *  @return GN_OK; GN_EINVAL (shape); GN_ENOSUPP (more than GN_PATTERNS_MAX patterns); GN_ENOMEM;
 *          GN_ECANCEL. O(p^2 f) for p profiles. */
GN_API gn_status gn_pair_index_new(gn_ctx *ctx, const gn_features *features, bool all_differ,
                                   gn_pair_index **out, gn_error *err);
GN_API void gn_pair_index_free(gn_pair_index *p);
/** The patterns of the features that are equal or different, by their place in the table. */
GN_API const gn_patterns *gn_pair_index_patterns(const gn_pair_index *p);
/** True when some feature is a difference of numbers. */
GN_API bool gn_pair_index_numeric(const gn_pair_index *p);

typedef enum gn_pair_metric {
    GN_PAIR_EUCLIDEAN = 0,
    GN_PAIR_SQEUCLIDEAN,
    GN_PAIR_COSINE,      /**< 1 - cosine */
    GN_PAIR_CORRELATION, /**< 1 - Pearson's correlation of the two rows */
    GN_PAIR_MANHATTAN,
    GN_PAIR_CHEBYSHEV,
    GN_PAIR_NORM_DIFF, /**< | |a| - |b| | */
} gn_pair_metric;
/** "euclidean", "sqeuclidean", "cosine", "correlation", "manhattan", "chebyshev", "norm_diff". */
GN_API const char *gn_pair_metric_name(gn_pair_metric metric);
/** The inverse; also "cityblock" and "l1". @return GN_OK; GN_EINVAL with the list of names. */
GN_API gn_status gn_pair_metric_parse(const char *name, gn_pair_metric *out, gn_error *err);

/** What a regression predicts, from the distance D with least value m and largest M over all pairs.
 */
typedef enum gn_pair_target {
    GN_TARGET_SQUARED = 0,     /**< D^2 */
    GN_TARGET_MIN_MAX_SQUARED, /**< ((D - m) / (M - m))^2: the published first pipeline */
    GN_TARGET_MIN_MAX,         /**< (D - m) / (M - m) */
    GN_TARGET_DISTANCE,        /**< D */
} gn_pair_target;

typedef struct gn_pair_opts {
    gn_pair_metric metric;
    gn_pair_target target;
    bool ranks; /**< a second pass, for rank correlations: mean rank of D by pattern */
} gn_pair_opts;

/** Owned by the library; free with gn_pair_sums_free. */
typedef struct gn_pair_sums {
    size_t n_patterns;
    double n_pairs;
    double least, largest;   /**< m, M */
    double mean, variance;   /**< of the target, over pairs (divisor: pairs) */
    double rank_variance;    /**< of the ranks 1 ... n_pairs of D, ties at their average */
    double *target;          /**< (n_patterns) mean target of the pairs of a pattern */
    double *rank;            /**< (n_patterns) mean rank, or NULL */
    double *numeric;         /**< (f) mean of x_k y for numeric features, 0 for the others */
    unsigned long long near; /**< pairs whose distance was measured again from differences */
} gn_pair_sums;

/** One blocked pass over the pairs of rows of `a`: no distance is kept. Distances are float32
 *  products of centred rows; pairs that are near each other beside their lengths are measured again
 *  from their differences, so that D is right to about 1e-6 of itself. Ranks put distances into
 *  65,536 bins of equal width (rank correlations within 1e-6 of the exact ones).
 *  @param a (rows of p, d) of a floating type, finite.
 *  @return GN_OK; GN_EINVAL (other number of rows); GN_EDATA (NaN or infinity, with its place; a
 *          zero row under a cosine; all distances equal where the target divides by their range);
 *          GN_ENOMEM; GN_ECANCEL.
 *  n^2 d / 2 multiply-adds, twice with ranks; 12 n d bytes and 16 bytes a pattern and thread. The
 *  same bytes on any number of threads. */
GN_API gn_status gn_pair_sums_new(gn_ctx *ctx, const gn_pair_index *p, gn_mat a,
                                  const gn_pair_opts *opts, gn_pair_sums **out, gn_error *err);
GN_API void gn_pair_sums_free(gn_pair_sums *s);

/** Moments over pairs (divisor: pairs) of the features' distances x_k and the target y.
 *  @param mean_x (f); cov_xx (f, f); cov_xy (f); any may be NULL */
GN_API void gn_pair_moments(const gn_pair_index *p, const gn_pair_sums *s, double *mean_x,
                            double *cov_xx, double *cov_xy);

/** Representational similarity of each feature: correlations of x_k with D under the target (RSA,
 *  Kriegeskorte et al. 2008). @param pearson (f); spearman (f) or NULL, which needs ranks. NaN for
 *  a feature that never or always differs; for numeric features no Spearman. */
GN_API void gn_pair_rsa(const gn_pair_index *p, const gn_pair_sums *s, double *pearson,
                        double *spearman);

/** Spearman's correlation of the prediction sum_k w_k x_k with D, ties at their average rank, and
 *  its drop when one feature is permuted over pairs, in expectation: the pairs of a pattern are
 *  split between x_k = 0 and 1 in the feature's proportion and ranked again, so that no permutation
 *  is drawn. One feature must not be worth more than another by how a sort breaks ties.
 *  @param w (f)
 *  @param rho written always; drop (f) or NULL
 *  @return GN_OK; GN_EINVAL (sums without ranks, numeric features); GN_EDATA (a constant prediction
 * or distance); GN_ENOMEM. O(f U log U) for U patterns. */
GN_API gn_status gn_pair_rank_test(const gn_pair_index *p, const gn_pair_sums *s, const double *w,
                                   double *rho, double *drop, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
