/* A layer's fit, importances and errors.
 *
 * Importances need no permutations. Permuting x_k makes it independent of everything with the same
 * variance, so the squared error rises by exactly
 *
 *     PFI_k = 2 w_k (c_k - sum over j != k of C_kj w_j),   2 w_k^2 (C_kk + ridge) at the optimum,
 *
 * and permuting only what the other features do not predict of x_k (its own variance V_k) by
 *
 *     CPI_k = 2 w_k^2 V_k = PFI_k / VIF_k without a ridge.
 *
 * A weight's error comes from its influence function with the features that have a weight; where
 * the weight is 0, from the fit in which it were free: that free weight over its error is the test
 * of "this feature is not encoded". */
#include "encoding/influence.h"
#include "encoding/small.h"
#include "encoding/totals.h"

#include <math.h>
#include <string.h>

struct fit {
    const gn_mlem_design *s;
    const gn_layer_sums *y;
    double ridge;            /* per pair */
    double *cov_y, *w;       /* (f) */
    double *pfi, *cpi, *vif; /* (f) */
    size_t *set, n_set;      /* features with a weight */
    double *a, *free, *tmp;  /* (f, f), (f), (f) */
    bool *skip;
    double *influence, *other; /* (n) */
};

static gn_status fit_new(const gn_mlem_design *s, const gn_layer_sums *y, struct fit *out,
                         gn_error *err) {
    gn_status st;
    size_t f = s->f;
    *out = (struct fit){.s = s, .y = y};
    GN_TRY(gn_alloc_array(&out->cov_y, f, sizeof(double), "a fit", err));
    GN_TRY(gn_alloc_array(&out->w, f, sizeof(double), "a fit", err));
    GN_TRY(gn_alloc_array(&out->pfi, 3 * f, sizeof(double), "a fit", err));
    out->cpi = out->pfi + f;
    out->vif = out->cpi + f;
    GN_TRY(gn_alloc_array(&out->set, f, sizeof(size_t), "a fit", err));
    GN_TRY(gn_alloc_array(&out->a, f, f * sizeof(double), "a fit", err));
    GN_TRY(gn_alloc_array(&out->free, f, sizeof(double), "a fit", err));
    GN_TRY(gn_alloc_array(&out->tmp, f, sizeof(double), "a fit", err));
    GN_TRY(gn_alloc_array(&out->skip, f, sizeof(bool), "a fit", err));
    GN_TRY(gn_alloc_array(&out->influence, s->n, sizeof(double), "a fit", err));
    GN_TRY(gn_alloc_array(&out->other, s->n, sizeof(double), "a fit", err));
done:
    return st;
}

static void fit_free(struct fit *t) {
    gn_free(t->cov_y);
    gn_free(t->w);
    gn_free(t->pfi);
    gn_free(t->set);
    gn_free(t->a);
    gn_free(t->free);
    gn_free(t->tmp);
    gn_free(t->skip);
    gn_free(t->influence);
    gn_free(t->other);
}

/* Least squares on the features of t->set, the last being `k`: its weight and influences. False
 * when k depends on the others. */
static bool free_weight(struct fit *t, size_t n_set, size_t at) {
    const gn_mlem_design *s = t->s;
    gn_small_take(s->cov, s->f, t->set, n_set, t->ridge, t->a);
    for (size_t i = 0; i < n_set; i++) t->free[i] = t->cov_y[t->set[i]];
    gn_small_factor(t->a, n_set, t->skip);
    gn_small_solve(t->a, n_set, t->skip, t->free);
    if (t->skip[at]) return false;
    gn_weight_influence(s, t->y, t->set, n_set, t->free, t->a, t->skip, at, t->tmp, t->influence);
    return true;
}

/* One feature; `at` is its place in t->set, or t->n_set, where it has just been put. */
static void one_weight(struct fit *t, size_t k, size_t at, gn_mlem_weight *out) {
    const gn_mlem_design *s = t->s;
    double w = t->w[k], variance = s->cov[k * s->f + k];
    *out = (gn_mlem_weight){.weight = w,
                            .weight_se = (double)NAN,
                            .p = (double)NAN,
                            .pfi = t->pfi[k],
                            .pfi_se = (double)NAN,
                            .cpi = t->cpi[k],
                            .cpi_se = (double)NAN,
                            .vif = t->vif[k],
                            .p_permutation = (double)NAN,
                            .weight_boot = {(double)NAN, (double)NAN, (double)NAN},
                            .pfi_boot = {(double)NAN, (double)NAN, (double)NAN}};
    if (!(variance > 0) || !free_weight(t, at < t->n_set ? t->n_set : t->n_set + 1, at)) return;
    double z = t->free[at];
    out->weight_se = gn_influence_se(t->influence, s->n);
    out->p = erfc(z / out->weight_se / sqrt(2)) / 2;
    if (!(w > 0)) return; /* importances have no slope there */
    gn_variance_influence(s, k, t->other);
    for (size_t i = 0; i < s->n; i++)
        t->other[i] = 4 * w * (variance + t->ridge) * t->influence[i] + 2 * w * w * t->other[i];
    out->pfi_se = gn_influence_se(t->other, s->n);
    for (size_t i = 0; i < s->n; i++)
        t->other[i] = 4 * w * s->own[k] * t->influence[i] + 2 * w * w * s->row_own[k * s->n + i];
    out->cpi_se = gn_influence_se(t->other, s->n);
}

gn_status gn_fit_sums(const gn_mlem_design *s, const gn_layer_sums *y, double ridge,
                      gn_mlem_fit *fit, gn_mlem_weight *weight, gn_error *err) {
    gn_status st;
    struct fit t;
    size_t f = s->f;
    GN_TRY(fit_new(s, y, &t, err));
    t.ridge = ridge / s->n_pairs;
    double mean = y->y / s->n_pairs, variance = y->yy / s->n_pairs - mean * mean;
    if (!(variance > 1e-14 * mean * mean)) {
        st = gn_fail(err, GN_EDATA,
                     "all %zu rows are equally far from each other: there is nothing "
                     "to predict",
                     s->n);
        goto done;
    }
    for (size_t k = 0; k < f; k++) t.cov_y[k] = y->xy[k] / s->n_pairs - s->mean[k] * mean;
    GN_TRY(gn_mlem_solve(s->cov, t.cov_y, f, t.ridge, t.w, err));
    GN_TRY(gn_mlem_importance(s->cov, t.cov_y, f, t.w, t.pfi, t.cpi, t.vif, err));
    double explained = 0, predicted = 0, b = mean;
    for (size_t k = 0; k < f; k++) {
        if (t.w[k] > 0) t.set[t.n_set++] = k;
        explained += t.w[k] * t.cov_y[k];
        b -= t.w[k] * s->mean[k];
        for (size_t l = 0; l < f; l++) predicted += t.w[k] * s->cov[k * f + l] * t.w[l];
    }
    gn_mlem_fit r = {.n_pairs = s->n_pairs, .intercept = b, .y_mean = mean, .y_var = variance};
    r.r2_cv = r.r2_cv_se = r.r_cv = r.mse_cv = (double)NAN;
    r.mse = variance - 2 * explained + predicted;
    r.r2 = 1 - r.mse / variance;
    r.r = predicted > 0 ? explained / sqrt(predicted * variance) : (double)NAN;
    gn_r2_influence(s, y, t.w, r.mse, variance, t.influence);
    r.r2_se = predicted > 0 ? gn_influence_se(t.influence, s->n) : (double)NAN;
    for (size_t k = 0; k < f; k++) {
        size_t at = 0;
        while (at < t.n_set && t.set[at] != k) at++;
        if (at == t.n_set && at < f) t.set[at] = k;
        one_weight(&t, k, at, &weight[k]);
    }
    *fit = r;
done:
    fit_free(&t);
    return st;
}

static gn_status check_opts(const gn_mlem_opts *opts, gn_error *err) {
    if (opts && !(opts->ridge >= 0 && isfinite(opts->ridge)))
        return gn_fail(err, GN_EINVAL, "ridge penalty %g: expected 0 or more", opts->ridge);
    return GN_OK;
}

gn_status gn_mlem_measure(gn_ctx *ctx, const gn_mlem_design *design, gn_mat x,
                          const gn_mlem_opts *opts, gn_mlem_fit *fit, gn_mlem_weight *weight,
                          gn_error *err) {
    gn_status st;
    gn_layer_view v = {0};
    gn_layer_sums sums = {0};
    gn_mlem_weight *w = NULL;
    gn_mlem_fit r;
    const gn_mlem_opts o = opts ? *opts : (gn_mlem_opts){0};
    double ridge = o.ridge / design->n_pairs;
    GN_TRY(check_opts(opts, err));
    GN_TRY(gn_alloc_array(&w, design->f, sizeof *w, "a fit", err));
    GN_TRY(gn_layer_view_new(ctx, x, o.zscore, &v, err));
    GN_TRY(gn_layer_sums_new(ctx, design, &v, &sums, err));
    GN_TRY(gn_fit_sums(design, &sums, o.ridge, &r, w, err));
    if (o.folds) GN_TRY(gn_mlem_folds(ctx, design, &v, &sums, ridge, o.folds, &r, err));
    if (o.bootstrap) GN_TRY(gn_mlem_bootstrap(ctx, design, &v, &sums, ridge, o.bootstrap, w, err));
    if (o.permutations)
        GN_TRY(gn_mlem_permute(ctx, design, &v, &sums, ridge, o.permutations, w, err));
    *fit = r;
    memcpy(weight, w, design->f * sizeof *w);
done:
    gn_free(w);
    gn_layer_sums_free(&sums);
    gn_layer_view_free(&v);
    return st;
}
