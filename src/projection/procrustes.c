/* Turning one map onto another, and how far rows move between two maps.
 *
 * The best turn of centred rows X onto T maximises tr(R^T X^T T): with X^T T = U S V^T it is U V^T,
 * whatever signs the singular vectors have, as long as no singular value is 0. Where reflections
 * are not allowed and U V^T is one, the direction of the smallest singular value, which costs
 * least, is turned round. The best scale afterwards is tr(S) / |X|^2; it is off unless asked for: a
 * map's size says something when the next layer's is drawn on the same axes. */
#include "gonio/align.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "math/linalg.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

enum { ROWS = 512, MOST = GN_PROCRUSTES_DIMS };

static double determinant(const double *r, size_t n) {
    double a[MOST * MOST], det = 1;
    memcpy(a, r, n * n * sizeof *a);
    for (size_t c = 0; c < n; c++) {
        size_t pivot = c;
        for (size_t i = c + 1; i < n; i++)
            if (fabs(a[i * n + c]) > fabs(a[pivot * n + c])) pivot = i;
        for (size_t j = 0; pivot != c && j < n; j++) {
            const double t = a[c * n + j];
            a[c * n + j] = a[pivot * n + j];
            a[pivot * n + j] = t;
        }
        det *= pivot == c ? a[c * n + c] : -a[c * n + c];
        if (a[c * n + c] == 0) return 0;
        for (size_t i = c + 1; i < n; i++)
            for (size_t j = n; j-- > c;) a[i * n + j] -= a[i * n + c] / a[c * n + c] * a[c * n + j];
    }
    return det;
}

/* rotation = U V^T of X^T T; the sum of the singular values, with their signs. */
static gn_status best_turn(const double *product, size_t n, bool no_reflection, double *rotation,
                           double *sum, gn_error *err) {
    double u[MOST * MOST], s[MOST], v_t[MOST * MOST];
    gn_status st = gn_svd_small(product, n, u, s, v_t, err);
    if (st != GN_OK) return st;
    for (int pass = 0; pass < 2; pass++) {
        *sum = 0;
        for (size_t i = 0; i < n; i++) *sum += s[i];
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                double r = 0;
                for (size_t l = 0; l < n; l++) r += u[i * n + l] * v_t[l * n + j];
                rotation[i * n + j] = r;
            }
        if (!no_reflection || determinant(rotation, n) > 0) break;
        s[n - 1] = -s[n - 1];
        for (size_t i = 0; i < n; i++) u[i * n + n - 1] = -u[i * n + n - 1];
    }
    return GN_OK;
}

gn_status gn_procrustes_fit(gn_mat x, gn_mat target, const gn_procrustes_opts *opts,
                            gn_procrustes *out, gn_error *err) {
    const gn_procrustes_opts o = opts ? *opts : (gn_procrustes_opts){0};
    const size_t n = x.rows, m = x.cols;
    gn_procrustes p = {.dim = m, .scale = 1};
    double product[MOST * MOST] = {0}, a[MOST], b[MOST], sum = 0, size = 0, square = 0;
    gn_status st;
    if (n == 0 || n != target.rows || m == 0 || m > MOST || m != target.cols)
        return gn_fail(err, GN_EINVAL,
                       "turning a (%zu, %zu) map onto a (%zu, %zu) one: expected equal shapes, at "
                       "least one row, 1 to %d columns",
                       n, m, target.rows, target.cols, MOST);
    if ((st = gn_column_means(NULL, x, p.from, err)) != GN_OK) return st;
    if ((st = gn_column_means(NULL, target, p.to, err)) != GN_OK) return st;
    for (size_t i = 0; i < n; i++) {
        const double *xi = gn_mat_row_f64(x, i, a), *ti = gn_mat_row_f64(target, i, b);
        for (size_t c = 0; c < m; c++) {
            size += (xi[c] - p.from[c]) * (xi[c] - p.from[c]);
            for (size_t e = 0; e < m; e++)
                product[c * m + e] += (xi[c] - p.from[c]) * (ti[e] - p.to[e]);
        }
    }
    if ((st = best_turn(product, m, o.no_reflection, p.rotation, &sum, err)) != GN_OK) return st;
    if (o.scale && !(size > 0))
        return gn_fail(err, GN_EDATA, "a map of %zu equal rows has no scale", n);
    if (o.scale) p.scale = sum / size;
    for (size_t i = 0; i < n; i++) {
        double moved[MOST];
        const double *xi = gn_mat_row_f64(x, i, a), *ti = gn_mat_row_f64(target, i, b);
        gn_procrustes_apply(&p, gn_mat_f64(xi, 1, m), moved);
        for (size_t c = 0; c < m; c++) square += (moved[c] - ti[c]) * (moved[c] - ti[c]);
    }
    p.residual = sqrt(square / (double)n);
    *out = p;
    return GN_OK;
}

void gn_procrustes_apply(const gn_procrustes *p, gn_mat x, double *out) {
    const size_t m = p->dim;
    for (size_t i = 0; i < x.rows; i++) {
        double buffer[MOST], centred[MOST];
        const double *row = gn_mat_row_f64(x, i, buffer);
        for (size_t c = 0; c < m; c++) centred[c] = p->scale * (row[c] - p->from[c]);
        for (size_t e = 0; e < m; e++) {
            double at = p->to[e];
            for (size_t c = 0; c < m; c++) at += centred[c] * p->rotation[c * m + e];
            out[i * m + e] = at;
        }
    }
}

/* ---- movement ---------------------------------------------------------------------------------
 */

gn_status gn_displacement_compute(gn_mat a, gn_mat b, gn_displacement *out, gn_error *err) {
    const size_t n = a.rows, m = a.cols;
    double *distance = NULL, p[MOST], q[MOST], centre[2][MOST], square = 0;
    gn_status st = GN_OK;
    if (n == 0 || n != b.rows || m == 0 || m > MOST || m != b.cols)
        return gn_fail(err, GN_EINVAL,
                       "movement between maps of (%zu, %zu) and (%zu, %zu): expected equal shapes, "
                       "at least one row, 1 to %d columns",
                       n, m, b.rows, b.cols, MOST);
    GN_TRY(gn_alloc_array(&distance, n, sizeof *distance, "distances", err));
    GN_TRY(gn_column_means(NULL, a, centre[0], err));
    GN_TRY(gn_column_means(NULL, b, centre[1], err));
    for (size_t i = 0; i < n; i++) {
        const double *at = gn_mat_row_f64(a, i, p), *to = gn_mat_row_f64(b, i, q);
        double d2 = 0;
        for (size_t c = 0; c < m; c++) {
            d2 += (at[c] - to[c]) * (at[c] - to[c]);
            square += (at[c] - centre[0][c]) * (at[c] - centre[0][c]) +
                      (to[c] - centre[1][c]) * (to[c] - centre[1][c]);
        }
        distance[i] = sqrt(d2);
    }
    const double mean = gn_mean(distance, n), radius = sqrt(square / (2 * (double)n));
    *out = (gn_displacement){.mean = mean,
                             .se = n > 1 ? gn_sem(distance, n) : (double)NAN,
                             .relative = radius > 0 ? mean / radius : (double)NAN};
done:
    gn_free(distance);
    return st;
}

struct lists {
    const gn_knn *a, *b;
    size_t k;
    float *out;
};

static gn_status compare_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    const struct lists *l = user;
    const size_t end = (block + 1) * ROWS < l->a->n ? (block + 1) * ROWS : l->a->n;
    for (size_t i = block * ROWS; i < end; i++) {
        size_t common = 0;
        for (size_t s = 0; s < l->k; s++)
            for (size_t t = 0; t < l->k; t++)
                common += l->a->index[i * l->a->k + s] == l->b->index[i * l->b->k + t];
        l->out[i] = (float)common / (float)(2 * l->k - common);
    }
    return GN_OK;
}

gn_status gn_lists_jaccard(gn_ctx *ctx, const gn_knn *a, const gn_knn *b, size_t k, float *out,
                           gn_error *err) {
    struct lists l = {a, b, k, out};
    if (a->n != b->n || k == 0 || k > a->k || k > b->k)
        return gn_fail(err, GN_EINVAL,
                       "%zu neighbours of lists of (%zu, %zu) and (%zu, %zu): expected the same "
                       "rows and at most so many",
                       k, a->n, a->k, b->n, b->k);
    return gn_parallel(ctx, (a->n + ROWS - 1) / ROWS, compare_block, &l, NULL, err);
}
