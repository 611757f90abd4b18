/* Interactions: a whole metric over the features,
 *
 *     y  ~  b + d' W d,   d = the features on which a pair differs (0 or 1),   W positive
 * semidefinite
 *
 * so that products of differences count, off-diagonals twice (the public code counts them once,
 * which halves the couplings it can express).
 *
 * Covariances of the f (f + 1) / 2 products come from the pair patterns; their covariances with y
 * from sums by level, as for single features: where both are known, x_k x_l = x_k + x_l - x_kl,
 * with x_kl the distance on "the two values together". Plain least squares over the products solves
 * the problem when its W happens to be positive semidefinite; else projected gradients (Beck &
 * Teboulle 2009, with restarts) start from its projection. */
#include "encoding/levels.h"
#include "encoding/small.h"
#include "encoding/sums.h"
#include "math/linalg.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 20000, POWER_STEPS = 200 };

struct metric {
    const gn_mlem_design *s;
    size_t f, p;
    double *cov;       /* (p, p) of the products, by gn_triangle */
    double *mean;      /* (p) */
    double *cov_y;     /* (p) */
    double *v, *slope; /* (p) weights as least squares has them: off-diagonals doubled; C v - c */
};

/* ---- moments of products ----------------------------------------------------------------------
 */

static gn_status product_moments(gn_ctx *ctx, struct metric *m, gn_error *err) {
    gn_status st;
    gn_patterns patterns = {0};
    size_t *on = NULL, p = m->p;
    GN_TRY(gn_alloc_array(&on, p, sizeof *on, "products of features", err));
    GN_TRY(gn_features_patterns(ctx, m->s->features, &patterns, err));
    memset(m->mean, 0, p * sizeof *m->mean);
    memset(m->cov, 0, p * p * sizeof *m->cov);
    for (size_t t = 0; t < patterns.n; t++) {
        size_t n = 0;
        double share = (double)patterns.count[t] / m->s->n_pairs;
        uint64_t bits = patterns.bits[t];
        for (size_t k = 0; k < m->f; k++)
            for (size_t l = 0; l <= k && (bits >> k & 1); l++)
                if (bits >> l & 1) on[n++] = gn_triangle(k, l);
        for (size_t i = 0; i < n; i++) {
            m->mean[on[i]] += share;
            for (size_t j = 0; j <= i; j++) m->cov[on[i] * p + on[j]] += share;
        }
    }
    for (size_t i = 0; i < p; i++)
        for (size_t j = 0; j <= i; j++) {
            m->cov[i * p + j] -= m->mean[i] * m->mean[j];
            m->cov[j * p + i] = m->cov[i * p + j];
        }
done:
    gn_patterns_free(&patterns);
    gn_free(on);
    return st;
}

/* The three features of a product, over rows known on both: k, l, and both together. */
static size_t together(const gn_feature *k, const gn_feature *l, size_t n, int32_t *code,
                       int32_t *seen) {
    size_t n_levels = 0;
    memset(seen, -1, k->n_levels * l->n_levels * sizeof *seen);
    for (size_t i = 0; i < n; i++) {
        int32_t a = k->code[i], b = l->code[i];
        bool known = a >= 0 && b >= 0;
        code[i] = known ? a : -1;
        code[n + i] = known ? b : -1;
        code[2 * n + i] = -1;
        if (!known) continue;
        int32_t *level = &seen[(size_t)a * l->n_levels + (size_t)b];
        if (*level < 0) *level = (int32_t)n_levels++;
        code[2 * n + i] = *level;
    }
    return n_levels;
}

/* sum over pairs of x_k x_l y. */
static gn_status product_sum(gn_ctx *ctx, const struct metric *m, const gn_layer_view *v,
                             const gn_layer_sums *y, size_t k, size_t l, double *out,
                             gn_error *err) {
    gn_status st;
    size_t n = m->s->n;
    gn_feature part[3];
    gn_form form[3];
    int32_t *code = NULL, *seen = NULL;
    double *row = NULL, q[3];
    part[0] = m->s->features->feature[k];
    part[1] = m->s->features->feature[l];
    part[2] = part[0];
    GN_TRY(gn_alloc_array(&code, 3 * n, sizeof *code, "products of features", err));
    GN_TRY(gn_alloc_array(&seen, part[0].n_levels, part[1].n_levels * sizeof *seen,
                          "products of features", err));
    part[2].n_levels = together(&part[0], &part[1], n, code, seen);
    size_t most = part[2].n_levels;
    for (int t = 0; t < 3; t++) {
        part[t].code = code + (size_t)t * n;
        form[t] = (gn_form){.feature = &part[t]};
        if (part[t].n_levels > most) most = part[t].n_levels;
    }
    GN_TRY(gn_alloc_array(&row, n + 2 * most + GN_LEVELS_SCRATCH, sizeof *row,
                          "products of features", err));
    GN_TRY(gn_layer_forms(ctx, v, form, 3, "interactions", q, err));
    *out = 0;
    for (int t = 0; t < 3; t++) {
        double sum = -q[t];
        gn_row_sums(&part[t], n, NULL, NULL, row, row + n);
        for (size_t i = 0; i < n; i++) sum += y->squares[i] * row[i];
        *out += t < 2 ? sum : -sum;
    }
done:
    gn_free(code);
    gn_free(seen);
    gn_free(row);
    return st;
}

static gn_status distance_moments(gn_ctx *ctx, struct metric *m, const gn_layer_view *v,
                                  const gn_layer_sums *y, gn_error *err) {
    gn_status st = GN_OK;
    for (size_t k = 0; k < m->f; k++)
        for (size_t l = 0; l <= k; l++) {
            double sum = y->xy[k];
            if (l < k) GN_TRY(product_sum(ctx, m, v, y, k, l, &sum, err));
            m->cov_y[gn_triangle(k, l)] = (sum - m->mean[gn_triangle(k, l)] * y->y) / m->s->n_pairs;
        }
done:
    return st;
}

/* ---- the best metric --------------------------------------------------------------------------
 */

/* Gradient at w as a symmetric matrix: C v - c, v with off-diagonals doubled. */
static void gradient(struct metric *m, const double *w, const double *target, double *out) {
    size_t f = m->f, p = m->p;
    for (size_t k = 0; k < f; k++)
        for (size_t l = 0; l <= k; l++) m->v[gn_triangle(k, l)] = (l == k ? 1 : 2) * w[k * f + l];
    for (size_t i = 0; i < p; i++) {
        double s = target ? -target[i] : 0;
        for (size_t j = 0; j < p; j++) s += m->cov[i * p + j] * m->v[j];
        m->slope[i] = s;
    }
    for (size_t k = 0; k < f; k++)
        for (size_t l = 0; l <= k; l++)
            out[k * f + l] = out[l * f + k] = m->slope[gn_triangle(k, l)];
}

static double norm(const double *w, size_t n) {
    double s = 0;
    for (size_t e = 0; e < n; e++) s += w[e] * w[e];
    return sqrt(s);
}

/* Sets negative eigenvalues of w (f, f) to 0. `scratch` holds 2 (f, f) and (f). */
static gn_status project(double *w, size_t f, double *scratch, double *least, gn_error *err) {
    double *copy = scratch, *vector = copy + f * f, *value = vector + f * f;
    memcpy(copy, w, f * f * sizeof *w);
    gn_status st = gn_eigen_symmetric(copy, f, value, vector, err);
    if (st != GN_OK) return st;
    *least = value[f - 1];
    if (*least >= 0) return GN_OK;
    memset(w, 0, f * f * sizeof *w);
    for (size_t e = 0; e < f && value[e] > 0; e++)
        for (size_t k = 0; k < f; k++)
            for (size_t l = 0; l < f; l++)
                w[k * f + l] += value[e] * vector[e * f + k] * vector[e * f + l];
    return GN_OK;
}

/* Largest curvature, by power iteration from the all-ones matrix. */
static double curvature(struct metric *m, double *w, double *out) {
    size_t n = m->f * m->f;
    double largest = 0;
    for (size_t e = 0; e < n; e++) w[e] = 1;
    for (int step = 0; step < POWER_STEPS; step++) {
        double length = norm(w, n);
        if (!(length > 0)) break;
        for (size_t e = 0; e < n; e++) w[e] /= length;
        gradient(m, w, NULL, out);
        largest = norm(out, n);
        memcpy(w, out, n * sizeof *w);
    }
    return largest;
}

/* Accelerated projected gradients from w. `room`: 5 (f, f) and (f). */
static gn_status descend(gn_ctx *ctx, struct metric *m, double *w, double *room, gn_error *err) {
    gn_status st = GN_OK;
    size_t f = m->f, n = f * f;
    double *ahead = room, *slope = ahead + n, *next = slope + n, *scratch = next + n, least, t = 1;
    double step = 1 / (1.05 * curvature(m, ahead, slope));
    memcpy(ahead, w, n * sizeof *w);
    for (int i = 0; i < MOST_STEPS; i++) {
        double moved = 0, turn = 0;
        if (i % 64 == 63) GN_TRY(gn_ctx_poll(ctx, err));
        gradient(m, ahead, m->cov_y, slope);
        for (size_t e = 0; e < n; e++) next[e] = ahead[e] - step * slope[e];
        GN_TRY(project(next, f, scratch, &least, err));
        for (size_t e = 0; e < n; e++) {
            moved += (next[e] - w[e]) * (next[e] - w[e]);
            turn += (ahead[e] - next[e]) * (next[e] - w[e]);
        }
        double faster = turn > 0 ? 1 : (1 + sqrt(1 + 4 * t * t)) / 2;
        double push = turn > 0 ? 0 : (t - 1) / faster; /* it swung past: start anew from here */
        for (size_t e = 0; e < n; e++) {
            ahead[e] = next[e] + push * (next[e] - w[e]);
            w[e] = next[e];
        }
        t = faster;
        if (sqrt(moved) <= 1e-12 * norm(w, n)) break;
    }
done:
    return st;
}

static gn_status best_metric(gn_ctx *ctx, struct metric *m, double *w, gn_error *err) {
    gn_status st;
    size_t f = m->f, p = m->p;
    double *a = NULL, *room = NULL, least;
    bool *skip = NULL;
    GN_TRY(gn_alloc_array(&a, p, p * sizeof *a, "a metric", err));
    GN_TRY(gn_alloc_array(&skip, p, sizeof *skip, "a metric", err));
    GN_TRY(gn_alloc_array(&room, 5 * f + 1, f * sizeof *room, "a metric", err));
    memcpy(a, m->cov, p * p * sizeof *a);
    memcpy(m->v, m->cov_y, p * sizeof *m->v);
    gn_small_factor(a, p, skip);
    gn_small_solve(a, p, skip, m->v);
    for (size_t k = 0; k < f; k++)
        for (size_t l = 0; l <= k; l++)
            w[k * f + l] = w[l * f + k] = m->v[gn_triangle(k, l)] / (l == k ? 1 : 2);
    GN_TRY(project(w, f, room, &least, err));
    if (least < 0) st = descend(ctx, m, w, room, err);
done:
    gn_free(a);
    gn_free(skip);
    gn_free(room);
    return st;
}

static void summarize(struct metric *m, const gn_layer_sums *y, const double *w, double *scratch,
                      gn_mlem_fit *fit) {
    double explained = 0, predicted = 0;
    const double none = (double)NAN;
    gn_mlem_fit r = {.n_pairs = m->s->n_pairs, .y_mean = y->y / m->s->n_pairs};
    r.y_var = y->yy / m->s->n_pairs - r.y_mean * r.y_mean;
    r.intercept = r.y_mean;
    gradient(m, w, NULL, scratch); /* leaves v and C v */
    for (size_t i = 0; i < m->p; i++) {
        r.intercept -= m->v[i] * m->mean[i];
        explained += m->v[i] * m->cov_y[i];
        predicted += m->v[i] * m->slope[i];
    }
    r.mse = r.y_var - 2 * explained + predicted;
    r.r2 = 1 - r.mse / r.y_var;
    r.r = predicted > 0 ? explained / sqrt(predicted * r.y_var) : none;
    r.r2_se = r.r2_cv = r.r2_cv_se = r.r_cv = r.mse_cv = none;
    *fit = r;
}

static gn_status check(const gn_mlem_design *s, gn_error *err) {
    if (s->f > 64)
        return gn_fail(err, GN_EINVAL, "interactions of %zu features: expected at most 64", s->f);
    for (size_t k = 0; k < s->f; k++)
        if (s->features->feature[k].distance != GN_DIFFER)
            return gn_fail(err, GN_EINVAL,
                           "interactions: feature '%s' has the distance '%s', expected "
                           "'categorical' for all",
                           s->features->feature[k].name,
                           gn_feature_distance_name(s->features->feature[k].distance));
    return GN_OK;
}

gn_status gn_mlem_metric(gn_ctx *ctx, const gn_mlem_design *design, gn_mat x,
                         const gn_mlem_opts *opts, gn_mlem_fit *fit, double *metric,
                         gn_error *err) {
    gn_status st;
    size_t f = design->f, p = f * (f + 1) / 2;
    struct metric m = {.s = design, .f = f, .p = p};
    gn_layer_view v = {0};
    gn_layer_sums sums = {0};
    double *w = NULL;
    GN_TRY(check(design, err));
    GN_TRY(gn_alloc_array(&m.cov, p, p * sizeof(double), "products of features", err));
    GN_TRY(gn_alloc_array(&m.mean, p, sizeof(double), "products of features", err));
    GN_TRY(gn_alloc_array(&m.cov_y, p, sizeof(double), "products of features", err));
    GN_TRY(gn_alloc_array(&m.v, p, sizeof(double), "products of features", err));
    GN_TRY(gn_alloc_array(&m.slope, p, sizeof(double), "products of features", err));
    GN_TRY(gn_alloc_array(&w, 2 * f, f * sizeof *w, "a metric", err));
    GN_TRY(gn_layer_view_new(ctx, x, opts && opts->zscore, &v, err));
    GN_TRY(gn_layer_sums_new(ctx, design, &v, &sums, err));
    GN_TRY(product_moments(ctx, &m, err));
    GN_TRY(distance_moments(ctx, &m, &v, &sums, err));
    GN_TRY(best_metric(ctx, &m, w, err));
    summarize(&m, &sums, w, w + f * f, fit);
    memcpy(metric, w, f * f * sizeof *w);
done:
    gn_free(m.cov);
    gn_free(m.mean);
    gn_free(m.cov_y);
    gn_free(m.v);
    gn_free(m.slope);
    gn_free(w);
    gn_layer_sums_free(&sums);
    gn_layer_view_free(&v);
    return st;
}
