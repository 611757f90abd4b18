/* Rows of MLEM that have files of their own. */
#ifndef GN_REPORT_MLEM_H
#define GN_REPORT_MLEM_H

#include "gonio/measure.h"

/** Rows of every unit alone, and of the layers reduced to their best units (opts->units,
 *  opts->top_units). */
gn_status gn_mlem_unit_rows(gn_ctx *ctx, const gn_reps *reps, const gn_mlem_design *design,
                            const gn_features *features, const gn_measure_mlem_opts *opts,
                            gn_result *result, gn_error *err);

#endif
