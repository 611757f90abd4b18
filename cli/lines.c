#include "lines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define Z95 1.959963984540054

static gn_status out_of_memory(gn_error *err) {
    *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: a figure's points"};
    return GN_ENOMEM;
}

static bool is_on(gn_result *r, size_t i, const cli_line *l) {
    gn_measurement m = gn_result_at(r, i);
    if (strcmp(m.set, l->set) != 0 || strcmp(m.measure, l->measure) != 0 ||
        strcmp(m.variant, l->variant) != 0 || (l->layer != CLI_ANY_LAYER && m.layer != l->layer))
        return false;
    for (const char *const *key = l->absent; key && *key; key++)
        if (gn_result_param(r, i, *key)) return false;
    for (size_t k = 0; k < 3 && l->where[k].key; k++) {
        const char *text = gn_result_param(r, i, l->where[k].key);
        if (!text || strcmp(text, l->where[k].text) != 0) return false;
    }
    return true;
}

gn_status cli_draw_rows(gn_figure *fig, const gn_result *r, const size_t *row, const double *x,
                        size_t n, const char *label, gn_error *err) {
    bool any = false, bars = false;
    double *y = malloc((3 * n + 1) * sizeof *y);
    if (!y) return out_of_memory(err);
    double *lo = y + n, *hi = lo + n;
    for (size_t i = 0; i < n; i++) {
        gn_measurement m = {.value = (double)NAN, .se = (double)NAN};
        if (row[i] != SIZE_MAX) m = gn_result_at(r, row[i]);
        y[i] = m.value;
        lo[i] = m.value - Z95 * m.se;
        hi[i] = m.value + Z95 * m.se;
        any = any || isfinite(m.value);
        bars = bars || isfinite(lo[i]);
    }
    gn_series s = {label, n, x, y, bars ? lo : NULL, bars ? hi : NULL, -1};
    gn_status st = any ? gn_figure_line(fig, &s, err) : GN_OK;
    free(y);
    return st;
}

gn_status cli_draw_line(gn_figure *fig, gn_result *r, const cli_line *line, gn_error *err) {
    size_t count = gn_result_count(r), n = 0;
    double factor = line->x_factor != 0 ? line->x_factor : 1, *x = malloc((count + 1) * sizeof *x);
    size_t *row = malloc((count + 1) * sizeof *row);
    gn_status st = GN_OK;
    if (!x || !row) {
        st = out_of_memory(err);
        goto done;
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_on(r, i, line)) continue;
        const char *at = line->x ? gn_result_param(r, i, line->x) : NULL;
        if (line->x && !at) continue;
        x[n] = !at               ? gn_result_at(r, i).depth
               : line->x_inverse ? factor / atof(at)
                                 : factor * atof(at);
        row[n++] = i;
    }
    st = cli_draw_rows(fig, r, row, x, n, line->label, err);
done:
    free(x);
    free(row);
    return st;
}

size_t cli_find_row(gn_result *r, const char *set, int layer, const char *measure,
                    const char *variant, const cli_param *where) {
    cli_line line = {.set = set, .layer = layer, .measure = measure, .variant = variant};
    for (size_t k = 0; where && k < 3 && where[k].key; k++) line.where[k] = where[k];
    for (size_t i = 0; i < gn_result_count(r); i++)
        if (is_on(r, i, &line)) return i;
    return SIZE_MAX;
}
