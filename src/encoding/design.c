/* The half of MLEM that only knows the features: means and covariances of their distances over all
 * pairs, and the row sums behind them. Computed once for all layers. */
#include "encoding/influence.h"
#include "encoding/levels.h"
#include "encoding/sums.h"
#include "math/stats.h"

#include <string.h>

/* Block b: the product of the features at place b of the triangle. */
static gn_status pair_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker;
    gn_mlem_design *s = user;
    const gn_feature *f = s->features->feature;
    size_t k = 0, l = block;
    while (l > k) l -= ++k;
    double *row = s->row_xx + block * s->n;
    gn_status st = gn_product_row_sums(&f[k], &f[l], s->n, NULL, row, err);
    if (st != GN_OK) return st;
    s->cov[k * s->f + l] = s->cov[l * s->f + k] = gn_sum(row, s->n) / 2 / s->n_pairs;
    return GN_OK;
}

static gn_status means(gn_mlem_design *s, gn_error *err) {
    double *scratch = NULL;
    size_t most = 0;
    for (size_t k = 0; k < s->f; k++)
        if (s->features->feature[k].n_levels > most) most = s->features->feature[k].n_levels;
    gn_status st = gn_alloc_array(&scratch, 2 * most + GN_LEVELS_SCRATCH, sizeof *scratch,
                                  "sums over pairs", err);
    for (size_t k = 0; st == GN_OK && k < s->f; k++) {
        double *row = s->row_x + k * s->n;
        gn_row_sums(&s->features->feature[k], s->n, NULL, NULL, row, scratch);
        s->mean[k] = gn_sum(row, s->n) / 2 / s->n_pairs;
    }
    gn_free(scratch);
    return st;
}

gn_status gn_mlem_design_new(gn_ctx *ctx, const gn_features *features, gn_mlem_design **out,
                             gn_error *err) {
    gn_status st = GN_OK;
    size_t n = features->n, f = features->n_features, n_products = f * (f + 1) / 2;
    gn_mlem_design *s = NULL;
    if (n < 3 || f < 1)
        return gn_fail(err, GN_EINVAL,
                       "MLEM of %zu features over %zu rows: expected at least one "
                       "feature and 3 rows",
                       f, n);
    s = gn_calloc(1, sizeof *s);
    if (!s) return gn_fail_nomem(err, "a design", sizeof *s);
    s->features = features;
    s->n = n;
    s->f = f;
    s->n_pairs = (double)n * (double)(n - 1) / 2;
    GN_TRY(gn_alloc_array(&s->row_x, f, n * sizeof *s->row_x, "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s->row_xx, n_products, n * sizeof *s->row_xx, "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s->mean, f, sizeof *s->mean, "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s->cov, f, f * sizeof *s->cov, "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s->own, f, sizeof *s->own, "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s->row_own, f, n * sizeof *s->row_own, "sums over pairs", err));
    GN_TRY(means(s, err));
    gn_progress progress = {"feature pairs", "pairs", (double)n_products, 0, 1};
    GN_TRY(gn_parallel(ctx, n_products, pair_block, s, &progress, err));
    for (size_t k = 0; k < f; k++)
        for (size_t l = 0; l < f; l++) s->cov[k * f + l] -= s->mean[k] * s->mean[l];
    for (size_t k = 0; k < f; k++) /* a constant distance: what is left is rounding */
        if (!(s->cov[k * f + k] > 1e-13 * s->mean[k] * s->mean[k]))
            for (size_t l = 0; l < f; l++) s->cov[k * f + l] = s->cov[l * f + k] = 0;
    GN_TRY(gn_own_variances(ctx, s, err));
    *out = s;
    s = NULL;
done:
    gn_mlem_design_free(s);
    return st;
}

void gn_mlem_design_free(gn_mlem_design *s) {
    if (!s) return;
    gn_free(s->row_x);
    gn_free(s->row_xx);
    gn_free(s->mean);
    gn_free(s->cov);
    gn_free(s->own);
    gn_free(s->row_own);
    gn_free(s);
}

const double *gn_mlem_design_mean(const gn_mlem_design *s) {
    return s->mean;
}
const double *gn_mlem_design_cov(const gn_mlem_design *s) {
    return s->cov;
}
