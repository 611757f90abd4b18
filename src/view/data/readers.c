/* The table of readers, and those of .npy, .npz and safetensors. A new format adds a reader here.
 */
#include "view/data/readers.h"

#include "base/str.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "io/zip.h"
#include "view/data/watch.h"

#include <stdio.h>
#include <string.h>

const gn_reader *const gn_readers[] = {&gn_reader_set,  &gn_reader_projector,   &gn_reader_npy,
                                       &gn_reader_npz,  &gn_reader_safetensors, &gn_reader_tsv,
                                       &gn_reader_glove};
const size_t gn_n_readers = sizeof gn_readers / sizeof *gn_readers;

/* ---- shared ------------------------------------------------------------------------------ */

static bool is_floating(gn_dtype dtype) {
    return dtype == GN_F32 || dtype == GN_F64 || dtype == GN_F16 || dtype == GN_BF16;
}

static gn_status set_note(gn_entry *e, const char *text, gn_error *err) {
    e->note = gn_strdup(text);
    return e->note ? GN_OK : gn_fail_nomem(err, "a note", strlen(text));
}

gn_status gn_entry_shape(gn_entry *e, gn_dtype dtype, const size_t *shape, size_t n_dims,
                         bool floating, gn_error *err) {
    char text[160], note[320];
    size_t n_items;
    gn_shape_text(shape, n_dims, text, sizeof text);
    e->dtype = dtype;
    gn_status st = gn_shape_bytes(shape, n_dims, dtype, e->name, &n_items, &(size_t){0}, err);
    if (st != GN_OK) return st;
    e->n_bytes = (uint64_t)n_items * gn_dtype_size(dtype);
    if (n_dims == 2 || n_dims == 3) {
        e->n_layers = n_dims == 3 ? shape[0] : 1;
        e->rows = shape[n_dims - 2];
        e->dims = shape[n_dims - 1];
    }
    if (n_dims != 2 && n_dims != 3)
        snprintf(note, sizeof note,
                 "shape %s: a table has two dimensions (rows, dims), a stack of layers three",
                 text);
    else if (n_items == 0)
        snprintf(note, sizeof note, "shape %s: there are no values", text);
    else if (e->rows > INT32_MAX)
        snprintf(note, sizeof note, "shape %s: more than %d rows", text, INT32_MAX);
    else if (!is_floating(dtype) && (floating || n_dims == 3))
        snprintf(note, sizeof note, "%s values: expected a floating type", gn_dtype_name(dtype));
    else {
        e->supported = true;
        return GN_OK;
    }
    return set_note(e, note, err);
}

gn_status gn_entry_preview(gn_entry *e, const void *data, gn_error *err) {
    enum { SHOWN = 4 };
    gn_status st = GN_OK;
    if (!e->supported || !is_floating(e->dtype)) return st;
    size_t cols = e->dims < SHOWN ? e->dims : SHOWN, size = gn_dtype_size(e->dtype);
    for (size_t i = 0; i < 2 && i < e->rows && st == GN_OK; i++) {
        double buf[SHOWN], aligned[SHOWN]; /* a file's values may lie anywhere */
        memcpy(aligned, (const char *)data + i * e->dims * size, cols * size);
        const double *x = gn_mat_row_f64((gn_mat){aligned, 1, cols, cols, e->dtype}, 0, buf);
        gn_str text = {0};
        for (size_t j = 0; j < cols; j++) gn_str_addf(&text, j ? ", %.4g" : "%.4g", x[j]);
        if (cols < e->dims) gn_str_add(&text, ", ...");
        st = gn_str_take(&text, &e->preview[i], err);
        gn_str_free(&text);
    }
    return st;
}

char *gn_member_name(const char *file, const char *member) {
    gn_str s = {0};
    char *out;
    gn_error ignored;
    gn_str_add(&s, gn_path_base(file));
    if (member) {
        size_t n = strlen(member);
        if (gn_path_has_suffix(member, ".npy")) n -= 4;
        gn_str_add(&s, ":");
        gn_str_add_bytes(&s, member, n);
    }
    return gn_str_take(&s, &out, &ignored) == GN_OK ? out : NULL;
}

gn_status gn_source_views(gn_source *s, gn_dtype dtype, const void *data, gn_error *err) {
    const gn_entry *e = &s->about;
    gn_mat *view;
    gn_status st = gn_alloc_array(&view, e->n_layers, sizeof *view, "the layers", err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < e->n_layers; i++)
        view[i] = (gn_mat){(const char *)data + i * e->rows * e->dims * gn_dtype_size(dtype),
                           e->rows, e->dims, e->dims, dtype};
    s->view = view;
    return GN_OK;
}

/** An entry of an array inside `file`: name and member, texts owned. */
static gn_status name_entry(gn_entry *e, const char *file, const char *member, gn_error *err) {
    e->name = gn_member_name(file, member);
    if (member) e->member = gn_strdup(member);
    return e->name && (!member || e->member) ? GN_OK : gn_fail_nomem(err, file, strlen(file));
}

/** An array's header as an entry; its first n bytes of values are at `data`. */
static gn_status add_array(gn_listing *to, const char *file, const char *member, const gn_npy *h,
                           const unsigned char *data, size_t n, gn_error *err) {
    gn_entry e = {0};
    gn_status st = name_entry(&e, file, member, err);
    if (st == GN_OK) st = gn_entry_shape(&e, h->dtype, h->shape, h->n_dims, false, err);
    bool plain = !h->swapped && (!h->fortran || h->n_dims < 2);
    size_t rows = e.rows < 2 ? e.rows : 2; /* their product fits: the array's bytes do */
    bool there = plain && rows * e.dims * gn_dtype_size(h->dtype) <= n;
    if (st == GN_OK && there) st = gn_entry_preview(&e, data, err);
    if (st == GN_OK) st = gn_listing_add(to, &e, err);
    gn_entry_free(&e);
    return st;
}

static gn_status finish_array(gn_source *s, gn_array *a, gn_error *err) {
    gn_array *keep = gn_alloc(1, sizeof *keep);
    if (!keep) return gn_fail_nomem(err, "an array", sizeof *keep);
    *keep = *a;
    *a = (gn_array){0};
    s->handle = keep;
    return gn_source_views(s, keep->dtype, keep->data, err);
}

static void close_array(void *handle) {
    gn_array *a = handle;
    if (a) gn_array_close(a);
    gn_free(a);
}

/* ---- .npy -------------------------------------------------------------------------------- */

static bool claims_npy(const char *path, bool folder) {
    return !folder && gn_path_has_suffix(path, ".npy");
}

static gn_status list_npy(const char *path, gn_listing *to, gn_error *err) {
    gn_map map = {0};
    gn_npy h;
    gn_status st;
    GN_TRY(gn_map_open(path, &map, err));
    GN_TRY(gn_npy_parse(map.data, map.n, false, path, &h, err));
    GN_TRY(add_array(to, path, NULL, &h, map.data + h.offset, h.n_bytes, err));
done:
    gn_map_close(&map);
    return st;
}

/** Tables of integers are widened by gn_matrix_open; a stack is read as it lies. */
static gn_status open_array(gn_source *s, bool zip, gn_error *err) {
    gn_array a = {0};
    gn_status st =
        zip ? gn_npz_open(s->file, s->about.member, &a, err) : gn_npy_open(s->file, &a, err);
    if (st == GN_OK && a.n_items != s->about.n_layers * s->about.rows * s->about.dims)
        st = gn_fail(err, GN_EDATA, "%s: the file was changed since it was listed", s->about.name);
    if (st == GN_OK && !is_floating(a.dtype)) {
        gn_str spec = {0};
        gn_matrix *m = NULL;
        char *text = NULL;
        gn_array_close(&a);
        gn_str_add(&spec, s->file);
        if (s->about.member) gn_str_addf(&spec, ":%s", s->about.member);
        st = gn_str_take(&spec, &text, err);
        if (st == GN_OK) st = gn_matrix_open(text, &m, err);
        gn_free(text);
        if (st != GN_OK) return st;
        gn_mat x = gn_matrix_view(m);
        a = (gn_array){.dtype = x.dtype};
        a.owned = gn_alloc(x.rows * x.cols, gn_dtype_size(x.dtype));
        if (a.owned) memcpy(a.owned, x.data, x.rows * x.cols * gn_dtype_size(x.dtype));
        a.data = a.owned;
        gn_matrix_free(m);
        if (!a.owned) return gn_fail_nomem(err, s->about.name, x.rows * x.cols * sizeof(double));
    }
    if (st == GN_OK && a.map.pages) st = gn_watch_file(s, s->file, err);
    if (st == GN_OK) st = finish_array(s, &a, err);
    gn_array_close(&a);
    return st;
}

static gn_status open_npy(gn_source *s, gn_error *err) {
    return open_array(s, false, err);
}

const gn_reader gn_reader_npy = {"npy", claims_npy, list_npy, open_npy, close_array};

/* ---- .npz -------------------------------------------------------------------------------- */

enum { START_BYTES = 1 << 17 };

static bool claims_npz(const char *path, bool folder) {
    return !folder && gn_path_has_suffix(path, ".npz");
}

/** A packed member is inflated as far as its header and the first rows need. */
static gn_status list_member(const gn_zip *zip, const gn_zip_member *m, const char *path,
                             gn_listing *to, gn_error *err) {
    const unsigned char *bytes = gn_zip_stored(zip, m);
    unsigned char *inflated = NULL;
    size_t n = bytes ? m->n_bytes : START_BYTES;
    gn_npy h;
    gn_status st = GN_OK;
    if (!bytes) {
        GN_TRY(gn_zip_start(zip, m, &n, &inflated, err));
        bytes = inflated;
    }
    GN_TRY(gn_npy_parse_start(bytes, n, m->n_bytes, false, m->name, &h, err));
    GN_TRY(add_array(to, path, m->name, &h, bytes + h.offset, n - h.offset, err));
done:
    gn_free(inflated);
    return st;
}

static gn_status list_npz(const char *path, gn_listing *to, gn_error *err) {
    gn_map map = {0};
    gn_zip zip = {0};
    gn_status st;
    GN_TRY(gn_map_open(path, &map, err));
    GN_TRY(gn_zip_open(map.data, map.n, path, &zip, err));
    for (size_t i = 0; i < zip.n; i++) {
        gn_error why;
        if (!gn_path_has_suffix(zip.member[i].name, ".npy")) continue;
        st = list_member(&zip, &zip.member[i], path, to, &why);
        if (st == GN_OK) continue;
        if (st == GN_ENOMEM) {
            gn_fail(err, st, "%s", why.message);
            goto done;
        }
        gn_entry broken = {0};
        GN_TRY(name_entry(&broken, path, zip.member[i].name, err));
        GN_TRY(set_note(&broken, why.message, err));
        GN_TRY(gn_listing_add(to, &broken, err));
    }
done:
    gn_zip_close(&zip);
    gn_map_close(&map);
    return st;
}

static gn_status open_npz(gn_source *s, gn_error *err) {
    return open_array(s, true, err);
}

const gn_reader gn_reader_npz = {"npz", claims_npz, list_npz, open_npz, close_array};

/* ---- safetensors ------------------------------------------------------------------------- */

static bool claims_safetensors(const char *path, bool folder) {
    return !folder && gn_path_has_suffix(path, ".safetensors");
}

static gn_status list_safetensors(const char *path, gn_listing *to, gn_error *err) {
    gn_map map = {0};
    gn_arena arena = {0};
    gn_tensor_info *t;
    size_t n;
    gn_entry e = {0};
    gn_status st;
    GN_TRY(gn_map_open(path, &map, err));
    GN_TRY(gn_safetensors_parse(map.data, map.n, path, &arena, &t, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (t[i].n_dims != 2 && t[i].n_dims != 3) continue; /* weights of other kinds abound */
        GN_TRY(name_entry(&e, path, t[i].name, err));
        GN_TRY(gn_entry_shape(&e, t[i].dtype, t[i].shape, t[i].n_dims, true, err));
        GN_TRY(gn_entry_preview(&e, map.data + t[i].offset, err));
        GN_TRY(gn_listing_add(to, &e, err));
    }
done:
    gn_entry_free(&e);
    gn_arena_free(&arena);
    gn_map_close(&map);
    return st;
}

static gn_status open_safetensors(gn_source *s, gn_error *err) {
    gn_tensors *t = NULL;
    gn_status st = gn_tensors_open(s->file, &t, err);
    if (st != GN_OK) return st;
    s->handle = t;
    st = gn_watch_file(s, s->file, err);
    if (st != GN_OK) return st;
    const gn_tensor_info *info = gn_tensors_find(t, s->about.member);
    if (!info || info->dtype != s->about.dtype || info->n_bytes != s->about.n_bytes)
        return gn_fail(err, GN_EDATA, "%s: the file was changed since it was listed",
                       s->about.name);
    return gn_source_views(s, info->dtype, gn_tensors_data(t, info), err);
}

static void close_safetensors(void *handle) {
    gn_tensors_free(handle);
}

const gn_reader gn_reader_safetensors = {"safetensors", claims_safetensors, list_safetensors,
                                         open_safetensors, close_safetensors};
