/* t-SNE, UMAP and multidimensional scaling of a layer. Neighbours come from the set's store where
 * the whole layer is mapped, so that the search is made once for all commands; rows that are chosen
 * are searched among themselves. t-SNE starts from the principal components, which keeps what is
 * far apart where it belongs; UMAP from its graph; both from the layer before and pulled towards it
 * when layers are aligned, each row by the share of neighbours that it has in both layers. */
#include "project_map.h"
#include "gonio/mds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { QUALITY_NEIGHBORS = 15 };

void cli_map_free(cli_map *l) {
    free(l->xy);
    free(l->kept);
    gn_neighbors_free(l->stored);
    gn_knn_free(l->owned);
    *l = (cli_map){0};
}

static gn_status find_neighbors(gn_ctx *ctx, const gn_reps *reps, const cli_view *view,
                                const gn_knn_opts *opts, cli_map *map, gn_error *err) {
    gn_status st;
    if (view->row) {
        st = gn_knn_compute(ctx, view->x, opts, &map->owned, err);
        if (st == GN_OK) map->knn = map->owned;
    } else {
        st = gn_neighbors_of_layer(ctx, reps, view->layer, opts, &map->stored, NULL, err);
        if (st == GN_OK) map->knn = map->stored->all;
    }
    return st;
}

static gn_status principal_start(gn_ctx *ctx, const cli_view *view, size_t dims, double *xy,
                                 gn_error *err) {
    gn_pca *pca = NULL;
    gn_status st = gn_pca_fit(ctx, view->x, dims, &pca, err);
    if (st == GN_OK) st = gn_pca_project(ctx, pca, view->x, xy, err);
    gn_pca_free(pca);
    return st;
}

/* What a run ends with, for its rows. */
struct outcome {
    const char *method;
    const gn_knn *knn;
    size_t n, steps;
    double perplexity, loss, loss_se;
    gn_map_quality q;
};

static gn_status add(gn_result *r, const gn_reps *reps, const cli_view *view, const cli_map_opts *o,
                     const struct outcome *end, const char *measure, double value, double se,
                     size_t n, size_t k, gn_error *err) {
    const gn_measurement row = {.set = gn_reps_name(reps),
                                .layer = (int)gn_reps_layer_index(reps, view->layer),
                                .depth = gn_reps_depth(reps, view->layer),
                                .measure = measure,
                                .variant = end->method,
                                .value = value,
                                .se = se,
                                .n = (double)n};
    gn_status st = gn_result_add(r, &row, err);
    if (st == GN_OK && k > 0) st = gn_result_param_number(r, "k", (double)k, err);
    if (st == GN_OK) st = gn_result_param_number(r, "steps", (double)end->steps, err);
    if (st == GN_OK) st = gn_result_param_text(r, "metric", gn_metric_name(o->metric), err);
    if (st == GN_OK && o->method == CLI_TSNE)
        st = gn_result_param_number(r, "perplexity", end->perplexity, err);
    if (st == GN_OK && o->method != CLI_MDS)
        st = gn_result_param_text(
            r, "search", gn_knn_how_name(end->knn->recall ? GN_KNN_APPROXIMATE : GN_KNN_EXACT),
            err);
    if (st == GN_OK && o->before) st = gn_result_param_number(r, "pull", o->pull, err);
    if (st == GN_OK && o->zoom) st = gn_result_param_text(r, "rows", o->zoom, err);
    return st;
}

static gn_status add_all(gn_result *r, const gn_reps *reps, const cli_view *view,
                         const cli_map_opts *o, const struct outcome *end, gn_error *err) {
    const gn_map_quality *q = &end->q;
    const gn_knn *knn = end->knn;
    gn_status st = GN_OK;
    if (knn->recall) /* of the lists that the map was made of */
        st = add(r, reps, view, o, end, "recall", knn->recall[knn->k - 1].value,
                 knn->recall[knn->k - 1].se, knn->n_recall, knn->k, err);
    if (st == GN_OK)
        st = add(r, reps, view, o, end,
                 o->method == CLI_TSNE   ? "kl_divergence"
                 : o->method == CLI_UMAP ? "cross_entropy"
                                         : "stress",
                 end->loss, end->loss_se, end->n, 0, err);
    if (st == GN_OK)
        st =
            add(r, reps, view, o, end, "kept_neighbors", q->kept, q->kept_se, q->n_kept, q->k, err);
    if (st == GN_OK)
        st = add(r, reps, view, o, end, "trustworthiness", q->trustworthiness,
                 q->trustworthiness_se, q->n_sampled, q->k, err);
    if (st == GN_OK)
        st = add(r, reps, view, o, end, "continuity", q->continuity, q->continuity_se, q->n_sampled,
                 q->k, err);
    return st;
}

/* Runs t-SNE or UMAP from lists that are there. */
static gn_status run_map(gn_ctx *ctx, const cli_view *view, const cli_map_opts *o, cli_map *out,
                         struct outcome *end, gn_error *err) {
    const size_t n = view->n;
    const cli_map *before = o->before;
    gn_map *map = NULL;
    float *weight = NULL;
    gn_mat start = {0};
    gn_status st = GN_OK;
    if (before) {
        size_t k = out->knn->k < before->knn->k ? out->knn->k : before->knn->k;
        if (!(weight = malloc(n * sizeof *weight)))
            return cli_fail(err, GN_ENOMEM, "out of memory: a map of %zu rows", n);
        st = gn_lists_jaccard(ctx, out->knn, before->knn, k, weight, err);
        start = gn_mat_f64(before->xy, n, o->dims);
    } else if (o->method == CLI_TSNE) {
        st = principal_start(ctx, view, o->dims, out->xy, err);
        start = gn_mat_f64(out->xy, n, o->dims);
    }
    if (st == GN_OK && o->method == CLI_TSNE)
        st = gn_tsne_new(ctx, out->knn, start, before != NULL,
                         &(gn_tsne_opts){.dim = o->dims,
                                         .perplexity = o->perplexity,
                                         .n_early = SIZE_MAX,
                                         .n_steps = o->steps},
                         &map, err);
    else if (st == GN_OK)
        st = gn_umap_new(ctx, out->knn, start,
                         &(gn_umap_opts){.dim = o->dims,
                                         .n_neighbors = o->neighbors,
                                         .min_dist = o->min_dist,
                                         .n_steps = o->steps},
                         &map, err);
    if (st == GN_OK && before) st = gn_map_pull(map, start, weight, o->pull, err);
    if (st == GN_OK) st = gn_map_run(ctx, map, SIZE_MAX, err);
    if (st == GN_OK) {
        const gn_map_state s = gn_map_get(map);
        const double *y = gn_map_positions(map).data;
        for (size_t i = 0; i < n * o->dims; i++) out->xy[i] = y[i];
        *end = (struct outcome){.method = s.method,
                                .knn = out->knn,
                                .n = n,
                                .steps = s.step,
                                .perplexity = s.perplexity,
                                .loss = s.loss,
                                .loss_se = o->method == CLI_UMAP ? s.loss_se : (double)NAN};
    }
    gn_map_free(map);
    free(weight);
    return st;
}

static gn_status run_mds(gn_ctx *ctx, const cli_view *view, const cli_map_opts *o, cli_map *out,
                         struct outcome *end, gn_error *err) {
    const size_t n = view->n;
    gn_mds mds;
    float *distance = malloc(n * n * sizeof *distance);
    if (!distance) return cli_fail(err, GN_ENOMEM, "out of memory: %zu x %zu distances", n, n);
    gn_status st = gn_mds_distances(ctx, view->x, o->metric, distance, err);
    if (st == GN_OK)
        st = gn_mds_metric(ctx, gn_mat_f32(distance, n, n),
                           &(gn_mds_opts){.dims = o->dims, .iterations = o->steps}, out->xy, &mds,
                           err);
    if (st == GN_OK)
        *end = (struct outcome){.method = "mds",
                                .knn = out->knn,
                                .n = n,
                                .steps = mds.iterations,
                                .perplexity = (double)NAN,
                                .loss = mds.normalized,
                                .loss_se = (double)NAN};
    free(distance);
    return st;
}

/* Defaults, and what the rows allow. */
static gn_status settle(const gn_reps *reps, const cli_view *view, cli_map_opts *o, gn_error *err) {
    if (o->perplexity == 0) o->perplexity = 30;
    if (o->neighbors == 0) o->neighbors = 15;
    if (o->pull < 0) o->pull = o->method == CLI_TSNE ? 0.05 : 0.01;
    if (view->n < 4)
        return cli_fail(err, GN_EINVAL, "%s: %zu rows, a map of neighbours needs at least 4",
                        gn_reps_name(reps), view->n);
    if (o->method == CLI_MDS && view->n > CLI_MDS_ROWS)
        return cli_fail(
            err, GN_EINVAL,
            "%s: %zu rows, --method mds takes up to %d, as it looks at all pairs: choose "
            "some with --zoom, or tsne or umap",
            gn_reps_name(reps), view->n, CLI_MDS_ROWS);
    return GN_OK;
}

gn_status cli_map_make(gn_ctx *ctx, const gn_reps *reps, const cli_view *view,
                       const cli_map_opts *opts, gn_result *result, cli_map *out, gn_error *err) {
    static const char *const names[] = {"PCA", "t-SNE", "UMAP", "MDS"};
    cli_map_opts o = *opts;
    struct outcome end = {0};
    const size_t n = view->n;
    if (o.method == CLI_PCA) return cli_map_principal(ctx, reps, view, opts, result, out, err);
    gn_status st = settle(reps, view, &o, err);
    if (st != GN_OK) return st;
    cli_map map = {.xy = malloc(n * o.dims * sizeof *map.xy),
                   .k = o.dims,
                   .kept = o.kept ? malloc(n * sizeof *map.kept) : NULL};
    if (!map.xy || (o.kept && !map.kept)) {
        st = cli_fail(err, GN_ENOMEM, "out of memory: a map of %zu rows", n);
        goto done;
    }
    gn_knn_opts search = {.k = o.method == CLI_TSNE   ? (size_t)ceil(3 * o.perplexity)
                               : o.method == CLI_UMAP ? o.neighbors - 1
                                                      : QUALITY_NEIGHBORS,
                          .metric = o.metric,
                          .how = o.method == CLI_MDS ? GN_KNN_EXACT : o.search};
    if (search.k < QUALITY_NEIGHBORS) search.k = QUALITY_NEIGHBORS;
    if (search.k > n - 1) search.k = n - 1;
    if (search.k > 1024) search.k = 1024;
    st = find_neighbors(ctx, reps, view, &search, &map, err);
    if (st == GN_OK) st = (o.method == CLI_MDS ? run_mds : run_map)(ctx, view, &o, &map, &end, err);
    if (st == GN_OK)
        st = gn_map_quality_compute(
            ctx, view->x, map.knn, gn_mat_f64(map.xy, n, o.dims),
            &(gn_map_quality_opts){.k = QUALITY_NEIGHBORS, .metric = o.metric}, map.kept, &end.q,
            err);
    if (st == GN_OK) st = add_all(result, reps, view, &o, &end, err);
    if (st != GN_OK) goto done;
    snprintf(map.summary, sizeof map.summary, "%s, %.0f %% of neighbours kept", names[o.method],
             100 * end.q.kept);
    for (size_t a = 0; a < o.dims; a++)
        snprintf(map.axis[a], sizeof map.axis[a], "%s %zu", names[o.method], a + 1);
    *out = map;
    map = (cli_map){0};
done:
    cli_map_free(&map);
    return st;
}
