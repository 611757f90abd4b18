/* Scales and ticks.
 *
 * Ticks sit on multiples of 1, 2 or 5 times a power of ten, the finest such step that keeps their
 * number within what the axis has room for. A multiple is computed as i * step with integer i, so
 * that zero is exactly zero and errors do not add up along the axis; labels take their decimals
 * from the step, so that they agree with each other ("0.0, 0.5, 1.0"). */
#include "figure/scale.h"

#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MINUS "\xe2\x88\x92"

double gn_axis_place(const gn_axis *a, double value) {
    if (!isfinite(value) || (a->log && value <= 0)) return (double)NAN;
    if (a->log) return (log(value) - log(a->lo)) / (log(a->hi) - log(a->lo));
    return (value - a->lo) / (a->hi - a->lo);
}

void gn_axis_fit(gn_axis *a, double lo, double hi) {
    if (!(lo <= hi)) {
        lo = a->log ? 1 : 0;
        hi = a->log ? 10 : 1;
    }
    if (a->log) {
        double margin = hi > lo * (1 + 1e-9) ? 0.04 * log(hi / lo) : log(2);
        a->lo = lo * exp(-margin);
        a->hi = hi * exp(margin);
        return;
    }
    double margin = (hi - lo) * 0.04;
    double least = 1e-9 * fmax(fabs(lo), fabs(hi));
    if (margin <= least) margin = lo == 0 && hi == 0 ? 0.5 : fmax(0.05 * fabs(hi), least);
    if (a->whole && margin < 0.15) margin = 0.15;
    a->lo = lo - margin;
    a->hi = hi + margin;
}

/* 1, 2 or 5 times a power of ten; the smallest that is >= x. */
static double nice_step(double x) {
    double power = pow(10, floor(log10(x)));
    double f = x / power;
    return (f <= 1 + 1e-9 ? 1 : f <= 2 + 1e-9 ? 2 : f <= 5 + 1e-9 ? 5 : 10) * power;
}

static void set_label(gn_tick *t, const char *number) {
    const char *sign = *number == '-' ? MINUS : "";
    snprintf(t->label, sizeof t->label, "%s%s", sign, number + (*number == '-'));
}

/* "2.5" times ten to the `exponent`, the exponent raised. */
static void power_label(gn_tick *t, const char *mantissa, int exponent) {
    const char *sign = *mantissa == '-' ? MINUS : "";
    const char *digits = mantissa + (*mantissa == '-');
    bool bare = strcmp(digits, "1") == 0;
    snprintf(t->label, sizeof t->label, "%s%s%s10<span size=\"70%%\" rise=\"2600\">%s%d</span>",
             sign, bare ? "" : digits, bare ? "" : "\xc2\xb7", exponent < 0 ? MINUS : "",
             exponent < 0 ? -exponent : exponent);
}

static int decimals_of(double step) {
    int d = (int)-floor(log10(step) + 1e-9);
    return d < 0 ? 0 : d;
}

static size_t linear_ticks(const gn_axis *a, size_t n_max, gn_tick *out) {
    double slack = (a->hi - a->lo) * 1e-9;
    double step = nice_step((a->hi - a->lo) / (double)n_max);
    if (a->whole && step < 1) step = 1;
    double first, last;
    for (;; step = nice_step(step * 1.5)) {
        first = ceil((a->lo - slack) / step);
        last = floor((a->hi + slack) / step);
        if (last - first + 1 <= (double)n_max) break;
    }
    double largest = fmax(fabs(first), fabs(last)) * step;
    int exponent = largest > 0 ? (int)floor(log10(largest) + 1e-9) : 0;
    bool scientific = largest >= 99999.5 || (largest > 0 && step < 0.99e-4);
    double unit = scientific ? pow(10, exponent) : 1;
    size_t n = 0;
    for (double i = first; i <= last && n < GN_TICKS_MAX; i++, n++) {
        char number[GN_NUMBER_ROOM];
        out[n].value = i * step;
        gn_number_fixed(number, out[n].value / unit, decimals_of(step / unit));
        if (!scientific)
            set_label(&out[n], number);
        else if (i == 0)
            set_label(&out[n], "0");
        else
            power_label(&out[n], number, exponent);
    }
    return n;
}

static void log_label(gn_tick *t) {
    char number[GN_NUMBER_ROOM];
    int exponent = (int)floor(log10(t->value) + 1e-9);
    if (exponent >= -3 && exponent <= 4) {
        set_label(t, gn_number_text(number, t->value));
        return;
    }
    gn_number_text(number, round(t->value / pow(10, exponent) * 1e6) / 1e6);
    power_label(t, number, exponent);
}

/* Powers of `base`, every `stride`-th of them. */
static size_t power_ticks(const gn_axis *a, double base, size_t n_max, gn_tick *out) {
    double first = ceil(log(a->lo) / log(base) - 1e-9), last = floor(log(a->hi) / log(base) + 1e-9);
    double stride = fmax(1, ceil((last - first + 1) / (double)n_max));
    size_t n = 0;
    for (double i = ceil(first / stride) * stride; i <= last && n < GN_TICKS_MAX;
         i += stride, n++) {
        out[n].value = pow(base, i);
        log_label(&out[n]);
    }
    return n;
}

/* The mantissas of `set` in each decade. */
static size_t decade_ticks(const gn_axis *a, const double *set, size_t n_set, gn_tick *out) {
    size_t n = 0;
    for (double e = floor(log10(a->lo)); e <= log10(a->hi); e++)
        for (size_t k = 0; k < n_set && n < GN_TICKS_MAX; k++) {
            double v = e < 0 ? set[k] / pow(10, -e) : set[k] * pow(10, e); /* 0.3, not 3 x 0.1 */
            if (v < a->lo * (1 - 1e-9) || v > a->hi * (1 + 1e-9)) continue;
            out[n].value = v;
            log_label(&out[n++]);
        }
    return n;
}

size_t gn_axis_ticks(const gn_axis *a, size_t n_max, gn_tick out[GN_TICKS_MAX]) {
    static const double dense[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, middle[] = {1, 2, 5},
                        sparse[] = {1, 3};
    if (n_max < 2) n_max = 2;
    if (n_max > GN_TICKS_MAX - 1) n_max = GN_TICKS_MAX - 1;
    if (!a->log) return linear_ticks(a, n_max, out);
    if (a->binary) return power_ticks(a, 2, n_max, out);
    double decades = log10(a->hi / a->lo);
    if (decades < 0.5) return linear_ticks(a, n_max, out);
    size_t n = 0;
    if (decades < 1 && (n = decade_ticks(a, dense, 9, out)) <= n_max && n >= 2) return n;
    if (decades < 9 && (n = decade_ticks(a, middle, 3, out)) <= n_max && n >= 2) return n;
    if (decades < 9 && (n = decade_ticks(a, sparse, 2, out)) <= n_max && n >= 2) return n;
    n = power_ticks(a, 10, n_max, out);
    return n >= 2 ? n : linear_ticks(a, n_max, out);
}
