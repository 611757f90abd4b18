/* Times MLEM in closed form.
 *
 *     bench-mlem synthetic:N:F:D:LAYERS [THREADS]     categories of 2 to 4 levels, float32 noise
 *     bench-mlem X.npy TABLE.csv [THREADS [ROUNDS]]   a layer and a table, e.g. beside
 * peers_mlem.py
 *
 * Each layer: all sums, the fit, importances, their errors. Prints wall and CPU seconds of the
 * features' half and of the layers, and a JSON line with the peak of memory. */
#define _GNU_SOURCE
#include "base/random.h"
#include "gonio/io.h"
#include "gonio/mlem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int fail(const gn_error *err) {
    fprintf(stderr, "bench-mlem: %s\n", err->message);
    return 1;
}

static gn_status make_table(size_t n, size_t f, gn_features **out, gn_error *err) {
    gn_random r = gn_random_new(1, 0);
    gn_feature_column *c = calloc(f, sizeof *c);
    int32_t *code = malloc(n * f * sizeof *code);
    if (!c || !code) exit(1);
    for (size_t k = 0; k < f; k++) {
        for (size_t i = 0; i < n; i++) code[k * n + i] = (int32_t)gn_random_below(&r, 2 + k % 3);
        c[k] = (gn_feature_column){"x", code + k * n, NULL, GN_BY_KIND};
    }
    gn_status st = gn_features_new(n, c, f, out, err);
    free(c);
    free(code);
    return st;
}

static void report(size_t n, size_t f, size_t d, size_t layers, double design_cpu, double wall,
                   double cpu) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    printf("{\"n\": %zu, \"features\": %zu, \"d\": %zu, \"layers\": %zu, \"design_cpu_s\": %.4f, "
           "\"wall_s\": %.4f, \"cpu_s\": %.4f, \"cpu_s_layer\": %.5f, \"peak_mib\": %ld}\n",
           n, f, d, layers, design_cpu, wall, cpu, (cpu - design_cpu) / (double)layers,
           use.ru_maxrss / 1024);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "use: bench-mlem synthetic:N:F:D:LAYERS [THREADS] | X.npy TABLE.csv "
                        "[THREADS [ROUNDS]]\n");
        return 64;
    }
    gn_error err;
    size_t n, f, d, layers = 0;
    bool synthetic = sscanf(argv[1], "synthetic:%zu:%zu:%zu:%zu", &n, &f, &d, &layers) == 4;
    int at = synthetic ? 2 : 3;
    if (!synthetic && argc < 3) return 64;
    unsigned threads = argc > at ? (unsigned)atoi(argv[at]) : 0;
    if (!synthetic) layers = argc > at + 1 ? (size_t)atoi(argv[at + 1]) : 5;
    gn_ctx *ctx;
    gn_features *table;
    gn_matrix *m = NULL;
    float *x = NULL;
    gn_mat a = {0};
    if (gn_ctx_new(&(gn_ctx_opts){.n_threads = threads}, &ctx, &err) != GN_OK) return fail(&err);
    if ((synthetic ? make_table(n, f, &table, &err)
                   : gn_features_open(argv[2], NULL, &table, &err)) != GN_OK)
        return fail(&err);
    if (synthetic) {
        gn_random r = gn_random_new(2, 0);
        x = malloc(n * d * sizeof *x);
        if (!x) return 1;
        for (size_t e = 0; e < n * d; e++) x[e] = (float)gn_random_normal(&r);
        a = gn_mat_f32(x, n, d);
    } else {
        if (gn_matrix_open(argv[1], &m, &err) != GN_OK) return fail(&err);
        a = gn_matrix_view(m);
    }
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    gn_mlem_design *design;
    if (gn_mlem_design_new(ctx, table, &design, &err) != GN_OK) return fail(&err);
    double design_cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    gn_mlem_fit fit;
    gn_mlem_weight *w = malloc(table->n_features * sizeof *w);
    for (size_t l = 0; w && l < layers; l++)
        if (gn_mlem_measure(ctx, design, a, NULL, &fit, w, &err) != GN_OK) return fail(&err);
    wall = seconds(CLOCK_MONOTONIC) - wall;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    for (size_t k = 0; w && !synthetic && k < table->n_features; k++)
        printf("%s %.9g %.3g\n", table->feature[k].name, w[k].pfi, w[k].pfi_se);
    report(table->n, table->n_features, a.cols, layers, design_cpu, wall, cpu);
    free(w);
    free(x);
    gn_mlem_design_free(design);
    gn_features_free(table);
    gn_matrix_free(m);
    gn_ctx_free(ctx);
    return 0;
}
