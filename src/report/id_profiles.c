/* What the dimension's profile over layers says, for all sets of a result.
 *
 * Each layer's own best scale is the right one to quote for that layer, and the wrong one to draw:
 * a profile whose points look at 4 neighbours here and at 32 there mixes a change of layer with a
 * change of scale. So one scale is chosen for all layers of all sets: the interior one where the
 * curves are flattest on average over layers, |ln(D_(j+1) / D_(j-1))| / 2 smallest. A layer without
 * a curve (identical rows) has no say.
 *
 * From the two profiles, TwoNN and Gride at that scale, gn_id_choose_layer reads peak and
 * suggestion; where there is none, the row says why. */
#include "gonio/measure.h"

#include "report/measure_id.h"
#include "report/result.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double none = (double)NAN;

struct layer {
    const char *set;
    int number;
    double depth, twonn, gride;
    size_t scale[GN_ID_MAX_SCALES]; /* row of the scale n2 = 2^(j+1); SIZE_MAX: none */
};

static struct layer *find(struct layer *layer, size_t *n, const gn_measurement *m) {
    for (size_t i = 0; i < *n; i++)
        if (layer[i].number == m->layer && strcmp(layer[i].set, m->set) == 0) return &layer[i];
    struct layer *l = &layer[(*n)++];
    *l = (struct layer){m->set, m->layer, m->depth, none, none, {0}};
    for (size_t j = 0; j < GN_ID_MAX_SCALES; j++) l->scale[j] = SIZE_MAX;
    return l;
}

/* The layers in the order of their first rows, with their TwoNN value and Gride curve. */
static size_t collect(const gn_result *r, const char *variant, struct layer *layer) {
    size_t n = 0;
    for (size_t i = 0; i < r->n_rows; i++) {
        const gn_measurement *m = &r->row[i].m;
        if (m->layer < 0) continue;
        struct layer *l = find(layer, &n, m);
        if (strcmp(m->measure, "twonn") == 0 && strcmp(m->variant, variant) == 0)
            l->twonn = m->value;
        const gn_result_field *n2 = gn_result_row_param(r, i, "n2");
        if (strcmp(m->measure, "gride") != 0 || *m->variant || !n2 || !isfinite(m->value)) continue;
        size_t j = (size_t)lround(log2(n2->number)) - 1;
        if (j < GN_ID_MAX_SCALES) l->scale[j] = i;
    }
    return n;
}

size_t gn_common_scale(const double *dim, size_t n_layers, size_t n_scales) {
    size_t best = SIZE_MAX;
    double least = HUGE_VAL;
    for (size_t j = 0; j < n_scales; j++) {
        double sum = 0;
        size_t judged = 0, with_curve = 0, here = 0;
        for (size_t i = 0; i < n_layers; i++) {
            const double *d = dim + i * n_scales;
            bool interior = j > 0 && j + 1 < n_scales && isfinite(d[j - 1]) && isfinite(d[j + 1]);
            with_curve += isfinite(d[0]) != 0;
            here += isfinite(d[j]) != 0;
            if (!interior || !isfinite(d[j])) continue;
            sum += fabs(log(d[j + 1] / d[j - 1])) / 2;
            judged++;
        }
        if (with_curve == 0) return SIZE_MAX;
        if (here == with_curve && best == SIZE_MAX) best = j; /* curves too short to be judged */
        if (judged == with_curve && sum / (double)judged < least) {
            least = sum / (double)judged;
            best = j;
        }
    }
    return best;
}

/* The scale that all layers are given at; its j. */
static gn_status find_scale(const gn_result *r, const struct layer *layer, size_t n, size_t *out,
                            gn_error *err) {
    double *dim;
    gn_status st = gn_alloc_array(&dim, n, GN_ID_MAX_SCALES * sizeof *dim, "curves", err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < GN_ID_MAX_SCALES; j++)
            dim[i * GN_ID_MAX_SCALES + j] =
                layer[i].scale[j] == SIZE_MAX ? none : r->row[layer[i].scale[j]].m.value;
    *out = gn_common_scale(dim, n, GN_ID_MAX_SCALES);
    gn_free(dim);
    return GN_OK;
}

static gn_status add_common(gn_result *r, struct layer *layer, size_t n, gn_error *err) {
    static const char *const keys[] = {"n1", "n2", "scale"};
    gn_status st;
    size_t j = SIZE_MAX;
    GN_TRY(find_scale(r, layer, n, &j, err));
    for (size_t i = 0; j != SIZE_MAX && i < n; i++) {
        size_t row = layer[i].scale[j];
        if (row == SIZE_MAX) continue;
        gn_measurement m = r->row[row].m;
        m.variant = "common";
        layer[i].gride = m.value;
        GN_TRY(gn_result_add(r, &m, err));
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            GN_TRY(gn_result_param_number(r, keys[k], gn_result_row_param(r, row, keys[k])->number,
                                          err));
    }
done:
    return st;
}

static gn_status add_choice(gn_result *r, const struct layer *layer, size_t n, const char *variant,
                            size_t chosen, const char *why, const char *profile, gn_error *err) {
    gn_status st;
    bool found = chosen != SIZE_MAX;
    gn_measurement m = {.set = layer[0].set,
                        .layer = found ? layer[chosen].number : -1,
                        .depth = found ? layer[chosen].depth : none,
                        .measure = "layer_choice",
                        .variant = variant,
                        .value = found ? layer[chosen].number : none,
                        .se = none,
                        .n = (double)n,
                        .note = found ? NULL : why};
    GN_TRY(gn_result_add(r, &m, err));
    GN_TRY(gn_result_param_text(r, "profile", profile, err));
done:
    return st;
}

/* Peak and suggestion of one set's n layers. */
static gn_status choose(gn_result *r, const struct layer *layer, size_t n, bool gride,
                        const char *profile, gn_error *err) {
    gn_status st;
    double *depth = NULL;
    size_t peak = SIZE_MAX, suggested = SIZE_MAX, finite = 0;
    GN_TRY(gn_alloc_array(&depth, 2 * n, sizeof *depth, "a profile", err));
    double *dim = depth + n;
    for (size_t i = 0; i < n; i++) {
        depth[i] = layer[i].depth;
        dim[i] = gride ? layer[i].gride : layer[i].twonn;
        finite += isfinite(dim[i]) != 0;
    }
    if (finite >= 3) gn_id_choose_layer(depth, dim, n, &peak, &suggested);
    const char *why = finite < 3 ? "fewer than 3 layers with a value" : "no prominent peak";
    GN_TRY(add_choice(r, layer, n, "peak", peak, why, profile, err));
    if (peak != SIZE_MAX) why = "no minimum after the peak";
    GN_TRY(add_choice(r, layer, n, "suggested", suggested, why, profile, err));
done:
    gn_free(depth);
    return st;
}

gn_status gn_measure_id_profiles(gn_result *r, const gn_measure_id_opts *opts, gn_error *err) {
    gn_status st = GN_OK;
    struct layer *layer = NULL;
    char variant[32], profile[48];
    gn_twonn_variant(opts && opts->fraction > 0 && opts->fraction < 1 ? opts->fraction : 0.9,
                     variant);
    snprintf(profile, sizeof profile, "twonn %s", variant);
    GN_TRY(gn_alloc_array(&layer, r->n_rows, sizeof *layer, "a profile", err));
    size_t n = collect(r, variant, layer);
    GN_TRY(add_common(r, layer, n, err));
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && strcmp(layer[end].set, layer[i].set) == 0;) end++;
        if (end - i < 2) continue;
        GN_TRY(choose(r, layer + i, end - i, false, profile, err));
        GN_TRY(choose(r, layer + i, end - i, true, "gride common", err));
    }
done:
    gn_free(layer);
    return st;
}
