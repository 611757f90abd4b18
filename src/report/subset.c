/* Layers can be compared point by point only if all are measured on the same rows. Measures over
 * neighbours are quadratic in rows, so above max_rows one sample is drawn, from the context's seed
 * and a stream of its own: every command draws the same one. */
#include "report/subset.h"

#include "base/mem.h"
#include "base/random.h"
#include "report/result.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STREAM_ROWS = 0x726f7773 /* "rows": the stream that the survey draws from */ };

gn_status gn_subset_new(gn_ctx *ctx, const gn_reps *reps, size_t max_rows, gn_subset *out,
                        gn_error *err) {
    gn_status st = GN_OK;
    size_t rows = gn_reps_rows(reps);
    gn_subset s = {.n = rows};
    if (!max_rows) max_rows = 100000;
    if (rows < 3 || max_rows < 3) {
        st = gn_fail(err, GN_EINVAL,
                     "%s: %zu rows, at most %zu to be used; neighbour measures need at least 3",
                     gn_reps_name(reps), rows, max_rows);
        goto done;
    }
    if (rows > max_rows) {
        s.n = max_rows;
        GN_TRY(gn_alloc_array(&s.row, s.n, sizeof *s.row, "a sample of rows", err));
        gn_random r = gn_random_new(gn_ctx_seed(ctx), STREAM_ROWS);
        gn_random_subset(&r, rows, s.n, s.row);
        gn_ctx_log(ctx, GN_LOG_INFO, "%s: a seeded sample of %zu of %zu rows", gn_reps_name(reps),
                   s.n, rows);
    }
    *out = s;
done:
    return st;
}

void gn_subset_free(gn_subset *s) {
    gn_free(s->row);
    *s = (gn_subset){0};
}

gn_status gn_subset_rows(const gn_subset *s, gn_mat x, void **owner, gn_mat *view, gn_error *err) {
    *owner = NULL;
    *view = x;
    if (!s->row) return GN_OK;
    size_t size = gn_dtype_size(x.dtype), bytes = x.cols * size;
    char *copy;
    gn_status st = gn_alloc_array(&copy, s->n, bytes, "a sample of rows", err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < s->n; i++)
        memcpy(copy + i * bytes, (const char *)x.data + (size_t)s->row[i] * x.stride * size, bytes);
    *owner = copy;
    *view = (gn_mat){copy, s->n, x.cols, x.cols, x.dtype};
    return GN_OK;
}

gn_status gn_subset_labels(const gn_subset *s, const gn_labels *labels, gn_labels *out,
                           gn_error *err) {
    gn_labels l = {.n = s->n, .n_classes = labels->n_classes, .name = labels->name};
    gn_status st = gn_alloc_array(&l.code, s->n, sizeof *l.code, "labels", err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < s->n; i++) l.code[i] = labels->code[s->row ? (size_t)s->row[i] : i];
    *out = l;
    return GN_OK;
}

gn_status gn_subset_neighbors(gn_ctx *ctx, const gn_subset *s, const gn_reps *reps, size_t i,
                              size_t k, gn_neighbors **out, gn_error *err) {
    return gn_subset_neighbors_by(ctx, s, reps, i, k, GN_EUCLIDEAN, out, err);
}

gn_status gn_subset_neighbors_by(gn_ctx *ctx, const gn_subset *s, const gn_reps *reps, size_t i,
                                 size_t k, gn_metric metric, gn_neighbors **out, gn_error *err) {
    char task[160];
    int layer = (int)gn_reps_layer_index(reps, i);
    snprintf(task, sizeof task, "neighbors, %.100s layer %d", gn_reps_name(reps), layer);
    gn_knn_opts opts = {.k = k, .metric = metric, .task = task};
    if (!s->row) return gn_neighbors_of_layer(ctx, reps, i, &opts, out, NULL, err);
    void *owner;
    gn_mat x;
    gn_status st = gn_subset_rows(s, gn_reps_layer(reps, i), &owner, &x, err);
    if (st != GN_OK) return st;
    st = gn_knn_compute_distinct(ctx, x, &opts, out, err);
    if (st != GN_OK) gn_error_prefix(err, "%s, layer %d", gn_reps_name(reps), layer);
    gn_free(owner);
    return st;
}

gn_status gn_subset_neighbors_outside(gn_ctx *ctx, const gn_subset *s, const gn_reps *reps,
                                      size_t i, size_t k, const int32_t *group, gn_knn **out,
                                      gn_error *err) {
    char task[160];
    int layer = (int)gn_reps_layer_index(reps, i);
    snprintf(task, sizeof task, "neighbors outside of groups, %.100s layer %d", gn_reps_name(reps),
             layer);
    void *owner;
    gn_mat x;
    gn_status st = gn_subset_rows(s, gn_reps_layer(reps, i), &owner, &x, err);
    if (st != GN_OK) return st;
    st = gn_knn_compute(ctx, x, &(gn_knn_opts){.k = k, .task = task, .group = group}, out, err);
    if (st != GN_OK) gn_error_prefix(err, "%s, layer %d", gn_reps_name(reps), layer);
    gn_free(owner);
    return st;
}

bool gn_is_type_column(const gn_reps *reps, size_t c) {
    return strcmp(gn_reps_label_name(reps, c), "word") == 0;
}

const int32_t *gn_row_types(const gn_reps *reps) {
    for (size_t c = 0; c < gn_reps_label_count(reps); c++)
        if (gn_is_type_column(reps, c)) return gn_reps_labels(reps, c)->code;
    const int32_t *token = gn_reps_token_id(reps);
    return token && gn_reps_rows(reps) > 0 && token[0] >= 0 ? token : NULL;
}

gn_status gn_subset_column(const gn_subset *s, const int32_t *column, int32_t **out,
                           gn_error *err) {
    int32_t *copy = NULL;
    if (column) {
        gn_status st = gn_alloc_array(&copy, s->n, sizeof *copy, "a column of rows", err);
        if (st != GN_OK) return st;
        for (size_t i = 0; i < s->n; i++) copy[i] = column[s->row ? (size_t)s->row[i] : i];
    }
    *out = copy;
    return GN_OK;
}

gn_status gn_later_rows(const gn_reps *reps, int32_t **row, size_t *n_rows, gn_error *err) {
    const int32_t *position = gn_reps_position(reps);
    size_t rows = gn_reps_rows(reps), n = 0;
    int32_t *later = NULL;
    for (size_t i = 0; position && i < rows; i++) n += position[i] != 0;
    if (n > 0 && n < rows) {
        gn_status st = gn_alloc_array(&later, n, sizeof *later, "rows behind position 0", err);
        if (st != GN_OK) return st;
        for (size_t i = n = 0; i < rows; i++)
            if (position[i] != 0) later[n++] = (int32_t)i;
    }
    *row = later;
    *n_rows = later ? n : 0;
    return GN_OK;
}

gn_status gn_layer_add(gn_result *r, const gn_reps *reps, const char *set, size_t i,
                       const char *measure, const char *variant, double value, double se, size_t n,
                       const char *note, gn_error *err) {
    gn_measurement m = {.set = set ? set : gn_reps_name(reps),
                        .layer = (int)gn_reps_layer_index(reps, i),
                        .depth = gn_reps_depth(reps, i),
                        .measure = measure,
                        .variant = variant,
                        .value = value,
                        .se = se,
                        .n = (double)n,
                        .note = note};
    return gn_result_add(r, &m, err);
}

gn_status gn_spot_add(const gn_spot *at, const char *measure, const char *variant, double value,
                      double se, size_t n, const char *note, gn_error *err) {
    if (at->reps)
        return gn_layer_add(at->result, at->reps, at->set, at->layer, measure, variant, value, se,
                            n, note, err);
    gn_measurement m = {.set = at->set,
                        .layer = (int)at->layer,
                        .depth = at->depth,
                        .measure = measure,
                        .variant = variant,
                        .value = value,
                        .se = se,
                        .n = (double)n,
                        .note = note};
    return gn_result_add(at->result, &m, err);
}

gn_status gn_spot_param(const gn_spot *at, const char *key, double value, gn_error *err) {
    return gn_result_param_number(at->result, key, value, err);
}

gn_status gn_spot_settle(const gn_spot *at, gn_status st, const char *measure, const char *variant,
                         gn_error *why, gn_error *err) {
    if (st == GN_OK) {
        why->code = GN_OK;
        return GN_OK;
    }
    if (st == GN_EDATA || st == GN_EINVAL)
        return gn_spot_add(at, measure, variant, (double)NAN, (double)NAN, 0, why->message, err);
    if (err) *err = *why;
    return st;
}

static gn_status condition(gn_result *r, const char *key, double value, const char *set,
                           gn_error *err) {
    char of_set[256];
    for (size_t i = 0; i < r->n_conditions; i++)
        if (strcmp(r->condition[i].key, key) == 0 && r->condition[i].number != value) {
            snprintf(of_set, sizeof of_set, "%s (%.200s)", key, set);
            key = of_set;
            break;
        }
    return gn_result_set_number(r, key, value, err);
}

gn_status gn_subset_conditions(const gn_subset *s, const gn_reps *reps, const char *set, size_t k,
                               gn_result *r, gn_error *err) {
    gn_status st;
    if (!set) set = gn_reps_name(reps);
    GN_TRY(condition(r, "k", (double)k, set, err));
    GN_TRY(gn_result_set_text(r, "metric", gn_metric_name(GN_EUCLIDEAN), err));
    GN_TRY(condition(r, "rows", (double)gn_reps_rows(reps), set, err));
    GN_TRY(condition(r, "dims", (double)gn_reps_layer(reps, 0).cols, set, err));
    GN_TRY(condition(r, "rows_neighbors", (double)s->n, set, err));
done:
    return st;
}
