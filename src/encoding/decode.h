/* What the decoders share: classes of a feature, folds, areas under curves. */
#ifndef GN_ENCODING_DECODE_H
#define GN_ENCODING_DECODE_H

#include "base/ctx.h"
#include "base/random.h"
#include "gonio/decoding.h"

/** Area under the ROC curve: the chance that a positive row scores above a negative one, ties
 *  counting half. NaN without rows of both kinds. @param order (n) scratch */
gn_status gn_auc(const double *score, const bool *positive, size_t n, int32_t *order, double *out,
                 gn_error *err);

/** Mean over the classes that occur of one-against-the-rest areas, weighted by their frequency;
 *  with two classes, the area of the second. NaN when fewer than two occur.
 *  @param score (n, n_classes); class (n), negative: left out */
gn_status gn_auc_weighted(const double *score, const int32_t *class, size_t n, size_t n_classes,
                          double *out, gn_error *err);

/** Folds with about equal shares of each class: fold[i] in [0, n_folds), or -1 for class -1.
 *  @param r NULL: in row order, else shuffled within classes */
gn_status gn_stratified_folds(const int32_t *class, size_t n, size_t n_classes, size_t n_folds,
                              gn_random *r, int32_t *fold, gn_error *err);

/** Logistic decoding with given outer folds.
 *  @param z (n, d) rows; fold (n) in [0, n_folds), -1: left out
 *  @param auc (n_folds) NaN where the held-out rows have one class
 *  @param chosen NULL, or (n_folds) the penalties C taken. Not from blocks of gn_parallel. */
gn_status gn_decode_logistic(gn_ctx *ctx, gn_mat z, const int32_t *class, size_t n_classes,
                             const int32_t *fold, size_t n_folds, double *auc, double *chosen,
                             gn_error *err);

#endif
