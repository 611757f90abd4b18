/* gonio cluster: how many clusters a layer has, whether that is more than chance, and what they are
 * made of. */
#include "cli.h"
#include "cluster_composition.h"
#include "cluster_text.h"
#include "folder.h"
#include "labels.h"
#include "lines.h"
#include "rows.h"
#include "sets.h"
#include "gonio/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLOT_SILHOUETTES, PLOT_COMPOSITION };

struct call {
    gn_measure_cluster_opts opts;
    const char *layers, *labels, *figure, *out, *by;
    size_t k, k_min, k_max;
    int compat, plot;
    bool no_null, csv;
};

/* ---- files ---------------------------------------------------------------------------------- */

/* One label a row of the set: what --labels reads. */
static gn_status write_labels(void *user, const gn_reps *reps, size_t layer, const int32_t *label,
                              gn_error *err) {
    const struct call *c = user;
    size_t rows = gn_reps_rows(reps);
    char path[4400];
    cli_layer_file(c->out, c->opts.set, gn_reps_layer_index(reps, layer), ".npy", path,
                   sizeof path);
    return gn_npy_write(path, GN_I32, &rows, 1, label, err);
}

/* ---- figures -------------------------------------------------------------------------------- */

/* A line of rows (set, layer, measure) whose y is a parameter, with its band. */
static gn_status null_line(gn_figure *fig, gn_result *r, const char *set, const char *measure,
                           const char *y_key, const char *sd_key, const char *label,
                           gn_error *err) {
    size_t room = gn_result_count(r) + 1, n = 0;
    double *x = malloc(4 * room * sizeof *x), *y = x + room, *lo = y + room, *hi = lo + room;
    if (!x) {
        *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: a figure's points"};
        return GN_ENOMEM;
    }
    for (size_t i = 0; i + 1 < room; i++) {
        gn_measurement m = gn_result_at(r, i);
        if (strcmp(m.set, set) != 0 || strcmp(m.measure, measure) != 0) continue;
        const char *text = gn_result_param(r, i, y_key);
        if (!text) continue;
        y[n] = strtod(text, NULL);
        const char *k = gn_result_param(r, i, "clusters");
        x[n] = k ? strtod(k, NULL) : m.depth;
        const char *sd = sd_key ? gn_result_param(r, i, sd_key) : NULL;
        double half = sd ? 2 * strtod(sd, NULL) : 0;
        lo[n] = y[n] - half;
        hi[n] = y[n] + half;
        n++;
    }
    gn_series s = {label, n, x, y, sd_key ? lo : NULL, sd_key ? hi : NULL, -1};
    gn_status st = n ? gn_figure_line(fig, &s, err) : GN_OK;
    free(x);
    return st;
}

/* One layer: the silhouette over k beside its null. Several: the best silhouette over depth. */
static gn_status draw(const struct call *c, gn_result *r, const cli_sets *sets, gn_error *err) {
    bool layered = cli_sets_layered(sets);
    gn_figure *fig = NULL;
    gn_figure_opts o = {.x_label = layered ? "relative depth" : "clusters k",
                        .y_label = layered ? "largest mean silhouette" : "mean silhouette"};
    gn_status st = gn_figure_new(&o, &fig, err);
    for (size_t s = 0; st == GN_OK && s < sets->n; s++) {
        const char *set = sets->name[s];
        char null[160];
        snprintf(null, sizeof null, sets->n > 1 ? "%.100s: Gaussian null" : "Gaussian null", set);
        if (layered) {
            st = null_line(fig, r, set, "kmeans_clusters", "silhouette", NULL, set, err);
            snprintf(null, sizeof null,
                     sets->n > 1 ? "%.100s: limit of the null" : "limit of the null", set);
            if (st == GN_OK)
                st = null_line(fig, r, set, "kmeans_clusters", "null_limit", NULL, null, err);
            continue;
        }
        st = cli_draw_line(fig, r,
                           &(cli_line){.set = set,
                                       .measure = "silhouette",
                                       .variant = "",
                                       .layer = CLI_ANY_LAYER,
                                       .x = "clusters",
                                       .label = set},
                           err);
        if (st == GN_OK) st = null_line(fig, r, set, "silhouette", "null", "null_sd", null, err);
    }
    if (st == GN_OK && !(c->opts.choice.threshold < 0))
        st = gn_figure_hline(fig, c->opts.choice.threshold > 0 ? c->opts.choice.threshold : 0.1,
                             "threshold", err);
    if (st == GN_OK) st = cli_write_figure(fig, c->figure, err);
    gn_figure_free(fig);
    return st;
}

/* ---- the command ---------------------------------------------------------------------------- */

static gn_status check_plot(const struct call *c, const cli_sets *sets, gn_error *err) {
    if (c->plot != PLOT_COMPOSITION || cli_sets_layers(sets) == 1) return GN_OK;
    return cli_fail(err, GN_EINVAL,
                    "--plot composition shows one layer of one set, not %zu: choose it with "
                    "--layers",
                    cli_sets_layers(sets));
}

static gn_status measure(struct call *c, gn_ctx *ctx, const cli_sets *sets, gn_result *result,
                         gn_error *err) {
    gn_status st = c->out ? cli_folder(c->out, err) : GN_OK;
    for (size_t i = 0; st == GN_OK && i < sets->n; i++) {
        cli_labels labels;
        st = cli_labels_find(&labels, sets->reps[i], c->labels, err);
        if (st != GN_OK) break;
        c->opts.set = sets->name[i];
        c->opts.label = labels.label;
        c->opts.n_labels = labels.n;
        st = gn_measure_cluster(ctx, sets->reps[i], &c->opts, result, err);
        cli_labels_free(&labels);
    }
    if (st == GN_OK && c->figure)
        st = c->plot == PLOT_COMPOSITION ? cli_composition(result, c->by, c->figure, err)
                                         : draw(c, result, sets, err);
    return st;
}

static int run(const cli_command *self, int argc, char **argv) {
    static const char *const compat[] = {"none", "cai2021", NULL};
    static const char *const plots[] = {"silhouettes", "composition", NULL};
    cli_common common = {0};
    struct call c = {.k = SIZE_MAX, .k_min = 2, .k_max = 15};
    gn_clusters_opts *choice = &c.opts.choice;
    const cli_option options[] = {
        {"clusters", 'k', CLI_SIZE, &c.k, "K", "this many clusters (default: chosen)", NULL},
        {"k-min", 0, CLI_SIZE, &c.k_min, "K", "fewest clusters to try (default 2)", NULL},
        {"k-max", 0, CLI_SIZE, &c.k_max, "K", "most clusters to try (default 15)", NULL},
        {"layers", 0, CLI_TEXT, (void *)&c.layers, "LIST", "layers to measure, e.g. 0,3-6,-1",
         NULL},
        {"labels", 0, CLI_TEXT, (void *)&c.labels, "LABELS",
         "further columns that may explain clusters: FILE.npy, .txt, .csv:COLUMN", NULL},
        {"restarts", 0, CLI_SIZE, &choice->kmeans.restarts, "N",
         "k-means runs for each k, the best counts (default 4; 10 with -k)", NULL},
        {"iterations", 0, CLI_SIZE, &choice->kmeans.iterations, "N",
         "iterations of a run at most (default 300)", NULL},
        {"sample", 0, CLI_SIZE, &choice->sample, "N",
         "rows whose silhouettes are taken (default 10,000)", NULL},
        {"threshold", 0, CLI_REAL, &choice->threshold, "S",
         "least mean silhouette of a clustering (default 0.1; negative: none)", NULL},
        {"null-draws", 0, CLI_SIZE, &choice->null_draws, "N",
         "Gaussian clouds to compare with (default 5)", NULL},
        {"no-null", 0, CLI_FLAG, &c.no_null, NULL, "compare with the threshold alone", NULL},
        {"compat", 0, CLI_WORD, &c.compat, "MODE",
         "none, or cai2021: k and cosines as that paper's scripts compute them", compat},
        {"output", 'o', CLI_TEXT, (void *)&c.out, "DIR",
         "write the cluster of every row to DIR/SET.layer.NN.npy, which --labels reads", NULL},
        {"max-rows", 0, CLI_SIZE, &c.opts.max_rows, "N",
         "above N rows, use a seeded sample of N (default 50,000)", NULL},
        {"figure", 0, CLI_TEXT, (void *)&c.figure, "FILE",
         "draw to FILE.png, .svg or .pdf, with the numbers as .csv", NULL},
        {"plot", 0, CLI_WORD, &c.plot, "WHAT",
         "silhouettes and their null (default); composition: what clusters of one layer are made "
         "of",
         plots},
        {"by", 0, CLI_TEXT, (void *)&c.by, "COLUMN",
         "composition by type, position, position_0, special, frequency or a label (default: what "
         "explains most)",
         NULL},
        {"csv", 0, CLI_FLAG, &c.csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n < 1) return cli_usage(self, "expected at least one REPS");
    bool given = c.k != SIZE_MAX;
    if (c.k_min < 2 || c.k_max < c.k_min || c.k_max > 256 || (given && (c.k < 2 || c.k > 256)))
        return cli_usage(self, "expected 2 to 256 clusters, and --k-min not above --k-max");
    c.opts.k = given ? c.k : 0;
    choice->kmeans.k_min = c.k_min;
    choice->kmeans.k_max = c.k_max;
    choice->no_null = c.no_null;
    c.opts.cai2021 = c.compat == 1;
    c.opts.shares_everywhere = c.plot == PLOT_COMPOSITION;
    if (c.plot == PLOT_COMPOSITION ? !c.figure : c.by != NULL)
        return cli_usage(self, c.by && c.plot != PLOT_COMPOSITION
                                   ? "--by belongs to --plot composition"
                                   : "--plot composition needs --figure FILE");
    if (c.out) {
        c.opts.found = write_labels;
        c.opts.user = &c;
    }

    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    cli_sets sets = {0};
    int status;
    if ((!c.figure || gn_figure_check_path(c.figure, &err) == GN_OK) &&
        cli_context(&common, &ctx, &err) == GN_OK &&
        gn_result_new("cluster", &result, &err) == GN_OK &&
        cli_conditions(&common, ctx, result, &err) == GN_OK &&
        cli_sets_open(&sets, argv, (size_t)n, c.layers, &err) == GN_OK &&
        check_plot(&c, &sets, &err) == GN_OK && measure(&c, ctx, &sets, result, &err) == GN_OK)
        status = c.csv || common.json ? cli_print_rows(result, c.csv, common.json)
                                      : cli_print_clusters(result);
    else
        status = cli_failed(&err);
    cli_sets_free(&sets);
    gn_result_free(result);
    gn_ctx_free(ctx);
    return status;
}

const cli_command cmd_cluster = {
    .name = "cluster",
    .summary = "how many clusters, against a null, and what they are made of",
    .synopsis = "REPS... [options]",
    .text =
        "For every layer of every set: k-means for 2 to 15 clusters, the silhouette of each on "
        "one\n"
        "sample, the best k, or 1 where the best is below the threshold or a Gaussian with the\n"
        "layer's covariance reaches it, too. Then the clusters: sizes, cosines inside them, "
        "types,\n"
        "positions, frequencies, labels, and which of these tells them apart best. --csv and\n"
        "--json have every number.\n\n"
        "Example\n"
        "  gonio cluster reps/ --layers 1,-1 -o clusters\n"
        "  gonio cluster reps/ --layers 3 --plot composition --figure clusters.pdf\n"
        "  gonio cluster X.npy -k 3 --labels classes.txt --json\n",
    .run = run,
};
