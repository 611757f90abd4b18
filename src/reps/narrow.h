/* Rows of float32 into the type they are stored as: float32, float16 or bfloat16, rounded to
 * nearest with ties to even. */
#ifndef GN_REPS_NARROW_H
#define GN_REPS_NARROW_H

#include "base/error.h"

/** Writes n values as `dtype` (GN_F32, GN_F16 or GN_BF16) at `out` (n gn_dtype_size(dtype) bytes).
 *  @return n when every stored value is finite, else the place of the first that is not: it was
 *          NaN or infinite already, or is beyond the type's range. */
size_t gn_narrow(const float *x, size_t n, gn_dtype dtype, void *out);

#endif
