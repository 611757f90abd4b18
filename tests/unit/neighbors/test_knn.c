/* Exact means exact: against a naive float64 double loop on sets that are hard for a filter, and
 * the same bytes for every instruction set, block size, list size, schedule and number of threads.
 */
#include "sets.h"

#include "base/cpu.h"
#include "neighbors/engine.h"

static const gn_cpu levels[] = {GN_CPU_SCALAR, GN_CPU_NEON, GN_CPU_AVX2, GN_CPU_AVX512, GN_CPU_AMX};
enum { LEVELS = sizeof levels / sizeof *levels };

/* One search; 0 when it fails. `redone` (may be NULL) receives how many rows were redone. */
static uint64_t search(gn_mat x, size_t k, gn_metric metric, gn_cpu cpu, unsigned threads,
                       const gn_engine_tuning *tuning, size_t *redone) {
    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_knn *knn = NULL;
    uint64_t h = 0;
    if (gn_ctx_new(&(gn_ctx_opts){.n_threads = threads, .cpu = cpu}, &ctx, &err) == GN_OK &&
        gn_knn_search(ctx, x, &(gn_knn_opts){.k = k, .metric = metric}, tuning, &knn, &err) ==
            GN_OK) {
        h = knn_hash(knn);
        if (redone) *redone = knn->n_redone;
    } else {
        printf("# %s: %s\n", gn_cpu_name(cpu), err.message);
    }
    gn_knn_free(knn);
    gn_ctx_free(ctx);
    return h;
}

static bool right_for(gn_mat x, size_t k, gn_metric metric, const char *name) {
    gn_error err = {0};
    gn_knn *knn = NULL;
    if (gn_knn_compute(NULL, x, &(gn_knn_opts){.k = k, .metric = metric}, &knn, &err) != GN_OK) {
        printf("# %s: %s\n", name, err.message);
        return false;
    }
    reference r = naive_knn(x, k, metric);
    size_t wrong = count_wrong(knn, &r);
    if (wrong) printf("# %s (%zu, %zu), k %zu: %zu wrong\n", name, x.rows, x.cols, k, wrong);
    reference_free(&r);
    gn_knn_free(knn);
    return wrong == 0;
}

TEST(hard_sets_match_the_double_loop) {
    static const struct {
        size_t n, d, k;
    } shape[] = {{2, 3, 1}, {3, 1, 2}, {40, 2, 39}, {700, 17, 10}};
    for (int kind = 0; kind < SET_KINDS; kind++)
        for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
            point_set p = set_make((enum set_kind)kind, shape[s].n, shape[s].d);
            gn_mat x = gn_mat_f32(p.x, p.n, p.d);
            CHECK(right_for(x, shape[s].k, GN_EUCLIDEAN, p.name));
            if (kind != SET_ZEROS) CHECK(right_for(x, shape[s].k, GN_COSINE, p.name));
            free(p.x);
        }
}

TEST(widths_match_the_double_loop) {
    static const size_t widths[] = {1, 2, 3, 31, 33, 255, 257, 1023, 4096};
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        point_set p = set_make(SET_MASSIVE, 70, widths[w]);
        CHECK(right_for(gn_mat_f32(p.x, p.n, p.d), 12, GN_EUCLIDEAN, "width"));
        CHECK(right_for(gn_mat_f32(p.x, p.n, p.d), 12, GN_COSINE, "width"));
        free(p.x);
    }
}

TEST(same_bytes_on_every_path) {
    static const gn_engine_tuning ways[] = {{0},
                                            {.block_rows = 1},
                                            {.block_rows = 300},
                                            {.list_bytes = 1},
                                            {.room = 40},
                                            {.room = 40, .list_bytes = 1, .block_rows = 100}};
    for (int kind = 0; kind < SET_KINDS; kind += test_quick() ? 4 : 1) {
        point_set p = set_make((enum set_kind)kind, 700, 24);
        gn_mat x = gn_mat_f32(p.x, p.n, p.d);
        for (int metric = GN_EUCLIDEAN; metric <= GN_COSINE; metric++) {
            if (metric == GN_COSINE && kind == SET_ZEROS) continue;
            uint64_t want = search(x, 16, (gn_metric)metric, GN_CPU_SCALAR, 1, NULL, NULL);
            REQUIRE(want != 0);
            for (int l = 0; l < LEVELS; l++) {
                if (!gn_cpu_has(levels[l])) continue;
                for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
                    for (unsigned threads = w % 5 ? 2 : 1; threads <= 2; threads++)
                        CHECK(search(x, 16, (gn_metric)metric, levels[l], threads, &ways[w],
                                     NULL) == want);
            }
        }
        free(p.x);
    }
}

TEST(rows_without_a_certificate_are_redone) {
    /* 300 points closer together than float32 can tell: every list of 40 must give up */
    point_set p = set_make(SET_EQUAL, 600, 30);
    gn_random r = gn_random_new(1, 1);
    for (size_t i = 0; i < p.n * p.d; i++) p.x[i] = 100.0f;
    for (size_t i = 0; i < p.n; i++) p.x[i * p.d] += (float)gn_random_normal(&r) * 1e-4f;
    p.x[0] = -1e9f;
    gn_mat x = gn_mat_f32(p.x, p.n, p.d);
    size_t redone = 0;
    uint64_t want =
        search(x, 8, GN_EUCLIDEAN, GN_CPU_SCALAR, 1, &(gn_engine_tuning){.room = 40}, &redone);
    CHECK(redone > 500);
    CHECK(right_for(x, 8, GN_EUCLIDEAN, "unresolved"));
    CHECK(search(x, 8, GN_EUCLIDEAN, GN_CPU_SCALAR, 2, &(gn_engine_tuning){.list_bytes = 1},
                 &redone) == want);
    CHECK(redone > 500);
    free(p.x);
}

/* The float32 data of a .npy file, after its header. */
static float *npy_payload(const char *path, size_t n_values) {
    FILE *f = path ? fopen(path, "rb") : NULL;
    unsigned char head[10];
    float *x = NULL;
    if (f && fread(head, 1, 10, f) == 10 && fseek(f, 10 + head[8] + 256 * head[9], SEEK_SET) == 0) {
        x = malloc(n_values * 4);
        if (fread(x, 4, n_values, f) != n_values) {
            free(x);
            x = NULL;
        }
    }
    if (f) fclose(f);
    return x;
}

static void golden(const char *points, const char *neighbours, size_t d) {
    enum { N = 2000, K = 64 };
    if (!shared_path("")) SKIP("no shared data");
    float *x = npy_payload(shared_path(points), N * d);
    int32_t *want = (int32_t *)(void *)npy_payload(shared_path(neighbours), N * (K + 1));
    REQUIRE(x && want);
    for (int l = 0; l < LEVELS; l++) {
        if (!gn_cpu_has(levels[l]) || (test_quick() && levels[l] != gn_cpu_best())) continue;
        for (unsigned threads = test_quick() ? 2 : 1; threads <= 2; threads++) {
            gn_error err;
            gn_ctx *ctx;
            gn_knn *knn;
            OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = threads, .cpu = levels[l]}, &ctx, &err));
            OK(gn_knn_compute(ctx, gn_mat_f32(x, N, d), &(gn_knn_opts){.k = K}, &knn, &err));
            size_t wrong = 0;
            for (size_t i = 0; i < N; i++)
                for (size_t p = 0; p < K; p++)
                    wrong += knn->index[i * K + p] != want[i * (K + 1) + p + 1];
            CHECK(wrong == 0);
            gn_knn_free(knn);
            gn_ctx_free(ctx);
        }
    }
    free(x);
    free(want);
}

TEST(golden_A) {
    golden("geometry/A_gauss5in50.npy", "geometry/A_nn_index_0_64.npy", 50);
}
TEST(golden_C) {
    golden("geometry/C_twoclusters20.npy", "geometry/C_nn_index_0_64.npy", 20);
}

TEST(every_floating_type) {
    enum { N = 300, D = 21, K = 9 };
    point_set p = set_make(SET_GAUSS, N, D);
    double wide[N * D];
    uint16_t brain[N * D], half[N * D];
    for (size_t i = 0; i < N * D; i++) {
        uint32_t bits;
        wide[i] = (double)p.x[i] * 1.0000001234567;
        memcpy(&bits, &p.x[i], 4);
        brain[i] = (uint16_t)(bits >> 16);
        /* a float16 with a random pattern below infinity */
        half[i] = (uint16_t)((bits >> 5 & 0x83ffu) | (bits % 29) << 10);
    }
    gn_mat types[] = {gn_mat_f64(wide, N, D),
                      {brain, N, D, D, GN_BF16},
                      {half, N, D, D, GN_F16},
                      {wide, N, D - 4, D, GN_F64},
                      {p.x, N / 3, D, 3 * D, GN_F32}};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        for (int metric = GN_EUCLIDEAN; metric <= GN_COSINE; metric++) {
            CHECK(right_for(types[t], K, (gn_metric)metric, gn_dtype_name(types[t].dtype)));
            uint64_t want = search(types[t], K, (gn_metric)metric, GN_CPU_SCALAR, 1, NULL, NULL);
            for (int l = 0; l < LEVELS; l++)
                if (gn_cpu_has(levels[l]))
                    CHECK(search(types[t], K, (gn_metric)metric, levels[l], 2, NULL, NULL) == want);
        }
    free(p.x);
}

TEST(float64_beyond_float32) {
    /* values and differences that float32 cannot hold, at scales where squares overflow float64 */
    enum { N = 60, D = 5, K = 6 };
    static const double scales[] = {1, 0x1p-100, 0x1p100, 0x1p-660};
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
        double base[N * D], x[N * D];
        gn_random r = gn_random_new(3, s);
        for (size_t i = 0; i < N * D; i++) {
            base[i] = 1 + 1e-9 * gn_random_normal(&r);
            x[i] = scales[s] * base[i];
        }
        gn_mat m = gn_mat_f64(x, N, D);
        gn_error err;
        gn_knn *knn;
        OK(gn_knn_compute(NULL, m, &(gn_knn_opts){.k = K}, &knn, &err));
        reference ref = naive_knn(gn_mat_f64(base, N, D), K, GN_EUCLIDEAN);
        size_t wrong = 0;
        for (size_t e = 0; e < N * K; e++) wrong += knn->index[e] != ref.index[e];
        CHECK(wrong == 0);
        reference_free(&ref);
        gn_knn_free(knn);
    }
}

TEST(zero_columns_change_nothing) {
    enum { N = 500, D = 50, WIDE = 512 };
    point_set p = set_make(SET_GAUSS, N, D);
    float *padded = calloc(N * WIDE, sizeof *padded);
    for (size_t i = 0; i < N; i++) memcpy(padded + i * WIDE, p.x + i * D, D * sizeof(float));
    uint64_t want = search(gn_mat_f32(p.x, N, D), 20, GN_EUCLIDEAN, GN_CPU_AUTO, 1, NULL, NULL);
    CHECK(want ==
          search(gn_mat_f32(padded, N, WIDE), 20, GN_EUCLIDEAN, GN_CPU_AUTO, 1, NULL, NULL));
    free(padded);
    free(p.x);
}

TEST(the_largest_k) {
    enum { N = 1100, D = 8, K = 1024 };
    point_set p = set_make(SET_GAUSS, N, D);
    CHECK(right_for(gn_mat_f32(p.x, N, D), K, GN_EUCLIDEAN, "k 1024"));
    free(p.x);
}

TEST(what_is_refused) {
    gn_error err;
    gn_knn *knn = NULL;
    float x[6 * 2] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    gn_mat m = gn_mat_f32(x, 6, 2);
    CHECK(gn_knn_compute(NULL, m, &(gn_knn_opts){.k = 6}, &knn, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "k = 6 neighbours of 6 rows: expected 1 to 5");
    CHECK(gn_knn_compute(NULL, m, &(gn_knn_opts){.k = 0}, &knn, &err) == GN_EINVAL);
    CHECK(gn_knn_compute(NULL, gn_mat_f32(x, 1, 2), &(gn_knn_opts){.k = 1}, &knn, &err) ==
          GN_EINVAL);
    CHECK(gn_knn_compute(NULL, gn_mat_f32(x, 6, 0), &(gn_knn_opts){.k = 1}, &knn, &err) ==
          GN_EINVAL);
    CHECK(gn_knn_compute(NULL, (gn_mat){x, 6, 2, 2, GN_I32}, &(gn_knn_opts){.k = 1}, &knn, &err) ==
          GN_EINVAL);
    CHECK_CONTAINS(err.message, "int32");
    x[7] = NAN;
    CHECK(gn_knn_compute(NULL, m, &(gn_knn_opts){.k = 2}, &knn, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 3, column 1 is NaN");
    x[7] = 7;
    x[4] = -INFINITY;
    CHECK(gn_knn_compute(NULL, m, &(gn_knn_opts){.k = 2}, &knn, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 2, column 0 is -infinity");
    x[4] = x[5] = 0;
    CHECK(gn_knn_compute(NULL, m, &(gn_knn_opts){.k = 2, .metric = GN_COSINE}, &knn, &err) ==
          GN_EDATA);
    CHECK_CONTAINS(err.message, "row 2 is a zero vector");
    x[4] = 3e38f;
    x[0] = -3e38f;
    CHECK(gn_knn_compute(NULL, m, &(gn_knn_opts){.k = 5}, &knn, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "which float32 cannot hold");
    CHECK(knn == NULL);
}

struct watch {
    int polls, stop_after;
    double last, total;
    bool ordered, second; /* rows are being redone: a task of its own */
};
static bool watch_cancel(void *user) {
    struct watch *w = user;
    return ++w->polls > w->stop_after;
}
static void watch_progress(void *user, const char *task, double done, double total,
                           const char *unit) {
    struct watch *w = user;
    if (!w->second && strcmp(task, "layer 3, second pass") == 0) {
        w->ordered &= w->last == w->total;
        w->second = true;
        w->last = 0;
    }
    if (done < w->last || done > total * (1 + 1e-12) || strcmp(unit, "rows") ||
        strcmp(task, w->second ? "layer 3, second pass" : "layer 3"))
        w->ordered = false;
    w->last = done;
    w->total = total;
}

TEST(cancel_and_progress) {
    static const gn_engine_tuning ways[] = {
        {.block_rows = 64}, {.block_rows = 64, .list_bytes = 1}, {.block_rows = 64, .room = 20}};
    point_set p = set_make(SET_DUPLICATES, 900, 10);
    gn_mat x = gn_mat_f32(p.x, p.n, p.d);
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        struct watch watch = {.stop_after = 1 << 30, .ordered = true};
        gn_error err;
        gn_ctx *ctx;
        gn_knn *knn = NULL;
        gn_knn_opts o = {.k = 12, .task = "layer 3"};
        gn_hooks hooks = {.user = &watch, .cancel = watch_cancel, .progress = watch_progress};
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .hooks = hooks}, &ctx, &err));
        OK(gn_knn_search(ctx, x, &o, &ways[w], &knn, &err));
        CHECK(watch.second == (knn->n_redone > 0) && (w != 2 || watch.second));
        gn_knn_free(knn);
        CHECK(watch.ordered && watch.last == watch.total);
        CHECK(watch.second || watch.total == 900);
        int polls = watch.polls;
        CHECK(polls > 20);
        for (int stop = 0; stop < polls; stop += 1 + polls / 12) {
            watch = (struct watch){.stop_after = stop, .ordered = true};
            knn = NULL;
            CHECK(gn_knn_search(ctx, x, &o, &ways[w], &knn, &err) == GN_ECANCEL);
            CHECK(knn == NULL);
        }
        gn_ctx_free(ctx);
    }
    free(p.x);
}

int main(void) {
    RUN(hard_sets_match_the_double_loop);
    RUN(widths_match_the_double_loop);
    RUN(same_bytes_on_every_path);
    RUN(rows_without_a_certificate_are_redone);
    RUN(golden_A);
    RUN(golden_C);
    RUN(every_floating_type);
    RUN(float64_beyond_float32);
    RUN(zero_columns_change_nothing);
    RUN(the_largest_k);
    RUN(what_is_refused);
    RUN(cancel_and_progress);
    return tap_done();
}
