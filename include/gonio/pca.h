/* gonio/pca.h: principal components, a few coordinates for each row. */
#ifndef GONIO_PCA_H
#define GONIO_PCA_H

#include "gonio/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Principal components (Pearson 1901; Hotelling 1933): the orthogonal directions of largest
 * variance around the mean. */
typedef struct gn_pca gn_pca;

/** Exact: all eigenvalues of the (d, d) covariance with divisor n - 1, in float64; no sampling, no
 *  iteration that stops early. From 131,072 rows on, of a type below float64, the covariance is
 *  summed in float64 from float32 products, which puts eigenvalues off by some 1e-8 of the largest. Each direction's sign makes its entry of largest magnitude (the
 * first of equals) positive, so that it depends on the data alone; directions of equal variance are
 *  arbitrary within their plane.
 *  @param x (n, d) of a floating type, n >= 2. Borrowed for the call.
 *  @param n_components how many directions are kept; 0: min(n - 1, d).
 *  @return GN_OK; GN_EINVAL (fewer than 2 rows, more components than min(n - 1, d)); GN_EDATA (NaN
 * or infinity, with row and column; all rows equal); GN_ENOMEM; GN_ECANCEL. n d^2 / 2 + O(d^3)
 * operations in one pass over the rows, 24 d^2 bytes. Same bits on any number of threads. */
GN_API gn_status gn_pca_fit(gn_ctx *ctx, gn_mat x, size_t n_components, gn_pca **out,
                            gn_error *err);
GN_API void gn_pca_free(gn_pca *pca);
GN_API size_t gn_pca_dims(const gn_pca *pca);
GN_API size_t gn_pca_components(const gn_pca *pca);
/** (d) the mean that was taken off; (components, d) the unit directions, row by row. */
GN_API const double *gn_pca_mean(const gn_pca *pca);
GN_API const double *gn_pca_directions(const gn_pca *pca);
/** Variance along direction i (the eigenvalue, not below 0), and its share of the total. */
GN_API double gn_pca_variance(const gn_pca *pca, size_t i);
GN_API double gn_pca_share(const gn_pca *pca, size_t i);
GN_API double gn_pca_total_variance(const gn_pca *pca);

/** Coordinates of rows, which need not be those of the fit: (row - mean) . direction.
 *  @param x (n, d) of a floating type.
 *  @param out (n, components) float64.
 *  @return GN_OK; GN_EINVAL (another d); GN_ENOMEM; GN_ECANCEL (`out` is then undefined). Threads
 *          over rows. */
GN_API gn_status gn_pca_project(gn_ctx *ctx, const gn_pca *pca, gn_mat x, double *out,
                                gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
