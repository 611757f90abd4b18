/* The density at each point, from the volumes that its neighbours span.
 *
 * k neighbours within r_k of one of N points, in D dimensions: rho = k / (N omega_D r_k^D), with
 * omega_D the volume of the unit ball. One k for all (KNN) blurs dense places and is noisy in thin
 * ones; k* (kstar.c) takes as many as the data allow (KSTAR).
 *
 * PAk (Rodriguez et al. 2018) corrects for what is left of a slope: the density that neighbour l
 * sees is e^(F + a l), the shell between neighbours l - 1 and l has the volume v_l, and
 *
 *     max over F, a of  F k + a k (k + 1) / 2 - sum_{l=1}^k v_l e^(F + a l);
 *
 * F is the logarithm of the density at the point itself. We measure volumes in units of the ball's
 * V_k = omega_D r_k^D: u_l = (r_l / r_k)^D - (r_{l-1} / r_k)^D, F = F' - ln V_k. Nothing overflows
 * then, whatever D is. The function is concave, so Newton's steps (halved while they overshoot)
 * find its maximum to the last digits. It has one exactly if shells that are not empty lie on both
 * sides of the mean rank (k + 1) / 2: with neighbours at equal distances, a could grow without end.
 * Such points keep the KSTAR value.
 *
 * DADApy takes a tenth of each Newton step, at most a tenth of |F| at the start, and stops as soon
 * as the gradient, divided by the unknowns, falls below 1e-3. On the two golden sets its values lie
 * off the maximum by 1e-4 to 2e-4 on average, at most by 0.44: that point's F starts near zero, so
 * its steps are next to nothing. The unit of length decides which points suffer, because F has no
 * natural zero. `dadapy` repeats those steps, for published numbers. */
#include "gonio/density.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "geometry/distances.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ln of the volume of the unit ball in D dimensions. */
static double log_ball(double dim) {
    return dim / 2 * log(3.14159265358979323846) - lgamma(dim / 2 + 1);
}

/* Gradient and negated Hessian of the PAk function at (F, a); u (k) in units of V_k. */
struct pak {
    double value, grad_f, grad_a, ff, fa, aa;
};
static struct pak pak_at(const double *u, size_t k, double f, double a) {
    double n = (double)k, ranks = n * (n + 1) / 2;
    struct pak p = {.value = f * n + a * ranks, .grad_f = n, .grad_a = ranks};
    for (size_t l = 1; l <= k; l++) {
        double w = u[l - 1] * exp(f + a * (double)l), lw = (double)l * w;
        p.value -= w;
        p.grad_f -= w;
        p.grad_a -= lw;
        p.ff += w;
        p.fa += lw;
        p.aa += (double)l * lw;
    }
    return p;
}

static double pak_maximum(const double *u, size_t k, double f) {
    double a = 0;
    struct pak p = pak_at(u, k, f, a);
    for (int step = 0; step < 100; step++) {
        double det = p.ff * p.aa - p.fa * p.fa;
        if (!(det > 0)) break;
        double df = (p.aa * p.grad_f - p.fa * p.grad_a) / det;
        double da = (p.ff * p.grad_a - p.fa * p.grad_f) / det;
        if (fabs(df) <= 1e-14 * fmax(1, fabs(f)) && fabs(da) * (double)k <= 1e-14) break;
        struct pak q = pak_at(u, k, f + df, a + da);
        for (int half = 0; half < 60 && !(q.value >= p.value - 1e-12 * fabs(p.value)); half++) {
            df /= 2;
            da /= 2;
            q = pak_at(u, k, f + df, a + da);
        }
        f += df;
        a += da;
        p = q;
    }
    return f;
}

/* DADApy's steps; `unit` is ln V_k, which its F contains. */
static double pak_damped(const double *u, size_t k, double f, double unit) {
    double a = 0, step_max = 0.1 * fabs(f - unit), n = (double)k, ranks = n * (n + 1) / 2;
    struct pak p = pak_at(u, k, f, a);
    for (int step = 0; step < 10000; step++) {
        double det = p.ff * p.aa - p.fa * p.fa;
        if (det < DBL_EPSILON) {
            f = unit + (-a * ranks - (p.grad_f - n)) / n;
            a = (-(f - unit) * n - (p.grad_f - n)) / ranks;
        } else {
            double df = (p.aa * p.grad_f - p.fa * p.grad_a) / det, rate = 0.1;
            double da = (p.ff * p.grad_a - p.fa * p.grad_f) / det;
            if (fabs(rate * df) > step_max) rate = fabs(step_max / df);
            f += rate * df;
            a += rate * da;
        }
        p = pak_at(u, k, f, a);
        bool tiny = fabs(a) <= DBL_EPSILON || fabs(f - unit) <= DBL_EPSILON;
        double slope_f = tiny ? p.grad_f : p.grad_f / (f - unit);
        double slope_a = tiny ? p.grad_a : p.grad_a / a;
        if (!(fmax(fabs(slope_f), fabs(slope_a)) > 1e-3)) break;
    }
    return f;
}

static gn_status check(const gn_knn *knn, const gn_density_opts *o, size_t k, gn_error *err) {
    gn_status st = gn_neighbors_check_exact(knn, "density", err);
    if (st != GN_OK) return st;
    if (!(o->dim > 0 && isfinite(o->dim)))
        return gn_fail(err, GN_EINVAL, "density: dimension %g, expected a positive one", o->dim);
    if (o->method == GN_DENSITY_KNN) {
        if (k < 1 || k > knn->k)
            return gn_fail(err, GN_EINVAL, "density: k = %zu of %zu stored neighbours", k, knn->k);
        return gn_distances_check(gn_mat_f32(knn->distance, knn->n, knn->k), k, err);
    }
    if (o->method != GN_DENSITY_PAK && o->method != GN_DENSITY_KSTAR)
        return gn_fail(err, GN_EINVAL, "density: unknown method %d", (int)o->method);
    if (!o->kstar) return gn_fail(err, GN_EINVAL, "density: no k*, expected one for each point");
    for (size_t i = 0; i < knn->n; i++)
        if (o->kstar[i] < 2 || (size_t)o->kstar[i] > knn->k)
            return gn_fail(err, GN_EINVAL, "density: k* of row %zu is %d, expected 2 to %zu", i,
                           (int)o->kstar[i], knn->k);
    return gn_distances_check(gn_mat_f32(knn->distance, knn->n, knn->k), knn->k, err);
}

/* The shells of row i in units of its ball; false when the likelihood has no maximum. */
static bool shells(gn_mat dist, size_t i, size_t k, double dim, double *u) {
    double log_rk = log(gn_distance_at(dist, i, k - 1)), before = 0;
    bool beyond = false; /* a shell that is not empty beyond the mean rank */
    for (size_t l = 1; l <= k; l++) {
        double ball = exp(dim * (log(gn_distance_at(dist, i, l - 1)) - log_rk));
        u[l - 1] = ball - before;
        beyond = beyond || (2 * l > k + 1 && u[l - 1] > 0);
        before = ball;
    }
    return beyond && u[0] > 0;
}

/* ---- all points ---------------------------------------------------------------------------------
 */

enum { BLOCK = 1024 }; /* rows */

struct job {
    const gn_knn *knn;
    const gn_density_opts *opts;
    size_t fixed; /* neighbours of KNN */
    double ball;
    double *shells; /* (threads, k) */
    double *log_density, *se;
};

static gn_status density_block(void *user, size_t block, unsigned worker, gn_error *err) {
    const struct job *job = user;
    const gn_density_opts *opts = job->opts;
    size_t n = job->knn->n, end = (block + 1) * BLOCK;
    gn_mat dist = gn_mat_f32(job->knn->distance, n, job->knn->k);
    double *u = job->shells + worker * job->knn->k;
    (void)err;
    for (size_t i = block * BLOCK; i < end && i < n; i++) {
        size_t k = opts->method == GN_DENSITY_KNN ? job->fixed : (size_t)opts->kstar[i];
        double unit = job->ball + opts->dim * log(gn_distance_at(dist, i, k - 1));
        double f = log((double)k);
        bool pak = opts->method == GN_DENSITY_PAK;
        if (pak && shells(dist, i, k, opts->dim, u))
            f = opts->dadapy ? pak_damped(u, k, f, unit) : pak_maximum(u, k, f);
        job->log_density[i] = f - unit - log((double)n);
        job->se[i] =
            pak ? sqrt((4 * (double)k + 2) / ((double)k * (double)(k - 1))) : 1 / sqrt((double)k);
    }
    return GN_OK;
}

gn_status gn_density_compute(gn_ctx *ctx, const gn_knn *knn, const gn_density_opts *opts,
                             double *log_density, double *se, gn_error *err) {
    size_t n = knn->n, fixed = opts->k ? opts->k : knn->k < 10 ? knn->k : 10;
    struct job job = {.knn = knn, .opts = opts, .fixed = fixed};
    gn_status st;
    GN_TRY(check(knn, opts, fixed, err));
    GN_TRY(gn_alloc_array(&job.shells, gn_ctx_threads(ctx) * knn->k, sizeof *job.shells,
                          "shell volumes", err));
    GN_TRY(gn_alloc_array(&job.log_density, n, 2 * sizeof *job.log_density, "densities", err));
    job.se = job.log_density + n;
    job.ball = log_ball(opts->dim);
    GN_TRY(gn_parallel(ctx, (n + BLOCK - 1) / BLOCK, density_block, &job, NULL, err));
    memcpy(log_density, job.log_density, n * sizeof *log_density);
    if (se) memcpy(se, job.se, n * sizeof *se);
done:
    gn_free(job.shells);
    gn_free(job.log_density);
    return st;
}
