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
#include "gonio/overlap.h"
#include "report/label_rows.h"
#include "report/measure_density.h"
#include "report/measure_id.h"
#include "report/measure_imbalance.h"
#include "report/survey_parts.h"

#include <math.h>
#include <string.h>

/* What stays the same over the layers of one set. */
struct plan {
    gn_ctx *ctx;
    const gn_reps *reps;
    gn_survey_opts opts;
    gn_result *result;
    gn_subset subset; /* the rows that enter the neighbour measures */
    gn_labels *label; /* (n_labels) label columns restricted to those rows; class names borrowed */
    const char **label_name; /* (n_labels) */
    size_t n_labels;
    gn_subset cluster_rows; /* a sample for k-means */
    int32_t *later; /* (n_later) rows behind position 0; NULL: there are none, or no others */
    size_t n_later;
    gn_knn *list; /* (layers) the overlap_k nearest in each layer so far: indices, no distances */
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

static gn_spot spot(const struct plan *p, size_t layer) {
    return (gn_spot){.result = p->result, .reps = p->reps, .set = p->opts.set, .layer = layer};
}

static gn_status add_param(const struct plan *p, const char *key, size_t value, gn_error *err) {
    return gn_result_param_number(p->result, key, (double)value, err);
}

/* ---- measures ---------------------------------------------------------------------------------
 */

/* Intrinsic dimension of the distinct rows. */
static gn_status measure_id_distinct(const struct plan *p, size_t layer,
                                     const gn_neighbors *neighbors, gn_error *err) {
    gn_status st = GN_OK;
    gn_spot at = spot(p, layer);
    size_t rows = p->subset.n, n = rows - neighbors->n_duplicates;
    GN_TRY(
        add(p, layer, "n_duplicates", "", (double)neighbors->n_duplicates, none, rows, NULL, err));
    if (n < 3)
        GN_TRY(
            add(p, layer, "twonn", "base_0.9", none, none, n, "fewer than 3 distinct rows", err));
    else
        GN_TRY(gn_rows_twonn_gride(&at, neighbors->distinct, &(gn_id_rows_opts){0}, NULL, err));
done:
    return st;
}

/* The layer's nearest, kept for the layers after it. */
static gn_status keep_list(struct plan *p, size_t layer, const gn_knn *knn, gn_error *err) {
    gn_knn *l = &p->list[layer];
    size_t k = p->opts.overlap_k;
    gn_status st = gn_alloc_array(&l->index, knn->n, k * sizeof *l->index, "neighbours", err);
    if (st != GN_OK) return st;
    l->n = knn->n;
    l->k = k;
    for (size_t i = 0; i < knn->n; i++)
        memcpy(l->index + i * k, knn->index + i * knn->k, k * sizeof *l->index);
    return GN_OK;
}

/* Against every layer before this one, the nearest first. */
static gn_status data_overlaps(const struct plan *p, size_t layer, gn_error *err) {
    gn_status st = GN_OK;
    gn_overlap o;
    for (size_t other = layer; other-- > 0;) {
        GN_TRY(gn_ctx_poll(p->ctx, err));
        GN_TRY(gn_overlap_data(&p->list[other], &p->list[layer], p->opts.overlap_k, &o, err));
        GN_TRY(add(p, layer, "data_overlap", "", o.value, o.se, o.n, NULL, err));
        GN_TRY(add_param(p, "k", p->opts.overlap_k, err));
        GN_TRY(gn_result_param_text(p->result, "other_set", set_name(p), err));
        GN_TRY(add_param(p, "other_layer", gn_reps_layer_index(p->reps, other), err));
        GN_TRY(gn_result_param_number(p->result, "chance", o.chance, err));
    }
done:
    return st;
}

/* Everything that needs the layer's neighbours. */
static gn_status measure_neighbors(struct plan *p, size_t layer, const gn_neighbors *found,
                                   gn_error *err) {
    gn_status st;
    gn_spot at = spot(p, layer);
    gn_density_rows_opts density = {
        .labels = p->label, .label_name = p->label_name, .n_labels = p->n_labels};
    GN_TRY(measure_id_distinct(p, layer, found, err));
    GN_TRY(gn_survey_lid(&at, found, err));
    GN_TRY(gn_rows_density(p->ctx, &at, found, &density, err));
    GN_TRY(keep_list(p, layer, found->all, err));
    GN_TRY(data_overlaps(p, layer, err));
    for (size_t c = 0; c < p->n_labels; c++)
        GN_TRY(gn_rows_label_overlap(&at, found->all, &p->label[c], p->label_name[c],
                                     &(gn_label_overlap_opts){.k = p->opts.overlap_k}, NULL, err));
done:
    return st;
}

/* ---- the walk over layers -----------------------------------------------------------------------
 */

static void plan_free(struct plan *p) {
    for (size_t c = 0; c < p->n_labels; c++) gn_free(p->label[c].code);
    for (size_t i = 0; p->list && i < gn_reps_layers(p->reps); i++) gn_free(p->list[i].index);
    gn_free(p->label);
    gn_free(p->label_name);
    gn_free(p->list);
    gn_free(p->later);
    gn_subset_free(&p->cluster_rows);
    gn_subset_free(&p->subset);
}

/* The columns that hold labels of the rows, not their types. */
static gn_status plan_labels(struct plan *p, gn_error *err) {
    gn_status st = GN_OK;
    size_t count = gn_reps_label_count(p->reps);
    GN_TRY(gn_alloc_array(&p->label, count, sizeof *p->label, "label columns", err));
    GN_TRY(gn_alloc_array(&p->label_name, count, sizeof *p->label_name, "their names", err));
    for (size_t c = 0; c < count; c++) {
        if (gn_is_type_column(p->reps, c)) continue;
        p->label_name[p->n_labels] = gn_reps_label_name(p->reps, c);
        GN_TRY(
            gn_subset_labels(&p->subset, gn_reps_labels(p->reps, c), &p->label[p->n_labels], err));
        p->n_labels++;
    }
done:
    return st;
}

static gn_status plan_new(struct plan *p, gn_ctx *ctx, const gn_reps *reps,
                          const gn_survey_opts *opts, gn_result *result, gn_error *err) {
    gn_status st = GN_OK;
    gn_survey_opts o = opts ? *opts : (gn_survey_opts){0};
    *p = (struct plan){.ctx = ctx, .reps = reps, .result = result, .opts = o};
    GN_TRY(gn_subset_new(ctx, reps, o.max_rows, &p->subset, err));
    size_t n = p->subset.n;
    if (!p->opts.k) p->opts.k = 64;
    if (p->opts.k > n - 1) p->opts.k = n - 1;
    if (!p->opts.overlap_k) p->opts.overlap_k = 30;
    if (p->opts.overlap_k > p->opts.k) p->opts.overlap_k = p->opts.k;
    if (!p->opts.imbalance_rows) p->opts.imbalance_rows = 10000;
    if (p->opts.imbalance_rows > n) p->opts.imbalance_rows = n;
    p->list = gn_calloc(gn_reps_layers(reps), sizeof *p->list);
    if (!p->list) {
        st = gn_fail_nomem(err, "neighbour lists", gn_reps_layers(reps) * sizeof *p->list);
        goto done;
    }
    if (!p->opts.cluster_rows) p->opts.cluster_rows = 2000;
    if (p->opts.cluster_rows > n) p->opts.cluster_rows = n;
    GN_TRY(gn_subset_new(ctx, reps, p->opts.cluster_rows, &p->cluster_rows, err));
    GN_TRY(gn_later_rows(reps, &p->later, &p->n_later, err));
    GN_TRY(plan_labels(p, err));
    GN_TRY(gn_subset_conditions(&p->subset, reps, o.set, p->opts.k, result, err));
    GN_TRY(gn_result_set_number(result, "overlap_k", (double)p->opts.overlap_k, err));
    GN_TRY(gn_result_set_number(result, "rows_clusters", (double)p->cluster_rows.n, err));
    if (gn_reps_layers(reps) > 1)
        GN_TRY(gn_result_set_number(result, "rows_imbalance", (double)p->opts.imbalance_rows, err));
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
    gn_status st = plan_new(&p, ctx, reps, opts, result, err);
    if (st != GN_OK) return st;
    gn_neighbors *found = NULL;
    for (size_t i = 0; i < gn_reps_layers(reps); i++) {
        gn_spot at = spot(&p, i);
        GN_TRY(at_layer(&p, i, gn_survey_isotropy(ctx, &at, p.later, p.n_later, err), err));
        GN_TRY(gn_subset_neighbors(ctx, &p.subset, reps, i, p.opts.k, &found, err));
        GN_TRY(at_layer(&p, i, measure_neighbors(&p, i, found, err), err));
        gn_neighbors_free(found);
        found = NULL;
        GN_TRY(at_layer(&p, i, gn_survey_clusters(ctx, &at, &p.cluster_rows, err), err));
    }
    if (gn_reps_layers(reps) > 1)
        GN_TRY(gn_rows_imbalance(ctx, reps, p.opts.set, p.opts.imbalance_rows, result, err));
done:
    gn_neighbors_free(found);
    plan_free(&p);
    return st;
}
