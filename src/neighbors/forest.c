/* Random projection trees (Dasgupta & Freund, Random projection trees and low dimensional
 * manifolds, STOC 2008): a set is cut in two halves by a hyperplane, each half again, until leaves
 * are small. Points of a leaf are likely to be near each other.
 *
 * As in the trees of NN-descent programs, the normal is the difference of two points of the set, so
 * that the cut follows the data; as in the paper, the cut goes through the median of the
 * projections, so that all leaves are equally large, whatever the data: no cut can fail, not even
 * among equal points (ties go by number), and no leaf is smaller than a list needs.
 *
 * A tree is grown level by level, not node by node: then even the first cut, which all points take
 * part in, is work for all threads, in blocks that depend on the data alone. */
#include "neighbors/forest.h"

#include "base/mem.h"
#include "base/random.h"

#include <string.h>

enum { LANES = 32, AT_ONCE = 512 };

gn_progress gn_share_progress(const gn_share *s, size_t n_blocks) {
    const double rows = (double)s->n;
    /* a hair less than its part, so that rounding never takes the next loop a step back */
    return (gn_progress){.task = s->task,
                         .unit = "rows",
                         .total = rows,
                         .before = s->before * rows,
                         .per_block =
                             s->part * rows * (1 - 1e-9) / (double)(n_blocks ? n_blocks : 1)};
}

/* ---- points ---------------------------------------------------------------------------------- */

struct filling {
    gn_points *p;
    double *wide; /* (threads, cols) */
};

static gn_status fill_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    const struct filling *f = user;
    gn_points *p = f->p;
    size_t d = p->rows->x.cols, end = (block + 1) * AT_ONCE < p->n ? (block + 1) * AT_ONCE : p->n;
    double *wide = f->wide + worker * d;
    for (size_t i = block * AT_ONCE; i < end; i++) {
        float *x = p->x + i * p->stride;
        gn_rows_get(p->rows, (size_t)p->row[i], wide);
        for (size_t c = 0; c < d; c++) x[c] = (float)wide[c];
        for (size_t c = d; c < p->stride; c++) x[c] = 0;
    }
    return GN_OK;
}

static gn_status fill(gn_ctx *ctx, gn_points *p, gn_error *err) {
    struct filling f = {.p = p};
    size_t n_doubles;
    if (!gn_mul(p->rows->x.cols, gn_ctx_threads(ctx), &n_doubles)) n_doubles = SIZE_MAX;
    gn_status st = gn_alloc_array(&f.wide, n_doubles, sizeof *f.wide, "a row for each thread", err);
    if (st == GN_OK)
        st = gn_parallel(ctx, (p->n + AT_ONCE - 1) / AT_ONCE, fill_block, &f, NULL, err);
    gn_free(f.wide);
    return st;
}

gn_status gn_points_new(gn_ctx *ctx, const gn_rows *rows, gn_points *out, gn_error *err) {
    gn_status st = GN_OK;
    gn_points p = {.rows = rows, .n = rows->n, .vec = gn_vec_for(gn_ctx_cpu(ctx))};
    p.stride = (rows->x.cols + LANES - 1) / LANES * LANES;
    GN_TRY(gn_alloc_array(&p.x, p.n, p.stride * sizeof *p.x, "rows as float32", err));
    GN_TRY(gn_alloc_array(&p.row, p.n, sizeof *p.row, "an order of rows", err));
    for (size_t i = 0; i < p.n; i++) p.row[i] = (int32_t)i;
    GN_TRY(fill(ctx, &p, err));
    *out = p;
done:
    if (st != GN_OK) gn_points_free(&p);
    return st;
}

gn_status gn_points_reorder(gn_ctx *ctx, gn_points *p, const int32_t *order, gn_error *err) {
    int32_t *row;
    gn_status st = gn_alloc_array(&row, p->n, sizeof *row, "an order of rows", err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < p->n; i++) row[i] = p->row[order[i]];
    gn_free(p->row);
    p->row = row;
    return fill(ctx, p, err);
}

void gn_points_free(gn_points *p) {
    gn_free(p->x);
    gn_free(p->row);
    *p = (gn_points){0};
}

/* ---- trees ----------------------------------------------------------------------------------- */

gn_status gn_tree_new(const gn_points *p, size_t leaf, gn_tree *out, gn_error *err) {
    gn_status st = GN_OK;
    gn_tree t = {.n = p->n};
    while (p->n > leaf << t.depth) t.depth++;
    GN_TRY(gn_alloc_array(&t.at, t.n, sizeof *t.at, "a tree", err));
    GN_TRY(gn_alloc_array(&t.key, t.n, sizeof *t.key, "a tree", err));
    GN_TRY(gn_alloc_array(&t.normal, (size_t)1 << t.depth, p->stride * sizeof *t.normal,
                          "a tree's normals", err));
    *out = t;
done:
    if (st != GN_OK) gn_tree_free(&t);
    return st;
}

void gn_tree_free(gn_tree *t) {
    gn_free(t->at);
    gn_free(t->key);
    gn_free(t->normal);
    *t = (gn_tree){0};
}

/* One level of a tree that grows. */
struct growing {
    const gn_points *p;
    gn_tree *t;
    size_t level;
    uint64_t seed, stream; /* of the level */
};

static gn_status choose_normal(void *user, size_t s, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    const struct growing *g = user;
    const gn_points *p = g->p;
    gn_tree *t = g->t;
    gn_random r = gn_random_new(g->seed, g->stream + s);
    size_t begin = gn_tree_segment(t, g->level, s), n = gn_tree_segment(t, g->level, s + 1) - begin;
    size_t a = (size_t)gn_random_below(&r, n), b = (size_t)gn_random_below(&r, n - 1);
    const float *x = p->x + (size_t)t->at[begin + a] * p->stride,
                *y = p->x + (size_t)t->at[begin + (b < a ? b : b + 1)] * p->stride;
    for (size_t c = 0; c < p->stride; c++) t->normal[s * p->stride + c] = x[c] - y[c];
    return GN_OK;
}

static gn_status project(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    const struct growing *g = user;
    const gn_points *p = g->p;
    gn_tree *t = g->t;
    size_t i = block * AT_ONCE, last = i + AT_ONCE < t->n ? i + AT_ONCE : t->n;
    size_t s = (size_t)(((uint64_t)i << g->level) / t->n);
    while (gn_tree_segment(t, g->level, s + 1) <= i) s++;
    for (; i < last; s++) {
        size_t end = gn_tree_segment(t, g->level, s + 1);
        for (; i < end && i < last; i++) {
            const float *x = p->x + (size_t)t->at[i] * p->stride;
            float v = (float)p->vec->dot(t->normal + s * p->stride, x, p->stride);
            t->key[i] = (uint64_t)gn_float_key(v) << 32 | (uint32_t)t->at[i];
        }
    }
    return GN_OK;
}

/* Moves the m smallest of the different keys to the front (Hoare's selection). */
static void select_smallest(uint64_t *key, size_t n, size_t m, gn_random *r) {
    size_t low = 0, high = n;
    while (high - low > 1) {
        uint64_t pivot = key[low + (size_t)gn_random_below(r, high - low)];
        size_t i = low, j = high - 1;
        for (;;) {
            while (key[i] < pivot) i++;
            while (key[j] > pivot) j--;
            if (i >= j) break;
            uint64_t swap = key[i];
            key[i++] = key[j];
            key[j--] = swap;
        }
        /* key[low, i) <= pivot <= key[i, high) */
        size_t cut = i > low ? i : low + 1; /* the pivot is the smallest, and there */
        if (m == cut) return;
        if (m < cut)
            high = cut;
        else
            low = cut;
    }
}

static gn_status cut(void *user, size_t s, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    const struct growing *g = user;
    gn_tree *t = g->t;
    gn_random r = gn_random_new(g->seed, g->stream + s);
    size_t begin = gn_tree_segment(t, g->level, s), end = gn_tree_segment(t, g->level, s + 1);
    size_t middle = gn_tree_segment(t, g->level + 1, 2 * s + 1);
    select_smallest(t->key + begin, end - begin, middle - begin, &r);
    for (size_t i = begin; i < end; i++) t->at[i] = (int32_t)(uint32_t)t->key[i];
    return GN_OK;
}

gn_status gn_tree_grow(gn_ctx *ctx, const gn_points *p, gn_tree *t, size_t number,
                       const gn_share *share, gn_error *err) {
    gn_status st = GN_OK;
    struct growing g = {.p = p, .t = t, .seed = gn_ctx_seed(ctx)};
    const size_t n_blocks = (t->n + AT_ONCE - 1) / AT_ONCE;
    for (size_t i = 0; i < t->n; i++) t->at[i] = (int32_t)i;
    for (; g.level < t->depth; g.level++) {
        gn_share of_level = *share;
        of_level.part /= (double)t->depth;
        of_level.before += of_level.part * (double)g.level;
        const gn_progress progress = gn_share_progress(&of_level, n_blocks);
        g.stream = (uint64_t)(number * 64 + g.level + 1) << 32;
        GN_TRY(gn_parallel(ctx, (size_t)1 << g.level, choose_normal, &g, NULL, err));
        GN_TRY(gn_parallel(ctx, n_blocks, project, &g, &progress, err));
        GN_TRY(gn_parallel(ctx, (size_t)1 << g.level, cut, &g, NULL, err));
    }
done:
    return st;
}
