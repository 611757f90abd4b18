/* gonio knn: exact neighbours, kept beside the layers of a set or written for a matrix. */
#define _POSIX_C_SOURCE 200809L
#include "cli.h"
#include "rows.h"
#include "gonio/neighbors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const metrics[] = {"euclidean", "cosine", NULL};

/* Neighbours of one stored layer: to PREFIX.index.npy and PREFIX.distance.npy, or (NULL) kept in
 * the set's folder. */
static gn_status one_layer(gn_ctx *ctx, const gn_reps *reps, size_t i, gn_knn_opts opts,
                           const char *prefix, gn_result *result, gn_error *err) {
    char task[64];
    gn_neighbors *neighbors = NULL;
    int layer = (int)gn_reps_layer_index(reps, i);
    snprintf(task, sizeof task, "neighbors, layer %d", layer);
    opts.task = task;
    char partial[4096];
    if (prefix && snprintf(partial, sizeof partial, "%s.partial", prefix) < (int)sizeof partial)
        opts.checkpoint = partial;
    gn_status st = gn_neighbors_of_layer(ctx, reps, i, &opts, &neighbors, NULL, err);
    const gn_knn *knn = st == GN_OK ? neighbors->all : NULL;
    if (st == GN_OK && prefix) st = gn_knn_write(knn, prefix, err);
    if (st == GN_OK && opts.checkpoint) remove(opts.checkpoint);
    for (size_t rank = 1; st == GN_OK && rank <= knn->k; rank *= 2) {
        double sum = 0, sum2 = 0, n = (double)knn->n;
        for (size_t r = 0; r < knn->n; r++) {
            double d = (double)knn->distance[r * knn->k + rank - 1];
            sum += d;
            sum2 += d * d;
        }
        double mean = sum / n, variance = fmax(0, sum2 / n - mean * mean);
        st = gn_result_add(result,
                           &(gn_measurement){.set = gn_reps_name(reps),
                                             .layer = layer,
                                             .depth = gn_reps_depth(reps, i),
                                             .measure = "neighbor_distance",
                                             .variant = "mean",
                                             .value = mean,
                                             .se = sqrt(variance / n),
                                             .n = n},
                           err);
        if (st == GN_OK) st = gn_result_param_number(result, "k", (double)rank, err);
        if (st == GN_OK)
            st = gn_result_param_text(result, "metric", gn_metric_name(opts.metric), err);
    }
    gn_neighbors_free(neighbors);
    return st;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    bool csv = false;
    size_t k = 64;
    int metric = 0;
    const char *out = NULL;
    const cli_option options[] = {
        {"neighbors", 'k', CLI_SIZE, &k, "K", "neighbours of each row (default 64, at most 1,024)",
         NULL},
        {"metric", 'm', CLI_WORD, &metric, "METRIC", "euclidean (default) or cosine", metrics},
        {"output", 'o', CLI_TEXT, (void *)&out, "PREFIX",
         "write PREFIX.index.npy and PREFIX.distance.npy (a plain matrix, or a set of one layer)",
         NULL},
        {"csv", 0, CLI_FLAG, &csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n != 1) return cli_usage(self, "expected one REPS, got %d operand(s)", n);

    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_reps *reps = NULL;
    gn_result *result = NULL;
    int status = CLI_FAILED;
    if (cli_context(&common, &ctx, &err) != GN_OK || gn_reps_open(argv[0], &reps, &err) != GN_OK ||
        gn_result_new("knn", &result, &err) != GN_OK ||
        cli_conditions(&common, ctx, result, &err) != GN_OK)
        goto done;
    size_t layers = gn_reps_layers(reps);
    if (!gn_reps_dir(reps) && !out) {
        status =
            cli_usage(self, "%s is a plain matrix: say where to write with -o PREFIX", argv[0]);
        goto done;
    }
    if (out && layers != 1) {
        status = cli_usage(self,
                           "-o goes with one layer, %s has %zu; without it the neighbours are "
                           "kept in the set's folder",
                           argv[0], layers);
        goto done;
    }
    for (size_t i = 0; i < layers; i++) {
        gn_knn_opts opts = {.k = k, .metric = metric ? GN_COSINE : GN_EUCLIDEAN};
        if (one_layer(ctx, reps, i, opts, out, result, &err) != GN_OK) goto done;
    }
    status = cli_print_rows(result, csv, common.json);
done:
    if (status == CLI_FAILED && err.code != GN_OK) status = cli_failed(&err);
    gn_result_free(result);
    gn_reps_free(reps);
    gn_ctx_free(ctx);
    return status;
}

const cli_command cmd_knn = {
    .name = "knn",
    .summary = "exact nearest neighbours of every row",
    .synopsis = "REPS [-k K] [-o PREFIX] [options]",
    .text =
        "The neighbours of a representation set are kept in its folder (knn/) and reused by every\n"
        "other command; those of a plain matrix go to PREFIX.index.npy (int32, self excluded) and\n"
        "PREFIX.distance.npy (float32). Exact: distances are measured from differences in "
        "float64,\n"
        "ties are ordered by index. Prints the mean distance at ranks 1, 2, 4, ...\n\n"
        "Example\n"
        "  gonio knn X.npy -k 64 -o X\n",
    .run = run,
};
