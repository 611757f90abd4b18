/* Text.
 *
 * A figure must look the same on every machine, and a library must not depend on what the user's
 * fontconfig says. So a font map of our own gets a configuration that holds only the files we name:
 * Open Sans for the text, DejaVu Sans for what Open Sans lacks (ℓ, Ġ, ▁, arrows). Nothing global is
 * touched. Where neither family is installed, the machine's own configuration serves.
 *
 * What bit us: every font map of Pango 1.50 has a thread that looks fonts up and nobody waits for;
 * it gives the last thing that it found back to the map's tables some microseconds after we have
 * it, and a map that died meanwhile crashes it (seen once in a few hundred figures). Nothing tells
 * when it is done, so the map never dies: one for the process, which drawings use in turn. It is
 * the library's only state beyond a call, and holds nothing but fonts. Pango takes 96 dots per inch
 * unless told 72; hinting moves glyphs with the resolution, so it is off; cairo keeps a current
 * point after a layout was shown, which starts the next path in the wrong place. */
#include "figure/text.h"

#include "base/mem.h"

#include <fontconfig/fontconfig.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <pango/pangofc-fontmap.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct gn_fonts {
    FcConfig *config;
    PangoFontMap *map;
    PangoContext *context;
};

static const char *const font_folders[] = {
    "/usr/share/fonts/truetype/open-sans", "/usr/share/fonts/truetype/dejavu",
    "/usr/share/fonts/open-sans",          "/usr/share/fonts/dejavu",
    "/usr/share/fonts/dejavu-sans-fonts",  "/usr/share/fonts/TTF",
    "/usr/share/fonts/truetype",           "/usr/local/share/fonts",
    "/opt/homebrew/share/fonts",           "/Library/Fonts"};
static const char *const font_files[] = {"OpenSans-Regular.ttf", "OpenSans-Semibold.ttf",
                                         "OpenSans-SemiBold.ttf", "DejaVuSans.ttf"};

/* The configuration with our files only; falls back to the machine's when there are none. */
static FcConfig *open_config(void) {
    FcConfig *config = FcConfigCreate();
    if (!config) return NULL;
    size_t found = 0;
    for (size_t f = 0; f < sizeof font_files / sizeof *font_files; f++)
        for (size_t d = 0; d < sizeof font_folders / sizeof *font_folders; d++) {
            char path[256];
            snprintf(path, sizeof path, "%s/%s", font_folders[d], font_files[f]);
            if (access(path, R_OK) != 0) continue;
            found += FcConfigAppFontAddFile(config, (const FcChar8 *)path) != 0;
            break;
        }
    if (found > 0) return config;
    FcConfigDestroy(config);
    return FcInitLoadConfigAndFonts();
}

static bool has_fonts(FcConfig *config) {
    FcFontSet *app = FcConfigGetFonts(config, FcSetApplication);
    FcFontSet *system = FcConfigGetFonts(config, FcSetSystem);
    return (app && app->nfont > 0) || (system && system->nfont > 0);
}

static void free_fonts(gn_fonts *fonts) {
    if (fonts->config) FcConfigDestroy(fonts->config);
    gn_free(fonts);
}

static gn_status make_fonts(gn_fonts **out, gn_error *err) {
    gn_status st = GN_OK;
    gn_fonts *fonts = gn_calloc(1, sizeof *fonts);
    if (!fonts) return gn_fail_nomem(err, "fonts", sizeof *fonts);
    /* The map's thread begins with FcInit, which can collide with our use of fontconfig. Called
     * here first, that call finds nothing left to do. */
    FcInit();
    fonts->config = open_config();
    if (!fonts->config || !has_fonts(fonts->config)) {
        st = gn_fail(err, GN_ENOSUPP,
                     "no font found for figures: expected Open Sans or DejaVu Sans under "
                     "/usr/share/fonts (Debian: fonts-open-sans, fonts-dejavu-core)");
        goto done;
    }
    fonts->map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
    if (!fonts->map || !PANGO_IS_FC_FONT_MAP(fonts->map)) {
        if (fonts->map) g_object_unref(fonts->map);
        st =
            gn_fail(err, GN_ENOSUPP, "figures need Pango with FreeType fonts, which it lacks here");
        goto done;
    }
    pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(fonts->map), fonts->config);
    pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(fonts->map), 72);
    fonts->context = pango_font_map_create_context(fonts->map);
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(fonts->context, options);
    pango_context_set_round_glyph_positions(fonts->context, FALSE);
    pango_context_set_language(fonts->context, pango_language_from_string("en"));
    cairo_font_options_destroy(options);
    *out = fonts;
    return GN_OK;
done:
    free_fonts(fonts);
    return st;
}

static pthread_mutex_t process_fonts_lock = PTHREAD_MUTEX_INITIALIZER;
static gn_fonts *process_fonts; /* under process_fonts_lock */

gn_status gn_fonts_open(gn_fonts **out, gn_error *err) {
    pthread_mutex_lock(&process_fonts_lock);
    gn_status st = process_fonts ? GN_OK : make_fonts(&process_fonts, err);
    if (st != GN_OK) {
        pthread_mutex_unlock(&process_fonts_lock);
        return st;
    }
    *out = process_fonts;
    return GN_OK;
}

void gn_fonts_close(gn_fonts *fonts) {
    if (fonts) pthread_mutex_unlock(&process_fonts_lock);
}

static PangoLayout *lay_out(gn_fonts *fonts, const gn_text *t) {
    PangoLayout *layout = pango_layout_new(fonts->context);
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family_static(font, "Open Sans, DejaVu Sans, sans-serif");
    pango_font_description_set_size(font, (int)lround(t->points * PANGO_SCALE));
    if (t->bold) pango_font_description_set_weight(font, PANGO_WEIGHT_SEMIBOLD);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_auto_dir(layout, FALSE);
    if (t->markup)
        pango_layout_set_markup(layout, t->text, -1);
    else
        pango_layout_set_text(layout, t->text, -1);
    if (t->max_lines <= 1) pango_layout_set_single_paragraph_mode(layout, TRUE);
    if (t->max_width > 0) {
        pango_layout_set_width(layout, (int)lround(fmax(t->max_width, 1) * PANGO_SCALE));
        pango_layout_set_height(layout, t->max_lines > 1 ? -t->max_lines : -1);
        pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
        pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
        if (t->h > 0.25)
            pango_layout_set_alignment(layout,
                                       t->h < 0.75 ? PANGO_ALIGN_CENTER : PANGO_ALIGN_RIGHT);
    }
    return layout;
}

/* The text's logical box before rotation. A layout of limited width is as wide as the limit, with
 * the lines aligned inside: `left` is where the longest begins. */
static void extents(PangoLayout *layout, double *left, double *width, double *height) {
    PangoRectangle box;
    pango_layout_get_extents(layout, NULL, &box);
    *left = (double)box.x / PANGO_SCALE;
    *width = (double)box.width / PANGO_SCALE;
    *height = (double)box.height / PANGO_SCALE;
}

void gn_text_measure(gn_fonts *fonts, const gn_text *t, double *width, double *height) {
    PangoLayout *layout = lay_out(fonts, t);
    double left, w, h;
    extents(layout, &left, &w, &h);
    *width = t->angle ? h : w;
    *height = t->angle ? w : h;
    g_object_unref(layout);
}

gn_box gn_text_box(gn_fonts *fonts, const gn_text *t) {
    double w, h;
    gn_text_measure(fonts, t, &w, &h);
    double x = t->x - t->h * w, y = t->y - t->v * h;
    return (gn_box){x, y, x + w, y + h};
}

void gn_text_draw(cairo_t *cr, gn_fonts *fonts, const gn_text *t) {
    PangoLayout *layout = lay_out(fonts, t);
    double left, w, h;
    extents(layout, &left, &w, &h);
    gn_box box = gn_text_box(fonts, t);
    cairo_save(cr);
    cairo_translate(cr, box.x0, t->angle ? box.y1 : box.y0);
    if (t->angle) cairo_rotate(cr, -acos(-1.0) / 2);
    if (t->halo) {
        cairo_move_to(cr, -left, 0);
        pango_cairo_layout_path(cr, layout);
        cairo_set_source_rgba(cr, gn_paper.r, gn_paper.g, gn_paper.b, GN_HALO_ALPHA);
        cairo_set_line_width(cr, GN_HALO_WIDTH);
        cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
        cairo_stroke(cr);
    }
    cairo_move_to(cr, -left, 0);
    cairo_set_source_rgb(cr, t->color.r, t->color.g, t->color.b);
    pango_cairo_show_layout(cr, layout);
    cairo_new_path(cr);
    cairo_restore(cr);
    g_object_unref(layout);
}
