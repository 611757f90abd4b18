/* The table of neighbour distances that the dimension estimators read: what it must satisfy, and
 * access to one entry. */
#ifndef GN_GEOMETRY_DISTANCES_H
#define GN_GEOMETRY_DISTANCES_H

#include "base/error.h"
#include "gonio/neighbors.h"

/** Checks the first `n_cols` columns: a float type that can hold distances, at least 3 rows, at
 *  least n_cols columns, every entry finite and above zero, every row ascending.
 *  @return GN_OK; GN_EINVAL (type, shape); GN_EDATA with row, column and value. */
gn_status gn_distances_check(gn_mat dist, size_t n_cols, gn_error *err);
/** The same, but zero distances pass: for modes that say what they do with them. */
gn_status gn_distances_check_zeros(gn_mat dist, size_t n_cols, gn_error *err);

/** Checks that the first `n_cols` neighbours of every row are other rows. @return GN_OK; GN_EDATA.
 */
gn_status gn_neighbors_check(const gn_knn *knn, size_t n_cols, gn_error *err);
/** GN_EINVAL for approximate lists: what is missing from them would be taken for the data's. */
gn_status gn_neighbors_check_exact(const gn_knn *knn, const char *measure, gn_error *err);

/** Entry (i, j) of a float32 or float64 table. */
static inline double gn_distance_at(gn_mat dist, size_t i, size_t j) {
    size_t at = i * dist.stride + j;
    return dist.dtype == GN_F32 ? (double)((const float *)dist.data)[at]
                                : ((const double *)dist.data)[at];
}

/** (mean of column j1 + mean of column j2) / 2: the scale that a pair of ranks looks at. */
double gn_distances_scale(gn_mat dist, size_t j1, size_t j2);

/** ln(r_j2 / r_j1) of every row into out (rows). The quotient comes first: r_2 / r_1 - 1 may be
 *  1e-6, where a difference of logarithms has lost half of its digits.
 *  @param least distances below this count as this; with 0 a zero distance gives infinity or NaN.
 */
void gn_distances_log_ratios(gn_mat dist, size_t j1, size_t j2, double least, double *out);

#endif
