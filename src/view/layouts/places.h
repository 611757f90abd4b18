/* Where a vector that is no row lies in a layout. */
#ifndef GN_VIEW_PLACES_H
#define GN_VIEW_PLACES_H

#include "view/layouts/layout.h"

typedef struct gn_places {
    gn_vlayout *layout; /**< NULL: none was asked for */
    int32_t *at;        /**< (rows of the source) number in the layout, or -1; NULL: the same */
} gn_places;

/** @param layout {"layout": id} of a body; missing: no layout.
 *  @return GN_OK; GN_EINVAL (a layout of another source, no such layout); GN_ENOMEM. */
gn_status gn_places_open(gn_view *v, const gn_source *s, const json_t *body, gn_places *out,
                         gn_reply *re, gn_error *err);
/** {0} is fine. */
void gn_places_close(gn_places *p);

/** [x, y] or [x, y, z] of vector x (dims) in stored layer i, a new reference: its own coordinates
 * where the layout is the principal components of all rows of that layer alone (*exact), else the
 * mean of the places of its nearest rows; null where there are none. */
gn_status gn_places_find(const gn_places *p, size_t i, const double *x, const int32_t *nearest,
                         size_t n, gn_ctx *ctx, json_t **out, bool *exact, gn_error *err);

#endif
