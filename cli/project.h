/* What `gonio project` shows: which rows, in which colours. */
#ifndef GONIO_CLI_PROJECT_H
#define GONIO_CLI_PROJECT_H

#include "cli.h"
#include "gonio/pca.h"

/** The rows that are projected. */
typedef struct cli_view {
    size_t layer; /**< its position among those of the set */
    size_t n;
    int32_t *row; /**< (n) row numbers; NULL: all */
    gn_mat x;     /**< (n, d) */
    float *copy;  /**< what x points to, where rows were chosen */
} cli_view;

/** All rows of a layer of `reps`, by its position, or those that `zoom` names: a list of rows
 * (row_list.h), or LABEL!=VALUE for all but those. Free with cli_view_free. */
gn_status cli_view_open(const gn_reps *reps, size_t layer, const char *zoom, cli_view *out,
                        gn_error *err);
void cli_view_free(cli_view *v);

typedef struct cli_picture {
    size_t dims;              /**< 2 or 3 */
    const char *color;        /**< NULL, "frequency", "kept", or a label */
    const char *highlight;    /**< NULL, or "a,b,c": values of the label, or tokens */
    const char *zoom, *title; /**< NULL: none; the set, the layer, the rows and the summary */
    const char *summary;      /**< what the map shows, e.g. "42.0 % of the variance" */
    char axis[3][64];
    const float *kept;      /**< (n) of the view, for color "kept"; NULL: a map that has none */
    bool panel;             /**< one of several beside each other: small, without axis labels */
    bool no_legend;         /**< which the sheet has */
    double low[2], high[2]; /**< ranges of the axes on paper; 0, 0: from the points */
} cli_picture;

/** Draws the first coordinates of xy (n, k). */
gn_status cli_picture_draw(const gn_reps *reps, const cli_view *view, const double *xy, size_t k,
                           const cli_picture *p, gn_figure **out, gn_error *err);

#endif
