/* Narrowing by bits, so that the result does not depend on compiler, flags or processor.
 *
 * A float is sign, exponent, fraction; the narrower type keeps fewer fraction bits. Read the bits
 * that are kept as an integer and rounding is one addition: half a unit of the last kept bit, less
 * one, plus that bit itself (ties go to even). A carry out of the fraction correctly moves into
 * the exponent, up to infinity. Below float16's normal range the unit stops shrinking at 2^-24,
 * so there the value is scaled by 2^24 and rounded to an integer, which is the stored pattern. */
#include "reps/narrow.h"

#include <assert.h>
#include <string.h>

static uint32_t bits_of(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static uint32_t round_bits(uint32_t bits, unsigned drop) {
    return (bits + (1u << (drop - 1)) - 1u + ((bits >> drop) & 1u)) >> drop;
}

static uint16_t to_bf16(uint32_t bits) {
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u); /* stays a NaN */
    return (uint16_t)round_bits(bits, 16);
}

static uint16_t to_f16(uint32_t bits) {
    uint32_t sign = bits >> 16 & 0x8000u, size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) return (uint16_t)(sign | 0x7e00u);
    if (size >= 0x47800000u) return (uint16_t)(sign | 0x7c00u); /* 2^16 and above */
    if (size >= 0x38800000u)                                    /* 2^-14 and above: normal */
        return (uint16_t)(sign | round_bits(size - (112u << 23), 13));
    if (size < 0x33000000u) return (uint16_t)sign; /* below 2^-25: nearer to zero */
    /* fraction with its hidden bit, shifted so that its unit becomes 2^-24 */
    unsigned drop = 126u - (size >> 23);
    return (uint16_t)(sign | round_bits((size & 0x7fffffu) | 0x800000u, drop));
}

size_t gn_narrow(const float *x, size_t n, gn_dtype dtype, void *out) {
    assert(dtype == GN_F32 || dtype == GN_F16 || dtype == GN_BF16);
    uint16_t *h = out;
    uint16_t infinite = dtype == GN_F16 ? 0x7c00u : 0x7f80u;
    size_t first = n;
    if (dtype == GN_F32) {
        memcpy(out, x, n * sizeof *x);
        for (size_t i = n; i-- > 0;)
            if ((bits_of(x[i]) & 0x7f800000u) == 0x7f800000u) first = i;
        return first;
    }
    for (size_t i = 0; i < n; i++) {
        h[i] = dtype == GN_F16 ? to_f16(bits_of(x[i])) : to_bf16(bits_of(x[i]));
        if ((h[i] & infinite) == infinite && first == n) first = i;
    }
    return first;
}
