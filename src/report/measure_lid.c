/* The local dimension of each layer as rows: every variant at every k from one neighbour search,
 * and beside it what the same neighbours (local kNN dimension, hubness) and one seeded sample of
 * pairs (correlation dimension, uniformity) and the types (alignment) tell.
 *
 * Rows that repeat are collapsed first: a zero distance says nothing about a dimension, and a point
 * that exists three times crowds its neighbours' lists. In causal models equal first tokens are
 * such rows in every layer. The mode cai2021 leaves them in and prints the zeros that follow.
 *
 * Under the cosine metric lists hold 1 - cos, half a squared chord. Logarithms of it are halved:
 * the dimension is that of the directions, whichever distance is used to look at them. */
#include "gonio/measure.h"

#include "base/mem.h"
#include "gonio/lid.h"
#include "report/subset.h"

#include <math.h>
#include <stdio.h>

static const double none = (double)NAN;
static const size_t default_k = 100;
enum { LEAST_K = 3 };

struct run {
    gn_ctx *ctx;
    const gn_reps *reps;
    gn_result *result;
    gn_measure_lid_opts opts;
    gn_subset subset;
    int32_t *type, *sequence; /* of the subset's rows; NULL: unknown */
    double *value;            /* (n) points of one layer */
    int32_t *row;             /* (n) the set's rows that they are */
    size_t layer;             /* stored layer at work */
};

static gn_status add(const struct run *r, const char *measure, const char *variant, double value,
                     double se, size_t n, const char *note, gn_error *err) {
    return gn_layer_add(r->result, r->reps, NULL, r->layer, measure, variant, value, se, n, note,
                        err);
}
static gn_status param(const struct run *r, const char *key, double value, gn_error *err) {
    return gn_result_param_number(r->result, key, value, err);
}

/* What cannot be measured is a row without value that says why; what is worse is passed on. */
static gn_status settle(const struct run *r, gn_status st, const char *measure, const char *variant,
                        const gn_error *why, gn_error *err) {
    if (st == GN_EDATA || st == GN_EINVAL)
        return add(r, measure, variant, none, none, 0, why->message, err);
    if (st != GN_OK && err) *err = *why;
    return st;
}

static gn_status add_summary(const struct run *r, const char *measure, const char *variant,
                             const gn_lid_summary *s, bool harmonic, size_t k, gn_error *err) {
    gn_status st;
    GN_TRY(add(r, measure, variant, harmonic ? s->harmonic : s->mean,
               harmonic ? s->harmonic_se : s->mean_se, s->n, NULL, err));
    GN_TRY(param(r, "k", (double)k, err));
    GN_TRY(gn_result_param_text(r->result, "metric", gn_metric_name(r->opts.metric), err));
    if (!harmonic) GN_TRY(param(r, "sd", s->sd, err));
    GN_TRY(param(r, "n_undefined", (double)s->n_undefined, err));
    GN_TRY(param(r, "n_zero", (double)s->n_zero, err));
done:
    return st;
}

/* All variants at one k. */
static gn_status dimensions(const struct run *r, const gn_knn *knn, size_t k, gn_error *err) {
    gn_status st = GN_OK;
    gn_mat dist = gn_mat_f32(knn->distance, knn->n, knn->k);
    gn_lid_opts o = {.k = k,
                     .squared = r->opts.metric == GN_COSINE,
                     .dim = (double)gn_reps_layer(r->reps, r->layer).cols};
    gn_lid_summary s, harmonic;
    gn_error why = {0};
    gn_lid_variant first = r->opts.cai2021 ? GN_LID_CAI2021 : GN_LID_UNBIASED;
    gn_lid_variant last = r->opts.cai2021 ? GN_LID_CAI2021 : GN_LID_AMSALEG;
    for (gn_lid_variant v = first; v <= last; v++) {
        o.variant = v;
        st = gn_lid(dist, &o, v == first ? r->value : NULL, &s, &why);
        if (st != GN_OK) return settle(r, st, "lid", gn_lid_variant_name(v), &why, err);
        GN_TRY(add_summary(r, "lid", gn_lid_variant_name(v), &s, false, k, err));
        if (v == first) {
            harmonic = s;
            if (r->opts.points)
                GN_TRY(r->opts.points(r->opts.user, r->reps, r->layer, k, knn->n, r->row, r->value,
                                      err));
        }
    }
    if (r->opts.cai2021) goto done;
    GN_TRY(add_summary(r, "lid", "harmonic", &harmonic, true, k, err));
    st = gn_lid_local_knn(dist, &o, &s, &why);
    if (st != GN_OK) return settle(r, st, "local_knn_dimension", "mean", &why, err);
    GN_TRY(add_summary(r, "local_knn_dimension", "mean", &s, false, k / 2 * 2, err));
    GN_TRY(add_summary(r, "local_knn_dimension", "ratio", &s, true, k / 2 * 2, err));
done:
    return st;
}

static gn_status hubs(const struct run *r, const gn_knn *knn, size_t k, gn_error *err) {
    gn_status st;
    gn_hubness h;
    GN_TRY(gn_hubness_compute(knn, k, NULL, &h, err));
    const struct {
        const char *variant;
        double value, se;
    } rows[] = {{"skewness", h.skewness, h.skewness_se},
                {"max", h.max, none},
                {"orphan_share", h.orphan_share, none}};
    for (size_t i = 0; i < 3; i++) {
        GN_TRY(add(r, "hubness", rows[i].variant, rows[i].value, rows[i].se, h.n, NULL, err));
        GN_TRY(param(r, "k", (double)k, err));
        GN_TRY(gn_result_param_text(r->result, "metric", gn_metric_name(r->opts.metric), err));
    }
done:
    return st;
}

/* Measures over pairs of the subset's rows. */
static gn_status pairs(const struct run *r, gn_error *err) {
    gn_status st;
    void *owner = NULL;
    gn_mat x;
    gn_pair_opts o = {.sequence = r->sequence, .share = 0.01};
    gn_pair_estimate e;
    gn_error why = {0};
    GN_TRY(gn_subset_rows(&r->subset, gn_reps_layer(r->reps, r->layer), &owner, &x, err));
    st = gn_correlation_dimension(r->ctx, x, &o, &e, &why);
    GN_TRY(settle(r, st, "correlation_dimension", "", &why, err));
    if (why.code == GN_OK) {
        GN_TRY(add(r, "correlation_dimension", "", e.value, e.se, e.n_rows, NULL, err));
        GN_TRY(param(r, "scale", e.scale, err));
        GN_TRY(param(r, "share", o.share, err));
    }
    why = (gn_error){0};
    st = gn_uniformity(r->ctx, x, &o, &e, &why);
    GN_TRY(settle(r, st, "uniformity", "", &why, err));
    if (why.code == GN_OK) GN_TRY(add(r, "uniformity", "", e.value, e.se, e.n_rows, NULL, err));
    for (int by_type = 0; r->type && by_type < 2; by_type++) {
        const char *variant = by_type ? "types" : "pairs";
        why = (gn_error){0};
        st = gn_alignment(x, r->type, by_type, &e, &why);
        GN_TRY(settle(r, st, "alignment", variant, &why, err));
        if (why.code == GN_OK)
            GN_TRY(add(r, "alignment", variant, e.value, e.se, e.n_rows,
                       e.n_rows ? NULL : "no type occurs twice", err));
    }
done:
    gn_free(owner);
    return st;
}

static gn_status measure_layer(const struct run *r, gn_error *err) {
    gn_status st;
    gn_neighbors *found = NULL;
    size_t rows = r->subset.n, most = 0;
    for (size_t j = 0; j < r->opts.n_k; j++)
        if (r->opts.k[j] > most) most = r->opts.k[j];
    if (most > rows - 1) most = rows - 1;
    GN_TRY(gn_subset_neighbors_by(r->ctx, &r->subset, r->reps, r->layer, most, r->opts.metric,
                                  &found, err));
    bool collapse = !r->opts.cai2021;
    const gn_knn *knn = collapse ? found->distinct : found->all;
    GN_TRY(add(r, "n_duplicates", "", (double)found->n_duplicates, none, rows, NULL, err));
    if (!knn || knn->k < LEAST_K) {
        char note[96];
        snprintf(note, sizeof note, "%zu distinct rows: local dimension needs more than %d",
                 knn ? knn->n : 1, LEAST_K);
        GN_TRY(add(r, "lid", r->opts.cai2021 ? "cai2021" : "unbiased", none, none, 0, note, err));
        goto done;
    }
    for (size_t i = 0; i < knn->n; i++) {
        size_t at = collapse && found->row ? (size_t)found->row[i] : i;
        r->row[i] = r->subset.row ? r->subset.row[at] : (int32_t)at;
    }
    for (size_t j = 0; j < r->opts.n_k; j++) {
        size_t k = r->opts.k[j] < knn->k ? r->opts.k[j] : knn->k;
        GN_TRY(dimensions(r, knn, k, err));
        if (collapse) GN_TRY(hubs(r, knn, k, err));
    }
    if (collapse) GN_TRY(pairs(r, err));
done:
    gn_neighbors_free(found);
    return st;
}

gn_status gn_measure_lid(gn_ctx *ctx, const gn_reps *reps, const gn_measure_lid_opts *opts,
                         gn_result *result, gn_error *err) {
    struct run r = {.ctx = ctx, .reps = reps, .result = result};
    gn_status st;
    if (opts) r.opts = *opts;
    if (!r.opts.k) {
        r.opts.k = &default_k;
        r.opts.n_k = 1;
    }
    for (size_t j = 0; j < r.opts.n_k; j++)
        if (r.opts.k[j] < LEAST_K) {
            st = gn_fail(err, GN_EINVAL, "local dimension with k = %zu, expected at least %d",
                         r.opts.k[j], LEAST_K);
            goto done;
        }
    GN_TRY(gn_subset_new(ctx, reps, r.opts.max_rows, &r.subset, err));
    GN_TRY(gn_subset_column(&r.subset, gn_row_types(reps), &r.type, err));
    GN_TRY(gn_subset_column(&r.subset, gn_reps_sequence(reps), &r.sequence, err));
    GN_TRY(gn_alloc_array(&r.value, r.subset.n, sizeof *r.value, "local dimensions", err));
    GN_TRY(gn_alloc_array(&r.row, r.subset.n, sizeof *r.row, "distinct rows", err));
    GN_TRY(gn_result_set_text(result, "metric", gn_metric_name(r.opts.metric), err));
    GN_TRY(gn_result_set_number(result, "rows", (double)gn_reps_rows(reps), err));
    GN_TRY(gn_result_set_number(result, "rows_neighbors", (double)r.subset.n, err));
    if (r.opts.cai2021) GN_TRY(gn_result_set_text(result, "compat", "cai2021", err));
    for (r.layer = 0; r.layer < gn_reps_layers(reps); r.layer++) {
        GN_TRY(gn_ctx_poll(ctx, err));
        GN_TRY(measure_layer(&r, err));
    }
done:
    gn_free(r.type);
    gn_free(r.sequence);
    gn_free(r.value);
    gn_free(r.row);
    gn_subset_free(&r.subset);
    return st;
}
