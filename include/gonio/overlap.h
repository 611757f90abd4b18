/* gonio/overlap.h: do two neighbourhoods, or a neighbourhood and a label, agree? */
#ifndef GONIO_OVERLAP_H
#define GONIO_OVERLAP_H

#include "gonio/base.h"
#include "gonio/io.h"
#include "gonio/neighbors.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The standard errors take points as independent draws: points whose neighbourhoods share members
 *  are not quite that, so they are lower bounds. */
typedef struct gn_overlap {
    double value;
    double se;      /**< sd over points / sqrt(n); weighted label overlap: over points within each
                         class, classes fixed */
    double chance;  /**< expectation for unrelated neighbourhoods of the same sizes */
    size_t n;       /**< points counted */
    size_t n_short; /**< of these, points with some, but fewer than k_i usable stored neighbours:
                         averaged over those they have. 0 without groups and missing labels. */
} gn_overlap;

/** Data overlap chi_k(A, B) = mean_i |kNN_A(i) & kNN_B(i)| / k: Doimo et al., NeurIPS 2020, eq. 1.
 *  Row i is the same item in both. Symmetric; chance k / (n - 1).
 *  @param k neighbours to compare, 1 <= k <= min(a->k, b->k); 0 means 30 (clipped).
 *  @return GN_OK; GN_EINVAL (different n, k out of range); GN_EDATA (a neighbour that is no row, is
 *          the row itself, or is named twice); GN_ENOMEM. O(n k) time, 4 n bytes of scratch. */
GN_API gn_status gn_overlap_data(const gn_knn *a, const gn_knn *b, size_t k, gn_overlap *out,
                                 gn_error *err);

typedef struct gn_label_overlap_opts {
    size_t k;              /**< 0 with class_fraction 0 means 30 (clipped to knn->k) */
    double class_fraction; /**< > 0: k_i = max(1, floor(f n_class(i))), overrides k */
    bool plain;            /**< mean over points; default weighs points by 1 / n_class */
    const int32_t *group;  /**< NULL, or (n): neighbours of the point's own group are skipped. Lists
                                that were searched outside of these groups (gn_knn_opts.group) hold
                                none, and end with -1 where there are fewer than k */
} gn_label_overlap_opts;

/** Share of a point's neighbours that carry its label: the first k_i stored neighbours that have a
 *  label and are not of the point's own group. Points with label -1 are left out, as neighbours and
 *  as centres (documented deviation: DADApy has no missing labels); so are points without any
 *  usable stored neighbour.
 *  Chance: a point's expected share when its neighbours are drawn from all points it may have,
 *  averaged as the overlap is. Without groups and missing labels that is sum_c p_c (n_c - 1) /
 *  (n - 1) plain, and the mean over classes of (n_c - 1) / (n - 1) weighted.
 *  @return GN_OK; GN_EINVAL (sizes differ, k out of range, k_i beyond the stored neighbours, no
 *          point left); GN_EDATA (a neighbour or a label out of range); GN_ENOMEM.
 *  O(n k + n log n) time, 24 n bytes of scratch. */
GN_API gn_status gn_overlap_label(const gn_knn *knn, const gn_labels *labels,
                                  const gn_label_overlap_opts *opts, gn_overlap *out,
                                  gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
