/* The legend and the labels of reference lines.
 *
 * The frame is divided into 128 x 128 cells; each mark adds its weight to the cells it covers. A
 * box costs the sum of its cells. The legend goes to the cheapest of 49 places, corners first, but
 * only when that place is empty: otherwise it moves above the frame, in rows, where it cannot cover
 * anything. */
#include "figure/bars.h"
#include "figure/cloud.h"

#include <math.h>
#include <stdio.h>

enum { GRID = 128, PLACES = 7 };
#define ROW_HEIGHT 13.0
#define ROW_GAP 14.0

typedef struct cells {
    const gn_layout *l;
    unsigned short weight[GRID][GRID];
} cells;

static int cell_of(double at, double from, double to) {
    return (int)floor((at - from) / (to - from) * GRID);
}

static void mark_at(cells *c, double x, double y, unsigned weight) {
    if (!isfinite(x) || !isfinite(y)) return;
    const gn_box *f = &c->l->frame;
    if (x < f->x0 - 2 || x > f->x1 + 2 || y < f->y0 - 2 || y > f->y1 + 2) return;
    int i = cell_of(y, f->y0, f->y1), j = cell_of(x, f->x0, f->x1);
    i = i < 0 ? 0 : i >= GRID ? GRID - 1 : i;
    j = j < 0 ? 0 : j >= GRID ? GRID - 1 : j;
    if (c->weight[i][j] < 60000) c->weight[i][j] = (unsigned short)(c->weight[i][j] + weight);
}

static void mark_segment(cells *c, double x0, double y0, double x1, double y1, unsigned weight) {
    double length = hypot(x1 - x0, y1 - y0);
    if (!(length < 1e5)) return;
    int n = 1 + (int)length;
    for (int i = 0; i <= n; i++) mark_at(c, x0 + (x1 - x0) * i / n, y0 + (y1 - y0) * i / n, weight);
}

static double clamp_to(double v, double lo, double hi) {
    return fmin(fmax(v, lo), hi);
}

/* The band between two points, as upright strokes two points apart. */
static void mark_band(cells *c, const gn_mark *m, size_t i) {
    const gn_layout *l = c->l;
    double x0 = gn_layout_x(l, m->x[i]), x1 = gn_layout_x(l, m->x[i + 1]);
    double lo0 = gn_layout_y(l, m->lo[i]), lo1 = gn_layout_y(l, m->lo[i + 1]);
    double hi0 = gn_layout_y(l, m->hi[i]), hi1 = gn_layout_y(l, m->hi[i + 1]);
    if (!isfinite(x0 + x1 + lo0 + lo1 + hi0 + hi1) || fabs(x1 - x0) > 1e5) return;
    int n = 1 + (int)(fabs(x1 - x0) / 2);
    for (int k = 0; k <= n; k++) {
        double f = (double)k / n, x = x0 + (x1 - x0) * f;
        double a = clamp_to(lo0 + (lo1 - lo0) * f, l->frame.y0 - 9, l->frame.y1 + 9);
        double b = clamp_to(hi0 + (hi1 - hi0) * f, l->frame.y0 - 9, l->frame.y1 + 9);
        mark_segment(c, x, a, x, b, 1);
    }
}

static void mark_series(cells *c, const gn_mark *m) {
    const gn_layout *l = c->l;
    for (size_t i = 0; i < m->n; i++) {
        double x = gn_layout_x(l, m->x[i]), y = gn_layout_y(l, m->y[i]);
        mark_at(c, x, y, 3);
        if (m->kind == GN_MARK_POINTS && m->lo)
            mark_segment(c, x, gn_layout_y(l, m->lo[i]), x, gn_layout_y(l, m->hi[i]), 3);
        if (m->kind != GN_MARK_LINE || i + 1 == m->n) continue;
        mark_segment(c, x, y, gn_layout_x(l, m->x[i + 1]), gn_layout_y(l, m->y[i + 1]), 3);
        if (m->lo) mark_band(c, m, i);
    }
}

static void mark_bars(cells *c, const gn_mark *m) {
    gn_box b;
    for (size_t i = 0; i < m->n; i++) {
        if (!gn_bar_box(c->l, m, i, &b)) continue;
        for (double x = b.x0; x < b.x1 + 1; x++)
            mark_segment(c, fmin(x, b.x1), b.y0, fmin(x, b.x1), b.y1, 3);
        if (!m->lo) continue;
        double x = gn_layout_x(c->l, m->x[i]);
        mark_segment(c, x, gn_layout_y(c->l, m->lo[i]), x, gn_layout_y(c->l, m->hi[i]), 3);
    }
}

static void mark_all(cells *c, const gn_figure *fig, gn_fonts *fonts, const gn_layout *l) {
    *c = (cells){.l = l};
    for (size_t k = 0; k < fig->n_marks; k++) {
        const gn_mark *m = &fig->mark[k];
        if (m->kind == GN_MARK_BARS)
            mark_bars(c, m);
        else if (m->kind != GN_MARK_HLINE)
            mark_series(c, m);
        else
            mark_segment(c, l->frame.x0, gn_layout_y(l, m->y[0]), l->frame.x1,
                         gn_layout_y(l, m->y[0]), 2);
    }
    double edges[GN_SPACE_EDGES][4];
    for (size_t k = fig->cloud.z ? gn_space_edges(l, edges) : 0; k-- > 0;)
        mark_segment(c, edges[k][0], edges[k][1], edges[k][2], edges[k][3], 1);
    for (size_t i = 0; i < fig->cloud.n; i++) {
        double x, y;
        if (gn_cloud_place(fig, l, i, &x, &y)) mark_at(c, x, y, 1);
    }
    for (size_t k = 0; k < l->n_texts; k++) {
        if (!l->text[k].halo) continue; /* only reference labels lie inside the frame */
        gn_box b = gn_text_box(fonts, &l->text[k]);
        for (double y = b.y0; y <= b.y1; y += 1) mark_segment(c, b.x0, y, b.x1, y, 3);
    }
}

static unsigned long cost(const cells *c, gn_box b) {
    const gn_box *f = &c->l->frame;
    int i0 = cell_of(b.y0, f->y0, f->y1), i1 = cell_of(b.y1, f->y0, f->y1);
    int j0 = cell_of(b.x0, f->x0, f->x1), j1 = cell_of(b.x1, f->x0, f->x1);
    unsigned long sum = 0;
    for (int i = i0 < 0 ? 0 : i0; i <= i1 && i < GRID; i++)
        for (int j = j0 < 0 ? 0 : j0; j <= j1 && j < GRID; j++) sum += c->weight[i][j];
    return sum;
}

/* ---- labels of reference lines -----------------------------------------------------------------
 */

void gn_hline_labels_place(const gn_figure *fig, gn_fonts *fonts, gn_layout *l) {
    cells c;
    const gn_box *f = &l->frame;
    for (size_t k = 0; k < fig->n_marks; k++) {
        const gn_mark *m = &fig->mark[k];
        double y = m->kind == GN_MARK_HLINE ? gn_layout_y(l, m->y[0]) : (double)NAN;
        if (!m->label || !(y >= f->y0 && y <= f->y1)) continue;
        mark_all(&c, fig, fonts, l);
        gn_text t = {.text = m->label, .points = GN_PT_NOTE, .color = gn_muted, .halo = true};
        t.max_width = 0.6 * (f->x1 - f->x0);
        unsigned long least = (unsigned long)-1;
        gn_text best = t;
        for (int place = 0; place < 2 * PLACES; place++) {
            /* from the right end to the left one, above the line before below it */
            double share = 1 - (double)(place / 2) / (PLACES - 1);
            t.h = share;
            t.x = f->x0 + 4 + share * (f->x1 - f->x0 - 8);
            t.v = place % 2 ? 0 : 1;
            t.y = place % 2 ? y + 0.5 : y - 0.5;
            gn_box b = gn_text_box(fonts, &t);
            if (b.y0 < f->y0 - 4 || b.y1 > f->y1) continue;
            b.y0 += 2; /* the box of a line of text is higher than its letters */
            b.y1 -= 2;
            unsigned long price = cost(&c, b);
            if (price >= least) continue;
            least = price;
            best = t;
        }
        if (least != (unsigned long)-1) gn_layout_text(l, best);
    }
}

/* ---- legend ------------------------------------------------------------------------------------
 */

/* Of an ordered family of lines a few entries tell the rest; bars are few, and all are named. */
static bool thinned(const gn_figure *fig) {
    return fig->opts.palette == GN_PALETTE_VIRIDIS && fig->n_groups == 0;
}

/* Takes `n_show` of the labelled series: evenly spaced ones of an ordered family, else the first,
 * with a last entry that counts the rest. */
static void choose_entries(const gn_figure *fig, gn_layout *l, size_t n_show, double max_width) {
    size_t labelled[4096], n = 0;
    for (size_t k = 0; k < fig->n_marks && n < 4096; k++)
        if (fig->mark[k].kind != GN_MARK_HLINE && fig->mark[k].label &&
            !fig->mark[k].style.unlisted)
            labelled[n++] = k;
    bool ordered = thinned(fig);
    l->n_legend = n_show < n ? n_show : n;
    for (size_t i = 0; i < l->n_legend; i++) {
        size_t k = i;
        if (ordered && l->n_legend > 1)
            k = (size_t)lround((double)i * (double)(n - 1) / (double)(l->n_legend - 1));
        l->legend[i] = (gn_legend_entry){.mark = labelled[k]};
        gn_text *t = &l->legend[i].text;
        *t = (gn_text){.text = fig->mark[labelled[k]].label,
                       .points = GN_PT_LEGEND,
                       .color = gn_ink,
                       .halo = true,
                       .max_width = max_width,
                       .v = 0.5};
        if (ordered || l->n_legend == n || i + 1 < l->n_legend) continue;
        snprintf(l->more, sizeof l->more, "+ %zu more", n - i);
        l->legend[i].mark = SIZE_MAX;
        t->text = l->more;
    }
}

static double entry_width(gn_fonts *fonts, const gn_legend_entry *e) {
    double w, h;
    gn_text_measure(fonts, &e->text, &w, &h);
    return GN_SWATCH_WIDTH + GN_SWATCH_GAP + w;
}

static void put_entry(gn_legend_entry *e, double x, double y) {
    e->x = x;
    e->y = y;
    e->text.x = x + GN_SWATCH_WIDTH + GN_SWATCH_GAP;
    e->text.y = y;
}

static bool place_inside(const gn_figure *fig, gn_fonts *fonts, gn_layout *l) {
    const gn_box *f = &l->frame;
    double width = 0, height = (double)l->n_legend * ROW_HEIGHT;
    for (size_t i = 0; i < l->n_legend; i++) width = fmax(width, entry_width(fonts, &l->legend[i]));
    double free_x = f->x1 - f->x0 - width - 10, free_y = f->y1 - f->y0 - height - 4;
    if (free_x < 0 || free_y < 0 || height > 0.7 * (f->y1 - f->y0)) return false;
    cells c;
    mark_all(&c, fig, fonts, l);
    double best = HUGE_VAL, best_x = 0, best_y = 0;
    for (int i = 0; i < PLACES; i++)
        for (int j = 0; j < PLACES; j++) {
            double u = (double)j / (PLACES - 1), v = (double)i / (PLACES - 1);
            double x = f->x0 + 5 + u * free_x, y = f->y0 + 2 + v * free_y;
            if (cost(&c, (gn_box){x - 4, y - 2, x + width + 4, y + height + 2}) > 0) continue;
            /* upper right, then upper left, lower right, lower left, edges, middle */
            double from_edge = fmin(u, 1 - u) + fmin(v, 1 - v);
            double rank = 10 * from_edge + 2 * v + (1 - u);
            if (rank >= best) continue;
            best = rank;
            best_x = x;
            best_y = y;
        }
    if (!isfinite(best)) return false;
    for (size_t i = 0; i < l->n_legend; i++)
        put_entry(&l->legend[i], best_x, best_y + ((double)i + 0.5) * ROW_HEIGHT);
    return true;
}

/* Rows from (x, y), in columns as wide as the widest entry; how many rows it took. One row needs no
 * columns. */
static size_t place_rows(gn_fonts *fonts, gn_layout *l, double x, double y) {
    double room = l->width - GN_PAD - x, sum = 0, widest = 1;
    for (size_t i = 0; i < l->n_legend; i++) {
        double w = entry_width(fonts, &l->legend[i]);
        sum += w + (i ? ROW_GAP : 0);
        widest = fmax(widest, w);
    }
    bool one = sum <= room;
    size_t columns = one ? l->n_legend : (size_t)fmax(1, (room + ROW_GAP) / (widest + ROW_GAP));
    double at = x;
    for (size_t i = 0; i < l->n_legend; i++) {
        if (i % columns == 0) at = x;
        put_entry(&l->legend[i], at, y + ((double)(i / columns) + 0.5) * ROW_HEIGHT);
        at += (one ? entry_width(fonts, &l->legend[i]) : widest) + ROW_GAP;
    }
    return (l->n_legend + columns - 1) / columns;
}

bool gn_legend_place(const gn_figure *fig, gn_fonts *fonts, gn_layout *l, double rows_x,
                     double rows_y, double *rows_height) {
    double frame_width = l->frame.x1 - l->frame.x0;
    size_t most = thinned(fig) ? 7 : GN_LEGEND_MAX;
    choose_entries(fig, l, most, 0.5 * frame_width);
    if (l->n_legend == 0 || place_inside(fig, fonts, l)) return true;
    double room = 0.3 * (l->frame.y1 - l->frame.y0);
    size_t rows = 1;
    for (size_t n = l->n_legend; n >= 1; n--) {
        choose_entries(fig, l, n, frame_width - GN_SWATCH_WIDTH - GN_SWATCH_GAP);
        rows = place_rows(fonts, l, rows_x, rows_y);
        if ((double)rows * ROW_HEIGHT <= room) break;
    }
    *rows_height = (double)rows * ROW_HEIGHT + 3;
    return false;
}
