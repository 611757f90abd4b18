/* Two sources beside each other: how many neighbours rows keep, and linear CKA. */
#ifndef GN_VIEW_COMPARE_H
#define GN_VIEW_COMPARE_H

#include "view/layers/jobs.h"
#include "view/layers/layers.h"
#include "view/layers/pairing.h"

enum {
    GN_COMPARE_ROWS = 20000,  /**< curves over layers take a sample of the rows above this */
    GN_COMPARE_SAMPLE = 2000, /**< rows of a sample, while the rows are not too many */
    GN_COMPARE_LEAST = 500,   /**< and rows that it has in any case */
};

typedef struct gn_comparison_opts {
    bool by_token;
    gn_metric metric;
    size_t k;
    bool sample; /**< of many rows, some ask for their neighbours: among all rows, exactly */
} gn_comparison_opts;

/** What is compared of two sources. */
typedef struct gn_beside {
    gn_view *v;
    gn_source *side[2];
    gn_comparison_opts o; /**< k: as it is used, gn_compared_k of the pairs */
    gn_pairing pairs;
    size_t m;      /**< rows that ask */
    int32_t *asks; /**< (m) their numbers among the pairs, ascending; NULL: all. Seeded by the
                        server's own seed, the same for all layers and sources of as many pairs */
} gn_beside;

/** @return what gn_pairing_new returns; GN_ENOMEM. */
gn_status gn_beside_new(gn_view *v, gn_source *a, gn_source *b, const gn_comparison_opts *o,
                        gn_beside *out, gn_error *err);
/** {0} is fine. */
void gn_beside_free(gn_beside *x);

/** Neighbours among the pairs, numbered by pair, of those that ask. Give `held` back. */
typedef struct gn_beside_lists {
    gn_cached *held;
    const gn_knn *knn; /**< (m, k or more) */
} gn_beside_lists;
/** Of stored layer i of side 0 or 1. Rows without a partner are out of the search. */
gn_status gn_beside_find(const gn_beside *x, int side, size_t i, gn_ctx *ctx, gn_beside_lists *out,
                         gn_error *err);
/** About how long that takes. */
double gn_beside_seconds(const gn_beside *x, int side, size_t i, double speed);

typedef struct gn_agreement {
    double mean, se; /**< of the overlap; se = sd / sqrt(m): rows as independent draws */
    double chance;   /**< k / (pairs - 1) */
} gn_agreement;
/** @param share NULL, or (m) receives |A_i & B_i| / k. */
gn_status gn_beside_overlap(const gn_beside *x, const gn_knn *a, const gn_knn *b, float *share,
                            gn_agreement *out, gn_error *err);

/** Linear CKA |Y'X|^2 / (|X'X| |Y'Y|) of the centred pairs, all of them, in layers i and j:
 *  Kornblith et al., ICML 2019. NaN where a layer is constant. From the cache. */
gn_status gn_beside_cka(const gn_beside *x, size_t i, size_t j, gn_ctx *ctx, double *out,
                        gn_error *err);

/** out[i] = |A_i & B_i| / k for lists of the same rows among n. @param mark (n) scratch. */
void gn_lists_overlap(const gn_knn *a, const gn_knn *b, size_t k, size_t n, int32_t *mark,
                      float *out);

/* ---- two layers, row by row --------------------------------------------------------------- */

typedef struct gn_comparison {
    size_t n;       /**< rows of a */
    float *overlap; /**< (n) share of the k nearest that a row has in both; NaN without a partner,
                         and for rows out of the sample */
    int32_t *match; /**< (n) its partner in b; -1: none */
    size_t matched, asked, k;
    gn_agreement mean;
    double cka;
} gn_comparison;

/** Fills a task whose value is a gn_comparison. */
typedef struct gn_compare_rows {
    gn_layer a, b;
    gn_comparison_opts o;
} gn_compare_rows;
void gn_compare_rows_task(const gn_compare_rows *args, gn_task *out);

/* ---- two sources, layer by layer ----------------------------------------------------------- */

/** Fills a task that says the members of its answer: "sampled", "k", "layers", "matrix". */
typedef struct gn_compare_layers {
    gn_source *a, *b;
    gn_comparison_opts o;
    bool pairs; /**< also each layer of a beside each of b */
} gn_compare_layers;
void gn_compare_layers_task(const gn_compare_layers *args, gn_task *out);

#endif
