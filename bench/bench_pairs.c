/* The pass over pairs at 10,000 sentences, 20 features, 768 units: seconds of wall clock and CPU
 * for one layer, once for all layers (the index of patterns), and what 24 layers take; beside them
 * the rate of multiply-adds and that of the matrix product alone on the same panels, which is the
 * ceiling. Prints one JSON line.
 *
 *     bench-pairs [rows] [threads] */
#include "clock.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "base/random.h"
#include "gonio/pairs.h"
#include "math/gemm.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { F = 20, D = 768, LAYERS = 24, ROUNDS = 3 };

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check(gn_status st, const gn_error *err) {
    if (st == GN_OK) return;
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

/* Multiply-adds a second of the bare product on one thread: 48 panels against 8. */
static double product_rate(const float *x) {
    const gn_gemm *g = gn_gemm_for(GN_CPU_AUTO, 0);
    size_t k = (D + g->k_multiple - 1) / g->k_multiple * g->k_multiple;
    char *a = gn_alloc(8 * g->mr, k * g->element_bytes),
         *b = gn_alloc(48 * g->nr, k * g->element_bytes);
    float *c = gn_alloc(g->mr * g->nr, sizeof *c);
    for (size_t p = 0; p < 8; p++) g->pack_a(x, D, g->mr, D, a + p * g->mr * k * g->element_bytes);
    for (size_t p = 0; p < 48; p++) g->pack_b(x, D, g->nr, D, b + p * g->nr * k * g->element_bytes);
    if (g->begin) g->begin();
    double start = seconds(CLOCK_THREAD_CPUTIME_ID), tiles = 0;
    for (int r = 0; r < 40; r++)
        for (size_t q = 0; q < 48; q++)
            for (size_t p = 0; p < 8; p++, tiles++)
                g->tile(a + p * g->mr * k * g->element_bytes, b + q * g->nr * k * g->element_bytes,
                        k, c, g->nr);
    double rate = tiles * (double)(g->mr * g->nr * D) / (seconds(CLOCK_THREAD_CPUTIME_ID) - start);
    if (g->end) g->end();
    gn_free(a), gn_free(b), gn_free(c);
    return rate;
}

int main(int argc, char **argv) {
    size_t n = argc > 1 ? (size_t)atol(argv[1]) : 10000;
    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_features *features = NULL;
    gn_pair_index *index = NULL;
    gn_feature_column column[F] = {0};
    static char name[F][8];
    gn_random r = gn_random_new(1, 0);
    float *x = gn_alloc(n * D, sizeof *x);
    check(
        gn_ctx_new(&(gn_ctx_opts){.n_threads = argc > 2 ? (unsigned)atoi(argv[2]) : 0}, &ctx, &err),
        &err);
    for (size_t k = 0; k < F; k++) {
        int32_t *code = gn_alloc(n, sizeof *code);
        for (size_t i = 0; i < n; i++) code[i] = (int32_t)gn_random_below(&r, 2 + k % 3);
        snprintf(name[k], sizeof name[k], "f%zu", k);
        column[k] = (gn_feature_column){name[k], code, NULL, GN_DIFFER};
    }
    for (size_t i = 0; i < n * D; i++)
        x[i] = (float)(gn_random_normal(&r) + (i % D < 100) * column[0].code[i / D]);
    check(gn_features_new(n, column, F, &features, &err), &err);
    double start = seconds(CLOCK_MONOTONIC);
    check(gn_pair_index_new(ctx, features, false, &index, &err), &err);
    double once = seconds(CLOCK_MONOTONIC) - start, wall[2][ROUNDS], cpu[2][ROUNDS];
    for (int round = 0; round < ROUNDS; round++)
        for (int ranks = 0; ranks < 2; ranks++) {
            gn_pair_sums *s = NULL;
            gn_pair_opts o = {GN_PAIR_EUCLIDEAN, GN_TARGET_MIN_MAX_SQUARED, ranks};
            double w = seconds(CLOCK_MONOTONIC), c = seconds(CLOCK_PROCESS_CPUTIME_ID);
            check(gn_pair_sums_new(ctx, index, gn_mat_f32(x, n, D), &o, &s, &err), &err);
            wall[ranks][round] = seconds(CLOCK_MONOTONIC) - w;
            cpu[ranks][round] = seconds(CLOCK_PROCESS_CPUTIME_ID) - c;
            gn_pair_sums_free(s);
        }
    for (int k = 0; k < 4; k++)
        qsort(k % 2 ? wall[k / 2] : cpu[k / 2], ROUNDS, sizeof **wall, compare);
    double adds = (double)n * (double)n / 2 * D, rate = product_rate(x);
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    printf(
        "{\"bench\": \"pairs\", \"rows\": %zu, \"features\": %d, \"units\": %d, \"threads\": %u, "
        "\"patterns\": %zu, \"index_s\": %.2f, \"layer_s\": %.2f, \"layer_cpu_s\": %.2f, "
        "\"with_ranks_s\": %.2f, \"with_ranks_cpu_s\": %.2f, \"layers_24_s\": %.1f, "
        "\"layers_24_with_ranks_s\": %.1f, \"gflops_per_core\": %.1f, \"product_gflops\": %.1f, "
        "\"share_of_ceiling\": %.2f, \"peak_mib\": %ld}\n",
        n, F, D, gn_ctx_threads(ctx), gn_pair_index_patterns(index)->n, once, wall[0][1], cpu[0][1],
        wall[1][1], cpu[1][1], once + LAYERS * wall[0][1], once + LAYERS * wall[1][1],
        2 * adds / cpu[0][1] / 1e9, 2 * rate / 1e9, adds / cpu[0][1] / rate, use.ru_maxrss / 1024);
    gn_pair_index_free(index);
    gn_features_free(features);
    gn_ctx_free(ctx);
    return 0;
}
