/* Figures as files. One drawing routine serves all formats; what differs is the surface. */
#include "figure/panels.h"
#include "figure/svg.h"

#include "base/number.h"
#include "base/str.h"
#include "io/file.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum format { PNG, SVG, PDF } format;
static const char *const format_names[] = {"png", "svg", "pdf"};

static cairo_status_t append(void *to, const unsigned char *data, unsigned length) {
    gn_str *s = to;
    gn_str_add_bytes(s, (const char *)data, length);
    return s->bad ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static gn_status open_surface(format f, const gn_panels *l, gn_str *bytes, cairo_surface_t **out,
                              gn_error *err) {
    cairo_surface_t *s;
    if (f == PNG) {
        double zoom = GN_PNG_DPI / 72;
        s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)lround(l->width * zoom),
                                       (int)lround(l->height * zoom));
        cairo_surface_set_device_scale(s, zoom, zoom);
    } else if (f == SVG) {
        s = cairo_svg_surface_create_for_stream(append, bytes, l->width, l->height);
    } else {
        s = cairo_pdf_surface_create_for_stream(append, bytes, l->width, l->height);
        /* the only thing in the file that would change from run to run */
        cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATE_DATE, "2000-01-01T00:00:00Z");
    }
    cairo_status_t code = cairo_surface_status(s);
    if (code != CAIRO_STATUS_SUCCESS) {
        cairo_surface_destroy(s);
        return gn_fail(err, code == CAIRO_STATUS_NO_MEMORY ? GN_ENOMEM : GN_EINVAL,
                       "cannot draw a %s of %g x %g points: %s", format_names[f], l->width,
                       l->height, cairo_status_to_string(code));
    }
    *out = s;
    return GN_OK;
}

static gn_status draw(const gn_figure *fig, format f, bool background, gn_str *bytes,
                      gn_error *err) {
    gn_status st;
    gn_fonts *fonts = NULL;
    gn_panels sheet = {0};
    cairo_surface_t *surface = NULL;
    cairo_t *cr = NULL;
    GN_TRY(gn_fonts_open(&fonts, err));
    GN_TRY(gn_panels_make(fig, fonts, &sheet, err));
    GN_TRY(open_surface(f, &sheet, bytes, &surface, err));
    cr = cairo_create(surface);
    if (background) {
        cairo_set_source_rgb(cr, gn_paper.r, gn_paper.g, gn_paper.b);
        cairo_paint(cr);
    }
    gn_panels_draw(cr, fig, fonts, &sheet, f != PNG);
    cairo_status_t code = cairo_status(cr);
    if (f == PNG && code == CAIRO_STATUS_SUCCESS)
        code = cairo_surface_write_to_png_stream(surface, append, bytes);
    cairo_surface_finish(surface);
    if (code == CAIRO_STATUS_SUCCESS) code = cairo_surface_status(surface);
    if (code != CAIRO_STATUS_SUCCESS || bytes->bad)
        st = bytes->bad || code == CAIRO_STATUS_NO_MEMORY
                 ? gn_fail_nomem(err, "a figure", bytes->n)
                 : gn_fail(err, GN_EDATA, "drawing a %s failed: %s", format_names[f],
                           cairo_status_to_string(code));
done:
    if (cr) cairo_destroy(cr);
    if (surface) cairo_surface_destroy(surface);
    gn_panels_free(&sheet);
    gn_fonts_close(fonts);
    return st;
}

gn_status gn_figure_svg_bare(const gn_figure *fig, gn_str *out, gn_error *err) {
    return draw(fig, SVG, false, out, err);
}

static gn_status find_format(const char *name, const char *place, format *out, gn_error *err) {
    for (int f = 0; f < 3; f++)
        if (strcmp(name, format_names[f]) == 0) {
            *out = (format)f;
            return GN_OK;
        }
    return gn_fail(err, GN_EINVAL, "%s: figures are written as png, svg or pdf, not as '%s'", place,
                   name);
}

gn_status gn_figure_render(const gn_figure *fig, const char *format_name, unsigned char **bytes,
                           size_t *n_bytes, gn_error *err) {
    gn_status st;
    gn_str raw = {0}, named = {0};
    char *text = NULL;
    format f = PNG;
    GN_TRY(find_format(format_name, "figure", &f, err));
    GN_TRY(draw(fig, f, true, &raw, err));
    if (f == SVG) gn_svg_rename_ids(&named, raw.text, "g");
    gn_str *result = f == SVG ? &named : &raw;
    size_t n = result->n;
    GN_TRY(gn_str_take(result, &text, err));
    *bytes = (unsigned char *)text;
    *n_bytes = n;
done:
    gn_str_free(&raw);
    gn_str_free(&named);
    return st;
}

static gn_status path_format(const char *path, format *out, gn_error *err) {
    const char *base = gn_path_base(path), *dot = strrchr(base, '.');
    char name[8] = {0};
    for (size_t i = 0; dot && dot[1 + i] && i < sizeof name - 1; i++)
        name[i] = (char)(dot[1 + i] | 0x20); /* lower case of the letters that matter */
    return find_format(name, path, out, err);
}

gn_status gn_figure_check_path(const char *path, gn_error *err) {
    format f;
    return path_format(path, &f, err);
}

gn_status gn_figure_write(const gn_figure *fig, const char *path, gn_error *err) {
    gn_status st;
    unsigned char *bytes = NULL;
    size_t n = 0;
    format f = PNG;
    GN_TRY(path_format(path, &f, err));
    GN_TRY(gn_figure_render(fig, format_names[f], &bytes, &n, err));
    GN_TRY(gn_write_file(path, bytes, n, err));
done:
    gn_free(bytes);
    return st;
}

/* ---- the numbers behind it
 * ------------------------------------------------------------------------ */

static void csv_text(gn_str *s, const char *text) {
    gn_str_add(s, "\"");
    for (const char *p = text; *p; p++) {
        if (*p == '"') gn_str_add(s, "\"");
        gn_str_add_bytes(s, p, 1);
    }
    gn_str_add(s, "\"");
}

static void csv_number(gn_str *s, const double *value, size_t i) {
    char number[GN_NUMBER_ROOM];
    gn_str_add(s, ",");
    if (value && isfinite(value[i])) gn_str_add(s, gn_number_text(number, value[i]));
}

/* What row or column `i` of a heatmap is called. */
static void csv_cell(gn_str *s, size_t i, const int *number, const char *const *name) {
    if (name)
        csv_text(s, name[i]);
    else
        gn_str_addf(s, "%d", number ? number[i] : (int)i);
}

static void csv_heatmap(gn_str *s, const gn_heatmap *map) {
    gn_str_add(s, "row,col,value\n");
    for (size_t i = 0; i < map->rows; i++)
        for (size_t j = 0; j < map->cols; j++) {
            csv_cell(s, i, map->row, map->row_name);
            gn_str_add(s, ",");
            csv_cell(s, j, map->col, map->col_name);
            csv_number(s, map->value, i * map->cols + j);
            gn_str_add(s, "\n");
        }
}

static void csv_cloud(gn_str *s, const gn_cloud *c) {
    gn_str_add(s, "group,x,y,z,value\n");
    for (size_t i = 0; i < c->n; i++) {
        csv_text(s, c->group && c->group[i] >= 0 ? c->group_name[c->group[i]] : "");
        csv_number(s, c->x, i);
        csv_number(s, c->y, i);
        csv_number(s, c->z, i);
        csv_number(s, c->value, i);
        gn_str_add(s, "\n");
    }
}

static void csv_figure(gn_str *s, const gn_figure *fig) {
    if (fig->heatmap.value)
        csv_heatmap(s, &fig->heatmap);
    else if (fig->cloud.n)
        csv_cloud(s, &fig->cloud);
    else
        gn_str_add(s, "series,x,y,lo,hi\n");
    for (size_t k = 0; k < fig->n_marks; k++) {
        const gn_mark *m = &fig->mark[k];
        for (size_t i = 0; i < m->n; i++) {
            csv_text(s, m->label ? m->label : "");
            if (m->kind == GN_MARK_BARS) {
                gn_str_add(s, ",");
                csv_text(s, fig->group_name[i]);
            } else {
                csv_number(s, m->x, i);
            }
            csv_number(s, m->y, i);
            csv_number(s, m->lo, i);
            csv_number(s, m->hi, i);
            gn_str_add(s, "\n");
        }
    }
}

/* The panel's own table with its title before each line; the head only once. A line break inside
 * quotes is part of a text. */
static gn_status csv_panel(gn_str *s, const gn_figure *panel, bool head, gn_error *err) {
    gn_str own = {0};
    bool quoted = false, first = true;
    csv_figure(&own, panel);
    if (own.bad) {
        gn_str_free(&own);
        return gn_fail_nomem(err, "a figure's numbers", own.n);
    }
    for (const char *line = own.text, *p = line; *p; p++) {
        quoted = quoted != (*p == '"');
        if (*p != '\n' || quoted) continue;
        if (first && head) gn_str_add(s, "panel,");
        if (!first) {
            csv_text(s, panel->opts.title ? panel->opts.title : "");
            gn_str_add(s, ",");
        }
        if (!first || head) gn_str_add_bytes(s, line, (size_t)(p + 1 - line));
        first = false;
        line = p + 1;
    }
    gn_str_free(&own);
    return GN_OK;
}

gn_status gn_figure_write_csv(const gn_figure *fig, const char *path, gn_error *err) {
    gn_status st = GN_OK;
    gn_str s = {0};
    char *text = NULL;
    if (fig->n_panels == 0) csv_figure(&s, fig);
    for (size_t i = 0; i < fig->n_panels; i++) GN_TRY(csv_panel(&s, fig->panel[i], i == 0, err));
    size_t n = s.n;
    GN_TRY(gn_str_take(&s, &text, err));
    GN_TRY(gn_write_file(path, text, n, err));
done:
    gn_free(text);
    gn_str_free(&s);
    return st;
}
