/* The neighbours of a set's layer, kept beside it: SET/knn/layer.NN.METRIC.kK.{index,distance}.npy.
 * Every analysis of a layer asks here, so that the search runs once. */
#ifndef GN_NEIGHBORS_STORE_H
#define GN_NEIGHBORS_STORE_H

#include "gonio/neighbors.h"
#include "gonio/reps.h"

/** The opts->k nearest neighbours of stored layer `layer`: read from the set's folder when it holds
 *  a list of at least that length that is not older than the layer's file, else computed and
 *  written. A folder that cannot be written, or a damaged list, costs a warning in the log and
 *  nothing else. Plain matrices are computed and not kept.
 *  @param reused NULL, or receives whether the search was saved.
 *  @return GN_OK; whatever gn_knn_compute returns. */
gn_status gn_neighbors_of_layer(gn_ctx *ctx, const gn_reps *reps, size_t layer,
                                const gn_knn_opts *opts, gn_knn **out, bool *reused, gn_error *err);

#endif
