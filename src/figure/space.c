/* Three axes on paper: a box seen from a fixed place, without perspective, so that equal steps on
 * an axis are equal everywhere. Its three far walls carry the grid; ticks stand at three edges of
 * its outline, where no point can cover them.
 *
 * A point (x, y, z) of the unit box lies at right * (x, y, z) from the left and at up * (x, y, z)
 * from the bottom. The eye looks along `eye`: from the front left, a little from above. */
#include "figure/cloud.h"

#include <math.h>

/* azimuth -60 degrees, elevation 24 */
static const double eye[3] = {0.45677, -0.79115, 0.40674};
static const double right[3] = {0.86603, 0.5, 0};
static const double up[3] = {-0.20337, 0.35225, 0.91355};

#define EDGE_ROOM 20.0 /* ticks and labels of the lower edges */

typedef struct corner {
    double p[3];
} corner;

double gn_space_depth(double x, double y, double z) {
    return eye[0] * x + eye[1] * y + eye[2] * z;
}

static void at(const gn_layout *l, corner c, double *x, double *y) {
    const double *sx = l->space_x, *sy = l->space_y;
    *x = sx[0] + sx[1] * c.p[0] + sx[2] * c.p[1] + sx[3] * c.p[2];
    *y = sy[0] + sy[1] * c.p[0] + sy[2] * c.p[1] + sy[3] * c.p[2];
}

static const gn_axis *axis_of(const gn_layout *l, int k) {
    return k == 0 ? &l->x : k == 1 ? &l->y : &l->z;
}
static size_t ticks_of(const gn_layout *l, int k, const gn_tick **tick) {
    *tick = k == 0 ? l->x_tick : k == 1 ? l->y_tick : l->z_tick;
    return k == 0 ? l->n_x_ticks : k == 1 ? l->n_y_ticks : l->n_z_ticks;
}

/* Where axis k is written: the edge starts here and runs along the axis. x: the front of the floor,
 * y: its right side, z: the left edge of the outline. */
static corner edge(int k, double t) {
    corner c = {{k == 1 ? 1 : 0, 0, 0}};
    c.p[k] = t;
    return c;
}

/* A unit step out of the box, away from the middle of edge k. */
static void outward(const gn_layout *l, int k, double *dx, double *dy) {
    double x0, y0, x1, y1, cx, cy;
    at(l, edge(k, 0), &x0, &y0);
    at(l, edge(k, 1), &x1, &y1);
    at(l, (corner){{0.5, 0.5, 0.5}}, &cx, &cy);
    double nx = y0 - y1, ny = x1 - x0, n = hypot(nx, ny);
    double side = nx * ((x0 + x1) / 2 - cx) + ny * ((y0 + y1) / 2 - cy) > 0 ? 1 : -1;
    *dx = side * nx / n;
    *dy = side * ny / n;
}

/* As many ticks on axis k as fit without their labels touching. */
static size_t fit_ticks(gn_fonts *fonts, const gn_layout *l, int k, gn_tick *tick) {
    size_t n = 0;
    for (size_t n_max = 7; n_max >= 2; n_max--) {
        n = gn_axis_ticks(axis_of(l, k), n_max, tick);
        if (n < 2) return n;
        gn_text t = {.text = "0", .points = GN_PT_TICK};
        double h, w,
            step = fabs(gn_axis_place(axis_of(l, k), tick[1].value) -
                        gn_axis_place(axis_of(l, k), tick[0].value));
        gn_text_measure(fonts, &t, &w, &h);
        w = gn_ticks_widest(fonts, tick, n);
        if (step * fabs(l->space_x[k + 1]) >= w + 5 || step * fabs(l->space_y[k + 1]) >= h) break;
    }
    return n;
}

void gn_space_frame(const gn_figure *fig, gn_fonts *fonts, gn_layout *l, double top) {
    gn_axis a[3];
    gn_cloud_axes(&fig->cloud, a);
    l->x = a[0];
    l->y = a[1];
    l->z = a[2];
    gn_box *f = &l->frame;
    *f = (gn_box){GN_PAD, top + 4, l->width - GN_PAD, l->height - GN_PAD};
    l->n_z_ticks = gn_axis_ticks(&l->z, 7, l->z_tick);
    gn_text label = {.text = "Ag", .points = GN_PT_LABEL};
    double w, h;
    gn_text_measure(fonts, &label, &w, &h);
    f->x0 += (fig->cloud.z_label ? h + 3 : 0) + gn_ticks_widest(fonts, l->z_tick, l->n_z_ticks) + 8;
    f->y1 -= EDGE_ROOM;
    if (fig->cloud.value) f->x1 -= gn_colorbar_room(fonts, l, fig->cloud.value_label) + 4;
    f->x1 = fmax(f->x1, f->x0 + 10);
    f->y1 = fmax(f->y1, f->y0 + 10);
    /* the outline of the box fills the frame: width and height are scaled on their own */
    double lo_y = up[0], wide = right[0] + right[1], high = up[1] + up[2] - lo_y;
    double scale_x = (f->x1 - f->x0) / wide, scale_y = (f->y1 - f->y0) / high;
    scale_x = fmin(scale_x, 1.25 * scale_y);
    scale_y = fmin(scale_y, 1.25 * scale_x);
    double x0 = (f->x0 + f->x1 - scale_x * wide) / 2, y1 = (f->y0 + f->y1 + scale_y * high) / 2;
    l->space_x[0] = x0;
    l->space_y[0] = y1 + scale_y * lo_y;
    for (int k = 0; k < 3; k++) {
        l->space_x[k + 1] = scale_x * right[k];
        l->space_y[k + 1] = -scale_y * up[k];
    }
    l->n_x_ticks = fit_ticks(fonts, l, 0, l->x_tick);
    l->n_y_ticks = fit_ticks(fonts, l, 1, l->y_tick);
}

/* Where along its own size a text is held so that it stands on the side (dx, dy) of a point. */
static double hold(double d) {
    return 0.5 - 0.5 * fmin(fmax(1.6 * d, -1), 1);
}

void gn_space_texts(const gn_figure *fig, gn_fonts *fonts, gn_layout *l) {
    const char *const names[] = {fig->opts.x_label, fig->opts.y_label, fig->cloud.z_label};
    for (int k = 0; k < 3; k++) {
        const gn_tick *tick;
        size_t n = ticks_of(l, k, &tick);
        double dx, dy, x, y;
        outward(l, k, &dx, &dy);
        for (size_t i = 0; i < n; i++) {
            at(l, edge(k, gn_axis_place(axis_of(l, k), tick[i].value)), &x, &y);
            gn_layout_text(l, (gn_text){.text = tick[i].label,
                                        .markup = true,
                                        .points = GN_PT_TICK,
                                        .color = gn_ink,
                                        .x = x + 5 * dx,
                                        .y = y + 5 * dy,
                                        .h = hold(dx),
                                        .v = hold(dy)});
        }
        if (!names[k]) continue;
        at(l, edge(k, k == 1 ? 0.3 : 0.5), &x, &y); /* y: where there is room to its right */
        double w = gn_ticks_widest(fonts, tick, n);
        gn_text t = {.text = names[k], .points = GN_PT_LABEL, .color = gn_ink};
        if (k == 2) {
            t.angle = 1;
            t.max_width = l->frame.y1 - l->frame.y0;
            t.x = x - 5 - w - 5;
            t.h = 1;
            t.y = y;
            t.v = 0.5;
        } else {
            t.max_width = 0.5 * l->width;
            t.x = x + 19 * dx;
            t.y = y + 19 * dy;
            t.h = hold(dx);
            t.v = 0;
        }
        gn_layout_text(l, t);
    }
}

static void line(cairo_t *cr, const gn_layout *l, corner a, corner b) {
    double x, y;
    at(l, a, &x, &y);
    cairo_move_to(cr, x, y);
    at(l, b, &x, &y);
    cairo_line_to(cr, x, y);
}

/* The far walls: x = 0, y = 1, z = 0. */
static const double wall[3] = {0, 1, 0};

size_t gn_space_edges(const gn_layout *l, double edges[GN_SPACE_EDGES][4]) {
    size_t n = 0;
    for (int k = 0; k < 3; k++)
        for (int m = 0; m < 4; m++) {
            corner a;
            int i = (k + 1) % 3, j = (k + 2) % 3;
            a.p[i] = m & 1;
            a.p[j] = m >> 1;
            if (fabs(a.p[i] - wall[i]) > 0.5 && fabs(a.p[j] - wall[j]) > 0.5) continue;
            a.p[k] = 0;
            at(l, a, &edges[n][0], &edges[n][1]);
            a.p[k] = 1;
            at(l, a, &edges[n][2], &edges[n][3]);
            n++;
        }
    return n;
}

void gn_space_draw_back(cairo_t *cr, const gn_layout *l) {
    cairo_set_line_width(cr, GN_GRID_WIDTH);
    for (int k = 0; k < 3; k++) {
        const gn_tick *tick;
        size_t n = ticks_of(l, k, &tick);
        for (size_t i = 0; i < n; i++) {
            double t = gn_axis_place(axis_of(l, k), tick[i].value);
            for (int other = 0; other < 3; other++) {
                /* across the wall of axis `other`, along the third axis */
                if (other == k) continue;
                corner a, b;
                a.p[k] = t;
                a.p[other] = wall[other];
                a.p[3 - k - other] = 0;
                b = a;
                b.p[3 - k - other] = 1;
                line(cr, l, a, b);
            }
        }
    }
    cairo_set_source_rgb(cr, gn_grid.r, gn_grid.g, gn_grid.b);
    cairo_stroke(cr);
    double edges[GN_SPACE_EDGES][4];
    for (size_t n = gn_space_edges(l, edges); n-- > 0;) {
        cairo_move_to(cr, edges[n][0], edges[n][1]);
        cairo_line_to(cr, edges[n][2], edges[n][3]);
    }
    cairo_set_source_rgb(cr, 0.75, 0.75, 0.75);
    cairo_stroke(cr);
}

void gn_space_draw_edges(cairo_t *cr, const gn_layout *l) {
    cairo_set_source_rgb(cr, gn_ink.r, gn_ink.g, gn_ink.b);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    for (int k = 0; k < 3; k++) {
        const gn_tick *tick;
        size_t n = ticks_of(l, k, &tick);
        double dx, dy, x, y;
        outward(l, k, &dx, &dy);
        cairo_set_line_width(cr, GN_SPINE_WIDTH);
        line(cr, l, edge(k, 0), edge(k, 1));
        cairo_stroke(cr);
        cairo_set_line_width(cr, GN_TICK_WIDTH);
        for (size_t i = 0; i < n; i++) {
            at(l, edge(k, gn_axis_place(axis_of(l, k), tick[i].value)), &x, &y);
            cairo_move_to(cr, x, y);
            cairo_line_to(cr, x + GN_TICK_LENGTH * dx, y + GN_TICK_LENGTH * dy);
        }
        cairo_stroke(cr);
    }
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
}
