/* Where a figure's texts lie: inside the canvas, apart from each other. */
#ifndef GN_TESTS_FIGURE_BOXES_H
#define GN_TESTS_FIGURE_BOXES_H

#include "figure/layout.h"

#include <stdio.h>

static inline bool inside(gn_box a, gn_box b, double slack) {
    return a.x0 >= b.x0 - slack && a.y0 >= b.y0 - slack && a.x1 <= b.x1 + slack &&
           a.y1 <= b.y1 + slack;
}

static inline bool apart(gn_box a, gn_box b) {
    return a.x1 <= b.x0 + 0.5 || b.x1 <= a.x0 + 0.5 || a.y1 <= b.y0 + 2.5 || b.y1 <= a.y0 + 2.5;
}

/** The number of texts, those of the legend included; *good is false (with a note that names the
 *  figure's `kind`) when one leaves the canvas or, where `crowded` is false, meets another. */
static inline size_t check_texts(gn_fonts *fonts, const gn_layout *l, int kind, bool crowded,
                                 bool *good) {
    gn_box canvas = {0, 0, l->width, l->height}, box[GN_TEXTS_MAX + GN_LEGEND_MAX];
    size_t n = 0;
    for (size_t i = 0; i < l->n_texts; i++) box[n++] = gn_text_box(fonts, &l->text[i]);
    for (size_t i = 0; i < l->n_legend; i++) box[n++] = gn_text_box(fonts, &l->legend[i].text);
    *good = true;
    for (size_t i = 0; i < n; i++) {
        bool fine = inside(box[i], canvas, 0.1);
        for (size_t j = 0; j < i && !crowded; j++) fine = fine && apart(box[i], box[j]);
        if (!fine)
            printf("# kind %d, text %zu of %zu: %g %g %g %g\n", kind, i, n, box[i].x0, box[i].y0,
                   box[i].x1, box[i].y1);
        *good = *good && fine;
    }
    return n;
}

#endif
