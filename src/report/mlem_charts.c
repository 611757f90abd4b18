/* Figures over layers: one line a feature, the strongest first, so that colours go to what matters;
 * and the fit beside what bounds it. */
#include "report/mlem_charts.h"

#include "gonio/mlem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LINES = 9, MOST_FEATURES = 64 };
#define Z95 1.959963984540054
#define R2 "R\xc2\xb2"

static const gn_chart_text fit_text = {
    "mlem_fit",
    "How well distances are predicted",
    "Share of the variance of squared distances over all pairs that the features predict (" R2 "), "
    "with 95 % intervals over sentences; where measured, the reliability of the distances (random "
    "halves of the units, corrected to all of them) and the same fit with the rows shuffled.",
    "A layer whose " R2 " comes near the reliability is described by the features as far as its "
    "distances are stable. The shuffled fit shows what chance explains.",
    "R2 = 1 - sum (y - b - w x)^2 / sum (y - mean y)^2, w >= 0",
    "arXiv 2402.11608, 2406.12620"};
static const gn_chart_text share_text = {
    "mlem_importance",
    "What the distances encode",
    "Permutation importance of each feature as a share of what it could be, PFI / (2 Var y), with "
    "95 % intervals over sentences. Here and below, of more than nine features the nine with the "
    "largest values are drawn; the rows hold all.",
    "1 is a feature that alone makes all distances; a line that rises and falls tells in which "
    "layers its difference moves sentences apart.",
    "PFI_k = 2 w_k (Cov(x_k, y) - sum_{j != k} C_kj w_j), exact over all permutations",
    "arXiv 2402.11608"};
static const gn_chart_text share_log_text = {
    "mlem_importance_log",
    "What the distances encode, over decades",
    "The same on a logarithmic axis. Values below 1e-6 are left out.",
    "Features differ by orders of magnitude; here the small ones can be read, too.",
    "as above",
    "arXiv 2402.11608"};
static const gn_chart_text v1_text = {
    "mlem_v1_importance",
    "Importance in the first pipeline",
    "Permutation importance as the first published pipeline computes it; without error bands, "
    "since "
    "its standard errors take pairs of sentences for independent.",
    "Compare with published figures of that pipeline; values that are not significant there are "
    "left out.",
    "mean rise of the squared error of ((D - m) / (M - m))^2",
    "arXiv 2402.11608v1"};
static const gn_chart_text auc_text = {
    "mlem_decoding",
    "Decoding",
    "Area under the ROC curve of a linear decoder of each feature, mean over held-out folds with "
    "95 "
    "% intervals over folds.",
    "0.5 is chance. Where all features reach 1, decoding says that each can be read off, not how "
    "much it shapes the space.",
    "one class against the rest, weighted by frequency",
    "arXiv 2402.11608"};
static const gn_chart_text rsa_text = {
    "mlem_rsa",
    "Similarity of each feature alone",
    "Spearman's correlation between distances and the difference in one feature (Pearson's where "
    "ranks are not defined). Bands: 95 % (jackknife over rows, up to 2,048 of them).",
    "Unlike importance it does not separate features that go together.",
    "rho(x_k, D)",
    "Kriegeskorte et al. 2008"};
static const gn_chart_text drop_text = {
    "mlem_spearman_drop",
    "What each feature adds to the rank correlation",
    "Fall of Spearman's correlation of prediction and distance when the feature is permuted over "
    "pairs, in expectation. Bands: 95 % (jackknife over rows, up to 2,048 of them).",
    "Ranks ask only for the order of distances; a feature may matter here and little for squared "
    "errors.",
    "rho - E rho(x_k permuted)",
    "arXiv 2406.12620"};
static const gn_chart_text cka_text = {
    "mlem_cka",
    "Alignment of each feature with the layer",
    "Linear centred kernel alignment between the indicators of a feature and the hidden states.",
    "1 would be a layer that varies with the feature and nothing else.",
    "|H'A|^2 / (|H'H| |A'A|)",
    "Kornblith et al. 2019"};
static const gn_chart_text encoding_text = {
    "mlem_encoding",
    "Units predicted from the features",
    "Cross-validated " R2 " of single units predicted from all features: largest, median and mean "
    "over units.",
    "A largest value far above the median is local coding: few units carry what the features say.",
    "least squares on indicators, 5 folds by sentence",
    "voxel-wise encoding models"};
static const gn_chart_text correlation_text = {
    "mlem_feature_correlation",
    "Correlation of the features' distances",
    "Pearson's correlation over pairs between differences in two features; the diagonal, 1, is "
    "left grey, so that the colours are for what differs.",
    "Where features go together, read conditional importance beside permutation importance.",
    "C_kl / sqrt(C_kk C_ll)",
    "arXiv 2402.11608"};

static const gn_chart_text units_text = {
    "mlem_units",
    "Units one by one",
    R2
    " of single units, y = (a_iu - a_ju)^2: median with the middle half as a band, the best unit, "
    "and all units together.",
    "A best unit above all units together is local coding: what the layer encodes is concentrated "
    "in few units.",
    "as for all units, in one dimension",
    "arXiv 2402.11608"};
static const gn_chart_text top_text = {
    "mlem_top_units",
    "The best units together",
    R2 " of distances in the k units that rank best alone, over k.",
    "The curve's peak (named in the legend) says how many units are enough; ranks and "
    "fits use the same sentences, so the "
    "peak is optimistic.",
    "as for all units, on the chosen ones",
    "arXiv 2402.11608"};
static const gn_chart_text kinds_text = {
    "mlem_kinds",
    "Kinds of units",
    "Units grouped by what they encode (k-means on the shares of their " R2
    " that each feature has; "
    "the number of kinds by silhouette), in the layer that is predicted best of those with kinds: "
    "mean "
    "share of each feature over the units of a kind, with 95 % intervals over units.",
    "A kind with one high bar is a population of units for that feature; kinds with several are "
    "mixed. "
    "Only significant importances count.",
    "mean over units of PFI_k / (2 Var y R2)",
    "arXiv 2402.11608"};
static const gn_chart_text mds_text = {
    "mlem_mds",
    "The layer that is predicted best",
    "Metric multidimensional scaling of the distances between sentences in the layer of largest " R2
    ". The feature that matters most there is the shape of a point, the second its colour, the "
    "third "
    "the shade.",
    "Groups that lie apart are what the layer tells apart first. Two dimensions show only the "
    "largest differences.",
    "minimises sum (distance in the picture - distance)^2",
    "de Leeuw 1977; arXiv 2402.11608"};

/* A chart whose rows are one measure with a parameter "feature". */
struct family {
    const gn_chart_text *text;
    const char *measure, *variant, *share; /* share: parameter drawn in the place of the value */
    const char *y_label;
    bool log, bands;
    double y_min, y_max;
};

static const struct family families[] = {
    {&share_text, "pfi", "", "share", "PFI / (2 Var y)", false, true, 0, 0},
    {&share_log_text, "pfi", "", "share", "PFI / (2 Var y)", true, false, 0, 0},
    {&v1_text, "v1_importance", NULL, NULL, "feature importance", true, false, 0, 0},
    {&auc_text, "decoding_auc", NULL, NULL, "AUC", false, true, 0.45, 1.05},
    {&rsa_text, "rsa", "spearman", NULL, "Spearman's correlation", false, true, 0, 0},
    {&rsa_text, "rsa", "pearson", NULL, "Pearson's correlation", false, true, 0, 0},
    {&drop_text, "spearman_drop", "", NULL, "fall of Spearman's correlation", false, true, 0, 0},
    {&cka_text, "cka", "", NULL, "linear CKA", false, true, 0, 0},
};

struct lines {
    const gn_profile *p;
    double *x, *y, *lo, *hi; /* (n_layers) */
    const char *feature[MOST_FEATURES];
    double most[MOST_FEATURES];
    size_t n;
};

static const char *variant_of(const gn_profile *p, const struct family *f) {
    if (f->variant) return f->variant;
    for (size_t i = 0; i < p->r->n_rows; i++)
        if (strcmp(p->r->row[i].m.measure, f->measure) == 0)
            return p->r->row[i].m.variant ? p->r->row[i].m.variant : "";
    return "";
}

static gn_point value_of(const gn_profile *p, size_t i, const struct family *f, const char *variant,
                         const char *feature) {
    gn_point v = gn_profile_at(p, i, f->measure, variant, "feature", feature);
    if (!f->share) return v;
    double share = gn_profile_number(
        p, gn_profile_row(p, i, f->measure, variant, "feature", feature), f->share);
    v.se = v.value > 0 ? v.se * share / v.value : (double)NAN;
    v.value = share;
    return v;
}

/* Features by their largest value over layers in the first figure that has some: they keep order
 * and colour in all others. */
static void find_features(struct lines *l, const struct family *f, const char *variant) {
    if (l->n) return;
    for (size_t i = 0; i < l->p->r->n_rows && l->n < MOST_FEATURES; i++) {
        const gn_result_field *name = gn_result_row_param(l->p->r, i, "feature");
        if (strcmp(l->p->r->row[i].m.measure, f->measure) != 0 || !name || !name->text) continue;
        size_t k = 0;
        while (k < l->n && strcmp(l->feature[k], name->text) != 0) k++;
        if (k == l->n) l->feature[l->n++] = name->text;
    }
    for (size_t k = 0; k < l->n; k++) {
        l->most[k] = -HUGE_VAL;
        for (size_t i = 0; i < l->p->n_layers; i++) {
            double v = value_of(l->p, i, f, variant, l->feature[k]).value;
            l->most[k] = v > l->most[k] ? v : l->most[k];
        }
    }
    for (size_t k = 1; k < l->n; k++)
        for (size_t j = k; j > 0 && l->most[j] > l->most[j - 1]; j--) {
            double most = l->most[j];
            const char *name = l->feature[j];
            l->most[j] = l->most[j - 1];
            l->feature[j] = l->feature[j - 1];
            l->most[j - 1] = most;
            l->feature[j - 1] = name;
        }
}

static gn_status line(struct lines *l, gn_figure *fig, const char *label, bool bands,
                      gn_error *err) {
    bool any = false, bars = false;
    for (size_t i = 0; i < l->p->n_layers; i++) {
        any = any || isfinite(l->y[i]);
        bars = bars || isfinite(l->lo[i]);
    }
    if (!any) return GN_OK;
    bars = bars && bands;
    gn_series s = {label, l->p->n_layers, l->x, l->y, bars ? l->lo : NULL, bars ? l->hi : NULL, -1};
    return gn_figure_line(fig, &s, err);
}

static void put(struct lines *l, size_t i, gn_point v, double least) {
    l->y[i] = v.value > least ? v.value : (double)NAN;
    l->lo[i] = v.value - Z95 * v.se;
    l->hi[i] = v.value + Z95 * v.se;
}

static gn_status draw_family(struct lines *l, const struct family *f, gn_figure *fig,
                             gn_error *err) {
    gn_status st = GN_OK;
    const char *variant = variant_of(l->p, f);
    find_features(l, f, variant);
    for (size_t k = 0; k < l->n && k < MOST_LINES; k++) {
        for (size_t i = 0; i < l->p->n_layers; i++)
            put(l, i, value_of(l->p, i, f, variant, l->feature[k]), f->log ? 1e-6 : -HUGE_VAL);
        GN_TRY(line(l, fig, l->feature[k], f->bands, err));
    }
    if (strcmp(f->measure, "decoding_auc") == 0) GN_TRY(gn_figure_hline(fig, 0.5, "chance", err));
done:
    return st;
}

static gn_status draw_measures(struct lines *l, gn_figure *fig, const char *const (*what)[3],
                               size_t n, gn_error *err) {
    gn_status st = GN_OK;
    for (size_t m = 0; m < n; m++) {
        for (size_t i = 0; i < l->p->n_layers; i++)
            put(l, i, gn_profile_at(l->p, i, what[m][0], what[m][1], NULL, NULL), -HUGE_VAL);
        GN_TRY(line(l, fig, what[m][2], true, err));
    }
done:
    return st;
}

static const char *condition(const gn_profile *p, const char *key) {
    for (size_t i = 0; i < p->r->n_conditions; i++)
        if (strcmp(p->r->condition[i].key, key) == 0 && p->r->condition[i].text)
            return p->r->condition[i].text;
    return "";
}

/* The fit by pairs is the exact one again unless it has another metric or target. */
static gn_status draw_fit(struct lines *l, gn_figure *fig, gn_error *err) {
    const char *metric = condition(l->p, "pairs_metric");
    bool same =
        strcmp(metric, "euclidean") == 0 && strcmp(condition(l->p, "pairs_target"), "squared") == 0;
    const char *const what[][3] = {{"r2", "", "MLEM"},
                                   {"v1_r2", "", "first pipeline"},
                                   {"noise_ceiling", "corrected", "reliability"},
                                   {"null_r2", "", "rows shuffled"},
                                   {"pairs_r2", "", metric}};
    return draw_measures(l, fig, what, sizeof what / sizeof *what - same, err);
}

static gn_status draw_encoding(struct lines *l, gn_figure *fig, gn_error *err) {
    static const char *const what[][3] = {{"encoding_r2", "max", "best unit"},
                                          {"encoding_r2", "median", "median unit"},
                                          {"encoding_r2", "mean", "mean of units"}};
    return draw_measures(l, fig, what, sizeof what / sizeof *what, err);
}

static gn_status draw_correlation(gn_ctx *ctx, const gn_features *features, gn_figure *fig,
                                  gn_error *err) {
    gn_status st;
    gn_mlem_design *design = NULL;
    double *value = NULL;
    const char **name = NULL;
    size_t f = features->n_features;
    GN_TRY(gn_mlem_design_new(ctx, features, &design, err));
    GN_TRY(gn_alloc_array(&value, f * f, sizeof *value, "correlations", err));
    GN_TRY(gn_alloc_array(&name, f, sizeof *name, "names", err));
    const double *cov = gn_mlem_design_cov(design);
    for (size_t k = 0; k < f; k++) {
        name[k] = features->feature[k].name;
        for (size_t l = 0; l < f; l++)
            value[k * f + l] =
                k == l ? (double)NAN : cov[k * f + l] / sqrt(cov[k * f + k] * cov[l * f + l]);
    }
    GN_TRY(gn_figure_heatmap(fig, value, f, f, "correlation over pairs", err));
    GN_TRY(gn_figure_heatmap_names(fig, name, name, err));
done:
    gn_mlem_design_free(design);
    gn_free(value);
    gn_free(name);
    return st;
}

/* ---- which are drawn ---------------------------------------------------------------------------
 */

static gn_status begin(const gn_chart_text *text, bool titles, gn_figure_opts o, gn_chart *out,
                       size_t *n, gn_error *err) {
    o.title = titles ? text->title : NULL;
    gn_status st = gn_figure_new(&o, &out[*n].fig, err);
    if (st == GN_OK) out[(*n)++].text = text;
    return st;
}

static bool drawn(const gn_chart *out, size_t n, const gn_chart_text *text) {
    for (size_t i = 0; i < n; i++)
        if (out[i].text == text) return true;
    return false;
}

gn_status gn_mlem_charts_make(gn_ctx *ctx, const gn_profile *p, const gn_reps *reps,
                              const gn_features *features, bool titles, gn_chart *out, size_t *n,
                              gn_error *err) {
    gn_status st;
    struct lines l = {.p = p};
    size_t made = 0, layers = p->n_layers;
    int layer;
    gn_figure_opts o = {.x_label = "layer", .y_label = R2};
    GN_TRY(gn_alloc_array(&l.x, 4 * layers, sizeof *l.x, "a figure's lines", err));
    l.y = l.x + layers;
    l.lo = l.y + layers;
    l.hi = l.lo + layers;
    for (size_t i = 0; i < layers; i++) l.x[i] = p->layer[i];
    if (gn_profile_has(p, "r2", "") || gn_profile_has(p, "v1_r2", "")) {
        GN_TRY(begin(&fit_text, titles, o, out, &made, err));
        GN_TRY(draw_fit(&l, out[made - 1].fig, err));
    }
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        const struct family *f = &families[i];
        if (!gn_profile_has(p, f->measure, f->variant) || drawn(out, made, f->text)) continue;
        gn_figure_opts own = {.height_in = 4.0, /* a legend of nine long names fits above */
                              .x_label = "layer",
                              .y_label = f->y_label,
                              .y_log = f->log,
                              .y_min = f->y_min,
                              .y_max = f->y_max};
        GN_TRY(begin(f->text, titles, own, out, &made, err));
        GN_TRY(draw_family(&l, f, out[made - 1].fig, err));
    }
    if (gn_profile_has(p, "encoding_r2", "max")) {
        GN_TRY(begin(&encoding_text, titles, o, out, &made, err));
        GN_TRY(draw_encoding(&l, out[made - 1].fig, err));
    }
    if (features && features->n_features > 1) {
        size_t f = features->n_features; /* names stand at every row: room for each */
        double more = f > 9 ? 0.24 * (double)(f < MOST_FEATURES ? f - 9 : MOST_FEATURES) : 0;
        gn_figure_opts square = {.width_in = 4.8 + more, .height_in = 4.0 + more};
        GN_TRY(begin(&correlation_text, titles, square, out, &made, err));
        GN_TRY(draw_correlation(ctx, features, out[made - 1].fig, err));
    }
    if (gn_profile_has(p, "r2", "unit")) {
        GN_TRY(begin(&units_text, titles, o, out, &made, err));
        GN_TRY(gn_mlem_draw_units(p, out[made - 1].fig, err));
    }
    if (gn_profile_has(p, "r2", "top_k")) {
        gn_figure_opts own = {.x_label = "units, best first",
                              .y_label = R2,
                              .x_log = true,
                              .palette = GN_PALETTE_VIRIDIS};
        GN_TRY(begin(&top_text, titles, own, out, &made, err));
        GN_TRY(gn_mlem_draw_top(p, out[made - 1].fig, err));
    }
    if (gn_mlem_kinds_layer(p, &layer)) {
        char label[64];
        snprintf(label, sizeof label, "importance / " R2 ", layer %d", layer);
        GN_TRY(begin(&kinds_text, titles,
                     (gn_figure_opts){.width_in = 6, .height_in = 4, .y_label = label}, out, &made,
                     err));
        GN_TRY(gn_mlem_draw_kinds(p, layer, out[made - 1].fig, err));
    }
    if (reps && features && gn_mlem_mds_layer(p, reps, features, &layer)) {
        char label[32];
        snprintf(label, sizeof label, "MDS 1, layer %d", layer);
        gn_figure_opts square = {
            .width_in = 6.4, .height_in = 5.8, .x_label = label, .y_label = "MDS 2"};
        GN_TRY(begin(&mds_text, titles, square, out, &made, err));
        GN_TRY(gn_mlem_mds_draw(ctx, p, reps, features, out[made - 1].fig, err));
    }
    *n = made;
    made = 0;
done:
    gn_charts_free(out, made);
    gn_free(l.x);
    return st;
}
