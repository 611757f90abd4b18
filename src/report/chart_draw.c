/* What is inside each of the survey's figures: lines over layers, curves of each layer, layer
 * against layer. */
#include "report/chart_draw.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define Z95 1.959963984540054

gn_status gn_chart_line_new(const gn_profile *p, gn_chart_line *l, gn_error *err) {
    double *room;
    gn_status st = gn_alloc_array(&room, 4 * p->n_layers, sizeof *room, "a figure's line", err);
    if (st != GN_OK) return st;
    size_t n = p->n_layers;
    *l = (gn_chart_line){p, room, room + n, room + 2 * n, room + 3 * n};
    for (size_t i = 0; i < n; i++) l->x[i] = p->layer[i];
    return GN_OK;
}

static void put(gn_chart_line *l, size_t i, gn_point v, double width) {
    l->y[i] = v.value;
    l->lo[i] = v.value - width * v.se;
    l->hi[i] = v.value + width * v.se;
}

/* Draws the line unless it has no value at all; the band only where it has error bars. */
static gn_status draw(gn_chart_line *l, gn_figure *fig, const char *label, gn_error *err) {
    bool any = false, bars = false;
    for (size_t i = 0; i < l->p->n_layers; i++) {
        any = any || isfinite(l->y[i]);
        bars = bars || isfinite(l->lo[i]);
    }
    if (!any) return GN_OK;
    gn_series s = {label, l->p->n_layers, l->x, l->y, bars ? l->lo : NULL, bars ? l->hi : NULL, -1};
    return gn_figure_line(fig, &s, err);
}

static gn_status draw_measure(gn_chart_line *l, gn_figure *fig, const char *measure,
                              const char *variant, const char *label, gn_error *err) {
    for (size_t i = 0; i < l->p->n_layers; i++)
        put(l, i, gn_profile_at(l->p, i, measure, variant, NULL, NULL), Z95);
    return draw(l, fig, label, err);
}

/* Largest over smallest positive value of a measure: above 30 an axis should be logarithmic. */
bool gn_chart_spans_far(const gn_profile *p, const char *measure, const char *variant) {
    double lo = HUGE_VAL, hi = 0;
    for (size_t row = 0; row < p->r->n_rows; row++) {
        const gn_measurement *m = &p->r->row[row].m;
        if (!(m->value > 0) || strcmp(m->measure, measure) != 0 || strcmp(m->set, p->set) != 0 ||
            (variant && strcmp(m->variant, variant) != 0))
            continue;
        lo = fmin(lo, m->value);
        hi = fmax(hi, m->value);
    }
    return hi > 30 * lo;
}

/* ---- one function a figure ---------------------------------------------------------------------
 */

gn_status gn_draw_id(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    gn_status st;
    char gride[48];
    snprintf(gride, sizeof gride, "Gride, n\xe2\x82\x82 = %.0f", l->p->common_n2);
    GN_TRY(draw_measure(l, fig, "twonn", "base_0.9", "TwoNN", err));
    for (size_t i = 0; i < l->p->n_layers; i++) put(l, i, l->p->gride_common[i], Z95);
    GN_TRY(draw(l, fig, gride, err));
done:
    return st;
}

static gn_status draw_curves(const gn_profile *p, gn_figure *fig, const char *measure,
                             const char *key, gn_error *err) {
    gn_status st = GN_OK;
    size_t room = p->r->n_rows;
    gn_point *point = NULL;
    double *x = NULL;
    GN_TRY(gn_alloc_array(&point, room, sizeof *point, "a curve", err));
    GN_TRY(gn_alloc_array(&x, 4 * room, sizeof *x, "a curve", err));
    double *y = x + room, *lo = y + room, *hi = lo + room;
    for (size_t i = 0; i < p->n_layers; i++) {
        char label[32];
        size_t n = gn_profile_curve(p, i, measure, key, x, point, room);
        bool bars = false;
        if (n == 0) continue;
        for (size_t k = 0; k < n; k++) {
            y[k] = point[k].value;
            lo[k] = y[k] - Z95 * point[k].se;
            hi[k] = y[k] + Z95 * point[k].se;
            bars = bars || isfinite(lo[k]);
        }
        snprintf(label, sizeof label, "layer %d", p->layer[i]);
        gn_series s = {label, n, x, y, bars ? lo : NULL, bars ? hi : NULL, -1};
        GN_TRY(gn_figure_line(fig, &s, err));
    }
done:
    gn_free(point);
    gn_free(x);
    return st;
}

gn_status gn_draw_cosines(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    gn_status st;
    GN_TRY(draw_measure(l, fig, "inter_cosine", "raw", "inter, raw", err));
    GN_TRY(draw_measure(l, fig, "inter_cosine", "centred", "inter, centred", err));
    GN_TRY(draw_measure(l, fig, "intra_cosine", "raw", "intra, raw", err));
    GN_TRY(draw_measure(l, fig, "intra_cosine", "centred", "intra, centred", err));
done:
    return st;
}

gn_status gn_draw_norms(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    gn_status st;
    for (size_t i = 0; i < l->p->n_layers; i++) {
        gn_point v = gn_profile_at(l->p, i, "norm", "mean", NULL, NULL);
        v.se = gn_profile_at(l->p, i, "norm", "sd", NULL, NULL).value;
        put(l, i, v, 1);
    }
    GN_TRY(draw(l, fig, "mean \xc2\xb1 sd", err));
    GN_TRY(draw_measure(l, fig, "norm", "median", "median", err));
    GN_TRY(draw_measure(l, fig, "mean_norm", "", "mean vector", err));
done:
    return st;
}

gn_status gn_draw_pr(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    gn_status st;
    GN_TRY(draw_measure(l, fig, "participation_ratio", "", "participation ratio", err));
    GN_TRY(draw_measure(l, fig, "effective_rank", "", "effective rank", err));
    GN_TRY(draw_measure(l, fig, "effective_dims", "", "axes with 80 % of the variance", err));
done:
    return st;
}

gn_status gn_draw_shares(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    gn_status st;
    GN_TRY(draw_measure(l, fig, "isoscore", "", "IsoScore", err));
    GN_TRY(draw_measure(l, fig, "top1_share", "", "first axis, of the variance", err));
    GN_TRY(
        draw_measure(l, fig, "rogue_dimension", "raw", "one coordinate, of the mean cosine", err));
done:
    return st;
}

gn_status gn_draw_position(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    static const struct {
        const char *measure, *variant, *all, *dropped;
    } pairs[] = {{"inter_cosine", "raw", "cosine, all rows", "cosine, without position 0"},
                 {"top1_share", "", "first axis, all rows", "first axis, without position 0"}};
    gn_status st = GN_OK;
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++) {
        GN_TRY(draw_measure(l, fig, pairs[k].measure, pairs[k].variant, pairs[k].all, err));
        for (size_t i = 0; i < l->p->n_layers; i++)
            put(l, i,
                gn_profile_at(l->p, i, pairs[k].measure, pairs[k].variant, "first_position",
                              "dropped"),
                Z95);
        GN_TRY(draw(l, fig, pairs[k].dropped, err));
    }
done:
    return st;
}

gn_status gn_draw_lid(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    gn_status st;
    GN_TRY(draw_measure(l, fig, "lid", "unbiased", "mean over points", err));
    GN_TRY(draw_measure(l, fig, "lid", "harmonic", "harmonic mean", err));
done:
    return st;
}

/* A parameter of the measure's rows as a line. */
static gn_status draw_parameter(gn_chart_line *l, gn_figure *fig, const char *measure,
                                const char *key, const char *label, gn_error *err) {
    for (size_t i = 0; i < l->p->n_layers; i++) {
        size_t row = gn_profile_row(l->p, i, measure, "", NULL, NULL);
        put(l, i, (gn_point){gn_profile_number(l->p, row, key), (double)NAN, 0}, 0);
    }
    return draw(l, fig, label, err);
}

gn_status gn_draw_kmeans(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    gn_status st;
    GN_TRY(draw_parameter(l, fig, "kmeans_clusters", "best", "best silhouette", err));
    GN_TRY(draw_measure(l, fig, "kmeans_clusters", "", "beyond the null", err));
done:
    return st;
}

gn_status gn_draw_gride(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    return draw_curves(l->p, fig, "gride", "n2", err);
}

gn_status gn_draw_spectrum(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    return draw_curves(l->p, fig, "spectrum", "component", err);
}

/* ---- layer against layer
 * --------------------------------------------------------------------------
 */

gn_status gn_draw_previous(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    for (size_t i = 0; i < l->p->n_layers; i++)
        put(l, i, i ? gn_profile_pair(l->p, "data_overlap", i, i - 1) : gn_point_none, Z95);
    return draw(l, fig, NULL, err);
}

gn_status gn_draw_imbalance(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    gn_status st = GN_OK;
    for (int back = 0; back < 2; back++) {
        for (size_t i = 0; i < l->p->n_layers; i++)
            put(l, i,
                i ? gn_profile_pair(l->p, "information_imbalance", back ? i : i - 1,
                                    back ? i - 1 : i)
                  : gn_point_none,
                Z95);
        GN_TRY(draw(l, fig, back ? "layer \xe2\x86\x92 previous" : "previous \xe2\x86\x92 layer",
                    err));
    }
done:
    return st;
}

/* The matrix of a measure of two layers, its rows and columns called by the layers' numbers. What
 * a layer has with itself is no measurement: `itself` stands there. */
static gn_status draw_matrix(const gn_profile *p, gn_figure *fig, const char *measure,
                             const char *label, double itself, bool logarithm, gn_error *err) {
    gn_status st;
    double *value = NULL;
    size_t n = p->n_layers;
    GN_TRY(gn_alloc_array(&value, n * n, sizeof *value, "a matrix of layers", err));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double v = i == j ? itself : gn_profile_pair(p, measure, i, j).value;
            value[i * n + j] = logarithm ? log10(v) : v;
        }
    GN_TRY(gn_figure_heatmap(fig, value, n, n, label, err));
    GN_TRY(gn_figure_heatmap_numbers(fig, p->layer, p->layer, err));
done:
    gn_free(value);
    return st;
}

gn_status gn_draw_overlaps(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    return draw_matrix(l->p, fig, "data_overlap", "share of neighbours", 1, false, err);
}

gn_status gn_draw_imbalances(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    return draw_matrix(l->p, fig, "information_imbalance", "log\xe2\x82\x81\xe2\x82\x80 imbalance",
                       (double)NAN, true, err);
}

/* ---- labels, density
 * -----------------------------------------------------------------------------
 */

/* A dashed line at each chance level. Levels closer than a line of text share one label, which
 * stands at the first of them. */
static gn_status draw_chances(const gn_profile *p, gn_figure *fig, double highest, gn_error *err) {
    gn_status st = GN_OK;
    char *text = NULL;
    for (size_t k = 0; k < p->n_labels; k++) {
        double level = p->label[k].chance;
        size_t first = 0;
        if (!isfinite(level)) continue;
        while (!(fabs(p->label[first].chance - level) < 0.05 * highest)) first++;
        gn_str s = {0};
        for (size_t j = k; first == k && j < p->n_labels; j++)
            if (fabs(p->label[j].chance - level) < 0.05 * highest)
                gn_str_addf(&s, "%s%s", s.n ? ", " : "chance: ", p->label[j].name);
        GN_TRY(gn_str_take(&s, &text, err));
        GN_TRY(gn_figure_hline(fig, level, *text ? text : NULL, err));
        gn_free(text);
        text = NULL;
    }
done:
    gn_free(text);
    return st;
}

gn_status gn_draw_labels(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    gn_status st = GN_OK;
    double highest = 1e-3;
    for (size_t k = 0; k < l->p->n_labels; k++) {
        const char *name = l->p->label[k].name;
        for (size_t i = 0; i < l->p->n_layers; i++) {
            put(l, i, gn_profile_at(l->p, i, "label_overlap", "weighted", "label", name), Z95);
            highest = fmax(highest, l->y[i]);
        }
        GN_TRY(draw(l, fig, name, err));
    }
    GN_TRY(draw_chances(l->p, fig, highest, err));
done:
    return st;
}

gn_status gn_draw_kstar(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    gn_status st;
    double stored = 0;
    GN_TRY(draw_measure(l, fig, "kstar", "mean", NULL, err));
    for (size_t i = 0; i < l->p->n_layers; i++) {
        size_t row = gn_profile_row(l->p, i, "kstar", "mean", NULL, NULL);
        stored = fmax(stored, gn_profile_number(l->p, row, "k"));
    }
    if (stored > 1) GN_TRY(gn_figure_hline(fig, stored - 1, "the most that can be seen", err));
done:
    return st;
}

gn_status gn_draw_clusters(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    gn_status st;
    GN_TRY(draw_parameter(l, fig, "n_clusters", "n_peaks", "all peaks", err));
    GN_TRY(draw_measure(l, fig, "n_clusters", "", "peaks that stand out", err));
done:
    return st;
}

gn_status gn_draw_agreement(gn_chart_line *l, gn_figure *fig, gn_error *err) {
    gn_status st = GN_OK;
    for (size_t k = 0; k < l->p->n_labels; k++) {
        const char *name = l->p->label[k].name;
        for (size_t i = 0; i < l->p->n_layers; i++)
            put(l, i, gn_profile_at(l->p, i, "adjusted_rand", "", "label", name), Z95);
        GN_TRY(draw(l, fig, name, err));
    }
    GN_TRY(gn_figure_hline(fig, 0, "unrelated", err));
done:
    return st;
}
