/* Painting a figure that was laid out. */
#ifndef GN_FIGURE_DRAW_H
#define GN_FIGURE_DRAW_H

#include "figure/layout.h"

/** Paints everything but the background. Units are points. @param vector the surface keeps shapes,
 *  so that large point clouds go in as an image. */
void gn_figure_draw(cairo_t *cr, const gn_figure *fig, gn_fonts *fonts, const gn_layout *l,
                    bool vector);

/** marker.c: one marker as large as a disk of radius r, in the colour that is set. */
void gn_marker_draw(cairo_t *cr, gn_marker shape, double x, double y, double r);

#endif
