/* Times MLEM in closed form, and the first pipeline.
 *
 *     bench-mlem synthetic:N:F:D:LAYERS [THREADS]     categories of 2 to 4 levels, float32 noise
 *     bench-mlem X.npy TABLE.csv [THREADS [ROUNDS]]   a layer and a table, beside peers_mlem.py
 *
 * Synthetic: each layer's sums, fit, importances and their errors; prints wall and CPU seconds of
 * the features' half and of the layers, and the peak of memory.
 * A table: one JSON line for each way of measuring the layer, its CPU seconds and importances:
 * `closed` (all pairs at once), `units` (closed, each unit alone), `v1` (the first pipeline),
 * `v1_conditional`, `v1_units`. What is made once for all layers is timed apart. */
#define _GNU_SOURCE
#include "clock.h"

#include "base/random.h"
#include "gonio/io.h"
#include "gonio/mlem.h"
#include "gonio/mlem_v1.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static double cpu_seconds(void) {
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
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

/* n, features, d, layers of the specification "synthetic:...". */
static gn_status synthetic(gn_ctx *ctx, const size_t *size, gn_error *err) {
    size_t n = size[0], f = size[1], d = size[2], layers = size[3];
    gn_features *table = NULL;
    gn_mlem_design *design = NULL;
    gn_mlem_fit fit;
    gn_random r = gn_random_new(2, 0);
    float *x = malloc(n * d * sizeof *x);
    gn_mlem_weight *w = malloc(f * sizeof *w);
    if (!x || !w) exit(1);
    for (size_t e = 0; e < n * d; e++) x[e] = (float)gn_random_normal(&r);
    gn_status st = make_table(n, f, &table, err);
    double wall = seconds(CLOCK_MONOTONIC), cpu = cpu_seconds();
    if (st == GN_OK) st = gn_mlem_design_new(ctx, table, &design, err);
    double design_cpu = cpu_seconds() - cpu;
    for (size_t l = 0; l < layers && st == GN_OK; l++)
        st = gn_mlem_measure(ctx, design, gn_mat_f32(x, n, d), NULL, &fit, w, err);
    wall = seconds(CLOCK_MONOTONIC) - wall;
    cpu = cpu_seconds() - cpu;
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    if (st == GN_OK)
        printf("{\"n\": %zu, \"features\": %zu, \"d\": %zu, \"layers\": %zu, \"design_cpu_s\": "
               "%.4f, \"wall_s\": %.4f, \"cpu_s\": %.4f, \"cpu_s_layer\": %.5f, \"peak_mib\": "
               "%ld}\n",
               n, f, d, layers, design_cpu, wall, cpu, (cpu - design_cpu) / (double)layers,
               use.ru_maxrss / 1024);
    free(x);
    free(w);
    gn_mlem_design_free(design);
    gn_features_free(table);
    return st;
}

/* ---- a layer and a table ------------------------------------------------------------------------
 */

struct layer {
    gn_ctx *ctx;
    const gn_features *table;
    gn_mat a;
    double *importance; /* (f) of all units; not touched where each unit has its own */
};

static gn_status closed(const struct layer *l, size_t rounds, double *once, gn_error *err) {
    gn_mlem_design *design = NULL;
    gn_mlem_fit fit;
    gn_mlem_weight *w = malloc(l->table->n_features * sizeof *w);
    if (!w) exit(1);
    double start = cpu_seconds();
    gn_status st = gn_mlem_design_new(l->ctx, l->table, &design, err);
    *once = cpu_seconds() - start;
    for (size_t i = 0; i < rounds && st == GN_OK; i++)
        st = gn_mlem_measure(l->ctx, design, l->a, NULL, &fit, w, err);
    for (size_t k = 0; k < l->table->n_features && st == GN_OK; k++) l->importance[k] = w[k].pfi;
    gn_mlem_design_free(design);
    free(w);
    return st;
}

static gn_status closed_units(const struct layer *l, size_t rounds, double *once, gn_error *err) {
    gn_mlem_design *design = NULL;
    gn_mlem_fit *fit = malloc(l->a.cols * sizeof *fit);
    gn_mlem_weight *w = malloc(l->a.cols * l->table->n_features * sizeof *w);
    if (!w || !fit) exit(1);
    double start = cpu_seconds();
    gn_status st = gn_mlem_design_new(l->ctx, l->table, &design, err);
    *once = cpu_seconds() - start;
    for (size_t i = 0; i < rounds && st == GN_OK; i++)
        st = gn_mlem_units(l->ctx, design, l->a, NULL, fit, w, err);
    gn_mlem_design_free(design);
    free(w);
    free(fit);
    return st;
}

static gn_status v1(const struct layer *l, bool conditional, bool units, size_t rounds,
                    double *once, gn_error *err) {
    gn_v1 *v = NULL;
    size_t f = l->table->n_features, n = units ? l->a.cols : 1;
    gn_v1_score *score = malloc(n * sizeof *score);
    gn_v1_importance *fi = malloc(n * f * sizeof *fi);
    if (!score || !fi) exit(1);
    double start = cpu_seconds();
    gn_status st = gn_v1_new(l->ctx, l->table, &(gn_v1_opts){.conditional = conditional}, &v, err);
    *once = cpu_seconds() - start;
    for (size_t i = 0; i < rounds && st == GN_OK; i++)
        st = (units ? gn_v1_univariate : gn_v1_measure)(l->ctx, v, l->a, score, fi, err);
    for (size_t k = 0; k < f && st == GN_OK && !units; k++) l->importance[k] = fi[k].importance;
    gn_v1_free(v);
    free(score);
    free(fi);
    return st;
}

static gn_status ways(const struct layer *l, size_t rounds, gn_error *err) {
    static const char *const names[] = {"closed", "units", "v1", "v1_conditional", "v1_units"};
    for (int way = 0; way < 5; way++) {
        bool units = way == 1 || way == 4;
        size_t times = way == 4 ? 1 : units ? 1 + rounds / 20 : rounds;
        double once, cpu = cpu_seconds();
        gn_status st = way == 0   ? closed(l, times, &once, err)
                       : way == 1 ? closed_units(l, times, &once, err)
                                  : v1(l, way == 3, units, times, &once, err);
        if (st != GN_OK) return st;
        printf("{\"way\": \"%s\", \"once_cpu_s\": %.5f, \"cpu_s\": %.6f, \"importance\": {",
               names[way], once, (cpu_seconds() - cpu - once) / (double)times);
        for (size_t k = 0; k < l->table->n_features && !units; k++)
            printf("%s\"%s\": %.9g", k ? ", " : "", l->table->feature[k].name, l->importance[k]);
        printf("}}\n");
    }
    return GN_OK;
}

static gn_status of_table(gn_ctx *ctx, const char *matrix, const char *csv, size_t rounds,
                          gn_error *err) {
    gn_features *table = NULL;
    gn_matrix *m = NULL;
    double *importance = NULL;
    const gn_features_opts as_published = {.distance = (const char *[]){"categorical"},
                                           .n_distances = 1};
    gn_status st = gn_features_open(csv, &as_published, &table, err);
    if (st == GN_OK) st = gn_matrix_open(matrix, &m, err);
    if (st == GN_OK) {
        importance = calloc(table->n_features, sizeof *importance);
        if (!importance) exit(1);
        st = ways(&(struct layer){ctx, table, gn_matrix_view(m), importance}, rounds, err);
    }
    free(importance);
    gn_matrix_free(m);
    gn_features_free(table);
    return st;
}

int main(int argc, char **argv) {
    gn_error err;
    gn_ctx *ctx = NULL;
    size_t size[4];
    bool made = argc > 1 && sscanf(argv[1], "synthetic:%zu:%zu:%zu:%zu", &size[0], &size[1],
                                   &size[2], &size[3]) == 4;
    int at = made ? 2 : 3;
    if (argc < at) {
        fprintf(stderr, "use: bench-mlem synthetic:N:F:D:LAYERS [THREADS] | X.npy TABLE.csv "
                        "[THREADS [ROUNDS]]\n");
        return 64;
    }
    unsigned threads = argc > at ? (unsigned)atoi(argv[at]) : 0;
    size_t rounds = argc > at + 1 ? (size_t)atoi(argv[at + 1]) : 5;
    gn_status st = gn_ctx_new(&(gn_ctx_opts){.n_threads = threads}, &ctx, &err);
    if (st == GN_OK)
        st = made ? synthetic(ctx, size, &err) : of_table(ctx, argv[1], argv[2], rounds, &err);
    gn_ctx_free(ctx);
    if (st != GN_OK) fprintf(stderr, "bench-mlem: %s\n", err.message);
    return st == GN_OK ? 0 : 1;
}
