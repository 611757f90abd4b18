/* Representation sets as sources: all stored layers of a set are one source. Listing reads
 * gonio.json only; the row table is read when the set is opened. */
#include "view/data/readers.h"

#include "io/json.h"
#include "io/npy.h"
#include "reps/about.h"
#include "view/data/texts.h"
#include "view/data/watch.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static gn_dtype stored_type(const char *name) {
    static const gn_dtype known[] = {GN_F32, GN_F16, GN_BF16};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, gn_dtype_name(known[i])) == 0) return known[i];
    return GN_F32; /* gn_reps_open says what is wrong with another one */
}

static bool claims_set(const char *path, bool folder) {
    char about[PATH_MAX + 16];
    snprintf(about, sizeof about, "%s/gonio.json", path);
    return folder && gn_path_is_file(about);
}

static gn_status list_layers(gn_entry *e, const json_t *about, gn_error *err) {
    json_t *list;
    gn_status st = gn_json_array(about, "gonio.json", "layers", &list, err);
    if (st != GN_OK) return st;
    e->n_layers = json_array_size(list);
    e->layer = gn_calloc(e->n_layers, sizeof *e->layer);
    e->depth = gn_calloc(e->n_layers, sizeof *e->depth);
    if (!e->layer || !e->depth) return gn_fail_nomem(err, "the list of layers", e->n_layers);
    for (size_t i = 0; i < e->n_layers; i++) {
        const json_t *item = json_array_get(list, i);
        GN_TRY(gn_json_size(item, "gonio.json: layers", "index", &e->layer[i], err));
        GN_TRY(gn_json_number(item, "gonio.json: layers", "depth", &e->depth[i], err));
    }
done:
    return st;
}

static gn_status preview_text(gn_entry *e, const char *path, gn_error *err) {
    gn_texts *t = NULL;
    json_t *record = NULL;
    gn_status st;
    GN_TRY(gn_texts_open(path, 2, &t, err));
    for (size_t i = 0; i < 2 && i < gn_texts_count(t); i++) {
        json_decref(record);
        record = NULL;
        GN_TRY(gn_texts_record(t, i, &record, err));
        const char *sentence = json_string_value(json_object_get(record, "text"));
        if (sentence && !(e->preview[i] = gn_strdup(sentence))) {
            st = gn_fail_nomem(err, "a preview", strlen(sentence));
            goto done;
        }
    }
done:
    json_decref(record);
    gn_texts_free(t);
    return st;
}

static gn_status preview_layer(gn_entry *e, const char *path, gn_error *err) {
    gn_array a = {0};
    gn_status st = gn_npy_open(path, &a, err);
    if (st == GN_OK && a.n_dims == 2 && a.shape[0] == e->rows && a.shape[1] == e->dims &&
        gn_dtype_size(a.dtype) == gn_dtype_size(e->dtype))
        st = gn_entry_preview(e, a.data, err);
    gn_array_close(&a);
    return st;
}

/** The first two sentences, or the first values where there is no text. What is wrong with the
 * files is said when the set is opened. */
static gn_status preview_set(gn_entry *e, const char *dir, const json_t *about, gn_error *err) {
    char path[PATH_MAX + 300];
    gn_error why;
    gn_status st = GN_OK;
    const char *file = json_string_value(gn_json_at(about, "layers.0.file"));
    snprintf(path, sizeof path, "%s/text.jsonl", dir);
    if (gn_path_is_file(path)) {
        st = preview_text(e, path, &why);
    } else if (file && strlen(file) < 256 && !strstr(file, "..")) {
        snprintf(path, sizeof path, "%s/%s", dir, file);
        st = preview_layer(e, path, &why);
    }
    return st == GN_ENOMEM ? gn_fail(err, st, "%s", why.message) : GN_OK;
}

static gn_status list_set(const char *path, gn_listing *to, gn_error *err) {
    json_t *about = NULL;
    const char *type, *state;
    size_t written;
    gn_entry e = {0};
    gn_status st;
    GN_TRY(gn_about_load(path, &about, err));
    GN_TRY(gn_json_size(about, "gonio.json", "rows", &e.rows, err));
    GN_TRY(gn_json_size(about, "gonio.json", "dims", &e.dims, err));
    GN_TRY(gn_json_string(about, "gonio.json", "dtype", &type, err));
    GN_TRY(gn_json_string(about, "gonio.json", "state", &state, err));
    GN_TRY(gn_json_size(about, "gonio.json", "rows_written", &written, err));
    GN_TRY(list_layers(&e, about, err));
    e.dtype = stored_type(type);
    e.n_bytes = (uint64_t)e.n_layers * e.rows * e.dims * gn_dtype_size(e.dtype);
    e.supported = strcmp(state, "complete") == 0 && e.rows > 0;
    e.name = gn_strdup(gn_path_base(path));
    if (!e.supported) {
        char note[160];
        snprintf(note, sizeof note, "this set is not finished: %zu of %zu rows are written",
                 written, e.rows);
        e.note = gn_strdup(note);
    }
    if (!e.name || (!e.supported && !e.note)) {
        st = gn_fail_nomem(err, path, strlen(path));
        goto done;
    }
    GN_TRY(preview_set(&e, path, about, err));
    st = gn_listing_add(to, &e, err);
done:
    gn_entry_free(&e);
    json_decref(about);
    return st;
}

static gn_status read_pool(gn_source *s, gn_error *err) {
    json_t *about;
    const char *meta = gn_reps_meta(s->reps);
    gn_status st = gn_json_parse(meta, strlen(meta), "gonio.json", &about, err);
    if (st != GN_OK) return st;
    const char *pool = json_string_value(gn_json_at(about, "options.pool"));
    snprintf(s->pool, sizeof s->pool, "%s", pool ? pool : "none");
    json_decref(about);
    return GN_OK;
}

static gn_status open_set(gn_source *s, gn_error *err) {
    const gn_entry *e = &s->about;
    gn_reps *reps;
    gn_mat *view;
    char *text = NULL;
    gn_status st = gn_reps_open(s->file, &reps, err);
    if (st != GN_OK) return st;
    s->handle = reps;
    GN_TRY(gn_watch_set(s, s->file, err));
    if (gn_reps_rows(reps) != e->rows || gn_reps_layers(reps) != e->n_layers ||
        gn_reps_layer(reps, 0).cols != e->dims)
        return gn_fail(err, GN_EDATA, "%s: the set was changed since it was listed", e->name);
    GN_TRY(gn_alloc_array(&view, e->n_layers, sizeof *view, "the layers", err));
    for (size_t i = 0; i < e->n_layers; i++) view[i] = gn_reps_layer(reps, i);
    s->view = view;
    s->reps = reps;
    GN_TRY(read_pool(s, err));
    if (!(text = gn_path_join(s->file, "text.jsonl"))) {
        st = gn_fail_nomem(err, "a path", strlen(s->file));
        goto done;
    }
    if (gn_path_is_file(text)) st = gn_texts_open(text, SIZE_MAX, &s->texts, err);
done:
    gn_free(text);
    return st;
}

static void close_set(void *handle) {
    gn_reps_free(handle);
}

const gn_reader gn_reader_set = {"set", claims_set, list_set, open_set, close_set};
