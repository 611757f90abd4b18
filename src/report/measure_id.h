/* Intrinsic dimension as rows: the parts that `survey`, `id` and `density` share. */
#ifndef GN_REPORT_MEASURE_ID_H
#define GN_REPORT_MEASURE_ID_H

#include "gonio/id.h"
#include "report/subset.h"

enum { GN_ID_MAX_SCALES = 16 };

typedef struct gn_id_rows_opts {
    size_t range_max; /**< of the Gride curve; 0: all stored neighbours */
    double fraction;  /**< a third line fit, on this share of the ratios; 0: none */
    bool dadapy;
} gn_id_rows_opts;

/** TwoNN in its variants and the Gride curve with its reported scale, from distances between
 *  distinct rows. @param twonn NULL, or receives the TwoNN estimate of the profile (at `fraction`
 *  where given, else at 0.9); its dim is NaN where there is none. */
gn_status gn_rows_twonn_gride(const gn_spot *at, const gn_knn *knn, const gn_id_rows_opts *opts,
                              gn_id_estimate *twonn, gn_error *err);
/** k*-Gride. @param alpha of the k* test; 0: the default. */
gn_status gn_rows_kstar_gride(gn_ctx *ctx, const gn_spot *at, const gn_knn *knn, double alpha,
                              gn_error *err);
/** The binomial dimension with its p-value. */
gn_status gn_rows_binomial(const gn_spot *at, const gn_knn *knn, const gn_binomial_opts *opts,
                           gn_error *err);

/** The scale at which the curves of all layers are flattest on average: the interior one with the
 *  least mean of |ln(D_(j+1) / D_(j-1))|; the first when curves are too short for that.
 *  @param dim (n_layers, n_scales), NaN where there is no value; a layer without the first has no
 *             curve and no say. @return its position; SIZE_MAX when no layer has a curve. */
size_t gn_common_scale(const double *dim, size_t n_layers, size_t n_scales);

/** The name of a line fit's variant: "base_0.9". */
void gn_twonn_variant(double fraction, char out[32]);

#endif
