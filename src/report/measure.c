/* From a representation set to tidy rows: which rows enter, which neighbours, which estimators.
 *
 * Every layer of a set is measured on the same rows, so that layers can be compared point by point.
 * Above max_rows the neighbour measures (quadratic in rows) take one seeded sample for all layers;
 * the streaming measures (cosines, norms, spectrum) always take all rows.
 *
 * Exact duplicates need care. At layer 0 of a BERT the same word at the same position is the same
 * vector, so a corpus of words in context has thousands of them. Ratio estimators of intrinsic
 * dimension divide by the distance to the first neighbour: duplicates are collapsed for them.
 * Overlaps keep them: a duplicate is a neighbour like any other, ties broken by index. One search
 * gives both lists (neighbors/distinct.c). */
#include "gonio/survey.h"

#include "base/mem.h"
#include "gonio/id.h"
#include "gonio/isotropy.h"
#include "gonio/overlap.h"
#include "report/subset.h"

#include <math.h>
#include <string.h>

enum { MAX_SCALES = 16 };

/* What stays the same over the layers of one set. */
struct plan {
    gn_ctx *ctx;
    const gn_reps *reps;
    gn_survey_opts opts;
    gn_result *result;
    gn_subset subset; /* the rows that enter the neighbour measures */
    gn_labels *label; /* (n_labels) label columns restricted to those rows; names borrowed */
    size_t n_labels;
};

/* ---- rows of the result --------------------------------------------------------------------- */

static const char *set_name(const struct plan *p) {
    return p->opts.set ? p->opts.set : gn_reps_name(p->reps);
}

/* A measurement of stored layer i. */
static gn_status add(const struct plan *p, size_t i, const char *measure, const char *variant,
                     double value, double se, size_t n, const char *note, gn_error *err) {
    return gn_layer_add(p->result, p->reps, p->opts.set, i, measure, variant, value, se, n, note,
                        err);
}

static const double none = (double)NAN;

/* A layer that an estimator cannot measure (all neighbours equally far, a label column without a
 * label) is a missing value with its reason, not the end of the survey. Passes on what is worse. */
static gn_status settle(const struct plan *p, size_t layer, gn_status st, const char *measure,
                        const char *variant, gn_error *why, gn_error *err) {
    if (st == GN_OK) {
        why->code = GN_OK;
        return GN_OK;
    }
    if (st == GN_EDATA || st == GN_EINVAL)
        return add(p, layer, measure, variant, none, none, 0, why->message, err);
    if (err) *err = *why;
    return st;
}

static gn_status add_param(const struct plan *p, const char *key, size_t value, gn_error *err) {
    return gn_result_param_number(p->result, key, (double)value, err);
}

/* ---- measures ---------------------------------------------------------------------------------
 */

static gn_status measure_id(const struct plan *p, size_t layer, const gn_knn *knn, gn_error *err) {
    static const struct {
        const char *variant;
        gn_twonn_opts opts;
    } twonn[] = {
        {"base_0.9", {.method = GN_TWONN_BASE, .fraction = 0.9}},
        {"base_0.98", {.method = GN_TWONN_BASE, .fraction = 0.98}},
        {"ml", {.method = GN_TWONN_ML}},
        {"bayes", {.method = GN_TWONN_BAYES}},
    };
    gn_status st = GN_OK;
    gn_mat distance = gn_mat_f32(knn->distance, knn->n, knn->k);
    for (size_t v = 0; v < sizeof twonn / sizeof *twonn; v++) {
        gn_id_estimate e;
        gn_error why;
        st = gn_id_twonn(distance, &twonn[v].opts, &e, &why);
        GN_TRY(settle(p, layer, st, "twonn", twonn[v].variant, &why, err));
        if (why.code != GN_OK) continue;
        GN_TRY(add(p, layer, "twonn", twonn[v].variant, e.dim, e.se, e.n, NULL, err));
        GN_TRY(gn_result_param_number(p->result, "scale", e.scale, err));
    }
    gn_gride_point point[MAX_SCALES];
    size_t n_points = MAX_SCALES;
    gn_error why;
    st = gn_id_gride(distance, &(gn_gride_opts){.range_max = knn->k}, point, &n_points, &why);
    GN_TRY(settle(p, layer, st, "gride", "reported", &why, err));
    if (why.code != GN_OK) goto done;
    double dim[MAX_SCALES];
    for (size_t j = 0; j < n_points; j++) dim[j] = point[j].id.dim;
    size_t reported = gn_id_flattest(dim, n_points);
    /* The curve, then the one point of it that a table shows. */
    for (size_t j = 0; j <= n_points; j++) {
        const gn_gride_point *g = &point[j < n_points ? j : reported];
        GN_TRY(add(p, layer, "gride", j < n_points ? "" : "reported", g->id.dim, g->id.se, g->id.n,
                   NULL, err));
        GN_TRY(add_param(p, "n1", g->n1, err));
        GN_TRY(add_param(p, "n2", g->n2, err));
        GN_TRY(gn_result_param_number(p->result, "scale", g->id.scale, err));
    }
done:
    return st;
}

/* Intrinsic dimension of the distinct rows. */
static gn_status measure_id_distinct(const struct plan *p, size_t layer,
                                     const gn_neighbors *neighbors, gn_error *err) {
    gn_status st = GN_OK;
    size_t rows = p->subset.n, n = rows - neighbors->n_duplicates;
    GN_TRY(
        add(p, layer, "n_duplicates", "", (double)neighbors->n_duplicates, none, rows, NULL, err));
    if (n < 3)
        GN_TRY(
            add(p, layer, "twonn", "base_0.9", none, none, n, "fewer than 3 distinct rows", err));
    else
        GN_TRY(measure_id(p, layer, neighbors->distinct, err));
done:
    return st;
}

static gn_status measure_isotropy(const struct plan *p, size_t layer, gn_error *err) {
    gn_status st = GN_OK;
    gn_isotropy s;
    gn_isotropy_opts opts = {.type = gn_row_types(p->reps), .sequence = gn_reps_sequence(p->reps)};
    GN_TRY(gn_isotropy_compute(p->ctx, gn_reps_layer(p->reps, layer), &opts, &s, NULL, err));
    const struct {
        const char *measure, *variant;
        double value, se;
        size_t n;
    } rows[] = {
        {"inter_cosine", "raw", s.raw.inter, s.raw.inter_se, s.raw.n_types},
        {"intra_cosine", "raw", s.raw.intra, s.raw.intra_se, s.raw.n_intra_types},
        {"inter_cosine", "centred", s.centred.inter, s.centred.inter_se, s.centred.n_types},
        {"intra_cosine", "centred", s.centred.intra, s.centred.intra_se, s.centred.n_intra_types},
        {"norm", "mean", s.norm_mean, s.norm_mean_se, s.n},
        {"norm", "sd", s.norm_sd, none, s.n},
        {"norm", "min", s.norm_min, none, s.n},
        {"norm", "median", s.norm_median, none, s.n},
        {"norm", "max", s.norm_max, none, s.n},
        {"mean_norm", "", s.mean_norm, none, s.n},
        {"participation_ratio", "", s.participation_ratio, s.participation_ratio_se, s.n},
        {"isoscore", "", s.isoscore, s.participation_ratio_se / (double)(s.d > 1 ? s.d - 1 : 1),
         s.n},
        {"effective_rank", "", s.effective_rank, none, s.n},
        {"top1_share", "", s.top1_share, none, s.n},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        GN_TRY(add(p, layer, rows[i].measure, rows[i].variant, rows[i].value, rows[i].se, rows[i].n,
                   strcmp(rows[i].measure, "intra_cosine") == 0 && rows[i].n == 0
                       ? "no type occurs twice"
                       : NULL,
                   err));
done:
    return st;
}

/* The largest overlap that k neighbours can reach: a class of n_c points offers n_c - 1 of them.
 * Senses with three examples cannot fill thirty places. */
static gn_status overlap_ceiling(const gn_labels *labels, size_t k, bool plain, double *out,
                                 gn_error *err) {
    size_t *size = gn_calloc(labels->n_classes, sizeof *size), n = 0, n_present = 0;
    if (!size) return gn_fail_nomem(err, "class sizes", labels->n_classes * sizeof *size);
    double by_class = 0, by_point = 0;
    for (size_t i = 0; i < labels->n; i++)
        if (labels->code[i] >= 0) size[labels->code[i]]++, n++;
    for (size_t c = 0; c < labels->n_classes; c++) {
        if (!size[c]) continue;
        double reach = (double)(size[c] - 1 < k ? size[c] - 1 : k) / (double)k;
        by_class += reach;
        by_point += reach * (double)size[c];
        n_present++;
    }
    *out = plain ? by_point / (double)n : by_class / (double)n_present;
    gn_free(size);
    return GN_OK;
}

static gn_status measure_overlaps(const struct plan *p, size_t layer, const gn_knn *knn,
                                  const gn_knn *previous, gn_error *err) {
    gn_status st = GN_OK;
    gn_overlap o;
    double ceiling = none;
    size_t k = p->opts.overlap_k < knn->k ? p->opts.overlap_k : knn->k;
    if (previous) {
        GN_TRY(gn_overlap_data(previous, knn, k, &o, err));
        GN_TRY(add(p, layer, "data_overlap", "", o.value, o.se, o.n, NULL, err));
        GN_TRY(add_param(p, "k", k, err));
        GN_TRY(gn_result_param_text(p->result, "other_set", set_name(p), err));
        GN_TRY(add_param(p, "other_layer", gn_reps_layer_index(p->reps, layer - 1), err));
        GN_TRY(gn_result_param_number(p->result, "chance", o.chance, err));
    }
    for (size_t c = 0; c < p->n_labels; c++)
        for (int plain = 0; plain < 2 && !gn_is_type_column(p->reps, c); plain++) {
            gn_label_overlap_opts opts = {.k = k, .plain = plain};
            const char *variant = plain ? "plain" : "weighted";
            gn_error why;
            st = gn_overlap_label(knn, &p->label[c], &opts, &o, &why);
            GN_TRY(settle(p, layer, st, "label_overlap", variant, &why, err));
            if (why.code == GN_OK) {
                GN_TRY(add(p, layer, "label_overlap", variant, o.value, o.se, o.n, NULL, err));
                GN_TRY(gn_result_param_number(p->result, "chance", o.chance, err));
                GN_TRY(overlap_ceiling(&p->label[c], k, plain, &ceiling, err));
                GN_TRY(gn_result_param_number(p->result, "ceiling", ceiling, err));
            }
            GN_TRY(add_param(p, "k", k, err));
            GN_TRY(gn_result_param_text(p->result, "label", gn_reps_label_name(p->reps, c), err));
            GN_TRY(add_param(p, "n_classes", p->label[c].n_classes, err));
        }
done:
    return st;
}

/* ---- the walk over layers -----------------------------------------------------------------------
 */

static void plan_free(struct plan *p) {
    for (size_t c = 0; p->label && c < p->n_labels; c++) gn_free(p->label[c].code);
    gn_free(p->label);
    gn_subset_free(&p->subset);
}

static gn_status plan_labels(struct plan *p, gn_error *err) {
    gn_status st = GN_OK;
    size_t count = gn_reps_label_count(p->reps);
    p->label = gn_calloc(count, sizeof *p->label);
    if (!p->label) return gn_fail_nomem(err, "label columns", count * sizeof *p->label);
    for (size_t c = 0; c < count; c++, p->n_labels++)
        GN_TRY(gn_subset_labels(&p->subset, gn_reps_labels(p->reps, c), &p->label[c], err));
done:
    return st;
}

static gn_status plan_new(struct plan *p, gn_ctx *ctx, const gn_reps *reps,
                          const gn_survey_opts *opts, gn_result *result, bool labels,
                          gn_error *err) {
    gn_status st = GN_OK;
    gn_survey_opts o = opts ? *opts : (gn_survey_opts){0};
    size_t rows = gn_reps_rows(reps);
    *p = (struct plan){.ctx = ctx, .reps = reps, .result = result, .opts = o};
    GN_TRY(gn_subset_new(ctx, reps, o.max_rows, &p->subset, err));
    size_t n = p->subset.n;
    if (!p->opts.k) p->opts.k = 64;
    if (p->opts.k > n - 1) p->opts.k = n - 1;
    if (!p->opts.overlap_k) p->opts.overlap_k = 30;
    if (labels) GN_TRY(plan_labels(p, err));
    GN_TRY(gn_result_set_number(result, "k", (double)p->opts.k, err));
    if (labels) GN_TRY(gn_result_set_number(result, "overlap_k", (double)p->opts.overlap_k, err));
    GN_TRY(gn_result_set_text(result, "metric", gn_metric_name(GN_EUCLIDEAN), err));
    GN_TRY(gn_result_set_number(result, "rows", (double)rows, err));
    GN_TRY(gn_result_set_number(result, "dims", (double)gn_reps_layer(reps, 0).cols, err));
    GN_TRY(gn_result_set_number(result, "rows_neighbors", (double)n, err));
done:
    if (st != GN_OK) plan_free(p);
    return st;
}

/* Passes a status on; a failure is told where it happened. */
static gn_status at_layer(const struct plan *p, size_t layer, gn_status st, gn_error *err) {
    if (st != GN_OK)
        gn_error_prefix(err, "%s, layer %zu", gn_reps_name(p->reps),
                        gn_reps_layer_index(p->reps, layer));
    return st;
}

gn_status gn_survey_measure(gn_ctx *ctx, const gn_reps *reps, const gn_survey_opts *opts,
                            gn_result *result, gn_error *err) {
    struct plan p;
    gn_status st = plan_new(&p, ctx, reps, opts, result, true, err);
    if (st != GN_OK) return st;
    gn_neighbors *previous = NULL, *now = NULL;
    for (size_t i = 0; i < gn_reps_layers(reps); i++) {
        GN_TRY(at_layer(&p, i, measure_isotropy(&p, i, err), err));
        GN_TRY(gn_subset_neighbors(ctx, &p.subset, reps, i, p.opts.k, &now, err));
        GN_TRY(at_layer(&p, i, measure_id_distinct(&p, i, now, err), err));
        GN_TRY(at_layer(
            &p, i, measure_overlaps(&p, i, now->all, previous ? previous->all : NULL, err), err));
        gn_neighbors_free(previous);
        previous = now;
        now = NULL;
    }
done:
    gn_neighbors_free(now);
    gn_neighbors_free(previous);
    plan_free(&p);
    return st;
}

gn_status gn_measure_id(gn_ctx *ctx, const gn_reps *reps, const gn_survey_opts *opts,
                        gn_result *result, gn_error *err) {
    struct plan p;
    gn_status st = plan_new(&p, ctx, reps, opts, result, false, err);
    if (st != GN_OK) return st;
    gn_neighbors *neighbors = NULL;
    for (size_t i = 0; i < gn_reps_layers(reps); i++) {
        GN_TRY(gn_subset_neighbors(ctx, &p.subset, reps, i, p.opts.k, &neighbors, err));
        GN_TRY(at_layer(&p, i, measure_id_distinct(&p, i, neighbors, err), err));
        gn_neighbors_free(neighbors);
        neighbors = NULL;
    }
done:
    gn_neighbors_free(neighbors);
    plan_free(&p);
    return st;
}
