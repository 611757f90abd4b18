/* The curve that UMAP's distances on the map are compared with, and how well they fit. */
#ifndef GN_PROJECTION_UMAP_H
#define GN_PROJECTION_UMAP_H

#include "projection/graph.h"

/** a and b of 1 / (1 + a x^(2 b)) nearest to 1 up to min_dist and exp(-(x - min_dist) / spread)
 * after, by least squares on 300 points of [0, 3 spread]. */
void gn_umap_curve(double min_dist, double spread, double *a, double *b);

/** A map, and the rows that are asked for. */
typedef struct gn_umap_loss {
    const gn_graph *graph;
    double a, b, negative_rate;
    const double *y;
    size_t dim;
    const int32_t *row;
    size_t rows;
    double *each;
} gn_umap_loss;
/** What the descent lowers, row by row, in nats:
 *
 *      sum over j != i of -w ln v - (m D_i / 2 n) ln(1 - v),  v = 1 / (1 + a d^(2 b)),
 *
 *  with the graph's w, their sum D_i in row i, m negative samples a firing, and 1 - v >= 1e-4, as
 * two points in one place would cost infinitely much. The parts of all rows sum to the map's.
 *  @param graph with weights in [0, 1]. @param y (n, dim). @param row (rows)
 *  @param each (rows) receives the parts. O(rows n).
 *  @return GN_OK; GN_ECANCEL. */
gn_status gn_umap_cross_entropy(gn_ctx *ctx, const gn_umap_loss *l, gn_error *err);

#endif
