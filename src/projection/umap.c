/* Uniform manifold approximation and projection: McInnes, Healy & Melville, arXiv:1802.03426.
 *
 * 1. The graph. Point i is joined to its neighbours with strength exp(-(d_ij - rho_i) / sigma_i):
 *    rho_i, the distance to the nearest other point, makes the first edge certain; sigma_i is
 * chosen so that the strengths sum to log2(n_neighbors). The two directions a and b join to a + b -
 * a b.
 * 2. The start: smooth functions on the graph (spectral.c).
 * 3. The map. A strength of 1 / (1 + a d^(2 b)), with a and b fitted so that it is 1 up to min_dist
 * and falls like exp(-(d - min_dist) / spread), is pulled towards the graph's by stochastic descent
 * on the cross-entropy: an edge fires as often as its strength says and pulls its ends together,
 * and at each firing a few points drawn at random are pushed away. The step shrinks from 1 to 0.
 *
 * The reference moves both ends of an edge at once and lets threads race. Here a point moves itself
 * only, and sees all others where they were at the end of the last epoch, so that the result does
 * not depend on the order of work. As every edge is in the lists of both ends, its pull is counted
 * at both; the reference meets each edge twice and moves both ends each time, so a firing is two
 * pulls. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "math/stats.h"
#include "projection/graph.h"
#include "projection/map.h"
#include "projection/spectral.h"
#include "projection/umap.h"

enum { BLOCK = 256, MAX_DIM = 64, LOSS_EVERY = 50, LOSS_ROWS = 100 };
static const double clip = 4, near = 1e-3;

typedef struct umap {
    gn_graph *graph;
    double largest; /* weight */
    double a, b;
    gn_umap_opts opts;
    double *next; /* (n, dim) */
    size_t m;     /* rows that the loss is measured on, */
    int32_t *row; /* (m) these, */
    double *cost; /* (m) and what each costs */
    const gn_map *map;
    uint64_t seed;
} umap;

static void umap_free(void *method) {
    umap *u = method;
    if (!u) return;
    gn_graph_free(u->graph);
    gn_free(u->next);
    gn_free(u->row);
    gn_free(u->cost);
    gn_free(u);
}

/* ---- the graph ---------------------------------------------------------------------------- */

typedef struct memberships {
    const gn_knn *knn;
    size_t k;
    double mean;    /* of all distances used */
    double *weight; /* (n, k) */
} memberships;

static gn_status calibrate(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    memberships *m = user;
    const size_t k = m->k;
    const double target = log2((double)k + 1); /* the point itself is one of n_neighbors */
    const size_t end = (block + 1) * BLOCK < m->knn->n ? (block + 1) * BLOCK : m->knn->n;
    for (size_t i = block * BLOCK; i < end; i++) {
        const float *d = m->knn->distance + i * m->knn->k;
        double rho = 0, mean = 0, low = 0, high = (double)INFINITY, sigma = 1;
        for (size_t j = 0; j < k; j++) {
            if (rho == 0 && d[j] > 0) rho = (double)d[j];
            mean += (double)d[j] / (double)k;
        }
        for (int step = 0; step < 64; step++) {
            double sum = 0;
            for (size_t j = 0; j < k; j++) {
                const double over = (double)d[j] - rho;
                sum += over > 0 ? exp(-over / sigma) : 1;
            }
            if (fabs(sum - target) < 1e-5) break;
            if (sum > target)
                high = sigma;
            else
                low = sigma;
            sigma = isinf(high) ? 2 * sigma : (low + high) / 2;
        }
        const double least = 1e-3 * (rho > 0 ? mean : m->mean);
        if (sigma < least) sigma = least;
        for (size_t j = 0; j < k; j++) {
            const double over = (double)d[j] - rho;
            m->weight[i * k + j] = over > 0 && sigma > 0 ? exp(-over / sigma) : 1;
        }
    }
    return GN_OK;
}

static gn_status make_graph(gn_ctx *ctx, const gn_knn *knn, umap *u, gn_error *err) {
    gn_status st = GN_OK;
    int32_t *index = NULL;
    memberships m = {.knn = knn, .k = u->opts.n_neighbors - 1};
    GN_TRY(gn_alloc_array(&m.weight, knn->n * m.k, sizeof *m.weight, "strengths", err));
    GN_TRY(gn_alloc_array(&index, knn->n * m.k, sizeof *index, "strengths", err));
    for (size_t i = 0; i < knn->n; i++)
        for (size_t j = 0; j < m.k; j++) {
            index[i * m.k + j] = knn->index[i * knn->k + j];
            m.mean += (double)knn->distance[i * knn->k + j] / (double)(knn->n * m.k);
        }
    GN_TRY(gn_parallel(ctx, (knn->n + BLOCK - 1) / BLOCK, calibrate, &m, NULL, err));
    GN_TRY(gn_graph_new(index, m.weight, knn->n, m.k, GN_JOIN_UNION, &u->graph, err));
    for (size_t e = 0; e < u->graph->start[knn->n]; e++)
        u->largest = fmax(u->largest, (double)u->graph->weight[e]);
done:
    gn_free(index);
    gn_free(m.weight);
    return st;
}

/* ---- the curve ----------------------------------------------------------------------------- */

/* Least squares of 1 / (1 + a x^(2 b)) against the wanted curve on 300 points of (0, 3 spread]:
 * Gauss-Newton in (log a, log b) with damping. */
void gn_umap_curve(double min_dist, double spread, double *a, double *b) {
    enum { POINTS = 300 };
    double p[2] = {0, 0}, damping = 1e-3, best = (double)INFINITY;
    for (int step = 0; step < 200; step++) {
        double h[3] = {0}, g[2] = {0};
        for (int i = 1; i < POINTS; i++) {
            const double x = 3 * spread * i / (POINTS - 1);
            const double want = x < min_dist ? 1 : exp(-(x - min_dist) / spread);
            const double t = exp(p[0]) * pow(x, 2 * exp(p[1])), f = 1 / (1 + t);
            const double slope = -t * f * f, d[2] = {slope, slope * 2 * exp(p[1]) * log(x)};
            g[0] += d[0] * (want - f);
            g[1] += d[1] * (want - f);
            h[0] += d[0] * d[0];
            h[1] += d[0] * d[1];
            h[2] += d[1] * d[1];
        }
        const double h0 = h[0] * (1 + damping), h2 = h[2] * (1 + damping);
        const double det = h0 * h2 - h[1] * h[1];
        const double q[2] = {p[0] + (h2 * g[0] - h[1] * g[1]) / det,
                             p[1] + (h0 * g[1] - h[1] * g[0]) / det};
        double loss = 0;
        for (int i = 1; i < POINTS; i++) {
            const double x = 3 * spread * i / (POINTS - 1);
            const double want = x < min_dist ? 1 : exp(-(x - min_dist) / spread);
            const double f = 1 / (1 + exp(q[0]) * pow(x, 2 * exp(q[1])));
            loss += (want - f) * (want - f);
        }
        if (loss < best) {
            memcpy(p, q, sizeof p);
            if (best - loss < 1e-15) break;
            best = loss;
            damping /= 3;
        } else {
            damping *= 4;
        }
    }
    *a = exp(p[0]);
    *b = exp(p[1]);
}

/* ---- the map ------------------------------------------------------------------------------- */

static double clipped(double v) {
    return v > clip ? clip : v < -clip ? -clip : v;
}

/* Moves `at` by one pull towards (sign < 0) or push from (sign > 0) `other`. */
static inline void pull(const umap *u, double *at, const double *other, size_t dim, double rate,
                        bool push) {
    double d2 = 0;
    for (size_t x = 0; x < dim; x++) d2 += (at[x] - other[x]) * (at[x] - other[x]);
    double f = push ? clip : 0;
    if (d2 > 0) {
        const double power = pow(d2, u->b);
        f = push ? 2 * u->b / ((near + d2) * (1 + u->a * power))
                 : -2 * u->a * u->b * power / d2 / (1 + u->a * power);
    } else if (!push) {
        return;
    }
    for (size_t x = 0; x < dim; x++) at[x] += rate * (d2 > 0 ? clipped(f * (at[x] - other[x])) : f);
}

static gn_status epoch(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    umap *u = user;
    const gn_map_state *s = &u->map->state;
    const size_t n = s->n, dim = s->dim;
    const double *y = u->map->y, rate = 1 - (double)s->step / (double)s->n_steps;
    const size_t end = (block + 1) * BLOCK < n ? (block + 1) * BLOCK : n;
    gn_random r = gn_random_new(u->seed, s->step * ((n + BLOCK - 1) / BLOCK) + block);
    for (size_t i = block * BLOCK; i < end; i++) {
        double at[MAX_DIM];
        memcpy(at, y + i * dim, dim * sizeof *at);
        for (size_t e = u->graph->start[i]; e < u->graph->start[i + 1]; e++) {
            /* After t epochs an edge of relative strength w has fired floor(w t) times. */
            const double w = (double)u->graph->weight[e] / u->largest;
            if (floor(w * (double)(s->step + 1)) <= floor(w * (double)s->step)) continue;
            const double *other = y + (size_t)u->graph->index[e] * dim;
            pull(u, at, other, dim, rate, false);
            pull(u, at, other, dim, rate, false);
            for (size_t x = 0; u->map->target && x < dim; x++) /* towards another map */
                at[x] -=
                    2 * rate *
                    clipped((double)u->map->strength[i] * (at[x] - u->map->target[i * dim + x]));
            double left = u->opts.negative_rate;
            for (; left > 0; left -= 1) {
                const size_t j = (size_t)gn_random_below(&r, n);
                if ((left < 1 && gn_random_uniform(&r) >= left) || j == i) continue;
                pull(u, at, y + j * dim, dim, rate, true);
            }
        }
        memcpy(u->next + i * dim, at, dim * sizeof *at);
    }
    return GN_OK;
}

static gn_status measure_loss(gn_ctx *ctx, gn_map *map, gn_error *err) {
    const umap *u = map->method;
    const double n = (double)map->state.n, m = (double)u->m;
    gn_status st = gn_umap_cross_entropy(ctx,
                                         &(gn_umap_loss){.graph = u->graph,
                                                         .a = u->a,
                                                         .b = u->b,
                                                         .negative_rate = u->opts.negative_rate,
                                                         .y = map->y,
                                                         .dim = map->state.dim,
                                                         .row = u->row,
                                                         .rows = u->m,
                                                         .each = u->cost},
                                         err);
    if (st != GN_OK) return st;
    map->state.loss = gn_mean(u->cost, u->m);
    map->state.loss_se = gn_sem(u->cost, u->m) * sqrt(1 - m / n); /* drawn without repetition */
    return GN_OK;
}

static gn_status step(gn_ctx *ctx, gn_map *map, gn_error *err) {
    umap *u = map->method;
    const size_t done = map->state.step + 1;
    u->map = map;
    gn_status st = gn_parallel(ctx, (map->state.n + BLOCK - 1) / BLOCK, epoch, u, NULL, err);
    if (st != GN_OK) return st;
    memcpy(map->y, u->next, map->state.n * map->state.dim * sizeof *u->next);
    gn_map_centre(map);
    return done % LOSS_EVERY == 0 || done == map->state.n_steps ? measure_loss(ctx, map, err)
                                                                : GN_OK;
}

gn_status gn_umap_new(gn_ctx *ctx, const gn_knn *knn, gn_mat init, const gn_umap_opts *opts,
                      gn_map **out, gn_error *err) {
    gn_umap_opts o = opts ? *opts : (gn_umap_opts){.min_dist = -1};
    gn_status st = GN_OK;
    gn_map *l = NULL;
    const size_t n = knn->n;
    if (o.dim == 0) o.dim = 2;
    if (o.n_neighbors == 0) o.n_neighbors = 15;
    if (o.min_dist < 0) o.min_dist = 0.1;
    if (o.spread == 0) o.spread = 1;
    if (o.n_steps == 0) o.n_steps = n <= 10000 ? 500 : 200;
    if (o.negative_rate == 0) o.negative_rate = 5;
    if (n < 4) return gn_fail(err, GN_EINVAL, "UMAP of %zu rows, expected at least 4", n);
    if (o.dim > MAX_DIM)
        return gn_fail(err, GN_EINVAL, "UMAP in %zu dimensions, expected 1 to %d", o.dim, MAX_DIM);
    if (!(o.spread > 0) || !(o.min_dist <= o.spread) || !(o.negative_rate >= 0) ||
        o.n_neighbors < 2)
        return gn_fail(
            err, GN_EINVAL,
            "UMAP: n_neighbors %zu, min_dist %g, spread %g; expected n_neighbors >= 2 and "
            "0 <= min_dist <= spread",
            o.n_neighbors, o.min_dist, o.spread);
    if (o.n_neighbors > knn->k + 1) {
        gn_ctx_log(ctx, GN_LOG_WARNING, "UMAP: %zu neighbours asked for, the lists have %zu",
                   o.n_neighbors, knn->k + 1);
        o.n_neighbors = knn->k + 1;
    }
    GN_TRY(gn_map_new("umap", "UMAP", n, o.dim, init, &l, err));
    l->step = step;
    l->free = umap_free;
    l->state.n_steps = o.n_steps;
    umap *u = l->method = gn_calloc(1, sizeof *u);
    if (!u) {
        st = gn_fail(err, GN_ENOMEM, "out of memory for UMAP");
        goto done;
    }
    u->opts = o;
    u->seed = ctx ? gn_ctx_seed(ctx) : 0;
    gn_umap_curve(o.min_dist, o.spread, &u->a, &u->b);
    GN_TRY(gn_alloc_array(&u->next, n * o.dim, sizeof *u->next, "positions", err));
    u->m = n < LOSS_ROWS ? n : LOSS_ROWS;
    GN_TRY(gn_alloc_array(&u->row, u->m, sizeof *u->row, "sampled rows", err));
    GN_TRY(gn_alloc_array(&u->cost, u->m, sizeof *u->cost, "sampled rows", err));
    gn_random r = gn_random_new(u->seed, UINT64_MAX); /* epochs take the streams from 0 on */
    gn_random_subset(&r, n, u->m, u->row);
    GN_TRY(make_graph(ctx, knn, u, err));
    if (!init.data) GN_TRY(gn_spectral_start(ctx, u->graph, o.dim, l->y, err));
    *out = l;
    return GN_OK;
done:
    gn_map_free(l);
    return st;
}
