/* What the tests of matrix products share: a float64 double loop to compare with. */
#ifndef GN_TESTS_GEMM_CHECK_H
#define GN_TESTS_GEMM_CHECK_H

#include "tap.h"

#include "levels.h"
#include "math/kernels.h"

/* Errors are measured against sum |a||b|, which does not vanish when the product does. One rounding
 * is 6e-8 of it; the worst of the millions of elements below is 2.8e-7 without FMA. */
static inline double tolerance(const gn_gemm *g) {
    if (strcmp(g->name, "amx1") == 0) return 8e-3; /* bfloat16: 2^-8 for each factor */
    if (strcmp(g->name, "amx2") == 0) return 4e-5; /* the dropped product of two low parts, 2^-16 */
    return 4e-7;
}

static inline double worst_error(const float *c, size_t ldc, const float *a, const float *b,
                                 size_t m, size_t n, size_t k) {
    double worst = 0;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0, size = 0;
            for (size_t p = 0; p < k; p++) {
                double t = (double)a[i * k + p] * (double)b[j * k + p];
                sum += t;
                size += fabs(t);
            }
            double e = fabs((double)c[i * ldc + j] - sum) / size;
            if (!(e <= worst)) worst = e;
        }
    return worst;
}

static inline void run_linear(const gn_gemm *g, const float *x, const float *w, size_t m, size_t n,
                              size_t k, float *y) {
    gn_error err;
    gn_weight *packed;
    OK(gn_weight_pack(g, gn_mat_f32(w, n, k), &packed, &err));
    CHECK(gn_weight_rows(packed) == n && gn_weight_cols(packed) == k);
    void *scratch = gn_alloc(gn_linear_scratch(packed, m), 1);
    gn_linear_run(&(gn_linear){.weight = packed}, x, m, k, y, n, scratch);
    gn_free(scratch);
    gn_weight_free(packed);
}

#endif
