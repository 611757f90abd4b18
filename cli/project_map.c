/* t-SNE and UMAP of a layer. Neighbours come from the set's store where the whole layer is mapped,
 * so that the search is made once for all commands; rows that are chosen are searched among
 * themselves. t-SNE starts from the principal components, which keeps what is far apart where it
 * belongs; UMAP from its graph. */
#include "project_map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { QUALITY_NEIGHBORS = 15 };

void cli_map_free(cli_map *l) {
    free(l->xy);
    free(l->kept);
    l->xy = NULL;
    l->kept = NULL;
}

/* Lists of the view's rows: `owned` is what has to be freed when they are not the store's. */
static gn_status find_neighbors(gn_ctx *ctx, const gn_reps *reps, const cli_view *view,
                                const gn_knn_opts *opts, gn_neighbors **stored, gn_knn **owned,
                                const gn_knn **out, gn_error *err) {
    gn_status st;
    if (view->row) {
        st = gn_knn_compute(ctx, view->x, opts, owned, err);
        if (st == GN_OK) *out = *owned;
    } else {
        st = gn_neighbors_of_layer(ctx, reps, 0, opts, stored, NULL, err);
        if (st == GN_OK) *out = (*stored)->all;
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

static gn_status add(gn_result *r, const gn_reps *reps, const cli_map_opts *o,
                     const gn_map_state *s, const char *measure, double value, double se, size_t n,
                     size_t k, gn_error *err) {
    const gn_measurement row = {.set = gn_reps_name(reps),
                                .layer = (int)gn_reps_layer_index(reps, 0),
                                .depth = gn_reps_depth(reps, 0),
                                .measure = measure,
                                .variant = s->method,
                                .value = value,
                                .se = se,
                                .n = (double)n};
    gn_status st = gn_result_add(r, &row, err);
    if (st == GN_OK && k > 0) st = gn_result_param_number(r, "k", (double)k, err);
    if (st == GN_OK) st = gn_result_param_number(r, "steps", (double)s->step, err);
    if (st == GN_OK) st = gn_result_param_text(r, "metric", gn_metric_name(o->metric), err);
    if (st == GN_OK && o->method == CLI_TSNE)
        st = gn_result_param_number(r, "perplexity", s->perplexity, err);
    if (st == GN_OK && o->zoom) st = gn_result_param_text(r, "rows", o->zoom, err);
    return st;
}

gn_status cli_map_make(gn_ctx *ctx, const gn_reps *reps, const cli_view *view,
                       const cli_map_opts *opts, gn_result *result, cli_map *out, gn_error *err) {
    cli_map_opts o = *opts;
    gn_neighbors *stored = NULL;
    gn_knn *owned = NULL;
    const gn_knn *knn = NULL;
    gn_map *map = NULL;
    gn_map_quality q;
    const size_t n = view->n;
    const bool tsne = o.method == CLI_TSNE;
    gn_status st = GN_OK;
    if (o.perplexity == 0) o.perplexity = 30;
    if (o.neighbors == 0) o.neighbors = 15;
    if (n < 4)
        return cli_fail(err, GN_EINVAL, "%s: %zu rows, a map of neighbours needs at least 4",
                        gn_reps_name(reps), n);
    gn_knn_opts search = {.k = tsne ? (size_t)ceil(3 * o.perplexity) : o.neighbors - 1,
                          .metric = o.metric};
    if (search.k < QUALITY_NEIGHBORS) search.k = QUALITY_NEIGHBORS;
    if (search.k > n - 1) search.k = n - 1;
    if (search.k > 1024) search.k = 1024;
    out->xy = malloc(n * o.dims * sizeof *out->xy);
    out->kept = malloc(n * sizeof *out->kept);
    if (!out->xy || !out->kept) {
        st = cli_fail(err, GN_ENOMEM, "out of memory: a map of %zu rows", n);
        goto done;
    }
    st = find_neighbors(ctx, reps, view, &search, &stored, &owned, &knn, err);
    if (st == GN_OK && tsne) st = principal_start(ctx, view, o.dims, out->xy, err);
    if (st == GN_OK && tsne)
        st = gn_tsne_new(
            ctx, knn, gn_mat_f64(out->xy, n, o.dims), false,
            &(gn_tsne_opts){
                .dim = o.dims, .perplexity = o.perplexity, .n_early = SIZE_MAX, .n_steps = o.steps},
            &map, err);
    else if (st == GN_OK)
        st = gn_umap_new(ctx, knn, (gn_mat){0},
                         &(gn_umap_opts){.dim = o.dims,
                                         .n_neighbors = o.neighbors,
                                         .min_dist = o.min_dist,
                                         .n_steps = o.steps},
                         &map, err);
    if (st == GN_OK) st = gn_map_run(ctx, map, SIZE_MAX, err);
    if (st != GN_OK) goto done;
    const gn_map_state s = gn_map_get(map);
    const gn_mat y = gn_map_positions(map);
    for (size_t i = 0; i < n * o.dims; i++) out->xy[i] = ((const double *)y.data)[i];
    st = gn_map_quality_compute(ctx, view->x, knn, y,
                                &(gn_map_quality_opts){.k = QUALITY_NEIGHBORS, .metric = o.metric},
                                out->kept, &q, err);
    if (st == GN_OK && tsne)
        st = add(result, reps, &o, &s, "kl_divergence", s.loss, (double)NAN, n, 0, err);
    if (st == GN_OK)
        st = add(result, reps, &o, &s, "kept_neighbors", q.kept, q.kept_se, n, q.k, err);
    if (st == GN_OK)
        st = add(result, reps, &o, &s, "trustworthiness", q.trustworthiness, q.trustworthiness_se,
                 q.n_sampled, q.k, err);
    if (st == GN_OK)
        st = add(result, reps, &o, &s, "continuity", q.continuity, q.continuity_se, q.n_sampled,
                 q.k, err);
    snprintf(out->summary, sizeof out->summary, "%s, %.0f %% of neighbours kept",
             tsne ? "t-SNE" : "UMAP", 100 * q.kept);
done:
    gn_map_free(map);
    gn_neighbors_free(stored);
    gn_knn_free(owned);
    if (st != GN_OK) cli_map_free(out);
    return st;
}
