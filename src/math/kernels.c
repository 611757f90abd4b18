/* Choosing the tables of an instruction set. Levels that this build has no kernels for (another
 * architecture's) cannot be available, so they end at the scalar ones. */
#include "math/kernels.h"

#include "base/cpu.h"

#define KERNELS(level)                                                                             \
    (gn_kernels) {                                                                                 \
        &gn_gemm_##level, &gn_nn_##level, &gn_vec_##level, &gn_product_##level                     \
    }

gn_kernels gn_kernels_for(gn_cpu cpu) {
    if (cpu == GN_CPU_AUTO) cpu = gn_cpu_best();
    switch (cpu) {
#if defined(__x86_64__)
    case GN_CPU_AVX2:
        return KERNELS(avx2);
    case GN_CPU_AVX512:
    case GN_CPU_AMX:
        return KERNELS(avx512);
#elif defined(__aarch64__)
    case GN_CPU_NEON:
        return KERNELS(neon);
#endif
    default:
        return KERNELS(scalar);
    }
}

const gn_gemm *gn_gemm_for(gn_cpu cpu, unsigned parts) {
    if (cpu == GN_CPU_AUTO) cpu = gn_cpu_best();
#if defined(__x86_64__)
    static const gn_gemm *const amx[] = {&gn_gemm_amx3, &gn_gemm_amx1, &gn_gemm_amx2};
    if (cpu == GN_CPU_AMX) return amx[parts < 3 ? parts : 0];
#else
    (void)parts;
#endif
    return gn_kernels_for(cpu).gemm;
}
const gn_nn *gn_nn_for(gn_cpu cpu) {
    return gn_kernels_for(cpu).nn;
}
const gn_vec *gn_vec_for(gn_cpu cpu) {
    return gn_kernels_for(cpu).vec;
}
