/* Means of large sets, the eigenvalues of symmetric matrices and the singular values of small ones,
 * in float64. Each mean is one sum over rows in row order, so the number of threads changes no bit.
 * LAPACK runs single-threaded for the same reason. Second moments are in moments.h, which this
 * includes. */
#ifndef GN_MATH_LINALG_H
#define GN_MATH_LINALG_H

#include "base/ctx.h"
#include "math/moments.h"

/** Column means of x (n, d), n >= 1, of a floating type.
 *  @param mean (d) float64
 *  @return GN_OK; GN_EINVAL (empty, type); GN_EDATA naming row and column of the first NaN or
 *          infinity; GN_ENOMEM; GN_ECANCEL. O(n d). Threads over columns. */
gn_status gn_column_means(gn_ctx *ctx, gn_mat x, double *mean, gn_error *err);

/** Eigenvalues and, if asked for, eigenvectors of a symmetric matrix (LAPACK dsyevr).
 *  @param a (n, n), row-major; the lower triangle is read. Overwritten.
 *  @param values (n), descending.
 *  @param vectors NULL, or (n, n): row i is the unit eigenvector of values[i]; its sign makes the
 *                 component of largest magnitude (the first of equals) positive.
 *  @return GN_OK; GN_EINVAL (n = 0 or n > INT32_MAX / 32); GN_EDATA (NaN or infinity, with its
 *          place; or no convergence); GN_ENOMEM. O(n^3). OpenBLAS is set to one
 *          thread for the call and back afterwards, which is process-wide: call from one thread at
 *          a time, not from blocks of gn_parallel. */
gn_status gn_eigen_symmetric(double *a, size_t n, double *values, double *vectors, gn_error *err);
/** From now on OpenBLAS runs single-threaded in this process, and gn_eigen_symmetric has nothing to
 * set and set back: so several threads may call it at once. */
void gn_linalg_one_thread(void);

/** Singular values and vectors of a small square matrix, a = u diag(s) v^T (LAPACK dgesvd).
 *  @param a (n, n) row-major, finite; n <= 64.
 *  @param u, v_t (n, n): columns of u and rows of v_t are the singular vectors; @param s (n),
 *         descending.
 *  @return GN_OK; GN_EINVAL (n); GN_EDATA (no convergence); GN_ENOMEM. */
gn_status gn_svd_small(const double *a, size_t n, double *u, double *s, double *v_t, gn_error *err);

#endif
