/* The instruction sets that this machine can run, and random matrices with hard values in them. */
#ifndef GN_TESTS_LEVELS_H
#define GN_TESTS_LEVELS_H

#include "base/cpu.h"
#include "base/mem.h"
#include "base/random.h"

static const gn_cpu levels[] = {GN_CPU_SCALAR, GN_CPU_NEON, GN_CPU_AVX2, GN_CPU_AVX512, GN_CPU_AMX};
#define FOR_LEVELS(cpu)                                                                            \
    for (size_t li_ = 0; li_ < sizeof levels / sizeof *levels; li_++)                              \
        for (gn_cpu cpu = levels[li_], once_ = gn_cpu_has(cpu) ? 1 : 0; once_; once_ = 0)

static inline float *normal_array(size_t n, uint64_t seed) {
    float *x = gn_alloc(n, sizeof *x);
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < n; i++) x[i] = (float)gn_random_normal(&r);
    return x;
}

#endif
