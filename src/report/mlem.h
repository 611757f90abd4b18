/* Rows of MLEM that have files of their own. */
#ifndef GN_REPORT_MLEM_H
#define GN_REPORT_MLEM_H

#include "gonio/measure.h"

/** Rows of every unit alone, and of the layers reduced to their best units (opts->units,
 *  opts->top_units). */
gn_status gn_mlem_unit_rows(gn_ctx *ctx, const gn_reps *reps, const gn_mlem_design *design,
                            const gn_features *features, const gn_measure_mlem_opts *opts,
                            gn_result *result, gn_error *err);

/** Why a feature whose distance does not vary over pairs says nothing. */
const char *gn_mlem_constant(const gn_feature *feature);

/** Member g of the published grid of numbers of units, at most d: ends with d, again and again. */
size_t gn_mlem_top_k(size_t g, size_t d);

/** Units divided by their population deviation, as the first pipeline does it; a constant one
 *  becomes 0. @param room NULL, or what an earlier call for a matrix of this shape left there; free
 *  it in the end. */
gn_status gn_mlem_zscore(gn_mat *a, float **room, gn_error *err);

#endif
