/* Times one sum of t-SNE's repulsion, pair by pair and by the grid, at growing numbers of points in
 * Gaussian clouds as wide as a finished map of so many points: where both take the same time is the
 * cut in src/projection/repulsion.c.
 *
 *     bench-repulsion [THREADS [CPU]]        CPU: auto, scalar, avx2, avx512, ... */
#define _GNU_SOURCE
#include "clock.h"

#include "base/mem.h"
#include "base/random.h"
#include "projection/repulsion.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 12000, ROUNDS = 7 };

/* Median milliseconds of CPU; the first call, which makes the grid, is not counted. */
static double time_of(gn_ctx *ctx, gn_repulsion_way way, const double *y, size_t n, size_t dim,
                      double *force) {
    gn_repulsion *r = NULL;
    double z, took[ROUNDS];
    if (gn_repulsion_new(n, dim, way, &r, NULL) != GN_OK) exit(1);
    for (int i = -1; i < ROUNDS; i++) {
        const double begun = seconds(CLOCK_PROCESS_CPUTIME_ID);
        if (gn_repulsion_compute(ctx, r, y, force, &z, NULL) != GN_OK) exit(1);
        if (i >= 0) took[i] = 1000 * (seconds(CLOCK_PROCESS_CPUTIME_ID) - begun);
    }
    gn_repulsion_free(r);
    qsort(took, ROUNDS, sizeof *took, ascending);
    return took[ROUNDS / 2];
}

int main(int argc, char **argv) {
    gn_ctx *ctx = NULL;
    gn_ctx_opts o = {.n_threads = argc > 1 ? (unsigned)atoi(argv[1]) : 1};
    if (argc > 2 && gn_cpu_parse(argv[2], &o.cpu, NULL) != GN_OK) return 64;
    if (gn_ctx_new(&o, &ctx, NULL) != GN_OK) return 1;
    double *y = gn_alloc(3 * MOST, sizeof *y), *force = gn_alloc(3 * MOST, sizeof *force);
    printf("# %s, %u threads; CPU ms of one sum\n", gn_cpu_name(gn_ctx_cpu(ctx)),
           gn_ctx_threads(ctx));
    for (size_t dim = 1; dim <= 3; dim++)
        for (size_t n = 4; n <= MOST; n = n < 500 ? n * 5 : n + n / 2) {
            /* points of a finished map are about a unit apart */
            const double width = pow((double)n, 1 / (double)dim) / 3;
            gn_random random = gn_random_new(1, n);
            for (size_t i = 0; i < n * dim; i++) y[i] = width * gn_random_normal(&random);
            printf("{\"dim\": %zu, \"n\": %zu, \"exact_ms\": %.3f, \"grid_ms\": %.3f}\n", dim, n,
                   time_of(ctx, GN_REPULSION_EXACT, y, n, dim, force),
                   time_of(ctx, GN_REPULSION_GRID, y, n, dim, force));
        }
    gn_free(y);
    gn_free(force);
    gn_ctx_free(ctx);
    return 0;
}
