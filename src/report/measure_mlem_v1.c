/* The first MLEM pipeline over all layers, as rows. Importances that are not significant have no
 * value, as in the published tables; their p says so. */
#include "gonio/mlem_report.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "gonio/io.h"
#include "report/mlem.h"
#include "report/subset.h"

#include <math.h>
#include <string.h>

static const double none = (double)NAN;

struct run {
    gn_ctx *ctx;
    const gn_reps *reps;
    const gn_features *features;
    gn_measure_v1_opts opts;
    gn_result *result;
    const gn_v1 *v1;
    size_t layer;
    float *scaled; /* the layer's units divided by their deviations, or NULL */
};

static gn_status add(const struct run *r, const char *measure, const char *variant, double value,
                     double se, const char *note, gn_error *err) {
    return gn_layer_add(r->result, r->reps, r->opts.set, r->layer, measure, variant, value, se,
                        r->features->n, note, err);
}

static gn_status add_importance(const struct run *r, const gn_v1_importance *fi, size_t k,
                                gn_error *err) {
    gn_status st;
    bool shown = fi->p <= r->opts.alpha;
    GN_TRY(add(r, "v1_importance", r->opts.v1.conditional ? "conditional" : "permutation",
               shown ? fi->importance : none, fi->std, shown ? NULL : "p above alpha", err));
    GN_TRY(gn_result_param_text(r->result, "feature", r->features->feature[k].name, err));
    GN_TRY(gn_result_param_number(r->result, "p", fi->p, err));
    GN_TRY(gn_result_param_number(r->result, "importance", fi->importance, err));
    GN_TRY(gn_result_param_number(r->result, "weight", fi->weight, err));
done:
    return st;
}

static gn_status whole_layer(const struct run *r, gn_mat a, gn_error *err) {
    gn_status st;
    gn_v1_score s;
    gn_v1_importance *fi = NULL;
    GN_TRY(gn_alloc_array(&fi, r->features->n_features, sizeof *fi, "importances", err));
    GN_TRY(gn_v1_measure(r->ctx, r->v1, a, &s, fi, err));
    GN_TRY(add(r, "v1_r2", "", s.r2, none, NULL, err));
    GN_TRY(gn_result_param_number(r->result, "alpha_1", s.alpha[0], err));
    GN_TRY(gn_result_param_number(r->result, "alpha_2", s.alpha[1], err));
    GN_TRY(add(r, "v1_r", "", s.r, none, isnan(s.r) ? "all weights are 0" : NULL, err));
    GN_TRY(add(r, "v1_mse", "", s.mse, none, NULL, err));
    GN_TRY(add(r, "v1_mae", "", s.mae, none, NULL, err));
    for (size_t k = 0; k < r->features->n_features; k++) GN_TRY(add_importance(r, &fi[k], k, err));
done:
    gn_free(fi);
    return st;
}

/* A row a unit: its R2, and the feature that matters most to it. */
static gn_status units(const struct run *r, gn_mat a, gn_error *err) {
    gn_status st;
    gn_v1_score *s = NULL;
    gn_v1_importance *fi = NULL;
    size_t f = r->features->n_features;
    GN_TRY(gn_alloc_array(&s, a.cols, sizeof *s, "scores of units", err));
    GN_TRY(gn_alloc_array(&fi, a.cols * f, sizeof *fi, "importances of units", err));
    GN_TRY(gn_v1_univariate(r->ctx, r->v1, a, s, fi, err));
    for (size_t u = 0; u < a.cols; u++) {
        size_t best = 0;
        for (size_t k = 1; k < f; k++)
            if (fi[u * f + k].importance > fi[u * f + best].importance) best = k;
        GN_TRY(
            add(r, "v1_unit_r2", "", s[u].r2, none, isnan(s[u].r2) ? "constant unit" : NULL, err));
        GN_TRY(gn_result_param_number(r->result, "unit", (double)u, err));
        GN_TRY(gn_result_param_text(r->result, "feature", r->features->feature[best].name, err));
        GN_TRY(gn_result_param_number(r->result, "importance", fi[u * f + best].importance, err));
    }
done:
    gn_free(s);
    gn_free(fi);
    return st;
}

static gn_status decoding(const struct run *r, gn_mat a, gn_error *err) {
    gn_status st;
    gn_decoding *d = NULL;
    gn_decoding_opts o = {.decoder = GN_DECODE_LOGISTIC, .missing_class = true};
    GN_TRY(gn_alloc_array(&d, r->features->n_features, sizeof *d, "areas", err));
    GN_TRY(gn_decode(r->ctx, a, r->features, &o, d, NULL, err));
    for (size_t k = 0; k < r->features->n_features; k++) {
        GN_TRY(add(r, "decoding_auc", "logistic", d[k].auc, d[k].sem,
                   isnan(d[k].auc) ? "one class only" : NULL, err));
        GN_TRY(gn_result_param_text(r->result, "feature", r->features->feature[k].name, err));
        GN_TRY(gn_result_param_number(r->result, "p", d[k].p, err));
        GN_TRY(gn_result_param_number(r->result, "n_classes", (double)d[k].n_classes, err));
    }
done:
    gn_free(d);
    return st;
}

gn_status gn_mlem_zscore(gn_mat *a, float **room, gn_error *err) {
    gn_status st;
    size_t n = a->rows, d = a->cols;
    double *sum = NULL;
    if (!*room) GN_TRY(gn_alloc_array(room, n, d * sizeof **room, "scaled units", err));
    GN_TRY(gn_alloc_array(&sum, 2 * d, sizeof *sum, "deviations", err));
    memset(sum, 0, 2 * d * sizeof *sum);
    for (int squares = 0; squares < 2; squares++)
        for (size_t i = 0; i < n; i++) {
            const float *x = gn_mat_row_f32(*a, i, *room + i * d);
            for (size_t u = 0; u < d; u++) {
                double off = (double)x[u] - (squares ? sum[u] : 0);
                (squares ? sum + d : sum)[u] += squares ? off * off / (double)n : off / (double)n;
            }
        }
    for (size_t i = 0; i < n; i++) {
        float *to = *room + i * d;
        const float *x = gn_mat_row_f32(*a, i, to);
        for (size_t u = 0; u < d; u++)
            to[u] = sum[d + u] > 0 ? (float)(((double)x[u] - sum[u]) / sqrt(sum[d + u])) : 0;
    }
    *a = gn_mat_f32(*room, n, d);
done:
    gn_free(sum);
    return st;
}

static gn_status measure_layer(struct run *r, gn_error *err) {
    gn_status st = GN_OK;
    gn_mat a = gn_reps_layer(r->reps, r->layer);
    if (r->opts.zscore) GN_TRY(gn_mlem_zscore(&a, &r->scaled, err));
    GN_TRY(whole_layer(r, a, err));
    if (r->opts.decode) GN_TRY(decoding(r, a, err));
    if (r->opts.units) GN_TRY(units(r, a, err));
done:
    return st;
}

static gn_status conditions(const struct run *r, gn_error *err) {
    gn_status st;
    const gn_v1_opts *o = &r->opts.v1;
    GN_TRY(gn_result_set_text(r->result, "compat", "mlem-v1", err));
    GN_TRY(gn_result_set_text(r->result, "metric", gn_pair_metric_name(o->metric), err));
    GN_TRY(gn_result_set_text(r->result, "min_max", o->no_min_max ? "no" : "yes", err));
    GN_TRY(gn_result_set_text(r->result, "conditional", o->conditional ? "yes" : "no", err));
    GN_TRY(gn_result_set_text(r->result, "zscore", r->opts.zscore ? "yes" : "no", err));
    GN_TRY(gn_result_set_number(r->result, "alpha", r->opts.alpha, err));
    GN_TRY(gn_result_set_text(r->result, "caution",
                              "pairs count as independent: p-values and errors are too small",
                              err));
done:
    return st;
}

gn_status gn_measure_mlem_v1(gn_ctx *ctx, const gn_reps *reps, const gn_features *features,
                             const gn_measure_v1_opts *opts, gn_result *result, gn_error *err) {
    gn_status st;
    gn_v1 *v1 = NULL;
    struct run r = {.ctx = ctx, .reps = reps, .features = features, .result = result};
    size_t layers = gn_reps_layers(reps);
    if (opts) r.opts = *opts;
    if (!(r.opts.alpha > 0)) r.opts.alpha = 0.01;
    if (gn_reps_rows(reps) != features->n)
        return gn_fail(err, GN_EINVAL, "%s has %zu rows and the feature table %zu",
                       gn_reps_name(reps), gn_reps_rows(reps), features->n);
    GN_TRY(conditions(&r, err));
    GN_TRY(gn_v1_new(ctx, features, &r.opts.v1, &v1, err));
    r.v1 = v1;
    for (r.layer = 0; r.layer < layers; r.layer++) {
        gn_error why = {0};
        gn_ctx_progress(ctx, "mlem v1", (double)r.layer, (double)layers, "layers");
        GN_TRY(gn_ctx_poll(ctx, err));
        GN_TRY(gn_mat_check_finite(gn_reps_layer(reps, r.layer), gn_reps_name(reps), err));
        st = measure_layer(&r, &why);
        if (st == GN_EDATA) { /* finite, but without distances to speak of */
            GN_TRY(add(&r, "v1_r2", "", none, none, why.message, err));
        } else if (st != GN_OK) {
            if (err) *err = why;
            gn_error_prefix(err, "%s, layer %zu", gn_reps_name(reps),
                            gn_reps_layer_index(reps, r.layer));
            goto done;
        }
    }
    gn_ctx_progress(ctx, "mlem v1", (double)layers, (double)layers, "layers");
done:
    gn_v1_free(v1);
    gn_free(r.scaled);
    return st;
}
