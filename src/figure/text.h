/* Text through Pango, with fonts that do not depend on the user's set-up. */
#ifndef GN_FIGURE_TEXT_H
#define GN_FIGURE_TEXT_H

#include "base/error.h"
#include "figure/theme.h"

#include <cairo.h>

/** The process's fonts, loaded by the first who opens them. One drawing has them at a time: close
 *  them in the same thread, do not open them twice. */
typedef struct gn_fonts gn_fonts;

/** Waits until no other thread draws.
 *  @return GN_OK; GN_ENOSUPP when the machine has no font at all; GN_ENOMEM. */
gn_status gn_fonts_open(gn_fonts **out, gn_error *err);
void gn_fonts_close(gn_fonts *fonts);

/** One text, laid out and placed. (x, y) is the anchor; `h` and `v` say which share of the text's
 *  box lies left of and above it (0.5, 0.5: centred). `angle` turns it counter-clockwise in
 *  quarter turns (0 or 1); h and v refer to the box as it appears on the canvas. */
typedef struct gn_text {
    const char *text; /**< Pango markup when `markup`, else plain; borrowed */
    bool markup, bold, halo;
    double points;
    gn_color color;
    double max_width; /**< 0: no limit; longer text is broken into lines, then cut with … */
    int max_lines;    /**< 0 means 1 */
    int angle;
    double x, y, h, v;
} gn_text;

typedef struct gn_box {
    double x0, y0, x1, y1;
} gn_box;

/** Width and height as they appear on the canvas. */
void gn_text_measure(gn_fonts *fonts, const gn_text *t, double *width, double *height);
/** The box that the placed text covers. */
gn_box gn_text_box(gn_fonts *fonts, const gn_text *t);
void gn_text_draw(cairo_t *cr, gn_fonts *fonts, const gn_text *t);

#endif
