/* Hubs: points that are among the neighbours of very many others (Radovanovic, Nanopoulos,
 * Ivanovic, JMLR 11, 2010). N_k(j) counts the lists that contain j; its mean is k whatever the
 * data, its skewness grows with the intrinsic dimension, because points near the mean of a
 * high-dimensional cloud are nearer to everybody.
 *
 * The error bar is the delete-one jackknife over the points j whose counts are averaged. Leaving
 * out the lists of some points instead, and recounting, gave bars 1.8 times the scatter of repeated
 * samples: fewer lists make every count noisier, which is not what another sample does. */
#include "gonio/lid.h"

#include "base/mem.h"
#include "geometry/distances.h"
#include "math/stats.h"

#include <math.h>

/* Skewness from n and the sums of u, u^2, u^3; NaN when all u are equal. */
static double skewness(double n, const double sum[3]) {
    double mean = sum[0] / n, m2 = sum[1] / n - mean * mean;
    double m3 = sum[2] / n - 3 * mean * sum[1] / n + 2 * mean * mean * mean;
    return m2 > 1e-12 ? m3 / (m2 * sqrt(m2)) : (double)NAN;
}

gn_status gn_hubness_compute(const gn_knn *knn, size_t k, int32_t *occurrence, gn_hubness *out,
                             gn_error *err) {
    int32_t *count = NULL;
    double *without = NULL, sum[3] = {0};
    gn_status st;
    size_t n = knn->n, orphans = 0;
    gn_hubness h = {.n = n, .k = k};
    if (n < 3 || k < 1 || k > knn->k) {
        st = gn_fail(err, GN_EINVAL,
                     "hubness with k = %zu of %zu points with %zu neighbours each: expected 1 to "
                     "%zu of at least 3",
                     k, n, knn->k, knn->k);
        goto done;
    }
    GN_TRY(gn_neighbors_check_exact(knn, "hubness", err));
    GN_TRY(gn_neighbors_check(knn, k, err));
    GN_TRY(gn_alloc_array(&count, n, sizeof *count, "neighbour counts", err));
    GN_TRY(gn_alloc_array(&without, n, sizeof *without, "neighbour counts", err));
    for (size_t j = 0; j < n; j++) count[j] = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t r = 0; r < k; r++) count[knn->index[i * knn->k + r]]++;
    for (size_t j = 0; j < n; j++) {
        double u = count[j] - (double)k; /* k is the mean: nothing cancels */
        sum[0] += u;
        sum[1] += u * u;
        sum[2] += u * u * u;
        h.max = fmax(h.max, (double)count[j]);
        orphans += count[j] == 0;
    }
    h.skewness = skewness((double)n, sum);
    h.orphan_share = (double)orphans / (double)n;
    for (size_t j = 0; j < n; j++) {
        double u = count[j] - (double)k;
        without[j] =
            skewness((double)(n - 1), (double[]){sum[0] - u, sum[1] - u * u, sum[2] - u * u * u});
    }
    h.skewness_se = gn_sd(without, n, 0) * sqrt((double)(n - 1));
    for (size_t j = 0; occurrence && j < n; j++) occurrence[j] = count[j];
    *out = h;
done:
    gn_free(count);
    gn_free(without);
    return st;
}
