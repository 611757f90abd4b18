/* gonio/mlem_v2.h: the second published MLEM implementation (a learned metric, 2025), in closed
 * form and, to show that the closed form is what it looks for, by its own stochastic search.
 *
 * It maximises the correlation of "soft ranks" of sum_k w_k z_k, z_k the squared distance on
 * feature k, and of the min-max scaled squared distance, over random pairs, |w| = 1, w >= 0. At its
 * default regularisation soft ranks are the values themselves, shifted (they only rank when the
 * values span more than half of the batch size), so the loss is Pearson's correlation; the scaling
 * is affine once a row was drawn with itself; and the weights of largest correlation are those of
 * non-negative least squares, scaled. No step size, batch size or seed is left. */
#ifndef GONIO_MLEM_V2_H
#define GONIO_MLEM_V2_H

#include "gonio/features.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gn_v2_opts {
    size_t max_steps; /**< 0 means 1000 */
    size_t patience;  /**< steps without a better batch; 0 means 50 */
    double rate;      /**< step size of AdamW; 0 means 0.1 */
    size_t batch;     /**< pairs of a batch; 0: by the published rule (16 trials, 0.01, 1.2) */
} gn_v2_opts;

typedef struct gn_v2_fit {
    double pearson;      /**< of prediction and squared distance over all ordered pairs, rows with
                              themselves included, which is the law that batches are drawn by */
    size_t batch, steps; /**< of the search; 0 for the closed form */
} gn_v2_fit;

/** Squared Euclidean distances of the rows of `a` (n, d); features by their distances, squared.
 *  @param weight (f) of unit length; 0 where no correlation is positive
 *  @return GN_OK; GN_EINVAL (rows); GN_ENOSUPP (too many patterns); GN_EDATA (NaN or infinity; all
 *          rows the same); GN_ENOMEM; GN_ECANCEL. One pass over all pairs. */
GN_API gn_status gn_v2_closed(gn_ctx *ctx, gn_mat a, const gn_features *features, double *weight,
                              gn_v2_fit *out, gn_error *err);

/** The stochastic search: AdamW on softplus weights, a fresh batch a step, the last step's weights
 *  (the published code means to keep the best and keeps the last). Drawn with the context's seed.
 */
GN_API gn_status gn_v2_search(gn_ctx *ctx, gn_mat a, const gn_features *features,
                              const gn_v2_opts *opts, double *weight, gn_v2_fit *out,
                              gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
