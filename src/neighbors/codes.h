/* The int8 copy of a layer and what it proves about each row. */
#ifndef GN_NEIGHBORS_CODES_H
#define GN_NEIGHBORS_CODES_H

#include "gonio/scan.h"
#include "math/knn.h"
#include "math/stats.h"

/** Row j lies within rest[j] of centre + step[j] * (scale o code_j), o column by column. */
struct gn_codes {
    size_t n, d, padded; /**< padded: bytes from one row's codes to the next, zeros behind d */
    int8_t *code;        /**< (n, padded) */
    double *step;        /**< (n) */
    double *length;      /**< (n) |step[j] * (scale o code_j)|, rounded up */
    double *rest;        /**< (n) rounded up */
    double *centre;      /**< (d) near the mean: any vector would do */
    double *scale;       /**< (d) in [2^-20, 1]: the columns' spreads, relative */
};

/** step[j] * (scale o code_j) into out (d). */
void gn_codes_offset(const gn_codes *codes, size_t j, double *out);

/** Row i of x in float64: a pointer into x, or `buf` filled. */
const double *gn_wide_row(const gn_vec *vec, gn_mat x, size_t i, double *buf);
/** |x|, without overflow or underflow on the way. */
double gn_row_length(const gn_vec *vec, const double *x, size_t d);
/** GN_EDATA that names the first column of row i that is not finite, or says that its length is
 *  too large. */
gn_status gn_row_unfit(gn_mat x, size_t i, double *buf, gn_error *err);
/** GN_EINVAL unless x has rows and columns (below 2^18) of a floating type. */
gn_status gn_scan_check(gn_mat x, gn_error *err);

/** Rows go through the parallel loops in blocks of so many. */
enum { GN_SCAN_BLOCK = 1024 };

#endif
