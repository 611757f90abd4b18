/* Pictures of rows: cells of one image, TensorBoard's sprite. */
#ifndef GN_VIEW_SPRITE_H
#define GN_VIEW_SPRITE_H

#include "base/mem.h"

#include <jansson.h>

/** Row i is cell i, counted along the rows of cells from the upper left corner. */
typedef struct gn_sprite {
    char *file;           /**< resolved, inside the folder of its configuration; NULL: none */
    size_t width, height; /**< of a cell, pixels */
    size_t columns, count;
} gn_sprite;

/** TensorBoard's limit, in either direction. */
enum { GN_SPRITE_MOST_PIXELS = 8192 };

/** Checks the image and keeps where it is.
 *  @return GN_OK; GN_EIO; GN_EDATA (no picture, too large, cells that do not fit); GN_ENOMEM. */
gn_status gn_sprite_open(const char *file, size_t width, size_t height, gn_sprite *out,
                         gn_error *err);
/** For the source's entry; null where there is none. A new reference. */
json_t *gn_sprite_json(const gn_sprite *s);
/** {0} is fine. */
void gn_sprite_free(gn_sprite *s);

#endif
