/* Layouts that came with the data: TensorBoard's bookmarks. They are layouts like any other but
 * that nothing is computed: the places are those of the file, of the rows that have one. */
#include "view/layouts/layout.h"

#include "io/bookmarks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The bookmark that params.bookmark names by its place, and the layout in it. */
gn_status gn_vlayout_saved_find(gn_vlayout *l, const json_t *params, gn_error *err) {
    const gn_bookmarks *all = NULL;
    size_t number, kind;
    gn_status st;
    GN_TRY(gn_source_bookmarks(l->s, &all, err));
    if (!all || all->n == 0) {
        st = gn_fail(err, GN_EINVAL, "%s has no bookmarks of its shape", l->s->about.name);
        goto done;
    }
    GN_TRY(gn_body_size(params, "bookmark", 0, all->n - 1, 0, &number, err));
    const gn_bookmark *b = &all->bookmark[number];
    GN_TRY(gn_body_word(params, "projection", gn_bookmark_words, GN_BOOKMARK_KINDS, &kind, err));
    if (kind == GN_BOOKMARK_KINDS && b->shown >= 0) kind = b->layout[b->shown].kind;
    l->saved = NULL;
    for (size_t i = 0; i < b->n_layouts; i++)
        if (b->layout[i].kind == kind) l->saved = &b->layout[i];
    if (!l->saved) {
        st = gn_fail(err, GN_EINVAL, "'projection': the bookmark '%.80s' has no places of %s",
                     b->name,
                     kind < GN_BOOKMARK_KINDS ? gn_bookmark_titles[kind] : "the map it showed");
        goto done;
    }
    l->dim = l->saved->dim;
    snprintf(l->note, sizeof l->note, "From TensorBoard's bookmark '%.80s', as it was saved.",
             b->name);
done:
    return st;
}

gn_status gn_vlayout_saved_rows(gn_vlayout *l, gn_error *err) {
    const gn_bookmark_layout *b = l->saved;
    int32_t *row;
    size_t n = 0;
    if (!l->row && b->placed == l->n) return GN_OK;
    gn_status st = gn_alloc_array(&row, l->n, sizeof *row, "rows", err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < l->n; i++) {
        const int32_t at = l->row ? l->row[i] : (int32_t)i;
        if (isfinite(b->at[(size_t)at * b->dim])) row[n++] = at;
    }
    gn_free(l->row);
    l->row = row;
    l->n = n;
    return GN_OK;
}

void gn_vlayout_saved_places(const gn_vlayout *l, double *out) {
    for (size_t i = 0; i < l->n; i++) {
        const float *at = l->saved->at + (l->row ? (size_t)l->row[i] : i) * l->dim;
        for (size_t a = 0; a < l->dim; a++) out[i * l->dim + a] = (double)at[a];
    }
}

void gn_vlayout_saved_axis(const gn_vlayout *l, size_t a, char *out, size_t room) {
    const gn_bookmark_layout *b = l->saved;
    if (b->kind == GN_BOOKMARK_PCA)
        snprintf(out, room, "PC%zu", b->component[a] + 1);
    else if (b->kind == GN_BOOKMARK_CUSTOM)
        snprintf(out, room, "custom %c", "xyz"[a]);
    else
        snprintf(out, room, "%s %zu", gn_bookmark_titles[b->kind], a + 1);
}

/* ---- the list ------------------------------------------------------------------------------ */

static json_t *layout_json(const gn_bookmark_layout *b) {
    json_t *components = json_null();
    if (b->kind == GN_BOOKMARK_PCA) {
        components = json_array();
        for (size_t a = 0; a < b->dim; a++)
            json_array_append_new(components, gn_json_whole(b->component[a]));
    }
    return json_pack("{s:s,s:s,s:o,s:o,s:o}", "projection", gn_bookmark_words[b->kind], "title",
                     gn_bookmark_titles[b->kind], "dim", gn_json_whole(b->dim), "placed",
                     gn_json_whole(b->placed), "components", components);
}

static json_t *rows_json(const int32_t *row, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) json_array_append_new(list, json_integer(row[i]));
    return list;
}

static json_t *bookmark_json(const gn_bookmark *b) {
    json_t *layouts = json_array();
    for (size_t i = 0; i < b->n_layouts; i++)
        json_array_append_new(layouts, layout_json(&b->layout[i]));
    return json_pack("{s:o,s:o,s:s?,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "name", gn_json_text(b->name),
                     "layouts", layouts, "shown",
                     b->shown < 0 ? NULL : gn_bookmark_words[b->layout[b->shown].kind], "filter",
                     b->filter ? rows_json(b->filter, b->n_filter) : json_null(), "selection",
                     rows_json(b->selection, b->n_selection), "color", gn_json_text(b->color),
                     "label", gn_json_text(b->label), "iteration",
                     b->iteration ? gn_json_whole(b->iteration) : json_null(), "perplexity",
                     b->perplexity > 0 ? gn_json_real(b->perplexity) : json_null(), "neighbors",
                     b->neighbors ? gn_json_whole(b->neighbors) : json_null());
}

gn_status gn_vlayout_bookmarks(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_source *s;
    const gn_bookmarks *all = NULL;
    json_t *list = NULL;
    gn_status st;
    GN_TRY(gn_view_source(v, rq->part[0], &s, re, err));
    GN_TRY(gn_source_bookmarks(s, &all, err));
    list = json_array();
    for (size_t i = 0; all && i < all->n; i++)
        json_array_append_new(list, bookmark_json(&all->bookmark[i]));
    st = gn_reply_json(
        re, json_pack("{s:O,s:o}", "bookmarks", list, "note", gn_json_text(all ? all->note : NULL)),
        err);
done:
    json_decref(list);
    return st;
}
