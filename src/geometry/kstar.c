/* k*: how far does a point's density reach? (Rodriguez, d'Errico, Facco, Laio 2018.)
 *
 * Take the m nearest neighbours of point i and the m nearest of its (m + 1)-th neighbour j. If both
 * see one density, the volumes V_i and V_j that hold m points each differ by chance only. Twice the
 * log-likelihood ratio of "two densities" to "one density" is
 *
 *     L = -2 m [ln V_i + ln V_j - 2 ln(V_i + V_j) + ln 4] = 4 m ln cosh(D/2 ln(r_i / r_j)),
 *
 * where the second form needs neither the volume of the unit ball nor r^D, which overflows on
 * hidden states. L follows a chi-squared law of one degree; the first m + 1 at which it exceeds
 * that law's quantile is where constancy ends, and k* is the m before. m starts at 3.
 *
 * The neighbour of the last stored rank is not tested, as in DADApy, so k* is at most k - 1. Where
 * it reaches that, more neighbours would have been used: store more. One corner differs: a test
 * that fails at the last tested rank ends the neighbourhood here as everywhere else (there it does
 * not). */
#include "gonio/density.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "geometry/distances.h"

#include <math.h>
#include <string.h>

/* x with P(chi^2_1 > x) = alpha: x = 2 t^2, erfc(t) = alpha, erfc falling. */
static double chi2_quantile(double alpha) {
    double lo = 0, hi = 40;
    for (int step = 0; step < 200; step++) {
        double t = (lo + hi) / 2;
        if (erfc(t) > alpha)
            lo = t;
        else
            hi = t;
    }
    return 2 * lo * lo;
}

static double log_cosh(double x) {
    x = fabs(x);
    return x + log1p(exp(-2 * x)) - log(2);
}

enum { BLOCK = 4096 }; /* rows */

struct job {
    const gn_knn *knn;
    double dim, limit;
    int32_t *kstar;
};

static gn_status kstar_block(void *user, size_t block, unsigned worker, gn_error *err) {
    const struct job *job = user;
    size_t k = job->knn->k, end = (block + 1) * BLOCK;
    gn_mat dist = gn_mat_f32(job->knn->distance, job->knn->n, k);
    (void)worker, (void)err;
    for (size_t i = block * BLOCK; i < end && i < job->knn->n; i++) {
        size_t m = 3;
        for (; m + 1 < k; m++) { /* m neighbours; the next one is j */
            size_t j = (size_t)job->knn->index[i * k + m];
            double x = log(gn_distance_at(dist, i, m - 1) / gn_distance_at(dist, j, m - 1));
            if (4 * (double)m * log_cosh(job->dim / 2 * x) > job->limit) break;
        }
        job->kstar[i] = (int32_t)m;
    }
    return GN_OK;
}

gn_status gn_kstar(gn_ctx *ctx, const gn_knn *knn, double dim, double alpha, int32_t *kstar,
                   gn_error *err) {
    size_t k = knn->k;
    gn_mat dist = gn_mat_f32(knn->distance, knn->n, k);
    struct job job = {.knn = knn, .dim = dim};
    gn_status st;
    if (alpha == 0) alpha = 1e-6;
    if (!(alpha > 0 && alpha < 1 && dim > 0 && isfinite(dim))) {
        st = gn_fail(err, GN_EINVAL,
                     "k*: alpha %g, dimension %g, expected 0 < alpha < 1 and a positive dimension",
                     alpha, dim);
        goto done;
    }
    if (k < 5) {
        st = gn_fail(err, GN_EINVAL, "k*: %zu stored neighbours, expected at least 5", k);
        goto done;
    }
    GN_TRY(gn_neighbors_check_exact(knn, "k*", err));
    GN_TRY(gn_distances_check(dist, k, err));
    GN_TRY(gn_neighbors_check(knn, k, err));
    GN_TRY(gn_alloc_array(&job.kstar, knn->n, sizeof *job.kstar, "neighbourhood sizes", err));
    job.limit = chi2_quantile(alpha);
    GN_TRY(gn_parallel(ctx, (knn->n + BLOCK - 1) / BLOCK, kstar_block, &job, NULL, err));
    memcpy(kstar, job.kstar, knn->n * sizeof *kstar);
done:
    gn_free(job.kstar);
    return st;
}
