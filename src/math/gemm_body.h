/* The float32 micro-kernel and its packing, for whatever vectors a simd_*.h offers.
 *
 * The kernel keeps MR x NR sums in registers. For each k it loads NR values of B (NV vectors) and
 * broadcasts MR values of A, one after the other: MR * NV multiply-adds for NV + MR loads. With
 * enough accumulators to cover the latency of the two FMA units (8 to 10) and fewer loads than
 * FMAs / 2 x 2, the units never wait as long as the panels come from L1 or L2.
 *
 * Chains end after GN_K_BLOCK terms; their sums are added in the C tile, which is in L1. */
#ifndef GN_MATH_GEMM_BODY_H
#define GN_MATH_GEMM_BODY_H

#include "math/kernels.h"

enum { GEMM_NR = GEMM_NV * LANES };

/* Rows of x become columns of the panel: [k][width]. Squares of LANES x LANES go through registers;
 * rows and columns that x does not have are zero. */
static void pack_panel(const float *x, size_t ld, size_t rows, size_t k, float *panel,
                       size_t width) {
    for (size_t i0 = 0; i0 < width; i0 += LANES) {
        size_t n_rows = rows > i0 ? rows - i0 : 0, n_out = width - i0;
        if (n_rows > LANES) n_rows = LANES;
        if (n_out > LANES) n_out = LANES;
        for (size_t p0 = 0; p0 < k; p0 += LANES) {
            vf square[LANES];
            size_t n = k - p0 < LANES ? k - p0 : LANES;
            for (size_t i = 0; i < LANES; i++) {
                if (i >= n_rows)
                    square[i] = vf_zero();
                else if (n == LANES)
                    square[i] = vf_load(x + (i0 + i) * ld + p0);
                else
                    square[i] = vf_load_n(x + (i0 + i) * ld + p0, n);
            }
            vf_transpose(square);
            for (size_t p = 0; p < n; p++) {
                float *to = panel + (p0 + p) * width + i0;
                if (n_out == LANES)
                    vf_store(to, square[p]);
                else
                    vf_store_n(to, square[p], n_out);
            }
        }
    }
}
static void pack_a(const float *a, size_t lda, size_t m, size_t k, void *panel) {
    pack_panel(a, lda, m, k, panel, GEMM_MR);
}
static void pack_b(const float *b, size_t ldb, size_t n, size_t k, void *panel) {
    pack_panel(b, ldb, n, k, panel, GEMM_NR);
}

static void tile(const void *a_panel, const void *b_panel, size_t k, float *c, size_t ldc) {
    const float *a = a_panel, *b = b_panel;
    for (size_t k0 = 0; k0 < k; k0 += GN_K_BLOCK) {
        size_t n = k - k0 < GN_K_BLOCK ? k - k0 : GN_K_BLOCK;
        vf sum[GEMM_MR][GEMM_NV];
#pragma GCC unroll 16
        for (int i = 0; i < GEMM_MR; i++)
#pragma GCC unroll 4
            for (int j = 0; j < GEMM_NV; j++) sum[i][j] = vf_zero();
        for (size_t p = 0; p < n; p++, a += GEMM_MR, b += GEMM_NR) {
            vf bv[GEMM_NV];
#pragma GCC unroll 4
            for (int j = 0; j < GEMM_NV; j++) bv[j] = vf_load(b + j * LANES);
#pragma GCC unroll 16
            for (int i = 0; i < GEMM_MR; i++) {
                vf av = vf_set(a[i]);
#pragma GCC unroll 4
                for (int j = 0; j < GEMM_NV; j++) sum[i][j] = vf_fma(av, bv[j], sum[i][j]);
            }
        }
#pragma GCC unroll 16
        for (int i = 0; i < GEMM_MR; i++)
#pragma GCC unroll 4
            for (int j = 0; j < GEMM_NV; j++) {
                float *to = c + (size_t)i * ldc + j * LANES;
                vf_store(to, k0 ? vf_add(vf_load(to), sum[i][j]) : sum[i][j]);
            }
    }
}

const gn_gemm SIMD_TABLE(gn_gemm) = {.name = SIMD_NAME,
                                     .cpu = SIMD_CPU,
                                     .mr = GEMM_MR,
                                     .nr = GEMM_NR,
                                     .k_multiple = 1,
                                     .element_bytes = sizeof(float),
                                     .pack_a = pack_a,
                                     .pack_b = pack_b,
                                     .tile = tile};

#endif
