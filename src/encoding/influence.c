#include "encoding/influence.h"

#include "encoding/small.h"

#include <math.h>
#include <string.h>

double gn_influence_se(const double *influence, size_t n) {
    double mean = 0, squares = 0, known = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(influence[i])) {
            mean += influence[i];
            known++;
        }
    mean /= known;
    for (size_t i = 0; i < n; i++)
        if (!isnan(influence[i])) squares += (influence[i] - mean) * (influence[i] - mean);
    return known > 1 ? sqrt(squares / (known - 1) / (double)n) : (double)NAN;
}

void gn_variance_influence(const gn_mlem_design *s, size_t k, double *out) {
    const double *square = s->row_xx + gn_triangle(k, k) * s->n, *sum = s->row_x + k * s->n;
    double m = s->mean[k], others = (double)(s->n - 1);
    for (size_t i = 0; i < s->n; i++)
        out[i] = 2 * ((square[i] - 2 * m * sum[i]) / others + m * m - s->cov[k * s->f + k]);
}

/* ---- variance that the other features leave -----------------------------------------------------
 */

struct own {
    gn_mlem_design *design;
    double *scratch; /* per worker: (f, f), (f) and index, skip */
    size_t worker_bytes;
};

/* Block k: the square of what the other features leave of x_k, sum of g_l x_l. */
static gn_status own_block(void *user, size_t k, unsigned worker, gn_error *err) {
    (void)err;
    const struct own *o = user;
    gn_mlem_design *s = o->design;
    size_t f = s->f, n = s->n;
    double *a = (double *)(void *)((char *)o->scratch + worker * o->worker_bytes), *g = a + f * f;
    size_t *index = (size_t *)(void *)(g + f);
    double own = gn_small_own(s->cov, f, k, a, index, (bool *)(index + f), g);
    s->own[k] = own;
    double shift = 0, others = (double)(n - 1), *out = s->row_own + k * n;
    for (size_t l = 0; l < f; l++) shift += g[l] * s->mean[l];
    for (size_t i = 0; i < n; i++) out[i] = shift * shift - own;
    for (size_t p = 0; p < f; p++) {
        for (size_t i = 0; i < n; i++) out[i] -= 2 * shift * g[p] * s->row_x[p * n + i] / others;
        for (size_t q = 0; q <= p; q++) {
            const double *row = s->row_xx + gn_triangle(p, q) * n;
            double c = (p == q ? 1 : 2) * g[p] * g[q] / others;
            for (size_t i = 0; c != 0 && i < n; i++) out[i] += c * row[i];
        }
    }
    for (size_t i = 0; i < n; i++) out[i] *= 2;
    return GN_OK;
}

gn_status gn_own_variances(gn_ctx *ctx, gn_mlem_design *s, gn_error *err) {
    struct own o = {.design = s};
    size_t f = s->f;
    o.worker_bytes =
        ((f * f + f) * sizeof(double) + f * sizeof(size_t) + f * sizeof(bool) + 63) / 64 * 64;
    gn_status st =
        gn_alloc_array(&o.scratch, gn_ctx_threads(ctx), o.worker_bytes, "covariances", err);
    if (st == GN_OK) st = gn_parallel(ctx, f, own_block, &o, NULL, err);
    gn_free(o.scratch);
    return st;
}

/* ---- a layer ------------------------------------------------------------------------------------
 */

void gn_weight_influence(const gn_mlem_design *s, const gn_layer_sums *y, const size_t *set,
                         size_t m, const double *weight, const double *a, const bool *skip,
                         size_t at, double *scratch, double *out) {
    const gn_vec *vec = y->vec;
    size_t n = s->n;
    double b = y->y / s->n_pairs, shift = 0, others = (double)(n - 1), *g = scratch;
    for (size_t l = 0; l < m; l++) b -= weight[l] * s->mean[set[l]];
    /* Row `at` of the inverse: the influence on the weight is that row times the influence on
     * Cov(x, e), whose pair mean is (x - mean)(e). */
    memset(g, 0, m * sizeof *g);
    g[at] = 1;
    gn_small_solve(a, m, skip, g);
    for (size_t p = 0; p < m; p++) shift += g[p] * s->mean[set[p]];
    /* Minus shift times what is left of y on a row's pairs: sum_j e_ij, e = y - b - sum of w_l x_l.
     */
    for (size_t i = 0; i < n; i++) out[i] = -shift * (y->row_y[i] - b * others);
    for (size_t p = 0; p < m; p++) {
        vec->add(shift * weight[p] - g[p] * b, s->row_x + set[p] * n, n, out);
        vec->add(g[p], y->row_xy + set[p] * n, n, out);
        for (size_t q = 0; q <= p; q++) {
            const double *xx = s->row_xx + gn_triangle(set[p], set[q]) * n;
            double c = g[p] * weight[q] + (p == q ? 0 : g[q] * weight[p]);
            if (c != 0) vec->add(-c, xx, n, out);
        }
    }
    for (size_t i = 0; i < n; i++) out[i] *= 2 / others;
}

void gn_r2_influence(const gn_mlem_design *s, const gn_layer_sums *y, const double *weight,
                     double mse, double variance, double *out) {
    size_t n = s->n;
    double mean = y->y / s->n_pairs, b = mean, others = (double)(n - 1);
    for (size_t k = 0; k < s->f; k++) b -= weight[k] * s->mean[k];
    for (size_t i = 0; i < n; i++) {
        out[i] = y->row_yy[i];
        if (isnan(out[i])) continue;
        double e2 = out[i] - 2 * b * y->row_y[i] + b * b * others;
        for (size_t k = 0; k < s->f; k++) {
            if (!(weight[k] > 0)) continue;
            e2 += 2 * weight[k] * (b * s->row_x[k * n + i] - y->row_xy[k * n + i]);
            for (size_t l = 0; l <= k; l++)
                e2 +=
                    (l == k ? 1 : 2) * weight[k] * weight[l] * s->row_xx[gn_triangle(k, l) * n + i];
        }
        double of_mse = 2 * (e2 / others - mse);
        double of_variance =
            2 * ((out[i] - 2 * mean * y->row_y[i]) / others + mean * mean - variance);
        out[i] = (mse * of_variance / variance - of_mse) / variance;
    }
}
