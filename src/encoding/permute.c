/* Is the weight of a feature more than chance? Its values are exchanged between rows (the whole
 * feature moves, as in a Mantel test: pairs of one row stay pairs of one row), and its free weight
 * beside the other features that have one is taken again:
 *
 *     w_k = (c_k - C_kA C_AA^-1 c_A) / (C_kk - C_kA C_AA^-1 C_Ak)
 *
 * Only c_k and row k of C change, so a draw costs n d additions and O(n) for each member of A. */
#include "base/random.h"
#include "encoding/levels.h"
#include "encoding/small.h"
#include "encoding/totals.h"
#include "math/stats.h"

#include <string.h>

static const uint64_t permute_stream = (uint64_t)0x7065726d << 32; /* "perm" */

struct test {
    const gn_mlem_design *s;
    const gn_layer_sums *y;
    double ridge;
    size_t k, n_draws;
    size_t *set, m; /* A: the other features with a weight */
    double *a;      /* (f, f) factor of C_AA */
    bool *skip;     /* (f) */
    double *by_a;   /* (f) C_AA^-1 c_A */
    const double *cov_y;
    int32_t *row;     /* (n_draws, n) */
    int32_t *code;    /* (n_draws, n) */
    double *form, *w; /* (n_draws) */
};

/* w_k from its covariances; beside (2 f) starts with C_kA, overwritten. 0 when A determines x_k. */
static double free_weight(const struct test *t, double cov_y, double *beside) {
    const gn_mlem_design *s = t->s;
    double own = s->cov[t->k * s->f + t->k], top = cov_y, bottom = own + t->ridge;
    double *with = beside + s->f;
    memcpy(with, beside, t->m * sizeof *with);
    gn_small_solve(t->a, t->m, t->skip, beside);
    for (size_t i = 0; i < t->m; i++) {
        top -= with[i] * t->by_a[i];
        bottom -= with[i] * beside[i];
    }
    return bottom > GN_DEPENDENT * own ? top / bottom : 0;
}

static gn_status draw_block(void *user, size_t draw, unsigned worker, gn_error *err) {
    (void)worker;
    struct test *t = user;
    const gn_mlem_design *s = t->s;
    gn_status st;
    size_t n = s->n;
    const int32_t *row = t->row + draw * n;
    const double *u = s->row_x + t->k * n;
    double *sums = NULL, *beside = NULL, xy = -t->form[draw];
    gn_feature moved = s->features->feature[t->k];
    moved.code = t->code + draw * n;
    GN_TRY(gn_alloc_array(&sums, n, sizeof *sums, "a permutation", err));
    GN_TRY(gn_alloc_array(&beside, s->f, 2 * sizeof *beside, "a permutation", err));
    for (size_t i = 0; i < n; i++) xy += t->y->squares[i] * u[row[i]];
    for (size_t j = 0; j < t->m; j++) {
        GN_TRY(gn_product_row_sums(&moved, &s->features->feature[t->set[j]], n, NULL, sums, err));
        beside[j] = gn_sum(sums, n) / 2 / s->n_pairs - s->mean[t->k] * s->mean[t->set[j]];
    }
    double mean = t->y->y / s->n_pairs;
    t->w[draw] = free_weight(t, xy / s->n_pairs - s->mean[t->k] * mean, beside);
done:
    gn_free(sums);
    gn_free(beside);
    return st;
}

static gn_status draw_forms(gn_ctx *ctx, struct test *t, const gn_layer_view *v, gn_error *err) {
    gn_form *form;
    size_t n = t->s->n;
    const gn_feature *f = &t->s->features->feature[t->k];
    gn_status st = gn_alloc_array(&form, t->n_draws, sizeof *form, "permutations", err);
    if (st != GN_OK) return st;
    for (size_t draw = 0; draw < t->n_draws; draw++) {
        gn_random r = gn_random_new(gn_ctx_seed(ctx), permute_stream + t->k * t->n_draws + draw);
        int32_t *row = t->row + draw * n, *code = t->code + draw * n;
        for (size_t i = 0; i < n; i++) row[i] = (int32_t)i;
        for (size_t i = n; i-- > 1;) {
            size_t j = (size_t)gn_random_below(&r, i + 1);
            int32_t other = row[i];
            row[i] = row[j];
            row[j] = other;
        }
        for (size_t i = 0; i < n; i++) code[i] = f->code[row[i]];
        form[draw] = (gn_form){.feature = f, .code = code};
    }
    st = gn_layer_forms(ctx, v, form, t->n_draws, "permutations", t->form, err);
    gn_free(form);
    return st;
}

static gn_status test_feature(gn_ctx *ctx, struct test *t, const gn_layer_view *v, double *p,
                              const gn_mlem_weight *weight, gn_error *err) {
    gn_status st;
    const gn_mlem_design *s = t->s;
    size_t f = s->f, k = t->k, reached = 0;
    double *beside = NULL;
    t->m = 0;
    for (size_t l = 0; l < f; l++)
        if (l != k && weight[l].weight > 0) t->set[t->m++] = l;
    GN_TRY(gn_alloc_array(&beside, f, 2 * sizeof *beside, "a permutation test", err));
    gn_small_take(s->cov, f, t->set, t->m, t->ridge, t->a);
    gn_small_factor(t->a, t->m, t->skip);
    for (size_t i = 0; i < t->m; i++) {
        t->by_a[i] = t->cov_y[t->set[i]];
        beside[i] = s->cov[k * f + t->set[i]];
    }
    gn_small_solve(t->a, t->m, t->skip, t->by_a);
    double seen = free_weight(t, t->cov_y[k], beside);
    GN_TRY(draw_forms(ctx, t, v, err));
    GN_TRY(gn_parallel(ctx, t->n_draws, draw_block, t, NULL, err));
    for (size_t draw = 0; draw < t->n_draws; draw++) reached += t->w[draw] >= seen;
    *p = (double)(1 + reached) / (double)(1 + t->n_draws);
done:
    gn_free(beside);
    return st;
}

gn_status gn_mlem_permute(gn_ctx *ctx, const gn_mlem_design *s, const gn_layer_view *v,
                          const gn_layer_sums *y, double ridge, size_t n_draws,
                          gn_mlem_weight *weight, gn_error *err) {
    gn_status st;
    size_t n = s->n, f = s->f;
    struct test t = {.s = s, .y = y, .ridge = ridge, .n_draws = n_draws};
    double *cov_y = NULL;
    GN_TRY(gn_alloc_array(&cov_y, f, sizeof *cov_y, "permutations", err));
    GN_TRY(gn_alloc_array(&t.set, f, sizeof *t.set, "permutations", err));
    GN_TRY(gn_alloc_array(&t.a, f, f * sizeof *t.a, "permutations", err));
    GN_TRY(gn_alloc_array(&t.skip, f, sizeof *t.skip, "permutations", err));
    GN_TRY(gn_alloc_array(&t.by_a, f, sizeof *t.by_a, "permutations", err));
    GN_TRY(gn_alloc_array(&t.row, n_draws, n * sizeof *t.row, "permutations", err));
    GN_TRY(gn_alloc_array(&t.code, n_draws, n * sizeof *t.code, "permutations", err));
    GN_TRY(gn_alloc_array(&t.form, n_draws, sizeof *t.form, "permutations", err));
    GN_TRY(gn_alloc_array(&t.w, n_draws, sizeof *t.w, "permutations", err));
    for (size_t k = 0; k < f; k++)
        cov_y[k] = y->xy[k] / s->n_pairs - s->mean[k] * y->y / s->n_pairs;
    t.cov_y = cov_y;
    for (t.k = 0; t.k < f; t.k++) {
        if (!(s->cov[t.k * f + t.k] > 0)) continue;
        GN_TRY(test_feature(ctx, &t, v, &weight[t.k].p_permutation, weight, err));
    }
done:
    gn_free(cov_y);
    gn_free(t.set);
    gn_free(t.a);
    gn_free(t.skip);
    gn_free(t.by_a);
    gn_free(t.row);
    gn_free(t.code);
    gn_free(t.form);
    gn_free(t.w);
    return st;
}
