/* gonio density: how crowded each layer is, and the clusters that the crowds form. */
#include "cli.h"
#include "labels.h"
#include "lines.h"
#include "rows.h"
#include "sets.h"
#include "gonio/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct call {
    gn_measure_density_opts opts;
    const char *labels, *layers, *figure, *out;
    int method, compat;
};

/* Of several sets each gets a folder of its own in the one that -o names. */
static gn_status measure(const struct call *c, gn_ctx *ctx, const cli_sets *sets, size_t i,
                         gn_result *result, gn_error *err) {
    char dir[4096];
    cli_labels found;
    gn_measure_density_opts opts = c->opts;
    gn_status st = cli_labels_find(&found, sets->reps[i], c->labels, err);
    opts.set = sets->name[i];
    opts.label = found.label;
    opts.n_labels = found.n;
    opts.points = c->out;
    if (c->out && sets->n > 1) {
        snprintf(dir, sizeof dir, "%.2000s/%.2000s", c->out, sets->name[i]);
        opts.points = dir;
    }
    if (st == GN_OK) st = gn_measure_density(ctx, sets->reps[i], &opts, result, err);
    cli_labels_free(&found);
    return st;
}

/* Over relative depth: agreement with the first label column, or the number of clusters. */
static gn_status draw(const struct call *c, gn_result *r, const cli_sets *sets, gn_error *err) {
    gn_figure *fig = NULL;
    const char *label = NULL;
    for (size_t i = 0; i < gn_result_count(r) && c->labels && !label; i++)
        if (strcmp(gn_result_at(r, i).measure, "adjusted_rand") == 0)
            label = gn_result_param(r, i, "label");
    char name[128] = "", axis[192] = "clusters";
    if (label) {
        snprintf(name, sizeof name, "%s", label);
        snprintf(axis, sizeof axis, "adjusted Rand index of clusters and %s", name);
    }
    gn_status st =
        gn_figure_new(&(gn_figure_opts){.x_label = "relative depth", .y_label = axis}, &fig, err);
    for (size_t i = 0; st == GN_OK && i < sets->n; i++)
        st = cli_draw_line(fig, r,
                           &(cli_line){.set = sets->name[i],
                                       .measure = label ? "adjusted_rand" : "n_clusters",
                                       .variant = "",
                                       .layer = CLI_ANY_LAYER,
                                       .where = {{label ? "label" : NULL, name}},
                                       .label = sets->n > 1 ? sets->name[i] : NULL},
                           err);
    if (st == GN_OK) st = cli_write_figure(fig, c->figure, err);
    gn_figure_free(fig);
    return st;
}

static int run(const cli_command *self, int argc, char **argv) {
    static const char *const method[] = {"pak", "kstar", NULL};
    static const char *const compat[] = {"none", "dadapy", NULL};
    cli_common common = {0};
    bool csv = false;
    struct call c = {0};
    const cli_option options[] = {
        {"layers", 0, CLI_TEXT, (void *)&c.layers, "LIST", "layers to measure, e.g. 0,3-6,-1",
         NULL},
        {"neighbors", 'k', CLI_SIZE, &c.opts.k, "K", "neighbours that k* may grow to (default 100)",
         NULL},
        {"alpha", 0, CLI_REAL, &c.opts.alpha, "P",
         "significance at which the density counts as changed (default 1e-6)", NULL},
        {"dim", 0, CLI_REAL, &c.opts.dim, "D",
         "dimension of the volumes (default: what TwoNN finds)", NULL},
        {"density", 0, CLI_WORD, &c.method, "NAME",
         "what clusters and -o are made of: pak (default) or kstar", method},
        {"z", 0, CLI_REAL, &c.opts.z, "Z",
         "errors by which a peak must rise above its saddle (default 1.65)", NULL},
        {"labels", 0, CLI_TEXT, (void *)&c.labels, "LABELS",
         "compare clusters with label columns of the set, or FILE.npy, .txt, .csv:COLUMN", NULL},
        {"out", 'o', CLI_TEXT, (void *)&c.out, "OUT",
         "write what is known of each row: a folder of .npy files, or FILE.csv", NULL},
        {"compat", 0, CLI_WORD, &c.compat, "MODE", "none, or dadapy: its stop of PAk", compat},
        {"max-rows", 0, CLI_SIZE, &c.opts.max_rows, "N",
         "above N rows, use a seeded sample of N (default 100,000)", NULL},
        {"figure", 0, CLI_TEXT, (void *)&c.figure, "FILE",
         "draw clusters, or their agreement with labels, over relative depth", NULL},
        {"csv", 0, CLI_FLAG, &csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n < 1) return cli_usage(self, "expected at least one REPS");
    size_t length = c.out ? strlen(c.out) : 0;
    if (n > 1 && length > 4 && strcmp(c.out + length - 4, ".csv") == 0)
        return cli_usage(self, "-o %s holds the rows of one set: of several name a folder", c.out);
    c.opts.method = c.method == 1 ? GN_DENSITY_KSTAR : GN_DENSITY_PAK;
    c.opts.dadapy = c.compat == 1;
    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    cli_sets sets = {0};
    int status = CLI_FAILED;
    gn_status st = c.figure ? gn_figure_check_path(c.figure, &err) : GN_OK;
    if (st == GN_OK) st = cli_context(&common, &ctx, &err);
    if (st == GN_OK) st = gn_result_new("density", &result, &err);
    if (st == GN_OK) st = cli_conditions(&common, ctx, result, &err);
    if (st == GN_OK) st = cli_sets_open(&sets, argv, (size_t)n, c.layers, &err);
    if (st == GN_OK && c.figure && !cli_sets_layered(&sets)) {
        status = cli_usage(self, "--figure runs over layers: expected a set with several");
        goto done;
    }
    for (size_t i = 0; st == GN_OK && i < sets.n; i++)
        st = measure(&c, ctx, &sets, i, result, &err);
    if (st == GN_OK && c.figure) st = draw(&c, result, &sets, &err);
    status = st == GN_OK ? cli_print_rows(result, csv, common.json) : cli_failed(&err);
done:
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
        "--labels the adjusted Rand index of clusters and labels. -o OUT writes the log density,\n"
        "its error, k*, cluster and halo of every row.\n\n"
        "Example\n"
        "  gonio density reps/ --labels pos\n"
        "  gonio density X.npy -k 50 -o X.density.csv\n",
    .run = run,
};
