/* Pairs, patterns and folds of the first pipeline, drawn once. */
#include "encoding/pair_index.h"
#include "encoding/v1.h"

#include "base/mem.h"

#include <string.h>

enum { LEAST_ROWS = 5, MOST_ROWS = 65536, PERMUTATIONS = 50, TREES = 10 };

/* Pattern of each pair, pairs in row order: (0,1), (0,2), ..., (1,2), ... */
static void set_places(gn_v1 *v) {
    const gn_pair_index *p = v->index;
    size_t n = v->n;
    gn_strip_bits bits;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i / GN_STRIP * GN_STRIP; j < n; j += GN_STRIP) {
            size_t from = i + 1 > j ? i + 1 - j : 0, to = n - j < GN_STRIP ? n - j : GN_STRIP;
            gn_strip_bits_set(p, i, j, &bits);
            for (size_t t = from; t < to; t++) {
                size_t a = (size_t)p->order[i], b = (size_t)p->order[j + t];
                size_t first = a < b ? a : b, second = a < b ? b : a;
                v->place[first * n - first * (first + 1) / 2 + second - first - 1] =
                    (int32_t)gn_pattern_slot(p, gn_strip_bits_at(&bits, t));
            }
        }
}

/* Exactly `take` of `n` in random order of selection: true with probability left / remaining. */
static bool draw(gn_random *r, size_t *take, size_t remaining) {
    bool yes = gn_random_below(r, remaining) < *take;
    *take -= yes;
    return yes;
}

static void set_groups(gn_v1 *v, uint64_t seed) {
    size_t pairs = gn_v1_pairs(v->n), left[2] = {pairs - pairs / 2, pairs / 2};
    size_t take = left[1], fifth[2] = {(left[0] + 4) / 5, (left[1] + 4) / 5};
    gn_random halves = gn_random_new(seed, 0), fifths = gn_random_new(seed, 1);
    for (size_t i = 0; i < pairs; i++) {
        size_t h = draw(&halves, &take, pairs - i);
        bool choosing = draw(&fifths, &fifth[h], left[h]--);
        v->group[i] = (uint8_t)(h + 2 * choosing);
    }
}

void gn_v1_count(gn_v1 *v) {
    size_t pairs = gn_v1_pairs(v->n), size[2] = {0, 0}, seen[2] = {0, 0};
    memset(v->count, 0, v->patterns->n * GN_V1_GROUPS * sizeof *v->count);
    memset(v->early, 0, v->patterns->n * GN_V1_HALVES * sizeof *v->early);
    for (size_t i = 0; i < pairs; i++) size[v->group[i] % 2]++;
    for (size_t i = 0; i < pairs; i++) {
        size_t u = (size_t)v->place[i], h = v->group[i] % 2;
        v->count[u * GN_V1_GROUPS + v->group[i]]++;
        v->early[u * GN_V1_HALVES + h] += seen[h]++ < (size[h] + 1) / 2;
    }
}

struct growing {
    gn_v1 *v;
    uint64_t seed;
};

static gn_status grow_forest(void *user, size_t task, unsigned worker, gn_error *err) {
    (void)worker;
    struct growing *job = user;
    gn_random r = gn_random_new(job->seed, 2 + task);
    return gn_v1_forest(job->v, task / job->v->f, task % job->v->f, &r, &job->v->rest[task], err);
}

gn_status gn_v1_new(gn_ctx *ctx, const gn_features *features, const gn_v1_opts *opts, gn_v1 **out,
                    gn_error *err) {
    gn_status st;
    gn_v1 *v = NULL;
    size_t n = features->n, pairs = n > 1 ? gn_v1_pairs(n) : 0;
    if (n < LEAST_ROWS || n > MOST_ROWS) {
        st = gn_fail(err, GN_EINVAL,
                     "the first pipeline keeps every pair: %zu rows, expected %d to %d", n,
                     LEAST_ROWS, MOST_ROWS);
        goto done;
    }
    v = gn_calloc(1, sizeof *v);
    if (!v) {
        st = gn_fail_nomem(err, "pairs", sizeof *v);
        goto done;
    }
    v->n = n;
    v->f = features->n_features;
    if (opts) v->opts = *opts;
    if (!v->opts.n_permutations) v->opts.n_permutations = PERMUTATIONS;
    if (!v->opts.n_trees) v->opts.n_trees = TREES;
    GN_TRY(gn_pair_index_new(ctx, features, true, &v->index, err));
    v->patterns = gn_pair_index_patterns(v->index);
    GN_TRY(gn_alloc_array(&v->place, pairs, sizeof *v->place, "patterns of pairs", err));
    GN_TRY(gn_alloc_array(&v->group, pairs, sizeof *v->group, "folds of pairs", err));
    v->count = gn_calloc(v->patterns->n * GN_V1_GROUPS, sizeof *v->count);
    v->early = gn_calloc(v->patterns->n * GN_V1_HALVES, sizeof *v->early);
    if (!v->count || !v->early) {
        st = gn_fail_nomem(err, "counts of patterns", v->patterns->n * sizeof *v->count);
        goto done;
    }
    struct growing job = {v, ctx ? gn_ctx_seed(ctx) : 0};
    set_places(v);
    set_groups(v, job.seed);
    gn_v1_count(v);
    if (v->opts.conditional) {
        v->rest = gn_calloc(GN_V1_HALVES * v->f, sizeof *v->rest);
        if (!v->rest) {
            st = gn_fail_nomem(err, "forests", v->f * sizeof *v->rest);
            goto done;
        }
        gn_progress progress = {"forests", "features", (double)(GN_V1_HALVES * v->f), 0, 1};
        GN_TRY(gn_parallel(ctx, GN_V1_HALVES * v->f, grow_forest, &job, &progress, err));
    }
    *out = v;
    v = NULL;
done:
    gn_v1_free(v);
    return st;
}

void gn_v1_free(gn_v1 *v) {
    if (!v) return;
    for (size_t i = 0; v->rest && i < GN_V1_HALVES * v->f; i++) gn_free(v->rest[i].of_pattern);
    gn_free(v->rest);
    gn_pair_index_free(v->index);
    gn_free(v->place);
    gn_free(v->group);
    gn_free(v->count);
    gn_free(v->early);
    gn_free(v);
}
