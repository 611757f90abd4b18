/* gonio/mlem_v1.h: the first published MLEM pipeline, step by step, so that its numbers can be
 * redone. Use gonio/mlem.h for new work: here every pair is a case of its own, which is what makes
 * the published p-values meaningless (the same sentence is on both sides of every split, and 522
 * sentences pass for 135,981 independent observations).
 *
 *   features   equal or different, numbers too; missing on either side counts as equal
 *   target     ((D - m) / (M - m))^2 with the least and largest distance over all pairs
 *   folds      pairs in two random halves; in each training half the penalty is chosen among 9
 *              decades (1e-4 ... 1e4) on a random fifth, then refitted on the whole half
 *   fit        least squares with weights >= 0, free intercept, penalty on the squared weights
 *   importance rise of the squared error in the other half when a column of pairs is permuted;
 *              conditional: when what a random forest does not predict of it is drawn anew
 *
 * One step is not repeated but solved: the published code averages 50 drawn permutations (and, when
 * conditional, 50 draws); here stands their expected value, and in the standard error the expected
 * effect of a finite number of draws. Drawn numbers scatter around these by their own noise. */
#ifndef GONIO_MLEM_V1_H
#define GONIO_MLEM_V1_H

#include "gonio/pairs.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gn_v1_opts {
    gn_pair_metric metric;
    bool no_min_max;       /**< the target is D^2, not scaled */
    bool conditional;      /**< conditional permutation importance */
    size_t n_permutations; /**< that the standard error is to expect; 0 means 50 */
    size_t n_trees;        /**< of the forest; 0 means 10 */
} gn_v1_opts;

/** The mean of the two halves. */
typedef struct gn_v1_score {
    double mae, mse, r2, r;
    double alpha[2]; /**< penalties chosen */
} gn_v1_score;

typedef struct gn_v1_importance {
    double importance, std, p; /**< p = 1 - Phi(importance / std); 1 where that is no number */
    double weight;             /**< mean of the two halves */
} gn_v1_importance;

/** Pairs, their patterns, folds and forests: what is the same for all layers and units. */
typedef struct gn_v1 gn_v1;

/** @param features at least 5 rows, at most 65,536; 1 ... 64 columns. Borrowed for the call. Splits
 *                  and forests are drawn with the context's seed.
 *  @return GN_OK; GN_EINVAL; GN_ENOSUPP (too many patterns); GN_ENOMEM; GN_ECANCEL.
 *          5 bytes a pair. */
GN_API gn_status gn_v1_new(gn_ctx *ctx, const gn_features *features, const gn_v1_opts *opts,
                           gn_v1 **out, gn_error *err);
GN_API void gn_v1_free(gn_v1 *v);

/** All units of `a` together. @param importance (f)
 *  @return GN_OK; GN_EINVAL (rows); GN_EDATA (NaN or infinity; all distances equal); GN_ENOMEM;
 *          GN_ECANCEL. 8 bytes a pair. */
GN_API gn_status gn_v1_measure(gn_ctx *ctx, const gn_v1 *v, gn_mat a, gn_v1_score *score,
                               gn_v1_importance *importance, gn_error *err);

/** The two steps of gn_v1_measure, for who keeps distances between them: of all pairs i < j, row
 *  after row. @param distance (n (n - 1) / 2) @return as gn_v1_measure. */
GN_API gn_status gn_v1_distances(gn_ctx *ctx, gn_mat a, gn_pair_metric metric, double *distance,
                                 gn_error *err);
GN_API gn_status gn_v1_measure_distances(const gn_v1 *v, const double *distance, gn_v1_score *score,
                                         gn_v1_importance *importance, gn_error *err);

/** Each unit (column) alone; threads over units.
 *  @param score (d); importance (d, f). A constant unit gets NaN scores, importance 0 and p 1.
 *  @return as gn_v1_measure; GN_ENOSUPP for metrics that one number cannot have (cosine,
 *          correlation, norm_diff). */
GN_API gn_status gn_v1_univariate(gn_ctx *ctx, const gn_v1 *v, gn_mat a, gn_v1_score *score,
                                  gn_v1_importance *importance, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
