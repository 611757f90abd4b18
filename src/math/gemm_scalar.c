/* The plain C kernel: what every other one is checked against, and the fallback on processors
 * without one of their own. A panel stores k after k: mr (nr) values side by side for each k. */
#include "math/kernels.h"

enum { MR = 4, NR = 8 };

static void pack(const float *x, size_t ld, size_t rows, size_t k, float *panel, size_t width) {
    for (size_t p = 0; p < k; p++)
        for (size_t i = 0; i < width; i++) panel[p * width + i] = i < rows ? x[i * ld + p] : 0.0f;
}
static void pack_a(const float *a, size_t lda, size_t m, size_t k, void *panel) {
    pack(a, lda, m, k, panel, MR);
}
static void pack_b(const float *b, size_t ldb, size_t n, size_t k, void *panel) {
    pack(b, ldb, n, k, panel, NR);
}

static void tile(const void *a_panel, const void *b_panel, size_t k, float *c, size_t ldc) {
    const float *a = a_panel, *b = b_panel;
    for (size_t i = 0; i < MR; i++)
        for (size_t j = 0; j < NR; j++) c[i * ldc + j] = 0.0f;
    for (size_t k0 = 0; k0 < k; k0 += GN_K_BLOCK) {
        size_t k1 = k - k0 < GN_K_BLOCK ? k : k0 + GN_K_BLOCK;
        float sum[MR][NR] = {{0}};
        for (size_t p = k0; p < k1; p++)
            for (size_t i = 0; i < MR; i++)
                for (size_t j = 0; j < NR; j++) sum[i][j] += a[p * MR + i] * b[p * NR + j];
        for (size_t i = 0; i < MR; i++)
            for (size_t j = 0; j < NR; j++) c[i * ldc + j] += sum[i][j];
    }
}

const gn_gemm gn_gemm_scalar = {.name = "scalar",
                                .cpu = GN_CPU_SCALAR,
                                .mr = MR,
                                .nr = NR,
                                .k_multiple = 1,
                                .element_bytes = sizeof(float),
                                .pack_a = pack_a,
                                .pack_b = pack_b,
                                .tile = tile};
