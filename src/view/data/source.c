/* Sources once they are listed: opening, layers, hash, subsets. See source.h. */
#define _POSIX_C_SOURCE 200809L
#include "view/data/source.h"

#include "io/bookmarks.h"
#include "io/sha256.h"
#include "view/data/columns.h"
#include "view/data/sets.h"
#include "view/data/texts.h"
#include "view/data/watch.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* ---- opening ----------------------------------------------------------------------------- */

/* Under the source's lock. */
static void warn(gn_source *s, const char *message) {
    if (!s->warning) s->warning = gn_strdup(message);
}

void gn_source_warn(gn_source *s, const char *message) {
    pthread_mutex_lock(&s->lock);
    warn(s, message);
    pthread_mutex_unlock(&s->lock);
}

void gn_source_describe(gn_source *s, const char *path) {
    gn_error why;
    if (gn_metadata_read(path, s->about.rows, path, &s->metadata, &why) != GN_OK)
        warn(s, why.message);
    else if (s->metadata.note)
        warn(s, s->metadata.note);
}

/* The only table of numbers as text in its folder: metadata.tsv can be of no other. */
static bool alone(const char *folder, const char *base) {
    DIR *d = opendir(folder);
    bool others = d == NULL;
    for (struct dirent *e; d && (e = readdir(d));)
        others |= e->d_name[0] != '.' && strcmp(e->d_name, base) != 0 &&
                  gn_path_has_suffix(e->d_name, ".tsv") &&
                  !gn_path_has_suffix(e->d_name, "metadata.tsv");
    if (d) closedir(d);
    return !others;
}

/* X.metadata.tsv beside X.npy, X.tsv ...; metadata.tsv beside tensors.tsv, TensorBoard's names, or
 * beside the only .tsv of a folder. */
static void describe_file(gn_source *s) {
    gn_error why;
    char path[PATH_MAX + 32], folder[PATH_MAX];
    const char *base = gn_path_base(s->file), *dot = strrchr(base, '.');
    size_t stem = dot ? (size_t)(dot - s->file) : strlen(s->file);
    if (s->about.member || s->metadata.cols) return;
    snprintf(path, sizeof path, "%.*s.metadata.tsv", (int)stem, s->file);
    if (!gn_path_is_file(path) && gn_path_has_suffix(base, ".tsv")) {
        snprintf(folder, sizeof folder, "%.*s", (int)(base - s->file), s->file);
        if (strcmp(base, "tensors.tsv") == 0 || alone(folder, base))
            snprintf(path, sizeof path, "%smetadata.tsv", folder);
    }
    if (!gn_path_is_file(path)) return;
    if (gn_watch_check(s->base, path, &why) == GN_OK)
        gn_source_describe(s, path);
    else
        warn(s, why.message);
}

gn_status gn_source_open(gn_source *s, gn_error *err) {
    gn_status st = GN_OK;
    if (!s->about.supported)
        return gn_fail(err, GN_EDATA, "%s cannot be shown: %s", s->about.name,
                       s->about.note ? s->about.note : "its type is not supported");
    pthread_mutex_lock(&s->lock);
    if (!s->opened) {
        st = gn_watch_check(s->base, s->file, err);
        if (st == GN_OK) st = s->reader->open(s, err);
        if (st == GN_OK && !s->reps) describe_file(s);
        s->opened = st == GN_OK;
        if (st != GN_OK) { /* as it was: a later try may succeed */
            s->reader->close(s->handle);
            gn_free(s->view);
            gn_texts_free(s->texts);
            gn_watch_end(s);
            s->handle = NULL;
            s->view = NULL;
            s->reps = NULL;
            s->texts = NULL;
            s->row_label = NULL;
        }
    }
    pthread_mutex_unlock(&s->lock);
    return st;
}

void gn_source_illustrate(gn_source *s, const char *file, size_t width, size_t height) {
    gn_error why;
    if (!file || s->sprite.file) return;
    if (gn_sprite_open(file, width, height, &s->sprite, &why) != GN_OK) warn(s, why.message);
}

gn_status gn_source_keep_bookmarks(gn_source *s, const char *path, gn_error *err) {
    if (!path || s->bookmarks_file) return GN_OK;
    s->bookmarks_file = gn_strdup(path);
    return s->bookmarks_file ? GN_OK : gn_fail_nomem(err, path, strlen(path));
}

gn_status gn_source_bookmarks(gn_source *s, const gn_bookmarks **out, gn_error *err) {
    gn_status st = GN_OK;
    pthread_mutex_lock(&s->bookmarks_lock);
    if (!s->bookmarks && s->bookmarks_file) {
        gn_bookmarks *b = gn_calloc(1, sizeof *b);
        st = b ? gn_watch_check(s->base, s->bookmarks_file, err) /* it may be another one by now */
               : gn_fail_nomem(err, "bookmarks", sizeof *b);
        if (st == GN_OK)
            st = gn_bookmarks_open(s->bookmarks_file, s->about.rows, s->about.dims, b, err);
        if (st == GN_OK)
            s->bookmarks = b;
        else
            gn_free(b);
    }
    if (st == GN_OK) *out = s->bookmarks;
    pthread_mutex_unlock(&s->bookmarks_lock);
    return st;
}

void gn_source_free(gn_source *s) {
    if (!s) return;
    if (s->bookmarks) gn_bookmarks_free(s->bookmarks);
    gn_free(s->bookmarks);
    gn_free(s->bookmarks_file);
    gn_sprite_free(&s->sprite);
    pthread_mutex_destroy(&s->bookmarks_lock);
    gn_view_columns_free(s->columns);
    gn_texts_free(s->texts);
    gn_metadata_free(&s->metadata);
    gn_free(s->warning);
    if (s->handle) s->reader->close(s->handle);
    gn_free(s->view);
    gn_watch_end(s);
    gn_free(s->base);
    gn_free(s->file);
    gn_free(s->path);
    gn_entry_free(&s->about);
    pthread_mutex_destroy(&s->lock);
    gn_free(s);
}

/* ---- layers ------------------------------------------------------------------------------ */

size_t gn_source_layer(const gn_source *s, size_t i) {
    return s->about.layer ? s->about.layer[i] : i;
}

double gn_source_depth(const gn_source *s, size_t i) {
    if (s->about.depth) return s->about.depth[i];
    return s->about.n_layers > 1 ? (double)i / (double)(s->about.n_layers - 1) : 0;
}

gn_status gn_source_find_layer(const gn_source *s, size_t number, size_t *i, gn_error *err) {
    for (size_t l = 0; l < s->about.n_layers; l++)
        if (gn_source_layer(s, l) == number) {
            *i = l;
            return GN_OK;
        }
    return gn_fail(err, GN_EINVAL, "%s has no layer %zu; it has %zu, from %zu to %zu",
                   s->about.name, number, s->about.n_layers, gn_source_layer(s, 0),
                   gn_source_layer(s, s->about.n_layers - 1));
}

gn_status gn_source_query_layer(const gn_source *s, const gn_request *rq, size_t *i,
                                gn_error *err) {
    size_t number, last = gn_source_layer(s, s->about.n_layers - 1);
    gn_status st = gn_query_size(rq, "layer", 0, SIZE_MAX, last, &number, err);
    return st != GN_OK ? st : gn_source_find_layer(s, number, i, err);
}

gn_status gn_source_body_layer(const gn_source *s, const json_t *body, const char *key, size_t *i,
                               gn_error *err) {
    size_t number, last = gn_source_layer(s, s->about.n_layers - 1);
    gn_status st = gn_body_size(body, key, 0, SIZE_MAX, last, &number, err);
    return st != GN_OK ? st : gn_source_find_layer(s, number, i, err);
}

const char *gn_source_token(const gn_source *s, size_t row) {
    const int32_t *id = s->reps ? gn_reps_token_id(s->reps) : NULL;
    return id && id[row] >= 0 ? gn_reps_token(s->reps, id[row]) : NULL;
}

/* ---- hash -------------------------------------------------------------------------------- */

enum { SAMPLES = 64, SAMPLE_BYTES = 4096 };

/** Shape and type, then SAMPLES pieces of each layer, evenly spaced, the first and last included.
 */
static gn_status digest(const gn_source *s, char hex[GN_SHA256_HEX], gn_error *err) {
    char head[160];
    gn_sha256 *h = NULL;
    gn_status st;
    const gn_entry *e = &s->about;
    snprintf(head, sizeof head, "%zu %zu %zu %s", e->n_layers, e->rows, e->dims,
             gn_dtype_name(s->view[0].dtype));
    GN_TRY(gn_sha256_new(&h, err));
    GN_TRY(gn_sha256_add(h, head, strlen(head), err));
    for (size_t i = 0; i < e->n_layers; i++) {
        size_t n = e->rows * e->dims * gn_dtype_size(s->view[i].dtype);
        size_t piece = n < SAMPLE_BYTES ? n : SAMPLE_BYTES;
        for (size_t j = 0; j < SAMPLES; j++)
            GN_TRY(gn_sha256_add(h, (const char *)s->view[i].data + (n - piece) / (SAMPLES - 1) * j,
                                 piece, err));
    }
    st = gn_sha256_end(h, hex, err);
    h = NULL;
done:
    gn_sha256_free(h);
    return st;
}

gn_status gn_source_hash(gn_source *s, const char **out, gn_error *err) {
    gn_status st = GN_OK;
    pthread_mutex_lock(&s->lock);
    if (!s->hash[0]) st = digest(s, s->hash, err);
    pthread_mutex_unlock(&s->lock);
    if (st == GN_OK) *out = s->hash;
    return st;
}

/* ---- subsets ----------------------------------------------------------------------------- */

gn_status gn_source_rows(const gn_source *s, const json_t *list, int32_t **rows, size_t *n,
                         gn_error *err) {
    gn_status st;
    size_t count = json_array_size(list), i;
    int32_t *out = NULL;
    unsigned char *seen = NULL;
    json_t *item;
    if (!json_is_array(list)) return gn_fail(err, GN_EINVAL, "rows: expected an array of rows");
    GN_TRY(gn_alloc_array(&out, count, sizeof *out, "rows", err));
    if (!(seen = gn_calloc(s->about.rows / 8 + 1, 1))) {
        st = gn_fail_nomem(err, "rows", s->about.rows / 8);
        goto done;
    }
    json_array_foreach(list, i, item) {
        json_int_t row = json_is_integer(item) ? json_integer_value(item) : -1;
        if (row < 0 || (size_t)row >= s->about.rows) {
            st = gn_fail(err, GN_EINVAL, "rows: item %zu is %s, expected a row from 0 to %zu", i,
                         json_is_integer(item) ? "out of range" : "no whole number",
                         s->about.rows - 1);
            goto done;
        }
        if (seen[row / 8] >> (row % 8) & 1) {
            st = gn_fail(err, GN_EINVAL, "rows: row %lld is given twice", (long long)row);
            goto done;
        }
        seen[row / 8] = (unsigned char)(seen[row / 8] | 1 << (row % 8));
        out[i] = (int32_t)row;
    }
    *rows = out;
    *n = count;
    out = NULL;
done:
    gn_free(seen);
    gn_free(out);
    return st;
}

gn_status gn_source_subset(gn_view *v, gn_source *s, const json_t *value, int32_t **rows, size_t *n,
                           gn_error *err) {
    if (!value || json_is_null(value)) {
        *rows = NULL;
        *n = s->about.rows;
        return GN_OK;
    }
    if (json_is_array(value)) return gn_source_rows(s, value, rows, n, err);
    const char *name = json_string_value(json_object_get(value, "set"));
    if (!name)
        return gn_fail(err, GN_EINVAL, "rows: expected an array of rows or {\"set\": \"NAME\"}");
    return gn_sets_rows(v, s, name, rows, n, err);
}
