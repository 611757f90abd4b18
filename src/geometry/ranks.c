/* Exact ranks without a table of all distances: the rank of target j around point i is one more
 * than the number of points that are nearer to i. So all pairs stream by once, and each target
 * needs one counter.
 *
 * The distances come as float32 products of tiles (math/gemm.h), and neighbors/filter.h says what
 * such a number proves. For row i, a target at the measured squared distance T, and a block of
 * columns with its largest length and residual, two float32 thresholds follow:
 *
 *     value < sure       the column is nearer than the target, whatever was rounded
 *     value > limit      it is farther
 *
 * What lies between is measured in float64 and compared by (distance, index), as the neighbour
 * lists are; at the least that is the target itself. So the ranks are those of the float64 double
 * loop, at the price of one matrix product. `sure` is the mirror image of `limit` around T - |a|^2
 * and is accepted only after the filter's own upper bound has confirmed it.
 *
 * Each block of rows is a task and owns its counters: nothing depends on the threads. */
#include "gonio/imbalance.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "neighbors/filter.h"

#include <math.h>
#include <string.h>

enum { AMX_PARTS = 2, LANES = 4, L2_BYTES = 256 << 10 };
#define MAX_COLS ((size_t)1 << 18) /* as gn_knn_compute: the filter's proof needs it */
#define CLOSE 0x1p-38              /* covers the rounding of measured distances */

struct scratch {
    float *tile;         /* (mr, nr) */
    float *value;        /* (nr) */
    double *wide;        /* (cols) */
    double *squared;     /* (block, m) measured distances of the targets */
    float *sure, *limit; /* (block, m) */
    int32_t *nearer;     /* (block, m) */
};

struct run {
    gn_ctx *ctx;
    const gn_filter *filter;
    const int32_t *target;
    size_t m;
    int32_t *rank;
    struct scratch *scratch; /* one for each worker */
};

static float limit_of(const gn_filter *f, size_t i, double squared, size_t block) {
    if (f->rows->metric == GN_COSINE) squared = fmax(squared, 2 * GN_COSINE_NOISE);
    return gn_filter_limit(f, i, squared * (1 + CLOSE), f->block_length[block],
                           f->block_residual[block]);
}

/* A value below the result proves that the column is nearer; -infinity when nothing can. */
static float sure_of(const gn_filter *f, size_t i, double squared, size_t block, float limit) {
    double a = f->length[i], goal = squared * (1 - CLOSE);
    double x = 2 * (squared - a * a) - (double)limit, step = 0x1p-22 * (squared + a * a);
    for (int attempt = 0; attempt < 24; attempt++, x -= step, step *= 2) {
        float v = (float)x;
        if (gn_filter_upper(f, i, f->block_length[block], f->block_residual[block], v) < goal)
            return v;
    }
    return -INFINITY;
}

static void set_targets(const struct run *r, struct scratch *s, size_t first, size_t rows) {
    const gn_filter *f = r->filter;
    for (size_t i = 0; i < rows; i++) {
        gn_rows_get(f->rows, first + i, s->wide);
        for (size_t t = 0; t < r->m; t++) {
            s->squared[i * r->m + t] =
                gn_rows_distance(f->rows, s->wide, (size_t)r->target[(first + i) * r->m + t]);
            s->nearer[i * r->m + t] = 0;
        }
    }
}

/* The columns of a tile's row whose value does not decide. */
static int32_t measure(const struct run *r, struct scratch *s, size_t i, size_t at, size_t col,
                       float sure, float limit) {
    const gn_filter *f = r->filter;
    int32_t nearer = 0;
    bool have_row = false;
    for (size_t c = 0; c < f->gemm->nr; c++) {
        size_t j = col + c;
        if (s->value[c] < sure || s->value[c] > limit || j >= f->n || j == i) continue;
        if (!have_row) gn_rows_get(f->rows, i, s->wide);
        have_row = true;
        double squared = gn_rows_distance(f->rows, s->wide, j), other = s->squared[at];
        nearer +=
            squared < other || (squared == other && (int32_t)j < r->target[i * r->m + at % r->m]);
    }
    return nearer;
}

/* One row of a tile against all targets of its point; `at` is the first of them. */
static void count_row(const struct run *r, struct scratch *s, const float *c, size_t i, size_t at,
                      size_t col) {
    const gn_filter *f = r->filter;
    size_t nr = f->gemm->nr;
    for (size_t j = 0; j < nr; j++) s->value[j] = f->norm[col + j] - 2 * c[j];
    if (i >= col && i < col + nr) s->value[i - col] = INFINITY; /* not the point itself */
    for (size_t t = at; t < at + r->m; t++) {
        float sure = s->sure[t], limit = s->limit[t];
        int32_t below[LANES] = {0}, beyond[LANES] = {0};
        for (size_t j = 0; j < nr; j += LANES)
            for (size_t l = 0; l < LANES; l++) {
                below[l] += s->value[j + l] < sure;
                beyond[l] += s->value[j + l] > limit;
            }
        int32_t n_below = 0, n_decided = 0;
        for (size_t l = 0; l < LANES; l++) {
            n_below += below[l];
            n_decided += below[l] + beyond[l];
        }
        s->nearer[t] += n_below;
        if (n_decided < (int32_t)nr) s->nearer[t] += measure(r, s, i, t, col, sure, limit);
    }
}

static void meet(const struct run *r, struct scratch *s, size_t block, size_t other, size_t rows) {
    const gn_filter *f = r->filter;
    const gn_gemm *g = f->gemm;
    size_t first = block * f->block, begin = other * f->block;
    size_t cols = f->n - begin < f->block ? f->n - begin : f->block;
    for (size_t t = 0; t < rows * r->m; t++) {
        s->limit[t] = limit_of(f, first + t / r->m, s->squared[t], other);
        s->sure[t] = sure_of(f, first + t / r->m, s->squared[t], other, s->limit[t]);
    }
    size_t part = L2_BYTES / f->a_bytes * g->mr; /* rows that stay in L2 while columns stream by */
    if (part < 4 * g->mr) part = rows;
    for (size_t from = 0; from < rows; from += part) {
        size_t to = rows - from < part ? rows : from + part;
        for (size_t j = 0; j < cols; j += g->nr)
            for (size_t i = from; i < to; i += g->mr) {
                g->tile(gn_filter_a(f, first + i), gn_filter_b(f, begin + j), f->k_padded, s->tile,
                        g->nr);
                for (size_t q = 0; q < g->mr && i + q < rows; q++)
                    count_row(r, s, s->tile + q * g->nr, first + i + q, (i + q) * r->m, begin + j);
            }
    }
}

static gn_status rank_block(void *user, size_t block, unsigned worker, gn_error *err) {
    struct run *r = user;
    const gn_filter *f = r->filter;
    struct scratch *s = &r->scratch[worker];
    size_t first = block * f->block, rows = f->n - first < f->block ? f->n - first : f->block;
    gn_status st = GN_OK;
    set_targets(r, s, first, rows);
    if (f->gemm->begin) f->gemm->begin();
    for (size_t other = 0; other < f->n_blocks && st == GN_OK; other++) {
        meet(r, s, block, other, rows);
        if (worker == 0) st = gn_ctx_poll(r->ctx, err); /* hooks belong to the caller's thread */
    }
    if (f->gemm->end) f->gemm->end();
    for (size_t t = 0; t < rows * r->m; t++) r->rank[first * r->m + t] = s->nearer[t] + 1;
    return st;
}

static void scratch_free(struct scratch *s) {
    gn_free(s->tile);
    gn_free(s->value);
    gn_free(s->wide);
    gn_free(s->squared);
    gn_free(s->sure);
    gn_free(s->limit);
    gn_free(s->nearer);
}

static gn_status scratch_new(const struct run *r, struct scratch *s, gn_error *err) {
    const gn_filter *f = r->filter;
    size_t tile = f->gemm->mr * f->gemm->nr, m = r->m;
    gn_status st;
    GN_TRY(gn_alloc_array(&s->tile, tile, sizeof *s->tile, "a tile", err));
    GN_TRY(gn_alloc_array(&s->value, f->gemm->nr, sizeof *s->value, "a tile's row", err));
    GN_TRY(gn_alloc_array(&s->wide, f->rows->x.cols, sizeof *s->wide, "a row", err));
    GN_TRY(gn_alloc_array(&s->squared, f->block, m * sizeof *s->squared, "targets", err));
    GN_TRY(gn_alloc_array(&s->sure, f->block, m * sizeof *s->sure, "targets", err));
    GN_TRY(gn_alloc_array(&s->limit, f->block, m * sizeof *s->limit, "targets", err));
    GN_TRY(gn_alloc_array(&s->nearer, f->block, m * sizeof *s->nearer, "counters", err));
done:
    return st;
}

static gn_status check(gn_mat x, const int32_t *target, size_t m, const gn_ranks_opts *o,
                       gn_error *err) {
    if (x.dtype > GN_BF16)
        return gn_fail(err, GN_EINVAL, "ranks in a matrix of %s: expected a floating type",
                       gn_dtype_name(x.dtype));
    if (x.rows < 2 || x.rows > INT32_MAX || m == 0 || m > INT32_MAX)
        return gn_fail(err, GN_EINVAL,
                       "%zu ranks around each of %zu rows: expected 1 or more, and 2 to %d rows", m,
                       x.rows, INT32_MAX);
    if (x.cols == 0 || x.cols >= MAX_COLS)
        return gn_fail(err, GN_EINVAL, "ranks of rows with %zu columns: expected 1 to %zu", x.cols,
                       MAX_COLS - 1);
    if (o->metric != GN_EUCLIDEAN && o->metric != GN_COSINE)
        return gn_fail(err, GN_EINVAL, "unknown metric %d", (int)o->metric);
    for (size_t i = 0; i < x.rows; i++)
        for (size_t t = 0; t < m; t++) {
            int32_t j = target[i * m + t];
            if (j < 0 || (size_t)j >= x.rows || (size_t)j == i)
                return gn_fail(err, GN_EINVAL,
                               "rank of row %d around row %zu: expected another of the %zu rows",
                               (int)j, i, x.rows);
        }
    return GN_OK;
}

gn_status gn_ranks_compute(gn_ctx *ctx, gn_mat x, const int32_t *target, size_t m,
                           const gn_ranks_opts *opts, int32_t *rank, gn_error *err) {
    gn_ranks_opts o = opts ? *opts : (gn_ranks_opts){0};
    size_t threads = gn_ctx_threads(ctx);
    gn_rows rows = {.x = x, .n = x.rows, .metric = o.metric};
    gn_filter filter = {0};
    int32_t *all = NULL;
    struct run r = {.ctx = ctx, .filter = &filter, .target = target, .m = m};
    gn_status st;
    GN_TRY(check(x, target, m, &o, err));
    GN_TRY(gn_rows_prepare(ctx, &rows, NULL, err));
    GN_TRY(gn_filter_new(ctx, &rows, gn_gemm_for(gn_ctx_cpu(ctx), AMX_PARTS), 0,
                         GN_ASKS | GN_ANSWERS, &filter, err));
    GN_TRY(gn_alloc_array(&all, x.rows, m * sizeof *all, "ranks", err));
    r.rank = all;
    r.scratch = gn_calloc(threads, sizeof *r.scratch);
    if (!r.scratch) GN_TRY(gn_fail_nomem(err, "scratch", threads * sizeof *r.scratch));
    for (size_t w = 0; w < threads; w++) GN_TRY(scratch_new(&r, &r.scratch[w], err));
    gn_progress p = {o.task ? o.task : "ranks", "rows", (double)x.rows, 0,
                     (double)x.rows / (double)filter.n_blocks};
    GN_TRY(gn_parallel(ctx, filter.n_blocks, rank_block, &r, &p, err));
    memcpy(rank, all, x.rows * m * sizeof *rank);
done:
    for (size_t w = 0; r.scratch && w < threads; w++) scratch_free(&r.scratch[w]);
    gn_free(r.scratch);
    gn_free(all);
    gn_filter_free(&filter);
    gn_rows_free(&rows);
    return st;
}
