/* One pass over the pairs of a layer, the regression on its sums, and both again without each tenth
 * of the rows.
 *
 * Rows, not pairs, are what a sample draws: a row left out takes all its pairs along, so the spread
 * over groups of rows is the error of a statistic of pairs. The range and the ranks of distances
 * are those of the rows that are left, as in another sample. Weights are fitted again, except in
 * the prediction that is ranked: its ranks jump where two sums of weights change places, a
 * jackknife takes a jump for a slope, and the error of a feature's fall came out 1.7 times the
 * scatter over data sets (with the weights of all rows: 0.8 to 1.0). */
#include "report/mlem_pass.h"

#include "base/mem.h"
#include "gonio/mlem.h"
#include "report/jackknife.h"

#include <math.h>

static const double none = (double)NAN;

struct gn_pass_errors {
    gn_jackknife jackknife;
    gn_pair_index *index[GN_GROUPS]; /* of the pairs without a group */
};

gn_status gn_pass_measure(gn_ctx *ctx, const gn_pair_index *index, gn_mat a,
                          const gn_pair_opts *opts, size_t f, const double *ranked_weight,
                          double *value, gn_error *unranked, gn_error *err) {
    gn_status st;
    gn_pair_sums *s = NULL;
    double *cov = NULL, *cov_y, explained = 0; /* (f, f), (f) */
    double *weight = value + gn_pass_at(GN_PASS_WEIGHT, 0, f),
           *drop = value + gn_pass_at(GN_PASS_DROP, 0, f),
           *pearson = value + gn_pass_at(GN_PASS_RSA_PEARSON, 0, f),
           *spearman = value + gn_pass_at(GN_PASS_RSA_SPEARMAN, 0, f);
    GN_TRY(gn_alloc_array(&cov, f * (f + 1), sizeof *cov, "moments", err));
    cov_y = cov + f * f;
    GN_TRY(gn_pair_sums_new(ctx, index, a, opts, &s, err));
    gn_pair_moments(index, s, NULL, cov, cov_y);
    GN_TRY(gn_mlem_solve(cov, cov_y, f, 0, weight, err));
    for (size_t i = 0; i < gn_pass_size(f); i++)
        if (i < gn_pass_at(GN_PASS_WEIGHT, 0, f) || i >= gn_pass_at(GN_PASS_PFI, 0, f))
            value[i] = none;
    gn_pair_rsa(index, s, pearson, opts->ranks ? spearman : NULL);
    for (size_t k = 0; k < f; k++) {
        double own = cov[k * f + k], others = 0;
        for (size_t j = 0; j < f; j++) others += j == k ? 0 : cov[k * f + j] * weight[j];
        explained += weight[k] * (2 * cov_y[k] - others - own * weight[k]);
        value[gn_pass_at(GN_PASS_OWN, k, f)] = own;
        value[gn_pass_at(GN_PASS_PFI, k, f)] =
            weight[k] > 0 ? 2 * weight[k] * (cov_y[k] - others) : 0;
        if (!(own > 0)) pearson[k] = spearman[k] = none;
    }
    value[GN_PASS_R2] = explained / s->variance;
    value[GN_PASS_VARIANCE] = s->variance;
    *unranked = (gn_error){.code = GN_OK};
    if (opts->ranks) {
        st = gn_pair_rank_test(index, s, ranked_weight ? ranked_weight : weight,
                               value + GN_PASS_SPEARMAN, drop, unranked);
        if (st != GN_OK && st != GN_EDATA) {
            if (err) *err = *unranked;
            goto done;
        }
        unranked->code = st;
        st = GN_OK;
    } else
        gn_fail(unranked, GN_EDATA, "numeric features have no patterns to be ranked");
done:
    gn_pair_sums_free(s);
    gn_free(cov);
    return st;
}

gn_status gn_pass_errors_new(gn_ctx *ctx, const gn_features *features, gn_pass_errors **out,
                             gn_error *err) {
    gn_status st;
    gn_pass_errors *e = NULL;
    GN_TRY(gn_alloc_array(&e, 1, sizeof *e, "errors over rows", err));
    *e = (gn_pass_errors){0};
    GN_TRY(gn_jackknife_new(ctx, features, &e->jackknife, err));
    for (size_t g = 0; g < GN_GROUPS; g++)
        GN_TRY(gn_pair_index_new(ctx, gn_jackknife_features(&e->jackknife, g), false, &e->index[g],
                                 err));
    *out = e;
    e = NULL;
done:
    gn_pass_errors_free(e);
    return st;
}

void gn_pass_errors_free(gn_pass_errors *e) {
    if (!e) return;
    gn_jackknife_free(&e->jackknife);
    for (size_t g = 0; g < GN_GROUPS; g++) gn_pair_index_free(e->index[g]);
    gn_free(e);
}

gn_status gn_pass_errors_of(gn_ctx *ctx, gn_pass_errors *e, gn_mat a, const gn_pair_opts *opts,
                            const double *ranked_weight, double *se, gn_error *err) {
    gn_status st;
    size_t f = e->jackknife.features->n_features, n = gn_pass_size(f);
    float *room = NULL;
    double *theta = NULL; /* (GN_GROUPS, n) */
    gn_error why = {0};
    GN_TRY(gn_alloc_array(&room, a.rows, a.cols * sizeof *room, "rows", err));
    GN_TRY(gn_alloc_array(&theta, GN_GROUPS * n, sizeof *theta, "estimates", err));
    for (size_t g = 0; g < GN_GROUPS; g++) {
        gn_error unranked;
        gn_mat rest = gn_jackknife_rows(&e->jackknife, a, g, room);
        st = gn_pass_measure(ctx, e->index[g], rest, opts, f, ranked_weight, theta + g * n,
                             &unranked, &why);
        if (st == GN_EDATA) { /* nothing is left to measure, and no error of anything */
            for (size_t i = 0; i < n; i++) theta[g * n + i] = none;
        } else if (st != GN_OK) {
            if (err) *err = why;
            goto done;
        }
    }
    st = GN_OK;
    for (size_t i = 0; i < n; i++) se[i] = gn_jackknife_se(theta, n, i);
done:
    gn_free(room);
    gn_free(theta);
    return st;
}
