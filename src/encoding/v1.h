/* Inside of the first pipeline. */
#ifndef GN_ENCODING_V1_H
#define GN_ENCODING_V1_H

#include "base/ctx.h"
#include "base/random.h"
#include "gonio/mlem_v1.h"

enum { GN_V1_HALVES = 2, GN_V1_GROUPS = 4 };

/** What the forest of feature k, grown on a test half, does not predict: residuals of a pattern,
 *  and their moments over the half. */
typedef struct gn_v1_rest {
    double *of_pattern; /**< (patterns) x_k minus the forest's prediction */
    double moment[5];   /**< mean of powers 0 ... 4 over the rows of the half */
} gn_v1_rest;

struct gn_v1 {
    size_t n, f;
    gn_v1_opts opts;
    gn_pair_index *index;
    const gn_patterns *patterns;
    int32_t *place; /**< (pairs i < j, row after row) pattern of each pair */
    uint8_t
        *group;    /**< (pairs) half + 2 where it lies in its half's fifth for choosing penalties */
    double *count; /**< (patterns, GROUPS) */
    double *early; /**< (patterns, HALVES) pairs in the first part of a half, in row order */
    gn_v1_rest *rest; /**< (HALVES, f) conditional only, else NULL */
};

static inline size_t gn_v1_pairs(size_t n) {
    return n * (n - 1) / 2;
}
static inline double gn_v1_bit(const gn_v1 *v, size_t u, size_t k) {
    return (double)(v->patterns->bits[u] >> k & 1);
}
static inline double gn_v1_half_count(const gn_v1 *v, size_t u, size_t half) {
    return v->count[u * GN_V1_GROUPS + half] + v->count[u * GN_V1_GROUPS + half + 2];
}

/** Counts patterns by group after the groups were set. */
void gn_v1_count(gn_v1 *v);

/** Grows the forest of feature k on the pairs of one half. */
gn_status gn_v1_forest(const gn_v1 *v, size_t half, size_t k, gn_random *r, gn_v1_rest *rest,
                       gn_error *err);

#endif
