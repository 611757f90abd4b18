/* All kernels for one instruction set: its vectors, then the bodies written for any of them. */
#include "math/simd_avx2.h"

#include "math/attention_body.h"
#include "math/gemm_body.h"
#include "math/nn_body.h"
#include "math/vec_body.h"
