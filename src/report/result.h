/* Inside of a result, for the documents made from it. */
#ifndef GN_REPORT_RESULT_H
#define GN_REPORT_RESULT_H

#include "base/mem.h"
#include "gonio/result.h"

/** A condition or a parameter: text, or a number when text is NULL. */
typedef struct gn_result_field {
    const char *key, *text;
    double number;
} gn_result_field;

typedef struct gn_result_row {
    gn_measurement m;
    size_t first, n; /**< its parameters: param[first .. first + n) */
} gn_result_row;

struct gn_result {
    gn_arena arena; /**< all strings */
    const char *command;
    gn_result_field *condition;
    size_t n_conditions, room_conditions;
    gn_result_row *row;
    size_t n_rows, room_rows;
    gn_result_field *param; /**< of all rows, in row order */
    size_t n_params, room_params;
    char scratch[40]; /**< the number that gn_result_param last returned */
};

/** NULL when row i has no such parameter. */
const gn_result_field *gn_result_row_param(const gn_result *r, size_t i, const char *key);

#endif
