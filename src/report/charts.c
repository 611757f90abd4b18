#include "report/charts.h"

#include "base/str.h"
#include "report/chart_texts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define N2 "n\xe2\x82\x82"
#define Z95 1.959963984540054

/* Room for one line over the layers. */
typedef struct line {
    const gn_profile *p;
    double *x, *y, *lo, *hi; /* (n_layers) */
} line;

static gn_status line_new(const gn_profile *p, line *l, gn_error *err) {
    double *room;
    gn_status st = gn_alloc_array(&room, 4 * p->n_layers, sizeof *room, "a figure's line", err);
    if (st != GN_OK) return st;
    size_t n = p->n_layers;
    *l = (line){p, room, room + n, room + 2 * n, room + 3 * n};
    for (size_t i = 0; i < n; i++) l->x[i] = p->layer[i];
    return GN_OK;
}

static void put(line *l, size_t i, gn_point v, double width) {
    l->y[i] = v.value;
    l->lo[i] = v.value - width * v.se;
    l->hi[i] = v.value + width * v.se;
}

/* Draws the line unless it has no value at all; the band only where it has error bars. */
static gn_status draw(line *l, gn_figure *fig, const char *label, gn_error *err) {
    bool any = false, bars = false;
    for (size_t i = 0; i < l->p->n_layers; i++) {
        any = any || isfinite(l->y[i]);
        bars = bars || isfinite(l->lo[i]);
    }
    if (!any) return GN_OK;
    gn_series s = {label, l->p->n_layers, l->x, l->y, bars ? l->lo : NULL, bars ? l->hi : NULL, -1};
    return gn_figure_line(fig, &s, err);
}

static gn_status draw_measure(line *l, gn_figure *fig, const char *measure, const char *variant,
                              const char *label, gn_error *err) {
    for (size_t i = 0; i < l->p->n_layers; i++)
        put(l, i, gn_profile_at(l->p, i, measure, variant, NULL, NULL), Z95);
    return draw(l, fig, label, err);
}

/* Largest over smallest positive value of a measure: above 30 an axis should be logarithmic. */
static bool spans_far(const gn_profile *p, const char *measure, const char *variant) {
    double lo = HUGE_VAL, hi = 0;
    for (size_t i = 0; i < p->n_layers; i++) {
        double v = gn_profile_at(p, i, measure, variant, NULL, NULL).value;
        if (!(v > 0)) continue;
        lo = fmin(lo, v);
        hi = fmax(hi, v);
    }
    return hi > 30 * lo;
}

/* ---- one function a figure ---------------------------------------------------------------------
 */

static gn_status draw_id(line *l, gn_figure *fig, gn_error *err) {
    gn_status st;
    GN_TRY(draw_measure(l, fig, "twonn", "base_0.9", "TwoNN", err));
    for (size_t i = 0; i < l->p->n_layers; i++) put(l, i, l->p->gride[i], Z95);
    GN_TRY(draw(l, fig, "Gride", err));
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

static gn_status draw_cosines(line *l, gn_figure *fig, gn_error *err) {
    gn_status st;
    GN_TRY(draw_measure(l, fig, "inter_cosine", "raw", "inter, raw", err));
    GN_TRY(draw_measure(l, fig, "inter_cosine", "centred", "inter, centred", err));
    GN_TRY(draw_measure(l, fig, "intra_cosine", "raw", "intra, raw", err));
    GN_TRY(draw_measure(l, fig, "intra_cosine", "centred", "intra, centred", err));
done:
    return st;
}

static gn_status draw_norms(line *l, gn_figure *fig, gn_error *err) {
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

static gn_status draw_pr(line *l, gn_figure *fig, gn_error *err) {
    gn_status st;
    GN_TRY(draw_measure(l, fig, "participation_ratio", "", "participation ratio", err));
    GN_TRY(draw_measure(l, fig, "effective_rank", "", "effective rank", err));
done:
    return st;
}

static gn_status draw_previous(line *l, gn_figure *fig, gn_error *err) {
    for (size_t i = 0; i < l->p->n_layers; i++)
        put(l, i, gn_profile_previous_overlap(l->p, i), Z95);
    return draw(l, fig, NULL, err);
}

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

static gn_status draw_labels(line *l, gn_figure *fig, gn_error *err) {
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

/* ---- all of them
 * --------------------------------------------------------------------------------- */

static bool has_chart(const gn_profile *p, size_t chart) {
    static const char *const measure[] = {
        "twonn",        "gride",         "inter_cosine", "norm", "participation_ratio",
        "data_overlap", "label_overlap", "spectrum"};
    if (chart == CHART_ID && gn_profile_has(p, "gride", NULL)) return true;
    return gn_profile_has(p, measure[chart], chart == CHART_GRIDE ? "" : NULL);
}

static gn_figure_opts options(const gn_profile *p, size_t chart, bool titles) {
    gn_figure_opts o = {.x_label = "layer"};
    if (titles) o.title = chart_texts[chart].title;
    static const char *const y[] = {
        "intrinsic dimension", "intrinsic dimension", "mean cosine",         "vector length",
        "dimension",           "share of neighbours", "share of neighbours", "eigenvalue"};
    o.y_label = y[chart];
    if (chart == CHART_GRIDE || chart == CHART_SPECTRUM) {
        o.x_log = true;
        o.palette = GN_PALETTE_VIRIDIS;
        o.x_label = chart == CHART_GRIDE ? "neighbour rank " N2 : "component";
        o.y_log = chart == CHART_SPECTRUM;
    }
    if (chart == CHART_NORMS) o.y_log = spans_far(p, "norm", "mean");
    if (chart == CHART_PR) o.y_log = spans_far(p, "participation_ratio", "");
    return o;
}

gn_status gn_charts_make(const gn_profile *p, bool titles, gn_chart *out, size_t *n,
                         gn_error *err) {
    gn_status st;
    line l = {0};
    size_t made = 0;
    GN_TRY(line_new(p, &l, err));
    for (size_t c = 0; c < GN_CHARTS_MAX; c++) {
        if (!has_chart(p, c)) continue;
        gn_figure_opts o = options(p, c, titles);
        gn_chart *chart = &out[made];
        chart->text = &chart_texts[c];
        GN_TRY(gn_figure_new(&o, &chart->fig, err));
        made++;
        switch (c) {
        case CHART_ID:
            st = draw_id(&l, chart->fig, err);
            break;
        case CHART_GRIDE:
            st = draw_curves(p, chart->fig, "gride", "n2", err);
            break;
        case CHART_COSINES:
            st = draw_cosines(&l, chart->fig, err);
            break;
        case CHART_NORMS:
            st = draw_norms(&l, chart->fig, err);
            break;
        case CHART_PR:
            st = draw_pr(&l, chart->fig, err);
            break;
        case CHART_PREVIOUS:
            st = draw_previous(&l, chart->fig, err);
            break;
        case CHART_LABEL:
            st = draw_labels(&l, chart->fig, err);
            break;
        default:
            st = draw_curves(p, chart->fig, "spectrum", "component", err);
            break;
        }
        if (st != GN_OK) goto done;
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
