/* Second moments of large sets, and float64 linear maps of blocks of rows. Threads change no bit.
 */
#ifndef GN_MATH_MOMENTS_H
#define GN_MATH_MOMENTS_H

#include "base/ctx.h"
#include "math/stats.h"

/** out = sum over rows of (x - mean) (x - mean)^T / divisor, exactly symmetric.
 *  @param x (n, d) of a floating type, n, d >= 1; finite (gn_column_means has checked it).
 *  @param mean (d), or NULL for none (the Gram matrix of the columns, X^T X).
 *  @param divisor n for the population covariance, n - 1 for the unbiased one, 1 for plain sums.
 *  @param out (d, d) float64
 *  @return GN_OK; GN_EINVAL (empty, type, divisor <= 0); GN_ENOMEM; GN_ECANCEL.
 *          n d^2 / 2 multiply-adds; 8 (d^2 + max(2^20, 128 d)) bytes of scratch. */
gn_status gn_second_moments(gn_ctx *ctx, gn_mat x, const double *mean, double divisor, double *out,
                            gn_error *err);

/** Column means (d) and covariance (d, d) of x, from one pass over its rows.
 *  @param divisor as above.
 *  @return GN_OK; GN_EINVAL (empty, type, divisor <= 0); GN_EDATA naming row and column of the
 *          first NaN or infinity; GN_ENOMEM; GN_ECANCEL. From 131,072 rows on, of a type below
 *          float64, from float32 products: see gn_rows_moments_f32. */
gn_status gn_covariance(gn_ctx *ctx, gn_mat x, double divisor, double *mean, double *covariance,
                        gn_error *err);

/** Rows that are not a matrix in memory: a selection, a repaired layer, random numbers. */
typedef struct gn_rows {
    size_t n, d;
    void *user;
    /** Fills out (k, d) with rows [i0, i0 + k), k <= 64. Any row may be asked for more than once.
     */
    void (*load)(void *user, size_t i0, size_t k, unsigned worker, double *out);
    double *sum; /**< NULL, or (d) receives the sum of the rows from the same pass */
} gn_rows;
/** gn_second_moments of such rows, n, d >= 1, which must be finite. */
gn_status gn_rows_moments(gn_ctx *ctx, const gn_rows *rows, const double *mean, double divisor,
                          double *out, gn_error *err);

/** The same from float32 products of the centred rows: an element is off by about 2e-7 / sqrt(n /
 *  256) of sqrt(C_aa C_bb). For sets of many rows, where that is next to nothing. */
gn_status gn_rows_moments_f32(gn_ctx *ctx, const gn_rows *rows, const double *mean, double divisor,
                              double *out, gn_error *err);

/** Whether the second moments of n rows of this type are taken from float32 products: from 131,072
 *  on, of a type below float64. */
bool gn_rows_round(size_t n, gn_dtype dtype);
/** Column means (d) and covariance (d, d) from one pass over the rows (n, d >= 1; rows->sum is not
 *  used), around an estimate of the means from 4,096 of them.
 *  @param finite receives false, and the others nothing of use, where a value or a square is not
 *         finite: the caller finds out which.
 *  @return GN_OK; GN_ENOMEM; GN_ECANCEL. */
gn_status gn_rows_covariance(gn_ctx *ctx, const gn_rows *rows, bool rounded, double divisor,
                             double *mean, double *covariance, bool *finite, gn_error *err);

/** The rows of a matrix as gn_rows: `user` and `load`. */
typedef struct gn_matrix_rows {
    gn_mat x;
    const gn_vec *vec;
} gn_matrix_rows;
void gn_matrix_rows_load(void *user, size_t i0, size_t k, unsigned worker, double *out);
/** GN_EINVAL where x is empty or not of a floating type, or the divisor not positive. */
gn_status gn_moments_check(gn_mat x, double divisor, gn_error *err);

/** y = M x for many rows x: M packed once. */
typedef struct gn_linear_map gn_linear_map;
/** @param matrix (m, k), m, k >= 1, finite. @return GN_OK; GN_ENOMEM. */
gn_status gn_linear_map_new(gn_cpu cpu, const double *matrix, size_t m, size_t k,
                            gn_linear_map **out, gn_error *err);
void gn_linear_map_free(gn_linear_map *map);
/** Doubles of scratch that gn_linear_map_run needs; the same for any map of k columns. */
size_t gn_linear_map_scratch(const gn_linear_map *map);
size_t gn_linear_map_scratch_of(size_t k);
/** y (n, m) = x (n, k) M^T; single-threaded. An upper triangular M takes about half the time. Each
 * element is one sum over k in order: a row has the same bits alone and in any batch. y must not
 * overlap x. */
void gn_linear_map_run(const gn_linear_map *map, const double *x, size_t n, double *y,
                       double *scratch);

#endif
