/* POST /api/neighbors: the rows nearest to a row, a vector or a sum of terms, in any space.
 *
 * A term is the mean of its rows as the space sees them; under cosine it is then given unit length,
 * as a - b + c is usually meant (Levy & Goldberg 2014: 3CosAdd). Rows that are part of the question
 * are not part of the answer. */
#include "view/data/cells.h"
#include "view/layers/layers.h"
#include "view/data/texts.h"

#include "base/ctx.h"

#include <math.h>
#include <string.h>

enum { DEFAULT_K = 10, MAX_K = 1000, MAX_TERMS = 64 };

/* A question while it is read. */
struct question {
    gn_layer l;
    gn_metric metric;
    const gn_scan *scan;
    double *point, *term, *row; /* (dims) each */
    int32_t *asked;             /* rows that are part of it, or excluded */
    size_t n_asked;
    json_t *said; /* what it was understood as */
};

static gn_status add_asked(struct question *q, const int32_t *row, size_t n, gn_error *err) {
    int32_t *more = gn_realloc(q->asked, q->n_asked + n, sizeof *more);
    if (!more && n > 0) return gn_fail_nomem(err, "rows of a question", n);
    if (n > 0) memcpy(more + q->n_asked, row, n * sizeof *row);
    q->asked = more;
    q->n_asked += n;
    return GN_OK;
}

static double length_of(const double *x, size_t d) {
    double sum = 0;
    for (size_t c = 0; c < d; c++) sum += x[c] * x[c];
    return sqrt(sum);
}

/* ---- the three kinds of question ------------------------------------------------------------- */

static gn_status ask_row(struct question *q, size_t row, gn_error *err) {
    int32_t self = (int32_t)row;
    if (q->metric == GN_COSINE && !gn_scan_has_direction(q->scan, row))
        return gn_fail(err, GN_EINVAL,
                       "row %zu is a zero vector in this space: it has no direction, so cosine "
                       "distance is undefined",
                       row);
    gn_scan_place_row(q->scan, row, q->point);
    q->said = json_pack("{s:o}", "row", gn_json_whole(row));
    return add_asked(q, &self, 1, err);
}

static gn_status ask_vector(struct question *q, const json_t *list, gn_error *err) {
    size_t d = q->l.s->about.dims;
    if (json_array_size(list) != d)
        return gn_fail(err, GN_EINVAL, "'vector': expected %zu numbers, found %zu", d,
                       json_array_size(list));
    for (size_t c = 0; c < d; c++) {
        const json_t *x = json_array_get(list, c);
        if (!json_is_number(x))
            return gn_fail(err, GN_EINVAL, "'vector': item %zu is no number", c);
        q->row[c] = json_number_value(x);
    }
    gn_scan_place(q->scan, q->row, q->point);
    q->said = json_pack("{s:o}", "dims", gn_json_whole(d));
    return GN_OK;
}

/* A row's number, which must be there: null would not be row 0. */
static gn_status read_row(const struct question *q, const json_t *object, size_t *row,
                          gn_error *err) {
    gn_status st = gn_body_size(object, "row", 0, q->l.s->about.rows - 1, SIZE_MAX, row, err);
    if (st == GN_OK && *row == SIZE_MAX)
        return gn_fail(err, GN_EINVAL, "'row': expected a whole number, found null");
    return st;
}

/* The rows that a term stands for; free *rows. */
static gn_status term_rows(struct question *q, const json_t *term, size_t number, int32_t **rows,
                           size_t *n, gn_error *err) {
    gn_status st = GN_OK;
    gn_source *s = q->l.s;
    const char *text = NULL;
    if (json_object_get(term, "row")) {
        size_t row;
        GN_TRY(read_row(q, term, &row, err));
        GN_TRY(gn_alloc_array(rows, 1, sizeof **rows, "a term", err));
        **rows = (int32_t)row;
        *n = 1;
    } else if (json_object_get(term, "set"))
        st = gn_source_subset(q->l.v, s, term, rows, n, err);
    else {
        GN_TRY(gn_body_text(term, "text", NULL, &text, err));
        st = text ? gn_source_word_rows(s, text, rows, n, err)
                  : gn_fail(err, GN_EINVAL,
                            "expected {\"row\": i}, {\"text\": \"word\"} or {\"set\": \"NAME\"}");
    }
    if (st == GN_OK && *n == 0) st = gn_fail(err, GN_EINVAL, "the set is empty");
done:
    if (st != GN_OK) gn_error_prefix(err, "term %zu", number + 1);
    return st;
}

static gn_status add_term(struct question *q, const json_t *term, size_t number, gn_error *err) {
    gn_status st = GN_OK;
    size_t d = q->l.s->about.dims, n = 0;
    int32_t *rows = NULL;
    double weight = 1;
    GN_TRY(gn_body_real(term, "weight", -1e6, 1e6, 1, &weight, err));
    GN_TRY(term_rows(q, term, number, &rows, &n, err));
    memset(q->term, 0, d * sizeof *q->term);
    for (size_t i = 0; i < n; i++) {
        gn_scan_place_row(q->scan, (size_t)rows[i], q->row);
        for (size_t c = 0; c < d; c++) q->term[c] += q->row[c] / (double)n;
    }
    if (q->metric == GN_COSINE) {
        double length = length_of(q->term, d);
        if (!(length > 0)) {
            st = gn_fail(err, GN_EINVAL, "term %zu is a zero vector in this space", number + 1);
            goto done;
        }
        weight /= length;
    }
    for (size_t c = 0; c < d; c++) q->point[c] += weight * q->term[c];
    json_array_append_new(
        q->said,
        json_pack("{s:o,s:o}", "rows", gn_json_whole(n), "weight",
                  gn_json_real(q->metric == GN_COSINE ? weight * length_of(q->term, d) : weight)));
    st = add_asked(q, rows, n, err);
done:
    gn_free(rows);
    return st;
}

static gn_status ask_terms(struct question *q, const json_t *terms, gn_error *err) {
    gn_status st = GN_OK;
    size_t n = json_array_size(terms);
    if (n < 1 || n > MAX_TERMS)
        return gn_fail(err, GN_EINVAL, "'terms': expected 1 to %d terms, found %zu", MAX_TERMS, n);
    q->said = json_array();
    memset(q->point, 0, q->l.s->about.dims * sizeof *q->point);
    for (size_t i = 0; i < n && st == GN_OK; i++)
        st = add_term(q, json_array_get(terms, i), i, err);
    return st;
}

static gn_status read_question(struct question *q, const json_t *body, gn_error *err) {
    gn_status st = GN_OK;
    gn_source *s = q->l.s;
    json_t *query = NULL;
    int32_t *exclude = NULL;
    size_t row, n = 0, d = s->about.dims;
    GN_TRY(gn_alloc_array(&q->point, d, sizeof(double), "a question", err));
    GN_TRY(gn_alloc_array(&q->term, d, sizeof(double), "a question", err));
    GN_TRY(gn_alloc_array(&q->row, d, sizeof(double), "a question", err));
    GN_TRY(gn_body_object(body, "query", &query, err));
    if (json_object_get(query, "row")) {
        GN_TRY(read_row(q, query, &row, err));
        GN_TRY(ask_row(q, row, err));
    } else if (json_is_array(json_object_get(query, "vector")))
        GN_TRY(ask_vector(q, json_object_get(query, "vector"), err));
    else if (json_is_array(json_object_get(query, "terms")))
        GN_TRY(ask_terms(q, json_object_get(query, "terms"), err));
    else
        GN_TRY(gn_fail(err, GN_EINVAL,
                       "'query': expected {\"row\": i}, {\"vector\": [..]} or {\"terms\": [..]}"));
    const json_t *list = json_object_get(body, "exclude");
    if (list && !json_is_null(list)) {
        GN_TRY(gn_source_subset(q->l.v, s, list, &exclude, &n, err));
        st = add_asked(q, exclude, n, err);
    }
done:
    gn_free(exclude);
    return st;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static gn_status list_rows(gn_source *s, const int32_t *row, const double *distance, size_t n,
                           json_t *to, gn_error *err) {
    gn_status st = GN_OK;
    gn_view_column *tokens = NULL;
    const char *name = gn_source_token_column(s);
    if (name) GN_TRY(gn_source_column(s, name, &tokens, err));
    for (size_t i = 0; i < n; i++) {
        json_t *context = NULL;
        GN_TRY(gn_source_context(s, (size_t)row[i], &context, err));
        json_array_append_new(
            to, json_pack("{s:i,s:o,s:o,s:o}", "row", (int)row[i], "distance",
                          gn_json_real(distance[i]), "token",
                          tokens ? gn_view_column_value(tokens, (size_t)row[i]) : json_null(),
                          "context", context));
    }
done:
    gn_view_column_free(tokens);
    return st;
}

static gn_status find(struct question *q, gn_ctx *ctx, size_t k, json_t *to, size_t *measured,
                      gn_error *err) {
    gn_status st = GN_OK;
    int32_t *row = NULL;
    double *distance = NULL;
    gn_scan_answer found;
    gn_scan_query query = {q->point, k, q->asked, q->n_asked};
    GN_TRY(gn_alloc_array(&row, k, sizeof *row, "neighbours", err));
    GN_TRY(gn_alloc_array(&distance, k, sizeof *distance, "neighbours", err));
    GN_TRY(gn_scan_nearest(ctx, q->scan, &query, row, distance, &found, err));
    *measured = found.n_measured;
    st = list_rows(q->l.s, row, distance, found.n, to, err);
done:
    gn_free(row);
    gn_free(distance);
    return st;
}

static gn_status post_neighbors(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_status st = GN_OK;
    double begun = gn_view_seconds();
    gn_hooks hooks = {.user = v, .cancel = gn_view_is_ending};
    struct question q = {.l = {.v = v}};
    gn_space space;
    size_t k, measured = 0;
    gn_ctx *ctx = NULL;
    gn_cached *scan = NULL;
    json_t *rows = json_array();
    GN_TRY(gn_view_body_source(v, rq->body, "source", &q.l.s, re, err));
    GN_TRY(gn_source_body_layer(q.l.s, rq->body, "layer", &q.l.i, err));
    GN_TRY(gn_metric_body(rq->body, &q.metric, err));
    GN_TRY(gn_space_body(rq->body, &space, err));
    GN_TRY(gn_body_size(rq->body, "k", 1, MAX_K, DEFAULT_K, &k, err));
    GN_TRY(gn_view_context(v, &hooks, &ctx, err));
    GN_TRY(gn_layer_scan(q.l, q.metric, space, ctx, &scan, err));
    q.scan = gn_layer_scan_of(scan);
    GN_TRY(read_question(&q, rq->body, err));
    GN_TRY(find(&q, ctx, k, rows, &measured, err));
    double seconds = gn_view_seconds() - begun;
    json_t *layer = gn_json_whole(gn_source_layer(q.l.s, q.l.i));
    gn_view_note(v, "neighbors",
                 json_pack("{s:o,s:O,s:s,s:o,s:o,s:O}", "source", gn_json_whole(q.l.s->id), "layer",
                           layer, "metric", gn_metric_name(q.metric), "space", gn_space_json(space),
                           "k", gn_json_whole(k), "query", q.said),
                 seconds);
    st = gn_reply_json(re,
                       json_pack("{s:s,s:o,s:o,s:o,s:O,s:o,s:o,s:O}", "metric",
                                 gn_metric_name(q.metric), "space", gn_space_json(space), "layer",
                                 layer, "seconds", gn_json_real(seconds), "query", q.said,
                                 "without_direction", gn_json_whole(gn_scan_undirected(q.scan)),
                                 "measured", gn_json_whole(measured), "rows", rows),
                       err);
done:
    if (st == GN_EDATA) re->status = 400; /* the data cannot answer this question */
    gn_cache_give(v, scan);
    gn_ctx_free(ctx);
    gn_free(q.point);
    gn_free(q.term);
    gn_free(q.row);
    gn_free(q.asked);
    json_decref(q.said);
    json_decref(rows);
    return st;
}

static const gn_route routes[] = {
    {"POST", "/api/neighbors", post_neighbors, GN_BODY_ROWS},
    {0},
};
const gn_view_part gn_part_neighbors = {.routes = routes};
