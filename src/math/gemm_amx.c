/* Matrix products on AMX tiles of bfloat16, with as many parts as the precision needs.
 *
 * A float32 value is the sum of three bfloat16 parts, h + m + l, each the rest of what the ones
 * before left: 8 bits of fraction each, 24 in all. A product of two values is then nine products
 * of parts; those smaller than float32's rounding are left out:
 *
 *   parts 1   h h                                   relative error 2^-8 a factor   (draft)
 *   parts 2   m h, h m, h h                         2^-16                          (fast)
 *   parts 3   l h, h l, h m, m m, m h, h h          2^-23: as good as float32
 *
 * With 3 parts each block of k runs twice: first all small products, then all large ones. The
 * accumulator is small while the small terms are added, and is rounded at its full size once for 32
 * terms instead of six times. That makes 3 parts more accurate than a chain of float32
 * multiply-adds, for two tile loads more in each step.
 *
 * A tile of C is 2 x 2 AMX tiles: with 4 accumulators every loaded tile is used twice. Panels lie
 * in the order in which they are read: for each step of 32 k, for each part, two tiles of 1 KB.
 * B's tiles hold pairs of k side by side, which is a transposition of 32-bit pairs.
 *
 * Subnormal parts count as zero in the hardware: below 1e-38 digits are lost, as with any code
 * that flushes them. Values beyond 3.39e38, which round to infinity in bfloat16, give NaN. */
#include "math/simd_avx512.h"

#include "math/kernels.h"

#ifndef GN_AMX_EMULATED /* a test puts its own tiles in front with -include */
#include "math/amx_tile.h"
#endif

enum {
    TILE = 16,       /* rows of an AMX tile */
    STEP = 32,       /* k in a tile */
    SIZE = 2 * TILE, /* rows of a panel */
    TILE_BYTES = 1024,
    PAIR_BYTES = 2 * TILE_BYTES, /* the two tiles of one part and step */
    K_BLOCK = 512,               /* 3 parts: k in one chain of accumulations */
};

/* Rounds to bfloat16 (to nearest even), in the low half of each lane; NaN stays NaN. */
static inline __m512i to_bf16(vf x) {
    __m512i bits = _mm512_castps_si512(x);
    __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i up = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    return _mm512_mask_set1_epi32(_mm512_srli_epi32(up, 16), nan, 0x7fc0);
}

/* The next part of 32 values: 32 bfloat16 in order; x and y keep what is left of them. */
static inline __m512i next_part(vf *x, vf *y) {
    __m512i a = to_bf16(*x), b = to_bf16(*y);
    *x = vf_sub(*x, _mm512_castsi512_ps(_mm512_slli_epi32(a, 16)));
    *y = vf_sub(*y, _mm512_castsi512_ps(_mm512_slli_epi32(b, 16)));
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtepi32_epi16(a)),
                              _mm512_cvtepi32_epi16(b), 1);
}

/* 32 values of a row from column p, zeros beyond its end. */
static inline void load_step(const float *row, size_t p, size_t k, vf *x, vf *y) {
    size_t n = k - p;
    *x = n < LANES ? vf_load_n(row + p, n) : vf_load(row + p);
    *y = vf_zero();
    if (n > LANES) *y = n < STEP ? vf_load_n(row + p + LANES, n - LANES) : vf_load(row + p + LANES);
}

/* A: row i of the panel is row i % 16 of tile i / 16. */
static inline void pack_rows(const float *a, size_t lda, size_t m, size_t k, char *panel,
                             size_t parts) {
    for (size_t p = 0; p < k; p += STEP, panel += parts * PAIR_BYTES)
        for (size_t i = 0; i < SIZE; i++) {
            vf x = vf_zero(), y = vf_zero();
            if (i < m) load_step(a + i * lda, p, k, &x, &y);
            for (size_t q = 0; q < parts; q++)
                _mm512_storeu_si512(panel + q * PAIR_BYTES + i * 64, next_part(&x, &y));
        }
}

/* B: column j of the panel is pair column j % 16 of tile j / 16. */
static inline void pack_columns(const float *b, size_t ldb, size_t n, size_t k, char *panel,
                                size_t parts) {
    for (size_t p = 0; p < k; p += STEP, panel += parts * PAIR_BYTES)
        for (size_t t = 0; t < 2; t++) {
            vf square[3][TILE];
            for (size_t j = 0; j < TILE; j++) {
                vf x = vf_zero(), y = vf_zero();
                if (t * TILE + j < n) load_step(b + (t * TILE + j) * ldb, p, k, &x, &y);
                for (size_t q = 0; q < parts; q++)
                    square[q][j] = _mm512_castsi512_ps(next_part(&x, &y));
            }
            for (size_t q = 0; q < parts; q++) {
                vf_transpose(square[q]);
                for (size_t r = 0; r < TILE; r++)
                    vf_store((float *)(void *)(panel + q * PAIR_BYTES + t * TILE_BYTES + r * 64),
                             square[q][r]);
            }
        }
}

/* Part q of both tiles, and the four products of what is loaded. */
static inline void load_a(const char *a, size_t q) {
    TILE_LOAD(4, a + q * PAIR_BYTES, 64);
    TILE_LOAD(5, a + q * PAIR_BYTES + TILE_BYTES, 64);
}
static inline void load_b(const char *b, size_t q) {
    TILE_LOAD(6, b + q * PAIR_BYTES, 64);
    TILE_LOAD(7, b + q * PAIR_BYTES + TILE_BYTES, 64);
}
static inline void products(void) {
    TILE_PRODUCT(0, 4, 6);
    TILE_PRODUCT(1, 4, 7);
    TILE_PRODUCT(2, 5, 6);
    TILE_PRODUCT(3, 5, 7);
}
static inline void zero_sums(void) {
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
}
static inline void store_sums(float *c, size_t ldc) {
    size_t stride = ldc * sizeof *c;
    TILE_STORE(0, c, stride);
    TILE_STORE(1, c + TILE, stride);
    TILE_STORE(2, c + TILE * ldc, stride);
    TILE_STORE(3, c + TILE * ldc + TILE, stride);
}

static void tile1(const void *a_panel, const void *b_panel, size_t k, float *c, size_t ldc) {
    const char *a = a_panel, *b = b_panel;
    zero_sums();
    for (size_t p = 0; p < k; p += STEP, a += PAIR_BYTES, b += PAIR_BYTES) {
        load_a(a, 0);
        load_b(b, 0);
        products();
    }
    store_sums(c, ldc);
}

static void tile2(const void *a_panel, const void *b_panel, size_t k, float *c, size_t ldc) {
    const char *a = a_panel, *b = b_panel;
    zero_sums();
    for (size_t p = 0; p < k; p += STEP, a += 2 * PAIR_BYTES, b += 2 * PAIR_BYTES) {
        load_a(a, 1);
        load_b(b, 0);
        products(); /* m h */
        load_a(a, 0);
        products(); /* h h */
        load_b(b, 1);
        products(); /* h m */
    }
    store_sums(c, ldc);
}

/* The five small products of one step, so ordered that six loads of pairs serve them. */
static inline void small_products(const char *a, const char *b) {
    load_a(a, 2);
    load_b(b, 0);
    products(); /* l h */
    load_a(a, 0);
    load_b(b, 2);
    products(); /* h l */
    load_b(b, 1);
    products(); /* h m */
    load_a(a, 1);
    products(); /* m m */
    load_b(b, 0);
    products(); /* m h */
}

static void tile3(const void *a_panel, const void *b_panel, size_t k, float *c, size_t ldc) {
    const char *a = a_panel, *b = b_panel;
    _Alignas(64) float sums[SIZE * SIZE];
    for (size_t k0 = 0; k0 < k; k0 += K_BLOCK) {
        size_t steps = ((k - k0 < K_BLOCK ? k - k0 : K_BLOCK) + STEP - 1) / STEP;
        zero_sums();
        for (size_t s = 0; s < steps; s++)
            small_products(a + s * 3 * PAIR_BYTES, b + s * 3 * PAIR_BYTES);
        for (size_t s = 0; s < steps; s++) {
            load_a(a + s * 3 * PAIR_BYTES, 0);
            load_b(b + s * 3 * PAIR_BYTES, 0);
            products(); /* h h */
        }
        a += steps * 3 * PAIR_BYTES;
        b += steps * 3 * PAIR_BYTES;
        if (k0 == 0) {
            store_sums(c, ldc);
            continue;
        }
        store_sums(sums, SIZE);
        for (size_t i = 0; i < SIZE; i++)
            for (size_t j = 0; j < SIZE; j += LANES)
                vf_store(c + i * ldc + j,
                         vf_add(vf_load(c + i * ldc + j), vf_load(sums + i * SIZE + j)));
    }
}

#define PACKERS(parts)                                                                             \
    static void pack_a##parts(const float *a, size_t lda, size_t m, size_t k, void *panel) {       \
        pack_rows(a, lda, m, k, panel, parts);                                                     \
    }                                                                                              \
    static void pack_b##parts(const float *b, size_t ldb, size_t n, size_t k, void *panel) {       \
        pack_columns(b, ldb, n, k, panel, parts);                                                  \
    }
PACKERS(1)
PACKERS(2)
PACKERS(3)

static void begin(void) {
    tile_begin();
}
static void end(void) {
    tile_end();
}

#define AMX_KERNELS(parts)                                                                         \
    {                                                                                              \
        .name = "amx" #parts, .cpu = GN_CPU_AMX, .mr = SIZE, .nr = SIZE, .k_multiple = STEP,       \
        .element_bytes = 2 * (parts), .pack_a = pack_a##parts, .pack_b = pack_b##parts,            \
        .tile = tile##parts, .begin = begin, .end = end,                                           \
    }
const gn_gemm AMX_TABLE(1) = AMX_KERNELS(1);
const gn_gemm AMX_TABLE(2) = AMX_KERNELS(2);
const gn_gemm AMX_TABLE(3) = AMX_KERNELS(3);
