/* The kernels behind gn_gemm_for and gn_nn_for, one pair of tables per instruction set. Only
 * gemm.c, nn.c and the files that define them include this. */
#ifndef GN_MATH_KERNELS_H
#define GN_MATH_KERNELS_H

#include "math/nn.h"

/** Rows of queries that a vector kernel takes at once. */
#define GN_ATTENTION_ROWS 8

extern const gn_gemm gn_gemm_scalar;
extern const gn_nn gn_nn_scalar;

#endif
