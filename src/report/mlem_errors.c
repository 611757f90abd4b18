/* Delete-a-group jackknife (Tukey 1958; Shao & Wu 1989 for groups): rows are dealt to 10 groups by
 * the seed, each group is left out once, and
 *
 *     se^2 = (g - 1) / g  sum over groups of (theta without the group - mean of these)^2.
 *
 * Units, halves of units and folds are drawn with the same seed every time, so that only rows
 * change. Cross-validation inside sees fewer rows by a tenth, which shifts all ten alike and the
 * error not. */
#include "report/mlem_errors.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "base/random.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

enum { GROUPS = 10, LEAST_ROWS = 20, HALVES_AGAIN = 5 };
static const uint64_t stream = 0x6a61636b; /* "jack" */
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

/* Rows without group g. */
struct part {
    gn_features table;
    gn_feature *feature; /* (f) */
    int32_t *code;       /* (f, n) */
    float *x;            /* (n, d) */
    int32_t *row;        /* (n) all rows in drawn order: group of place i is i % GROUPS */
    double *theta;       /* (GROUPS, f + 2 + GN_R2_KINDS) */
    double *cka;         /* (f) */
};

static void part_free(struct part *p) {
    gn_free(p->feature);
    gn_free(p->code);
    gn_free(p->x);
    gn_free(p->row);
    gn_free(p->theta);
    gn_free(p->cka);
}

static gn_status part_new(gn_ctx *ctx, gn_mat a, const gn_features *f, size_t n_theta,
                          struct part *p, gn_error *err) {
    gn_status st;
    size_t n = a.rows;
    GN_TRY(gn_alloc_array(&p->feature, f->n_features, sizeof *p->feature, "features", err));
    GN_TRY(gn_alloc_array(&p->code, f->n_features * n, sizeof *p->code, "features", err));
    GN_TRY(gn_alloc_array(&p->x, n, a.cols * sizeof *p->x, "rows", err));
    GN_TRY(gn_alloc_array(&p->row, n, sizeof *p->row, "rows", err));
    GN_TRY(gn_alloc_array(&p->theta, GROUPS * n_theta, sizeof *p->theta, "estimates", err));
    GN_TRY(gn_alloc_array(&p->cka, f->n_features, sizeof *p->cka, "estimates", err));
    gn_random r = gn_random_new(gn_ctx_seed(ctx), stream);
    for (size_t i = 0; i < n; i++) p->row[i] = (int32_t)i;
    for (size_t i = n; i-- > 1;) {
        size_t j = (size_t)gn_random_below(&r, i + 1);
        int32_t swap = p->row[i];
        p->row[i] = p->row[j];
        p->row[j] = swap;
    }
done:
    return st;
}

static gn_mat without(struct part *p, gn_mat a, const gn_features *f, size_t group) {
    size_t m = 0;
    for (size_t i = 0; i < a.rows; i++) {
        if (i % GROUPS == group) continue;
        float *to = p->x + m * a.cols;
        const float *from = gn_mat_row_f32(a, (size_t)p->row[i], to);
        if (from != to) memcpy(to, from, a.cols * sizeof *to);
        for (size_t k = 0; k < f->n_features; k++)
            p->code[k * a.rows + m] = f->feature[k].code[p->row[i]];
        m++;
    }
    for (size_t k = 0; k < f->n_features; k++) {
        p->feature[k] = f->feature[k];
        p->feature[k].code = p->code + k * a.rows;
    }
    p->table = (gn_features){m, f->n_features, p->feature};
    return gn_mat_f32(p->x, m, a.cols);
}

/* Column `at` of the estimates. */
static double spread(const double *theta, size_t n_theta, size_t at) {
    double x[GROUPS], sd;
    for (size_t g = 0; g < GROUPS; g++) x[g] = theta[g * n_theta + at];
    sd = gn_sd(x, GROUPS, 0);
    return sqrt(GROUPS - 1.0) * sd;
}

gn_status gn_baselines_with_errors(gn_ctx *ctx, gn_mat a, const gn_features *features,
                                   gn_baseline_values *value, gn_baseline_values *se,
                                   gn_error *err) {
    gn_status st;
    size_t f = features->n_features, n_theta = f + 2 + GN_R2_KINDS;
    struct part p = {0};
    GN_TRY(measure(ctx, a, features, 0, value, err));
    for (size_t k = 0; k < f; k++) se->layer.cka[k] = none;
    for (size_t k = 0; k < GN_R2_KINDS; k++) se->encoding[k] = none;
    se->layer.half = se->layer.ceiling = se->layer.half_sd = none;
    if (a.rows < LEAST_ROWS) goto done;
    GN_TRY(part_new(ctx, a, features, n_theta, &p, err));
    for (size_t g = 0; g < GROUPS; g++) {
        gn_baseline_values again = {.layer.cka = p.cka};
        double *theta = p.theta + g * n_theta;
        gn_mat rest = without(&p, a, features, g);
        GN_TRY(measure(ctx, rest, &p.table, HALVES_AGAIN, &again, err));
        memcpy(theta, p.cka, f * sizeof *theta);
        theta[f] = again.layer.half;
        theta[f + 1] = again.layer.ceiling;
        memcpy(theta + f + 2, again.encoding, sizeof again.encoding);
    }
    for (size_t k = 0; k < f; k++) se->layer.cka[k] = spread(p.theta, n_theta, k);
    se->layer.half = spread(p.theta, n_theta, f);
    se->layer.ceiling = spread(p.theta, n_theta, f + 1);
    for (size_t k = 0; k < GN_R2_KINDS; k++) se->encoding[k] = spread(p.theta, n_theta, f + 2 + k);
done:
    part_free(&p);
    return st;
}
