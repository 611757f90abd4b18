/* The local dimension around each point, from the distances to its k nearest neighbours.
 *
 * Where the density is constant within r_k, the k - 1 nearer neighbours are distributed like
 * u^(1/D): the logarithms ln(r_k / r_j) are exponential with mean 1 / D, their sum L is gamma
 * distributed, and
 *
 *     E[1 / L] = D / (k - 2),    sd[1 / L] = D / ((k - 2) sqrt(k - 3)).
 *
 * All published estimators are c / L and differ in c: k (Amsaleg et al. 2015, whose sum contains
 * the term ln 1 = 0 of the k-th neighbour), k - 1 (Levina & Bickel 2004, the maximum likelihood
 * estimate), k - 2 (unbiased). A mean over points of c / L inherits the bias of c; the harmonic
 * mean of Levina-Bickel values is (k - 1) / mean(L), the maximum likelihood estimate for one common
 * D (MacKay & Ghahramani 2005), which has none: L is the sufficient statistic, 1 / L is not.
 *
 * The scripts of Cai et al. (ICLR 2021) take logarithms of squared distances (FAISS returns
 * squares, and 1 - cos is half a squared chord), which doubles L and halves the dimension.
 * GN_LID_CAI2021 says what they print, including: a zero distance sends L to infinity and the
 * dimension to 0; k equal distances make it infinite, which becomes d; NaN is dropped.
 *
 * Zero distances say nothing about a ratio. They are counted and skipped, and the estimator goes on
 * with the m positive distances it has: conditional on r_m, the law of the others is the same. The
 * better remedy is to collapse repeated rows before the search, as `gonio lid` does: a point that
 * exists three times also crowds the lists of its neighbours.
 *
 * Error bars. Neighbourhoods of near points overlap, so one expects their values to be correlated
 * and sd / sqrt(n) to be far too small. It is not: over 60 repeated samples of 2,000 points the
 * mean scattered by 0.87 to 1.35 times that, D = 2 to 8, k = 20 to 100. What two neighbours share
 * are the inner points, whose part in L changes from one to the other. */
#include "gonio/lid.h"

#include "base/mem.h"
#include "geometry/distances.h"
#include "math/stats.h"

#include <math.h>

#define COMPAT_FLOOR 1e-8

const char *gn_lid_variant_name(gn_lid_variant variant) {
    static const char *const names[] = {"unbiased", "levina_bickel", "amsaleg", "cai2021"};
    return (unsigned)variant < sizeof names / sizeof *names ? names[variant] : NULL;
}

/* Finite, not negative, ascending; zeros are allowed, unlike in gn_distances_check. */
static gn_status check(gn_mat dist, size_t k, gn_error *err) {
    if (dist.dtype != GN_F32 && dist.dtype != GN_F64)
        return gn_fail(err, GN_EINVAL, "distances are %s, expected float32 or float64",
                       gn_dtype_name(dist.dtype));
    if (dist.rows == 0 || k < 3 || k > dist.cols)
        return gn_fail(err, GN_EINVAL,
                       "local dimension with k = %zu from a table of %zu x %zu distances: expected "
                       "3 to %zu neighbours of at least one point",
                       k, dist.rows, dist.cols, dist.cols);
    for (size_t i = 0; i < dist.rows; i++) {
        double before = 0;
        for (size_t j = 0; j < k; j++) {
            double r = gn_distance_at(dist, i, j);
            if (!isfinite(r) || r < 0)
                return gn_fail(err, GN_EDATA,
                               "distance table: row %zu, column %zu is %g, expected a distance", i,
                               j, r);
            if (r < before)
                return gn_fail(err, GN_EDATA,
                               "distance table: row %zu descends from %.9g to %.9g at column %zu",
                               i, before, r, j);
            before = r;
        }
    }
    return GN_OK;
}

/* Points as they come: the running sums of a summary. */
struct tally {
    double *value; /* (n) of the points that have one, first come first */
    double *term;  /* (n) what the harmonic mean averages: L / (m - 1), the inverse value */
    size_t n;
};

static gn_status tally_new(size_t n, struct tally *t, gn_error *err) {
    gn_status st;
    GN_TRY(gn_alloc_array(&t->value, n, sizeof *t->value, "local dimensions", err));
    GN_TRY(gn_alloc_array(&t->term, n, sizeof *t->term, "local dimensions", err));
done:
    return st;
}
static void tally_free(struct tally *t) {
    gn_free(t->value);
    gn_free(t->term);
}

/* `top` / mean of the terms, with its error to first order. */
static gn_status summarize(const struct tally *t, double top, gn_lid_summary *s, gn_error *err) {
    double root = sqrt((double)t->n);
    if (t->n == 0)
        return gn_fail(err, GN_EDATA,
                       "no point has a local dimension: all have fewer than 3 positive distances, "
                       "or only equal ones");
    s->n = t->n;
    s->mean = gn_mean(t->value, t->n);
    s->sd = gn_sd(t->value, t->n, 0);
    s->mean_se = t->n > 1 ? s->sd / root : (double)NAN;
    double term = gn_mean(t->term, t->n);
    s->harmonic = top / term;
    s->harmonic_se = t->n > 1 ? s->harmonic * gn_sd(t->term, t->n, 0) / term / root : (double)NAN;
    return GN_OK;
}

/* Sum of ln(r_m / r_j) over the m positive distances of row i. */
static double log_sum(gn_mat dist, size_t i, size_t k, size_t *m) {
    double last = gn_distance_at(dist, i, k - 1), sum = 0;
    *m = 0;
    for (size_t j = 0; j < k; j++) {
        double r = gn_distance_at(dist, i, j);
        if (!(r > 0)) continue;
        sum += log(last / r);
        ++*m;
    }
    return sum;
}

/* The value of row i as the scripts print it; NaN is dropped there. */
static double compat_value(gn_mat dist, size_t i, size_t k, const gn_lid_opts *o) {
    double last = gn_distance_at(dist, i, k - 1), sum = 0, floor = o->squared ? COMPAT_FLOOR : 0;
    for (size_t j = 0; j < k; j++) {
        double r = gn_distance_at(dist, i, j);
        sum += (o->squared ? 1 : 2) * log(fmax(r, floor) / fmax(last, floor));
    }
    double value = -(double)k / sum;
    return isinf(value) ? o->dim : value;
}

gn_status gn_lid(gn_mat dist, const gn_lid_opts *opts, double *value, gn_lid_summary *out,
                 gn_error *err) {
    gn_lid_opts o = opts ? *opts : (gn_lid_opts){0};
    struct tally t = {0};
    gn_lid_summary s = {0};
    double *all = NULL;
    gn_status st;
    size_t k = o.k ? o.k : dist.cols;
    bool compat = o.variant == GN_LID_CAI2021;
    if (!gn_lid_variant_name(o.variant) || (compat && !(o.dim > 0))) {
        st = gn_fail(err, GN_EINVAL, "local dimension: variant %d with %g columns", (int)o.variant,
                     o.dim);
        goto done;
    }
    GN_TRY(check(dist, k, err));
    GN_TRY(tally_new(dist.rows, &t, err));
    GN_TRY(gn_alloc_array(&all, dist.rows, sizeof *all, "local dimensions", err));
    for (size_t i = 0; i < dist.rows; i++) {
        size_t m;
        double sum = log_sum(dist, i, k, &m) * (o.squared ? 0.5 : 1);
        double minus = o.variant == GN_LID_UNBIASED ? 2 : o.variant == GN_LID_LEVINA_BICKEL ? 1 : 0;
        s.n_zero += k - m;
        s.n_touched += m < k;
        all[i] = (double)NAN;
        if (compat)
            all[i] = compat_value(dist, i, k, &o);
        else if (m >= 3 && sum > 0)
            all[i] = ((double)m - minus) / sum;
        if (isnan(all[i])) {
            s.n_undefined++;
            continue;
        }
        t.term[t.n] = compat ? 1 / all[i] : sum / (double)(m - 1);
        t.value[t.n++] = all[i];
    }
    GN_TRY(summarize(&t, 1, &s, err));
    for (size_t i = 0; value && i < dist.rows; i++) value[i] = all[i];
    *out = s;
done:
    tally_free(&t);
    gn_free(all);
    return st;
}

gn_status gn_lid_local_knn(gn_mat dist, const gn_lid_opts *opts, gn_lid_summary *out,
                           gn_error *err) {
    gn_lid_opts o = opts ? *opts : (gn_lid_opts){0};
    size_t k = (o.k ? o.k : dist.cols) / 2 * 2;
    struct tally t = {0};
    gn_lid_summary s = {0};
    gn_status st;
    GN_TRY(check(dist, k, err));
    GN_TRY(tally_new(dist.rows, &t, err));
    for (size_t i = 0; i < dist.rows; i++) {
        double inner = gn_distance_at(dist, i, k / 2 - 1), outer = gn_distance_at(dist, i, k - 1);
        double ratio = log(outer / inner) * (o.squared ? 0.5 : 1);
        size_t zeros = 0;
        while (zeros < k && !(gn_distance_at(dist, i, zeros) > 0)) zeros++;
        s.n_zero += zeros;
        s.n_touched += zeros > 0;
        if (!(inner > 0) || !(ratio > 0)) {
            s.n_undefined++;
            continue;
        }
        t.term[t.n] = ratio;
        t.value[t.n++] = log(2) / ratio;
    }
    GN_TRY(summarize(&t, log(2), &s, err));
    *out = s;
done:
    tally_free(&t);
    return st;
}
