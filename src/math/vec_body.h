/* Float64 sums over float32 rows, and the float64 product tile, for whatever vectors a simd_*.h
 * offers. Sixteen partial sums whatever the width, so that all instruction sets agree bit for bit
 * (stats.h promises the order). */
#ifndef GN_MATH_VEC_BODY_H
#define GN_MATH_VEC_BODY_H

#include "math/kernels.h"

enum { N_SUMS = 16, SUM_VECTORS = N_SUMS / D_LANES, PRODUCT_NR = PRODUCT_NV * D_LANES };

static double add_halves(vd s[SUM_VECTORS]) {
    for (int half = SUM_VECTORS / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) s[i] = vd_add(s[i], s[i + half]);
    return vd_sum(s[0]);
}

/* The product of two float32 values is exact in float64, so a fused multiply-add rounds as the
 * separate operations of the scalar code do. The square of a difference is not: no FMA there. */
static inline void dot_step(const float *x, const float *y, vd s[SUM_VECTORS]) {
    for (int i = 0; i < SUM_VECTORS; i++)
        s[i] = vd_fma(vd_load_f32(x + i * D_LANES), vd_load_f32(y + i * D_LANES), s[i]);
}
static inline void dist2_step(const float *x, const float *y, vd s[SUM_VECTORS]) {
    for (int i = 0; i < SUM_VECTORS; i++) {
        vd d = vd_sub(vd_load_f32(x + i * D_LANES), vd_load_f32(y + i * D_LANES));
        s[i] = vd_add(s[i], vd_mul(d, d));
    }
}

static double dot(const float *x, const float *y, size_t n) {
    vd s[SUM_VECTORS];
    for (int i = 0; i < SUM_VECTORS; i++) s[i] = vd_zero();
    size_t j = 0;
    for (; j + N_SUMS <= n; j += N_SUMS) dot_step(x + j, y + j, s);
    if (j < n) {
        float rx[N_SUMS] = {0}, ry[N_SUMS] = {0};
        for (size_t i = 0; j + i < n; i++) rx[i] = x[j + i], ry[i] = y[j + i];
        dot_step(rx, ry, s);
    }
    return add_halves(s);
}
static double norm2(const float *x, size_t n) {
    return dot(x, x, n);
}

static double dist2(const float *x, const float *y, size_t n) {
    vd s[SUM_VECTORS];
    for (int i = 0; i < SUM_VECTORS; i++) s[i] = vd_zero();
    size_t j = 0;
    for (; j + N_SUMS <= n; j += N_SUMS) dist2_step(x + j, y + j, s);
    if (j < n) {
        float rx[N_SUMS] = {0}, ry[N_SUMS] = {0};
        for (size_t i = 0; j + i < n; i++) rx[i] = x[j + i], ry[i] = y[j + i];
        dist2_step(rx, ry, s);
    }
    return add_halves(s);
}

static double dot_f64(const double *x, const double *y, size_t n) {
    vd s[SUM_VECTORS];
    for (int i = 0; i < SUM_VECTORS; i++) s[i] = vd_zero();
    size_t j = 0;
    for (; j + N_SUMS <= n; j += N_SUMS)
        for (int i = 0; i < SUM_VECTORS; i++) {
            const double *a = x + j + i * D_LANES, *b = y + j + i * D_LANES;
            s[i] = vd_add(s[i], vd_mul(vd_load(a), vd_load(b)));
        }
    if (j < n) {
        double rest[N_SUMS] = {0};
        for (size_t i = 0; j + i < n; i++) rest[i] = x[j + i] * y[j + i];
        for (int i = 0; i < SUM_VECTORS; i++) s[i] = vd_add(s[i], vd_load(rest + i * D_LANES));
    }
    return add_halves(s);
}

static void widen(const float *x, size_t n, double *out) {
    size_t j = 0;
    for (; j + D_LANES <= n; j += D_LANES) vd_store(out + j, vd_load_f32(x + j));
    for (; j < n; j++) out[j] = (double)x[j];
}

static void add(double a, const double *x, size_t n, double *y) {
    size_t j = 0;
    vd av = vd_set(a);
    for (; j + D_LANES <= n; j += D_LANES)
        vd_store(y + j, vd_add(vd_load(y + j), vd_mul(av, vd_load(x + j))));
    for (; j < n; j++) y[j] += a * x[j];
}

/* `dim` is a constant in each caller, so that the loops over it vanish. */
static inline double repel_in(const double *at, const double *other, size_t stride, size_t n,
                              size_t dim, double *force) {
    const vd one = vd_set(1);
    vd z[SUM_VECTORS], f[3][SUM_VECTORS], a[3];
    for (size_t c = 0; c < dim; c++) a[c] = vd_set(at[c]);
    for (int i = 0; i < SUM_VECTORS; i++) {
        z[i] = vd_zero();
        for (size_t c = 0; c < dim; c++) f[c][i] = vd_zero();
    }
    size_t j = 0;
    for (; j + N_SUMS <= n; j += N_SUMS)
#pragma GCC unroll 8
        for (int i = 0; i < SUM_VECTORS; i++) {
            vd d[3], d2 = one;
            for (size_t c = 0; c < dim; c++) {
                d[c] = vd_sub(a[c], vd_load(other + c * stride + j + (size_t)i * D_LANES));
                d2 = vd_add(d2, vd_mul(d[c], d[c]));
            }
            const vd q = vd_div(one, d2), q2 = vd_mul(q, q);
            z[i] = vd_add(z[i], q);
            for (size_t c = 0; c < dim; c++) f[c][i] = vd_add(f[c][i], vd_mul(q2, d[c]));
        }
    double sum = add_halves(z);
    for (size_t c = 0; c < dim; c++) force[c] = add_halves(f[c]);
    for (; j < n; j++) {
        double d[3], d2 = 1;
        for (size_t c = 0; c < dim; c++) {
            d[c] = at[c] - other[c * stride + j];
            d2 += d[c] * d[c];
        }
        const double q = 1 / d2;
        sum += q;
        for (size_t c = 0; c < dim; c++) force[c] += q * q * d[c];
    }
    return sum;
}
static double repel(const double *at, const double *other, size_t stride, size_t n, size_t dim,
                    double *force) {
    return dim == 2   ? repel_in(at, other, stride, n, 2, force)
           : dim == 3 ? repel_in(at, other, stride, n, 3, force)
                      : repel_in(at, other, stride, n, 1, force);
}

static void centre(const float *x, const double *mean, size_t n, double *out) {
    size_t j = 0;
    for (; j + D_LANES <= n; j += D_LANES)
        vd_store(out + j, vd_sub(vd_load_f32(x + j), vd_load(mean + j)));
    for (; j < n; j++) out[j] = (double)x[j] - mean[j];
}

/* The three blocks share their leading dimension. 128 rows of MR columns of one and NR of the other
 * stay in L1 while the tile runs, so they need not be repacked. */
static void product(const double *a, const double *b, size_t k, double *c) {
    enum { LD = GN_PRODUCT_TILE };
    vd sum[PRODUCT_MR][PRODUCT_NV];
#pragma GCC unroll 16
    for (int i = 0; i < PRODUCT_MR; i++)
#pragma GCC unroll 4
        for (int j = 0; j < PRODUCT_NV; j++) sum[i][j] = vd_load(c + i * LD + j * D_LANES);
    for (size_t p = 0; p < k; p++, a += LD, b += LD) {
        vd bv[PRODUCT_NV];
#pragma GCC unroll 4
        for (int j = 0; j < PRODUCT_NV; j++) bv[j] = vd_load(b + j * D_LANES);
#pragma GCC unroll 16
        for (int i = 0; i < PRODUCT_MR; i++) {
            vd av = vd_set(a[i]);
#pragma GCC unroll 4
            for (int j = 0; j < PRODUCT_NV; j++) sum[i][j] = vd_fma(av, bv[j], sum[i][j]);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < PRODUCT_MR; i++)
#pragma GCC unroll 4
        for (int j = 0; j < PRODUCT_NV; j++) vd_store(c + i * LD + j * D_LANES, sum[i][j]);
}

const gn_vec SIMD_TABLE(gn_vec) = {.name = SIMD_NAME,
                                   .dot = dot,
                                   .norm2 = norm2,
                                   .dist2 = dist2,
                                   .dot_f64 = dot_f64,
                                   .widen = widen,
                                   .add = add,
                                   .repel = repel};
const gn_product SIMD_TABLE(gn_product) = {
    .mr = PRODUCT_MR, .nr = PRODUCT_NR, .centre = centre, .add = product};

#endif
