/* The sampled inter cosine: one random row of each type, S = (|sum u|^2 - V) / (V (V - 1)), over
 * several draws. The expectation of a draw is what cosines.c gives without sampling; the spread
 * over draws is what a single draw, all that the original takes, leaves to chance. Subtracting the
 * mean of the V rows first (the original's --center with --maxl 1) forces S to -1 / (V - 1) for
 * rows of one length: most of the famous drop after centring is this. */
#include "base/mem.h"
#include "base/random.h"
#include "geometry/groups.h"
#include "geometry/view.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

struct run {
    gn_ctx *ctx;
    const gn_view *v;
    const gn_groups *types;
    size_t scratch_size;
    double *scratch;
    int32_t *pick; /* (threads, V) */
    double *value; /* (2, draws) raw, centred */
    size_t n_draws;
};

/* The mean cosine over pairs of the picked rows minus `origin` (or NULL); their mean into `mean`
 * (or NULL). `sum` has room for a row. */
static double one_pass(const struct run *r, const int32_t *pick, const double *origin, double *mean,
                       double *sum, double *y, double *own) {
    size_t d = r->v->x.cols, V = r->types->n;
    const gn_vec *vec = r->v->vec;
    double n_unit = 0, n = (double)V, square = 0, tiny = 0;
    memset(sum, 0, d * sizeof *sum);
    if (mean) memset(mean, 0, d * sizeof *mean);
    for (size_t j = 0; origin && j < d; j++) tiny += origin[j] * origin[j];
    tiny = 1e-12 * sqrt(tiny);
    for (size_t p = 0, k; p < V; p += k) {
        k = V - p < GN_VIEW_ROWS ? V - p : GN_VIEW_ROWS;
        gn_view_load(r->v, pick + p, 0, k, y, own);
        for (size_t i = 0; i < k; i++) {
            double *v = y + i * d;
            if (mean) vec->add(1 / n, v, d, mean);
            if (origin) vec->add(-1, origin, d, v);
            double norm = sqrt(vec->dot_f64(v, v, d));
            if (!(norm > tiny)) continue;
            n_unit++;
            vec->add(1 / norm, v, d, sum);
        }
    }
    for (size_t j = 0; j < d; j++) square += sum[j] * sum[j];
    return (square - n_unit) / (n * (n - 1));
}

static gn_status draw(void *user, size_t b, unsigned worker, gn_error *err) {
    (void)err;
    struct run *r = user;
    size_t d = r->v->x.cols;
    double *mean = r->scratch + worker * r->scratch_size, *sum = mean + d, *y = sum + d;
    double *own = y + GN_VIEW_ROWS * d;
    int32_t *pick = r->pick + worker * r->types->n;
    gn_random random = gn_random_new(gn_ctx_seed(r->ctx), b);
    for (size_t t = 0; t < r->types->n; t++)
        pick[t] =
            r->types
                ->row[r->types->start[t] + gn_random_below(&random, gn_groups_size(r->types, t))];
    r->value[b] = one_pass(r, pick, NULL, mean, sum, y, own);
    r->value[r->n_draws + b] = one_pass(r, pick, mean, NULL, sum, y, own);
    return GN_OK;
}

gn_status gn_cosines_sample(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts, size_t n_draws,
                            gn_cosine_draws *out, gn_error *err) {
    gn_view v;
    gn_groups types = {0};
    struct run r = {.ctx = ctx, .v = &v, .types = &types, .n_draws = n_draws};
    int32_t *type = NULL;
    gn_status st;
    GN_TRY(gn_view_new(ctx, x, opts, &v, err));
    if (n_draws < 1) {
        st = gn_fail(err, GN_EINVAL, "0 draws of one row a type: expected at least 1");
        goto done;
    }
    GN_TRY(gn_view_keys(&v, opts ? opts->type : NULL, &type, err));
    GN_TRY(gn_groups_new(type, v.n, NULL, &types, err));
    r.scratch_size = (GN_VIEW_ROWS + 2) * x.cols + gn_view_scratch(&v);
    GN_TRY(gn_alloc_array(&r.scratch, gn_ctx_threads(ctx), r.scratch_size * sizeof(double),
                          "draws of rows", err));
    GN_TRY(gn_alloc_array(&r.pick, gn_ctx_threads(ctx), types.n * sizeof *r.pick, "draws of rows",
                          err));
    GN_TRY(gn_alloc_array(&r.value, 2 * n_draws, sizeof *r.value, "draws of rows", err));
    GN_TRY(gn_parallel(ctx, n_draws, draw, &r, NULL, err));
    bool pairs = types.n > 1;
    *out = (gn_cosine_draws){
        .raw = pairs ? gn_mean(r.value, n_draws) : (double)NAN,
        .raw_sd = pairs ? gn_sd(r.value, n_draws, 1) : (double)NAN,
        .centred = pairs ? gn_mean(r.value + n_draws, n_draws) : (double)NAN,
        .centred_sd = pairs ? gn_sd(r.value + n_draws, n_draws, 1) : (double)NAN,
        .n_types = types.n,
        .n_draws = n_draws,
    };
done:
    gn_free(type);
    gn_groups_free(&types);
    gn_free(r.scratch), gn_free(r.pick), gn_free(r.value);
    return st;
}
