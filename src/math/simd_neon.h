/* Vectors of 4 float32 and 2 float64, for the *_body.h files; simd_avx512.h says what each function
 * does. Included by kernels_neon.c only. Correct under emulation (qemu-user); never timed on an
 * aarch64 processor. */
#ifndef GN_MATH_SIMD_H
#define GN_MATH_SIMD_H

#include <arm_neon.h>
#include <stddef.h>

#define SIMD_NAME "neon"
#define SIMD_CPU GN_CPU_NEON
#define SIMD_TABLE(table) table##_neon

enum {
    LANES = 4,
    D_LANES = 2,
    GEMM_MR = 8, /* 24 accumulators, 3 of B, broadcasts: 28 to 32 of 32 registers */
    GEMM_NV = 3,
    PRODUCT_MR = 6,
    PRODUCT_NV = 4,
};
typedef float32x4_t vf;
typedef float64x2_t vd;

static inline vf vf_zero(void) {
    return vdupq_n_f32(0.0f);
}
static inline vf vf_set(float x) {
    return vdupq_n_f32(x);
}
static inline vf vf_load(const float *p) {
    return vld1q_f32(p);
}
static inline void vf_store(float *p, vf x) {
    vst1q_f32(p, x);
}
static inline vf vf_load_n(const float *p, size_t n) {
    float t[LANES] = {0};
    for (size_t i = 0; i < n; i++) t[i] = p[i];
    return vld1q_f32(t);
}
static inline void vf_store_n(float *p, vf x, size_t n) {
    float t[LANES];
    vst1q_f32(t, x);
    for (size_t i = 0; i < n; i++) p[i] = t[i];
}
static inline vf vf_add(vf a, vf b) {
    return vaddq_f32(a, b);
}
static inline vf vf_sub(vf a, vf b) {
    return vsubq_f32(a, b);
}
static inline vf vf_mul(vf a, vf b) {
    return vmulq_f32(a, b);
}
static inline vf vf_div(vf a, vf b) {
    return vdivq_f32(a, b);
}
static inline vf vf_max(vf a, vf b) {
    return vmaxq_f32(a, b);
}
static inline vf vf_fma(vf a, vf b, vf c) {
    return vfmaq_f32(c, a, b);
}
static inline vf vf_fnma(vf a, vf b, vf c) {
    return vfmsq_f32(c, a, b);
}
static inline vf vf_abs(vf x) {
    return vabsq_f32(x);
}
static inline vf vf_if_less(vf a, vf b, vf yes, vf no) {
    return vbslq_f32(vcltq_f32(a, b), yes, no);
}
static inline vf vf_keep(vf x, size_t n, vf other) {
    static const uint32_t index[LANES] = {0, 1, 2, 3};
    uint32_t kept = n < LANES ? (uint32_t)n : LANES;
    return vbslq_f32(vcltq_u32(vld1q_u32(index), vdupq_n_u32(kept)), x, other);
}
static inline vf vf_round(vf x) {
    return vrndnq_f32(x);
}
static inline vf vf_scale(vf x, vf n) {
    int32x4_t bits = vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23);
    return vmulq_f32(x, vreinterpretq_f32_s32(bits));
}
static inline float vf_sum(vf x) {
    float32x2_t h = vadd_f32(vget_low_f32(x), vget_high_f32(x));
    return vget_lane_f32(h, 0) + vget_lane_f32(h, 1);
}
static inline float vf_max_lane(vf x) {
    return vmaxvq_f32(x);
}

static inline void vf_transpose(vf r[LANES]) {
    float32x4x2_t a = vtrnq_f32(r[0], r[1]), b = vtrnq_f32(r[2], r[3]);
    r[0] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
    r[1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
    r[2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
    r[3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
}

static inline vd vd_zero(void) {
    return vdupq_n_f64(0.0);
}
static inline vd vd_set(double x) {
    return vdupq_n_f64(x);
}
static inline vd vd_load(const double *p) {
    return vld1q_f64(p);
}
static inline void vd_store(double *p, vd x) {
    vst1q_f64(p, x);
}
static inline vd vd_load_f32(const float *p) {
    return vcvt_f64_f32(vld1_f32(p));
}
static inline vd vd_low(vf x) {
    return vcvt_f64_f32(vget_low_f32(x));
}
static inline vd vd_high(vf x) {
    return vcvt_high_f64_f32(x);
}
static inline vf vd_narrow(vd low, vd high) {
    return vcvt_high_f32_f64(vcvt_f32_f64(low), high);
}
static inline vd vd_add(vd a, vd b) {
    return vaddq_f64(a, b);
}
static inline vd vd_sub(vd a, vd b) {
    return vsubq_f64(a, b);
}
static inline vd vd_mul(vd a, vd b) {
    return vmulq_f64(a, b);
}
static inline vd vd_div(vd a, vd b) {
    return vdivq_f64(a, b);
}
static inline vd vd_fma(vd a, vd b, vd c) {
    return vfmaq_f64(c, a, b);
}
static inline double vd_sum(vd x) {
    return vgetq_lane_f64(x, 0) + vgetq_lane_f64(x, 1);
}

#endif
