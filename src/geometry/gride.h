/* The likelihood of generalised distance ratios, shared by the Gride curve (one pair of ranks for
 * all points) and k*-Gride (a pair for each point). The formulas are at the head of gride.c. */
#ifndef GN_GEOMETRY_GRIDE_H
#define GN_GEOMETRY_GRIDE_H

#include "gonio/id.h"

/** mu = r_n2 / r_n1 of one point. */
typedef struct gn_ratio {
    double log_mu;
    double extra; /**< n2 - n1 - 1 */
    double last;  /**< n2 - 1 */
} gn_ratio;

/** A ratio of ranks n1 < n2; a quotient of 1 becomes the smallest that can be told from it. */
gn_ratio gn_ratio_new(double log_mu, size_t n1, size_t n2);

/** Dimension and standard error of n ratios; NaN where no dimension in [0.001, 1000] explains them.
 *  .n counts those left by the outlier filter; .scale is not written.
 *  @param kept (n), @param sorted (n): scratch. */
void gn_gride_estimate(const gn_ratio *ratio, size_t n, gn_ratio *kept, double *sorted,
                       gn_id_estimate *out);

#endif
