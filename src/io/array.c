#include "io/array.h"

#include <stdio.h>
#include <string.h>

void gn_array_close(gn_array *a) {
    gn_map_close(&a->map);
    gn_free(a->owned);
    *a = (gn_array){0};
}

const char *gn_shape_text(const size_t *shape, size_t n_dims, char *buf, size_t room) {
    size_t used = (size_t)snprintf(buf, room, "(");
    for (size_t i = 0; i < n_dims && used < room; i++)
        used +=
            (size_t)snprintf(buf + used, room - used, i + 1 < n_dims ? "%zu, " : "%zu", shape[i]);
    if (used < room) snprintf(buf + used, room - used, n_dims == 1 ? ",)" : ")");
    return buf;
}

gn_status gn_shape_bytes(const size_t *shape, size_t n_dims, gn_dtype dtype, const char *name,
                         size_t *n_items, size_t *n_bytes, gn_error *err) {
    size_t items = 1, bytes;
    bool fits = true, empty = false;
    for (size_t i = 0; i < n_dims; i++) {
        empty = empty || shape[i] == 0;
        fits = fits && gn_mul(items, shape[i] ? shape[i] : 1, &items);
    }
    if (empty) items = 0;
    if (!fits || !gn_mul(items, gn_dtype_size(dtype), &bytes)) {
        char text[256];
        return gn_fail(err, GN_EDATA, "%s: shape %s of %s has more bytes than there are addresses",
                       name, gn_shape_text(shape, n_dims, text, sizeof text), gn_dtype_name(dtype));
    }
    *n_items = items;
    *n_bytes = bytes;
    return GN_OK;
}
