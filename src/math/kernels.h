/* The kernels behind gn_gemm_for, gn_nn_for, gn_vec_for and the second moments: one set of tables
 * per instruction set. Only the rest of src/math and its tests include this. */
#ifndef GN_MATH_KERNELS_H
#define GN_MATH_KERNELS_H

#include "math/nn.h"
#include "math/stats.h"

/** Rows of queries that the attention kernels take at once: 4 rows of 2 vectors are 8 sums, enough
 * to cover an FMA's latency, and fit 16 registers. */
#define GN_ATTENTION_ROWS 4

/** Float64 blocks of GN_PRODUCT_TILE columns, rows one after the other, for second moments. mr and
 *  nr divide GN_PRODUCT_TILE. */
typedef struct gn_product {
    size_t mr, nr;
    /** out[j] = x[j] - mean[j] for n values. */
    void (*centre)(const float *x, const double *mean, size_t n, double *out);
    /** c (mr, nr) += A^T B over k rows; a, b and c point into such blocks. Every element is one
     *  chain over k, continued from what c holds. */
    void (*add)(const double *a, const double *b, size_t k, double *c);
} gn_product;
#define GN_PRODUCT_TILE 96

#define GN_DECLARE_KERNELS(level)                                                                  \
    extern const gn_gemm gn_gemm_##level;                                                          \
    extern const gn_nn gn_nn_##level;                                                              \
    extern const gn_vec gn_vec_##level;                                                            \
    extern const gn_product gn_product_##level
GN_DECLARE_KERNELS(scalar);
GN_DECLARE_KERNELS(neon);
GN_DECLARE_KERNELS(avx2);
GN_DECLARE_KERNELS(avx512);
extern const gn_gemm gn_gemm_amx1, gn_gemm_amx2, gn_gemm_amx3;

/** All tables of one level. */
typedef struct gn_kernels {
    const gn_gemm *gemm;
    const gn_nn *nn;
    const gn_vec *vec;
    const gn_product *product;
} gn_kernels;
gn_kernels gn_kernels_for(gn_cpu cpu);

#endif
