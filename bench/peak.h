/* What one core can do at most: multiply-adds on registers only, in GFLOP/s of its own CPU time. A
 * burst takes a few milliseconds, so that it can be measured beside whatever it is compared with.
 */
#ifndef GN_BENCH_PEAK_H
#define GN_BENCH_PEAK_H

#include "base/cpu.h"

#include <time.h>

#if defined(__x86_64__)
#include "math/amx_tile.h"
#endif

static inline double thread_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#if defined(__x86_64__)
/* clang-format off */
#define CHAIN(r, n) "vfmadd231ps %%" r "14, %%" r "15, %%" r #n "\n"
#define CHAINS(r)                                                                                  \
    CHAIN(r, 0)                                                                                    \
    CHAIN(r, 1) CHAIN(r, 2) CHAIN(r, 3) CHAIN(r, 4) CHAIN(r, 5) CHAIN(r, 6) CHAIN(r, 7)            \
        CHAIN(r, 8) CHAIN(r, 9)
/* clang-format on */
#define USED                                                                                       \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm14", "xmm15"
/** float32 fused multiply-adds: ten independent chains, so that latency is hidden. 0 without AVX2.
 */
static inline double peak_fma(void) {
    enum { N = 1000000, CHAIN_COUNT = 10 };
    bool wide = gn_cpu_has(GN_CPU_AVX512);
    if (!gn_cpu_has(GN_CPU_AVX2)) return 0;
    __asm__ volatile("vzeroall" ::: USED);
    double start = thread_seconds();
    if (wide)
        for (int i = 0; i < N; i++) __asm__ volatile(CHAINS("zmm")::: USED);
    else
        for (int i = 0; i < N; i++) __asm__ volatile(CHAINS("ymm")::: USED);
    double seconds = thread_seconds() - start;
    __asm__ volatile("vzeroupper" ::: USED);
    return (wide ? 32.0 : 16.0) * CHAIN_COUNT * N / seconds / 1e9;
}
/** bfloat16 tile products, one tile loaded from L1 for each, as a real kernel must. 0 without AMX.
 */
static inline double peak_amx(void) {
    enum { N = 20000 };
    static const _Alignas(64) unsigned char zero[1024];
    if (!gn_cpu_has(GN_CPU_AMX)) return 0;
    tile_begin();
    TILE_ZERO(0);
    TILE_ZERO(1);
    TILE_ZERO(2);
    TILE_ZERO(3);
    TILE_LOAD(4, zero, 64);
    double start = thread_seconds();
    for (int i = 0; i < N; i++) {
        TILE_LOAD(5, zero, 64);
        TILE_PRODUCT(0, 4, 5);
        TILE_LOAD(6, zero, 64);
        TILE_PRODUCT(1, 4, 6);
        TILE_LOAD(5, zero, 64);
        TILE_PRODUCT(2, 4, 5);
        TILE_LOAD(6, zero, 64);
        TILE_PRODUCT(3, 4, 6);
    }
    double seconds = thread_seconds() - start;
    tile_end();
    return 4.0 * 2 * 16 * 16 * 32 * N / seconds / 1e9;
}
#else
static inline double peak_fma(void) {
    return 0;
}
static inline double peak_amx(void) {
    return 0;
}
#endif

#endif
