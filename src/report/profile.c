#include "report/profile.h"

#include "gonio/id.h"
#include "report/measure_id.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool of_set(const gn_profile *p, size_t row) {
    return strcmp(p->r->row[row].m.set, p->set) == 0;
}

static bool text_param_is(const gn_result *r, size_t row, const char *key, const char *value) {
    const gn_result_field *f = gn_result_row_param(r, row, key);
    return f && f->text && strcmp(f->text, value) == 0;
}

size_t gn_profile_row(const gn_profile *p, size_t i, const char *measure, const char *variant,
                      const char *key, const char *value) {
    for (size_t row = 0; row < p->r->n_rows; row++) {
        const gn_measurement *m = &p->r->row[row].m;
        if (m->layer == p->layer[i] && strcmp(m->measure, measure) == 0 &&
            strcmp(m->variant, variant) == 0 && of_set(p, row) &&
            (!key || text_param_is(p->r, row, key, value)))
            return row;
    }
    return SIZE_MAX;
}

static gn_point point_of(const gn_profile *p, size_t row) {
    if (row == SIZE_MAX) return gn_point_none;
    const gn_measurement *m = &p->r->row[row].m;
    return (gn_point){isfinite(m->value) ? m->value : (double)NAN,
                      isfinite(m->se) ? m->se : (double)NAN, m->n};
}

gn_point gn_profile_at(const gn_profile *p, size_t i, const char *measure, const char *variant,
                       const char *key, const char *value) {
    return point_of(p, gn_profile_row(p, i, measure, variant, key, value));
}

double gn_profile_number(const gn_profile *p, size_t row, const char *key) {
    const gn_result_field *f = row == SIZE_MAX ? NULL : gn_result_row_param(p->r, row, key);
    return f && !f->text ? f->number : (double)NAN;
}

gn_point gn_profile_pair(const gn_profile *p, const char *measure, size_t i, size_t j) {
    gn_point back = gn_point_none;
    for (size_t row = 0; row < p->r->n_rows; row++) {
        const gn_measurement *m = &p->r->row[row].m;
        if ((m->layer != p->layer[i] && m->layer != p->layer[j]) ||
            strcmp(m->measure, measure) != 0 || !of_set(p, row))
            continue;
        double other = gn_profile_number(p, row, "other_layer");
        if (m->layer == p->layer[i] && other == p->layer[j]) return point_of(p, row);
        if (m->layer == p->layer[j] && other == p->layer[i]) back = point_of(p, row);
    }
    return back;
}

bool gn_profile_has(const gn_profile *p, const char *measure, const char *variant) {
    for (size_t row = 0; row < p->r->n_rows; row++) {
        const gn_measurement *m = &p->r->row[row].m;
        if (strcmp(m->measure, measure) == 0 && isfinite(m->value) && of_set(p, row) &&
            (!variant || strcmp(m->variant, variant) == 0))
            return true;
    }
    return false;
}

size_t gn_profile_curve(const gn_profile *p, size_t i, const char *measure, const char *key,
                        double *x, gn_point *point, size_t room) {
    size_t n = 0;
    for (size_t row = 0; row < p->r->n_rows && n < room; row++) {
        const gn_measurement *m = &p->r->row[row].m;
        double at = gn_profile_number(p, row, key);
        if (m->layer != p->layer[i] || strcmp(m->measure, measure) != 0 || *m->variant ||
            isnan(at) || !of_set(p, row))
            continue;
        size_t k = n++;
        for (; k > 0 && x[k - 1] > at; k--) {
            x[k] = x[k - 1];
            point[k] = point[k - 1];
        }
        x[k] = at;
        point[k] = point_of(p, row);
    }
    return n;
}

/* ---- making it --------------------------------------------------------------------------------
 */

static int by_number(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static void find_layers(gn_profile *p) {
    size_t n = 0;
    for (size_t row = 0; row < p->r->n_rows; row++)
        if (of_set(p, row)) p->layer[n++] = p->r->row[row].m.layer;
    qsort(p->layer, n, sizeof *p->layer, by_number);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || p->layer[i] != p->layer[i - 1]) p->layer[p->n_layers++] = p->layer[i];
    for (size_t i = 0; i < p->n_layers; i++) {
        p->depth[i] = (double)NAN;
        for (size_t row = 0; row < p->r->n_rows && isnan(p->depth[i]); row++)
            if (p->r->row[row].m.layer == p->layer[i] && of_set(p, row))
                p->depth[i] = p->r->row[row].m.depth;
    }
}

static void find_labels(gn_profile *p) {
    p->overlap_k = (double)NAN;
    for (size_t row = 0; row < p->r->n_rows; row++) {
        const gn_measurement *m = &p->r->row[row].m;
        bool label = strcmp(m->measure, "label_overlap") == 0;
        if (!of_set(p, row) || (!label && strcmp(m->measure, "data_overlap") != 0)) continue;
        if (isnan(p->overlap_k)) p->overlap_k = gn_profile_number(p, row, "k");
        const gn_result_field *f = label ? gn_result_row_param(p->r, row, "label") : NULL;
        if (!f || !f->text) continue;
        size_t k = 0;
        while (k < p->n_labels && strcmp(p->label[k].name, f->text) != 0) k++;
        if (k == p->n_labels)
            p->label[p->n_labels++] = (gn_profile_label){f->text, (double)NAN, (double)NAN};
        if (strcmp(m->variant, "weighted") != 0) continue;
        if (isnan(p->label[k].chance)) p->label[k].chance = gn_profile_number(p, row, "chance");
        if (isnan(p->label[k].ceiling)) p->label[k].ceiling = gn_profile_number(p, row, "ceiling");
    }
}

/* The scale that each layer reports, and the layer that the TwoNN profile suggests. */
static gn_status choose(gn_profile *p, gn_error *err) {
    enum { SCALES = 64 };
    gn_status st;
    double *dim = NULL;
    size_t n = 0;
    GN_TRY(gn_alloc_array(&dim, 2 * p->n_layers, sizeof *dim, "a profile", err));
    double *depth = dim + p->n_layers;
    for (size_t i = 0; i < p->n_layers; i++) {
        double n2[SCALES], value[SCALES];
        gn_point point[SCALES];
        size_t n_scales = gn_profile_curve(p, i, "gride", "n2", n2, point, SCALES), kept = 0;
        for (size_t k = 0; k < n_scales; k++) {
            if (!(point[k].value > 0)) continue;
            value[kept] = point[k].value;
            point[kept] = point[k];
            n2[kept++] = n2[k];
        }
        size_t at = kept ? gn_id_flattest(value, kept) : 0;
        size_t reported = gn_profile_row(p, i, "gride", "reported", NULL, NULL);
        p->gride[i] = reported != SIZE_MAX ? point_of(p, reported)
                      : kept               ? point[at]
                                           : gn_point_none;
        p->gride_n2[i] = reported != SIZE_MAX ? gn_profile_number(p, reported, "n2")
                         : kept               ? n2[at]
                                              : (double)NAN;
        gn_point twonn = gn_profile_at(p, i, "twonn", "base_0.9", NULL, NULL);
        depth[i] = p->depth[i];
        dim[i] = twonn.value;
        n += isfinite(dim[i]) && isfinite(depth[i]);
    }
    p->peak = p->suggested = SIZE_MAX;
    if (n == p->n_layers && n >= 3) gn_id_choose_layer(depth, dim, n, &p->peak, &p->suggested);
done:
    gn_free(dim);
    return st;
}

/* The scale that the profile over layers is drawn at. */
static gn_status choose_common(gn_profile *p, gn_error *err) {
    gn_status st;
    double *dim = NULL, n2[GN_ID_MAX_SCALES];
    gn_point point[GN_ID_MAX_SCALES];
    GN_TRY(gn_alloc_array(&dim, p->n_layers, GN_ID_MAX_SCALES * sizeof *dim, "curves", err));
    for (size_t i = 0; i < p->n_layers * GN_ID_MAX_SCALES; i++) dim[i] = (double)NAN;
    for (size_t i = 0; i < p->n_layers; i++) {
        size_t n = gn_profile_curve(p, i, "gride", "n2", n2, point, GN_ID_MAX_SCALES);
        for (size_t k = 0; k < n; k++) {
            size_t j = (size_t)lround(log2(n2[k])) - 1;
            if (j < GN_ID_MAX_SCALES) dim[i * GN_ID_MAX_SCALES + j] = point[k].value;
        }
    }
    size_t best = gn_common_scale(dim, p->n_layers, GN_ID_MAX_SCALES);
    p->common_n2 = best == SIZE_MAX ? (double)NAN : ldexp(2, (int)best);
    for (size_t i = 0; i < p->n_layers; i++) {
        p->gride_common[i] = gn_point_none;
        size_t n = gn_profile_curve(p, i, "gride", "n2", n2, point, GN_ID_MAX_SCALES);
        for (size_t k = 0; k < n; k++)
            if (n2[k] == p->common_n2) p->gride_common[i] = point[k];
    }
done:
    gn_free(dim);
    return st;
}

gn_status gn_profile_make(const gn_result *r, gn_profile *out, gn_error *err) {
    gn_status st;
    if (r->n_rows == 0)
        return gn_fail(err, GN_EINVAL, "the result of '%s' has no rows to report", r->command);
    gn_profile p = {.r = r, .set = r->row[0].m.set};
    size_t n = r->n_rows;
    p.layer = gn_arena_alloc(&p.arena, n, sizeof *p.layer);
    p.depth = gn_arena_alloc(&p.arena, n, sizeof *p.depth);
    p.label = gn_arena_alloc(&p.arena, n, sizeof *p.label);
    p.gride = gn_arena_alloc(&p.arena, n, sizeof *p.gride);
    p.gride_n2 = gn_arena_alloc(&p.arena, n, sizeof *p.gride_n2);
    p.gride_common = gn_arena_alloc(&p.arena, n, sizeof *p.gride_common);
    if (!p.layer || !p.depth || !p.label || !p.gride || !p.gride_n2 || !p.gride_common) {
        st = gn_fail_nomem(err, "a profile", n * 5 * sizeof *p.depth);
        goto done;
    }
    find_layers(&p);
    find_labels(&p);
    GN_TRY(choose(&p, err));
    GN_TRY(choose_common(&p, err));
    *out = p;
    return GN_OK;
done:
    gn_profile_free(&p);
    return st;
}

void gn_profile_free(gn_profile *p) {
    gn_arena_free(&p->arena);
}
