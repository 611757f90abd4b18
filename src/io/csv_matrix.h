/* Numbers in CSV and TSV files as a float64 array. */
#ifndef GN_IO_CSV_MATRIX_H
#define GN_IO_CSV_MATRIX_H

#include "io/array.h"

/** ',' or '\t' by the file's name (.csv, .tsv, with or without .gz), 0 for any other. */
char gn_csv_separator(const char *path);
/** Reads a file into `out` (rows, cols), float64. A first line that is not all numbers is a header.
 *  Blank lines are skipped where there is more than one column.
 *  @return GN_OK; GN_EIO; GN_EDATA (ragged, not a number, no rows; line and column from 1). */
gn_status gn_csv_matrix(const char *path, gn_array *out, gn_error *err);
/** The same of bytes in memory. */
gn_status gn_csv_matrix_parse(const void *bytes, size_t n, char separator, const char *name,
                              gn_array *out, gn_error *err);
/** A file's bytes, mapped, or inflated when it is gzip: `*text` and `*n` point into one of the two
 *  others, which the caller closes and frees. */
gn_status gn_open_text(const char *path, gn_map *map, char **inflated, const char **text, size_t *n,
                       gn_error *err);

#endif
