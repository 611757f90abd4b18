/* Principal components: against a plain Jacobi iteration, on exact data, and the promises of the
 * header: sign, order, threads, halves. */
#include "tap.h"

#include "base/mem.h"
#include "base/random.h"
#include "projection/pca.h"

#include <math.h>

static gn_ctx *context(unsigned threads) {
    gn_ctx *ctx = NULL;
    gn_ctx_new(&(gn_ctx_opts){.n_threads = threads}, &ctx, NULL);
    return ctx;
}

enum { N = 700, DIM = 13 };

static float *sample(uint64_t seed) {
    static float x[N * DIM];
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < DIM; j++)
            x[i * DIM + j] = (float)(gn_random_normal(&r) * (double)(j + 1) + 50 +
                                     (j ? 0.5 * (double)x[i * DIM + j - 1] : 0));
    return x;
}

/* Eigenvalues and vectors of a symmetric matrix by rotations; the rows of v are the vectors. */
static void jacobi(double a[DIM][DIM], double v[DIM][DIM]) {
    for (size_t i = 0; i < DIM; i++)
        for (size_t j = 0; j < DIM; j++) v[i][j] = i == j;
    for (int sweep = 0; sweep < 60; sweep++)
        for (size_t p = 0; p < DIM; p++)
            for (size_t q = p + 1; q < DIM; q++) {
                if (fabs(a[p][q]) < 1e-300) continue;
                double t = 0.5 * atan2(2 * a[p][q], a[q][q] - a[p][p]), c = cos(t), s = sin(t);
                for (size_t k = 0; k < DIM; k++) {
                    double x = a[p][k], y = a[q][k];
                    a[p][k] = c * x - s * y;
                    a[q][k] = s * x + c * y;
                }
                for (size_t k = 0; k < DIM; k++) {
                    double x = a[k][p], y = a[k][q];
                    a[k][p] = c * x - s * y;
                    a[k][q] = s * x + c * y;
                    x = v[p][k], y = v[q][k];
                    v[p][k] = c * x - s * y;
                    v[q][k] = s * x + c * y;
                }
            }
}

TEST(equals_a_plain_computation) {
    gn_error err;
    float *x = sample(1);
    static double mean[DIM], c[DIM][DIM], v[DIM][DIM], out[N * DIM];
    for (size_t j = 0; j < DIM; j++) {
        mean[j] = 0;
        for (size_t i = 0; i < N; i++) mean[j] += (double)x[i * DIM + j] / N;
    }
    for (size_t p = 0; p < DIM; p++)
        for (size_t q = 0; q < DIM; q++) {
            c[p][q] = 0;
            for (size_t i = 0; i < N; i++)
                c[p][q] += ((double)x[i * DIM + p] - mean[p]) * ((double)x[i * DIM + q] - mean[q]) /
                           (N - 1);
        }
    jacobi(c, v);
    gn_ctx *ctx = context(2);
    gn_pca *pca;
    OK(gn_pca_fit(ctx, gn_mat_f32(x, N, DIM), 0, &pca, &err));
    REQUIRE(gn_pca_components(pca) == DIM && gn_pca_dims(pca) == DIM);
    OK(gn_pca_project(ctx, pca, gn_mat_f32(x, N, DIM), out, &err));
    double total = 0, shares = 0;
    for (size_t j = 0; j < DIM; j++) total += c[j][j];
    CHECK_NEAR(gn_pca_total_variance(pca), total, 1e-10 * total);
    for (size_t k = 0; k < DIM; k++) {
        size_t best = 0; /* the k-th largest of the reference */
        for (size_t j = 0; j < DIM; j++) {
            size_t larger = 0;
            for (size_t m = 0; m < DIM; m++) larger += c[m][m] > c[j][j];
            if (larger == k) best = j;
        }
        const double *got = gn_pca_directions(pca) + k * DIM;
        CHECK_NEAR(gn_pca_variance(pca, k), c[best][best], 1e-10 * total);
        double cosine = 0, length = 0, largest = 0, worst = 0;
        for (size_t j = 0; j < DIM; j++) {
            cosine += got[j] * v[best][j];
            length += got[j] * got[j];
            if (fabs(got[j]) > fabs(largest)) largest = got[j];
        }
        CHECK_NEAR(fabs(cosine), 1, 1e-9);
        CHECK_NEAR(length, 1, 1e-12);
        CHECK(largest > 0);
        for (size_t i = 0; i < N; i++) {
            double want = 0;
            for (size_t j = 0; j < DIM; j++) want += ((double)x[i * DIM + j] - mean[j]) * got[j];
            worst = fmax(worst, fabs(want - out[i * DIM + k]));
        }
        CHECK(worst < 1e-10);
        shares += gn_pca_share(pca, k);
    }
    CHECK_NEAR(shares, 1, 1e-12);
    gn_pca_free(pca);
    gn_ctx_free(ctx);
}

TEST(exact_data) {
    /* points +-a_i e_i, shifted: directions are the axes, variances 2 a_i^2 / (n - 1) */
    gn_error err;
    static const double a[3] = {3, 1, 2};
    double x[6][3];
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 3; j++) x[i][j] = 7 + (i / 2 == j ? (i % 2 ? -1 : 1) * a[j] : 0);
    gn_pca *pca;
    double out[12];
    OK(gn_pca_fit(NULL, gn_mat_f64(&x[0][0], 6, 3), 2, &pca, &err));
    OK(gn_pca_project(NULL, pca, gn_mat_f64(&x[0][0], 6, 3), out, &err));
    CHECK_NEAR(gn_pca_variance(pca, 0), 18.0 / 5, 1e-12);
    CHECK_NEAR(gn_pca_variance(pca, 1), 8.0 / 5, 1e-12);
    CHECK_NEAR(gn_pca_share(pca, 0), 9.0 / 14, 1e-12);
    CHECK_NEAR(out[0], 3, 1e-12);
    CHECK_NEAR(out[2], -3, 1e-12);
    CHECK_NEAR(out[9], 2, 1e-12);
    CHECK_NEAR(gn_pca_mean(pca)[2], 7, 1e-12);
    gn_pca_free(pca);
}

TEST(threads_and_types_change_nothing) {
    gn_error err;
    float *x = sample(2);
    static double wide[N * DIM], out[3][N * 4];
    for (size_t i = 0; i < N * DIM; i++) wide[i] = (double)x[i];
    for (int k = 0; k < 3; k++) {
        gn_ctx *ctx = context(k == 1 ? 1 : 2);
        gn_mat m = k == 2 ? gn_mat_f64(wide, N, DIM) : gn_mat_f32(x, N, DIM);
        gn_pca *pca;
        OK(gn_pca_fit(ctx, m, 4, &pca, &err));
        OK(gn_pca_project(ctx, pca, m, out[k], &err));
        gn_pca_free(pca);
        gn_ctx_free(ctx);
        CHECK(memcmp(out[k], out[0], sizeof out[0]) == 0);
    }
}

TEST(what_cannot_be_done_says_why) {
    gn_error err;
    gn_pca *pca = NULL;
    float x[12] = {1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3};
    CHECK(gn_pca_fit(NULL, gn_mat_f32(x, 1, 3), 0, &pca, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "variance needs 2");
    CHECK(gn_pca_fit(NULL, gn_mat_f32(x, 4, 3), 0, &pca, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "all 4 rows are equal");
    CHECK(gn_pca_fit(NULL, gn_mat_f32(x, 3, 4), 3, &pca, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "3 components: 3 rows of 4 dimensions have 2");
    x[7] = NAN;
    CHECK(gn_pca_fit(NULL, gn_mat_f32(x, 4, 3), 0, &pca, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 2");
    CHECK(pca == NULL);
    x[7] = 9;
    double out[4];
    OK(gn_pca_fit(NULL, gn_mat_f32(x, 4, 3), 1, &pca, &err));
    CHECK(gn_pca_project(NULL, pca, gn_mat_f32(x, 3, 4), out, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "rows of 4 dimensions, components of 3");
    gn_pca_free(pca);
}

/* Means and covariance come from one pass around an estimate, from float32 products where rows are
 * many: against two passes in float64, for a cloud that lies far from the origin. */
TEST(many_rows) {
    enum { MOST = 140000, D = 5 };
    static const struct {
        size_t n;
        double tolerance;
    } cases[] = {{4097, 1e-10}, {20000, 1e-10}, {MOST, 2e-8}};
    gn_error err;
    float *x = gn_alloc(MOST * D, sizeof *x);
    double *out = gn_alloc(MOST * 2, sizeof *out);
    gn_random r = gn_random_new(3, 0);
    for (size_t i = 0; i < MOST; i++) /* drifts: the first rows are not like the last */
        for (size_t j = 0; j < D; j++)
            x[i * D + j] = (float)(300 + (double)i / MOST + (double)(1 + j) * gn_random_normal(&r));
    for (size_t a = 0; a < sizeof cases / sizeof *cases; a++) {
        const size_t n = cases[a].n;
        double mean[D] = {0}, c[D][D] = {{0}}, total = 0, worst = 0;
        for (size_t i = 0; i < n * D; i++) mean[i % D] += (double)x[i] / (double)n;
        for (size_t i = 0; i < n; i++)
            for (size_t p = 0; p < D; p++)
                for (size_t q = 0; q < D; q++)
                    c[p][q] += ((double)x[i * D + p] - mean[p]) * ((double)x[i * D + q] - mean[q]) /
                               (double)(n - 1);
        gn_pca *pca[2];
        for (unsigned t = 0; t < 2; t++) {
            gn_ctx *ctx = context(t + 1);
            OK(gn_pca_fit(ctx, gn_mat_f32(x, n, D), 0, &pca[t], &err));
            if (t)
                OK(gn_pca_project_some(ctx, pca[t], NULL, (size_t[]){3, 1}, 2, gn_mat_f32(x, n, D),
                                       out, &total, &err));
            gn_ctx_free(ctx);
        }
        for (size_t j = 0; j < D; j++) {
            CHECK_NEAR(gn_pca_mean(pca[0])[j], mean[j], 1e-9);
            for (size_t p = 0; p < D; p++) { /* C v = lambda v */
                const double *v = gn_pca_directions(pca[0]) + j * D;
                double product = 0;
                for (size_t q = 0; q < D; q++) product += c[p][q] * v[q];
                worst = fmax(worst, fabs(product - gn_pca_variance(pca[0], j) * v[p]));
            }
        }
        printf("# %zu rows: off by %.1e of the largest eigenvalue\n", n,
               worst / gn_pca_variance(pca[0], 0));
        CHECK(worst < cases[a].tolerance * gn_pca_variance(pca[0], 0));
        CHECK(memcmp(gn_pca_directions(pca[0]), gn_pca_directions(pca[1]),
                     D * D * sizeof(double)) == 0);
        CHECK_NEAR(total, gn_pca_total_variance(pca[0]) * (double)(n - 1), 1e-7 * total);
        for (size_t i = 0; i < n; i += 997)
            for (size_t k = 0; k < 2; k++) {
                double at = 0;
                for (size_t j = 0; j < D; j++)
                    at += ((double)x[i * D + j] - gn_pca_mean(pca[1])[j]) *
                          gn_pca_directions(pca[1])[(size_t)(k ? 1 : 3) * D + j];
                CHECK_NEAR(out[i * 2 + k], at, 1e-11);
            }
        gn_pca_free(pca[0]);
        gn_pca_free(pca[1]);
    }
    gn_pca *pca = NULL;
    x[(MOST - 2) * D + 3] = NAN; /* no estimate sees this row */
    CHECK(gn_pca_fit(NULL, gn_mat_f32(x, MOST, D), 0, &pca, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 139998, column 3");
    gn_free(x);
    gn_free(out);
}

int main(void) {
    RUN(equals_a_plain_computation);
    RUN(exact_data);
    RUN(threads_and_types_change_nothing);
    RUN(many_rows);
    RUN(what_cannot_be_done_says_why);
    return tap_done();
}
