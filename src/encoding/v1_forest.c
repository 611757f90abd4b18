/* The forest of the conditional importance: x_k predicted from the other features.
 *
 * Rows are pairs, but pairs of a pattern are the same row many times, so that trees grow on
 * patterns with weights. A bootstrap sample of the rows is a count of each pattern, drawn as a
 * Poisson number around it. Trees split all patterns, also those that a sample missed, and write
 * their prediction to each. The depth (2, 5 or 10) is the one whose forest, grown on one part of
 * the half in row order, explains most of the other; as in the published code the forest sees the
 * very pairs that it is evaluated on. */
#include "encoding/v1.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

struct tree {
    const gn_v1 *v;
    size_t target;
    const double *weight; /* (patterns) of this sample */
    int32_t *member;      /* patterns, reordered by splits */
    double *predicted;    /* (patterns) added to */
    double share;         /* 1 / trees */
};

static double poisson(gn_random *r, double mean) {
    if (mean > 30) return fmax(0, floor(mean + sqrt(mean) * gn_random_normal(r) + 0.5));
    double limit = exp(-mean), product = gn_random_uniform(r), count = 0;
    while (product > limit) {
        product *= gn_random_uniform(r);
        count++;
    }
    return count;
}

/* The feature whose split leaves least variance, or f when none helps. */
static size_t best_split(const struct tree *t, size_t first, size_t last, double n, double ones) {
    size_t best = t->v->f;
    double gain = 1e-12 * n;
    for (size_t b = 0; b < t->v->f; b++) {
        double m = 0, s = 0;
        if (b == t->target) continue;
        for (size_t i = first; i < last; i++) {
            size_t u = (size_t)t->member[i];
            double w = t->weight[u] * gn_v1_bit(t->v, u, b);
            m += w;
            s += w * gn_v1_bit(t->v, u, t->target);
        }
        if (m <= 0 || m >= n) continue;
        double g = s * s / m + (ones - s) * (ones - s) / (n - m) - ones * ones / n;
        if (g > gain) {
            gain = g;
            best = b;
        }
    }
    return best;
}

static void grow(struct tree *t, size_t first, size_t last, size_t depth, double above) {
    double n = 0, ones = 0;
    for (size_t i = first; i < last; i++) {
        size_t u = (size_t)t->member[i];
        n += t->weight[u];
        ones += t->weight[u] * gn_v1_bit(t->v, u, t->target);
    }
    double mean = n > 0 ? ones / n : above;
    size_t b = depth > 0 && ones > 0 && ones < n ? best_split(t, first, last, n, ones) : t->v->f;
    if (b == t->v->f) {
        for (size_t i = first; i < last; i++) t->predicted[t->member[i]] += t->share * mean;
        return;
    }
    size_t middle = first;
    for (size_t i = first; i < last; i++)
        if (gn_v1_bit(t->v, (size_t)t->member[i], b) > 0) {
            int32_t swap = t->member[middle];
            t->member[middle++] = t->member[i];
            t->member[i] = swap;
        }
    grow(t, first, middle, depth - 1, mean);
    grow(t, middle, last, depth - 1, mean);
}

/* Predictions of a forest grown on rows counted by `count`. */
static void forest(struct tree *t, size_t trees, size_t depth, const double *count, double *weight,
                   gn_random *r) {
    size_t n = t->v->patterns->n;
    memset(t->predicted, 0, n * sizeof *t->predicted);
    t->share = 1 / (double)trees;
    t->weight = weight;
    for (size_t i = 0; i < trees; i++) {
        for (size_t u = 0; u < n; u++) {
            weight[u] = count[u] > 0 ? poisson(r, count[u]) : 0;
            t->member[u] = (int32_t)u;
        }
        grow(t, 0, n, depth, 0.5);
    }
}

static double explained(const struct tree *t, const double *count) {
    double n = 0, ones = 0, error = 0;
    for (size_t u = 0; u < t->v->patterns->n; u++) {
        double x = gn_v1_bit(t->v, u, t->target), e = x - t->predicted[u];
        n += count[u];
        ones += count[u] * x;
        error += count[u] * e * e;
    }
    return 1 - error / (ones * (1 - ones / n));
}

gn_status gn_v1_forest(const gn_v1 *v, size_t half, size_t k, gn_random *r, gn_v1_rest *rest,
                       gn_error *err) {
    static const size_t depths[] = {2, 5, 10};
    gn_status st;
    size_t n = v->patterns->n, trees = v->opts.n_trees, chosen = 0;
    double *part[2] = {NULL, NULL}, *all = NULL, *weight = NULL, best = -HUGE_VAL;
    struct tree t = {.v = v, .target = k};
    GN_TRY(gn_alloc_array(&t.member, n, sizeof *t.member, "a tree", err));
    GN_TRY(gn_alloc_array(&t.predicted, n, sizeof *t.predicted, "predictions", err));
    GN_TRY(gn_alloc_array(&part[0], n, sizeof *all, "counts", err));
    GN_TRY(gn_alloc_array(&part[1], n, sizeof *all, "counts", err));
    GN_TRY(gn_alloc_array(&all, n, sizeof *all, "counts", err));
    GN_TRY(gn_alloc_array(&weight, n, sizeof *weight, "counts", err));
    for (size_t u = 0; u < n; u++) {
        all[u] = gn_v1_half_count(v, u, half);
        part[0][u] = v->early[u * GN_V1_HALVES + half];
        part[1][u] = all[u] - part[0][u];
    }
    for (size_t d = 0; d < 3; d++) {
        double r2 = 0;
        for (size_t p = 0; p < 2; p++) {
            forest(&t, trees, depths[d], part[1 - p], weight, r);
            r2 += explained(&t, part[p]) / 2;
        }
        if (r2 > best) {
            best = r2;
            chosen = d;
        }
    }
    forest(&t, trees, depths[chosen], all, weight, r);
    GN_TRY(gn_alloc_array(&rest->of_pattern, n, sizeof *rest->of_pattern, "residuals", err));
    memset(rest->moment, 0, sizeof rest->moment);
    for (size_t u = 0; u < n; u++) {
        double e = gn_v1_bit(v, u, k) - t.predicted[u], power = all[u];
        rest->of_pattern[u] = e;
        for (size_t m = 0; m < 5; m++, power *= e) rest->moment[m] += power;
    }
    for (size_t m = 5; m-- > 0;) rest->moment[m] /= rest->moment[0];
done:
    gn_free(t.member);
    gn_free(t.predicted);
    gn_free(part[0]);
    gn_free(part[1]);
    gn_free(all);
    gn_free(weight);
    return st;
}
