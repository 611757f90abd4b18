/* What a file shows: one figure, or several beside each other. */
#ifndef GN_FIGURE_PANELS_H
#define GN_FIGURE_PANELS_H

#include "figure/layout.h"

typedef struct gn_panels {
    double width, height; /**< points */
    size_t n, columns;
    gn_layout *layout; /**< (n) of the panels, row by row; of the figure itself when it is one */
    double top;        /**< where the panels begin, below the title */
    gn_text title;
    size_t n_key; /**< the legend of clouds that leave it to the sheet, between title and panels */
    gn_text key[GN_CLOUD_GROUPS + 1];
} gn_panels;

/** Lays everything out. Free with gn_panels_free. */
gn_status gn_panels_make(const gn_figure *fig, gn_fonts *fonts, gn_panels *out, gn_error *err);
/** As gn_figure_draw. */
void gn_panels_draw(cairo_t *cr, const gn_figure *fig, gn_fonts *fonts, const gn_panels *s,
                    bool vector);
void gn_panels_free(gn_panels *s);

#endif
