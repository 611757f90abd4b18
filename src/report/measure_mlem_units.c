/* MLEM of single units, and of layers reduced to their best units: is what a layer encodes spread
 * over all units, or kept in few? Ranks come from the units alone; the k best (with those that tie
 * with the last of them) are then measured together, for the published grid of k. */
#include "report/mlem.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "io/spec.h"
#include "math/stats.h"
#include "report/subset.h"

#include <math.h>
#include <string.h>

static const size_t grid[] = {2,  3,  4,  5,  6,   8,   11,  14,  17,  22,  28,  36,
                              45, 57, 73, 92, 117, 148, 187, 236, 299, 379, 479, 607};
enum { GRID = sizeof grid / sizeof *grid };

size_t gn_mlem_top_k(size_t g, size_t d) {
    return g < GRID && grid[g] < d ? grid[g] : d;
}

struct run {
    gn_ctx *ctx;
    const gn_reps *reps;
    const gn_mlem_design *design;
    const gn_features *features;
    const gn_measure_mlem_opts *opts;
    gn_result *result;
    size_t layer, d;
    gn_mlem_fit *fit;       /* (d) */
    gn_mlem_weight *weight; /* (d, f) */
    double *p;              /* (f, d) corrected over units */
};

static gn_status add(const struct run *r, const char *measure, const char *variant, double value,
                     double se, const char *note, gn_error *err) {
    return gn_layer_add(r->result, r->reps, r->opts->set, r->layer, measure, variant, value, se,
                        r->features->n, note, err);
}

static gn_status correct(const struct run *r, gn_error *err) {
    gn_status st = GN_OK;
    size_t f = r->features->n_features;
    for (size_t k = 0; k < f; k++) {
        for (size_t u = 0; u < r->d; u++) r->p[k * r->d + u] = r->weight[u * f + k].p;
        GN_TRY(gn_adjust_p(r->p + k * r->d, r->d, r->opts->correction, r->p + k * r->d, err));
    }
done:
    return st;
}

static gn_status add_unit(const struct run *r, size_t u, gn_error *err) {
    gn_status st;
    size_t f = r->features->n_features;
    const gn_mlem_fit *fit = &r->fit[u];
    GN_TRY(
        add(r, "r2", "unit", fit->r2, fit->r2_se, isnan(fit->r2) ? "a constant unit" : NULL, err));
    GN_TRY(gn_result_param_number(r->result, "unit", (double)u, err));
    for (size_t k = 0; k < f && !isnan(fit->r2); k++) {
        const gn_mlem_weight *w = &r->weight[u * f + k];
        GN_TRY(add(r, "pfi", "unit", w->pfi, w->pfi_se, NULL, err));
        GN_TRY(gn_result_param_number(r->result, "unit", (double)u, err));
        GN_TRY(gn_result_param_text(r->result, "feature", r->features->feature[k].name, err));
        GN_TRY(gn_result_param_number(r->result, "p", w->p, err));
        GN_TRY(gn_result_param_number(r->result, "p_corrected", r->p[k * r->d + u], err));
        GN_TRY(gn_result_param_number(r->result, "share", w->pfi / (2 * fit->y_var), err));
    }
done:
    return st;
}

/* What units are ranked by, smaller first; f columns: a feature's position, else r2, r, mse. */
static double key_of(const struct run *r, size_t u, size_t by) {
    const gn_mlem_fit *fit = &r->fit[u];
    size_t f = r->features->n_features;
    double key = by < f        ? -r->weight[u * f + by].pfi
                 : by == f     ? -fit->r2
                 : by == f + 1 ? -fit->r
                               : fit->mse;
    return isnan(key) ? HUGE_VAL : key;
}

static gn_status find_rank(const struct run *r, size_t *by, gn_error *err) {
    static const char *const own[] = {"r2", "r", "mse"};
    size_t f = r->features->n_features;
    gn_choices names = {0};
    for (*by = 0; *by < f + 3; ++*by) {
        const char *name = *by < f ? r->features->feature[*by].name : own[*by - f];
        if (strcmp(name, r->opts->top_units) == 0) return GN_OK;
        gn_choices_add(&names, name, strlen(name));
    }
    return gn_fail(err, GN_EINVAL, "best units by '%s': expected one of %s", r->opts->top_units,
                   names.text);
}

/* The layer's columns order[0 .. k), measured together. */
static gn_status measure_best(const struct run *r, const int32_t *order, size_t k, double *scratch,
                              gn_mlem_weight *weight, gn_error *err) {
    gn_status st;
    gn_mlem_fit fit;
    gn_error why = {0};
    gn_mat x = gn_reps_layer(r->reps, r->layer);
    double *row = scratch + x.rows * k;
    for (size_t i = 0; i < x.rows; i++) {
        const double *from = gn_mat_row_f64(x, i, row);
        for (size_t j = 0; j < k; j++) scratch[i * k + j] = from[order[j]];
    }
    gn_mlem_opts o = {.zscore = r->opts->fit.zscore, .ridge = r->opts->fit.ridge};
    st = gn_mlem_measure(r->ctx, r->design, gn_mat_f64(scratch, x.rows, k), &o, &fit, weight, &why);
    if (st == GN_EDATA) {
        GN_TRY(add(r, "r2", "top_k", (double)NAN, (double)NAN, why.message, err));
    } else if (st != GN_OK) {
        if (err) *err = why;
        goto done;
    } else {
        GN_TRY(add(r, "r2", "top_k", fit.r2, fit.r2_se, NULL, err));
    }
    GN_TRY(gn_result_param_number(r->result, "k", (double)k, err));
    GN_TRY(gn_result_param_text(r->result, "rank", r->opts->top_units, err));
done:
    return st;
}

static gn_status add_best(const struct run *r, gn_error *err) {
    gn_status st;
    size_t by, n = gn_reps_rows(r->reps), last = 0;
    double *key = NULL, *scratch = NULL;
    int32_t *order = NULL;
    gn_mlem_weight *weight = NULL;
    GN_TRY(find_rank(r, &by, err));
    GN_TRY(gn_alloc_array(&key, r->d, sizeof *key, "ranked units", err));
    GN_TRY(gn_alloc_array(&order, r->d, sizeof *order, "ranked units", err));
    GN_TRY(gn_alloc_array(&scratch, n + 1, r->d * sizeof *scratch, "the best units", err));
    GN_TRY(gn_alloc_array(&weight, r->features->n_features, sizeof *weight, "a fit", err));
    for (size_t u = 0; u < r->d; u++) key[u] = key_of(r, u, by);
    GN_TRY(gn_argsort_f64(key, r->d, order, err));
    for (size_t g = 0; last < r->d; g++) {
        size_t k = gn_mlem_top_k(g, r->d);
        while (k < r->d && key[order[k]] <= key[order[k - 1]]) k++; /* ties stay together */
        if (k <= last) continue;
        GN_TRY(gn_ctx_poll(r->ctx, err));
        GN_TRY(measure_best(r, order, k, scratch, weight, err));
        last = k;
    }
done:
    gn_free(key);
    gn_free(order);
    gn_free(scratch);
    gn_free(weight);
    return st;
}

gn_status gn_mlem_unit_rows(gn_ctx *ctx, const gn_reps *reps, const gn_mlem_design *design,
                            const gn_features *features, const gn_measure_mlem_opts *opts,
                            gn_result *result, gn_error *err) {
    gn_status st = GN_OK;
    struct run r = {ctx, reps, design, features, opts, result, 0, 0, NULL, NULL, NULL};
    for (; r.layer < gn_reps_layers(reps); r.layer++) {
        gn_mat x = gn_reps_layer(reps, r.layer);
        r.d = x.cols;
        GN_TRY(gn_alloc_array(&r.fit, r.d, sizeof *r.fit, "units", err));
        GN_TRY(
            gn_alloc_array(&r.weight, r.d, features->n_features * sizeof *r.weight, "units", err));
        GN_TRY(gn_alloc_array(&r.p, r.d, features->n_features * sizeof *r.p, "units", err));
        GN_TRY(gn_mlem_units(ctx, design, x, &opts->fit, r.fit, r.weight, err));
        GN_TRY(correct(&r, err));
        for (size_t u = 0; opts->units && u < r.d; u++) GN_TRY(add_unit(&r, u, err));
        if (opts->top_units) GN_TRY(add_best(&r, err));
        gn_free(r.fit);
        gn_free(r.weight);
        gn_free(r.p);
        r.fit = NULL;
        r.weight = NULL;
        r.p = NULL;
    }
done:
    gn_free(r.fit);
    gn_free(r.weight);
    gn_free(r.p);
    return st;
}
