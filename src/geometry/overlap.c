/* Do two neighbourhoods agree, or a neighbourhood and the labels?
 *
 * Data overlap (Doimo, Glielmo, Ansuini, Laio, NeurIPS 2020, eq. 1): the share of a point's k
 * nearest neighbours in one layer that are among its k nearest in another, averaged over points.
 * Label overlap: the share of a point's k nearest neighbours that carry its label. The plain mean
 * over points lets big classes dominate; weighted by 1 / n_class it is the mean over classes of the
 * class means, which is what DADApy prints by default.
 *
 * The chance level is exact for the neighbourhoods at hand: a point whose group is excluded, or
 * whose class is small, has its own expectation (same-label candidates / candidates), and those are
 * averaged with the weights of the overlap itself. With neither groups nor missing labels this is
 * the textbook formula.
 *
 * Error bars treat points as independent. Weighted: Var = (1/C^2) sum_c s_c^2 / n_c, the classes
 * being fixed (how different another draw of classes would be is not in it). */
#include "geometry/distances.h"
#include "gonio/overlap.h"

#include "base/mem.h"
#include "math/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static gn_status bad_neighbor(const gn_knn *knn, size_t i, size_t j, gn_error *err) {
    return gn_fail(
        err, GN_EDATA,
        "neighbour table: row %zu, rank %zu is %d, expected another row of %zu, named once", i,
        j + 1, (int)knn->index[i * knn->k + j], knn->n);
}

static bool is_other_row(const gn_knn *knn, size_t i, int32_t j) {
    return j >= 0 && (size_t)j < knn->n && (size_t)j != i;
}

gn_status gn_overlap_data(const gn_knn *a, const gn_knn *b, size_t k, gn_overlap *out,
                          gn_error *err) {
    size_t n = a->n, limit = a->k < b->k ? a->k : b->k;
    int32_t *seen = NULL; /* seen[j] = 2 i + 1: j is a neighbour of row i in a; + 1: in b, too */
    double *share = NULL;
    gn_status st;
    if (k == 0) k = limit < 30 ? limit : 30;
    GN_TRY(gn_neighbors_check_exact(a, "data overlap", err));
    GN_TRY(gn_neighbors_check_exact(b, "data overlap", err));
    if (n != b->n) {
        st = gn_fail(err, GN_EINVAL, "data overlap: %zu rows against %zu, expected the same rows",
                     n, b->n);
        goto done;
    }
    if (k > limit || n < 2 || n > INT32_MAX / 2 - 1) {
        st = gn_fail(err, GN_EINVAL,
                     "data overlap: k = %zu of %zu and %zu stored neighbours for %zu rows", k, a->k,
                     b->k, n);
        goto done;
    }
    GN_TRY(gn_alloc_array(&seen, n, sizeof *seen, "neighbour marks", err));
    GN_TRY(gn_alloc_array(&share, n, sizeof *share, "overlaps", err));
    memset(seen, 0, n * sizeof *seen);
    for (size_t i = 0; i < n; i++) {
        int32_t mark = (int32_t)(2 * i + 1);
        size_t common = 0;
        for (size_t j = 0; j < k; j++) {
            int32_t id = a->index[i * a->k + j];
            if (!is_other_row(a, i, id) || seen[id] == mark) {
                st = bad_neighbor(a, i, j, err);
                goto done;
            }
            seen[id] = mark;
        }
        for (size_t j = 0; j < k; j++) {
            int32_t id = b->index[i * b->k + j];
            if (!is_other_row(b, i, id) || seen[id] == mark + 1) {
                st = bad_neighbor(b, i, j, err);
                goto done;
            }
            common += seen[id] == mark;
            seen[id] = mark + 1;
        }
        share[i] = (double)common / (double)k;
    }
    *out = (gn_overlap){.value = gn_mean(share, n),
                        .se = gn_sem(share, n),
                        .chance = (double)k / (double)(n - 1),
                        .n = n};
done:
    gn_free(seen);
    gn_free(share);
    return st;
}

/* ---- labels ---------------------------------------------------------------------------------- */

struct label_run {
    const gn_knn *knn;
    const gn_labels *labels;
    const gn_label_overlap_opts *opts;
    size_t *class_size;     /* (n_classes) labelled points */
    double *share, *chance; /* (n) NaN: not counted */
    size_t n_short;
};

struct member {
    int32_t group, code;
    size_t row;
};
static int by_group_and_code(const void *a, const void *b) {
    const struct member *x = a, *y = b;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    if (x->code != y->code) return x->code < y->code ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* chance[i] for all labelled points: same-label candidates / candidates. */
static gn_status chances(struct label_run *r, size_t n_labelled, gn_error *err) {
    const int32_t *code = r->labels->code, *group = r->opts->group;
    if (!group) {
        for (size_t i = 0; i < r->knn->n; i++)
            if (code[i] >= 0)
                r->chance[i] = (double)(r->class_size[code[i]] - 1) / (double)(n_labelled - 1);
        return GN_OK;
    }
    struct member *m;
    gn_status st = gn_alloc_array(&m, n_labelled, sizeof *m, "group members", err);
    if (st != GN_OK) return st;
    size_t n = 0;
    for (size_t i = 0; i < r->knn->n; i++)
        if (code[i] >= 0) m[n++] = (struct member){group[i], code[i], i};
    qsort(m, n, sizeof *m, by_group_and_code);
    for (size_t g = 0, g_end; g < n; g = g_end) {
        for (g_end = g; g_end < n && m[g_end].group == m[g].group;) g_end++;
        for (size_t c = g, c_end; c < g_end; c = c_end) {
            for (c_end = c; c_end < g_end && m[c_end].code == m[c].code;) c_end++;
            double same = (double)(r->class_size[m[c].code] - (c_end - c));
            double all = (double)(n - (g_end - g));
            for (size_t i = c; i < c_end; i++) r->chance[m[i].row] = same / all;
        }
    }
    gn_free(m);
    return GN_OK;
}

/* How many neighbours point i is to have. */
static size_t wanted(const struct label_run *r, size_t i, size_t k) {
    double f = r->opts->class_fraction;
    if (!(f > 0)) return k;
    size_t k_i = (size_t)(f * (double)r->class_size[r->labels->code[i]]);
    return k_i ? k_i : 1;
}

static gn_status shares(struct label_run *r, size_t k, gn_error *err) {
    const gn_knn *knn = r->knn;
    const int32_t *code = r->labels->code, *group = r->opts->group;
    for (size_t i = 0; i < knn->n; i++) {
        if (code[i] < 0) continue;
        size_t k_i = wanted(r, i, k), found = 0, same = 0;
        if (k_i > knn->k)
            return gn_fail(err, GN_EINVAL,
                           "label overlap: class fraction %g of the %zu points of class '%s' asks "
                           "for %zu neighbours, %zu are stored",
                           r->opts->class_fraction, r->class_size[code[i]],
                           r->labels->name ? r->labels->name[code[i]] : "?", k_i, knn->k);
        for (size_t j = 0; j < knn->k && found < k_i; j++) {
            int32_t id = knn->index[i * knn->k + j];
            if (id == -1 && group) break; /* no more outside of the group */
            if (!is_other_row(knn, i, id)) return bad_neighbor(knn, i, j, err);
            if (code[id] < 0 || (group && group[id] == group[i])) continue;
            found++;
            same += code[id] == code[i];
        }
        r->n_short += found > 0 && found < k_i;
        if (found) r->share[i] = (double)same / (double)found;
    }
    return GN_OK;
}

/* The mean of what was counted, plain or by classes. */
static gn_status average(const struct label_run *r, gn_overlap *out, gn_error *err) {
    const int32_t *code = r->labels->code;
    size_t n = r->knn->n, n_classes = r->opts->plain ? 1 : r->labels->n_classes, n_present = 0;
    gn_overlap o = {.n_short = r->n_short};
    struct sums {
        double n, share, chance, squares;
    } * sum;
    gn_status st = gn_alloc_array(&sum, n_classes, sizeof *sum, "class sums", err);
    if (st != GN_OK) return st;
    memset(sum, 0, n_classes * sizeof *sum);
    for (size_t i = 0; i < n; i++) {
        if (isnan(r->share[i])) continue;
        struct sums *s = &sum[r->opts->plain ? 0 : code[i]];
        s->n++;
        s->share += r->share[i];
        s->chance += r->chance[i];
    }
    for (size_t i = 0; i < n; i++) {
        if (isnan(r->share[i])) continue;
        struct sums *s = &sum[r->opts->plain ? 0 : code[i]];
        double off = r->share[i] - s->share / s->n;
        s->squares += off * off;
    }
    double variance = 0;
    for (size_t c = 0; c < n_classes; c++) {
        if (!(sum[c].n > 0)) continue;
        n_present++;
        o.n += (size_t)sum[c].n;
        o.value += sum[c].share / sum[c].n;
        o.chance += sum[c].chance / sum[c].n;
        if (sum[c].n > 1) variance += sum[c].squares / (sum[c].n - 1) / sum[c].n;
    }
    gn_free(sum);
    if (n_present == 0)
        return gn_fail(err, GN_EINVAL,
                       "label overlap: none of %zu points has a label and a neighbour to compare",
                       n);
    o.value /= (double)n_present;
    o.chance /= (double)n_present;
    o.se = o.n > 1 ? sqrt(variance) / (double)n_present : (double)NAN;
    *out = o;
    return GN_OK;
}

gn_status gn_overlap_label(const gn_knn *knn, const gn_labels *labels,
                           const gn_label_overlap_opts *opts, gn_overlap *out, gn_error *err) {
    const gn_label_overlap_opts none = {0};
    struct label_run r = {.knn = knn, .labels = labels, .opts = opts ? opts : &none};
    size_t n = knn->n, k = r.opts->k, n_labelled = 0;
    gn_status st;
    if (k == 0) k = knn->k < 30 ? knn->k : 30;
    GN_TRY(gn_neighbors_check_exact(knn, "label overlap", err));
    if (labels->n != n) {
        st = gn_fail(err, GN_EINVAL, "label overlap: %zu labels for %zu rows", labels->n, n);
        goto done;
    }
    if (r.opts->class_fraction < 0 || isnan(r.opts->class_fraction) || r.opts->class_fraction > 1) {
        st = gn_fail(err, GN_EINVAL, "label overlap: class fraction %g is not between 0 and 1",
                     r.opts->class_fraction);
        goto done;
    }
    if (!(r.opts->class_fraction > 0) && (k > knn->k || k == 0)) {
        st = gn_fail(err, GN_EINVAL, "label overlap: k = %zu of %zu stored neighbours", k, knn->k);
        goto done;
    }
    GN_TRY(
        gn_alloc_array(&r.class_size, labels->n_classes, sizeof *r.class_size, "class sizes", err));
    memset(r.class_size, 0, labels->n_classes * sizeof *r.class_size);
    GN_TRY(gn_alloc_array(&r.share, n, sizeof *r.share, "overlaps", err));
    GN_TRY(gn_alloc_array(&r.chance, n, sizeof *r.chance, "chance levels", err));
    for (size_t i = 0; i < n; i++) {
        r.share[i] = r.chance[i] = (double)NAN;
        if (labels->code[i] < 0) continue;
        if ((size_t)labels->code[i] >= labels->n_classes) {
            st = gn_fail(err, GN_EDATA, "label overlap: row %zu has class %d of %zu", i,
                         (int)labels->code[i], labels->n_classes);
            goto done;
        }
        r.class_size[labels->code[i]]++;
        n_labelled++;
    }
    GN_TRY(shares(&r, k, err));
    GN_TRY(chances(&r, n_labelled, err));
    GN_TRY(average(&r, out, err));
done:
    gn_free(r.class_size);
    gn_free(r.share);
    gn_free(r.chance);
    return st;
}
