/* Small multiples: whole figures in cells of one size, row by row, under one title. Each panel is
 * laid out as if it were alone, so that it looks the same alone. */
#include "figure/panels.h"

#include "figure/draw.h"

#include <math.h>
#include <string.h>

gn_status gn_figure_panels(const char *title, gn_figure *const *panel, size_t n, size_t columns,
                           gn_figure **out, gn_error *err) {
    gn_figure *fig = NULL;
    gn_status st;
    if (n == 0 || n > GN_PANELS_MAX || columns == 0)
        return gn_fail(err, GN_EINVAL, "a sheet of %zu panels in %zu columns: expected 1 to %d", n,
                       columns, GN_PANELS_MAX);
    for (size_t i = 0; i < n; i++)
        if (panel[i]->n_panels > 0)
            return gn_fail(err, GN_EINVAL, "panel %zu of a sheet is a sheet itself", i);
    GN_TRY(gn_figure_new(&(gn_figure_opts){.title = title}, &fig, err));
    if (!(fig->panel = gn_arena_alloc(&fig->arena, n, sizeof *fig->panel))) {
        st = gn_fail_nomem(err, "a figure's panels", n * sizeof *fig->panel);
        goto done;
    }
    memcpy(fig->panel, panel, n * sizeof *panel);
    fig->n_panels = n;
    fig->columns = columns < n ? columns : n;
    *out = fig;
    fig = NULL;
done:
    gn_figure_free(fig);
    return st;
}

enum { KEY_ROW = 14 };

/* The groups of the first panel in rows from `top` on; returns where they end. */
static double place_key(const gn_figure *fig, gn_fonts *fonts, double width, double top,
                        gn_panels *p) {
    const gn_cloud *c = &fig->panel[0]->cloud;
    double x = GN_PAD, y = top + KEY_ROW / 2.0;
    if (!c->no_legend || !c->group || c->name_groups) return top;
    for (size_t g = 0; g < c->n_groups + (c->faint_label != NULL); g++) {
        double w, h;
        gn_text t = {.text = g < c->n_groups ? c->group_name[g] : c->faint_label,
                     .points = GN_PT_LEGEND,
                     .color = gn_ink,
                     .max_width = width / 2,
                     .v = 0.5};
        gn_text_measure(fonts, &t, &w, &h);
        if (x > GN_PAD && x + GN_SWATCH_WIDTH + w > width - GN_PAD) {
            x = GN_PAD;
            y += KEY_ROW;
        }
        t.x = x + GN_SWATCH_WIDTH;
        t.y = y;
        p->key[p->n_key++] = t;
        x += GN_SWATCH_WIDTH + w + 3 * GN_SWATCH_GAP;
    }
    return y + KEY_ROW / 2.0;
}

static void draw_key(cairo_t *cr, const gn_figure *fig, gn_fonts *fonts, const gn_panels *p) {
    const size_t n_groups = fig->panel[0]->cloud.n_groups;
    for (size_t g = 0; g < p->n_key; g++) {
        const gn_color c = g < n_groups ? gn_cloud_colors[g] : gn_cloud_faint_color;
        const gn_text *t = &p->key[g];
        cairo_set_source_rgb(cr, c.r, c.g, c.b);
        cairo_arc(cr, t->x - GN_SWATCH_WIDTH / 2, t->y, GN_MARKER_RADIUS * 1.2, 0, 2 * acos(-1.0));
        cairo_fill(cr);
        gn_text_draw(cr, fonts, t);
    }
}

gn_status gn_panels_make(const gn_figure *fig, gn_fonts *fonts, gn_panels *out, gn_error *err) {
    gn_panels s = {.n = fig->n_panels ? fig->n_panels : 1, .columns = 1};
    gn_status st = gn_alloc_array(&s.layout, s.n, sizeof *s.layout, "a figure's layout", err);
    if (st != GN_OK) return st;
    if (fig->n_panels == 0) gn_layout_make(fig, fonts, s.layout);
    for (size_t i = 0; i < fig->n_panels; i++) gn_layout_make(fig->panel[i], fonts, &s.layout[i]);
    for (size_t i = 0; i < s.n; i++) {
        s.width = fmax(s.width, s.layout[i].width);
        s.height = fmax(s.height, s.layout[i].height);
    }
    if (fig->n_panels > 0) {
        double w, h = 0;
        const size_t rows = (s.n + fig->columns - 1) / fig->columns;
        s.columns = fig->columns;
        s.width *= (double)s.columns;
        s.title = (gn_text){.text = fig->opts.title,
                            .points = GN_PT_TITLE,
                            .bold = true,
                            .color = gn_ink,
                            .max_width = s.width - 2 * GN_PAD,
                            .max_lines = 2,
                            .x = GN_PAD,
                            .y = GN_PAD};
        if (s.title.text) gn_text_measure(fonts, &s.title, &w, &h);
        s.top = s.title.text ? GN_PAD + h : 0;
        s.top = place_key(fig, fonts, s.width, s.top, &s);
        s.height = s.top + (double)rows * s.height;
    }
    *out = s;
    return GN_OK;
}

void gn_panels_draw(cairo_t *cr, const gn_figure *fig, gn_fonts *fonts, const gn_panels *s,
                    bool vector) {
    if (fig->n_panels == 0) {
        gn_figure_draw(cr, fig, fonts, s->layout, vector);
        return;
    }
    const size_t rows = (s->n + s->columns - 1) / s->columns;
    const double w = s->width / (double)s->columns, h = (s->height - s->top) / (double)rows;
    if (s->title.text) gn_text_draw(cr, fonts, &s->title);
    draw_key(cr, fig, fonts, s);
    for (size_t i = 0; i < s->n; i++) {
        cairo_save(cr);
        cairo_translate(cr, (double)(i % s->columns) * w, s->top + (double)(i / s->columns) * h);
        gn_figure_draw(cr, fig->panel[i], fonts, &s->layout[i], vector);
        cairo_restore(cr);
    }
}

void gn_panels_free(gn_panels *s) {
    gn_free(s->layout);
    *s = (gn_panels){0};
}
