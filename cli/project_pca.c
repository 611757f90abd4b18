/* Principal components as coordinates: of one layer, or of all layers together. */
#include "project_map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_COMPONENTS = 10 };

/* Three rows for each component: variance, share, cumulative share. */
static gn_status add_rows(gn_result *r, const gn_reps *reps, const cli_view *v, size_t k,
                          const double *variance, const double *share, const char *basis,
                          const char *zoom, gn_error *err) {
    static const char *const measures[] = {"pca_variance", "pca_share", "pca_share"};
    static const char *const variants[] = {"", "", "cumulative"};
    gn_status st = GN_OK;
    double sum = 0;
    for (size_t i = 0; i < k; i++) {
        sum += share[i];
        const double value[] = {variance[i], share[i], sum};
        for (size_t m = 0; m < 3 && st == GN_OK; m++) {
            const gn_measurement row = {.set = gn_reps_name(reps),
                                        .layer = (int)gn_reps_layer_index(reps, v->layer),
                                        .depth = gn_reps_depth(reps, v->layer),
                                        .measure = measures[m],
                                        .variant = variants[m],
                                        .value = value[m],
                                        .se = (double)NAN,
                                        .n = (double)v->n};
            st = gn_result_add(r, &row, err);
            if (st == GN_OK) st = gn_result_param_number(r, "component", (double)(i + 1), err);
            if (st == GN_OK && basis) st = gn_result_param_text(r, "basis", basis, err);
            if (st == GN_OK && zoom) st = gn_result_param_text(r, "rows", zoom, err);
        }
    }
    return st;
}

/* What a picture says about its axes. */
static void describe(cli_map *map, size_t dims, const double *share, const char *of) {
    double sum = 0;
    for (size_t a = 0; a < dims && a < map->k; a++) {
        snprintf(map->axis[a], sizeof map->axis[a], "PC %zu (%.1f %%)", a + 1, 100 * share[a]);
        sum += share[a];
    }
    snprintf(map->summary, sizeof map->summary, "%.1f %% of the variance%s", 100 * sum, of);
}

static gn_status out_of_memory(gn_error *err) {
    return cli_fail(err, GN_ENOMEM, "out of memory: coordinates");
}

gn_status cli_map_principal(gn_ctx *ctx, const gn_reps *reps, const cli_view *v,
                            const cli_map_opts *o, gn_result *result, cli_map *out, gn_error *err) {
    gn_pca *pca = NULL;
    cli_map map = {0};
    double *variance = NULL;
    size_t most = v->n > v->x.cols ? v->x.cols : v->n > 0 ? v->n - 1 : 0, k = o->components;
    if (k == 0) k = most < SHOWN_COMPONENTS ? most : SHOWN_COMPONENTS;
    if (o->drawn && k < o->dims) k = o->dims;
    gn_status st = gn_pca_fit(ctx, v->x, k, &pca, err);
    if (st != GN_OK) return st;
    map.k = gn_pca_components(pca);
    map.xy = malloc((v->n * map.k + 1) * sizeof *map.xy);
    variance = malloc(2 * map.k * sizeof *variance);
    if (!map.xy || !variance) {
        st = out_of_memory(err);
        goto done;
    }
    double *share = variance + map.k;
    for (size_t i = 0; i < map.k; i++) {
        variance[i] = gn_pca_variance(pca, i);
        share[i] = gn_pca_share(pca, i);
    }
    st = gn_pca_project(ctx, pca, v->x, map.xy, err);
    if (st == GN_OK && result)
        st = add_rows(result, reps, v, map.k, variance, share, NULL, o->zoom, err);
    if (st != GN_OK) goto done;
    describe(&map, o->dims, share, "");
    *out = map;
    map = (cli_map){0};
done:
    free(variance);
    cli_map_free(&map);
    gn_pca_free(pca);
    return st;
}

gn_status cli_map_joint(gn_ctx *ctx, const gn_reps *reps, const cli_view *v, const cli_map_opts *o,
                        const gn_joint *joint, gn_result *result, cli_map *out, gn_error *err) {
    const size_t k = gn_pca_components(gn_joint_pca(joint));
    cli_map map = {.k = k, .xy = malloc((v->n * k + 1) * sizeof *map.xy)};
    double *variance = malloc(2 * k * sizeof *variance);
    gn_status st = GN_OK;
    if (!map.xy || !variance) {
        st = out_of_memory(err);
        goto done;
    }
    double *share = variance + k;
    st = gn_joint_project(ctx, joint, v->layer, v->x, map.xy, share, err);
    if (st != GN_OK) goto done;
    for (size_t c = 0; c < k; c++) {
        double mean = 0, square = 0;
        for (size_t i = 0; i < v->n; i++) mean += map.xy[i * k + c] / (double)v->n;
        for (size_t i = 0; i < v->n; i++)
            square += (map.xy[i * k + c] - mean) * (map.xy[i * k + c] - mean);
        variance[c] = square / ((double)v->n - 1);
    }
    st = add_rows(result, reps, v, k, variance, share, "joint", o->zoom, err);
    if (st != GN_OK) goto done;
    describe(&map, o->dims, share, " of the layer");
    *out = map;
    map = (cli_map){0};
done:
    free(variance);
    cli_map_free(&map);
    return st;
}
