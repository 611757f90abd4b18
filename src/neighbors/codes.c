/* A layer in int8: 1 byte a value, and a number for each row that says how wrong that is.
 *
 * A row x is kept as m + s (g o c): c its int8 codes, s a scale of its own, g the columns' scales,
 * m a centre. The residual |x - m - s (g o c)| is measured, not estimated: whatever m and g are,
 * the bound that follows from it holds (scan.c). So m and g may come from a sample of rows.
 *
 * What bit us: one scale a row is not enough for hidden states. A few "rogue" coordinates are 20
 * times larger than the others, take all 127 steps, and leave the rest with three or four. Dividing
 * each column by its spread first gives all of them the same relative error: about 0.7 % of the
 * row's distance from the centre. */
#include "neighbors/codes.h"

#include "base/ctx.h"
#include "base/mem.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define WIDEN (1 + 0x1p-39)

enum { SAMPLE_ROWS = 4096, PAD = 64 };

const double *gn_wide_row(const gn_vec *vec, gn_mat x, size_t i, double *buf) {
    if (x.dtype != GN_F32) return gn_mat_row_f64(x, i, buf);
    vec->widen(gn_mat_row_f32(x, i, NULL), x.cols, buf);
    return buf;
}

double gn_row_length(const gn_vec *vec, const double *x, size_t d) {
    double square = vec->dot_f64(x, x, d), largest = 0, sum = 0;
    if (square > 0x1p-900 && square < 0x1p900) return sqrt(square);
    for (size_t c = 0; c < d; c++) {
        if (!isfinite(x[c])) return HUGE_VAL;
        largest = fmax(largest, fabs(x[c]));
    }
    if (largest == 0) return 0;
    for (size_t c = 0; c < d; c++) sum += x[c] / largest * (x[c] / largest);
    return largest * sqrt(sum);
}

gn_status gn_row_unfit(gn_mat x, size_t i, double *buf, gn_error *err) {
    const double *row = gn_mat_row_f64(x, i, buf);
    for (size_t c = 0; c < x.cols; c++)
        if (!isfinite(row[c]))
            return gn_fail(err, GN_EDATA,
                           "row %zu, column %zu is %s: neighbours need finite values", i, c,
                           isnan(row[c]) ? "NaN"
                           : row[c] > 0  ? "infinity"
                                         : "-infinity");
    return gn_fail(err, GN_EDATA, "row %zu is longer than a float64 can say", i);
}

gn_status gn_scan_check(gn_mat x, gn_error *err) {
    if (x.rows == 0 || x.cols == 0 || x.rows > INT32_MAX || x.cols >= (size_t)1 << 18)
        return gn_fail(err, GN_EINVAL,
                       "%zu rows x %zu columns: neighbours need 1 to %d rows and 1 to %d columns",
                       x.rows, x.cols, INT32_MAX, (1 << 18) - 1);
    if (x.dtype > GN_BF16)
        return gn_fail(err, GN_EINVAL, "elements are %s: neighbours need floating-point values",
                       gn_dtype_name(x.dtype));
    return GN_OK;
}

void gn_codes_offset(const gn_codes *codes, size_t j, double *out) {
    const int8_t *c = codes->code + j * codes->padded;
    double s = codes->step[j];
    for (size_t i = 0; i < codes->d; i++) out[i] = s * codes->scale[i] * (double)c[i];
}

/* Centre and spread of the columns over evenly spaced rows. */
static gn_status choose_scales(const gn_vec *vec, gn_mat x, gn_codes *q, double *buf,
                               gn_error *err) {
    size_t d = x.cols, m = x.rows < SAMPLE_ROWS ? x.rows : SAMPLE_ROWS;
    double largest = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t s = 0; s < m; s++) {
            size_t i = (size_t)((double)s * (double)x.rows / (double)m);
            const double *row = gn_wide_row(vec, x, i, buf);
            if (!isfinite(gn_row_length(vec, row, d))) return gn_row_unfit(x, i, buf, err);
            for (size_t c = 0; c < d; c++)
                if (pass == 0)
                    q->centre[c] += row[c] / (double)m;
                else
                    q->scale[c] = fmax(q->scale[c], 0) + fabs(row[c] - q->centre[c]) / (double)m;
        }
    for (size_t c = 0; c < d; c++) largest = fmax(largest, q->scale[c]);
    for (size_t c = 0; c < d; c++)
        q->scale[c] = largest > 0 ? fmax(q->scale[c] / largest, 0x1p-20) : 1;
    return GN_OK;
}

struct coding {
    const gn_vec *vec;
    gn_mat x;
    gn_codes *q;
    double *inverse; /* (d) 1 / scale */
    double *row;     /* (threads, d) */
};

static gn_status code_row(const struct coding *w, size_t i, double *t, gn_error *err) {
    gn_codes *q = w->q;
    size_t d = q->d;
    int8_t *code = q->code + i * q->padded;
    const double *row = gn_wide_row(w->vec, w->x, i, t);
    if (!isfinite(gn_row_length(w->vec, row, d))) return gn_row_unfit(w->x, i, t, err);
    double largest = 0, kept = 0, rest = 0, whole = 0;
    for (size_t c = 0; c < d; c++) {
        t[c] = row[c] - q->centre[c];
        double u = fabs(t[c]) * w->inverse[c];
        largest = u > largest ? u : largest;
    }
    if (!(largest < DBL_MAX)) return gn_row_unfit(w->x, i, t, err);
    /* sums are in units of s, so that no square leaves float64 */
    double s = fmax(largest / 127, DBL_MIN), inverse = 1 / s;
    for (size_t c = 0; c < d; c++) { /* half away from zero: any rounding is right, this is fast */
        double u = t[c] * inverse, v = u * w->inverse[c];
        code[c] = (int8_t)(v < 0 ? v - 0.5 : v + 0.5);
        double a = q->scale[c] * (double)code[c], e = u - a;
        kept += a * a;
        rest += e * e;
        whole += u * u;
    }
    memset(code + d, 0, q->padded - d);
    q->step[i] = s;
    q->length[i] = s * sqrt(kept) * WIDEN;
    q->rest[i] = s * (sqrt(rest) * WIDEN + 0x1p-49 * (sqrt(whole) + sqrt(kept)));
    return isfinite(q->rest[i] + q->length[i]) ? GN_OK : gn_row_unfit(w->x, i, t, err);
}

static gn_status code_block(void *user, size_t block, unsigned worker, gn_error *err) {
    const struct coding *w = user;
    gn_status st = GN_OK;
    size_t end = (block + 1) * GN_SCAN_BLOCK < w->q->n ? (block + 1) * GN_SCAN_BLOCK : w->q->n;
    for (size_t i = block * GN_SCAN_BLOCK; i < end && st == GN_OK; i++)
        st = code_row(w, i, w->row + worker * w->q->d, err);
    return st;
}

gn_status gn_codes_new(gn_ctx *ctx, gn_mat x, gn_codes **out, gn_error *err) {
    gn_status st = GN_OK;
    gn_codes *q = NULL;
    struct coding w = {.vec = gn_vec_for(gn_ctx_cpu(ctx)), .x = x};
    size_t n = x.rows, d = x.cols;
    GN_TRY(gn_scan_check(x, err));
    q = gn_calloc(1, sizeof *q);
    if (!q) GN_TRY(gn_fail_nomem(err, "an int8 copy", sizeof *q));
    q->n = n;
    q->d = d;
    q->padded = (d + PAD - 1) / PAD * PAD;
    w.q = q;
    GN_TRY(gn_alloc_array(&q->code, n, q->padded, "an int8 copy of the layer", err));
    GN_TRY(gn_alloc_array(&q->step, n, sizeof(double), "scales of rows", err));
    GN_TRY(gn_alloc_array(&q->length, n, sizeof(double), "lengths of rows", err));
    GN_TRY(gn_alloc_array(&q->rest, n, sizeof(double), "rounding errors", err));
    GN_TRY(gn_alloc_array(&q->centre, d, sizeof(double), "the centre", err));
    GN_TRY(gn_alloc_array(&q->scale, d, sizeof(double), "scales of columns", err));
    GN_TRY(gn_alloc_array(&w.inverse, d, sizeof(double), "scales of columns", err));
    GN_TRY(gn_alloc_array(&w.row, gn_ctx_threads(ctx) * sizeof(double), d, "a row for each thread",
                          err));
    memset(q->centre, 0, d * sizeof(double));
    memset(q->scale, 0, d * sizeof(double));
    GN_TRY(choose_scales(w.vec, x, q, w.row, err));
    for (size_t c = 0; c < d; c++) w.inverse[c] = 1 / q->scale[c];
    size_t blocks = (n + GN_SCAN_BLOCK - 1) / GN_SCAN_BLOCK;
    gn_progress p = {"int8 copy", "rows", (double)n, 0, (double)n / (double)blocks};
    GN_TRY(gn_parallel(ctx, blocks, code_block, &w, &p, err));
    *out = q;
    q = NULL;
done:
    gn_free(w.inverse);
    gn_free(w.row);
    gn_codes_free(q);
    return st;
}

void gn_codes_free(gn_codes *codes) {
    if (!codes) return;
    gn_free(codes->code);
    gn_free(codes->step);
    gn_free(codes->length);
    gn_free(codes->rest);
    gn_free(codes->centre);
    gn_free(codes->scale);
    gn_free(codes);
}

size_t gn_codes_bytes(const gn_codes *codes) {
    return codes->n * (codes->padded + 3 * sizeof(double));
}
