/* The second MLEM implementation over all layers, as rows: its optimum, and where its search ends.
 */
#include "gonio/mlem_report.h"
#include "gonio/mlem_v2.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "gonio/io.h"
#include "report/subset.h"

#include <math.h>

static const double none = (double)NAN;

static gn_status add_fit(gn_ctx *ctx, const gn_spot *at, const gn_features *features, bool search,
                         gn_error *err) {
    gn_status st;
    const char *variant = search ? "search" : "closed";
    gn_mat a = gn_reps_layer(at->reps, at->layer);
    gn_v2_fit fit;
    double *w = NULL;
    gn_error why = {0};
    GN_TRY(gn_mat_check_finite(a, gn_reps_name(at->reps), err));
    GN_TRY(gn_alloc_array(&w, features->n_features, sizeof *w, "weights", err));
    st = search ? gn_v2_search(ctx, a, features, NULL, w, &fit, &why)
                : gn_v2_closed(ctx, a, features, w, &fit, &why);
    if (st == GN_EDATA) { /* finite, but without distances to speak of */
        GN_TRY(gn_spot_add(at, "v2_pearson", variant, none, none, features->n, why.message, err));
        goto done;
    }
    if (st != GN_OK) {
        if (err) *err = why;
        gn_error_prefix(err, "%s, layer %zu", gn_reps_name(at->reps),
                        gn_reps_layer_index(at->reps, at->layer));
        goto done;
    }
    GN_TRY(gn_spot_add(at, "v2_pearson", variant, fit.pearson, none, features->n, NULL, err));
    if (search) {
        GN_TRY(gn_result_param_number(at->result, "batch", (double)fit.batch, err));
        GN_TRY(gn_result_param_number(at->result, "steps", (double)fit.steps, err));
    }
    for (size_t k = 0; k < features->n_features; k++) {
        GN_TRY(gn_spot_add(at, "v2_weight", variant, w[k], none, features->n, NULL, err));
        GN_TRY(gn_result_param_text(at->result, "feature", features->feature[k].name, err));
    }
done:
    gn_free(w);
    return st;
}

gn_status gn_measure_mlem_v2(gn_ctx *ctx, const gn_reps *reps, const gn_features *features,
                             const char *set, bool search, gn_result *result, gn_error *err) {
    gn_status st;
    gn_spot at = {.result = result, .reps = reps, .set = set};
    size_t layers = gn_reps_layers(reps);
    if (gn_reps_rows(reps) != features->n)
        return gn_fail(err, GN_EINVAL, "%s has %zu rows and the feature table %zu",
                       gn_reps_name(reps), gn_reps_rows(reps), features->n);
    GN_TRY(gn_result_set_text(result, "compat", "mlem-v2", err));
    for (at.layer = 0; at.layer < layers; at.layer++)
        for (int s = 0; s < 1 + search; s++) {
            GN_TRY(gn_ctx_poll(ctx, err));
            GN_TRY(add_fit(ctx, &at, features, s == 1, err));
        }
done:
    return st;
}
