/* Neighbour kernels for AVX2. There is no compress: hits are rare, so the bits of the comparison's
 * mask are walked one by one. */
#include "math/knn.h"

#include <immintrin.h>
#include <string.h>

static inline __m256d step(__m256d sum, __m256d x, __m256d y, __m256d factor) {
    __m256d u = _mm256_sub_pd(x, _mm256_mul_pd(y, factor));
    return _mm256_add_pd(sum, _mm256_mul_pd(u, u));
}

static double fold(const __m256d s[8]) {
    __m256d t[4];
    for (int i = 0; i < 4; i++) t[i] = _mm256_add_pd(s[i], s[i + 4]);
    double lane[4];
    _mm256_storeu_pd(lane, _mm256_add_pd(_mm256_add_pd(t[0], t[2]), _mm256_add_pd(t[1], t[3])));
    return (lane[0] + lane[2]) + (lane[1] + lane[3]);
}

static inline __m256d widen_f64(const double *p) {
    return _mm256_loadu_pd(p);
}
static inline __m256d widen_f32(const float *p) {
    return _mm256_cvtps_pd(_mm_loadu_ps(p));
}
static inline __m256d widen_f16(const uint16_t *p) {
    return _mm256_cvtps_pd(_mm_cvtph_ps(_mm_loadl_epi64((const __m128i *)(const void *)p)));
}
static inline __m256d widen_bf16(const uint16_t *p) {
    __m128i h = _mm_loadl_epi64((const __m128i *)(const void *)p);
    return _mm256_cvtps_pd(_mm_castsi128_ps(_mm_slli_epi32(_mm_cvtepu16_epi32(h), 16)));
}

/* The same loop for each type of y; the last columns are copied in front of zeros. */
#define DISTANCE(name, type, widen)                                                                \
    static double name(const double *x, const type *y, double factor, size_t d) {                  \
        __m256d s[8], f = _mm256_set1_pd(factor);                                                  \
        size_t c = 0;                                                                              \
        for (int i = 0; i < 8; i++) s[i] = _mm256_setzero_pd();                                    \
        for (; c + 32 <= d; c += 32)                                                               \
            for (int i = 0; i < 8; i++)                                                            \
                s[i] = step(s[i], _mm256_loadu_pd(x + c + 4 * i), widen(y + c + 4 * i), f);        \
        if (c < d) {                                                                               \
            double last_x[32] = {0};                                                               \
            type last_y[32] = {0};                                                                 \
            memcpy(last_x, x + c, (d - c) * sizeof *x);                                            \
            memcpy(last_y, y + c, (d - c) * sizeof *y);                                            \
            for (int i = 0; i < 8; i++)                                                            \
                s[i] = step(s[i], _mm256_loadu_pd(last_x + 4 * i), widen(last_y + 4 * i), f);      \
        }                                                                                          \
        return fold(s);                                                                            \
    }
DISTANCE(distance_f64, double, widen_f64)
DISTANCE(distance_f32, float, widen_f32)
DISTANCE(distance_f16, uint16_t, widen_f16)
DISTANCE(distance_bf16, uint16_t, widen_bf16)

static size_t append(__m256 v, unsigned hit, size_t i, size_t j, uint32_t *where, float *value) {
    float lane[8];
    size_t n = 0;
    _mm256_storeu_ps(lane, v);
    for (; hit; hit &= hit - 1) {
        unsigned l = (unsigned)__builtin_ctz(hit);
        where[n] = (uint32_t)(i << 16 | (j + l));
        value[n++] = lane[l];
    }
    return n;
}

/* The columns that fill no vector. */
static size_t pick_rest(const float *c, size_t i, size_t j, size_t n, const float *add,
                        size_t add_step, const float *limit, size_t limit_step, uint32_t *where,
                        float *value) {
    size_t hits = 0;
    for (; j < n; j++) {
        float v = add[j * add_step] - 2.0f * c[j];
        if (v > limit[j * limit_step]) continue;
        where[hits] = (uint32_t)(i << 16 | j);
        value[hits++] = v;
    }
    return hits;
}

static size_t pick_rows(const float *c, size_t ldc, size_t m, size_t n, const float *add,
                        const float *limit, uint32_t *where, float *value) {
    const __m256 two = _mm256_set1_ps(2.0f);
    size_t hits = 0;
    for (size_t i = 0; i < m; i++) {
        __m256 top = _mm256_set1_ps(limit[i]);
        size_t j = 0;
        for (; j + 8 <= n; j += 8) {
            __m256 v =
                _mm256_fnmadd_ps(two, _mm256_loadu_ps(c + i * ldc + j), _mm256_loadu_ps(add + j));
            unsigned hit = (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(v, top, _CMP_NGT_UQ));
            if (hit) hits += append(v, hit, i, j, where + hits, value + hits);
        }
        if (j < n)
            hits +=
                pick_rest(c + i * ldc, i, j, n, add, 1, limit + i, 0, where + hits, value + hits);
    }
    return hits;
}

static size_t pick_cols(const float *c, size_t ldc, size_t m, size_t n, const float *add,
                        const float *limit, uint32_t *where, float *value) {
    const __m256 two = _mm256_set1_ps(2.0f);
    size_t hits = 0;
    for (size_t i = 0; i < m; i++) {
        __m256 plus = _mm256_set1_ps(add[i]);
        size_t j = 0;
        for (; j + 8 <= n; j += 8) {
            __m256 v = _mm256_fnmadd_ps(two, _mm256_loadu_ps(c + i * ldc + j), plus);
            __m256 above = _mm256_cmp_ps(v, _mm256_loadu_ps(limit + j), _CMP_NGT_UQ);
            unsigned hit = (unsigned)_mm256_movemask_ps(above);
            if (hit) hits += append(v, hit, i, j, where + hits, value + hits);
        }
        if (j < n)
            hits +=
                pick_rest(c + i * ldc, i, j, n, add + i, 0, limit, 1, where + hits, value + hits);
    }
    return hits;
}

static float select_kth(const float *v, size_t n, size_t k) {
    uint32_t lo = UINT32_MAX, hi = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t key = gn_float_key(v[i]);
        lo = key < lo ? key : lo;
        hi = key > hi ? key : hi;
    }
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        float t = gn_key_float(mid);
        size_t below = 0;
        for (size_t i = 0; i < n; i++) below += v[i] <= t;
        if (below >= k)
            hi = mid;
        else
            lo = mid + 1;
    }
    return gn_key_float(lo);
}

static inline __m256 widen_i8(const int8_t *p) {
    return _mm256_cvtepi32_ps(
        _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p)));
}

static inline float fold_f32(__m256 s) {
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_shuffle_ps(q, q, 1)));
}

static void dots_i8(const float *w, const int8_t *code, size_t d, size_t n, float *out) {
    for (size_t i = 0; i < n; i++, code += d) {
        __m256 s[8];
        for (int l = 0; l < 8; l++) s[l] = _mm256_setzero_ps();
        for (size_t c = 0; c < d; c += 64)
            for (size_t l = 0; l < 8; l++)
                s[l] = _mm256_add_ps(s[l], _mm256_mul_ps(_mm256_loadu_ps(w + c + 8 * l),
                                                         widen_i8(code + c + 8 * l)));
        for (int half = 4; half; half /= 2)
            for (int l = 0; l < half; l++) s[l] = _mm256_add_ps(s[l], s[l + half]);
        out[i] = fold_f32(s[0]);
    }
}

static inline __m256 step_f32(__m256 sum, __m256 x, const float *y) {
    __m256 u = _mm256_sub_ps(x, _mm256_loadu_ps(y));
    return _mm256_add_ps(sum, _mm256_mul_ps(u, u));
}

/* Two rows at once: their chains of additions hide each other's latency. */
static void distances(const float *x, const float *const *y, size_t n, size_t d, float *out) {
    for (size_t j = 0; j < n; j += 2) {
        const bool two = j + 1 < n;
        const float *y0 = y[j], *y1 = two ? y[j + 1] : y0;
        __m256 s[4], t[4];
        for (int l = 0; l < 4; l++) s[l] = t[l] = _mm256_setzero_ps();
        for (size_t c = 0; c < d; c += 32)
            for (int l = 0; l < 4; l++) {
                __m256 p = _mm256_loadu_ps(x + c + 8 * l);
                s[l] = step_f32(s[l], p, y0 + c + 8 * l);
                t[l] = step_f32(t[l], p, y1 + c + 8 * l);
            }
        out[j] = fold_f32(_mm256_add_ps(_mm256_add_ps(s[0], s[2]), _mm256_add_ps(s[1], s[3])));
        if (two)
            out[j + 1] =
                fold_f32(_mm256_add_ps(_mm256_add_ps(t[0], t[2]), _mm256_add_ps(t[1], t[3])));
    }
}

const gn_knn_kernels gn_knn_avx2 = {
    "avx2",    distance_f32, distance_f64, distance_f16, distance_bf16,
    pick_rows, pick_cols,    select_kth,   dots_i8,      distances,
};
