/* Times k-means over a range of k.
 *
 *     bench-kmeans X.npy [THREADS [ROUNDS [CPU [K_MIN K_MAX [RESTARTS [ITERATIONS [TOLERANCE]]]]]]]
 *     bench-kmeans gauss:N:D ...          standard normal rows
 *
 * Prints one line for each round (wall and CPU seconds), the inertia and iterations of each k, and
 * a JSON line with the median. Beside peers: bench/peers_kmeans.py. */
#define _GNU_SOURCE
#include "clock.h"

#include "base/random.h"
#include "gonio/cluster.h"
#include "io/npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const gn_error *err) {
    fprintf(stderr, "bench-kmeans: %s\n", err->message);
    return 1;
}

static size_t number(int argc, char **argv, int at, size_t otherwise) {
    return argc > at ? (size_t)strtoull(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "use: bench-kmeans X.npy|gauss:N:D [THREADS [ROUNDS [CPU [K_MIN K_MAX "
                        "[RESTARTS [ITERATIONS [TOLERANCE]]]]]]]\n");
        return 64;
    }
    gn_error err = {0};
    gn_array file = {0};
    gn_mat x = {0};
    float *made = NULL;
    size_t n = 0, d = 0;
    if (sscanf(argv[1], "gauss:%zu:%zu", &n, &d) == 2) {
        made = malloc(n * d * sizeof *made);
        gn_random r = gn_random_new(1, 0);
        for (size_t i = 0; made && i < n * d; i++) made[i] = (float)gn_random_normal(&r);
        x = gn_mat_f32(made, n, d);
    } else {
        if (gn_npy_open(argv[1], &file, &err) != GN_OK) return fail(&err);
        if (file.n_dims != 2) return 64;
        x = (gn_mat){file.data, file.shape[0], file.shape[1], file.shape[1], file.dtype};
    }
    if (!x.data) return 1;
    gn_ctx_opts options = {.n_threads = (unsigned)number(argc, argv, 2, 2)};
    size_t rounds = number(argc, argv, 3, 1);
    if (argc > 4 && gn_cpu_parse(argv[4], &options.cpu, &err) != GN_OK) return fail(&err);
    gn_kmeans_opts o = {.k_min = number(argc, argv, 5, 2),
                        .k_max = number(argc, argv, 6, 15),
                        .restarts = number(argc, argv, 7, 10),
                        .iterations = number(argc, argv, 8, 300),
                        .tolerance = argc > 9 ? strtod(argv[9], NULL) : 1e-4};
    gn_ctx *ctx;
    if (gn_ctx_new(&options, &ctx, &err) != GN_OK) return fail(&err);
    double *wall = calloc(rounds + 1, sizeof *wall);
    if (rounds < 1 || !wall) return 64;
    for (size_t i = 0; i < rounds; i++) {
        gn_kmeans *km;
        double w = seconds(CLOCK_MONOTONIC), c = seconds(CLOCK_PROCESS_CPUTIME_ID);
        if (gn_kmeans_compute(ctx, x, &o, &km, &err) != GN_OK) return fail(&err);
        w = seconds(CLOCK_MONOTONIC) - w;
        c = seconds(CLOCK_PROCESS_CPUTIME_ID) - c;
        printf("wall %.3f cpu %.3f\n", w, c);
        for (size_t f = 0; i + 1 == rounds && f < km->n_fits; f++)
            printf("k %zu inertia %.9g iterations %zu\n", km->fit[f].k, km->fit[f].inertia,
                   km->fit[f].iterations);
        wall[i] = w;
        gn_kmeans_free(km);
    }
    qsort(wall, rounds, sizeof *wall, ascending);
    printf("{\"bench\": \"kmeans\", \"n\": %zu, \"d\": %zu, \"threads\": %u, \"cpu\": \"%s\", "
           "\"rounds\": %zu, \"seconds\": %.4f}\n",
           x.rows, x.cols, gn_ctx_threads(ctx), gn_cpu_name(gn_ctx_cpu(ctx)), rounds,
           wall[rounds / 2]);
    free(wall);
    free(made);
    gn_ctx_free(ctx);
    return 0;
}
