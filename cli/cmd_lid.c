/* gonio lid: the local dimension around every point, and its neighbours' other tales. */
#define _POSIX_C_SOURCE 200809L
#include "cli.h"
#include "rows.h"
#include "gonio/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_K = 16, BINS = 40, MAX_CURVES = 64 };

static const char *const metrics[] = {"euclidean", "cosine", NULL};
static const char *const modes[] = {"cai2021", NULL};

/* A histogram of the points of one layer, for the figure of a set with one layer. */
struct histogram {
    char label[96];
    double x[BINS], y[BINS];
};
struct points {
    const char *out; /* folder for values, or NULL */
    struct histogram *curve;
    size_t n_curves;
};

/* Densities over [0, q99 + a quarter], so that a few wild points do not flatten the rest. */
static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
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

static gn_status write_values(const struct points *p, const gn_reps *reps, size_t layer, size_t k,
                              size_t n, const int32_t *row, const double *value, gn_error *err) {
    size_t rows = gn_reps_rows(reps);
    char path[4200];
    double *all = malloc(rows * sizeof *all);
    if (!all) {
        *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: values of all rows"};
        return GN_ENOMEM;
    }
    for (size_t i = 0; i < rows; i++) all[i] = (double)NAN;
    for (size_t i = 0; i < n; i++) all[row[i]] = value[i];
    snprintf(path, sizeof path, "%s/%.60s.layer.%02zu.k%zu.npy", p->out, gn_reps_name(reps),
             gn_reps_layer_index(reps, layer), k);
    gn_status st = gn_npy_write(path, GN_F64, &rows, 1, all, err);
    free(all);
    return st;
}

static gn_status on_points(void *user, const gn_reps *reps, size_t layer, size_t k, size_t n,
                           const int32_t *row, const double *value, gn_error *err) {
    struct points *p = user;
    if (p->out) {
        gn_status st = write_values(p, reps, layer, k, n, row, value, err);
        if (st != GN_OK) return st;
    }
    if (!p->curve || p->n_curves == MAX_CURVES) return GN_OK;
    double *known = malloc((n + 1) * sizeof *known);
    if (!known) {
        *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: a histogram"};
        return GN_ENOMEM;
    }
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(value[i])) known[m++] = value[i];
    if (m > 0) {
        struct histogram *h = &p->curve[p->n_curves++];
        snprintf(h->label, sizeof h->label, "%.60s, k = %zu", gn_reps_name(reps), k);
        fill(h, known, m);
    }
    free(known);
    return GN_OK;
}

/* The profile of one set at one k over depth. */
static gn_status draw_profile(gn_figure *fig, gn_result *r, const char *set, size_t k,
                              const char *variant, gn_error *err) {
    size_t count = gn_result_count(r), n = 0;
    double *at = malloc(4 * (count + 1) * sizeof *at);
    if (!at) {
        *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: a figure's points"};
        return GN_ENOMEM;
    }
    double *x = at, *y = at + count, *lo = y + count, *hi = lo + count;
    for (size_t i = 0; i < count; i++) {
        gn_measurement m = gn_result_at(r, i);
        const char *text = gn_result_param(r, i, "k");
        if (strcmp(m.measure, "lid") != 0 || strcmp(m.variant, variant) != 0 || !m.set ||
            strcmp(m.set, set) != 0 || !text || strtoull(text, NULL, 10) != k)
            continue;
        x[n] = m.depth;
        y[n] = m.value;
        lo[n] = m.value - 2 * m.se;
        hi[n++] = m.value + 2 * m.se;
    }
    char label[96];
    snprintf(label, sizeof label, "%.60s, k = %zu", set, k);
    gn_series s = {.label = label, .n = n, .x = x, .y = y, .lo = lo, .hi = hi, .color = -1};
    gn_status st = n ? gn_figure_line(fig, &s, err) : GN_OK;
    free(at);
    return st;
}

static gn_status draw(gn_result *r, const struct points *p, char **set, int n_sets,
                      const gn_measure_lid_opts *o, bool profile, const char *path, gn_error *err) {
    const char *variant = o->cai2021 ? "cai2021" : "unbiased";
    gn_figure *fig = NULL;
    gn_figure_opts opts = {.x_label = profile ? "relative depth" : "local dimension of a point",
                           .y_label = profile ? "mean local dimension" : "share of points per unit",
                           .y_min = 0,
                           .y_max = -1};
    gn_status st = gn_figure_new(&opts, &fig, err);
    for (int s = 0; st == GN_OK && profile && s < n_sets; s++)
        for (size_t j = 0; st == GN_OK && j < o->n_k; j++)
            st = draw_profile(fig, r, set[s], o->k[j], variant, err);
    for (size_t c = 0; st == GN_OK && !profile && c < p->n_curves; c++) {
        const struct histogram *h = &p->curve[c];
        gn_series s = {.label = h->label, .n = BINS, .x = h->x, .y = h->y, .color = -1};
        st = gn_figure_line(fig, &s, err);
    }
    if (st == GN_OK) st = cli_write_figure(fig, path, err);
    gn_figure_free(fig);
    return st;
}

/* "20,50,100" into at most MAX_K numbers; 0 when it is not such a list. */
static size_t parse_list(const char *text, size_t *out) {
    size_t n = 0;
    for (;;) {
        char *end;
        unsigned long long value = strtoull(text, &end, 10);
        if (*text < '0' || *text > '9' || (*end && *end != ',') || value > 1024 || n == MAX_K)
            return 0;
        out[n++] = (size_t)value;
        if (!*end) return n;
        text = end + 1;
    }
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    bool csv = false;
    int metric = 0, mode = -1;
    const char *list = "100", *figure = NULL, *out = NULL;
    gn_measure_lid_opts opts = {0};
    size_t k[MAX_K];
    const cli_option options[] = {
        {"neighbors", 'k', CLI_TEXT, (void *)&list, "K,...",
         "neighbours, one number or several from one search (default 100, at most 1,024)", NULL},
        {"metric", 'm', CLI_WORD, &metric, "METRIC", "euclidean (default) or cosine", metrics},
        {"compat", 0, CLI_WORD, &mode, "MODE",
         "cai2021: as that paper's scripts print it (half of the usual value)", modes},
        {"output", 'o', CLI_TEXT, (void *)&out, "DIR",
         "write the value of every row to DIR/SET.layer.NN.kK.npy", NULL},
        {"max-rows", 0, CLI_SIZE, &opts.max_rows, "N",
         "above N rows, use a seeded sample of N (default 100,000)", NULL},
        {"figure", 0, CLI_TEXT, (void *)&figure, "FILE",
         "draw to FILE.png, .svg or .pdf, with its numbers as .csv", NULL},
        {"csv", 0, CLI_FLAG, &csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n < 1) return cli_usage(self, "expected at least one REPS");
    opts.n_k = parse_list(list, k);
    if (!opts.n_k)
        return cli_usage(self, "-k %s: expected up to %d numbers below 1,025, as in 20,50,100",
                         list, MAX_K);
    opts.k = k;
    opts.metric = metric ? GN_COSINE : GN_EUCLIDEAN;
    opts.cai2021 = mode == 0;

    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    struct points points = {.out = out};
    char **names = calloc((size_t)n, sizeof *names);
    int status = CLI_FAILED;
    bool profile = false;
    if (figure) points.curve = calloc(MAX_CURVES, sizeof *points.curve);
    if (out || figure) {
        opts.points = on_points;
        opts.user = &points;
    }
    if (out && mkdir(out, 0777) != 0) {
        struct stat at;
        if (stat(out, &at) != 0 || !S_ISDIR(at.st_mode)) {
            snprintf(err.message, sizeof err.message, "%s: cannot be made a folder", out);
            err.code = GN_EIO;
            goto done;
        }
    }
    if (!names || cli_context(&common, &ctx, &err) != GN_OK ||
        gn_result_new("lid", &result, &err) != GN_OK ||
        cli_conditions(&common, ctx, result, &err) != GN_OK)
        goto done;
    for (int i = 0; i < n; i++) {
        gn_reps *reps;
        if (gn_reps_open(argv[i], &reps, &err) != GN_OK) goto done;
        names[i] = strdup(gn_reps_name(reps));
        profile = profile || gn_reps_layers(reps) > 1;
        gn_status st = gn_measure_lid(ctx, reps, &opts, result, &err);
        gn_reps_free(reps);
        if (st != GN_OK || !names[i]) goto done;
    }
    if (figure && draw(result, &points, names, n, &opts, profile, figure, &err) != GN_OK) goto done;
    status = cli_print_rows(result, csv, common.json);
done:
    if (status == CLI_FAILED && err.code != GN_OK) status = cli_failed(&err);
    for (int i = 0; names && i < n; i++) free(names[i]);
    free(names);
    free(points.curve);
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
