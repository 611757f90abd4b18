/* Times the exact neighbour search.
 *
 *     bench-knn X.npy K [THREADS [ROUNDS [CPU [METRIC [OUT [CHECK]]]]]]
 *     bench-knn gauss:N:D K ...          standard normal rows
 *     bench-knn clusters:N:D K ...       100 clusters on 16 latent dimensions, an offset, noise
 *
 * Prints one line for each round and a JSON line with the median: wall and CPU seconds, the rate
 * 2 n^2 d / wall in GFLOP/s as if every pair were computed, candidates and redone rows, and a hash
 * of all indices, which must not depend on anything but the data; the JSON line also has the peak
 * of the process's memory, the data mapped or generated included. OUT: a prefix for the neighbour
 * files, or - for none. CHECK: so many rows, spread over all, are searched again by a float64
 * double loop; the first that differs is named and the exit status is 1. Beside peers:
 * bench/peers_knn.py. */
#define _GNU_SOURCE
#include "clock.h"

#include "base/random.h"
#include "gonio/neighbors.h"
#include "io/npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static float *make_gauss(size_t n, size_t d) {
    float *x = malloc(n * d * sizeof *x);
    gn_random r = gn_random_new(1, 0);
    for (size_t i = 0; x && i < n * d; i++) x[i] = (float)gn_random_normal(&r);
    return x;
}

static float *make_clusters(size_t n, size_t d) {
    enum { LATENT = 16, CLUSTERS = 100 };
    float *x = make_gauss(n, d);
    double *map = malloc((LATENT + 1) * d * sizeof *map), centre[CLUSTERS][LATENT];
    gn_random r = gn_random_new(2, 0);
    if (!x || !map) return NULL;
    for (size_t i = 0; i < (LATENT + 1) * d; i++) map[i] = gn_random_normal(&r);
    for (size_t i = 0; i < CLUSTERS * LATENT; i++)
        centre[i / LATENT][i % LATENT] = 2 * gn_random_normal(&r);
    for (size_t i = 0; i < n; i++) {
        double z[LATENT];
        size_t c = (size_t)gn_random_below(&r, CLUSTERS);
        for (size_t l = 0; l < LATENT; l++) z[l] = centre[c][l] + gn_random_normal(&r);
        for (size_t j = 0; j < d; j++) {
            double s = 5 * map[LATENT * d + j] + 0.5 * (double)x[i * d + j];
            for (size_t l = 0; l < LATENT; l++) s += z[l] * map[l * d + j];
            x[i * d + j] = (float)s;
        }
    }
    free(map);
    return x;
}

/* The float64 sum of squared differences, in the order that gn_knn documents its ties by: 32 lanes
 * folded by halves. */
static double squared(const double *p, const double *q, size_t d) {
    double lane[32] = {0};
    size_t c = 0;
    for (; c + 32 <= d; c += 32)
        for (size_t l = 0; l < 32; l++) lane[l] += (p[c + l] - q[c + l]) * (p[c + l] - q[c + l]);
    for (; c < d; c++) lane[c % 32] += (p[c] - q[c]) * (p[c] - q[c]);
    for (size_t half = 16; half; half /= 2)
        for (size_t l = 0; l < half; l++) lane[l] += lane[l + half];
    return lane[0];
}

struct near {
    double squared;
    int32_t index;
};
static int nearer(const void *a, const void *b) {
    const struct near *x = a, *y = b;
    if (x->squared < y->squared || x->squared > y->squared) return x->squared < y->squared ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* How many of `rows` rows have another list than the double loop gives; names the first. */
static size_t check(gn_mat x, const gn_knn *knn, size_t rows) {
    size_t wrong = 0;
    double *row = malloc(2 * x.cols * sizeof *row), *other = row + x.cols;
    struct near *all = malloc(x.rows * sizeof *all);
    if (!row || !all) return rows;
    for (size_t r = 0; r < rows; r++) {
        size_t i = r * x.rows / rows, m = 0, bad = 0;
        const double *p = gn_mat_row_f64(x, i, row);
        for (size_t j = 0; j < x.rows; j++)
            if (j != i)
                all[m++] =
                    (struct near){squared(p, gn_mat_row_f64(x, j, other), x.cols), (int32_t)j};
        qsort(all, m, sizeof *all, nearer);
        for (size_t e = 0; e < knn->k; e++) bad += knn->index[i * knn->k + e] != all[e].index;
        if (bad && !wrong)
            fprintf(stderr,
                    "bench-knn: row %zu: %zu of %zu neighbours differ from the double loop\n", i,
                    bad, knn->k);
        wrong += bad > 0;
    }
    free(row);
    free(all);
    return wrong;
}

static int fail(const gn_error *err) {
    fprintf(stderr, "bench-knn: %s\n", err->message);
    return 1;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "use: bench-knn X.npy|gauss:N:D|clusters:N:D K [THREADS [ROUNDS [CPU "
                        "[METRIC [OUT [CHECK]]]]]]\n");
        return 64;
    }
    gn_error err = {0};
    gn_array file = {0};
    gn_mat x = {0};
    size_t n = 0, d = 0;
    bool gauss = sscanf(argv[1], "gauss:%zu:%zu", &n, &d) == 2;
    if (gauss || sscanf(argv[1], "clusters:%zu:%zu", &n, &d) == 2) {
        x = gn_mat_f32(gauss ? make_gauss(n, d) : make_clusters(n, d), n, d);
    } else {
        if (gn_npy_open(argv[1], &file, &err) != GN_OK) return fail(&err);
        x = (gn_mat){file.data, file.shape[0], file.shape[1], file.shape[1], file.dtype};
        if (file.n_dims != 2) return 64;
    }
    if (!x.data) return 1;
    gn_ctx_opts options = {.n_threads = argc > 3 ? (unsigned)atoi(argv[3]) : 2};
    int rounds = argc > 4 ? atoi(argv[4]) : 1;
    if (argc > 5 && gn_cpu_parse(argv[5], &options.cpu, &err) != GN_OK) return fail(&err);
    gn_knn_opts o = {.k = (size_t)strtoull(argv[2], NULL, 10)};
    if (argc > 6 && strcmp(argv[6], "cosine") == 0) o.metric = GN_COSINE;
    gn_ctx *ctx;
    if (gn_ctx_new(&options, &ctx, &err) != GN_OK) return fail(&err);
    size_t checked = argc > 8 ? (size_t)strtoull(argv[8], NULL, 10) : 0, wrong = 0;
    if (checked > x.rows) checked = x.rows;
    if (checked && o.metric != GN_EUCLIDEAN) return 64;
    long memory_kb = 0;
    double *wall = calloc((size_t)(rounds > 0 ? rounds : 1), sizeof *wall);
    if (rounds < 1 || !wall) return 64;
    for (int i = 0; i < rounds; i++) {
        gn_knn *knn;
        double w = seconds(CLOCK_MONOTONIC), c = seconds(CLOCK_PROCESS_CPUTIME_ID);
        if (gn_knn_compute(ctx, x, &o, &knn, &err) != GN_OK) return fail(&err);
        w = seconds(CLOCK_MONOTONIC) - w;
        c = seconds(CLOCK_PROCESS_CPUTIME_ID) - c;
        uint64_t h = 1469598103934665603u;
        for (size_t e = 0; e < knn->n * knn->k; e++)
            h = (h ^ (uint32_t)knn->index[e]) * 1099511628211u;
        double flops = 2.0 * (double)x.rows * (double)x.rows * (double)x.cols;
        printf(
            "wall %.3f cpu %.3f  %.0f GFLOP/s  %.1f candidates a row, %zu redone, hash %016llx\n",
            w, c, flops / w / 1e9, knn->n_candidates_per_row, knn->n_redone, (unsigned long long)h);
        wall[i] = w;
        struct rusage usage;
        getrusage(RUSAGE_SELF, &usage);
        memory_kb = usage.ru_maxrss;
        if (checked && i == rounds - 1) wrong = check(x, knn, checked);
        gn_status st =
            argc > 7 && strcmp(argv[7], "-") != 0 ? gn_knn_write(knn, argv[7], &err) : GN_OK;
        gn_knn_free(knn);
        if (st != GN_OK) return fail(&err);
    }
    qsort(wall, (size_t)rounds, sizeof *wall, ascending);
    printf("{\"bench\": \"knn\", \"n\": %zu, \"d\": %zu, \"k\": %zu, \"threads\": %u, \"cpu\": "
           "\"%s\", "
           "\"rounds\": %d, \"seconds\": %.4f, \"memory_mb\": %.0f, \"rows_checked\": %zu, "
           "\"rows_wrong\": %zu}\n",
           x.rows, x.cols, o.k, gn_ctx_threads(ctx), gn_cpu_name(gn_ctx_cpu(ctx)), rounds,
           wall[rounds / 2], (double)memory_kb / 1024, checked, wrong);
    free(wall);
    gn_ctx_free(ctx);
    return wrong ? 1 : 0;
}
