/* Principal components from moments that are there already, and coordinates around any mean. */
#ifndef GN_PROJECTION_PCA_H
#define GN_PROJECTION_PCA_H

#include "gonio/pca.h"

/** The k leading directions of a covariance.
 *  @param covariance (d, d), overwritten; @param mean (d), copied; @param rows for messages.
 *  @return GN_OK; GN_EDATA (no variance, not finite); GN_ENOMEM. */
gn_status gn_pca_from_moments(double *covariance, const double *mean, size_t rows, size_t d,
                              size_t k, gn_pca **out, gn_error *err);
/** gn_pca_project of the components which[0], ..., each below gn_pca_components, alone.
 *  @param mean (d) around which; NULL: the fit's. @param out (n, k)
 *  @param total NULL, or receives the squared distances of the rows from their own mean, summed. */
gn_status gn_pca_project_some(gn_ctx *ctx, const gn_pca *pca, const double *mean,
                              const size_t *which, size_t k, gn_mat x, double *out, double *total,
                              gn_error *err);
/** The same of all components. */
gn_status gn_pca_project_around(gn_ctx *ctx, const gn_pca *pca, const double *mean, gn_mat x,
                                double *out, double *total, gn_error *err);

#endif
