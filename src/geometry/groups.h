/* Rows gathered by a key (type, sequence), in blocks of work that depend on the data alone. */
#ifndef GN_GEOMETRY_GROUPS_H
#define GN_GEOMETRY_GROUPS_H

#include "base/error.h"

/** Start from {0}; free with gn_groups_free. */
typedef struct gn_groups {
    size_t n;        /**< groups */
    int32_t *row;    /**< (n_rows) row numbers, group after group */
    size_t *start;   /**< (n + 1) group g is row[start[g]] ... row[start[g + 1] - 1] */
    size_t n_blocks; /**< runs of whole groups with at least 512 rows (the last may have fewer) */
    size_t *block;   /**< (n_blocks + 1) block b is groups block[b] ... block[b + 1] - 1 */
} gn_groups;

/** Groups in ascending order of their key.
 *  @param key (n_rows), negative: a group of its own; or NULL: every row its own group
 *  @param order NULL, or (n_rows) a permutation of the rows: rows of a group follow it
 *  @return GN_OK; GN_EINVAL (n_rows > INT32_MAX); GN_ENOMEM. O(n log n). */
gn_status gn_groups_new(const int32_t *key, size_t n_rows, const int32_t *order, gn_groups *out,
                        gn_error *err);
void gn_groups_free(gn_groups *g);

static inline size_t gn_groups_size(const gn_groups *g, size_t i) {
    return g->start[i + 1] - g->start[i];
}

/** The standard error of a sum over rows whose terms `term` (n_rows) are correlated inside groups
 *  and independent between them: sqrt(G / (G - 1) sum_g (sum_{i in g} term_i)^2). NaN for one
 *  group. */
double gn_groups_se(const gn_groups *g, const double *term);

#endif
