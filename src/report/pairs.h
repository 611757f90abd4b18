/* Layers against layers: what overlap and imbalance share. Which rows and neighbours enter, the
 * lists of all layers, which two layers are a pair. */
#ifndef GN_REPORT_PAIRS_H
#define GN_REPORT_PAIRS_H

#include "gonio/measure.h"
#include "report/subset.h"

enum { GN_PAIRS_MAX_K = 32 };

/** One layer that takes part, of either set. */
typedef struct gn_pairs_member {
    gn_spot at;
    gn_knn *knn; /**< the nearest k_max, without distances */
} gn_pairs_member;

typedef struct gn_pairs {
    gn_ctx *ctx;
    const gn_reps *a, *b; /**< b NULL: pairs inside a */
    gn_measure_pairs_opts opts;
    gn_subset subset;
    gn_labels *label; /**< (opts.n_labels) of the subset; names borrowed */
    gn_labels group;  /**< of the subset; code NULL: none */
    size_t k[GN_PAIRS_MAX_K], n_k, k_max;
    size_t k_search;         /**< k_max, or more for labels */
    gn_pairs_member *member; /**< a's layers, then b's */
    size_t n_members;
} gn_pairs;

/** Checks ctx, a, b, opts of *p, fills in the rest. Frees p on failure. */
gn_status gn_pairs_new(gn_pairs *p, size_t default_k, gn_result *result, gn_error *err);
void gn_pairs_free(gn_pairs *p);
/** Notes rows, k, metric, compatibility mode. */
gn_status gn_pairs_conditions(const gn_pairs *p, gn_result *r, gn_error *err);
/** The neighbours of all members among the rows of p->subset; with `labels` the rows of label
 *  overlaps on the way. */
gn_status gn_pairs_search(gn_pairs *p, bool labels, gn_error *err);
/** Gives the lists back before another search. */
void gn_pairs_free_lists(gn_pairs *p);
/** Whether members s and t are a pair: inside one set any two, else one of each. */
bool gn_pairs_has(const gn_pairs *p, size_t s, size_t t);
/** Parameters of the row added last: k, other_set, other_layer. */
gn_status gn_pairs_other(const gn_spot *at, const gn_spot *other, size_t k, gn_error *err);

#endif
