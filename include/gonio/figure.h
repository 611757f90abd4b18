/* gonio/figure.h: figures for papers from plain arrays. The same commands give PNG, SVG and PDF,
 * and every figure writes the numbers behind it as CSV. */
#ifndef GONIO_FIGURE_H
#define GONIO_FIGURE_H

#include "gonio/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gn_figure gn_figure;

typedef enum gn_palette {
    GN_PALETTE_DEEP = 0,
    GN_PALETTE_OKABE_ITO, /**< stays apart for colour-blind readers */
    GN_PALETTE_VIRIDIS,   /**< for ordered families (layers): series run along viridis in order */
} gn_palette;

typedef struct gn_figure_opts {
    double width_in, height_in; /**< 0: 5.0 x 3.4 */
    const char *title;          /**< NULL: none. Pango markup is escaped. */
    const char *x_label, *y_label;
    bool x_log, y_log;
    double x_min, x_max, y_min, y_max; /**< used where min < max; else from the data */
    gn_palette palette;
    bool equal; /**< one unit is as long on y as on x: the axis with room to spare shows more */
} gn_figure_opts;

GN_API gn_status gn_figure_new(const gn_figure_opts *opts, gn_figure **out, gn_error *err);
GN_API void gn_figure_free(gn_figure *fig);

typedef struct gn_series {
    const char *label; /**< legend entry; NULL: none */
    size_t n;
    const double *x, *y;   /**< (n) copied; NaN y breaks the line */
    const double *lo, *hi; /**< (n) band or error bar ends; NULL: none */
    int color;             /**< position in the palette; -1: next */
} gn_series;

/** A line with markers and, where lo/hi are given, a band. */
GN_API gn_status gn_figure_line(gn_figure *fig, const gn_series *s, gn_error *err);
/** Markers with error bars. */
GN_API gn_status gn_figure_points(gn_figure *fig, const gn_series *s, gn_error *err);
/** A small-marker cloud, rasterised inside vector files above 2,000 points. */
GN_API gn_status gn_figure_scatter(gn_figure *fig, const gn_series *s, gn_error *err);
typedef enum gn_marker {
    GN_MARKER_CIRCLE = 0,
    GN_MARKER_SQUARE,
    GN_MARKER_TRIANGLE,
    GN_MARKER_DIAMOND,
    GN_MARKER_CROSS, /**< x */
    GN_MARKER_PLUS,
} gn_marker;
enum { GN_MARKERS = 6 };
/** How a series looks beyond its colour. */
typedef struct gn_style {
    gn_marker marker; /**< all cover the same area */
    double tint;      /**< in [0, 1): how far the colour goes towards white */
    bool unlisted;    /**< no entry in the legend; the label stays in the CSV */
} gn_style;
/** The look of the series that was added last.
 *  @return GN_OK; GN_EINVAL (no series yet, or not one with markers; no such marker or tint). */
GN_API gn_status gn_figure_style(gn_figure *fig, const gn_style *style, gn_error *err);
/** A legend entry without a series, e.g. for what a marker's shape stands for.
 *  @param color position in the palette; -1: grey. @return as gn_figure_scatter, gn_figure_style.
 */
GN_API gn_status gn_figure_key(gn_figure *fig, const char *label, int color, const gn_style *style,
                               gn_error *err);
/** Many points, each with a colour of its own. */
typedef struct gn_cloud {
    size_t n;
    const double *x, *y, *z; /**< (n) copied; z NULL: on paper, else in a box in three dimensions */
    const char *z_label;
    const double *value; /**< NULL, or (n): colours along viridis, with a bar; NaN: faint */
    const char *value_label;
    bool value_log;       /**< values > 0 on a log scale */
    const int32_t *group; /**< NULL, or (n) in [0, n_groups); -1: faint, behind all others */
    size_t n_groups;      /**< at most GN_CLOUD_GROUPS */
    const char *const *group_name; /**< (n_groups) legend entries */
    bool name_groups;              /**< write the names beside their points, not in a legend */
    const char *faint_label;       /**< legend entry of the faint points; NULL: none */
    bool no_legend;                /**< a panel: the sheet shows the groups of its first panel */
} gn_cloud;
enum { GN_CLOUD_GROUPS = 10 };
/** A cloud takes a whole figure. Points are drawn in one shuffled order, in space from far to near,
 *  never group by group, so that no group covers another; translucent; rasterised inside vector
 *  files above 2,000. Axis labels, ranges (on paper) and title are the figure's.
 *  @return GN_OK; GN_EINVAL (no points, both value and group, too many groups, a group out of
 * range, a log scale without a positive value, a figure that holds something); GN_ENOMEM. */
GN_API gn_status gn_figure_cloud(gn_figure *fig, const gn_cloud *cloud, gn_error *err);
/** Groups of bars side by side, or one stack a group. */
typedef struct gn_bars {
    size_t n_groups, n_bars; /**< n_bars in each group: as many as there are colours, GN_BARS_MAX or
                                Okabe and Ito's 6 */
    const char *const *group;      /**< (n_groups) names below; upright where they would touch */
    const char *const *bar;        /**< (n_bars) legend entries; may be NULL for a single one */
    const double *value, *lo, *hi; /**< (n_groups, n_bars); NaN: no bar. lo, hi: ends of error bars,
                                        or both NULL */
    bool stacked;                  /**< on top of each other: values >= 0, no error bars */
    bool faint_last;               /**< the last bar is grey: "others" */
} gn_bars;
enum { GN_BARS_MAX = 10 };
/** Bars stand on 0 (on a log axis: on its lower end) and take a whole figure, in which only
 *  gn_figure_hline may follow. Everything is copied.
 *  @return GN_OK; GN_EINVAL (no groups, too many bars, half an error bar, a negative value or error
 *          bars in a stack, a figure that holds something); GN_ENOMEM. */
GN_API gn_status gn_figure_bars(gn_figure *fig, const gn_bars *bars, gn_error *err);
/** A horizontal dashed reference line with a label (chance levels). */
GN_API gn_status gn_figure_hline(gn_figure *fig, double y, const char *label, gn_error *err);
/** The matrix (rows, cols) as a heatmap with a colour bar; row 0 on top. Takes the whole figure. */
GN_API gn_status gn_figure_heatmap(gn_figure *fig, const double *value, size_t rows, size_t cols,
                                   const char *value_label, gn_error *err);
/** What the heatmap's rows and columns are called, in ticks and CSV, instead of 0, 1, 2, ...: the
 *  numbers of layers. @param row, col (rows), (cols) of the heatmap; copied. */
GN_API gn_status gn_figure_heatmap_numbers(gn_figure *fig, const int *row, const int *col,
                                           gn_error *err);
/** The same with words, e.g. features; those of columns stand upright below. Strings are copied. */
GN_API gn_status gn_figure_heatmap_names(gn_figure *fig, const char *const *row,
                                         const char *const *col, gn_error *err);

enum { GN_PANELS_MAX = 256 };
/** Small multiples: figures beside each other, row by row, each at its own size in cells of the
 *  largest, below one title. Their numbers get one more first column, the panel's title.
 *  @param title NULL: none. @param panel (n) figures, which belong to the sheet when GN_OK is returned.
 *  @return GN_OK; GN_EINVAL (no panels, more than GN_PANELS_MAX, a sheet among them); GN_ENOMEM. */
GN_API gn_status gn_figure_panels(const char *title, gn_figure *const *panel, size_t n,
                                  size_t columns, gn_figure **out, gn_error *err);

/** Whether gn_figure_write takes this file name, to be asked before the work that ends in a figure.
 *  @return GN_OK; GN_EINVAL (other extension: named). */
GN_API gn_status gn_figure_check_path(const char *path, gn_error *err);
/** Writes by extension: .png (200 dpi), .svg, .pdf; temporary name, then rename.
 *  @return GN_OK; GN_EINVAL (other extension: named); GN_EIO; GN_ENOMEM. Byte-identical between
 *          runs. */
GN_API gn_status gn_figure_write(const gn_figure *fig, const char *path, gn_error *err);
/** The same bytes into memory; free() the buffer. @param format "png", "svg" or "pdf". */
GN_API gn_status gn_figure_render(const gn_figure *fig, const char *format, unsigned char **bytes,
                                  size_t *n_bytes, gn_error *err);
/** The numbers behind the figure: series, x, y, lo, hi, where x is the name of a group of bars (or
 *  row, col, value; or group, x, y, z, value). */
GN_API gn_status gn_figure_write_csv(const gn_figure *fig, const char *path, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
