/* The binomial dimension estimator (Macocco, Glielmo, Grilli, Laio, Phys. Rev. Lett. 130:067401,
 * 2023; here its continuous form with a fixed number of neighbours).
 *
 * Let r_k be the distance to the k-th neighbour. The k - 1 nearer ones are spread over a ball of
 * constant density, so each lies within q r_k with probability p = q^D, and their number is
 * binomial. The mean count over points gives p, and with it
 *
 *     D = ln(mean count / (k - 1)) / ln q,    Var D >= (q^-D - 1) / ((k - 1) N ln^2 q).
 *
 * What the ratio estimators lack: the counts have a whole distribution to be compared with. The
 * largest difference between their cumulative frequencies and the binomial's is reported, with
 * Kolmogorov's p-value. That law is made for continuous variables; for counts it errs on the side
 * of not rejecting. DADApy compares with simulated counts instead, so its p-value scatters.
 *
 * The variance is least at q^D = 0.2032 (the root of 2 (1 - p) + ln p = 0), hence the default q,
 * found by iteration; it is kept below 0.975, where the shell would hold nothing but noise. */
#include "gonio/id.h"

#include "base/mem.h"
#include "geometry/distances.h"

#include <math.h>

static const double best_share = 0.2032, ratio_max = 0.975;

/* count[c]: points with c of their k - 1 nearer neighbours within ratio r_k. Returns the mean. */
static double tally(gn_mat dist, size_t k, double ratio, size_t *count) {
    double sum = 0;
    for (size_t c = 0; c < k; c++) count[c] = 0;
    for (size_t i = 0; i < dist.rows; i++) {
        double limit = ratio * gn_distance_at(dist, i, k - 1);
        size_t c = 0;
        while (c < k - 1 && gn_distance_at(dist, i, c) <= limit) c++;
        count[c]++;
        sum += (double)c;
    }
    return sum / (double)dist.rows;
}

/* The largest distance between the counts' distribution and Binomial(m, p). */
static double binomial_distance(const size_t *count, size_t m, size_t n, double p) {
    double seen = 0, cdf = 0, largest = 0;
    for (size_t c = 0; c <= m; c++) {
        double log_term = lgamma((double)m + 1) - lgamma((double)c + 1) -
                          lgamma((double)(m - c) + 1) + (double)c * log(p) +
                          (double)(m - c) * log1p(-p);
        seen += (double)count[c];
        cdf += exp(log_term);
        largest = fmax(largest, fabs(seen / (double)n - cdf));
    }
    return largest;
}

/* P(K > x) of Kolmogorov's distribution, with Stephens's correction for finite n. */
static double kolmogorov(double d, size_t n) {
    double root = sqrt((double)n), x = (root + 0.12 + 0.11 / root) * d, sum = 0;
    if (x < 0.2) return 1; /* 1 - 1e-12 */
    for (int j = 1; j <= 100; j++) sum += (j % 2 ? 2 : -2) * exp(-2 * j * j * x * x);
    return fmin(fmax(sum, 0), 1);
}

gn_status gn_id_binomial(gn_mat dist, const gn_binomial_opts *opts, gn_binomial_estimate *out,
                         gn_error *err) {
    gn_binomial_opts o = opts ? *opts : (gn_binomial_opts){0};
    size_t k = o.k ? o.k : dist.cols < 20 ? dist.cols : 20, *count = NULL;
    gn_status st;
    if (k < 2 || k > dist.cols || !(o.ratio >= 0 && o.ratio < 1)) {
        st = gn_fail(err, GN_EINVAL,
                     "binomial dimension: k = %zu of %zu stored neighbours, ratio %g, expected at "
                     "least 2 neighbours and a ratio between 0 and 1",
                     k, dist.cols, o.ratio);
        goto done;
    }
    GN_TRY(gn_distances_check(dist, k, err));
    GN_TRY(gn_alloc_array(&count, k, sizeof *count, "neighbour counts", err));
    double ratio = o.ratio > 0 ? o.ratio : 0.8, mean = 0, dim = 0, m = (double)(k - 1);
    for (int step = 0; step < (o.ratio > 0 ? 1 : 4); step++) {
        if (step > 0) ratio = fmin(ratio_max, pow(best_share, 1 / dim));
        mean = tally(dist, k, ratio, count);
        if (!(mean > 0 && mean < m)) {
            st = gn_fail(err, GN_EDATA,
                         "binomial dimension: %s of the neighbours of %zu points lie within %g of "
                         "the distance of the %zu-th: choose another ratio",
                         mean > 0 ? "all" : "none", dist.rows, ratio, k);
            goto done;
        }
        dim = log(mean / m) / log(ratio);
    }
    double n = (double)dist.rows, log_ratio = log(ratio), outer = 0;
    for (size_t i = 0; i < dist.rows; i++) outer += gn_distance_at(dist, i, k - 1);
    gn_binomial_estimate e = {
        .id = {.dim = dim,
               .se = sqrt((pow(ratio, -dim) - 1) / (m * n * log_ratio * log_ratio)),
               .scale = (1 + ratio) / 2 * outer / n,
               .n = dist.rows},
        .k = k,
        .ratio = ratio,
        .ks = binomial_distance(count, k - 1, dist.rows, pow(ratio, dim)),
    };
    e.p_value = kolmogorov(e.ks, dist.rows);
    *out = e;
done:
    gn_free(count);
    return st;
}
