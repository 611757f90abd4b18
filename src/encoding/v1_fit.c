/* Regression and importances of the first pipeline, from sums by pattern and group of pairs.
 *
 * A pair's error e = y - b - x w depends on its pattern and target alone. With column k permuted,
 * its prediction moves by w (x' - x), x' = 1 in a share q of the R permutations. The published
 * quantity is delta = mean over draws of (e - w (x' - x))^2 - e^2, per pair; over random
 * permutations q has mean p = mean x_k and variance p (1 - p) / R, so that mean and mean square of
 * delta over the pairs of a pattern follow from the sums of e and e^2. The conditional version
 * moves the prediction by w (r' - r), r the forest's residual and r' one drawn among those of the
 * half: the same with the moments of r in the place of those of x'. */
#include "encoding/pair_rows.h"
#include "encoding/v1.h"

#include "base/mem.h"
#include "gonio/mlem.h"
#include "math/linalg.h"

#include <math.h>
#include <string.h>

enum { ALPHAS = 9, F = GN_PATTERN_FEATURES };

/* Where distances come from: kept for all pairs, or those of one unit. */
struct source {
    const double *kept; /* (pairs) or NULL: */
    const double *unit; /* (n) */
    bool squared;
    double *row; /* (n) scratch */
};

/* Distances of row i to rows i + 1 ... n - 1. */
static const double *distances(const gn_v1 *v, const struct source *s, size_t i) {
    if (s->kept) return s->kept + (i * v->n - i * (i + 1) / 2);
    for (size_t j = i + 1; j < v->n; j++) {
        double d = fabs(s->unit[j] - s->unit[i]);
        s->row[j - i - 1] = s->squared ? d * d : d;
    }
    return s->row;
}

/* Sums over the pairs of a pattern in a group. */
struct sums {
    double y, yy;
};

struct fit {
    double intercept, weight[F];
};

struct layer {
    const gn_v1 *v;
    struct sums *sum;    /* (patterns, GROUPS) */
    double least, scale; /* target = ((D - least) scale)^2 */
};

static double target(const struct layer *l, double d) {
    double t = (d - l->least) * l->scale;
    return t * t;
}

static bool sum_targets(struct layer *l, const struct source *s) {
    const gn_v1 *v = l->v;
    double least = HUGE_VAL, most = 0;
    for (size_t i = 0; i < v->n; i++) {
        const double *d = distances(v, s, i);
        for (size_t j = 0; j < v->n - i - 1; j++) {
            least = d[j] < least ? d[j] : least;
            most = d[j] > most ? d[j] : most;
        }
    }
    if (!(most > least)) return false;
    l->least = v->opts.no_min_max ? 0 : least;
    l->scale = v->opts.no_min_max ? 1 : 1 / (most - least);
    memset(l->sum, 0, v->patterns->n * GN_V1_GROUPS * sizeof *l->sum);
    for (size_t i = 0, at = 0; i < v->n; i++) {
        const double *d = distances(v, s, i);
        for (size_t j = 0; j < v->n - i - 1; j++, at++) {
            double y = target(l, d[j]);
            struct sums *u = &l->sum[(size_t)v->place[at] * GN_V1_GROUPS + v->group[at]];
            u->y += y;
            u->yy += y * y;
        }
    }
    return true;
}

/* Mean, covariance and variance over the groups in `mask`. */
struct moments {
    double n, mean_y, var_y, mean_x[F], cov_y[F], cov[F * F];
};

static void collect(const struct layer *l, unsigned mask, struct moments *m) {
    const gn_v1 *v = l->v;
    size_t f = v->f;
    double yy = 0, x[F];
    memset(m, 0, sizeof *m);
    for (int centred = 0; centred < 2; centred++) {
        for (size_t u = 0; u < v->patterns->n; u++) {
            double count = 0, y = 0;
            for (unsigned g = 0; g < GN_V1_GROUPS; g++) {
                if (!(mask >> g & 1)) continue;
                count += v->count[u * GN_V1_GROUPS + g];
                y += l->sum[u * GN_V1_GROUPS + g].y;
                yy += centred ? 0 : l->sum[u * GN_V1_GROUPS + g].yy;
            }
            if (!centred) {
                m->n += count;
                m->mean_y += y;
                for (size_t k = 0; k < f; k++) m->mean_x[k] += count * gn_v1_bit(v, u, k);
                continue;
            }
            for (size_t k = 0; k < f; k++) x[k] = gn_v1_bit(v, u, k) - m->mean_x[k];
            for (size_t k = 0; k < f; k++) {
                m->cov_y[k] += x[k] * (y - count * m->mean_y) / m->n;
                for (size_t j = 0; j < f; j++) m->cov[k * f + j] += count * x[k] * x[j] / m->n;
            }
        }
        if (centred) break;
        m->mean_y /= m->n;
        for (size_t k = 0; k < f; k++) m->mean_x[k] /= m->n;
    }
    m->var_y = yy / m->n - m->mean_y * m->mean_y;
}

static gn_status solve(const struct moments *m, size_t f, double alpha, struct fit *out,
                       gn_error *err) {
    gn_status st = gn_mlem_solve(m->cov, m->cov_y, f, alpha / m->n, out->weight, err);
    if (st != GN_OK) return st;
    out->intercept = m->mean_y;
    for (size_t k = 0; k < f; k++) out->intercept -= out->weight[k] * m->mean_x[k];
    return GN_OK;
}

/* Mean squared error of a fit; its covariance with the target and its own variance on the way. */
static double error_of(const struct moments *m, size_t f, const struct fit *fit, double *with_y,
                       double *own) {
    double off = m->mean_y - fit->intercept;
    *with_y = *own = 0;
    for (size_t k = 0; k < f; k++) {
        off -= fit->weight[k] * m->mean_x[k];
        *with_y += fit->weight[k] * m->cov_y[k];
        for (size_t j = 0; j < f; j++) *own += fit->weight[k] * fit->weight[j] * m->cov[k * f + j];
    }
    return m->var_y - 2 * *with_y + *own + off * off;
}

/* Penalty by the fifth, refit on the whole half. */
static gn_status train(const struct layer *l, size_t half, struct fit *out, double *alpha,
                       gn_error *err) {
    gn_status st;
    struct moments *m = NULL;
    double best = HUGE_VAL, with_y, own;
    size_t f = l->v->f;
    GN_TRY(gn_alloc_array(&m, 3, sizeof *m, "moments", err));
    collect(l, 1u << half, &m[0]);
    collect(l, 4u << half, &m[1]);
    collect(l, 5u << half, &m[2]);
    *alpha = 1;
    for (int e = 0; e < ALPHAS; e++) {
        struct fit trial;
        GN_TRY(solve(&m[0], f, pow(10, e - 4), &trial, err));
        double mse = error_of(&m[1], f, &trial, &with_y, &own);
        if (mse < best) {
            best = mse;
            *alpha = pow(10, e - 4);
        }
    }
    GN_TRY(solve(&m[2], f, *alpha, out, err));
done:
    gn_free(m);
    return st;
}

/* Sum of delta and of delta^2 over the pairs of one pattern whose errors sum to e, ee, n. */
struct delta {
    double sum, squares;
};

/* delta = a e + b and a noise of variance (c e + d)^2 v1 + ... of the finite number of draws. */
static struct delta permuted(double n, double e, double ee, double w, double x, double p,
                             double draws) {
    double u = p - x, moved = fabs(u), sign = x > 0 ? -1 : 1; /* mean of x' - x, of its square */
    double a = -2 * w * u, b = w * w * moved, noise = p * (1 - p) / draws;
    double c = -2 * w, d = sign * w * w;
    return (struct delta){a * e + b * n, a * a * ee + 2 * a * b * e + b * b * n +
                                             noise * (c * c * ee + 2 * c * d * e + d * d * n)};
}

static struct delta redrawn(double n, double e, double ee, double w, double r, const double *m,
                            double draws) {
    double a = -2 * w * (m[1] - r), b = w * w * (m[2] - 2 * m[1] * r + r * r);
    /* one draw gives w^2 r'^2 + (c e + d) r' + const */
    double c = -2 * w, d = -2 * w * w * r, q = w * w;
    double v22 = m[4] - m[2] * m[2], v12 = m[3] - m[1] * m[2], v11 = m[2] - m[1] * m[1];
    double noise = q * q * v22 * n + 2 * q * v12 * (c * e + d * n) +
                   v11 * (c * c * ee + 2 * c * d * e + d * d * n);
    return (struct delta){a * e + b * n, a * a * ee + 2 * a * b * e + b * b * n + noise / draws};
}

static double predicted(const gn_v1 *v, const struct fit *fit, size_t u) {
    double sum = fit->intercept;
    for (size_t k = 0; k < v->f; k++)
        if (v->patterns->bits[u] >> k & 1) sum += fit->weight[k];
    return sum;
}

/* Adds the deltas of all features on the pairs of `half`, with the fit of the other one. */
static void add_deltas(const struct layer *l, size_t half, const struct fit *fit,
                       const double *mean_x, struct delta *delta) {
    const gn_v1 *v = l->v;
    for (size_t u = 0; u < v->patterns->n; u++) {
        const struct sums *s = &l->sum[u * GN_V1_GROUPS + half];
        double n = gn_v1_half_count(v, u, half), y = s[0].y + s[2].y, yy = s[0].yy + s[2].yy;
        double g = predicted(v, fit, u), e = y - n * g, ee = yy - 2 * g * y + n * g * g;
        for (size_t k = 0; k < v->f && n > 0; k++) {
            double w = fit->weight[k], draws = (double)v->opts.n_permutations;
            const gn_v1_rest *rest = v->rest ? &v->rest[half * v->f + k] : NULL;
            struct delta d = rest ? redrawn(n, e, ee, w, rest->of_pattern[u], rest->moment, draws)
                                  : permuted(n, e, ee, w, gn_v1_bit(v, u, k), mean_x[k], draws);
            delta[k].sum += d.sum;
            delta[k].squares += d.squares;
        }
    }
}

/* @param expected (patterns, HALVES) scratch: what is predicted in each half */
static double absolute_error(const struct layer *l, const struct source *s, const struct fit *fit,
                             double *expected) {
    const gn_v1 *v = l->v;
    double all = 0, second = 0, n[2] = {0};
    for (size_t u = 0; u < v->patterns->n; u++)
        for (size_t h = 0; h < GN_V1_HALVES; h++) {
            expected[u * GN_V1_HALVES + h] = predicted(v, &fit[1 - h], u);
            n[h] += gn_v1_half_count(v, u, h);
        }
    for (size_t i = 0, at = 0; i < v->n; i++) {
        const double *d = distances(v, s, i);
        for (size_t j = 0; j < v->n - i - 1; j++, at++) {
            size_t h = v->group[at] % 2;
            double e = fabs(target(l, d[j]) - expected[(size_t)v->place[at] * GN_V1_HALVES + h]);
            all += e;
            second += e * (double)h;
        }
    }
    return ((all - second) / n[0] + second / n[1]) / 2;
}

/* All of one layer or unit. */
static gn_status measure(const gn_v1 *v, const struct source *source, gn_v1_score *score,
                         gn_v1_importance *importance, gn_error *err) {
    gn_status st;
    struct layer l = {.v = v};
    struct fit fit[2];
    struct delta delta[F] = {{0, 0}};
    struct moments *m = NULL;
    double *expected = NULL;
    gn_v1_score out = {0};
    double pairs = (double)gn_v1_pairs(v->n);
    GN_TRY(gn_alloc_array(&l.sum, v->patterns->n * GN_V1_GROUPS, sizeof *l.sum, "sums", err));
    GN_TRY(gn_alloc_array(&m, 1, sizeof *m, "moments", err));
    if (!sum_targets(&l, source)) {
        st = gn_fail(err, GN_EDATA, "all distances are equal: they have no range to be scaled by");
        goto done;
    }
    for (size_t h = 0; h < 2; h++) GN_TRY(train(&l, h, &fit[h], &out.alpha[h], err));
    for (size_t h = 0; h < 2; h++) {
        double with_y, own;
        collect(&l, 5u << h, m);
        double mse = error_of(m, v->f, &fit[1 - h], &with_y, &own);
        out.mse += mse / 2;
        out.r2 += (1 - mse / m->var_y) / 2;
        out.r += with_y / sqrt(own * m->var_y) / 2;
        add_deltas(&l, h, &fit[1 - h], m->mean_x, delta);
    }
    GN_TRY(gn_alloc_array(&expected, v->patterns->n, GN_V1_HALVES * sizeof *expected, "predictions",
                          err));
    out.mae = absolute_error(&l, source, fit, expected);
    *score = out;
    for (size_t k = 0; k < v->f; k++) {
        double mean = delta[k].sum / pairs, square = delta[k].squares / pairs - mean * mean;
        double std = sqrt(fmax(0, square) / (pairs - 1)), p = erfc(mean / std / sqrt(2)) / 2;
        importance[k] = (gn_v1_importance){mean, std, isnan(p) ? 1 : p,
                                           (fit[0].weight[k] + fit[1].weight[k]) / 2};
    }
done:
    gn_free(l.sum);
    gn_free(m);
    gn_free(expected);
    return st;
}

/* ---- all units together ---------------------------------------------------------------------- */

gn_status gn_v1_measure_distances(const gn_v1 *v, const double *distance, gn_v1_score *score,
                                  gn_v1_importance *importance, gn_error *err) {
    return measure(v, &(struct source){.kept = distance}, score, importance, err);
}

static gn_status check_rows(const gn_v1 *v, gn_mat a, gn_error *err) {
    if (a.rows != v->n)
        return gn_fail(err, GN_EINVAL, "%zu rows of representations, %zu of features", a.rows,
                       v->n);
    return GN_OK;
}

gn_status gn_v1_measure(gn_ctx *ctx, const gn_v1 *v, gn_mat a, gn_v1_score *score,
                        gn_v1_importance *importance, gn_error *err) {
    gn_status st;
    double *distance = NULL;
    GN_TRY(check_rows(v, a, err));
    GN_TRY(gn_alloc_array(&distance, gn_v1_pairs(v->n), sizeof *distance, "distances", err));
    GN_TRY(gn_v1_distances(ctx, a, v->opts.metric, distance, err));
    GN_TRY(gn_v1_measure_distances(v, distance, score, importance, err));
done:
    gn_free(distance);
    return st;
}

/* ---- each unit alone ------------------------------------------------------------------------- */

struct units {
    const gn_v1 *v;
    gn_mat a;
    gn_v1_score *score;
    gn_v1_importance *importance;
};

static gn_status measure_unit(void *user, size_t unit, unsigned worker, gn_error *err) {
    (void)worker;
    struct units *u = user;
    gn_status st;
    double *column = NULL, *row = NULL;
    size_t n = u->v->n, f = u->v->f;
    gn_v1_importance *out = u->importance + unit * f;
    gn_error why;
    GN_TRY(gn_alloc_array(&column, n, sizeof *column, "a unit", err));
    GN_TRY(gn_alloc_array(&row, u->a.cols > n ? u->a.cols : n, sizeof *row, "distances", err));
    for (size_t i = 0; i < n; i++) column[i] = gn_mat_row_f64(u->a, i, row)[unit];
    struct source s = {
        .unit = column, .row = row, .squared = u->v->opts.metric == GN_PAIR_SQEUCLIDEAN};
    st = measure(u->v, &s, &u->score[unit], out, &why);
    if (st == GN_EDATA) {
        double none = (double)NAN;
        u->score[unit] = (gn_v1_score){none, none, none, none, {none, none}};
        for (size_t k = 0; k < f; k++) out[k] = (gn_v1_importance){0, 0, 1, 0};
        st = GN_OK;
    } else if (st != GN_OK && err) {
        *err = why;
    }
done:
    gn_free(column);
    gn_free(row);
    return st;
}

gn_status gn_v1_univariate(gn_ctx *ctx, const gn_v1 *v, gn_mat a, gn_v1_score *score,
                           gn_v1_importance *importance, gn_error *err) {
    gn_status st;
    double *mean = NULL;
    gn_pair_metric m = v->opts.metric;
    GN_TRY(check_rows(v, a, err));
    if (m == GN_PAIR_COSINE || m == GN_PAIR_CORRELATION || m == GN_PAIR_NORM_DIFF) {
        st = gn_fail(err, GN_ENOSUPP,
                     "units one by one have no %s distance: expected euclidean, "
                     "sqeuclidean, manhattan or chebyshev",
                     gn_pair_metric_name(m));
        goto done;
    }
    GN_TRY(gn_alloc_array(&mean, a.cols, sizeof *mean, "means", err));
    GN_TRY(gn_column_means(ctx, a, mean, err)); /* finds NaN and infinities */
    struct units u = {v, a, score, importance};
    gn_progress progress = {"units", "units", (double)a.cols, 0, 1};
    GN_TRY(gn_parallel(ctx, a.cols, measure_unit, &u, &progress, err));
done:
    gn_free(mean);
    return st;
}
