/* The pass over the pairs of a layer and what is read off it, as one vector of estimates, so that
 * all of them get their standard errors the same way. */
#ifndef GN_REPORT_MLEM_PASS_H
#define GN_REPORT_MLEM_PASS_H

#include "gonio/pairs.h"

/* Places in the vector: of the whole, and f each of what every feature has. */
enum { GN_PASS_R2, GN_PASS_VARIANCE, GN_PASS_SPEARMAN, GN_PASS_SCALARS };
enum {
    GN_PASS_OWN, /* variance of x_k over pairs; 0: the feature is constant */
    GN_PASS_WEIGHT,
    GN_PASS_PFI,
    GN_PASS_RSA_PEARSON,
    GN_PASS_RSA_SPEARMAN,
    GN_PASS_DROP,
    GN_PASS_KINDS
};
static inline size_t gn_pass_at(int kind, size_t k, size_t f) {
    return GN_PASS_SCALARS + (size_t)kind * f + k;
}
static inline size_t gn_pass_size(size_t f) {
    return GN_PASS_SCALARS + GN_PASS_KINDS * f;
}

/** @param opts ranks: as the index allows; without them there is no Spearman
 *  @param ranked_weight (f) of the prediction whose ranks are correlated, or NULL: the fitted ones
 *  @param value (gn_pass_size(f)); NaN where there is nothing to measure
 *  @param unranked its code is GN_OK, or the message says why there is no rank correlation
 *  @return as gn_pair_sums_new. */
gn_status gn_pass_measure(gn_ctx *ctx, const gn_pair_index *index, gn_mat a,
                          const gn_pair_opts *opts, size_t f, const double *ranked_weight,
                          double *value, gn_error *unranked, gn_error *err);

/** What the errors of all layers share: ten patterns of pairs, without one group of rows each. */
typedef struct gn_pass_errors gn_pass_errors;
/** @param features at least GN_JACKKNIFE_ROWS rows; borrowed for its life.
 *  @return as gn_pair_index_new. */
gn_status gn_pass_errors_new(gn_ctx *ctx, const gn_features *features, gn_pass_errors **out,
                             gn_error *err);
void gn_pass_errors_free(gn_pass_errors *e);
/** Standard errors over rows: delete-a-group jackknife of all that gn_pass_measure gives, weights
 *  fitted again, but for the ranked prediction: `ranked_weight` (f), those of all rows. NaN where
 * leaving a group out leaves nothing to measure. The same bytes on any number of threads. @param se
 * (gn_pass_size(f)) @return as gn_pass_measure, without GN_EDATA. Ten passes. */
gn_status gn_pass_errors_of(gn_ctx *ctx, gn_pass_errors *e, gn_mat a, const gn_pair_opts *opts,
                            const double *ranked_weight, double *se, gn_error *err);

#endif
