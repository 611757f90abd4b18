/* The public call: checks, the three stages, and their memory. */
#include "neighbors/engine.h"

#include "base/mem.h"

#include <math.h>

enum {
    MAX_K = 1024,
    AMX_PARTS =
        2, /* as sharp as float32 for most sets; 1 is faster, but coarse on tight clusters */
};
#define MAX_COLS ((size_t)1 << 18) /* the proof's limit for float64 sums, see filter.c */
#define LIST_BYTES ((size_t)256 << 20)

const char *gn_metric_name(gn_metric metric) {
    return metric == GN_EUCLIDEAN ? "euclidean" : metric == GN_COSINE ? "cosine" : "unknown";
}

void gn_knn_free(gn_knn *knn) {
    if (!knn) return;
    gn_free(knn->index);
    gn_free(knn->distance);
    gn_free(knn);
}

static gn_status check(gn_mat x, const gn_knn_opts *o, gn_error *err) {
    if (x.dtype > GN_BF16)
        return gn_fail(err, GN_EINVAL, "neighbours of a matrix of %s: expected a floating type",
                       gn_dtype_name(x.dtype));
    if (x.rows < 2 || x.rows > INT32_MAX)
        return gn_fail(err, GN_EINVAL, "neighbours of %zu rows: expected 2 to %d", x.rows,
                       INT32_MAX);
    if (x.cols == 0 || x.cols >= MAX_COLS)
        return gn_fail(err, GN_EINVAL, "neighbours of rows with %zu columns: expected 1 to %zu",
                       x.cols, MAX_COLS - 1);
    if (o->metric != GN_EUCLIDEAN && o->metric != GN_COSINE)
        return gn_fail(err, GN_EINVAL, "unknown metric %d", (int)o->metric);
    size_t most = x.rows - 1 < MAX_K ? x.rows - 1 : MAX_K;
    if (o->k < 1 || o->k > most)
        return gn_fail(err, GN_EINVAL, "k = %zu neighbours of %zu rows: expected 1 to %zu", o->k,
                       x.rows, most);
    return GN_OK;
}

static gn_status knn_new(size_t n, size_t k, gn_knn **out, gn_error *err) {
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

static void scratch_free(gn_engine_scratch *s) {
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
    const gn_filter *f = e->filter;
    size_t tile = f->gemm->mr * f->gemm->nr;
    GN_TRY(gn_alloc_array(&s->tile, tile, sizeof(float), "a tile", err));
    GN_TRY(gn_alloc_array(&s->where, tile + 16, sizeof(uint32_t), "a tile's hits", err));
    GN_TRY(gn_alloc_array(&s->value, tile + 16, sizeof(float), "a tile's hits", err));
    GN_TRY(gn_alloc_array(&s->limit_row, f->block, sizeof(float), "limits", err));
    GN_TRY(gn_alloc_array(&s->limit_col, f->block, sizeof(float), "limits", err));
    GN_TRY(gn_alloc_array(&s->select, e->room, sizeof(float), "a selection", err));
    GN_TRY(gn_alloc_array(&s->row, e->rows->x.cols, sizeof(double), "a row", err));
    GN_TRY(gn_alloc_array(&s->near, e->room, sizeof(gn_near), "a list to rank", err));
    if (e->distinct)
        GN_TRY(gn_alloc_array(&s->members, e->k + 1, sizeof(gn_members), "groups", err));
done:
    return st;
}

/* Filter, lists and redo, for two rows or more. */
static gn_status run(gn_engine *e, const gn_engine_tuning *t, gn_error *err) {
    gn_status st = GN_OK;
    gn_filter filter = {0};
    size_t threads = gn_ctx_threads(e->ctx);
    const gn_gemm *gemm = t->gemm ? t->gemm : gn_gemm_for(gn_ctx_cpu(e->ctx), AMX_PARTS);
    GN_TRY(gn_filter_new(e->ctx, e->rows, gemm, t->block_rows, &filter, err));
    e->filter = &filter;
    e->room = t->room > e->k ? t->room : gn_lists_room(e->k);
    e->scratch = gn_calloc(threads, sizeof *e->scratch);
    if (!e->scratch) GN_TRY(gn_fail_nomem(err, "scratch", threads * sizeof *e->scratch));
    for (size_t w = 0; w < threads; w++) GN_TRY(scratch_new(e, &e->scratch[w], err));
    GN_TRY(gn_engine_run(e, t->list_bytes ? t->list_bytes : LIST_BYTES, err));
    GN_TRY(gn_engine_redo(e, err));
    e->out->n_candidates_per_row = (double)atomic_load(&e->measured) / (double)e->out->n;
done:
    for (size_t w = 0; e->scratch && w < threads; w++) scratch_free(&e->scratch[w]);
    gn_free(e->scratch);
    gn_lists_free(&e->lists);
    gn_filter_free(&filter);
    return st;
}

gn_status gn_knn_search_both(gn_ctx *ctx, const gn_search *search, gn_knn **out, gn_knn **all,
                             gn_error *err) {
    gn_status st = GN_OK;
    const gn_knn_opts *opts = search->opts;
    const gn_distinct *distinct = search->distinct;
    gn_engine_tuning t = search->tuning ? *search->tuning : (gn_engine_tuning){0};
    gn_rows rows = {0};
    gn_engine e = {.ctx = ctx, .rows = &rows, .distinct = distinct, .k = opts->k};
    e.task = opts->task ? opts->task : "neighbors";
    GN_TRY(check(search->x, opts, err));
    if (distinct && e.k > distinct->n - 1) e.k = distinct->n - 1;
    GN_TRY(gn_rows_new(ctx, search->x, distinct, opts->metric, &rows, err));
    if (distinct) GN_TRY(knn_new(search->x.rows, opts->k, &e.all, err));
    if (rows.n > 1) {
        GN_TRY(knn_new(rows.n, e.k, &e.out, err));
        GN_TRY(run(&e, &t, err));
    } else {
        gn_members own;
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
    gn_rows_free(&rows);
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
    return gn_knn_search(ctx, x, opts, NULL, out, err);
}
