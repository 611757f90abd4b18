#include "pairs_figures.h"
#include "labels.h"
#include "lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gn_status out_of_memory(gn_error *err) {
    *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: a figure's values"};
    return GN_ENOMEM;
}

static int number(const cli_pairs_rows *p, size_t set, size_t i) {
    return (int)gn_reps_layer_index(p->sets->reps[set], i);
}

/* Parameter `key` of the first row of a measure: the first k, the first label. */
static void first_param(const cli_pairs_rows *p, const char *measure, const char *key, char *out,
                        size_t n) {
    *out = '\0';
    for (size_t i = 0; i < gn_result_count(p->r) && !*out; i++) {
        const char *text = gn_result_param(p->r, i, key);
        if (text && strcmp(gn_result_at(p->r, i).measure, measure) == 0)
            snprintf(out, n, "%s", text);
    }
}

/* One directed pair of layers. */
struct pair {
    size_t set_a, a, set_b, b;
};

static size_t find_pair(const cli_pairs_rows *p, struct pair x, const char *k) {
    char layer[24];
    snprintf(layer, sizeof layer, "%d", number(p, x.set_b, x.b));
    const cli_param where[3] = {
        {"other_set", p->sets->name[x.set_b]}, {"other_layer", layer}, {"k", k}};
    return cli_find_row(p->r, p->sets->name[x.set_a], number(p, x.set_a, x.a), p->what->name, "",
                        where);
}

/* ---- heatmap ------------------------------------------------------------------------------------
 */

gn_status cli_pairs_heatmap(const cli_pairs_rows *p, const char *path, gn_error *err) {
    size_t sb = p->between ? 1 : 0;
    size_t rows = gn_reps_layers(p->sets->reps[0]), cols = gn_reps_layers(p->sets->reps[sb]);
    char y[160], x[160], caption[96], k[32];
    const char *to = p->what->symmetric ? "" : "to ", *from = p->what->symmetric ? "" : "from ";
    if (!p->between) {
        snprintf(y, sizeof y, "%slayer", from);
        snprintf(x, sizeof x, "%slayer", to);
    } else {
        snprintf(y, sizeof y, "%slayer of %.120s", from, p->sets->name[0]);
        snprintf(x, sizeof x, "%slayer of %.120s", to, p->sets->name[sb]);
    }
    first_param(p, p->what->name, "k", k, sizeof k);
    snprintf(caption, sizeof caption, "%s (k = %s)", p->what->caption, k);
    double *value = malloc((rows * cols + 1) * sizeof *value);
    int *names = malloc((rows + cols + 1) * sizeof *names);
    gn_figure *fig = NULL;
    gn_status st = value && names ? GN_OK : out_of_memory(err);
    for (size_t i = 0; st == GN_OK && i < rows; i++)
        for (size_t j = 0; j < cols; j++) {
            size_t row = find_pair(p, (struct pair){0, i, sb, j}, k);
            if (row == SIZE_MAX && p->what->symmetric)
                row = find_pair(p, (struct pair){sb, j, 0, i}, k);
            value[i * cols + j] = row == SIZE_MAX ? (double)NAN : gn_result_at(p->r, row).value;
        }
    for (size_t i = 0; st == GN_OK && i < rows; i++) names[i] = number(p, 0, i);
    for (size_t j = 0; st == GN_OK && j < cols; j++) names[rows + j] = number(p, sb, j);
    gn_figure_opts opts = {.width_in = 5, .height_in = 4.2, .x_label = x, .y_label = y};
    if (st == GN_OK) st = gn_figure_new(&opts, &fig, err);
    if (st == GN_OK) st = gn_figure_heatmap(fig, value, rows, cols, caption, err);
    if (st == GN_OK) st = gn_figure_heatmap_numbers(fig, names, names + rows, err);
    if (st == GN_OK) st = cli_write_figure(fig, path, err);
    gn_figure_free(fig);
    free(value);
    free(names);
    return st;
}

/* ---- lines
 * --------------------------------------------------------------------------------------- */

static void name_line(const cli_pairs_rows *p, size_t set, const char *rest, char *out, size_t n) {
    if (p->sets->n == 1)
        snprintf(out, n, "%s", rest);
    else
        snprintf(out, n, *rest ? "%.160s, %s" : "%.160s%s", p->sets->name[set], rest);
}

static gn_status label_profile(const cli_pairs_rows *p, gn_figure *fig, const char *label,
                               bool only, gn_error *err) {
    gn_status st = GN_OK;
    char k[32], name[256];
    double chance = (double)NAN;
    first_param(p, "label_overlap", "k", k, sizeof k);
    for (size_t s = 0; st == GN_OK && s < p->sets->n; s++) {
        name_line(p, s, only && p->sets->n > 1 ? "" : label, name, sizeof name);
        cli_line line = {.set = p->sets->name[s],
                         .measure = "label_overlap",
                         .variant = "weighted",
                         .layer = CLI_ANY_LAYER,
                         .where = {{"label", label}, {*k ? "k" : NULL, k}},
                         .label = name};
        st = cli_draw_line(fig, p->r, &line, err);
        size_t row = cli_find_row(p->r, p->sets->name[s], CLI_ANY_LAYER, "label_overlap",
                                  "weighted", line.where);
        const char *text = row == SIZE_MAX ? NULL : gn_result_param(p->r, row, "chance");
        if (text && isnan(chance)) chance = atof(text);
    }
    snprintf(name, sizeof name, only ? "chance" : "chance: %.200s", label);
    if (st == GN_OK && isfinite(chance)) st = gn_figure_hline(fig, chance, name, err);
    return st;
}

/* A line for each label that rows carry, in order of appearance. */
static gn_status label_profiles(const cli_pairs_rows *p, gn_figure *fig, gn_error *err) {
    char label[CLI_LABELS_MAX + 1][96];
    size_t n = 0;
    for (size_t i = 0; i < gn_result_count(p->r) && n < CLI_LABELS_MAX; i++) {
        const char *text = gn_result_param(p->r, i, "label");
        size_t j = 0;
        if (!text || strcmp(gn_result_at(p->r, i).measure, "label_overlap") != 0) continue;
        snprintf(label[n], sizeof *label, "%s", text);
        while (strcmp(label[j], label[n]) != 0) j++;
        n += j == n;
    }
    gn_status st = GN_OK;
    for (size_t j = 0; st == GN_OK && j < n; j++) st = label_profile(p, fig, label[j], n == 1, err);
    return st;
}

/* Between neighbouring layers of set s (forward: from the earlier one), or between the layers at
 * one place of two sets. */
static struct pair step_at(const cli_pairs_rows *p, size_t s, size_t i, bool forward) {
    if (p->between) return forward ? (struct pair){0, i, 1, i} : (struct pair){1, i, 0, i};
    return forward ? (struct pair){s, i - 1, s, i} : (struct pair){s, i, s, i - 1};
}

static gn_status pair_profile(const cli_pairs_rows *p, gn_figure *fig, size_t s, bool forward,
                              gn_error *err) {
    size_t n = gn_reps_layers(p->sets->reps[s]), first = p->between ? 0 : 1;
    char rest[256] = "", name[256], k[32];
    size_t *row = malloc((n + 1) * sizeof *row);
    double *x = malloc((n + 1) * sizeof *x);
    gn_status st = row && x ? GN_OK : out_of_memory(err);
    first_param(p, p->what->name, "k", k, sizeof k);
    for (size_t i = first; st == GN_OK && i < n; i++) {
        row[i] = find_pair(p, step_at(p, s, i, forward), k);
        x[i] = gn_reps_depth(p->sets->reps[s], i);
    }
    if (p->between)
        snprintf(name, sizeof name, "%.110s to %.110s", p->sets->name[!forward],
                 p->sets->name[forward]);
    else {
        if (!p->what->symmetric)
            snprintf(rest, sizeof rest, forward ? "from the layer before" : "to the layer before");
        name_line(p, s, rest, name, sizeof name);
    }
    bool named = !p->what->symmetric || (!p->between && p->sets->n > 1);
    if (st == GN_OK && n > first)
        st = cli_draw_rows(fig, p->r, row + first, x + first, n - first, named ? name : NULL, err);
    free(row);
    free(x);
    return st;
}

static gn_status begin(const cli_pairs_rows *p, const char *x_label, bool log_x, gn_palette palette,
                       gn_figure **fig, gn_error *err) {
    char y[160];
    snprintf(y, sizeof y, "%s",
             p->labels            ? "neighbours with the same label"
             : p->between         ? p->what->caption
             : p->what->symmetric ? "neighbours shared with the layer before"
                                  : p->what->caption);
    return gn_figure_new(
        &(gn_figure_opts){.x_label = x_label, .y_label = y, .x_log = log_x, .palette = palette},
        fig, err);
}

gn_status cli_pairs_profile(const cli_pairs_rows *p, const char *path, gn_error *err) {
    gn_figure *fig = NULL;
    gn_status st = begin(p, "relative depth", false, GN_PALETTE_DEEP, &fig, err);
    if (st == GN_OK && p->labels) st = label_profiles(p, fig, err);
    for (size_t s = 0; st == GN_OK && !p->labels && s < (p->between ? 1 : p->sets->n); s++) {
        st = pair_profile(p, fig, s, true, err);
        if (st == GN_OK && !p->what->symmetric) st = pair_profile(p, fig, s, false, err);
    }
    if (st == GN_OK) st = cli_write_figure(fig, path, err);
    gn_figure_free(fig);
    return st;
}

/* Of the first label column: lines of several would be too many to tell apart. */
static gn_status label_curves(const cli_pairs_rows *p, gn_figure *fig, gn_error *err) {
    gn_status st = GN_OK;
    char label[96];
    first_param(p, "label_overlap", "label", label, sizeof label);
    for (size_t s = 0; s < p->sets->n; s++)
        for (size_t i = 0; st == GN_OK && i < gn_reps_layers(p->sets->reps[s]); i++) {
            char rest[32] = "", name[256];
            int layer = number(p, s, i);
            if (gn_reps_layers(p->sets->reps[s]) > 1)
                snprintf(rest, sizeof rest, "layer %d", layer);
            name_line(p, s, rest, name, sizeof name);
            st = cli_draw_line(fig, p->r,
                               &(cli_line){.set = p->sets->name[s],
                                           .measure = "label_overlap",
                                           .variant = "weighted",
                                           .layer = layer,
                                           .where = {{"label", label}},
                                           .x = "k",
                                           .label = *name ? name : NULL},
                               err);
        }
    return st;
}

static gn_status pair_curve(const cli_pairs_rows *p, gn_figure *fig, struct pair x, gn_error *err) {
    char name[256], layer[24];
    const cli_sets *sets = p->sets;
    snprintf(layer, sizeof layer, "%d", number(p, x.set_b, x.b));
    const char *join = p->what->symmetric ? "and" : "to";
    bool layered = cli_sets_layered(sets);
    if (p->between && layered)
        snprintf(name, sizeof name, "%.90s %d %s %.90s %s", sets->name[x.set_a],
                 number(p, x.set_a, x.a), join, sets->name[x.set_b], layer);
    else if (p->between)
        snprintf(name, sizeof name, "%.110s %s %.110s", sets->name[x.set_a], join,
                 sets->name[x.set_b]);
    else {
        char rest[64];
        snprintf(rest, sizeof rest, "layer %d %s %s", number(p, x.set_a, x.a), join, layer);
        name_line(p, x.set_a, rest, name, sizeof name);
    }
    cli_line line = {.set = sets->name[x.set_a],
                     .measure = p->what->name,
                     .variant = "",
                     .layer = number(p, x.set_a, x.a),
                     .where = {{"other_set", sets->name[x.set_b]}, {"other_layer", layer}},
                     .x = "k",
                     .label = name};
    return cli_draw_line(fig, p->r, &line, err);
}

gn_status cli_pairs_curve(const cli_pairs_rows *p, const char *path, gn_error *err) {
    gn_figure *fig = NULL;
    size_t n_layers = gn_reps_layers(p->sets->reps[0]);
    bool family = n_layers > 3 && (p->sets->n == 1 || p->between);
    bool back = !p->what->symmetric && n_layers <= 3;
    gn_status st =
        begin(p, "neighbours k", true, family ? GN_PALETTE_VIRIDIS : GN_PALETTE_DEEP, &fig, err);
    if (st == GN_OK && p->labels) st = label_curves(p, fig, err);
    for (size_t s = 0; st == GN_OK && !p->labels && s < (p->between ? 1 : p->sets->n); s++)
        for (size_t i = !p->between; st == GN_OK && i < gn_reps_layers(p->sets->reps[s]); i++) {
            st = pair_curve(p, fig, step_at(p, s, i, true), err);
            if (st == GN_OK && back) st = pair_curve(p, fig, step_at(p, s, i, false), err);
        }
    if (st == GN_OK) st = cli_write_figure(fig, path, err);
    gn_figure_free(fig);
    return st;
}
