/* Row sums of the product of two features' distances, over the rows known on both.
 *
 *     k categorical   the rows on other levels of k = all rows - those on the own level, so one
 *                     product with l's distances for each level of k, a few levels at a time
 *     k squared       (x_i - x_j)^2 = x_i^2 - 2 x_i x_j + x_j^2: three products with l's distances
 *     both |.|        |dx| |dz| = dx dz for concordant pairs, -dx dz for the others, so
 *                     2 (sum over concordant pairs) - (sum over all); the concordant rows below and
 *                     above row i come from a Fenwick tree over the levels of l while rows enter in
 *                     order of k (ties enter together: their product is 0 anyway)
 */
#include "encoding/levels.h"

#include <string.h>

enum { AT_ONCE = 16 };

/* What the three cases share. */
struct job {
    const gn_feature *k, *l;
    size_t n;
    const double *weight; /* or NULL */
    double *out;
    int32_t *order;                /* rows known on both, by level of k */
    size_t *first;                 /* (levels of k + 1) in order */
    double *sum, *applied, *small; /* (levels of l, AT_ONCE) twice; apply's scratch */
};

static double weight_of(const struct job *s, int32_t i) {
    return s->weight ? s->weight[i] : 1;
}

/* Rows of the levels [u0, u1) of k: sums of l's levels, one column for each level of k, or all in
 * one column. */
static void add_up(const struct job *s, size_t u0, size_t u1, size_t w, bool apart) {
    memset(s->sum, 0, s->l->n_levels * w * sizeof *s->sum);
    for (size_t r = s->first[u0]; r < s->first[u1]; r++) {
        int32_t i = s->order[r];
        size_t column = apart ? (size_t)s->k->code[i] - u0 : 0;
        s->sum[(size_t)s->l->code[i] * w + column] += weight_of(s, i);
    }
    gn_levels_apply(s->l, w, s->sum, s->applied, s->small);
}

static void differ(const struct job *s) {
    size_t n_levels = s->k->n_levels;
    add_up(s, 0, n_levels, 1, false);
    for (size_t r = 0; r < s->first[n_levels]; r++)
        s->out[s->order[r]] = s->applied[s->l->code[s->order[r]]];
    for (size_t u0 = 0; u0 < n_levels; u0 += AT_ONCE) {
        size_t u1 = n_levels - u0 < AT_ONCE ? n_levels : u0 + AT_ONCE, w = u1 - u0;
        add_up(s, u0, u1, w, true);
        for (size_t r = s->first[u0]; r < s->first[u1]; r++) {
            int32_t i = s->order[r];
            s->out[i] -= s->applied[(size_t)s->l->code[i] * w + (size_t)s->k->code[i] - u0];
        }
    }
}

static void squared(const struct job *s) {
    const gn_feature *k = s->k, *l = s->l;
    size_t n = s->first[k->n_levels];
    memset(s->sum, 0, l->n_levels * 3 * sizeof *s->sum);
    for (size_t r = 0; r < n; r++) {
        int32_t i = s->order[r];
        double x = k->level_value[k->code[i]], c = weight_of(s, i);
        double *to = s->sum + (size_t)l->code[i] * 3;
        to[0] += c;
        to[1] += c * x;
        to[2] += c * x * x;
    }
    gn_levels_apply(l, 3, s->sum, s->applied, s->small);
    for (size_t r = 0; r < n; r++) {
        int32_t i = s->order[r];
        double x = k->level_value[k->code[i]];
        const double *a = s->applied + (size_t)l->code[i] * 3;
        s->out[i] = x * x * a[0] - 2 * x * a[1] + a[2];
    }
}

/* ---- concordant pairs -------------------------------------------------------------------------
 */

/* Sums of weight, x, z, x z over some rows, as seen from a row: sum of (x_i - x)(z_i - z). */
typedef struct sums {
    double c, x, z, xz;
} sums;

static double seen_from(sums s, double x, double z) {
    return s.c * x * z - x * s.z - z * s.x + s.xz;
}
static void add_sums(sums *to, double c, double x, double z) {
    to->c += c;
    to->x += c * x;
    to->z += c * z;
    to->xz += c * x * z;
}

/* A Fenwick tree (Fenwick 1994): node i holds the sum of the (i & -i) places that end at i. */
static void tree_add(sums *tree, size_t n, size_t place, double c, double x, double z) {
    for (size_t i = place + 1; i <= n; i += i & (0 - i)) add_sums(&tree[i], c, x, z);
}
static sums tree_below(const sums *tree, size_t place) {
    sums s = {0};
    for (size_t i = place; i > 0; i -= i & (0 - i)) {
        s.c += tree[i].c;
        s.x += tree[i].x;
        s.z += tree[i].z;
        s.xz += tree[i].xz;
    }
    return s;
}

/* Adds the concordant rows on lower levels of k (`up`) or on higher ones, twice. */
static void concordant(const struct job *s, sums *tree, bool up) {
    const gn_feature *k = s->k, *l = s->l;
    size_t n_levels = l->n_levels;
    memset(tree, 0, (n_levels + 1) * sizeof *tree);
    for (size_t step = 0; step < k->n_levels; step++) {
        size_t u = up ? step : k->n_levels - 1 - step;
        for (int enter = 0; enter < 2; enter++)
            for (size_t r = s->first[u]; r < s->first[u + 1]; r++) {
                int32_t i = s->order[r];
                size_t v = (size_t)l->code[i], place = up ? v : n_levels - 1 - v;
                double x = k->level_value[u], z = l->level_value[v];
                if (enter)
                    tree_add(tree, n_levels, place, weight_of(s, i), x, z);
                else
                    s->out[i] += 2 * seen_from(tree_below(tree, place), x, z);
            }
    }
}

static gn_status absdiffs(const struct job *s, gn_error *err) {
    const gn_feature *k = s->k, *l = s->l;
    size_t n = s->first[k->n_levels];
    sums all = {0}, *tree;
    gn_status st = gn_alloc_array(&tree, l->n_levels + 1, sizeof *tree, "sums over pairs", err);
    if (st != GN_OK) return st;
    for (size_t r = 0; r < n; r++) {
        int32_t i = s->order[r];
        add_sums(&all, weight_of(s, i), k->level_value[k->code[i]], l->level_value[l->code[i]]);
    }
    for (size_t r = 0; r < n; r++) {
        int32_t i = s->order[r];
        s->out[i] = -seen_from(all, k->level_value[k->code[i]], l->level_value[l->code[i]]);
    }
    concordant(s, tree, true);
    concordant(s, tree, false);
    gn_free(tree);
    return GN_OK;
}

/* ---- the three cases --------------------------------------------------------------------------
 */

/* Rows known on both features, by level of k: a counting sort. */
static void sort_by_level(struct job *s) {
    const gn_feature *k = s->k;
    memset(s->first, 0, (k->n_levels + 2) * sizeof *s->first);
    for (size_t i = 0; i < s->n; i++)
        if (k->code[i] >= 0 && s->l->code[i] >= 0) s->first[k->code[i] + 2]++;
    for (size_t u = 2; u < k->n_levels + 2; u++) s->first[u] += s->first[u - 1];
    for (size_t i = 0; i < s->n; i++)
        if (k->code[i] >= 0 && s->l->code[i] >= 0)
            s->order[s->first[k->code[i] + 1]++] = (int32_t)i;
}

gn_status gn_product_row_sums(const gn_feature *k, const gn_feature *l, size_t n,
                              const double *weight, double *out, gn_error *err) {
    gn_status st;
    /* The case is chosen by k: a categorical one if there is one, else a squared one. */
    bool swap = l->distance == GN_DIFFER || (l->distance == GN_SQUARED &&
                                             k->distance != GN_DIFFER && k->distance != GN_SQUARED);
    struct job s = {swap ? l : k, swap ? k : l, n, weight, out, NULL, NULL, NULL, NULL, NULL};
    GN_TRY(gn_alloc_array(&s.order, n, sizeof *s.order, "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s.first, s.k->n_levels + 2, sizeof *s.first, "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s.sum, s.l->n_levels, AT_ONCE * sizeof *s.sum, "sums over pairs", err));
    GN_TRY(
        gn_alloc_array(&s.applied, s.l->n_levels, AT_ONCE * sizeof *s.sum, "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s.small, GN_LEVELS_SCRATCH, AT_ONCE * sizeof *s.small, "sums over pairs",
                          err));
    sort_by_level(&s);
    memset(out, 0, n * sizeof *out);
    if (s.k->distance == GN_DIFFER)
        differ(&s);
    else if (s.k->distance == GN_SQUARED)
        squared(&s);
    else
        st = absdiffs(&s, err);
done:
    gn_free(s.order);
    gn_free(s.first);
    gn_free(s.sum);
    gn_free(s.applied);
    gn_free(s.small);
    return st;
}
