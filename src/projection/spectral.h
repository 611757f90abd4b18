/* Where a map of a graph starts: smooth functions on it. */
#ifndef GN_PROJECTION_SPECTRAL_H
#define GN_PROJECTION_SPECTRAL_H

#include "projection/graph.h"

/** Each connected component spread by the smoothest functions on it, the eigenvectors of D^-1/2 W
 *  D^-1/2 after the first one; components beside each other, the largest in the middle.
 *  @param y (n, dim) receives coordinates of size about 10 sqrt(n_component / n), with noise of
 * 1e-4. The same bytes on any number of threads. GN_ENOMEM; GN_ECANCEL. */
gn_status gn_spectral_start(gn_ctx *ctx, const gn_graph *graph, size_t dim, double *y,
                            gn_error *err);

#endif
