/* Element types and row access. float16 and bfloat16 are widened exactly. */
#include "gonio/base.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [GN_F32] = {"float32", 4},   [GN_F64] = {"float64", 8}, [GN_F16] = {"float16", 2},
    [GN_BF16] = {"bfloat16", 2}, [GN_I32] = {"int32", 4},   [GN_I64] = {"int64", 8},
    [GN_U8] = {"uint8", 1},      [GN_BOOL] = {"bool", 1},   [GN_I8] = {"int8", 1},
    [GN_I16] = {"int16", 2},     [GN_U16] = {"uint16", 2},  [GN_U32] = {"uint32", 4},
    [GN_U64] = {"uint64", 8},
};

size_t gn_dtype_size(gn_dtype dtype) {
    assert((size_t)dtype < sizeof types / sizeof *types);
    return types[dtype].size;
}

const char *gn_dtype_name(gn_dtype dtype) {
    return (size_t)dtype < sizeof types / sizeof *types ? types[dtype].name : "unknown";
}

const char *gn_version(void) {
    return GN_VERSION;
}

static float from_bits(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static float half_to_float(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = (h >> 10) & 31u, fraction = h & 1023u;
    if (exponent == 31) return from_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent) return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float tiny = (float)fraction * 0x1p-24f; /* zero and subnormals: exact in float32 */
    return sign ? -tiny : tiny;
}

static const void *row_start(gn_mat m, size_t row) {
    assert(row < m.rows && m.stride >= m.cols);
    return (const char *)m.data + row * m.stride * gn_dtype_size(m.dtype);
}

const float *gn_mat_row_f32(gn_mat m, size_t row, float *buf) {
    const void *p = row_start(m, row);
    const double *d = p;
    const uint16_t *h = p;
    switch (m.dtype) {
    case GN_F32:
        return p;
    case GN_F64:
        for (size_t j = 0; j < m.cols; j++) buf[j] = (float)d[j];
        return buf;
    case GN_F16:
        for (size_t j = 0; j < m.cols; j++) buf[j] = half_to_float(h[j]);
        return buf;
    case GN_BF16:
        for (size_t j = 0; j < m.cols; j++) buf[j] = from_bits((uint32_t)h[j] << 16);
        return buf;
    default:
        assert(false && "gn_mat_row_f32: not a floating type");
        return buf;
    }
}

const double *gn_mat_row_f64(gn_mat m, size_t row, double *buf) {
    const void *p = row_start(m, row);
    const float *f = p;
    const uint16_t *h = p;
    switch (m.dtype) {
    case GN_F64:
        return p;
    case GN_F32:
        for (size_t j = 0; j < m.cols; j++) buf[j] = (double)f[j];
        return buf;
    case GN_F16:
        for (size_t j = 0; j < m.cols; j++) buf[j] = (double)half_to_float(h[j]);
        return buf;
    case GN_BF16:
        for (size_t j = 0; j < m.cols; j++) buf[j] = (double)from_bits((uint32_t)h[j] << 16);
        return buf;
    default:
        assert(false && "gn_mat_row_f64: not a floating type");
        return buf;
    }
}
