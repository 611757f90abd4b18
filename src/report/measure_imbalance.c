/* Information imbalance: which of two layers tells more about the other?
 *
 * The ranks in one layer of the neighbours of ALL other layers are found in one pass over its pairs
 * of points, so that L layers cost L passes, not L^2.
 *
 * DADApy's mode cuts sets of 4,000 rows and more into disjoint random groups of about 2,000 and
 * takes the mean over them. Its ranks stop at 2,000 and random numbers stand for the rest; ours are
 * exact in every group. */
#include "gonio/imbalance.h"

#include "base/mem.h"
#include "base/random.h"
#include "math/stats.h"
#include "report/measure_imbalance.h"
#include "report/pairs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GROUP_ROWS = 2000, /* in a group of DADApy's */
    STREAM_GROUPS = 0x67727073
};

/* The ranks in member t of the neighbours of all members that pair with it, and what follows.
 * value[(s n_members + t) n_k + j] receives Delta(s -> t) with k[j] neighbours. */
static gn_status imbalance_into(const gn_pairs *p, size_t t, int32_t *target, int32_t *rank,
                                gn_imbalance *value, gn_error *err) {
    gn_status st;
    const gn_spot *to = &p->member[t].at;
    void *owner = NULL;
    gn_mat x;
    char task[160];
    size_t n = p->subset.n, width = 0, at = 0;
    for (size_t s = 0; s < p->n_members; s++) width += gn_pairs_has(p, s, t) ? p->k_max : 0;
    for (size_t s = 0; s < p->n_members; s++) {
        if (!gn_pairs_has(p, s, t)) continue;
        for (size_t i = 0; i < n; i++)
            memcpy(target + i * width + at, p->member[s].knn->index + i * p->k_max,
                   p->k_max * sizeof *target);
        at += p->k_max;
    }
    snprintf(task, sizeof task, "ranks, %.100s layer %d", gn_reps_name(to->reps),
             (int)gn_reps_layer_index(to->reps, to->layer));
    GN_TRY(gn_subset_rows(&p->subset, gn_reps_layer(to->reps, to->layer), &owner, &x, err));
    GN_TRY(gn_ranks_compute(p->ctx, x, target, width, &(gn_ranks_opts){.task = task}, rank, err));
    at = 0;
    for (size_t s = 0; s < p->n_members; s++) {
        if (!gn_pairs_has(p, s, t)) continue;
        for (size_t j = 0; j < p->n_k; j++)
            GN_TRY(gn_imbalance_from_ranks(rank + at, n, width, p->k[j],
                                           &value[(s * p->n_members + t) * p->n_k + j], err));
        at += p->k_max;
    }
done:
    gn_free(owner);
    return st;
}

/* All pairs on the rows of p->subset. */
static gn_status imbalances(gn_pairs *p, gn_imbalance *value, gn_error *err) {
    gn_status st;
    int32_t *target = NULL, *rank = NULL;
    size_t n = p->subset.n;
    GN_TRY(gn_pairs_search(p, false, err));
    GN_TRY(gn_alloc_array(&target, n * p->n_members, p->k_max * sizeof *target, "neighbours", err));
    GN_TRY(gn_alloc_array(&rank, n * p->n_members, p->k_max * sizeof *rank, "ranks", err));
    for (size_t t = 0; t < p->n_members; t++)
        GN_TRY(imbalance_into(p, t, target, rank, value, err));
done:
    gn_free(target);
    gn_free(rank);
    gn_pairs_free_lists(p);
    return st;
}

static int by_number(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* As DADApy cuts large sets: floor(n / 2000) disjoint random groups whose sizes differ by one at
 * most; the last one is dropped when it is shorter than the one before it. */
struct groups {
    int32_t *row; /* (n) shuffled rows of the set */
    size_t n, n_groups, n_used;
};

static gn_status groups_new(const gn_pairs *p, struct groups *g, gn_error *err) {
    size_t n = p->subset.n;
    gn_status st = gn_alloc_array(&g->row, n, sizeof *g->row, "groups of rows", err);
    if (st != GN_OK) return st;
    gn_random r = gn_random_new(gn_ctx_seed(p->ctx), STREAM_GROUPS);
    for (size_t i = 0; i < n; i++) {
        size_t j = (size_t)gn_random_below(&r, i + 1);
        if (j < i) g->row[i] = g->row[j];
        g->row[j] = p->subset.row ? p->subset.row[i] : (int32_t)i;
    }
    g->n = n;
    g->n_groups = g->n_used = n / GROUP_ROWS;
    /* the first n % n_groups have one row more: all but the last? */
    if (n % g->n_groups == g->n_groups - 1) g->n_used--;
    return GN_OK;
}

static gn_subset group_at(struct groups *g, size_t i) {
    size_t size = g->n / g->n_groups, longer = g->n % g->n_groups;
    size_t first = i * size + (i < longer ? i : longer);
    gn_subset s = {size + (i < longer), g->row + first};
    qsort(s.row, s.n, sizeof *s.row, by_number);
    return s;
}

/* Means over groups into value, standard errors over groups. */
static gn_status imbalances_by_groups(gn_pairs *p, gn_imbalance *value, gn_error *err) {
    gn_status st;
    struct groups g = {0};
    gn_subset whole = p->subset;
    gn_imbalance *each = NULL;
    double *x = NULL;
    size_t n_values = p->n_members * p->n_members * p->n_k;
    GN_TRY(groups_new(p, &g, err));
    GN_TRY(gn_alloc_array(&each, n_values * g.n_used, sizeof *each, "values of groups", err));
    GN_TRY(gn_alloc_array(&x, g.n_used, sizeof *x, "values of groups", err));
    memset(each, 0, n_values * g.n_used * sizeof *each);
    for (size_t i = 0; i < g.n_used; i++) {
        p->subset = group_at(&g, i);
        GN_TRY(imbalances(p, each + i * n_values, err));
    }
    for (size_t v = 0; v < n_values; v++) {
        size_t n = 0;
        for (size_t i = 0; i < g.n_used; i++) {
            x[i] = each[i * n_values + v].value;
            n += each[i * n_values + v].n;
        }
        value[v] = (gn_imbalance){gn_mean(x, g.n_used), g.n_used > 1 ? gn_sem(x, g.n_used) : 0, n};
    }
done:
    p->subset = whole;
    gn_free(each);
    gn_free(x);
    gn_free(g.row);
    return st;
}

/* The rows of all pairs. */
static gn_status add_rows(gn_pairs *p, gn_error *err) {
    gn_status st;
    bool by_groups = p->opts.dadapy && p->subset.n >= 2 * GROUP_ROWS;
    gn_imbalance *value = NULL;
    GN_TRY(gn_alloc_array(&value, p->n_members * p->n_members * p->n_k, sizeof *value,
                          "information imbalances", err));
    GN_TRY(by_groups ? imbalances_by_groups(p, value, err) : imbalances(p, value, err));
    for (size_t t = 0; t < p->n_members; t++)
        for (size_t s = 0; s < p->n_members; s++)
            for (size_t j = 0; gn_pairs_has(p, s, t) && j < p->n_k; j++) {
                const gn_spot *at = &p->member[s].at;
                gn_imbalance v = value[(s * p->n_members + t) * p->n_k + j];
                double se = p->opts.dadapy && !by_groups ? 0 : v.se;
                GN_TRY(gn_spot_add(at, "information_imbalance", "", v.value, se, v.n, NULL, err));
                GN_TRY(gn_pairs_other(at, &p->member[t].at, p->k[j], err));
            }
done:
    gn_free(value);
    return st;
}

gn_status gn_measure_imbalance(gn_ctx *ctx, const gn_reps *a, const gn_reps *b,
                               const gn_measure_pairs_opts *opts, gn_result *result,
                               gn_error *err) {
    gn_pairs p = {.ctx = ctx, .a = a, .b = b};
    if (opts) /* what is not of the label overlap */
        p.opts = (gn_measure_pairs_opts){.set_a = opts->set_a,
                                         .set_b = opts->set_b,
                                         .k = opts->k,
                                         .n_k = opts->n_k,
                                         .max_rows = opts->max_rows,
                                         .dadapy = opts->dadapy};
    gn_status st = gn_pairs_new(&p, 1, result, err);
    if (st != GN_OK) return st;
    GN_TRY(gn_pairs_conditions(&p, result, err));
    GN_TRY(add_rows(&p, err));
done:
    gn_pairs_free(&p);
    return st;
}

gn_status gn_rows_imbalance(gn_ctx *ctx, const gn_reps *reps, const char *set, size_t max_rows,
                            gn_result *result, gn_error *err) {
    gn_pairs p = {.ctx = ctx, .a = reps, .opts = {.set_a = set, .max_rows = max_rows}};
    gn_status st = gn_pairs_new(&p, 1, result, err);
    if (st != GN_OK) return st;
    st = add_rows(&p, err);
    gn_pairs_free(&p);
    return st;
}
