/* Layers against layers as rows: the part that `survey` and `imbalance` share. */
#ifndef GN_REPORT_MEASURE_IMBALANCE_H
#define GN_REPORT_MEASURE_IMBALANCE_H

#include "report/subset.h"

/** Information imbalance between all pairs of the set's layers in both directions, k = 1, on a
 *  seeded sample of at most max_rows rows. @param set name in the rows; NULL: the set's own.
 *  A neighbour search and a pass of ranks for each layer, O(rows^2 d). */
gn_status gn_rows_imbalance(gn_ctx *ctx, const gn_reps *reps, const char *set, size_t max_rows,
                            gn_result *result, gn_error *err);

#endif
