/* The schedule: which tiles are computed, by whom, in what order.
 *
 * A tile of products serves both its rows and its columns, so half of the pairs of blocks are
 * enough. But then a task that works on the blocks (I, J) adds to the lists of both, and two tasks
 * that run at once must not share a block. The pairs are therefore taken in rounds, as in a
 * round-robin tournament: in each round every block plays one other, so that the tasks of a round
 * touch disjoint lists and need no locks. Rounds and pairs follow from the number of blocks alone;
 * every list sees its candidates in the same order on any number of threads.
 *
 * Mirroring needs the lists of all rows at once, and rows that ask and answer alike. When the lists
 * would not fit the budget (large k, many rows), or other rows ask, each task takes one block of
 * those who ask against all who answer and keeps lists for that block only.
 *
 * A long search is kept between rounds, or while stripes run, so that it can go on (checkpoint.c).
 * A task is done or not begun when a search is cancelled: a block never meets another twice, which
 * would put a candidate into a list twice and spoil the count of k that bounds it. */
#include "neighbors/engine.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { L2_BYTES = 256 << 10 }; /* packed rows that are held in L2 while others stream by */
enum { RANK_COST = 32 };       /* measuring a candidate costs about as much as so many products */
#define LIST_BYTES ((size_t)256 << 20)

/* ---- one pair of blocks ------------------------------------------------------------------- */

/* Limits of the lists of block `block` of `own` against block `other` of the other side. */
static void set_limits(const gn_lists *l, const gn_filter *own, size_t block,
                       const gn_filter *theirs, size_t other, float *limit) {
    size_t begin = block * own->block;
    for (size_t i = 0; i < own->block; i++)
        limit[i] = begin + i < own->n ? gn_lists_limit(l, begin + i, theirs->block_length[other],
                                                       theirs->block_residual[other])
                                      : -INFINITY;
}

/* Where hits of one tile go. */
struct tile {
    size_t row, col; /* of its first element */
    bool half;       /* only pairs with row < column count: the tile meets its own mirror image */
    bool from_row;   /* the list belongs to the tile's row */
    size_t other;    /* block that the guests are from */
    float *limit;    /* of the owners' block */
};

static void add_hits(const gn_engine *e, gn_lists *l, gn_engine_scratch *s, size_t hits,
                     struct tile t) {
    const gn_filter *own = t.from_row ? e->query : e->base;
    const gn_filter *theirs = t.from_row ? e->base : e->query;
    for (size_t h = 0; h < hits; h++) {
        size_t i = t.row + (s->where[h] >> 16), j = t.col + (s->where[h] & 0xffff);
        size_t owner = t.from_row ? i : j, guest = t.from_row ? j : i, at = owner % own->block;
        if ((t.half && i > j) || guest >= theirs->n || owner >= own->n ||
            s->value[h] > t.limit[at] || gn_engine_excludes(e, owner, guest))
            continue;
        if (gn_lists_add(l, owner, guest, s->value[h], s->select))
            t.limit[at] = gn_lists_limit(l, owner, theirs->block_length[t.other],
                                         theirs->block_residual[t.other]);
    }
}

static bool all_given_up(const float *limit, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (limit[i] != -INFINITY) return false;
    return true;
}

/* One tile for the lists of its rows and, mirrored, for those of its columns. */
static void meet_tile(const gn_engine *e, gn_lists *l, gn_engine_scratch *s, size_t I, size_t J,
                      size_t i, size_t j, bool mirror) {
    const gn_filter *q = e->query, *b = e->base;
    const gn_gemm *g = q->gemm;
    const gn_knn_kernels *k = q->rows->kernels;
    struct tile t = {
        .row = I * q->block + i, .col = J * b->block + j, .from_row = true, .other = J};
    t.half = mirror && I == J;
    t.limit = s->limit_row;
    if (t.half && t.col + g->nr <= t.row) return; /* below the diagonal: another's mirror image */
    g->tile(gn_filter_a(q, t.row), gn_filter_b(b, t.col), q->k_padded, s->tile, g->nr);
    size_t hits = k->pick_rows(s->tile, g->nr, g->mr, g->nr, b->norm + t.col, s->limit_row + i,
                               s->where, s->value);
    add_hits(e, l, s, hits, t);
    if (!mirror) return;
    hits = k->pick_cols(s->tile, g->nr, g->mr, g->nr, q->norm + t.row, s->limit_col + j, s->where,
                        s->value);
    t.from_row = false;
    t.other = I;
    t.limit = s->limit_col;
    add_hits(e, l, s, hits, t);
}

static size_t rows_in(const gn_filter *f, size_t block) {
    size_t begin = block * f->block;
    return f->n - begin < f->block ? f->n - begin : f->block;
}

/* Block I of those who ask and block J of those who answer. */
static void meet(const gn_engine *e, gn_lists *l, gn_engine_scratch *s, size_t I, size_t J,
                 bool mirror) {
    const gn_filter *q = e->query, *b = e->base;
    size_t mr = q->gemm->mr, nr = q->gemm->nr, rows = rows_in(q, I), cols = rows_in(b, J);
    set_limits(l, q, I, b, J, s->limit_row);
    if (mirror) set_limits(l, b, J, q, I, s->limit_col);
    if (all_given_up(s->limit_row, rows) && !(mirror && !all_given_up(s->limit_col, cols))) return;
    size_t part = L2_BYTES / q->a_bytes * mr;
    if (part < 4 * mr) part = rows; /* wide rows: one B panel stays, and the A panels stream by */
    for (size_t first = 0; first < rows; first += part) {
        size_t last = rows - first < part ? rows : first + part;
        for (size_t j = 0; j < cols; j += nr)
            for (size_t i = first; i < last; i += mr) meet_tile(e, l, s, I, J, i, j, mirror);
    }
}

static void begin(const gn_engine *e) {
    if (e->query->gemm->begin) e->query->gemm->begin();
}
static void end(const gn_engine *e) {
    if (e->query->gemm->end) e->query->gemm->end();
}

/* ---- the two schedules -------------------------------------------------------------------- */

/* Round 0: each block by itself. Round n > 0: the tournament's n-th. */
struct round {
    gn_engine *e;
    size_t teams; /* blocks, made even by one that does not exist */
};

static size_t tasks_of(const struct round *r) {
    return r->e->round == 0 ? r->e->query->n_blocks : r->teams / 2;
}

static gn_status play(void *user, size_t task, unsigned worker, gn_error *err) {
    (void)err;
    const struct round *r = user;
    gn_engine *e = r->e;
    size_t ring = r->teams - 1, number = e->round - 1, I = task, J = task;
    if (e->played[task]) return GN_OK;
    if (e->round > 0) {
        I = task == 0 ? ring : (number + task) % ring;
        J = task == 0 ? number : (number + ring - task) % ring;
    }
    if (I < e->query->n_blocks && J < e->query->n_blocks) {
        begin(e);
        meet(e, &e->lists, &e->scratch[worker], I, J, true);
        end(e);
    }
    e->played[task] = 1;
    return GN_OK;
}

static gn_status rank_task(void *user, size_t block, unsigned worker, gn_error *err) {
    gn_engine *e = user;
    return gn_engine_rank(e, &e->lists, &e->scratch[worker], block, err);
}

/* The share of the work that filtering is; the rest is measuring the candidates. */
static double filter_share(const gn_engine *e) {
    double products = (double)e->base->n / 2;
    return GN_ALMOST * products / (products + (double)RANK_COST * (double)e->k);
}

static gn_status play_rounds(gn_engine *e, gn_progress *p, double share, gn_error *err) {
    gn_status st = GN_OK;
    size_t blocks = e->query->n_blocks, teams = blocks + blocks % 2;
    size_t rounds = blocks > 1 ? teams : 1;
    struct round r = {e, teams};
    double pairs = (double)blocks + (double)(rounds - 1) * (double)(teams / 2);
    p->per_block = share * p->total / pairs;
    for (; e->round < rounds; e->round++) {
        p->before =
            e->round == 0
                ? 0
                : p->per_block * ((double)blocks + (double)(e->round - 1) * (double)(teams / 2));
        if (gn_checkpoint_due(e->checkpoint)) gn_checkpoint_save(e, GN_STAGE_FILTER);
        GN_TRY(gn_parallel(e->ctx, tasks_of(&r), play, &r, p, err));
        memset(e->played, 0, blocks);
    }
    p->before = share * p->total;
done:
    return st;
}

static gn_status run_mirrored(gn_engine *e, gn_error *err) {
    gn_status st = GN_OK;
    size_t blocks = e->query->n_blocks;
    gn_progress p = {.task = e->task, .unit = "rows", .total = (double)e->query->n};
    double share = filter_share(e);
    GN_TRY(play_rounds(e, &p, share, err));
    p.per_block = (GN_ALMOST - share) * p.total / (double)blocks;
    GN_TRY(gn_parallel(e->ctx, blocks, rank_task, e, &p, err));
    gn_lists_free(&e->lists);
done:
    if (st == GN_ECANCEL) gn_checkpoint_cancelled(e, GN_STAGE_FILTER);
    return st;
}

struct stripes {
    gn_engine *e;
    gn_lists *lists; /* one for each worker */
    size_t *block;   /* the blocks that an earlier run has not finished */
    size_t n;
};

static bool is_open(const gn_engine *e, size_t block) {
    size_t first = block * e->query->block, n = rows_in(e->query, block);
    for (size_t i = first; i < first + n; i++)
        if (atomic_load(&e->state[i]) == GN_ROW_OPEN) return true;
    return false;
}

static gn_status stripe(void *user, size_t task, unsigned worker, gn_error *err) {
    gn_status st = GN_OK;
    struct stripes *t = user;
    gn_engine *e = t->e;
    gn_lists *l = &t->lists[worker];
    size_t block = t->block[task];
    gn_lists_reset(l, block * e->query->block);
    begin(e);
    for (size_t j = 0; j < e->base->n_blocks && st == GN_OK; j++) {
        meet(e, l, &e->scratch[worker], block, j, false);
        if (worker == 0) { /* hooks and files belong to the caller's thread */
            st = gn_ctx_poll(e->ctx, err);
            if (gn_checkpoint_due(e->checkpoint)) gn_checkpoint_save(e, GN_STAGE_ROWS);
        }
    }
    end(e);
    if (st == GN_OK) st = gn_engine_rank(e, l, &e->scratch[worker], block, err);
    return st;
}

static gn_status run_striped(gn_engine *e, gn_error *err) {
    gn_status st = GN_OK;
    size_t threads = gn_ctx_threads(e->ctx), blocks = e->query->n_blocks;
    struct stripes t = {.e = e};
    gn_progress p = {.task = e->task, .unit = "rows", .total = (double)e->query->n};
    p.per_block = GN_ALMOST * p.total / (double)blocks;
    GN_TRY(gn_alloc_array(&t.block, blocks, sizeof *t.block, "unfinished blocks", err));
    for (size_t b = 0; b < blocks; b++)
        if (is_open(e, b)) t.block[t.n++] = b;
    p.before = p.per_block * (double)(blocks - t.n);
    t.lists = gn_calloc(threads, sizeof *t.lists);
    if (!t.lists) GN_TRY(gn_fail_nomem(err, "candidate lists", threads * sizeof *t.lists));
    for (size_t w = 0; w < threads; w++)
        GN_TRY(gn_lists_new(e->query, e->base, e->k, e->room, e->query->block, &t.lists[w], err));
    GN_TRY(gn_parallel(e->ctx, t.n, stripe, &t, &p, err));
done:
    if (st == GN_ECANCEL) gn_checkpoint_cancelled(e, GN_STAGE_ROWS);
    for (size_t w = 0; t.lists && w < threads; w++) gn_lists_free(&t.lists[w]);
    gn_free(t.lists);
    gn_free(t.block);
    return st;
}

bool gn_engine_mirrors(const gn_engine *e, size_t list_bytes) {
    size_t entries, bytes,
        packed = e->query->n_blocks * e->query->block / e->query->gemm->mr * e->query->a_bytes;
    if (e->query != e->base) return false;
    if (list_bytes == 0) list_bytes = packed > LIST_BYTES ? packed : LIST_BYTES;
    return gn_mul(e->query->n, e->room, &entries) && gn_mul(entries, 8, &bytes) &&
           bytes <= list_bytes;
}

gn_status gn_engine_run(gn_engine *e, bool mirrored, gn_error *err) {
    gn_status st = GN_OK;
    gn_stage stage = mirrored ? GN_STAGE_FILTER : GN_STAGE_ROWS;
    if (mirrored) {
        GN_TRY(gn_alloc_array(&e->played, e->query->n_blocks, 1, "finished pairs", err));
        memset(e->played, 0, e->query->n_blocks);
        GN_TRY(gn_lists_new(e->query, e->base, e->k, e->room, e->query->n, &e->lists, err));
    }
    GN_TRY(gn_checkpoint_load(e, &stage, err));
    if (!mirrored)
        GN_TRY(run_striped(e, err));
    else if (stage == GN_STAGE_FILTER)
        GN_TRY(run_mirrored(e, err));
    gn_ctx_progress(e->ctx, e->task, (double)e->query->n, (double)e->query->n, "rows");
done:
    return st;
}
