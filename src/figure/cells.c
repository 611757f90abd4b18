#include "figure/cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST_NAME = 110 }; /* points on paper; longer names end in an ellipsis */

gn_axis gn_cell_axis(size_t n) {
    return (gn_axis){.whole = true, .lo = -0.5, .hi = (double)n - 0.5};
}

size_t gn_cell_ticks(size_t n, const int *number, size_t n_max, gn_tick *out) {
    static const size_t factor[] = {2, 5, 10};
    size_t step = 1, power = 1, count = 0;
    if (n_max > GN_TICKS_MAX) n_max = GN_TICKS_MAX;
    for (size_t f = 0; (n + step - 1) / step > n_max; f++) {
        step = power * factor[f % 3];
        if (f % 3 == 2) power *= 10;
    }
    for (size_t i = 0; i < n; i += step) {
        int called = number ? number[i] : (int)i;
        out[count].value = (double)i;
        snprintf(out[count++].label, GN_TICK_LABEL, "%s%d", called < 0 ? "\xe2\x88\x92" : "",
                 abs(called));
    }
    return count;
}

gn_text gn_cell_text(const gn_tick *tick, const char *const *name, bool upright) {
    gn_text t = {.text = tick->label,
                 .markup = true,
                 .points = GN_PT_TICK,
                 .color = gn_ink,
                 .angle = upright};
    if (!name) return t;
    t.text = name[(size_t)tick->value];
    t.markup = false;
    t.max_width = LONGEST_NAME;
    return t;
}

double gn_cells_widest(gn_fonts *fonts, const gn_tick *tick, size_t n, const char *const *name) {
    double most = 0, w, h;
    for (size_t i = 0; i < n; i++) {
        const gn_text t = gn_cell_text(&tick[i], name, false);
        gn_text_measure(fonts, &t, &w, &h);
        most = fmax(most, w);
    }
    return most;
}
