/* gonio/baselines.h: what else one may ask of features and representations, beside MLEM: which
 * units the features predict, how similar each feature's geometry is to the layer's, and how
 * reliable the layer's distances are in the first place. */
#ifndef GONIO_BASELINES_H
#define GONIO_BASELINES_H

#include "gonio/features.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Encoding: each unit predicted from all features by least squares, in cross-validation by rows.
 *  A category enters as one indicator a level, a missing value as a level of its own, a feature
 *  whose distance is a difference of numbers as the number.
 *  @param a (n, d) of a floating type, n the table's rows; finite
 *  @param n_folds 0 means 5; drawn with the context's seed
 *  @param r2 (d) 1 - sum of squared errors / sum of squared deviations from the training mean; can
 *            be negative; NaN for a constant unit
 *  @return GN_OK; GN_EINVAL (rows, folds, more than 4,096 levels); GN_EDATA; GN_ENOMEM; GN_ECANCEL.
 */
GN_API gn_status gn_encoding_r2(gn_ctx *ctx, gn_mat a, const gn_features *features, size_t n_folds,
                                double *r2, gn_error *err);

typedef struct gn_layer_baselines {
    double *cka; /**< (f) linear centred kernel alignment of each feature with the layer */
    /** Distances from a random half of the units against those from the other half: Pearson's
     *  correlation of squared distances over all pairs, exact; mean and sd over random halves. */
    double half, half_sd;
    /** 2 half / (1 + half) (Spearman, Brown): reliability of the distances of all units, a ceiling
     *  for the share of their variance that any model of the rows can be expected to explain. */
    double ceiling;
} gn_layer_baselines;

/** Linear CKA (Kornblith et al. 2019) of each feature alone: |H'A|^2 / (|H'H| |A'A|), Frobenius
 *  norms, H the centred indicators of the levels or the centred number; a row without a value
 *  counts as average. And the reliability of the layer's distances.
 *  @param n_halves 0 means 20, drawn with the context's seed
 *  @param out .cka (f) is the caller's buffer
 *  @return as gn_encoding_r2; GN_EINVAL for fewer than 2 units. O(n d (f + halves) + n d^2). */
GN_API gn_status gn_layer_baselines_measure(gn_ctx *ctx, gn_mat a, const gn_features *features,
                                            size_t n_halves, gn_layer_baselines *out,
                                            gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
