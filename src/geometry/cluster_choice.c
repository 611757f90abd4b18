/* How many clusters, and is it more than chance?
 *
 * Cai et al. (ICLR 2021) take the k of the largest mean silhouette, and 1 when it is below 0.1. The
 * threshold has no scale: a single Gaussian reaches 0.013 in 64 dimensions (one cluster, right) and
 * 0.136 in 5 (six clusters, wrong), because k-means cuts any cloud and in few dimensions the pieces
 * are compact. What a cloud without clusters reaches is therefore measured: Gaussian clouds with
 * the data's covariance go through the same procedure, and a maximum that they reach, too, is none.
 *
 * k-means and silhouettes do not see rotations, so a Gaussian of covariance C is drawn in the axes
 * of C: independent normals times the roots of its eigenvalues. A draw has as many rows as the
 * data, at most NULL_ROWS: in a smaller cloud k-means fits the sample more closely, so silhouettes
 * are larger if anything, and the null errs to the safe side.
 *
 * A few draws must do, each one run of k-means for each k: restarts find partitions of a little
 * less inertia, not of other silhouettes (in a cloud with the covariance of a MiniLM layer, five
 * restarts changed a k's mean over draws by at most 0.0007, less than draws differ among each
 * other). The data have restarts, because there another optimum may be another clustering. The
 * limit is that of one more draw given these, mean + 4 sd sqrt(1 + 1 / B): Student's t with B - 1
 * degrees of freedom passes 4 in 0.8 % of cases for B = 5, less for more. The null knows the
 * covariance only: a heavy-tailed or curved cloud may pass it without having clusters. */
#include "gonio/cluster.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "base/random.h"
#include "math/linalg.h"
#include "math/stats.h"

#include <math.h>
#include <stdio.h>

#define STREAM_NULL UINT64_C(0x6e756c6c0000) /* "null", draw and block follow */

enum {
    STREAM_SAMPLE = 0x73696c68 /* "silh" */,
    SAMPLE = 10000,
    RESTARTS = 4,
    NULL_ROWS = 5000,
    DRAWS = 5,
    BLOCK = 1024
};

/* ---- one cloud: k-means and silhouettes --------------------------------------------------- */

/* Silhouettes of several partitions on sample number `number`. */
static gn_status measure_on(gn_ctx *ctx, gn_mat x, const int32_t *const *label, const size_t *k,
                            size_t n, size_t sample, uint64_t number, gn_silhouette *out,
                            gn_error *err) {
    gn_status st;
    int32_t *row = NULL;
    size_t m = x.rows < sample ? x.rows : sample;
    if (m < x.rows) {
        GN_TRY(gn_alloc_array(&row, m, sizeof *row, "a sample of rows", err));
        gn_random r = gn_random_new(gn_ctx_seed(ctx), STREAM_SAMPLE + (number << 32));
        gn_random_subset(&r, x.rows, m, row);
    }
    GN_TRY(gn_silhouette_compute(ctx, x, row, m, label, k, n, NULL, out, err));
done:
    gn_free(row);
    return st;
}

/* Silhouettes of all fits, on one sample or on one for each. */
static gn_status measure(gn_ctx *ctx, gn_mat x, const gn_kmeans *km, const gn_clusters_opts *o,
                         gn_silhouette *out, gn_error *err) {
    gn_status st;
    const int32_t **label = NULL;
    size_t *k = NULL;
    GN_TRY(gn_alloc_array(&label, km->n_fits, sizeof *label, "partitions", err));
    GN_TRY(gn_alloc_array(&k, km->n_fits, sizeof *k, "partitions", err));
    for (size_t f = 0; f < km->n_fits; f++) {
        label[f] = km->fit[f].label;
        k[f] = km->fit[f].k;
    }
    if (!o->fresh_samples) GN_TRY(measure_on(ctx, x, label, k, km->n_fits, o->sample, 0, out, err));
    for (size_t f = 0; o->fresh_samples && f < km->n_fits; f++)
        GN_TRY(measure_on(ctx, x, label + f, k + f, 1, o->sample, f + 1, out + f, err));
done:
    gn_free(label);
    gn_free(k);
    return st;
}

/* ---- Gaussian clouds ---------------------------------------------------------------------- */

struct gauss {
    size_t n, d;
    const double *sd; /* (d) */
    float *x;
    uint64_t seed, stream;
};

static gn_status draw_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker;
    (void)err;
    struct gauss *g = user;
    gn_random r = gn_random_new(g->seed, g->stream + block);
    for (size_t i = block * BLOCK; i < g->n && i < (block + 1) * BLOCK; i++)
        for (size_t j = 0; j < g->d; j++)
            g->x[i * g->d + j] = (float)(g->sd[j] * gn_random_normal(&r));
    return GN_OK;
}

/* Roots of the covariance's eigenvalues, the largest first; *rank of them are above rounding. */
static gn_status axes(gn_ctx *ctx, gn_mat x, double *sd, size_t *rank, gn_error *err) {
    gn_status st;
    size_t d = x.cols, elements;
    double *mean = NULL, *cov = NULL;
    if (!gn_mul(d, d, &elements)) elements = SIZE_MAX;
    GN_TRY(gn_alloc_array(&mean, d, sizeof *mean, "a mean", err));
    GN_TRY(gn_alloc_array(&cov, elements, sizeof *cov, "a covariance", err));
    GN_TRY(gn_column_means(ctx, x, mean, err));
    GN_TRY(gn_second_moments(ctx, x, mean, (double)x.rows, cov, err));
    GN_TRY(gn_eigen_symmetric(cov, d, sd, NULL, err));
    *rank = 0;
    while (*rank < d && sd[*rank] > 1e-12 * sd[0]) {
        sd[*rank] = sqrt(sd[*rank]);
        ++*rank;
    }
done:
    gn_free(mean);
    gn_free(cov);
    return st;
}

/* The largest mean, and the place that reaches it first. */
static double best_of(const gn_silhouette *s, size_t n, size_t *at) {
    *at = 0;
    for (size_t f = 1; f < n; f++)
        if (s[f].mean > s[*at].mean || isnan(s[*at].mean)) *at = f;
    return s[*at].mean;
}

/* Mean silhouettes of each draw: (draws, n_fits) into value, the largest of each into best. */
static gn_status draw_clouds(gn_ctx *ctx, gn_mat x, const gn_clusters_opts *o, size_t n_fits,
                             double *value, double *best, gn_error *err) {
    gn_status st;
    double *sd = NULL;
    gn_silhouette *s = NULL;
    gn_kmeans *km = NULL;
    struct gauss g = {.n = x.rows < NULL_ROWS ? x.rows : NULL_ROWS, .seed = gn_ctx_seed(ctx)};
    GN_TRY(gn_alloc_array(&sd, x.cols, sizeof *sd, "eigenvalues", err));
    GN_TRY(gn_alloc_array(&s, n_fits, sizeof *s, "silhouettes", err));
    GN_TRY(axes(ctx, x, sd, &g.d, err));
    g.sd = sd;
    GN_TRY(gn_alloc_array(&g.x, g.n, g.d * sizeof *g.x, "a Gaussian cloud", err));
    for (size_t t = 0; t < o->null_draws; t++) {
        char task[64];
        snprintf(task, sizeof task, "k-means, null %zu of %zu", t + 1, o->null_draws);
        gn_kmeans_opts ko = o->kmeans;
        ko.task = task;
        ko.restarts = 1;
        ko.k_max = ko.k_min + n_fits - 1;
        g.stream = STREAM_NULL + (uint64_t)t * 0x1000000;
        GN_TRY(gn_parallel(ctx, (g.n + BLOCK - 1) / BLOCK, draw_block, &g, NULL, err));
        gn_mat cloud = gn_mat_f32(g.x, g.n, g.d);
        GN_TRY(gn_kmeans_compute(ctx, cloud, &ko, &km, err));
        GN_TRY(measure(ctx, cloud, km, o, s, err));
        for (size_t f = 0; f < n_fits; f++)
            value[t * n_fits + f] = f < km->n_fits ? s[f].mean : (double)NAN;
        size_t at;
        best[t] = best_of(s, km->n_fits, &at);
        gn_kmeans_free(km);
        km = NULL;
    }
done:
    gn_kmeans_free(km);
    gn_free(sd);
    gn_free(s);
    gn_free(g.x);
    return st;
}

static gn_status compare(gn_ctx *ctx, gn_mat x, const gn_clusters_opts *o, gn_clusters *c,
                         gn_error *err) {
    gn_status st;
    size_t n_fits = c->kmeans->n_fits, B = o->null_draws;
    double *value = NULL, *best = NULL, *column = NULL;
    GN_TRY(gn_alloc_array(&value, B, n_fits * sizeof *value, "silhouettes", err));
    GN_TRY(gn_alloc_array(&best, B, sizeof *best, "silhouettes", err));
    GN_TRY(gn_alloc_array(&column, B, sizeof *column, "silhouettes", err));
    GN_TRY(draw_clouds(ctx, x, o, n_fits, value, best, err));
    for (size_t f = 0; f < n_fits; f++) {
        for (size_t t = 0; t < B; t++) column[t] = value[t * n_fits + f];
        c->null_mean[f] = gn_mean(column, B);
        c->null_sd[f] = gn_sd(column, B, 1);
    }
    c->n_draws = B;
    c->null_best_mean = gn_mean(best, B);
    c->null_best_sd = gn_sd(best, B, 1);
    c->null_limit = c->null_best_mean + 4 * c->null_best_sd * sqrt(1 + 1 / (double)B);
done:
    gn_free(value);
    gn_free(best);
    gn_free(column);
    return st;
}

/* ---- the choice --------------------------------------------------------------------------- */

void gn_clusters_free(gn_clusters *c) {
    if (!c) return;
    gn_kmeans_free(c->kmeans);
    gn_free(c->silhouette);
    gn_free(c->null_mean);
    gn_free(c->null_sd);
    gn_free(c);
}

static gn_status fill_in(gn_clusters_opts *o, gn_error *err) {
    if (!o->kmeans.k_min && !o->kmeans.k_max) {
        o->kmeans.k_min = 2;
        o->kmeans.k_max = 15;
    }
    if (!o->kmeans.restarts && o->kmeans.k_min < o->kmeans.k_max) o->kmeans.restarts = RESTARTS;
    if (!o->sample) o->sample = SAMPLE;
    if (o->threshold >= 0 && !(o->threshold > 0)) o->threshold = 0.1;
    if (!o->null_draws) o->null_draws = DRAWS;
    if (o->kmeans.k_min < 2 || o->sample < 3 || (!o->no_null && o->null_draws < 3) ||
        o->null_draws > 1000)
        return gn_fail(err, GN_EINVAL,
                       "a choice among %zu and more clusters by %zu rows and %zu null draws: "
                       "expected at least 2, 3 and 3 (at most 1,000)",
                       o->kmeans.k_min, o->sample, o->null_draws);
    return GN_OK;
}

gn_status gn_clusters_choose(gn_ctx *ctx, gn_mat x, const gn_clusters_opts *opts, gn_clusters **out,
                             gn_error *err) {
    gn_clusters_opts o = opts ? *opts : (gn_clusters_opts){0};
    const double none = (double)NAN;
    gn_clusters *c = NULL;
    gn_status st;
    GN_TRY(fill_in(&o, err));
    c = gn_calloc(1, sizeof *c);
    if (!c) GN_TRY(gn_fail_nomem(err, "clusters", sizeof *c));
    c->null_best_mean = c->null_best_sd = c->null_limit = none;
    GN_TRY(gn_kmeans_compute(ctx, x, &o.kmeans, &c->kmeans, err));
    size_t n_fits = c->kmeans->n_fits, at;
    GN_TRY(gn_alloc_array(&c->silhouette, n_fits, sizeof *c->silhouette, "silhouettes", err));
    GN_TRY(gn_alloc_array(&c->null_mean, n_fits, sizeof *c->null_mean, "silhouettes", err));
    GN_TRY(gn_alloc_array(&c->null_sd, n_fits, sizeof *c->null_sd, "silhouettes", err));
    for (size_t f = 0; f < n_fits; f++) c->null_mean[f] = c->null_sd[f] = none;
    GN_TRY(measure(ctx, x, c->kmeans, &o, c->silhouette, err));
    c->best = best_of(c->silhouette, n_fits, &at);
    c->k_best = c->kmeans->fit[at].k;
    if (!o.no_null) GN_TRY(compare(ctx, x, &o, c, err));
    c->verdict = !(c->best >= o.threshold)                ? GN_CLUSTERS_BELOW_THRESHOLD
                 : !o.no_null && c->best <= c->null_limit ? GN_CLUSTERS_WITHIN_NULL
                                                          : GN_CLUSTERS_FOUND;
    c->k_star = c->verdict == GN_CLUSTERS_FOUND ? c->k_best : 1;
    *out = c;
    c = NULL;
done:
    gn_clusters_free(c);
    return st;
}
