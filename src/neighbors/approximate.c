/* From descent's lists to neighbours: the rows that were found are measured once more in float64
 * from the rows as they came, sorted, and handed to all rows equal to the one that asked, as in the
 * exact search (distinct.c; its claim needs full lists, not right ones). Then the recall: some rows
 * are searched for exactly, and what of their neighbours the lists have is counted.
 *
 * What is counted are rows of a list not farther than the exact j-th neighbour. Both distances come
 * from the same arithmetic, so equal distances are equal, and a row that is as near as the one that
 * the exact search's tie rule prefers is no loss. */
#include "neighbors/approximate.h"

#include "base/mem.h"
#include "base/random.h"
#include "neighbors/engine.h"

#include <math.h>
#include <stdio.h>

enum { AT_ONCE = 256, RECALL_ROWS = 1000 };
#define SAMPLE_STREAM UINT64_MAX /* of the context's seed */
#define OF_DESCENT 0.95          /* of the work, for the progress bar */

const char *gn_knn_how_name(gn_knn_how how) {
    static const char *const names[] = {"exact", "approximate", "auto"};
    return (size_t)how < sizeof names / sizeof *names ? names[how] : "unknown";
}

gn_knn_how gn_knn_choose(size_t rows, size_t columns) {
    double cost = (double)rows * (double)rows * ((double)columns + 64);
    return cost <= GN_KNN_EXACT_COST ? GN_KNN_EXACT : GN_KNN_APPROXIMATE;
}

bool gn_knn_approximates(gn_mat x, const gn_knn_opts *opts) {
    if (opts->how != GN_KNN_AUTO) return opts->how == GN_KNN_APPROXIMATE;
    return !opts->queries && !opts->row && !opts->group &&
           gn_knn_choose(x.rows, x.cols) == GN_KNN_APPROXIMATE;
}

/* ---- results --------------------------------------------------------------------------------- */

struct ranking {
    gn_engine engine; /* of it only what storing a row needs */
    const gn_points *points;
    const gn_best *near;
    gn_engine_scratch *scratch; /* for each thread */
};

static gn_status rank_block(void *user, size_t block, unsigned worker, gn_error *err) {
    struct ranking *r = user;
    const gn_rows *rows = r->points->rows;
    gn_engine_scratch *s = &r->scratch[worker];
    const size_t n = r->points->n, end = (block + 1) * AT_ONCE < n ? (block + 1) * AT_ONCE : n;
    gn_status st = GN_OK;
    for (size_t p = block * AT_ONCE; p < end && st == GN_OK; p++) {
        const uint64_t *list = gn_best_of(r->near, p);
        const size_t i = (size_t)r->points->row[p];
        gn_rows_get(rows, i, s->row);
        for (size_t c = 0; c < r->near->room; c++) {
            const int32_t j = r->points->row[gn_best_row(list[c])];
            s->near[c] = (gn_near){gn_rows_distance(rows, s->row, (size_t)j), j};
        }
        gn_near_sort(s->near, r->near->room);
        st = gn_engine_store(&r->engine, s, i, s->near, r->engine.k, err);
    }
    return st;
}

static gn_status rank_all(gn_ctx *ctx, struct ranking *r, const gn_share *share, gn_error *err) {
    gn_status st = GN_OK;
    gn_engine *e = &r->engine;
    const size_t n = r->points->n, threads = gn_ctx_threads(ctx);
    const size_t n_blocks = (n + AT_ONCE - 1) / AT_ONCE;
    const gn_progress progress = gn_share_progress(share, n_blocks);
    GN_TRY(gn_alloc_array(&e->state, n, sizeof *e->state, "states of rows", err));
    r->scratch = gn_calloc(threads, sizeof *r->scratch);
    if (!r->scratch) GN_TRY(gn_fail_nomem(err, "scratch", threads * sizeof *r->scratch));
    for (size_t w = 0; w < threads; w++) {
        gn_engine_scratch *s = &r->scratch[w];
        GN_TRY(gn_alloc_array(&s->row, r->points->rows->x.cols, sizeof *s->row, "a row", err));
        GN_TRY(gn_alloc_array(&s->near, r->near->room, sizeof *s->near, "a list to rank", err));
        GN_TRY(gn_alloc_array(&s->members, e->k + 1, sizeof *s->members, "groups", err));
    }
    GN_TRY(gn_parallel(ctx, n_blocks, rank_block, r, &progress, err));
done:
    for (size_t w = 0; r->scratch && w < threads; w++) gn_engine_scratch_free(&r->scratch[w]);
    gn_free(r->scratch);
    gn_free(e->state);
    return st;
}

static gn_status search(gn_ctx *ctx, const gn_rows *rows, struct ranking *r, const char *task,
                        const gn_descent_tuning *tuning, gn_error *err) {
    gn_status st = GN_OK;
    gn_points points = {0};
    gn_best near = {0};
    gn_share share = {.task = task, .n = r->engine.distinct ? r->engine.distinct->n_rows : rows->n};
    share.part = OF_DESCENT;
    GN_TRY(gn_descend(ctx, rows, r->engine.k, tuning, &share, &points, &near, err));
    gn_free(points.x); /* the rows themselves are measured from now on */
    points.x = NULL;
    r->points = &points;
    r->near = &near;
    share.before = OF_DESCENT;
    share.part = GN_ALMOST - OF_DESCENT;
    GN_TRY(rank_all(ctx, r, &share, err));
    r->engine.out->n_candidates_per_row = (double)near.room;
    gn_ctx_progress(ctx, task, (double)share.n, (double)share.n, "rows");
done:
    gn_points_free(&points);
    gn_best_free(&near);
    return st;
}

gn_status gn_approximate_search(gn_ctx *ctx, gn_mat x, const gn_distinct *distinct,
                                const gn_knn_opts *opts, const gn_descent_tuning *tuning,
                                gn_knn **out, gn_error *err) {
    gn_status st = GN_OK;
    gn_rows rows = {.x = x, .n = x.rows, .metric = opts->metric};
    const gn_filter only = {.rows = &rows};
    struct ranking r = {.engine = {.ctx = ctx, .query = &only, .base = &only, .self = true}};
    gn_engine *e = &r.engine;
    gn_knn *all = NULL;
    if (opts->queries || opts->row || opts->group)
        GN_TRY(gn_fail(err, GN_EINVAL,
                       "an approximate search is of all rows among themselves: expected no "
                       "queries, row numbers or groups"));
    GN_TRY(gn_knn_check(x, opts, err));
    e->k = opts->k;
    if (distinct && distinct->n < distinct->n_rows) {
        e->distinct = distinct;
        rows.n = distinct->n;
        rows.row = distinct->row;
        if (e->k > rows.n - 1) e->k = rows.n - 1;
        GN_TRY(gn_knn_new(x.rows, opts->k, &e->all, err));
    }
    GN_TRY(gn_rows_prepare(ctx, &rows, NULL, err));
    if (e->k > 0) {
        GN_TRY(gn_knn_new(rows.n, e->k, &e->out, err));
        GN_TRY(search(ctx, &rows, &r, opts->task ? opts->task : "neighbors", tuning, err));
    } else { /* all rows are equal */
        gn_members own;
        gn_engine_expand(e, &own, 0, NULL);
    }
    all = e->all ? e->all : e->out;
    gn_rows_free(&rows);
    GN_TRY(gn_recall_measure(ctx, x, opts, all, err));
    if (e->all && e->out) e->all->n_candidates_per_row = e->out->n_candidates_per_row;
    *out = all;
    if (e->all)
        e->all = NULL;
    else
        e->out = NULL;
done:
    gn_rows_free(&rows);
    gn_knn_free(e->out);
    gn_knn_free(e->all);
    return st;
}

/* ---- recall ---------------------------------------------------------------------------------- */

/* Adds how many of the nearest 1, 2, ..., k of a row were found, as shares, and their squares. */
static void count_found(const float *found, const float *exact, size_t k, double *sum,
                        double *squares) {
    size_t n = 0;
    for (size_t j = 0; j < k; j++) {
        while (n <= j && found[n] <= exact[j]) n++;
        double share = (double)n / (double)(j + 1);
        sum[j] += share;
        squares[j] += share * share;
    }
}

gn_status gn_recall_measure(gn_ctx *ctx, gn_mat x, const gn_knn_opts *opts, gn_knn *knn,
                            gn_error *err) {
    gn_status st = GN_OK;
    gn_knn_opts exact = {.k = knn->k, .metric = opts->metric};
    char task[160];
    int32_t *row = NULL;
    double *sum = NULL, *squares;
    gn_recall *recall = NULL;
    gn_knn *truth = NULL;
    gn_random r = gn_random_new(gn_ctx_seed(ctx), SAMPLE_STREAM);
    size_t m = opts->recall_rows ? opts->recall_rows : RECALL_ROWS, k = knn->k;
    if (m > knn->n) m = knn->n;
    GN_TRY(gn_alloc_array(&row, m, sizeof *row, "sampled rows", err));
    GN_TRY(gn_alloc_array(&sum, k, 2 * sizeof *sum, "recall", err));
    GN_TRY(gn_alloc_array(&recall, k, sizeof *recall, "recall", err));
    squares = sum + k;
    for (size_t j = 0; j < 2 * k; j++) sum[j] = 0;
    gn_random_subset(&r, knn->n, m, row);
    snprintf(task, sizeof task, "%.140s, recall", opts->task ? opts->task : "neighbors");
    exact.task = task;
    exact.row = row;
    exact.n_rows = m;
    GN_TRY(gn_knn_compute(ctx, x, &exact, &truth, err));
    for (size_t i = 0; i < m; i++)
        count_found(knn->distance + (size_t)row[i] * k, truth->distance + i * k, k, sum, squares);
    for (size_t j = 0; j < k; j++) {
        const double mean = sum[j] / (double)m, left = 1 - (double)m / (double)knn->n;
        const double variance = fmax(0, squares[j] / (double)m - mean * mean);
        recall[j].value = mean;
        recall[j].se = m > 1 ? sqrt(variance / (double)(m - 1) * left) : 0;
    }
    knn->recall = recall;
    knn->n_recall = m;
    recall = NULL;
done:
    gn_free(row);
    gn_free(sum);
    gn_free(recall);
    gn_knn_free(truth);
    return st;
}
