/* A cloud of points, drawn so that what is on top says nothing.
 *
 * Points drawn group by group hide each other: the last group wins wherever two overlap. So all
 * points are drawn in one order: a fixed shuffle on paper, from far to near in space. Dots are
 * translucent and the more so the more there are; where colours mix, groups mix. Only points that
 * are no one's (no group, no value) lie behind all others, grey and faint. In vector files more
 * than 2,000 points go in as one image. */
#include "figure/cloud.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool gn_cloud_faint(const gn_cloud *c, size_t i) {
    return (c->group && c->group[i] < 0) || (c->value && !isfinite(c->value[i]));
}

static void fit(gn_axis *a, const double *v, size_t n) {
    double lo = HUGE_VAL, hi = -HUGE_VAL;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(v[i])) continue;
        lo = fmin(lo, v[i]);
        hi = fmax(hi, v[i]);
    }
    *a = (gn_axis){0};
    gn_axis_fit(a, lo, hi);
}

void gn_cloud_axes(const gn_cloud *c, gn_axis axis[3]) {
    fit(&axis[0], c->x, c->n);
    fit(&axis[1], c->y, c->n);
    if (c->z) fit(&axis[2], c->z, c->n);
}

bool gn_cloud_place(const gn_figure *fig, const gn_layout *l, size_t i, double *x, double *y) {
    const gn_cloud *c = &fig->cloud;
    if (c->z) {
        double p = gn_axis_place(&l->x, c->x[i]), q = gn_axis_place(&l->y, c->y[i]);
        double r = gn_axis_place(&l->z, c->z[i]);
        *x = l->space_x[0] + l->space_x[1] * p + l->space_x[2] * q + l->space_x[3] * r;
        *y = l->space_y[0] + l->space_y[1] * p + l->space_y[2] * q + l->space_y[3] * r;
    } else {
        *x = gn_layout_x(l, c->x[i]);
        *y = gn_layout_y(l, c->y[i]);
    }
    return isfinite(*x) && isfinite(*y);
}

/* ---- making one -------------------------------------------------------------------------------
 */

typedef struct rank {
    double depth;
    uint32_t i;
} rank;

static int by_depth(const void *a, const void *b) {
    const rank *p = a, *q = b;
    if (p->depth < q->depth || p->depth > q->depth) return p->depth < q->depth ? -1 : 1;
    return (p->i > q->i) - (p->i < q->i);
}

static gn_status sort_by_depth(const gn_cloud *c, uint32_t *order, gn_error *err) {
    rank *r;
    gn_axis a[3];
    gn_status st = gn_alloc_array(&r, c->n, sizeof *r, "a figure's points", err);
    if (st != GN_OK) return st;
    gn_cloud_axes(c, a);
    for (size_t i = 0; i < c->n; i++) {
        double depth = gn_space_depth(gn_axis_place(&a[0], c->x[i]), gn_axis_place(&a[1], c->y[i]),
                                      gn_axis_place(&a[2], c->z[i]));
        r[i] = (rank){isfinite(depth) ? depth : -HUGE_VAL, (uint32_t)i};
    }
    qsort(r, c->n, sizeof *r, by_depth);
    for (size_t i = 0; i < c->n; i++) order[i] = r[i].i;
    gn_free(r);
    return GN_OK;
}

static void shuffle(uint32_t *order, size_t n) {
    gn_random r = gn_random_new(20211, 0);
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        size_t j = gn_random_below(&r, i);
        uint32_t t = order[i - 1];
        order[i - 1] = order[j];
        order[j] = t;
    }
}

/* Faint points first, otherwise as they are. `room` holds n. */
static void faint_first(const gn_cloud *c, uint32_t *order, uint32_t *room) {
    size_t at = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < c->n; i++)
            if (gn_cloud_faint(c, order[i]) == (pass == 0)) room[at++] = order[i];
    memcpy(order, room, c->n * sizeof *order);
}

gn_status gn_cloud_order(const gn_cloud *c, uint32_t *order, gn_error *err) {
    uint32_t *room;
    gn_status st = gn_alloc_array(&room, c->n, sizeof *room, "a figure's points", err);
    if (st != GN_OK) return st;
    if (c->z)
        st = sort_by_depth(c, order, err);
    else
        shuffle(order, c->n);
    if (st == GN_OK) faint_first(c, order, room);
    gn_free(room);
    return st;
}

/* ---- drawing ----------------------------------------------------------------------------------
 */

/* Size and opacity of a dot where `n` of its kind are shown. */
typedef struct dot_style {
    double radius, alpha;
} dot_style;

static dot_style style_for(size_t n) {
    if (n <= 300) return (dot_style){1.9, 0.8};
    if (n <= 3000) return (dot_style){1.4, 0.6};
    if (n <= 30000) return (dot_style){1.0, 0.45};
    return (dot_style){0.75, fmax(0.12, 0.45 * sqrt(30000 / (double)n))};
}

static gn_color color_of(const gn_figure *fig, const gn_layout *l, size_t i) {
    const gn_cloud *c = &fig->cloud;
    if (gn_cloud_faint(c, i)) return gn_cloud_faint_color;
    if (c->value) return gn_viridis(gn_axis_place(&l->value, c->value[i]));
    return gn_cloud_colors[c->group ? c->group[i] % GN_CLOUD_COLORS : 0];
}

/* The style of each group; one for all where the colours are compared with each other. */
static void find_styles(const gn_cloud *c, dot_style style[GN_CLOUD_GROUPS + 1]) {
    size_t n[GN_CLOUD_GROUPS + 1] = {0}, all = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (gn_cloud_faint(c, i)) continue;
        n[c->group ? c->group[i] : 0]++;
        all++;
    }
    for (size_t g = 0; g <= GN_CLOUD_GROUPS; g++) style[g] = style_for(c->name_groups ? n[g] : all);
}

static void draw_dots(cairo_t *cr, const gn_figure *fig, const gn_layout *l) {
    const gn_cloud *c = &fig->cloud;
    dot_style style[GN_CLOUD_GROUPS + 1], faint = style_for(c->n);
    find_styles(c, style);
    faint.alpha *= 0.45;
    for (size_t k = 0; k < c->n; k++) {
        double x, y;
        size_t i = fig->cloud_order[k];
        if (!gn_cloud_place(fig, l, i, &x, &y)) continue;
        gn_color color = color_of(fig, l, i);
        dot_style s = gn_cloud_faint(c, i) ? faint : style[c->group ? c->group[i] : 0];
        cairo_set_source_rgba(cr, color.r, color.g, color.b, s.alpha);
        cairo_new_sub_path(cr);
        cairo_arc(cr, x, y, s.radius, 0, 2 * acos(-1.0));
        cairo_fill(cr);
    }
}

void gn_cloud_draw(cairo_t *cr, const gn_figure *fig, const gn_layout *l, bool vector) {
    /* dots may stand out of the frame by their own size */
    gn_box f = {l->frame.x0 - 2, l->frame.y0 - 2, l->frame.x1 + 2, l->frame.y1 + 2};
    if (!vector || fig->cloud.n <= GN_CLOUD_VECTOR_MAX) {
        cairo_save(cr);
        cairo_rectangle(cr, f.x0, f.y0, f.x1 - f.x0, f.y1 - f.y0);
        cairo_clip(cr);
        draw_dots(cr, fig, l);
        cairo_restore(cr);
        return;
    }
    double zoom = GN_CLOUD_DPI / 72;
    cairo_surface_t *image = cairo_image_surface_create(
        CAIRO_FORMAT_ARGB32, (int)ceil((f.x1 - f.x0) * zoom), (int)ceil((f.y1 - f.y0) * zoom));
    cairo_t *to = cairo_create(image);
    cairo_scale(to, zoom, zoom);
    cairo_translate(to, -f.x0, -f.y0);
    draw_dots(to, fig, l);
    cairo_destroy(to);
    cairo_save(cr);
    cairo_translate(cr, f.x0, f.y0);
    cairo_scale(cr, 1 / zoom, 1 / zoom);
    cairo_set_source_surface(cr, image, 0, 0);
    cairo_paint(cr);
    cairo_restore(cr);
    cairo_surface_destroy(image);
}

/* ---- names of groups ---------------------------------------------------------------------------
 */

static bool overlap(gn_box a, gn_box b) {
    return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;
}

static gn_color darker(gn_color c) {
    return (gn_color){0.75 * c.r, 0.75 * c.g, 0.75 * c.b};
}

/* A name stands above its points, or as near to there as other names let it. */
static void put_name(gn_fonts *fonts, gn_layout *l, gn_text t, gn_box *taken, size_t n_taken) {
    double want = t.y;
    gn_box b = {0};
    for (int step = 0; step < 24; step++) {
        t.y = want + (step % 2 ? 1 : -1) * ((step + 1) / 2) * 5.0;
        b = gn_text_box(fonts, &t);
        bool free_place = b.y0 > l->frame.y0 && b.y1 < l->frame.y1;
        for (size_t i = 0; i < n_taken && free_place; i++) free_place = !overlap(b, taken[i]);
        if (free_place) break;
    }
    taken[n_taken] = b;
    gn_layout_text(l, t);
}

void gn_cloud_names(const gn_figure *fig, gn_fonts *fonts, gn_layout *l) {
    const gn_cloud *c = &fig->cloud;
    gn_box taken[GN_CLOUD_COLORS];
    size_t n_taken = 0;
    if (!c->name_groups || !c->group) return;
    for (size_t g = 0; g < c->n_groups; g++) {
        double x, y, sum_x = 0, sum_y = 0, squares = 0, n = 0;
        for (size_t i = 0; i < c->n; i++) {
            if (c->group[i] != (int32_t)g || !gn_cloud_place(fig, l, i, &x, &y)) continue;
            sum_x += x;
            sum_y += y;
            squares += y * y;
            n++;
        }
        if (n == 0) continue;
        double middle = sum_y / n, sd = sqrt(fmax(0, squares / n - middle * middle));
        gn_text t = {.text = c->group_name[g],
                     .points = GN_PT_LEGEND,
                     .bold = true,
                     .halo = true,
                     .color = darker(gn_cloud_colors[g % GN_CLOUD_COLORS]),
                     .max_width = 0.4 * (l->frame.x1 - l->frame.x0),
                     .x = sum_x / n,
                     .y = middle - 1.7 * sd - 7, /* above most of its points */
                     .h = 0.5,
                     .v = 0.5};
        put_name(fonts, l, t, taken, n_taken++);
    }
}
