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
#include "report/measure_density.h"
#include "report/measure_id.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double none = (double)NAN;
enum { LEAST_NEIGHBORS = 5 }; /* what k* needs */

/* ---- one layer whose neighbours are there -------------------------------------------------------
 */

struct layer {
    gn_ctx *ctx;
    const gn_neighbors *found;
    const gn_spot *at;
    const gn_knn *knn;  /* of its distinct rows */
    const int32_t *row; /* which row each of them is; NULL: all are distinct */
    const gn_density_rows_opts *opts;
    double dim;
    int32_t *kstar, *cluster;
    double *rho, *se;
};

static gn_status sizes(const struct layer *l, gn_error *err) {
    gn_status st;
    size_t n = l->knn->n, at_limit = 0;
    double least = HUGE_VAL, most = 0;
    GN_TRY(gn_kstar(l->ctx, l->knn, l->dim, l->opts->alpha, l->kstar, err));
    for (size_t i = 0; i < n; i++) {
        l->rho[i] = l->kstar[i];
        least = fmin(least, l->rho[i]);
        most = fmax(most, l->rho[i]);
        at_limit += (size_t)l->kstar[i] + 1 == l->knn->k;
    }
    GN_TRY(
        gn_spot_add(l->at, "kstar", "mean", gn_mean(l->rho, n), gn_sem(l->rho, n), n, NULL, err));
    GN_TRY(gn_spot_param(l->at, "k", (double)l->knn->k, err));
    GN_TRY(gn_spot_param(l->at, "at_limit", (double)at_limit, err));
    GN_TRY(gn_spot_add(l->at, "kstar", "min", least, none, n, NULL, err));
    GN_TRY(gn_spot_add(l->at, "kstar", "max", most, none, n, NULL, err));
done:
    return st;
}

static gn_status densities(const struct layer *l, gn_error *err) {
    static const struct {
        gn_density_method method;
        const char *name;
    } methods[] = {{GN_DENSITY_KNN, "knn"}, {GN_DENSITY_KSTAR, "kstar"}, {GN_DENSITY_PAK, "pak"}};
    gn_status st = GN_OK;
    size_t n = l->knn->n;
    for (size_t m = 0; m < 3; m++) {
        gn_density_opts o = {.method = methods[m].method,
                             .dim = l->dim,
                             .kstar = l->kstar,
                             .dadapy = l->opts->dadapy};
        GN_TRY(gn_density_compute(l->ctx, l->knn, &o, l->rho, l->se, err));
        GN_TRY(gn_spot_add(l->at, "log_density", methods[m].name, gn_mean(l->rho, n),
                           gn_sem(l->rho, n), n, NULL, err));
        GN_TRY(gn_spot_param(l->at, "sd", gn_sd(l->rho, n, 0), err));
        GN_TRY(gn_spot_param(l->at, "dim", l->dim, err));
    }
    if (l->opts->method != GN_DENSITY_PAK) { /* PAk came last: clusters are to be made of another */
        gn_density_opts o = {.method = l->opts->method, .dim = l->dim, .kstar = l->kstar};
        GN_TRY(gn_density_compute(l->ctx, l->knn, &o, l->rho, l->se, err));
    }
done:
    return st;
}

/* How far the clusters agree with one label column. */
static gn_status agreement(const struct layer *l, const gn_labels *labels, const char *name,
                           gn_error *err) {
    gn_status st;
    int32_t *label = NULL;
    double ari;
    gn_error why = {0};
    size_t n = l->knn->n, labelled = 0;
    int32_t some = -1;
    bool varied = false;
    GN_TRY(gn_alloc_array(&label, n, sizeof *label, "labels", err));
    for (size_t i = 0; i < n; i++) {
        label[i] = labels->code[l->row ? (size_t)l->row[i] : i];
        labelled += label[i] >= 0;
        varied = varied || (label[i] >= 0 && some >= 0 && label[i] != some);
        some = label[i] >= 0 ? label[i] : some;
    }
    st = gn_adjusted_rand(l->cluster, label, n, &ari, &why);
    if (st == GN_ENOMEM) {
        if (err) *err = why;
        goto done;
    }
    GN_TRY(gn_spot_add(l->at, "adjusted_rand", "", st == GN_OK ? ari : none, none, labelled,
                       st != GN_OK ? why.message
                       : varied    ? NULL
                                   : "all labels are the same",
                       err));
    GN_TRY(gn_result_param_text(l->at->result, "label", name, err));
done:
    gn_free(label);
    return st;
}

static gn_status cluster_sizes(const struct layer *l, size_t n_clusters, gn_error *err) {
    gn_status st;
    double *size = NULL;
    static const char *const variant[] = {"min", "median", "max"};
    static const double q[] = {0, 0.5, 1};
    double value[3];
    GN_TRY(gn_alloc_array(&size, n_clusters, sizeof *size, "cluster sizes", err));
    for (size_t c = 0; c < n_clusters; c++) size[c] = 0;
    for (size_t i = 0; i < l->knn->n; i++) size[l->cluster[i]]++;
    gn_quantiles(size, n_clusters, q, 3, value);
    for (size_t v = 0; v < 3; v++)
        GN_TRY(
            gn_spot_add(l->at, "cluster_size", variant[v], value[v], none, n_clusters, NULL, err));
done:
    gn_free(size);
    return st;
}

/* The files, where they are wanted: halo points with their cluster and as a flag. */
static gn_status points(const struct layer *l, gn_error *err) {
    gn_status st;
    gn_adp_summary a;
    int32_t *core = NULL;
    double z = l->opts->z != 0 ? l->opts->z : 1.65;
    if (!l->opts->points) return GN_OK;
    GN_TRY(gn_alloc_array(&core, l->knn->n, sizeof *core, "clusters", err));
    GN_TRY(gn_adp(l->ctx, l->knn, l->kstar, l->rho, l->se, &(gn_adp_opts){.z = z, .halo = true},
                  core, NULL, &a, err));
    gn_points_layer layer = {l->knn->n, l->rho, l->se, l->kstar, l->cluster, core};
    GN_TRY(gn_points_write(l->opts->points, l->at, l->found, &layer, err));
done:
    gn_free(core);
    return st;
}

static gn_status clusters(const struct layer *l, gn_error *err) {
    gn_status st;
    gn_adp_summary a;
    size_t n = l->knn->n;
    double z = l->opts->z != 0 ? l->opts->z : 1.65;
    GN_TRY(gn_adp(l->ctx, l->knn, l->kstar, l->rho, l->se, &(gn_adp_opts){.z = z}, l->cluster, NULL,
                  &a, err));
    GN_TRY(gn_spot_add(l->at, "n_clusters", "", (double)a.n_clusters, none, n, NULL, err));
    GN_TRY(gn_spot_param(l->at, "z", z, err));
    GN_TRY(gn_spot_param(l->at, "n_peaks", (double)a.n_peaks, err));
    GN_TRY(gn_spot_add(l->at, "halo_share", "", (double)a.n_halo / (double)n, none, n, NULL, err));
    GN_TRY(gn_result_param_text(l->at->result, "density",
                                l->opts->method == GN_DENSITY_PAK ? "pak" : "kstar", err));
    GN_TRY(cluster_sizes(l, a.n_clusters, err));
    for (size_t c = 0; c < l->opts->n_labels; c++)
        GN_TRY(agreement(l, &l->opts->labels[c], l->opts->label_name[c], err));
done:
    return st;
}

static gn_status measure(struct layer *l, gn_error *err) {
    gn_status st;
    gn_id_estimate e = {.dim = l->opts->dim};
    if (!(l->opts->dim > 0))
        GN_TRY(gn_id_twonn(gn_mat_f32(l->knn->distance, l->knn->n, l->knn->k), NULL, &e, err));
    l->dim = e.dim;
    GN_TRY(sizes(l, err));
    GN_TRY(densities(l, err));
    GN_TRY(clusters(l, err));
    GN_TRY(points(l, err));
done:
    return st;
}

gn_status gn_rows_density(gn_ctx *ctx, const gn_spot *at, const gn_neighbors *found,
                          const gn_density_rows_opts *opts, gn_error *err) {
    gn_status st;
    gn_error why = {0};
    struct layer l = {.ctx = ctx,
                      .found = found,
                      .at = at,
                      .knn = found->distinct,
                      .row = found->row,
                      .opts = opts};
    size_t n = found->all->n - found->n_duplicates, k = l.knn ? l.knn->k : 0;
    if (k < LEAST_NEIGHBORS) {
        char note[96];
        snprintf(note, sizeof note, "%zu distinct rows, %zu neighbours: k* needs %d", n, k,
                 LEAST_NEIGHBORS);
        return gn_spot_add(at, "kstar", "mean", none, none, n, note, err);
    }
    GN_TRY(gn_alloc_array(&l.kstar, n, sizeof *l.kstar, "neighbourhood sizes", err));
    GN_TRY(gn_alloc_array(&l.cluster, n, sizeof *l.cluster, "clusters", err));
    GN_TRY(gn_alloc_array(&l.rho, n, sizeof *l.rho, "log densities", err));
    GN_TRY(gn_alloc_array(&l.se, n, sizeof *l.se, "their errors", err));
    st = measure(&l, &why);
    st = gn_spot_settle(at, st, "log_density", "pak", &why, err);
done:
    gn_free(l.kstar);
    gn_free(l.cluster);
    gn_free(l.rho);
    gn_free(l.se);
    return st;
}

/* ---- all layers of a set ------------------------------------------------------------------------
 */

/* TwoNN at the scale of the volumes, and two estimates that choose their own. */
static gn_status dimensions(gn_ctx *ctx, const gn_spot *at, const gn_knn *knn, double alpha,
                            gn_error *err) {
    gn_status st;
    gn_id_estimate e;
    gn_error why = {0};
    st = gn_id_twonn(gn_mat_f32(knn->distance, knn->n, knn->k), NULL, &e, &why);
    GN_TRY(gn_spot_settle(at, st, "twonn", "base_0.9", &why, err));
    if (why.code != GN_OK) goto done;
    GN_TRY(gn_spot_add(at, "twonn", "base_0.9", e.dim, e.se, e.n, NULL, err));
    GN_TRY(gn_spot_param(at, "scale", e.scale, err));
    GN_TRY(gn_rows_kstar_gride(ctx, at, knn, alpha, err));
    GN_TRY(gn_rows_binomial(at, knn, NULL, err));
done:
    return st;
}

gn_status gn_measure_density(gn_ctx *ctx, const gn_reps *reps, const gn_measure_density_opts *opts,
                             gn_result *result, gn_error *err) {
    gn_status st;
    gn_measure_density_opts o = opts ? *opts : (gn_measure_density_opts){0};
    gn_subset subset = {0};
    gn_labels *labels = NULL;
    const char **names = NULL;
    gn_neighbors *found = NULL;
    size_t n_labels = 0;
    gn_points points_files = {.ctx = ctx, .subset = &subset};
    if (!o.k) o.k = 100;
    if (o.method == GN_DENSITY_KNN) {
        st = gn_fail(err, GN_EINVAL, "density: clusters are made of pak or kstar, not of knn");
        goto done;
    }
    if (!(o.dim >= 0 && isfinite(o.dim))) {
        st = gn_fail(err, GN_EINVAL, "density: dimension %g, expected a positive one", o.dim);
        goto done;
    }
    GN_TRY(gn_subset_new(ctx, reps, o.max_rows, &subset, err));
    GN_TRY(gn_alloc_array(&labels, o.n_labels, sizeof *labels, "label columns", err));
    GN_TRY(gn_alloc_array(&names, o.n_labels, sizeof *names, "their names", err));
    for (; n_labels < o.n_labels; n_labels++) {
        const gn_measure_label *l = &o.label[n_labels];
        if (l->labels->n != gn_reps_rows(reps)) {
            st = gn_fail(err, GN_EINVAL, "%s: %zu labels for the %zu rows of %s", l->name,
                         l->labels->n, gn_reps_rows(reps), gn_reps_name(reps));
            goto done;
        }
        names[n_labels] = l->name;
        GN_TRY(gn_subset_labels(&subset, l->labels, &labels[n_labels], err));
    }
    size_t k = o.k < subset.n - 1 ? o.k : subset.n - 1;
    GN_TRY(gn_subset_conditions(&subset, reps, o.set, k, result, err));
    if (o.dadapy) GN_TRY(gn_result_set_text(result, "compat", "dadapy", err));
    gn_density_rows_opts rows = {.alpha = o.alpha,
                                 .dim = o.dim,
                                 .z = o.z,
                                 .labels = labels,
                                 .label_name = names,
                                 .n_labels = n_labels,
                                 .method = o.method,
                                 .dadapy = o.dadapy};
    if (o.points) {
        GN_TRY(gn_points_open(&points_files, o.points, err));
        rows.points = &points_files;
    }
    for (size_t i = 0; i < gn_reps_layers(reps); i++) {
        gn_spot at = {.result = result, .reps = reps, .set = o.set, .layer = i};
        GN_TRY(gn_ctx_poll(ctx, err));
        GN_TRY(gn_subset_neighbors(ctx, &subset, reps, i, k, &found, err));
        GN_TRY(gn_spot_add(&at, "n_duplicates", "", (double)found->n_duplicates, none, subset.n,
                           NULL, err));
        if (found->distinct && found->distinct->k >= LEAST_NEIGHBORS)
            GN_TRY(dimensions(ctx, &at, found->distinct, o.alpha, err));
        GN_TRY(gn_rows_density(ctx, &at, found, &rows, err));
        gn_neighbors_free(found);
        found = NULL;
    }
done:
    st = gn_points_close(&points_files, st, err);
    gn_neighbors_free(found);
    for (size_t c = 0; c < n_labels; c++) gn_free(labels[c].code);
    gn_free(labels);
    gn_free(names);
    gn_subset_free(&subset);
    return st;
}
