/* What a map kept of the neighbourhoods.
 *
 * kept counts: of the k nearest rows in the space, how many are among the k nearest on the map. It
 * takes one exact search on the map and holds for every row, so that a picture can colour points by
 * it; of many rows a sample is searched. Approximate lists would take what they miss for what the
 * map lost: there the sampled rows are searched exactly in the space, too. kept does not tell a
 * near miss from a far one. Trustworthiness does: a neighbour on the map that is the r-th nearest
 * in the space costs r - k. Continuity exchanges the roles. Ranks need all distances of a row, so
 * these two are measured on a random sample of rows, and carry its standard error. Ranks are
 * counted on squared distances in float64, ties by index, as in the lists. */
#include <math.h>
#include <string.h>

#include "base/ctx.h"
#include "base/mem.h"
#include "base/random.h"
#include "gonio/map.h"
#include "math/stats.h"

typedef struct ranking {
    gn_mat x, map;
    gn_metric metric;
    const gn_vec *vec;
    size_t k;
    const int32_t *row;         /* (n_sampled) */
    int32_t *near, *on_map;     /* (n_sampled, k) their nearest in the space and on the map */
    double *trust, *continuity; /* (n_sampled): sums of r - k */
    double *norm;               /* (n) of x, for the cosine */
    double *scratch;            /* (threads, n) */
    float *buffer;              /* (threads, 2 d) */
} ranking;

/* Sum over the targets of max(rank - k, 0), ranks among all rows but i by (distance, index). */
static double excess(const double *distance, size_t n, size_t i, const int32_t *target, size_t k) {
    double sum = 0;
    for (size_t t = 0; t < k; t++) {
        const size_t j = (size_t)target[t];
        size_t rank = 1;
        for (size_t l = 0; l < n; l++)
            rank += l != i && (distance[l] < distance[j] || (distance[l] == distance[j] && l < j));
        if (rank > k) sum += (double)(rank - k);
    }
    return sum;
}

static gn_status rank_row(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    ranking *q = user;
    const size_t n = q->x.rows, d = q->x.cols, i = (size_t)q->row[block], dim = q->map.cols;
    double *distance = q->scratch + worker * n;
    float *buffer = q->buffer + worker * 2 * d;
    const float *self = gn_mat_row_f32(q->x, i, buffer);
    for (size_t j = 0; j < n; j++) {
        const float *other = gn_mat_row_f32(q->x, j, buffer + d);
        distance[j] = q->metric == GN_COSINE
                          ? 1 - q->vec->dot(self, other, d) / (q->norm[i] * q->norm[j])
                          : q->vec->dist2(self, other, d);
    }
    q->trust[block] = excess(distance, n, i, q->on_map + block * q->k, q->k);
    const double *y = q->map.data, *at = y + i * q->map.stride;
    for (size_t j = 0; j < n; j++) {
        distance[j] = 0;
        for (size_t c = 0; c < dim; c++) {
            const double diff = at[c] - y[j * q->map.stride + c];
            distance[j] += diff * diff;
        }
    }
    q->continuity[block] = excess(distance, n, i, q->near + block * q->k, q->k);
    return GN_OK;
}

/* Share of the first k of list `a` that are in the first k of `b`. */
static float share(const int32_t *a, const int32_t *b, size_t k) {
    size_t common = 0;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < k; j++) common += a[i] == b[j];
    return (float)common / (float)k;
}

/* The first k neighbours of m rows, from lists of all rows, or by an exact search. */
static gn_status lists_of_rows(gn_ctx *ctx, gn_mat x, gn_metric metric, const gn_knn *lists,
                               const int32_t *row, size_t m, size_t k, const char *task,
                               int32_t *out, gn_error *err) {
    gn_status st = GN_OK;
    gn_knn *own = NULL;
    const gn_knn_opts o = {.k = k, .metric = metric, .row = row, .n_rows = m, .task = task};
    if (!lists) GN_TRY(gn_knn_compute(ctx, x, &o, &own, err));
    for (size_t i = 0; i < m; i++)
        memcpy(out + i * k,
               own ? own->index + i * own->k : lists->index + (size_t)row[i] * lists->k,
               k * sizeof *out);
done:
    gn_knn_free(own);
    return st;
}

static size_t neighbors_compared(const gn_map_quality_opts *o, const gn_knn *knn) {
    size_t k = o->k ? o->k : 15;
    if (k > knn->k) k = knn->k;
    return k < (knn->n - 1) / 2 ? k : (knn->n - 1) / 2;
}

gn_status gn_map_quality_compute(gn_ctx *ctx, gn_mat x, const gn_knn *knn, gn_mat map,
                                 const gn_map_quality_opts *opts, float *kept, gn_map_quality *out,
                                 gn_error *err) {
    const gn_map_quality_opts o = opts ? *opts : (gn_map_quality_opts){0};
    const size_t n = x.rows, threads = ctx ? gn_ctx_threads(ctx) : 1;
    gn_status st = GN_OK;
    gn_knn *on_map = NULL;
    int32_t *row = NULL;
    double *share_of = NULL; /* (n) or (m): kept */
    ranking q = {.x = x, .map = map, .metric = o.metric};
    if (map.rows != n || knn->n != n || map.dtype != GN_F64 || n < 4)
        return gn_fail(
            err, GN_EINVAL,
            "quality of a map: %zu vectors, lists of %zu, a map of %zu positions; expected "
            "the same number, at least 4, and float64 positions",
            n, knn->n, map.rows);
    q.k = neighbors_compared(&o, knn);
    q.vec = gn_vec_for(ctx ? gn_ctx_cpu(ctx) : GN_CPU_AUTO);
    size_t m = o.n_sample ? o.n_sample : 1000;
    if (m > n) m = n;
    /* every row is compared where that is asked for or cheap; the mean is of exact lists */
    const bool every = kept || (n <= GN_QUALITY_ALL_ROWS && !knn->recall);
    const bool whole = every && !knn->recall;
    const size_t n_kept = whole ? n : m;
    if (every)
        GN_TRY(gn_knn_compute(ctx, map, &(gn_knn_opts){.k = q.k, .task = "neighbors on the map"},
                              &on_map, err));
    GN_TRY(gn_alloc_array(&share_of, n_kept, sizeof *share_of, "kept neighbours", err));
    GN_TRY(gn_alloc_array(&row, m, sizeof *row, "sampled rows", err));
    GN_TRY(gn_alloc_array(&q.near, m, q.k * sizeof *q.near, "ranks", err));
    GN_TRY(gn_alloc_array(&q.on_map, m, q.k * sizeof *q.on_map, "ranks", err));
    GN_TRY(gn_alloc_array(&q.trust, m, sizeof *q.trust, "ranks", err));
    GN_TRY(gn_alloc_array(&q.continuity, m, sizeof *q.continuity, "ranks", err));
    GN_TRY(gn_alloc_array(&q.scratch, threads * n, sizeof *q.scratch, "ranks", err));
    GN_TRY(gn_alloc_array(&q.buffer, threads * 2 * x.cols, sizeof *q.buffer, "ranks", err));
    if (o.metric == GN_COSINE) {
        GN_TRY(gn_alloc_array(&q.norm, n, sizeof *q.norm, "norms", err));
        for (size_t i = 0; i < n; i++)
            q.norm[i] = sqrt(q.vec->norm2(gn_mat_row_f32(x, i, q.buffer), x.cols));
    }
    gn_random r = gn_random_new(ctx ? gn_ctx_seed(ctx) : 0, 0);
    gn_random_subset(&r, n, m, row);
    q.row = row;
    GN_TRY(lists_of_rows(ctx, x, o.metric, knn->recall ? NULL : knn, row, m, q.k,
                         "sampled neighbors", q.near, err));
    GN_TRY(lists_of_rows(ctx, map, GN_EUCLIDEAN, on_map, row, m, q.k, "neighbors on the map",
                         q.on_map, err));
    GN_TRY(gn_parallel(ctx, m, rank_row, &q, NULL, err));
    for (size_t i = 0; i < n_kept; i++)
        share_of[i] = (double)(whole ? share(knn->index + i * knn->k, on_map->index + i * q.k, q.k)
                                     : share(q.near + i * q.k, q.on_map + i * q.k, q.k));
    const double scale = 2 / ((double)q.k * (2 * (double)n - 3 * (double)q.k - 1));
    for (size_t i = 0; i < m; i++) {
        q.trust[i] = 1 - scale * q.trust[i];
        q.continuity[i] = 1 - scale * q.continuity[i];
    }
    for (size_t i = 0; kept && i < n; i++)
        kept[i] = share(knn->index + i * knn->k, on_map->index + i * q.k, q.k);
    *out = (gn_map_quality){.k = q.k,
                            .n_kept = n_kept,
                            .kept = gn_mean(share_of, n_kept),
                            .kept_se = gn_sem(share_of, n_kept),
                            .n_sampled = m,
                            .trustworthiness = gn_mean(q.trust, m),
                            .trustworthiness_se = gn_sem(q.trust, m),
                            .continuity = gn_mean(q.continuity, m),
                            .continuity_se = gn_sem(q.continuity, m)};
done:
    gn_knn_free(on_map);
    gn_free(share_of);
    gn_free(q.near);
    gn_free(q.on_map);
    gn_free(row);
    gn_free(q.trust);
    gn_free(q.continuity);
    gn_free(q.scratch);
    gn_free(q.buffer);
    gn_free(q.norm);
    return st;
}

/* ---- while a map runs ------------------------------------------------------------------------ */

struct gn_map_gauge {
    size_t n, k, m;
    int32_t *row;  /* (m) */
    int32_t *near; /* (m, k) in the space */
};

gn_status gn_map_gauge_new(gn_ctx *ctx, gn_mat x, const gn_knn *knn,
                           const gn_map_quality_opts *opts, gn_map_gauge **out, gn_error *err) {
    const gn_map_quality_opts o = opts ? *opts : (gn_map_quality_opts){0};
    const size_t n = x.rows;
    gn_status st = GN_OK;
    if (knn->n != n || n < 4)
        return gn_fail(err, GN_EINVAL,
                       "a gauge of %zu vectors with lists of %zu; expected the same, at least 4", n,
                       knn->n);
    gn_map_gauge *g = gn_calloc(1, sizeof *g);
    if (!g) return gn_fail_nomem(err, "a gauge", sizeof *g);
    g->n = n;
    g->k = neighbors_compared(&o, knn);
    g->m = o.n_sample ? o.n_sample : 200;
    if (g->m > n) g->m = n;
    GN_TRY(gn_alloc_array(&g->row, g->m, sizeof *g->row, "sampled rows", err));
    GN_TRY(gn_alloc_array(&g->near, g->m, g->k * sizeof *g->near, "neighbours", err));
    gn_random r = gn_random_new(ctx ? gn_ctx_seed(ctx) : 0, 0);
    gn_random_subset(&r, n, g->m, g->row);
    GN_TRY(lists_of_rows(ctx, x, o.metric, knn->recall ? NULL : knn, g->row, g->m, g->k,
                         "sampled neighbors", g->near, err));
    *out = g;
    g = NULL;
done:
    gn_map_gauge_free(g);
    return st;
}

gn_status gn_map_gauge_read(gn_ctx *ctx, const gn_map_gauge *g, gn_mat map, gn_map_quality *out,
                            gn_error *err) {
    gn_status st = GN_OK;
    int32_t *on_map = NULL;
    double *kept = NULL;
    if (map.rows != g->n || map.dtype != GN_F64)
        return gn_fail(err, GN_EINVAL, "a map of %zu positions, expected %zu in float64", map.rows,
                       g->n);
    GN_TRY(gn_alloc_array(&on_map, g->m, g->k * sizeof *on_map, "neighbours", err));
    GN_TRY(gn_alloc_array(&kept, g->m, sizeof *kept, "kept neighbours", err));
    GN_TRY(lists_of_rows(ctx, map, GN_EUCLIDEAN, NULL, g->row, g->m, g->k, "neighbors on the map",
                         on_map, err));
    for (size_t i = 0; i < g->m; i++)
        kept[i] = (double)share(g->near + i * g->k, on_map + i * g->k, g->k);
    *out = (gn_map_quality){.k = g->k,
                            .n_kept = g->m,
                            .kept = gn_mean(kept, g->m),
                            .kept_se = gn_sem(kept, g->m),
                            .trustworthiness = (double)NAN,
                            .trustworthiness_se = (double)NAN,
                            .continuity = (double)NAN,
                            .continuity_se = (double)NAN};
done:
    gn_free(on_map);
    gn_free(kept);
    return st;
}

void gn_map_gauge_free(gn_map_gauge *g) {
    if (!g) return;
    gn_free(g->row);
    gn_free(g->near);
    gn_free(g);
}
