/* The float32 filter: what it stores about every row, and what its numbers prove. The reasoning is
 * at the head of filter.c. Rows are cut into blocks of `block` rows, fixed by the data and the
 * kernel; a block holds whole A panels and whole B panels. */
#ifndef GN_NEIGHBORS_FILTER_H
#define GN_NEIGHBORS_FILTER_H

#include "math/gemm.h"
#include "neighbors/rows.h"

typedef struct gn_filter {
    const gn_rows *rows;
    const gn_gemm *gemm;
    size_t n, k_padded, block, n_blocks;
    size_t a_bytes, b_bytes; /**< one panel */
    char *a, *b;             /**< packed panels of all rows; NULL: not wanted */
    float *norm;             /**< (n_blocks * block) |a|^2; +infinity behind the last row */
    double *length;          /**< (n) |a|, rounded up */
    double *residual;        /**< (n) |y - a|, rounded up */
    double *block_length, *block_residual; /**< (n_blocks) largest of each block */
    double max_length, max_residual;
    double relative; /**< error of a tile's element, relative to |a_i||a_j| */
    double absolute; /**< and the part that does not shrink with them */
} gn_filter;

/** Rows that ask are packed as A panels, rows that answer as B panels. */
enum { GN_ASKS = 1, GN_ANSWERS = 2 };

/** Packs all rows. @param block_rows about how many rows a block has; 0: chosen. */
gn_status gn_filter_new(gn_ctx *ctx, const gn_rows *rows, const gn_gemm *gemm, size_t block_rows,
                        int roles, gn_filter *out, gn_error *err);
void gn_filter_free(gn_filter *f);

/** Row i of the packed set as float32 (cols), and its residual norm. `wide` is scratch (cols). */
double gn_filter_row(const gn_filter *f, size_t i, double *wide, float *out);

/** A value above this, for row i and any row with at most this length and residual, proves that
 *  their squared distance is above `bound`. That row may be of another set with the same mean. */
float gn_filter_limit(const gn_filter *f, size_t i, double bound, double length, double residual);
/** Bounds of the squared distance of row i and such a row from their value. */
double gn_filter_upper(const gn_filter *f, size_t i, double length, double residual, float value);
double gn_filter_lower(const gn_filter *f, size_t i, double length, double residual, float value);

static inline const char *gn_filter_a(const gn_filter *f, size_t row) {
    return f->a + row / f->gemm->mr * f->a_bytes;
}
static inline const char *gn_filter_b(const gn_filter *f, size_t row) {
    return f->b + row / f->gemm->nr * f->b_bytes;
}

#endif
