/* What overlap and imbalance share: operands, labels, the heatmap of layers by layers. */
#include "pairs.h"
#include "labels.h"
#include "rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The stored layer with this number, or SIZE_MAX. */
static size_t place(const gn_reps *reps, int layer) {
    for (size_t i = 0; i < gn_reps_layers(reps); i++)
        if ((int)gn_reps_layer_index(reps, i) == layer) return i;
    return SIZE_MAX;
}

static bool is_of(const gn_reps *reps, const char *set, int layer) {
    return set && strcmp(gn_reps_name(reps), set) == 0 && place(reps, layer) != SIZE_MAX;
}

/* Rows are layers of the first set, columns those of the second (or of the first again). Where both
 * sets have one name, the rows from the first to the second come last and stay. */
static void fill(gn_result *r, const cli_pairs *what, const gn_reps *a, const gn_reps *b,
                 double *value) {
    size_t cols = gn_reps_layers(b);
    for (size_t i = 0; i < gn_reps_layers(a) * cols; i++) value[i] = (double)NAN;
    for (size_t i = 0; i < gn_result_count(r); i++) {
        gn_measurement m = gn_result_at(r, i);
        if (strcmp(m.measure, what->name) != 0) continue;
        const char *text = gn_result_param(r, i, "other_layer");
        int other = text ? atoi(text) : -1;
        const char *set = gn_result_param(r, i, "other_set");
        if (!is_of(a, m.set, m.layer) || !is_of(b, set, other)) continue;
        value[place(a, m.layer) * cols + place(b, other)] = m.value;
        if (what->symmetric && a == b) value[place(a, other) * cols + place(b, m.layer)] = m.value;
    }
}

static gn_status draw(gn_result *r, const cli_pairs *what, const gn_reps *a, const gn_reps *b,
                      const char *path, gn_error *err) {
    size_t rows = gn_reps_layers(a), cols = gn_reps_layers(b);
    char y[160], x[160];
    snprintf(y, sizeof y, a == b ? "layer" : "layer of %.120s", gn_reps_name(a));
    snprintf(x, sizeof x, a == b ? "layer" : "layer of %.120s", gn_reps_name(b));
    if (!what->symmetric) {
        snprintf(y, sizeof y, "from layer of %.120s", gn_reps_name(a));
        snprintf(x, sizeof x, "to layer of %.120s", gn_reps_name(b));
    }
    double *value = malloc((rows * cols + 1) * sizeof *value);
    if (!value) {
        *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: a figure's values"};
        return GN_ENOMEM;
    }
    fill(r, what, a, b, value);
    gn_figure *fig = NULL;
    gn_status st = gn_figure_new(
        &(gn_figure_opts){.width_in = 5, .height_in = 4.2, .x_label = x, .y_label = y}, &fig, err);
    if (st == GN_OK) st = gn_figure_heatmap(fig, value, rows, cols, what->caption, err);
    if (st == GN_OK) st = cli_write_figure(fig, path, err);
    gn_figure_free(fig);
    free(value);
    return st;
}

int cli_run_pairs(const cli_pairs *what, const cli_command *self, const cli_common *common,
                  gn_measure_opts opts, const char *labels, const char *figure, bool csv,
                  int n_operands, char **operand) {
    if (n_operands < 1 || n_operands > 2) return cli_usage(self, "expected one REPS or two");
    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    gn_reps *a = NULL, *b = NULL;
    gn_labels *owned = NULL;
    int status = CLI_FAILED;
    if (cli_context(common, &ctx, &err) != GN_OK ||
        gn_result_new(self->name, &result, &err) != GN_OK ||
        cli_conditions(common, ctx, result, &err) != GN_OK ||
        gn_reps_open(operand[0], &a, &err) != GN_OK ||
        (n_operands > 1 && gn_reps_open(operand[1], &b, &err) != GN_OK) ||
        (labels && cli_labels(a, labels, &owned, &opts.labels, &err) != GN_OK))
        goto done;
    if (figure && !b && gn_reps_layers(a) < 2) {
        status = cli_usage(self, "a figure shows pairs of layers: expected a second set");
        goto done;
    }
    opts.label_name = labels ? cli_label_name(labels) : NULL;
    if (what->measure(ctx, a, b, &opts, result, &err) != GN_OK) goto done;
    if (figure && draw(result, what, a, b ? b : a, figure, &err) != GN_OK) goto done;
    status = cli_print_rows(result, csv, common->json);
done:
    if (status == CLI_FAILED && err.code != GN_OK) status = cli_failed(&err);
    gn_labels_free(owned);
    gn_reps_free(a);
    gn_reps_free(b);
    gn_result_free(result);
    gn_ctx_free(ctx);
    return status;
}
