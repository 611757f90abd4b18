/* Gride: the generalised ratios id estimator (Denti, Doimo, Laio, Mira, Sci. Rep. 12:20005, 2022).
 *
 * TwoNN looks at the very shortest distances, where noise lives. Gride looks at mu = r_n2 / r_n1
 * for n1 = 1, 2, 4, ... and n2 = 2 n1, so that the dimension becomes a curve over scale. With the
 * density constant up to the n2-th neighbour,
 *
 *     f(mu | D) = D (mu^D - 1)^(n2-n1-1) / (B(n2-n1, n1) mu^((n2-1) D + 1)),    mu > 1.
 *
 * The score, with the (N - 1) correction that makes n1 = 1 the unbiased TwoNN, is
 *
 *     g(D) = (N - 1) / D - sum_i [ (n2 - 1) - (n2-n1-1) / (1 - mu_i^-D) ] ln mu_i,
 *     g'(D) = -(N - 1) / D^2 - (n2-n1-1) sum_i (ln mu_i / (1 - mu_i^-D))^2 mu_i^-D  <  0:
 *
 * it falls everywhere, so the root is unique; Newton steps find it, and a bracket catches the steps
 * that leave it. -g' is also the observed information, from which the error bar comes.
 *
 * As in DADApy, whose numbers this file reproduces: ratios above median + 20 (q95 - median) are
 * dropped before solving (near-duplicates make them huge); the error bar uses all N ratios, the
 * filtered ones included; a root is looked for in [0.001, 1000]; 1 - mu^-D is floored. In its
 * compatibility mode a zero distance counts as 2^-52, as when it starts from coordinates. Where we
 * differ: their bisection stops at a bracket of 1e-7, ours at the last digits; and a set whose
 * ratios are all equal keeps them (their filter drops every one). */
#include "geometry/gride.h"

#include "base/mem.h"
#include "geometry/distances.h"
#include "math/stats.h"

#include <float.h>
#include <math.h>

static const double dim_min = 1e-3, dim_max = 1e3;

gn_ratio gn_ratio_new(double log_mu, size_t n1, size_t n2) {
    if (log_mu <= 0) log_mu = log1p(10 * DBL_EPSILON);
    return (gn_ratio){log_mu, (double)(n2 - n1 - 1), (double)(n2 - 1)};
}

/* Drops ratios far beyond the bulk; the others keep their order. Returns how many stay. */
static size_t filter(const gn_ratio *ratio, size_t n, double *sorted, gn_ratio *kept) {
    double q[2];
    for (size_t i = 0; i < n; i++) sorted[i] = exp(ratio[i].log_mu);
    gn_quantiles(sorted, n, (const double[]){0.50, 0.95}, 2, q);
    double limit = q[1] > q[0] ? q[0] + 20 * (q[1] - q[0]) : HUGE_VAL;
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (exp(ratio[i].log_mu) < limit) kept[m++] = ratio[i];
    return m;
}

/* The score (its (N - 1) / D term aside) and the information, in one pass. */
static void sums(const gn_ratio *ratio, size_t n, double dim, double floor, double *score,
                 double *information) {
    double s = 0, info = 0;
    for (size_t i = 0; i < n; i++) {
        double x = ratio[i].log_mu, q = -expm1(-dim * x); /* 1 - mu^-D without cancellation */
        if (q < floor) q = floor;
        s += (ratio[i].last - ratio[i].extra / q) * x;
        info += ratio[i].extra * (x / q * (x / q)) * exp(-dim * x);
    }
    *score = s;
    *information = info;
}

/* E ln mu = (1/n1 + ... + 1/(n2-1)) / D gives a start. */
static double start(const gn_ratio *ratio, size_t n) {
    double sum = 0, harmonics = 0, last = -1, extra = -1, h = 0;
    for (size_t i = 0; i < n; i++) {
        if (ratio[i].last != last || ratio[i].extra != extra) {
            last = ratio[i].last;
            extra = ratio[i].extra;
            h = 0;
            for (double j = last - extra; j <= last; j++) h += 1 / j;
        }
        harmonics += h;
        sum += ratio[i].log_mu;
    }
    return harmonics / sum;
}

/* The root of g in [dim_min, dim_max], NaN when there is none. */
static double solve(const gn_ratio *ratio, size_t n) {
    double lo = dim_min, hi = dim_max, s, info, count = (double)n - 1;
    sums(ratio, n, lo, 2e-7, &s, &info);
    if (!(count / lo - s > 0)) return (double)NAN;
    sums(ratio, n, hi, 2e-7, &s, &info);
    if (!(count / hi - s < 0)) return (double)NAN;
    double dim = start(ratio, n);
    for (int step = 0; step < 200; step++) {
        if (!(dim > lo && dim < hi)) dim = sqrt(lo * hi);
        sums(ratio, n, dim, 2e-7, &s, &info);
        double g = count / dim - s, slope = count / (dim * dim) + info;
        if (g > 0)
            lo = dim;
        else
            hi = dim;
        double next = dim + g / slope;
        if (fabs(next - dim) <= 4 * DBL_EPSILON * dim || hi - lo <= 4 * DBL_EPSILON * hi) break;
        dim = next;
    }
    return dim;
}

void gn_gride_estimate(const gn_ratio *ratio, size_t n, gn_ratio *kept, double *sorted,
                       gn_id_estimate *out) {
    size_t m = filter(ratio, n, sorted, kept);
    double dim = m >= 2 ? solve(kept, m) : (double)NAN, score, info;
    out->dim = dim;
    out->se = (double)NAN;
    out->n = m;
    if (isfinite(dim)) {
        sums(ratio, n, dim, 5 * DBL_EPSILON, &score, &info);
        out->se = 1 / sqrt((double)n / (dim * dim) + info);
    }
}

gn_status gn_id_gride(gn_mat dist, const gn_gride_opts *opts, gn_gride_point *points,
                      size_t *n_points, gn_error *err) {
    size_t range = opts && opts->range_max ? opts->range_max : 64, n = dist.rows, count = 0;
    if (range > dist.cols) range = dist.cols;
    double *log_mu = NULL;
    gn_ratio *ratio = NULL, *kept = NULL;
    gn_status st;
    if (range < 2) {
        st = gn_fail(err, GN_EINVAL,
                     "Gride: range_max %zu with %zu stored neighbours, expected at least 2 of each",
                     opts && opts->range_max ? opts->range_max : 64, dist.cols);
        goto done;
    }
    size_t last = 2;
    while (2 * last <= range) last *= 2;
    bool dadapy = opts && opts->dadapy;
    GN_TRY(dadapy ? gn_distances_check_zeros(dist, last, err)
                  : gn_distances_check(dist, last, err));
    GN_TRY(gn_alloc_array(&log_mu, n, sizeof *log_mu, "distance ratios", err));
    GN_TRY(gn_alloc_array(&ratio, n, sizeof *ratio, "distance ratios", err));
    GN_TRY(gn_alloc_array(&kept, n, sizeof *kept, "distance ratios", err));
    for (size_t n1 = 1; 2 * n1 <= last; n1 *= 2) {
        size_t n2 = 2 * n1;
        gn_id_estimate e = {.scale = gn_distances_scale(dist, n1 - 1, n2 - 1)};
        gn_distances_log_ratios(dist, n1 - 1, n2 - 1, dadapy ? DBL_EPSILON : 0, log_mu);
        for (size_t i = 0; i < n; i++) ratio[i] = gn_ratio_new(log_mu[i], n1, n2);
        gn_gride_estimate(ratio, n, kept, log_mu, &e);
        points[count++] = (gn_gride_point){n1, n2, e};
    }
    *n_points = count;
done:
    gn_free(log_mu);
    gn_free(ratio);
    gn_free(kept);
    return st;
}
