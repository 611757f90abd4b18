/* Two layers beside each other: how many neighbours rows keep, and linear CKA. */
#ifndef GN_VIEW_COMPARE_H
#define GN_VIEW_COMPARE_H

#include "view/layers.h"

/** Rows of a and rows of b that are the same thing. */
typedef struct gn_pairing {
    size_t n;
    int32_t *a, *b; /**< (n), a ascending; NULL: row i is row i */
} gn_pairing;

/** @param by_token rows of the same token, the j-th of it with the j-th; else row i is row i.
 *  @return GN_OK; GN_EINVAL (other numbers of rows; no tokens; fewer than 3 pairs); GN_ENOMEM. */
gn_status gn_pairing_new(gn_source *a, gn_source *b, bool by_token, gn_pairing *out, gn_error *err);
void gn_pairing_free(gn_pairing *p);

typedef struct gn_comparison_opts {
    bool by_token;
    gn_metric metric;
    size_t k;
} gn_comparison_opts;

typedef struct gn_comparison {
    size_t n;       /**< rows of a */
    float *overlap; /**< (n) share of the k nearest that a row has in both; NaN without a partner */
    int32_t *match; /**< (n) its partner in b; -1: none */
    size_t matched, k;
    double mean, se; /**< of the overlap; se = sd / sqrt(matched): rows as independent draws */
    double chance;   /**< k / (matched - 1) */
    double cka; /**< |Y'X|^2 / (|X'X| |Y'Y|) of the centred matched rows: Kornblith et al., ICML
                   2019; NaN where a layer is constant */
} gn_comparison;

/** A gn_comparison from the cache. Where only some rows have partners, neighbours are looked for
 *  among those that have, on both sides. */
gn_status gn_layers_compare(gn_layer a, gn_layer b, const gn_comparison_opts *opts, gn_ctx *ctx,
                            gn_cached **out, gn_error *err);

/** out[i] = |A_i & B_i| / k for lists of the same rows. @param mark (n) scratch. */
void gn_lists_overlap(const gn_knn *a, const gn_knn *b, size_t k, int32_t *mark, float *out);

#endif
