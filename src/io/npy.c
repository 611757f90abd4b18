/* The header is a Python literal with exactly three keys, so a small scanner reads it: strings in
 * either quote, True / False, a tuple of integers. Nothing is evaluated. NumPy pads the header with
 * blanks so that the data start at a multiple of 64 bytes; files of other writers need not, and a
 * file inside a ZIP archive may start anywhere, which is why alignment is checked and not assumed.
 */
#include "io/npy.h"

#include "gonio/io.h"

#include <stdio.h>
#include <string.h>

enum { LITTLE = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ };
static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

typedef struct scan {
    const char *at, *end, *start, *name;
    size_t offset; /* of `start` in the file */
    gn_error *err;
} scan;

static gn_status bad(const scan *s, const char *what) {
    return gn_fail(s->err, GN_EDATA, "%s: byte %zu: damaged .npy header: expected %s", s->name,
                   s->offset + (size_t)(s->at - s->start), what);
}

static void blanks(scan *s) {
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

static bool take(scan *s, char c) {
    blanks(s);
    if (s->at == s->end || *s->at != c) return false;
    s->at++;
    return true;
}

static bool take_word(scan *s, const char *word) {
    size_t n = strlen(word);
    blanks(s);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0) return false;
    s->at += n;
    return true;
}

/** A quoted string without escapes, as (text, n). */
static bool take_string(scan *s, const char **text, size_t *n) {
    blanks(s);
    if (s->at == s->end || (*s->at != '\'' && *s->at != '"')) return false;
    const char *close = memchr(s->at + 1, *s->at, (size_t)(s->end - s->at - 1));
    if (!close || memchr(s->at, '\\', (size_t)(close - s->at))) return false;
    *text = s->at + 1;
    *n = (size_t)(close - *text);
    s->at = close + 1;
    return true;
}

static bool take_size(scan *s, size_t *out) {
    blanks(s);
    size_t value = 0;
    const char *first = s->at;
    for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++)
        if (!gn_mul(value, 10, &value) ||
            __builtin_add_overflow(value, (size_t)(*s->at - '0'), &value))
            return false;
    if (s->at == first) return false;
    if (s->at < s->end && *s->at == 'L') s->at++; /* Python 2 wrote 10L */
    *out = value;
    return true;
}

static gn_status parse_shape(scan *s, gn_npy *h) {
    if (!take(s, '(')) return bad(s, "the shape's '('");
    while (!take(s, ')')) {
        if (h->n_dims == GN_MAX_DIMS)
            return gn_fail(s->err, GN_EDATA, "%s: more than %d dimensions", s->name, GN_MAX_DIMS);
        if (!take_size(s, &h->shape[h->n_dims])) return bad(s, "a size in the shape");
        h->n_dims++;
        if (!take(s, ',')) {
            if (!take(s, ')')) return bad(s, "',' or ')' in the shape");
            break;
        }
    }
    return GN_OK;
}

static gn_status parse_descr(scan *s, bool allow_text, gn_npy *h) {
    static const struct {
        const char *code;
        gn_dtype dtype;
    } known[] = {{"f4", GN_F32}, {"f8", GN_F64}, {"f2", GN_F16},  {"i4", GN_I32},
                 {"i8", GN_I64}, {"u1", GN_U8},  {"b1", GN_BOOL}, {"i1", GN_I8},
                 {"i2", GN_I16}, {"u2", GN_U16}, {"u4", GN_U32},  {"u8", GN_U64}};
    const char *text;
    size_t n;
    blanks(s);
    if (s->at < s->end && *s->at == '[')
        return gn_fail(s->err, GN_ENOSUPP,
                       "%s: a structured array (records), expected an array of numbers", s->name);
    if (!take_string(s, &text, &n)) return bad(s, "the element type as a string");
    char order = n > 0 ? text[0] : '\0';
    bool has_order = order == '<' || order == '>' || order == '|' || order == '=';
    const char *code = text + has_order;
    size_t n_code = n - has_order;
    h->swapped = order == (LITTLE ? '>' : '<');
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (n_code == strlen(known[i].code) && memcmp(code, known[i].code, n_code) == 0) {
            h->dtype = known[i].dtype;
            if (gn_dtype_size(h->dtype) == 1) h->swapped = false;
            return GN_OK;
        }
    }
    if (allow_text && n_code >= 2 && (*code == 'U' || *code == 'S')) {
        scan width = {code + 1, text + n, text, s->name, s->offset, s->err};
        if (take_size(&width, &h->width) && width.at == width.end && h->width > 0 &&
            gn_mul(h->width, *code == 'U' ? 4 : 1, &h->width)) {
            h->kind = *code;
            h->big_text = order == '>';
            h->swapped = false;
            h->dtype = GN_U8;
            return GN_OK;
        }
    }
    if (n_code >= 1 && *code == 'O')
        return gn_fail(s->err, GN_ENOSUPP,
                       "%s: an array of Python objects (pickled), expected numbers", s->name);
    return gn_fail(s->err, GN_ENOSUPP,
                   "%s: element type '%.*s', expected float16, 32, 64, an integer type or bool",
                   s->name, (int)(n < 32 ? n : 32), text);
}

static gn_status parse_dict(scan *s, bool allow_text, gn_npy *h) {
    bool descr = false, order = false, shape = false;
    if (!take(s, '{')) return bad(s, "'{'");
    while (!take(s, '}')) {
        const char *key;
        size_t n;
        gn_status st = GN_OK;
        if (!take_string(s, &key, &n)) return bad(s, "a key");
        if (!take(s, ':')) return bad(s, "':'");
        if (n == 5 && memcmp(key, "descr", n) == 0 && !descr) {
            st = parse_descr(s, allow_text, h);
            descr = true;
        } else if (n == 13 && memcmp(key, "fortran_order", n) == 0 && !order) {
            h->fortran = take_word(s, "True");
            if (!h->fortran && !take_word(s, "False")) return bad(s, "True or False");
            order = true;
        } else if (n == 5 && memcmp(key, "shape", n) == 0 && !shape) {
            st = parse_shape(s, h);
            shape = true;
        } else {
            return bad(s, "'descr', 'fortran_order' and 'shape', each once");
        }
        if (st != GN_OK) return st;
        if (!take(s, ',')) {
            if (!take(s, '}')) return bad(s, "',' or '}'");
            break;
        }
    }
    if (!descr || !order || !shape) return bad(s, "'descr', 'fortran_order' and 'shape'");
    blanks(s);
    return s->at == s->end ? GN_OK : bad(s, "nothing behind '}'");
}

gn_status gn_npy_parse(const unsigned char *bytes, size_t n, bool allow_text, const char *name,
                       gn_npy *out, gn_error *err) {
    return gn_npy_parse_start(bytes, n, n, allow_text, name, out, err);
}

gn_status gn_npy_parse_start(const unsigned char *bytes, size_t n_there, size_t n, bool allow_text,
                             const char *name, gn_npy *out, gn_error *err) {
    gn_npy h = {0};
    if (n_there > n) n_there = n;
    if (n_there < sizeof magic + 4 || memcmp(bytes, magic, sizeof magic) != 0)
        return gn_fail(err, GN_EDATA, "%s: does not start like a .npy file", name);
    unsigned version = bytes[6];
    if (version < 1 || version > 3)
        return gn_fail(err, GN_ENOSUPP, "%s: .npy version %u.%u, expected 1.0, 2.0 or 3.0", name,
                       version, bytes[7]);
    size_t before = version == 1 ? 10 : 12;
    if (n_there < before)
        return gn_fail(err, GN_EDATA, "%s: ends at byte %zu in the header", name, n_there);
    size_t length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (version > 1) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length > n - before)
        return gn_fail(err, GN_EDATA, "%s: the header ends at byte %zu, the file has %zu", name,
                       before + length, n);
    if (length > n_there - before)
        return gn_fail(err, GN_ENOSUPP, "%s: a header of %zu bytes, %zu of them were read", name,
                       length, n_there - before);
    h.offset = before + length;
    const char *text = (const char *)bytes + before;
    scan s = {text, text + length, text, name, before, err};
    gn_status st = parse_dict(&s, allow_text, &h);
    if (st != GN_OK) return st;
    st = gn_shape_bytes(h.shape, h.n_dims, h.dtype, name, &h.n_items, &h.n_bytes, err);
    if (st != GN_OK) return st;
    if (h.kind && !gn_mul(h.n_items, h.width, &h.n_bytes))
        return gn_fail(err, GN_EDATA, "%s: %zu texts of %zu bytes are too many", name, h.n_items,
                       h.width);
    if (h.n_bytes > n - h.offset) {
        char shape[256];
        return gn_fail(err, GN_EDATA,
                       "%s: truncated: shape %s of %s needs %zu bytes from byte %zu on, the file "
                       "has %zu bytes",
                       name, gn_shape_text(h.shape, h.n_dims, shape, sizeof shape),
                       h.kind ? "text" : gn_dtype_name(h.dtype), h.n_bytes, h.offset, n);
    }
    *out = h;
    return GN_OK;
}

static void swap_bytes(unsigned char *p, size_t n_items, size_t size) {
    for (size_t i = 0; i < n_items; i++, p += size) {
        for (size_t a = 0, b = size - 1; a < b; a++, b--) {
            unsigned char kept = p[a];
            p[a] = p[b];
            p[b] = kept;
        }
    }
}

/** Column-major to row-major: walks the source in order and steps through the target. */
static void to_c_order(const unsigned char *from, unsigned char *to, const gn_npy *h, size_t size) {
    size_t step[GN_MAX_DIMS], index[GN_MAX_DIMS] = {0}, stride = 1, at = 0;
    for (size_t k = h->n_dims; k-- > 0; stride *= h->shape[k]) step[k] = stride;
    for (size_t i = 0; i < h->n_items; i++, from += size) {
        memcpy(to + at * size, from, size);
        for (size_t k = 0; k < h->n_dims; k++) {
            at += step[k];
            if (++index[k] < h->shape[k]) break;
            at -= step[k] * h->shape[k];
            index[k] = 0;
        }
    }
}

gn_status gn_npy_array(const unsigned char *bytes, const gn_npy *h, const char *name, gn_array *a,
                       gn_error *err) {
    const unsigned char *data = bytes + h->offset;
    size_t size = gn_dtype_size(h->dtype);
    bool transpose = h->fortran && h->n_dims > 1 && h->n_items > 0;
    if (transpose || h->swapped || (uintptr_t)data % size != 0 || h->n_bytes == 0) {
        unsigned char *copy = gn_alloc(h->n_bytes, 1);
        if (!copy) return gn_fail_nomem(err, name, h->n_bytes);
        if (transpose) {
            to_c_order(data, copy, h, size);
        } else if (h->n_bytes) {
            memcpy(copy, data, h->n_bytes);
        }
        if (h->swapped) swap_bytes(copy, h->n_items, size);
        gn_free(a->owned);
        a->owned = copy;
        data = copy;
    }
    a->dtype = h->dtype;
    a->n_dims = h->n_dims;
    memcpy(a->shape, h->shape, sizeof a->shape);
    a->n_items = h->n_items;
    a->data = data;
    return GN_OK;
}

gn_status gn_npy_open(const char *path, gn_array *out, gn_error *err) {
    gn_array a = {0};
    gn_npy h;
    gn_status st;
    GN_TRY(gn_map_open(path, &a.map, err));
    GN_TRY(gn_npy_parse(a.map.data, a.map.n, false, path, &h, err));
    GN_TRY(gn_npy_array(a.map.data, &h, path, &a, err));
    if (a.owned) gn_map_close(&a.map);
    *out = a;
    a = (gn_array){0};
done:
    gn_array_close(&a);
    return st;
}

size_t gn_npy_header_bytes(gn_dtype dtype, const size_t *shape, size_t n_dims,
                           unsigned char buf[GN_NPY_HEADER_MAX]) {
    static const char *const code[] = {
        [GN_F32] = "f4", [GN_F64] = "f8", [GN_F16] = "f2",  [GN_BF16] = "u2", [GN_I32] = "i4",
        [GN_I64] = "i8", [GN_U8] = "u1",  [GN_BOOL] = "b1", [GN_I8] = "i1",   [GN_I16] = "i2",
        [GN_U16] = "u2", [GN_U32] = "u4", [GN_U64] = "u8"};
    char sizes[256];
    char order = gn_dtype_size(dtype) == 1 ? '|' : LITTLE ? '<' : '>';
    gn_shape_text(shape, n_dims, sizes, sizeof sizes);
    char *text = (char *)buf + 10;
    size_t n = (size_t)snprintf(text, GN_NPY_HEADER_MAX - 10,
                                "{'descr': '%c%s', 'fortran_order': False, 'shape': %s, }", order,
                                code[dtype], sizes);
    size_t total = 10 + n + 1 <= 128 ? 128 : (10 + n + 1 + 63) / 64 * 64;
    memset(text + n, ' ', total - 10 - n);
    buf[total - 1] = '\n';
    memcpy(buf, magic, sizeof magic);
    buf[6] = 1;
    buf[7] = 0;
    buf[8] = (unsigned char)((total - 10) & 255);
    buf[9] = (unsigned char)((total - 10) >> 8);
    return total;
}

gn_status gn_npy_write(const char *path, gn_dtype dtype, const size_t *shape, size_t n_dims,
                       const void *data, gn_error *err) {
    unsigned char header[GN_NPY_HEADER_MAX];
    size_t n_items, n_bytes;
    gn_outfile *f = NULL;
    gn_status st;
    if (n_dims > GN_MAX_DIMS)
        return gn_fail(err, GN_EINVAL, "%s: %zu dimensions, at most %d can be written", path,
                       n_dims, GN_MAX_DIMS);
    GN_TRY(gn_shape_bytes(shape, n_dims, dtype, path, &n_items, &n_bytes, err));
    GN_TRY(gn_outfile_open(path, &f, err));
    GN_TRY(gn_outfile_write(f, header, gn_npy_header_bytes(dtype, shape, n_dims, header), err));
    GN_TRY(gn_outfile_write(f, data, n_bytes, err));
    st = gn_outfile_commit(f, err);
    f = NULL;
done:
    gn_outfile_abandon(f);
    return st;
}
