/* The public call: checks, the three stages, and their memory. */
#include "neighbors/approximate.h"
#include "neighbors/engine.h"

#include "base/mem.h"

#include <math.h>

enum {
    MAX_K = 1024,
    AMX_PARTS =
        2, /* as sharp as float32 for most sets; 1 is faster, but coarse on tight clusters */
};
#define MAX_COLS ((size_t)1 << 18) /* the proof's limit for float64 sums, see filter.c */

const char *gn_metric_name(gn_metric metric) {
    return metric == GN_EUCLIDEAN ? "euclidean" : metric == GN_COSINE ? "cosine" : "unknown";
}

void gn_knn_free(gn_knn *knn) {
    if (!knn) return;
    gn_free(knn->index);
    gn_free(knn->distance);
    gn_free(knn->recall);
    gn_free(knn);
}

gn_status gn_knn_check(gn_mat x, const gn_knn_opts *o, gn_error *err) {
    bool self = !o->queries;
    size_t least = self ? 2 : 1, others = self && x.rows > 0 ? x.rows - 1 : x.rows;
    size_t n_asked = self ? x.rows : o->queries->rows, n = o->row ? o->n_rows : n_asked;
    if (x.dtype > GN_BF16 || (o->queries && o->queries->dtype > GN_BF16))
        return gn_fail(err, GN_EINVAL, "neighbours of a matrix of %s: expected a floating type",
                       gn_dtype_name(x.dtype > GN_BF16 ? x.dtype : o->queries->dtype));
    if (x.rows < least || x.rows > INT32_MAX)
        return gn_fail(err, GN_EINVAL, "neighbours %s %zu rows: expected %zu to %d",
                       self ? "of" : "among", x.rows, least, INT32_MAX);
    if (x.cols == 0 || x.cols >= MAX_COLS)
        return gn_fail(err, GN_EINVAL, "neighbours of rows with %zu columns: expected 1 to %zu",
                       x.cols, MAX_COLS - 1);
    if (o->queries && o->queries->cols != x.cols)
        return gn_fail(err, GN_EINVAL,
                       "queries have %zu columns, the rows among which they ask %zu",
                       o->queries->cols, x.cols);
    if (o->metric != GN_EUCLIDEAN && o->metric != GN_COSINE)
        return gn_fail(err, GN_EINVAL, "unknown metric %d", (int)o->metric);
    size_t most = others < MAX_K ? others : MAX_K;
    if (o->k < 1 || o->k > most)
        return gn_fail(err, GN_EINVAL, "k = %zu neighbours of %zu rows: expected 1 to %zu", o->k,
                       x.rows, most);
    if (n < 1 || n > INT32_MAX)
        return gn_fail(err, GN_EINVAL, "%zu rows ask for neighbours: expected 1 to %d", n,
                       INT32_MAX);
    if ((o->query_group && !o->group) || (o->queries && o->group && !o->query_group))
        return gn_fail(err, GN_EINVAL, "groups of only one of two sets: expected both");
    for (size_t i = 0; o->row && i < n; i++)
        if (o->row[i] < 0 || (size_t)o->row[i] >= n_asked)
            return gn_fail(err, GN_EINVAL, "row %d at place %zu asks: expected 0 to %zu", o->row[i],
                           i, n_asked - 1);
    return GN_OK;
}

gn_status gn_knn_new(size_t n, size_t k, gn_knn **out, gn_error *err) {
    gn_status st = GN_OK;
    gn_knn *knn = gn_calloc(1, sizeof *knn);
    if (!knn) return gn_fail_nomem(err, "neighbours", sizeof *knn);
    knn->n = n;
    knn->k = k;
    GN_TRY(gn_alloc_array(&knn->index, n, k * sizeof(int32_t), "neighbour indices", err));
    GN_TRY(gn_alloc_array(&knn->distance, n, k * sizeof(float), "neighbour distances", err));
    *out = knn;
done:
    if (st != GN_OK) gn_knn_free(knn);
    return st;
}

void gn_engine_scratch_free(gn_engine_scratch *s) {
    gn_free(s->tile);
    gn_free(s->where);
    gn_free(s->value);
    gn_free(s->limit_row);
    gn_free(s->limit_col);
    gn_free(s->select);
    gn_free(s->row);
    gn_free(s->near);
    gn_free(s->members);
}

static gn_status scratch_new(const gn_engine *e, gn_engine_scratch *s, gn_error *err) {
    gn_status st = GN_OK;
    const gn_filter *q = e->query, *b = e->base;
    size_t tile = q->gemm->mr * q->gemm->nr;
    GN_TRY(gn_alloc_array(&s->tile, tile, sizeof(float), "a tile", err));
    GN_TRY(gn_alloc_array(&s->where, tile + 16, sizeof(uint32_t), "a tile's hits", err));
    GN_TRY(gn_alloc_array(&s->value, tile + 16, sizeof(float), "a tile's hits", err));
    GN_TRY(gn_alloc_array(&s->limit_row, q->block, sizeof(float), "limits", err));
    GN_TRY(gn_alloc_array(&s->limit_col, b->block, sizeof(float), "limits", err));
    GN_TRY(gn_alloc_array(&s->select, e->room, sizeof(float), "a selection", err));
    GN_TRY(gn_alloc_array(&s->row, b->rows->x.cols, sizeof(double), "a row", err));
    GN_TRY(gn_alloc_array(&s->near, e->room, sizeof(gn_near), "a list to rank", err));
    if (e->distinct)
        GN_TRY(gn_alloc_array(&s->members, e->k + 1, sizeof(gn_members), "groups", err));
done:
    return st;
}

/* Filter, lists and redo. `queries` is NULL when the rows of `base` ask among themselves. */
static gn_status run(gn_engine *e, const gn_rows *base, const gn_rows *queries,
                     const gn_engine_tuning *t, gn_error *err) {
    gn_status st = GN_OK;
    gn_filter of_base = {0}, of_queries = {0};
    size_t threads = gn_ctx_threads(e->ctx);
    const gn_gemm *gemm = t->gemm ? t->gemm : gn_gemm_for(gn_ctx_cpu(e->ctx), AMX_PARTS);
    GN_TRY(gn_filter_new(e->ctx, base, gemm, t->block_rows,
                         queries ? GN_ANSWERS : GN_ASKS | GN_ANSWERS, &of_base, err));
    if (queries)
        GN_TRY(gn_filter_new(e->ctx, queries, gemm, t->block_rows, GN_ASKS, &of_queries, err));
    e->base = &of_base;
    e->query = queries ? &of_queries : &of_base;
    e->room = t->room > e->k ? t->room : gn_lists_room(e->k);
    GN_TRY(gn_alloc_array(&e->state, e->query->n, sizeof *e->state, "states of rows", err));
    for (size_t i = 0; i < e->query->n; i++) atomic_init(&e->state[i], GN_ROW_OPEN);
    e->scratch = gn_calloc(threads, sizeof *e->scratch);
    if (!e->scratch) GN_TRY(gn_fail_nomem(err, "scratch", threads * sizeof *e->scratch));
    for (size_t w = 0; w < threads; w++) GN_TRY(scratch_new(e, &e->scratch[w], err));
    GN_TRY(gn_engine_run(e, gn_engine_mirrors(e, t->list_bytes), err));
    GN_TRY(gn_engine_redo(e, err));
    e->out->n_candidates_per_row = (double)atomic_load(&e->measured) / (double)e->out->n;
    e->out->n_redone = atomic_load(&e->n_redone);
done:
    for (size_t w = 0; e->scratch && w < threads; w++) gn_engine_scratch_free(&e->scratch[w]);
    gn_free(e->scratch);
    gn_free(e->state);
    gn_free(e->played);
    gn_lists_free(&e->lists);
    gn_filter_free(&of_base);
    gn_filter_free(&of_queries);
    return st;
}

gn_status gn_knn_search_both(gn_ctx *ctx, const gn_search *search, gn_knn **out, gn_knn **all,
                             gn_error *err) {
    gn_status st = GN_OK;
    const gn_knn_opts *o = search->opts;
    const gn_distinct *distinct = search->distinct;
    gn_engine_tuning t = search->tuning ? *search->tuning : (gn_engine_tuning){0};
    gn_mat x = search->x;
    gn_rows base = {.x = x, .n = x.rows, .metric = o->metric}, queries = base;
    gn_engine e = {.ctx = ctx, .distinct = distinct, .k = o->k, .self = !o->queries};
    gn_checkpoint checkpoint;
    bool others = o->queries || o->row; /* not just all rows by themselves */
    e.task = o->task ? o->task : "neighbors";
    e.group = o->group;
    e.query_group = o->query_group ? o->query_group : o->group;
    if (o->checkpoint) {
        gn_checkpoint_start(&checkpoint, o->checkpoint, o->checkpoint_s);
        e.checkpoint = &checkpoint;
    }
    GN_TRY(gn_knn_check(x, o, err));
    if (distinct) {
        base.n = distinct->n;
        base.row = distinct->row;
        if (e.k > base.n - 1) e.k = base.n - 1;
    }
    if (o->queries) queries.x = *o->queries;
    queries.n = o->row ? o->n_rows : queries.x.rows;
    queries.row = o->row;
    GN_TRY(gn_rows_prepare(ctx, &base, others ? &queries : NULL, err));
    if (distinct) GN_TRY(gn_knn_new(x.rows, o->k, &e.all, err));
    if (e.k > 0) {
        GN_TRY(gn_knn_new(others ? queries.n : base.n, e.k, &e.out, err));
        GN_TRY(run(&e, &base, others ? &queries : NULL, &t, err));
    } else { /* all rows are equal */
        gn_filter only = {.rows = &base};
        gn_members own;
        e.base = &only;
        gn_engine_expand(&e, &own, 0, NULL);
    }
    if (e.all && e.out) {
        e.all->n_candidates_per_row = e.out->n_candidates_per_row;
        e.all->n_redone = e.out->n_redone;
    }
    *out = e.out;
    if (all) *all = e.all;
    e.out = e.all = NULL;
done:
    gn_rows_free(&queries);
    gn_rows_free(&base);
    gn_knn_free(e.out);
    gn_knn_free(e.all);
    return st;
}

gn_status gn_knn_search(gn_ctx *ctx, gn_mat x, const gn_knn_opts *opts,
                        const gn_engine_tuning *tuning, gn_knn **out, gn_error *err) {
    gn_search search = {.x = x, .opts = opts, .tuning = tuning};
    return gn_knn_search_both(ctx, &search, out, NULL, err);
}

gn_status gn_knn_compute(gn_ctx *ctx, gn_mat x, const gn_knn_opts *opts, gn_knn **out,
                         gn_error *err) {
    gn_distinct d = {0};
    if (!gn_knn_approximates(x, opts)) return gn_knn_search(ctx, x, opts, NULL, out, err);
    gn_status st = gn_distinct_new(ctx, x, &d, err);
    if (st == GN_OK) st = gn_approximate_search(ctx, x, &d, opts, NULL, out, err);
    gn_distinct_free(&d);
    return st;
}
