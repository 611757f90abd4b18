#include "report/charts.h"

#include "base/mem.h"
#include "report/chart_draw.h"
#include "report/chart_texts.h"

#define N2 "n\xe2\x82\x82"

/* One figure of the report: which measure it needs, how its axes are, what draws it. */
typedef struct chart_spec {
    /* without a value of these, and with this parameter where a key is given, there is no figure */
    const char *measure, *variant, *key, *value; /* variant NULL: any */
    const char *x_label, *y_label;               /* x_label NULL: layer */
    gn_draw_fn *draw;
    bool x_log, y_log;
    bool y_log_if_far;   /* logarithmic where the measure's values are far apart */
    bool family;         /* a curve a layer */
    double y_min, y_max; /* where min < max: so that what is small looks small */
} chart_spec;

static const chart_spec specs[GN_CHARTS_MAX] = {
    [CHART_ID] = {.measure = "twonn", .y_label = "intrinsic dimension", .draw = gn_draw_id},
    [CHART_GRIDE] = {.measure = "gride",
                     .variant = "",
                     .x_label = "neighbour rank " N2,
                     .y_label = "intrinsic dimension",
                     .draw = gn_draw_gride,
                     .x_log = true,
                     .family = true},
    [CHART_COSINES] = {.measure = "inter_cosine",
                       .y_label = "mean cosine",
                       .draw = gn_draw_cosines},
    [CHART_NORMS] = {.measure = "norm",
                     .variant = "mean",
                     .y_label = "vector length",
                     .draw = gn_draw_norms,
                     .y_log_if_far = true},
    [CHART_PR] = {.measure = "participation_ratio",
                  .variant = "",
                  .y_label = "dimension",
                  .draw = gn_draw_pr,
                  .y_log_if_far = true},
    [CHART_SHARES] = {.measure = "isoscore",
                      .variant = "",
                      .y_label = "share",
                      .draw = gn_draw_shares},
    [CHART_POSITION] = {.measure = "inter_cosine",
                        .variant = "raw",
                        .y_label = "mean cosine, share",
                        .draw = gn_draw_position,
                        .key = "first_position",
                        .value = "dropped"},
    [CHART_LID] = {.measure = "lid",
                   .variant = "unbiased",
                   .y_label = "local dimension",
                   .draw = gn_draw_lid},
    [CHART_SPECTRUM] = {.measure = "spectrum",
                        .x_label = "component",
                        .y_label = "eigenvalue",
                        .draw = gn_draw_spectrum,
                        .x_log = true,
                        .y_log = true,
                        .family = true},
    [CHART_PREVIOUS] = {.measure = "data_overlap",
                        .y_label = "share of neighbours",
                        .draw = gn_draw_previous},
    [CHART_OVERLAPS] = {.measure = "data_overlap", .y_label = "layer", .draw = gn_draw_overlaps},
    [CHART_IMBALANCE] = {.measure = "information_imbalance",
                         .y_label = "information imbalance",
                         .draw = gn_draw_imbalance,
                         .y_log_if_far = true},
    [CHART_IMBALANCES] = {.measure = "information_imbalance",
                          .x_label = "to layer",
                          .y_label = "from layer",
                          .draw = gn_draw_imbalances},
    [CHART_LABEL] = {.measure = "label_overlap",
                     .y_label = "share of neighbours",
                     .draw = gn_draw_labels},
    [CHART_KSTAR] = {.measure = "kstar",
                     .variant = "mean",
                     .y_label = "neighbours k*",
                     .draw = gn_draw_kstar},
    [CHART_CLUSTERS] = {.measure = "n_clusters",
                        .variant = "",
                        .y_label = "peaks of the density",
                        .draw = gn_draw_clusters,
                        .y_log_if_far = true},
    [CHART_KMEANS] = {.measure = "kmeans_clusters",
                      .variant = "",
                      .y_label = "clusters",
                      .draw = gn_draw_kmeans},
    [CHART_AGREEMENT] = {.measure = "adjusted_rand",
                         .variant = "",
                         .y_label = "adjusted Rand index",
                         .draw = gn_draw_agreement,
                         .y_min = -0.1,
                         .y_max = 1},
};

static bool has_chart(const gn_profile *p, size_t chart) {
    const chart_spec *c = &specs[chart];
    if (chart == CHART_ID && gn_profile_has(p, "gride", NULL)) return true;
    if (!c->key) return gn_profile_has(p, c->measure, c->variant);
    for (size_t i = 0; i < p->n_layers; i++)
        if (gn_profile_row(p, i, c->measure, c->variant, c->key, c->value) != SIZE_MAX) return true;
    return false;
}

static gn_figure_opts options(const gn_profile *p, size_t chart, bool titles) {
    const chart_spec *c = &specs[chart];
    return (gn_figure_opts){
        .title = titles ? chart_texts[chart].title : NULL,
        .x_label = c->x_label ? c->x_label : "layer",
        .y_label = c->y_label,
        .x_log = c->x_log,
        .y_log = c->y_log || (c->y_log_if_far && gn_chart_spans_far(p, c->measure, c->variant)),
        .y_min = c->y_min,
        .y_max = c->y_max,
        .palette = c->family ? GN_PALETTE_VIRIDIS : GN_PALETTE_DEEP};
}

gn_status gn_charts_make(const gn_profile *p, bool titles, gn_chart *out, size_t *n,
                         gn_error *err) {
    gn_status st;
    gn_chart_line l = {0};
    size_t made = 0;
    GN_TRY(gn_chart_line_new(p, &l, err));
    for (size_t c = 0; c < GN_CHARTS_MAX; c++) {
        if (!has_chart(p, c)) continue;
        gn_figure_opts o = options(p, c, titles);
        gn_chart *chart = &out[made];
        chart->text = &chart_texts[c];
        GN_TRY(gn_figure_new(&o, &chart->fig, err));
        made++;
        GN_TRY(specs[c].draw(&l, chart->fig, err));
    }
    *n = made;
done:
    gn_free(l.x);
    if (st != GN_OK) gn_charts_free(out, made);
    return st;
}

void gn_charts_free(gn_chart *charts, size_t n) {
    for (size_t i = 0; i < n; i++) gn_figure_free(charts[i].fig);
}
