/* All points of a leaf meet, through a matrix product. */
#ifndef GN_NEIGHBORS_LEAF_H
#define GN_NEIGHBORS_LEAF_H

#include "math/gemm.h"
#include "neighbors/forest.h"

/** What a thread owns. */
typedef struct gn_leaf_scratch {
    size_t most;  /**< points */
    float *x;     /**< (most, stride) around the first of them */
    char *a, *b;  /**< panels */
    float *norm;  /**< (most) */
    float *tile;  /**< (mr, nr) */
    float *limit; /**< (mr) */
    uint32_t *where;
    float *value, *distance; /**< of hits */
    const float **near;      /**< (nr) */
} gn_leaf_scratch;

gn_status gn_leaf_scratch_new(const gn_points *p, const gn_gemm *gemm, size_t most,
                              gn_leaf_scratch *out, gn_error *err);
void gn_leaf_scratch_free(gn_leaf_scratch *s);

/** Offers to each of the n points all others that its list wants, as fresh. Only this thread may
 *  offer to them meanwhile. */
void gn_leaf_meet(const gn_points *p, const gn_gemm *gemm, const int32_t *at, size_t n,
                  gn_leaf_scratch *s, gn_best *near);

#endif
