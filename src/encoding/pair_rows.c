/* One formula for every metric.
 *
 * Euclidean distances do not change when all rows are shifted; centred rows have short lengths, so
 * that |x|^2 + |y|^2 - 2 x.y loses few digits in float32. A cosine is a Euclidean distance, too:
 * of rows u of length 1, |u - v|^2 = 2 (1 - cos). Language models put all rows into a narrow cone,
 * where 1 - cos is small; taken from centred unit rows it keeps its digits, taken from a dot
 * product near 1 it does not. The correlation distance is the cosine of rows with their own mean
 * removed. */
#include "encoding/pair_rows.h"

#include "base/mem.h"
#include "math/linalg.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {"euclidean", "sqeuclidean", "cosine",   "correlation",
                                    "manhattan", "chebyshev",   "norm_diff"};
enum { METRICS = sizeof names / sizeof *names };
#define SAME 1e-12

const char *gn_pair_metric_name(gn_pair_metric metric) {
    return names[metric];
}

gn_status gn_pair_metric_parse(const char *name, gn_pair_metric *out, gn_error *err) {
    for (int m = 0; m < METRICS; m++)
        if (strcmp(name, names[m]) == 0) {
            *out = (gn_pair_metric)m;
            return GN_OK;
        }
    if (strcmp(name, "cityblock") == 0 || strcmp(name, "l1") == 0) {
        *out = GN_PAIR_MANHATTAN;
        return GN_OK;
    }
    return gn_fail(err, GN_EINVAL,
                   "metric '%s': expected euclidean, sqeuclidean, cosine, correlation, manhattan, "
                   "chebyshev or norm_diff",
                   name);
}

/* Row i scaled to length 1, for the two metrics that ask only for directions. */
static gn_status direction(const gn_pair_rows *r, size_t row, double *x, gn_error *err) {
    double mean = 0, length = 0;
    if (r->metric == GN_PAIR_CORRELATION) mean = gn_mean(x, r->d);
    for (size_t k = 0; k < r->d; k++) {
        x[k] -= mean;
        length += x[k] * x[k];
    }
    length = sqrt(length);
    if (!(length > 0))
        return gn_fail(err, GN_EDATA,
                       "row %zu is %s: it has no direction, and the %s distance none", row,
                       r->metric == GN_PAIR_CORRELATION ? "constant" : "zero", names[r->metric]);
    for (size_t k = 0; k < r->d; k++) x[k] /= length;
    return GN_OK;
}

static double length_of(const gn_pair_rows *r, const float *x) {
    double sum = 0, most = 0;
    if (gn_pair_products(r->metric)) return sqrt(r->vec->norm2(x, r->d));
    for (size_t k = 0; k < r->d; k++) {
        sum += fabs((double)x[k]);
        most = fmax(most, fabs((double)x[k]));
    }
    return r->metric == GN_PAIR_MANHATTAN ? sum : most;
}

/* By the triangle inequality no two rows are farther apart than the two longest are long. */
static void set_bound(gn_pair_rows *r) {
    double first = 0, second = 0, least = HUGE_VAL;
    for (size_t i = 0; i < r->n; i++) {
        double l = r->metric == GN_PAIR_NORM_DIFF ? r->norm[i] : length_of(r, r->x + i * r->d);
        if (l > first) {
            second = first;
            first = l;
        } else if (l > second) {
            second = l;
        }
        least = fmin(least, l);
    }
    double b = first + second;
    bool unit = r->metric == GN_PAIR_COSINE || r->metric == GN_PAIR_CORRELATION;
    if (unit && b < SAME) { /* what is left of equal directions is rounding */
        memset(r->x, 0, r->n * r->d * sizeof *r->x);
        memset(r->norm2, 0, r->n * sizeof *r->norm2);
        b = 0;
    }
    if (r->metric == GN_PAIR_SQEUCLIDEAN) b *= b;
    if (unit) b *= b / 2;
    if (r->metric == GN_PAIR_NORM_DIFF) b = first - least;
    r->bound = b * (1 + 1e-5);
}

gn_status gn_pair_rows_new(gn_ctx *ctx, gn_mat a, const int32_t *order, size_t n_padded,
                           gn_pair_metric metric, gn_pair_rows *out, gn_error *err) {
    gn_status st;
    gn_pair_rows r = {.vec = gn_vec_for(GN_CPU_AUTO), .metric = metric, .n = a.rows, .d = a.cols};
    double *mean = NULL, *wide = NULL;
    bool directions = metric == GN_PAIR_COSINE || metric == GN_PAIR_CORRELATION;
    GN_TRY(gn_alloc_array(&mean, a.cols, sizeof *mean, "column means", err));
    GN_TRY(gn_alloc_array(&wide, a.cols, sizeof *wide, "a row", err));
    GN_TRY(gn_column_means(ctx, a, mean, err));
    GN_TRY(gn_alloc_array(&r.norm2, n_padded, sizeof *r.norm2, "lengths", err));
    memset(r.norm2, 0, n_padded * sizeof *r.norm2);
    GN_TRY(gn_alloc_array(&r.norm, r.n, sizeof *r.norm, "lengths", err));
    size_t values;
    if (!gn_mul(r.n, r.d, &values)) values = SIZE_MAX;
    GN_TRY(gn_alloc_array(&r.x, values, sizeof *r.x, "rows", err));
    for (int pass = 0; pass < (directions ? 2 : 1); pass++) {
        /* Directions are centred by their own mean, which the first pass finds. */
        bool centre = !directions || pass == 1;
        if (directions && pass == 0) memset(mean, 0, r.d * sizeof *mean);
        if (directions && pass == 1)
            for (size_t k = 0; k < r.d; k++) mean[k] /= (double)r.n;
        for (size_t i = 0; i < r.n; i++) {
            size_t row = order ? (size_t)order[i] : i;
            const double *from = gn_mat_row_f64(a, row, wide);
            if (from != wide) memcpy(wide, from, r.d * sizeof *wide);
            if (metric == GN_PAIR_NORM_DIFF) {
                double sum = 0;
                for (size_t k = 0; k < r.d; k++) sum += wide[k] * wide[k];
                r.norm[i] = sqrt(sum);
            }
            if (directions) GN_TRY(direction(&r, row, wide, err));
            if (!centre) {
                for (size_t k = 0; k < r.d; k++) mean[k] += wide[k];
                continue;
            }
            for (size_t k = 0; k < r.d; k++) r.x[i * r.d + k] = (float)(wide[k] - mean[k]);
            r.norm2[i] = (float)r.vec->norm2(r.x + i * r.d, r.d);
            if (!isfinite(r.norm2[i])) {
                st = gn_fail(err, GN_EDATA,
                             "row %zu: its squared length does not fit float32: "
                             "rescale the data",
                             row);
                goto done;
            }
        }
    }
    set_bound(&r);
    *out = r;
    r = (gn_pair_rows){0};
done:
    gn_free(mean);
    gn_free(wide);
    gn_pair_rows_free(&r);
    return st;
}

void gn_pair_rows_free(gn_pair_rows *r) {
    gn_free(r->x);
    gn_free(r->norm2);
    gn_free(r->norm);
}

double gn_pair_distance(const gn_pair_rows *r, size_t i, size_t j) {
    if (!gn_pair_products(r->metric)) {
        float out;
        gn_pair_strip(r, i, j, 1, &out);
        return (double)out;
    }
    double s = r->vec->dist2(r->x + i * r->d, r->x + j * r->d, r->d);
    return r->metric == GN_PAIR_EUCLIDEAN ? sqrt(s) : r->metric == GN_PAIR_SQEUCLIDEAN ? s : s / 2;
}

static float manhattan(const float *x, const float *y, size_t d) {
    float s[8] = {0};
    double sum = 0;
    size_t k = 0;
    while (k + 8 <= d) { /* float32 chains of at most 64 terms */
        size_t stop = d - k < 512 ? k + (d - k) / 8 * 8 : k + 512;
        for (; k < stop; k += 8)
            for (size_t l = 0; l < 8; l++) s[l] += fabsf(x[k + l] - y[k + l]);
        for (size_t l = 0; l < 8; l++) sum += (double)s[l], s[l] = 0;
    }
    for (; k < d; k++) sum += fabs((double)x[k] - (double)y[k]);
    return (float)sum;
}

static float chebyshev(const float *x, const float *y, size_t d) {
    float s[8] = {0}, most = 0;
    for (size_t k = 0; k < d; k++) {
        float v = fabsf(x[k] - y[k]);
        s[k % 8] = v > s[k % 8] ? v : s[k % 8];
    }
    for (size_t l = 0; l < 8; l++) most = s[l] > most ? s[l] : most;
    return most;
}

void gn_pair_strip(const gn_pair_rows *r, size_t i, size_t j, size_t width, float *out) {
    const float *x = r->x + i * r->d;
    for (size_t t = 0; t < width; t++) {
        const float *y = r->x + (j + t) * r->d;
        out[t] = r->metric == GN_PAIR_MANHATTAN   ? manhattan(x, y, r->d)
                 : r->metric == GN_PAIR_CHEBYSHEV ? chebyshev(x, y, r->d)
                                                  : (float)fabs(r->norm[i] - r->norm[j + t]);
    }
}
