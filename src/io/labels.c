/* Label columns from three kinds of file. In NumPy arrays -1 is "no label" (that is how
 * representation sets store it); in text an empty line or field is. */
#include "io/labels.h"

#include "io/csv.h"
#include "io/csv_matrix.h"
#include "io/npy.h"
#include "io/spec.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

gn_status gn_labels_from_lines(const char *text, size_t n, const char *name, gn_labels **out,
                               gn_error *err) {
    gn_label_set *s;
    gn_status st = gn_label_set_new(name, &s, err);
    if (st != GN_OK) return st;
    const char *p = text, *end = text + n;
    if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) p += 3;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p)), *stop = newline ? newline : end;
        size_t length = (size_t)(stop - p);
        if (length && p[length - 1] == '\r') length--;
        GN_TRY(gn_label_set_add(s, p, length, err));
        p = newline ? newline + 1 : end;
    }
    st = gn_label_set_end(s, out, err);
    s = NULL;
done:
    gn_label_set_free(s);
    return st;
}

/** The column's place in the header record. */
static gn_status find_column(const gn_csv *c, const char *column, size_t *out, gn_error *err) {
    gn_choices names = {0};
    size_t found = SIZE_MAX;
    if (!column && c->n_fields == 1) {
        *out = 0;
        return GN_OK;
    }
    for (size_t j = 0; j < c->n_fields; j++) {
        const gn_csv_field f = c->field[j];
        gn_choices_add(&names, f.text, f.n);
        if (!column || strlen(column) != f.n || memcmp(column, f.text, f.n) != 0) continue;
        if (found != SIZE_MAX)
            return gn_fail(err, GN_EINVAL, "%s: columns %zu and %zu are both called '%s'", c->name,
                           found + 1, j + 1, column);
        found = j;
    }
    if (!column)
        return gn_fail(err, GN_EINVAL, "%s: say which column as %s:NAME; there are: %s", c->name,
                       c->name, names.text);
    if (found == SIZE_MAX)
        return gn_fail(err, GN_EINVAL, "%s: no column '%s'; there are: %s", c->name, column,
                       names.text);
    *out = found;
    return GN_OK;
}

gn_status gn_labels_from_csv(const char *text, size_t n, char separator, const char *column,
                             const char *name, gn_labels **out, gn_error *err) {
    gn_status st;
    gn_label_set *s = NULL;
    gn_csv c;
    bool more;
    size_t j = 0, cols;
    gn_csv_start(&c, text, n, separator, name);
    GN_TRY(gn_csv_next(&c, &more, err));
    if (!more) {
        st = gn_fail(err, GN_EDATA, "%s: is empty, expected a header line", name);
        goto done;
    }
    GN_TRY(find_column(&c, column, &j, err));
    cols = c.n_fields;
    GN_TRY(gn_label_set_new(name, &s, err));
    for (;;) {
        GN_TRY(gn_csv_next(&c, &more, err));
        if (!more) break;
        if (cols > 1 && gn_csv_blank(&c)) continue;
        if (c.n_fields != cols) {
            st = gn_fail(err, GN_EDATA, "%s: line %zu: %zu columns, expected %zu as in the header",
                         name, c.line, c.n_fields, cols);
            goto done;
        }
        GN_TRY(gn_label_set_add(s, c.field[j].text, c.field[j].n, err));
    }
    st = gn_label_set_end(s, out, err);
    s = NULL;
done:
    gn_csv_free(&c);
    gn_label_set_free(s);
    return st;
}

/** Code points (UTF-32 in the file's byte order) or bytes, zero-padded to `width`, as UTF-8. */
static gn_status add_text(gn_label_set *s, const unsigned char *p, const gn_npy *h, char *utf8,
                          gn_error *err) {
    static const unsigned lead[] = {0, 0xc0, 0xe0, 0xf0};
    size_t n = 0;
    if (h->kind == 'S') {
        while (n < h->width && p[n]) n++;
        return gn_label_set_add(s, (const char *)p, n, err);
    }
    for (size_t i = 0; i < h->width; i += 4) {
        const unsigned char *b = p + i;
        uint32_t lo =
            (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
        uint32_t hi =
            (uint32_t)b[3] | (uint32_t)b[2] << 8 | (uint32_t)b[1] << 16 | (uint32_t)b[0] << 24;
        uint32_t u = h->big_text ? hi : lo;
        if (u == 0) break;
        if (u > 0x10ffff || (u >= 0xd800 && u < 0xe000)) u = 0xfffd; /* no code point */
        if (u < 0x80) {
            utf8[n++] = (char)u;
            continue;
        }
        int tail = u < 0x800 ? 1 : u < 0x10000 ? 2 : 3;
        utf8[n++] = (char)(lead[tail] | u >> (6 * tail));
        for (int k = tail - 1; k >= 0; k--) utf8[n++] = (char)(0x80 | (u >> (6 * k) & 63));
    }
    return gn_label_set_add(s, utf8, n, err);
}

/** Integer i of an array as text; false for other types. */
static bool integer_text(const gn_array *a, size_t i, char *buf, size_t room) {
    int64_t v = 0;
    const void *p = a->data;
    switch (a->dtype) {
    case GN_I8:
        v = ((const int8_t *)p)[i];
        break;
    case GN_U8:
        v = ((const uint8_t *)p)[i];
        break;
    case GN_BOOL:
        v = ((const uint8_t *)p)[i] != 0;
        break;
    case GN_I16:
        v = ((const int16_t *)p)[i];
        break;
    case GN_U16:
        v = ((const uint16_t *)p)[i];
        break;
    case GN_I32:
        v = ((const int32_t *)p)[i];
        break;
    case GN_U32:
        v = ((const uint32_t *)p)[i];
        break;
    case GN_I64:
        v = ((const int64_t *)p)[i];
        break;
    case GN_U64:
        snprintf(buf, room, "%" PRIu64, ((const uint64_t *)p)[i]);
        return true;
    case GN_F32:
    case GN_F64:
    case GN_F16:
    case GN_BF16:
        return false;
    }
    snprintf(buf, room, "%" PRId64, v);
    return true;
}

gn_status gn_labels_from_npy(const unsigned char *bytes, size_t n, const char *name,
                             gn_labels **out, gn_error *err) {
    gn_array a = {0};
    gn_npy h;
    gn_label_set *s = NULL;
    char *utf8 = NULL, shape[256], number[32];
    gn_status st;
    GN_TRY(gn_npy_parse(bytes, n, true, name, &h, err));
    if (h.n_dims != 1) {
        st = gn_fail(err, GN_EDATA, "%s: shape %s, expected one dimension", name,
                     gn_shape_text(h.shape, h.n_dims, shape, sizeof shape));
        goto done;
    }
    GN_TRY(gn_label_set_new(name, &s, err));
    if (h.kind) {
        GN_TRY(gn_alloc_array(&utf8, h.n_items ? h.width : 0, 1, name, err));
        for (size_t i = 0; i < h.n_items; i++)
            GN_TRY(add_text(s, bytes + h.offset + i * h.width, &h, utf8, err));
    } else {
        GN_TRY(gn_npy_array(bytes, &h, name, &a, err));
        for (size_t i = 0; i < a.n_items; i++) {
            if (!integer_text(&a, i, number, sizeof number)) {
                st = gn_fail(err, GN_EDATA, "%s: labels of %s, expected integers or text", name,
                             gn_dtype_name(a.dtype));
                goto done;
            }
            size_t length = strcmp(number, "-1") == 0 ? 0 : strlen(number);
            GN_TRY(gn_label_set_add(s, number, length, err));
        }
    }
    st = gn_label_set_end(s, out, err);
    s = NULL;
done:
    gn_array_close(&a);
    gn_free(utf8);
    gn_label_set_free(s);
    return st;
}

gn_status gn_labels_open(const char *spec, gn_labels **out, gn_error *err) {
    gn_status st;
    gn_map map = {0};
    char *path = NULL, *inflated = NULL;
    const char *column, *text;
    size_t n;
    GN_TRY(gn_spec_split(spec, &path, &column, err));
    char separator = gn_csv_separator(path);
    bool npy = gn_path_has_suffix(path, ".npy");
    bool lines = gn_path_has_suffix(path, ".txt") || gn_path_has_suffix(path, ".txt.gz");
    if (column && !separator) {
        st = gn_fail(err, GN_EINVAL, "%s: only .csv and .tsv files have columns, asked for '%s'",
                     path, column);
        goto done;
    }
    GN_TRY(gn_open_text(path, &map, &inflated, &text, &n, err));
    if (npy) {
        GN_TRY(gn_labels_from_npy((const unsigned char *)text, n, path, out, err));
    } else if (separator) {
        GN_TRY(gn_labels_from_csv(text, n, separator, column, path, out, err));
    } else if (lines) {
        GN_TRY(gn_labels_from_lines(text, n, path, out, err));
    } else {
        st = gn_fail(err, GN_EINVAL,
                     "%s: unknown kind of label file, expected .npy, .txt, .csv or .tsv", path);
    }
done:
    gn_map_close(&map);
    gn_free(inflated);
    gn_free(path);
    return st;
}
