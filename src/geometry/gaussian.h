/* Gaussian rows with a given mean and covariance: the null that has all second moments and nothing
 * else. */
#ifndef GN_GEOMETRY_GAUSSIAN_H
#define GN_GEOMETRY_GAUSSIAN_H

#include "base/ctx.h"

/** out (n, d) float32 = mean + E^T sqrt(l) z, z standard normal; rows i of equal seeds are equal.
 *  @param mean (d), covariance (d, d), both finite. @param stream of the context's seed.
 *  @return GN_OK; GN_ENOMEM; GN_ECANCEL; GN_EDATA (no eigenvalues). O(n d^2 + d^3). */
gn_status gn_gaussian_rows(gn_ctx *ctx, const double *mean, const double *covariance, size_t d,
                           size_t n, uint64_t stream, float *out, gn_error *err);

#endif
