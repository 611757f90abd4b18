/* gonio/mlem.h: what distances encode. Metric-Learning Encoding Models (Jalouzot et al., arXiv
 * 2402.11608, 2406.12620) predict, for every pair of rows, the distance of their hidden states from
 * the differences of their features, with weights that are not negative:
 *
 *     y = |a_i - a_j|^2   ~   b + sum_k w_k x_k(i, j),   w >= 0,   over all n (n - 1) / 2 pairs
 *
 * and ask of each feature how much the prediction would lose without it. No pair is ever built: all
 * sums over pairs have closed forms (src/encoding/levels.h), the importances too, and their errors
 * respect that pairs share rows. Cost of a layer (n, d) with f features: O(n d f + n d^2).
 */
#ifndef GONIO_MLEM_H
#define GONIO_MLEM_H

#include "gonio/base.h"
#include "gonio/features.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The features' side, once for all layers: means and covariances of their distances over pairs.
 *  Borrows the table for its life. */
typedef struct gn_mlem_design gn_mlem_design;
/** @return GN_OK; GN_EINVAL (no feature, fewer than 3 rows); GN_ENOMEM; GN_ECANCEL.
 *          8 n f (f + 3) / 2 bytes; O(f^2 n) for categories, O(f^2 n log n) for numbers; threaded.
 */
GN_API gn_status gn_mlem_design_new(gn_ctx *ctx, const gn_features *features, gn_mlem_design **out,
                                    gn_error *err);
GN_API void gn_mlem_design_free(gn_mlem_design *design);
/** (f) means and (f, f) covariances of the features' distances over all pairs (divisor: pairs). */
GN_API const double *gn_mlem_design_mean(const gn_mlem_design *design);
GN_API const double *gn_mlem_design_cov(const gn_mlem_design *design);

/** Minimises w' C w / 2 - c' w over w >= 0: least squares with weights that are not negative, given
 *  covariances (Lawson & Hanson 1974, chapter 23). A feature whose column depends on those already
 *  chosen stays at 0.
 *  @param cov (f, f) symmetric, positive semidefinite; @param cov_y (f); @param ridge >= 0 is added
 *         to the diagonal; @param weight (f)
 *  @return GN_OK; GN_EINVAL (values that are not finite); GN_ENOMEM. O(f^4) at worst. */
GN_API gn_status gn_mlem_solve(const double *cov, const double *cov_y, size_t f, double ridge,
                               double *weight, gn_error *err);

/** Importances of the features of a linear prediction, given covariances: exactly what permuting
 * x_k adds to the mean squared error, 2 w_k (c_k - sum over j != k of C_kj w_j), and what permuting
 * the part of x_k adds that the other features do not predict, 2 w_k^2 / (C^-1)_kk.
 *  @param pfi, cpi, vif (f); vif: C_kk (C^-1)_kk, infinite for a feature that the others determine,
 *         NaN for a constant one.
 *  @return GN_OK; GN_ENOMEM. O(f^4). */
GN_API gn_status gn_mlem_importance(const double *cov, const double *cov_y, size_t f,
                                    const double *weight, double *pfi, double *cpi, double *vif,
                                    gn_error *err);

/** How well the distances of a layer are predicted. */
typedef struct gn_mlem_fit {
    double n_pairs;
    double intercept;
    double y_mean, y_var;     /**< of the squared distances over pairs */
    double mse, r2, r2_se, r; /**< r: correlation of prediction and distance; r and r2_se are NaN
                                   where all weights are 0 */
    /** Means over folds of rows, on the pairs among the rows kept out; NaN without folds. r2_cv_se
     * is the scatter of folds over the root of their number. */
    double r2_cv, r2_cv_se, r_cv, mse_cv;
} gn_mlem_fit;

/** Bootstrap over rows: standard deviation, and the 2.5 % and 97.5 % quantiles of the draws. */
typedef struct gn_interval {
    double se, lo, hi;
} gn_interval;

/** What one feature contributes. */
typedef struct gn_mlem_weight {
    double weight, weight_se;
    double p; /**< one-sided, of "the weight is 0", from the free weight and its error */
    double pfi,
        pfi_se; /**< permutation importance: rise of the squared error when x_k is permuted */
    double cpi, cpi_se; /**< the same with x_k permuted given the other features (linearly) */
    double vif; /**< variance inflation 1 / (1 - R2 of x_k on the others); infinite: redundant */
    double p_permutation; /**< one-sided, of exchanging x_k between rows; NaN without */
    gn_interval weight_boot, pfi_boot; /**< NaN without */
} gn_mlem_weight;

typedef struct gn_mlem_opts {
    bool zscore;  /**< divide every unit by its standard deviation first */
    double ridge; /**< penalty on the sum of squared weights, as of a sum over all pairs; 0: none */
    size_t folds; /**< cross-validation by rows; 0: none */
    size_t bootstrap;    /**< draws; 0: none. n d f additions each */
    size_t permutations; /**< draws for each feature; 0: none. n d additions each */
} gn_mlem_opts;

/** Fits a layer. Standard errors are of U-statistics: every row is in n - 1 pairs, so the spread of
 *  the rows' own sums counts, not that of pairs. A weight at its bound 0 has the error it would
 * have if it were free. A constant feature has NaN errors.
 *  @param x (n, d) of a floating type; rows as in the design. @param opts NULL for the defaults.
 *  @param weight (f)
 *  @return GN_OK; GN_EINVAL (rows, options); GN_EDATA (NaN or infinity with its place; all rows the
 *          same); GN_ENOMEM; GN_ECANCEL. Threaded; the same bytes on any number of threads. */
GN_API gn_status gn_mlem_measure(gn_ctx *ctx, const gn_mlem_design *design, gn_mat x,
                                 const gn_mlem_opts *opts, gn_mlem_fit *fit, gn_mlem_weight *weight,
                                 gn_error *err);

/** The same for every unit (column) alone, y = (a_iu - a_ju)^2: which features single units encode.
 *  Only `ridge` of the options counts. A constant unit has NaN everywhere.
 *  @param fit (d) @param weight (d, f); what they hold after a failure is undefined
 *  @return as gn_mlem_measure. O(n f^2) a unit, threaded. */
GN_API gn_status gn_mlem_units(gn_ctx *ctx, const gn_mlem_design *design, gn_mat x,
                               const gn_mlem_opts *opts, gn_mlem_fit *fit, gn_mlem_weight *weight,
                               gn_error *err);

/** A whole metric: y ~ b + sum_kl W_kl x_k x_l with W positive semidefinite, least squares over all
 *  pairs; off-diagonals count twice. Features that are equal or different only. The best W; where
 *  products of features determine each other, one of the best.
 *  @param metric (f, f) W, symmetric. @param fit its errors and folds are NaN.
 *  @return as gn_mlem_measure; GN_EINVAL also for differences of numbers and above 64 features.
 *          O(f^2 n d) and the pair patterns. */
GN_API gn_status gn_mlem_metric(gn_ctx *ctx, const gn_mlem_design *design, gn_mat x,
                                const gn_mlem_opts *opts, gn_mlem_fit *fit, double *metric,
                                gn_error *err);

typedef enum gn_correction {
    GN_CORRECT_BH = 0, /**< Benjamini & Hochberg 1995: share of false ones among the positives */
    GN_CORRECT_HOLM,   /**< Holm 1979: chance of a single false positive */
    GN_CORRECT_NONE,
} gn_correction;
/** p-values of n tests corrected for their number; NaN stays NaN and counts as no test. Sorts a
 *  copy. @param out (n), may be p. @return GN_OK; GN_EINVAL (n > INT32_MAX); GN_ENOMEM. */
GN_API gn_status gn_adjust_p(const double *p, size_t n, gn_correction correction, double *out,
                             gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
