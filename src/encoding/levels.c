/* With P(v) = sum of in over one level, T = sum of all P:
 *
 *     categorical   out(v) = T - P(v)
 *     |x - x'|      levels ascend; with the sums C, Q of P and x P up to v, and their totals T, R:
 *                   out(v) = x (2 C - T) - (2 Q - R)
 *     (x - x')^2    out(v) = x^2 T - 2 x R + sum of x^2 P
 */
#include "encoding/levels.h"

#include <string.h>

static void apply_differ(size_t n, size_t w, const double *in, double *out, double *total) {
    memset(total, 0, w * sizeof *total);
    for (size_t v = 0; v < n; v++)
        for (size_t j = 0; j < w; j++) total[j] += in[v * w + j];
    for (size_t v = 0; v < n; v++)
        for (size_t j = 0; j < w; j++) out[v * w + j] = total[j] - in[v * w + j];
}

static void apply_absdiff(const double *x, size_t n, size_t w, const double *in, double *out,
                          double *scratch) {
    double *t = scratch, *r = t + w, *c = r + w, *q = c + w;
    memset(scratch, 0, GN_LEVELS_SCRATCH * w * sizeof *scratch);
    for (size_t v = 0; v < n; v++)
        for (size_t j = 0; j < w; j++) {
            t[j] += in[v * w + j];
            r[j] += x[v] * in[v * w + j];
        }
    for (size_t v = 0; v < n; v++)
        for (size_t j = 0; j < w; j++) {
            c[j] += in[v * w + j];
            q[j] += x[v] * in[v * w + j];
            out[v * w + j] = x[v] * (2 * c[j] - t[j]) - (2 * q[j] - r[j]);
        }
}

static void apply_squared(const double *x, size_t n, size_t w, const double *in, double *out,
                          double *scratch) {
    double *t = scratch, *r = t + w, *s = r + w;
    memset(scratch, 0, 3 * w * sizeof *scratch);
    for (size_t v = 0; v < n; v++)
        for (size_t j = 0; j < w; j++) {
            double p = in[v * w + j];
            t[j] += p;
            r[j] += x[v] * p;
            s[j] += x[v] * x[v] * p;
        }
    for (size_t v = 0; v < n; v++)
        for (size_t j = 0; j < w; j++) out[v * w + j] = x[v] * x[v] * t[j] - 2 * x[v] * r[j] + s[j];
}

void gn_levels_apply(const gn_feature *f, size_t w, const double *in, double *out,
                     double *scratch) {
    if (f->distance == GN_DIFFER)
        apply_differ(f->n_levels, w, in, out, scratch);
    else if (f->distance == GN_SQUARED)
        apply_squared(f->level_value, f->n_levels, w, in, out, scratch);
    else
        apply_absdiff(f->level_value, f->n_levels, w, in, out, scratch);
}

void gn_row_sums(const gn_feature *f, size_t n, const double *weight, const double *z, double *out,
                 double *scratch) {
    double *sum = scratch, *applied = sum + f->n_levels;
    memset(sum, 0, f->n_levels * sizeof *sum);
    for (size_t i = 0; i < n; i++)
        if (f->code[i] >= 0) sum[f->code[i]] += (weight ? weight[i] : 1) * (z ? z[i] : 1);
    gn_levels_apply(f, 1, sum, applied, applied + f->n_levels);
    for (size_t i = 0; i < n; i++) out[i] = f->code[i] >= 0 ? applied[f->code[i]] : 0;
}
