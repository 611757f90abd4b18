/* --rows: which rows of a set, in a small language. */
#ifndef GONIO_CLI_ROW_LIST_H
#define GONIO_CLI_ROW_LIST_H

#include "gonio/reps.h"

/** The rows that `spec` names, in its order:
 *
 *     7,10,-1          single rows, -1 is the last one
 *     0:1000           from 0 up to, not including, 1000; either end may be left out
 *     0:1000:10        every tenth of them; parts are separated by commas
 *     LABEL=VALUE      rows whose label is VALUE: a column of the set, or a label file
 *     position=P       rows at that place of their sequence, the first is 0
 *     FILE.npy         a column of row numbers (any matrix that gonio reads)
 *
 *  @param rows free() it; at least one row.
 *  @return GN_OK; GN_EINVAL (not such a list, a row that is not there, no row); whatever opening
 * the file returns; GN_ENOMEM. */
gn_status cli_row_list(const gn_reps *reps, const char *spec, int32_t **rows, size_t *n,
                       gn_error *err);

#endif
