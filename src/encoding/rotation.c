/* Principal axes by whichever is smaller: the (n, n) products of rows or the (d, d) moments of
 * columns. With K = X X' = Q' diag(s^2) Q the rotated rows are Q' s, and further rows Y become
 * Y X' Q' / s; with X'X = V' diag(s^2) V they are X V' and Y V'. Products of moments are float64;
 * the rotation itself is float32, which is what the representations are. */
#include "encoding/rotation.h"

#include "base/mem.h"
#include "math/gemm.h"
#include "math/linalg.h"

#include <math.h>

#define TINY 1e-10 /* axes with less than this share of the largest variance are rounding noise */

/* Rows of a minus the mean, as float32; `mean` is made when `make_mean`. */
static gn_status centred(gn_mat a, const int32_t *row, size_t n, double *mean, bool make_mean,
                         float *out, gn_error *err) {
    gn_status st;
    double *wide = NULL;
    GN_TRY(gn_alloc_array(&wide, a.cols, sizeof *wide, "a row", err));
    for (size_t k = 0; k < a.cols && make_mean; k++) mean[k] = 0;
    for (size_t i = 0; i < n && make_mean; i++) {
        const double *x = gn_mat_row_f64(a, (size_t)row[i], wide);
        for (size_t k = 0; k < a.cols; k++) mean[k] += x[k];
    }
    for (size_t k = 0; k < a.cols && make_mean; k++) mean[k] /= (double)n;
    for (size_t i = 0; i < n; i++) {
        const double *x = gn_mat_row_f64(a, (size_t)row[i], wide);
        for (size_t k = 0; k < a.cols; k++) out[i * a.cols + k] = (float)(x[k] - mean[k]);
    }
done:
    gn_free(wide);
    return st;
}

/* out (n, m) = x (n, k) w' for w (m, k). */
static gn_status product(gn_ctx *ctx, const float *x, size_t n, const float *w, size_t m, size_t k,
                         float *out, gn_error *err) {
    gn_status st;
    gn_weight *weight = NULL;
    void *scratch = NULL;
    enum { ROWS = 256 };
    if (n == 0) return GN_OK;
    GN_TRY(gn_weight_pack(gn_gemm_for(ctx ? gn_ctx_cpu(ctx) : GN_CPU_AUTO, 0), gn_mat_f32(w, m, k),
                          &weight, err));
    GN_TRY(gn_alloc_array(&scratch, 1, gn_linear_scratch(weight, ROWS), "packed rows", err));
    for (size_t i = 0; i < n; i += ROWS) {
        gn_linear linear = {.weight = weight};
        GN_TRY(gn_ctx_poll(ctx, err));
        gn_linear_run(&linear, x + i * k, n - i < ROWS ? n - i : ROWS, k, out + i * m, m, scratch);
    }
done:
    gn_free(scratch);
    gn_weight_free(weight);
    return st;
}

static void transpose(const float *x, size_t n, size_t d, float *out) {
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < d; k++) out[k * n + i] = x[i * d + k];
}

struct work {
    double *mean, *moments, *values, *vectors;
    float *x, *y, *turned, *axes, *products;
};

static void work_free(struct work *w) {
    gn_free(w->mean);
    gn_free(w->moments);
    gn_free(w->values);
    gn_free(w->vectors);
    gn_free(w->x);
    gn_free(w->y);
    gn_free(w->turned);
    gn_free(w->axes);
    gn_free(w->products);
}

gn_status gn_rotation_new(gn_ctx *ctx, gn_mat a, const int32_t *row, size_t n, const int32_t *other,
                          size_t n_other, gn_rotation *out, gn_error *err) {
    gn_status st;
    gn_rotation r = {.n = n, .n_other = n_other};
    struct work w = {0};
    size_t d = a.cols, m = n <= d ? n : d;
    bool by_rows = n <= d;
    GN_TRY(gn_alloc_array(&w.mean, d, sizeof *w.mean, "means", err));
    GN_TRY(gn_alloc_array(&w.x, n * d, sizeof *w.x, "rows", err));
    GN_TRY(gn_alloc_array(&w.y, n_other * d, sizeof *w.y, "rows", err));
    GN_TRY(centred(a, row, n, w.mean, true, w.x, err));
    GN_TRY(centred(a, other, n_other, w.mean, false, w.y, err));
    GN_TRY(gn_alloc_array(&w.moments, m * m, sizeof *w.moments, "second moments", err));
    if (by_rows) {
        GN_TRY(gn_alloc_array(&w.turned, n * d, sizeof *w.turned, "columns", err));
        transpose(w.x, n, d, w.turned);
    }
    gn_mat columns = by_rows ? gn_mat_f32(w.turned, d, n) : gn_mat_f32(w.x, n, d);
    GN_TRY(gn_second_moments(ctx, columns, NULL, 1, w.moments, err));
    GN_TRY(gn_alloc_array(&w.values, m, sizeof *w.values, "variances", err));
    GN_TRY(gn_alloc_array(&w.vectors, m * m, sizeof *w.vectors, "axes", err));
    GN_TRY(gn_eigen_symmetric(w.moments, m, w.values, w.vectors, err));
    while (r.rank < m && w.values[r.rank] > TINY * w.values[0] && w.values[r.rank] > 0) r.rank++;
    GN_TRY(gn_alloc_array(&r.z, n * r.rank, sizeof *r.z, "rotated rows", err));
    GN_TRY(gn_alloc_array(&r.other, n_other * r.rank, sizeof *r.other, "rotated rows", err));
    GN_TRY(gn_alloc_array(&r.s2, r.rank, sizeof *r.s2, "variances", err));
    for (size_t j = 0; j < r.rank; j++) r.s2[j] = w.values[j];
    if (r.rank == 0) goto hand_over;
    GN_TRY(gn_alloc_array(&w.axes, r.rank * m, sizeof *w.axes, "axes", err));
    for (size_t j = 0; j < r.rank; j++)
        for (size_t k = 0; k < m; k++)
            w.axes[j * m + k] = (float)(w.vectors[j * m + k] / (by_rows ? sqrt(w.values[j]) : 1.0));
    if (by_rows) {
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < r.rank; j++)
                r.z[i * r.rank + j] = (float)(w.vectors[j * m + i] * sqrt(w.values[j]));
        GN_TRY(gn_alloc_array(&w.products, n_other * n, sizeof *w.products, "products", err));
        GN_TRY(product(ctx, w.y, n_other, w.x, n, d, w.products, err));
        GN_TRY(product(ctx, w.products, n_other, w.axes, r.rank, n, r.other, err));
    } else {
        GN_TRY(product(ctx, w.x, n, w.axes, r.rank, d, r.z, err));
        GN_TRY(product(ctx, w.y, n_other, w.axes, r.rank, d, r.other, err));
    }
hand_over:
    *out = r;
    r = (gn_rotation){0};
done:
    work_free(&w);
    gn_rotation_free(&r);
    return st;
}

void gn_rotation_free(gn_rotation *r) {
    gn_free(r->z);
    gn_free(r->other);
    gn_free(r->s2);
}
