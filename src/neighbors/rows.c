/* Reading the input once: what is refused, how it is scaled, where its middle lies.
 *
 * The mean needs no accuracy (any common shift leaves differences alone), but it must not depend on
 * the threads: each block of rows has its own sum, and sums are added in block order. Where other
 * rows ask, it is still the mean of those that answer: |a_j| enters the error bound of every pair,
 * and a query far away from all of them costs more candidates for that query alone. */
#include "neighbors/rows.h"

#include "base/ctx.h"
#include "base/mem.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { SUM_BLOCKS = 64 };

struct scan {
    gn_rows *rows;
    double *buf;     /* a row for each worker */
    double *sum;     /* (SUM_BLOCKS, cols) */
    double *largest; /* (SUM_BLOCKS) */
};

static size_t first_row(const gn_rows *r, size_t block) {
    return (size_t)((double)r->n * (double)block / SUM_BLOCKS);
}

static double largest_of(const double *x, size_t d) {
    double m = 0;
    for (size_t c = 0; c < d; c++) m = fabs(x[c]) > m ? fabs(x[c]) : m;
    return m;
}

/* 1 / |x|, without overflow or underflow on the way; 0 when there is no direction. */
static double inverse_norm(const double *x, size_t d) {
    double m = largest_of(x, d), sum = 0;
    if (m == 0) return 0;
    int e;
    (void)frexp(m, &e);
    for (size_t c = 0; c < d; c++) {
        double u = ldexp(x[c], -e);
        sum += u * u;
    }
    double f = ldexp(1 / sqrt(sum), -e);
    return isfinite(f) ? f : 0;
}

static gn_status check_block(void *user, size_t block, unsigned worker, gn_error *err) {
    struct scan *s = user;
    gn_rows *r = s->rows;
    size_t d = r->x.cols;
    double *buf = s->buf + worker * d, largest = 0;
    for (size_t i = first_row(r, block), end = first_row(r, block + 1); i < end; i++) {
        const double *x = gn_mat_row_f64(r->x, gn_rows_number(r, i), buf);
        double zero = 0; /* stays zero unless a value is NaN or infinite */
        for (size_t c = 0; c < d; c++) zero += x[c] * 0;
        for (size_t c = 0; zero != 0 && c < d; c++)
            if (!isfinite(x[c]))
                return gn_fail(err, GN_EDATA,
                               "row %zu, column %zu is %s: neighbours need finite values",
                               gn_rows_number(r, i), c,
                               isnan(x[c]) ? "NaN"
                               : x[c] > 0  ? "infinity"
                                           : "-infinity");
        if (r->factor) {
            r->factor[i] = inverse_norm(x, d);
            if (r->factor[i] == 0)
                return gn_fail(err, GN_EDATA,
                               "row %zu is a zero vector: it has no direction, so cosine distance "
                               "is undefined",
                               gn_rows_number(r, i));
        } else {
            double m = largest_of(x, d);
            largest = m > largest ? m : largest;
        }
    }
    s->largest[block] = largest;
    return GN_OK;
}

static gn_status sum_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct scan *s = user;
    const gn_rows *r = s->rows;
    size_t d = r->x.cols;
    double *buf = s->buf + worker * d, *sum = s->sum + block * d;
    memset(sum, 0, d * sizeof *sum);
    for (size_t i = first_row(r, block), end = first_row(r, block + 1); i < end; i++) {
        gn_rows_get(r, i, buf);
        for (size_t c = 0; c < d; c++) sum[c] += buf[c];
    }
    return GN_OK;
}

/* Checks all values; *largest receives the largest |value| (Euclidean). */
static gn_status scan_values(gn_ctx *ctx, struct scan *s, double *largest, gn_error *err) {
    gn_status st = GN_OK;
    gn_rows *r = s->rows;
    double of_block[SUM_BLOCKS] = {0};
    s->largest = of_block;
    r->kernels = gn_knn_kernels_for(gn_ctx_cpu(ctx));
    r->scale = 1;
    if (r->metric == GN_COSINE)
        GN_TRY(gn_alloc_array(&r->factor, r->n, sizeof(double), "norms", err));
    GN_TRY(gn_parallel(ctx, SUM_BLOCKS, check_block, s, NULL, err));
    *largest = largest_of(of_block, SUM_BLOCKS);
done:
    return st;
}

static double scale_for(double largest) {
    int e = 0;
    if (largest > 0) (void)frexp(largest, &e);
    return ldexp(1, e < -1000 ? 1000 : -e);
}

gn_status gn_rows_prepare(gn_ctx *ctx, gn_rows *base, gn_rows *queries, gn_error *err) {
    gn_status st = GN_OK;
    struct scan s = {.rows = base};
    size_t d = base->x.cols, n_doubles = 0;
    double largest = 0, of_queries = 0;
    if (!gn_mul(d, gn_ctx_threads(ctx), &n_doubles)) n_doubles = SIZE_MAX;
    GN_TRY(gn_alloc_array(&s.buf, n_doubles, sizeof(double), "a row for each thread", err));
    GN_TRY(gn_alloc_array(&s.sum, d, SUM_BLOCKS * sizeof(double), "column sums", err));
    GN_TRY(gn_alloc_array(&base->mean, d, sizeof(double), "the mean row", err));
    GN_TRY(scan_values(ctx, &s, &largest, err));
    if (queries) {
        struct scan q = {.rows = queries, .buf = s.buf};
        st = scan_values(ctx, &q, &of_queries, err);
        if (st != GN_OK) gn_error_prefix(err, "queries");
        GN_TRY(st);
    }
    if (base->metric == GN_EUCLIDEAN) base->scale = scale_for(fmax(largest, of_queries));
    GN_TRY(gn_parallel(ctx, SUM_BLOCKS, sum_block, &s, NULL, err));
    memset(base->mean, 0, d * sizeof(double));
    for (size_t b = 0; b < SUM_BLOCKS; b++)
        for (size_t c = 0; c < d; c++) base->mean[c] += s.sum[b * d + c];
    for (size_t c = 0; c < d; c++) base->mean[c] /= (double)base->n;
    if (queries) {
        queries->scale = base->scale;
        queries->mean = base->mean;
        queries->borrowed_mean = true;
    }
done:
    gn_free(s.buf);
    gn_free(s.sum);
    return st;
}

void gn_rows_free(gn_rows *rows) {
    gn_free(rows->factor);
    if (!rows->borrowed_mean) gn_free(rows->mean);
    rows->factor = rows->mean = NULL;
}

const char *gn_rows_address(const gn_rows *r, size_t j) {
    return (const char *)r->x.data + gn_rows_number(r, j) * r->x.stride * gn_dtype_size(r->x.dtype);
}

void gn_rows_get(const gn_rows *r, size_t i, double *out) {
    const double *x = gn_mat_row_f64(r->x, gn_rows_number(r, i), out);
    double f = gn_rows_factor(r, i);
    for (size_t c = 0; c < r->x.cols; c++) out[c] = x[c] * f;
}

double gn_rows_distance(const gn_rows *r, const double *x, size_t j) {
    const void *y = gn_rows_address(r, j);
    const gn_knn_kernels *k = r->kernels;
    double f = gn_rows_factor(r, j), s;
    size_t d = r->x.cols;
    switch (r->x.dtype) {
    case GN_F64:
        s = k->distance_f64(x, y, f, d);
        break;
    case GN_F16:
        s = k->distance_f16(x, y, f, d);
        break;
    case GN_BF16:
        s = k->distance_bf16(x, y, f, d);
        break;
    default:
        s = k->distance_f32(x, y, f, d);
        break;
    }
    return r->metric == GN_COSINE && s <= GN_COSINE_NOISE ? 0 : s;
}

double gn_rows_public(const gn_rows *r, double squared) {
    return r->metric == GN_COSINE ? squared / 2 : sqrt(squared) / r->scale;
}
