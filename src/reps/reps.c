/* Reading a representation set. gonio.json says what must be there; every file is held against it
 * before anything is handed out: the type and shape of each layer, the length of each row column,
 * the range of each code. Layers are mapped, never read: opening costs the row table's size, and a
 * set larger than memory works.
 *
 * A plain matrix is wrapped as a set with one layer, so that every analysis takes both. */
#include "gonio/reps.h"

#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "io/json.h"
#include "io/npy.h"
#include "reps/about.h"
#include "reps/folder.h"
#include "reps/layer_list.h"

#include <string.h>

struct layer {
    gn_array file; /* of a set */
    gn_mat view;
    size_t index;
    double depth;
};

struct column {
    char *name;
    gn_array codes;
    gn_labels labels;
};

struct gn_reps {
    char *name, *dir, *meta;
    size_t n_rows, n_layers, n_columns;
    struct layer *layer;
    struct column *column;
    gn_array token_id, sequence, position;
    gn_matrix *matrix; /* plain */
    char *vocab_text;
    size_t n_vocab;
    const char **vocab;
};

static void free_column(struct column *c) {
    gn_array_close(&c->codes);
    for (size_t i = 0; c->labels.name && i < c->labels.n_classes; i++) gn_free(c->labels.name[i]);
    gn_free(c->labels.name);
    gn_free(c->labels.code);
    gn_free(c->name);
}

void gn_reps_free(gn_reps *r) {
    if (!r) return;
    for (size_t i = 0; r->layer && i < r->n_layers; i++) gn_array_close(&r->layer[i].file);
    for (size_t i = 0; r->column && i < r->n_columns; i++) free_column(&r->column[i]);
    gn_array_close(&r->token_id);
    gn_array_close(&r->sequence);
    gn_array_close(&r->position);
    gn_matrix_free(r->matrix);
    gn_free(r->layer);
    gn_free(r->column);
    gn_free(r->vocab);
    gn_free(r->vocab_text);
    gn_free(r->name);
    gn_free(r->dir);
    gn_free(r->meta);
    gn_free(r);
}

/* ---- parts of a set ---------------------------------------------------------------------------
 */

/* DIR/FILE for a name that gonio.json gives: it must stay inside the set. */
static gn_status inner_path(const struct gn_reps *r, const char *file, const char *suffix,
                            char **out, gn_error *err) {
    if (file[0] == '/' || strstr(file, ".."))
        return gn_fail(err, GN_EDATA, "%s/gonio.json: file '%s' points out of the set", r->dir,
                       file);
    char *path = gn_path_join(r->dir, file);
    size_t n = path ? strlen(path) : 0;
    char *whole = path ? gn_alloc(n + strlen(suffix) + 1, 1) : NULL;
    if (whole) {
        memcpy(whole, path, n);
        strcpy(whole + n, suffix);
    }
    gn_free(path);
    if (!whole) return gn_fail_nomem(err, "a path", n);
    *out = whole;
    return GN_OK;
}

static gn_status open_layers(struct gn_reps *r, const json_t *about, gn_error *err) {
    gn_status st = GN_OK;
    json_t *list;
    const char *type;
    char *path = NULL;
    size_t dims;
    gn_dtype dtype = GN_F32;
    GN_TRY(gn_json_size(about, "gonio.json", "dims", &dims, err));
    GN_TRY(gn_json_string(about, "gonio.json", "dtype", &type, err));
    GN_TRY(gn_json_array(about, "gonio.json", "layers", &list, err));
    if (strcmp(type, "float32") == 0)
        dtype = GN_F32;
    else if (strcmp(type, "float16") == 0)
        dtype = GN_F16;
    else if (strcmp(type, "bfloat16") == 0)
        dtype = GN_BF16;
    else {
        st = gn_fail(err, GN_EDATA,
                     "gonio.json: dtype is '%s', expected float32, float16 or bfloat16", type);
        goto done;
    }
    r->n_layers = json_array_size(list);
    r->layer = gn_calloc(r->n_layers, sizeof *r->layer);
    if (!r->layer) {
        st = gn_fail_nomem(err, "the list of layers", r->n_layers * sizeof *r->layer);
        goto done;
    }
    if (r->n_layers == 0 || dims == 0) {
        st = gn_fail(err, GN_EDATA, "gonio.json: %zu layers of %zu dims, expected some",
                     r->n_layers, dims);
        goto done;
    }
    for (size_t i = 0; i < r->n_layers; i++) {
        struct layer *l = &r->layer[i];
        const json_t *item = json_array_get(list, i);
        const char *file;
        GN_TRY(gn_json_size(item, "gonio.json: layers", "index", &l->index, err));
        GN_TRY(gn_json_number(item, "gonio.json: layers", "depth", &l->depth, err));
        if (l->depth < 0 || l->depth > 1) {
            st =
                gn_fail(err, GN_EDATA, "gonio.json: layers: depth %g of layer %zu, expected 0 to 1",
                        l->depth, l->index);
            goto done;
        }
        GN_TRY(gn_json_string(item, "gonio.json: layers", "file", &file, err));
        gn_free(path);
        path = NULL;
        GN_TRY(inner_path(r, file, "", &path, err));
        GN_TRY(gn_npy_open(path, &l->file, err));
        const gn_array *a = &l->file;
        gn_dtype stored = dtype == GN_BF16 ? GN_U16 : dtype;
        if (a->dtype != stored || a->n_dims != 2 || a->shape[0] != r->n_rows ||
            a->shape[1] != dims) {
            char shape[128];
            st = gn_fail(err, GN_EDATA,
                         "%s: %s of shape %s, but gonio.json says %s of shape (%zu, %zu)", path,
                         gn_dtype_name(a->dtype),
                         gn_shape_text(a->shape, a->n_dims, shape, sizeof shape),
                         gn_dtype_name(stored), r->n_rows, dims);
            goto done;
        }
        l->view = (gn_mat){a->data, r->n_rows, dims, dims, dtype};
    }
done:
    gn_free(path);
    return st;
}

static gn_status open_codes(const struct gn_reps *r, const char *file, gn_array *out,
                            gn_error *err) {
    char *path = NULL;
    gn_array a = {0};
    gn_status st = GN_OK;
    GN_TRY(inner_path(r, file, ".npy", &path, err));
    GN_TRY(gn_npy_open(path, &a, err));
    if (a.dtype != GN_I32 || a.n_dims != 1 || a.shape[0] != r->n_rows) {
        char shape[128];
        st = gn_fail(err, GN_EDATA, "%s: %s of shape %s, expected int32 of shape (%zu,)", path,
                     gn_dtype_name(a.dtype), gn_shape_text(a.shape, a.n_dims, shape, sizeof shape),
                     r->n_rows);
        goto done;
    }
    *out = a;
    a = (gn_array){0};
done:
    gn_array_close(&a);
    gn_free(path);
    return st;
}

/* The lines of a text; the last one may lack its line end. Lines point into `text`, which gets
 * NULs. */
static gn_status split_lines(char *text, size_t n, const char ***out, size_t *n_lines,
                             gn_error *err) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += text[i] == '\n';
    if (n && text[n - 1] != '\n') count++;
    const char **line = gn_alloc(count, sizeof *line);
    if (!line) return gn_fail_nomem(err, "a list of lines", count * sizeof *line);
    char *p = text;
    for (size_t i = 0; i < count; i++) {
        line[i] = p;
        char *end = memchr(p, '\n', n - (size_t)(p - text));
        if (!end) break;
        *end = '\0';
        p = end + 1;
    }
    *out = line;
    *n_lines = count;
    return GN_OK;
}

static gn_status open_column(const struct gn_reps *r, const json_t *item, struct column *c,
                             gn_error *err) {
    gn_status st = GN_OK;
    char *path = NULL, *text = NULL;
    const char **line = NULL, *name, *file;
    size_t n_bytes, n_lines;
    GN_TRY(gn_json_string(item, "gonio.json: labels", "name", &name, err));
    GN_TRY(gn_json_string(item, "gonio.json: labels", "file", &file, err));
    GN_TRY(open_codes(r, file, &c->codes, err));
    GN_TRY(inner_path(r, file, ".txt", &path, err));
    GN_TRY(gn_read_file(path, SIZE_MAX / 4, &text, &n_bytes, err));
    GN_TRY(split_lines(text, n_bytes, &line, &n_lines, err));
    gn_labels *labels = &c->labels;
    labels->n = r->n_rows;
    c->name = gn_strdup(name);
    labels->name = gn_calloc(n_lines, sizeof *labels->name);
    labels->code = gn_alloc(r->n_rows, sizeof *labels->code);
    if (!c->name || !labels->name || !labels->code) {
        st = gn_fail_nomem(err, path, r->n_rows * sizeof *labels->code);
        goto done;
    }
    labels->n_classes = n_lines;
    for (size_t i = 0; i < n_lines; i++)
        if (!(labels->name[i] = gn_strdup(line[i]))) {
            st = gn_fail_nomem(err, path, strlen(line[i]));
            goto done;
        }
    memcpy(labels->code, c->codes.data, r->n_rows * sizeof *labels->code);
    for (size_t i = 0; i < r->n_rows; i++)
        if (labels->code[i] < -1 || labels->code[i] >= (int64_t)n_lines) {
            st = gn_fail(err, GN_EDATA, "%s: row %zu has label code %d, but there are %zu names",
                         path, i, (int)labels->code[i], n_lines);
            goto done;
        }
done:
    gn_array_close(&c->codes);
    gn_free(line);
    gn_free(text);
    gn_free(path);
    return st;
}

static gn_status open_columns(struct gn_reps *r, const json_t *about, gn_error *err) {
    gn_status st = GN_OK;
    json_t *list;
    GN_TRY(gn_json_array(about, "gonio.json", "labels", &list, err));
    r->n_columns = json_array_size(list);
    r->column = gn_calloc(r->n_columns, sizeof *r->column);
    if (!r->column) {
        st = gn_fail_nomem(err, "the list of labels", r->n_columns * sizeof *r->column);
        goto done;
    }
    for (size_t i = 0; i < r->n_columns; i++)
        GN_TRY(open_column(r, json_array_get(list, i), &r->column[i], err));
done:
    return st;
}

static gn_status open_vocabulary(struct gn_reps *r, gn_error *err) {
    gn_status st = GN_OK;
    size_t n;
    char *path = gn_path_join(r->dir, "vocab.txt");
    if (!path) return gn_fail_nomem(err, "a path", strlen(r->dir));
    if (gn_path_is_file(path)) {
        GN_TRY(gn_read_file(path, SIZE_MAX / 4, &r->vocab_text, &n, err));
        GN_TRY(split_lines(r->vocab_text, n, &r->vocab, &r->n_vocab, err));
    }
done:
    gn_free(path);
    return st;
}

static gn_status check_state(const json_t *about, size_t n_rows, gn_error *err) {
    const char *state;
    size_t format, written;
    gn_status st = GN_OK;
    GN_TRY(gn_json_size(about, "gonio.json", "format", &format, err));
    if (format != 1) {
        st =
            gn_fail(err, GN_ENOSUPP, "gonio.json: format %zu, this version reads format 1", format);
        goto done;
    }
    GN_TRY(gn_json_string(about, "gonio.json", "state", &state, err));
    GN_TRY(gn_json_size(about, "gonio.json", "rows_written", &written, err));
    if (strcmp(state, "complete") != 0 || written != n_rows)
        st = gn_fail(err, GN_EDATA,
                     "this set is not finished: %zu of %zu rows are written; give the command that "
                     "began it once more, and it continues there",
                     written, n_rows);
done:
    return st;
}

static gn_status open_set(struct gn_reps *r, gn_error *err) {
    gn_status st = GN_OK;
    json_t *about = NULL;
    gn_str meta = {0};
    GN_TRY(gn_about_load(r->dir, &about, err));
    GN_TRY(gn_json_size(about, "gonio.json", "rows", &r->n_rows, err));
    GN_TRY(check_state(about, r->n_rows, err));
    if (r->n_rows == 0) {
        st = gn_fail(err, GN_EDATA, "gonio.json: 0 rows, expected some");
        goto done;
    }
    gn_about_text(about, JSON_INDENT(1) | JSON_REAL_PRECISION(17), &meta);
    GN_TRY(gn_str_take(&meta, &r->meta, err));
    GN_TRY(open_layers(r, about, err));
    GN_TRY(open_codes(r, "rows/token_id", &r->token_id, err));
    GN_TRY(open_codes(r, "rows/sequence", &r->sequence, err));
    GN_TRY(open_codes(r, "rows/position", &r->position, err));
    GN_TRY(open_columns(r, about, err));
    GN_TRY(open_vocabulary(r, err));
done:
    gn_str_free(&meta);
    json_decref(about);
    if (st != GN_OK) gn_error_prefix(err, "%s", r->dir);
    return st;
}

static gn_status open_matrix(struct gn_reps *r, const char *spec, gn_error *err) {
    gn_status st = GN_OK;
    GN_TRY(gn_matrix_open(spec, &r->matrix, err));
    r->meta = gn_strdup("{}");
    r->layer = gn_calloc(1, sizeof *r->layer);
    if (!r->layer || !r->meta) {
        st = gn_fail_nomem(err, "a set", sizeof *r->layer);
        goto done;
    }
    r->n_layers = 1;
    r->layer[0].view = gn_matrix_view(r->matrix);
    r->n_rows = r->layer[0].view.rows;
done:
    return st;
}

/* ---- the calls --------------------------------------------------------------------------------
 */

gn_status gn_reps_open(const char *spec, gn_reps **out, gn_error *err) {
    gn_status st = GN_OK;
    size_t n = strlen(spec);
    struct gn_reps *r = gn_calloc(1, sizeof *r);
    char *plain = gn_strdup(spec);
    if (!r || !plain) {
        st = gn_fail_nomem(err, "a set", sizeof *r);
        goto done;
    }
    while (n > 1 && plain[n - 1] == '/') plain[--n] = '\0';
    r->name = gn_strdup(*gn_path_base(plain) ? gn_path_base(plain) : plain);
    if (!r->name) {
        st = gn_fail_nomem(err, "a set", n);
        goto done;
    }
    if (gn_path_is_dir(plain)) {
        r->dir = plain;
        plain = NULL;
        GN_TRY(open_set(r, err));
    } else {
        GN_TRY(open_matrix(r, spec, err));
    }
    *out = r;
    r = NULL;
done:
    gn_free(plain);
    gn_reps_free(r);
    return st;
}

/* "0, 2, 5": the numbers of the stored layers. */
static gn_status not_stored(const struct gn_reps *r, const char *list, size_t layer,
                            gn_error *err) {
    gn_str s = {0};
    for (size_t i = 0; i < r->n_layers; i++)
        gn_str_addf(&s, "%s%zu", i ? ", " : "", r->layer[i].index);
    char *stored = NULL;
    gn_status st = gn_str_take(&s, &stored, err);
    if (st == GN_OK)
        st = gn_fail(err, GN_EINVAL,
                     "%s: layers \"%s\" name layer %zu, which is not stored (%.600s)", r->name,
                     list, layer, stored);
    gn_free(stored);
    return st;
}

gn_status gn_reps_select_layers(gn_reps *r, const char *list, gn_error *err) {
    gn_status st = GN_OK;
    size_t *wanted = NULL, n = 0, last = 0;
    if (!list || strcmp(list, "all") == 0) return GN_OK;
    for (size_t i = 0; i < r->n_layers; i++)
        if (r->layer[i].index > last) last = r->layer[i].index;
    GN_TRY(gn_alloc_array(&wanted, last + 1, sizeof *wanted, "a list of layers", err));
    if ((st = gn_layer_list(list, last, wanted, &n, err)) != GN_OK) {
        gn_error_prefix(err, "%s", r->name);
        goto done;
    }
    for (size_t w = 0; w < n; w++) {
        size_t i = 0;
        while (i < r->n_layers && r->layer[i].index != wanted[w]) i++;
        if (i == r->n_layers) {
            st = not_stored(r, list, wanted[w], err);
            goto done;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < r->n_layers; i++) {
        bool keep = false;
        for (size_t w = 0; w < n; w++) keep |= r->layer[i].index == wanted[w];
        if (keep)
            r->layer[kept++] = r->layer[i];
        else
            gn_array_close(&r->layer[i].file);
    }
    r->n_layers = kept;
done:
    gn_free(wanted);
    return st;
}

const char *gn_reps_name(const gn_reps *r) {
    return r->name;
}
const char *gn_reps_dir(const gn_reps *r) {
    return r->dir;
}
size_t gn_reps_layers(const gn_reps *r) {
    return r->n_layers;
}
size_t gn_reps_rows(const gn_reps *r) {
    return r->n_rows;
}
size_t gn_reps_layer_index(const gn_reps *r, size_t i) {
    return r->layer[i].index;
}
double gn_reps_depth(const gn_reps *r, size_t i) {
    return r->layer[i].depth;
}
gn_mat gn_reps_layer(const gn_reps *r, size_t i) {
    return r->layer[i].view;
}
const int32_t *gn_reps_token_id(const gn_reps *r) {
    return r->token_id.data;
}
const int32_t *gn_reps_sequence(const gn_reps *r) {
    return r->sequence.data;
}
const int32_t *gn_reps_position(const gn_reps *r) {
    return r->position.data;
}
size_t gn_reps_label_count(const gn_reps *r) {
    return r->n_columns;
}
const char *gn_reps_label_name(const gn_reps *r, size_t column) {
    return r->column[column].name;
}
const gn_labels *gn_reps_labels(const gn_reps *r, size_t column) {
    return &r->column[column].labels;
}
size_t gn_reps_vocab_size(const gn_reps *r) {
    return r->n_vocab;
}
const char *gn_reps_token(const gn_reps *r, int32_t id) {
    if (id < 0 || (size_t)id >= r->n_vocab || !*r->vocab[id]) return NULL;
    return r->vocab[id];
}
const char *gn_reps_meta(const gn_reps *r) {
    return r->meta;
}
