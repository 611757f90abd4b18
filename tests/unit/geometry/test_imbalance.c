/* Exact ranks against a naive count, golden imbalances, identities. */
#include "geometry_data.h"

#include "base/random.h"
#include "gonio/imbalance.h"

enum { N = 2000 };

/* Ranks by counting, in float64 differences; ties by index. Points must be such that the sums are
 * exact or nowhere near a tie. */
static int32_t naive_rank(const double *x, size_t n, size_t d, size_t i, size_t target) {
    double goal = 0;
    int32_t rank = 1;
    for (size_t c = 0; c < d; c++)
        goal += (x[i * d + c] - x[target * d + c]) * (x[i * d + c] - x[target * d + c]);
    for (size_t j = 0; j < n; j++) {
        double s = 0;
        for (size_t c = 0; c < d; c++)
            s += (x[i * d + c] - x[j * d + c]) * (x[i * d + c] - x[j * d + c]);
        rank += j != i && (s < goal || (s == goal && j < target));
    }
    return rank;
}

static void random_targets(int32_t *target, size_t n, size_t m, uint64_t seed) {
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < n * m; i++) {
        target[i] = (int32_t)gn_random_below(&r, n - 1);
        target[i] += target[i] >= (int32_t)(i / m);
    }
}

/* kind 0: a Gaussian; 1: a small lattice, full of exact ties; 2: far from the origin, so that
 * float32 products decide little; 3: duplicates. All values are float32 numbers. */
static double *points(int kind, size_t n, size_t d) {
    double *x = malloc(n * d * sizeof *x);
    gn_random r = gn_random_new(11, (uint64_t)kind);
    for (size_t i = 0; i < n * d; i++) {
        float v = (float)gn_random_normal(&r);
        if (kind == 1) v = (float)gn_random_below(&r, 3);
        if (kind == 2) v = v * 0.125F + (i / d % 7 == 0 ? 3e4F : 1e4F);
        if (kind == 3 && i / d > n / 2) v = (float)x[i - n / 2 * d];
        x[i] = (double)v;
    }
    return x;
}

static void check_ranks(gn_ctx *ctx, int kind, size_t n, size_t d, size_t m) {
    gn_error err;
    double *x = points(kind, n, d);
    float *f = malloc(n * d * sizeof *f);
    int32_t *target = malloc(n * m * sizeof *target), *rank = malloc(n * m * sizeof *rank),
            *again = malloc(n * m * sizeof *again);
    for (size_t i = 0; i < n * d; i++) f[i] = (float)x[i];
    random_targets(target, n, m, 12);
    OK(gn_ranks_compute(ctx, gn_mat_f64(x, n, d), target, m, NULL, rank, &err));
    OK(gn_ranks_compute(ctx, gn_mat_f32(f, n, d), target, m, NULL, again, &err));
    CHECK(memcmp(rank, again, n * m * sizeof *rank) == 0);
    size_t wrong = 0;
    for (size_t i = 0; i < n; i += 3)
        for (size_t t = 0; t < m; t++)
            wrong += rank[i * m + t] != naive_rank(x, n, d, i, (size_t)target[i * m + t]);
    CHECK(wrong == 0);
    free(x);
    free(f);
    free(target);
    free(rank);
    free(again);
}

TEST(ranks_equal_a_naive_count_on_every_instruction_set) {
    gn_error err;
    for (int cpu = GN_CPU_SCALAR; cpu <= GN_CPU_AMX; cpu++) {
        gn_ctx *ctx;
        if (gn_ctx_new(&(gn_ctx_opts){.n_threads = 2, .cpu = (gn_cpu)cpu}, &ctx, &err) != GN_OK)
            continue;
        for (int kind = 0; kind < 4; kind++) check_ranks(ctx, kind, 500, 37, 3);
        check_ranks(ctx, 0, 130, 300, 1);
        check_ranks(ctx, 1, 301, 4, 9);
        gn_ctx_free(ctx);
    }
}

TEST(few_points_have_ranks) {
    check_ranks(NULL, 0, 2, 3, 1);
    check_ranks(NULL, 0, 5, 1, 4);
}

/* The neighbour lists are ranked 1, 2, 3, ... by the same order, for both metrics and 16-bit data.
 */
TEST(neighbors_have_their_own_ranks) {
    gn_error err;
    enum { M = 700, D = 24, L = 30 };
    double *x = points(0, M, D);
    uint16_t *half = malloc(M * D * sizeof *half);
    for (size_t i = 0; i < M * D; i++) { /* bfloat16: the upper half of a float32 */
        union {
            float f;
            uint32_t u;
        } v = {(float)x[i]};
        half[i] = (uint16_t)(v.u >> 16);
    }
    int32_t *rank = malloc(M * L * sizeof *rank);
    gn_mat mats[] = {gn_mat_f64(x, M, D), {half, M, D, D, GN_BF16}};
    for (int i = 0; i < 4; i++) {
        gn_metric metric = i % 2 ? GN_COSINE : GN_EUCLIDEAN;
        gn_knn *knn;
        size_t wrong = 0;
        OK(gn_knn_compute(NULL, mats[i / 2], &(gn_knn_opts){.k = L, .metric = metric}, &knn, &err));
        OK(gn_ranks_compute(NULL, mats[i / 2], knn->index, L, &(gn_ranks_opts){.metric = metric},
                            rank, &err));
        for (size_t j = 0; j < M * L; j++) wrong += rank[j] != (int32_t)(j % L + 1);
        CHECK(wrong == 0);
        gn_knn_free(knn);
    }
    free(x);
    free(half);
    free(rank);
}

TEST(golden_imbalances) {
    gn_error err;
    json_t *root = golden_open();
    double *a = points_read("A_gauss5in50.npy", N, 50),
           *c = points_read("C_twoclusters20.npy", N, 20);
    if (!root || !a || !c) SKIP("no shared data");
    gn_mat first10 = {a, N, 10, 50, GN_F64};
    gn_mat set[] = {gn_mat_f64(a, N, 50), first10, gn_mat_f64(c, N, 20)};
    const char *name[] = {NULL, "A__A_first10cols", "A__C"};
    gn_knn *knn[3];
    for (int s = 0; s < 3; s++)
        OK(gn_knn_compute(NULL, set[s], &(gn_knn_opts){.k = 5}, &knn[s], &err));
    for (size_t k = 1; k <= 5; k += 4) {
        gn_imbalance to, back;
        for (int s = 0; s < 3; s++) {
            char path[64];
            OK(gn_imbalance_compute(NULL, knn[0], set[s], k, NULL, &to, &err));
            OK(gn_imbalance_compute(NULL, knn[s], set[0], k, NULL, &back, &err));
            CHECK(to.n == N);
            if (s == 0) {
                CHECK(to.value == ((double)k + 1) / N && to.se == 0);
                continue;
            }
            snprintf(path, sizeof path, "information_imbalance/%s_k%zu/first_to_second", name[s],
                     k);
            CHECK_NEAR(to.value, golden(root, path), 1e-14);
            snprintf(path, sizeof path, "information_imbalance/%s_k%zu/second_to_first", name[s],
                     k);
            CHECK_NEAR(back.value, golden(root, path), 1e-14);
            if (s == 2) CHECK(fabs(to.value - 1) < 4 * to.se && fabs(back.value - 1) < 4 * back.se);
        }
    }
    for (int s = 0; s < 3; s++) gn_knn_free(knn[s]);
    free(a);
    free(c);
    json_decref(root);
}

/* Mean and error bar from ranks: ranks uniform on 1 ... n - 1 have mean n / 2 and sd n / sqrt(12).
 */
TEST(imbalance_is_a_mean_over_points) {
    gn_error err;
    enum { M = 5, L = 3 };
    const int32_t rank[M * L] = {1, 4, 2, 1, 1, 3, 2, 3, 4, 4, 2, 1, 3, 3, 3};
    gn_imbalance v, one;
    OK(gn_imbalance_from_ranks(rank, M, L, 2, &v, &err));
    CHECK_NEAR(v.value, 2.0 / M * 24 / 10, 1e-15);
    const double m[M] = {1.0, 0.4, 1.0, 1.2, 1.2}; /* 2 / 5 times the mean of two */
    double mean = 0, sd = 0;
    for (int i = 0; i < M; i++) mean += m[i] / M;
    for (int i = 0; i < M; i++) sd += (m[i] - mean) * (m[i] - mean) / (M - 1);
    CHECK_NEAR(v.se, sqrt(sd / M), 1e-15);
    OK(gn_imbalance_from_ranks(rank, M, L, 1, &one, &err));
    CHECK_NEAR(one.value, 2.0 / M * 11 / 5, 1e-15);
    enum { n = 4000 };
    int32_t *uniform = malloc(n * sizeof *uniform);
    gn_random r = gn_random_new(6, 0);
    for (size_t i = 0; i < n; i++) uniform[i] = 1 + (int32_t)gn_random_below(&r, n - 1);
    OK(gn_imbalance_from_ranks(uniform, n, 1, 1, &v, &err));
    CHECK(fabs(v.value - 1) < 4 * v.se);
    CHECK_NEAR(v.se, 2 / sqrt(12) / sqrt(n), 0.02 / sqrt(n));
    free(uniform);
}

TEST(threads_and_targets_change_nothing) {
    gn_error err;
    enum { M = 900, D = 20, L = 6 };
    double *x = points(0, M, D);
    static int32_t target[M * L], alone[M], one[M * L], two[M * L], first[M];
    random_targets(target, M, L, 13);
    gn_ctx *ctx[2];
    for (unsigned t = 0; t < 2; t++)
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = t + 1}, &ctx[t], &err));
    OK(gn_ranks_compute(ctx[0], gn_mat_f64(x, M, D), target, L, NULL, one, &err));
    OK(gn_ranks_compute(ctx[1], gn_mat_f64(x, M, D), target, L, NULL, two, &err));
    CHECK(memcmp(one, two, sizeof one) == 0);
    for (size_t i = 0; i < M; i++) first[i] = target[i * L + 4];
    OK(gn_ranks_compute(ctx[1], gn_mat_f64(x, M, D), first, 1, NULL, alone, &err));
    size_t wrong = 0;
    for (size_t i = 0; i < M; i++) wrong += alone[i] != one[i * L + 4];
    CHECK(wrong == 0);
    for (int t = 0; t < 2; t++) gn_ctx_free(ctx[t]);
    free(x);
}

static bool stop(void *user) {
    (void)user;
    return true;
}

TEST(bad_imbalance_input_is_named) {
    gn_error err;
    enum { M = 40, D = 3 };
    double *x = points(0, M, D);
    int32_t target[M], rank[M] = {-7};
    gn_knn *knn;
    gn_imbalance v = {.n = 99};
    gn_mat mat = gn_mat_f64(x, M, D);
    random_targets(target, M, 1, 14);
    OK(gn_knn_compute(NULL, mat, &(gn_knn_opts){.k = 4}, &knn, &err));
    CHECK(gn_imbalance_compute(NULL, knn, gn_mat_f64(x, M - 1, D), 1, NULL, &v, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "40 rows against 39");
    CHECK(gn_imbalance_compute(NULL, knn, mat, 5, NULL, &v, &err) == GN_EINVAL);
    CHECK(gn_ranks_compute(NULL, mat, target, 0, NULL, rank, &err) == GN_EINVAL);
    CHECK(gn_ranks_compute(NULL, (gn_mat){target, M, 1, 1, GN_I32}, target, 1, NULL, rank, &err) ==
          GN_EINVAL);
    CHECK(gn_ranks_compute(NULL, gn_mat_f64(x, M, 0), target, 1, NULL, rank, &err) == GN_EINVAL);
    CHECK(gn_ranks_compute(NULL, gn_mat_f64(x, 1, D), target, 1, NULL, rank, &err) == GN_EINVAL);
    CHECK(gn_ranks_compute(NULL, mat, target, 1, &(gn_ranks_opts){.metric = (gn_metric)5}, rank,
                           &err) == GN_EINVAL);
    int32_t kept = target[8];
    target[8] = 8;
    CHECK(gn_ranks_compute(NULL, mat, target, 1, NULL, rank, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "rank of row 8 around row 8");
    target[8] = kept;
    x[3 * D + 1] = (double)INFINITY;
    CHECK(gn_ranks_compute(NULL, mat, target, 1, NULL, rank, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 3, column 1");
    x[3 * D + 1] = 0;
    gn_ctx *ctx;
    OK(gn_ctx_new(&(gn_ctx_opts){.hooks.cancel = stop}, &ctx, &err));
    CHECK(gn_ranks_compute(ctx, mat, target, 1, NULL, rank, &err) == GN_ECANCEL);
    gn_ctx_free(ctx);
    CHECK(rank[0] == -7 && v.n == 99);
    const int32_t bad[4] = {1, 3, 4, 2};
    CHECK(gn_imbalance_from_ranks(bad, 4, 1, 1, &v, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 2, neighbour 1 has rank 4, expected 1 to 3");
    CHECK(gn_imbalance_from_ranks(bad, 4, 1, 2, &v, &err) == GN_EINVAL);
    CHECK(v.n == 99);
    gn_knn_free(knn);
    free(x);
}

int main(void) {
    RUN(ranks_equal_a_naive_count_on_every_instruction_set);
    RUN(few_points_have_ranks);
    RUN(neighbors_have_their_own_ranks);
    RUN(golden_imbalances);
    RUN(imbalance_is_a_mean_over_points);
    RUN(threads_and_targets_change_nothing);
    RUN(bad_imbalance_input_is_named);
    return tap_done();
}
