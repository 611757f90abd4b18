/* One search for rows that repeat.
 *
 * Rows of equal values form groups; the smallest row of a group stands for it. Two kinds of lists
 * are wanted: among the representatives (ratio estimators of intrinsic dimension must not meet a
 * distance of zero) and among all rows (overlaps). The second follows from the first exactly.
 *
 * Let i be a row, and let "before" mean (distance to i, index) in ascending order. The k nearest
 * representatives of other groups are known. Claim: no member m of a group outside that list is
 * among the k nearest rows of i. If there is such a group, the list is full: it has k
 * representatives. The group's own representative r comes after each of them; m is as far from i
 * as r is, and m >= r, so m comes after each of them as well. They are k rows, all other than i:
 * the k places are taken before m. So the k nearest rows of i are the first k of: the other members
 * of i's group, and all members of the listed groups. When there are fewer than k + 1 groups, the
 * list holds every other group and nothing is outside of it.
 *
 * Equal rows have the same distances to the last bit (the same arithmetic on the same values; a
 * zero's sign vanishes in a square), so one list serves all members of a group, and the result
 * equals that of a search over all rows byte for byte.
 *
 * What bit us: distances are handed out as float32, and two float64 distances that differ may round
 * to the same float32. Sorting what was handed out would mix such groups by index, so lists are
 * expanded where the float64 distances still are, row by row as the search finishes them
 * (gn_engine_store). And the group of i is not alone at distance zero: under cosine, parallel rows
 * of different lengths are not duplicates but tie with them, and in float64 a difference may be too
 * small to have a square. So i's own group takes part in the merge like any other. */
#include "neighbors/distinct.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "neighbors/approximate.h"
#include "neighbors/engine.h"

#include <assert.h>
#include <string.h>

gn_status gn_distinct_new(gn_ctx *ctx, gn_mat x, gn_distinct *out, gn_error *err) {
    gn_status st = GN_OK;
    size_t n_duplicates, n = 0;
    int32_t *group = NULL; /* the first row equal to each row, then the number of its group */
    gn_distinct d = {.n_rows = x.rows};
    GN_TRY(gn_alloc_array(&group, x.rows, sizeof *group, "duplicate groups", err));
    GN_TRY(gn_duplicates(ctx, x, group, &n_duplicates, err));
    d.n = x.rows - n_duplicates;
    GN_TRY(gn_alloc_array(&d.row, d.n, sizeof *d.row, "distinct rows", err));
    GN_TRY(gn_alloc_array(&d.begin, d.n + 1, sizeof *d.begin, "duplicate groups", err));
    GN_TRY(gn_alloc_array(&d.member, x.rows, sizeof *d.member, "duplicate groups", err));
    memset(d.begin, 0, (d.n + 1) * sizeof *d.begin);
    for (size_t i = 0; i < x.rows; i++) {
        if (group[i] == (int32_t)i) {
            d.row[n] = (int32_t)i;
            group[i] = (int32_t)n++;
        } else {
            group[i] = group[group[i]]; /* an earlier row: numbered already */
        }
        d.begin[group[i] + 1]++;
    }
    for (size_t g = 0; g < d.n; g++) d.begin[g + 1] += d.begin[g];
    /* begin[g] serves as the cursor of group g and ends where group g + 1 begins */
    for (size_t i = 0; i < x.rows; i++) d.member[d.begin[group[i]]++] = (int32_t)i;
    memmove(d.begin + 1, d.begin, d.n * sizeof *d.begin);
    d.begin[0] = 0;
    *out = d;
done:
    if (st != GN_OK) gn_distinct_free(&d);
    gn_free(group);
    return st;
}

void gn_distinct_free(gn_distinct *d) {
    gn_free(d->row);
    gn_free(d->begin);
    gn_free(d->member);
    *d = (gn_distinct){0};
}

/* ---- from one list to those of a whole group ---------------------------------------------- */

static void open_group(const gn_distinct *d, int32_t group, gn_members *m) {
    m->next = d->member + d->begin[group];
    m->end = d->member + d->begin[group + 1];
}

/* Whether a member other than `self` is left; it is *m->next then. */
static bool any_left(gn_members *m, int32_t self) {
    if (m->next < m->end && *m->next == self) m->next++;
    return m->next < m->end;
}

void gn_engine_expand(const gn_engine *e, gn_members *group, size_t i, const gn_near *near) {
    const gn_distinct *d = e->distinct;
    size_t n = e->k + 1, k = e->all->k;
    for (int32_t at = d->begin[i]; at < d->begin[i + 1]; at++) {
        int32_t self = d->member[at];
        int32_t *index = e->all->index + (size_t)self * k;
        float *distance = e->all->distance + (size_t)self * k;
        group[0].squared = 0;
        open_group(d, (int32_t)i, &group[0]);
        for (size_t g = 1; g < n; g++) {
            group[g].squared = near[g - 1].squared;
            open_group(d, near[g - 1].index, &group[g]);
        }
        for (size_t p = 0, nearest = 0; p < k; p++) {
            while (!any_left(&group[nearest], self)) nearest++;
            assert(nearest < n);
            gn_members *best = &group[nearest];
            for (gn_members *m = best + 1; m < group + n && m->squared == best->squared; m++)
                if (any_left(m, self) && *m->next < *best->next) best = m;
            index[p] = *best->next++;
            distance[p] = (float)gn_rows_public(e->base->rows, best->squared);
        }
    }
}

/* ---- the public calls --------------------------------------------------------------------- */

void gn_neighbors_free(gn_neighbors *neighbors) {
    if (!neighbors) return;
    if (neighbors->distinct != neighbors->all) gn_knn_free(neighbors->distinct);
    gn_knn_free(neighbors->all);
    gn_free(neighbors->row);
    gn_free(neighbors);
}

gn_status gn_distinct_check(const gn_knn_opts *opts, gn_error *err) {
    if (opts->queries || opts->row || opts->group)
        return gn_fail(
            err, GN_EINVAL,
            "neighbours among distinct rows: expected no queries, row numbers or groups");
    return GN_OK;
}

gn_status gn_distinct_search(gn_ctx *ctx, gn_mat x, const gn_distinct *d, const gn_knn_opts *opts,
                             gn_neighbors *out, gn_error *err) {
    gn_search search = {.x = x, .opts = opts, .distinct = d->n < d->n_rows ? d : NULL};
    gn_knn *distinct = NULL, *all = NULL;
    if (gn_knn_approximates(x, opts)) {
        gn_status found = gn_approximate_search(ctx, x, d, opts, NULL, &out->all, err);
        if (found == GN_OK && d->n == d->n_rows) out->distinct = out->all;
        return found;
    }
    if (opts->queries || opts->row || opts->group)
        return gn_fail(
            err, GN_EINVAL,
            "neighbours among distinct rows: expected no queries, row numbers or groups");
    gn_status st = gn_knn_search_both(ctx, &search, &distinct, &all, err);
    if (st != GN_OK) return st;
    out->distinct = distinct;
    out->all = all ? all : distinct;
    return GN_OK;
}

void gn_distinct_give(gn_distinct *d, gn_neighbors *out) {
    out->n_duplicates = d->n_rows - d->n;
    if (out->n_duplicates == 0) return;
    out->row = d->row;
    d->row = NULL;
}

gn_status gn_knn_compute_distinct(gn_ctx *ctx, gn_mat x, const gn_knn_opts *opts,
                                  gn_neighbors **out, gn_error *err) {
    gn_status st = GN_OK;
    gn_distinct d = {0};
    gn_neighbors *neighbors = gn_calloc(1, sizeof *neighbors);
    if (!neighbors) return gn_fail_nomem(err, "neighbours", sizeof *neighbors);
    GN_TRY(gn_distinct_check(opts, err));
    GN_TRY(gn_distinct_new(ctx, x, &d, err));
    GN_TRY(gn_distinct_search(ctx, x, &d, opts, neighbors, err));
    gn_distinct_give(&d, neighbors);
    *out = neighbors;
    neighbors = NULL;
done:
    gn_distinct_free(&d);
    gn_neighbors_free(neighbors);
    return st;
}
