/* Approximate lists with their recall, from rows of any kind. */
#ifndef GN_NEIGHBORS_APPROXIMATE_H
#define GN_NEIGHBORS_APPROXIMATE_H

#include "neighbors/descent.h"
#include "neighbors/distinct.h"

/** Whether opts ask for an approximate search of x. */
bool gn_knn_approximates(gn_mat x, const gn_knn_opts *opts);

/** The lists of all rows of x; those that repeat are searched once.
 *  @param tuning NULL: the defaults.
 *  @return what gn_knn_compute returns. */
gn_status gn_approximate_search(gn_ctx *ctx, gn_mat x, const gn_distinct *distinct,
                                const gn_knn_opts *opts, const gn_descent_tuning *tuning,
                                gn_knn **out, gn_error *err);

/** Fills knn->recall by an exact search for some of its rows. */
gn_status gn_recall_measure(gn_ctx *ctx, gn_mat x, const gn_knn_opts *opts, gn_knn *knn,
                            gn_error *err);

#endif
