/* Statistics and sorting. Sums are cascaded: blocks of 64 in one chain, then pairs of blocks. */
#include "math/stats.h"

#include "base/mem.h"
#include "math/kernels.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { SUM_BLOCK = 64 };

double gn_sum(const double *x, size_t n) {
    if (n > SUM_BLOCK) {
        size_t half = (n / 2 + SUM_BLOCK - 1) / SUM_BLOCK * SUM_BLOCK;
        return gn_sum(x, half) + gn_sum(x + half, n - half);
    }
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    return sum;
}

double gn_mean(const double *x, size_t n) {
    return gn_sum(x, n) / (double)n;
}

double gn_sd(const double *x, size_t n, unsigned ddof) {
    if (n <= ddof) return (double)NAN;
    double mean = gn_mean(x, n), total = 0;
    for (size_t i = 0; i < n; i += SUM_BLOCK) {
        double part = 0;
        for (size_t j = i; j < n && j < i + SUM_BLOCK; j++) part += (x[j] - mean) * (x[j] - mean);
        total += part;
    }
    return sqrt(total / (double)(n - ddof));
}

double gn_sem(const double *x, size_t n) {
    return gn_sd(x, n, 1) / sqrt((double)n);
}

/* Ascending with NaN last: a total order, as qsort wants it. */
static int compare(double a, double b) {
    if (isnan(a) || isnan(b)) return isnan(a) - isnan(b);
    return (a > b) - (a < b);
}
static int compare_f64(const void *a, const void *b) {
    return compare(*(const double *)a, *(const double *)b);
}

void gn_sort_f64(double *x, size_t n) {
    qsort(x, n, sizeof *x, compare_f64);
}

void gn_quantiles(double *x, size_t n, const double *q, size_t n_q, double *out) {
    assert(n > 0);
    gn_sort_f64(x, n);
    for (size_t i = 0; i < n_q; i++) {
        assert(q[i] >= 0 && q[i] <= 1);
        double at = q[i] * (double)(n - 1), below = floor(at), t = at - below;
        size_t lo = (size_t)below, hi = lo + 1 < n ? lo + 1 : lo;
        /* From the nearer end, so that t = 1 gives x[hi] exactly and the result never leaves
         * [x[lo], x[hi]]. */
        double step = x[hi] - x[lo];
        out[i] = hi == lo ? x[lo] : t < 0.5 ? x[lo] + step * t : x[hi] - step * (1 - t);
    }
}

double gn_median(double *x, size_t n) {
    assert(n > 0);
    gn_sort_f64(x, n);
    return n % 2 ? x[n / 2] : x[n / 2 - 1] + (x[n / 2] - x[n / 2 - 1]) / 2;
}

/* Bottom-up merge sort of indices: stable, so equal values stay in index order, and its running
 * time does not depend on the data. */
static gn_status argsort(const double *d, const float *f, size_t n, int32_t *order, gn_error *err) {
    if (n > INT32_MAX)
        return gn_fail(err, GN_EINVAL, "sorting %zu values: at most %d are supported", n,
                       INT32_MAX);
    gn_status st = GN_OK;
    int32_t *other = NULL, *from = order, *to = NULL;
    double *key = NULL;
    GN_TRY(gn_alloc_array(&other, n, sizeof *other, "an order", err));
    if (f) {
        GN_TRY(gn_alloc_array(&key, n, sizeof *key, "sort keys", err));
        for (size_t i = 0; i < n; i++) key[i] = (double)f[i];
        d = key;
    }
    for (size_t i = 0; i < n; i++) order[i] = (int32_t)i;
    to = other;
    for (size_t run = 1; run < n; run *= 2) {
        for (size_t lo = 0; lo < n; lo += 2 * run) {
            size_t mid = lo + run < n ? lo + run : n, hi = mid + run < n ? mid + run : n;
            for (size_t a = lo, b = mid, o = lo; o < hi; o++) {
                bool left = b == hi || (a < mid && compare(d[from[a]], d[from[b]]) <= 0);
                to[o] = left ? from[a++] : from[b++];
            }
        }
        int32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != order)
        for (size_t i = 0; i < n; i++) order[i] = from[i];
done:
    gn_free(other);
    gn_free(key);
    return st;
}

gn_status gn_argsort_f64(const double *x, size_t n, int32_t *order, gn_error *err) {
    return argsort(x, NULL, n, order, err);
}
gn_status gn_argsort_f32(const float *x, size_t n, int32_t *order, gn_error *err) {
    return argsort(NULL, x, n, order, err);
}
