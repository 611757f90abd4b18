/* Information imbalance (Glielmo, Zeni, Cheng, Csanyi, Laio, PNAS Nexus 1:pgac039, 2022): where do
 * the nearest neighbours of A stand in the order of B? If nearness in A says nothing about B, their
 * ranks are uniform on 1 ... n - 1 and 2 / n times their mean is 1; if B orders as A does, the mean
 * rank of the first k is (k + 1) / 2. Overlap is symmetric; this is not, and so it can say that one
 * layer contains what another one shows and not the reverse.
 *
 * All ranks are exact (ranks.c). DADApy computes the nearest few and fills the rest with random
 * numbers; above 2000 points it also splits the set into groups, which changes what is measured,
 * because Delta depends on n. */
#include "geometry/distances.h"
#include "gonio/imbalance.h"

#include "base/mem.h"
#include "base/error.h"
#include "math/stats.h"

#include <string.h>

gn_status gn_imbalance_from_ranks(const int32_t *rank, size_t n, size_t stride, size_t k,
                                  gn_imbalance *out, gn_error *err) {
    double *sums = NULL;
    int64_t total = 0; /* whole numbers, so that Delta(A -> A) is exact */
    gn_status st;
    if (n < 2 || k < 1 || k > stride) {
        st = gn_fail(err, GN_EINVAL, "information imbalance: k = %zu of %zu ranks for %zu points",
                     k, stride, n);
        goto done;
    }
    GN_TRY(gn_alloc_array(&sums, n, sizeof *sums, "ranks", err));
    for (size_t i = 0; i < n; i++) {
        int64_t sum = 0;
        for (size_t j = 0; j < k; j++) {
            int32_t r = rank[i * stride + j];
            if (r < 1 || (size_t)r >= n) {
                st =
                    gn_fail(err, GN_EDATA,
                            "information imbalance: row %zu, neighbour %zu has rank %d, expected 1 "
                            "to %zu",
                            i, j + 1, (int)r, n - 1);
                goto done;
            }
            sum += r;
        }
        total += sum;
        sums[i] = (double)sum;
    }
    *out = (gn_imbalance){2 * (double)total / ((double)n * (double)n * (double)k),
                          2 * gn_sem(sums, n) / ((double)n * (double)k), n};
done:
    gn_free(sums);
    return st;
}

gn_status gn_imbalance_compute(gn_ctx *ctx, const gn_knn *a, gn_mat b, size_t k,
                               const gn_ranks_opts *opts, gn_imbalance *out, gn_error *err) {
    int32_t *target = NULL, *rank = NULL;
    gn_status st;
    if (k == 0) k = 1;
    GN_TRY(gn_neighbors_check_exact(a, "information imbalance", err));
    if (a->n != b.rows || k > a->k) {
        st = gn_fail(err, GN_EINVAL,
                     "information imbalance: k = %zu of %zu stored neighbours, %zu rows against "
                     "%zu, expected the same rows",
                     k, a->k, a->n, b.rows);
        goto done;
    }
    GN_TRY(gn_alloc_array(&target, a->n, k * sizeof *target, "neighbours", err));
    GN_TRY(gn_alloc_array(&rank, a->n, k * sizeof *rank, "ranks", err));
    for (size_t i = 0; i < a->n; i++)
        memcpy(target + i * k, a->index + i * a->k, k * sizeof *target);
    GN_TRY(gn_ranks_compute(ctx, b, target, k, opts, rank, err));
    GN_TRY(gn_imbalance_from_ranks(rank, a->n, k, k, out, err));
done:
    gn_free(target);
    gn_free(rank);
    return st;
}
