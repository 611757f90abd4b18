/* Measures of two layers: how far do their neighbourhoods agree (overlap), and which of them tells
 * more about the other (information imbalance)?
 *
 * All neighbour lists are found first, then every pair is a cheap comparison. For imbalance the
 * ranks in one layer of the neighbours of ALL other layers are found in one pass over its pairs of
 * points, so that L layers cost L passes, not L^2.
 *
 * Rows that repeat are kept: a duplicate is a neighbour like any other, ties broken by index. */
#include "gonio/measure.h"

#include "base/mem.h"
#include "gonio/imbalance.h"
#include "gonio/overlap.h"
#include "report/measure_pairs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* One layer that takes part, of either set. */
struct member {
    const gn_reps *reps;
    size_t i; /* stored layer */
    gn_knn *knn;
};

struct pairs {
    gn_ctx *ctx;
    const gn_reps *a, *b; /* b NULL: pairs inside a */
    const char *set;      /* what the rows call a; NULL: its own name */
    gn_result *result;
    gn_subset subset;
    gn_labels labels; /* of the subset; code NULL: none */
    const char *label_name;
    size_t k;
    struct member *member; /* a's layers, then b's */
    size_t n_members;
};

static void pairs_free(struct pairs *p) {
    for (size_t m = 0; p->member && m < p->n_members; m++) gn_knn_free(p->member[m].knn);
    gn_free(p->member);
    gn_free(p->labels.code);
    gn_subset_free(&p->subset);
}

static gn_status check(const struct pairs *p, const gn_labels *labels, gn_error *err) {
    size_t rows = gn_reps_rows(p->a);
    if (p->b && gn_reps_rows(p->b) != rows)
        return gn_fail(err, GN_EINVAL, "%s has %zu rows, %s has %zu: expected the same items",
                       gn_reps_name(p->a), rows, gn_reps_name(p->b), gn_reps_rows(p->b));
    if (labels && labels->n != rows)
        return gn_fail(err, GN_EINVAL, "%s: %zu labels for the %zu rows of %s",
                       p->label_name ? p->label_name : "labels", labels->n, rows,
                       gn_reps_name(p->a));
    if (!p->b && !labels && gn_reps_layers(p->a) < 2)
        return gn_fail(err, GN_EINVAL, "%s has one layer: expected a second set, or more layers",
                       gn_reps_name(p->a));
    return GN_OK;
}

/* The layers that take part, each with its neighbours. */
static gn_status find_members(struct pairs *p, gn_error *err) {
    gn_status st = GN_OK;
    size_t of_a = gn_reps_layers(p->a);
    p->n_members = of_a + (p->b ? gn_reps_layers(p->b) : 0);
    p->member = gn_calloc(p->n_members, sizeof *p->member);
    if (!p->member) {
        st = gn_fail_nomem(err, "layers", p->n_members * sizeof *p->member);
        goto done;
    }
    for (size_t m = 0; m < p->n_members; m++) {
        struct member *x = &p->member[m];
        x->reps = m < of_a ? p->a : p->b;
        x->i = m < of_a ? m : m - of_a;
        gn_neighbors *found;
        GN_TRY(gn_subset_neighbors(p->ctx, &p->subset, x->reps, x->i, p->k, &found, err));
        x->knn = found->all;
        if (found->distinct == found->all) found->distinct = NULL;
        found->all = NULL;
        gn_neighbors_free(found);
        gn_free(x->knn->distance); /* the lists of all layers are held: indices will do */
        x->knn->distance = NULL;
    }
done:
    return st;
}

static gn_status pairs_new(struct pairs *p, const gn_measure_opts *o, size_t default_k,
                           gn_error *err) {
    gn_status st;
    p->label_name = o->label_name;
    GN_TRY(check(p, o->labels, err));
    GN_TRY(gn_subset_new(p->ctx, p->a, o->max_rows, &p->subset, err));
    if (o->labels) GN_TRY(gn_subset_labels(&p->subset, o->labels, &p->labels, err));
    p->k = o->k ? o->k : default_k;
    if (p->k > p->subset.n - 1) p->k = p->subset.n - 1;
    GN_TRY(find_members(p, err));
    GN_TRY(gn_result_set_number(p->result, "k", (double)p->k, err));
    GN_TRY(gn_result_set_text(p->result, "metric", gn_metric_name(GN_EUCLIDEAN), err));
    GN_TRY(gn_result_set_number(p->result, "rows", (double)gn_reps_rows(p->a), err));
    GN_TRY(gn_result_set_number(p->result, "rows_neighbors", (double)p->subset.n, err));
done:
    if (st != GN_OK) pairs_free(p);
    return st;
}

/* Whether members s and t are a pair: inside one set any two, else one of each. */
static bool is_pair(const struct pairs *p, size_t s, size_t t) {
    size_t of_a = gn_reps_layers(p->a);
    return p->b ? (s < of_a) != (t < of_a) : s != t;
}

/* What the rows call a member's set. */
static const char *name_of(const struct pairs *p, const struct member *m) {
    return p->set && m->reps == p->a ? p->set : gn_reps_name(m->reps);
}

static gn_status add_other(const struct pairs *p, const struct member *other, gn_error *err) {
    gn_status st;
    GN_TRY(gn_result_param_number(p->result, "k", (double)p->k, err));
    GN_TRY(gn_result_param_text(p->result, "other_set", name_of(p, other), err));
    GN_TRY(gn_result_param_number(p->result, "other_layer",
                                  (double)gn_reps_layer_index(other->reps, other->i), err));
done:
    return st;
}

static gn_status label_rows(const struct pairs *p, const struct member *m, gn_error *err) {
    gn_status st = GN_OK;
    for (int plain = 0; plain < 2; plain++) {
        const char *variant = plain ? "plain" : "weighted";
        gn_overlap o;
        gn_error why;
        st = gn_overlap_label(m->knn, &p->labels,
                              &(gn_label_overlap_opts){.k = p->k, .plain = plain}, &o, &why);
        if (st == GN_EINVAL || st == GN_EDATA) {
            GN_TRY(gn_layer_add(p->result, m->reps, NULL, m->i, "label_overlap", variant,
                                (double)NAN, (double)NAN, 0, why.message, err));
        } else if (st != GN_OK) {
            if (err) *err = why;
            goto done;
        } else {
            GN_TRY(gn_layer_add(p->result, m->reps, NULL, m->i, "label_overlap", variant, o.value,
                                o.se, o.n, NULL, err));
            GN_TRY(gn_result_param_number(p->result, "chance", o.chance, err));
        }
        GN_TRY(gn_result_param_number(p->result, "k", (double)p->k, err));
        GN_TRY(gn_result_param_text(p->result, "label", p->label_name, err));
    }
done:
    return st;
}

gn_status gn_measure_overlap(gn_ctx *ctx, const gn_reps *a, const gn_reps *b,
                             const gn_measure_opts *opts, gn_result *result, gn_error *err) {
    gn_measure_opts o = opts ? *opts : (gn_measure_opts){0};
    struct pairs p = {.ctx = ctx, .a = a, .b = b, .result = result};
    gn_status st = pairs_new(&p, &o, 30, err);
    if (st != GN_OK) return st;
    for (size_t s = 0; s < p.n_members; s++)
        for (size_t t = s + 1; t < p.n_members; t++) {
            if (!is_pair(&p, s, t)) continue;
            gn_overlap v;
            GN_TRY(gn_ctx_poll(ctx, err));
            GN_TRY(gn_overlap_data(p.member[s].knn, p.member[t].knn, p.k, &v, err));
            GN_TRY(gn_layer_add(result, p.member[s].reps, NULL, p.member[s].i, "data_overlap", "",
                                v.value, v.se, v.n, NULL, err));
            GN_TRY(add_other(&p, &p.member[t], err));
            GN_TRY(gn_result_param_number(result, "chance", v.chance, err));
        }
    for (size_t m = 0; p.labels.code && m < p.n_members; m++)
        GN_TRY(label_rows(&p, &p.member[m], err));
done:
    pairs_free(&p);
    return st;
}

/* The ranks in member t of the neighbours of all members that pair with it, and what follows. */
static gn_status imbalance_into(const struct pairs *p, size_t t, int32_t *target, int32_t *rank,
                                gn_error *err) {
    gn_status st;
    const struct member *to = &p->member[t];
    void *owner = NULL;
    gn_mat x;
    char task[160];
    size_t n = p->subset.n, width = 0, at = 0;
    for (size_t s = 0; s < p->n_members; s++) width += is_pair(p, s, t) ? p->k : 0;
    for (size_t s = 0; s < p->n_members; s++) {
        if (!is_pair(p, s, t)) continue;
        for (size_t i = 0; i < n; i++)
            memcpy(target + i * width + at, p->member[s].knn->index + i * p->k,
                   p->k * sizeof *target);
        at += p->k;
    }
    snprintf(task, sizeof task, "ranks, %.100s layer %d", gn_reps_name(to->reps),
             (int)gn_reps_layer_index(to->reps, to->i));
    GN_TRY(gn_subset_rows(&p->subset, gn_reps_layer(to->reps, to->i), &owner, &x, err));
    GN_TRY(gn_ranks_compute(p->ctx, x, target, width, &(gn_ranks_opts){.task = task}, rank, err));
    at = 0;
    for (size_t s = 0; s < p->n_members; s++) {
        if (!is_pair(p, s, t)) continue;
        gn_imbalance v;
        GN_TRY(gn_imbalance_from_ranks(rank + at, n, width, p->k, &v, err));
        const struct member *from = &p->member[s];
        GN_TRY(gn_layer_add(p->result, from->reps, name_of(p, from), from->i,
                            "information_imbalance", "", v.value, v.se, v.n, NULL, err));
        GN_TRY(add_other(p, to, err));
        at += p->k;
    }
done:
    gn_free(owner);
    return st;
}

static gn_status imbalances(struct pairs *p, gn_error *err) {
    gn_status st;
    int32_t *target = NULL, *rank = NULL;
    size_t rows = p->subset.n * p->n_members;
    GN_TRY(gn_alloc_array(&target, rows, p->k * sizeof *target, "neighbours", err));
    GN_TRY(gn_alloc_array(&rank, rows, p->k * sizeof *rank, "ranks", err));
    for (size_t t = 0; t < p->n_members; t++) GN_TRY(imbalance_into(p, t, target, rank, err));
done:
    gn_free(target);
    gn_free(rank);
    return st;
}

gn_status gn_measure_imbalance(gn_ctx *ctx, const gn_reps *a, const gn_reps *b,
                               const gn_measure_opts *opts, gn_result *result, gn_error *err) {
    gn_measure_opts o = opts ? *opts : (gn_measure_opts){0};
    struct pairs p = {.ctx = ctx, .a = a, .b = b, .result = result};
    o.labels = NULL;
    gn_status st = pairs_new(&p, &o, 1, err);
    if (st != GN_OK) return st;
    st = imbalances(&p, err);
    pairs_free(&p);
    return st;
}

gn_status gn_rows_imbalance(gn_ctx *ctx, const gn_reps *reps, const char *set, size_t max_rows,
                            gn_result *result, gn_error *err) {
    struct pairs p = {.ctx = ctx, .a = reps, .set = set, .result = result, .k = 1};
    gn_status st;
    GN_TRY(gn_subset_new(ctx, reps, max_rows, &p.subset, err));
    GN_TRY(find_members(&p, err));
    GN_TRY(imbalances(&p, err));
done:
    pairs_free(&p);
    return st;
}
