/* Writing blocks: see block.h. The header names offsets that depend on its own length, so it is
 * written with a guess of that length first, then again until it fits. */
#include "view/wire/block.h"

#include "reps/about.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "blocks are little-endian and are written as they lie in memory"
#endif

static const char *type_name(gn_dtype dtype) {
    switch (dtype) {
    case GN_F32:
        return "f4";
    case GN_F64:
        return "f8";
    case GN_I32:
        return "i4";
    case GN_U32:
        return "u4";
    case GN_U16:
        return "u2";
    case GN_U8:
        return "u1";
    default:
        return NULL;
    }
}

static size_t up8(size_t n) {
    return (n + 7) / 8 * 8;
}

static gn_status sizes(const gn_block_array *array, size_t n, size_t *bytes, size_t *total,
                       gn_error *err) {
    *total = 0;
    for (size_t i = 0; i < n; i++) {
        const gn_block_array *a = &array[i];
        size_t size = gn_dtype_size(a->dtype);
        bool good = type_name(a->dtype) && n <= GN_BLOCK_ARRAYS && a->n_dims <= GN_BLOCK_DIMS;
        for (size_t d = 0; good && d < a->n_dims; d++) good = gn_mul(size, a->shape[d], &size);
        if (!good || size > UINT32_MAX || *total > UINT32_MAX)
            return gn_fail(err, GN_EINVAL,
                           "the answer's array '%s' does not fit into a block of 4 GiB", a->name);
        bytes[i] = size;
        *total += up8(size);
    }
    return GN_OK;
}

/** The header's text for arrays that start at `start`. */
static void header_text(const gn_block_array *array, const size_t *bytes, size_t n, size_t start,
                        size_t total, const json_t *meta, gn_str *out) {
    json_t *root = json_object(), *arrays = json_object();
    size_t at = start;
    bool bad = json_object_set(root, "arrays", arrays) != 0;
    for (size_t i = 0; i < n; i++) {
        json_t *shape = json_array();
        for (size_t d = 0; d < array[i].n_dims; d++)
            bad |= json_array_append_new(shape, json_integer((json_int_t)array[i].shape[d])) != 0;
        json_t *a = json_pack("{s:s,s:o,s:I}", "dtype", type_name(array[i].dtype), "shape", shape,
                              "offset", (json_int_t)at);
        bad |= json_object_set_new(arrays, array[i].name, a) != 0;
        at += up8(bytes[i]);
    }
    bad |= json_object_set_new(root, "bytes", json_integer((json_int_t)(start + total))) != 0;
    if (meta) bad |= json_object_update_missing(root, (json_t *)(uintptr_t)meta) != 0;
    out->bad |= bad;
    if (!bad) gn_about_text(root, JSON_COMPACT, out);
    json_decref(arrays);
    json_decref(root);
}

gn_status gn_block_new(const gn_block_array *array, size_t n_arrays, const json_t *meta,
                       gn_block *out, gn_error *err) {
    size_t bytes[GN_BLOCK_ARRAYS], total, start = 0;
    gn_block b = {0};
    gn_str text = {0};
    gn_status st = sizes(array, n_arrays, bytes, &total, err);
    if (st != GN_OK) return st;
    do { /* the start only grows, by a few digits at most */
        start = up8(4 + text.n);
        gn_str_free(&text);
        text = (gn_str){0};
        header_text(array, bytes, n_arrays, start, total, meta, &text);
        if (text.bad) {
            st = gn_fail_nomem(err, "a block's header", start);
            goto done;
        }
    } while (4 + text.n > start);
    if (start + total > UINT32_MAX) {
        st =
            gn_fail(err, GN_EINVAL, "the answer has %zu bytes, a block holds 4 GiB", start + total);
        goto done;
    }
    b.n = start + total;
    if (!(b.bytes = gn_calloc(b.n, 1))) {
        st = gn_fail_nomem(err, "a block", b.n);
        goto done;
    }
    const uint32_t header = (uint32_t)(start - 4);
    memcpy(b.bytes, &header, sizeof header);
    memset(b.bytes + 4, ' ', header);
    memcpy(b.bytes + 4, text.text, text.n);
    for (size_t i = 0, at = start; i < n_arrays; i++) {
        b.data[i] = b.bytes + at;
        if (array[i].data) memcpy(b.data[i], array[i].data, bytes[i]);
        at += up8(bytes[i]);
    }
    *out = b;
done:
    gn_str_free(&text);
    return st;
}

void gn_block_free(gn_block *b) {
    gn_free(b->bytes);
    *b = (gn_block){0};
}
