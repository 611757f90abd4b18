/* Vectors as text (TensorBoard's tensors.tsv, GloVe, word2vec) and TensorBoard's projector folders.
 *
 * A projector folder names its files in projector_config.pbtxt, either itself or in
 * plugins/org_tensorflow_tensorboard_projector/ of a run. Its tensors are text, or raw
 * little-endian float32 of a given shape; TensorBoard tells them apart by trying to read text
 * first, we by looking at the bytes, and .npy is welcome, too. */
#include "view/data/readers.h"

#include "base/str.h"
#include "io/csv_matrix.h"
#include "io/npy.h"
#include "io/projector.h"
#include "io/vectors.h"
#include "text/utf8.h"
#include "view/data/watch.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gn_status copy_text(char **to, const char *text, gn_error *err) {
    *to = gn_strdup(text);
    return *to ? GN_OK : gn_fail_nomem(err, "a text", strlen(text));
}

/* Rows, columns and the first lines of a text of vectors. */
static gn_status list_text(gn_entry *e, const char *path, gn_error *err) {
    gn_map map = {0};
    char *inflated = NULL;
    const char *text;
    size_t n;
    gn_vectors v;
    gn_status st;
    GN_TRY(gn_open_text(path, &map, &inflated, &text, &n, err));
    GN_TRY(gn_vectors_measure(NULL, text, n, path, &v, err));
    GN_TRY(gn_entry_shape(e, GN_F32, (size_t[]){v.rows, v.cols}, 2, true, err));
    size_t start = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* a byte order mark */
    for (size_t i = 0, at = start; i < 2 && at < n; i++) {
        const char *newline = memchr(text + at, '\n', n - at);
        size_t line_bytes = newline ? (size_t)(newline - text) - at : n - at, length = line_bytes;
        while (length && strchr("\r\t ", text[at + length - 1])) length--;
        size_t shown = length < 60 ? length : 60;
        while (shown < length && shown > 56 && ((unsigned char)text[at + shown] & 0xC0) == 0x80)
            shown--; /* not inside a character */
        gn_str line = {0};
        gn_str_add_bytes(&line, text + at, shown);
        if (shown < length) gn_str_add(&line, " ...");
        for (char *p = line.text; p && *p; p++)
            if (*p == '\t') *p = ' ';
        gn_status taken = gn_str_take(&line, &e->preview[i], err);
        gn_str_free(&line);
        GN_TRY(taken);
        at += line_bytes + 1;
    }
done:
    gn_map_close(&map);
    gn_free(inflated);
    return st;
}

/* With threads of its own: half a gigabyte of digits is a second on one core. */
static gn_status read_text(const char *path, gn_vectors *out, gn_error *err) {
    gn_ctx *ctx = NULL;
    gn_status st = gn_ctx_new(NULL, &ctx, err);
    if (st == GN_OK) st = gn_vectors_read(ctx, path, out, err);
    gn_ctx_free(ctx);
    return st;
}

/* Values from here on belong to the source; labels become its first column. */
static gn_status open_text(gn_source *s, const char *path, gn_error *err) {
    gn_vectors *v = gn_calloc(1, sizeof *v);
    if (!v) return gn_fail_nomem(err, path, sizeof *v);
    s->handle = v;
    gn_status st = read_text(path, v, err);
    if (st != GN_OK) return st;
    if (v->rows != s->about.rows || v->cols != s->about.dims)
        return gn_fail(err, GN_EDATA, "%s: the file was changed since it was listed",
                       s->about.name);
    s->row_label = v->label;
    return gn_source_views(s, GN_F32, v->value, err);
}

static void close_text(void *handle) {
    gn_vectors *v = handle;
    if (v) gn_vectors_free(v);
    gn_free(v);
}

/* ---- text alone ------------------------------------------------------------------------------ */

static bool ends_in(const char *path, const char *const *suffix) {
    for (; *suffix; suffix++)
        if (gn_path_has_suffix(path, *suffix)) return true;
    return false;
}

static bool claims_tsv(const char *path, bool folder) {
    static const char *const suffix[] = {".tsv", ".tsv.gz", NULL};
    return !folder && ends_in(path, suffix) && !gn_path_has_suffix(path, "metadata.tsv");
}

static bool claims_glove(const char *path, bool folder) {
    static const char *const suffix[] = {".vec", ".vec.gz", ".glove", ".glove.txt", NULL};
    const char *base = gn_path_base(path);
    return !folder && (ends_in(path, suffix) ||
                       (strncmp(base, "glove", 5) == 0 && gn_path_has_suffix(path, ".txt")));
}

static gn_status list_tsv(const char *path, gn_listing *to, gn_error *err) {
    gn_entry e = {0};
    gn_status st = copy_text(&e.name, gn_path_base(path), err);
    if (st == GN_OK) st = list_text(&e, path, err);
    if (st == GN_OK) st = gn_listing_add(to, &e, err);
    gn_entry_free(&e);
    return st;
}

static gn_status open_tsv(gn_source *s, gn_error *err) {
    return open_text(s, s->file, err);
}

const gn_reader gn_reader_tsv = {"tsv", claims_tsv, list_tsv, open_tsv, close_text};
const gn_reader gn_reader_glove = {"glove", claims_glove, list_tsv, open_tsv, close_text};

/* ---- projector folders ----------------------------------------------------------------------- */

/* What a tensor of a folder was read into. */
typedef struct opened {
    gn_vectors vectors;
    gn_array array;
    gn_map raw;
} opened;

/* The folder's configuration in `path` (PATH_MAX); false: it has none. */
static bool find_config(const char *folder, char *path) {
    static const char *const place[] = {
        "projector_config.pbtxt",
        "plugins/org_tensorflow_tensorboard_projector/projector_config.pbtxt"};
    for (int i = 0; i < 2; i++) {
        int n = snprintf(path, PATH_MAX, "%s/%s", folder, place[i]);
        if (n < PATH_MAX && gn_path_is_regular(path)) return true;
    }
    return false;
}

static bool claims_projector(const char *path, bool folder) {
    char config[PATH_MAX];
    return folder && find_config(path, config);
}

enum { LOOK = 1 << 16 };

/* Raw float32 is what has the size that the shape asks for and bytes that text does not. */
static bool is_raw(const gn_projector_tensor *t, const gn_map *map) {
    size_t items, n = map->n < LOOK ? map->n : LOOK;
    if (!gn_mul(t->shape[0], t->shape[1], &items) || !items || map->n % 4 || map->n / 4 != items)
        return false;
    for (size_t i = 0; i < n; i++)
        if (map->data[i] < 7 || map->data[i] > 126) return true;
    return false;
}

/* What is no text but not raw values of that shape either: why. */
static gn_status not_raw(const gn_projector_tensor *t, const gn_map *map, gn_error *err) {
    size_t n = map->n < LOOK ? map->n : LOOK;
    if (gn_utf8_valid((const char *)map->data, n) + 3 >= n && !memchr(map->data, '\0', n))
        return GN_OK;
    if (!t->shape[0] || !t->shape[1])
        return gn_fail(err, GN_EDATA,
                       "%s: %zu bytes that are no text: raw float32 values need a tensor_shape of "
                       "two numbers",
                       t->tensor, map->n);
    return gn_fail(err, GN_EDATA,
                   "%s: %zu bytes that are no text; raw float32 values of tensor_shape %zu x %zu "
                   "would be %zu",
                   t->tensor, map->n, t->shape[0], t->shape[1], 4 * t->shape[0] * t->shape[1]);
}

static bool is_npy(const gn_map *map) {
    return map->n > 6 && memcmp(map->data, "\x93NUMPY", 6) == 0;
}

static gn_status list_tensor(gn_entry *e, const gn_projector_tensor *t, gn_error *err) {
    gn_map map = {0};
    gn_npy h;
    gn_status st;
    GN_TRY(gn_map_open(t->tensor, &map, err));
    if (is_npy(&map)) {
        GN_TRY(gn_npy_parse(map.data, map.n, false, t->tensor, &h, err));
        GN_TRY(gn_entry_shape(e, h.dtype, h.shape, h.n_dims, true, err));
    } else if (is_raw(t, &map)) {
        GN_TRY(gn_entry_shape(e, GN_F32, t->shape, 2, true, err));
        GN_TRY(gn_entry_preview(e, map.data, err));
    } else {
        GN_TRY(not_raw(t, &map, err));
        GN_TRY(list_text(e, t->tensor, err));
        if (t->shape[0] && (t->shape[0] != e->rows || t->shape[1] != e->dims))
            st = gn_fail(err, GN_EDATA, "%s: holds %zu x %zu numbers, tensor_shape says %zu x %zu",
                         t->tensor, e->rows, e->dims, t->shape[0], t->shape[1]);
    }
done:
    gn_map_close(&map);
    return st;
}

static gn_status list_projector(const char *path, gn_listing *to, gn_error *err) {
    char number[32], config[PATH_MAX];
    gn_projector p = {0};
    gn_entry e = {0};
    gn_status st = find_config(path, config)
                       ? gn_projector_open(config, &p, err)
                       : gn_fail(err, GN_EIO, "%s: projector_config.pbtxt is gone", path);
    if (st == GN_OK && p.n == 0) st = gn_fail(err, GN_EDATA, "%s: lists no embeddings", config);
    for (size_t i = 0; st == GN_OK && i < p.n; i++) {
        gn_error why;
        snprintf(number, sizeof number, "%zu", i);
        GN_TRY(copy_text(&e.name, p.tensor[i].name, err));
        GN_TRY(copy_text(&e.member, number, err));
        const char *note = p.tensor[i].problem ? p.tensor[i].problem : p.tensor[i].note;
        if (!p.tensor[i].problem && list_tensor(&e, &p.tensor[i], &why) != GN_OK) {
            e.supported = false;
            note = why.message;
        }
        if (note && !e.note) GN_TRY(copy_text(&e.note, note, err));
        GN_TRY(gn_listing_add(to, &e, err));
    }
done:
    gn_entry_free(&e);
    gn_projector_free(&p);
    return st;
}

static gn_status open_tensor(gn_source *s, const gn_projector_tensor *t, gn_error *err) {
    opened *o = gn_calloc(1, sizeof *o);
    if (!o) return gn_fail_nomem(err, t->name, sizeof *o);
    s->handle = o;
    const void *data = NULL;
    gn_dtype dtype = GN_F32;
    gn_status st = gn_map_open(t->tensor, &o->raw, err);
    if (st != GN_OK) return st;
    bool npy = is_npy(&o->raw), raw = !npy && is_raw(t, &o->raw);
    size_t rows = t->shape[0], cols = t->shape[1];
    if (npy) {
        st = gn_npy_open(t->tensor, &o->array, err);
        data = o->array.data;
        dtype = o->array.dtype;
        rows = o->array.n_dims == 2 ? o->array.shape[0] : 0;
        cols = o->array.n_dims == 2 ? o->array.shape[1] : 0;
    } else if (raw) {
        data = o->raw.data;
    } else {
        st = read_text(t->tensor, &o->vectors, err);
        data = o->vectors.value;
        rows = o->vectors.rows;
        cols = o->vectors.cols;
        s->row_label = o->vectors.label;
    }
    if (st == GN_OK && (npy || raw)) st = gn_watch_file(s, t->tensor, err);
    if (st != GN_OK) return st;
    if (rows != s->about.rows || cols != s->about.dims || dtype != s->about.dtype)
        return gn_fail(err, GN_EDATA, "%s: the file was changed since it was listed", t->tensor);
    return gn_source_views(s, dtype, data, err);
}

static gn_status open_projector(gn_source *s, gn_error *err) {
    char config[PATH_MAX];
    gn_projector p = {0};
    gn_status st = find_config(s->file, config)
                       ? gn_projector_open(config, &p, err)
                       : gn_fail(err, GN_EIO, "%s: projector_config.pbtxt is gone", s->file);
    size_t i = (size_t)strtoull(s->about.member, NULL, 10);
    if (st == GN_OK && (i >= p.n || !p.tensor[i].tensor))
        st = gn_fail(err, GN_EDATA, "%s: the configuration was changed since it was listed",
                     s->about.name);
    if (st == GN_OK) st = open_tensor(s, &p.tensor[i], err);
    if (st == GN_OK && p.tensor[i].metadata) gn_source_describe(s, p.tensor[i].metadata);
    if (st == GN_OK)
        gn_source_illustrate(s, p.tensor[i].sprite, p.tensor[i].sprite_width,
                             p.tensor[i].sprite_height);
    if (st == GN_OK) st = gn_source_keep_bookmarks(s, p.tensor[i].bookmarks, err);
    gn_projector_free(&p);
    return st;
}

static void close_projector(void *handle) {
    opened *o = handle;
    if (!o) return;
    gn_vectors_free(&o->vectors);
    gn_array_close(&o->array);
    gn_map_close(&o->raw);
    gn_free(o);
}

const gn_reader gn_reader_projector = {"tensorboard", claims_projector, list_projector,
                                       open_projector, close_projector};
