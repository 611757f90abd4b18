/* Spectral start of a map: Belkin & Niyogi, Neural Computation 15:1373 (2003).
 *
 * With W the weights and D their row sums, S = D^-1/2 W D^-1/2 has eigenvalues in [-1, 1]; 1
 * belongs to the constant function, and those just below belong to functions that change least
 * along edges. They crowd near 1, so a plain power iteration would take for ever to tell them
 * apart. A start does not need them apart: any smooth mixture will do. So: a block of random
 * vectors, a Chebyshev polynomial of S that grows fast outside [-1, cut] and stays below 1 inside,
 * orthonormalisation, and a Rayleigh-Ritz step, a few times over. The cut moves up to the smallest
 * Ritz value found.
 *
 * A graph of several components has an eigenvalue 1 for each, and nothing says how far apart they
 * are. Each one is spread by itself and they are set side by side on a sunflower spiral, largest
 * first. */
#include "projection/spectral.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "math/linalg.h"

enum { BLOCK = 1024, EXTRA = 3, MAX_BLOCK = 16, DEGREE = 24, ROUNDS = 12 };

/* One component: rows of the graph in order of `member`, renumbered. */
typedef struct component {
    const gn_graph *graph;
    const int32_t *member;       /* (n) vertices of the graph */
    const int32_t *number;       /* of each vertex of the graph, its place in member */
    size_t n, m;                 /* vertices, vectors */
    double *root;                /* (n) sqrt of the row sums */
    const double *from, *before; /* (n, m) of the running product */
    double *to;
    double centre, half; /* the interval [-1, cut] mapped to [-1, 1] */
    bool first;
} component;

/* to = L from, or 2 L from - before, with L = (S - centre) / half. */
static gn_status chebyshev_step(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    component *c = user;
    const gn_graph *g = c->graph;
    const size_t m = c->m, end = (block + 1) * BLOCK < c->n ? (block + 1) * BLOCK : c->n;
    for (size_t i = block * BLOCK; i < end; i++) {
        double sum[MAX_BLOCK] = {0};
        const size_t v = (size_t)c->member[i];
        for (size_t e = g->start[v]; e < g->start[v + 1]; e++) {
            const size_t j = (size_t)c->number[g->index[e]];
            const double w = (double)g->weight[e] / (c->root[i] * c->root[j]);
            for (size_t q = 0; q < m; q++) sum[q] += w * c->from[j * m + q];
        }
        for (size_t q = 0; q < m; q++) {
            const double l = (sum[q] - c->centre * c->from[i * m + q]) / c->half;
            c->to[i * m + q] = c->first ? l : 2 * l - c->before[i * m + q];
        }
    }
    return GN_OK;
}

/* Modified Gram-Schmidt against the constant function and each other, in column order. */
static void orthonormalise(const component *c, double *x) {
    const size_t n = c->n, m = c->m;
    double square = 0;
    for (size_t i = 0; i < n; i++) square += c->root[i] * c->root[i];
    for (size_t q = 0; q < m; q++) {
        double dot = 0;
        for (size_t i = 0; i < n; i++) dot += c->root[i] * x[i * m + q];
        for (size_t i = 0; i < n; i++) x[i * m + q] -= dot / square * c->root[i];
        for (size_t p = 0; p < q; p++) {
            dot = 0;
            for (size_t i = 0; i < n; i++) dot += x[i * m + p] * x[i * m + q];
            for (size_t i = 0; i < n; i++) x[i * m + q] -= dot * x[i * m + p];
        }
        double norm = 0;
        for (size_t i = 0; i < n; i++) norm += x[i * m + q] * x[i * m + q];
        norm = norm > 0 ? 1 / sqrt(norm) : 0;
        for (size_t i = 0; i < n; i++) x[i * m + q] *= norm;
    }
}

/* Turns x to the Ritz vectors of S in its span, largest value first; returns the smallest value. */
static gn_status ritz(gn_ctx *ctx, component *c, double *x, double *product, double *smallest,
                      gn_error *err) {
    const size_t n = c->n, m = c->m;
    double a[MAX_BLOCK * MAX_BLOCK], values[MAX_BLOCK], vectors[MAX_BLOCK * MAX_BLOCK];
    c->from = x;
    c->to = product;
    c->centre = 0;
    c->half = 1;
    c->first = true;
    gn_status st = gn_parallel(ctx, (n + BLOCK - 1) / BLOCK, chebyshev_step, c, NULL, err);
    if (st != GN_OK) return st;
    for (size_t p = 0; p < m; p++)
        for (size_t q = 0; q <= p; q++) {
            double dot = 0;
            for (size_t i = 0; i < n; i++) dot += x[i * m + p] * product[i * m + q];
            a[p * m + q] = a[q * m + p] = dot;
        }
    st = gn_eigen_symmetric(a, m, values, vectors, err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < n; i++) {
        double row[MAX_BLOCK] = {0};
        for (size_t q = 0; q < m; q++)
            for (size_t p = 0; p < m; p++) row[q] += vectors[q * m + p] * x[i * m + p];
        memcpy(x + i * m, row, m * sizeof *row);
    }
    *smallest = values[m - 1];
    return GN_OK;
}

/* The smoothest functions on one component, (n, m) in x. */
static gn_status smooth_functions(gn_ctx *ctx, component *c, double *x, gn_error *err) {
    const size_t size = c->n * c->m;
    gn_status st = GN_OK;
    double *scratch = NULL, cut = 0.5;
    GN_TRY(gn_alloc_array(&scratch, 2 * size, sizeof *scratch, "eigenvectors", err));
    gn_random r = gn_random_new(ctx ? gn_ctx_seed(ctx) : 0, (uint64_t)c->member[0]);
    for (size_t j = 0; j < size; j++) x[j] = gn_random_normal(&r);
    orthonormalise(c, x);
    for (int round = 0; round < ROUNDS; round++) {
        double *cycle[3] = {x, scratch, scratch + size};
        c->centre = (cut - 1) / 2;
        c->half = (cut + 1) / 2;
        for (int degree = 1; degree <= DEGREE; degree++) { /* T_(k+1) = 2 L T_k - T_(k-1) */
            c->from = cycle[(degree - 1) % 3];
            c->before = degree > 1 ? cycle[(degree - 2) % 3] : NULL;
            c->to = cycle[degree % 3];
            c->first = degree == 1;
            GN_TRY(gn_parallel(ctx, (c->n + BLOCK - 1) / BLOCK, chebyshev_step, c, NULL, err));
        }
        if (DEGREE % 3) memcpy(x, cycle[DEGREE % 3], size * sizeof *x);
        orthonormalise(c, x);
        double smallest;
        GN_TRY(ritz(ctx, c, x, scratch, &smallest, err));
        cut = fmin(fmax(cut, smallest), 1 - 1e-6);
    }
done:
    gn_free(scratch);
    return st;
}

/* Labels components by depth-first search; number[v] becomes v's place within its component. */
static size_t find_components(const gn_graph *g, int32_t *label, int32_t *stack) {
    size_t n_components = 0;
    for (size_t i = 0; i < g->n; i++) label[i] = -1;
    for (size_t i = 0; i < g->n; i++) {
        if (label[i] >= 0) continue;
        size_t depth = 0;
        stack[depth++] = (int32_t)i;
        label[i] = (int32_t)n_components;
        while (depth > 0) {
            const size_t v = (size_t)stack[--depth];
            for (size_t e = g->start[v]; e < g->start[v + 1]; e++) {
                const int32_t to = g->index[e];
                if (label[to] >= 0) continue;
                label[to] = (int32_t)n_components;
                stack[depth++] = to;
            }
        }
        n_components++;
    }
    return n_components;
}

/* Coordinates of one component around `offset`. */
static gn_status place(gn_ctx *ctx, component *c, size_t dim, const double *offset, double *y,
                       gn_error *err) {
    gn_status st = GN_OK;
    double *x = NULL;
    const double size = 10 * sqrt((double)c->n / (double)c->graph->n);
    gn_random r =
        gn_random_new(ctx ? gn_ctx_seed(ctx) : 0, ((uint64_t)1 << 40) + (uint32_t)c->member[0]);
    c->m = dim + EXTRA;
    const bool tiny = c->n < 2 * c->m || c->m > MAX_BLOCK;
    if (!tiny) {
        GN_TRY(gn_alloc_array(&x, c->n * c->m, sizeof *x, "eigenvectors", err));
        for (size_t i = 0; i < c->n; i++) {
            const size_t v = (size_t)c->member[i];
            double sum = 0;
            for (size_t e = c->graph->start[v]; e < c->graph->start[v + 1]; e++)
                sum += (double)c->graph->weight[e];
            c->root[i] = sqrt(sum);
        }
        GN_TRY(smooth_functions(ctx, c, x, err));
    }
    for (size_t q = 0; q < dim; q++) {
        double largest = 0;
        for (size_t i = 0; !tiny && i < c->n; i++)
            largest = fmax(largest, fabs(x[i * c->m + q] / c->root[i]));
        for (size_t i = 0; i < c->n; i++) {
            const double at =
                tiny ? gn_random_normal(&r) / 3 : x[i * c->m + q] / c->root[i] / largest;
            y[(size_t)c->member[i] * dim + q] = offset[q] + size * at + 1e-4 * gn_random_normal(&r);
        }
    }
done:
    gn_free(x);
    return st;
}

gn_status gn_spectral_start(gn_ctx *ctx, const gn_graph *graph, size_t dim, double *y,
                            gn_error *err) {
    gn_status st = GN_OK;
    const size_t n = graph->n;
    int32_t *label = NULL, *member = NULL, *number = NULL;
    size_t *start = NULL;
    double *root = NULL, *offset = NULL;
    GN_TRY(gn_alloc_array(&label, n, sizeof *label, "components", err));
    GN_TRY(gn_alloc_array(&member, n, sizeof *member, "components", err));
    GN_TRY(gn_alloc_array(&number, n, sizeof *number, "components", err));
    GN_TRY(gn_alloc_array(&root, n, sizeof *root, "components", err));
    GN_TRY(gn_alloc_array(&offset, dim, sizeof *offset, "components", err));
    const size_t n_components = find_components(graph, label, member);
    GN_TRY(gn_alloc_array(&start, n_components + 1, sizeof *start, "components", err));
    memset(start, 0, (n_components + 1) * sizeof *start);
    for (size_t i = 0; i < n; i++) start[label[i] + 1]++;
    for (size_t k = 0; k < n_components; k++) start[k + 1] += start[k];
    for (size_t i = 0; i < n; i++) { /* start[k] moves to the end of k, and is put back after */
        number[i] = (int32_t)start[label[i]];
        member[start[label[i]]++] = (int32_t)i;
    }
    for (size_t k = n_components; k > 0; k--) start[k] = start[k - 1];
    start[0] = 0;
    for (size_t i = 0; i < n; i++) number[i] -= (int32_t)start[label[i]];
    /* Components by number are in order of their first vertex; the largest goes to the middle, the
     * others around it in that order, each at golden-angle steps and where the area so far ends. */
    size_t largest = 0;
    for (size_t k = 1; k < n_components; k++)
        if (start[k + 1] - start[k] > start[largest + 1] - start[largest]) largest = k;
    double placed = (double)(start[largest + 1] - start[largest]) / (double)n;
    for (size_t k = 0, turn = 0; k < n_components; k++) {
        component c = {.graph = graph,
                       .member = member + start[k],
                       .number = number,
                       .root = root,
                       .n = start[k + 1] - start[k]};
        memset(offset, 0, dim * sizeof *offset);
        if (k != largest) {
            const double share = (double)c.n / (double)n,
                         angle = 2.399963229728653 * (double)turn++;
            placed += share;
            const double radius = 10 * (sqrt(placed) + sqrt(share));
            offset[0] = radius * (dim > 1 ? cos(angle) : turn % 2 ? 1 : -1);
            if (dim > 1) offset[1] = radius * sin(angle);
        }
        GN_TRY(place(ctx, &c, dim, offset, y, err));
    }
done:
    gn_free(label);
    gn_free(member);
    gn_free(number);
    gn_free(root);
    gn_free(offset);
    gn_free(start);
    return st;
}
