/* gonio/imbalance.h: does nearness in one representation predict nearness in another? */
#ifndef GONIO_IMBALANCE_H
#define GONIO_IMBALANCE_H

#include "gonio/base.h"
#include "gonio/neighbors.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gn_ranks_opts {
    gn_metric metric;
    const char *task; /**< name shown by the progress hook; NULL: "ranks" */
} gn_ranks_opts;

/** Exact ranks: which neighbour of row i is row target[i, t]? The nearest other row has rank 1;
 * ties by (distance, index), so that ranks agree with gn_knn_compute's lists.
 *  @param target (n, m) other rows of x. @param rank (n, m).
 *  @param opts NULL for the defaults.
 *  @return GN_OK; GN_EINVAL (n < 2, n > INT32_MAX, m = 0, a target that is no other row, type,
 *          columns); GN_EDATA as gn_knn_compute; GN_ENOMEM; GN_ECANCEL.
 *  O(n^2 (d + m)) time, one pass for all targets; memory: two packed float32 copies of x, and
 *  40 m bytes for each row of a block. The same on any number of threads. */
GN_API gn_status gn_ranks_compute(gn_ctx *ctx, gn_mat x, const int32_t *target, size_t m,
                                  const gn_ranks_opts *opts, int32_t *rank, gn_error *err);

typedef struct gn_imbalance {
    double value;
    double se; /**< sd over points / sqrt(n): points as independent draws, a lower bound */
    size_t n;
} gn_imbalance;

/** Information imbalance Delta(A -> B) = 2 / n times the mean rank in B of the k nearest neighbours
 *  in A: Glielmo, Zeni, Cheng, Csanyi, Laio, PNAS Nexus 1:pgac039 (2022). 0: A predicts B; 1:
 *  unrelated; Delta(A -> A) = (k + 1) / n. All ranks are exact and nothing is subsampled
 *  (documented deviation: DADApy fills far ranks with random numbers).
 *  @param rank (n, stride): the first k of each row are the ranks in B of A's nearest, in order.
 *  @return GN_OK; GN_EINVAL (n < 2, k = 0, k > stride); GN_EDATA (a rank outside 1 ... n - 1);
 *          GN_ENOMEM. */
GN_API gn_status gn_imbalance_from_ranks(const int32_t *rank, size_t n, size_t stride, size_t k,
                                         gn_imbalance *out, gn_error *err);

/** The same from A's neighbours and B's points; row i is the same item in both.
 *  @param k 1 <= k <= a->k; 0 means 1.
 *  @param opts of the ranks in B; NULL for the defaults.
 *  @return as gn_ranks_compute; GN_EINVAL (different n, k out of range). */
GN_API gn_status gn_imbalance_compute(gn_ctx *ctx, const gn_knn *a, gn_mat b, size_t k,
                                      const gn_ranks_opts *opts, gn_imbalance *out, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
