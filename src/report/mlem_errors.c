/* CKA, reliability and encoding without each tenth of the rows (report/jackknife.h).
 *
 * Units, halves of units and folds are drawn with the same seed every time, so that only rows
 * change. Cross-validation inside sees fewer rows by a tenth, which shifts all ten alike and the
 * error not. */
#include "report/mlem_errors.h"

#include "base/mem.h"
#include "math/stats.h"
#include "report/jackknife.h"

#include <math.h>
#include <string.h>

enum { HALVES_AGAIN = 5 };
static const double none = (double)NAN;

static gn_status measure(gn_ctx *ctx, gn_mat a, const gn_features *features, size_t n_halves,
                         gn_baseline_values *out, gn_error *err) {
    gn_status st;
    static const double q[] = {0, 0.5, 1};
    double *r2 = NULL, at[3];
    size_t m = 0;
    GN_TRY(gn_layer_baselines_measure(ctx, a, features, n_halves, &out->layer, err));
    for (size_t k = 0; k < GN_R2_KINDS; k++) out->encoding[k] = none;
    if (a.rows < GN_R2_ROWS) goto done;
    GN_TRY(gn_alloc_array(&r2, a.cols, sizeof *r2, "units", err));
    GN_TRY(gn_encoding_r2(ctx, a, features, 0, r2, err));
    for (size_t u = 0; u < a.cols; u++)
        if (!isnan(r2[u])) r2[m++] = r2[u];
    if (m == 0) goto done;
    out->encoding[GN_R2_MEAN] = gn_mean(r2, m);
    gn_quantiles(r2, m, q, 3, at);
    out->encoding[GN_R2_MIN] = at[0];
    out->encoding[GN_R2_MEDIAN] = at[1];
    out->encoding[GN_R2_MAX] = at[2];
done:
    gn_free(r2);
    return st;
}

gn_status gn_baselines_with_errors(gn_ctx *ctx, gn_mat a, const gn_features *features,
                                   gn_baseline_values *value, gn_baseline_values *se,
                                   gn_error *err) {
    gn_status st;
    size_t f = features->n_features, n_theta = f + 2 + GN_R2_KINDS;
    gn_jackknife j = {0};
    float *room = NULL;
    double *theta = NULL, *cka = NULL; /* (GN_GROUPS, n_theta), (f) */
    GN_TRY(measure(ctx, a, features, 0, value, err));
    for (size_t k = 0; k < f; k++) se->layer.cka[k] = none;
    for (size_t k = 0; k < GN_R2_KINDS; k++) se->encoding[k] = none;
    se->layer.half = se->layer.ceiling = se->layer.half_sd = none;
    if (a.rows < GN_JACKKNIFE_ROWS) goto done;
    GN_TRY(gn_jackknife_new(ctx, features, &j, err));
    GN_TRY(gn_alloc_array(&room, a.rows, a.cols * sizeof *room, "rows", err));
    GN_TRY(gn_alloc_array(&theta, GN_GROUPS * n_theta, sizeof *theta, "estimates", err));
    GN_TRY(gn_alloc_array(&cka, f, sizeof *cka, "estimates", err));
    for (size_t g = 0; g < GN_GROUPS; g++) {
        gn_baseline_values again = {.layer.cka = cka};
        double *to = theta + g * n_theta;
        const gn_features *rest = gn_jackknife_features(&j, g);
        GN_TRY(measure(ctx, gn_jackknife_rows(&j, a, g, room), rest, HALVES_AGAIN, &again, err));
        memcpy(to, cka, f * sizeof *to);
        to[f] = again.layer.half;
        to[f + 1] = again.layer.ceiling;
        memcpy(to + f + 2, again.encoding, sizeof again.encoding);
    }
    for (size_t k = 0; k < f; k++) se->layer.cka[k] = gn_jackknife_se(theta, n_theta, k);
    se->layer.half = gn_jackknife_se(theta, n_theta, f);
    se->layer.ceiling = gn_jackknife_se(theta, n_theta, f + 1);
    for (size_t k = 0; k < GN_R2_KINDS; k++)
        se->encoding[k] = gn_jackknife_se(theta, n_theta, f + 2 + k);
done:
    gn_jackknife_free(&j);
    gn_free(room);
    gn_free(theta);
    gn_free(cka);
    return st;
}
