/* The acceptance checks of the geometry specification, and where each is tested in full. Every
 * program runs its checks on every instruction set that the processor has, each with one and with
 * two threads.
 *
 *   check                                              program
 *    1  exact line, Pareto ratios                      test_acceptance_dimension.c
 *    2  golden TwoNN, Gride, k*-Gride, binomial        test_acceptance_dimension.c
 *    3  golden neighbours on every path                test_acceptance_neighbors.c
 *    4  rotation, shift, scale, zero columns           test_acceptance_neighbors.c
 *    5  overlap identities and golden values           test_acceptance_pairs.c
 *    6  imbalance identities and golden values         test_acceptance_pairs.c
 *    7  duplicates                                     test_acceptance_neighbors.c
 *    8  decimation                                     test_acceptance_dimension.c
 *       the printed curve                              tests/cli/test_geometry.py
 *    9  profile, choice of the layer                   test_acceptance_layers.c
 *   10  k*, densities, clusters; cancelling            test_acceptance_clusters.c
 *       Ctrl-C leaves nothing                          tests/cli/test_cli.py
 *       90,000 x 512 in time, memory and exact         bench/run knn (not in the suite)
 *    -  hard sets against the double loop              neighbors/test_acceptance_engine.c
 *
 * Golden values: DADApy, made as golden.json says; 1e-6 relative, as the specification asks, counts
 * and indices exactly. */
#ifndef GN_TESTS_ACCEPTANCE_H
#define GN_TESTS_ACCEPTANCE_H

#include "geometry_data.h"

#include "base/cpu.h"
#include "gonio/neighbors.h"

enum { N = 2000, D_A = 50, D_C = 20 };

/** |got - want| <= tol |want|. */
#define CHECK_RELATIVE(got, want, tol)                                                             \
    do {                                                                                           \
        double rg_ = (got), rw_ = (want), rt_ = (tol);                                             \
        tap_checks++;                                                                              \
        if (!(fabs(rg_ - rw_) <= rt_ * fabs(rw_))) {                                               \
            tap_bad++;                                                                             \
            printf("# %s:%d: %s = %.17g, expected %.17g within %g of it (off by %g)\n", __FILE__,  \
                   __LINE__, #got, rg_, rw_, rt_, (rg_ - rw_) / rw_);                              \
        }                                                                                          \
    } while (0)

/** The golden value at `path` below "SET/", compared within 1e-6 of itself. */
#define CHECK_GOLDEN(got, root, ...)                                                               \
    do {                                                                                           \
        char gp_[160];                                                                             \
        snprintf(gp_, sizeof gp_, __VA_ARGS__);                                                    \
        CHECK_RELATIVE(got, golden(root, gp_), 1e-6);                                              \
    } while (0)

/** Runs the check on every instruction set with one and two threads; under the sanitizers, which
 *  see each line once, on the best one with two. Says where a failure happened. */
static inline void on_every_machine(void (*check)(gn_ctx *ctx)) {
    for (int cpu = GN_CPU_SCALAR; cpu <= GN_CPU_AMX; cpu++) {
        if (!gn_cpu_has((gn_cpu)cpu) || (test_quick() && (gn_cpu)cpu != gn_cpu_best())) continue;
        for (unsigned threads = test_quick() ? 2 : 1; threads <= 2; threads++) {
            gn_error err;
            gn_ctx *ctx;
            int bad = tap_bad;
            gn_ctx_opts opts = {.n_threads = threads, .cpu = (gn_cpu)cpu, .seed = 42};
            OK(gn_ctx_new(&opts, &ctx, &err));
            check(ctx);
            if (tap_bad > bad) printf("# on %s, %u threads\n", gn_cpu_name((gn_cpu)cpu), threads);
            gn_ctx_free(ctx);
        }
    }
}

/** What the checks read; loaded by the first test that asks. */
typedef struct shared_sets {
    json_t *root;             /**< golden.json */
    float *a, *c;             /**< (N, 50), (N, 20) */
    float *d;                 /**< (500, 50): 20 rows of A twice */
    int32_t *label;           /**< (N) of C */
    int32_t *subset;          /**< (4, 500) rows of A */
    int32_t *near_a, *near_c; /**< (N, 65) column 0 is the row itself */
} shared_sets;

/** NULL where the shared folder is absent. */
static inline const shared_sets *sets(void) {
    static shared_sets s;
    if (!s.root && shared_path("")) {
        s = (shared_sets){golden_open(),
                          npy_read("A_gauss5in50.npy", N * D_A * sizeof(float)),
                          npy_read("C_twoclusters20.npy", N * D_C * sizeof(float)),
                          npy_read("D_duplicates.npy", 500 * D_A * sizeof(float)),
                          npy_read("C_labels.npy", N * sizeof(int32_t)),
                          npy_read("A_subsets_4x500.npy", N * sizeof(int32_t)),
                          npy_read("A_nn_index_0_64.npy", N * 65 * sizeof(int32_t)),
                          npy_read("C_nn_index_0_64.npy", N * 65 * sizeof(int32_t))};
    }
    bool all = s.root && s.a && s.c && s.d && s.label && s.subset && s.near_a && s.near_c;
    return all ? &s : NULL;
}

/** The k nearest by the library; NULL, with the reason printed, when it fails. */
static inline gn_knn *neighbors_of(gn_ctx *ctx, gn_mat x, size_t k) {
    gn_error err = {0};
    gn_knn *knn = NULL;
    if (gn_knn_compute(ctx, x, &(gn_knn_opts){.k = k}, &knn, &err) != GN_OK) {
        printf("# %s\n", err.message);
        tap_bad++;
    }
    return knn;
}

#endif
