#include "figure/draw.h"
#include "figure/bars.h"
#include "figure/cloud.h"

#include <math.h>

static void use(cairo_t *cr, gn_color c, double alpha) {
    if (alpha < 1)
        cairo_set_source_rgba(cr, c.r, c.g, c.b, alpha);
    else
        cairo_set_source_rgb(cr, c.r, c.g, c.b);
}

static void segment(cairo_t *cr, double x0, double y0, double x1, double y1) {
    cairo_move_to(cr, x0, y0);
    cairo_line_to(cr, x1, y1);
    cairo_stroke(cr);
}

static void draw_grid(cairo_t *cr, const gn_layout *l, bool upright) {
    use(cr, gn_grid, 1);
    cairo_set_line_width(cr, GN_GRID_WIDTH);
    for (size_t i = 0; upright && i < l->n_x_ticks; i++) {
        double x = gn_layout_x(l, l->x_tick[i].value);
        segment(cr, x, l->frame.y0, x, l->frame.y1);
    }
    for (size_t i = 0; i < l->n_y_ticks; i++) {
        double y = gn_layout_y(l, l->y_tick[i].value);
        segment(cr, l->frame.x0, y, l->frame.x1, y);
    }
}

static void draw_ticks(cairo_t *cr, const gn_layout *l) {
    use(cr, gn_ink, 1);
    cairo_set_line_width(cr, GN_TICK_WIDTH);
    for (size_t i = 0; i < l->n_x_ticks; i++) {
        double x = gn_layout_x(l, l->x_tick[i].value);
        segment(cr, x, l->frame.y1, x, l->frame.y1 + GN_TICK_LENGTH);
    }
    for (size_t i = 0; i < l->n_y_ticks; i++) {
        double y = gn_layout_y(l, l->y_tick[i].value);
        segment(cr, l->frame.x0 - GN_TICK_LENGTH, y, l->frame.x0, y);
    }
}

/* The colour bar's outline and ticks. */
static void draw_bar_frame(cairo_t *cr, const gn_layout *l) {
    if (l->n_value_ticks == 0) return;
    use(cr, gn_ink, 1);
    cairo_set_line_width(cr, GN_SPINE_WIDTH);
    cairo_rectangle(cr, l->bar.x0, l->bar.y0, l->bar.x1 - l->bar.x0, l->bar.y1 - l->bar.y0);
    cairo_stroke(cr);
    cairo_set_line_width(cr, GN_TICK_WIDTH);
    for (size_t i = 0; i < l->n_value_ticks; i++) {
        double at = gn_axis_place(&l->value, l->value_tick[i].value);
        double y = l->bar.y1 - at * (l->bar.y1 - l->bar.y0);
        segment(cr, l->bar.x1, y, l->bar.x1 + GN_TICK_LENGTH, y);
    }
}

static void draw_spines(cairo_t *cr, const gn_layout *l, bool all) {
    const gn_box *f = &l->frame;
    use(cr, gn_ink, 1);
    cairo_set_line_width(cr, GN_SPINE_WIDTH);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_SQUARE);
    if (all) {
        cairo_rectangle(cr, f->x0, f->y0, f->x1 - f->x0, f->y1 - f->y0);
    } else {
        cairo_move_to(cr, f->x0, f->y0);
        cairo_line_to(cr, f->x0, f->y1);
        cairo_line_to(cr, f->x1, f->y1);
    }
    cairo_stroke(cr);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
}

/* Colours beyond the palette come round again, on dashed lines. */
static void set_dash(cairo_t *cr, const gn_figure *fig, const gn_mark *m) {
    const double dashes[] = {4.5, 3};
    bool again = fig->opts.palette != GN_PALETTE_VIRIDIS && m->color / GN_PALETTE_COLORS % 2 == 1;
    cairo_set_dash(cr, dashes, again ? 2 : 0, 0);
}

/* Whether point i of a series can be shown, and where; the bar's ends are clamped to the canvas,
 * because an end <= 0 lies infinitely far down on a log axis. */
static bool place(const gn_layout *l, const gn_mark *m, size_t i, double *x, double *y) {
    *x = gn_layout_x(l, m->x[i]);
    *y = gn_layout_y(l, m->y[i]);
    return isfinite(*x) && isfinite(*y);
}

static bool place_ends(const gn_layout *l, const gn_mark *m, size_t i, double *lo, double *hi) {
    if (!m->lo || isnan(m->lo[i]) || isnan(m->hi[i])) return false;
    double ends[2] = {m->lo[i], m->hi[i]};
    for (int e = 0; e < 2; e++) {
        double at = gn_layout_y(l, ends[e]);
        if (isnan(at)) at = ends[e] > 0 ? -1e4 : 1e4;
        ends[e] = fmin(fmax(at, -1e4), 1e4);
    }
    *lo = ends[0];
    *hi = ends[1];
    return true;
}

/* One closed shape per unbroken run of points that have both ends. */
static void draw_band(cairo_t *cr, const gn_layout *l, const gn_mark *m) {
    double x, y, lo, hi;
    for (size_t first = 0; first < m->n;) {
        size_t end = first;
        while (end < m->n && place(l, m, end, &x, &y) && place_ends(l, m, end, &lo, &hi)) end++;
        if (end - first >= 2) {
            for (size_t i = first; i < end; i++) {
                place_ends(l, m, i, &lo, &hi);
                cairo_line_to(cr, gn_layout_x(l, m->x[i]), hi);
            }
            for (size_t i = end; i-- > first;) {
                place_ends(l, m, i, &lo, &hi);
                cairo_line_to(cr, gn_layout_x(l, m->x[i]), lo);
            }
            cairo_close_path(cr);
            cairo_fill(cr);
        }
        first = end + 1;
    }
}

static void draw_line(cairo_t *cr, const gn_figure *fig, const gn_layout *l, const gn_mark *m) {
    bool pen_down = false;
    size_t n_shown = 0;
    for (size_t i = 0; i < m->n; i++) {
        double x, y;
        bool shown = place(l, m, i, &x, &y);
        if (shown && pen_down)
            cairo_line_to(cr, x, y);
        else if (shown)
            cairo_move_to(cr, x, y);
        pen_down = shown;
        n_shown += shown;
    }
    cairo_set_line_width(cr, GN_LINE_WIDTH);
    set_dash(cr, fig, m);
    cairo_stroke(cr);
    cairo_set_dash(cr, NULL, 0, 0);
    if (n_shown > 60) return; /* markers would only thicken the line */
    for (size_t i = 0; i < m->n; i++) {
        double x, y;
        if (place(l, m, i, &x, &y)) gn_marker_draw(cr, m->style.marker, x, y, GN_MARKER_RADIUS);
    }
    cairo_fill(cr);
}

static void draw_whisker(cairo_t *cr, double x, double lo, double hi) {
    cairo_set_line_width(cr, GN_BAR_WIDTH);
    cairo_move_to(cr, x, lo);
    cairo_line_to(cr, x, hi);
    for (int e = 0; e < 2; e++) {
        cairo_move_to(cr, x - GN_BAR_CAP / 2, e ? hi : lo);
        cairo_line_to(cr, x + GN_BAR_CAP / 2, e ? hi : lo);
    }
    cairo_stroke(cr);
}

static void draw_points(cairo_t *cr, const gn_layout *l, const gn_mark *m) {
    for (size_t i = 0; i < m->n; i++) {
        double x, y, lo, hi;
        if (!place(l, m, i, &x, &y)) continue;
        if (place_ends(l, m, i, &lo, &hi)) draw_whisker(cr, x, lo, hi);
        gn_marker_draw(cr, m->style.marker, x, y, GN_MARKER_RADIUS * 1.2);
        cairo_fill(cr);
    }
}

/* Bars of a stack have a rim of paper between them; error bars are drawn over all bars. */
static void draw_bars(cairo_t *cr, const gn_layout *l, const gn_mark *m) {
    gn_box b;
    for (size_t i = 0; i < m->n; i++) {
        if (!gn_bar_box(l, m, i, &b)) continue;
        cairo_rectangle(cr, b.x0, b.y0, b.x1 - b.x0, b.y1 - b.y0);
    }
    if (!m->base) {
        cairo_fill(cr);
        return;
    }
    cairo_fill_preserve(cr);
    use(cr, gn_paper, 1);
    cairo_set_line_width(cr, GN_STACK_RIM);
    cairo_stroke(cr);
}

static void draw_bar_errors(cairo_t *cr, const gn_layout *l, const gn_mark *m) {
    double x, y, lo, hi;
    use(cr, gn_ink, 1);
    for (size_t i = 0; i < m->n; i++)
        if (place(l, m, i, &x, &y) && place_ends(l, m, i, &lo, &hi)) draw_whisker(cr, x, lo, hi);
}

/* Where bars go both ways, the line that they stand on. */
static void draw_zero(cairo_t *cr, const gn_layout *l) {
    if (l->y.log || !(l->y.lo < 0 && l->y.hi > 0)) return;
    use(cr, gn_ink, 1);
    cairo_set_line_width(cr, GN_SPINE_WIDTH);
    segment(cr, l->frame.x0, gn_layout_y(l, 0), l->frame.x1, gn_layout_y(l, 0));
}

/* Points of many are small and see-through; shapes have to be large enough to be told apart. */
static void draw_cloud(cairo_t *cr, const gn_figure *fig, const gn_layout *l, const gn_mark *m) {
    bool many = m->n > 300, shaped = false;
    for (size_t k = 0; k < fig->n_marks; k++)
        shaped = shaped || fig->mark[k].style.marker != GN_MARKER_CIRCLE;
    double r = shaped ? GN_SHAPE_RADIUS : many ? GN_CLOUD_RADIUS : 1.6;
    use(cr, gn_mark_color(fig, m), shaped ? 0.75 : many ? GN_CLOUD_ALPHA : 0.6);
    for (size_t i = 0; i < m->n; i++) {
        double x, y;
        if (!place(l, m, i, &x, &y)) continue;
        gn_marker_draw(cr, m->style.marker, x, y, r);
        cairo_fill(cr);
    }
}

/* A large cloud as a picture of the frame at 300 dots per inch. */
static void draw_cloud_image(cairo_t *cr, const gn_figure *fig, const gn_layout *l,
                             const gn_mark *m) {
    double zoom = GN_CLOUD_DPI / 72;
    double w = l->frame.x1 - l->frame.x0 + 4, h = l->frame.y1 - l->frame.y0 + 4;
    cairo_surface_t *image =
        cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)ceil(w * zoom), (int)ceil(h * zoom));
    cairo_t *to = cairo_create(image);
    cairo_scale(to, zoom, zoom);
    cairo_translate(to, 2 - l->frame.x0, 2 - l->frame.y0);
    draw_cloud(to, fig, l, m);
    cairo_destroy(to);
    cairo_save(cr);
    cairo_translate(cr, l->frame.x0 - 2, l->frame.y0 - 2);
    cairo_scale(cr, 1 / zoom, 1 / zoom);
    cairo_set_source_surface(cr, image, 0, 0);
    cairo_paint(cr);
    cairo_restore(cr);
    cairo_surface_destroy(image);
}

static void draw_marks(cairo_t *cr, const gn_figure *fig, const gn_layout *l, bool vector) {
    const gn_box *f = &l->frame;
    cairo_save(cr);
    /* markers and line ends may stand out of the frame by their own size */
    cairo_rectangle(cr, f->x0 - 2, f->y0 - 2, f->x1 - f->x0 + 4, f->y1 - f->y0 + 4);
    cairo_clip(cr);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    for (size_t k = 0; k < fig->n_marks; k++) {
        if (fig->mark[k].kind != GN_MARK_LINE || !fig->mark[k].lo) continue;
        use(cr, gn_mark_color(fig, &fig->mark[k]), GN_BAND_ALPHA);
        draw_band(cr, l, &fig->mark[k]);
    }
    for (size_t k = 0; k < fig->n_marks; k++) {
        if (fig->mark[k].kind != GN_MARK_BARS) continue;
        use(cr, gn_mark_color(fig, &fig->mark[k]), 1);
        draw_bars(cr, l, &fig->mark[k]);
    }
    if (fig->n_groups) draw_zero(cr, l);
    for (size_t k = 0; k < fig->n_marks; k++) {
        if (fig->mark[k].kind != GN_MARK_HLINE) continue;
        double y = gn_layout_y(l, fig->mark[k].y[0]);
        if (!isfinite(y)) continue;
        const double dashes[] = {4, 3};
        use(cr, gn_muted, 1);
        cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
        cairo_set_line_width(cr, 0.9);
        cairo_set_dash(cr, dashes, 2, 0);
        segment(cr, f->x0, y, f->x1, y);
        cairo_set_dash(cr, NULL, 0, 0);
        cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    }
    for (size_t k = 0; k < fig->n_marks; k++) {
        const gn_mark *m = &fig->mark[k];
        use(cr, gn_mark_color(fig, m), 1);
        if (m->kind == GN_MARK_LINE) draw_line(cr, fig, l, m);
        if (m->kind == GN_MARK_POINTS) draw_points(cr, l, m);
        if (m->kind == GN_MARK_BARS) draw_bar_errors(cr, l, m);
        if (m->kind != GN_MARK_SCATTER) continue;
        if (vector && m->n > GN_CLOUD_VECTOR_MAX)
            draw_cloud_image(cr, fig, l, m);
        else
            draw_cloud(cr, fig, l, m);
    }
    cairo_restore(cr);
}

static void draw_legend(cairo_t *cr, const gn_figure *fig, gn_fonts *fonts, const gn_layout *l) {
    for (size_t i = 0; i < l->n_legend; i++) {
        const gn_legend_entry *e = &l->legend[i];
        gn_text_draw(cr, fonts, &e->text);
        if (e->mark == SIZE_MAX) continue;
        const gn_mark *m = &fig->mark[e->mark];
        gn_color color = gn_mark_color(fig, m);
        double middle = e->x + GN_SWATCH_WIDTH / 2;
        if (m->kind == GN_MARK_LINE && m->lo) {
            use(cr, color, GN_BAND_ALPHA);
            cairo_rectangle(cr, e->x, e->y - 3.5, GN_SWATCH_WIDTH, 7);
            cairo_fill(cr);
        }
        use(cr, color, 1);
        if (m->kind == GN_MARK_BARS) {
            cairo_rectangle(cr, e->x, e->y - 4, GN_SWATCH_WIDTH, 8);
            cairo_fill(cr);
            continue;
        }
        if (m->kind == GN_MARK_LINE) {
            cairo_set_line_width(cr, GN_LINE_WIDTH);
            set_dash(cr, fig, m);
            segment(cr, e->x, e->y, e->x + GN_SWATCH_WIDTH, e->y);
            cairo_set_dash(cr, NULL, 0, 0);
        }
        if (m->kind == GN_MARK_POINTS && m->lo) draw_whisker(cr, middle, e->y - 4, e->y + 4);
        double r = m->kind == GN_MARK_LINE ? GN_MARKER_RADIUS : GN_MARKER_RADIUS * 1.2;
        gn_marker_draw(cr, m->style.marker, middle, e->y, r);
        cairo_fill(cr);
    }
}

void gn_figure_draw(cairo_t *cr, const gn_figure *fig, gn_fonts *fonts, const gn_layout *l,
                    bool vector) {
    bool map = fig->heatmap.value != NULL, space = fig->cloud.z != NULL;
    if (space)
        gn_space_draw_back(cr, l);
    else if (!map)
        draw_grid(cr, l, fig->n_groups == 0);
    if (map)
        gn_heatmap_draw(cr, fig, l);
    else if (fig->cloud.n)
        gn_cloud_draw(cr, fig, l, vector);
    else
        draw_marks(cr, fig, l, vector);
    if (fig->cloud.value) gn_colorbar_draw(cr, l);
    if (space)
        gn_space_draw_edges(cr, l);
    else
        draw_spines(cr, l, map);
    draw_bar_frame(cr, l);
    if (!space) draw_ticks(cr, l);
    for (size_t i = 0; i < l->n_texts; i++) gn_text_draw(cr, fonts, &l->text[i]);
    draw_legend(cr, fig, fonts, l);
}
