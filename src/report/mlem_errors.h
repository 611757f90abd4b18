/* The baselines of a layer that have no formula for their error, and their errors over rows. */
#ifndef GN_REPORT_MLEM_ERRORS_H
#define GN_REPORT_MLEM_ERRORS_H

#include "gonio/baselines.h"

enum { GN_R2_ROWS = 10 }; /* five folds of two */
enum { GN_R2_MEAN, GN_R2_MIN, GN_R2_MEDIAN, GN_R2_MAX, GN_R2_KINDS };

typedef struct gn_baseline_values {
    gn_layer_baselines layer;     /**< .cka is the caller's (f) */
    double encoding[GN_R2_KINDS]; /**< of units; NaN: all are constant, or too few rows */
} gn_baseline_values;

/** CKA, reliability and encoding of one layer, and the standard errors of the same: delete-a-group
 *  jackknife over rows. Errors are NaN below 20 rows and where leaving a group out leaves nothing
 * to measure. @return as gn_layer_baselines_measure and gn_encoding_r2. 11 times their cost. */
gn_status gn_baselines_with_errors(gn_ctx *ctx, gn_mat a, const gn_features *features,
                                   gn_baseline_values *value, gn_baseline_values *se,
                                   gn_error *err);

#endif
