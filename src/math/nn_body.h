/* Layer norm, activations and the end of a linear layer, for whatever vectors a simd_*.h offers.
 *
 * Ragged ends go through the same vector code with part of the lanes filled, so that a value's
 * result never depends on where it lies.
 *
 * exp: x = n ln 2 + r with |r| <= ln 2 / 2, e^r = 1 + r + r^2 P4(r), scaled by 2^n; P4 is a
 * least-maximum fit of relative error 1e-8. Only arguments <= 0 are needed below; those
 * under -80 are cut off, well before results and their products become subnormal, which would
 * cost a hundred cycles each.
 *
 * GELU: x Phi(x). With a = |x|, Phi(-a) = e^(-a^2/2) R(a), and R falls smoothly from 1/2: it is a
 * polynomial of degree 9 in u = (1 - a/4) / (1 + a/4), relative error 1.2e-8 before rounding,
 * fitted on 0 <= a <= 13.3; the exponential ends at 12.6. The rounding of a^2 would cost a^2/2 ulp,
 * so the part that it loses, known exactly from an FMA, is put back to first order. */
#ifndef GN_MATH_NN_BODY_H
#define GN_MATH_NN_BODY_H

#include "math/kernels.h"

#include <math.h>

/* e^x for x <= 0; everything below -80 gives e^-80 = 1.8e-35. */
static inline vf exp_clamped(vf x) {
    vf safe = vf_max(vf_set(-80.0f), x); /* in this order NaN stays NaN */
    vf n = vf_round(vf_mul(safe, vf_set(1.44269504f)));
    vf r = vf_fnma(n, vf_set(0.693359375f), safe); /* ln 2 in two parts: the first is short, so */
    r = vf_fnma(n, vf_set(-2.12194440e-4f), r);    /* that n times it is exact */
    vf p = vf_fma(vf_set(0.00139012898f), r, vf_set(0.00836316217f));
    p = vf_fma(p, r, vf_set(0.0416668542f));
    p = vf_fma(p, r, vf_set(0.166665778f));
    p = vf_fma(p, r, vf_set(0.5f));
    p = vf_add(vf_fma(vf_mul(r, r), p, r), vf_set(1.0f));
    return vf_scale(p, n);
}
/* The same with 0 there, for factors of large numbers. */
static inline vf exp_negative(vf x) {
    return vf_if_less(x, vf_set(-80.0f), vf_zero(), exp_clamped(x));
}

static inline vf gelu_vector(vf x) {
    const vf one = vf_set(1.0f);
    vf a = vf_abs(x), square = vf_mul(a, a), lost = vf_fnma(a, a, square);
    vf e = exp_clamped(vf_mul(square, vf_set(-0.5f)));
    vf t = vf_mul(a, vf_set(0.25f)), u = vf_div(vf_sub(one, t), vf_add(one, t));
    static const float c[10] = {0.094410643f,     0.170397744f,   0.12437924f,     0.0717068538f,
                                0.0308649521f,    0.00849726517f, 0.000505219679f, -0.000657439348f,
                                -0.000172238797f, 6.77576318e-05f};
    vf p = vf_set(c[9]);
    for (int i = 8; i >= 0; i--) p = vf_fma(p, u, vf_set(c[i]));
    /* e^(lost/2) = 1 + lost/2 + ...; beyond 12.6 `lost` may be anything, infinite included. */
    vf tail = vf_mul(e, vf_mul(p, vf_fma(lost, vf_set(0.5f), one)));
    tail = vf_if_less(vf_set(12.6f), a, vf_zero(), tail);
    return vf_mul(x, vf_if_less(x, vf_zero(), tail, vf_sub(one, tail)));
}

/* x / (1 + e^-z), without overflow: only e^-|z| is computed. */
static inline vf x_sigmoid(vf x, vf z) {
    const vf one = vf_set(1.0f);
    vf e = exp_negative(vf_sub(vf_zero(), vf_abs(z)));
    return vf_mul(x, vf_div(vf_if_less(z, vf_zero(), e, one), vf_add(one, e)));
}

static inline vf activate_vector(gn_activation act, vf x) {
    switch (act) {
    case GN_ACT_NONE:
        break;
    case GN_ACT_GELU:
        return gelu_vector(x);
    case GN_ACT_GELU_TANH: {
        /* (1 + tanh u) / 2 = 1 / (1 + e^-2u), 2u = x (1.5957... + 0.07135... x^2) */
        vf z = vf_mul(x, vf_fma(vf_mul(x, x), vf_set(0.0713548163f), vf_set(1.59576912f)));
        return x_sigmoid(x, z);
    }
    case GN_ACT_RELU:
        return vf_if_less(x, vf_zero(), vf_zero(), x);
    case GN_ACT_SILU:
        return x_sigmoid(x, x);
    }
    return x;
}

static inline void activate_all(gn_activation act, const float *x, float *y, size_t n) {
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) vf_store(y + i, activate_vector(act, vf_load(x + i)));
    if (i < n) vf_store_n(y + i, activate_vector(act, vf_load_n(x + i, n - i)), n - i);
}

/* One loop for each activation: `act` is a constant inside it. */
static void activate(gn_activation act, const float *x, float *y, size_t n) {
    switch (act) {
    case GN_ACT_NONE:
        activate_all(GN_ACT_NONE, x, y, n);
        break;
    case GN_ACT_GELU:
        activate_all(GN_ACT_GELU, x, y, n);
        break;
    case GN_ACT_GELU_TANH:
        activate_all(GN_ACT_GELU_TANH, x, y, n);
        break;
    case GN_ACT_RELU:
        activate_all(GN_ACT_RELU, x, y, n);
        break;
    case GN_ACT_SILU:
        activate_all(GN_ACT_SILU, x, y, n);
        break;
    }
}
static void gelu(const float *x, float *y, size_t n) {
    activate(GN_ACT_GELU, x, y, n);
}

static inline void finish_rows(const gn_finish *f, gn_activation act) {
    for (size_t i = 0; i < f->rows; i++) {
        const float *c = f->c + i * f->ldc,
                    *r = f->residual ? f->residual + i * f->ld_residual : NULL;
        float *y = f->y + i * f->ldy;
        for (size_t j = 0; j < f->cols; j += LANES) {
            size_t n = f->cols - j;
            vf v = vf_load(c + j);
            if (f->bias) v = vf_add(v, vf_load(f->bias + j));
            v = activate_vector(act, v);
            if (r) v = vf_add(v, n < LANES ? vf_load_n(r + j, n) : vf_load(r + j));
            if (n < LANES)
                vf_store_n(y + j, v, n);
            else
                vf_store(y + j, v);
        }
    }
}

static void finish(const gn_finish *f) {
    switch (f->act) {
    case GN_ACT_NONE:
        finish_rows(f, GN_ACT_NONE);
        break;
    case GN_ACT_GELU:
        finish_rows(f, GN_ACT_GELU);
        break;
    case GN_ACT_GELU_TANH:
        finish_rows(f, GN_ACT_GELU_TANH);
        break;
    case GN_ACT_RELU:
        finish_rows(f, GN_ACT_RELU);
        break;
    case GN_ACT_SILU:
        finish_rows(f, GN_ACT_SILU);
        break;
    }
}

/* Vectors [j, j + LANES) of a row of d values; zeros beyond its end. */
static inline vf load_part(const float *row, size_t j, size_t d) {
    return d - j < LANES ? vf_load_n(row + j, d - j) : vf_load(row + j);
}

/* Two passes in float64: a mean that is large against the spread costs no digits. */
static void layer_norm(float *x, size_t rows, size_t d, size_t ld, const float *gamma,
                       const float *beta, float eps) {
    for (size_t i = 0; i < rows; i++) {
        float *row = x + i * ld;
        vd low = vd_zero(), high = vd_zero();
        for (size_t j = 0; j < d; j += LANES) {
            vf v = load_part(row, j, d);
            low = vd_add(low, vd_low(v));
            high = vd_add(high, vd_high(v));
        }
        double mean = vd_sum(vd_add(low, high)) / (double)d;
        vf fill = vf_set((float)mean);
        /* Lanes beyond the end are filled with the rounded mean m, and their (m - mean)^2 is
         * taken off again: exact enough, for it is below 2^-48 mean^2 each. */
        vd m = vd_set(mean);
        low = high = vd_zero();
        for (size_t j = 0; j < d; j += LANES) {
            vf v = vf_keep(load_part(row, j, d), d - j, fill);
            vd a = vd_sub(vd_low(v), m), b = vd_sub(vd_high(v), m);
            low = vd_fma(a, a, low);
            high = vd_fma(b, b, high);
        }
        double off = (double)(float)mean - mean;
        double surplus = (double)((LANES - d % LANES) % LANES) * (off * off);
        double squares = vd_sum(vd_add(low, high)) - surplus;
        if (squares < 0) squares = 0;
        vd scale = vd_set(1.0 / sqrt(squares / (double)d + (double)eps));
        for (size_t j = 0; j < d; j += LANES) {
            vf v = load_part(row, j, d);
            vf z = vd_narrow(vd_mul(vd_sub(vd_low(v), m), scale),
                             vd_mul(vd_sub(vd_high(v), m), scale));
            z = vf_fma(z, load_part(gamma, j, d), load_part(beta, j, d));
            if (d - j < LANES)
                vf_store_n(row + j, z, d - j);
            else
                vf_store(row + j, z);
        }
    }
}

#endif
