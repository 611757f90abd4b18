/* What is known of each row, in a file beside the vectors: TensorBoard's metadata.tsv.
 *
 * Its one surprise: a first line with a tab is a header, a first line without one is a row, so that
 * one column never has a name (it is called "label"). There is no quoting. */
#ifndef GN_IO_METADATA_H
#define GN_IO_METADATA_H

#include "io/labels.h"

typedef struct gn_metadata_column {
    char *name;
    gn_labels *label; /**< the cells as text; -1 where a cell is empty */
    double *number; /**< (rows), NaN where a cell is empty, when all others are numbers; or NULL */
} gn_metadata_column;

/** More columns than this are no description of rows: they are the vectors themselves. */
enum { GN_METADATA_COLUMNS = 4096 };

typedef struct gn_metadata {
    size_t rows, cols;
    gn_metadata_column *column; /**< (cols); a title that is empty is "column 3" */
    char *note;                 /**< NULL, or a sentence on what was passed over: cells, columns */
} gn_metadata;

/** @param rows how many the vectors have. A blank line is a row of empty cells when that makes the
 *         count right, and is passed over when that does. Short lines end in empty cells; what long
 *         ones have beyond the first line's cells is passed over, and of columns of one name all
 * but the last, both as TensorBoard does: the note says so.
 *  @param name what errors call the file.
 *  @return GN_OK; GN_EIO; GN_EDATA (another count, with the likely mistake; more than
 *          GN_METADATA_COLUMNS); GN_ENOMEM. */
gn_status gn_metadata_read(const char *path, size_t rows, const char *name, gn_metadata *out,
                           gn_error *err);
/** The same of bytes in memory. */
gn_status gn_metadata_parse(const char *text, size_t n, size_t rows, const char *name,
                            gn_metadata *out, gn_error *err);
/** {0} is fine. */
void gn_metadata_free(gn_metadata *m);

#endif
