/* Where everything goes: text is measured first, the margins follow from it, then the legend and
 * the labels of reference lines look for the emptiest place. Drawing only paints what this says. */
#ifndef GN_FIGURE_LAYOUT_H
#define GN_FIGURE_LAYOUT_H

#include "figure/marks.h"
#include "figure/scale.h"
#include "figure/text.h"

typedef struct gn_legend_entry {
    size_t mark; /**< whose label and colour; SIZE_MAX: only the text ("+ 3 more") */
    double x, y; /**< left end and middle of its row */
    gn_text text;
} gn_legend_entry;

enum { GN_LEGEND_MAX = 24, GN_TEXTS_MAX = 5 + 3 * GN_TICKS_MAX + 32 };

typedef struct gn_layout {
    double width, height;
    gn_box frame; /**< the data area */
    gn_axis x, y;
    gn_tick x_tick[GN_TICKS_MAX], y_tick[GN_TICKS_MAX];
    size_t n_x_ticks, n_y_ticks;
    bool upright_names; /**< of groups of bars */
    gn_legend_entry legend[GN_LEGEND_MAX];
    size_t n_legend;
    gn_text text[GN_TEXTS_MAX]; /**< title, axis labels, tick labels, reference labels */
    size_t n_texts;
    gn_axis
        z; /**< a cloud in space: the third axis; canvas place of (1, x, y, z) in the unit box */
    gn_tick z_tick[GN_TICKS_MAX];
    size_t n_z_ticks;
    double space_x[4], space_y[4];
    gn_box bar;    /**< the colour bar, where there is one */
    gn_axis value; /**< its scale */
    gn_tick value_tick[GN_TICKS_MAX];
    size_t n_value_ticks;
    char more[32]; /**< text of the entry that counts what the legend leaves out */
} gn_layout;

#define GN_SWATCH_WIDTH 16.0
#define GN_SWATCH_GAP 5.0

/** Lays the figure out. The texts borrow from `fig` and `out`. */
void gn_layout_make(const gn_figure *fig, gn_fonts *fonts, gn_layout *out);

/** Canvas coordinates; NaN for what the axis cannot show. */
double gn_layout_x(const gn_layout *l, double value);
double gn_layout_y(const gn_layout *l, double value);

/** legend.c: fills l->legend. True when the legend found an empty place inside the frame; false
 *  when it was laid out in rows from the top left (x, y), whose height *rows_height receives. */
bool gn_legend_place(const gn_figure *fig, gn_fonts *fonts, gn_layout *l, double rows_x,
                     double rows_y, double *rows_height);
/** legend.c: places the labels of the reference lines inside the frame. */
void gn_hline_labels_place(const gn_figure *fig, gn_fonts *fonts, gn_layout *l);
/** Width of the widest tick label. */
double gn_ticks_widest(gn_fonts *fonts, const gn_tick *tick, size_t n);
/** heatmap.c: an image of (rows, cols) pixels, viridis over `range`, enlarged into a box. */
void gn_cells_paint(cairo_t *cr, gn_box box, size_t rows, size_t cols, const gn_axis *range,
                    const double *value);
/** heatmap.c: the whole layout of a heatmap, once title and fonts are known. */
void gn_heatmap_layout(const gn_figure *fig, gn_fonts *fonts, gn_layout *l, double top);
void gn_heatmap_draw(cairo_t *cr, const gn_figure *fig, const gn_layout *l);

/** Appends a text and returns it for changes; without room it replaces the last one. */
gn_text *gn_layout_text(gn_layout *l, gn_text t);

#endif
