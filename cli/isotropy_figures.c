#define _POSIX_C_SOURCE 200809L
#include "isotropy_figures.h"
#include "lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows about all rows of a layer as they are have none of these. */
static const char *const not_plain[] = {"repair", "by", "null", "first_position", NULL};

static gn_status line(gn_figure *fig, gn_result *r, cli_line l, const char *what, bool name_set,
                      gn_error *err) {
    char label[256];
    snprintf(label, sizeof label, "%.150s%s%s", name_set ? l.set : "", name_set ? ", " : "", what);
    l.label = label;
    l.absent = not_plain;
    return cli_draw_line(fig, r, &l, err);
}

/* Cosines between types and within, and what is left between types without the mean, over depth. */
static gn_status profile(gn_figure *fig, gn_result *r, const cli_sets *sets, size_t s,
                         gn_error *err) {
    static const struct {
        const char *measure, *variant, *label;
    } of[] = {{"inter_cosine", "raw", "different types"},
              {"intra_cosine", "raw", "same type"},
              {"inter_cosine", "centred", "different types, mean removed"}};
    gn_status st = GN_OK;
    for (int k = 0; st == GN_OK && k < 3; k++) {
        cli_line l = {.set = sets->name[s],
                      .measure = of[k].measure,
                      .variant = of[k].variant,
                      .layer = CLI_ANY_LAYER};
        st = line(fig, r, l, of[k].label, sets->n > 1, err);
    }
    return st;
}

static gn_status spectra(gn_figure *fig, gn_result *r, const cli_sets *sets, size_t s,
                         gn_error *err) {
    gn_status st = GN_OK;
    for (size_t i = 0; st == GN_OK && i < gn_reps_layers(sets->reps[s]); i++) {
        char label[32];
        cli_line l = {.set = sets->name[s], .measure = "eigenvalue", .variant = "", .x = "rank"};
        l.layer = (int)gn_reps_layer_index(sets->reps[s], i);
        snprintf(label, sizeof label, "layer %d", l.layer);
        st = line(fig, r, l, label, sets->n > 1, err);
    }
    return st;
}

/* The share of the coordinate of this rank, or NaN. */
static double share_of(gn_result *r, const char *set, int layer, const char *variant, size_t rank) {
    char text[32];
    snprintf(text, sizeof text, "%zu", rank);
    const cli_param where[3] = {{"rank", text}};
    size_t row = cli_find_row(r, set, layer, "rogue_dimension", variant, where);
    return row == SIZE_MAX ? (double)NAN : gn_result_at(r, row).value;
}

/* One set: a group of bars a layer, the largest coordinates as they are, and all of them together
 * after z-scoring. */
static gn_status rogue_bars(gn_figure *fig, gn_result *r, const char *set, const gn_reps *reps,
                            gn_error *err) {
    static const char *const rank[] = {
        "largest coordinate", "second", "third", "4th", "5th", "6th", "7th", "8th", "9th"};
    enum { MOST = sizeof rank / sizeof *rank };
    size_t n_layers = gn_reps_layers(reps), n = 0;
    while (n < MOST && isfinite(share_of(r, set, (int)gn_reps_layer_index(reps, 0), "raw", n + 1)))
        n++;
    const char *bar[MOST + 1];
    double *value = calloc(n_layers * (n + 1), sizeof *value);
    char(*name)[16] = calloc(n_layers, sizeof *name);
    const char **group = calloc(n_layers, sizeof *group);
    gn_status st = GN_OK;
    if (!value || !name || !group) {
        st = cli_fail(err, GN_ENOMEM, "out of memory: a figure's bars");
        goto done;
    }
    for (size_t k = 0; k < n; k++) bar[k] = rank[k];
    char together[48];
    snprintf(together, sizeof together, "largest %zu together, z-scored", n);
    bar[n] = together;
    for (size_t i = 0; i < n_layers; i++) {
        int layer = (int)gn_reps_layer_index(reps, i);
        double *of = value + i * (n + 1);
        for (size_t k = 0; k < n; k++) {
            of[k] = share_of(r, set, layer, "raw", k + 1);
            of[n] += share_of(r, set, layer, "zscore", k + 1);
        }
        snprintf(name[i], sizeof name[i], "%d", layer);
        group[i] = name[i];
    }
    const gn_bars bars = {.n_groups = n_layers,
                          .n_bars = n + 1,
                          .group = group,
                          .bar = bar,
                          .value = value,
                          .faint_last = true};
    st = gn_figure_bars(fig, &bars, err);
done:
    free(value);
    free(name);
    free(group);
    return st;
}

/* Several sets: the shares of the three largest coordinates over depth, raw and z-scored. */
static gn_status rogue(gn_figure *fig, gn_result *r, const cli_sets *sets, size_t s,
                       gn_error *err) {
    static const char *const variant[] = {"raw", "zscore"};
    static const char *const rank[] = {"1", "2", "3"};
    static const char *const label[2][3] = {
        {"largest coordinate", "second", "third"},
        {"largest, z-scored", "second, z-scored", "third, z-scored"}};
    gn_status st = GN_OK;
    for (int v = 0; v < 2; v++)
        for (int k = 0; st == GN_OK && k < 3; k++) {
            cli_line l = {.set = sets->name[s],
                          .measure = "rogue_dimension",
                          .variant = variant[v],
                          .layer = CLI_ANY_LAYER,
                          .where = {{"rank", rank[k]}}};
            st = line(fig, r, l, label[v][k], sets->n > 1, err);
        }
    return st;
}

/* The range of the eigenvalues; those below 1e-7 of the largest are the axis that a layer norm
 * leaves without variance, or rounding of float32 layers, and would flatten the rest. */
static void range(const gn_result *r, double *least, double *most) {
    *least = *most = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < gn_result_count(r); i++) {
            gn_measurement m = gn_result_at(r, i);
            if (strcmp(m.measure, "eigenvalue") != 0) continue;
            if (pass == 0 && m.value > *most) *most = m.value;
            if (pass == 1 && m.value > 1e-7 * *most && (*least <= 0 || m.value < *least))
                *least = m.value;
        }
}

gn_status cli_isotropy_figure(gn_result *r, int plot, const cli_sets *sets, const char *path,
                              gn_error *err) {
    static const char *const y_label[] = {"mean cosine", "eigenvalue of the covariance",
                                          "share of the mean cosine"};
    static gn_status (*const draw[])(gn_figure *, gn_result *, const cli_sets *, size_t,
                                     gn_error *) = {profile, spectra, rogue};
    bool spectrum = plot == PLOT_SPECTRA, bars = plot == PLOT_ROGUE && sets->n == 1;
    double least, most;
    gn_figure *fig = NULL;
    range(r, &least, &most);
    gn_status st =
        gn_figure_new(&(gn_figure_opts){.width_in = 5.6,
                                        .height_in = 3.6,
                                        .x_label = spectrum ? "rank of the eigenvalue"
                                                   : bars   ? "layer"
                                                            : "relative depth",
                                        .y_label = y_label[plot],
                                        .x_log = spectrum,
                                        .y_log = spectrum,
                                        .y_min = spectrum ? least / 2 : 0,
                                        .y_max = spectrum ? 2 * most : 0,
                                        .palette = spectrum ? GN_PALETTE_VIRIDIS : GN_PALETTE_DEEP},
                      &fig, err);
    if (st == GN_OK && bars) st = rogue_bars(fig, r, sets->name[0], sets->reps[0], err);
    for (size_t s = 0; st == GN_OK && !bars && s < sets->n; s++)
        st = draw[plot](fig, r, sets, s, err);
    if (st == GN_OK) st = cli_write_figure(fig, path, err);
    gn_figure_free(fig);
    return st;
}
