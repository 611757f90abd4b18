/* The parts of one neighbour search, shared by its files. Order: filter all pairs of blocks,
 * re-rank the lists, redo the rows whose list was given up. */
#ifndef GN_NEIGHBORS_ENGINE_H
#define GN_NEIGHBORS_ENGINE_H

#include "base/ctx.h"
#include "neighbors/checkpoint.h"
#include "neighbors/distinct.h"
#include "neighbors/lists.h"

#include <stdatomic.h>

/** A row at its squared scaled distance: what is sorted. */
typedef struct gn_near {
    double squared;
    int32_t index;
} gn_near;

static inline bool gn_nearer(gn_near a, gn_near b) {
    return a.squared < b.squared || (a.squared == b.squared && a.index < b.index);
}
/** Ascending by (distance, index). */
void gn_near_sort(gn_near *a, size_t n);
/** Restores the max-heap a (n) after its first element was replaced. */
void gn_near_sift(gn_near *a, size_t n);

/** What is left of a group of equal rows while lists are merged. */
typedef struct gn_members {
    double squared;
    const int32_t *next, *end;
} gn_members;

/** What each worker owns. */
typedef struct gn_engine_scratch {
    float *tile;                  /**< (mr, nr) */
    uint32_t *where;              /**< (mr nr + 16) */
    float *value;                 /**< the same */
    float *limit_row, *limit_col; /**< (block) */
    float *select;                /**< (room) */
    double *row;                  /**< (cols) */
    gn_near *near;                /**< (room) */
    gn_members *members;          /**< (k + 1) */
} gn_engine_scratch;

void gn_engine_scratch_free(gn_engine_scratch *s);

/** The share of the work that is reported block by block; the rest when all is done, so that a task
 *  ends exactly once, whatever rounding says. */
#define GN_ALMOST 0.999

/** How far a row's search has come. */
enum { GN_ROW_OPEN = 0, GN_ROW_REDO, GN_ROW_DONE };

typedef struct gn_engine {
    gn_ctx *ctx;
    const gn_filter *query,
        *base; /**< who asks, who answers: one and the same in a set by itself */
    bool self; /**< they are rows of one matrix: none is its own neighbour */
    const int32_t *query_group, *group; /**< by row of either matrix; NULL: no groups */
    gn_knn *out;                        /**< neighbours of who asks */
    size_t k, room;
    const gn_distinct *distinct; /**< what is searched when rows repeat, else NULL */
    gn_knn *all;                 /**< then the neighbours of all rows, else NULL */
    const char *task;
    gn_engine_scratch *scratch; /**< one for each worker */
    gn_lists lists;             /**< mirrored: of all rows */
    atomic_uchar *state;        /**< (rows that ask) */
    atomic_size_t measured;     /**< distances taken in float64 */
    atomic_size_t n_redone;
    gn_checkpoint *checkpoint; /**< NULL: none is kept */
    size_t round;              /**< mirrored: this one is being played */
    unsigned char *played;     /**< (blocks) its tasks that are done */
} gn_engine;

/** Whether row i may not have row j as its neighbour, whatever their distance. */
static inline bool gn_engine_excludes(const gn_engine *e, size_t i, size_t j) {
    size_t a = gn_rows_number(e->query->rows, i), b = gn_rows_number(e->base->rows, j);
    if (e->self && a == b) return true;
    return e->group && e->query_group[a] >= 0 && e->query_group[a] == e->group[b];
}

/** Tests may ask for other sizes; 0 means the default everywhere. Results do not depend on them. */
typedef struct gn_engine_tuning {
    const gn_gemm *gemm; /**< NULL: the context's */
    size_t block_rows;
    size_t room;       /**< candidates a list holds, more than k */
    size_t list_bytes; /**< lists of all rows may take this much; above, no mirroring */
} gn_engine_tuning;

/** One search. */
typedef struct gn_search {
    gn_mat x;
    const gn_knn_opts *opts;
    const gn_engine_tuning *tuning; /**< NULL: defaults */
    const gn_distinct *distinct;    /**< search these rows of x; NULL: all */
} gn_search;

/** GN_EINVAL unless x can be searched as the options say. */
gn_status gn_knn_check(gn_mat x, const gn_knn_opts *opts, gn_error *err);
/** Lists of n rows, not filled. */
gn_status gn_knn_new(size_t n, size_t k, gn_knn **out, gn_error *err);

/** *out receives the lists among the rows that are searched, NULL when there is but one; *all the
 *  lists of every row, NULL when every row is searched. */
gn_status gn_knn_search_both(gn_ctx *ctx, const gn_search *search, gn_knn **out, gn_knn **all,
                             gn_error *err);
gn_status gn_knn_search(gn_ctx *ctx, gn_mat x, const gn_knn_opts *opts,
                        const gn_engine_tuning *tuning, gn_knn **out, gn_error *err);

/** Filters all pairs of blocks and re-ranks; goes on from the checkpoint where there is one. Every
 *  row is done or to be redone then. */
gn_status gn_engine_run(gn_engine *e, bool mirrored, gn_error *err);
/** Whether a set by itself is mirrored: its lists fit. `list_bytes` 0: the default. */
bool gn_engine_mirrors(const gn_engine *e, size_t list_bytes);
/** Measures the candidates of a block's rows and writes their results. */
gn_status gn_engine_rank(gn_engine *e, gn_lists *l, gn_engine_scratch *s, size_t block,
                         gn_error *err);
/** Finds the neighbours of the rows that are to be redone. */
gn_status gn_engine_redo(gn_engine *e, gn_error *err);
/** Writes row i of the result from its n <= k sorted neighbours, and the lists of all rows equal to
 *  it. @return GN_OK; GN_EDATA (a distance beyond float32). */
gn_status gn_engine_store(gn_engine *e, gn_engine_scratch *s, size_t i, const gn_near *near,
                          size_t n, gn_error *err);
/** Writes the lists of all members of group i, given the k sorted neighbours of its first among
 *  the distinct rows. `group` is scratch (k + 1). */
void gn_engine_expand(const gn_engine *e, gn_members *group, size_t i, const gn_near *near);

#endif
