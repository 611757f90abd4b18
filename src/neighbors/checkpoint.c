/* What a search has done so far, in a file.
 *
 * The answer of a search does not depend on the order of its work: whatever a list has seen, its
 * bound excludes only what cannot be among the k nearest. So a search that was stopped anywhere
 * between two pairs of blocks and goes on from its lists ends with the same bytes as one that was
 * never stopped. Two things can be kept:
 *
 *   lists     (mirrored schedule) which pairs have met, and every row's candidates and bound. Lists
 *             are tightened first, so that they hold little more than k candidates each.
 *   results   (stripes, and rows that are redone) the rows that are done. Other threads may be
 *             finishing more meanwhile: a row counts when its state says so, which is set last.
 *
 * A file belongs to a search when the hash in it agrees: of every value of the matrices, the row
 * numbers, the groups, k, metric, kernels and block sizes. Anything else starts over, with a
 * warning. It is written every interval_s seconds, or less often where writing takes more than a
 * fiftieth of the time; under another name first and then renamed, so that a kill at any moment
 * leaves the last one whole (and half a hidden one, which the next search removes). The caller
 * removes it when the result is safe.
 *
 * Format: struct mark, then the parts named by the stage, then the chained hash of all of it. In
 * the byte order of the machine, which the magic number tells. */
#define _POSIX_C_SOURCE 200809L
#include "neighbors/checkpoint.h"

#include "base/mem.h"
#include "io/file.h"
#include "neighbors/engine.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define MAGIC UINT64_C(0x31304e4e4b4e4f47) /* "GONKNN01" */
enum { COST_SHARE = 50, CANCEL_SHARE = 6 };

struct mark {
    uint64_t magic, identity, stage, round, measured, n_redone;
};

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t mix(uint64_t h, uint64_t x) {
    h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 32;
}

static uint64_t mix_bytes(uint64_t h, const void *data, size_t n) {
    const unsigned char *p = data;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        h = mix(h, word);
    }
    uint64_t rest = n;
    for (size_t i = 0; i < n; i++) rest = rest << 8 | p[i];
    return mix(h, rest);
}

/* ---- whose file it is ------------------------------------------------------------------------ */

static uint64_t identity(gn_engine *e) {
    gn_checkpoint *c = e->checkpoint;
    const gn_filter *q = e->query, *b = e->base;
    const gn_rows *asking = q->rows, *base = b->rows;
    if (c->identity) return c->identity;
    const uint64_t options[] = {e->k,
                                e->room,
                                base->metric,
                                base->x.rows,
                                base->x.cols,
                                base->x.dtype,
                                base->n,
                                b->block,
                                q->n,
                                q->block,
                                asking->x.dtype,
                                e->self,
                                e->played != NULL, /* mirrored */
                                e->group != NULL};
    uint64_t h = mix_bytes(MAGIC, options, sizeof options);
    h = mix_bytes(h, q->gemm->name, strlen(q->gemm->name));
    for (size_t i = 0; i < base->x.rows; i++) {
        h = mix(h, gn_row_hash(base->x, i));
        if (e->group) h = mix(h, (uint64_t)e->group[i]);
    }
    for (size_t i = 0; q != b && i < q->n; i++) {
        size_t row = gn_rows_number(asking, i);
        h = mix(h, row);
        if (!e->self) h = mix(h, gn_row_hash(asking->x, row));
        if (e->group) h = mix(h, (uint64_t)e->query_group[row]);
    }
    c->identity = h ? h : 1;
    return c->identity;
}

void gn_checkpoint_start(gn_checkpoint *c, const char *path, double interval_s) {
    *c = (gn_checkpoint){
        .path = path, .interval_s = interval_s > 0 ? interval_s : 60, .last_s = now_s()};
}

bool gn_checkpoint_due(const gn_checkpoint *c) {
    return c && now_s() - c->last_s >= fmax(c->interval_s, COST_SHARE * c->cost_s);
}

/* ---- writing --------------------------------------------------------------------------------- */

struct sink {
    gn_outfile *file;
    uint64_t hash;
    gn_status st;
    gn_error *err;
};

static void put(struct sink *s, const void *data, size_t n) {
    if (s->st != GN_OK) return;
    s->hash = mix_bytes(s->hash, data, n);
    s->st = gn_outfile_write(s->file, data, n, s->err);
}

static void put_lists(gn_engine *e, struct sink *s) {
    gn_lists *l = &e->lists;
    put(s, e->played, e->query->n_blocks);
    for (size_t i = 0; i < l->rows; i++) gn_lists_tighten(l, i, e->scratch[0].select);
    put(s, l->count, l->rows * sizeof *l->count);
    put(s, l->bound, l->rows * sizeof *l->bound);
    for (size_t i = 0; i < l->rows; i++) {
        if (l->count[i] == GN_LIST_FULL) continue;
        put(s, l->value + i * l->room, l->count[i] * sizeof *l->value);
        put(s, l->index + i * l->room, l->count[i] * sizeof *l->index);
    }
}

static void put_row(struct sink *s, const gn_knn *knn, size_t i) {
    put(s, knn->index + i * knn->k, knn->k * sizeof *knn->index);
    put(s, knn->distance + i * knn->k, knn->k * sizeof *knn->distance);
}

static void put_rows(const gn_engine *e, struct sink *s) {
    size_t n = e->query->n;
    const gn_distinct *d = e->distinct;
    unsigned char *state; /* as it is now: other threads go on */
    gn_status st = gn_alloc_array(&state, n, 1, "states of rows", s->err);
    if (st != GN_OK) {
        s->st = st;
        return;
    }
    for (size_t i = 0; i < n; i++) state[i] = atomic_load(&e->state[i]);
    put(s, state, n);
    for (size_t i = 0; i < n; i++) {
        if (state[i] != GN_ROW_DONE) continue;
        put_row(s, e->out, i);
        for (int32_t m = e->all ? d->begin[i] : 0; e->all && m < d->begin[i + 1]; m++)
            put_row(s, e->all, (size_t)d->member[m]);
    }
    gn_free(state);
}

static gn_status save(gn_engine *e, gn_stage stage, gn_error *err) {
    struct sink s = {.err = err};
    struct mark mark = {.magic = MAGIC,
                        .identity = identity(e),
                        .stage = stage,
                        .round = e->round,
                        .measured = atomic_load(&e->measured),
                        .n_redone = atomic_load(&e->n_redone)};
    char *folder = gn_path_dir(e->checkpoint->path);
    s.st = folder ? gn_make_dirs(folder, err) : gn_fail_nomem(err, "a file name", 0);
    gn_free(folder);
    if (s.st == GN_OK) s.st = gn_outfile_open(e->checkpoint->path, &s.file, err);
    if (s.st != GN_OK) return s.st;
    put(&s, &mark, sizeof mark);
    if (stage == GN_STAGE_FILTER)
        put_lists(e, &s);
    else
        put_rows(e, &s);
    uint64_t hash = s.hash;
    put(&s, &hash, sizeof hash);
    if (s.st == GN_OK) return gn_outfile_commit(s.file, err);
    gn_outfile_abandon(s.file);
    return s.st;
}

void gn_checkpoint_save(gn_engine *e, gn_stage stage) {
    gn_checkpoint *c = e->checkpoint;
    gn_error why;
    double begun = now_s();
    if (save(e, stage, &why) == GN_OK)
        c->exists = true;
    else
        gn_ctx_log(e->ctx, GN_LOG_WARNING, "the search is not kept: %s", why.message);
    c->last_s = now_s();
    c->cost_s = c->last_s - begun;
}

void gn_checkpoint_cancelled(gn_engine *e, gn_stage stage) {
    gn_checkpoint *c = e->checkpoint;
    if (!c) return;
    if (now_s() - c->last_s >= c->interval_s / CANCEL_SHARE) gn_checkpoint_save(e, stage);
    if (c->exists)
        gn_ctx_log(e->ctx, GN_LOG_INFO, "%s keeps what is done: the same search goes on from there",
                   c->path);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct source {
    const unsigned char *at;
    size_t left;
    uint64_t hash;
    bool bad;
};

static void get(struct source *s, void *data, size_t n) {
    if (s->bad || n > s->left) {
        s->bad = true;
        return;
    }
    memcpy(data, s->at, n);
    s->hash = mix_bytes(s->hash, s->at, n);
    s->at += n;
    s->left -= n;
}

static void get_lists(gn_engine *e, struct source *s) {
    gn_lists *l = &e->lists;
    get(s, e->played, e->query->n_blocks);
    get(s, l->count, l->rows * sizeof *l->count);
    get(s, l->bound, l->rows * sizeof *l->bound);
    for (size_t i = 0; i < l->rows && !s->bad; i++) {
        size_t n = l->count[i];
        if (isnan(l->bound[i]) || l->bound[i] < 0) s->bad = true;
        if (n == GN_LIST_FULL) continue;
        if (n >= l->room) s->bad = true;
        if (s->bad) break;
        get(s, l->value + i * l->room, n * sizeof *l->value);
        get(s, l->index + i * l->room, n * sizeof *l->index);
        for (size_t c = 0; c < n && !s->bad; c++) {
            int32_t j = l->index[i * l->room + c];
            s->bad = j < 0 || (size_t)j >= e->base->n || gn_engine_excludes(e, i, (size_t)j);
        }
    }
}

static void get_row(struct source *s, const gn_knn *knn, size_t i, size_t n_base) {
    int32_t *index = knn->index + i * knn->k;
    get(s, index, knn->k * sizeof *knn->index);
    get(s, knn->distance + i * knn->k, knn->k * sizeof *knn->distance);
    for (size_t p = 0; p < knn->k && !s->bad; p++)
        s->bad = index[p] < -1 || index[p] >= (int64_t)n_base;
}

static void get_rows(gn_engine *e, struct source *s) {
    const gn_distinct *d = e->distinct;
    const unsigned char *state = s->at;
    size_t n = e->query->n;
    if (n > s->left) {
        s->bad = true;
        return;
    }
    s->hash = mix_bytes(s->hash, state, n);
    s->at += n;
    s->left -= n;
    for (size_t i = 0; i < n && !s->bad; i++) {
        /* a mirrored search has no open rows at this stage, and nothing that would close them */
        if (state[i] > GN_ROW_DONE || (e->played && state[i] == GN_ROW_OPEN)) s->bad = true;
        if (s->bad) break;
        atomic_store(&e->state[i], state[i]);
        if (state[i] != GN_ROW_DONE) continue;
        get_row(s, e->out, i, e->base->n);
        for (int32_t m = e->all ? d->begin[i] : 0; e->all && m < d->begin[i + 1]; m++)
            get_row(s, e->all, (size_t)d->member[m], d->n_rows);
    }
}

static void forget(gn_engine *e) {
    for (size_t i = 0; i < e->query->n; i++) atomic_store(&e->state[i], GN_ROW_OPEN);
    if (!e->played) return;
    memset(e->played, 0, e->query->n_blocks);
    gn_lists_reset(&e->lists, 0);
}

/* NULL, or what is wrong with the file. */
static const char *read_all(gn_engine *e, struct source *s, gn_stage *stage) {
    struct mark mark = {0};
    get(s, &mark, sizeof mark);
    if (s->bad || mark.magic != MAGIC) return "is no kept search";
    if (mark.identity != identity(e))
        return "is of other rows, other options or another instruction set";
    if (mark.stage == GN_STAGE_FILTER && e->played && mark.round <= e->query->n_blocks + 1)
        get_lists(e, s);
    else if (mark.stage == GN_STAGE_ROWS)
        get_rows(e, s);
    else
        s->bad = true;
    uint64_t hash = s->hash, stored = 0;
    get(s, &stored, sizeof stored);
    if (s->bad || stored != hash || s->left != 0) return "is damaged";
    *stage = (gn_stage)mark.stage;
    e->round = (size_t)mark.round;
    atomic_store(&e->measured, (size_t)mark.measured);
    atomic_store(&e->n_redone, (size_t)mark.n_redone);
    return NULL;
}

gn_status gn_checkpoint_load(gn_engine *e, gn_stage *stage, gn_error *err) {
    gn_checkpoint *c = e->checkpoint;
    gn_map map;
    if (!c) return GN_OK;
    gn_status st = gn_outfile_sweep(c->path, err); /* saves that were killed */
    if (st != GN_OK) return st;
    if (!gn_path_is_file(c->path)) return GN_OK;
    gn_error why;
    st = gn_map_open(c->path, &map, &why);
    if (st == GN_ENOMEM) {
        if (err) *err = why;
        return st;
    }
    if (st != GN_OK) {
        gn_ctx_log(e->ctx, GN_LOG_WARNING, "%s; starting over", why.message);
        return GN_OK;
    }
    struct source s = {.at = map.data, .left = map.n};
    const char *wrong = read_all(e, &s, stage);
    if (wrong) {
        forget(e);
        gn_ctx_log(e->ctx, GN_LOG_WARNING, "%s %s; starting over", c->path, wrong);
    } else {
        c->exists = true;
        gn_ctx_log(e->ctx, GN_LOG_INFO, "going on from %s", c->path);
    }
    gn_map_close(&map);
    return GN_OK;
}
