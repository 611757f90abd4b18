/* The transformer's vector kernels in plain C, straight from their definitions: erf, tanh and exp
 * are the C library's in float64, sums are float64. Slow and exact; the other files are checked
 * against it. */
#include "math/kernels.h"

#include <math.h>

static void layer_norm(float *x, size_t rows, size_t d, size_t ld, const float *gamma,
                       const float *beta, float eps) {
    for (size_t r = 0; r < rows; r++) {
        float *row = x + r * ld;
        double sum = 0, squares = 0;
        for (size_t j = 0; j < d; j++) sum += (double)row[j];
        double mean = sum / (double)d;
        for (size_t j = 0; j < d; j++) {
            double e = (double)row[j] - mean;
            squares += e * e;
        }
        double scale = 1.0 / sqrt(squares / (double)d + (double)eps);
        for (size_t j = 0; j < d; j++)
            row[j] = (float)(((double)row[j] - mean) * scale * (double)gamma[j] + (double)beta[j]);
    }
}

static float activation(gn_activation act, float value) {
    double x = (double)value;
    switch (act) {
    case GN_ACT_NONE:
        break;
    case GN_ACT_GELU:
        return (float)(x * 0.5 * erfc(-x * 0.70710678118654752440));
    case GN_ACT_GELU_TANH:
        /* 0.5 (1 + tanh u) = 1 / (1 + exp(-2u)), without the cancellation for u << 0. */
        return (float)(x / (1 + exp(-1.5957691216057307117 * (x + 0.044715 * x * x * x))));
    case GN_ACT_RELU:
        return value > 0.0f ? value : 0.0f;
    case GN_ACT_SILU:
        return (float)(x / (1 + exp(-x)));
    }
    return value;
}

static void activate(gn_activation act, const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = activation(act, x[i]);
}
static void gelu(const float *x, float *y, size_t n) {
    activate(GN_ACT_GELU, x, y, n);
}

static void finish(const gn_finish *f) {
    for (size_t i = 0; i < f->rows; i++)
        for (size_t j = 0; j < f->cols; j++) {
            float v = f->c[i * f->ldc + j];
            if (f->bias) v += f->bias[j];
            v = activation(f->act, v);
            if (f->residual) v += f->residual[i * f->ld_residual + j];
            f->y[i * f->ldy + j] = v;
        }
}

/* One row of one head: scores of the first n positions, softmax, weighted sum of v. */
static void attend(const float *q, const float *k, const float *v, size_t ld, size_t n, size_t dh,
                   float scale, float *out, float *p) {
    double most = -HUGE_VAL, sum = 0;
    for (size_t j = 0; j < n; j++) {
        double s = 0;
        for (size_t c = 0; c < dh; c++) s += (double)q[c] * (double)k[j * ld + c];
        p[j] = (float)(s * (double)scale);
        if ((double)p[j] > most) most = (double)p[j];
    }
    for (size_t j = 0; j < n; j++) {
        p[j] = (float)exp((double)p[j] - most);
        sum += (double)p[j];
    }
    for (size_t c = 0; c < dh; c++) {
        double s = 0;
        for (size_t j = 0; j < n; j++) s += (double)p[j] * (double)v[j * ld + c];
        out[c] = (float)(s / sum);
    }
}

static void attention(const float *q, const float *k, const float *v, size_t ld, size_t t, size_t h,
                      size_t dh, float scale, bool causal, float *out, size_t ld_out,
                      void *scratch) {
    for (size_t head = 0; head < h; head++)
        for (size_t i = 0; i < t; i++)
            attend(q + i * ld + head * dh, k + head * dh, v + head * dh, ld, causal ? i + 1 : t, dh,
                   scale, out + i * ld_out + head * dh, scratch);
}

const gn_nn gn_nn_scalar = {.name = "scalar",
                            .layer_norm = layer_norm,
                            .activate = activate,
                            .gelu = gelu,
                            .finish = finish,
                            .attention = attention};
