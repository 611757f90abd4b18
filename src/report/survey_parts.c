#include "report/survey_parts.h"

#include "base/mem.h"
#include "gonio/cluster.h"
#include "gonio/lid.h"
#include "report/isotropy_rows.h"

#include <math.h>

static const double none = (double)NAN;

/* ---- isotropy -----------------------------------------------------------------------------------
 */

/* The coordinate that holds most of the mean cosine between sequences. */
static gn_status add_rogue(const gn_isotropy_place *place, gn_error *err) {
    const gn_isotropy_plan *p = place->plan;
    gn_mat x = gn_reps_layer(p->reps, place->layer);
    gn_isotropy_opts all = {.sequence = gn_reps_sequence(p->reps), .skip = GN_SKIP_BARS};
    gn_context_cosines c;
    double *share = NULL;
    size_t most = 0;
    gn_status st;
    GN_TRY(gn_alloc_array(&share, x.cols, sizeof *share, "shares of coordinates", err));
    GN_TRY(gn_context_compute(p->ctx, x, &all, 0, &c, share, err));
    for (size_t j = 1; j < x.cols; j++)
        if (share[j] > share[most]) most = j;
    GN_TRY(gn_isotropy_add(place, "rogue_dimension", "raw", share[most], none, NULL, c.n_rows,
                           isnan(share[most]) ? "no baseline to share" : NULL, err));
    GN_TRY(gn_isotropy_param(place, "rank", 1, err));
    GN_TRY(gn_isotropy_param(place, "dim", (double)most, err));
done:
    gn_free(share);
    return st;
}

gn_status gn_survey_isotropy(gn_ctx *ctx, const gn_spot *at, const int32_t *later, size_t n_later,
                             gn_error *err) {
    static const double eps = 0.8;
    const gn_isotropy_plan plan = {.ctx = ctx,
                                   .reps = at->reps,
                                   .result = at->result,
                                   .opts = {.set = at->set, .eps = &eps, .n_eps = 1},
                                   .type = gn_row_types(at->reps)};
    gn_isotropy_place place = {.plan = &plan, .layer = at->layer};
    gn_status st;
    GN_TRY(gn_isotropy_summarise(&place, &(gn_isotropy_opts){0}, NULL, NULL, err));
    GN_TRY(add_rogue(&place, err));
    if (n_later < 2) goto done;
    place.first_position = "dropped";
    gn_isotropy_opts rest = {.row = later, .n_rows = n_later};
    GN_TRY(gn_isotropy_summarise(&place, &rest, NULL, NULL, err));
done:
    return st;
}

/* ---- local dimension ----------------------------------------------------------------------------
 */

gn_status gn_survey_lid(const gn_spot *at, const gn_neighbors *found, gn_error *err) {
    enum { LEAST_K = 3 };
    const gn_knn *knn = found->distinct;
    gn_lid_summary s;
    gn_error why = {0};
    gn_status st;
    if (!knn || knn->k < LEAST_K)
        return gn_spot_add(at, "lid", "unbiased", none, none, knn ? knn->n : 1,
                           "fewer than 3 neighbours", err);
    st = gn_lid(gn_mat_f32(knn->distance, knn->n, knn->k), NULL, NULL, &s, &why);
    GN_TRY(gn_spot_settle(at, st, "lid", "unbiased", &why, err));
    if (why.code != GN_OK) goto done;
    for (int harmonic = 0; harmonic < 2; harmonic++) {
        GN_TRY(gn_spot_add(at, "lid", harmonic ? "harmonic" : "unbiased",
                           harmonic ? s.harmonic : s.mean, harmonic ? s.harmonic_se : s.mean_se,
                           s.n, NULL, err));
        GN_TRY(gn_spot_param(at, "k", (double)knn->k, err));
        GN_TRY(gn_result_param_text(at->result, "metric", gn_metric_name(GN_EUCLIDEAN), err));
        if (!harmonic) GN_TRY(gn_spot_param(at, "sd", s.sd, err));
        GN_TRY(gn_spot_param(at, "n_undefined", (double)s.n_undefined, err));
        GN_TRY(gn_spot_param(at, "n_zero", (double)s.n_zero, err));
    }
done:
    return st;
}

/* ---- k-means ------------------------------------------------------------------------------------
 */

gn_status gn_survey_clusters(gn_ctx *ctx, const gn_spot *at, const gn_subset *rows, gn_error *err) {
    static const char *const verdict[] = {"found", "below_threshold", "within_null"};
    static const gn_clusters_opts opts = {.kmeans = {.k_min = 2, .k_max = 10, .restarts = 3},
                                          .null_draws = 3};
    gn_clusters *c = NULL;
    void *owner = NULL;
    gn_mat x;
    gn_error why = {0};
    gn_status st;
    GN_TRY(gn_subset_rows(rows, gn_reps_layer(at->reps, at->layer), &owner, &x, err));
    st = gn_clusters_choose(ctx, x, &opts, &c, &why);
    GN_TRY(gn_spot_settle(at, st, "kmeans_clusters", "", &why, err));
    if (why.code != GN_OK) goto done;
    GN_TRY(gn_spot_add(at, "kmeans_clusters", "", (double)c->k_star, none, rows->n, NULL, err));
    GN_TRY(gn_result_param_text(at->result, "verdict", verdict[c->verdict], err));
    GN_TRY(gn_spot_param(at, "best", (double)c->k_best, err));
    GN_TRY(gn_spot_param(at, "silhouette", c->best, err));
    GN_TRY(gn_spot_param(at, "null_limit", c->null_limit, err));
done:
    gn_clusters_free(c);
    gn_free(owner);
    return st;
}
