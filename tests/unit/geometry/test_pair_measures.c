/* Hubness, uniformity, alignment and correlation dimension against naive loops and closed forms;
 * their error bars against the scatter of repeated samples. */
#include "tap.h"

#include "base/random.h"
#include "gonio/lid.h"

#include <string.h>

static gn_ctx *one, *two;

static void gauss(double *x, size_t n, uint64_t seed) {
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < n; i++) x[i] = gn_random_normal(&r);
}

TEST(hubs_are_counted) {
    enum { N = 40, K = 5, USED = 3 };
    gn_error err;
    int32_t index[N * K], count[N], want[N] = {0};
    float distance[N * K];
    gn_random r = gn_random_new(1, 0);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < K; j++) {
            do {
                uint64_t a = gn_random_below(&r, N), b = gn_random_below(&r, N);
                index[i * K + j] = (int32_t)(a < b ? a : b);
            } while (index[i * K + j] == (int32_t)i);
            distance[i * K + j] = 1;
            if (j < USED) want[index[i * K + j]]++;
        }
    gn_knn knn = {.n = N, .k = K, .index = index, .distance = distance};
    gn_hubness h;
    OK(gn_hubness_compute(&knn, USED, count, &h, &err));
    CHECK(memcmp(count, want, sizeof want) == 0);
    double m2 = 0, m3 = 0, most = 0, none = 0;
    for (size_t i = 0; i < N; i++) {
        m2 += pow(want[i] - USED, 2) / N;
        m3 += pow(want[i] - USED, 3) / N;
        most = fmax(most, want[i]);
        none += want[i] == 0;
    }
    CHECK_NEAR(h.skewness, m3 / pow(m2, 1.5), 1e-12);
    CHECK(h.max == most && h.n == N && h.k == USED && h.skewness_se > 0);
    CHECK_NEAR(h.orphan_share, none / N, 1e-15);
    for (size_t i = 0; i < N; i++) index[i * K] = (int32_t)((i + 1) % N); /* a ring: no hubs */
    OK(gn_hubness_compute(&knn, 1, NULL, &h, &err));
    CHECK(isnan(h.skewness) && h.max == 1 && h.orphan_share == 0);
    CHECK(gn_hubness_compute(&knn, 6, NULL, &h, &err) == GN_EINVAL);
    index[7] = N;
    CHECK(gn_hubness_compute(&knn, 5, NULL, &h, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 1, rank 3 is 40");
}

/* Euclidean length of u_i - u_j, unit vectors when asked for. */
static double naive(const double *x, size_t d, size_t i, size_t j, bool unit) {
    double a = 0, b = 0, s = 0;
    for (size_t c = 0; c < d; c++) {
        a += x[i * d + c] * x[i * d + c];
        b += x[j * d + c] * x[j * d + c];
    }
    for (size_t c = 0; c < d; c++)
        s += pow(x[i * d + c] / (unit ? sqrt(a) : 1) - x[j * d + c] / (unit ? sqrt(b) : 1), 2);
    return sqrt(s);
}

TEST(pairs_equal_a_naive_double_loop) {
    enum { N = 90, D = 7 };
    gn_error err;
    double x[N * D], sum = 0, pairs = 0;
    int32_t type[N];
    gauss(x, N * D, 2);
    for (size_t i = 0; i < N; i++) type[i] = i < 70 ? (int32_t)(i * i % 11) : -1;
    for (size_t j = 0; j < D; j++) x[5 * D + j] = 3 * x[9 * D + j]; /* same direction */
    gn_pair_estimate e;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++)
            if (i != j) sum += exp(-2 * pow(naive(x, D, i, j, true), 2));
    OK(gn_uniformity(one, gn_mat_f64(x, N, D), NULL, &e, &err));
    CHECK_NEAR(e.value, log(sum / (N * (N - 1))), 1e-12);
    CHECK(e.n_rows == N && e.n_pairs == N * (N - 1) / 2);

    double by_type = 0, types = 0;
    sum = 0;
    for (int32_t t = 0; t < 11; t++) {
        double s = 0, n = 0;
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++)
                if (i != j && type[i] == t && type[j] == t) {
                    s += pow(naive(x, D, i, j, true), 2);
                    n++;
                }
        sum += s;
        pairs += n;
        if (n > 0) by_type += s / n, types++;
    }
    OK(gn_alignment(gn_mat_f64(x, N, D), type, false, &e, &err));
    CHECK_NEAR(e.value, sum / pairs, 1e-12);
    CHECK(e.n_pairs == pairs / 2 && e.n_rows == 70 && e.se > 0);
    OK(gn_alignment(gn_mat_f64(x, N, D), type, true, &e, &err));
    CHECK_NEAR(e.value, by_type / types, 1e-12);
    OK(gn_alignment(gn_mat_f64(x, N, D), NULL, true, &e, &err));
    CHECK(isnan(e.value) && isnan(e.se) && e.n_pairs == 0);

    double r[N * N], logs = 0, below = 0;
    size_t n = 0;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < i; j++) r[n++] = naive(x, D, i, j, false);
    OK(gn_correlation_dimension(one, gn_mat_f64(x, N, D), &(gn_pair_opts){.share = 0.1}, &e, &err));
    for (size_t p = 0; p < n; p++)
        if (r[p] < e.scale) logs -= log(r[p] / e.scale), below++;
    CHECK(below == e.n_pairs && fabs(below / (double)n - 0.1) < 0.002);
    CHECK_NEAR(e.value, below / logs, 1e-5); /* distances are kept as float32 */
}

TEST(closed_forms) {
    enum { N = 3000 };
    gn_error err;
    static double x[N * 4];
    gn_pair_estimate e;
    memset(x, 0, sizeof x);
    for (size_t i = 0; i < 4; i++) x[i * 4 + i] = (double)(i + 1); /* right angles */
    OK(gn_uniformity(one, gn_mat_f64(x, 4, 4), NULL, &e, &err));
    CHECK_NEAR(e.value, -4, 1e-14);
    for (size_t i = 0; i < 16; i++) x[i] = (double)(i / 4 + 1); /* one direction */
    OK(gn_uniformity(one, gn_mat_f64(x, 4, 4), NULL, &e, &err));
    CHECK_NEAR(e.value, 0, 1e-14);
    OK(gn_alignment(gn_mat_f64(x, 4, 4), (int32_t[]){0, 0, 0, 0}, false, &e, &err));
    CHECK_NEAR(e.value, 0, 1e-14);
    /* uniform in a square, and on a circle: slopes 2 and 1 */
    gn_random r = gn_random_new(5, 0);
    for (size_t i = 0; i < N * 2; i++) x[i] = gn_random_uniform(&r);
    OK(gn_correlation_dimension(two, gn_mat_f64(x, N, 2), NULL, &e, &err));
    CHECK_NEAR(e.value, 2, 0.05); /* 3.6 % of the balls of radius 0.056 are cut by an edge */
    for (size_t i = 0; i < N; i++) {
        double a = 6.28318530717959 * gn_random_uniform(&r);
        x[2 * i] = 7 * cos(a);
        x[2 * i + 1] = 7 * sin(a);
    }
    OK(gn_correlation_dimension(two, gn_mat_f64(x, N, 2), NULL, &e, &err));
    CHECK_NEAR(e.value, 1, 0.03);
    CHECK_NEAR(e.scale, 7 * 2 * sin(3.14159265358979 * 0.01 / 2), 0.02);
}

/* The bars are to say how far another sample would be: ratio to the scatter of 60 of them. */
TEST(error_bars_match_repeated_samples) {
    enum { N = 200, D = 3, ROUNDS = 60, K = 10 };
    gn_error err;
    double x[N * D], value[3][ROUNDS], bar[3] = {0};
    int32_t sequence[N];
    if (test_quick()) SKIP("a statistic of 60 repeats");
    for (size_t i = 0; i < N; i++) sequence[i] = (int32_t)(i / 2);
    for (size_t t = 0; t < ROUNDS; t++) {
        gauss(x, N * D, 100 + t);
        for (size_t i = 0; i < N * D; i++) /* pairs of rows that are alike */
            x[i] = i / D % 2 ? x[i - D] + 0.3 * x[i] : x[i] + 1;
        gn_pair_opts o = {.sequence = sequence, .share = 0.1};
        gn_pair_estimate e;
        gn_hubness h;
        gn_knn *knn;
        OK(gn_uniformity(one, gn_mat_f64(x, N, D), &o, &e, &err));
        value[0][t] = e.value;
        bar[0] += e.se / ROUNDS;
        OK(gn_correlation_dimension(one, gn_mat_f64(x, N, D), &o, &e, &err));
        value[1][t] = e.value;
        bar[1] += e.se / ROUNDS;
        OK(gn_knn_compute(one, gn_mat_f64(x, N, D), &(gn_knn_opts){.k = K}, &knn, &err));
        OK(gn_hubness_compute(knn, K, NULL, &h, &err));
        gn_knn_free(knn);
        value[2][t] = h.skewness;
        bar[2] += h.skewness_se / ROUNDS;
    }
    for (int m = 0; m < 3; m++) {
        double mean = 0, square = 0;
        for (size_t t = 0; t < ROUNDS; t++) mean += value[m][t] / ROUNDS;
        for (size_t t = 0; t < ROUNDS; t++) square += pow(value[m][t] - mean, 2) / (ROUNDS - 1);
        double ratio = bar[m] / sqrt(square);
        printf("# measure %d: %g, bar / scatter %.2f\n", m, mean, ratio);
        CHECK(ratio > 0.6 && ratio < 1.6);
    }
}

TEST(samples_threads_and_types_of_number) {
    enum { N = 500, D = 6 };
    gn_error err;
    double x[N * D];
    float f[N * D];
    gauss(x, N * D, 7);
    for (size_t i = 0; i < N * D; i++) x[i] = (double)(f[i] = (float)x[i]);
    gn_pair_opts o = {.sample = 120, .share = 0.2};
    gn_pair_estimate a, b;
    OK(gn_uniformity(one, gn_mat_f64(x, N, D), &o, &a, &err));
    OK(gn_uniformity(two, gn_mat_f32(f, N, D), &o, &b, &err));
    CHECK(a.n_rows == 120 && memcmp(&a, &b, sizeof a) == 0);
    OK(gn_correlation_dimension(one, gn_mat_f64(x, N, D), &o, &a, &err));
    OK(gn_correlation_dimension(two, gn_mat_f32(f, N, D), &o, &b, &err));
    CHECK(a.n_rows == 120 && memcmp(&a, &b, sizeof a) == 0);
}

TEST(wrong_input_is_named) {
    gn_error err;
    double x[4 * 2] = {1, 2, 3, 4, 5, 6, 0, 0};
    gn_pair_estimate e = {.n_rows = 77};
    CHECK(gn_uniformity(one, gn_mat_f64(x, 4, 2), NULL, &e, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 3");
    CHECK(gn_alignment(gn_mat_f64(x, 4, 2), (int32_t[]){1, 1, 1, 1}, false, &e, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 3");
    CHECK(gn_uniformity(one, gn_mat_f64(x, 2, 2), NULL, &e, &err) == GN_EINVAL);
    CHECK(gn_correlation_dimension(one, gn_mat_f64(x, 4, 2), &(gn_pair_opts){.share = 1}, &e,
                                   &err) == GN_EINVAL);
    for (int i = 0; i < 8; i++) x[i] = 1;
    CHECK(gn_correlation_dimension(one, gn_mat_f64(x, 4, 2), NULL, &e, &err) == GN_EDATA);
    x[3] = (double)NAN;
    CHECK(gn_correlation_dimension(one, gn_mat_f64(x, 4, 2), NULL, &e, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 1, column 1");
    CHECK(e.n_rows == 77);
}

int main(void) {
    gn_error err;
    if (gn_ctx_new(&(gn_ctx_opts){.n_threads = 1}, &one, &err) != GN_OK) return 1;
    if (gn_ctx_new(&(gn_ctx_opts){.n_threads = 2}, &two, &err) != GN_OK) return 1;
    RUN(hubs_are_counted);
    RUN(pairs_equal_a_naive_double_loop);
    RUN(closed_forms);
    RUN(error_bars_match_repeated_samples);
    RUN(samples_threads_and_types_of_number);
    RUN(wrong_input_is_named);
    gn_ctx_free(one);
    gn_ctx_free(two);
    return tap_done();
}
