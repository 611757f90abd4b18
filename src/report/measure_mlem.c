/* MLEM over all layers, as rows. All layers are measured first: p-values are corrected over layers
 * and features together, and a row must be complete when it is added. */
#include "gonio/measure.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "base/str.h"
#include "report/mlem.h"
#include "report/mlem_cache.h"
#include "report/subset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double none = (double)NAN;

struct run {
    const gn_reps *reps;
    gn_measure_mlem_opts opts;
    const gn_features *features;
    gn_result *result;
    size_t n_layers, f, layer;
    gn_mlem_fit *fit;       /* (n_layers) */
    gn_mlem_weight *weight; /* (n_layers, f) */
    double *p, *corrected;  /* (n_layers, f) */
    char (*note)[256];      /* (n_layers) why there is nothing, or "" */
};

static gn_status add(const struct run *r, const char *measure, double value, double se,
                     const char *note, gn_error *err) {
    return gn_layer_add(r->result, r->reps, r->opts.set, r->layer, measure, NULL, value, se,
                        r->features->n, note, err);
}

static gn_status number(const struct run *r, const char *key, double value, gn_error *err) {
    return gn_result_param_number(r->result, key, value, err);
}

static gn_status add_test(const struct run *r, size_t k, gn_error *err) {
    gn_status st = gn_result_param_text(r->result, "feature", r->features->feature[k].name, err);
    if (st == GN_OK) st = number(r, "p", r->p[r->layer * r->f + k], err);
    if (st == GN_OK) st = number(r, "p_corrected", r->corrected[r->layer * r->f + k], err);
    return st;
}

static gn_status add_bootstrap(const struct run *r, gn_interval i, gn_error *err) {
    gn_status st = GN_OK;
    if (!r->opts.fit.bootstrap) return st;
    GN_TRY(number(r, "se_bootstrap", i.se, err));
    GN_TRY(number(r, "ci_low", i.lo, err));
    GN_TRY(number(r, "ci_high", i.hi, err));
done:
    return st;
}

static gn_status add_folds(const struct run *r, const gn_mlem_fit *fit, gn_error *err) {
    gn_status st = GN_OK;
    const struct {
        const char *measure;
        double value, se;
    } rows[] = {
        {"r2", fit->r2_cv, fit->r2_cv_se}, {"r", fit->r_cv, none}, {"mse", fit->mse_cv, none}};
    for (size_t i = 0; r->opts.fit.folds && i < 3; i++) {
        GN_TRY(gn_layer_add(r->result, r->reps, r->opts.set, r->layer, rows[i].measure, "cv",
                            rows[i].value, rows[i].se, r->features->n, NULL, err));
        GN_TRY(number(r, "folds", (double)r->opts.fit.folds, err));
    }
done:
    return st;
}

const char *gn_mlem_constant(const gn_feature *feature) {
    return feature->n_levels < 2 ? "constant: no two rows differ in it"
                                 : "constant: any two rows differ in it alike";
}

static gn_status add_feature(const struct run *r, size_t k, double length, gn_error *err) {
    gn_status st;
    const gn_mlem_weight *w = &r->weight[r->layer * r->f + k];
    double most = 2 * r->fit[r->layer].y_var;
    const char *note = isnan(w->vif)         ? gn_mlem_constant(&r->features->feature[k])
                       : isinf(w->vif)       ? "depends on the other features"
                       : r->features->n < 30 ? "few rows: the errors are rough"
                                             : NULL;
    GN_TRY(add(r, "mlem_weight", w->weight, w->weight_se, note, err));
    GN_TRY(add_test(r, k, err));
    GN_TRY(number(r, "unit_weight", length > 0 ? w->weight / length : none, err));
    GN_TRY(add_bootstrap(r, w->weight_boot, err));
    GN_TRY(add(r, "pfi", w->pfi, w->pfi_se, note, err));
    GN_TRY(add_test(r, k, err));
    GN_TRY(number(r, "share", w->pfi / most, err));
    GN_TRY(add_bootstrap(r, w->pfi_boot, err));
    GN_TRY(add(r, "cpi", w->cpi, w->cpi_se, note, err));
    GN_TRY(add_test(r, k, err));
    GN_TRY(number(r, "share", w->cpi / most, err));
    GN_TRY(number(r, "vif", w->vif, err));
done:
    return st;
}

static gn_status add_layer(const struct run *r, gn_error *err) {
    gn_status st;
    const gn_mlem_fit *fit = &r->fit[r->layer];
    if (*r->note[r->layer]) return add(r, "r2", none, none, r->note[r->layer], err);
    double length = 0;
    for (size_t k = 0; k < r->f; k++)
        length += r->weight[r->layer * r->f + k].weight * r->weight[r->layer * r->f + k].weight;
    GN_TRY(add(r, "r2", fit->r2, fit->r2_se, NULL, err));
    GN_TRY(number(r, "n_pairs", fit->n_pairs, err));
    GN_TRY(add(r, "r", fit->r, none, isnan(fit->r) ? "all weights are 0" : NULL, err));
    GN_TRY(add(r, "mse", fit->mse, none, NULL, err));
    GN_TRY(add(r, "distance_variance", fit->y_var, none, NULL, err));
    GN_TRY(add(r, "mlem_intercept", fit->intercept, none, NULL, err));
    GN_TRY(add_folds(r, fit, err));
    for (size_t k = 0; k < r->f; k++) GN_TRY(add_feature(r, k, sqrt(length), err));
done:
    return st;
}

/* "num: categorical, 3 levels, categorical; freq: ..." */
static gn_status describe(const struct run *r, gn_error *err) {
    const gn_measure_mlem_opts *opts = &r->opts;
    static const char *const corrections[] = {"benjamini-hochberg", "holm", "none"};
    gn_status st;
    gn_str s = {0};
    char *text = NULL;
    for (size_t k = 0; k < r->f; k++) {
        const gn_feature *f = &r->features->feature[k];
        gn_str_addf(&s, "%s%s: %s, %zu levels, %zu missing, distance %s", k ? "; " : "", f->name,
                    gn_feature_kind_name(f->kind), f->n_levels, f->n_missing,
                    gn_feature_distance_name(f->distance));
    }
    GN_TRY(gn_str_take(&s, &text, err));
    GN_TRY(gn_result_set_text(r->result, "features", text, err));
    GN_TRY(gn_result_set_text(r->result, "target", "squared euclidean distance", err));
    GN_TRY(gn_result_set_text(r->result, "zscore", opts->fit.zscore ? "yes" : "no", err));
    GN_TRY(gn_result_set_number(r->result, "ridge", opts->fit.ridge, err));
    GN_TRY(gn_result_set_text(r->result, "test", opts->fit.permutations ? "permutation" : "wald",
                              err));
    GN_TRY(gn_result_set_number(r->result, "permutations", (double)opts->fit.permutations, err));
    GN_TRY(gn_result_set_number(r->result, "bootstrap", (double)opts->fit.bootstrap, err));
    GN_TRY(gn_result_set_text(r->result, "correction", corrections[opts->correction], err));
    GN_TRY(gn_result_set_number(r->result, "rows", (double)r->features->n, err));
done:
    gn_str_free(&s);
    gn_free(text);
    return st;
}

/* A layer's whole metric W: its entries on and below the diagonal. */
static gn_status add_metric(gn_ctx *ctx, const struct run *r, const gn_mlem_design *design,
                            gn_error *err) {
    gn_status st;
    gn_mlem_fit fit;
    double *w = NULL, length = 0;
    GN_TRY(gn_alloc_array(&w, r->f, r->f * sizeof *w, "a metric", err));
    GN_TRY(
        gn_mlem_metric(ctx, design, gn_reps_layer(r->reps, r->layer), &r->opts.fit, &fit, w, err));
    GN_TRY(gn_layer_add(r->result, r->reps, r->opts.set, r->layer, "r2", "metric", fit.r2, none,
                        r->features->n, NULL, err));
    GN_TRY(gn_layer_add(r->result, r->reps, r->opts.set, r->layer, "r", "metric", fit.r, none,
                        r->features->n, NULL, err));
    for (size_t e = 0; e < r->f * r->f; e++) length += w[e] * w[e];
    for (size_t k = 0; k < r->f; k++)
        for (size_t l = 0; l <= k; l++) {
            GN_TRY(add(r, "mlem_metric", w[k * r->f + l], none, NULL, err));
            GN_TRY(gn_result_param_text(r->result, "feature", r->features->feature[k].name, err));
            GN_TRY(gn_result_param_text(r->result, "other_feature", r->features->feature[l].name,
                                        err));
            GN_TRY(
                number(r, "unit_weight", length > 0 ? w[k * r->f + l] / sqrt(length) : none, err));
        }
done:
    gn_free(w);
    return st;
}

/* One layer, from the cache where it holds it. The design is made when first it is needed. */
static gn_status measure_layer(gn_ctx *ctx, const struct run *r, gn_mlem_design **design,
                               gn_mlem_weight *w, gn_error *err) {
    gn_status st;
    gn_mat x = gn_reps_layer(r->reps, r->layer);
    const char *cache = r->opts.cache;
    char key[GN_SHA256_HEX];
    bool found = false;
    if (cache) {
        GN_TRY(gn_mlem_key(ctx, r->features, x, &r->opts.fit, key, err));
        GN_TRY(gn_mlem_recall(cache, key, r->f, &r->fit[r->layer], w, &found, err));
    }
    if (found) return GN_OK;
    if (!*design) GN_TRY(gn_mlem_design_new(ctx, r->features, design, err));
    GN_TRY(gn_mlem_measure(ctx, *design, x, &r->opts.fit, &r->fit[r->layer], w, err));
    if (r->opts.n_measured) ++*r->opts.n_measured;
    if (cache) st = gn_mlem_keep(cache, key, r->f, &r->fit[r->layer], w, err);
done:
    return st;
}

static gn_status measure_layers(gn_ctx *ctx, struct run *r, gn_mlem_design **design,
                                gn_error *err) {
    gn_status st = GN_OK;
    for (r->layer = 0; r->layer < r->n_layers; r->layer++) {
        gn_mlem_weight *w = r->weight + r->layer * r->f;
        gn_error why = {0};
        gn_ctx_progress(ctx, "mlem", (double)r->layer, (double)r->n_layers, "layers");
        GN_TRY(gn_ctx_poll(ctx, err));
        st = measure_layer(ctx, r, design, w, &why);
        if (st == GN_EDATA && strstr(why.message, "equally far")) {
            snprintf(r->note[r->layer], sizeof *r->note, "%.250s", why.message);
            st = GN_OK;
        } else if (st != GN_OK) {
            if (err) *err = why;
            gn_error_prefix(err, "%s, layer %zu", gn_reps_name(r->reps),
                            gn_reps_layer_index(r->reps, r->layer));
            goto done;
        }
        for (size_t k = 0; k < r->f; k++)
            r->p[r->layer * r->f + k] = *r->note[r->layer]         ? none
                                        : r->opts.fit.permutations ? w[k].p_permutation
                                                                   : w[k].p;
    }
    gn_ctx_progress(ctx, "mlem", (double)r->n_layers, (double)r->n_layers, "layers");
done:
    return st;
}

gn_status gn_measure_mlem(gn_ctx *ctx, const gn_reps *reps, const gn_features *features,
                          const gn_measure_mlem_opts *opts, gn_result *result, gn_error *err) {
    gn_status st;
    gn_measure_mlem_opts o = opts ? *opts : (gn_measure_mlem_opts){0};
    gn_mlem_design *design = NULL;
    struct run r = {.reps = reps,
                    .opts = o,
                    .features = features,
                    .result = result,
                    .n_layers = gn_reps_layers(reps),
                    .f = features->n_features};
    if (gn_reps_rows(reps) != features->n)
        return gn_fail(err, GN_EINVAL,
                       "%s has %zu rows and the feature table %zu: expected one row a line, in the "
                       "same order%s",
                       gn_reps_name(reps), gn_reps_rows(reps), features->n,
                       gn_reps_rows(reps) > features->n && gn_reps_sequence(reps)
                           ? " (a set of tokens: extract with --pool first, last or mean)"
                           : "");
    size_t n_tests = r.n_layers * r.f;
    GN_TRY(gn_alloc_array(&r.fit, r.n_layers, sizeof *r.fit, "fits", err));
    GN_TRY(gn_alloc_array(&r.weight, n_tests, sizeof *r.weight, "fits", err));
    GN_TRY(gn_alloc_array(&r.p, n_tests, sizeof *r.p, "fits", err));
    GN_TRY(gn_alloc_array(&r.corrected, n_tests, sizeof *r.corrected, "fits", err));
    r.note = gn_calloc(r.n_layers, sizeof *r.note);
    if (!r.note) {
        st = gn_fail_nomem(err, "fits", r.n_layers * sizeof *r.note);
        goto done;
    }
    GN_TRY(describe(&r, err));
    GN_TRY(measure_layers(ctx, &r, &design, err));
    GN_TRY(gn_adjust_p(r.p, n_tests, o.correction, r.corrected, err));
    for (r.layer = 0; r.layer < r.n_layers; r.layer++) GN_TRY(add_layer(&r, err));
    if (!design && (o.interactions || o.units || o.top_units))
        GN_TRY(gn_mlem_design_new(ctx, features, &design, err));
    for (r.layer = 0; o.interactions && r.layer < r.n_layers; r.layer++)
        if (!*r.note[r.layer]) GN_TRY(add_metric(ctx, &r, design, err));
    if (o.units || o.top_units)
        GN_TRY(gn_mlem_unit_rows(ctx, reps, design, features, &o, result, err));
done:
    gn_mlem_design_free(design);
    gn_free(r.fit);
    gn_free(r.weight);
    gn_free(r.p);
    gn_free(r.corrected);
    gn_free(r.note);
    return st;
}
