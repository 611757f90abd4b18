/* What is known of one layer in one space: components, neighbours of one vector, lists of all rows.
 * All of it comes from the cache, and is to be given back to it. */
#ifndef GN_VIEW_LAYERS_H
#define GN_VIEW_LAYERS_H

#include "gonio/pca.h"
#include "gonio/scan.h"
#include "view/layers/cache.h"

/** Which vectors are meant. `remove` leading principal components can only be taken off after
 *  centring, so it implies `center`. */
typedef struct gn_space {
    bool center;
    size_t remove;
} gn_space;

enum { GN_MAX_REMOVE = 64 }; /**< components that are kept for a layer */

/** {"space": {"center", "remove"}} of a body; ?center=&remove= of a query. Missing: raw. */
gn_status gn_space_body(const json_t *body, gn_space *out, gn_error *err);
gn_status gn_space_query(const gn_request *rq, gn_space *out, gn_error *err);
/** A new reference. */
json_t *gn_space_json(gn_space space);
/** "raw", "centred", "centred, 3 components removed". Returns buf. */
const char *gn_space_name(gn_space space, char buf[64]);
/** {"metric": "euclidean" | "cosine"}; missing: cosine. */
gn_status gn_metric_body(const json_t *body, gn_metric *out, gn_error *err);

/** One stored layer of a source. */
typedef struct gn_layer {
    gn_view *v;
    gn_source *s;
    size_t i;
} gn_layer;

/** gn_pca of the layer, with up to GN_MAX_REMOVE components. */
gn_status gn_layer_pca(gn_layer l, gn_ctx *ctx, gn_cached **out, gn_error *err);
/** (dims) float64: the mean row. */
gn_status gn_layer_mean(gn_layer l, gn_ctx *ctx, gn_cached **out, gn_error *err);
/** A gn_scan, for gn_layer_scan_of. A large layer gets its int8 copy in the background, and scans
 * that use it then. */
gn_status gn_layer_scan(gn_layer l, gn_metric metric, gn_space space, gn_ctx *ctx, gn_cached **out,
                        gn_error *err);
const gn_scan *gn_layer_scan_of(const gn_cached *c);
/** The rows of the layer as the space sees them, rounded to float32: row[0], ... (NULL: all n).
 *  @param out (n, dims). */
gn_status gn_layer_place(gn_layer l, gn_space space, const int32_t *row, size_t n, gn_ctx *ctx,
                         float *out, gn_error *err);
/** gn_neighbors of all rows, k clipped to the rows there are. Lists that the set keeps are used
 *  where they fit; none are written. In a space other than the raw one rows are rounded to float32
 *  first. Of many rows they take minutes: gn_layer_neighbors_seconds says how many.
 *  @return what gn_knn_compute_distinct returns; GN_EINVAL (more than this machine's memory). */
gn_status gn_layer_neighbors(gn_layer l, gn_metric metric, gn_space space, size_t k, gn_ctx *ctx,
                             gn_cached **out, gn_error *err);
/** The same lists, or approximate ones where `how` allows them, of any number of rows: what maps are
 *  made of. Approximate lists belong to the seed of ctx. */
gn_status gn_layer_near(gn_layer l, gn_metric metric, gn_space space, size_t k, gn_knn_how how,
                        gn_ctx *ctx, gn_cached **out, gn_error *err);
/** The same where the layer has more than max_rows rows: of a sample of so many, seeded by the
 *  server's own seed, the same for all layers and sources of as many rows. */
gn_status gn_layer_sample_neighbors(gn_layer l, gn_space space, size_t k, size_t max_rows,
                                    gn_ctx *ctx, gn_cached **out, gn_error *err);
/** Adds "SOURCE, layer 3: " in front. */
gn_status gn_layer_prefix(gn_layer l, gn_status st, gn_error *err);

#endif
