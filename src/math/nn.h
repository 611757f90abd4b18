/* The vector kernels of a transformer besides its matrix products, one table per instruction set.
 * Single-threaded; float32 in and out, sums over a row in a fixed order that does not depend on
 * how many rows are given. */
#ifndef GN_MATH_NN_H
#define GN_MATH_NN_H

#include "math/gemm.h"

/** The last step of a linear layer, on one tile: y = act(c + bias) + residual. */
typedef struct gn_finish {
    const float *c; /**< (rows, ldc): the tile; all ldc columns can be read */
    size_t ldc;
    const float *bias;     /**< (ldc), padded, or NULL */
    const float *residual; /**< (rows, cols) or NULL; may be y itself */
    size_t ld_residual;
    float *y; /**< (rows, cols) */
    size_t ldy;
    size_t rows, cols; /**< the part of the tile that exists */
    gn_activation act;
} gn_finish;

typedef struct gn_nn {
    const char *name;
    /** In place: x[r] = (x[r] - mean) / sqrt(var + eps) * gamma + beta over rows of d (population
     *  variance; mean and variance accumulated in float64). */
    void (*layer_norm)(float *x, size_t rows, size_t d, size_t ld, const float *gamma,
                       const float *beta, float eps);
    /** y = act(x), elementwise, n values; may be in place. |error| <= 2e-7 max(|x|, 1); a
     *  value's result does not depend on its place. */
    void (*activate)(gn_activation act, const float *x, float *y, size_t n);
    void (*gelu)(const float *x, float *y, size_t n); /**< activate(GN_ACT_GELU) */
    void (*finish)(const gn_finish *f);
    /** One sequence's attention, all heads. q, k, v: (t, h * dh) with leading dimension ld (they
     *  may be columns of one fused array); out (t, h * dh) with ld_out. Scores are scaled by
     *  `scale`; causal: position i sees j <= i, and its result has the same bits whatever follows
     *  it. scratch: gn_attention_scratch(t, dh) bytes, 64-byte aligned (gn_alloc). */
    void (*attention)(const float *q, const float *k, const float *v, size_t ld, size_t t, size_t h,
                      size_t dh, float scale, bool causal, float *out, size_t ld_out,
                      void *scratch);
} gn_nn;

/** GN_CPU_AUTO takes the best level; never NULL; `cpu` must be available. */
const gn_nn *gn_nn_for(gn_cpu cpu);
size_t gn_attention_scratch(size_t t, size_t dh);

#endif
