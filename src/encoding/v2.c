/* The learned metric of the second implementation.
 *
 * Everything that its loss and gradient need of a batch are the covariances of the z among
 * themselves and with the target: with p = w.z, r = c.w / (s_t sqrt(w'Cw)), so that a batch is
 * summed once and the step is arithmetic on f numbers. */
#include "gonio/mlem_v2.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "base/random.h"
#include "encoding/pair_rows.h"
#include "gonio/mlem.h"
#include "gonio/pairs.h"

#include <math.h>
#include <string.h>

enum { F = GN_PATTERN_FEATURES, STEPS = 1000, PATIENCE = 50, TRIALS = 16, FIRST_BATCH = 256 };
enum { MOST_BATCH = 1 << 20 };
#define RATE 0.1
#define THRESHOLD 0.01
#define FACTOR 1.2

/* Covariances over ordered pairs, self-pairs included. */
struct law {
    size_t f;
    double cov[F * F], with_y[F], var_y;
};

static double correlation(const struct law *l, const double *w) {
    double top = 0, bottom = 0;
    for (size_t k = 0; k < l->f; k++) {
        top += w[k] * l->with_y[k];
        for (size_t j = 0; j < l->f; j++) bottom += w[k] * w[j] * l->cov[k * l->f + j];
    }
    return bottom > 0 ? top / sqrt(bottom * l->var_y) : 0;
}

/* The table with every distance squared; a category's 0 and 1 are their own squares. */
static gn_status squared_table(const gn_features *features, gn_features **out, gn_error *err) {
    gn_status st;
    gn_feature_column column[F];
    double *values = NULL;
    size_t n = features->n, f = features->n_features;
    if (f < 1 || f > F) return gn_fail(err, GN_EINVAL, "%zu features, expected 1 to %d", f, F);
    GN_TRY(gn_alloc_array(&values, n * f, sizeof *values, "values", err));
    for (size_t k = 0; k < f; k++) {
        const gn_feature *c = &features->feature[k];
        bool number = c->distance != GN_DIFFER && c->level_value;
        for (size_t i = 0; i < n && number; i++)
            values[k * n + i] = c->code[i] < 0 ? (double)NAN : c->level_value[c->code[i]];
        column[k] =
            (gn_feature_column){c->name, number ? NULL : c->code, number ? values + k * n : NULL,
                                number ? GN_SQUARED : GN_DIFFER};
    }
    st = gn_features_new(n, column, f, out, err);
done:
    gn_free(values);
    return st;
}

/* With q = (n - 1) / n the share of pairs of different rows, Cov' = q Cov + q (1 - q) mean mean'.
 */
static gn_status full_law(gn_ctx *ctx, gn_mat a, const gn_features *squared, struct law *l,
                          gn_error *err) {
    gn_status st;
    gn_pair_index *index = NULL;
    gn_pair_sums *s = NULL;
    double mean[F], q = ((double)a.rows - 1) / (double)a.rows;
    l->f = squared->n_features;
    GN_TRY(gn_pair_index_new(ctx, squared, false, &index, err));
    GN_TRY(gn_pair_sums_new(ctx, index, a, NULL, &s, err));
    gn_pair_moments(index, s, mean, l->cov, l->with_y);
    for (size_t k = 0; k < l->f; k++) {
        l->with_y[k] = q * l->with_y[k] + q * (1 - q) * mean[k] * s->mean;
        for (size_t j = 0; j < l->f; j++)
            l->cov[k * l->f + j] = q * l->cov[k * l->f + j] + q * (1 - q) * mean[k] * mean[j];
    }
    l->var_y = q * s->variance + q * (1 - q) * s->mean * s->mean;
done:
    gn_pair_sums_free(s);
    gn_pair_index_free(index);
    return st;
}

static void normalise(double *w, size_t f) {
    double length = 0;
    for (size_t k = 0; k < f; k++) length += w[k] * w[k];
    for (size_t k = 0; k < f && length > 0; k++) w[k] /= sqrt(length);
}

static gn_status check_rows(gn_mat a, const gn_features *features, gn_error *err) {
    if (a.rows == features->n) return GN_OK;
    return gn_fail(err, GN_EINVAL, "%zu rows of representations, %zu of features", a.rows,
                   features->n);
}

gn_status gn_v2_closed(gn_ctx *ctx, gn_mat a, const gn_features *features, double *weight,
                       gn_v2_fit *out, gn_error *err) {
    gn_status st;
    gn_features *squared = NULL;
    struct law *l = NULL;
    GN_TRY(check_rows(a, features, err));
    GN_TRY(gn_alloc_array(&l, 1, sizeof *l, "covariances", err));
    GN_TRY(squared_table(features, &squared, err));
    GN_TRY(full_law(ctx, a, squared, l, err));
    GN_TRY(gn_mlem_solve(l->cov, l->with_y, l->f, 0, weight, err));
    normalise(weight, l->f);
    *out = (gn_v2_fit){correlation(l, weight), 0, 0};
done:
    gn_features_free(squared);
    gn_free(l);
    return st;
}

/* ---- the search ------------------------------------------------------------------------------ */

struct search {
    const gn_features *squared;
    gn_pair_rows rows;
    gn_random random;
    double least, largest; /* distances so far: the running scale of the target */
    double *t;             /* (batch) */
    float *z;              /* (batch, f) */
};

/* Draws pairs and their z; distances only where the target is wanted. */
static void draw(struct search *s, size_t batch, bool target) {
    size_t n = s->squared->n, f = s->squared->n_features;
    for (size_t b = 0; b < batch; b++) {
        size_t i = (size_t)gn_random_below(&s->random, n),
               j = (size_t)gn_random_below(&s->random, n);
        for (size_t k = 0; k < f; k++)
            s->z[b * f + k] = (float)gn_feature_pair(&s->squared->feature[k], i, j);
        if (!target) continue;
        s->t[b] = gn_pair_distance(&s->rows, i, j);
        s->least = fmin(s->least, s->t[b]);
        s->largest = fmax(s->largest, s->t[b]);
    }
    for (size_t b = 0; b < batch && target; b++) {
        double scaled = (s->t[b] - s->least) / (s->largest - s->least + 1e-8);
        s->t[b] = scaled * scaled;
    }
}

static void batch_law(const struct search *s, size_t batch, bool target, struct law *l) {
    double mean[F] = {0}, mean_t = 0;
    size_t f = l->f = s->squared->n_features;
    memset(l->cov, 0, sizeof l->cov);
    memset(l->with_y, 0, sizeof l->with_y);
    l->var_y = 0;
    for (size_t b = 0; b < batch; b++) {
        for (size_t k = 0; k < f; k++) mean[k] += (double)s->z[b * f + k] / (double)batch;
        mean_t += target ? s->t[b] / (double)batch : 0;
    }
    for (size_t b = 0; b < batch; b++) {
        double t = target ? s->t[b] - mean_t : 0;
        l->var_y += t * t / (double)batch;
        for (size_t k = 0; k < f; k++) {
            double z = ((double)s->z[b * f + k] - mean[k]) / (double)batch;
            l->with_y[k] += z * t;
            for (size_t j = 0; j <= k; j++)
                l->cov[k * f + j] += z * ((double)s->z[b * f + j] - mean[j]);
        }
    }
    for (size_t k = 0; k < f; k++)
        for (size_t j = k + 1; j < f; j++) l->cov[k * f + j] = l->cov[j * f + k];
}

static gn_status set_batch(struct search *s, size_t batch, gn_error *err) {
    gn_status st;
    gn_free(s->t);
    gn_free(s->z);
    s->t = NULL;
    s->z = NULL;
    GN_TRY(gn_alloc_array(&s->t, batch, sizeof *s->t, "a batch", err));
    GN_TRY(gn_alloc_array(&s->z, batch * s->squared->n_features, sizeof *s->z, "a batch", err));
done:
    return st;
}

/* Grows the batch until no correlation of two features scatters by the threshold over trials. */
static gn_status choose_batch(gn_ctx *ctx, struct search *s, struct law *l, size_t *out,
                              gn_error *err) {
    gn_status st = GN_OK;
    size_t f = s->squared->n_features;
    for (size_t batch = FIRST_BATCH;; batch = (size_t)(FACTOR * (double)batch)) {
        double sum[F * F] = {0}, sum2[F * F] = {0}, worst = 0;
        if (batch > MOST_BATCH) batch = MOST_BATCH;
        GN_TRY(gn_ctx_poll(ctx, err));
        GN_TRY(set_batch(s, batch, err));
        for (int t = 0; t < TRIALS; t++) {
            draw(s, batch, false);
            batch_law(s, batch, false, l);
            for (size_t k = 0; k < f; k++)
                for (size_t j = 0; j < k; j++) {
                    double both = l->cov[k * f + k] * l->cov[j * f + j];
                    double r = both > 0 ? l->cov[k * f + j] / sqrt(both) : 0;
                    sum[k * f + j] += r;
                    sum2[k * f + j] += r * r;
                }
        }
        for (size_t i = 0; i < f * f; i++)
            worst = fmax(worst, sqrt(fmax(0, sum2[i] - sum[i] * sum[i] / TRIALS) / (TRIALS - 1)));
        *out = batch;
        if (worst < THRESHOLD || batch == MOST_BATCH) break;
    }
done:
    return st;
}

/* Unit weights from v; and, into g, the gradient of -correlation in v from that in w. */
static void weights_of(const double *v, size_t f, double *w) {
    for (size_t k = 0; k < f; k++) w[k] = v[k] > 30 ? v[k] : log1p(exp(v[k]));
    normalise(w, f);
}

static void gradient_of(const struct law *l, const double *v, const double *w, double *g) {
    double own = 0, r = correlation(l, w), along = 0, length = 0;
    size_t f = l->f;
    for (size_t k = 0; k < f; k++)
        for (size_t j = 0; j < f; j++) own += w[k] * w[j] * l->cov[k * f + j];
    for (size_t k = 0; k < f; k++) {
        double with_p = 0, soft = v[k] > 30 ? v[k] : log1p(exp(v[k]));
        for (size_t j = 0; j < f; j++) with_p += l->cov[k * f + j] * w[j];
        g[k] = own > 0 ? -(l->with_y[k] / sqrt(own * l->var_y) - r * with_p / own) : 0;
        along += g[k] * w[k];
        length += soft * soft;
    }
    for (size_t k = 0; k < f; k++) /* through the norm, then through softplus */
        g[k] = (g[k] - along * w[k]) / sqrt(length) / (1 + exp(-v[k]));
}

static gn_status climb(gn_ctx *ctx, struct search *s, const gn_v2_opts *o, struct law *l, double *w,
                       gn_v2_fit *out, gn_error *err) {
    gn_status st = GN_OK;
    size_t f = s->squared->n_features, since = 0;
    double v[F], g[F], first[F] = {0}, second[F] = {0}, best = -HUGE_VAL;
    for (size_t k = 0; k < f; k++) v[k] = gn_random_uniform(&s->random);
    for (size_t t = 1; t <= o->max_steps && since < o->patience; t++) {
        GN_TRY(gn_ctx_poll(ctx, err));
        gn_ctx_progress(ctx, "learned metric", (double)t, (double)o->max_steps, "steps");
        draw(s, out->batch, true);
        batch_law(s, out->batch, true, l);
        weights_of(v, f, w);
        double score = correlation(l, w);
        since = score > best ? 0 : since + 1;
        best = fmax(best, score);
        gradient_of(l, v, w, g);
        for (size_t k = 0; k < f; k++) {
            first[k] = 0.9 * first[k] + 0.1 * g[k];
            second[k] = 0.999 * second[k] + 0.001 * g[k] * g[k];
            double m = first[k] / (1 - pow(0.9, (double)t));
            v[k] -= o->rate * m / (sqrt(second[k] / (1 - pow(0.999, (double)t))) + 1e-8);
        }
        out->steps = t;
    }
    gn_ctx_progress(ctx, "learned metric", (double)o->max_steps, (double)o->max_steps, "steps");
    weights_of(v, f, w);
done:
    return st;
}

gn_status gn_v2_search(gn_ctx *ctx, gn_mat a, const gn_features *features, const gn_v2_opts *opts,
                       double *weight, gn_v2_fit *out, gn_error *err) {
    gn_status st;
    gn_v2_opts o = opts ? *opts : (gn_v2_opts){0};
    struct search s = {.least = HUGE_VAL};
    struct law *l = NULL;
    gn_features *squared = NULL;
    gn_v2_fit fit = {0};
    double w[F];
    if (!o.max_steps) o.max_steps = STEPS;
    if (!o.patience) o.patience = PATIENCE;
    if (!(o.rate > 0)) o.rate = RATE;
    s.random = gn_random_new(ctx ? gn_ctx_seed(ctx) : 0, 0);
    GN_TRY(check_rows(a, features, err));
    GN_TRY(gn_alloc_array(&l, 1, sizeof *l, "covariances", err));
    GN_TRY(squared_table(features, &squared, err));
    s.squared = squared;
    GN_TRY(gn_pair_rows_new(ctx, a, NULL, a.rows, GN_PAIR_EUCLIDEAN, &s.rows, err));
    fit.batch = o.batch;
    if (o.batch)
        GN_TRY(set_batch(&s, o.batch, err));
    else
        GN_TRY(choose_batch(ctx, &s, l, &fit.batch, err));
    GN_TRY(climb(ctx, &s, &o, l, w, &fit, err));
    GN_TRY(full_law(ctx, a, squared, l, err));
    fit.pearson = correlation(l, w);
    memcpy(weight, w, l->f * sizeof *w);
    *out = fit;
done:
    gn_pair_rows_free(&s.rows);
    gn_features_free(squared);
    gn_free(s.t);
    gn_free(s.z);
    gn_free(l);
    return st;
}
