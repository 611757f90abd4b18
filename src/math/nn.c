/* The sizes that all tables share. */
#include "math/kernels.h"

/* For one head: K transposed (dh, t), V (t, dh) and a block of score and output rows, every
 * dimension rounded up to whole vectors. */
size_t gn_attention_scratch(size_t t, size_t dh) {
    size_t tp = (t + 31) / 32 * 32, dp = (dh + 31) / 32 * 32;
    return (2 * tp * dp + GN_ATTENTION_ROWS * (tp + dp)) * sizeof(float);
}
