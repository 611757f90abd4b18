/* The table of a source's geometry: what is measured of one layer in one space. */
#ifndef GN_VIEW_GEOMETRY_H
#define GN_VIEW_GEOMETRY_H

#include "gonio/result.h"
#include "view/layers/layers.h"

enum {
    GN_GEOMETRY_ROWS = 50000, /**< neighbour measures take a sample above this */
    GN_GEOMETRY_K = 15,       /**< neighbours of hubness and overlap, as on the map */
};

typedef struct gn_geometry {
    gn_result *result;
    json_t *spectra;     /**< {layer: leading shares of the variance} */
    json_t *dominant;    /**< {layer: [{"dim", "share"}]} of the mean cosine */
    gn_cached *previous; /**< lists of the layer before, or NULL */
    size_t previous_i;   /**< its place */
} gn_geometry;

gn_status gn_geometry_new(gn_geometry *out, gn_error *err);
/** {0} is fine. */
void gn_geometry_free(gn_view *v, gn_geometry *g);
/** Measures a stored layer; layers are to come in order. What cannot be measured is a row without a
 *  value, with the reason.
 *  @return GN_OK; GN_EDATA (NaN or infinity, named); GN_ENOMEM; GN_ECANCEL. */
gn_status gn_geometry_measure(gn_geometry *g, gn_layer l, gn_space space, gn_ctx *ctx,
                              gn_error *err);
/** `"rows": [..], "spectra": {..}, "dominant": {..}` as text, without braces; gn_free it. */
gn_status gn_geometry_text(const gn_geometry *g, char **out, gn_error *err);

#endif
