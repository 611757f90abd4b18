/* Figures about units: how well each is predicted alone, how many of the best suffice, and what the
 * kinds of units encode. */
#include "report/mlem_charts.h"

#include "base/mem.h"
#include "base/str.h"
#include "math/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_KINDS = 6, MOST_FEATURES = 64, MOST_LINES = 14 };
#define Z95 1.959963984540054

static bool is(const gn_measurement *m, int layer, const char *measure, const char *variant) {
    return m->layer == layer && strcmp(m->measure, measure) == 0 &&
           strcmp(m->variant ? m->variant : "", variant) == 0;
}

/* ---- over layers ------------------------------------------------------------------------------
 */

gn_status gn_mlem_draw_units(const gn_profile *p, gn_figure *fig, gn_error *err) {
    gn_status st;
    size_t n = p->n_layers;
    static const double q[] = {0.25, 0.5, 0.75, 1};
    double *value = NULL, *x = NULL, out[4];
    GN_TRY(gn_alloc_array(&value, p->r->n_rows, sizeof *value, "units", err));
    GN_TRY(gn_alloc_array(&x, 6 * n, sizeof *x, "units", err));
    double *lo = x + n, *median = lo + n, *hi = median + n, *best = hi + n, *all = best + n;
    for (size_t i = 0; i < n; i++) {
        size_t m = 0;
        for (size_t r = 0; r < p->r->n_rows; r++) {
            const gn_measurement *row = &p->r->row[r].m;
            if (is(row, p->layer[i], "r2", "unit") && isfinite(row->value)) value[m++] = row->value;
        }
        for (int k = 0; k < 4; k++) out[k] = (double)NAN;
        if (m) gn_quantiles(value, m, q, 4, out);
        x[i] = p->layer[i];
        lo[i] = out[0];
        median[i] = out[1];
        hi[i] = out[2];
        best[i] = out[3];
        all[i] = gn_profile_at(p, i, "r2", "", NULL, NULL).value;
    }
    const gn_series s[] = {{"median unit, middle half", n, x, median, lo, hi, -1},
                           {"best unit", n, x, best, NULL, NULL, -1},
                           {"all units", n, x, all, NULL, NULL, -1}};
    for (size_t k = 0; k < sizeof s / sizeof *s; k++) GN_TRY(gn_figure_line(fig, &s[k], err));
done:
    gn_free(value);
    gn_free(x);
    return st;
}

/* ---- over the number of units -----------------------------------------------------------------
 */

struct at {
    double k, r2;
};

static int compare_k(const void *x, const void *y) {
    double a = ((const struct at *)x)->k, b = ((const struct at *)y)->k;
    return (a > b) - (a < b);
}

/* A layer's R2 over k, ascending; how many there are. */
static size_t curve(const gn_profile *p, int layer, struct at *at) {
    size_t m = 0;
    for (size_t r = 0; r < p->r->n_rows; r++) {
        const gn_measurement *row = &p->r->row[r].m;
        double k = gn_profile_number(p, r, "k");
        if (is(row, layer, "r2", "top_k") && isfinite(row->value) && k > 0)
            at[m++] = (struct at){k, row->value};
    }
    qsort(at, m, sizeof *at, compare_k);
    return m;
}

/* A line a layer, at most MOST_LINES, evenly spread. */
gn_status gn_mlem_draw_top(const gn_profile *p, gn_figure *fig, gn_error *err) {
    gn_status st;
    struct at *at = NULL;
    double *x = NULL;
    size_t step = (p->n_layers + MOST_LINES - 1) / MOST_LINES;
    GN_TRY(gn_alloc_array(&at, p->r->n_rows, sizeof *at, "a curve", err));
    GN_TRY(gn_alloc_array(&x, 2 * p->r->n_rows, sizeof *x, "a curve", err));
    for (size_t i = (p->n_layers - 1) % step; i < p->n_layers; i += step) {
        char label[64];
        size_t m = curve(p, p->layer[i], at), best = 0;
        for (size_t t = 0; t < m; t++) {
            x[t] = at[t].k;
            x[m + t] = at[t].r2;
            if (at[t].r2 > at[best].r2) best = t;
        }
        if (!m) continue;
        snprintf(label, sizeof label, "layer %d: %g units", p->layer[i], at[best].k);
        gn_series s = {.label = label, .n = m, .x = x, .y = x + m, .color = -1};
        GN_TRY(gn_figure_line(fig, &s, err));
    }
done:
    gn_free(at);
    gn_free(x);
    return st;
}

/* ---- kinds ------------------------------------------------------------------------------------
 */

bool gn_mlem_kinds_layer(const gn_profile *p, int *layer) {
    double most = -HUGE_VAL;
    for (size_t i = 0; i < p->n_layers; i++) {
        double r2 = gn_profile_at(p, i, "r2", "", NULL, NULL).value;
        if (!(gn_profile_at(p, i, "unit_clusters", "", NULL, NULL).value > 0) || !(r2 > most))
            continue;
        most = r2;
        *layer = p->layer[i];
    }
    return isfinite(most);
}

struct kinds {
    size_t n, n_features;
    const char *feature[MOST_FEATURES];
    double value[MOST_FEATURES * MOST_KINDS], lo[MOST_FEATURES * MOST_KINDS],
        hi[MOST_FEATURES * MOST_KINDS], units[MOST_KINDS];
};

static void read_kinds(const gn_profile *p, int layer, struct kinds *k) {
    for (size_t r = 0; r < p->r->n_rows; r++) {
        const gn_measurement *m = &p->r->row[r].m;
        const gn_result_field *name = gn_result_row_param(p->r, r, "feature");
        size_t f = 0, c = (size_t)gn_profile_number(p, r, "cluster") - 1;
        if (!is(m, layer, "unit_cluster_share", "") || !name || !name->text || c >= MOST_KINDS)
            continue;
        while (f < k->n_features && strcmp(k->feature[f], name->text) != 0) f++;
        if (f == MOST_FEATURES) continue;
        if (f == k->n_features) k->feature[k->n_features++] = name->text;
        if (c >= k->n) k->n = c + 1;
        double half = isfinite(m->se) ? Z95 * m->se : 0;
        k->value[f * MOST_KINDS + c] = m->value;
        k->lo[f * MOST_KINDS + c] = m->value - half;
        k->hi[f * MOST_KINDS + c] = m->value + half;
        k->units[c] = m->n;
    }
}

gn_status gn_mlem_draw_kinds(const gn_profile *p, int layer, gn_figure *fig, gn_error *err) {
    gn_status st;
    struct kinds *k = gn_calloc(1, sizeof *k);
    char label[MOST_KINDS][48];
    const char *bar[MOST_KINDS];
    if (!k) return gn_fail_nomem(err, "kinds of units", sizeof *k);
    read_kinds(p, layer, k);
    double *const all[] = {k->value, k->lo, k->hi};
    for (int a = 0; a < 3; a++) /* rows of k->n instead of MOST_KINDS */
        for (size_t f = 0; f < k->n_features; f++)
            memmove(all[a] + f * k->n, all[a] + f * MOST_KINDS, k->n * sizeof(double));
    for (size_t c = 0; c < k->n; c++) {
        snprintf(label[c], sizeof label[c], "kind %zu: %g units", c + 1, k->units[c]);
        bar[c] = label[c];
    }
    gn_bars bars = {.n_groups = k->n_features,
                    .n_bars = k->n,
                    .group = k->feature,
                    .bar = bar,
                    .value = k->value,
                    .lo = k->lo,
                    .hi = k->hi};
    st = gn_figure_bars(fig, &bars, err);
    gn_free(k);
    return st;
}
