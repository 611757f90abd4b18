/* POST /api/overlap: two layers, row by row. GET or POST /api/compare: two sources, layer by layer.
 * Both start a job, or say how far it is; DELETE with the same question gives it up. */
#include "view/layers/compare.h"

#include <stdio.h>
#include <string.h>

enum {
    DEFAULT_K = 15,
    MAX_K = 1000,
    SOON_MS = 80 /* a small comparison is the first answer; light routes take 100 ms */
};
static const char *const match_words[] = {"row", "token", NULL};
static const char *const metric_words[] = {"euclidean", "cosine", NULL};

/* ---- overlap -------------------------------------------------------------------------------- */

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

static gn_status read_rows(gn_view *v, const gn_request *rq, gn_compare_rows *a, gn_reply *re,
                           gn_error *err) {
    gn_status st;
    size_t match, metric;
    *a = (gn_compare_rows){{0}, {0}, {0}};
    GN_TRY(body_layer(v, rq->body, "a", &a->a, re, err));
    GN_TRY(body_layer(v, rq->body, "b", &a->b, re, err));
    GN_TRY(gn_body_size(rq->body, "k", 1, MAX_K, DEFAULT_K, &a->o.k, err));
    GN_TRY(gn_body_word(rq->body, "match", match_words, 0, &match, err));
    GN_TRY(gn_body_word(rq->body, "metric", metric_words, GN_EUCLIDEAN, &metric, err));
    GN_TRY(gn_body_bool(rq->body, "sample", false, &a->o.sample, err));
    a->o.by_token = match == 1;
    a->o.metric = (gn_metric)metric;
done:
    return st;
}

static json_t *side_json(gn_layer l) {
    return json_pack("{s:o,s:o}", "source", gn_json_whole(l.s->id), "layer",
                     gn_json_whole(gn_source_layer(l.s, l.i)));
}

static json_t *rows_meta(const gn_compare_rows *a, const gn_comparison *c) {
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:s,s:o,s:o}", "mean",
                     gn_json_real(c->mean.mean), "se", gn_json_real(c->mean.se), "chance",
                     gn_json_real(c->mean.chance), "cka", gn_json_real(c->cka), "matched",
                     gn_json_whole(c->matched), "sampled",
                     c->asked < c->matched ? gn_json_whole(c->asked) : json_null(), "k",
                     gn_json_whole(c->k), "match", match_words[a->o.by_token], "metric",
                     gn_metric_name(a->o.metric), "a", side_json(a->a), "b", side_json(a->b));
}

static gn_status post_overlap(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_status st;
    gn_compare_rows a;
    gn_task task;
    gn_cached *held = NULL;
    gn_block block;
    json_t *meta = NULL;
    GN_TRY(read_rows(v, rq, &a, re, err));
    gn_compare_rows_task(&a, &task);
    GN_TRY(gn_job_value(v, &task, rq, &held, re, err));
    if (!held) return GN_OK; /* not yet: the reply says how far */
    const gn_comparison *c = gn_cached_value(held);
    if (!(meta = rows_meta(&a, c))) GN_TRY(gn_fail_nomem(err, "an answer", 1));
    gn_block_array arrays[] = {
        {.name = "overlap", .dtype = GN_F32, .n_dims = 1, .shape = {c->n}, .data = c->overlap},
        {.name = "match", .dtype = GN_I32, .n_dims = 1, .shape = {c->n}, .data = c->match}};
    GN_TRY(gn_block_new(arrays, 2, meta, &block, err));
    st = gn_reply_block(re, &block);
done:
    if (st == GN_EDATA) re->status = 400;
    json_decref(meta);
    gn_cache_give(v, held);
    return st;
}

static gn_status stop_overlap(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_compare_rows a;
    gn_task task;
    gn_status st = read_rows(v, rq, &a, re, err);
    if (st != GN_OK) return st;
    gn_compare_rows_task(&a, &task);
    return gn_job_stop_value(v, task.key, re, err);
}

/* ---- compare -------------------------------------------------------------------------------- */

static gn_status query_source(gn_view *v, const gn_request *rq, const char *key, gn_source **out,
                              gn_reply *re, gn_error *err) {
    const char *text = gn_query_text(rq, key);
    if (!text) return gn_fail(err, GN_EINVAL, "?%s=: expected the number of a source", key);
    return gn_view_source(v, text, out, re, err);
}

static gn_status query_word(const gn_request *rq, const char *key, const char *const *words,
                            size_t missing, size_t *out, gn_error *err) {
    const char *text = gn_query_text(rq, key);
    *out = missing;
    for (size_t i = 0; text && words[i]; i++)
        if (strcmp(text, words[i]) == 0) {
            *out = i;
            return GN_OK;
        }
    return text ? gn_fail(err, GN_EINVAL, "%s: '%.80s', expected %s or %s", key, text, words[0],
                          words[1])
                : GN_OK;
}

static gn_status read_query(gn_view *v, const gn_request *rq, gn_compare_layers *a, size_t *match,
                            size_t *metric, gn_reply *re, gn_error *err) {
    gn_status st;
    GN_TRY(query_source(v, rq, "a", &a->a, re, err));
    GN_TRY(query_source(v, rq, "b", &a->b, re, err));
    *match = a->a->about.rows != a->b->about.rows;
    GN_TRY(gn_query_size(rq, "k", 1, MAX_K, DEFAULT_K, &a->o.k, err));
    GN_TRY(query_word(rq, "match", match_words, *match, match, err));
    GN_TRY(query_word(rq, "metric", metric_words, GN_EUCLIDEAN, metric, err));
    st = gn_query_bool(rq, "pairs", false, &a->pairs, err);
done:
    return st;
}

static gn_status read_body(gn_view *v, const gn_request *rq, gn_compare_layers *a, size_t *match,
                           size_t *metric, gn_reply *re, gn_error *err) {
    gn_status st;
    GN_TRY(gn_view_body_source(v, rq->body, "a", &a->a, re, err));
    GN_TRY(gn_view_body_source(v, rq->body, "b", &a->b, re, err));
    *match = a->a->about.rows != a->b->about.rows;
    GN_TRY(gn_body_size(rq->body, "k", 1, MAX_K, DEFAULT_K, &a->o.k, err));
    GN_TRY(gn_body_word(rq->body, "match", match_words, *match, match, err));
    GN_TRY(gn_body_word(rq->body, "metric", metric_words, GN_EUCLIDEAN, metric, err));
    st = gn_body_bool(rq->body, "pairs", false, &a->pairs, err);
done:
    return st;
}

static gn_status read_layers(gn_view *v, const gn_request *rq, gn_compare_layers *a, gn_task *task,
                             gn_reply *re, gn_error *err) {
    gn_status st;
    gn_error ignored;
    size_t match, metric, j;
    bool common = false;
    *a = (gn_compare_layers){0};
    if (rq->body)
        GN_TRY(read_body(v, rq, a, &match, &metric, re, err));
    else
        GN_TRY(read_query(v, rq, a, &match, &metric, re, err));
    a->o.by_token = match == 1;
    a->o.metric = (gn_metric)metric;
    for (size_t i = 0; i < a->a->about.n_layers && !common; i++)
        common = gn_source_find_layer(a->b, gn_source_layer(a->a, i), &j, &ignored) == GN_OK;
    if (!common && !a->pairs)
        GN_TRY(gn_fail(err, GN_EINVAL, "%s and %s have no layer of the same number",
                       a->a->about.name, a->b->about.name));
    gn_compare_layers_task(a, task);
done:
    return st;
}

static gn_status say(gn_job_report *r, const gn_compare_layers *a, gn_reply *re, gn_error *err) {
    char otherwise[96];
    size_t n_a = a->a->about.rows, n_b = a->b->about.rows;
    snprintf(otherwise, sizeof otherwise, "\"sampled\":null,\"k\":%zu,\"layers\":[]",
             gn_compared_k(n_a < n_b ? n_a : n_b, a->o.k));
    if (r->state == GN_JOB_WAITING) r->state = GN_JOB_RUNNING;
    return gn_job_reply(r,
                        json_pack("{s:o,s:o,s:s,s:s}", "a", gn_json_whole(a->a->id), "b",
                                  gn_json_whole(a->b->id), "match", match_words[a->o.by_token],
                                  "metric", gn_metric_name(a->o.metric)),
                        otherwise, re, err);
}

static gn_status ask_compare(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_status st;
    gn_compare_layers a;
    gn_task task;
    gn_job_report r = {0};
    GN_TRY(read_layers(v, rq, &a, &task, re, err));
    GN_TRY(gn_job_ask(v, &task, rq, SOON_MS, &r, err));
    st = say(&r, &a, re, err);
done:
    gn_job_report_free(v, &r);
    return st;
}

static gn_status stop_compare(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_status st;
    gn_compare_layers a;
    gn_task task;
    gn_job_report r = {0};
    GN_TRY(read_layers(v, rq, &a, &task, re, err));
    st = gn_job_stop(v, task.key, &r, err);
    if (st == GN_EINVAL)
        st = gn_not_found(re, err, "%s and %s are not being compared in this way", a.a->about.name,
                          a.b->about.name);
    else if (st == GN_OK)
        st = say(&r, &a, re, err);
done:
    gn_job_report_free(v, &r);
    return st;
}

static const gn_route routes[] = {
    {"POST", "/api/overlap", post_overlap, GN_BODY_SMALL},
    {"DELETE", "/api/overlap", stop_overlap, GN_BODY_SMALL},
    {"GET", "/api/compare", ask_compare, GN_BODY_SMALL},
    {"POST", "/api/compare", ask_compare, GN_BODY_SMALL},
    {"DELETE", "/api/compare", stop_compare, GN_BODY_SMALL},
    {0},
};
const gn_view_part gn_part_compare = {.routes = routes};
