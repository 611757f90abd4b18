/* Figures from rows: which rows make a line, and what stands on its axes. */
#ifndef GONIO_CLI_LINES_H
#define GONIO_CLI_LINES_H

#include "cli.h"

/** A parameter of a row and its value as text. */
typedef struct cli_param {
    const char *key, *text;
} cli_param;

/** The rows that a line takes, in their order. */
typedef struct cli_line {
    const char *set, *measure, *variant;
    int layer;          /**< or CLI_ANY_LAYER */
    cli_param where[3]; /**< parameters that rows must have; key NULL ends */
    const char *x;      /**< parameter on the x axis; NULL: relative depth */
    double x_factor;    /**< what it is multiplied by; 0: 1 */
    bool x_inverse;     /**< x_factor / parameter instead */
    const char *label;
    const char *const *absent; /**< NULL, or parameters that rows must not have, then NULL */
} cli_line;

enum { CLI_ANY_LAYER = -1 };

/** Draws the line with its 95 % band, value +- 1.96 standard errors, where rows have one. Nothing
 *  when no row matches. */
gn_status cli_draw_line(gn_figure *fig, gn_result *r, const cli_line *line, gn_error *err);

/** The same from chosen rows, each at its x; SIZE_MAX is a row that does not exist. */
gn_status cli_draw_rows(gn_figure *fig, const gn_result *r, const size_t *row, const double *x,
                        size_t n, const char *label, gn_error *err);

/** The first row of this kind (where NULL: with any parameters), or SIZE_MAX. */
size_t cli_find_row(gn_result *r, const char *set, int layer, const char *measure,
                    const char *variant, const cli_param *where);

#endif
