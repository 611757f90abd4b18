/* Overlap: how far do the neighbourhoods of two layers, or of a layer and its labels, agree? */
#include "gonio/overlap.h"

#include "base/ctx.h"
#include "report/pairs.h"

gn_status gn_measure_overlap(gn_ctx *ctx, const gn_reps *a, const gn_reps *b,
                             const gn_measure_pairs_opts *opts, gn_result *result, gn_error *err) {
    gn_pairs p = {.ctx = ctx, .a = a, .b = b, .opts = opts ? *opts : (gn_measure_pairs_opts){0}};
    gn_status st = gn_pairs_new(&p, 30, result, err);
    if (st != GN_OK) return st;
    GN_TRY(gn_pairs_conditions(&p, result, err));
    GN_TRY(gn_pairs_search(&p, p.opts.n_labels > 0, err));
    for (size_t s = 0; !p.opts.labels_only && s < p.n_members; s++)
        for (size_t t = s + 1; t < p.n_members; t++) {
            const gn_pairs_member *from = &p.member[s], *to = &p.member[t];
            GN_TRY(gn_ctx_poll(ctx, err));
            for (size_t j = 0; gn_pairs_has(&p, s, t) && j < p.n_k; j++) {
                gn_overlap v;
                GN_TRY(gn_overlap_data(from->knn, to->knn, p.k[j], &v, err));
                GN_TRY(gn_spot_add(&from->at, "data_overlap", "", v.value, v.se, v.n, NULL, err));
                GN_TRY(gn_pairs_other(&from->at, &to->at, p.k[j], err));
                GN_TRY(gn_spot_param(&from->at, "chance", v.chance, err));
            }
        }
done:
    gn_pairs_free(&p);
    return st;
}
