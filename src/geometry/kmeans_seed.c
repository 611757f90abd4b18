/* Greedy k-means++ (Arthur & Vassilvitskii, SODA 2007, section 5 for the greedy form): the next
 * seed is the best of a few rows drawn with probability proportional to |x - nearest seed|^2, best
 * being the one that leaves the smallest sum of those squares.
 *
 * Seeds come one after the other, so the first k of a longer sequence are a fair draw for k: one
 * sequence serves a whole range of k. Their distances are kept as the first bounds of the
 * iterations, and the partition by the seeds is carried along as seeds are added: only the rows
 * that the new seed takes over move. */
#include "geometry/kmeans.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

#define STREAM UINT64_C(0x6b6d65616e730000) /* "kmeans", restarts follow */

enum { TRIALS = 4 }; /* 2 + ln 15, what scikit-learn takes for 15 clusters */

struct pass {
    const gn_kmeans_rows *r;
    gn_kmeans_seeds *s;
    double *potential; /* (TRIALS, n_blocks) */
    size_t chosen;     /* of the trials */
    size_t n_trials;
};

gn_status gn_kmeans_seeds_new(const gn_kmeans_rows *r, gn_kmeans_delta *delta, gn_kmeans_seeds *out,
                              gn_error *err) {
    gn_status st;
    gn_kmeans_seeds s = {.delta = delta};
    GN_TRY(gn_kmeans_centres_new(r, &s.centres, err));
    GN_TRY(gn_kmeans_centres_new(r, &s.trial, err));
    GN_TRY(gn_kmeans_state_new(r, &s.state, err));
    GN_TRY(gn_alloc_array(&s.left, r->n_blocks, sizeof *s.left, "distances to seeds", err));
    GN_TRY(gn_alloc_array(&s.nearest, r->n, sizeof *s.nearest, "distances to seeds", err));
    GN_TRY(gn_alloc_array(&s.value, r->n, TRIALS * sizeof *s.value, "distances to seeds", err));
    *out = s;
    s = (gn_kmeans_seeds){0};
done:
    gn_kmeans_seeds_free(&s);
    return st;
}

void gn_kmeans_seeds_free(gn_kmeans_seeds *s) {
    gn_kmeans_centres_free(&s->centres);
    gn_kmeans_centres_free(&s->trial);
    gn_kmeans_state_free(&s->state);
    gn_free(s->left);
    gn_free(s->nearest);
    gn_free(s->value);
    *s = (gn_kmeans_seeds){0};
}

void gn_kmeans_seeds_restart(gn_kmeans_seeds *s, uint64_t seed, uint64_t restart) {
    s->random = gn_random_new(seed, STREAM + restart);
    s->state.k = 0;
}

/* Distances of a block to all candidates, and the sum of squares that each would leave. */
static gn_status try_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct pass *p = user;
    const gn_kmeans_rows *r = p->r;
    gn_kmeans_scratch *scratch = &r->scratch[worker];
    const gn_kmeans_centres *trial = &p->s->trial;
    size_t nr = r->gemm->nr, last = gn_kmeans_last(r, block);
    double sum[TRIALS] = {0};
    for (size_t i0 = block * r->block; i0 < last; i0 += nr) {
        size_t m = last - i0 < nr ? last - i0 : nr;
        int32_t row[GN_KMEANS_LANES];
        for (size_t l = 0; l < m; l++) row[l] = (int32_t)(i0 + l);
        gn_kmeans_score(r, trial, scratch, row, m);
        for (size_t t = 0; t < p->n_trials; t++)
            for (size_t l = 0; l < m; l++) {
                size_t i = i0 + l;
                float v = scratch->value[t * nr + l], error = gn_kmeans_error(r, trial, i);
                if (!(v > 64 * error)) /* near or equal: equal rows must come out as 0 */
                    v = (float)gn_kmeans_exact(r, i, trial->at + t * r->d);
                p->s->value[t * r->n + i] = v;
                sum[t] += (double)(p->s->state.k && p->s->nearest[i] < v ? p->s->nearest[i] : v);
            }
    }
    for (size_t t = 0; t < p->n_trials; t++) p->potential[t * r->n_blocks + block] = sum[t];
    return GN_OK;
}

/* The chosen candidate becomes seed k: its bounds, and the rows that it takes over. */
static gn_status take_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct pass *p = user;
    const gn_kmeans_rows *r = p->r;
    gn_kmeans_state *state = &p->s->state;
    size_t k = state->k;
    const float *value = p->s->value + p->chosen * r->n;
    float *lower = state->lower + k * r->n;
    gn_kmeans_delta_reset(r, p->s->delta, block);
    for (size_t i = block * r->block; i < gn_kmeans_last(r, block); i++) {
        double error = (double)gn_kmeans_error(r, &p->s->trial, i), v = (double)value[i];
        lower[i] = (float)(sqrt(fmax(0, v - error)) * (1 - 0x1p-21));
        if (k && !(value[i] < p->s->nearest[i])) continue;
        gn_kmeans_delta_move(r, p->s->delta, block, i, k ? state->label[i] : -1, (int32_t)k,
                             r->scratch[worker].row);
        p->s->nearest[i] = value[i];
        state->label[i] = (int32_t)k;
        state->upper[i] = (float)(sqrt(v + error) * (1 + 0x1p-21));
    }
    return GN_OK;
}

/* A row with probability proportional to its distance to the seeds; n when all are 0. */
static size_t draw(const gn_kmeans_rows *r, gn_kmeans_seeds *s) {
    if (!s->state.k) return (size_t)gn_random_below(&s->random, r->n);
    double total = 0;
    for (size_t b = 0; b < r->n_blocks; b++) total += s->left[b];
    double left = gn_random_uniform(&s->random) * total;
    size_t b = 0, last_positive = r->n;
    while (b + 1 < r->n_blocks && left >= s->left[b]) left -= s->left[b++];
    for (size_t i = b * r->block; i < r->n; i++) {
        if (!(s->nearest[i] > 0)) continue;
        last_positive = i;
        left -= (double)s->nearest[i];
        if (left < 0) return i;
    }
    for (size_t i = 0; last_positive == r->n && i < r->n; i++)
        if (s->nearest[i] > 0) last_positive = i;
    return last_positive;
}

gn_status gn_kmeans_seeds_add(gn_ctx *ctx, const gn_kmeans_rows *r, gn_kmeans_seeds *s, bool *found,
                              gn_error *err) {
    gn_status st = GN_OK;
    size_t d = r->d, k = s->state.k;
    struct pass p = {.r = r, .s = s, .n_trials = k ? TRIALS : 1};
    if (p.n_trials > r->k_max) p.n_trials = r->k_max;
    *found = false;
    GN_TRY(gn_alloc_array(&p.potential, r->n_blocks, TRIALS * sizeof(double), "sums", err));
    for (size_t t = 0; t < p.n_trials; t++) {
        size_t i = draw(r, s);
        if (i == r->n) goto done;
        const double *row = gn_kmeans_row(r, i, s->trial.at + t * d);
        if (row != s->trial.at + t * d) memcpy(s->trial.at + t * d, row, d * sizeof *row);
    }
    gn_kmeans_pack(r, &s->trial, p.n_trials);
    GN_TRY(gn_parallel(ctx, r->n_blocks, try_block, &p, NULL, err));
    double best = HUGE_VAL;
    for (size_t t = 0; t < p.n_trials; t++) {
        double sum = 0;
        for (size_t b = 0; b < r->n_blocks; b++) sum += p.potential[t * r->n_blocks + b];
        if (sum < best) {
            best = sum;
            p.chosen = t;
        }
    }
    memcpy(s->centres.at + k * d, s->trial.at + p.chosen * d, d * sizeof(double));
    GN_TRY(gn_parallel(ctx, r->n_blocks, take_block, &p, NULL, err));
    memcpy(s->left, p.potential + p.chosen * r->n_blocks, r->n_blocks * sizeof(double));
    s->state.k = k + 1;
    if (k == 0)
        for (size_t j = 0; j < r->k_max; j++) {
            s->state.size[j] = 0;
            memset(s->state.sum + j * d, 0, d * sizeof(double));
        }
    gn_kmeans_delta_apply(r, s->delta, &s->state);
    *found = true;
done:
    gn_free(p.potential);
    return st;
}
