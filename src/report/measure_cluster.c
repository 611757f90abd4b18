/* Clusters of each layer as rows: how k was chosen, how large they are, how alike vectors are
 * inside them, what they are made of (makeup.c).
 *
 * Cosines inside clusters follow Cai et al. (ICLR 2021), raw and less the cluster's mean, in their
 * exact form (no draw of one instance a type). The paper's scripts report the plain mean over
 * clusters, in which a hundred rows weigh as much as a million; the mean weighted by rows stands
 * beside it, and both say how many clusters had a value. What the scripts themselves would print is
 * there on request (cai2021.c). */
#include "gonio/measure.h"

#include "base/mem.h"
#include "gonio/isotropy.h"
#include "report/makeup.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_ROWS = 50000 };

static const double none = (double)NAN;

struct run {
    gn_ctx *ctx;
    const gn_measure_cluster_opts *opts;
    gn_clusters_opts choice;
    gn_subset subset;
    gn_columns columns;
    int32_t *type, *sequence; /* of the subset's rows; NULL: unknown */
    gn_spot at;
};

static const char *verdict_name(gn_verdict v) {
    static const char *const names[] = {"found", "below_threshold", "within_null"};
    return names[v];
}

/* What to say of a k at an end of the range that was tried; a k below 2 cannot be. */
static const char *end_note(const gn_clusters *c) {
    const gn_kmeans_fit *fit = c->kmeans->fit;
    size_t last = c->kmeans->n_fits - 1;
    if (c->k_star < 2 || last == 0) return NULL;
    if (c->k_star == fit[last].k)
        return "the largest number that was tried: with a larger --k-max there may be more";
    if (c->k_star == fit[0].k && fit[0].k > 2)
        return "the smallest number that was tried: with a smaller --k-min there may be fewer";
    return NULL;
}

/* Silhouette and inertia of every k, and the choice. */
static gn_status add_choice(const struct run *r, const gn_clusters *c, gn_error *err) {
    gn_status st = GN_OK;
    const gn_spot *at = &r->at;
    size_t n = r->subset.n;
    for (size_t f = 0; f < c->kmeans->n_fits; f++) {
        const gn_kmeans_fit *fit = &c->kmeans->fit[f];
        GN_TRY(gn_spot_add(at, "silhouette", "", c->silhouette[f].mean, c->silhouette[f].se,
                           c->silhouette[f].n, NULL, err));
        GN_TRY(gn_spot_param(at, "clusters", (double)fit->k, err));
        if (c->n_draws) {
            GN_TRY(gn_spot_param(at, "null", c->null_mean[f], err));
            GN_TRY(gn_spot_param(at, "null_sd", c->null_sd[f], err));
        }
        GN_TRY(gn_spot_add(at, "inertia", "", fit->inertia, none, n,
                           fit->converged ? NULL : "not converged: more --iterations", err));
        GN_TRY(gn_spot_param(at, "clusters", (double)fit->k, err));
        GN_TRY(gn_spot_param(at, "iterations", (double)fit->iterations, err));
    }
    GN_TRY(gn_spot_add(at, "kmeans_clusters", "", (double)c->k_star, none, n,
                       r->opts->k ? NULL : end_note(c), err));
    GN_TRY(gn_result_param_text(at->result, "verdict",
                                r->opts->k ? "given" : verdict_name(c->verdict), err));
    GN_TRY(gn_spot_param(at, "best", (double)c->k_best, err));
    GN_TRY(gn_spot_param(at, "silhouette", c->best, err));
    if (c->n_draws) GN_TRY(gn_spot_param(at, "null_limit", c->null_limit, err));
done:
    return st;
}

/* ---- cosines inside clusters -------------------------------------------------------------- */

enum { INTER, INTRA, FORMS };

/* One average over clusters: inter or intra, raw or centred. */
struct average {
    double sum, weight, square; /* of w^2 se^2 */
    double plain, plain_square;
    size_t n;
};

static void average_add(struct average *a, double value, double se, size_t rows) {
    if (!isfinite(value)) return;
    double w = (double)rows;
    a->sum += w * value;
    a->weight += w;
    a->square += w * w * se * se;
    a->plain += value;
    a->plain_square += se * se;
    a->n++;
}

static gn_status add_averages(const gn_spot *at, const char *measure, const char *variant,
                              const struct average *a, size_t k, gn_error *err) {
    gn_status st;
    char note[64];
    double n = (double)a->n;
    snprintf(note, sizeof note, "%zu of %zu clusters have a value", a->n, k);
    GN_TRY(gn_spot_add(at, measure, variant, a->n ? a->sum / a->weight : none,
                       a->n ? sqrt(a->square) / a->weight : none, a->n, a->n < k ? note : NULL,
                       err));
    GN_TRY(gn_result_param_text(at->result, "average", "weighted", err));
    GN_TRY(gn_spot_add(at, measure, variant, a->n ? a->plain / n : none,
                       a->n ? sqrt(a->plain_square) / n : none, a->n, a->n < k ? note : NULL, err));
    GN_TRY(gn_result_param_text(at->result, "average", "plain", err));
done:
    return st;
}

static const char *const measures[FORMS] = {"inter_cosine", "intra_cosine"};
static const char *const variants[2] = {"raw", "centred"};

/* The means over clusters as the scripts compute them. */
static gn_status add_cai2021(const struct run *r, gn_mat x, const gn_kmeans_fit *fit,
                             gn_error *err) {
    gn_status st = GN_OK;
    gn_isotropy_opts o = {.type = r->type};
    for (int v = 0; v < 2; v++) {
        gn_cai2021 s;
        gn_cai2021_opts c = {.center = v == 1, .cluster = fit->label, .n_clusters = fit->k};
        GN_TRY(gn_cai2021_compute(r->ctx, x, &o, &c, &s, err));
        const double value[FORMS] = {s.cluster_inter, s.cluster_intra};
        const size_t n[FORMS] = {s.n_inter_clusters, s.n_intra_clusters};
        for (int f = 0; f < FORMS; f++) {
            GN_TRY(gn_spot_add(&r->at, measures[f], variants[v], value[f], none, n[f],
                               n[f] ? NULL : "no cluster has a value", err));
            GN_TRY(gn_result_param_text(r->at.result, "average", "cai2021", err));
        }
    }
done:
    return st;
}

static gn_status add_cosines(const struct run *r, gn_mat x, const int32_t *label,
                             const gn_kmeans_fit *fit, gn_error *err) {
    gn_status st;
    struct average average[2][FORMS] = {{{0}}};
    int32_t *member = NULL;
    GN_TRY(gn_alloc_array(&member, r->subset.n, sizeof *member, "rows of a cluster", err));
    for (size_t c = 0; c < fit->k; c++) {
        size_t n = 0;
        gn_isotropy s;
        for (size_t i = 0; i < r->subset.n; i++)
            if ((size_t)label[i] == c) member[n++] = (int32_t)i;
        GN_TRY(gn_spot_add(&r->at, "kmeans_size", "", (double)n, none, r->subset.n, NULL, err));
        GN_TRY(gn_spot_param(&r->at, "cluster", (double)c, err));
        GN_TRY(gn_spot_param(&r->at, "share", (double)n / (double)r->subset.n, err));
        if (n < 2 || r->opts->cai2021) continue;
        gn_isotropy_opts o = {.type = r->type,
                              .sequence = r->sequence,
                              .row = member,
                              .n_rows = n,
                              .skip = GN_SKIP_SPECTRUM};
        GN_TRY(gn_isotropy_compute(r->ctx, x, &o, &s, NULL, err));
        for (int v = 0; v < 2; v++) {
            const gn_cosines *g = v ? &s.centred : &s.raw;
            const double value[FORMS] = {g->inter, g->intra},
                         se[FORMS] = {g->inter_se, g->intra_se};
            const size_t types[FORMS] = {g->n_types, g->n_intra_types};
            for (int f = 0; f < FORMS; f++) {
                average_add(&average[v][f], value[f], se[f], n);
                GN_TRY(gn_spot_add(&r->at, measures[f], variants[v], value[f], se[f], types[f],
                                   isfinite(value[f]) ? NULL
                                   : f == INTRA       ? "no type occurs twice in the cluster"
                                                      : "one type in the cluster",
                                   err));
                GN_TRY(gn_spot_param(&r->at, "cluster", (double)c, err));
            }
        }
    }
    if (r->opts->cai2021) GN_TRY(add_cai2021(r, x, fit, err));
    for (int v = 0; v < 2 && !r->opts->cai2021; v++)
        for (int f = 0; f < FORMS; f++)
            GN_TRY(add_averages(&r->at, measures[f], variants[v], &average[v][f], fit->k, err));
done:
    gn_free(member);
    return st;
}

/* The clusters of all rows of the layer, one cluster where k* is 1: rows that the subset left out
 * belong to the nearest centre. */
static gn_status hand_over(const struct run *r, const gn_kmeans_fit *fit, gn_error *err) {
    gn_status st;
    const gn_reps *reps = r->at.reps;
    size_t n = gn_reps_rows(reps);
    int32_t *label = gn_calloc(n, sizeof *label);
    if (!label) return gn_fail_nomem(err, "labels", n * sizeof *label);
    if (fit && r->subset.row)
        GN_TRY(gn_kmeans_assign(r->ctx, gn_reps_layer(reps, r->at.layer), fit->centre, fit->k,
                                label, err));
    else if (fit)
        memcpy(label, fit->label, n * sizeof *label);
    GN_TRY(r->opts->found(r->opts->user, reps, r->at.layer, label, err));
done:
    gn_free(label);
    return st;
}

/* ---- a layer ------------------------------------------------------------------------------ */

static gn_status measure_layer(const struct run *r, gn_error *err) {
    gn_status st;
    void *owner = NULL;
    gn_mat x;
    gn_clusters *c = NULL;
    gn_error why = {0};
    GN_TRY(gn_subset_rows(&r->subset, gn_reps_layer(r->at.reps, r->at.layer), &owner, &x, err));
    GN_TRY(gn_mat_check_finite(x, gn_reps_name(r->at.reps), err));
    st = gn_clusters_choose(r->ctx, x, &r->choice, &c, &why);
    GN_TRY(gn_spot_settle(&r->at, st, "kmeans_clusters", "", &why, err));
    if (why.code != GN_OK) goto done;
    GN_TRY(add_choice(r, c, err));
    const gn_kmeans_fit *fit = NULL;
    for (size_t f = 0; f < c->kmeans->n_fits; f++)
        if (c->kmeans->fit[f].k == c->k_star) fit = &c->kmeans->fit[f];
    if (fit) {
        GN_TRY(add_cosines(r, x, fit->label, fit, err));
        GN_TRY(gn_makeup_add(&r->at, &r->columns, fit->label, fit->k, r->opts->shares_everywhere,
                             err));
    }
    if (r->opts->found) GN_TRY(hand_over(r, fit, err));
done:
    gn_free(owner);
    gn_clusters_free(c);
    return st;
}

static gn_status prepare(struct run *r, gn_error *err) {
    gn_status st;
    const gn_measure_cluster_opts *o = r->opts;
    const gn_reps *reps = r->at.reps;
    size_t rows = gn_reps_rows(reps);
    for (size_t i = 0; i < o->n_labels; i++)
        if (o->label[i].labels->n != rows)
            return gn_fail(err, GN_EINVAL, "%s: %zu labels for the %zu rows of %s",
                           o->label[i].name, o->label[i].labels->n, rows, gn_reps_name(reps));
    r->choice = o->choice;
    if (o->k) {
        r->choice.kmeans.k_min = r->choice.kmeans.k_max = o->k;
        r->choice.threshold = -1;
    }
    r->choice.no_null = r->choice.no_null || o->cai2021 || o->k;
    if (o->cai2021) {
        r->choice.fresh_samples = true;
        if (!r->choice.kmeans.restarts) r->choice.kmeans.restarts = 10;
        if (!r->choice.sample) r->choice.sample = 20000;
    }
    GN_TRY(gn_subset_new(r->ctx, reps, o->max_rows ? o->max_rows : MOST_ROWS, &r->subset, err));
    GN_TRY(gn_columns_new(reps, &r->subset, o->label, o->n_labels, &r->columns, err));
    GN_TRY(gn_subset_column(&r->subset, gn_row_types(reps), &r->type, err));
    GN_TRY(gn_subset_column(&r->subset, gn_reps_sequence(reps), &r->sequence, err));
    GN_TRY(gn_result_set_number(r->at.result, "rows", (double)rows, err));
    GN_TRY(gn_result_set_number(r->at.result, "rows_clustered", (double)r->subset.n, err));
    GN_TRY(gn_result_set_number(r->at.result, "null_draws",
                                r->choice.no_null      ? 0
                                : r->choice.null_draws ? (double)r->choice.null_draws
                                                       : 5,
                                err));
    if (o->cai2021) GN_TRY(gn_result_set_text(r->at.result, "compat", "cai2021", err));
done:
    return st;
}

gn_status gn_measure_cluster(gn_ctx *ctx, const gn_reps *reps, const gn_measure_cluster_opts *opts,
                             gn_result *result, gn_error *err) {
    static const gn_measure_cluster_opts defaults = {0};
    struct run r = {.ctx = ctx, .opts = opts ? opts : &defaults};
    gn_status st;
    r.at = (gn_spot){.result = result, .reps = reps, .set = r.opts->set};
    GN_TRY(prepare(&r, err));
    for (r.at.layer = 0; r.at.layer < gn_reps_layers(reps); r.at.layer++) {
        GN_TRY(gn_ctx_poll(ctx, err));
        GN_TRY(measure_layer(&r, err));
    }
done:
    gn_columns_free(&r.columns);
    gn_free(r.type);
    gn_free(r.sequence);
    gn_subset_free(&r.subset);
    return st;
}
