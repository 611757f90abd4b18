/* Every unit as a layer of one column. */
#include "encoding/sums.h"

#include <math.h>
#include <string.h>

struct units {
    const gn_mlem_design *design;
    gn_mat x;
    const gn_mlem_opts *opts;
    gn_mlem_fit *fit;
    gn_mlem_weight *weight;
};

static const double none = (double)NAN;

static gn_mlem_fit nothing_fit(double n_pairs) {
    return (gn_mlem_fit){.n_pairs = n_pairs,
                         .intercept = none,
                         .y_mean = none,
                         .y_var = none,
                         .mse = none,
                         .r2 = none,
                         .r2_se = none,
                         .r = none,
                         .r2_cv = none,
                         .r2_cv_se = none,
                         .r_cv = none,
                         .mse_cv = none};
}

static gn_mlem_weight nothing_weight(void) {
    const gn_interval no_interval = {none, none, none};
    return (gn_mlem_weight){.weight = none,
                            .weight_se = none,
                            .p = none,
                            .pfi = none,
                            .pfi_se = none,
                            .cpi = none,
                            .cpi_se = none,
                            .vif = none,
                            .p_permutation = none,
                            .weight_boot = no_interval,
                            .pfi_boot = no_interval};
}

static gn_status unit_block(void *user, size_t u, unsigned worker, gn_error *err) {
    (void)worker;
    const struct units *s = user;
    size_t f = s->design->f;
    gn_error why = {0};
    gn_mat column = s->x;
    column.data = (const char *)column.data + u * gn_dtype_size(column.dtype);
    column.cols = 1;
    gn_status st =
        gn_mlem_measure(NULL, s->design, column, s->opts, &s->fit[u], s->weight + u * f, &why);
    if (st == GN_EDATA && strstr(why.message, "equally far")) {
        s->fit[u] = nothing_fit(s->design->n_pairs);
        for (size_t k = 0; k < f; k++) s->weight[u * f + k] = nothing_weight();
        return GN_OK;
    }
    if (st != GN_OK && err) *err = why;
    return st;
}

gn_status gn_mlem_units(gn_ctx *ctx, const gn_mlem_design *design, gn_mat x,
                        const gn_mlem_opts *opts, gn_mlem_fit *fit, gn_mlem_weight *weight,
                        gn_error *err) {
    gn_mlem_opts o = {.ridge = opts ? opts->ridge : 0};
    struct units s = {design, x, &o, fit, weight};
    gn_progress progress = {"units", "units", (double)x.cols, 0, 1};
    return gn_parallel(ctx, x.cols, unit_block, &s, &progress, err);
}
