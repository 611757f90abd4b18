/* A question about two sets (who asks, among whom, who may not answer), and its naive answer. */
#ifndef GN_TESTS_NEIGHBORS_ASKED_H
#define GN_TESTS_NEIGHBORS_ASKED_H

#include "sets.h"

#include "base/cpu.h"
#include "neighbors/engine.h"

static const gn_cpu levels[] = {GN_CPU_SCALAR, GN_CPU_NEON, GN_CPU_AVX2, GN_CPU_AVX512, GN_CPU_AMX};
enum { LEVELS = sizeof levels / sizeof *levels };

struct asked {
    const char *name;
    gn_mat x;
    gn_knn_opts opts;
};

static inline gn_mat asking(const struct asked *a) {
    return a->opts.queries ? *a->opts.queries : a->x;
}
static inline size_t n_asking(const struct asked *a) {
    return a->opts.row ? a->opts.n_rows : asking(a).rows;
}
static inline size_t asking_row(const struct asked *a, size_t i) {
    return a->opts.row ? (size_t)a->opts.row[i] : i;
}

static inline bool excluded(const struct asked *a, size_t row, size_t j) {
    const int32_t *theirs = a->opts.query_group ? a->opts.query_group : a->opts.group;
    if (!a->opts.queries && row == j) return true;
    return a->opts.group && theirs[row] >= 0 && theirs[row] == a->opts.group[j];
}

/* Distances of one asking row to all rows: the number that sorts them. */
static inline void naive_distances(const struct asked *a, size_t row, double *to) {
    size_t d = a->x.cols;
    gn_mat q = asking(a);
    double *buf = malloc(2 * d * sizeof *buf);
    long double *unit = malloc(2 * d * sizeof *unit);
    const double *x = gn_mat_row_f64(q, row, buf);
    if (a->opts.metric == GN_COSINE) naive_unit(x, d, unit);
    for (size_t j = 0; j < a->x.rows; j++) {
        const double *y = gn_mat_row_f64(a->x, j, buf + d);
        if (a->opts.metric == GN_COSINE) {
            naive_unit(y, d, unit + d);
            to[j] = naive_cosine(unit, unit + d, d);
        } else {
            to[j] = naive_squared(x, y, d);
        }
    }
    free(buf);
    free(unit);
}

/* Entries of the answer that differ from the double loop's. */
static inline size_t wrong_in(const struct asked *a, const gn_knn *knn) {
    size_t wrong = 0, n = a->x.rows, k = a->opts.k;
    bool cosine = a->opts.metric == GN_COSINE;
    double *to = malloc(n * sizeof *to);
    int32_t *order = malloc(n * sizeof *order);
    for (size_t i = 0; i < n_asking(a); i++) {
        size_t m = 0, row = asking_row(a, i);
        naive_distances(a, row, to);
        for (size_t j = 0; j < n; j++)
            if (!excluded(a, row, j)) order[m++] = (int32_t)j;
        sort_key = to;
        qsort(order, m, sizeof *order, by_key);
        for (size_t p = 0; p < k; p++) {
            int32_t got = knn->index[i * k + p];
            float distance = knn->distance[i * k + p];
            if (p >= m) {
                wrong += got != -1 || !isnan(distance);
                continue;
            }
            if (got < 0 || (size_t)got >= n || excluded(a, row, (size_t)got)) {
                wrong++;
                continue;
            }
            double dg = to[got], dw = to[order[p]];
            bool same = got == order[p] || (cosine && dw > 0 && fabs(dg - dw) <= 1e-12 * sqrt(dw));
            double want = cosine ? dg : sqrt(dg);
            wrong += !same || !(fabs((double)distance - want) <= 1e-6 * want + 1e-44);
        }
    }
    free(to);
    free(order);
    return wrong;
}

/* The engine's answer on one instruction set; NULL when it fails. */
static inline gn_knn *search_on(const struct asked *a, gn_cpu cpu, unsigned threads,
                                const gn_engine_tuning *tuning) {
    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_knn *knn = NULL;
    if (gn_ctx_new(&(gn_ctx_opts){.n_threads = threads, .cpu = cpu}, &ctx, &err) != GN_OK ||
        gn_knn_search(ctx, a->x, &a->opts, tuning, &knn, &err) != GN_OK)
        printf("# %s, %s: %s\n", a->name, gn_cpu_name(cpu), err.message);
    gn_ctx_free(ctx);
    return knn;
}

#endif
