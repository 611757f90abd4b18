/* A heatmap: an image whose cells are squares of equal pixels, which compress to little and stay
 * sharp in every format. */
#include "figure/cells.h"
#include "figure/cloud.h"

#include <math.h>
#include <string.h>

static void value_range(const gn_heatmap *map, gn_axis *a) {
    double lo = HUGE_VAL, hi = -HUGE_VAL;
    for (size_t i = 0; i < map->rows * map->cols; i++) {
        if (!isfinite(map->value[i])) continue;
        lo = fmin(lo, map->value[i]);
        hi = fmax(hi, map->value[i]);
    }
    *a = (gn_axis){.lo = lo, .hi = hi};
    if (!(lo < hi)) gn_axis_fit(a, lo, hi); /* one value or none */
}

static void add_tick(gn_layout *l, gn_text t, double x, double y, double h, double v) {
    t.x = x;
    t.y = y;
    t.h = h;
    t.v = v;
    gn_layout_text(l, t);
}

static void add_label(gn_layout *l, const char *text, double room, double x, double y, int angle) {
    if (!text) return;
    gn_layout_text(l, (gn_text){.text = text,
                                .points = GN_PT_LABEL,
                                .color = gn_ink,
                                .max_width = room,
                                .angle = angle,
                                .x = x,
                                .y = y,
                                .h = angle ? 0 : 0.5,
                                .v = angle ? 0.5 : 1});
}

void gn_heatmap_layout(const gn_figure *fig, gn_fonts *fonts, gn_layout *l, double top) {
    const gn_heatmap *map = &fig->heatmap;
    const gn_figure_opts *o = &fig->opts;
    gn_text label = {.text = "Ag", .points = GN_PT_LABEL},
            tick = {.text = "0", .points = GN_PT_TICK};
    double w, label_height, tick_height;
    gn_text_measure(fonts, &label, &w, &label_height);
    gn_text_measure(fonts, &tick, &w, &tick_height);
    l->x = gn_cell_axis(map->cols);
    l->y = gn_cell_axis(map->rows);
    /* row 0 on top: the axis runs downwards */
    l->y.lo = (double)map->rows - 0.5;
    l->y.hi = -0.5;
    value_range(map, &l->value);
    gn_box *f = &l->frame;
    f->y0 = top + tick_height / 2;
    const bool upright = map->col_name != NULL;
    if (upright) { /* as many columns as stand beside each other; their names decide the margin */
        size_t most = (size_t)fmax(2, (l->width - 160) / (tick_height + 2));
        l->n_x_ticks = gn_cell_ticks(map->cols, NULL, most, l->x_tick);
        tick_height = gn_cells_widest(fonts, l->x_tick, l->n_x_ticks, map->col_name);
    }
    f->y1 =
        l->height - GN_PAD - GN_TICK_LENGTH - 2 - tick_height - (o->x_label ? label_height + 2 : 0);
    f->y1 = fmax(f->y1, f->y0 + 10);
    size_t n_max = (size_t)fmax(2, (f->y1 - f->y0) / (map->row_name ? 14 : 22));
    l->n_y_ticks = gn_cell_ticks(map->rows, map->row, n_max, l->y_tick);
    f->x0 = GN_PAD + (o->y_label ? label_height + 3 : 0) + GN_TICK_LENGTH + 3 +
            gn_cells_widest(fonts, l->y_tick, l->n_y_ticks, map->row_name);
    f->x1 = fmax(l->width - GN_PAD - gn_colorbar_room(fonts, l, map->label), f->x0 + 10);
    for (size_t n = (size_t)fmax(2, (f->x1 - f->x0) / 24); n >= 2 && !upright; n--) {
        l->n_x_ticks = gn_cell_ticks(map->cols, map->col, n, l->x_tick);
        double each = (f->x1 - f->x0) / (double)(l->n_x_ticks + 1);
        if (gn_ticks_widest(fonts, l->x_tick, l->n_x_ticks) + 6 < each) break;
    }
    for (size_t i = 0; i < l->n_x_ticks; i++)
        add_tick(l, gn_cell_text(&l->x_tick[i], map->col_name, upright),
                 gn_layout_x(l, l->x_tick[i].value), f->y1 + GN_TICK_LENGTH + 2, 0.5, 0);
    for (size_t i = 0; i < l->n_y_ticks; i++)
        add_tick(l, gn_cell_text(&l->y_tick[i], map->row_name, false), f->x0 - GN_TICK_LENGTH - 3,
                 gn_layout_y(l, l->y_tick[i].value), 1, 0.5);
    add_label(l, o->x_label, f->x1 - f->x0, (f->x0 + f->x1) / 2, l->height - GN_PAD, 0);
    add_label(l, o->y_label, f->y1 - f->y0, GN_PAD, (f->y0 + f->y1) / 2, 1);
    gn_colorbar_place(l, map->label);
}

/* How many pixels wide a cell is in an image of about 400: viewers smooth what they enlarge,
 * whatever filter is asked for, but only between two pixels. A single cell has nothing beside it.
 */
static size_t pixels(size_t cells) {
    return cells > 1 && cells < 400 ? 400 / cells : 1;
}

void gn_cells_paint(cairo_t *cr, gn_box box, size_t rows, size_t cols, const gn_axis *range,
                    const double *value) {
    size_t wide = pixels(cols), high = pixels(rows);
    cairo_surface_t *image =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(cols * wide), (int)(rows * high));
    if (cairo_surface_status(image) == CAIRO_STATUS_SUCCESS) {
        unsigned char *data = cairo_image_surface_get_data(image);
        size_t stride = (size_t)cairo_image_surface_get_stride(image);
        cairo_surface_flush(image);
        for (size_t i = 0; i < rows; i++) {
            unsigned char *first = data + i * high * stride;
            for (size_t j = 0; j < cols; j++) {
                double t = gn_axis_place(range, value[i * cols + j]);
                gn_color c = isnan(t) ? (gn_color){0.85, 0.85, 0.85} : gn_viridis(t);
                uint32_t pixel = (uint32_t)lround(c.r * 255) << 16 |
                                 (uint32_t)lround(c.g * 255) << 8 | (uint32_t)lround(c.b * 255);
                for (size_t x = 0; x < wide; x++) memcpy(first + 4 * (j * wide + x), &pixel, 4);
            }
            for (size_t y = 1; y < high; y++) memcpy(first + y * stride, first, 4 * cols * wide);
        }
        cairo_surface_mark_dirty(image);
    }
    cairo_save(cr);
    cairo_translate(cr, box.x0, box.y0);
    cairo_scale(cr, (box.x1 - box.x0) / (double)(cols * wide),
                (box.y1 - box.y0) / (double)(rows * high));
    cairo_set_source_surface(cr, image, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cr), CAIRO_FILTER_NEAREST);
    cairo_rectangle(cr, 0, 0, (double)(cols * wide), (double)(rows * high));
    cairo_fill(cr);
    cairo_restore(cr);
    cairo_surface_destroy(image);
}

void gn_heatmap_draw(cairo_t *cr, const gn_figure *fig, const gn_layout *l) {
    const gn_heatmap *map = &fig->heatmap;
    gn_cells_paint(cr, l->frame, map->rows, map->cols, &l->value, map->value);
    gn_colorbar_draw(cr, l);
}
