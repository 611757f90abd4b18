/* Parts of the survey that have commands of their own, in brief: one layer's isotropy, local
 * dimension and clusters as rows. Names and numbers are those of `gonio isotropy`, `lid`,
 * `cluster`. */
#ifndef GN_REPORT_SURVEY_PARTS_H
#define GN_REPORT_SURVEY_PARTS_H

#include "report/subset.h"

/** Cosines, norms, the covariance's spectrum, the largest coordinate's share of the mean cosine; a
 *  second time without the rows at position 0 where `later` (n_later) names the others. */
gn_status gn_survey_isotropy(gn_ctx *ctx, const gn_spot *at, const int32_t *later, size_t n_later,
                             gn_error *err);

/** Local dimension from all stored neighbours of the distinct rows. O(n k). */
gn_status gn_survey_lid(const gn_spot *at, const gn_neighbors *found, gn_error *err);

/** The number of k-means clusters of these rows, and whether a Gaussian cloud of the same
 * covariance shows as good ones: k = 2 ... 10, few restarts and draws, for it is a look, not a
 * study. */
gn_status gn_survey_clusters(gn_ctx *ctx, const gn_spot *at, const gn_subset *rows, gn_error *err);

#endif
