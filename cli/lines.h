/* Figures from rows: which rows make a line, and what stands on its axes. */
#ifndef GONIO_CLI_LINES_H
#define GONIO_CLI_LINES_H

#include "cli.h"

/** The rows that a line takes, in their order. */
typedef struct cli_line {
    const char *set, *measure, *variant;
    int layer;              /**< or CLI_ANY_LAYER */
    const char *key, *text; /**< a parameter that must have this value; key NULL: none */
    const char *x;          /**< parameter on the x axis; NULL: relative depth */
    double x_factor;        /**< what it is multiplied by; 0: 1 */
    bool x_inverse;         /**< x_factor / parameter instead */
    const char *label;
} cli_line;

enum { CLI_ANY_LAYER = -1 };

/** Draws the line with its 95 % band, value +- 1.96 standard errors, where rows have one. Nothing
 *  when no row matches. */
gn_status cli_draw_line(gn_figure *fig, gn_result *r, const cli_line *line, gn_error *err);

/** The first row of this kind, or SIZE_MAX. */
size_t cli_find_row(const gn_result *r, const char *set, int layer, const char *measure,
                    const char *variant);

#endif
