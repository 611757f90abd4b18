/* A header is believed only as far as the file bears it out: its length against the file's, each
 * tensor's offsets against shape times element size, and all offsets together against the data,
 * which they must cover without overlap and without a hole (a hole could hide anything, an overlap
 * is how a small file claims to be a large model). */
#include "io/safetensors.h"

#include "io/array.h"
#include "io/json.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, MAX_DIMS = sizeof((gn_tensor_info){0}.shape) / sizeof(size_t) };
static const size_t max_header = 100000000; /* the format's own limit */

static gn_status parse_dtype(const char *text, const char *name, const char *tensor, gn_dtype *out,
                             gn_error *err) {
    static const struct {
        const char *code;
        gn_dtype dtype;
    } known[] = {{"F32", GN_F32}, {"F64", GN_F64}, {"F16", GN_F16}, {"BF16", GN_BF16},
                 {"I32", GN_I32}, {"I64", GN_I64}, {"U8", GN_U8},   {"BOOL", GN_BOOL},
                 {"I8", GN_I8},   {"I16", GN_I16}, {"U16", GN_U16}, {"U32", GN_U32},
                 {"U64", GN_U64}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(text, known[i].code) == 0) {
            *out = known[i].dtype;
            return GN_OK;
        }
    }
    return gn_fail(err, GN_ENOSUPP,
                   "%s: tensor '%s': element type '%s', expected F16, BF16, F32, F64, BOOL or an "
                   "integer type",
                   name, tensor, text);
}

/** Offsets and sizes are JSON integers, never negative. */
static bool get_size(const json_t *value, uint64_t *out) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

static gn_status parse_tensor(const char *tensor, const json_t *value, const char *name,
                              uint64_t data_at, uint64_t n_data, gn_tensor_info *out,
                              gn_error *err) {
    if (!json_is_object(value))
        return gn_fail(err, GN_EDATA, "%s: tensor '%s': expected an object, found %s", name, tensor,
                       gn_json_kind(value));
    const json_t *dtype = json_object_get(value, "dtype"), *shape = json_object_get(value, "shape"),
                 *offsets = json_object_get(value, "data_offsets");
    if (!json_is_string(dtype))
        return gn_fail(err, GN_EDATA, "%s: tensor '%s': expected 'dtype' as a string, found %s",
                       name, tensor, gn_json_kind(dtype));
    if (!json_is_array(shape) || json_array_size(shape) > MAX_DIMS)
        return gn_fail(err, GN_EDATA, "%s: tensor '%s': expected 'shape' as at most %d sizes", name,
                       tensor, (int)MAX_DIMS);
    gn_status st = parse_dtype(json_string_value(dtype), name, tensor, &out->dtype, err);
    if (st != GN_OK) return st;
    out->n_dims = json_array_size(shape);
    for (size_t k = 0; k < out->n_dims; k++) {
        uint64_t size;
        if (!get_size(json_array_get(shape, k), &size) || size > SIZE_MAX)
            return gn_fail(err, GN_EDATA, "%s: tensor '%s': size %zu of its shape is no size", name,
                           tensor, k);
        out->shape[k] = (size_t)size;
    }
    uint64_t begin, end;
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 ||
        !get_size(json_array_get(offsets, 0), &begin) ||
        !get_size(json_array_get(offsets, 1), &end))
        return gn_fail(err, GN_EDATA, "%s: tensor '%s': expected 'data_offsets' as two integers",
                       name, tensor);
    if (begin > end)
        return gn_fail(err, GN_EDATA, "%s: tensor '%s': begins at byte %llu and ends at byte %llu",
                       name, tensor, (unsigned long long)begin, (unsigned long long)end);
    if (end > n_data) {
        if (end > UINT64_MAX - data_at) end = UINT64_MAX - data_at;
        return gn_fail(err, GN_EDATA, "%s: tensor '%s': ends at byte %llu, file has %llu", name,
                       tensor, (unsigned long long)(data_at + end),
                       (unsigned long long)(data_at + n_data));
    }
    size_t n_items, n_bytes;
    char text[256];
    st = gn_shape_bytes(out->shape, out->n_dims, out->dtype, tensor, &n_items, &n_bytes, NULL);
    if (st != GN_OK)
        return gn_fail(err, st, "%s: tensor '%s': shape %s of %s has more bytes than addresses",
                       name, tensor, gn_shape_text(out->shape, out->n_dims, text, sizeof text),
                       gn_dtype_name(out->dtype));
    if (n_bytes != end - begin)
        return gn_fail(err, GN_EDATA,
                       "%s: tensor '%s': shape %s of %s needs %zu bytes, its offsets hold %llu "
                       "(bytes %llu to %llu)",
                       name, tensor, gn_shape_text(out->shape, out->n_dims, text, sizeof text),
                       gn_dtype_name(out->dtype), n_bytes, (unsigned long long)(end - begin),
                       (unsigned long long)(data_at + begin), (unsigned long long)(data_at + end));
    out->offset = data_at + begin;
    out->n_bytes = n_bytes;
    return GN_OK;
}

static int by_offset(const void *a, const void *b) {
    const gn_tensor_info *x = a, *y = b;
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    if (x->n_bytes != y->n_bytes) return x->n_bytes < y->n_bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static gn_status check_cover(const gn_tensor_info *t, size_t n, uint64_t at, uint64_t end,
                             const char *name, gn_error *err) {
    for (size_t i = 0; i < n; at = t[i].offset + t[i].n_bytes, i++) {
        if (t[i].offset < at)
            return gn_fail(err, GN_EDATA,
                           "%s: tensor '%s': overlaps tensor '%s', starts at byte %llu, expected "
                           "%llu",
                           name, t[i].name, t[i - 1].name, (unsigned long long)t[i].offset,
                           (unsigned long long)at);
        if (t[i].offset > at)
            return gn_fail(
                err, GN_EDATA, "%s: tensor '%s': bytes %llu to %llu before it belong to no tensor",
                name, t[i].name, (unsigned long long)at, (unsigned long long)t[i].offset);
    }
    if (at != end)
        return gn_fail(err, GN_EDATA, "%s: the last tensor ends at byte %llu, the file has %llu",
                       name, (unsigned long long)at, (unsigned long long)end);
    return GN_OK;
}

gn_status gn_safetensors_parse(const unsigned char *bytes, size_t n, const char *name,
                               gn_arena *arena, gn_tensor_info **out, size_t *n_out,
                               gn_error *err) {
    gn_status st;
    json_t *header = NULL;
    if (n < LENGTH_BYTES)
        return gn_fail(err, GN_EDATA, "%s: %zu bytes are too few for a safetensors file", name, n);
    uint64_t length = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--) length = length << 8 | bytes[i];
    if (length > max_header)
        return gn_fail(err, GN_EDATA,
                       "%s: not a safetensors file: a header of %llu bytes, the limit is %zu", name,
                       (unsigned long long)length, max_header);
    if (length > n - LENGTH_BYTES)
        return gn_fail(err, GN_EDATA, "%s: the header ends at byte %llu, file has %zu", name,
                       (unsigned long long)length + LENGTH_BYTES, n);
    if (length == 0 || bytes[LENGTH_BYTES] != '{')
        return gn_fail(err, GN_EDATA, "%s: byte %d: expected the header's '{'", name, LENGTH_BYTES);
    GN_TRY(gn_json_parse((const char *)bytes + LENGTH_BYTES, (size_t)length, name, &header, err));
    size_t room = json_object_size(header), count = 0;
    gn_tensor_info *list = gn_arena_alloc(arena, room, sizeof *list);
    if (!list) {
        st = gn_fail_nomem(err, name, room * sizeof *list);
        goto done;
    }
    memset(list, 0, room * sizeof *list);
    uint64_t data_at = LENGTH_BYTES + length, n_data = n - data_at;
    const char *key;
    json_t *value;
    json_object_foreach(header, key, value) {
        if (strcmp(key, "__metadata__") == 0) continue;
        gn_tensor_info *t = &list[count++];
        GN_TRY(parse_tensor(key, value, name, data_at, n_data, t, err));
        t->name = gn_arena_text(arena, key, strlen(key));
        if (!t->name) {
            st = gn_fail_nomem(err, name, strlen(key));
            goto done;
        }
    }
    qsort(list, count, sizeof *list, by_offset);
    GN_TRY(check_cover(list, count, data_at, n, name, err));
    *out = list;
    *n_out = count;
done:
    json_decref(header);
    return st;
}
