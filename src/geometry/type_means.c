/* The mean vector of each type: what stands for a word where one vector a word is wanted. */
#include "base/mem.h"
#include "geometry/groups.h"
#include "geometry/view.h"

#include <math.h>
#include <string.h>

struct run {
    const gn_view *v;
    const gn_groups *types;
    size_t scratch_size;
    double *scratch, *means;
};

static gn_status mean_block(void *user, size_t block, unsigned worker, gn_error *err) {
    struct run *r = user;
    const gn_groups *g = r->types;
    size_t d = r->v->x.cols;
    double *y = r->scratch + worker * r->scratch_size, *own = y + GN_VIEW_ROWS * d;
    for (size_t t = g->block[block]; t < g->block[block + 1]; t++) {
        double *mean = r->means + t * d, n = (double)gn_groups_size(g, t);
        memset(mean, 0, d * sizeof *mean);
        for (size_t p = g->start[t], k; p < g->start[t + 1]; p += k) {
            k = g->start[t + 1] - p < GN_VIEW_ROWS ? g->start[t + 1] - p : GN_VIEW_ROWS;
            gn_view_load(r->v, g->row + p, 0, k, y, own);
            for (size_t i = 0; i < k; i++) {
                r->v->vec->add(1, y + i * d, d, mean);
                if (!isfinite(r->v->vec->dot_f64(y + i * d, y + i * d, d)))
                    return gn_view_unfit(r->v, (size_t)g->row[p + i], mean, err);
            }
        }
        for (size_t j = 0; j < d; j++) mean[j] /= n;
    }
    return GN_OK;
}

gn_status gn_type_means(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts, double **means,
                        size_t *n_types, gn_error *err) {
    gn_view v;
    gn_groups types = {0};
    struct run r = {.v = &v, .types = &types};
    int32_t *type = NULL;
    size_t row;
    gn_status st;
    GN_TRY(gn_view_new(ctx, x, opts, &v, err));
    GN_TRY(gn_view_keys(&v, opts ? opts->type : NULL, &type, err));
    GN_TRY(gn_groups_new(type, v.n, NULL, &types, err));
    r.scratch_size = GN_VIEW_ROWS * x.cols + gn_view_scratch(&v);
    if (!gn_mul(x.cols, sizeof(double), &row)) row = SIZE_MAX;
    GN_TRY(gn_alloc_array(&r.means, types.n, row, "the means of types", err));
    GN_TRY(gn_alloc_array(&r.scratch, gn_ctx_threads(ctx), r.scratch_size * sizeof(double),
                          "the means of types", err));
    GN_TRY(gn_parallel(ctx, types.n_blocks, mean_block, &r, NULL, err));
    *means = r.means;
    *n_types = types.n;
    r.means = NULL;
done:
    gn_free(type);
    gn_groups_free(&types);
    gn_free(r.means);
    gn_free(r.scratch);
    return st;
}

void gn_array_f64_free(double *array) {
    gn_free(array);
}
