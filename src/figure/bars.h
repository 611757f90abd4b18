/* Bars: groups of them, or one stack a group. Each bar of a group is a mark, so that legends, error
 * ends and reference lines treat it like any series. */
#ifndef GN_FIGURE_BARS_H
#define GN_FIGURE_BARS_H

#include "figure/layout.h"

/** The x axis has a cell a group; the y axis reaches down to 0, where bars stand, unless opts ask
 *  for a range. */
void gn_bars_axes(const gn_figure *fig, gn_layout *l);
/** Ticks below the groups for a frame of this width, and the height of their names. Names stand
 *  upright (l->upright_names) where they would touch lying. */
double gn_bars_ticks(const gn_figure *fig, gn_fonts *fonts, gn_layout *l, double width);
/** What bar i of a mark covers, inside the frame; false when there is none. */
bool gn_bar_box(const gn_layout *l, const gn_mark *m, size_t i, gn_box *box);

#endif
