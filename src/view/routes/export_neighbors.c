/* The neighbours of all rows of a layer as a download: found first, then written in pieces. */
#include "view/wire/csv_text.h"
#include "view/layers/layers.h"

#include "base/number.h"
#include "io/npy.h"
#include "reps/about.h"

#include <stdio.h>
#include <string.h>

enum { PIECE_ROWS = 1024, MOST_NEIGHBORS = 1000, USUAL_NEIGHBORS = 15 };

struct lists {
    gn_view *v;
    gn_source *s;
    gn_cached *held;
    const gn_knn *knn;
    size_t k, at;
    bool csv;
};

static void release_lists(void *user) {
    struct lists *x = user;
    gn_cache_give(x->v, x->held);
    gn_free(x);
}

static const char *token(const struct lists *x, int32_t row) {
    const char *text = gn_source_token(x->s, (size_t)row);
    return text ? text : "";
}

static void csv_row(const struct lists *x, size_t row, gn_str *to) {
    char buf[GN_NUMBER_ROOM];
    for (size_t j = 0; j < x->k; j++) {
        int32_t other = x->knn->index[row * x->knn->k + j];
        if (other < 0) break;
        double distance = (double)x->knn->distance[row * x->knn->k + j];
        gn_str_addf(to, "%zu,%zu,%d,%s,", row, j + 1, (int)other, gn_number_text(buf, distance));
        gn_csv_add(to, token(x, (int32_t)row));
        gn_str_add(to, ",");
        gn_csv_add(to, token(x, other));
        gn_str_add(to, "\n");
    }
}

static void json_row(const struct lists *x, size_t row, gn_str *to) {
    json_t *rows = json_array(), *distances = json_array();
    for (size_t j = 0; j < x->k; j++) {
        int32_t other = x->knn->index[row * x->knn->k + j];
        if (other < 0) break;
        json_array_append_new(rows, json_integer(other));
        json_array_append_new(distances,
                              gn_json_real((double)x->knn->distance[row * x->knn->k + j]));
    }
    json_t *line = json_pack("{s:o,s:o,s:o}", "row", gn_json_whole(row), "neighbors", rows,
                             "distances", distances);
    to->bad |= line == NULL;
    if (line) gn_about_text(line, JSON_COMPACT | JSON_REAL_PRECISION(9), to);
    gn_str_add(to, "\n");
    json_decref(line);
}

static gn_status next_lists(void *user, unsigned wait_ms, gn_block *out, bool *end, gn_error *err) {
    (void)wait_ms; /* there is always something */
    struct lists *x = user;
    gn_str text = {0};
    if (x->csv && x->at == 0)
        gn_str_add(&text, "row,rank,neighbor,distance,token,neighbor_token\n");
    for (size_t i = 0; i < PIECE_ROWS && x->at < x->knn->n; i++, x->at++)
        (x->csv ? csv_row : json_row)(x, x->at, &text);
    *end = x->at == x->knn->n;
    size_t n = text.n;
    char *bytes;
    gn_status st = gn_str_take(&text, &bytes, err);
    gn_str_free(&text);
    if (st == GN_OK) *out = (gn_block){.bytes = (unsigned char *)bytes, .n = n};
    return st;
}

/* The rows alone as .npy, int32 (n, k), -1 where a row has fewer. */
static gn_status reply_npy(const struct lists *x, gn_reply *re, gn_error *err) {
    unsigned char head[GN_NPY_HEADER_MAX];
    const gn_knn *knn = x->knn;
    const size_t n_head = gn_npy_header_bytes(GN_I32, (size_t[]){knn->n, x->k}, 2, head);
    const size_t row = x->k * sizeof *knn->index, n = n_head + knn->n * row;
    unsigned char *bytes;
    gn_status st = gn_alloc_array(&bytes, n, 1, "neighbors", err);
    if (st != GN_OK) return st;
    memcpy(bytes, head, n_head);
    for (size_t i = 0; i < knn->n; i++)
        memcpy(bytes + n_head + i * row, knn->index + i * knn->k, row);
    gn_reply_download(re, "neighbors.npy");
    return gn_reply_bytes(re, "application/octet-stream", bytes, n);
}

static gn_status export_neighbors(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    const char *source = gn_query_text(rq, "source"), *metric = gn_query_text(rq, "metric");
    const char *format = gn_query_text(rq, "format");
    gn_asker asker = {v, rq};
    gn_ctx *ctx = NULL;
    gn_space space;
    gn_layer l = {.v = v};
    size_t k;
    double started = gn_view_seconds();
    gn_metric m = GN_COSINE;
    gn_status st;
    struct lists *x = gn_calloc(1, sizeof *x);
    if (!x) return gn_fail_nomem(err, "an export", sizeof *x);
    x->v = v;
    GN_TRY(gn_view_source(v, source ? source : "", &l.s, re, err));
    GN_TRY(gn_source_query_layer(l.s, rq, &l.i, err));
    GN_TRY(gn_query_size(rq, "k", 1, MOST_NEIGHBORS, USUAL_NEIGHBORS, &k, err));
    GN_TRY(gn_space_query(rq, &space, err));
    if (metric && strcmp(metric, gn_metric_name(GN_EUCLIDEAN)) == 0) m = GN_EUCLIDEAN;
    bool known = !metric || strcmp(metric, gn_metric_name(m)) == 0;
    x->csv = !format || strcmp(format, "csv") == 0;
    const bool npy = format && strcmp(format, "npy") == 0;
    if (!known || (!x->csv && !npy && strcmp(format, "jsonl") != 0)) {
        st = gn_fail(
            err, GN_EINVAL,
            "expected metric=euclidean or cosine and format=csv, jsonl or npy, found '%.40s' "
            "and '%.40s'",
            metric ? metric : "", format ? format : "");
        goto done;
    }
    GN_TRY(gn_view_answer_context(&asker, &ctx, err));
    GN_TRY(gn_layer_neighbors(l, m, space, k, ctx, &x->held, err));
    x->s = l.s;
    x->knn = ((const gn_neighbors *)gn_cached_value(x->held))->all;
    x->k = k < x->knn->k ? k : x->knn->k;
    gn_view_note(v, "neighbors of all rows",
                 json_pack("{s:o,s:o,s:o,s:s,s:o}", "source", gn_json_whole(l.s->id), "layer",
                           gn_json_whole(gn_source_layer(l.s, l.i)), "k", gn_json_whole(x->k),
                           "metric", gn_metric_name(m), "space", gn_space_json(space)),
                 gn_view_seconds() - started);
    if (npy) {
        st = reply_npy(x, re, err);
        goto done;
    }
    st = gn_reply_stream(re, x->csv ? "text/csv; charset=utf-8" : "application/jsonl",
                         (gn_stream){x, next_lists, release_lists, true});
    gn_reply_download(re, x->csv ? "neighbors.csv" : "neighbors.jsonl");
    x = NULL;
done:
    if (x) release_lists(x);
    gn_ctx_free(ctx);
    return st;
}

static const gn_route routes[] = {
    {"GET", "/api/export/neighbors", export_neighbors, GN_BODY_SMALL},
    {0},
};
const gn_view_part gn_part_export_neighbors = {.routes = routes};
