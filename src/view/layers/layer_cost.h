/* What searches for neighbours will cost: seconds, for those who wait, and memory. */
#ifndef GN_VIEW_LAYER_COST_H
#define GN_VIEW_LAYER_COST_H

#include "view/layers/layers.h"

/** Products that a search computes in a second on all threads of ctx: measured, in a millisecond.
 */
double gn_search_speed(gn_ctx *ctx);
/** About how long `asks` rows look for their neighbours among n rows of d columns. */
double gn_search_seconds(double speed, size_t asks, size_t n, size_t d);
/** The same for what gn_layer_neighbors does: 0 where lists are at hand. */
double gn_layer_neighbors_seconds(gn_layer l, gn_metric metric, gn_space space, size_t k,
                                  double speed);
/** Second moments of n rows of d columns. */
double gn_moments_seconds(double speed, size_t n, size_t d);

/** @return GN_OK; GN_EINVAL where a search for the neighbours of all n rows cannot be held by this
 *  machine's memory. */
gn_status gn_search_fits(const gn_source *s, size_t k, gn_error *err);

#endif
