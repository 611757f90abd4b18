/* gonio/lid.h: the local dimension around each point, and what else neighbours and pairs of points
 * say about a cloud: hubs, correlation dimension, uniformity and alignment. */
#ifndef GONIO_LID_H
#define GONIO_LID_H

#include "gonio/base.h"
#include "gonio/neighbors.h"

#ifdef __cplusplus
extern "C" {
#endif

/** With L = sum over the m positive distances r_1 <= ... <= r_m among the k nearest of
 *  ln(r_m / r_j), the dimension at a point is: */
typedef enum gn_lid_variant {
    GN_LID_UNBIASED = 0,  /**< (m - 2) / L: expectation D where the density is constant */
    GN_LID_LEVINA_BICKEL, /**< (m - 1) / L: Levina & Bickel, NIPS 2004 */
    GN_LID_AMSALEG,       /**< m / L: Amsaleg et al., KDD 2015 */
    GN_LID_CAI2021,       /**< as the scripts of Cai et al., ICLR 2021, print it: the squares of
                               all k distances, m = k, so half of Amsaleg's value; a zero distance
                               makes it 0, k equal ones make it `dim`, k zeros leave it out */
} gn_lid_variant;

/** "unbiased", "levina_bickel", "amsaleg", "cai2021"; NULL for anything else. */
GN_API const char *gn_lid_variant_name(gn_lid_variant variant);

typedef struct gn_lid_opts {
    size_t k; /**< neighbours used, 3 to the table's columns; 0: all columns */
    gn_lid_variant variant;
    bool squared; /**< entries are squares of distances up to a factor (1 - cos is half a squared
                       chord): logarithms are halved, for GN_LID_CAI2021 taken as they are after
                       its floor of 1e-8 */
    double dim;   /**< columns of the data: what GN_LID_CAI2021 puts for an infinite value */
} gn_lid_opts;

typedef struct gn_lid_summary {
    double mean, sd; /**< over points, sd with divisor n */
    double mean_se;  /**< sd / sqrt(n); neighbourhoods overlap, yet the scatter of repeated samples
                          is 0.9 to 1.4 times this, for k = 20 and 100 alike */
    double harmonic; /**< harmonic mean (MacKay & Ghahramani 2005) of the Levina-Bickel values:
                          unbiased; of its own values for GN_LID_CAI2021 */
    double harmonic_se; /**< by the same rule */
    size_t n;           /**< points with a value */
    size_t
        n_undefined;  /**< points without: fewer than 3 positive distances, or all of them equal */
    size_t n_zero;    /**< zero distances among the k nearest of all points: skipped */
    size_t n_touched; /**< points that have such a neighbour */
} gn_lid_summary;

/** Local dimension of every point from the distances to its neighbours.
 *  @param dist (n, k) float32 or float64, finite, not negative, ascending in each row.
 *  @param value NULL, or (n) receives each point's dimension, NaN where undefined.
 *  @return GN_OK; GN_EINVAL (shape, k, variant); GN_EDATA (a bad distance, with its place; no point
 *          has a value); GN_ENOMEM. O(n k). */
GN_API gn_status gn_lid(gn_mat dist, const gn_lid_opts *opts, double *value, gn_lid_summary *out,
                        gn_error *err);

/** ln 2 / ln(r_k / r_h), h = k / 2 (k even): Farahmand, Szepesvari, Audibert, ICML 2007. The
 * summary is of these values; `harmonic` is h's ratio estimate ln 2 / mean ln(r_k / r_h). Points
 * with r_h = 0 or r_h = r_k are undefined.
 *  @return as gn_lid. */
GN_API gn_status gn_lid_local_knn(gn_mat dist, const gn_lid_opts *opts, gn_lid_summary *out,
                                  gn_error *err);

/** How unevenly points serve as neighbours: Radovanovic, Nanopoulos, Ivanovic, JMLR 11 (2010). */
typedef struct gn_hubness {
    double skewness;     /**< of N_k(j), the number of points with j among their k nearest */
    double skewness_se;  /**< delete-one jackknife over the points j */
    double max;          /**< largest N_k */
    double orphan_share; /**< share of points that are nobody's neighbour */
    size_t n, k;
} gn_hubness;

/** @param k 1 to knn->k. @param occurrence NULL, or (n) receives N_k.
 *  @return GN_OK; GN_EINVAL (k, n < 3); GN_EDATA (a bad index; all N_k equal gives skewness NaN,
 *          not an error); GN_ENOMEM. O(n k). */
GN_API gn_status gn_hubness_compute(const gn_knn *knn, size_t k, int32_t *occurrence,
                                    gn_hubness *out, gn_error *err);

/** An estimate from pairs of points. */
typedef struct gn_pair_estimate {
    double value, se;
    double scale;   /**< correlation dimension: the radius; else 0 */
    size_t n_rows;  /**< rows whose pairs entered */
    double n_pairs; /**< pairs that entered */
} gn_pair_estimate;

typedef struct gn_pair_opts {
    size_t sample;           /**< rows whose pairs are looked at, all of them above n; 0: 4,000 */
    const int32_t *sequence; /**< (n) unit of the error bar; NULL: every row its own */
    double share;            /**< correlation dimension: of pairs below its radius; 0: 0.01 */
} gn_pair_opts;

/** Correlation dimension: the slope of ln C(r) (Grassberger & Procaccia, Physica D 9, 1983), fitted
 *  by maximum likelihood below one radius r_0 (Takens 1985): -1 / mean ln(r_ij / r_0) over the
 * pairs with 0 < r_ij < r_0, r_0 below which the share `share` of all pairs lies. Delete-one
 * jackknife over sequences at fixed r_0. Pairs at distance 0 are left out.
 *  @return GN_OK; GN_EINVAL (fewer than 3 rows, share not in (0, 1)); GN_EDATA (NaN or infinite
 *          value; too few distinct distances below r_0); GN_ENOMEM; GN_ECANCEL. A seeded sample of
 *          m rows, m^2 d / 2 differences, 2 m^2 bytes. */
GN_API gn_status gn_correlation_dimension(gn_ctx *ctx, gn_mat x, const gn_pair_opts *opts,
                                          gn_pair_estimate *out, gn_error *err);

/** Uniformity: ln mean exp(-2 |u - v|^2) over pairs of different rows, u = x / |x|: Wang & Isola,
 *  ICML 2020. 0 when all rows point the same way; exp(-4) = 0.018 for right angles gives -4. The
 *  error bar is that of a U-statistic, over sequences.
 *  @return as above; also GN_EDATA for a zero vector, with its row. */
GN_API gn_status gn_uniformity(gn_ctx *ctx, gn_mat x, const gn_pair_opts *opts,
                               gn_pair_estimate *out, gn_error *err);

/** Alignment: the mean of |u - v|^2 over all pairs of rows of one type (Wang & Isola's E over
 *  positive pairs). Exact, from sums of unit vectors. `by_type`: each type counts once, whatever
 * its number of pairs; that is 2 - 2 intra-type cosine. The error bar is a jackknife over types.
 *  @param type (n); negative: a type of its own. @param out value NaN when no type occurs twice.
 *  @return GN_OK; GN_EINVAL; GN_EDATA; GN_ENOMEM. O(n d). */
GN_API gn_status gn_alignment(gn_mat x, const int32_t *type, bool by_type, gn_pair_estimate *out,
                              gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
