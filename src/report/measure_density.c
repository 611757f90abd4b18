/* The density of each layer and the clusters that it forms, as rows: what gn_id_twonn, gn_kstar,
 * gn_density_compute and gn_adp say, one after the other, over the distinct rows of a layer (a
 * repeated row would be a point of infinite density).
 *
 * A layer on which a step fails (all neighbours equally far, fewer rows than neighbours wanted)
 * gets a row without a value that says why; the other layers go on. */
#include "gonio/measure.h"

#include "base/mem.h"
#include "gonio/density.h"
#include "gonio/id.h"
#include "math/stats.h"
#include "report/measure_id.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double none = (double)NAN;
enum { LEAST_NEIGHBORS = 5 }; /* what k* needs */

struct run {
    gn_ctx *ctx;
    const gn_reps *reps;
    gn_result *result;
    gn_measure_opts opts;
    gn_subset subset;
    gn_labels labels; /* of the subset; code NULL: none */
    size_t layer;     /* stored layer at work */
    gn_knn *knn;      /* of its distinct rows */
    int32_t *keep;    /* (n) which rows of the subset these are */
    int32_t *kstar, *cluster;
    double *rho, *se;
};

static gn_status add(const struct run *r, const char *measure, const char *variant, double value,
                     double se, size_t n, const char *note, gn_error *err) {
    return gn_layer_add(r->result, r->reps, NULL, r->layer, measure, variant, value, se, n, note,
                        err);
}
static gn_status param(const struct run *r, const char *key, double value, gn_error *err) {
    return gn_result_param_number(r->result, key, value, err);
}

static gn_status dimensions(const struct run *r, double *dim, gn_error *err) {
    gn_status st;
    gn_mat dist = gn_mat_f32(r->knn->distance, r->knn->n, r->knn->k);
    gn_id_estimate e;
    gn_spot at = {r->result, r->reps, NULL, r->layer};
    GN_TRY(gn_id_twonn(dist, NULL, &e, err));
    *dim = r->opts.dim > 0 ? r->opts.dim : e.dim;
    GN_TRY(add(r, "twonn", "base_0.9", e.dim, e.se, e.n, NULL, err));
    GN_TRY(param(r, "scale", e.scale, err));
    GN_TRY(gn_rows_kstar_gride(&at, r->knn, r->opts.alpha, err));
    GN_TRY(gn_rows_binomial(&at, r->knn, NULL, err));
done:
    return st;
}

static gn_status sizes(const struct run *r, double dim, gn_error *err) {
    gn_status st;
    size_t n = r->knn->n, at_limit = 0;
    double least = HUGE_VAL, most = 0;
    GN_TRY(gn_kstar(r->knn, dim, r->opts.alpha, r->kstar, err));
    for (size_t i = 0; i < n; i++) {
        r->rho[i] = r->kstar[i];
        least = fmin(least, r->rho[i]);
        most = fmax(most, r->rho[i]);
        at_limit += (size_t)r->kstar[i] + 1 == r->knn->k;
    }
    GN_TRY(add(r, "kstar", "mean", gn_mean(r->rho, n), gn_sem(r->rho, n), n, NULL, err));
    GN_TRY(param(r, "k", (double)r->knn->k, err));
    GN_TRY(param(r, "at_limit", (double)at_limit, err));
    GN_TRY(add(r, "kstar", "min", least, none, n, NULL, err));
    GN_TRY(add(r, "kstar", "max", most, none, n, NULL, err));
done:
    return st;
}

static gn_status densities(const struct run *r, double dim, gn_error *err) {
    static const struct {
        gn_density_method method;
        const char *name;
    } methods[] = {{GN_DENSITY_KNN, "knn"}, {GN_DENSITY_KSTAR, "kstar"}, {GN_DENSITY_PAK, "pak"}};
    gn_status st = GN_OK;
    size_t n = r->knn->n;
    for (size_t m = 0; m < 3; m++) { /* PAk last: the clusters are made of it */
        gn_density_opts o = {.method = methods[m].method, .dim = dim, .kstar = r->kstar};
        GN_TRY(gn_density_compute(r->knn, &o, r->rho, r->se, err));
        GN_TRY(add(r, "log_density", methods[m].name, gn_mean(r->rho, n), gn_sem(r->rho, n), n,
                   NULL, err));
        GN_TRY(param(r, "sd", gn_sd(r->rho, n, 0), err));
        GN_TRY(param(r, "dim", dim, err));
    }
done:
    return st;
}

static gn_status agreement(const struct run *r, gn_error *err) {
    gn_status st;
    int32_t *label = NULL;
    double ari;
    gn_error why = {0};
    size_t n = r->knn->n, labelled = 0;
    int32_t some = -1;
    bool varied = false;
    GN_TRY(gn_alloc_array(&label, n, sizeof *label, "labels", err));
    for (size_t i = 0; i < n; i++) {
        label[i] = r->labels.code[r->keep[i]];
        labelled += label[i] >= 0;
        varied = varied || (label[i] >= 0 && some >= 0 && label[i] != some);
        some = label[i] >= 0 ? label[i] : some;
    }
    st = gn_adjusted_rand(r->cluster, label, n, &ari, &why);
    if (st == GN_ENOMEM) {
        if (err) *err = why;
        goto done;
    }
    GN_TRY(add(r, "adjusted_rand", "", st == GN_OK ? ari : none, none, labelled,
               st != GN_OK ? why.message
               : varied    ? NULL
                           : "all labels are the same",
               err));
    GN_TRY(gn_result_param_text(r->result, "label", r->opts.label_name, err));
done:
    gn_free(label);
    return st;
}

static gn_status clusters(const struct run *r, gn_error *err) {
    gn_status st;
    gn_adp_summary a;
    size_t n = r->knn->n;
    double z = r->opts.z != 0 ? r->opts.z : 1.65;
    GN_TRY(
        gn_adp(r->knn, r->kstar, r->rho, r->se, &(gn_adp_opts){.z = z}, r->cluster, NULL, &a, err));
    GN_TRY(add(r, "n_clusters", "", (double)a.n_clusters, none, n, NULL, err));
    GN_TRY(param(r, "z", z, err));
    GN_TRY(param(r, "n_peaks", (double)a.n_peaks, err));
    GN_TRY(add(r, "halo_share", "", (double)a.n_halo / (double)n, none, n, NULL, err));
    if (r->labels.code) GN_TRY(agreement(r, err));
done:
    return st;
}

/* All that is known of one layer whose neighbours are there. */
static gn_status measure(const struct run *r, gn_error *err) {
    gn_status st;
    double dim;
    GN_TRY(dimensions(r, &dim, err));
    GN_TRY(sizes(r, dim, err));
    GN_TRY(densities(r, dim, err));
    GN_TRY(clusters(r, err));
done:
    return st;
}

/* The distinct rows of the layer at work, and their neighbours; none where they are too few. */
static gn_status find_neighbors(struct run *r, gn_error *err) {
    gn_status st;
    gn_neighbors *found = NULL;
    size_t rows = r->subset.n, most = r->opts.k < rows - 1 ? r->opts.k : rows - 1;
    GN_TRY(gn_subset_neighbors(r->ctx, &r->subset, r->reps, r->layer, most, &found, err));
    size_t n = rows - found->n_duplicates, k = most < n - 1 ? most : n - 1;
    GN_TRY(add(r, "n_duplicates", "", (double)found->n_duplicates, none, rows, NULL, err));
    if (k < LEAST_NEIGHBORS) {
        char note[96];
        snprintf(note, sizeof note, "%zu distinct rows, %zu neighbours: k* needs %d", n, k,
                 LEAST_NEIGHBORS);
        GN_TRY(add(r, "kstar", "mean", none, none, n, note, err));
        goto done;
    }
    for (size_t i = 0; i < n; i++) r->keep[i] = found->row ? found->row[i] : (int32_t)i;
    r->knn = found->distinct;
    if (found->all == found->distinct) found->all = NULL;
    found->distinct = NULL;
done:
    gn_neighbors_free(found);
    return st;
}

gn_status gn_measure_density(gn_ctx *ctx, const gn_reps *reps, const gn_measure_opts *opts,
                             gn_result *result, gn_error *err) {
    struct run r = {.ctx = ctx, .reps = reps, .result = result};
    gn_status st;
    r.opts = opts ? *opts : (gn_measure_opts){0};
    if (!r.opts.k) r.opts.k = 100;
    if (!(r.opts.dim >= 0 && isfinite(r.opts.dim))) {
        st = gn_fail(err, GN_EINVAL, "density: dimension %g, expected a positive one", r.opts.dim);
        goto done;
    }
    if (r.opts.labels && r.opts.labels->n != gn_reps_rows(reps)) {
        st = gn_fail(err, GN_EINVAL, "%s: %zu labels for the %zu rows of %s", r.opts.label_name,
                     r.opts.labels->n, gn_reps_rows(reps), gn_reps_name(reps));
        goto done;
    }
    GN_TRY(gn_subset_new(ctx, reps, r.opts.max_rows, &r.subset, err));
    size_t n = r.subset.n;
    if (r.opts.labels) GN_TRY(gn_subset_labels(&r.subset, r.opts.labels, &r.labels, err));
    GN_TRY(gn_alloc_array(&r.keep, n, sizeof *r.keep, "distinct rows", err));
    GN_TRY(gn_alloc_array(&r.kstar, n, sizeof *r.kstar, "neighbourhood sizes", err));
    GN_TRY(gn_alloc_array(&r.cluster, n, sizeof *r.cluster, "clusters", err));
    GN_TRY(gn_alloc_array(&r.rho, n, sizeof *r.rho, "log densities", err));
    GN_TRY(gn_alloc_array(&r.se, n, sizeof *r.se, "their errors", err));
    GN_TRY(gn_result_set_number(result, "k", (double)r.opts.k, err));
    GN_TRY(gn_result_set_text(result, "metric", gn_metric_name(GN_EUCLIDEAN), err));
    GN_TRY(gn_result_set_number(result, "rows", (double)gn_reps_rows(reps), err));
    GN_TRY(gn_result_set_number(result, "rows_neighbors", (double)n, err));
    for (r.layer = 0; r.layer < gn_reps_layers(reps); r.layer++) {
        gn_error why = {0};
        GN_TRY(gn_ctx_poll(ctx, err));
        GN_TRY(find_neighbors(&r, err));
        if (!r.knn) continue;
        st = measure(&r, &why);
        gn_knn_free(r.knn);
        r.knn = NULL;
        if (st == GN_EDATA || st == GN_EINVAL) {
            GN_TRY(add(&r, "log_density", "pak", none, none, 0, why.message, err));
        } else if (st != GN_OK) {
            if (err) *err = why;
            goto done;
        }
    }
done:
    gn_knn_free(r.knn);
    gn_free(r.keep);
    gn_free(r.kstar);
    gn_free(r.cluster);
    gn_free(r.rho);
    gn_free(r.se);
    gn_free(r.labels.code);
    gn_subset_free(&r.subset);
    return st;
}
