/* Tidy rows as an aligned table: the same rows as --csv and --json, rounded for reading. */
#define _POSIX_C_SOURCE 200809L
#include "rows.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 160 };
static const char *const params[] = {
    "other_set", "other_layer", "n1",      "n2",       "k",      "metric",  "label",
    "profile",   "repeats",     "scale",   "sd",       "chance", "p_value", "first_position",
    "repair",    "by",          "feature", "unit",     "file",   "bin",     "null",
    "eps",       "rank",        "dim",     "component"};
enum { N_PARAMS = sizeof params / sizeof *params, N_FIXED = 7, N_COLUMNS = N_FIXED + N_PARAMS };
static const char *const fixed[N_FIXED] = {"set",     "layer", "depth", "measure",
                                           "variant", "value", "n"};

static const char *head(int column) {
    return column < N_FIXED ? fixed[column] : params[column - N_FIXED];
}

/* A value with as many decimals as its standard error has meaning: two digits of the error. */
void cli_value(double value, double se, char *out, size_t n) {
    if (isnan(value))
        snprintf(out, n, "-");
    else if (se > 0 && isfinite(se)) {
        int decimals = 1 - (int)floor(log10(se));
        decimals = decimals < 0 ? 0 : decimals > 9 ? 9 : decimals;
        snprintf(out, n, "%.*f ± %.*f", decimals, value, decimals, se);
    } else if (value == floor(value) && fabs(value) < 1e15)
        snprintf(out, n, "%.0f", value);
    else
        snprintf(out, n, "%.5g", value);
}

static size_t shown_width(const char *text) {
    size_t n = 0;
    for (; *text; text++) n += (*text & 0xc0) != 0x80;
    return n;
}

static void cell(gn_result *r, size_t row, int column, char *out) {
    gn_measurement m = gn_result_at(r, row);
    switch (column) {
    case 0:
        snprintf(out, WIDTH, "%.60s", m.set ? m.set : "");
        return;
    case 1:
        snprintf(out, WIDTH, m.layer < 0 ? "-" : "%d", m.layer);
        return;
    case 2:
        if (isnan(m.depth))
            snprintf(out, WIDTH, "-");
        else
            snprintf(out, WIDTH, "%.3f", m.depth);
        return;
    case 3:
        snprintf(out, WIDTH, "%.60s", m.measure);
        return;
    case 4:
        snprintf(out, WIDTH, "%.40s", m.variant ? m.variant : "");
        return;
    case 5:
        cli_value(m.value, m.se, out, WIDTH);
        return;
    case 6:
        snprintf(out, WIDTH, "%.0f", m.n);
        return;
    default:
        break;
    }
    const char *value = gn_result_param(r, row, params[column - N_FIXED]);
    char *end;
    double x = value ? strtod(value, &end) : 0;
    if (!value)
        snprintf(out, WIDTH, "%s", "");
    else if (*value && !*end && x != floor(x))
        snprintf(out, WIDTH, "%.5g", x);
    else
        snprintf(out, WIDTH, "%.*s", strcmp(head(column), "file") == 0 ? WIDTH - 1 : 40, value);
}

int cli_print_rows(gn_result *r, bool csv, bool json) {
    gn_error err = {0};
    char *text = NULL;
    int status;
    if (csv || json) {
        status = (json ? gn_result_json : gn_result_csv)(r, &text, &err) == GN_OK
                     ? cli_print(text)
                     : cli_failed(&err);
        free(text);
        return status;
    }
    size_t n = gn_result_count(r), width[N_COLUMNS] = {0};
    char buf[WIDTH];
    size_t line_bytes = 1;
    for (int c = 0; c < N_COLUMNS; c++) {
        size_t bytes = strlen(head(c));
        for (size_t i = 0; i < n; i++) {
            cell(r, i, c, buf);
            size_t w = shown_width(buf);
            if (w > width[c]) width[c] = w;
            if (strlen(buf) > bytes) bytes = strlen(buf);
        }
        if (width[c]) line_bytes += 2 * bytes + 2; /* its own, and spaces for those it lacks */
    }
    size_t room = (n + 1) * line_bytes + 1, used = 0;
    text = malloc(room);
    if (!text) {
        err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: a table"};
        return cli_failed(&err);
    }
    for (size_t line = 0; line <= n; line++) {
        size_t pending = 0; /* spaces owed: none at the end of a line */
        for (int c = 0; c < N_COLUMNS; c++) {
            if (!width[c]) continue;
            size_t column = width[c] > strlen(head(c)) ? width[c] : strlen(head(c));
            if (line == 0)
                snprintf(buf, sizeof buf, "%s", head(c));
            else
                cell(r, line - 1, c, buf);
            bool right = c == 1 || c == 2 || c >= 6;
            size_t pad = column - shown_width(buf);
            if (*buf)
                used += (size_t)snprintf(text + used, room - used, "%*s%s",
                                         (int)(pending + (right ? pad : 0)), "", buf),
                    pending = right ? 0 : pad;
            else
                pending += column;
            pending += 2;
        }
        used += (size_t)snprintf(text + used, room - used, "\n");
    }
    status = cli_print(text);
    free(text);
    return status;
}
