/* The second way, for rows whose candidate list was given up: tight clusters, many duplicates, sets
 * whose far points leave float32 nothing to tell the near ones apart.
 *
 * The row keeps its k nearest so far, with float64 distances, in a heap. All columns stream by once
 * more; whatever the filter cannot exclude against the heap's worst is measured at once. That needs
 * no list, so nothing can overflow, and the bound is as sharp as it can be. In the worst case (the
 * filter excludes nothing) it is the plain float64 double loop.
 *
 * Columns come in ascending order, so a row with k neighbours at distance zero is finished: later
 * ones could only tie, with a larger index. That makes large groups of duplicates cheap. */
#include "neighbors/engine.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>

struct group {
    float *narrow;  /* (mr, cols) packed form */
    double *wide;   /* (mr, cols) */
    char *panel;    /* one A panel */
    float *limit;   /* (mr) */
    gn_near *heap;  /* (mr, k) */
    size_t *filled; /* (mr) */
};

struct redo {
    gn_engine *e;
    size_t *row; /* the rows to redo, ascending */
    size_t n;
    struct group *group; /* one for each worker */
};

void gn_near_sift(gn_near *a, size_t n) {
    gn_near x = a[0];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < n) {
        if (child + 1 < n && gn_nearer(a[child], a[child + 1])) child++;
        if (!gn_nearer(x, a[child])) break;
        a[at] = a[child];
        at = child;
    }
    a[at] = x;
}

static float limit_of(const gn_engine *e, const struct group *g, size_t q, size_t row,
                      size_t block) {
    const gn_filter *b = e->base;
    if (g->filled[q] < e->k) return INFINITY;
    double worst = g->heap[q * e->k].squared;
    if (worst == 0) return -INFINITY;
    if (b->rows->metric == GN_COSINE) worst = fmax(worst, 2 * GN_COSINE_NOISE);
    return gn_filter_limit(e->query, row, worst * (1 + 0x1p-39), b->block_length[block],
                           b->block_residual[block]);
}

/* @return true when the heap has changed. */
static bool offer(gn_engine *e, struct group *g, size_t q, size_t j) {
    gn_near *heap = g->heap + q * e->k;
    const gn_rows *base = e->base->rows;
    gn_near x = {gn_rows_distance(base, g->wide + q * base->x.cols, j), (int32_t)j};
    atomic_fetch_add(&e->measured, 1);
    if (g->filled[q] < e->k) {
        size_t n = g->filled[q]++; /* sift up */
        while (n > 0 && gn_nearer(heap[(n - 1) / 2], x)) {
            heap[n] = heap[(n - 1) / 2];
            n = (n - 1) / 2;
        }
        heap[n] = x;
        return g->filled[q] == e->k;
    }
    if (!gn_nearer(x, heap[0])) return false;
    heap[0] = x;
    gn_near_sift(heap, e->k);
    return true;
}

/* All columns of a block against the group's rows. @return false when every row is finished. */
static bool pass_block(gn_engine *e, struct group *g, gn_engine_scratch *s, const size_t *row,
                       size_t m, size_t block) {
    const gn_filter *f = e->base;
    const gn_gemm *gemm = f->gemm;
    size_t begin = block * f->block;
    size_t cols = f->n - begin < f->block ? f->n - begin : f->block;
    bool any = false;
    for (size_t q = 0; q < gemm->mr; q++) {
        g->limit[q] = q < m ? limit_of(e, g, q, row[q], block) : -INFINITY;
        any |= g->limit[q] != -INFINITY;
    }
    for (size_t j = 0; j < cols && any; j += gemm->nr) {
        gemm->tile(g->panel, gn_filter_b(f, begin + j), f->k_padded, s->tile, gemm->nr);
        size_t hits =
            f->rows->kernels->pick_rows(s->tile, gemm->nr, gemm->mr, gemm->nr, f->norm + begin + j,
                                        g->limit, s->where, s->value);
        for (size_t h = 0; h < hits; h++) {
            size_t q = s->where[h] >> 16, guest = begin + j + (s->where[h] & 0xffff);
            if (q >= m || guest >= f->n || s->value[h] > g->limit[q] ||
                gn_engine_excludes(e, row[q], guest))
                continue;
            if (offer(e, g, q, guest)) g->limit[q] = limit_of(e, g, q, row[q], block);
        }
    }
    return any;
}

static gn_status redo_group(void *user, size_t task, unsigned worker, gn_error *err) {
    gn_status st = GN_OK;
    struct redo *r = user;
    gn_engine *e = r->e;
    struct group *g = &r->group[worker];
    const gn_filter *own = e->query;
    const gn_gemm *gemm = own->gemm;
    size_t d = own->rows->x.cols, first = task * gemm->mr;
    size_t m = r->n - first < gemm->mr ? r->n - first : gemm->mr;
    const size_t *row = r->row + first;
    for (size_t q = 0; q < m; q++) {
        gn_filter_row(own, row[q], g->wide, g->narrow + q * d);
        g->filled[q] = 0;
    }
    for (size_t q = 0; q < m; q++) gn_rows_get(own->rows, row[q], g->wide + q * d);
    gemm->pack_a(g->narrow, d, m, d, g->panel);
    if (gemm->begin) gemm->begin();
    bool more = true;
    for (size_t b = 0; b < e->base->n_blocks && more && st == GN_OK; b++) {
        more = pass_block(e, g, &e->scratch[worker], row, m, b);
        if (worker == 0) { /* hooks and files belong to the caller's thread */
            st = gn_ctx_poll(e->ctx, err);
            if (gn_checkpoint_due(e->checkpoint)) gn_checkpoint_save(e, GN_STAGE_ROWS);
        }
    }
    if (gemm->end) gemm->end();
    for (size_t q = 0; q < m && st == GN_OK; q++) {
        gn_near_sort(g->heap + q * e->k, g->filled[q]);
        st = gn_engine_store(e, &e->scratch[worker], row[q], g->heap + q * e->k, g->filled[q], err);
    }
    return st;
}

static void group_free(struct group *g) {
    gn_free(g->narrow);
    gn_free(g->wide);
    gn_free(g->panel);
    gn_free(g->limit);
    gn_free(g->heap);
    gn_free(g->filled);
}

static gn_status group_new(const gn_engine *e, struct group *g, gn_error *err) {
    gn_status st = GN_OK;
    size_t mr = e->query->gemm->mr, d = e->query->rows->x.cols;
    GN_TRY(gn_alloc_array(&g->narrow, mr, d * sizeof(float), "rows to redo", err));
    GN_TRY(gn_alloc_array(&g->wide, mr, d * sizeof(double), "rows to redo", err));
    GN_TRY(gn_alloc_array(&g->panel, 1, e->query->a_bytes, "a panel", err));
    GN_TRY(gn_alloc_array(&g->limit, mr, sizeof(float), "limits", err));
    GN_TRY(gn_alloc_array(&g->heap, mr, e->k * sizeof(gn_near), "heaps", err));
    GN_TRY(gn_alloc_array(&g->filled, mr, sizeof(size_t), "heaps", err));
done:
    return st;
}

gn_status gn_engine_redo(gn_engine *e, gn_error *err) {
    gn_status st = GN_OK;
    size_t n = e->query->n, threads = gn_ctx_threads(e->ctx), mr = e->query->gemm->mr, at = 0;
    struct redo r = {.e = e};
    char task[128];
    for (size_t i = 0; i < n; i++) r.n += atomic_load(&e->state[i]) == GN_ROW_REDO;
    if (r.n == 0) return GN_OK;
    size_t tasks = (r.n + mr - 1) / mr;
    snprintf(task, sizeof task, "%.100s, second pass", e->task);
    double n_rows = (double)r.n;
    gn_progress p = {task, "rows", n_rows, 0, GN_ALMOST * n_rows / (double)tasks};
    GN_TRY(gn_alloc_array(&r.row, r.n, sizeof(size_t), "rows to redo", err));
    for (size_t i = 0; i < n; i++)
        if (atomic_load(&e->state[i]) == GN_ROW_REDO) r.row[at++] = i;
    r.group = gn_calloc(threads, sizeof *r.group);
    if (!r.group) GN_TRY(gn_fail_nomem(err, "rows to redo", threads * sizeof *r.group));
    for (size_t w = 0; w < threads; w++) GN_TRY(group_new(e, &r.group[w], err));
    GN_TRY(gn_parallel(e->ctx, tasks, redo_group, &r, &p, err));
    gn_ctx_progress(e->ctx, task, n_rows, n_rows, "rows");
done:
    if (st == GN_ECANCEL) gn_checkpoint_cancelled(e, GN_STAGE_ROWS);
    for (size_t w = 0; r.group && w < threads; w++) group_free(&r.group[w]);
    gn_free(r.group);
    gn_free(r.row);
    return st;
}
