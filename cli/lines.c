#include "lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define Z95 1.959963984540054

static bool is_on(gn_result *r, size_t i, const cli_line *l) {
    gn_measurement m = gn_result_at(r, i);
    if (strcmp(m.set, l->set) != 0 || strcmp(m.measure, l->measure) != 0 ||
        strcmp(m.variant, l->variant) != 0 || (l->layer != CLI_ANY_LAYER && m.layer != l->layer))
        return false;
    if (!l->key) return true;
    const char *text = gn_result_param(r, i, l->key);
    return text && strcmp(text, l->text) == 0;
}

gn_status cli_draw_line(gn_figure *fig, gn_result *r, const cli_line *line, gn_error *err) {
    size_t room = gn_result_count(r) + 1, n = 0;
    bool any = false, bars = false;
    double *x = malloc(4 * room * sizeof *x), *y = x + room, *lo = y + room, *hi = lo + room;
    if (!x) {
        *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: a figure's points"};
        return GN_ENOMEM;
    }
    for (size_t i = 0; i + 1 < room; i++) {
        if (!is_on(r, i, line)) continue;
        gn_measurement m = gn_result_at(r, i);
        const char *at = line->x ? gn_result_param(r, i, line->x) : NULL;
        if (line->x && !at) continue;
        double factor = line->x_factor != 0 ? line->x_factor : 1;
        x[n] = !at ? m.depth : line->x_inverse ? factor / atof(at) : factor * atof(at);
        y[n] = m.value;
        lo[n] = m.value - Z95 * m.se;
        hi[n] = m.value + Z95 * m.se;
        any = any || isfinite(m.value);
        bars = bars || isfinite(lo[n]);
        n++;
    }
    gn_series s = {line->label, n, x, y, bars ? lo : NULL, bars ? hi : NULL, -1};
    gn_status st = any ? gn_figure_line(fig, &s, err) : GN_OK;
    free(x);
    return st;
}

size_t cli_find_row(const gn_result *r, const char *set, int layer, const char *measure,
                    const char *variant) {
    for (size_t i = 0; i < gn_result_count(r); i++) {
        gn_measurement m = gn_result_at(r, i);
        if ((layer == CLI_ANY_LAYER || m.layer == layer) && strcmp(m.set, set) == 0 &&
            strcmp(m.measure, measure) == 0 && strcmp(m.variant, variant) == 0)
            return i;
    }
    return SIZE_MAX;
}
