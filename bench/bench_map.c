/* Times a map of a matrix: exact neighbours, then t-SNE or UMAP.
 *
 *     bench-map tsne|umap X.npy INIT.npy|- OUT.npy PERPLEXITY|NEIGHBORS STEPS [THREADS]
 *
 * INIT.npy: (n, 2) float64 start. Prints seconds of each part and the loss; writes the positions.
 * Beside peers: bench/peers_map.py. */
#define _GNU_SOURCE
#include "clock.h"

#include "gonio/io.h"
#include "gonio/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gn_error err;

static void need(gn_status status) {
    if (status == GN_OK) return;
    fprintf(stderr, "%s\n", err.message);
    exit(1);
}

int main(int argc, char **argv) {
    if (argc < 7) return 64;
    const bool tsne = strcmp(argv[1], "tsne") == 0;
    const double perplexity = atof(argv[5]);
    const size_t steps = strtoul(argv[6], NULL, 10);
    gn_matrix *x = NULL, *init = NULL;
    need(gn_matrix_open(argv[2], &x, &err));
    if (strcmp(argv[3], "-") != 0) need(gn_matrix_open(argv[3], &init, &err));
    const gn_mat start = init ? gn_matrix_view(init) : (gn_mat){0};
    gn_ctx *ctx = NULL;
    need(gn_ctx_new(&(gn_ctx_opts){.n_threads = argc > 7 ? (unsigned)atoi(argv[7]) : 0}, &ctx,
                    &err));
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    gn_knn *knn = NULL;
    const size_t k = tsne ? (size_t)(3 * perplexity) : (size_t)perplexity - 1;
    need(gn_knn_compute(ctx, gn_matrix_view(x), &(gn_knn_opts){.k = k}, &knn, &err));
    const double knn_s = seconds(CLOCK_MONOTONIC) - wall;
    gn_map *map = NULL;
    need(tsne
             ? gn_tsne_new(
                   ctx, knn, start, false,
                   &(gn_tsne_opts){.perplexity = perplexity, .n_early = 250, .n_steps = steps},
                   &map, &err)
             : gn_umap_new(ctx, knn, start,
                           &(gn_umap_opts){
                               .n_neighbors = (size_t)perplexity, .min_dist = -1, .n_steps = steps},
                           &map, &err));
    const double affinity_s = seconds(CLOCK_MONOTONIC) - wall - knn_s;
    need(gn_map_run(ctx, map, SIZE_MAX, &err));
    wall = seconds(CLOCK_MONOTONIC) - wall;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    const gn_map_state s = gn_map_get(map);
    const gn_mat y = gn_map_positions(map);
    const size_t shape[] = {y.rows, y.cols};
    need(gn_npy_write(argv[4], GN_F64, shape, 2, y.data, &err));
    printf("{\"n\": %zu, \"knn_s\": %.3f, \"affinity_s\": %.3f, \"map_s\": %.3f, \"wall_s\": %.3f, "
           "\"cpu_s\": %.3f, \"kl\": %.6f}\n",
           s.n, knn_s, affinity_s, wall - knn_s - affinity_s, wall, cpu, s.loss);
    gn_map_free(map);
    gn_knn_free(knn);
    gn_matrix_free(x);
    gn_matrix_free(init);
    gn_ctx_free(ctx);
    return 0;
}
