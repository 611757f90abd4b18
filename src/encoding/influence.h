/* Errors of statistics over pairs.
 *
 * A mean over pairs, U = mean of z(i, j), is a U-statistic: its n (n - 1) / 2 terms share rows, so
 * its variance is that of the rows' means, not that of pairs (Hoeffding 1948). The influence of row
 * i on U is 2 (mean_j z(i, j) - U); on a smooth function of such means it is the derivative applied
 * to theirs; and var = mean of squared influences / n. This is the infinitesimal form of the
 * delete-one jackknife over rows. */
#ifndef GN_ENCODING_INFLUENCE_H
#define GN_ENCODING_INFLUENCE_H

#include "encoding/sums.h"

/** Standard error from influences, their mean removed; NaN entries (rows not sampled) are left out
 *  and the others stand for all n rows. */
double gn_influence_se(const double *influence, size_t n);

/** Influence of each row on cov[k][k]. @param out (n) */
void gn_variance_influence(const gn_mlem_design *s, size_t k, double *out);

/** design->own and design->row_own. Threads over features. */
gn_status gn_own_variances(gn_ctx *ctx, gn_mlem_design *s, gn_error *err);

/** Least squares of a layer on the features in `set` (m), all of which vary and none of which
 *  depends on the others: influence of each row on the weight of set[at].
 *  @param weight (m) those weights. @param a, skip the factor of their covariance with the ridge.
 *  @param scratch (m) @param out (n) */
void gn_weight_influence(const gn_mlem_design *s, const gn_layer_sums *y, const size_t *set,
                         size_t m, const double *weight, const double *a, const bool *skip,
                         size_t at, double *scratch, double *out);

/** Influence of each row on the share of variance explained by `weight` (f); NaN for rows whose
 * sums of squares were not sampled. @param out (n) */
void gn_r2_influence(const gn_mlem_design *s, const gn_layer_sums *y, const double *weight,
                     double mse, double variance, double *out);

#endif
