#include "encoding/sums.h"

#include "math/linalg.h"

#include <math.h>

gn_status gn_layer_view_new(gn_ctx *ctx, gn_mat x, bool zscore, gn_layer_view *out, gn_error *err) {
    gn_status st;
    gn_layer_view v = {.x = x, .vec = gn_vec_for(gn_ctx_cpu(ctx))};
    double *buf = NULL;
    GN_TRY(gn_alloc_array(&v.mean, x.cols, sizeof *v.mean, "column means", err));
    GN_TRY(gn_column_means(ctx, x, v.mean, err));
    if (zscore) {
        GN_TRY(gn_alloc_array(&buf, x.cols, sizeof *buf, "column deviations", err));
        v.scale = gn_calloc(x.cols, sizeof *v.scale);
        if (!v.scale) {
            st = gn_fail_nomem(err, "column deviations", x.cols * sizeof *v.scale);
            goto done;
        }
        for (size_t i = 0; i < x.rows; i++) {
            const double *row = gn_mat_row_f64(x, i, buf);
            for (size_t j = 0; j < x.cols; j++)
                v.scale[j] += (row[j] - v.mean[j]) * (row[j] - v.mean[j]);
        }
        /* A column whose values are all the same has deviations of rounding at most. */
        for (size_t j = 0; j < x.cols; j++) {
            double sd = sqrt(v.scale[j] / (double)x.rows);
            v.scale[j] = sd > 1e-12 * fabs(v.mean[j]) ? 1 / sd : 0;
        }
    }
    *out = v;
    v = (gn_layer_view){0};
done:
    gn_free(buf);
    gn_layer_view_free(&v);
    return st;
}

void gn_layer_view_free(gn_layer_view *v) {
    gn_free(v->mean);
    gn_free(v->scale);
    *v = (gn_layer_view){0};
}

void gn_layer_row(const gn_layer_view *v, size_t i, size_t j0, size_t w, double *out) {
    gn_mat x = v->x;
    const double *mean = v->mean + j0;
    x.data = (const char *)x.data + j0 * gn_dtype_size(x.dtype);
    x.cols = w;
    if (x.dtype == GN_F32) { /* the usual case, without a copy */
        const float *row = gn_mat_row_f32(x, i, NULL);
        v->vec->widen(row, w, out);
        v->vec->add(-1, mean, w, out);
    } else {
        const double *row = gn_mat_row_f64(x, i, out);
        for (size_t j = 0; j < w; j++) out[j] = row[j] - mean[j];
    }
    if (v->scale)
        for (size_t j = 0; j < w; j++) out[j] *= v->scale[j0 + j];
}

void gn_layer_rows(const gn_layer_view *v, size_t i0, size_t m, size_t j0, size_t w, double *out) {
    enum { AHEAD = 16, LINE = 64 }; /* rows, bytes: the processor does not foresee such leaps */
    size_t size = gn_dtype_size(v->x.dtype);
    for (size_t i = i0; i < i0 + m; i++, out += w) {
        const char *ahead = (const char *)v->x.data + ((i + AHEAD) * v->x.stride + j0) * size;
        for (size_t b = 0; b < w * size && i + AHEAD < v->x.rows; b += LINE)
            __builtin_prefetch(ahead + b);
        gn_layer_row(v, i, j0, w, out);
    }
}

void gn_layer_columns(const gn_layer_view *v, size_t j0, double *restrict out) {
    enum { WIDE = GN_LAYER_COLUMNS };
    size_t n = v->x.rows, w = v->x.cols - j0 < WIDE ? v->x.cols - j0 : WIDE;
    if (w == WIDE && v->x.dtype == GN_F32 && !v->scale) { /* a length known to the compiler */
        const double *restrict mean = v->mean + j0;
        for (size_t i = 0; i < n; i++, out += WIDE) {
            const float *restrict row = gn_mat_row_f32(v->x, i, NULL) + j0;
            for (size_t j = 0; j < WIDE; j++) out[j] = (double)row[j] - mean[j];
        }
        return;
    }
    for (size_t i = 0; i < n; i++, out += WIDE) {
        gn_layer_row(v, i, j0, w, out);
        for (size_t j = w; j < WIDE; j++) out[j] = 0;
    }
}
