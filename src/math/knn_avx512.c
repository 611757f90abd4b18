/* Neighbour kernels for AVX-512. Hits are compressed in registers and stored whole: a compressing
 * store to memory is microcoded on some processors. */
#include "math/knn.h"

#include <immintrin.h>

static inline __mmask8 first8(size_t n) {
    return (__mmask8)(n >= 8 ? 0xff : (1u << n) - 1u);
}
static inline __mmask16 first16(size_t n) {
    return (__mmask16)(n >= 16 ? 0xffff : (1u << n) - 1u);
}

static double fold(__m512d s0, __m512d s1, __m512d s2, __m512d s3) {
    double lane[8];
    _mm512_storeu_pd(lane, _mm512_add_pd(_mm512_add_pd(s0, s2), _mm512_add_pd(s1, s3)));
    double a = lane[0] + lane[4], b = lane[1] + lane[5], c = lane[2] + lane[6],
           d = lane[3] + lane[7];
    return (a + c) + (b + d);
}

static inline __m512d step(__m512d sum, __m512d x, __m512d y, __m512d factor) {
    __m512d u = _mm512_sub_pd(x, _mm512_mul_pd(y, factor));
    return _mm512_add_pd(sum, _mm512_mul_pd(u, u));
}

static inline __m512d widen_f64(const double *p, __mmask8 m) {
    return _mm512_maskz_loadu_pd(m, p);
}
static inline __m512d widen_f32(const float *p, __mmask8 m) {
    return _mm512_cvtps_pd(_mm256_maskz_loadu_ps(m, p));
}
static inline __m512d widen_f16(const uint16_t *p, __mmask8 m) {
    return _mm512_cvtps_pd(_mm256_maskz_cvtph_ps(m, _mm_maskz_loadu_epi16(m, p)));
}
static inline __m512d widen_bf16(const uint16_t *p, __mmask8 m) {
    __m256i bits = _mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_maskz_loadu_epi16(m, p)), 16);
    return _mm512_cvtps_pd(_mm256_castsi256_ps(bits));
}

/* The same loop for each type of y; columns behind the last one are zeros that add nothing. */
#define DISTANCE(name, type, widen)                                                                \
    static double name(const double *x, const type *y, double factor, size_t d) {                  \
        __m512d s0 = _mm512_setzero_pd(), s1 = s0, s2 = s0, s3 = s0, f = _mm512_set1_pd(factor);   \
        size_t c = 0;                                                                              \
        for (; c + 32 <= d; c += 32) {                                                             \
            s0 = step(s0, _mm512_loadu_pd(x + c), widen(y + c, 0xff), f);                          \
            s1 = step(s1, _mm512_loadu_pd(x + c + 8), widen(y + c + 8, 0xff), f);                  \
            s2 = step(s2, _mm512_loadu_pd(x + c + 16), widen(y + c + 16, 0xff), f);                \
            s3 = step(s3, _mm512_loadu_pd(x + c + 24), widen(y + c + 24, 0xff), f);                \
        }                                                                                          \
        __m512d *sum[] = {&s0, &s1, &s2, &s3};                                                     \
        for (size_t i = 0; c < d; c += 8, i++) {                                                   \
            __mmask8 m = first8(d - c);                                                            \
            *sum[i] = step(*sum[i], _mm512_maskz_loadu_pd(m, x + c), widen(y + c, m), f);          \
        }                                                                                          \
        return fold(s0, s1, s2, s3);                                                               \
    }
DISTANCE(distance_f64, double, widen_f64)
DISTANCE(distance_f32, float, widen_f32)
DISTANCE(distance_f16, uint16_t, widen_f16)
DISTANCE(distance_bf16, uint16_t, widen_bf16)

static const int32_t counting[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static inline size_t append(__m512 v, __mmask16 hit, size_t i, size_t j, uint32_t *where,
                            float *value) {
    __m512i at =
        _mm512_add_epi32(_mm512_loadu_si512(counting), _mm512_set1_epi32((int)(i << 16 | j)));
    _mm512_storeu_ps(value, _mm512_maskz_compress_ps(hit, v));
    _mm512_storeu_si512(where, _mm512_maskz_compress_epi32(hit, at));
    return (size_t)__builtin_popcount(hit);
}

static size_t pick_rows(const float *c, size_t ldc, size_t m, size_t n, const float *add,
                        const float *limit, uint32_t *where, float *value) {
    const __m512 two = _mm512_set1_ps(2.0f);
    size_t hits = 0;
    for (size_t i = 0; i < m; i++) {
        __m512 top = _mm512_set1_ps(limit[i]);
        for (size_t j = 0; j < n; j += 16) {
            __mmask16 in = first16(n - j);
            __m512 v = _mm512_fnmadd_ps(two, _mm512_maskz_loadu_ps(in, c + i * ldc + j),
                                        _mm512_maskz_loadu_ps(in, add + j));
            __mmask16 hit = _mm512_mask_cmp_ps_mask(in, v, top, _CMP_NGT_UQ);
            if (hit) hits += append(v, hit, i, j, where + hits, value + hits);
        }
    }
    return hits;
}

static size_t pick_cols(const float *c, size_t ldc, size_t m, size_t n, const float *add,
                        const float *limit, uint32_t *where, float *value) {
    const __m512 two = _mm512_set1_ps(2.0f);
    size_t hits = 0;
    for (size_t j = 0; j < n; j += 16) {
        __mmask16 in = first16(n - j);
        __m512 top = _mm512_maskz_loadu_ps(in, limit + j);
        for (size_t i = 0; i < m; i++) {
            __m512 v = _mm512_fnmadd_ps(two, _mm512_maskz_loadu_ps(in, c + i * ldc + j),
                                        _mm512_set1_ps(add[i]));
            __mmask16 hit = _mm512_mask_cmp_ps_mask(in, v, top, _CMP_NGT_UQ);
            if (hit) hits += append(v, hit, i, j, where + hits, value + hits);
        }
    }
    return hits;
}

static float select_kth(const float *v, size_t n, size_t k) {
    __m512 low = _mm512_set1_ps(v[0]), high = low;
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 in = first16(n - i);
        __m512 x = _mm512_maskz_loadu_ps(in, v + i);
        low = _mm512_mask_min_ps(low, in, low, x);
        high = _mm512_mask_max_ps(high, in, high, x);
    }
    uint32_t lo = gn_float_key(_mm512_reduce_min_ps(low));
    uint32_t hi = gn_float_key(_mm512_reduce_max_ps(high));
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        __m512 t = _mm512_set1_ps(gn_key_float(mid));
        size_t below = 0;
        for (size_t i = 0; i < n; i += 16) {
            __mmask16 in = first16(n - i);
            __m512 x = _mm512_maskz_loadu_ps(in, v + i);
            below += (size_t)__builtin_popcount(_mm512_mask_cmp_ps_mask(in, x, t, _CMP_LE_OQ));
        }
        if (below >= k)
            hi = mid;
        else
            lo = mid + 1;
    }
    return gn_key_float(lo);
}

static inline __m512 widen_i8(const int8_t *p) {
    return _mm512_cvtepi32_ps(
        _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)));
}

static inline float fold_f32(__m512 s) {
    __m256 h = _mm256_add_ps(_mm512_castps512_ps256(s), _mm512_extractf32x8_ps(s, 1));
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));
    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_shuffle_ps(q, q, 1)));
}

static void dots_i8(const float *w, const int8_t *code, size_t d, size_t n, float *out) {
    for (size_t i = 0; i < n; i++, code += d) {
        __m512 s[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                       _mm512_setzero_ps()};
        for (size_t c = 0; c < d; c += 64)
            for (size_t l = 0; l < 4; l++)
                s[l] = _mm512_add_ps(s[l], _mm512_mul_ps(_mm512_loadu_ps(w + c + 16 * l),
                                                         widen_i8(code + c + 16 * l)));
        out[i] = fold_f32(_mm512_add_ps(_mm512_add_ps(s[0], s[2]), _mm512_add_ps(s[1], s[3])));
    }
}

static inline __m512 step_f32(__m512 sum, __m512 x, const float *y) {
    __m512 u = _mm512_sub_ps(x, _mm512_loadu_ps(y));
    return _mm512_add_ps(sum, _mm512_mul_ps(u, u));
}

/* Four rows at once: their chains of additions hide each other's latency. */
static void distances(const float *x, const float *const *y, size_t n, size_t d, float *out) {
    size_t j = 0;
    for (; j + 4 <= n; j += 4) {
        const float *y0 = y[j], *y1 = y[j + 1], *y2 = y[j + 2], *y3 = y[j + 3];
        __m512 a0 = _mm512_setzero_ps(), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, e0 = a0,
               e1 = a0;
        for (size_t c = 0; c < d; c += 32) {
            __m512 p = _mm512_loadu_ps(x + c), q = _mm512_loadu_ps(x + c + 16);
            a0 = step_f32(a0, p, y0 + c);
            b0 = step_f32(b0, p, y1 + c);
            c0 = step_f32(c0, p, y2 + c);
            e0 = step_f32(e0, p, y3 + c);
            a1 = step_f32(a1, q, y0 + c + 16);
            b1 = step_f32(b1, q, y1 + c + 16);
            c1 = step_f32(c1, q, y2 + c + 16);
            e1 = step_f32(e1, q, y3 + c + 16);
        }
        out[j] = fold_f32(_mm512_add_ps(a0, a1));
        out[j + 1] = fold_f32(_mm512_add_ps(b0, b1));
        out[j + 2] = fold_f32(_mm512_add_ps(c0, c1));
        out[j + 3] = fold_f32(_mm512_add_ps(e0, e1));
    }
    for (; j < n; j++) {
        __m512 s0 = _mm512_setzero_ps(), s1 = s0;
        for (size_t c = 0; c < d; c += 32) {
            s0 = step_f32(s0, _mm512_loadu_ps(x + c), y[j] + c);
            s1 = step_f32(s1, _mm512_loadu_ps(x + c + 16), y[j] + c + 16);
        }
        out[j] = fold_f32(_mm512_add_ps(s0, s1));
    }
}

const gn_knn_kernels gn_knn_avx512 = {
    "avx512",  distance_f32, distance_f64, distance_f16, distance_bf16,
    pick_rows, pick_cols,    select_kth,   dots_i8,      distances,
};
