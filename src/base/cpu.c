/* CPUID says what the processor has, XGETBV what the operating system saves on a context switch;
 * both are needed. AMX also wants a permission per process (arch_prctl), because its 8 KB of tile
 * registers make signal frames larger. __builtin_cpu_supports knows no AMX in clang 14, so the
 * leaves are read by hand. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "base/cpu.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

static uint64_t xgetbv0(void) {
    uint32_t lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return ((uint64_t)hi << 32) | lo;
}

static bool amx_permitted(void) {
#if defined(__linux__)
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
    return false;
#endif
}

bool gn_cpu_has(gn_cpu level) {
    if (level == GN_CPU_SCALAR) return true;
    uint32_t a, b, c, d, b7, d7;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
    bool fma = c & (1u << 12), osxsave = c & (1u << 27), f16c = c & (1u << 29);
    if (!osxsave || !__get_cpuid_count(7, 0, &a, &b7, &c, &d7)) return false;
    uint64_t xcr0 = xgetbv0();
    bool avx2 = (xcr0 & 0x6) == 0x6 && (b7 & (1u << 5)) && fma && f16c;
    bool avx512 = avx2 && (xcr0 & 0xe6) == 0xe6 && (b7 & (1u << 16)) /* F */ &&
                  (b7 & (1u << 17)) /* DQ */ && (b7 & (1u << 30)) /* BW */ && (b7 & (1u << 31));
    if (level == GN_CPU_AVX2) return avx2;
    if (level == GN_CPU_AVX512) return avx512;
    if (level == GN_CPU_AMX)
        return avx512 && (xcr0 & 0x60000) == 0x60000 && (d7 & (1u << 24)) /* TILE */ &&
               (d7 & (1u << 22)) /* BF16 */ && amx_permitted();
    return false;
}
#elif defined(__aarch64__)
bool gn_cpu_has(gn_cpu level) {
    return level == GN_CPU_SCALAR || level == GN_CPU_NEON;
}
#else
bool gn_cpu_has(gn_cpu level) {
    return level == GN_CPU_SCALAR;
}
#endif

gn_cpu gn_cpu_best(void) {
    static const gn_cpu order[] = {GN_CPU_AMX, GN_CPU_AVX512, GN_CPU_AVX2, GN_CPU_NEON};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (gn_cpu_has(order[i])) return order[i];
    return GN_CPU_SCALAR;
}

static const char *const names[] = {
    [GN_CPU_AUTO] = "auto", [GN_CPU_SCALAR] = "scalar", [GN_CPU_NEON] = "neon",
    [GN_CPU_AVX2] = "avx2", [GN_CPU_AVX512] = "avx512", [GN_CPU_AMX] = "amx"};

const char *gn_cpu_name(gn_cpu cpu) {
    return (size_t)cpu < sizeof names / sizeof *names ? names[cpu] : "unknown";
}

gn_status gn_cpu_parse(const char *name, gn_cpu *out, gn_error *err) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) {
            *out = (gn_cpu)i;
            return GN_OK;
        }
    return gn_fail(err, GN_EINVAL,
                   "unknown instruction set '%s': expected auto, scalar, neon, avx2, avx512 or amx",
                   name);
}
