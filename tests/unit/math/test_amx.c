/* The AMX kernels over emulated tile instructions: packing, splitting and accumulation end to end,
 * on any processor with AVX-512. Where AMX is there, the real instructions must give the same bits.
 */
#include "gemm_check.h"

extern const gn_gemm gn_gemm_emulated1, gn_gemm_emulated2, gn_gemm_emulated3;
static const gn_gemm *const emulated[] = {&gn_gemm_emulated1, &gn_gemm_emulated2,
                                          &gn_gemm_emulated3};

#define NEEDS_AVX512                                                                               \
    if (!gn_cpu_has(GN_CPU_AVX512)) SKIP("the emulation needs AVX-512")

TEST(odd_shapes) {
    NEEDS_AVX512;
    static const size_t mn[] = {1, 2, 3, 15, 16, 17, 31, 32, 33, 65},
                        ks[] = {1,  2,  3,  15,  16,  17,  31,  32,  33,
                                63, 64, 65, 383, 385, 511, 512, 513, 1537};
    float *x = normal_array(65 * 1537, 1), *w = normal_array(65 * 1537, 2);
    float *y = gn_alloc(65 * 65, sizeof *y);
    for (size_t parts = 1; parts <= 3; parts++) {
        const gn_gemm *g = emulated[parts - 1];
        double worst = 0;
        for (size_t a = 0; a < sizeof mn / sizeof *mn; a++)
            for (size_t b = 0; b < sizeof mn / sizeof *mn; b++)
                for (size_t c = 0; c < sizeof ks / sizeof *ks; c++) {
                    run_linear(g, x, w, mn[a], mn[b], ks[c], y);
                    worst = fmax(worst, worst_error(y, mn[b], x, w, mn[a], mn[b], ks[c]));
                }
        printf("# %s: worst |error| / sum |a||b| = %.2e\n", g->name, worst);
        CHECK(worst <= tolerance(g));
    }
    gn_free(x), gn_free(w), gn_free(y);
}

static double relative_l2(const float *y, const double *want, size_t n) {
    double e = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        e += ((double)y[i] - want[i]) * ((double)y[i] - want[i]);
        size += want[i] * want[i];
    }
    return sqrt(e / size);
}

/* The promise of 3 parts: no worse than the float32 kernel. */
TEST(three_parts_are_float32_grade) {
    NEEDS_AVX512;
    enum { M = 48, N = 48 };
    static const size_t ks[] = {384, 768, 1536, 3072};
    float *y = gn_alloc(M * N, sizeof *y);
    double *want = gn_alloc(M * N, sizeof *want);
    for (size_t a = 0; a < sizeof ks / sizeof *ks; a++) {
        size_t k = ks[a];
        float *x = normal_array(M * k, 3), *w = normal_array(N * k, 4);
        for (size_t i = 0; i < M; i++)
            for (size_t j = 0; j < N; j++) {
                want[i * N + j] = 0;
                for (size_t p = 0; p < k; p++)
                    want[i * N + j] += (double)x[i * k + p] * (double)w[j * k + p];
            }
        double e[4];
        for (size_t parts = 1; parts <= 3; parts++) {
            run_linear(emulated[parts - 1], x, w, M, N, k, y);
            e[parts] = relative_l2(y, want, M * N);
        }
        run_linear(gn_gemm_for(GN_CPU_AVX512, 0), x, w, M, N, k, y);
        e[0] = relative_l2(y, want, M * N);
        printf("# k %zu: relative L2 error of 1, 2, 3 parts: %.2e %.2e %.2e; avx512 %.2e\n", k,
               e[1], e[2], e[3], e[0]);
        CHECK(e[3] <= e[0]);
        CHECK(e[2] <= 8e-6);
        CHECK(e[1] <= 4e-3);
        gn_free(x), gn_free(w);
    }
    gn_free(y), gn_free(want);
}

TEST(rows_do_not_depend_on_the_batch) {
    NEEDS_AVX512;
    enum { M = 70, N = 40, K = 600 };
    float *x = normal_array(M * K, 5), *w = normal_array(N * K, 6);
    float *all = gn_alloc(M * N, sizeof *all), *one = gn_alloc(M, sizeof *one);
    for (size_t parts = 1; parts <= 3; parts++) {
        run_linear(emulated[parts - 1], x, w, M, N, K, all);
        for (size_t i = 0; i < M; i++) {
            run_linear(emulated[parts - 1], x + i * K, w, 1, N, K, one);
            CHECK(memcmp(one, all + i * N, N * sizeof *one) == 0);
        }
        for (size_t j = 0; j < N; j++) {
            run_linear(emulated[parts - 1], x, w + j * K, M, 1, K, one);
            for (size_t i = 0; i < M; i++)
                CHECK(memcmp(&one[i], &all[i * N + j], sizeof *one) == 0);
        }
    }
    gn_free(x), gn_free(w), gn_free(all), gn_free(one);
}

/* Values of every size; what is not finite stays in its row. */
TEST(extreme_values) {
    NEEDS_AVX512;
    enum { M = 5, N = 3, K = 40 };
    float *x = normal_array(M * K, 7), *w = normal_array(N * K, 8), y[M * N];
    for (size_t p = 0; p < K; p++) {
        x[0 * K + p] *= 1e-30f;
        x[1 * K + p] *= 1e30f;
        x[2 * K + p] = p % 2 ? 1e-41f : -1e-41f; /* subnormal: may be taken for zero */
    }
    const uint32_t odd_nan = 0x7fffffff; /* whose fraction would wrap around when rounded */
    memcpy(&x[3 * K + 7], &odd_nan, sizeof odd_nan);
    x[4 * K + 9] = INFINITY;
    for (size_t parts = 1; parts <= 3; parts++) {
        run_linear(emulated[parts - 1], x, w, M, N, K, y);
        CHECK(worst_error(y, N, x, w, 2, N, K) <= tolerance(emulated[parts - 1]));
        for (size_t j = 0; j < N; j++) {
            CHECK(fabsf(y[2 * N + j]) <= 1e-38f);
            CHECK(isnan(y[3 * N + j]));
            CHECK(!isfinite(y[4 * N + j]));
        }
    }
    gn_free(x), gn_free(w);
}

/* Only where the instructions exist: the emulation is right. */
TEST(the_processor_agrees_with_the_emulation) {
    if (!gn_cpu_has(GN_CPU_AMX)) SKIP("no AMX on this processor");
    enum { M = 70, N = 70, K = 1100 };
    float *x = normal_array(M * K, 9), *w = normal_array(N * K, 10);
    float *a = gn_alloc(M * N, sizeof *a), *b = gn_alloc(M * N, sizeof *b);
    for (unsigned parts = 1; parts <= 3; parts++) {
        run_linear(emulated[parts - 1], x, w, M, N, K, a);
        run_linear(gn_gemm_for(GN_CPU_AMX, parts), x, w, M, N, K, b);
        CHECK(memcmp(a, b, M * N * sizeof *a) == 0);
    }
    gn_free(x), gn_free(w), gn_free(a), gn_free(b);
}

/* The emulation itself, on a product small enough to follow by hand, and on subnormal numbers. */
TEST(an_emulated_tile) {
    NEEDS_AVX512;
    const gn_gemm *g = &gn_gemm_emulated1;
    float x[3] = {3, -2, 0.5f}, w[3] = {10, 7, 4}, y;
    run_linear(g, x, w, 1, 1, 3, &y);
    CHECK(y == 18.0f);
    float small[2] = {1e-25f, 1}, other[2] = {1e-15f, 0}; /* the product, 1e-40, is subnormal */
    run_linear(g, small, other, 1, 1, 2, &y);
    CHECK(y == 0.0f);
}

int main(void) {
    RUN(odd_shapes);
    RUN(three_parts_are_float32_grade);
    RUN(rows_do_not_depend_on_the_batch);
    RUN(extreme_values);
    RUN(the_processor_agrees_with_the_emulation);
    RUN(an_emulated_tile);
    return tap_done();
}
