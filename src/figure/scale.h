/* From values to places on an axis, and where its ticks go. */
#ifndef GN_FIGURE_SCALE_H
#define GN_FIGURE_SCALE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct gn_axis {
    bool log;
    bool whole;    /**< all values are integers: no tick between them */
    bool binary;   /**< log, all values are powers of two: ticks 1, 2, 4, ... */
    double lo, hi; /**< finite, lo < hi; > 0 when log */
} gn_axis;

enum { GN_TICKS_MAX = 32, GN_TICK_LABEL = 80 };

typedef struct gn_tick {
    double value;
    char label[GN_TICK_LABEL]; /**< Pango markup; "" for an unlabelled (minor) tick */
} gn_tick;

/** Share of the axis' length at `value`: 0 at lo, 1 at hi; outside values go outside. NaN for what
 *  the axis cannot show (NaN, infinite, <= 0 on a log axis). */
double gn_axis_place(const gn_axis *a, double value);

/** At most `n_max` labelled ticks (n_max >= 2) inside [lo, hi], on 1-2-5 steps: 0.1, 0.2, 0.5 ...
 *  Minus signs are U+2212. @return how many entries of `out` were written. */
size_t gn_axis_ticks(const gn_axis *a, size_t n_max, gn_tick out[GN_TICKS_MAX]);

/** The range of an axis that shows values lo ... hi (lo > hi: there were none) with a margin. */
void gn_axis_fit(gn_axis *a, double lo, double hi);

#endif
