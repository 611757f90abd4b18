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
#include "base/random.h"
#include "gonio/lid.h"
#include "report/subset.h"

#include <math.h>
#include <stdio.h>

static const double none = (double)NAN;
static const size_t default_k = 100;
enum { LEAST_K = 3, STREAM_QUERIES = 0x71756572 /* "quer" */ };

struct run {
    gn_ctx *ctx;
    gn_measure_lid_opts opts;
    gn_spot at;
    gn_subset subset;
    int32_t *type, *sequence; /* of the subset's rows; NULL: unknown */
    double *value;            /* (n) points of one layer */
    int32_t *row;             /* (n) the set's rows that they are */
};

static gn_status add_summary(const struct run *r, const char *measure, const char *variant,
                             const gn_lid_summary *s, bool harmonic, size_t k, gn_error *err) {
    gn_status st;
    GN_TRY(gn_spot_add(&r->at, measure, variant, harmonic ? s->harmonic : s->mean,
                       harmonic ? s->harmonic_se : s->mean_se, s->n, NULL, err));
    GN_TRY(gn_spot_param(&r->at, "k", (double)k, err));
    GN_TRY(gn_result_param_text(r->at.result, "metric", gn_metric_name(r->opts.metric), err));
    if (!harmonic) GN_TRY(gn_spot_param(&r->at, "sd", s->sd, err));
    GN_TRY(gn_spot_param(&r->at, "n_undefined", (double)s->n_undefined, err));
    GN_TRY(gn_spot_param(&r->at, "n_zero", (double)s->n_zero, err));
done:
    return st;
}

/* All variants at one k. */
static gn_status dimensions(const struct run *r, const gn_knn *knn, size_t k, gn_error *err) {
    gn_status st = GN_OK;
    gn_mat dist = gn_mat_f32(knn->distance, knn->n, knn->k);
    gn_lid_opts o = {.k = k,
                     .squared = r->opts.metric == GN_COSINE,
                     .dim = (double)gn_reps_layer(r->at.reps, r->at.layer).cols};
    gn_lid_summary s, harmonic;
    gn_error why = {0};
    gn_lid_variant first = r->opts.cai2021 ? GN_LID_CAI2021 : GN_LID_UNBIASED;
    gn_lid_variant last = r->opts.cai2021 ? GN_LID_CAI2021 : GN_LID_AMSALEG;
    for (gn_lid_variant v = first; v <= last; v++) {
        o.variant = v;
        st = gn_lid(dist, &o, v == first ? r->value : NULL, &s, &why);
        if (st != GN_OK)
            return gn_spot_settle(&r->at, st, "lid", gn_lid_variant_name(v), &why, err);
        GN_TRY(add_summary(r, "lid", gn_lid_variant_name(v), &s, false, k, err));
        if (v == first) {
            harmonic = s;
            if (r->opts.points)
                GN_TRY(r->opts.points(r->opts.user, r->at.reps, r->at.layer, k, knn->n, r->row,
                                      r->value, err));
        }
    }
    if (r->opts.cai2021) goto done;
    GN_TRY(add_summary(r, "lid", "harmonic", &harmonic, true, k, err));
    st = gn_lid_local_knn(dist, &o, &s, &why);
    if (st != GN_OK) return gn_spot_settle(&r->at, st, "local_knn_dimension", "mean", &why, err);
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
        GN_TRY(gn_spot_add(&r->at, "hubness", rows[i].variant, rows[i].value, rows[i].se, h.n, NULL,
                           err));
        GN_TRY(gn_spot_param(&r->at, "k", (double)k, err));
        GN_TRY(gn_result_param_text(r->at.result, "metric", gn_metric_name(r->opts.metric), err));
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
    GN_TRY(gn_subset_rows(&r->subset, gn_reps_layer(r->at.reps, r->at.layer), &owner, &x, err));
    st = gn_correlation_dimension(r->ctx, x, &o, &e, &why);
    GN_TRY(gn_spot_settle(&r->at, st, "correlation_dimension", "", &why, err));
    if (why.code == GN_OK) {
        GN_TRY(
            gn_spot_add(&r->at, "correlation_dimension", "", e.value, e.se, e.n_rows, NULL, err));
        GN_TRY(gn_spot_param(&r->at, "scale", e.scale, err));
        GN_TRY(gn_spot_param(&r->at, "share", o.share, err));
    }
    why = (gn_error){0};
    st = gn_uniformity(r->ctx, x, &o, &e, &why);
    GN_TRY(gn_spot_settle(&r->at, st, "uniformity", "", &why, err));
    if (why.code == GN_OK)
        GN_TRY(gn_spot_add(&r->at, "uniformity", "", e.value, e.se, e.n_rows, NULL, err));
    for (int by_type = 0; r->type && by_type < 2; by_type++) {
        const char *variant = by_type ? "types" : "pairs";
        why = (gn_error){0};
        st = gn_alignment(x, r->type, by_type, &e, &why);
        GN_TRY(gn_spot_settle(&r->at, st, "alignment", variant, &why, err));
        if (why.code == GN_OK)
            GN_TRY(gn_spot_add(&r->at, "alignment", variant, e.value, e.se, e.n_rows,
                               e.n_rows ? NULL : "no type occurs twice", err));
    }
done:
    gn_free(owner);
    return st;
}

/* The lists of one layer: whose they are, and which rows of the set those points are. */
struct lists {
    gn_neighbors *found;
    gn_knn *asked; /* of a sample of queries */
    const gn_knn *knn;
    bool complete; /* every row that may be a neighbour has a list */
};

static void lists_free(struct lists *l) {
    gn_neighbors_free(l->found);
    gn_knn_free(l->asked);
}

/* A seeded sample of rows asks all rows. */
static gn_status ask(const struct run *r, size_t k, struct lists *l, gn_error *err) {
    gn_status st;
    void *owner = NULL;
    gn_mat x;
    gn_knn_opts o = {.k = k, .metric = r->opts.metric, .row = r->row, .n_rows = r->opts.queries};
    GN_TRY(gn_subset_rows(&r->subset, gn_reps_layer(r->at.reps, r->at.layer), &owner, &x, err));
    gn_random random = gn_random_new(gn_ctx_seed(r->ctx), STREAM_QUERIES);
    gn_random_subset(&random, r->subset.n, r->opts.queries, r->row);
    GN_TRY(gn_knn_compute(r->ctx, x, &o, &l->asked, err));
    l->knn = l->asked;
done:
    gn_free(owner);
    return st;
}

static gn_status find_lists(const struct run *r, size_t k, struct lists *l, gn_error *err) {
    gn_status st;
    if (r->opts.queries && r->opts.queries < r->subset.n) {
        GN_TRY(ask(r, k, l, err));
    } else {
        GN_TRY(gn_subset_neighbors_by(r->ctx, &r->subset, r->at.reps, r->at.layer, k,
                                      r->opts.metric, &l->found, err));
        GN_TRY(gn_spot_add(&r->at, "n_duplicates", "", (double)l->found->n_duplicates, none,
                           r->subset.n, NULL, err));
        bool collapse = !r->opts.cai2021;
        l->complete = collapse;
        l->knn = collapse ? l->found->distinct : l->found->all;
        for (size_t i = 0; l->knn && i < l->knn->n; i++)
            r->row[i] = collapse && l->found->row ? l->found->row[i] : (int32_t)i;
    }
    for (size_t i = 0; l->knn && r->subset.row && i < l->knn->n; i++)
        r->row[i] = r->subset.row[r->row[i]];
done:
    return st;
}

static gn_status measure_layer(const struct run *r, gn_error *err) {
    gn_status st;
    struct lists l = {0};
    size_t rows = r->subset.n, most = 0;
    for (size_t j = 0; j < r->opts.n_k; j++)
        if (r->opts.k[j] > most) most = r->opts.k[j];
    if (most > rows - 1) most = rows - 1;
    GN_TRY(find_lists(r, most, &l, err));
    if (!l.knn || l.knn->k < LEAST_K) {
        char note[96];
        snprintf(note, sizeof note, "%zu distinct rows: local dimension needs more than %d",
                 l.knn ? l.knn->n : 1, LEAST_K);
        GN_TRY(gn_spot_add(&r->at, "lid", r->opts.cai2021 ? "cai2021" : "unbiased", none, none, 0,
                           note, err));
        goto done;
    }
    for (size_t j = 0; j < r->opts.n_k; j++) {
        size_t k = r->opts.k[j] < l.knn->k ? r->opts.k[j] : l.knn->k;
        GN_TRY(dimensions(r, l.knn, k, err));
        if (l.complete) GN_TRY(hubs(r, l.knn, k, err));
    }
    if (!r->opts.cai2021) GN_TRY(pairs(r, err));
done:
    lists_free(&l);
    return st;
}

gn_status gn_measure_lid(gn_ctx *ctx, const gn_reps *reps, const gn_measure_lid_opts *opts,
                         gn_result *result, gn_error *err) {
    struct run r = {.ctx = ctx};
    gn_status st;
    if (opts) r.opts = *opts;
    r.at = (gn_spot){.result = result, .reps = reps, .set = r.opts.set};
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
    if (r.opts.queries)
        GN_TRY(gn_result_set_number(result, "queries", (double)r.opts.queries, err));
    if (r.opts.cai2021) GN_TRY(gn_result_set_text(result, "compat", "cai2021", err));
    for (r.at.layer = 0; r.at.layer < gn_reps_layers(reps); r.at.layer++) {
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
