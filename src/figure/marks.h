/* What a figure holds until it is rendered. */
#ifndef GN_FIGURE_MARKS_H
#define GN_FIGURE_MARKS_H

#include "base/mem.h"
#include "figure/theme.h"
#include "gonio/figure.h"

typedef enum gn_mark_kind {
    GN_MARK_LINE,
    GN_MARK_POINTS,
    GN_MARK_SCATTER,
    GN_MARK_BARS,
    GN_MARK_HLINE
} gn_mark_kind;

typedef struct gn_mark {
    gn_mark_kind kind;
    const char *label; /**< NULL: none */
    size_t n;
    const double *x, *y, *lo, *hi; /**< (n); lo and hi may be NULL. HLINE: n = 1, y[0] */
    int color;          /**< position in the palette; -1: grey (HLINE, the last of bars) */
    const double *base; /**< BARS: (n) where each begins; NULL: 0 */
    double width;       /**< BARS: in groups */
    gn_style style;     /**< of markers */
} gn_mark;

typedef struct gn_heatmap {
    const double *value; /**< (rows, cols); NULL: no heatmap */
    size_t rows, cols;
    const char *label;
    const int *row, *col; /**< what rows and columns are called; NULL: their positions */
    const char *const *row_name, *const *col_name; /**< or these, where there are names */
} gn_heatmap;

struct gn_figure {
    gn_arena arena;
    gn_figure_opts opts; /**< strings copied, sizes filled in */
    gn_mark *mark;
    size_t n_marks, room_marks;
    int n_colors; /**< colours handed out */
    gn_heatmap heatmap;
    gn_cloud cloud;              /**< n == 0: none. Its groups are marks, too, without points */
    const uint32_t *cloud_order; /**< (cloud.n) first drawn first */
    size_t n_groups;             /**< of bars; 0: no bars */
    const char *const *group_name;
    gn_figure **panel; /**< (n_panels) owned: a sheet of figures, which then holds nothing else */
    size_t n_panels, columns;
};

/** cloud.c: the order in which points are drawn. @param order (n) */
gn_status gn_cloud_order(const gn_cloud *c, uint32_t *order, gn_error *err);

/** The colour of a mark: from the palette, repeated; along viridis for ordered families. */
gn_color gn_mark_color(const gn_figure *fig, const gn_mark *m);

#endif
