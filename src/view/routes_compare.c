/* POST /api/overlap: two layers, row by row. GET /api/compare: two sources, layer by layer. */
#include "view/compare.h"

#include <math.h>
#include <string.h>

enum { DEFAULT_K = 15, MAX_K = 1000 };
static const char *const match_words[] = {"row", "token", NULL};

/* {"source": s, "layer": L} under `key`. */
static gn_status body_layer(gn_view *v, const json_t *body, const char *key, gn_layer *out,
                            gn_reply *re, gn_error *err) {
    gn_status st;
    json_t *side = NULL;
    *out = (gn_layer){.v = v};
    GN_TRY(gn_body_object(body, key, &side, err));
    GN_TRY(gn_view_body_source(v, side, "source", &out->s, re, err));
    GN_TRY(gn_source_body_layer(out->s, side, "layer", &out->i, err));
done:
    if (st != GN_OK) gn_error_prefix(err, "'%s'", key);
    return st;
}

static json_t *side_json(gn_layer l) {
    return json_pack("{s:o,s:o}", "source", gn_json_whole(l.s->id), "layer",
                     gn_json_whole(gn_source_layer(l.s, l.i)));
}

static gn_status post_overlap(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_status st;
    double begun = gn_view_seconds();
    gn_layer a, b;
    gn_comparison_opts o = {.metric = GN_EUCLIDEAN};
    size_t match = 0;
    gn_cached *held = NULL;
    gn_block block;
    json_t *meta = NULL;
    GN_TRY(body_layer(v, rq->body, "a", &a, re, err));
    GN_TRY(body_layer(v, rq->body, "b", &b, re, err));
    GN_TRY(gn_body_size(rq->body, "k", 1, MAX_K, DEFAULT_K, &o.k, err));
    GN_TRY(gn_body_word(rq->body, "match", match_words, 0, &match, err));
    if (json_object_get(rq->body, "metric")) GN_TRY(gn_metric_body(rq->body, &o.metric, err));
    o.by_token = match == 1;
    GN_TRY(gn_layers_compare(a, b, &o, NULL, &held, err));
    const gn_comparison *c = gn_cached_value(held);
    meta = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:s,s:o,s:o}", "mean", gn_json_real(c->mean),
                     "se", gn_json_real(c->se), "chance", gn_json_real(c->chance), "cka",
                     gn_json_real(c->cka), "matched", gn_json_whole(c->matched), "k",
                     gn_json_whole(c->k), "match", match_words[match], "metric",
                     gn_metric_name(o.metric), "a", side_json(a), "b", side_json(b));
    if (!meta) GN_TRY(gn_fail_nomem(err, "an answer", 1));
    gn_block_array arrays[] = {
        {.name = "overlap", .dtype = GN_F32, .n_dims = 1, .shape = {c->n}, .data = c->overlap},
        {.name = "match", .dtype = GN_I32, .n_dims = 1, .shape = {c->n}, .data = c->match}};
    GN_TRY(gn_block_new(arrays, 2, meta, &block, err));
    gn_view_note(v, "overlap", json_incref(meta), gn_view_seconds() - begun);
    st = gn_reply_block(re, &block);
done:
    if (st == GN_EDATA) re->status = 400;
    json_decref(meta);
    gn_cache_give(v, held);
    return st;
}

/* Layer i of a beside the layer of b with the same number; adds nothing where b has none. */
static gn_status compare_layer(gn_view *v, gn_source *a, gn_source *b, size_t i,
                               const gn_comparison_opts *o, json_t *to, gn_error *err) {
    gn_error no_layer;
    size_t j;
    gn_cached *held = NULL;
    if (gn_source_find_layer(b, gn_source_layer(a, i), &j, &no_layer) != GN_OK) return GN_OK;
    gn_status st = gn_layers_compare((gn_layer){v, a, i}, (gn_layer){v, b, j}, o, NULL, &held, err);
    if (st != GN_OK) return st;
    const gn_comparison *c = gn_cached_value(held);
    json_array_append_new(to, json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "layer",
                                        gn_json_whole(gn_source_layer(a, i)), "depth",
                                        gn_json_real(gn_source_depth(a, i)), "overlap",
                                        gn_json_real(c->mean), "se", gn_json_real(c->se), "chance",
                                        gn_json_real(c->chance), "cka", gn_json_real(c->cka),
                                        "matched", gn_json_whole(c->matched)));
    gn_cache_give(v, held);
    return GN_OK;
}

static gn_status query_source(gn_view *v, const gn_request *rq, const char *key, gn_source **out,
                              gn_reply *re, gn_error *err) {
    const char *text = gn_query_text(rq, key);
    if (!text) return gn_fail(err, GN_EINVAL, "?%s=: expected the number of a source", key);
    return gn_view_source(v, text, out, re, err);
}

static gn_status get_compare(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_status st;
    double begun = gn_view_seconds();
    gn_source *a, *b;
    gn_comparison_opts o = {.metric = GN_EUCLIDEAN};
    const char *match = gn_query_text(rq, "match");
    json_t *layers = json_array();
    GN_TRY(query_source(v, rq, "a", &a, re, err));
    GN_TRY(query_source(v, rq, "b", &b, re, err));
    GN_TRY(gn_query_size(rq, "k", 1, MAX_K, DEFAULT_K, &o.k, err));
    if (match && strcmp(match, "row") != 0 && strcmp(match, "token") != 0)
        GN_TRY(gn_fail(err, GN_EINVAL, "match: '%.80s', expected row or token", match));
    o.by_token = match ? strcmp(match, "token") == 0 : a->about.rows != b->about.rows;
    for (size_t i = 0; i < a->about.n_layers; i++)
        GN_TRY(compare_layer(v, a, b, i, &o, layers, err));
    if (json_array_size(layers) == 0)
        GN_TRY(gn_fail(err, GN_EINVAL, "%s and %s have no layer of the same number", a->about.name,
                       b->about.name));
    double seconds = gn_view_seconds() - begun;
    gn_view_note(v, "compare",
                 json_pack("{s:o,s:o,s:o}", "a", gn_json_whole(a->id), "b", gn_json_whole(b->id),
                           "k", gn_json_whole(o.k)),
                 seconds);
    st = gn_reply_json(re,
                       json_pack("{s:O,s:o,s:s,s:s,s:o}", "layers", layers, "k", gn_json_whole(o.k),
                                 "match", match_words[o.by_token], "metric",
                                 gn_metric_name(o.metric), "seconds", gn_json_real(seconds)),
                       err);
done:
    if (st == GN_EDATA) re->status = 400;
    json_decref(layers);
    return st;
}

static const gn_route routes[] = {
    {"POST", "/api/overlap", post_overlap, false},
    {"GET", "/api/compare", get_compare, false},
    {0},
};
const gn_view_part gn_part_compare = {.routes = routes};
