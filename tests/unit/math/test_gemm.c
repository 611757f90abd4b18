/* Matrix products against a float64 double loop, for every instruction set of this machine. */
#include "tap.h"

#include "gemm_check.h"

enum { MAX_PANEL = 64 };

TEST(odd_shapes) {
    static const size_t mn[] = {1, 2, 3, 15, 16, 17, 31, 32, 33, 65},
                        ks[] = {1,  2,   3,   15,  16,  17,  31,  32,
                                33, 255, 256, 257, 383, 384, 385, 1537};
    float *x = normal_array(65 * 1537, 1), *w = normal_array(65 * 1537, 2);
    float *y = gn_alloc(65 * 65, sizeof *y);
    FOR_LEVELS(cpu) for (unsigned parts = 1; parts <= (cpu == GN_CPU_AMX ? 3 : 1); parts++) {
        const gn_gemm *g = gn_gemm_for(cpu, parts);
        double worst = 0;
        for (size_t a = 0; a < sizeof mn / sizeof *mn; a++)
            for (size_t b = 0; b < sizeof mn / sizeof *mn; b++)
                for (size_t c = 0; c < sizeof ks / sizeof *ks; c++) {
                    run_linear(g, x, w, mn[a], mn[b], ks[c], y);
                    double e = worst_error(y, mn[b], x, w, mn[a], mn[b], ks[c]);
                    if (!(e <= tolerance(g)))
                        printf("# %s: %zu x %zu x %zu: %g\n", g->name, mn[a], mn[b], ks[c], e);
                    CHECK(e <= tolerance(g));
                    if (e > worst) worst = e;
                }
        printf("# %s: worst |error| / sum |a||b| = %.2e\n", g->name, worst);
    }
    gn_free(x), gn_free(w), gn_free(y);
}

/* A row alone, and the same row anywhere in a batch, next to anything, must give the same bits. */
TEST(rows_do_not_depend_on_the_batch) {
    enum { M = 200, N = 70, K = 300 };
    float *x = normal_array(M * K, 3), *w = normal_array(N * K, 4);
    float *all = gn_alloc(M * N, sizeof *all), *one = gn_alloc(N, sizeof *one),
          *column = gn_alloc(M, sizeof *column);
    FOR_LEVELS(cpu) {
        const gn_gemm *g = gn_gemm_for(cpu, 0);
        run_linear(g, x, w, M, N, K, all);
        for (size_t i = 0; i < M; i++) {
            run_linear(g, x + i * K, w, 1, N, K, one);
            CHECK(memcmp(one, all + i * N, N * sizeof *one) == 0);
        }
        for (size_t j = 0; j < N; j++) { /* and a column alone, in another place of the tile */
            run_linear(g, x, w + j * K, M, 1, K, column);
            for (size_t i = 0; i < M; i++)
                CHECK(memcmp(&column[i], &all[i * N + j], sizeof *one) == 0);
        }
    }
    gn_free(x), gn_free(w), gn_free(all), gn_free(one), gn_free(column);
}

/* Bias, activation and residual; leading dimensions; nothing written outside the result. */
TEST(linear_layer) {
    enum { M = 37, N = 45, K = 50, LDX = 53, LDY = 49, LDR = 47 };
    float *x = normal_array(M * LDX, 5), *w = normal_array(N * K, 6), *bias = normal_array(N, 7),
          *residual = normal_array(M * LDR, 8), *y = gn_alloc(M * LDY, sizeof *y);
    gn_error err;
    FOR_LEVELS(cpu)
    for (int act = GN_ACT_NONE; act <= GN_ACT_SILU; act++)
        for (int with = 0; with < 4; with++) {
            gn_weight *packed;
            OK(gn_weight_pack(gn_gemm_for(cpu, 0), gn_mat_f32(w, N, K), &packed, &err));
            gn_linear l = {.weight = packed, .act = (gn_activation)act};
            if (with & 1) l.bias = bias;
            if (with & 2) l.residual = residual, l.ld_residual = LDR;
            void *scratch = gn_alloc(gn_linear_scratch(packed, M), 1);
            for (size_t i = 0; i < M * LDY; i++) y[i] = -77.0f;
            gn_linear_run(&l, x, M, LDX, y, LDY, scratch);
            for (size_t i = 0; i < M; i++) {
                for (size_t j = 0; j < N; j++) {
                    double s = with & 1 ? (double)bias[j] : 0;
                    for (size_t p = 0; p < K; p++)
                        s += (double)x[i * LDX + p] * (double)w[j * K + p];
                    if (act == GN_ACT_GELU) s = 0.5 * s * erfc(-s / sqrt(2.0));
                    if (act == GN_ACT_GELU_TANH)
                        s = 0.5 * s * (1 + tanh(sqrt(2 / acos(-1.0)) * (s + 0.044715 * s * s * s)));
                    if (act == GN_ACT_RELU) s = fmax(s, 0);
                    if (act == GN_ACT_SILU) s = s / (1 + exp(-s));
                    if (with & 2) s += (double)residual[i * LDR + j];
                    CHECK_NEAR((double)y[i * LDY + j], s, 8e-6);
                }
                for (size_t j = N; j < LDY; j++) CHECK(y[i * LDY + j] == -77.0f);
            }
            gn_free(scratch);
            gn_weight_free(packed);
        }
    /* The residual may be the output itself: x += x W^T, as a transformer block has it. */
    FOR_LEVELS(cpu) {
        gn_weight *packed;
        OK(gn_weight_pack(gn_gemm_for(cpu, 0), gn_mat_f32(w, N, K), &packed, &err));
        void *scratch = gn_alloc(gn_linear_scratch(packed, M), 1);
        gn_linear l = {.weight = packed, .residual = residual, .ld_residual = LDR};
        gn_linear_run(&l, x, M, LDX, y, LDY, scratch);
        float *in_place = gn_alloc(M * LDR, sizeof *in_place);
        memcpy(in_place, residual, M * LDR * sizeof *in_place);
        l.residual = in_place;
        gn_linear_run(&l, x, M, LDX, in_place, LDR, scratch);
        for (size_t i = 0; i < M; i++)
            CHECK(memcmp(in_place + i * LDR, y + i * LDY, N * sizeof *y) == 0);
        gn_free(in_place);
        gn_free(scratch);
        gn_weight_free(packed);
    }
    gn_free(x), gn_free(w), gn_free(bias), gn_free(residual), gn_free(y);
}

/* Neighbours use the tile directly: B rows against A rows, with their own leading dimension. */
TEST(tile_and_panels) {
    enum { K = 100, LDC = 80 };
    float *a = normal_array(MAX_PANEL * K, 9), *b = normal_array(MAX_PANEL * K, 10);
    FOR_LEVELS(cpu) {
        const gn_gemm *g = gn_gemm_for(cpu, 0);
        REQUIRE(g->mr <= MAX_PANEL && g->nr <= MAX_PANEL);
        CHECK(g->cpu <= cpu);
        size_t kp = (K + g->k_multiple - 1) / g->k_multiple * g->k_multiple;
        void *pa = gn_alloc(g->mr * kp, g->element_bytes),
             *pb = gn_alloc(g->nr * kp, g->element_bytes);
        float *c = gn_alloc(MAX_PANEL * LDC, sizeof *c);
        for (size_t i = 0; i < MAX_PANEL * LDC; i++) c[i] = NAN; /* overwritten, not added to */
        if (g->begin) g->begin();
        g->pack_a(a, K, g->mr, K, pa);
        g->pack_b(b, K, g->nr, K, pb);
        g->tile(pa, pb, kp, c, LDC);
        if (g->end) g->end();
        CHECK(worst_error(c, LDC, a, b, g->mr, g->nr, K) <= tolerance(g));
        for (size_t i = 0; i < g->mr; i++) CHECK(isnan(c[i * LDC + g->nr]));
        gn_free(pa), gn_free(pb), gn_free(c);
    }
    gn_free(a), gn_free(b);
}

/* A long chain over k of terms with one sign is where plain float32 sums lose digits. */
TEST(long_sums_keep_their_digits) {
    enum { K = 1 << 14 };
    float *a = normal_array(K, 11), *b = normal_array(K, 12), y;
    for (size_t i = 0; i < K; i++) a[i] = fabsf(a[i]), b[i] = fabsf(b[i]);
    FOR_LEVELS(cpu) {
        run_linear(gn_gemm_for(cpu, 0), a, b, 1, 1, K, &y);
        double e = worst_error(&y, 1, a, b, 1, 1, K);
        printf("# %s: relative error of a sum of %d positive terms: %.1e\n",
               gn_gemm_for(cpu, 0)->name, K, e);
        CHECK(e <= 2e-6); /* one chain has up to 2e-5 here */
    }
    gn_free(a), gn_free(b);
}

TEST(what_cannot_be_packed) {
    gn_error err;
    gn_weight *w = NULL;
    float x[6] = {1, 2, 3, 4, NAN, 6};
    const gn_gemm *g = gn_gemm_for(GN_CPU_SCALAR, 0);
    CHECK(gn_weight_pack(g, gn_mat_f32(x, 2, 3), &w, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 1, column 1");
    CHECK(gn_weight_pack(g, gn_mat_f32(x, 0, 3), &w, &err) == GN_EINVAL);
    CHECK(gn_weight_pack(g, gn_mat_f32(x, 2, 0), &w, &err) == GN_EINVAL);
    gn_mat ints = {x, 2, 3, 3, GN_I32};
    CHECK(gn_weight_pack(g, ints, &w, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "int32");
    CHECK(w == NULL);
    gn_weight_free(NULL);
}

/* float16 and bfloat16 weights are widened exactly; strides are honoured. */
TEST(half_weights) {
    gn_error err;
    gn_weight *w;
    const uint16_t half[] = {0x3c00, 0x4000, 9, 0xc200, 0x3800, 9}; /* 1 2 . / -3 0.5 . */
    float x[2] = {3, 5}, y[2];
    FOR_LEVELS(cpu) {
        gn_mat m = {half, 2, 2, 3, GN_F16};
        OK(gn_weight_pack(gn_gemm_for(cpu, 0), m, &w, &err));
        void *scratch = gn_alloc(gn_linear_scratch(w, 1), 1);
        gn_linear_run(&(gn_linear){.weight = w}, x, 1, 2, y, 2, scratch);
        CHECK(y[0] == 13.0f && y[1] == -6.5f);
        gn_free(scratch);
        gn_weight_free(w);
    }
}

int main(void) {
    RUN(odd_shapes);
    RUN(rows_do_not_depend_on_the_batch);
    RUN(linear_layer);
    RUN(tile_and_panels);
    RUN(long_sums_keep_their_digits);
    RUN(what_cannot_be_packed);
    RUN(half_weights);
    return tap_done();
}
