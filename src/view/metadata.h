/* Metadata as TensorBoard's projector takes them: a line a row, tab-separated. */
#ifndef GN_VIEW_METADATA_H
#define GN_VIEW_METADATA_H

#include "view/source.h"

/** Reads columns for the rows of a source and puts them among its columns. The first line is a
 * header exactly when it contains a tab; a single column is called "label". An empty cell is
 * missing. Blank lines are rows without values where the count fits so, else they are skipped.
 *  @param n_columns receives how many there were.
 *  @return GN_OK; GN_EDATA (another number of rows: names the likely mistake; ragged lines; a name
 *          twice); GN_EIO; GN_ENOMEM. The source keeps its columns unless GN_OK is returned. */
gn_status gn_metadata_read(gn_source *s, const char *path, size_t *n_columns, gn_error *err);

#endif
