/* Positions on their way to a client: frames while they move, exact ones, trust of each point, and
 * downloads.
 *
 * A frame is uint16 in a box with one scale for all axes: the longest axis spans 0 to 65535, the
 * others lie in its middle. A stream remembers what it has shown and takes the newest there is, so
 * a slow client skips frames and nothing is kept for it. */
#include "view/layouts/layout.h"

#include "base/ctx.h"
#include "base/number.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TRUST_K = 15, WIDER = 3 };

/* ---- blocks -----------------------------------------------------------------------------------
 */

struct box {
    double low[3], size;
};

static struct box box_of(const float *y, size_t n, size_t dim) {
    struct box b = {.size = 0};
    double high[3] = {0};
    for (size_t a = 0; a < dim; a++) {
        b.low[a] = HUGE_VAL;
        high[a] = -HUGE_VAL;
        for (size_t i = 0; i < n; i++) {
            b.low[a] = fmin(b.low[a], (double)y[i * dim + a]);
            high[a] = fmax(high[a], (double)y[i * dim + a]);
        }
        b.size = fmax(b.size, high[a] - b.low[a]);
    }
    if (!(b.size > 0)) b.size = 1; /* one place */
    for (size_t a = 0; a < dim; a++) b.low[a] = (b.low[a] + high[a] - b.size) / 2;
    return b;
}

/* The header of positions; the lock is held. */
static json_t *describe(const gn_vlayout *l, size_t i, bool last) {
    const gn_vlayout_layer *y = &l->layer[i];
    json_t *meta =
        json_pack("{s:o,s:o,s:o,s:o,s:b}", "layer", gn_json_whole(gn_source_layer(l->s, y->stored)),
                  "epoch", gn_json_whole(l->epoch), "epochs", gn_json_whole(l->epochs), "loss",
                  gn_json_real(l->loss), "last", (int)last);
    if (meta && y->has_explained) {
        json_t *list = json_array();
        for (size_t a = 0; a < l->dim; a++)
            json_array_append_new(list, gn_json_real(y->explained[a]));
        json_object_set_new(meta, "explained", list);
    }
    return meta;
}

/* A block of n rows' positions (n, dim), as uint16 in a box or as they are. Takes meta. */
static gn_status make_block(const float *y, size_t n, size_t dim, bool exact, json_t *meta,
                            gn_block *out, gn_error *err) {
    const gn_block_array a = {.name = "positions",
                              .dtype = exact ? GN_F32 : GN_U16,
                              .n_dims = 2,
                              .shape = {n, dim},
                              .data = exact ? y : NULL};
    struct box b = {.size = 1};
    if (!exact) {
        json_t *list = json_array();
        b = box_of(y, n, dim);
        for (size_t x = 0; x < dim; x++)
            json_array_append_new(list, json_pack("[f,f]", b.low[x], b.low[x] + b.size));
        json_object_set_new(meta, "box", list);
    }
    gn_status st = gn_block_new(&a, 1, meta, out, err);
    json_decref(meta);
    if (st != GN_OK || exact) return st;
    uint16_t *to = out->data[0];
    for (size_t i = 0; i < n; i++)
        for (size_t x = 0; x < dim; x++)
            to[i * dim + x] =
                (uint16_t)lrint(((double)y[i * dim + x] - b.low[x]) / b.size * 65535.0);
    return GN_OK;
}

/* A copy of layer i's positions and their header, taken under the lock, which is held. */
static gn_status copy_frame(gn_vlayout *l, size_t i, bool last, float **y, json_t **meta,
                            gn_error *err) {
    gn_status st = gn_alloc_array(y, l->n * l->dim, sizeof **y, "positions", err);
    if (st != GN_OK) return st;
    memcpy(*y, l->layer[i].positions, l->n * l->dim * sizeof **y);
    if (!(*meta = describe(l, i, last))) st = gn_fail_nomem(err, "a frame", 1);
    return st;
}

/* ---- the stream -------------------------------------------------------------------------------
 */

struct watching {
    gn_vlayout *l;
    size_t at;     /* of all layers: the next to send */
    uint64_t seen; /* of one layer: the frame sent last */
    bool said_last;
};

static void stop_watching(void *user) {
    struct watching *w = user;
    gn_vlayout_give(w->l);
    gn_free(w);
}

static bool ended(const gn_vlayout *l) {
    return l->state >= GN_LAYOUT_DONE;
}

/* Whether there is something to send; the lock is held. A layer of several is sent when it is made,
 * or when all has ended. */
static bool has_news(const struct watching *w) {
    const gn_vlayout *l = w->l;
    if (ended(l) || l->deleted) return true;
    if (l->n_layers == 1) return l->layer[0].frame > w->seen;
    return w->at < l->n_layers && l->layer[w->at].made && w->at + 1 < l->n_layers;
}

static gn_status next_frame(void *user, unsigned wait_ms, gn_block *out, bool *end, gn_error *err) {
    struct watching *w = user;
    gn_vlayout *l = w->l;
    struct timespec until;
    float *y = NULL;
    json_t *meta = NULL;
    gn_status st = GN_OK;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&l->lock);
    while (!has_news(w))
        if (pthread_cond_timedwait(&l->changed, &l->lock, &until) != 0) break;
    const bool over = ended(l) || l->deleted;
    if (l->state == GN_LAYOUT_FAILED) {
        st = gn_fail(err, l->error.code, "%s", l->error.message);
    } else if (has_news(w)) {
        const size_t i = w->at;
        const bool last = over && i + 1 == l->n_layers;
        if (i < l->n_layers && l->layer[i].frame > 0 && !(l->deleted && !ended(l)))
            st = copy_frame(l, i, last, &y, &meta, err);
        w->seen = l->layer[i < l->n_layers ? i : 0].frame;
        if (l->n_layers > 1) w->at++;
        *end = over && (last || w->at >= l->n_layers || !y);
    }
    pthread_mutex_unlock(&l->lock);
    if (st == GN_OK && y) {
        st = make_block(y, l->n, l->dim, false, meta, out, err);
        meta = NULL;
    }
    json_decref(meta);
    gn_free(y);
    return st;
}

gn_status gn_vlayout_stream(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    struct watching *w = gn_calloc(1, sizeof *w);
    if (!w) return gn_fail_nomem(err, "a stream", sizeof *w);
    gn_status st = gn_vlayout_find(v, rq->part[0], &w->l, re, err);
    if (st != GN_OK) {
        gn_free(w);
        return st;
    }
    return gn_reply_stream(re, "application/octet-stream",
                           (gn_stream){.user = w, .next = next_frame, .release = stop_watching});
}

/* ---- exact positions --------------------------------------------------------------------------
 */

/* Positions of all rows of the source, NaN for those that are not in the layout. */
static gn_status all_positions(gn_vlayout *l, size_t i, float **out, json_t **meta, gn_reply *re,
                               gn_error *err) {
    float *y = NULL, *all = NULL;
    gn_status st = GN_OK;
    const size_t rows = l->s->about.rows, dim = l->dim;
    pthread_mutex_lock(&l->lock);
    if (l->layer[i].frame == 0)
        st = gn_conflict(re, err, "layout %zu has no positions of layer %zu yet", l->id,
                         gn_source_layer(l->s, l->layer[i].stored));
    else
        st = copy_frame(l, i, ended(l), &y, meta, err);
    pthread_mutex_unlock(&l->lock);
    if (st != GN_OK) goto done;
    if (!l->row) {
        *out = y;
        return GN_OK;
    }
    GN_TRY(gn_alloc_array(&all, rows * dim, sizeof *all, "positions", err));
    for (size_t j = 0; j < rows * dim; j++) all[j] = NAN;
    for (size_t r = 0; r < l->n; r++)
        memcpy(all + (size_t)l->row[r] * dim, y + r * dim, dim * sizeof *y);
    *out = all;
done:
    gn_free(y);
    if (st != GN_OK) {
        json_decref(*meta);
        *meta = NULL;
    }
    return st;
}

gn_status gn_vlayout_positions(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_vlayout *l;
    size_t i;
    float *y = NULL;
    json_t *meta = NULL;
    gn_block block = {0};
    const char *type = gn_query_text(rq, "dtype");
    const bool exact = !type || strcmp(type, "f4") == 0;
    gn_status st = gn_vlayout_find(v, rq->part[0], &l, re, err);
    if (st != GN_OK) return st;
    if (!exact && strcmp(type, "u2") != 0) {
        st = gn_fail(err, GN_EINVAL, "'dtype': expected f4 or u2, found '%.80s'", type);
        goto done;
    }
    GN_TRY(gn_vlayout_query_layer(l, rq, &i, re, err));
    if (!exact) {
        pthread_mutex_lock(&l->lock);
        st = l->layer[i].frame == 0
                 ? gn_conflict(re, err, "layout %zu has no positions of this layer yet", l->id)
                 : copy_frame(l, i, ended(l), &y, &meta, err);
        pthread_mutex_unlock(&l->lock);
        if (st != GN_OK) goto done;
    } else {
        GN_TRY(all_positions(l, i, &y, &meta, re, err));
    }
    st = make_block(y, exact ? l->s->about.rows : l->n, l->dim, exact, meta, &block, err);
    meta = NULL;
    if (st == GN_OK) st = gn_reply_block(re, &block);
done:
    json_decref(meta);
    gn_free(y);
    gn_vlayout_give(l);
    return st;
}

/* ---- trust of each point ----------------------------------------------------------------------
 */

/* Share of the first k of list a that are not among the first m of b. */
static float missing(const int32_t *a, size_t k, const int32_t *b, size_t m) {
    size_t n = 0;
    for (size_t i = 0; i < k; i++) {
        bool found = false;
        for (size_t j = 0; j < m && !found; j++) found = a[i] == b[j];
        n += !found;
    }
    return (float)n / (float)k;
}

static gn_status trust_block(gn_vlayout *l, const gn_knn *space, const gn_knn *map, size_t k,
                             gn_block *out, gn_error *err) {
    static const char *const name[] = {"kept", "lost", "false"};
    const size_t rows = l->s->about.rows, wide = map->k < WIDER * k ? map->k : WIDER * k;
    gn_block_array array[3];
    double sum[3] = {0};
    for (size_t a = 0; a < 3; a++)
        array[a] = (gn_block_array){
            .name = name[a], .dtype = GN_F32, .n_dims = 1, .shape = {rows}, .data = NULL};
    json_t *meta = NULL;
    float *share = NULL;
    gn_status st = gn_alloc_array(&share, 3 * rows, sizeof *share, "trust", err);
    if (st != GN_OK) return st;
    for (size_t j = 0; j < 3 * rows; j++) share[j] = NAN;
    for (size_t i = 0; i < l->n; i++) {
        const int32_t *a = space->index + i * space->k, *b = map->index + i * map->k;
        const size_t row = l->row ? (size_t)l->row[i] : i;
        share[row] = 1 - missing(a, k, b, k);
        share[rows + row] = missing(a, k, b, wide);
        share[2 * rows + row] = missing(b, k, a, wide < space->k ? wide : space->k);
        for (size_t s = 0; s < 3; s++) sum[s] += (double)share[s * rows + row] / (double)l->n;
    }
    for (size_t a = 0; a < 3; a++) array[a].data = share + a * rows;
    meta = json_pack("{s:o,s:o,s:f,s:f,s:f}", "k", gn_json_whole(k), "wide", gn_json_whole(wide),
                     "kept", sum[0], "lost", sum[1], "false", sum[2]);
    st = gn_block_new(array, 3, meta, out, err);
    json_decref(meta);
    gn_free(share);
    return st;
}

gn_status gn_vlayout_trust(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_vlayout *l;
    size_t i, k;
    float *y = NULL;
    json_t *meta = NULL;
    gn_ctx *ctx = NULL;
    gn_vlayout_rows rows = {0};
    gn_knn *on_map = NULL;
    gn_block block = {0};
    const gn_hooks hooks = {.user = v, .cancel = gn_view_is_ending};
    gn_status st = gn_vlayout_find(v, rq->part[0], &l, re, err);
    if (st != GN_OK) return st;
    GN_TRY(gn_vlayout_query_layer(l, rq, &i, re, err));
    GN_TRY(gn_query_size(rq, "k", 1, 300, TRUST_K, &k, err));
    pthread_mutex_lock(&l->lock);
    st = l->layer[i].made ? copy_frame(l, i, true, &y, &meta, err)
                          : gn_conflict(re, err, "layout %zu still moves", l->id);
    pthread_mutex_unlock(&l->lock);
    if (st != GN_OK) goto done;
    if (l->n < 3) {
        st = gn_fail(err, GN_EINVAL, "%zu rows: neighbours can be kept or lost from 3 on", l->n);
        goto done;
    }
    if (k > (l->n - 1) / 2) k = (l->n - 1) / 2;
    const size_t wide = WIDER * k < l->n - 1 ? WIDER * k : l->n - 1;
    GN_TRY(gn_view_context(v, &hooks, &ctx, err));
    GN_TRY(gn_vlayout_rows_open(l, i, false, ctx, &rows, err));
    GN_TRY(gn_vlayout_rows_knn(l, i, wide, ctx, &rows, err));
    GN_TRY(
        gn_knn_compute(ctx, gn_mat_f32(y, l->n, l->dim), &(gn_knn_opts){.k = wide}, &on_map, err));
    GN_TRY(trust_block(l, rows.knn, on_map, k, &block, err));
    st = gn_reply_block(re, &block);
done:
    gn_knn_free(on_map);
    gn_vlayout_rows_close(l, &rows);
    gn_ctx_free(ctx);
    json_decref(meta);
    gn_free(y);
    gn_vlayout_give(l);
    return st;
}

/* ---- downloads --------------------------------------------------------------------------------
 */

static void add_line(gn_str *s, bool jsonl, size_t row, const float *at, size_t dim) {
    static const char *const axis[] = {"x", "y", "z"};
    char number[GN_NUMBER_ROOM];
    gn_str_addf(s, jsonl ? "{\"row\": %zu" : "%zu", row);
    for (size_t a = 0; a < dim; a++) {
        gn_str_addf(s, jsonl ? ", \"%s\": " : ",", axis[a]);
        gn_str_add(s, gn_number_text(number, (double)at[a]));
    }
    gn_str_add(s, jsonl ? "}\n" : "\n");
}

/* .npy version 1.0 of float32 (rows, dim). */
static gn_status add_npy(gn_str *s, const float *y, size_t rows, size_t dim, gn_error *err) {
    char head[128];
    int n = snprintf(head, sizeof head,
                     "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", rows, dim);
    const size_t length = 118; /* 10 + 118 = 128 */
    gn_str_add_bytes(s, "\x93NUMPY\x01\x00", 8);
    gn_str_add_bytes(s, (const char[]){(char)length, 0}, 2);
    gn_str_add(s, head);
    for (; (size_t)n + 1 < length; n++) gn_str_add(s, " ");
    gn_str_add(s, "\n");
    gn_str_add_bytes(s, (const char *)y, rows * dim * sizeof *y);
    return s->bad ? gn_fail_nomem(err, "a download", rows * dim * sizeof *y) : GN_OK;
}

gn_status gn_vlayout_export(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    static const char *const types[] = {"application/octet-stream", "text/csv; charset=utf-8",
                                        "application/jsonl"};
    static const char *const names[] = {"npy", "csv", "jsonl"};
    const char *id = gn_query_text(rq, "layout"), *format = gn_query_text(rq, "format");
    gn_vlayout *l;
    size_t i, kind = 0;
    float *y = NULL;
    json_t *meta = NULL;
    gn_str s = {0};
    char *text = NULL, name[160];
    if (!id) return gn_fail(err, GN_EINVAL, "'layout': expected the number of a layout");
    gn_status st = gn_vlayout_find(v, id, &l, re, err);
    if (st != GN_OK) return st;
    while (kind < 3 && format && strcmp(format, names[kind]) != 0) kind++;
    if (kind == 3) {
        st = gn_fail(err, GN_EINVAL, "'format': expected npy, csv or jsonl, found '%.80s'", format);
        goto done;
    }
    GN_TRY(gn_vlayout_query_layer(l, rq, &i, re, err));
    GN_TRY(all_positions(l, i, &y, &meta, re, err));
    const size_t rows = l->s->about.rows;
    if (kind == 0) GN_TRY(add_npy(&s, y, rows, l->dim, err));
    if (kind == 1) gn_str_add(&s, l->dim == 2 ? "row,x,y\n" : "row,x,y,z\n");
    for (size_t r = 0; kind > 0 && r < rows; r++)
        if (isfinite(y[r * l->dim])) add_line(&s, kind == 2, r, y + r * l->dim, l->dim);
    const size_t n = s.n;
    GN_TRY(gn_str_take(&s, &text, err));
    snprintf(name, sizeof name, "%.80s-%s-layer%zu.%s", l->s->about.name,
             gn_vlayout_methods[l->method], gn_source_layer(l->s, l->layer[i].stored), names[kind]);
    gn_reply_download(re, name);
    st = gn_reply_bytes(re, types[kind], text, n);
done:
    gn_str_free(&s);
    json_decref(meta);
    gn_free(y);
    gn_vlayout_give(l);
    return st;
}
