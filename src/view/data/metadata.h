/* Metadata that arrive when a source is open already: dropped on the page. */
#ifndef GN_VIEW_METADATA_H
#define GN_VIEW_METADATA_H

#include "view/data/source.h"

/** Reads a metadata.tsv (io/metadata.h) for the rows of a source and puts its columns among the
 *  source's.
 *  What the file's reader passed over becomes the source's warning.
 *  @param name what errors call the file.
 *  @param n_columns receives how many there were.
 *  @return as gn_metadata_read. The source keeps its columns unless GN_OK is returned. */
gn_status gn_source_add_metadata(gn_source *s, const char *path, const char *name,
                                 size_t *n_columns, gn_error *err);

#endif
