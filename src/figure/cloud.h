/* Clouds: many points in one figure, coloured by a value or by group, flat or in space. */
#ifndef GN_FIGURE_CLOUD_H
#define GN_FIGURE_CLOUD_H

#include "figure/layout.h"

/** The ranges of the three axes; the third only when the cloud has z. */
void gn_cloud_axes(const gn_cloud *c, gn_axis axis[3]);
/** The canvas place of point i; false when it has none. */
bool gn_cloud_place(const gn_figure *fig, const gn_layout *l, size_t i, double *x, double *y);
void gn_cloud_draw(cairo_t *cr, const gn_figure *fig, const gn_layout *l, bool vector);
/** Names of groups beside their points, where the cloud asks for them. */
void gn_cloud_names(const gn_figure *fig, gn_fonts *fonts, gn_layout *l);
/** True for points that are drawn faintly behind the others: no group, no value. */
bool gn_cloud_faint(const gn_cloud *c, size_t i);

/** colorbar.c: the colour bar. Its ticks and the room it takes right of the frame, whose upper and
 * lower end are known; then its place and its texts, once the right end is, too; then its colours.
 */
double gn_colorbar_room(gn_fonts *fonts, gn_layout *l, const char *label);
void gn_colorbar_place(gn_layout *l, const char *label);
void gn_colorbar_draw(cairo_t *cr, const gn_layout *l);

/** space.c: a box in three dimensions. The frame with everything below `top` and left of `right`;
 *  ticks and labels; what lies behind the points, and before them. */
void gn_space_frame(const gn_figure *fig, gn_fonts *fonts, gn_layout *l, double top);
void gn_space_texts(const gn_figure *fig, gn_fonts *fonts, gn_layout *l);
void gn_space_draw_back(cairo_t *cr, const gn_layout *l);
void gn_space_draw_edges(cairo_t *cr, const gn_layout *l);
/** The edges of the far walls: x0, y0, x1, y1 on the canvas; how many. */
enum { GN_SPACE_EDGES = 9 };
size_t gn_space_edges(const gn_layout *l, double edges[GN_SPACE_EDGES][4]);
/** How near a point of the unit box is to the eye. */
double gn_space_depth(double x, double y, double z);

#endif
