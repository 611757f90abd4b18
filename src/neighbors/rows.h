/* The rows whose neighbours are wanted, as the metric sees them: row i stands for
 * factor(i) * x[i], where the factor is
 *
 *   Euclidean   one power of two for all, so that the largest |value| lies in [1/2, 1]. It is exact
 *               and keeps every square far from overflow and underflow, whatever the input's scale.
 *   cosine      1 / |x[i]|: then 1 - cos(x, y) = |x/|x| - y/|y||^2 / 2, measured from differences.
 *               Parallel rows differ by the rounding of their norms alone; what lies below that
 *               noise counts as zero, so that parallel rows tie.
 *
 * When rows repeat, only the distinct ones are wanted; when some rows ask for neighbours, only
 * those: they are picked from the matrix as it lies, not copied. Rows that ask and rows that answer
 * may come from two matrices: then both are seen with one scale and measured from one middle. */
#ifndef GN_NEIGHBORS_ROWS_H
#define GN_NEIGHBORS_ROWS_H

#include "gonio/neighbors.h"
#include "math/knn.h"

typedef struct gn_rows {
    gn_mat x;
    size_t n;           /**< rows wanted */
    const int32_t *row; /**< (n) their numbers in x, borrowed; NULL: all of them */
    gn_metric metric;
    const gn_knn_kernels *kernels;
    double scale;       /**< Euclidean: the common factor */
    double *factor;     /**< cosine: (n), owned; else NULL */
    double *mean;       /**< (cols) of the scaled rows that answer; owned by them */
    bool borrowed_mean; /**< these rows only ask */
} gn_rows;

/** Squared scaled distances at or below this are rounding noise (cosine) and count as zero. */
#define GN_COSINE_NOISE 0x1p-96

/** Checks every value, finds factors and mean. The caller has set x, n, row and metric of both; the
 *  rest is filled.
 *  @param queries NULL when the rows of `base` ask among themselves. Free it before `base`.
 *  @return GN_OK; GN_EDATA; GN_ENOMEM; GN_ECANCEL: both are to be freed in any case. */
gn_status gn_rows_prepare(gn_ctx *ctx, gn_rows *base, gn_rows *queries, gn_error *err);
void gn_rows_free(gn_rows *rows);

static inline double gn_rows_factor(const gn_rows *r, size_t i) {
    return r->factor ? r->factor[i] : r->scale;
}
/** The row of x that is row i here. */
static inline size_t gn_rows_number(const gn_rows *r, size_t i) {
    return r->row ? (size_t)r->row[i] : i;
}
/** Row i times its factor into out (cols). */
void gn_rows_get(const gn_rows *r, size_t i, double *out);
/** Squared distance of row j to `x`, a row from gn_rows_get. Never NaN. The same bits on every
 *  instruction set, and the same for (i, j) as for (j, i). */
double gn_rows_distance(const gn_rows *r, const double *x, size_t j);
/** What users are told for a squared scaled distance: |x - y|, or 1 - cos(x, y). */
double gn_rows_public(const gn_rows *r, double squared);
/** First byte of row j, for prefetching. */
const char *gn_rows_address(const gn_rows *r, size_t j);

#endif
