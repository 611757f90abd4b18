/* Statistics against hand-worked values and plain loops; sums over rows, bit for bit across
 * instruction sets. */
#include "tap.h"

#include "levels.h"
#include "math/stats.h"

TEST(mean_and_deviation) {
    const double x[] = {2, 4, 4, 4, 5, 5, 7, 9};
    CHECK(gn_sum(x, 8) == 40 && gn_sum(x, 0) == 0);
    CHECK(gn_mean(x, 8) == 5);
    CHECK(gn_sd(x, 8, 0) == 2);
    CHECK_NEAR(gn_sd(x, 8, 1), sqrt(32.0 / 7), 1e-15);
    CHECK_NEAR(gn_sem(x, 8), sqrt(32.0 / 7 / 8), 1e-15);
    CHECK(isnan(gn_mean(x, 0)) && isnan(gn_sd(x, 1, 1)) && isnan(gn_sem(x, 1)));
    CHECK(gn_sd(x, 1, 0) == 0);
    /* A mean that is large against the spread, and a sum that is long. */
    enum { N = 1000003 };
    double *y = gn_alloc(N, sizeof *y);
    for (size_t i = 0; i < N; i++) y[i] = 1e8 + (double)(i % 2);
    CHECK_NEAR(gn_sd(y, N - 1, 0), 0.5, 1e-12);
    for (size_t i = 0; i < N; i++) y[i] = 0.1;
    CHECK_NEAR(gn_sum(y, N), 100000.3, 1e-14); /* one chain is off by 1e-11 here */
    gn_free(y);
}

TEST(quantiles) {
    const double q[] = {0, 0.25, 0.5, 0.75, 1, 0.1, 0.9};
    double x[] = {9, 1, 4, 16, 25}, out[7];
    gn_quantiles(x, 5, q, 7, out);
    const double want[] = {1, 4, 9, 16, 25, 1 + 3 * 0.4, 16 + 9 * 0.6};
    for (int i = 0; i < 7; i++) CHECK_NEAR(out[i], want[i], 1e-15);
    for (int i = 1; i < 5; i++) CHECK(x[i - 1] <= x[i]);
    double one = 3;
    gn_quantiles(&one, 1, q, 3, out);
    CHECK(out[0] == 3 && out[1] == 3 && out[2] == 3);
    double odd[] = {5, 1, 3}, even[] = {1e308, 1, 1.5e308, 3};
    CHECK(gn_median(odd, 3) == 3);
    CHECK_NEAR(gn_median(even, 4) / 1e308, 0.5, 1e-15);
}

TEST(argsort) {
    gn_error err;
    const double x[] = {3, 1, (double)NAN, 2, 1, -HUGE_VAL, (double)NAN, HUGE_VAL, 0.0, -0.0};
    const int32_t want[] = {5, 8, 9, 1, 4, 3, 0, 7, 2, 6};
    int32_t order[10];
    float f[10];
    OK(gn_argsort_f64(x, 10, order, &err));
    for (int i = 0; i < 10; i++) CHECK(order[i] == want[i]);
    for (int i = 0; i < 10; i++) f[i] = (float)x[i];
    OK(gn_argsort_f32(f, 10, order, &err));
    for (int i = 0; i < 10; i++) CHECK(order[i] == want[i]);
    for (size_t n = 0; n < 70; n++) { /* few distinct values: stability shows */
        gn_random r = gn_random_new(n, 1);
        double y[70];
        int32_t o[70];
        for (size_t i = 0; i < n; i++) y[i] = (double)gn_random_below(&r, 5);
        OK(gn_argsort_f64(y, n, o, &err));
        for (size_t i = 1; i < n; i++)
            CHECK(y[o[i - 1]] < y[o[i]] || (y[o[i - 1]] == y[o[i]] && o[i - 1] < o[i]));
        gn_sort_f64(y, n);
        for (size_t i = 1; i < n; i++) CHECK(y[i - 1] <= y[i]);
    }
    CHECK(gn_argsort_f64(x, (size_t)INT32_MAX + 1, order, &err) == GN_EINVAL);
}

TEST(row_sums) {
    enum { N = 800 };
    float *x = normal_array(N, 1), *y = normal_array(N, 2);
    for (size_t i = 0; i < N; i += 5) x[i] *= 1e4f, y[i] *= 1e-6f;
    static const size_t ns[] = {0,  1,  2,  7,  8,  9,   15,  16,  17, 31,
                                32, 33, 63, 64, 65, 383, 384, 385, 799};
    const gn_vec *plain = gn_vec_for(GN_CPU_SCALAR);
    FOR_LEVELS(cpu) for (size_t a = 0; a < sizeof ns / sizeof *ns; a++) {
        const gn_vec *v = gn_vec_for(cpu);
        size_t n = ns[a];
        double dot = 0, norm2 = 0, dist2 = 0, size = 0;
        for (size_t i = 0; i < n; i++) {
            double p = (double)x[i], q = (double)y[i];
            dot += p * q, norm2 += p * p, dist2 += (p - q) * (p - q), size += fabs(p * q);
        }
        CHECK(fabs(v->dot(x, y, n) - dot) <= 1e-15 * size);
        CHECK(fabs(v->norm2(x, n) - norm2) <= 1e-14 * norm2);
        CHECK(fabs(v->dist2(x, y, n) - dist2) <= 1e-14 * dist2);
        double got[] = {v->dot(x, y, n), v->norm2(x, n), v->dist2(x, y, n)},
               want[] = {plain->dot(x, y, n), plain->norm2(x, n), plain->dist2(x, y, n)};
        CHECK(memcmp(got, want, sizeof got) == 0);
        CHECK(v->dist2(x, x, n) == 0);
    }
    gn_free(x), gn_free(y);
}

TEST(float64_rows) {
    enum { N = 400 };
    float *f = normal_array(N, 3), *g = normal_array(N, 4);
    double x[N], y[N], want[N], got[N];
    static const size_t ns[] = {0, 1, 7, 8, 9, 15, 16, 17, 33, 384, 399};
    const gn_vec *plain = gn_vec_for(GN_CPU_SCALAR);
    for (size_t i = 0; i < N; i++) x[i] = (double)f[i] / 3, y[i] = 1e3 * (double)g[i] / 7;
    FOR_LEVELS(cpu) for (size_t a = 0; a < sizeof ns / sizeof *ns; a++) {
        const gn_vec *v = gn_vec_for(cpu);
        size_t n = ns[a];
        double dot = 0, size = 0;
        for (size_t i = 0; i < n; i++) dot += x[i] * y[i], size += fabs(x[i] * y[i]);
        double p = v->dot_f64(x, y, n), q = plain->dot_f64(x, y, n);
        CHECK(fabs(p - dot) <= 1e-15 * size && p == q);
        memcpy(got, y, sizeof got);
        v->add(-0.3, x, n, got);
        for (size_t i = 0; i < N; i++) {
            want[i] = y[i];
            if (i < n) want[i] += -0.3 * x[i];
        }
        CHECK(memcmp(got, want, sizeof got) == 0);
        memcpy(got, y, sizeof got);
        v->widen(f, n, got);
        for (size_t i = 0; i < N; i++) CHECK(got[i] == (i < n ? (double)f[i] : y[i]));
    }
    gn_free(f), gn_free(g);
}

/* The loop's own sums, whatever the width of the vectors. */
TEST(student_kernel) {
    enum { N = 100, STRIDE = 101 };
    float *f = normal_array(3 * STRIDE, 5);
    double y[3 * STRIDE], at[] = {0.3, -0.2, 1.1};
    static const size_t ns[] = {0, 1, 15, 16, 17, 31, 32, 100};
    const gn_vec *plain = gn_vec_for(GN_CPU_SCALAR);
    for (size_t i = 0; i < 3 * STRIDE; i++) y[i] = 2 * (double)f[i];
    FOR_LEVELS(cpu)
    for (size_t dim = 1; dim <= 3; dim++) for (size_t a = 0; a < sizeof ns / sizeof *ns; a++) {
        double z = 0, force[3] = {0}, got[3] = {7, 7, 7}, same[3] = {7, 7, 7};
        for (size_t j = 0; j < ns[a]; j++) {
            double d2 = 0;
            for (size_t c = 0; c < dim; c++) d2 += pow(at[c] - y[c * STRIDE + j], 2);
            z += 1 / (1 + d2);
            for (size_t c = 0; c < dim; c++)
                force[c] += (at[c] - y[c * STRIDE + j]) / ((1 + d2) * (1 + d2));
        }
        const double sum = gn_vec_for(cpu)->repel(at, y, STRIDE, ns[a], dim, got);
        CHECK(fabs(sum - z) <= 1e-14 * (double)ns[a]);
        CHECK(sum == plain->repel(at, y, STRIDE, ns[a], dim, same));
        for (size_t c = 0; c < dim; c++) CHECK(fabs(got[c] - force[c]) <= 1e-14 * (double)ns[a]);
        CHECK(memcmp(got, same, sizeof got) == 0);
    }
    gn_free(f);
}

int main(void) {
    RUN(mean_and_deviation);
    RUN(quantiles);
    RUN(argsort);
    RUN(row_sums);
    RUN(float64_rows);
    RUN(student_kernel);
    return tap_done();
}
