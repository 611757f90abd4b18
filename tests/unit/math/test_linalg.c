/* Means, second moments and eigenvalues: against plain loops and against the definitions, and bit
 * for bit on any number of threads. */
#include "tap.h"

#include "levels.h"
#include "math/linalg.h"

int openblas_get_num_threads(void);
void openblas_set_num_threads(int n);

static gn_ctx *context(unsigned threads, gn_cpu cpu) {
    gn_ctx *ctx = NULL;
    gn_ctx_new(&(gn_ctx_opts){.n_threads = threads, .cpu = cpu}, &ctx, NULL);
    return ctx;
}

TEST(means_and_moments) {
    static const size_t ds[] = {1, 2, 7, 95, 96, 97, 200}, ns[] = {1, 2, 255, 256, 257, 700};
    enum { LD = 203 };
    gn_error err;
    float *x = normal_array(700 * LD, 1);
    for (size_t i = 0; i < 700; i++) x[i * LD] += 1e4f; /* one column far from zero */
    double *mean = gn_alloc(LD, sizeof *mean), *c = gn_alloc(LD * LD, sizeof *c);
    FOR_LEVELS(cpu)
    for (size_t a = 0; a < sizeof ds / sizeof *ds; a++)
        for (size_t b = 0; b < sizeof ns / sizeof *ns; b++) {
            size_t d = ds[a], n = ns[b];
            gn_mat m = {x, n, d, LD, GN_F32};
            gn_ctx *ctx = context(2, cpu);
            OK(gn_column_means(ctx, m, mean, &err));
            for (size_t j = 0; j < d; j++) {
                double s = 0;
                for (size_t i = 0; i < n; i++) s += (double)x[i * LD + j];
                CHECK_NEAR(mean[j], s / (double)n, 1e-13);
            }
            OK(gn_second_moments(ctx, m, mean, (double)n, c, &err));
            for (size_t p = 0; p < d; p++)
                for (size_t q = 0; q < d; q++) {
                    CHECK(c[p * d + q] == c[q * d + p]);
                    if (q > p || (p + q) % 3) continue;
                    double s = 0;
                    for (size_t i = 0; i < n; i++)
                        s += ((double)x[i * LD + p] - mean[p]) * ((double)x[i * LD + q] - mean[q]);
                    CHECK_NEAR(c[p * d + q], s / (double)n, 1e-13);
                }
            OK(gn_second_moments(ctx, m, NULL, 1, c, &err));
            double s = 0;
            for (size_t i = 0; i < n; i++) s += (double)x[i * LD] * (double)x[i * LD + d - 1];
            CHECK_NEAR(c[d - 1], s, 1e-12);
            gn_ctx_free(ctx);
        }
    gn_free(x), gn_free(mean), gn_free(c);
}

static const float *f32_rows;
static void load_f32(void *user, size_t i0, size_t k, unsigned worker, double *out) {
    (void)worker;
    size_t d = *(size_t *)user;
    for (size_t i = 0; i < k * d; i++) out[i] = (double)f32_rows[i0 * d + i];
}

/* Float32 products of many rows: the error that moments_f32.c promises, with a column 1e3 times the
 * others and a mean 1e4 away, on any number of threads the same. */
TEST(moments_from_float32_products) {
    enum { N = 20000 };
    static const size_t ds[] = {1, 33, 130};
    gn_error err;
    FOR_LEVELS(cpu)
    for (size_t a = 0; a < sizeof ds / sizeof *ds; a++) {
        size_t d = ds[a], n = N + a * 77;
        float *x = normal_array(n * d, 3);
        double *mean = gn_alloc(d, sizeof *mean), *c = gn_alloc(d * d, sizeof *c),
               *f = gn_alloc(d * d, sizeof *c), *g = gn_alloc(d * d, sizeof *c), worst = 0;
        for (size_t i = 0; i < n; i++) x[i * d] = 1e4f + 1e3f * x[i * d];
        f32_rows = x;
        gn_rows rows = {.n = n, .d = d, .user = &d, .load = load_f32};
        for (unsigned t = 1; t < 4; t++) {
            gn_ctx *ctx = context(t, cpu);
            OK(gn_column_means(ctx, gn_mat_f32(x, n, d), mean, &err));
            if (t == 1) OK(gn_rows_moments(ctx, &rows, mean, (double)n, c, &err));
            OK(gn_rows_moments_f32(ctx, &rows, mean, (double)n, t == 1 ? f : g, &err));
            gn_ctx_free(ctx);
            if (t > 1) CHECK(memcmp(f, g, d * d * sizeof *f) == 0);
        }
        for (size_t i = 0; i < d; i++)
            for (size_t j = 0; j < d; j++) {
                double off = fabs(f[i * d + j] - c[i * d + j]) / sqrt(c[i * d + i] * c[j * d + j]);
                worst = off > worst ? off : worst;
                CHECK(f[i * d + j] == f[j * d + i]);
            }
        printf("# d %zu, %s: worst element off by %.2g of sqrt(C_aa C_bb)\n", d, gn_cpu_name(cpu),
               worst);
        CHECK(worst < 5 * 2e-7 / sqrt(N / 256.0));
        gn_free(x), gn_free(mean), gn_free(c), gn_free(f), gn_free(g);
    }
}

TEST(threads_change_no_bit) {
    enum { N = 1000, D = 301 };
    gn_error err;
    float *x = normal_array(N * D, 2);
    double *mean[3], *c[3];
    FOR_LEVELS(cpu) {
        for (unsigned t = 0; t < 3; t++) {
            gn_ctx *ctx = context(t + 1, cpu);
            mean[t] = gn_alloc(D, sizeof **mean), c[t] = gn_alloc(D * D, sizeof **c);
            OK(gn_column_means(ctx, gn_mat_f32(x, N, D), mean[t], &err));
            OK(gn_second_moments(ctx, gn_mat_f32(x, N, D), mean[t], N - 1, c[t], &err));
            gn_ctx_free(ctx);
            CHECK(memcmp(mean[t], mean[0], D * sizeof **mean) == 0);
            CHECK(memcmp(c[t], c[0], D * D * sizeof **c) == 0);
        }
        for (unsigned t = 0; t < 3; t++) gn_free(mean[t]), gn_free(c[t]);
    }
    gn_free(x);
}

TEST(other_types_and_bad_values) {
    gn_error err;
    const double x[] = {1, 2, 9, 3, 6, 9};
    const uint16_t h[] = {0x3c00, 0x4000, 0x4200, 0x4600}; /* 1 2 / 3 6 in float16 */
    double mean[2] = {-1, -1}, c[4];
    gn_mat m = {x, 2, 2, 3, GN_F64}, hm = {h, 2, 2, 2, GN_F16};
    OK(gn_column_means(NULL, m, mean, &err));
    CHECK(mean[0] == 2 && mean[1] == 4);
    OK(gn_second_moments(NULL, hm, mean, 2, c, &err));
    CHECK(c[0] == 1 && c[1] == 2 && c[2] == 2 && c[3] == 4);
    float bad[] = {1, 2, 3, INFINITY};
    double untouched[2] = {-1, -1};
    CHECK(gn_column_means(NULL, gn_mat_f32(bad, 2, 2), untouched, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 1, column 1");
    CHECK(untouched[0] == -1);
    CHECK(gn_column_means(NULL, gn_mat_f32(bad, 0, 2), untouched, &err) == GN_EINVAL);
    CHECK(gn_second_moments(NULL, m, mean, 0, c, &err) == GN_EINVAL);
    gn_mat ints = {x, 2, 2, 3, GN_I32};
    CHECK(gn_column_means(NULL, ints, untouched, &err) == GN_EINVAL);
    CHECK(gn_second_moments(NULL, ints, mean, 1, c, &err) == GN_EINVAL);
}

static bool cancel_at_once(void *user) {
    (void)user;
    return true;
}
TEST(cancel) {
    gn_error err;
    gn_ctx *ctx;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .hooks = {.cancel = cancel_at_once}}, &ctx, &err));
    float x[4] = {1, 2, 3, 4};
    double out[4] = {-1};
    CHECK(gn_second_moments(ctx, gn_mat_f32(x, 2, 2), NULL, 1, out, &err) == GN_ECANCEL);
    CHECK(out[0] == -1);
    gn_ctx_free(ctx);
}

/* A v = lambda v, orthonormal v, descending values, against a matrix built from known ones. */
TEST(eigen) {
    gn_error err;
    openblas_set_num_threads(2);
    double two[] = {2, 1, 1, 2}, w[2], v[4];
    OK(gn_eigen_symmetric(two, 2, w, v, &err));
    CHECK_NEAR(w[0], 3, 1e-15);
    CHECK_NEAR(w[1], 1, 1e-15);
    CHECK_NEAR(v[0], sqrt(0.5), 1e-15);
    CHECK_NEAR(v[1], sqrt(0.5), 1e-15);
    CHECK_NEAR(fabs(v[2]), sqrt(0.5), 1e-15);
    CHECK_NEAR(v[2], -v[3], 1e-15);
    static const size_t ns[] = {1, 3, 30, 101};
    for (size_t a = 0; a < sizeof ns / sizeof *ns; a++) {
        size_t n = ns[a];
        double *m = gn_alloc(n * n, sizeof *m), *copy = gn_alloc(n * n, sizeof *m),
               *values = gn_alloc(n, sizeof *m), *only = gn_alloc(n, sizeof *m),
               *vectors = gn_alloc(n * n, sizeof *m);
        gn_random r = gn_random_new(n, 0);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j <= i; j++) m[i * n + j] = m[j * n + i] = gn_random_normal(&r);
        memcpy(copy, m, n * n * sizeof *m);
        for (size_t i = 0; i < n; i++) /* the lower triangle alone is read */
            for (size_t j = i + 1; j < n; j++) copy[i * n + j] = (double)NAN;
        OK(gn_eigen_symmetric(copy, n, values, vectors, &err));
        memcpy(copy, m, n * n * sizeof *m);
        OK(gn_eigen_symmetric(copy, n, only, NULL, &err));
        for (size_t i = 0; i < n; i++) {
            CHECK_NEAR(only[i], values[i], 1e-12 * (double)n);
            if (i) CHECK(values[i - 1] >= values[i]);
            double largest = 0; /* with the sign that the contract fixes */
            for (size_t p = 0; p < n; p++)
                if (fabs(vectors[i * n + p]) > fabs(largest)) largest = vectors[i * n + p];
            CHECK(largest > 0);
            for (size_t p = 0; p < n; p++) {
                double s = 0, dot = 0;
                for (size_t q = 0; q < n; q++) {
                    s += m[p * n + q] * vectors[i * n + q];
                    dot += vectors[p * n + q] * vectors[i * n + q];
                }
                CHECK_NEAR(s, values[i] * vectors[i * n + p], 1e-13 * (double)n);
                CHECK_NEAR(dot, p == i, 1e-13 * (double)n);
            }
        }
        gn_free(m), gn_free(copy), gn_free(values), gn_free(only), gn_free(vectors);
    }
    CHECK(openblas_get_num_threads() == 2); /* as it was */
    double bad[] = {1, 0, HUGE_VAL, 1};
    CHECK(gn_eigen_symmetric(bad, 2, w, NULL, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 1, column 0");
    CHECK(gn_eigen_symmetric(bad, 0, w, NULL, &err) == GN_EINVAL);
}

int main(void) {
    RUN(means_and_moments);
    RUN(moments_from_float32_products);
    RUN(threads_change_no_bit);
    RUN(other_types_and_bad_values);
    RUN(cancel);
    RUN(eigen);
    return tap_done();
}
