/* Sums over pairs of rows, weighed by a feature's distance, through its levels.
 *
 * A feature's distances form a matrix K (n, n), K_ij = distance of rows i and j, 0 where either is
 * unknown. It is never built: K depends on rows through their levels only, so K z is "add z up by
 * level, apply the levels' distances, hand the result back to the rows", O(n + levels) for every
 * kind of distance. All of MLEM's closed forms are made of such products. */
#ifndef GN_ENCODING_LEVELS_H
#define GN_ENCODING_LEVELS_H

#include "base/mem.h"
#include "gonio/features.h"

/** Vectors of width w that gn_levels_apply needs as scratch. */
enum { GN_LEVELS_SCRATCH = 4 };

/** out[v] = sum over levels u of distance(v, u) in[u], for w columns at once.
 *  @param in, out (n_levels, w); @param scratch (GN_LEVELS_SCRATCH, w) */
void gn_levels_apply(const gn_feature *f, size_t w, const double *in, double *out, double *scratch);

/** out[i] = sum_j weight[j] z[j] distance(i, j): (K z)(i). Rows of weight 0 get their sum, too.
 *  @param weight NULL: 1 each. @param z NULL: 1 each.
 *  @param scratch (2 n_levels + GN_LEVELS_SCRATCH) */
void gn_row_sums(const gn_feature *f, size_t n, const double *weight, const double *z, double *out,
                 double *scratch);

/** out[i] = sum_j weight[j] distance_k(i, j) distance_l(i, j).
 *  O(n + levels_k levels_l); O(n log n) when both are absolute differences.
 *  @param weight NULL: 1 each. @param out (n)
 *  @return GN_OK; GN_ENOMEM. */
gn_status gn_product_row_sums(const gn_feature *k, const gn_feature *l, size_t n,
                              const double *weight, double *out, gn_error *err);

#endif
