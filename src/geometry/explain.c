/* How much do labels tell about a partition? Mutual information, less what labels of the same sizes
 * would tell by chance, as a share of what there is to tell.
 *
 * Raw mutual information prefers labels with many values: the token of a row, seen once, determines
 * everything. Its expectation over all permutations (hypergeometric cell counts; Vinh, Epps,
 * Bailey, JMLR 11, 2010) is subtracted from both what is told and what could be told:
 *
 *     explained = (I - E[I]) / (H(partition) - E[I]),
 *     E[I] = sum over a, b of sum over m of (m / n) ln(n m / (a b)) P(m | a, b, n),
 *
 * a and b running over the sizes of clusters and labels. The sum depends on sizes alone, and there
 * are few distinct ones (most types are rare), so sizes are taken with their multiplicity. H in
 * place of the usual maximum or mean of both entropies makes it directed: labels may be finer than
 * the partition (positions 0, 1, 2, ...) and still explain all of it. */
#include "gonio/cluster.h"

#include "base/mem.h"
#include "geometry/groups.h"
#include "math/stats.h"

#include <math.h>

/* Sizes that occur, and how often. */
struct sizes {
    size_t n;
    double *size, *times;
};

static void sizes_free(struct sizes *s) {
    gn_free(s->size);
    gn_free(s->times);
}

static gn_status sizes_new(const gn_groups *g, struct sizes *s, gn_error *err) {
    gn_status st;
    GN_TRY(gn_alloc_array(&s->size, g->n, sizeof *s->size, "sizes", err));
    GN_TRY(gn_alloc_array(&s->times, g->n, sizeof *s->times, "sizes", err));
    for (size_t i = 0; i < g->n; i++) s->size[i] = (double)gn_groups_size(g, i);
    gn_sort_f64(s->size, g->n);
    s->n = 0;
    for (size_t i = 0; i < g->n; i++) {
        if (s->n && s->size[s->n - 1] >= s->size[i]) {
            s->times[s->n - 1]++;
            continue;
        }
        s->size[s->n] = s->size[i];
        s->times[s->n++] = 1;
    }
done:
    return st;
}

static double entropy(const struct sizes *s, double n) {
    double h = 0;
    for (size_t i = 0; i < s->n; i++) h -= s->times[i] * s->size[i] / n * log(s->size[i] / n);
    return h;
}

/* E[I] for one cluster of a and one label of b rows; lf[m] = ln m!. */
static double expected_cell(size_t a, size_t b, size_t n, const double *lf) {
    size_t low = a + b > n ? a + b - n : 1, high = a < b ? a : b;
    double fixed = lf[a] + lf[b] + lf[n - a] + lf[n - b] - lf[n], sum = 0;
    double scale = log((double)n) - log((double)a) - log((double)b);
    if (low < 1) low = 1;
    for (size_t m = low; m <= high; m++) {
        double p = exp(fixed - lf[m] - lf[a - m] - lf[b - m] - lf[n + m - a - b]);
        sum += (double)m / (double)n * (log((double)m) + scale) * p;
    }
    return sum;
}

static gn_status expected(const struct sizes *a, const struct sizes *b, size_t n, double *out,
                          gn_error *err) {
    double *lf;
    gn_status st = gn_alloc_array(&lf, n + 1, sizeof *lf, "logarithms of factorials", err);
    if (st != GN_OK) return st;
    lf[0] = 0;
    for (size_t m = 1; m <= n; m++) lf[m] = lf[m - 1] + log((double)m);
    *out = 0;
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < b->n; j++)
            *out += a->times[i] * b->times[j] *
                    expected_cell((size_t)a->size[i], (size_t)b->size[j], n, lf);
    gn_free(lf);
    return GN_OK;
}

/* H(partition | label): rows of each label group lie together, ordered by cluster. */
static double conditional(const gn_groups *labels, const int32_t *cluster, double n) {
    double h = 0;
    for (size_t g = 0; g < labels->n; g++) {
        double size = (double)gn_groups_size(labels, g), run = 0;
        for (size_t p = labels->start[g]; p < labels->start[g + 1]; p++) {
            run++;
            if (p + 1 < labels->start[g + 1] &&
                cluster[labels->row[p + 1]] == cluster[labels->row[p]])
                continue;
            h -= run / n * log(run / size);
            run = 0;
        }
    }
    return h;
}

gn_status gn_explain(const int32_t *partition, const int32_t *label, size_t n, gn_information *out,
                     gn_error *err) {
    gn_groups clusters = {0}, labels = {0};
    struct sizes a = {0}, b = {0};
    int32_t *cluster = NULL, *code = NULL;
    gn_information v = {0};
    gn_status st;
    GN_TRY(gn_alloc_array(&cluster, n, sizeof *cluster, "clusters", err));
    GN_TRY(gn_alloc_array(&code, n, sizeof *code, "labels", err));
    for (size_t i = 0; i < n; i++)
        if (partition[i] >= 0 && label[i] >= 0) {
            cluster[v.n] = partition[i];
            code[v.n++] = label[i];
        }
    if (!v.n || v.n > INT32_MAX) {
        st = gn_fail(err, GN_EINVAL, "labels and clusters meet in %zu of %zu rows", v.n, n);
        goto done;
    }
    GN_TRY(gn_groups_new(cluster, v.n, NULL, &clusters, err));
    GN_TRY(gn_groups_new(code, v.n, clusters.row, &labels, err));
    GN_TRY(sizes_new(&clusters, &a, err));
    GN_TRY(sizes_new(&labels, &b, err));
    v.entropy = entropy(&a, (double)v.n);
    v.mutual = clusters.n > 1 ? fmax(0, v.entropy - conditional(&labels, cluster, (double)v.n)) : 0;
    GN_TRY(expected(&a, &b, v.n, &v.expected, err));
    double room = v.entropy - v.expected;
    if (clusters.n > 1 && room > 1e-9 * v.entropy) v.explained = (v.mutual - v.expected) / room;
    *out = v;
done:
    gn_groups_free(&clusters);
    gn_groups_free(&labels);
    sizes_free(&a);
    sizes_free(&b);
    gn_free(cluster);
    gn_free(code);
    return st;
}
