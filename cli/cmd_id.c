/* gonio id: intrinsic dimension of sets and matrices, the whole curve over scale. */
#define _POSIX_C_SOURCE 200809L
#include "cli.h"
#include "rows.h"
#include "gonio/id.h"
#include "gonio/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The profile of each set over relative depth (several layers), or its curve over scale (one). */
static gn_status draw(const gn_result *result, char **set, int n_sets, const char *path,
                      gn_error *err) {
    size_t count = gn_result_count(result);
    bool profile = false;
    for (size_t i = 0; i < count; i++) profile |= gn_result_at(result, i).depth > 0;
    gn_figure *fig = NULL;
    double *x = malloc((count + 1) * sizeof *x), *y = malloc((count + 1) * sizeof *y);
    double *lo = malloc((count + 1) * sizeof *lo), *hi = malloc((count + 1) * sizeof *hi);
    gn_status st = GN_ENOMEM;
    if (!x || !y || !lo || !hi) {
        *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: a figure's points"};
        goto done;
    }
    st = gn_figure_new(
        &(gn_figure_opts){.x_label = profile ? "relative depth" : "scale (neighbour rank n2)",
                          .y_label = profile ? "intrinsic dimension (TwoNN)"
                                             : "intrinsic dimension (Gride)",
                          .x_log = !profile},
        &fig, err);
    for (int s = 0; st == GN_OK && s < n_sets; s++) {
        size_t n = 0;
        double rank = 2;
        for (size_t i = 0; i < count; i++) {
            gn_measurement m = gn_result_at(result, i);
            if (strcmp(m.set, set[s]) != 0) continue;
            bool wanted =
                profile ? strcmp(m.measure, "twonn") == 0 && strcmp(m.variant, "base_0.9") == 0
                        : strcmp(m.measure, "gride") == 0 && !*m.variant;
            if (!wanted) continue;
            x[n] = profile ? m.depth : rank;
            rank *= 2;
            y[n] = m.value;
            lo[n] = m.value - m.se;
            hi[n++] = m.value + m.se;
        }
        gn_series series = {
            .label = set[s], .n = n, .x = x, .y = y, .lo = lo, .hi = hi, .color = -1};
        st = gn_figure_line(fig, &series, err);
    }
    if (st == GN_OK) st = cli_write_figure(fig, path, err);
done:
    free(x), free(y), free(lo), free(hi);
    gn_figure_free(fig);
    return st;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    bool csv = false;
    gn_measure_id_opts opts = {0};
    const char *figure = NULL;
    const cli_option options[] = {
        {"range-max", 0, CLI_SIZE, &opts.range_max, "K",
         "largest neighbour rank n2 of the Gride curve (default 64)", NULL},
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

    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    char **names = calloc((size_t)n, sizeof *names);
    int status = CLI_FAILED;
    if (!names || cli_context(&common, &ctx, &err) != GN_OK ||
        gn_result_new("id", &result, &err) != GN_OK ||
        cli_conditions(&common, ctx, result, &err) != GN_OK)
        goto done;
    for (int i = 0; i < n; i++) {
        gn_reps *reps;
        if (gn_reps_open(argv[i], &reps, &err) != GN_OK) goto done;
        names[i] = strdup(gn_reps_name(reps));
        gn_status st = gn_measure_id(ctx, reps, &opts, result, &err);
        gn_reps_free(reps);
        if (st != GN_OK || !names[i]) goto done;
    }
    if (figure && draw(result, names, n, figure, &err) != GN_OK) goto done;
    status = cli_print_rows(result, csv, common.json);
done:
    if (status == CLI_FAILED && err.code != GN_OK) status = cli_failed(&err);
    for (int i = 0; names && i < n; i++) free(names[i]);
    free(names);
    gn_result_free(result);
    gn_ctx_free(ctx);
    return status;
}

const cli_command cmd_id = {
    .name = "id",
    .summary = "intrinsic dimension with error bars: TwoNN, and Gride over scale",
    .synopsis = "REPS... [options]",
    .text =
        "Every layer of every set: TwoNN (least squares on 90 % and 98 % of the ratios, maximum\n"
        "likelihood, Bayes) and Gride at n2 = 2, 4, 8, ... Exact duplicate rows are collapsed "
        "first and\n"
        "counted. With several layers the figure is the profile over relative depth, with one it "
        "is the\n"
        "curve over scale.\n\n"
        "Example\n"
        "  gonio id model-a/ model-b/ --figure profile.pdf\n"
        "  gonio id X.npy --json\n",
    .run = run,
};
