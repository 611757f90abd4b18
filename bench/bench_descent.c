/* Times the approximate neighbour search beside the exact one.
 *
 *     bench-descent X.npy[:ROWS] K [--threads N] [--rounds N] [--metric cosine] [--exact]
 *                   [--out PREFIX] [--seed N] [--trees N] [--leaf N] [--candidates N] [--ended
 * SHARE]
 *
 * The first ROWS rows are searched. Prints a line for each round: wall and CPU seconds of the
 * search and of measuring its recall, the recall with its error, and a hash of all indices, which
 * must not depend on the number of threads; then a JSON line with medians and the peak of the
 * process's memory, the mapped data included. --exact times the exact search in the same process.
 * Beside pynndescent: bench/peers_descent.py. */
#define _GNU_SOURCE
#include "clock.h"

#include "io/npy.h"
#include "neighbors/approximate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static int fail(const gn_error *err) {
    fprintf(stderr, "bench-descent: %s\n", err->message);
    return 1;
}

struct asked {
    size_t rounds;
    bool exact;
    const char *out;
    gn_ctx_opts ctx;
    gn_knn_opts knn;
    gn_descent_tuning tuning;
};

static bool read_options(int argc, char **argv, struct asked *a) {
    for (int i = 3; i < argc; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--exact") == 0) {
            a->exact = true;
            continue;
        }
        if (++i == argc) return false;
        size_t n = (size_t)strtoull(argv[i], NULL, 10);
        if (strcmp(name, "--threads") == 0)
            a->ctx.n_threads = (unsigned)n;
        else if (strcmp(name, "--rounds") == 0)
            a->rounds = n;
        else if (strcmp(name, "--seed") == 0)
            a->ctx.seed = n;
        else if (strcmp(name, "--metric") == 0)
            a->knn.metric = strcmp(argv[i], "cosine") ? GN_EUCLIDEAN : GN_COSINE;
        else if (strcmp(name, "--out") == 0)
            a->out = argv[i];
        else if (strcmp(name, "--trees") == 0)
            a->tuning.trees = n;
        else if (strcmp(name, "--leaf") == 0)
            a->tuning.leaf = n;
        else if (strcmp(name, "--candidates") == 0)
            a->tuning.candidates = n;
        else if (strcmp(name, "--ended") == 0)
            a->tuning.ended = strtod(argv[i], NULL);
        else
            return false;
    }
    return a->rounds > 0;
}

static uint64_t hash_of(const gn_knn *knn) {
    uint64_t h = 1469598103934665603u;
    for (size_t e = 0; e < knn->n * knn->k; e++) h = (h ^ (uint32_t)knn->index[e]) * 1099511628211u;
    return h;
}

struct mark {
    double wall, cpu;
};
static struct mark now(void) {
    return (struct mark){seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
}

/* Where the search ends and the recall begins: the hook is told. */
static struct mark recall_began;
static void watch(void *user, const char *task, double done, double total, const char *unit) {
    (void)user, (void)unit, (void)total;
    if (done <= 0 && strstr(task, "recall")) recall_began = now();
}

int main(int argc, char **argv) {
    struct asked a = {.rounds = 1, .ctx = {.n_threads = 2, .hooks = {.progress = watch}}};
    gn_error err = {0};
    gn_array file = {0};
    gn_ctx *ctx;
    gn_distinct distinct = {0};
    if (argc < 3 || !read_options(argc, argv, &a)) {
        fprintf(stderr,
                "use: bench-descent X.npy[:ROWS] K [options]; see the head of its source\n");
        return 64;
    }
    char path[4096], *colon;
    snprintf(path, sizeof path, "%s", argv[1]);
    size_t rows = (colon = strrchr(path, ':')) ? (size_t)strtoull(colon + 1, NULL, 10) : 0;
    if (colon) *colon = '\0';
    a.knn.k = (size_t)strtoull(argv[2], NULL, 10);
    if (gn_npy_open(path, &file, &err) != GN_OK || gn_ctx_new(&a.ctx, &ctx, &err) != GN_OK)
        return fail(&err);
    if (file.n_dims != 2) return 64;
    if (rows == 0 || rows > file.shape[0]) rows = file.shape[0];
    gn_mat x = {file.data, rows, file.shape[1], file.shape[1], file.dtype};
    double *wall = calloc(a.rounds, sizeof *wall), *exact = calloc(a.rounds, sizeof *exact);
    if (!wall || !exact) return 1;
    gn_recall recall = {0};
    for (size_t i = 0; i < a.rounds; i++) {
        gn_knn *knn = NULL, *truth = NULL;
        const struct mark begun = now();
        if (gn_distinct_new(ctx, x, &distinct, &err) != GN_OK ||
            gn_approximate_search(ctx, x, &distinct, &a.knn, &a.tuning, &knn, &err) != GN_OK)
            return fail(&err);
        const struct mark ended = now();
        recall = knn->recall[knn->k - 1];
        wall[i] = recall_began.wall - begun.wall;
        printf("search %.2f s (cpu %.2f), recall %.2f s (cpu %.2f); recall %.4f +- %.4f, hash "
               "%016llx\n",
               wall[i], recall_began.cpu - begun.cpu, ended.wall - recall_began.wall,
               ended.cpu - recall_began.cpu, recall.value, recall.se,
               (unsigned long long)hash_of(knn));
        fflush(stdout);
        if (i == 0 && a.out && gn_knn_write(knn, a.out, &err) != GN_OK) return fail(&err);
        if (a.exact) {
            const struct mark from = now();
            if (gn_knn_compute(ctx, x, &a.knn, &truth, &err) != GN_OK) return fail(&err);
            exact[i] = now().wall - from.wall;
            printf("exact %.2f s (cpu %.2f)\n", exact[i], now().cpu - from.cpu);
        }
        gn_knn_free(knn);
        gn_knn_free(truth);
        gn_distinct_free(&distinct);
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    qsort(wall, a.rounds, sizeof *wall, ascending);
    qsort(exact, a.rounds, sizeof *exact, ascending);
    printf(
        "{\"bench\": \"descent\", \"n\": %zu, \"d\": %zu, \"k\": %zu, \"threads\": %u, \"rounds\": "
        "%zu, \"seconds\": %.3f, \"exact_seconds\": %.3f, \"recall\": %.5f, \"recall_se\": %.5f, "
        "\"memory_mb\": %.0f}\n",
        x.rows, x.cols, a.knn.k, gn_ctx_threads(ctx), a.rounds, wall[a.rounds / 2],
        exact[a.rounds / 2], recall.value, recall.se, (double)usage.ru_maxrss / 1024);
    free(wall);
    free(exact);
    gn_ctx_free(ctx);
    return 0;
}
