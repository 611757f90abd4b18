/* gonio density: how crowded each layer is, and the clusters that the crowds form. */
#include "cli.h"
#include "labels.h"
#include "rows.h"
#include "sets.h"
#include "gonio/measure.h"

static gn_status measure(gn_ctx *ctx, const cli_sets *sets, size_t i, gn_measure_density_opts opts,
                         const char *labels, gn_result *result, gn_error *err) {
    cli_labels found;
    gn_status st = cli_labels_find(&found, sets->reps[i], labels, err);
    opts.set = sets->name[i];
    opts.label = found.label;
    opts.n_labels = found.n;
    if (st == GN_OK) st = gn_measure_density(ctx, sets->reps[i], &opts, result, err);
    cli_labels_free(&found);
    return st;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    bool csv = false;
    gn_measure_density_opts opts = {0};
    const char *labels = NULL, *layers = NULL;
    const cli_option options[] = {
        {"layers", 0, CLI_TEXT, (void *)&layers, "LIST", "layers to measure, e.g. 0,3-6,-1", NULL},
        {"neighbors", 'k', CLI_SIZE, &opts.k, "K", "neighbours that k* may grow to (default 100)",
         NULL},
        {"alpha", 0, CLI_REAL, &opts.alpha, "P",
         "significance at which the density counts as changed (default 1e-6)", NULL},
        {"dim", 0, CLI_REAL, &opts.dim, "D", "dimension of the volumes (default: what TwoNN finds)",
         NULL},
        {"z", 0, CLI_REAL, &opts.z, "Z",
         "errors by which a peak must rise above its saddle (default 1.65)", NULL},
        {"labels", 0, CLI_TEXT, (void *)&labels, "LABELS",
         "compare clusters with label columns of the set, or FILE.npy, .txt, .csv:COLUMN", NULL},
        {"max-rows", 0, CLI_SIZE, &opts.max_rows, "N",
         "above N rows, use a seeded sample of N (default 100,000)", NULL},
        {"csv", 0, CLI_FLAG, &csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n < 1) return cli_usage(self, "expected at least one REPS");
    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    cli_sets sets = {0};
    gn_status st = cli_context(&common, &ctx, &err);
    if (st == GN_OK) st = gn_result_new("density", &result, &err);
    if (st == GN_OK) st = cli_conditions(&common, ctx, result, &err);
    if (st == GN_OK) st = cli_sets_open(&sets, argv, (size_t)n, layers, &err);
    for (size_t i = 0; st == GN_OK && i < sets.n; i++)
        st = measure(ctx, &sets, i, opts, labels, result, &err);
    int status = st == GN_OK ? cli_print_rows(result, csv, common.json) : cli_failed(&err);
    cli_sets_free(&sets);
    gn_result_free(result);
    gn_ctx_free(ctx);
    return status;
}

const cli_command cmd_density = {
    .name = "density",
    .summary = "densities, density peaks, and the dimension at their scale",
    .synopsis = "REPS... [options]",
    .text =
        "For every layer, over its distinct rows: the dimension (TwoNN, k*-Gride, binomial with\n"
        "its p-value), k*, the largest neighbourhood of constant density, the log densities by\n"
        "three estimators, and the clusters of advanced density peaks with their halo. With\n"
        "--labels the adjusted Rand index of clusters and labels.\n\n"
        "Example\n"
        "  gonio density reps/ --labels pos\n"
        "  gonio density X.npy -k 50 --json\n",
    .run = run,
};
