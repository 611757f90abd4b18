/* Gride with a scale of its own for each point.
 *
 * Gride's curve asks the reader to pick a scale. k* knows one for each point: the largest
 * neighbourhood in which the density is constant, which is all that the likelihood of gride.c
 * assumes. So n2 = k* (plus one when odd), n1 = n2 / 2, and all points enter one likelihood. As k*
 * needs a dimension, the two are found in turn, starting from TwoNN; a few steps settle it.
 *
 * The numbers are DADApy's (return_ids_kstar_gride) to the last digits of its bisection, but for
 * TwoNN's error bar, which is 0 there. */
#include "gonio/density.h"
#include "gonio/id.h"

#include "base/mem.h"
#include "geometry/distances.h"
#include "geometry/gride.h"

#include <math.h>

/* One step: fills the ratios for k* and solves. */
static void estimate(const gn_knn *knn, const int32_t *kstar, gn_ratio *ratio, gn_ratio *kept,
                     double *sorted, gn_id_estimate *out) {
    gn_mat dist = gn_mat_f32(knn->distance, knn->n, knn->k);
    double scale = 0;
    for (size_t i = 0; i < knn->n; i++) {
        size_t n2 = (size_t)kstar[i] + (size_t)kstar[i] % 2, n1 = n2 / 2;
        double r1 = gn_distance_at(dist, i, n1 - 1), r2 = gn_distance_at(dist, i, n2 - 1);
        ratio[i] = gn_ratio_new(log(r2 / r1), n1, n2);
        scale += r1 + r2;
    }
    out->scale = scale / (2 * (double)knn->n);
    gn_gride_estimate(ratio, knn->n, kept, sorted, out);
}

gn_status gn_id_kstar_gride(gn_ctx *ctx, const gn_knn *knn, const gn_kstar_gride_opts *opts,
                            gn_id_estimate *steps, gn_error *err) {
    gn_kstar_gride_opts o = opts ? *opts : (gn_kstar_gride_opts){0};
    size_t n = knn->n, n_steps = o.n_steps ? o.n_steps : 5;
    gn_id_estimate *e = NULL;
    int32_t *kstar = NULL;
    gn_ratio *ratio = NULL, *kept = NULL;
    double *sorted = NULL;
    gn_status st;
    GN_TRY(gn_neighbors_check_exact(knn, "k*-Gride", err));
    GN_TRY(gn_alloc_array(&e, n_steps + 1, sizeof *e, "estimates", err));
    GN_TRY(gn_alloc_array(&kstar, n, sizeof *kstar, "neighbourhood sizes", err));
    GN_TRY(gn_alloc_array(&ratio, n, sizeof *ratio, "distance ratios", err));
    GN_TRY(gn_alloc_array(&kept, n, sizeof *kept, "distance ratios", err));
    GN_TRY(gn_alloc_array(&sorted, n, sizeof *sorted, "distance ratios", err));
    GN_TRY(gn_id_twonn(gn_mat_f32(knn->distance, n, knn->k), NULL, &e[0], err));
    for (size_t s = 0; s < n_steps; s++) {
        GN_TRY(gn_kstar(ctx, knn, e[s].dim, o.alpha, kstar, err));
        estimate(knn, kstar, ratio, kept, sorted, &e[s + 1]);
        if (!isfinite(e[s + 1].dim)) {
            st = gn_fail(err, GN_EDATA,
                         "k*-Gride: no dimension between 0.001 and 1000 explains the distances of "
                         "%zu points (step %zu)",
                         n, s + 1);
            goto done;
        }
    }
    for (size_t s = 0; s <= n_steps; s++) steps[s] = e[s];
done:
    gn_free(e);
    gn_free(kstar);
    gn_free(ratio);
    gn_free(kept);
    gn_free(sorted);
    return st;
}
