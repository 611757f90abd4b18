/* What UMAP's descent lowers, as a number to watch.
 *
 * It is not the cross-entropy of the paper, which weighs the repulsion of a pair by 1 - w: a point
 * is pushed m times for each of its pulls, from points drawn at random, and that is a weight of m
 * D_i / (2 n) beside the pull's w, some thousand times less. Maps that UMAP makes better by its own
 * rule get worse by the paper's (Damrich & Hamprecht, On UMAP's true loss function, NeurIPS 2021).
 *
 * The sum runs over all pairs, which is what sampling negatives avoids; some rows with all others
 * are enough here, and their scatter is the error. -ln(1 - v) = ln(1 + 1 / t) with t = a d^(2 b),
 * and a sum of logarithms is the logarithm of a product: one is taken for every 32 pairs, whose
 * product stays far below the largest float64. */
#include <math.h>

#include "projection/umap.h"

enum { JOINED = 32 };
static const double least_apart = 1e-4; /* 1 - v */

/* a d^(2 b) of two rows; at least what makes 1 - v least_apart. */
static double ratio(const gn_umap_loss *l, size_t i, size_t j) {
    double d2 = 0;
    for (size_t x = 0; x < l->dim; x++) {
        const double d = l->y[i * l->dim + x] - l->y[j * l->dim + x];
        d2 += d * d;
    }
    return fmax(l->a * pow(d2, l->b), least_apart / (1 - least_apart));
}

static gn_status cost_of_row(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    const gn_umap_loss *l = user;
    const gn_graph *g = l->graph;
    const size_t i = (size_t)l->row[block];
    double pull = 0, push = 0, strength = 0, product = 1;
    for (size_t e = g->start[i]; e < g->start[i + 1]; e++) {
        pull += (double)g->weight[e] * log1p(ratio(l, i, (size_t)g->index[e]));
        strength += (double)g->weight[e];
    }
    for (size_t j = 0, joined = 1; j < g->n; j++, joined++) {
        if (j != i) product *= 1 + 1 / ratio(l, i, j);
        if (joined % JOINED && j + 1 < g->n) continue;
        push += log(product);
        product = 1;
    }
    l->each[block] = pull + l->negative_rate * strength / (2 * (double)g->n) * push;
    return GN_OK;
}

gn_status gn_umap_cross_entropy(gn_ctx *ctx, const gn_umap_loss *l, gn_error *err) {
    gn_umap_loss copy = *l;
    return gn_parallel(ctx, l->rows, cost_of_row, &copy, NULL, err);
}
