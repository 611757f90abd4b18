/* What a picture's first bytes say: enough to serve it and to know its cells. Nothing is decoded.
 */
#ifndef GN_IO_IMAGE_H
#define GN_IO_IMAGE_H

#include "base/error.h"

typedef struct gn_image {
    const char *media_type; /**< "image/png" or "image/jpeg" */
    size_t width, height;
} gn_image;

/** @return GN_OK; GN_EDATA (neither PNG nor JPEG, damaged before its size is said, no pixels). */
gn_status gn_image_parse(const unsigned char *bytes, size_t n, const char *name, gn_image *out,
                         gn_error *err);

#endif
