/* The intrinsic dimension of every layer, as rows: each estimator over every scale that it has, so
 * that nobody has to trust one number.
 *
 * Identical rows are collapsed first: a ratio estimator divides by the distance to the first
 * neighbour. The compatibility mode leaves them in, as DADApy does.
 *
 * Decimation searches neighbours anew in every sample, all sizes together about as long as the
 * search in the full set. That is nothing for small sets and doubles the time of large ones, so
 * it is on by itself up to DECIMATION_ROWS rows. */
#include "report/measure_id.h"

#include "base/mem.h"
#include "gonio/measure.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    DECIMATION_ROWS = 20000,
    DECIMATION_MAX = 40,
    LEAST_SAMPLE = 100, /* samples smaller than this are shown, but no number is taken from them */
    RANGE_MAX = 1024    /* where neighbour lists end */
};

static const double none = (double)NAN;

void gn_twonn_variant(double fraction, char out[32]) {
    snprintf(out, 32, "base_%.6g", fraction);
}

/* ---- TwoNN and Gride ---------------------------------------------------------------------------
 */

static gn_status twonn(const gn_spot *at, gn_mat distance, const gn_id_rows_opts *opts,
                       gn_id_estimate *profile, gn_error *err) {
    gn_status st = GN_OK;
    char variant[32];
    struct {
        gn_twonn_method method;
        double fraction;
        const char *name;
    } fits[] = {{GN_TWONN_BASE, 0.9, NULL},
                {GN_TWONN_BASE, 0.98, NULL},
                {GN_TWONN_BASE, opts->fraction, NULL},
                {GN_TWONN_ML, 0, "ml"},
                {GN_TWONN_BAYES, 0, "bayes"}};
    double chosen = opts->fraction > 0 ? opts->fraction : 0.9;
    for (size_t v = 0; v < sizeof fits / sizeof *fits; v++) {
        bool line = fits[v].method == GN_TWONN_BASE;
        if (line && v == 2 &&
            (!(fits[v].fraction > 0) || fits[v].fraction == fits[0].fraction ||
             fits[v].fraction == fits[1].fraction))
            continue;
        gn_twonn_opts o = {
            .method = fits[v].method, .fraction = fits[v].fraction, .dadapy = opts->dadapy};
        gn_id_estimate e;
        gn_error why;
        gn_twonn_variant(fits[v].fraction, variant);
        const char *name = line ? variant : fits[v].name;
        st = gn_id_twonn(distance, &o, &e, &why);
        GN_TRY(gn_spot_settle(at, st, "twonn", name, &why, err));
        if (why.code != GN_OK) continue;
        GN_TRY(gn_spot_add(at, "twonn", name, e.dim, e.se, e.n,
                           isfinite(e.dim) ? NULL : "infinite or undefined ratios", err));
        GN_TRY(gn_spot_param(at, "scale", e.scale, err));
        if (line && fits[v].fraction == chosen && profile) *profile = e;
    }
done:
    return st;
}

static gn_status gride_point(const gn_spot *at, const gn_gride_point *g, const char *variant,
                             const char *note, gn_error *err) {
    gn_status st;
    GN_TRY(gn_spot_add(at, "gride", variant, g->id.dim, g->id.se, g->id.n, note, err));
    GN_TRY(gn_spot_param(at, "n1", (double)g->n1, err));
    GN_TRY(gn_spot_param(at, "n2", (double)g->n2, err));
    GN_TRY(gn_spot_param(at, "scale", g->id.scale, err));
done:
    return st;
}

/* The curve, then the one point of it that a table shows. */
static gn_status gride(const gn_spot *at, gn_mat distance, const gn_id_rows_opts *opts,
                       gn_error *err) {
    gn_gride_point point[GN_ID_MAX_SCALES];
    double dim[GN_ID_MAX_SCALES];
    size_t n_points = 0;
    const char *note = NULL;
    gn_error why;
    gn_status st =
        gn_id_gride(distance,
                    &(gn_gride_opts){.range_max = opts->range_max ? opts->range_max : distance.cols,
                                     .dadapy = opts->dadapy},
                    point, &n_points, &why);
    GN_TRY(gn_spot_settle(at, st, "gride", "reported", &why, err));
    if (why.code != GN_OK) goto done;
    for (size_t i = 0; opts->dadapy && i < distance.rows; i++)
        if (((const float *)distance.data)[i * distance.stride] == 0)
            note = "identical points: at this scale DADApy's own number is rounding of its matrix "
                   "product";
    for (size_t j = 0; j < n_points; j++) {
        dim[j] = point[j].id.dim;
        GN_TRY(gride_point(at, &point[j], "", j == 0 ? note : NULL, err));
    }
    GN_TRY(gride_point(at, &point[gn_id_flattest(dim, n_points)], "reported", NULL, err));
done:
    return st;
}

gn_status gn_rows_twonn_gride(const gn_spot *at, const gn_knn *knn, const gn_id_rows_opts *opts,
                              gn_id_estimate *profile, gn_error *err) {
    gn_status st;
    gn_mat distance = gn_mat_f32(knn->distance, knn->n, knn->k);
    if (profile) *profile = (gn_id_estimate){none, none, none, 0};
    GN_TRY(twonn(at, distance, opts, profile, err));
    GN_TRY(gride(at, distance, opts, err));
done:
    return st;
}

/* ---- estimators with neighbourhoods of their own ------------------------------------------------
 */

gn_status gn_rows_kstar_gride(gn_ctx *ctx, const gn_spot *at, const gn_knn *knn, double alpha,
                              gn_error *err) {
    enum { STEPS = 5 };
    gn_id_estimate steps[STEPS + 1];
    gn_error why;
    gn_status st = gn_id_kstar_gride(
        ctx, knn, &(gn_kstar_gride_opts){.alpha = alpha, .n_steps = STEPS}, steps, &why);
    GN_TRY(gn_spot_settle(at, st, "kstar_gride", "", &why, err));
    if (why.code != GN_OK) goto done;
    const gn_id_estimate *e = &steps[STEPS];
    GN_TRY(gn_spot_add(at, "kstar_gride", "", e->dim, e->se, e->n, NULL, err));
    GN_TRY(gn_spot_param(at, "k", (double)knn->k, err));
    GN_TRY(gn_spot_param(at, "scale", e->scale, err));
done:
    return st;
}

gn_status gn_rows_binomial(const gn_spot *at, const gn_knn *knn, const gn_binomial_opts *opts,
                           gn_error *err) {
    gn_binomial_estimate b;
    gn_error why;
    gn_status st = gn_id_binomial(gn_mat_f32(knn->distance, knn->n, knn->k), opts, &b, &why);
    GN_TRY(gn_spot_settle(at, st, "binomial", "", &why, err));
    if (why.code != GN_OK) goto done;
    GN_TRY(gn_spot_add(at, "binomial", "", b.id.dim, b.id.se, b.id.n, NULL, err));
    GN_TRY(gn_spot_param(at, "k", (double)b.k, err));
    GN_TRY(gn_spot_param(at, "ratio", b.ratio, err));
    GN_TRY(gn_spot_param(at, "ks", b.ks, err));
    GN_TRY(gn_spot_param(at, "p_value", b.p_value, err));
    GN_TRY(gn_spot_param(at, "scale", b.id.scale, err));
done:
    return st;
}

/* ---- decimation ---------------------------------------------------------------------------------
 */

/* Position j of the curve: every 2^j-th row, about. */
static gn_status decimation_point(const gn_spot *at, const gn_decimate_point *p, size_t j,
                                  const char *variant, bool dadapy, gn_error *err) {
    gn_status st;
    GN_TRY(gn_spot_add(at, "twonn_decimation", variant, p->id.dim, p->id.se, p->n, NULL, err));
    GN_TRY(gn_spot_param(at, "decimation", ldexp(1, (int)j), err));
    GN_TRY(gn_spot_param(at, "repeats", (double)p->n_samples, err));
    GN_TRY(gn_spot_param(at, "scale", p->id.scale, err));
    GN_TRY(gn_result_param_text(at->result, "error_rule",
                                p->n_samples > 1 ? "population sd / sqrt(repeats)"
                                : dadapy         ? "none"
                                                 : "asymptotic",
                                err));
done:
    return st;
}

/* The curve of the rows `distinct` (NULL: all) of the subset, then the scale to quote. */
static gn_status decimation(gn_ctx *ctx, const gn_spot *at, const gn_subset *subset,
                            const gn_neighbors *found, const gn_decimate_opts *opts,
                            gn_error *err) {
    gn_status st;
    gn_decimate_point point[DECIMATION_MAX];
    double dim[DECIMATION_MAX];
    size_t n_points = 0, n_large = 0;
    bool dadapy = opts->twonn.dadapy;
    gn_subset rows = *subset;
    int32_t *row = NULL;
    void *owner = NULL;
    gn_mat x;
    gn_error why;
    if (found->row && !dadapy) {
        rows.n = subset->n - found->n_duplicates;
        GN_TRY(gn_alloc_array(&row, rows.n, sizeof *row, "distinct rows", err));
        for (size_t i = 0; i < rows.n; i++)
            row[i] = subset->row ? subset->row[found->row[i]] : found->row[i];
        rows.row = row;
    }
    GN_TRY(gn_subset_rows(&rows, gn_reps_layer(at->reps, at->layer), &owner, &x, err));
    st = gn_id_decimate(ctx, x, opts, point, &n_points, &why);
    GN_TRY(gn_spot_settle(at, st, "twonn_decimation", "reported", &why, err));
    if (why.code != GN_OK) goto done;
    for (size_t j = 0; j < n_points; j++) {
        GN_TRY(decimation_point(at, &point[j], j, "", dadapy, err));
        dim[j] = point[j].id.dim;
        n_large += point[j].n >= LEAST_SAMPLE;
    }
    size_t best = gn_id_flattest(dim, n_large);
    GN_TRY(decimation_point(at, &point[best], best, "reported", dadapy, err));
done:
    gn_free(owner);
    gn_free(row);
    return st;
}

/* ---- a set
 * ---------------------------------------------------------------------------------------
 */

struct run {
    gn_ctx *ctx;
    gn_measure_id_opts opts;
    gn_subset subset;
    size_t k;
    bool decimate;
};

static gn_status one_layer(const struct run *r, const gn_spot *at, const gn_neighbors *found,
                           gn_error *err) {
    gn_status st;
    const gn_measure_id_opts *o = &r->opts;
    size_t rows = r->subset.n, n = rows - found->n_duplicates;
    const gn_knn *knn = o->dadapy ? found->all : found->distinct;
    gn_id_estimate base;
    GN_TRY(gn_spot_add(at, "n_duplicates", "", (double)found->n_duplicates, none, rows,
                       o->dadapy && found->n_duplicates ? "left in, as DADApy does" : NULL, err));
    if (n < 3) {
        GN_TRY(
            gn_spot_add(at, "twonn", "base_0.9", none, none, n, "fewer than 3 distinct rows", err));
        goto done;
    }
    gn_id_rows_opts rows_opts = {o->range_max, o->fraction, o->dadapy};
    GN_TRY(gn_rows_twonn_gride(at, knn, &rows_opts, &base, err));
    GN_TRY(gn_rows_kstar_gride(r->ctx, at, knn, 0, err));
    gn_binomial_opts binomial = {o->binomial_k, o->binomial_ratio};
    if (binomial.k > knn->k) binomial.k = knn->k;
    GN_TRY(gn_rows_binomial(at, knn, &binomial, err));
    if (!r->decimate) goto done;
    gn_decimate_opts decimate = {.twonn = {.fraction = o->fraction, .dadapy = o->dadapy},
                                 .full = isfinite(base.dim) ? &base : NULL};
    GN_TRY(decimation(r->ctx, at, &r->subset, found, &decimate, err));
done:
    return st;
}

static gn_status check(const gn_measure_id_opts *o, gn_error *err) {
    if (o->range_max == 1 || o->range_max > RANGE_MAX || o->k > RANGE_MAX)
        return gn_fail(err, GN_EINVAL,
                       "intrinsic dimension: Gride range %zu, %zu neighbours, expected 2 to %d; "
                       "decimation reaches larger scales",
                       o->range_max, o->k, RANGE_MAX);
    bool whole = o->dadapy && o->fraction == 1;
    if (!(o->fraction == 0 || (o->fraction > 0 && o->fraction < 1) || whole))
        return gn_fail(err, GN_EINVAL,
                       "intrinsic dimension: fraction %g of the ratios, expected more than 0 and "
                       "less than 1%s",
                       o->fraction, o->dadapy ? " (or 1: maximum likelihood)" : "");
    if (o->binomial_k == 1 || !(o->binomial_ratio >= 0 && o->binomial_ratio < 1))
        return gn_fail(err, GN_EINVAL,
                       "binomial dimension: k %zu, ratio %g, expected at least 2 neighbours and a "
                       "ratio between 0 and 1",
                       o->binomial_k, o->binomial_ratio);
    return GN_OK;
}

static gn_status conditions(const struct run *r, const gn_reps *reps, gn_result *result,
                            gn_error *err) {
    gn_status st;
    char text[160];
    GN_TRY(gn_subset_conditions(&r->subset, reps, r->opts.set, r->k, result, err));
    GN_TRY(gn_result_set_number(result, "range_max", (double)r->opts.range_max, err));
    if (r->opts.dadapy) GN_TRY(gn_result_set_text(result, "compat", "dadapy", err));
    snprintf(text, sizeof text, "%s",
             r->decimate ? "independent random samples without replacement, from the seed" : "off");
    if (!r->decimate && r->opts.decimation == GN_DECIMATION_AUTO)
        snprintf(text, sizeof text, "off: more than %d rows", DECIMATION_ROWS);
    GN_TRY(gn_result_set_text(result, "decimation", text, err));
done:
    return st;
}

gn_status gn_measure_id(gn_ctx *ctx, const gn_reps *reps, const gn_measure_id_opts *opts,
                        gn_result *result, gn_error *err) {
    struct run r = {.ctx = ctx, .opts = opts ? *opts : (gn_measure_id_opts){0}};
    gn_neighbors *found = NULL;
    gn_status st;
    GN_TRY(check(&r.opts, err));
    GN_TRY(gn_subset_new(ctx, reps, r.opts.max_rows, &r.subset, err));
    size_t n = r.subset.n;
    if (!r.opts.range_max) r.opts.range_max = 64;
    r.k = r.opts.k ? r.opts.k : 100;
    if (r.k < r.opts.range_max) r.k = r.opts.range_max;
    if (r.k < r.opts.binomial_k) r.k = r.opts.binomial_k;
    if (r.k > n - 1) r.k = n - 1;
    r.decimate = r.opts.decimation == GN_DECIMATION_ON ||
                 (r.opts.decimation == GN_DECIMATION_AUTO && n <= DECIMATION_ROWS);
    GN_TRY(conditions(&r, reps, result, err));
    for (size_t i = 0; i < gn_reps_layers(reps); i++) {
        gn_spot at = {.result = result, .reps = reps, .set = r.opts.set, .layer = i};
        GN_TRY(gn_subset_neighbors(ctx, &r.subset, reps, i, r.k, &found, err));
        if ((st = one_layer(&r, &at, found, err)) != GN_OK) {
            gn_error_prefix(err, "%s, layer %zu", gn_reps_name(reps), gn_reps_layer_index(reps, i));
            goto done;
        }
        gn_neighbors_free(found);
        found = NULL;
    }
done:
    gn_neighbors_free(found);
    gn_subset_free(&r.subset);
    return st;
}
