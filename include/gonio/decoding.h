/* gonio/decoding.h: can a classifier read a feature off the representations? The baseline beside
 * MLEM: it saturates (AUC 1 for nearly every feature of nearly every layer), so it says that a
 * feature is there, not how much of the geometry it shapes. */
#ifndef GONIO_DECODING_H
#define GONIO_DECODING_H

#include "gonio/features.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gn_decoder {
    GN_DECODE_RIDGE = 0, /**< ridge regression on 0/1 targets: one decomposition a fold serves all
                              features, classes and penalties; penalty by leave-one-out error */
    GN_DECODE_LOGISTIC,  /**< the first MLEM pipeline: logistic regression, one class against the
                              rest, balanced class weights, penalty among 10 by inner folds */
} gn_decoder;
/** "ridge", "logistic". */
GN_API const char *gn_decoder_name(gn_decoder decoder);

typedef struct gn_decoding_opts {
    gn_decoder decoder;
    size_t n_folds;     /**< outer folds; 0 means 3 */
    bool missing_class; /**< a missing value is a class of its own (the first pipeline's rule); else
                             rows without a value are left out of the feature's training (logistic)
                             and scores (both) */
} gn_decoding_opts;

typedef struct gn_decoding {
    double auc; /**< area under the ROC curve, of each class against the rest, weighted by the
                     classes' frequencies in the held-out fold; mean over folds. NaN: no fold could
                     be scored (one class only) */
    double sd;  /**< over folds, divisor n_folds */
    double sem; /**< sd / sqrt(n_folds) */
    double p;   /**< 2 Phi(-|auc - 0.5| / sem), as the first pipeline has it; 1 without folds. Three
                     folds are few: read it as a habit of the field, not as a test */
    size_t n, n_classes;
} gn_decoding;

/** Decodes every feature from the rows of `a`, in cross-validation by rows. Numbers count as
 *  classes, too.
 *  @param a (n, d) of a floating type, n the table's rows; finite
 *  @param opts NULL for the defaults. Folds are shuffled by the context's seed; logistic folds are
 *              stratified by class, ridge folds are the same for all features.
 *  @param out (n_features)
 *  @param fold_auc NULL, or (n_features, n_folds): NaN where a fold has one class only
 *  @return GN_OK; GN_EINVAL (rows, folds); GN_EDATA (NaN or infinity, named); GN_ENOMEM;
 *          GN_ECANCEL. Ridge: one eigendecomposition of min(n, d) a fold. Logistic: 90 fits a class
 *          and outer fold. Threads over features; deterministic. */
GN_API gn_status gn_decode(gn_ctx *ctx, gn_mat a, const gn_features *features,
                           const gn_decoding_opts *opts, gn_decoding *out, double *fold_auc,
                           gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
