/* Layer norm, activations and attention against float64 from their definitions, for every
 * instruction set of this machine. */
#include "tap.h"

#include "levels.h"
#include "math/kernels.h"

TEST(layer_norm) {
    static const size_t widths[] = {1, 2, 15, 16, 17, 31, 33, 64, 384, 385, 768, 1000};
    enum { ROWS = 9, LD = 1003 };
    FOR_LEVELS(cpu) for (size_t a = 0; a < sizeof widths / sizeof *widths; a++) {
        size_t d = widths[a];
        float *x = normal_array(ROWS * LD, 1), *y = normal_array(ROWS * LD, 1),
              *gamma = normal_array(LD, 2), *beta = normal_array(LD, 3);
        for (size_t j = 0; j < LD; j++) y[3 * LD + j] = x[3 * LD + j] += 1000.0f; /* far mean */
        for (size_t j = 0; j < LD; j++) y[4 * LD + j] = x[4 * LD + j] = 7.0f;     /* no variance */
        gn_nn_for(cpu)->layer_norm(y, ROWS, d, LD, gamma, beta, 1e-5f);
        for (size_t r = 0; r < ROWS; r++) {
            double mean = 0, var = 0;
            for (size_t j = 0; j < d; j++) mean += (double)x[r * LD + j] / (double)d;
            for (size_t j = 0; j < d; j++) var += pow((double)x[r * LD + j] - mean, 2) / (double)d;
            for (size_t j = 0; j < d; j++) {
                double want =
                    ((double)x[r * LD + j] - mean) / sqrt(var + (double)1e-5f) * (double)gamma[j] +
                    (double)beta[j];
                CHECK_NEAR((double)y[r * LD + j], want, 1e-6);
            }
            CHECK(memcmp(y + r * LD + d, x + r * LD + d, (LD - d) * sizeof *x) == 0);
        }
        gn_free(x), gn_free(y), gn_free(gamma), gn_free(beta);
    }
}

static double exact(gn_activation act, double x) {
    switch (act) {
    case GN_ACT_GELU:
        return 0.5 * x * erfc(-x / sqrt(2.0));
    case GN_ACT_GELU_TANH:
        return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1.0)) * (x + 0.044715 * x * x * x)));
    case GN_ACT_RELU:
        return x > 0 ? x : 0;
    case GN_ACT_SILU:
        return x / (1 + exp(-x));
    default:
        return x;
    }
}

/* Dense in [-12, 12], where all that happens happens, and far outside. */
TEST(activations) {
    enum { N = 200003 };
    float *x = gn_alloc(N, sizeof *x), *y = gn_alloc(N, sizeof *y);
    for (size_t i = 0; i < N; i++) x[i] = -12.0f + 24.0f * (float)i / (float)(N - 1);
    const float far[] = {0.0f,  -0.0f,  1e-30f, -1e-30f, 1e-40f, 13.7f,  -13.7f, 40.0f, -40.0f,
                         90.0f, -90.0f, 1e4f,   -1e4f,   1e18f,  -1e18f, 3e38f,  -3e38f};
    memcpy(x, far, sizeof far);
    FOR_LEVELS(cpu) for (int act = GN_ACT_NONE; act <= GN_ACT_SILU; act++) {
        const gn_nn *nn = gn_nn_for(cpu);
        nn->activate((gn_activation)act, x, y, N);
        double worst = 0;
        for (size_t i = 0; i < N; i++) {
            double e = fabs((double)y[i] - exact((gn_activation)act, (double)x[i])) /
                       fmax(fabs((double)x[i]), 1);
            if (!(e <= worst)) worst = e;
        }
        printf("# %s: activation %d: max |error| / max(|x|, 1) = %.2e\n", nn->name, act, worst);
        CHECK(worst <= 2e-7);
        /* In place, in pieces, at any place: the same bits. */
        static const size_t pieces[] = {1, 2, 7, 8, 15, 16, 17, 31, 33, 1000};
        float *z = gn_alloc(N, sizeof *z);
        memcpy(z, x, N * sizeof *z);
        for (size_t at = 0, p = 0; at < N; p++) {
            size_t n = pieces[p % 10] < N - at ? pieces[p % 10] : N - at;
            nn->activate((gn_activation)act, z + at, z + at, n);
            at += n;
        }
        CHECK(memcmp(y, z, N * sizeof *z) == 0);
        if (act == GN_ACT_GELU) {
            nn->gelu(x, z, N);
            CHECK(memcmp(y, z, N * sizeof *z) == 0);
        }
        gn_free(z);
    }
    gn_free(x), gn_free(y);
}

/* GELU's left tail is small, not noise: its relative error stays small down to 1e-34. And what is
 * far out on the left is 0, not a large number times a small one. */
TEST(left_tails) {
    enum { N = 23001 };
    float *x = gn_alloc(N, sizeof *x), *y = gn_alloc(N, sizeof *y);
    for (size_t i = 0; i < N; i++) x[i] = -12.5f + 0.0005f * (float)i;
    FOR_LEVELS(cpu) {
        gn_nn_for(cpu)->gelu(x, y, N);
        double worst = 0;
        for (size_t i = 0; i < N; i++) {
            double want = exact(GN_ACT_GELU, (double)x[i]), e = fabs((double)y[i] / want - 1);
            if (!(e <= worst)) worst = e;
        }
        printf("# %s: gelu on [-12.5, -1]: relative error %.1e\n", gn_nn_for(cpu)->name, worst);
        CHECK(worst <= 1e-6);
        const gn_activation acts[] = {GN_ACT_GELU, GN_ACT_GELU_TANH, GN_ACT_SILU};
        for (int a = 0; a < 3; a++) {
            float far[] = {-100.0f, -1e4f, -1e30f, -3e38f};
            gn_nn_for(cpu)->activate(acts[a], far, far, 4);
            for (int i = 0; i < 4; i++) CHECK(fabsf(far[i]) <= 1e-35f);
        }
    }
    gn_free(x), gn_free(y);
}

static void attention_reference(const float *q, const float *k, const float *v, size_t ld, size_t t,
                                size_t h, size_t dh, double scale, bool causal, double *out) {
    double *p = gn_alloc(t, sizeof *p);
    for (size_t head = 0; head < h; head++)
        for (size_t i = 0; i < t; i++) {
            size_t n = causal ? i + 1 : t, o = head * dh;
            double most = -HUGE_VAL, sum = 0;
            for (size_t j = 0; j < n; j++) {
                p[j] = 0;
                for (size_t c = 0; c < dh; c++)
                    p[j] += scale * (double)q[i * ld + o + c] * (double)k[j * ld + o + c];
                most = fmax(most, p[j]);
            }
            for (size_t j = 0; j < n; j++) sum += p[j] = exp(p[j] - most);
            for (size_t c = 0; c < dh; c++) {
                out[i * h * dh + o + c] = 0;
                for (size_t j = 0; j < n; j++)
                    out[i * h * dh + o + c] += p[j] / sum * (double)v[j * ld + o + c];
            }
        }
    gn_free(p);
}

TEST(attention) {
    static const size_t ts[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 65, 130},
                        dhs[] = {1, 5, 16, 32, 64, 80};
    enum { H = 3 };
    FOR_LEVELS(cpu) {
        double worst = 0;
        for (size_t a = 0; a < sizeof ts / sizeof *ts; a++)
            for (size_t b = 0; b < sizeof dhs / sizeof *dhs; b++)
                for (int causal = 0; causal < 2; causal++) {
                    size_t t = ts[a], dh = dhs[b], d = H * dh, ld = 3 * d, ld_out = d + 3;
                    float *qkv = normal_array(t * ld, 5), scale = 1.0f / sqrtf((float)dh);
                    float *out = gn_alloc(t * ld_out, sizeof *out);
                    double *want = gn_alloc(t * d, sizeof *want);
                    for (size_t i = 0; i < t * ld_out; i++) out[i] = -77.0f;
                    if (t > 3) /* large scores: the softmax must not overflow */
                        for (size_t c = 0; c < 2 * d; c++) qkv[3 * ld + c] *= 30.0f;
                    void *scratch = gn_alloc(gn_attention_scratch(t, dh), 1);
                    gn_nn_for(cpu)->attention(qkv, qkv + d, qkv + 2 * d, ld, t, H, dh, scale,
                                              causal, out, ld_out, scratch);
                    attention_reference(qkv, qkv + d, qkv + 2 * d, ld, t, H, dh, (double)scale,
                                        causal, want);
                    for (size_t i = 0; i < t; i++) {
                        for (size_t c = 0; c < d; c++) {
                            double e = fabs((double)out[i * ld_out + c] - want[i * d + c]);
                            if (!(e <= worst)) worst = e;
                        }
                        for (size_t c = d; c < ld_out; c++) CHECK(out[i * ld_out + c] == -77.0f);
                    }
                    gn_free(scratch), gn_free(qkv), gn_free(out), gn_free(want);
                }
        printf("# %s: attention: max |error| = %.2e\n", gn_nn_for(cpu)->name, worst);
        /* Scores reach 900 * sqrt(80) here, so their float32 rounding moves weights by 1e-4. */
        CHECK(worst <= 2e-4);
    }
}

TEST(attention_of_ordinary_scores_is_accurate) {
    enum { T = 48, H = 2, DH = 32, D = H * DH };
    float *qkv = normal_array(T * 3 * D, 6), *out = gn_alloc(T * D, sizeof *out);
    double *want = gn_alloc(T * D, sizeof *want);
    void *scratch = gn_alloc(gn_attention_scratch(T, DH), 1);
    FOR_LEVELS(cpu) {
        gn_nn_for(cpu)->attention(qkv, qkv + D, qkv + 2 * D, 3 * D, T, H, DH, 0.125f, false, out, D,
                                  scratch);
        attention_reference(qkv, qkv + D, qkv + 2 * D, 3 * D, T, H, DH, 0.125, false, want);
        for (size_t i = 0; i < T * D; i++) CHECK_NEAR((double)out[i], want[i], 1e-6);
    }
    gn_free(scratch), gn_free(qkv), gn_free(out), gn_free(want);
}

/* A causal model's first positions have the same bits in every window. */
TEST(causal_rows_do_not_depend_on_what_follows) {
    enum { T = 70, H = 2, DH = 32, D = H * DH };
    float *qkv = normal_array(T * 3 * D, 7), *all = gn_alloc(T * D, sizeof *all),
          *part = gn_alloc(T * D, sizeof *part);
    void *scratch = gn_alloc(gn_attention_scratch(T, DH), 1);
    FOR_LEVELS(cpu) {
        const gn_nn *nn = gn_nn_for(cpu);
        nn->attention(qkv, qkv + D, qkv + 2 * D, 3 * D, T, H, DH, 0.2f, true, all, D, scratch);
        for (size_t t = 1; t < T; t++) {
            nn->attention(qkv, qkv + D, qkv + 2 * D, 3 * D, t, H, DH, 0.2f, true, part, D, scratch);
            CHECK(memcmp(part, all, t * D * sizeof *all) == 0);
        }
    }
    gn_free(scratch), gn_free(qkv), gn_free(all), gn_free(part);
}

int main(void) {
    RUN(layer_norm);
    RUN(activations);
    RUN(left_tails);
    RUN(attention);
    RUN(attention_of_ordinary_scores_is_accurate);
    RUN(causal_rows_do_not_depend_on_what_follows);
    return tap_done();
}
