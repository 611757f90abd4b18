/* An axis of cells: rows and columns of heatmaps, groups of bars. Each has a number or a name. */
#ifndef GN_FIGURE_CELLS_H
#define GN_FIGURE_CELLS_H

#include "figure/layout.h"

/** Cell i spans [i - 0.5, i + 0.5]. */
gn_axis gn_cell_axis(size_t n);
/** At most n_max ticks on cells, each with its cell's number (NULL: its position): every cell's
 *  when there is room, else every 2nd, 5th, 10th ... */
size_t gn_cell_ticks(size_t n, const int *number, size_t n_max, gn_tick *out);
/** The text of a tick: its cell's name where there are names, else its number. */
gn_text gn_cell_text(const gn_tick *tick, const char *const *name, bool upright);
/** Width of the widest of these texts, lying. */
double gn_cells_widest(gn_fonts *fonts, const gn_tick *tick, size_t n, const char *const *name);

#endif
