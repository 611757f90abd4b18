/* Routes about sources: the list, one source, its columns, its rows. */
#include "view/data/cards.h"
#include "view/data/columns.h"
#include "view/data/marks.h"
#include "view/data/watch.h"
#include "view/view.h"

#include "io/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_CARDS = 1000 };

/* ---- finding a source -------------------------------------------------------------------- */

static gn_source *source_at(gn_view *v, size_t id) {
    pthread_mutex_lock(&v->lock);
    gn_source *s = id < v->n_sources ? v->source[id] : NULL;
    pthread_mutex_unlock(&v->lock);
    return s;
}

static gn_status open_at(gn_view *v, size_t id, gn_source **out, gn_reply *re, gn_error *err) {
    gn_source *s = source_at(v, id);
    if (!s) return gn_not_found(re, err, "there is no source %zu", id);
    gn_status st = gn_source_open(s, err);
    if (st != GN_OK) return st;
    st = gn_watch_unchanged(s, err);
    if (st != GN_OK) re->status = 409;
    if (st == GN_OK) st = gn_tags_apply(v, s, err);
    if (st != GN_OK) return st;
    if (re->n_uses < GN_REPLY_SOURCES) re->uses[re->n_uses++] = s;
    *out = s;
    return GN_OK;
}

gn_status gn_view_source(gn_view *v, const char *text, gn_source **out, gn_reply *re,
                         gn_error *err) {
    size_t id;
    gn_status st = gn_text_size(text, "source", 0, SIZE_MAX, &id, err);
    return st != GN_OK ? st : open_at(v, id, out, re, err);
}

gn_status gn_view_body_source(gn_view *v, const json_t *body, const char *key, gn_source **out,
                              gn_reply *re, gn_error *err) {
    size_t id;
    gn_status st = gn_body_size(body, key, 0, INT32_MAX, SIZE_MAX, &id, err);
    if (st != GN_OK) return st;
    if (id == SIZE_MAX)
        return gn_fail(err, GN_EINVAL, "'%s': expected the number of a source", key);
    return open_at(v, id, out, re, err);
}

/* ---- the list ---------------------------------------------------------------------------- */

static json_t *layers_json(const gn_source *s) {
    json_t *list = json_array();
    for (size_t i = 0; i < s->about.n_layers; i++) {
        char name[32];
        snprintf(name, sizeof name, "layer %zu", gn_source_layer(s, i));
        json_array_append_new(list, json_pack("{s:o,s:o,s:s}", "layer",
                                              gn_json_whole(gn_source_layer(s, i)), "depth",
                                              gn_json_real(gn_source_depth(s, i)), "name", name));
    }
    return list;
}

json_t *gn_source_json(const gn_source *s) {
    const gn_entry *e = &s->about;
    return json_pack("{s:o,s:o,s:s,s:o,s:o,s:o,s:o,s:s,s:o,s:[o,o],s:b,s:o}", "id",
                     gn_json_whole(s->id), "name", gn_json_text(e->name), "kind", s->reader->kind,
                     "path", gn_json_text(s->path), "rows", gn_json_whole(e->rows), "dims",
                     gn_json_whole(e->dims), "layers", layers_json(s), "dtype",
                     gn_dtype_name(e->dtype), "bytes", json_integer((json_int_t)e->n_bytes),
                     "preview", gn_json_text(e->preview[0] ? e->preview[0] : ""),
                     gn_json_text(e->preview[1] ? e->preview[1] : ""), "supported",
                     (int)e->supported, "note", gn_json_text(e->note));
}

static gn_status get_sources(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    (void)rq;
    json_t *folders = json_array(), *sources = json_array();
    for (size_t i = 0; i < v->n_folders; i++)
        json_array_append_new(folders, gn_json_text(v->folder[i]));
    const gn_source *s;
    for (size_t i = 0; (s = source_at(v, i)); i++)
        json_array_append_new(sources, gn_source_json(s));
    return gn_reply_json(re, json_pack("{s:o,s:o}", "folders", folders, "sources", sources), err);
}

/* ---- one source -------------------------------------------------------------------------- */

static const char *const type_name[] = {"category", "number", "text"};

static gn_status columns_json(gn_source *s, json_t *to, json_t **path_column, gn_error *err) {
    gn_view_column **column;
    gn_status st = gn_cards_columns(s, &column, err);
    if (st != GN_OK) return st;
    for (size_t i = 0; column[i]; i++) {
        const gn_view_column *c = column[i];
        json_array_append_new(to,
                              json_pack("{s:o,s:s,s:o,s:o}", "name", gn_json_text(c->name), "type",
                                        type_name[c->type], "distinct", gn_json_whole(c->distinct),
                                        "missing", gn_json_whole(c->missing)));
        if (strcmp(c->name, "__seq_next__") == 0 || strcmp(c->name, "__next__") == 0)
            *path_column = gn_json_text(c->name);
    }
    gn_cards_free(column);
    return GN_OK;
}

static gn_status get_source(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_source *s;
    const char *hash;
    json_t *columns = json_array(), *path_column = json_null(), *about = json_null();
    json_t *out = NULL;
    gn_status st;
    GN_TRY(gn_view_source(v, rq->part[0], &s, re, err));
    GN_TRY(gn_source_hash(s, &hash, err));
    GN_TRY(columns_json(s, columns, &path_column, err));
    if (s->reps) {
        const char *meta = gn_reps_meta(s->reps);
        GN_TRY(gn_json_parse(meta, strlen(meta), "gonio.json", &about, err));
    }
    out = gn_source_json(s);
    json_object_set_new(out, "hash", json_string(hash));
    json_object_set(out, "columns", columns);
    json_object_set_new(out, "token_column", gn_json_text(gn_source_token_column(s)));
    json_object_set_new(out, "text", json_boolean(s->texts != NULL));
    json_object_set(out, "path_column", path_column);
    json_object_set(out, "conditions", about);
    json_object_set_new(out, "bookmarks", json_boolean(s->bookmarks_file != NULL));
    json_object_set_new(out, "sprite", gn_sprite_json(&s->sprite));
    json_object_set_new(out, "warning", gn_json_text(s->warning));
    st = gn_reply_json(re, out, err);
done:
    json_decref(columns);
    json_decref(path_column);
    json_decref(about);
    return st;
}

static gn_status get_column(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_source *s;
    gn_view_column *c = NULL;
    gn_block block;
    json_t *meta = NULL, *names = NULL;
    gn_status st;
    GN_TRY(gn_view_source(v, rq->part[0], &s, re, err));
    st = gn_source_column(s, rq->part[1], &c, err);
    if (st == GN_EINVAL) re->status = 404;
    if (st != GN_OK) goto done;
    meta = json_pack("{s:o,s:s}", "name", gn_json_text(c->name), "type", type_name[c->type]);
    gn_block_array a = {.n_dims = 1, .shape = {c->n}};
    if (c->value) {
        a.name = "values";
        a.dtype = GN_F32;
        a.data = c->value;
    } else {
        a.name = "codes";
        a.dtype = GN_I32;
        a.data = c->code;
        names = json_array();
        for (size_t i = 0; i < c->n_names; i++)
            json_array_append_new(names, gn_json_text(c->names[i]));
        json_object_set_new(meta, "names", names);
    }
    GN_TRY(gn_block_new(&a, 1, meta, &block, err));
    st = gn_reply_block(re, &block);
done:
    json_decref(meta);
    gn_view_column_free(c);
    return st;
}

/* ---- rows -------------------------------------------------------------------------------- */

static double norm(gn_mat m, size_t row, double *buf) {
    const double *x = gn_mat_row_f64(m, row, buf);
    double sum = 0;
    for (size_t j = 0; j < m.cols; j++) sum += x[j] * x[j];
    return sqrt(sum);
}

static gn_status get_row(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_source *s;
    size_t row, layer;
    json_t *out = NULL;
    gn_view_column **column = NULL;
    double *buf = NULL;
    gn_status st;
    GN_TRY(gn_view_source(v, rq->part[0], &s, re, err));
    st = gn_text_size(rq->part[1], "row", 0, s->about.rows - 1, &row, err);
    if (st != GN_OK) re->status = 404;
    if (st != GN_OK) goto done;
    GN_TRY(gn_source_query_layer(s, rq, &layer, err));
    GN_TRY(gn_cards_columns(s, &column, err));
    GN_TRY(gn_alloc_array(&buf, s->about.dims, sizeof *buf, "a row", err));
    GN_TRY(gn_card(s, column, row, &out, err));
    json_t *measures = json_pack("{s:o}", "norm", gn_json_real(norm(s->view[layer], row, buf)));
    for (size_t i = 0; i < gn_view_n_parts; i++)
        if (gn_view_parts[i]->measures) gn_view_parts[i]->measures(v, s, layer, row, measures);
    json_object_set_new(out, "layer", gn_json_whole(gn_source_layer(s, layer)));
    json_object_set_new(out, "measures", measures);
    st = gn_reply_json(re, out, err);
done:
    gn_free(buf);
    gn_cards_free(column);
    return st;
}

static gn_status post_rows(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_source *s;
    int32_t *rows = NULL;
    size_t n;
    json_t *list = json_array();
    gn_view_column **column = NULL;
    gn_status st;
    GN_TRY(gn_view_source(v, rq->part[0], &s, re, err));
    GN_TRY(gn_source_rows(s, json_object_get(rq->body, "rows"), &rows, &n, err));
    if (n > MAX_CARDS) {
        st = gn_fail(err, GN_EINVAL, "rows: %zu rows, expected at most %d", n, MAX_CARDS);
        goto done;
    }
    GN_TRY(gn_cards_columns(s, &column, err));
    for (size_t i = 0; i < n; i++) {
        json_t *one = NULL;
        GN_TRY(gn_card(s, column, (size_t)rows[i], &one, err));
        json_array_append_new(list, one);
    }
    st = gn_reply_json(re, json_pack("{s:O}", "rows", list), err);
done:
    json_decref(list);
    gn_free(rows);
    gn_cards_free(column);
    return st;
}

static const gn_route routes[] = {
    {"GET", "/api/sources", get_sources, GN_BODY_SMALL},
    {"GET", "/api/sources/{s}", get_source, GN_BODY_SMALL},
    {"GET", "/api/sources/{s}/columns/{name}", get_column, GN_BODY_SMALL},
    {"GET", "/api/sources/{s}/rows/{i}", get_row, GN_BODY_SMALL},
    {"POST", "/api/sources/{s}/rows", post_rows, GN_BODY_ROWS},
    {0},
};
const gn_view_part gn_part_sources = {.routes = routes};
