/* From lists of neighbours to a symmetric weighted graph.
 *
 * t-SNE gives each point a Gaussian of its own width, so wide that its neighbours' weights have a
 * chosen perplexity (exp of their entropy). The entropy falls as the width shrinks: bisection on
 * the precision beta = 1 / (2 sigma^2). Distances are shifted by the nearest one first, so that the
 * largest weight is 1 and nothing underflows. A point whose neighbours are all equally far has
 * entropy log k at any width and gets equal weights.
 *
 * Lists are one-sided: i may be among j's neighbours and not the reverse. The transpose is counted
 * and filled in row order, which leaves its rows sorted; merging both rows of i gives the symmetric
 * one. */
#include "projection/graph.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

enum { BLOCK = 256 };

typedef struct edge {
    int32_t to;
    float weight;
} edge;

static int by_target(const void *a, const void *b) {
    const edge *x = a, *y = b;
    return (x->to > y->to) - (x->to < y->to);
}

void gn_graph_free(gn_graph *g) {
    if (!g) return;
    gn_free(g->start);
    gn_free(g->index);
    gn_free(g->weight);
    gn_free(g);
}

static float joined(float a, float b, gn_graph_join join) {
    return join == GN_JOIN_MEAN ? (a + b) / 2 : a + b - a * b;
}

/* Merges two sorted rows; counts only when index is NULL. */
static size_t merge(const edge *a, size_t n_a, const edge *b, size_t n_b, gn_graph_join join,
                    int32_t *index, float *weight) {
    size_t i = 0, j = 0, n = 0;
    while (i < n_a || j < n_b) {
        const bool from_a = j == n_b || (i < n_a && a[i].to <= b[j].to);
        const bool from_b = i == n_a || (j < n_b && b[j].to <= a[i].to);
        if (index) {
            index[n] = from_a ? a[i].to : b[j].to;
            weight[n] = joined(from_a ? a[i].weight : 0, from_b ? b[j].weight : 0, join);
        }
        i += from_a;
        j += from_b;
        n++;
    }
    return n;
}

gn_status gn_graph_new(const int32_t *index, const double *weight, size_t n, size_t k,
                       gn_graph_join join, gn_graph **out, gn_error *err) {
    gn_status st = GN_OK;
    edge *to = NULL, *from = NULL;
    size_t *n_to = NULL, *first = NULL;
    gn_graph *g = gn_calloc(1, sizeof *g);
    if (!g) return gn_fail(err, GN_ENOMEM, "out of memory for a graph");
    g->n = n;
    GN_TRY(gn_alloc_array(&to, n * k, sizeof *to, "edges", err));
    GN_TRY(gn_alloc_array(&n_to, n, sizeof *n_to, "edges", err));
    GN_TRY(gn_alloc_array(&first, n + 2, sizeof *first, "edges", err));
    GN_TRY(gn_alloc_array(&g->start, n + 1, sizeof *g->start, "edges", err));
    for (size_t i = 0; i < n + 2; i++) first[i] = 0;
    for (size_t i = 0; i < n; i++) {
        size_t m = 0;
        for (size_t j = 0; j < k; j++) {
            const float w = (float)weight[i * k + j];
            if (!(w > 0)) continue;
            to[i * k + m++] = (edge){index[i * k + j], w};
            first[index[i * k + j] + 2]++;
        }
        n_to[i] = m;
        qsort(to + i * k, m, sizeof *to, by_target);
    }
    for (size_t i = 2; i < n + 2; i++) first[i] += first[i - 1];
    GN_TRY(gn_alloc_array(&from, first[n + 1], sizeof *from, "edges", err));
    for (size_t i = 0; i < n; i++) /* first[j + 1] moves from the start of row j to its end */
        for (size_t j = 0; j < n_to[i]; j++) {
            const edge e = to[i * k + j];
            from[first[e.to + 1]++] = (edge){(int32_t)i, e.weight};
        }
    g->start[0] = 0;
    for (size_t i = 0; i < n; i++)
        g->start[i + 1] = g->start[i] + merge(to + i * k, n_to[i], from + first[i],
                                              first[i + 1] - first[i], join, NULL, NULL);
    GN_TRY(gn_alloc_array(&g->index, g->start[n], sizeof *g->index, "edges", err));
    GN_TRY(gn_alloc_array(&g->weight, g->start[n], sizeof *g->weight, "edges", err));
    for (size_t i = 0; i < n; i++)
        merge(to + i * k, n_to[i], from + first[i], first[i + 1] - first[i], join,
              g->index + g->start[i], g->weight + g->start[i]);
    *out = g;
    g = NULL;
done:
    gn_graph_free(g);
    gn_free(to);
    gn_free(from);
    gn_free(n_to);
    gn_free(first);
    return st;
}

typedef struct calibration {
    const float *distance;
    size_t n, stride, k;
    double entropy, *weight;
} calibration;

/* Weights at precision beta; returns their entropy. d2 is relative to the nearest neighbour. */
static double entropy_at(const double *d2, size_t k, double beta, double *w) {
    double sum = 0, moment = 0;
    for (size_t j = 0; j < k; j++) {
        w[j] = exp(-beta * d2[j]);
        sum += w[j];
        moment += w[j] * d2[j];
    }
    for (size_t j = 0; j < k; j++) w[j] /= sum;
    return log(sum) + beta * moment / sum;
}

static gn_status calibrate(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker;
    calibration *c = user;
    double *d2 = NULL;
    gn_status st = gn_alloc_array(&d2, c->k, sizeof *d2, "distances", err);
    if (st != GN_OK) return st;
    const size_t end = (block + 1) * BLOCK < c->n ? (block + 1) * BLOCK : c->n;
    for (size_t i = block * BLOCK; i < end; i++) {
        const float *r = c->distance + i * c->stride;
        double *w = c->weight + i * c->k, mean = 0;
        for (size_t j = 0; j < c->k; j++) {
            d2[j] = (double)r[j] * (double)r[j] - (double)r[0] * (double)r[0];
            mean += d2[j] / (double)c->k;
        }
        double low = 0, high = (double)INFINITY, beta = mean > 0 ? 1 / mean : 1;
        for (int step = 0; step < 100 && mean > 0; step++) {
            const double h = entropy_at(d2, c->k, beta, w);
            if (fabs(h - c->entropy) < 1e-9) break;
            if (h > c->entropy)
                low = beta;
            else
                high = beta;
            beta = isinf(high) ? 2 * beta : (low + high) / 2;
        }
        entropy_at(d2, c->k, beta, w);
    }
    gn_free(d2);
    return GN_OK;
}

gn_status gn_perplexity_weights(gn_ctx *ctx, const float *distance, size_t n, size_t stride,
                                size_t k, double perplexity, double *weight, gn_error *err) {
    calibration c = {distance, n, stride, k, log(perplexity), weight};
    return gn_parallel(ctx, (n + BLOCK - 1) / BLOCK, calibrate, &c, NULL, err);
}
