/* t-distributed stochastic neighbour embedding.
 *
 * Neighbours attract with force p_ij / (1 + |y_i - y_j|^2), all points repel (repulsion.c), and
 * gradient descent on the Kullback-Leibler divergence of the two finds the balance:
 *
 *     dKL / dy_i  ~  sum_j p_ij q_ij (y_i - y_j)  -  (1 / Z) sum_j q_ij^2 (y_i - y_j)
 *
 * with q_ij = 1 / (1 + |y_i - y_j|^2) (the factor 4 is part of the learning rate). P has only the 3
 * perplexity nearest neighbours of each point, made symmetric; the rest would weigh < 1e-4.
 *
 * The schedule: attraction times 12 for 250 steps, so that clusters gather before they spread; then
 * 500 steps; momentum 0.8 throughout (0.5 in the first part, as in the first paper, ends at a
 * higher loss). The learning rate n / 12, then n (Belkina et al., Nature Communications 10:5415,
 * 2019), makes the number of steps independent of n. Each coordinate has a gain (Jacobs 1988): +
 * 0.2 while the gradient disagrees with the velocity's direction of descent, times 0.8 otherwise,
 * at least 0.01. A step is at most 5 long: early repulsion would fling outliers away.
 *
 * Forces are computed from the old positions of all points, then all move: the order in which
 * threads work is invisible. */
#include <math.h>

#include "base/mem.h"
#include "base/random.h"
#include "projection/graph.h"
#include "projection/map.h"
#include "projection/repulsion.h"

enum { BLOCK = 512, LOSS_EVERY = 50, DEFAULT_EARLY = 250, DEFAULT_STEPS = 500 };
static const double start_sd = 1e-4, longest_step = 5, smallest_gain = 0.01;

typedef struct tsne {
    gn_graph *p;    /* sums to n: each row's share of the attraction is its own */
    double p_log_p; /* sum of p log p with p normalised to 1 */
    gn_repulsion *repulsion;
    double *push;     /* (n, dim) */
    double *gradient; /* (n, dim) */
    double *velocity, *gain;
    double *loss; /* one a block */
    gn_tsne_opts opts;
    /* of the running step */
    const gn_map *map;
    double exaggeration, z;
    bool measure;
} tsne;

static void tsne_free(void *method) {
    tsne *t = method;
    if (!t) return;
    gn_graph_free(t->p);
    gn_repulsion_free(t->repulsion);
    gn_free(t->push);
    gn_free(t->gradient);
    gn_free(t->velocity);
    gn_free(t->gain);
    gn_free(t->loss);
    gn_free(t);
}

/* The pull on point i, and what it adds to the loss if that is measured. `dim` is a constant in
 * each caller, so that the loops over coordinates vanish: this is where half of the time goes. */
static inline double pull_on(const tsne *t, size_t i, size_t dim, bool measure, double *pull) {
    const double *y = t->map->y;
    double at[3], sum[3] = {0}, loss = 0;
    for (size_t x = 0; x < dim; x++) at[x] = y[i * dim + x];
    for (size_t e = t->p->start[i]; e < t->p->start[i + 1]; e++) {
        const double *other = y + (size_t)t->p->index[e] * dim;
        double d[3], d2 = 0;
        for (size_t x = 0; x < dim; x++) {
            d[x] = at[x] - other[x];
            d2 += d[x] * d[x];
        }
        const double p = (double)t->p->weight[e], f = p / (1 + d2);
        for (size_t x = 0; x < dim; x++) sum[x] += f * d[x];
        if (measure) loss += p * log1p(d2);
    }
    for (size_t x = 0; x < dim; x++) pull[x] = sum[x];
    return loss;
}

static gn_status attract(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    tsne *t = user;
    const size_t n = t->map->state.n, dim = t->map->state.dim;
    const size_t end = (block + 1) * BLOCK < n ? (block + 1) * BLOCK : n;
    const double push = (double)n / t->z; /* P sums to n here */
    double loss = 0, pull[3];
    for (size_t i = block * BLOCK; i < end; i++) {
        if (t->measure)
            loss += pull_on(t, i, dim, true, pull);
        else if (dim == 2)
            pull_on(t, i, 2, false, pull);
        else
            pull_on(t, i, dim, false, pull);
        for (size_t x = 0; x < dim; x++)
            t->gradient[i * dim + x] =
                (t->exaggeration * pull[x] - push * t->push[i * dim + x]) / (double)n;
        /* towards another map: a quarter, as the loss's factor 4 is left out of the rest, too */
        for (size_t x = 0; t->map->target && x < dim; x++)
            t->gradient[i * dim + x] += (double)t->map->strength[i] / 4 *
                                        (t->map->y[i * dim + x] - t->map->target[i * dim + x]) /
                                        (double)n;
    }
    t->loss[block] = loss;
    return GN_OK;
}

static gn_status move(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    tsne *t = user;
    const gn_map *l = t->map;
    const size_t dim = l->state.dim, n = l->state.n;
    const bool early = l->state.step < t->opts.n_early;
    const double momentum = 0.8;
    const double rate = t->opts.learning_rate > 0 ? t->opts.learning_rate
                                                  : (double)n / (early ? t->opts.exaggeration : 1);
    const size_t end = (block + 1) * BLOCK < n ? (block + 1) * BLOCK : n;
    for (size_t i = block * BLOCK; i < end; i++) {
        double length = 0;
        for (size_t j = i * dim; j < (i + 1) * dim; j++) {
            double *v = &t->velocity[j], *gain = &t->gain[j], g = t->gradient[j];
            *gain = (g > 0) != (*v > 0) ? *gain + 0.2 : *gain * 0.8;
            if (*gain < smallest_gain) *gain = smallest_gain;
            *v = momentum * *v - rate * *gain * g;
            length += *v * *v;
        }
        length = sqrt(length);
        for (size_t j = i * dim; j < (i + 1) * dim; j++) {
            if (length > longest_step) t->velocity[j] *= longest_step / length;
            l->y[j] += t->velocity[j];
        }
    }
    return GN_OK;
}

static gn_status step(gn_ctx *ctx, gn_map *map, gn_error *err) {
    tsne *t = map->method;
    gn_map_state *s = &map->state;
    const size_t n_blocks = (s->n + BLOCK - 1) / BLOCK;
    t->map = map;
    t->exaggeration = s->step < t->opts.n_early ? t->opts.exaggeration : 1;
    t->measure = s->step % LOSS_EVERY == 0 || s->step + 1 == s->n_steps;
    gn_status st = gn_repulsion_compute(ctx, t->repulsion, map->y, t->push, &t->z, err);
    if (st == GN_OK) st = gn_parallel(ctx, n_blocks, attract, t, NULL, err);
    if (st == GN_OK) st = gn_parallel(ctx, n_blocks, move, t, NULL, err);
    if (st != GN_OK) return st;
    if (t->measure) {
        double loss = 0;
        for (size_t b = 0; b < n_blocks; b++) loss += t->loss[b];
        s->loss = t->p_log_p + loss / (double)s->n + log(t->z);
        s->loss_se = 0;
    }
    gn_map_centre(map);
    return GN_OK;
}

/* P of opts->perplexity from the lists; lowered to what the lists allow. */
static gn_status attraction(gn_ctx *ctx, const gn_knn *knn, gn_map *map, tsne *t, gn_error *err) {
    double perplexity = t->opts.perplexity, *weight = NULL;
    int32_t *index = NULL;
    gn_status st = GN_OK;
    if (3 * perplexity > (double)knn->k) {
        perplexity = (double)knn->k / 3;
        gn_ctx_log(ctx, GN_LOG_WARNING,
                   "t-SNE: perplexity %g needs %.0f neighbours, the lists have %zu: perplexity %g",
                   t->opts.perplexity, ceil(3 * t->opts.perplexity), knn->k, perplexity);
    }
    if (perplexity < 1) perplexity = 1;
    map->state.perplexity = perplexity;
    size_t k = (size_t)ceil(3 * perplexity);
    if (k > knn->k) k = knn->k;
    GN_TRY(gn_alloc_array(&weight, knn->n * k, sizeof *weight, "similarities", err));
    GN_TRY(gn_alloc_array(&index, knn->n * k, sizeof *index, "similarities", err));
    for (size_t i = 0; i < knn->n; i++)
        for (size_t j = 0; j < k; j++) index[i * k + j] = knn->index[i * knn->k + j];
    GN_TRY(gn_perplexity_weights(ctx, knn->distance, knn->n, knn->k, k, perplexity, weight, err));
    GN_TRY(gn_graph_new(index, weight, knn->n, k, GN_JOIN_MEAN, &t->p, err));
    double sum = 0;
    for (size_t e = 0; e < t->p->start[knn->n]; e++) {
        const double p = (double)t->p->weight[e] / (double)knn->n;
        sum += p > 0 ? p * log(p) : 0;
    }
    t->p_log_p = sum;
done:
    gn_free(weight);
    gn_free(index);
    return st;
}

gn_status gn_tsne_new(gn_ctx *ctx, const gn_knn *knn, gn_mat init, bool resume,
                      const gn_tsne_opts *opts, gn_map **out, gn_error *err) {
    gn_tsne_opts o = opts ? *opts : (gn_tsne_opts){.n_early = SIZE_MAX};
    gn_status st = GN_OK;
    gn_map *l = NULL;
    const size_t n = knn->n;
    if (o.dim == 0) o.dim = 2;
    if (o.perplexity == 0) o.perplexity = 30;
    if (o.exaggeration == 0) o.exaggeration = 12;
    if (o.n_early == SIZE_MAX) o.n_early = resume ? 0 : DEFAULT_EARLY;
    if (o.n_steps == 0) o.n_steps = DEFAULT_STEPS;
    if (n < 4) return gn_fail(err, GN_EINVAL, "t-SNE of %zu rows, expected at least 4", n);
    if (o.dim > 3)
        return gn_fail(err, GN_EINVAL, "t-SNE in %zu dimensions, expected 1 to 3", o.dim);
    if (!(o.perplexity >= 1) || !(o.exaggeration >= 1) || !(o.learning_rate >= 0))
        return gn_fail(err, GN_EINVAL,
                       "t-SNE: perplexity %g, exaggeration %g, learning rate %g; expected at least "
                       "1, 1 and 0",
                       o.perplexity, o.exaggeration, o.learning_rate);
    GN_TRY(gn_map_new("tsne", "t-SNE", n, o.dim, init, &l, err));
    l->step = step;
    l->free = tsne_free;
    l->state.n_steps = o.n_early + o.n_steps;
    tsne *t = l->method = gn_calloc(1, sizeof *t);
    if (!t) {
        st = gn_fail(err, GN_ENOMEM, "out of memory for t-SNE");
        goto done;
    }
    t->opts = o;
    GN_TRY(gn_alloc_array(&t->push, n * o.dim, sizeof(double), "forces", err));
    GN_TRY(gn_alloc_array(&t->gradient, n * o.dim, sizeof(double), "forces", err));
    GN_TRY(gn_alloc_array(&t->velocity, n * o.dim, sizeof(double), "velocities", err));
    GN_TRY(gn_alloc_array(&t->gain, n * o.dim, sizeof(double), "gains", err));
    GN_TRY(gn_alloc_array(&t->loss, n / BLOCK + 1, sizeof(double), "block sums", err));
    GN_TRY(gn_repulsion_new(n, o.dim, GN_REPULSION_AUTO, &t->repulsion, err));
    GN_TRY(attraction(ctx, knn, l, t, err));
    for (size_t j = 0; j < n * o.dim; j++) {
        t->velocity[j] = 0;
        t->gain[j] = 1;
    }
    if (!init.data) {
        gn_random r = gn_random_new(ctx ? gn_ctx_seed(ctx) : 0, 0);
        for (size_t j = 0; j < n * o.dim; j++) l->y[j] = start_sd * gn_random_normal(&r);
    }
    gn_map_centre(l);
    if (init.data && !resume) {
        double square = 0;
        for (size_t i = 0; i < n; i++) square += l->y[i * o.dim] * l->y[i * o.dim];
        const double sd = sqrt(square / (double)n);
        for (size_t j = 0; j < n * o.dim && sd > 0; j++) l->y[j] *= start_sd / sd;
    }
    *out = l;
    return GN_OK;
done:
    gn_map_free(l);
    return st;
}
