/* An array as a file gives it: up to 8 dimensions, C order, this machine's byte order. Mapped where
 * the file's bytes can be used as they are (C order, native order, aligned), else copied. */
#ifndef GN_IO_ARRAY_H
#define GN_IO_ARRAY_H

#include "io/file.h"

enum { GN_MAX_DIMS = 8 };

typedef struct gn_array {
    gn_dtype dtype;
    size_t n_dims, shape[GN_MAX_DIMS]; /**< n_dims 0: one number */
    size_t n_items;                    /**< their product */
    const void *data;                  /**< never NULL, aligned to the element */
    gn_map map;                        /**< what `data` points into, when mapped */
    void *owned;                       /**< what `data` points into, when copied */
} gn_array;

/** {0} is fine. */
void gn_array_close(gn_array *a);
/** Product of a shape times the element's size, checked. GN_EDATA names the shape. */
gn_status gn_shape_bytes(const size_t *shape, size_t n_dims, gn_dtype dtype, const char *name,
                         size_t *n_items, size_t *n_bytes, gn_error *err);
/** "(3, 4)" into a buffer of `room` bytes; returns buf. */
const char *gn_shape_text(const size_t *shape, size_t n_dims, char *buf, size_t room);

#endif
