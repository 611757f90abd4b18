/* The AMX instructions of src/math/amx_tile.h in plain AVX-512, for processors without AMX.
 *
 * TDPBF16PS as Intel's manual describes it: for each row m and column n, the even and the odd terms
 * of the 32 products are two chains of fused multiply-adds in float32 that start at zero; their sum
 * is added to the accumulator. Rounding is to nearest even, subnormal inputs count as zero and
 * subnormal results become zero, whatever MXCSR says: here MXCSR is set so for the duration. */
#ifndef GN_TESTS_AMX_EMULATED_H
#define GN_TESTS_AMX_EMULATED_H

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define AMX_TABLE(parts) gn_gemm_emulated##parts

static struct {
    bool configured;
    _Alignas(64) uint8_t bytes[8][16][64];
} tiles;

static inline void tile_begin(void) {
    memset(&tiles, 0, sizeof tiles);
    tiles.configured = true;
}
static inline void tile_end(void) {
    tiles.configured = false;
}

/* An instruction on tiles that were not configured faults. */
static inline uint8_t (*tile_of(int t))[64] {
    if (!tiles.configured) abort();
    return tiles.bytes[t];
}
static inline void tile_load(int t, const void *p, size_t stride) {
    for (size_t i = 0; i < 16; i++) memcpy(tile_of(t)[i], (const char *)p + i * stride, 64);
}
static inline void tile_store(int t, void *p, size_t stride) {
    for (size_t i = 0; i < 16; i++) memcpy((char *)p + i * stride, tile_of(t)[i], 64);
}

static inline __m512 even_terms(__m512i pairs) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
}
static inline __m512 odd_terms(__m512i pairs) {
    return _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32((int)0xffff0000u)));
}

static inline void tile_product(int c, int a, int b) {
    enum { DEFAULTS = 0x1f80, FLUSH = 0x8000, SUBNORMALS_ARE_ZERO = 0x0040 };
    unsigned csr = _mm_getcsr();
    _mm_setcsr(DEFAULTS | FLUSH | SUBNORMALS_ARE_ZERO);
    for (size_t m = 0; m < 16; m++) {
        __m512 even = _mm512_setzero_ps(), odd = even;
        for (size_t k = 0; k < 16; k++) {
            int32_t pair;
            memcpy(&pair, &tile_of(a)[m][4 * k], sizeof pair);
            __m512i x = _mm512_set1_epi32(pair), y = _mm512_loadu_si512(tile_of(b)[k]);
            even = _mm512_fmadd_ps(even_terms(x), even_terms(y), even);
            odd = _mm512_fmadd_ps(odd_terms(x), odd_terms(y), odd);
        }
        float *to = (float *)(void *)tile_of(c)[m];
        _mm512_storeu_ps(to, _mm512_add_ps(_mm512_loadu_ps(to), _mm512_add_ps(even, odd)));
    }
    _mm_setcsr(csr);
}

#define TILE_ZERO(t) memset(tile_of(t), 0, 1024)
#define TILE_LOAD(t, p, stride) tile_load(t, p, stride)
#define TILE_STORE(t, p, stride) tile_store(t, p, stride)
#define TILE_PRODUCT(c, a, b) tile_product(c, a, b)

#endif
