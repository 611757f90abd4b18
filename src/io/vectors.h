/* Vectors as text, the way other tools exchange them: TensorBoard's tensors.tsv (tabs between the
 * numbers, a label first if it likes) and GloVe or word2vec (a word, then numbers, blanks between;
 * word2vec begins with a line "ROWS COLUMNS").
 *
 * A file of BERT's word table is 491 MB of digits, so lines are found and read in parallel blocks,
 * and a number of up to 19 digits is one integer times an exact power of ten; only what that cannot
 * round correctly goes the slow way. */
#ifndef GN_IO_VECTORS_H
#define GN_IO_VECTORS_H

#include "io/labels.h"

typedef struct gn_vectors {
    size_t rows, cols;
    float *value;     /**< (rows, cols) */
    gn_labels *label; /**< the first cells, when they are no numbers; else NULL */
} gn_vectors;

/** The first line decides: with a tab in it, cells end at tabs, else at blanks; whether a label
 *  comes first; how many numbers follow. A label may contain blanks (GloVe has some): the numbers
 *  are a line's last. Blank lines are skipped. gzip is read, too.
 *  @return GN_OK; GN_EIO; GN_EDATA (no rows, too few numbers, no number; with its line);
 *          GN_ENOMEM; GN_ECANCEL. */
gn_status gn_vectors_read(gn_ctx *ctx, const char *path, gn_vectors *out, gn_error *err);
/** The same of bytes in memory. */
gn_status gn_vectors_parse(gn_ctx *ctx, const char *text, size_t n, const char *name,
                           gn_vectors *out, gn_error *err);
/** Counts without reading numbers beyond the first line: sets rows and cols of `out`, nothing else.
 *  @return as gn_vectors_parse; lines that it would refuse are not seen. */
gn_status gn_vectors_measure(gn_ctx *ctx, const char *text, size_t n, const char *name,
                             gn_vectors *out, gn_error *err);
/** {0} is fine. */
void gn_vectors_free(gn_vectors *v);

#endif
