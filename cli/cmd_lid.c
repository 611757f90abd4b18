/* gonio lid: the local dimension around every point, and what else its neighbours tell. */
#include "cli.h"
#include "folder.h"
#include "lines.h"
#include "rows.h"
#include "sets.h"
#include "gonio/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_K = 16, BINS = 40, MAX_CURVES = 64 };

/* A histogram of the points of one layer, for the figure of a set with one layer. */
struct histogram {
    char label[96];
    double x[BINS], y[BINS];
};
struct call {
    gn_measure_lid_opts opts;
    size_t k[MAX_K];
    const char *layers, *figure, *out; /* out: folder for values, or NULL */
    struct histogram *curve;
    size_t n_curves;
};

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
/* Densities over [0, q99 + a quarter], so that a few wild points do not flatten the rest. */
static void fill(struct histogram *h, double *value, size_t n) {
    qsort(value, n, sizeof *value, ascending);
    double top = 1.25 * value[(n - 1) * 99 / 100], width = top > 0 ? top / BINS : 1;
    for (size_t b = 0; b < BINS; b++) {
        h->x[b] = ((double)b + 0.5) * width;
        h->y[b] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        double bin = value[i] / width;
        if (bin < BINS) h->y[(size_t)bin] += 1 / ((double)n * width);
    }
}

static gn_status write_values(const struct call *c, const gn_reps *reps, size_t layer, size_t k,
                              size_t n, const int32_t *row, const double *value, gn_error *err) {
    size_t rows = gn_reps_rows(reps);
    char path[4400], suffix[32];
    double *all = malloc(rows * sizeof *all);
    if (!all) {
        *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: values of all rows"};
        return GN_ENOMEM;
    }
    for (size_t i = 0; i < rows; i++) all[i] = (double)NAN;
    for (size_t i = 0; i < n; i++) all[row[i]] = value[i];
    snprintf(suffix, sizeof suffix, ".k%zu.npy", k);
    cli_layer_file(c->out, c->opts.set, gn_reps_layer_index(reps, layer), suffix, path,
                   sizeof path);
    gn_status st = gn_npy_write(path, GN_F64, &rows, 1, all, err);
    free(all);
    return st;
}

static gn_status on_points(void *user, const gn_reps *reps, size_t layer, size_t k, size_t n,
                           const int32_t *row, const double *value, gn_error *err) {
    struct call *c = user;
    if (c->out) {
        gn_status st = write_values(c, reps, layer, k, n, row, value, err);
        if (st != GN_OK) return st;
    }
    if (!c->curve || c->n_curves == MAX_CURVES) return GN_OK;
    double *known = malloc((n + 1) * sizeof *known);
    if (!known) {
        *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: a histogram"};
        return GN_ENOMEM;
    }
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(value[i])) known[m++] = value[i];
    if (m > 0) {
        struct histogram *h = &c->curve[c->n_curves++];
        snprintf(h->label, sizeof h->label, "%.60s, k = %zu", c->opts.set, k);
        fill(h, known, m);
    }
    free(known);
    return GN_OK;
}

static gn_status draw(const struct call *c, gn_result *r, const cli_sets *sets, gn_error *err) {
    bool profile = cli_sets_layered(sets);
    gn_figure *fig = NULL;
    gn_figure_opts opts = {
        .x_label = profile ? "relative depth" : "local dimension of a point",
        .y_label = profile ? "mean local dimension" : "share of points per unit",
    };
    gn_status st = gn_figure_new(&opts, &fig, err);
    for (size_t s = 0; st == GN_OK && profile && s < sets->n; s++)
        for (size_t j = 0; st == GN_OK && j < c->opts.n_k; j++) {
            char label[160], k[32];
            snprintf(k, sizeof k, "%zu", c->k[j]);
            snprintf(label, sizeof label, "%.100s, k = %s", sets->name[s], k);
            st = cli_draw_line(fig, r,
                               &(cli_line){.set = sets->name[s],
                                           .measure = "lid",
                                           .variant = c->opts.cai2021 ? "cai2021" : "unbiased",
                                           .layer = CLI_ANY_LAYER,
                                           .where = {{"k", k}},
                                           .label = label},
                               err);
        }
    for (size_t i = 0; st == GN_OK && !profile && i < c->n_curves; i++) {
        const struct histogram *h = &c->curve[i];
        gn_series s = {.label = h->label, .n = BINS, .x = h->x, .y = h->y, .color = -1};
        st = gn_figure_line(fig, &s, err);
    }
    if (st == GN_OK) st = cli_write_figure(fig, c->figure, err);
    gn_figure_free(fig);
    return st;
}

/* "20,50,100" into at most MAX_K numbers; 0 when it is not such a list. */
static size_t parse_list(const char *text, size_t *out) {
    size_t n = 0;
    for (;;) {
        char *end;
        unsigned long long value = strtoull(text, &end, 10);
        if (*text < '0' || *text > '9' || (*end && *end != ',') || value < 3 || value > 1024 ||
            n == MAX_K)
            return 0;
        out[n++] = (size_t)value;
        if (!*end) return n;
        text = end + 1;
    }
}

static gn_status measure(struct call *c, gn_ctx *ctx, const cli_sets *sets, gn_result *result,
                         gn_error *err) {
    gn_status st = c->out ? cli_folder(c->out, err) : GN_OK;
    if (c->figure && !(c->curve = calloc(MAX_CURVES, sizeof *c->curve))) {
        *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: histograms"};
        return GN_ENOMEM;
    }
    for (size_t i = 0; st == GN_OK && i < sets->n; i++) {
        c->opts.set = sets->name[i];
        st = gn_measure_lid(ctx, sets->reps[i], &c->opts, result, err);
    }
    return st == GN_OK && c->figure ? draw(c, result, sets, err) : st;
}

static int run(const cli_command *self, int argc, char **argv) {
    static const char *const metrics[] = {"euclidean", "cosine", NULL};
    static const char *const modes[] = {"none", "cai2021", NULL};
    cli_common common = {0};
    bool csv = false;
    int metric = 0, mode = 0;
    const char *list = "100";
    struct call c = {0};
    const cli_option options[] = {
        {"neighbors", 'k', CLI_TEXT, (void *)&list, "K,...",
         "neighbours, one number or several from one search (default 100, at most 1,024)", NULL},
        {"metric", 'm', CLI_WORD, &metric, "METRIC", "euclidean (default) or cosine", metrics},
        {"layers", 0, CLI_TEXT, (void *)&c.layers, "LIST", "layers to measure, e.g. 0,3-6,-1",
         NULL},
        {"queries", 0, CLI_SIZE, &c.opts.queries, "N",
         "a seeded sample of N rows asks, all rows answer (default: every row asks)", NULL},
        {"compat", 0, CLI_WORD, &mode, "MODE",
         "none, or cai2021: as that paper's scripts print it (half of the usual value)", modes},
        {"output", 'o', CLI_TEXT, (void *)&c.out, "DIR",
         "write the value of every row to DIR/SET.layer.NN.kK.npy", NULL},
        {"max-rows", 0, CLI_SIZE, &c.opts.max_rows, "N",
         "above N rows, use a seeded sample of N (default 100,000)", NULL},
        {"figure", 0, CLI_TEXT, (void *)&c.figure, "FILE",
         "draw to FILE.png, .svg or .pdf, with its numbers as .csv", NULL},
        {"csv", 0, CLI_FLAG, &csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n < 1) return cli_usage(self, "expected at least one REPS");
    c.opts.n_k = parse_list(list, c.k);
    if (!c.opts.n_k)
        return cli_usage(self, "-k %s: expected up to %d numbers from 3 to 1,024, as in 20,50,100",
                         list, MAX_K);
    c.opts.k = c.k;
    c.opts.metric = metric ? GN_COSINE : GN_EUCLIDEAN;
    c.opts.cai2021 = mode == 1;
    if (c.out || c.figure) {
        c.opts.points = on_points;
        c.opts.user = &c;
    }

    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    cli_sets sets = {0};
    int status;
    if ((!c.figure || gn_figure_check_path(c.figure, &err) == GN_OK) &&
        cli_context(&common, &ctx, &err) == GN_OK && gn_result_new("lid", &result, &err) == GN_OK &&
        cli_conditions(&common, ctx, result, &err) == GN_OK &&
        cli_sets_open(&sets, argv, (size_t)n, c.layers, &err) == GN_OK &&
        measure(&c, ctx, &sets, result, &err) == GN_OK)
        status = cli_print_rows(result, csv, common.json);
    else
        status = cli_failed(&err);
    free(c.curve);
    cli_sets_free(&sets);
    gn_result_free(result);
    gn_ctx_free(ctx);
    return status;
}

const cli_command cmd_lid = {
    .name = "lid",
    .summary = "local dimension around every point, hubness, uniformity, alignment",
    .synopsis = "REPS... [options]",
    .text =
        "For every layer of every set, over its distinct rows: the local dimension from k\n"
        "neighbours, averaged over points (unbiased, Levina-Bickel, Amsaleg) and harmonically\n"
        "(MacKay-Ghahramani), the local kNN dimension, hubness, and from a seeded sample of\n"
        "pairs the correlation dimension, uniformity, and the alignment of equal types. The\n"
        "figure is the profile over depth, or for sets of one layer the histogram over points.\n\n"
        "Example\n"
        "  gonio lid reps/ -k 20,50,100 --figure lid.pdf\n"
        "  gonio lid X.npy --metric cosine --json\n",
    .run = run,
};
