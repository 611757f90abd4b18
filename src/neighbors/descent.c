/* NN-descent (Dong, Charikar & Li, Efficient k-nearest neighbor graph construction for generic
 * similarity measures, WWW 2011): a neighbour of a neighbour is likely to be a neighbour.
 *
 * Every point has a list of the k nearest points met so far. It starts from the leaves of a few
 * random projection trees (forest.c), whose points all meet each other. Then come rounds. In each,
 * points that share a neighbour meet: for a point p the candidates are the points of its list and
 * those in whose lists p is; all pairs of them are measured, and each of a pair is offered to the
 * other's list. Two points that met at p in an earlier round need not meet there again, so one of a
 * pair must be fresh: it came into the list since. When a round changes next to nothing, lists are
 * as good as they get. From the lists of pynndescent (McInnes) we took that candidates are drawn
 * from both directions together, by one random number an edge: the `candidates` smallest take part.
 *
 * Where we differ:
 *
 *   same bytes    Which pairs meet in a round is settled before it begins, and a list keeps the
 *                 smallest keys of all that it is offered (best.c), so that the threads' order is
 *                 nothing. A distance has the same bits from either side and on every instruction
 *                 set, or an entry could be kept twice.
 *   distances     They are sums of squared differences in float32, never |x|^2 + |y|^2 - 2 x.y: a
 *                 meeting at a point has too few points to win back what packing them for a matrix
 *                 product costs, and differences stay accurate in clusters that are tight and far
 *                 away. Leaves are large enough for a product, as a filter (leaf.c): pairs are
 *                 several times cheaper there, so leaves are larger than elsewhere and trees fewer.
 *   order         Points are laid out leaf by leaf of the first tree, and visited in that order:
 *                 those that meet lie near each other, and many are in the cache from the point
 *                 before. That is worth more than anything else here, since a row has to come from
 *                 memory for a hundred nanoseconds and is measured in ten.
 *   longer lists  A short list finds little, as few neighbours have few neighbours: lists here have
 *                 room for SHORTEST even when fewer are asked for. */
#include "neighbors/descent.h"

#include "base/mem.h"
#include "base/random.h"

enum {
    AMX_PARTS = 3,
    TREES = 6,
    LEAF = 512,
    SHORTEST = 20,
    CANDIDATES = 30,
    ROUNDS = 16,
    AT_ONCE = 64
};
#define ENDED 0.002   /* of all entries */
#define OF_TREES 0.3  /* of the work, for the progress bar */
#define OF_ROUND 0.35 /* of what is left */

struct descent {
    gn_ctx *ctx;
    const gn_points *p;
    gn_tree tree;
    gn_best *near, fresh, known; /* lists; candidates of this round */
    uint64_t draw;               /* of this round */
    size_t most;                 /* points that meet */
    const gn_knn_kernels *kernels;
    const gn_gemm *gemm;
    gn_leaf_scratch *leaf;   /* for each thread */
    struct meeting *meeting; /* for each thread */
    size_t *changed;         /* for each block */
};

/* Points that meet. */
struct meeting {
    const float **x;
    uint32_t *id, *limit;
    float *distance;
};

static const float *place(const gn_points *p, size_t i) {
    return p->x + i * p->stride;
}

/* ---- measuring ------------------------------------------------------------------------------- */

/* The first `fresh` of the n points of a meeting are offered to all behind them, and those to them.
 */
static void meet(struct descent *e, struct meeting *m, size_t fresh, size_t n) {
    for (size_t j = 0; j < n; j++) {
        m->x[j] = place(e->p, m->id[j]);
        m->limit[j] = gn_best_limit(e->near, m->id[j]);
    }
    for (size_t i = 0; i < fresh && i + 1 < n; i++) {
        e->kernels->distances(m->x[i], m->x + i + 1, n - i - 1, e->p->stride, m->distance + i + 1);
        for (size_t j = i + 1; j < n; j++) {
            uint32_t number = gn_best_number(m->distance[j]);
            if (number > m->limit[i] && number > m->limit[j]) continue;
            if (m->id[i] == m->id[j]) continue; /* both fresh and known, in different lists */
            gn_best_offer(e->near, m->id[i], number, m->id[j], true);
            gn_best_offer(e->near, m->id[j], number, m->id[i], true);
        }
    }
}

static gn_status meet_in_leaf(void *user, size_t leaf, unsigned worker, gn_error *err) {
    (void)err;
    struct descent *e = user;
    const size_t begin = gn_tree_segment(&e->tree, e->tree.depth, leaf),
                 end = gn_tree_segment(&e->tree, e->tree.depth, leaf + 1);
    if (e->gemm->begin) e->gemm->begin();
    gn_leaf_meet(e->p, e->gemm, e->tree.at + begin, end - begin, &e->leaf[worker], e->near);
    if (e->gemm->end) e->gemm->end();
    return GN_OK;
}

/* ---- a round --------------------------------------------------------------------------------- */

static size_t block_end(const struct descent *e, size_t block) {
    return (block + 1) * AT_ONCE < e->p->n ? (block + 1) * AT_ONCE : e->p->n;
}

/* A random number for an edge, whichever of its ends asks (splitmix64's mixing). */
static uint32_t edge_number(uint64_t draw, uint32_t a, uint32_t b) {
    uint64_t h = draw ^ (a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a);
    h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
    h = (h ^ h >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((h ^ h >> 31) >> 32);
}

static gn_status draw_candidates(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    struct descent *e = user;
    for (size_t i = block * AT_ONCE; i < block_end(e, block); i++) {
        const uint64_t *list = gn_best_of(e->near, i);
        for (size_t c = 0; c < e->near->room; c++) {
            uint32_t j = gn_best_row(list[c]), number = edge_number(e->draw, (uint32_t)i, j);
            gn_best *to = gn_best_is_fresh(list[c]) ? &e->fresh : &e->known;
            gn_best_offer(to, i, number, j, false);
            gn_best_offer(to, j, number, (uint32_t)i, false);
        }
    }
    return GN_OK;
}

/* Entries that take part as fresh ones are fresh no more. */
static gn_status make_known(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    struct descent *e = user;
    for (size_t i = block * AT_ONCE; i < block_end(e, block); i++) {
        uint64_t *list = e->near->key + i * e->near->room;
        const uint64_t last = gn_best_of(&e->fresh, i)[e->fresh.room - 1];
        for (size_t c = 0; c < e->near->room; c++) {
            uint32_t j = gn_best_row(list[c]);
            uint64_t key = (uint64_t)edge_number(e->draw, (uint32_t)i, j) << 32 | (uint64_t)j << 1;
            if (key <= last) list[c] &= ~(uint64_t)1;
        }
    }
    return GN_OK;
}

static size_t add_candidates(const gn_best *from, size_t i, uint32_t *id) {
    const uint64_t *key = gn_best_of(from, i);
    size_t n = 0;
    for (; n < from->room && key[n] != GN_BEST_NONE; n++) id[n] = gn_best_row(key[n]);
    return n;
}

static gn_status meet_at_points(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct descent *e = user;
    struct meeting *m = &e->meeting[worker];
    for (size_t i = block * AT_ONCE; i < block_end(e, block); i++) {
        size_t fresh = add_candidates(&e->fresh, i, m->id);
        if (fresh == 0) continue;
        meet(e, m, fresh, fresh + add_candidates(&e->known, i, m->id + fresh));
    }
    return GN_OK;
}

static gn_status count_fresh(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    struct descent *e = user;
    e->changed[block] = 0;
    for (size_t i = block * AT_ONCE; i < block_end(e, block); i++)
        for (size_t c = 0; c < e->near->room; c++)
            e->changed[block] += gn_best_is_fresh(gn_best_of(e->near, i)[c]);
    return GN_OK;
}

/* One round; *changed receives the share of entries that are fresh after it. */
static gn_status play(struct descent *e, size_t round, const gn_share *share, double *changed,
                      gn_error *err) {
    gn_status st = GN_OK;
    const size_t n = e->p->n, n_blocks = (n + AT_ONCE - 1) / AT_ONCE;
    const gn_progress progress = gn_share_progress(share, n_blocks);
    size_t sum = 0;
    gn_random r = gn_random_new(gn_ctx_seed(e->ctx), round);
    e->draw = gn_random_u64(&r);
    gn_best_clear(&e->fresh, 0, n);
    gn_best_clear(&e->known, 0, n);
    GN_TRY(gn_parallel(e->ctx, n_blocks, draw_candidates, e, NULL, err));
    GN_TRY(gn_parallel(e->ctx, n_blocks, make_known, e, NULL, err));
    GN_TRY(gn_parallel(e->ctx, n_blocks, meet_at_points, e, &progress, err));
    GN_TRY(gn_parallel(e->ctx, n_blocks, count_fresh, e, NULL, err));
    for (size_t b = 0; b < n_blocks; b++) sum += e->changed[b];
    *changed = (double)sum / ((double)n * (double)e->near->room);
done:
    return st;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static gn_status meetings_new(struct descent *e, gn_error *err) {
    gn_status st = GN_OK;
    const size_t threads = gn_ctx_threads(e->ctx);
    e->meeting = gn_calloc(threads, sizeof *e->meeting);
    if (!e->meeting) GN_TRY(gn_fail_nomem(err, "scratch", threads * sizeof *e->meeting));
    for (size_t w = 0; w < threads; w++) {
        struct meeting *m = &e->meeting[w];
        GN_TRY(gn_alloc_array(&m->x, e->most, sizeof *m->x, "a meeting", err));
        GN_TRY(gn_alloc_array(&m->id, e->most, sizeof *m->id, "a meeting", err));
        GN_TRY(gn_alloc_array(&m->limit, e->most, sizeof *m->limit, "a meeting", err));
        GN_TRY(gn_alloc_array(&m->distance, e->most, sizeof *m->distance, "a meeting", err));
    }
done:
    return st;
}

static gn_status leaves_new(struct descent *e, size_t most, gn_error *err) {
    gn_status st = GN_OK;
    const size_t threads = gn_ctx_threads(e->ctx);
    e->leaf = gn_calloc(threads, sizeof *e->leaf);
    if (!e->leaf) GN_TRY(gn_fail_nomem(err, "scratch", threads * sizeof *e->leaf));
    for (size_t w = 0; w < threads; w++)
        GN_TRY(gn_leaf_scratch_new(e->p, e->gemm, most, &e->leaf[w], err));
done:
    return st;
}

static void leaves_free(struct descent *e) {
    for (size_t w = 0; e->leaf && w < gn_ctx_threads(e->ctx); w++)
        gn_leaf_scratch_free(&e->leaf[w]);
    gn_free(e->leaf);
    e->leaf = NULL;
}

static void descent_free(struct descent *e) {
    for (size_t w = 0; e->meeting && w < gn_ctx_threads(e->ctx); w++) {
        gn_free(e->meeting[w].x);
        gn_free(e->meeting[w].id);
        gn_free(e->meeting[w].limit);
        gn_free(e->meeting[w].distance);
    }
    gn_free(e->meeting);
    leaves_free(e);
    gn_free(e->changed);
    gn_tree_free(&e->tree);
    gn_best_free(&e->fresh);
    gn_best_free(&e->known);
}

static gn_status start_from_trees(struct descent *e, gn_points *p, const gn_descent_tuning *t,
                                  const gn_share *share, gn_error *err) {
    gn_status st = GN_OK;
    const size_t n_trees = e->tree.depth == 0 ? 1 : t->trees; /* one leaf: all have met */
    for (size_t number = 0; number < n_trees; number++) {
        gn_share grow = *share, meeting = *share;
        const double part = share->part / (double)n_trees;
        grow.part = meeting.part = part / 2;
        grow.before += part * (double)number;
        meeting.before = grow.before + grow.part;
        GN_TRY(gn_tree_grow(e->ctx, p, &e->tree, number, &grow, err));
        if (number == 0) {
            GN_TRY(gn_points_reorder(e->ctx, p, e->tree.at, err));
            for (size_t i = 0; i < p->n; i++) e->tree.at[i] = (int32_t)i;
        }
        const gn_progress progress = gn_share_progress(&meeting, gn_tree_leaves(&e->tree));
        GN_TRY(gn_parallel(e->ctx, gn_tree_leaves(&e->tree), meet_in_leaf, e, &progress, err));
    }
done:
    return st;
}

static gn_status run_rounds(struct descent *e, const gn_descent_tuning *t, const gn_share *share,
                            gn_error *err) {
    gn_status st = GN_OK;
    const size_t n = e->p->n;
    double changed = 1;
    gn_share left = *share;
    GN_TRY(gn_best_new(n, t->candidates, &e->fresh, err));
    GN_TRY(gn_best_new(n, t->candidates, &e->known, err));
    GN_TRY(gn_alloc_array(&e->changed, (n + AT_ONCE - 1) / AT_ONCE, sizeof *e->changed, "counts",
                          err));
    for (size_t round = 0; round < t->rounds && changed > t->ended; round++) {
        gn_share of_round = left;
        of_round.part *= OF_ROUND;
        left.before += of_round.part;
        left.part -= of_round.part;
        GN_TRY(play(e, round, &of_round, &changed, err));
    }
done:
    return st;
}

gn_status gn_descend(gn_ctx *ctx, const gn_rows *rows, size_t k, const gn_descent_tuning *tuning,
                     const gn_share *share, gn_points *points, gn_best *near, gn_error *err) {
    gn_status st = GN_OK;
    gn_descent_tuning t = tuning ? *tuning : (gn_descent_tuning){0};
    gn_points p = {0};
    gn_best lists = {0};
    struct descent e = {.ctx = ctx, .p = &p, .near = &lists};
    gn_share of_trees = *share, of_rounds = *share;
    if (k < SHORTEST) k = SHORTEST < rows->n - 1 ? SHORTEST : rows->n - 1;
    if (t.trees == 0) t.trees = TREES;
    if (t.leaf == 0) t.leaf = LEAF;
    if (t.leaf < 2 * k + 2) t.leaf = 2 * k + 2; /* half a leaf fills a list */
    if (t.candidates == 0) t.candidates = CANDIDATES;
    if (t.rounds == 0) t.rounds = ROUNDS;
    if (!(t.ended > 0)) t.ended = ENDED;
    of_trees.part *= OF_TREES;
    of_rounds.before += of_trees.part;
    of_rounds.part -= of_trees.part;
    e.kernels = rows->kernels;
    e.gemm = gn_gemm_for(gn_ctx_cpu(ctx), AMX_PARTS);
    e.most = 2 * t.candidates;
    GN_TRY(gn_points_new(ctx, rows, &p, err));
    GN_TRY(gn_tree_new(&p, t.leaf, &e.tree, err));
    GN_TRY(gn_best_new(p.n, k, &lists, err));
    GN_TRY(leaves_new(&e, t.leaf < p.n ? t.leaf : p.n, err));
    GN_TRY(start_from_trees(&e, &p, &t, &of_trees, err));
    if (e.tree.depth > 0) {
        gn_tree_free(&e.tree);
        leaves_free(&e);
        GN_TRY(meetings_new(&e, err));
        GN_TRY(run_rounds(&e, &t, &of_rounds, err));
    }
    *points = p;
    *near = lists;
    p = (gn_points){0};
    lists = (gn_best){0};
done:
    descent_free(&e);
    gn_points_free(&p);
    gn_best_free(&lists);
    return st;
}
