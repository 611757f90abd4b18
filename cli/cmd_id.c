/* gonio id: intrinsic dimension of sets and matrices, the whole curve over scale. */
#include "cli.h"
#include "lines.h"
#include "rows.h"
#include "sets.h"
#include "gonio/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANY, TWONN, GRIDE };      /* --estimator */
enum { RANK, SAMPLE, DISTANCE }; /* --curve-x */

struct call {
    gn_measure_id_opts opts;
    int decimation, compat, estimator, curve_x;
    const char *layers, *figure, *curve;
    char twonn[32]; /* variant of the TwoNN profile */
};

static gn_status line(gn_figure *fig, gn_result *r, const char *set, const char *measure,
                      const char *variant, const char *label, gn_error *err) {
    return cli_draw_line(fig, r,
                         &(cli_line){.set = set,
                                     .measure = measure,
                                     .variant = variant,
                                     .layer = CLI_ANY_LAYER,
                                     .label = label},
                         err);
}

/* "Gride, n₂ = 8" */
static void gride_label(gn_result *r, const char *set, char *out, size_t n) {
    size_t row = cli_find_row(r, set, CLI_ANY_LAYER, "gride", "common", NULL);
    const char *n2 = row == SIZE_MAX ? NULL : gn_result_param(r, row, "n2");
    snprintf(out, n, "Gride, n\xe2\x82\x82 = %s", n2 ? n2 : "?");
}

/* Over relative depth: both estimators of one set, or one estimator of several. */
static gn_status draw_profile(const struct call *c, gn_result *r, const cli_sets *sets,
                              gn_error *err) {
    gn_figure *fig = NULL;
    char gride[64], axis[96] = "intrinsic dimension";
    gride_label(r, sets->name[0], gride, sizeof gride);
    bool both = c->estimator == ANY && sets->n == 1, of_gride = c->estimator == GRIDE;
    if (!both) snprintf(axis, sizeof axis, "intrinsic dimension (%s)", of_gride ? gride : "TwoNN");
    gn_status st =
        gn_figure_new(&(gn_figure_opts){.x_label = "relative depth", .y_label = axis}, &fig, err);
    for (size_t i = 0; st == GN_OK && i < sets->n; i++) {
        const char *set = sets->name[i];
        if (!of_gride) st = line(fig, r, set, "twonn", c->twonn, both ? "TwoNN" : set, err);
        if (st == GN_OK && (both || of_gride))
            st = line(fig, r, set, "gride", "common", both ? gride : set, err);
    }
    if (st == GN_OK) st = cli_write_figure(fig, c->figure, err);
    gn_figure_free(fig);
    return st;
}

/* One layer's curve over the scale. The n2-th neighbour of n points and the second of 2 n / n2 are
 * about equally far, so that ranks and sample sizes can share an axis. */
static gn_status draw_curve(const struct call *c, gn_figure *fig, gn_result *r, const char *set,
                            int layer, bool decimation, const char *label, gn_error *err) {
    cli_line l = {.set = set,
                  .measure = decimation ? "twonn_decimation" : "gride",
                  .variant = "",
                  .layer = layer,
                  .x = decimation ? "decimation" : "n2",
                  .x_factor = decimation ? 2 : 1,
                  .label = label};
    if (c->curve_x == DISTANCE) {
        l.x = "scale";
        l.x_factor = 1;
    } else if (c->curve_x == SAMPLE) {
        size_t all = cli_find_row(r, set, layer, "twonn", "ml", NULL);
        l.x_inverse = true;
        l.x_factor = all == SIZE_MAX ? 1 : gn_result_at(r, all).n;
        if (!decimation) l.x_factor *= 2;
    }
    return cli_draw_line(fig, r, &l, err);
}

static gn_status draw_curves(const struct call *c, gn_result *r, const cli_sets *sets,
                             const char *path, gn_error *err) {
    static const char *const x_label[] = {"neighbour rank n\xe2\x82\x82 (decimation: 2N/n)",
                                          "points (Gride: 2N/n\xe2\x82\x82)", "mean distance"};
    gn_figure *fig = NULL;
    size_t n_curves = cli_sets_layers(sets);
    bool both = n_curves == 1 && c->estimator == ANY, of_twonn = c->estimator == TWONN;
    const char *axis = both       ? "intrinsic dimension"
                       : of_twonn ? "intrinsic dimension (TwoNN, decimated)"
                                  : "intrinsic dimension (Gride)";
    gn_figure_opts opts = {
        .x_label = !both && c->curve_x == RANK && !of_twonn    ? "neighbour rank n\xe2\x82\x82"
                   : !both && c->curve_x == SAMPLE && of_twonn ? "points"
                                                               : x_label[c->curve_x],
        .y_label = axis,
        .x_log = true,
        .palette = sets->n == 1 && n_curves > 3 ? GN_PALETTE_VIRIDIS : GN_PALETTE_DEEP};
    gn_status st = gn_figure_new(&opts, &fig, err);
    for (size_t s = 0; st == GN_OK && s < sets->n; s++)
        for (size_t i = 0; st == GN_OK && i < gn_reps_layers(sets->reps[s]); i++) {
            const char *set = sets->name[s];
            int layer = (int)gn_reps_layer_index(sets->reps[s], i);
            char label[256];
            if (sets->n == 1)
                snprintf(label, sizeof label, "layer %d", layer);
            else if (gn_reps_layers(sets->reps[s]) == 1)
                snprintf(label, sizeof label, "%s", set);
            else
                snprintf(label, sizeof label, "%.200s, layer %d", set, layer);
            if (both || !of_twonn)
                st = draw_curve(c, fig, r, set, layer, false, both ? "Gride" : label, err);
            if (st == GN_OK && (both || of_twonn))
                st =
                    draw_curve(c, fig, r, set, layer, true, both ? "TwoNN, decimated" : label, err);
        }
    if (st == GN_OK) st = cli_write_figure(fig, path, err);
    gn_figure_free(fig);
    return st;
}

/* "TwoNN suggests layer 4 (peak at layer 2)", from the rows of one set and profile. */
static void choice_text(gn_result *r, const char *set, bool gride, char *out, size_t n) {
    gn_measurement peak = {.layer = -1}, suggested = {.layer = -1};
    for (size_t i = 0; i < gn_result_count(r); i++) {
        gn_measurement m = gn_result_at(r, i);
        if (strcmp(m.measure, "layer_choice") != 0 || strcmp(m.set, set) != 0) continue;
        const char *profile = gn_result_param(r, i, "profile");
        if (gride != (profile && strncmp(profile, "gride", 5) == 0)) continue;
        *(strcmp(m.variant, "peak") == 0 ? &peak : &suggested) = m;
    }
    const char *name = gride ? "Gride" : "TwoNN";
    if (suggested.layer >= 0)
        snprintf(out, n, "%s suggests layer %d (peak at layer %d)", name, suggested.layer,
                 peak.layer);
    else if (peak.layer >= 0)
        snprintf(out, n, "%s suggests no layer (peak at layer %d, no minimum after it)", name,
                 peak.layer);
    else
        snprintf(out, n, "%s suggests no layer (%s)", name, suggested.note ? suggested.note : "");
}

/* The scale of the profiles and the layers that they suggest, in words. */
static int print_choices(const struct call *c, gn_result *r, const cli_sets *sets) {
    char text[512], gride[128], twonn[128];
    int status = CLI_DONE;
    if (cli_sets_layered(sets)) {
        gride_label(r, sets->name[0], gride, sizeof gride);
        snprintf(text, sizeof text,
                 "\nProfiles: TwoNN (%s); %s, where the curves of all layers are flattest.\n",
                 c->twonn, gride);
        status = cli_print(text);
    }
    for (size_t s = 0; status == CLI_DONE && s < sets->n; s++) {
        if (gn_reps_layers(sets->reps[s]) < 2) continue;
        choice_text(r, sets->name[s], false, twonn, sizeof twonn);
        choice_text(r, sets->name[s], true, gride, sizeof gride);
        snprintf(text, sizeof text, "%.120s: %s; %s.\n", sets->name[s], twonn, gride);
        status = cli_print(text);
    }
    return status;
}

static gn_status measure(struct call *c, gn_ctx *ctx, const cli_sets *sets, gn_result *result,
                         gn_error *err) {
    gn_status st = GN_OK;
    for (size_t i = 0; st == GN_OK && i < sets->n; i++) {
        c->opts.set = sets->name[i];
        st = gn_measure_id(ctx, sets->reps[i], &c->opts, result, err);
    }
    if (st == GN_OK) st = gn_measure_id_profiles(result, &c->opts, err);
    if (st == GN_OK && c->figure)
        st = cli_sets_layered(sets) ? draw_profile(c, result, sets, err)
                                    : draw_curves(c, result, sets, c->figure, err);
    if (st == GN_OK && c->curve) st = draw_curves(c, result, sets, c->curve, err);
    return st;
}

static int run(const cli_command *self, int argc, char **argv) {
    static const char *const decimation[] = {"auto", "on", "off", NULL};
    static const char *const compat[] = {"none", "dadapy", NULL};
    static const char *const estimator[] = {"both", "twonn", "gride", NULL};
    static const char *const curve_x[] = {"rank", "points", "distance", NULL};
    cli_common common = {0};
    bool csv = false;
    struct call c = {0};
    const cli_option options[] = {
        {"layers", 0, CLI_TEXT, (void *)&c.layers, "LIST", "layers to measure, e.g. 0,3-6,-1",
         NULL},
        {"range-max", 0, CLI_SIZE, &c.opts.range_max, "K",
         "largest neighbour rank n2 of the Gride curve (default 64, at most 1024)", NULL},
        {"neighbors", 'k', CLI_SIZE, &c.opts.k, "K",
         "neighbours searched, which k* may grow to (default 100)", NULL},
        {"fraction", 0, CLI_REAL, &c.opts.fraction, "F",
         "TwoNN's line fit on this share of the ratios, too (always: 0.9 and 0.98)", NULL},
        {"binomial-k", 0, CLI_SIZE, &c.opts.binomial_k, "K",
         "outer neighbour of the binomial estimate (default 20)", NULL},
        {"binomial-ratio", 0, CLI_REAL, &c.opts.binomial_ratio, "R",
         "its inner over its outer radius (default: the best for the dimension)", NULL},
        {"decimation", 0, CLI_WORD, &c.decimation, "WHEN",
         "TwoNN on random samples of n/2, n/4, ... rows: on, off, auto (up to 20,000 rows)",
         decimation},
        {"compat", 0, CLI_WORD, &c.compat, "MODE",
         "none, or dadapy: its numbers, identical rows left in", compat},
        {"max-rows", 0, CLI_SIZE, &c.opts.max_rows, "N",
         "above N rows, use a seeded sample of N (default 100,000)", NULL},
        {"figure", 0, CLI_TEXT, (void *)&c.figure, "FILE",
         "draw to FILE.png, .svg or .pdf, with its numbers as .csv", NULL},
        {"curve", 0, CLI_TEXT, (void *)&c.curve, "FILE",
         "draw the dimension over scale, a line a layer", NULL},
        {"curve-x", 0, CLI_WORD, &c.curve_x, "AXIS",
         "scale as rank (n2, default), points (n) or distance", curve_x},
        {"estimator", 0, CLI_WORD, &c.estimator, "NAME",
         "what figures show: twonn, gride, or both where there is room (default)", estimator},
        {"csv", 0, CLI_FLAG, &csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n < 1) return cli_usage(self, "expected at least one REPS");
    if (c.figure && c.curve && strcmp(c.figure, c.curve) == 0)
        return cli_usage(self, "--figure and --curve both write %s", c.figure);
    c.opts.decimation = (gn_decimation)c.decimation;
    c.opts.dadapy = c.compat == 1;
    /* TwoNN over scale is decimation: whoever asks for its curve wants it */
    if (c.estimator == TWONN && c.curve && c.opts.decimation == GN_DECIMATION_AUTO)
        c.opts.decimation = GN_DECIMATION_ON;
    if (c.estimator == TWONN && c.curve && c.opts.decimation == GN_DECIMATION_OFF)
        return cli_usage(self, "--curve of twonn shows decimation, which is off");
    snprintf(c.twonn, sizeof c.twonn, "base_%.6g",
             c.opts.fraction > 0 && c.opts.fraction < 1 ? c.opts.fraction : 0.9);

    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    cli_sets sets = {0};
    int status = CLI_FAILED;
    gn_status st = c.figure ? gn_figure_check_path(c.figure, &err) : GN_OK;
    if (st == GN_OK && c.curve) st = gn_figure_check_path(c.curve, &err);
    if (st == GN_OK) st = cli_context(&common, &ctx, &err);
    if (st == GN_OK) st = gn_result_new("id", &result, &err);
    if (st == GN_OK) st = cli_conditions(&common, ctx, result, &err);
    if (st == GN_OK) st = cli_sets_open(&sets, argv, (size_t)n, c.layers, &err);
    if (st == GN_OK && c.curve && cli_sets_crowded(&sets)) {
        status = cli_usage(self, "--curve would draw %zu lines: choose some layers with --layers",
                           cli_sets_layers(&sets));
        goto done;
    }
    if (st == GN_OK) st = measure(&c, ctx, &sets, result, &err);
    status = st == GN_OK ? cli_print_rows(result, csv, common.json) : cli_failed(&err);
    if (status == CLI_DONE && !csv && !common.json) status = print_choices(&c, result, &sets);
done:
    cli_sets_free(&sets);
    gn_result_free(result);
    gn_ctx_free(ctx);
    return status;
}

const cli_command cmd_id = {
    .name = "id",
    .summary = "intrinsic dimension with error bars, over every scale",
    .synopsis = "REPS... [options]",
    .text =
        "Every layer of every set, over its distinct rows: TwoNN (least squares on 90 % and 98 %\n"
        "of the ratios, maximum likelihood, Bayes); Gride at n2 = 2, 4, 8, ...; TwoNN over "
        "samples\n"
        "of n/2, n/4, ... rows; k*-Gride; the binomial estimate with its p-value. The variant\n"
        "'reported' is the scale where a layer's curve is flattest; 'common' is one scale for all\n"
        "layers, so that a profile does not mix scales. At the end the layers that the profiles\n"
        "suggest (first peak, then the minimum after it), if they suggest any.\n\n"
        "--figure draws the profile over relative depth when a set has several layers, else the\n"
        "curve over scale; bands are 95 % (1.96 standard errors).\n\n"
        "Example\n"
        "  gonio id model-a/ model-b/ --figure profile.pdf --curve scale.pdf\n"
        "  gonio id reps/ --layers 0,6,-1 --range-max 512 --decimation on\n"
        "  gonio id X.npy --json\n",
    .run = run,
};
