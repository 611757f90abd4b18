/* Neighbour kernels in plain C: the reference for the vector versions, and the fallback. */
#include "math/knn.h"

#include "base/cpu.h"

enum { LANES = 32 };

static double fold(double *lane) {
    for (size_t half = LANES / 2; half; half /= 2)
        for (size_t i = 0; i < half; i++) lane[i] += lane[i + half];
    return lane[0];
}

static double distance_f64(const double *x, const double *y, double factor, size_t d) {
    double lane[LANES] = {0};
    for (size_t c = 0; c < d; c++) {
        double u = x[c] - y[c] * factor;
        lane[c % LANES] += u * u;
    }
    return fold(lane);
}

static double distance_f32(const double *x, const float *y, double factor, size_t d) {
    double lane[LANES] = {0};
    for (size_t c = 0; c < d; c++) {
        double u = x[c] - (double)y[c] * factor;
        lane[c % LANES] += u * u;
    }
    return fold(lane);
}

/* The 16-bit types go through gonio's own widening, a few columns at a time. */
static double distance_16(const double *x, const uint16_t *y, double factor, size_t d,
                          gn_dtype type) {
    double lane[LANES] = {0}, part[LANES];
    for (size_t c0 = 0; c0 < d; c0 += LANES) {
        size_t m = d - c0 < LANES ? d - c0 : LANES;
        gn_mat row = {y + c0, 1, m, m, type};
        gn_mat_row_f64(row, 0, part);
        for (size_t i = 0; i < m; i++) {
            double u = x[c0 + i] - part[i] * factor;
            lane[i] += u * u;
        }
    }
    return fold(lane);
}
static double distance_f16(const double *x, const uint16_t *y, double factor, size_t d) {
    return distance_16(x, y, factor, d, GN_F16);
}
static double distance_bf16(const double *x, const uint16_t *y, double factor, size_t d) {
    return distance_16(x, y, factor, d, GN_BF16);
}

static size_t pick_rows(const float *c, size_t ldc, size_t m, size_t n, const float *add,
                        const float *limit, uint32_t *where, float *value) {
    size_t hits = 0;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float v = add[j] - 2.0f * c[i * ldc + j];
            if (v > limit[i]) continue;
            where[hits] = (uint32_t)(i << 16 | j);
            value[hits++] = v;
        }
    return hits;
}

static size_t pick_cols(const float *c, size_t ldc, size_t m, size_t n, const float *add,
                        const float *limit, uint32_t *where, float *value) {
    size_t hits = 0;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float v = add[i] - 2.0f * c[i * ldc + j];
            if (v > limit[j]) continue;
            where[hits] = (uint32_t)(i << 16 | j);
            value[hits++] = v;
        }
    return hits;
}

/* Bisection on the ordered keys: at most 32 counts, no scratch, no bad case. */
static float select_kth(const float *v, size_t n, size_t k) {
    uint32_t lo = UINT32_MAX, hi = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t key = gn_float_key(v[i]);
        if (key < lo) lo = key;
        if (key > hi) hi = key;
    }
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        size_t below = 0;
        for (size_t i = 0; i < n; i++) below += gn_float_key(v[i]) <= mid;
        if (below >= k)
            hi = mid;
        else
            lo = mid + 1;
    }
    return gn_key_float(lo);
}

static void dots_i8(const float *w, const int8_t *code, size_t d, size_t n, float *out) {
    enum { WIDE = 64 };
    for (size_t i = 0; i < n; i++, code += d) {
        float lane[WIDE] = {0};
        for (size_t c = 0; c < d; c += WIDE)
            for (size_t l = 0; l < WIDE; l++) lane[l] += w[c + l] * (float)code[c + l];
        for (size_t half = WIDE / 2; half; half /= 2)
            for (size_t l = 0; l < half; l++) lane[l] += lane[l + half];
        out[i] = lane[0];
    }
}

static void distances(const float *x, const float *const *y, size_t n, size_t d, float *out) {
    for (size_t j = 0; j < n; j++) {
        float lane[LANES] = {0};
        for (size_t c = 0; c < d; c += LANES)
            for (size_t l = 0; l < LANES; l++) {
                float u = x[c + l] - y[j][c + l];
                lane[l] += u * u;
            }
        for (size_t half = LANES / 2; half; half /= 2)
            for (size_t l = 0; l < half; l++) lane[l] += lane[l + half];
        out[j] = lane[0];
    }
}

const gn_knn_kernels gn_knn_scalar = {
    "scalar",  distance_f32, distance_f64, distance_f16, distance_bf16,
    pick_rows, pick_cols,    select_kth,   dots_i8,      distances,
};

const gn_knn_kernels *gn_knn_kernels_for(gn_cpu cpu) {
    if (cpu == GN_CPU_AUTO) cpu = gn_cpu_best();
    switch (cpu) {
#if defined(__x86_64__)
    case GN_CPU_AVX2:
        return &gn_knn_avx2;
    case GN_CPU_AVX512:
    case GN_CPU_AMX:
        return &gn_knn_avx512;
#endif
    default:
        return &gn_knn_scalar;
    }
}
