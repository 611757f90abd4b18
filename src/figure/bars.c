#include "figure/bars.h"
#include "figure/cells.h"

#include <math.h>

/* What each end of bar i is worth. On a log axis, which has no 0, bars stand on the axis. */
static void bar_ends(const gn_mark *m, size_t i, double *from, double *to) {
    *from = m->base ? m->base[i] : 0;
    *to = *from + m->y[i];
}

void gn_bars_axes(const gn_figure *fig, gn_layout *l) {
    const gn_figure_opts *o = &fig->opts;
    double lo = 0, hi = 0, from, to;
    l->x = gn_cell_axis(fig->n_groups);
    if (o->y_log || o->y_min < o->y_max) return;
    for (size_t k = 0; k < fig->n_marks; k++) {
        const gn_mark *m = &fig->mark[k];
        for (size_t i = 0; i < m->n; i++) {
            bar_ends(m, i, &from, &to);
            const double end[] = {to, m->lo ? m->lo[i] : to, m->hi ? m->hi[i] : to};
            for (int e = 0; e < 3; e++) {
                if (!isfinite(end[e])) continue;
                lo = fmin(lo, end[e]);
                hi = fmax(hi, end[e]);
            }
        }
    }
    l->y = (gn_axis){0};
    gn_axis_fit(&l->y, lo, hi);
    if (lo == 0) l->y.lo = 0;
    if (hi == 0 && lo < 0) l->y.hi = 0;
}

double gn_bars_ticks(const gn_figure *fig, gn_fonts *fonts, gn_layout *l, double width) {
    gn_text line = {.text = "Ag", .points = GN_PT_TICK};
    double w, height;
    gn_text_measure(fonts, &line, &w, &height);
    l->n_x_ticks = gn_cell_ticks(fig->n_groups, NULL, GN_TICKS_MAX, l->x_tick);
    double widest = gn_cells_widest(fonts, l->x_tick, l->n_x_ticks, fig->group_name);
    l->upright_names = l->n_x_ticks < fig->n_groups || widest + 6 > width / (double)fig->n_groups;
    if (!l->upright_names) return height;
    size_t most = (size_t)fmax(2, width / (height + 2));
    l->n_x_ticks = gn_cell_ticks(fig->n_groups, NULL, most, l->x_tick);
    return gn_cells_widest(fonts, l->x_tick, l->n_x_ticks, fig->group_name);
}

bool gn_bar_box(const gn_layout *l, const gn_mark *m, size_t i, gn_box *box) {
    double from, to;
    bar_ends(m, i, &from, &to);
    double y0 = gn_layout_y(l, from), y1 = gn_layout_y(l, to);
    if (!isfinite(y0)) y0 = l->frame.y1;
    if (!isfinite(y1)) return false;
    const gn_box *f = &l->frame;
    *box = (gn_box){gn_layout_x(l, m->x[i] - m->width / 2), fmax(fmin(y0, y1), f->y0),
                    gn_layout_x(l, m->x[i] + m->width / 2), fmin(fmax(y0, y1), f->y1)};
    return box->y1 > box->y0;
}
