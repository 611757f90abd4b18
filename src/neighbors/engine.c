/* The schedule: which tiles are computed, by whom, in what order.
 *
 * A tile of products serves both its rows and its columns, so half of the pairs of blocks are
 * enough. But then a task that works on the blocks (I, J) adds to the lists of both, and two tasks
 * that run at once must not share a block. The pairs are therefore taken in rounds, as in a
 * round-robin tournament: in each round every block plays one other, so that the tasks of a round
 * touch disjoint lists and need no locks. Rounds and pairs follow from the number of blocks alone;
 * every list sees its candidates in the same order on any number of threads.
 *
 * Mirroring needs the lists of all rows at once. When they would not fit the budget (large k, many
 * rows), each task takes one block against all others and keeps lists for that block only. */
#include "neighbors/engine.h"

#include "base/mem.h"

#include <math.h>

enum { L2_BYTES = 256 << 10 }; /* packed rows that are held in L2 while others stream by */
enum { AHEAD = 2, MOST_PREFETCHED = 4096 };
/* ---- one pair of blocks ------------------------------------------------------------------- */

static void set_limits(const gn_lists *l, size_t block, size_t other, float *limit) {
    const gn_filter *f = l->filter;
    size_t begin = block * f->block;
    for (size_t i = 0; i < f->block; i++)
        limit[i] = begin + i < f->n ? gn_lists_limit(l, begin + i, f->block_length[other],
                                                     f->block_residual[other])
                                    : -INFINITY;
}

/* Adds the hits of one tile. `from_row` tells whether the list belongs to the tile's row, `half`
 * that only the pairs with i < j count, because the tile meets its own mirror image. */
static void add_hits(gn_lists *l, gn_engine_scratch *s, size_t hits, size_t i0, size_t j0,
                     bool from_row, bool half, float *limit, size_t other) {
    const gn_filter *f = l->filter;
    for (size_t h = 0; h < hits; h++) {
        size_t i = i0 + (s->where[h] >> 16), j = j0 + (s->where[h] & 0xffff);
        size_t owner = from_row ? i : j, guest = from_row ? j : i, at = owner % f->block;
        if (i == j || (half && i > j) || guest >= f->n || owner >= f->n || s->value[h] > limit[at])
            continue;
        if (gn_lists_add(l, owner, guest, s->value[h], s->select))
            limit[at] = gn_lists_limit(l, owner, f->block_length[other], f->block_residual[other]);
    }
}

static bool all_given_up(const float *limit, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (limit[i] != -INFINITY) return false;
    return true;
}

/* One tile for the lists of its rows and, mirrored, for those of its columns. */
static void meet_tile(gn_lists *l, gn_engine_scratch *s, size_t I, size_t J, size_t i, size_t j,
                      bool mirror) {
    const gn_filter *f = l->filter;
    const gn_gemm *g = f->gemm;
    const gn_knn_kernels *k = f->rows->kernels;
    size_t row = I * f->block + i, col = J * f->block + j;
    bool half = mirror && I == J;
    if (half && col + g->nr <= row) return; /* below the diagonal: another tile's mirror image */
    g->tile(gn_filter_a(f, row), gn_filter_b(f, col), f->k_padded, s->tile, g->nr);
    size_t hits = k->pick_rows(s->tile, g->nr, g->mr, g->nr, f->norm + col, s->limit_row + i,
                               s->where, s->value);
    add_hits(l, s, hits, row, col, true, half, s->limit_row, J);
    if (!mirror) return;
    hits = k->pick_cols(s->tile, g->nr, g->mr, g->nr, f->norm + row, s->limit_col + j, s->where,
                        s->value);
    add_hits(l, s, hits, row, col, false, half, s->limit_col, I);
}

static void meet(gn_lists *l, gn_engine_scratch *s, size_t I, size_t J, bool mirror) {
    const gn_filter *f = l->filter;
    size_t mr = f->gemm->mr, nr = f->gemm->nr, begin_i = I * f->block, begin_j = J * f->block;
    size_t rows = f->n - begin_i < f->block ? f->n - begin_i : f->block;
    size_t cols = f->n - begin_j < f->block ? f->n - begin_j : f->block;
    set_limits(l, I, J, s->limit_row);
    if (mirror) set_limits(l, J, I, s->limit_col);
    if (all_given_up(s->limit_row, rows) && !(mirror && !all_given_up(s->limit_col, cols))) return;
    size_t part = L2_BYTES / f->a_bytes * mr;
    if (part < 4 * mr) part = rows; /* wide rows: one B panel stays, and the A panels stream by */
    for (size_t first = 0; first < rows; first += part) {
        size_t last = rows - first < part ? rows : first + part;
        for (size_t j = 0; j < cols; j += nr)
            for (size_t i = first; i < last; i += mr) meet_tile(l, s, I, J, i, j, mirror);
    }
}

static void begin(const gn_engine *e) {
    if (e->filter->gemm->begin) e->filter->gemm->begin();
}
static void end(const gn_engine *e) {
    if (e->filter->gemm->end) e->filter->gemm->end();
}

/* ---- from lists to results ---------------------------------------------------------------- */

/* Shell's sort with Ciura's gaps: lists are short, and qsort may allocate. */
void gn_near_sort(gn_near *a, size_t n) {
    static const size_t gaps[] = {1750, 701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++)
        for (size_t i = gaps[g]; i < n; i++) {
            gn_near x = a[i];
            size_t at = i;
            for (; at >= gaps[g] && gn_nearer(x, a[at - gaps[g]]); at -= gaps[g])
                a[at] = a[at - gaps[g]];
            a[at] = x;
        }
}

gn_status gn_engine_store(const gn_engine *e, gn_engine_scratch *s, size_t i, const gn_near *near,
                          gn_error *err) {
    for (size_t p = 0; p < e->k; p++) {
        double distance = gn_rows_public(e->rows, near[p].squared);
        float rounded = (float)distance;
        if (!isfinite(rounded))
            return gn_fail(err, GN_EDATA,
                           "rows %zu and %zu are %g apart, which float32 cannot hold: rescale the "
                           "data",
                           gn_rows_number(e->rows, i),
                           gn_rows_number(e->rows, (size_t)near[p].index), distance);
        e->out->index[i * e->k + p] = near[p].index;
        e->out->distance[i * e->k + p] = rounded;
    }
    if (e->all) gn_engine_expand(e, s->members, i, near);
    return GN_OK;
}

/* Candidates lie anywhere in memory: their rows are asked for a few measurements early. */
static void prefetch(const char *row, size_t bytes) {
    for (size_t at = 0; at < bytes && at < MOST_PREFETCHED; at += 64) __builtin_prefetch(row + at);
}

/* Measures the candidates of row i from the original rows and keeps the k nearest. */
static gn_status rank(gn_engine *e, gn_lists *l, gn_engine_scratch *s, size_t i, gn_error *err) {
    gn_lists_tighten(l, i, s->select);
    size_t r = i - l->first, n = l->count[r];
    if (n == GN_LIST_FULL) {
        e->out->index[i * e->k] = -1;
        return GN_OK;
    }
    const int32_t *index = l->index + r * l->room;
    gn_rows_get(e->rows, i, s->row);
    size_t bytes = e->rows->x.cols * gn_dtype_size(e->rows->x.dtype);
    for (size_t c = 0; c < n; c++) {
        if (c + AHEAD < n) prefetch(gn_rows_address(e->rows, (size_t)index[c + AHEAD]), bytes);
        s->near[c] = (gn_near){gn_rows_distance(e->rows, s->row, (size_t)index[c]), index[c]};
    }
    atomic_fetch_add(&e->measured, n);
    gn_near_sort(s->near, n);
    return gn_engine_store(e, s, i, s->near, err);
}

static gn_status rank_block(gn_engine *e, gn_lists *l, gn_engine_scratch *s, size_t block,
                            gn_error *err) {
    gn_status st = GN_OK;
    size_t first = block * e->filter->block, last = first + e->filter->block;
    if (last > e->filter->n) last = e->filter->n;
    for (size_t i = first; i < last && st == GN_OK; i++) st = rank(e, l, s, i, err);
    return st;
}

/* ---- the two schedules -------------------------------------------------------------------- */

struct round {
    gn_engine *e;
    size_t number, teams; /* teams: blocks, made even by one that does not exist */
};

static gn_status own_block(void *user, size_t task, unsigned worker, gn_error *err) {
    (void)err;
    gn_engine *e = user;
    begin(e);
    meet(&e->lists, &e->scratch[worker], task, task, true);
    end(e);
    return GN_OK;
}

static gn_status play(void *user, size_t task, unsigned worker, gn_error *err) {
    (void)err;
    struct round *r = user;
    gn_engine *e = r->e;
    size_t ring = r->teams - 1;
    size_t I = task == 0 ? ring : (r->number + task) % ring;
    size_t J = task == 0 ? r->number : (r->number + ring - task) % ring;
    if (I >= e->filter->n_blocks || J >= e->filter->n_blocks) return GN_OK;
    begin(e);
    meet(&e->lists, &e->scratch[worker], I, J, true);
    end(e);
    return GN_OK;
}

static gn_status rank_task(void *user, size_t block, unsigned worker, gn_error *err) {
    gn_engine *e = user;
    return rank_block(e, &e->lists, &e->scratch[worker], block, err);
}

static gn_status run_mirrored(gn_engine *e, gn_error *err) {
    gn_status st = GN_OK;
    size_t blocks = e->filter->n_blocks, teams = blocks + blocks % 2;
    double rows = (double)e->filter->n, total = (double)blocks * (double)(blocks + 1) / 2;
    gn_progress p = {.task = e->task, .unit = "rows", .total = rows};
    GN_TRY(gn_lists_new(e->filter, e->k, e->room, e->filter->n, &e->lists, err));
    p.per_block = 0.8 * rows / total;
    GN_TRY(gn_parallel(e->ctx, blocks, own_block, e, &p, err));
    p.before = p.per_block * (double)blocks;
    for (size_t n = 0; blocks > 1 && n + 1 < teams; n++) {
        struct round r = {e, n, teams};
        p.per_block = (0.8 * rows - p.before) / (double)(teams - 1 - n) / (double)(teams / 2);
        GN_TRY(gn_parallel(e->ctx, teams / 2, play, &r, &p, err));
        p.before += p.per_block * (double)(teams / 2);
    }
    p.per_block = 0.1 * rows / (double)blocks;
    GN_TRY(gn_parallel(e->ctx, blocks, rank_task, e, &p, err));
done:
    return st;
}

struct stripes {
    gn_engine *e;
    gn_lists *lists; /* one for each worker */
};

static gn_status stripe(void *user, size_t block, unsigned worker, gn_error *err) {
    gn_status st = GN_OK;
    struct stripes *t = user;
    gn_engine *e = t->e;
    gn_lists *l = &t->lists[worker];
    gn_lists_reset(l, block * e->filter->block);
    begin(e);
    for (size_t j = 0; j < e->filter->n_blocks && st == GN_OK; j++) {
        meet(l, &e->scratch[worker], block, j, false);
        if (worker == 0) st = gn_ctx_poll(e->ctx, err); /* hooks belong to the caller's thread */
    }
    end(e);
    if (st == GN_OK) st = rank_block(e, l, &e->scratch[worker], block, err);
    return st;
}

static gn_status run_striped(gn_engine *e, gn_error *err) {
    gn_status st = GN_OK;
    size_t threads = gn_ctx_threads(e->ctx), blocks = e->filter->n_blocks;
    double rows = (double)e->filter->n;
    gn_progress p = {e->task, "rows", rows, 0, 0.9 * rows / (double)blocks};
    struct stripes t = {e, gn_calloc(threads, sizeof *t.lists)};
    if (!t.lists) return gn_fail_nomem(err, "candidate lists", threads * sizeof *t.lists);
    for (size_t w = 0; w < threads; w++)
        GN_TRY(gn_lists_new(e->filter, e->k, e->room, e->filter->block, &t.lists[w], err));
    GN_TRY(gn_parallel(e->ctx, blocks, stripe, &t, &p, err));
done:
    for (size_t w = 0; w < threads; w++) gn_lists_free(&t.lists[w]);
    gn_free(t.lists);
    return st;
}

gn_status gn_engine_run(gn_engine *e, size_t list_bytes, gn_error *err) {
    size_t entries, bytes;
    bool fits = gn_mul(e->filter->n, e->room, &entries) && gn_mul(entries, 8, &bytes) &&
                bytes <= list_bytes;
    return fits ? run_mirrored(e, err) : run_striped(e, err);
}
