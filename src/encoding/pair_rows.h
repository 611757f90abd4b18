/* Rows made ready for a pass over their pairs: brought into an order, centred and scaled so that a
 * metric becomes one formula of a squared Euclidean distance, or of differences. */
#ifndef GN_ENCODING_PAIR_ROWS_H
#define GN_ENCODING_PAIR_ROWS_H

#include "base/ctx.h"
#include "gonio/pairs.h"
#include "math/stats.h"

typedef struct gn_pair_rows {
    const gn_vec *vec;
    gn_pair_metric metric;
    size_t n, d;
    float *x;     /**< (n, d) */
    float *norm2; /**< (n + padding) squared lengths of x; 0 in the padding */
    double *norm; /**< NORM_DIFF: (n) lengths of the rows as they came */
    double bound; /**< no distance is larger */
} gn_pair_rows;

/** @param order (n) which row of a comes i-th, or NULL
 *  @param n_padded room of norm2, at least n
 *  @return as gn_pair_sums_new. */
gn_status gn_pair_rows_new(gn_ctx *ctx, gn_mat a, const int32_t *order, size_t n_padded,
                           gn_pair_metric metric, gn_pair_rows *out, gn_error *err);
void gn_pair_rows_free(gn_pair_rows *r);

/** True when distances come from products of rows. */
static inline bool gn_pair_products(gn_pair_metric metric) {
    return metric <= GN_PAIR_CORRELATION;
}
/** The distance of rows i and j from their differences, for the metrics of products too. */
double gn_pair_distance(const gn_pair_rows *r, size_t i, size_t j);
/** Strip of distances from row i to columns j ... j + width - 1, metrics without products. */
void gn_pair_strip(const gn_pair_rows *r, size_t i, size_t j, size_t width, float *out);

#endif
