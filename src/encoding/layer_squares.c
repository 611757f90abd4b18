/* Squares of squared distances. With centred rows
 *
 *     sum over pairs of y^2   n sum S^2 + (sum S)^2 + 2 |A^T A|^2 (Frobenius)
 *     row sums                n S_i^2 + sum S^2 + 2 S_i sum S + 4 Q_i - 4 a_i.q
 *                             with Q_i = a_i^T (A^T A) a_i = sum_j (a_i.a_j)^2 and q = sum S_j a_j
 *
 * Fewer rows than columns: A A^T has the same norm, and its rows give Q_i. Otherwise Q_i would cost
 * as much again as A^T A; it serves error bars only, so it is taken on a seeded sample of rows and
 * in float32. */
#include "base/random.h"
#include "encoding/sums.h"
#include "math/gemm.h"
#include "math/linalg.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

enum { ROWS = 64 };
static const uint64_t sample_stream = 0x6d6c656d; /* "mlem" */

struct rows {
    const gn_layer_view *v;
    const double *s, *q; /* (n) squared lengths, (d) sum of S_j a_j */
    double sum_s, sum_ss, trace;
    const int32_t *sample;
    size_t n_sample;
    const gn_weight *weight; /* A^T A / trace */
    size_t scratch_bytes;
    char *scratch; /* per worker: gemm's, then rows and products (ROWS, d) */
    double *row_yy;
};

static double row_sum(const struct rows *r, size_t i, double form, double with_q) {
    double n = (double)r->v->x.rows, s = r->s[i];
    return n * s * s + r->sum_ss + 2 * s * r->sum_s + 4 * form - 4 * with_q;
}

/* ---- more rows than columns -------------------------------------------------------------------
 */

static gn_status sample_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct rows *r = user;
    size_t d = r->v->x.cols, first = block * ROWS,
           m = r->n_sample - first < ROWS ? r->n_sample - first : ROWS;
    char *scratch = r->scratch + worker * r->scratch_bytes;
    float *x =
        (float *)(scratch + r->scratch_bytes - 2 * ROWS * d * sizeof *x - d * sizeof(double));
    float *y = x + ROWS * d;
    double *row = (double *)(y + ROWS * d);
    for (size_t i = 0; i < m; i++) {
        gn_layer_row(r->v, (size_t)r->sample[first + i], 0, d, row);
        for (size_t j = 0; j < d; j++) x[i * d + j] = (float)row[j];
    }
    gn_linear_run(&(gn_linear){.weight = r->weight}, x, m, d, y, d, scratch);
    for (size_t i = 0; i < m; i++) {
        size_t at = (size_t)r->sample[first + i];
        double form = 0, with_q = 0;
        for (size_t j = 0; j < d; j++) {
            form += (double)x[i * d + j] * (double)y[i * d + j];
            with_q += (double)x[i * d + j] * r->q[j];
        }
        r->row_yy[at] = row_sum(r, at, r->trace * form, with_q);
    }
    return GN_OK;
}

/* q = sum S_j a_j. */
static gn_status weighted_sum(const struct rows *r, double *q, gn_error *err) {
    double *row = NULL;
    size_t d = r->v->x.cols;
    gn_status st = gn_alloc_array(&row, d, sizeof *row, "sums over pairs", err);
    memset(q, 0, d * sizeof *q);
    for (size_t i = 0; st == GN_OK && i < r->v->x.rows; i++) {
        gn_layer_row(r->v, i, 0, d, row);
        r->v->vec->add(r->s[i], row, d, q);
    }
    gn_free(row);
    return st;
}

static gn_status sampled_rows(gn_ctx *ctx, struct rows *r, const double *moments, gn_error *err) {
    gn_status st;
    size_t n = r->v->x.rows, d = r->v->x.cols;
    double *q = NULL, *scaled = NULL;
    int32_t *sample = NULL;
    gn_weight *weight = NULL;
    r->n_sample = n < GN_SAMPLED_ROWS ? n : GN_SAMPLED_ROWS;
    for (size_t i = 0; i < n; i++) r->row_yy[i] = (double)NAN;
    GN_TRY(gn_alloc_array(&q, d, sizeof *q, "sums over pairs", err));
    GN_TRY(gn_alloc_array(&scaled, d, d * sizeof *scaled, "second moments", err));
    GN_TRY(gn_alloc_array(&sample, r->n_sample, sizeof *sample, "sampled rows", err));
    gn_random random = gn_random_new(gn_ctx_seed(ctx), sample_stream);
    gn_random_subset(&random, n, r->n_sample, sample);
    GN_TRY(weighted_sum(r, q, err));
    r->trace = 0;
    for (size_t j = 0; j < d; j++) r->trace += moments[j * d + j];
    if (!(r->trace > 0)) r->trace = 1; /* all rows are the same: every sum is 0 */
    for (size_t e = 0; e < d * d; e++) scaled[e] = moments[e] / r->trace;
    GN_TRY(gn_weight_pack(gn_gemm_for(gn_ctx_cpu(ctx), 0), gn_mat_f64(scaled, d, d), &weight, err));
    size_t gemm_bytes = (gn_linear_scratch(weight, ROWS) + 63) / 64 * 64;
    r->scratch_bytes =
        gemm_bytes + (2 * ROWS * d * sizeof(float) + d * sizeof(double) + 63) / 64 * 64;
    GN_TRY(
        gn_alloc_array(&r->scratch, gn_ctx_threads(ctx), r->scratch_bytes, "sums over pairs", err));
    r->q = q;
    r->sample = sample;
    r->weight = weight;
    st = gn_parallel(ctx, (r->n_sample + ROWS - 1) / ROWS, sample_block, r, NULL, err);
done:
    gn_free(q);
    gn_free(scaled);
    gn_free(sample);
    gn_free(r->scratch);
    gn_weight_free(weight);
    return st;
}

static gn_status by_columns(gn_ctx *ctx, struct rows *r, double *norm, gn_error *err) {
    gn_status st;
    const gn_layer_view *v = r->v;
    size_t d = v->x.cols, elements;
    double *m = NULL;
    if (!gn_mul(d, d, &elements)) return gn_fail_nomem(err, "second moments", SIZE_MAX);
    GN_TRY(gn_alloc_array(&m, elements, sizeof *m, "second moments", err));
    GN_TRY(gn_second_moments(ctx, v->x, v->mean, 1, m, err));
    for (size_t i = 0; v->scale && i < d; i++)
        for (size_t j = 0; j < d; j++) m[i * d + j] *= v->scale[i] * v->scale[j];
    *norm = 0;
    for (size_t i = 0; i < d; i++) *norm += v->vec->dot_f64(m + i * d, m + i * d, d);
    st = sampled_rows(ctx, r, m, err);
done:
    gn_free(m);
    return st;
}

/* ---- fewer rows than columns ------------------------------------------------------------------
 */

static void by_rows(struct rows *r, const double *gram, double *norm) {
    size_t n = r->v->x.rows;
    *norm = 0;
    for (size_t i = 0; i < n; i++) {
        double form = r->v->vec->dot_f64(gram + i * n, gram + i * n, n);
        *norm += form;
        r->row_yy[i] = row_sum(r, i, form, r->v->vec->dot_f64(gram + i * n, r->s, n));
    }
}

gn_status gn_layer_squares(gn_ctx *ctx, const gn_layer_view *v, const double *s, const double *gram,
                           double *yy, double *row_yy, gn_error *err) {
    gn_status st = GN_OK;
    size_t n = v->x.rows;
    struct rows r = {.v = v, .s = s, .row_yy = row_yy};
    double norm = 0;
    for (size_t i = 0; i < n; i++) {
        r.sum_s += s[i];
        r.sum_ss += s[i] * s[i];
    }
    if (gram)
        by_rows(&r, gram, &norm);
    else
        st = by_columns(ctx, &r, &norm, err);
    if (st == GN_OK) *yy = (double)n * r.sum_ss + r.sum_s * r.sum_s + 2 * norm;
    return st;
}
