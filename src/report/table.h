/* The survey's table as rows of text cells: printed in a terminal, and set in the report. */
#ifndef GN_REPORT_TABLE_H
#define GN_REPORT_TABLE_H

#include "base/str.h"
#include "report/profile.h"

typedef struct gn_sheet_column {
    const char *head, *sub; /**< two header lines */
    const char *title;      /**< what the column is, in full */
    const char *name;       /**< of a label column: its whole name, as it is; else NULL */
    const char **cell;      /**< (n_rows) */
} gn_sheet_column;

typedef struct gn_sheet {
    gn_arena arena;
    size_t n_rows, n_columns, n_measures; /**< the columns behind n_measures are labels */
    gn_sheet_column *column;
    const char *chance;     /**< one line on chance levels; "" when there are none */
    const char *suggestion; /**< one line on the suggested layer */
} gn_sheet;

gn_status gn_sheet_make(const gn_profile *p, gn_sheet *out, gn_error *err);
void gn_sheet_free(gn_sheet *t);

/** Moves a text into the sheet's arena; NULL without memory. */
const char *gn_sheet_keep(gn_sheet *t, gn_str *s);
/** Adds the sheet as aligned lines; columns that do not fit 120 characters go below each other,
 * each time with the first column in front. */
void gn_sheet_print(const gn_sheet *t, gn_str *s);

/** `value` with as many decimals as its error bar supports: two digits of the error when its first
 *  is 1, else one; three significant digits without an error bar. At most `most` decimals. "–" for
 *  NaN. With `show_se`, "value ± se". */
void gn_str_add_value(gn_str *s, gn_point point, int most, bool show_se);

#endif
