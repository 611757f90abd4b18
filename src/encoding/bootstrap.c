/* Bootstrap over rows: n rows drawn with replacement, row i c_i times; a pair counts c_i c_j times,
 * and a row is not paired with itself. Every sum over pairs takes such weights as it is. */
#include "base/random.h"
#include "encoding/levels.h"
#include "encoding/totals.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

static const uint64_t bootstrap_stream = (uint64_t)0x626f6f74 << 32; /* "boot" */

struct draws {
    const gn_mlem_design *s;
    const double *squares; /* (n) squared lengths of the rows */
    double ridge;
    size_t n_draws, most_levels;
    double *count;   /* (n_draws, n) */
    double *form;    /* (n_draws, f + 1) quadratic forms; the last: |sum of c a|^2 */
    double *w, *pfi; /* (f, n_draws) */
};

void gn_bootstrap_counts(uint64_t seed, size_t n, size_t draw, double *count) {
    gn_random r = gn_random_new(seed, bootstrap_stream + draw);
    memset(count, 0, n * sizeof *count);
    for (size_t i = 0; i < n; i++) count[gn_random_below(&r, n)] += 1;
}

static double weighted(const double *count, const double *row, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += count[i] * row[i];
    return sum;
}

/* All sums of one draw. `row` (n) and `scratch` are the caller's. */
static gn_status draw_totals(const struct draws *d, size_t draw, double *row, double *scratch,
                             gn_totals *t, gn_error *err) {
    const gn_mlem_design *s = d->s;
    const double *c = d->count + draw * s->n, *form = d->form + draw * (s->f + 1);
    double all = (double)s->n, twice = 0;
    for (size_t i = 0; i < s->n; i++) twice += c[i] * c[i];
    t->pairs = (all * all - twice) / 2;
    t->yy = 0;
    t->y = all * weighted(c, d->squares, s->n) - form[s->f];
    for (size_t k = 0; k < s->f; k++) {
        const gn_feature *f = s->features->feature;
        gn_row_sums(&f[k], s->n, c, NULL, row, scratch);
        t->x[k] = weighted(c, row, s->n) / 2;
        t->xy[k] = -form[k];
        for (size_t i = 0; i < s->n; i++) t->xy[k] += c[i] * d->squares[i] * row[i];
        for (size_t l = 0; l <= k; l++) {
            gn_status st = gn_product_row_sums(&f[k], &f[l], s->n, c, row, err);
            if (st != GN_OK) return st;
            t->xx[k * s->f + l] = t->xx[l * s->f + k] = weighted(c, row, s->n) / 2;
        }
    }
    return GN_OK;
}

static gn_status draw_block(void *user, size_t draw, unsigned worker, gn_error *err) {
    (void)worker;
    struct draws *d = user;
    gn_status st;
    size_t f = d->s->f, n = d->s->n;
    gn_totals t = {0};
    double *row = NULL, *other = NULL;
    GN_TRY(gn_totals_new(f, &t, err));
    GN_TRY(gn_alloc_array(&row, n + 2 * d->most_levels + GN_LEVELS_SCRATCH, sizeof *row,
                          "a bootstrap draw", err));
    GN_TRY(gn_alloc_array(&other, 3 * f, sizeof *other, "a bootstrap draw", err));
    GN_TRY(draw_totals(d, draw, row, row + n, &t, err));
    GN_TRY(gn_totals_fit(&t, d->ridge, err));
    GN_TRY(gn_mlem_importance(t.xx, t.cov_y, f, t.w, other, other + f, other + 2 * f, err));
    for (size_t k = 0; k < f; k++) {
        d->w[k * d->n_draws + draw] = t.w[k];
        d->pfi[k * d->n_draws + draw] = other[k];
    }
done:
    gn_totals_free(&t);
    gn_free(row);
    gn_free(other);
    return st;
}

static gn_interval interval_of(double *value, size_t n) {
    static const double ends[] = {.025, .975};
    double q[2], sd = gn_sd(value, n, 1);
    gn_quantiles(value, n, ends, 2, q);
    return (gn_interval){sd, q[0], q[1]};
}

/* The quadratic forms of all draws and features, and the squares of the weighted sums. */
static gn_status forms(gn_ctx *ctx, struct draws *d, const gn_layer_view *v, gn_error *err) {
    gn_form *form;
    size_t f = d->s->f;
    gn_status st =
        gn_alloc_array(&form, d->n_draws, (f + 1) * sizeof *form, "bootstrap draws", err);
    if (st != GN_OK) return st;
    for (size_t draw = 0; draw < d->n_draws; draw++)
        for (size_t k = 0; k <= f; k++)
            form[draw * (f + 1) + k] =
                (gn_form){.feature = k < f ? &d->s->features->feature[k] : NULL,
                          .weight = d->count + draw * d->s->n};
    st = gn_layer_forms(ctx, v, form, d->n_draws * (f + 1), "bootstrap", d->form, err);
    gn_free(form);
    return st;
}

gn_status gn_mlem_bootstrap(gn_ctx *ctx, const gn_mlem_design *s, const gn_layer_view *v,
                            const gn_layer_sums *y, double ridge, size_t n_draws,
                            gn_mlem_weight *weight, gn_error *err) {
    gn_status st;
    size_t n = s->n, f = s->f;
    struct draws d = {.s = s, .squares = y->squares, .ridge = ridge, .n_draws = n_draws};
    for (size_t k = 0; k < f; k++)
        if (s->features->feature[k].n_levels > d.most_levels)
            d.most_levels = s->features->feature[k].n_levels;
    GN_TRY(gn_alloc_array(&d.count, n_draws, n * sizeof(double), "bootstrap draws", err));
    GN_TRY(gn_alloc_array(&d.form, n_draws, (f + 1) * sizeof(double), "bootstrap draws", err));
    GN_TRY(gn_alloc_array(&d.w, n_draws, f * sizeof(double), "bootstrap draws", err));
    GN_TRY(gn_alloc_array(&d.pfi, n_draws, f * sizeof(double), "bootstrap draws", err));
    for (size_t draw = 0; draw < n_draws; draw++)
        gn_bootstrap_counts(gn_ctx_seed(ctx), n, draw, d.count + draw * n);
    GN_TRY(forms(ctx, &d, v, err));
    GN_TRY(gn_parallel(ctx, n_draws, draw_block, &d, NULL, err));
    for (size_t k = 0; k < f; k++) {
        weight[k].weight_boot = interval_of(d.w + k * n_draws, n_draws);
        weight[k].pfi_boot = interval_of(d.pfi + k * n_draws, n_draws);
    }
done:
    gn_free(d.count);
    gn_free(d.form);
    gn_free(d.w);
    gn_free(d.pfi);
    return st;
}
