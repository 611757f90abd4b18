/* TwoNN: the intrinsic dimension from two neighbours (Facco, d'Errico, Rodriguez, Laio, Sci. Rep.
 * 7:12140, 2017).
 *
 * If the density does not change between a point and its second neighbour, mu = r_2 / r_1 follows
 * a Pareto law whatever the density is: F(mu) = 1 - mu^-D. The only unknown is the dimension D,
 * and there are three ways to read it off the n observed ratios:
 *
 *   BASE   -ln(1 - F) = D ln mu is a line through the origin. Sort ln mu, put F = i / n beside the
 *          i-th one, drop the tail (the largest ratios come from points whose second neighbour lies
 *          across a gap), fit by least squares. i counts from 1: with i from 0 every point sits one
 *          rank too low. n is the number of ALL points, also after the tail has been dropped.
 *   ML     ln mu is exponential with rate D: D = (n - 1) / sum ln mu is unbiased.
 *   BAYES  a Gamma(alpha, beta) prior stays Gamma: (alpha + n) / (beta + sum ln mu).
 *
 * Error bars. sum ln mu of n points has relative sd 1 / sqrt(n), hence D / sqrt(n) for ML. BASE
 * sees fraction * n order statistics of an exponential sample; the best estimator from these (the
 * censored maximum likelihood) has relative sd 1 / sqrt(fraction n), and the line fit is given that
 * one. It is a lower bound: the line weighs the largest kept ratios most, and the ratios of
 * neighbouring points share distances. DADApy returns 0 here.
 *
 * Compatibility mode `dadapy`: identical points are left in, as there. Their ratio is infinite, or
 * undefined when the second neighbour is identical, too; the line fit drops the largest ratios and
 * bends, maximum likelihood says 0. The error bars of BASE and ML are 0, and a fraction of 1 means
 * ML.
 *
 * Above D = 20 or so, TwoNN underestimates at any realistic n (boundaries are near everywhere). */
#include "gonio/id.h"

#include "base/mem.h"
#include "geometry/distances.h"
#include "math/stats.h"

#include <math.h>

static gn_status check_options(gn_twonn_opts *o, size_t n, gn_error *err) {
    if (o->fraction == 0) o->fraction = 0.9;
    if (o->alpha == 0) o->alpha = 2;
    if (o->beta == 0) o->beta = 5;
    if (o->dadapy && o->method == GN_TWONN_BASE && o->fraction == 1) o->method = GN_TWONN_ML;
    switch (o->method) {
    case GN_TWONN_BASE:
        if (!(o->fraction > 0 && o->fraction < 1))
            return gn_fail(err, GN_EINVAL,
                           "TwoNN: fraction %g is not between 0 and 1 (the largest ratio has an "
                           "infinite ordinate; use the ML method to keep all of them)",
                           o->fraction);
        if ((double)n * o->fraction < 1)
            return gn_fail(err, GN_EINVAL, "TwoNN: fraction %g of %zu points keeps none",
                           o->fraction, n);
        return GN_OK;
    case GN_TWONN_ML:
        return GN_OK;
    case GN_TWONN_BAYES:
        if (!(o->alpha > 0 && o->beta > 0 && isfinite(o->alpha) && isfinite(o->beta)))
            return gn_fail(err, GN_EINVAL, "TwoNN: prior Gamma(%g, %g) needs positive parameters",
                           o->alpha, o->beta);
        return GN_OK;
    }
    return gn_fail(err, GN_EINVAL, "TwoNN: unknown method %d", (int)o->method);
}

gn_status gn_id_twonn(gn_mat dist, const gn_twonn_opts *opts, gn_id_estimate *out, gn_error *err) {
    gn_twonn_opts o = opts ? *opts : (gn_twonn_opts){0};
    size_t n = dist.rows;
    double *log_mu = NULL;
    gn_status st;
    GN_TRY(o.dadapy ? gn_distances_check_zeros(dist, 2, err) : gn_distances_check(dist, 2, err));
    GN_TRY(check_options(&o, n, err));
    GN_TRY(gn_alloc_array(&log_mu, n, sizeof *log_mu, "distance ratios", err));
    gn_distances_log_ratios(dist, 0, 1, 0, log_mu);

    gn_id_estimate e = {.scale = gn_distances_scale(dist, 0, 1), .n = n};
    if (o.method == GN_TWONN_BASE) {
        gn_sort_f64(log_mu, n);
        e.n = (size_t)((double)n * o.fraction);
        double xy = 0, xx = 0;
        for (size_t i = 0; i < e.n; i++) {
            double x = log_mu[i], y = -log1p(-(double)(i + 1) / (double)n);
            xy += x * y;
            xx += x * x;
        }
        e.dim = xy / xx;
        e.se = e.dim / sqrt((double)e.n);
    } else {
        double sum = gn_sum(log_mu, n);
        if (o.method == GN_TWONN_ML) {
            e.dim = (double)(n - 1) / sum;
            e.se = e.dim / sqrt((double)n);
        } else {
            double a = o.alpha + (double)n, b = o.beta + sum;
            e.dim = a / b;
            e.se = sqrt(a) / b;
        }
    }
    if (o.dadapy && o.method != GN_TWONN_BAYES) e.se = 0;
    if (!isfinite(e.dim) && !o.dadapy) {
        st = gn_fail(err, GN_EDATA,
                     "TwoNN: the first and second neighbours of all %zu points are equally far, so "
                     "no dimension explains them",
                     e.n);
        goto done;
    }
    *out = e;
done:
    gn_free(log_mu);
    return st;
}
