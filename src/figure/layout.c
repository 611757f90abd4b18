#include "figure/bars.h"
#include "figure/cells.h"
#include "figure/cloud.h"

#include <math.h>
#include <string.h>

double gn_layout_x(const gn_layout *l, double value) {
    return l->frame.x0 + gn_axis_place(&l->x, value) * (l->frame.x1 - l->frame.x0);
}

double gn_layout_y(const gn_layout *l, double value) {
    return l->frame.y1 - gn_axis_place(&l->y, value) * (l->frame.y1 - l->frame.y0);
}

gn_text *gn_layout_text(gn_layout *l, gn_text t) {
    size_t at = l->n_texts < GN_TEXTS_MAX ? l->n_texts++ : GN_TEXTS_MAX - 1;
    l->text[at] = t;
    return &l->text[at];
}

/* ---- ranges --------------------------------------------------------------------------------- */

typedef struct range {
    double lo, hi;
    bool whole, binary;
    size_t n;
} range;

static void extend(range *r, const double *v, size_t n, bool log_axis, bool shape) {
    for (size_t i = 0; v && i < n; i++) {
        if (!isfinite(v[i]) || (log_axis && v[i] <= 0)) continue;
        r->lo = fmin(r->lo, v[i]);
        r->hi = fmax(r->hi, v[i]);
        r->n++;
        if (!shape) continue;
        int exponent;
        if (v[i] != floor(v[i])) r->whole = false;
        if (v[i] <= 0 || frexp(v[i], &exponent) != 0.5) r->binary = false;
    }
}

static void set_axis(gn_axis *a, const range *r, bool log_axis, double user_lo, double user_hi) {
    a->log = log_axis;
    a->whole = r->n > 0 && r->whole;
    a->binary = log_axis && r->n > 0 && r->binary && r->hi >= 4 * r->lo;
    gn_axis_fit(a, r->lo, r->hi);
    if (user_lo < user_hi) {
        a->lo = user_lo;
        a->hi = user_hi;
    }
}

static void find_ranges(const gn_figure *fig, gn_layout *l) {
    const gn_figure_opts *o = &fig->opts;
    range x = {HUGE_VAL, -HUGE_VAL, true, true, 0}, y = x;
    for (size_t k = 0; k < fig->n_marks; k++) {
        const gn_mark *m = &fig->mark[k];
        bool line = m->kind == GN_MARK_HLINE;
        extend(&x, m->x, m->n, o->x_log, true);
        extend(&y, m->y, m->n, o->y_log, !line);
        extend(&y, m->lo, m->n, o->y_log, false);
        extend(&y, m->hi, m->n, o->y_log, false);
    }
    const gn_cloud *c = &fig->cloud;
    extend(&x, c->x, c->n, o->x_log, true);
    extend(&y, c->y, c->n, o->y_log, true);
    set_axis(&l->x, &x, o->x_log, o->x_min, o->x_max);
    set_axis(&l->y, &y, o->y_log, o->y_min, o->y_max);
    if (fig->n_groups) gn_bars_axes(fig, l);
    range value = {HUGE_VAL, -HUGE_VAL, true, false, 0};
    extend(&value, c->value, c->n, c->value_log, true);
    l->value = (gn_axis){.log = c->value_log, .whole = value.whole, .lo = value.lo, .hi = value.hi};
    if (c->value && !(value.lo < value.hi)) gn_axis_fit(&l->value, value.lo, value.hi);
}

/* ---- axes ----------------------------------------------------------------------------------- */

static gn_text tick_text(const gn_tick *t) {
    return (gn_text){.text = t->label, .markup = true, .points = GN_PT_TICK, .color = gn_ink};
}

double gn_ticks_widest(gn_fonts *fonts, const gn_tick *tick, size_t n) {
    double most = 0, w, h;
    for (size_t i = 0; i < n; i++) {
        gn_text t = tick_text(&tick[i]);
        gn_text_measure(fonts, &t, &w, &h);
        most = fmax(most, w);
    }
    return most;
}

/* As many x ticks as fit without their labels touching. */
static void fit_x_ticks(gn_fonts *fonts, gn_layout *l) {
    for (size_t n_max = 11; n_max >= 2; n_max--) {
        l->n_x_ticks = gn_axis_ticks(&l->x, n_max, l->x_tick);
        double end = -HUGE_VAL;
        bool good = true;
        for (size_t i = 0; i < l->n_x_ticks && good; i++) {
            double w, h, at = gn_layout_x(l, l->x_tick[i].value);
            gn_text t = tick_text(&l->x_tick[i]);
            gn_text_measure(fonts, &t, &w, &h);
            good = at - w / 2 >= end + 7;
            end = at + w / 2;
        }
        if (good) return;
    }
}

/* Widens the range of the axis on which a unit is longer. */
static void equal_units(gn_layout *l) {
    const double x = (l->frame.x1 - l->frame.x0) / (l->x.hi - l->x.lo);
    const double y = (l->frame.y1 - l->frame.y0) / (l->y.hi - l->y.lo);
    gn_axis *a = x > y ? &l->x : &l->y;
    const double more = (a->hi - a->lo) * (fmax(x, y) / fmin(x, y) - 1) / 2;
    a->lo -= more;
    a->hi += more;
}

/* The margins for x ticks of this height. */
static void fit_margins(const gn_figure *fig, gn_fonts *fonts, gn_layout *l, double top,
                        double x_ticks_height) {
    const gn_figure_opts *o = &fig->opts;
    gn_text label = {.text = "Ag", .points = GN_PT_LABEL},
            tick = {.text = "0", .points = GN_PT_TICK};
    double w, label_height, tick_height;
    gn_text_measure(fonts, &label, &w, &label_height);
    gn_text_measure(fonts, &tick, &w, &tick_height);
    double bottom =
        GN_PAD + GN_TICK_LENGTH + 2 + x_ticks_height + (o->x_label ? label_height + 2 : 0);
    l->frame.y0 = top + tick_height / 2;
    l->frame.y1 = fmax(l->height - bottom, l->frame.y0 + 10);
    size_t n_max = (size_t)fmax(2, (l->frame.y1 - l->frame.y0) / 21);
    l->n_y_ticks = gn_axis_ticks(&l->y, n_max, l->y_tick);
    l->frame.x0 = GN_PAD + (o->y_label ? label_height + 3 : 0) +
                  gn_ticks_widest(fonts, l->y_tick, l->n_y_ticks) + GN_TICK_LENGTH + 3;
    double bar = fig->cloud.value ? gn_colorbar_room(fonts, l, fig->cloud.value_label) : 0;
    l->frame.x1 = fmax(l->width - GN_PAD - bar, l->frame.x0 + 10);
}

static void fit_frame(const gn_figure *fig, gn_fonts *fonts, gn_layout *l, double top) {
    gn_text tick = {.text = "0", .points = GN_PT_TICK};
    double w, tick_height;
    gn_text_measure(fonts, &tick, &w, &tick_height);
    fit_margins(fig, fonts, l, top, tick_height);
    if (fig->n_groups) {
        double height = gn_bars_ticks(fig, fonts, l, l->frame.x1 - l->frame.x0);
        fit_margins(fig, fonts, l, top, height);
        return;
    }
    fit_x_ticks(fonts, l);
    double half = gn_ticks_widest(fonts, l->x_tick, l->n_x_ticks) / 2;
    double last = l->n_x_ticks ? gn_layout_x(l, l->x_tick[l->n_x_ticks - 1].value) : 0;
    double over = fmax(0, last + half - l->frame.x1 - (fig->cloud.value ? GN_PAD : 0));
    l->frame.x1 = fmax(l->frame.x1 - over, l->frame.x0 + 10);
    fit_x_ticks(fonts, l);
}

/* Ticks decide the margins, the margins the scale, and an equal scale the ticks: the second time
 * round it moves by less than a pixel. */
static void set_frame(const gn_figure *fig, gn_fonts *fonts, gn_layout *l, double top) {
    fit_frame(fig, fonts, l, top);
    for (int pass = 0; fig->opts.equal && pass < 2; pass++) {
        equal_units(l);
        if (pass == 0) fit_frame(fig, fonts, l, top);
    }
}

/* The middle of a label that wants to stand at `want` but must stay on the canvas. */
static double centre(double want, double length, double canvas) {
    double least = GN_PAD + length / 2;
    return fmin(fmax(want, least), fmax(least, canvas - least));
}

static void axis_texts(const gn_figure *fig, gn_fonts *fonts, gn_layout *l) {
    const gn_figure_opts *o = &fig->opts;
    for (size_t i = 0; i < l->n_x_ticks; i++) {
        bool named = fig->n_groups > 0;
        gn_text *t =
            gn_layout_text(l, named ? gn_cell_text(&l->x_tick[i], fig->group_name, l->upright_names)
                                    : tick_text(&l->x_tick[i]));
        t->x = gn_layout_x(l, l->x_tick[i].value);
        t->y = l->frame.y1 + GN_TICK_LENGTH + 2;
        t->h = 0.5;
    }
    for (size_t i = 0; i < l->n_y_ticks; i++) {
        gn_text *t = gn_layout_text(l, tick_text(&l->y_tick[i]));
        t->x = l->frame.x0 - GN_TICK_LENGTH - 3;
        t->y = gn_layout_y(l, l->y_tick[i].value);
        t->h = 1;
        t->v = 0.5;
    }
    gn_text label = {.points = GN_PT_LABEL, .color = gn_ink};
    double w, h;
    if (o->x_label) {
        gn_text *t = gn_layout_text(l, label);
        t->text = o->x_label;
        t->max_width = l->width - 2 * GN_PAD;
        t->y = l->height - GN_PAD;
        t->h = 0.5;
        t->v = 1;
        gn_text_measure(fonts, t, &w, &h);
        t->x = centre((l->frame.x0 + l->frame.x1) / 2, w, l->width);
    }
    if (o->y_label) {
        gn_text *t = gn_layout_text(l, label);
        t->text = o->y_label;
        double bottom = l->frame.y1 + 2 * GN_PAD; /* a long one must not meet the other label */
        t->max_width = bottom - 2 * GN_PAD;
        t->angle = 1;
        t->x = GN_PAD;
        t->v = 0.5;
        gn_text_measure(fonts, t, &w, &h);
        t->y = centre((l->frame.y0 + l->frame.y1) / 2, h, bottom);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* The title sits at the left end of the frame; returns where the space below it begins. */
static double place_title(const gn_figure *fig, gn_fonts *fonts, gn_layout *l, double left) {
    if (!fig->opts.title || !*fig->opts.title) return GN_PAD;
    gn_text *t = gn_layout_text(l, (gn_text){.text = fig->opts.title,
                                             .points = GN_PT_TITLE,
                                             .bold = true,
                                             .color = gn_ink,
                                             .max_lines = 2});
    double w, h;
    t->max_width = l->width - GN_PAD - left;
    t->x = left;
    t->y = GN_PAD;
    gn_text_measure(fonts, t, &w, &h);
    return GN_PAD + h + 3;
}

static void set_any_frame(const gn_figure *fig, gn_fonts *fonts, gn_layout *l, double top) {
    (fig->cloud.z ? gn_space_frame : set_frame)(fig, fonts, l, top);
}

void gn_layout_make(const gn_figure *fig, gn_fonts *fonts, gn_layout *l) {
    memset(l, 0, sizeof *l);
    bool map = fig->heatmap.value != NULL;
    l->width = 72 * (fig->opts.width_in > 0 ? fig->opts.width_in : map ? 4.6 : 5.0);
    bool tall = map || fig->cloud.n > 0;
    l->height = 72 * (fig->opts.height_in > 0 ? fig->opts.height_in : tall ? 4.0 : 3.4);
    if (map) {
        gn_heatmap_layout(fig, fonts, l, place_title(fig, fonts, l, GN_PAD));
        return;
    }
    find_ranges(fig, l);
    double rows = 0;
    for (int attempt = 0; attempt < 2; attempt++) {
        l->n_texts = 0;
        set_any_frame(fig, fonts, l, GN_PAD);
        double left = fig->cloud.z ? GN_PAD : l->frame.x0;
        double below = place_title(fig, fonts, l, left);
        set_any_frame(fig, fonts, l, below + rows);
        (fig->cloud.z ? gn_space_texts : axis_texts)(fig, fonts, l);
        if (fig->cloud.value) gn_colorbar_place(l, fig->cloud.value_label);
        gn_cloud_names(fig, fonts, l);
        gn_hline_labels_place(fig, fonts, l);
        if (attempt == 1) break;
        if (gn_legend_place(fig, fonts, l, left, below, &rows)) break;
    }
}
