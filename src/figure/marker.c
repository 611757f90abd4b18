/* Markers of several shapes, for figures that tell groups by more than colour. All have the area of
 * the disk they stand for, so that none looks heavier; the two crosses are strokes of a third of
 * their arms' length. */
#include "figure/draw.h"
#include "figure/marks.h"

#include <math.h>

static void polygon(cairo_t *cr, double x, double y, double r, int corners, double first) {
    for (int i = 0; i < corners; i++) {
        double angle = acos(-1.0) * (first + 2.0 * i / corners);
        cairo_line_to(cr, x + r * cos(angle), y + r * sin(angle));
    }
    cairo_close_path(cr);
}

/* Two bars of length 2 a and width 2 a / 3 cover a cross of area 20 a^2 / 9. */
static void cross(cairo_t *cr, double x, double y, double a, double turn) {
    static const double at[12][2] = {{1, 3},   {1, 1},   {3, 1},   {3, -1}, {1, -1}, {1, -3},
                                     {-1, -3}, {-1, -1}, {-3, -1}, {-3, 1}, {-1, 1}, {-1, 3}};
    double c = cos(turn) * a / 3, s = sin(turn) * a / 3;
    for (int i = 0; i < 12; i++)
        cairo_line_to(cr, x + c * at[i][0] - s * at[i][1], y + s * at[i][0] + c * at[i][1]);
    cairo_close_path(cr);
}

void gn_marker_draw(cairo_t *cr, gn_marker shape, double x, double y, double r) {
    const double pi = acos(-1.0), area = pi * r * r;
    cairo_new_sub_path(cr);
    switch (shape) {
    case GN_MARKER_CIRCLE:
        cairo_arc(cr, x, y, r, 0, 2 * pi);
        cairo_close_path(cr);
        break;
    case GN_MARKER_SQUARE:
        polygon(cr, x, y, sqrt(area / 2), 4, 0.25);
        break;
    case GN_MARKER_TRIANGLE: /* its centre of mass in the middle */
        polygon(cr, x, y, sqrt(area * 4 / (3 * sqrt(3.0))), 3, -0.5);
        break;
    case GN_MARKER_DIAMOND:
        polygon(cr, x, y, sqrt(area / 2), 4, 0);
        break;
    case GN_MARKER_CROSS:
    case GN_MARKER_PLUS:
        cross(cr, x, y, sqrt(area * 9 / 20), shape == GN_MARKER_CROSS ? pi / 4 : 0);
        break;
    }
}

gn_status gn_figure_style(gn_figure *fig, const gn_style *style, gn_error *err) {
    gn_mark *m = fig->n_marks ? &fig->mark[fig->n_marks - 1] : NULL;
    if (!m || m->kind > GN_MARK_SCATTER)
        return gn_fail(err, GN_EINVAL,
                       "a style belongs to a series with markers, which was added "
                       "just before");
    if ((unsigned)style->marker >= GN_MARKERS || !(style->tint >= 0 && style->tint < 1))
        return gn_fail(err, GN_EINVAL, "marker %d, tint %g: expected 0 to %d, and 0 to below 1",
                       (int)style->marker, style->tint, GN_MARKERS - 1);
    m->style = *style;
    return GN_OK;
}

gn_status gn_figure_key(gn_figure *fig, const char *label, int color, const gn_style *style,
                        gn_error *err) {
    const double none = 0;
    gn_series s = {.label = label, .x = &none, .y = &none, .color = color < 0 ? 0 : color};
    gn_status st = gn_figure_scatter(fig, &s, err);
    if (st == GN_OK) st = gn_figure_style(fig, style, err);
    if (st == GN_OK && color < 0) fig->mark[fig->n_marks - 1].color = -1;
    return st;
}
