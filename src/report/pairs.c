/* All neighbour lists are found first; then every pair is a cheap comparison, for each number of
 * neighbours asked for.
 *
 * Rows that repeat are kept: a duplicate is a neighbour like any other, ties broken by index.
 *
 * Label overlap may leave out neighbours of a point's own group: it then has a search of its own,
 * among the rows of other groups. */
#include "report/pairs.h"

#include "base/mem.h"
#include "report/label_rows.h"

#include <string.h>

enum { LIST_MAX = 1024 /* neighbours that a list can hold */ };

void gn_pairs_free_lists(gn_pairs *p) {
    for (size_t m = 0; p->member && m < p->n_members; m++) {
        gn_knn_free(p->member[m].knn);
        p->member[m].knn = NULL;
    }
}

void gn_pairs_free(gn_pairs *p) {
    gn_pairs_free_lists(p);
    gn_free(p->member);
    for (size_t c = 0; p->label && c < p->opts.n_labels; c++) gn_free(p->label[c].code);
    gn_free(p->label);
    gn_free(p->group.code);
    gn_subset_free(&p->subset);
}

/* ---- what is asked for
 * --------------------------------------------------------------------------- */

static gn_status check_labels(const gn_pairs *p, gn_measure_label label, gn_error *err) {
    size_t rows = gn_reps_rows(p->a);
    if (!label.labels || label.labels->n == rows) return GN_OK;
    return gn_fail(err, GN_EINVAL, "%s: %zu labels for the %zu rows of %s",
                   label.name ? label.name : "labels", label.labels->n, rows, gn_reps_name(p->a));
}

static gn_status check(const gn_pairs *p, gn_error *err) {
    const gn_measure_pairs_opts *o = &p->opts;
    gn_status st;
    size_t rows = gn_reps_rows(p->a);
    for (size_t c = 0; c < o->n_labels; c++) GN_TRY(check_labels(p, o->label[c], err));
    GN_TRY(check_labels(p, o->group, err));
    if (p->b && gn_reps_rows(p->b) != rows)
        return gn_fail(err, GN_EINVAL, "%s has %zu rows, %s has %zu: expected the same items",
                       gn_reps_name(p->a), rows, gn_reps_name(p->b), gn_reps_rows(p->b));
    if (!p->b && !o->n_labels && gn_reps_layers(p->a) < 2)
        return gn_fail(err, GN_EINVAL, "%s has one layer: expected a second set, or more layers",
                       gn_reps_name(p->a));
    if (o->n_k > GN_PAIRS_MAX_K)
        return gn_fail(err, GN_EINVAL, "%zu numbers of neighbours, expected at most %d", o->n_k,
                       GN_PAIRS_MAX_K);
    for (size_t j = 0; j < o->n_k; j++)
        if (o->k[j] < 1 || o->k[j] > LIST_MAX)
            return gn_fail(err, GN_EINVAL, "k = %zu neighbours, expected 1 to %d", o->k[j],
                           LIST_MAX);
    if (!(o->class_fraction >= 0 && o->class_fraction <= 1))
        return gn_fail(err, GN_EINVAL, "class fraction %g, expected more than 0 and at most 1",
                       o->class_fraction);
done:
    return st;
}

/* Rows without a label become a class of their own: numpy knows no missing label. */
static void missing_as_class(gn_labels *l) {
    bool any = false;
    for (size_t i = 0; i < l->n; i++)
        if (l->code[i] < 0) {
            l->code[i] = (int32_t)l->n_classes;
            any = true;
        }
    l->n_classes += any;
    l->name = NULL; /* the borrowed list has no name for it */
}

/* Rows without a group get one each. */
static void missing_alone(gn_labels *l) {
    for (size_t i = 0; i < l->n; i++)
        if (l->code[i] < 0) l->code[i] = (int32_t)l->n_classes++;
}

static gn_status largest_class(const gn_labels *l, size_t *out, gn_error *err) {
    size_t *size = gn_calloc(l->n_classes, sizeof *size), most = 0;
    if (!size) return gn_fail_nomem(err, "class sizes", l->n_classes * sizeof *size);
    for (size_t i = 0; i < l->n; i++)
        if (l->code[i] >= 0 && ++size[l->code[i]] > most) most = size[l->code[i]];
    gn_free(size);
    *out = most;
    return GN_OK;
}

/* How long the lists must be. */
static gn_status choose_lengths(gn_pairs *p, size_t default_k, gn_error *err) {
    gn_status st = GN_OK;
    const gn_measure_pairs_opts *o = &p->opts;
    size_t most = 0, limit = p->subset.n - 1;
    p->n_k = o->n_k ? o->n_k : 1;
    for (size_t j = 0; j < p->n_k; j++) {
        size_t k = o->n_k ? o->k[j] : default_k;
        p->k[j] = k < limit ? k : limit;
        if (p->k[j] > p->k_max) p->k_max = p->k[j];
    }
    p->k_search = p->k_max;
    for (size_t c = 0; o->class_fraction > 0 && c < o->n_labels; c++) {
        GN_TRY(largest_class(&p->label[c], &most, err));
        size_t k = (size_t)(o->class_fraction * (double)most);
        if (k > LIST_MAX) {
            st = gn_fail(err, GN_EINVAL,
                         "class fraction %g of the %zu rows of the largest class of '%s' asks for "
                         "%zu neighbours, lists hold %d",
                         o->class_fraction, most, o->label[c].name, k, LIST_MAX);
            goto done;
        }
        if (k > p->k_search) p->k_search = k;
    }
    if (p->k_search > limit) p->k_search = limit;
done:
    return st;
}

gn_status gn_pairs_conditions(const gn_pairs *p, gn_result *r, gn_error *err) {
    gn_status st;
    GN_TRY(gn_subset_conditions(&p->subset, p->a, p->opts.set_a, p->k_max, r, err));
    if (p->b) GN_TRY(gn_subset_conditions(&p->subset, p->b, p->opts.set_b, p->k_max, r, err));
    if (p->opts.dadapy) GN_TRY(gn_result_set_text(r, "compat", "dadapy", err));
done:
    return st;
}

gn_status gn_pairs_new(gn_pairs *p, size_t default_k, gn_result *result, gn_error *err) {
    gn_status st;
    const gn_measure_pairs_opts *o = &p->opts;
    size_t of_a = gn_reps_layers(p->a);
    GN_TRY(check(p, err));
    GN_TRY(gn_subset_new(p->ctx, p->a, o->max_rows, &p->subset, err));
    if (!(p->label = gn_calloc(o->n_labels, sizeof *p->label))) {
        st = gn_fail_nomem(err, "label columns", o->n_labels * sizeof *p->label);
        goto done;
    }
    for (size_t c = 0; c < o->n_labels; c++) {
        GN_TRY(gn_subset_labels(&p->subset, o->label[c].labels, &p->label[c], err));
        if (o->dadapy) missing_as_class(&p->label[c]);
    }
    if (o->group.labels) {
        GN_TRY(gn_subset_labels(&p->subset, o->group.labels, &p->group, err));
        missing_alone(&p->group);
    }
    GN_TRY(choose_lengths(p, default_k, err));
    p->n_members = of_a + (p->b ? gn_reps_layers(p->b) : 0);
    p->member = gn_calloc(p->n_members, sizeof *p->member);
    if (!p->member) {
        st = gn_fail_nomem(err, "layers", p->n_members * sizeof *p->member);
        goto done;
    }
    for (size_t m = 0; m < p->n_members; m++) {
        bool in_a = m < of_a;
        p->member[m].at = (gn_spot){.result = result,
                                    .reps = in_a ? p->a : p->b,
                                    .set = in_a ? o->set_a : o->set_b,
                                    .layer = in_a ? m : m - of_a};
    }
done:
    if (st != GN_OK) gn_pairs_free(p);
    return st;
}

/* ---- neighbours ---------------------------------------------------------------------------------
 */

static gn_status label_rows(const gn_pairs *p, const gn_pairs_member *m, const gn_knn *knn,
                            gn_error *err) {
    gn_status st = GN_OK;
    const gn_measure_pairs_opts *o = &p->opts;
    for (size_t c = 0; c < o->n_labels; c++)
        for (size_t j = 0; j < (o->class_fraction > 0 ? 1 : p->n_k); j++) {
            gn_label_overlap_opts label = {
                .k = p->k[j], .class_fraction = o->class_fraction, .group = p->group.code};
            GN_TRY(gn_rows_label_overlap(&m->at, knn, &p->label[c], o->label[c].name, &label,
                                         p->group.code ? o->group.name : NULL, err));
        }
done:
    return st;
}

/* Keeps the first k indices of each row: the lists of all layers are held at once. */
static void shorten(gn_knn *knn, size_t k) {
    gn_free(knn->distance);
    knn->distance = NULL;
    for (size_t i = 1; i < knn->n; i++)
        memmove(knn->index + i * k, knn->index + i * knn->k, k * sizeof *knn->index);
    knn->k = k;
}

static gn_status label_rows_outside(const gn_pairs *p, const gn_pairs_member *m, gn_error *err) {
    gn_knn *knn = NULL;
    gn_status st = gn_subset_neighbors_outside(p->ctx, &p->subset, m->at.reps, m->at.layer,
                                               p->k_search, p->group.code, &knn, err);
    if (st == GN_OK) st = label_rows(p, m, knn, err);
    gn_knn_free(knn);
    return st;
}

gn_status gn_pairs_search(gn_pairs *p, bool labels, gn_error *err) {
    gn_status st = GN_OK;
    gn_neighbors *found = NULL;
    bool outside = labels && p->group.code && p->opts.n_labels;
    size_t k = labels && !outside ? p->k_search : p->k_max;
    for (size_t m = 0; m < p->n_members; m++) {
        gn_pairs_member *x = &p->member[m];
        if (outside) GN_TRY(label_rows_outside(p, x, err));
        if (outside && p->opts.labels_only) continue;
        GN_TRY(gn_subset_neighbors(p->ctx, &p->subset, x->at.reps, x->at.layer, k, &found, err));
        if (labels && !outside) GN_TRY(label_rows(p, x, found->all, err));
        if (!p->opts.labels_only) {
            x->knn = found->all;
            if (found->distinct == found->all) found->distinct = NULL;
            found->all = NULL;
            shorten(x->knn, p->k_max);
        }
        gn_neighbors_free(found);
        found = NULL;
    }
done:
    gn_neighbors_free(found);
    return st;
}

bool gn_pairs_has(const gn_pairs *p, size_t s, size_t t) {
    size_t of_a = gn_reps_layers(p->a);
    return p->b ? (s < of_a) != (t < of_a) : s != t;
}

gn_status gn_pairs_other(const gn_spot *at, const gn_spot *other, size_t k, gn_error *err) {
    gn_status st;
    GN_TRY(gn_spot_param(at, "k", (double)k, err));
    GN_TRY(gn_result_param_text(at->result, "other_set",
                                other->set ? other->set : gn_reps_name(other->reps), err));
    GN_TRY(gn_spot_param(at, "other_layer", (double)gn_reps_layer_index(other->reps, other->layer),
                         err));
done:
    return st;
}
