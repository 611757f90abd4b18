/* Local dimension against closed forms (a sphere, tori), naive sums, duplicates and offsets. */
#include "geometry_data.h"

#include "base/random.h"
#include "gonio/lid.h"

static gn_ctx *ctx;

static double *sphere(size_t n, uint64_t seed) {
    double *x = malloc(3 * n * sizeof *x);
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < n; i++) {
        double s = 0;
        for (size_t j = 0; j < 3; j++) {
            x[3 * i + j] = gn_random_normal(&r);
            s += x[3 * i + j] * x[3 * i + j];
        }
        for (size_t j = 0; j < 3; j++) x[3 * i + j] /= sqrt(s);
    }
    return x;
}

static gn_mat distances(const gn_knn *knn) {
    return gn_mat_f32(knn->distance, knn->n, knn->k);
}

static double mean_of(gn_mat dist, gn_lid_opts o, double *harmonic) {
    gn_error err = {0};
    gn_lid_summary s = {.mean = (double)NAN};
    if (gn_lid(dist, &o, NULL, &s, &err) != GN_OK) printf("# %s\n", err.message);
    if (harmonic) *harmonic = s.harmonic;
    return s.mean;
}

/* Uniform on S^2, N = 20,000, k = 100: what each variant is to give, within 2 %. */
TEST(variants_on_the_sphere) {
    enum { N = 20000, K = 100 };
    gn_error err;
    double *x = sphere(N, 1), harmonic;
    gn_knn *l2 = NULL, *cosine = NULL;
    OK(gn_knn_compute(ctx, gn_mat_f64(x, N, 3), &(gn_knn_opts){.k = K}, &l2, &err));
    OK(gn_knn_compute(ctx, gn_mat_f64(x, N, 3), &(gn_knn_opts){.k = K, .metric = GN_COSINE},
                      &cosine, &err));
    gn_mat e = distances(l2), c = distances(cosine);
    CHECK_NEAR(mean_of(e, (gn_lid_opts){.variant = GN_LID_CAI2021, .dim = 3}, NULL), 1.0204, 0.02);
    CHECK_NEAR(
        mean_of(c, (gn_lid_opts){.variant = GN_LID_CAI2021, .squared = true, .dim = 3}, NULL),
        1.0204, 0.02);
    CHECK_NEAR(mean_of(e, (gn_lid_opts){.variant = GN_LID_AMSALEG}, NULL), 2.0408, 0.02);
    CHECK_NEAR(mean_of(e, (gn_lid_opts){.variant = GN_LID_LEVINA_BICKEL}, NULL), 2.0204, 0.02);
    CHECK_NEAR(mean_of(e, (gn_lid_opts){0}, &harmonic), 2, 0.02);
    CHECK_NEAR(harmonic, 2, 0.02);
    CHECK_NEAR(mean_of(c, (gn_lid_opts){.squared = true}, &harmonic), 2, 0.02);
    CHECK_NEAR(harmonic, 2, 0.02);
    /* chords and 1 - cos are one geometry: the same value, not only the same expectation */
    CHECK_NEAR(mean_of(c, (gn_lid_opts){.squared = true}, NULL), mean_of(e, (gn_lid_opts){0}, NULL),
               1e-6);
    gn_knn_free(l2);
    gn_knn_free(cosine);
    free(x);
}

/* Distances to the k nearest of n points on the unit torus, from q of them: a plain loop. Balls
 * that hold 3 k points are enough to look through. */
static double *torus(size_t n, size_t D, size_t q, size_t k, uint64_t seed) {
    double *x = malloc(n * D * sizeof *x), *out = malloc(q * k * sizeof *out);
    struct near *row = malloc(n * sizeof *row);
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < n * D; i++) x[i] = gn_random_uniform(&r);
    double ball = pow(3.14159265358979, (double)D / 2) / tgamma((double)D / 2 + 1);
    double reach = pow(3 * (double)k / (double)n / ball, 1 / (double)D);
    for (size_t i = 0; i < q; i++) {
        size_t m = 0;
        for (size_t j = 0; j < n; j++) {
            double s = 0;
            for (size_t c = 0; c < D && j != i; c++) {
                double u = fabs(x[i * D + c] - x[j * D + c]);
                u = fmin(u, 1 - u);
                s += u * u;
            }
            if (j != i && s < reach * reach) row[m++] = (struct near){sqrt(s), (int32_t)j};
        }
        qsort(row, m, sizeof *row, nearer);
        for (size_t j = 0; j < k; j++) out[i * k + j] = j < m ? row[j].r : (double)NAN;
    }
    free(x);
    free(row);
    return out;
}

TEST(torus_dimensions_and_scatter) {
    enum { N = 20000, Q = 2000, K = 100 };
    const double sd[] = {0.205, 0.410, 0.615};
    gn_error err;
    size_t most = test_quick() ? 1 : 3;
    for (size_t c = 0; c < most; c++) {
        size_t D = 2 * (c + 1);
        double *d = torus(N, D, Q, K, 10 + c);
        gn_lid_summary s, lb;
        OK(gn_lid(gn_mat_f64(d, Q, K), NULL, NULL, &s, &err));
        OK(gn_lid(gn_mat_f64(d, Q, K), &(gn_lid_opts){.variant = GN_LID_LEVINA_BICKEL}, NULL, &lb,
                  &err));
        double want = (double)D;
        CHECK(fabs(s.mean - want) <= 0.02 * want);
        CHECK(fabs(s.harmonic - want) <= 0.02 * want);
        CHECK_NEAR(lb.mean / s.mean, 99.0 / 98, 1e-12);
        /* the standard deviation of 2,000 values is itself known to 2 % (3 % as they overlap) */
        CHECK(fabs(lb.sd - sd[c]) <= 0.06 * sd[c]);
        CHECK_NEAR(s.mean_se, s.sd / sqrt(Q), 1e-12);
        free(d);
    }
}

/* Every variant and aggregation against plain sums on a small table. */
TEST(values_equal_naive_sums) {
    enum { N = 50, K = 12, USED = 9 };
    gn_error err;
    double d[N * K], value[N], sum[N], mean_of_sums = 0;
    gn_random r = gn_random_new(3, 0);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < K; j++)
            d[i * K + j] = (j ? d[i * K + j - 1] : 0.5) + gn_random_uniform(&r);
    for (size_t i = 0; i < N; i++) {
        sum[i] = 0;
        for (size_t j = 0; j < USED; j++) sum[i] += log(d[i * K + USED - 1]) - log(d[i * K + j]);
        mean_of_sums += sum[i] / N;
    }
    const double minus[] = {2, 1, 0};
    for (int v = 0; v < 3; v++) {
        gn_lid_summary s;
        OK(gn_lid(gn_mat_f64(d, N, K), &(gn_lid_opts){.k = USED, .variant = (gn_lid_variant)v},
                  value, &s, &err));
        double mean = 0, square = 0;
        for (size_t i = 0; i < N; i++) {
            CHECK_NEAR(value[i], (USED - minus[v]) / sum[i], 1e-13);
            mean += value[i] / N;
        }
        for (size_t i = 0; i < N; i++) square += (value[i] - mean) * (value[i] - mean) / N;
        CHECK_NEAR(s.mean, mean, 1e-13);
        CHECK_NEAR(s.sd, sqrt(square), 1e-12);
        CHECK_NEAR(s.harmonic, (USED - 1) / mean_of_sums, 1e-12);
        CHECK(s.n == N && s.n_zero == 0 && s.n_undefined == 0);
    }
    gn_lid_summary c;
    OK(gn_lid(gn_mat_f64(d, N, K), &(gn_lid_opts){.k = USED, .variant = GN_LID_CAI2021, .dim = 7},
              value, &c, &err));
    for (size_t i = 0; i < N; i++) CHECK_NEAR(value[i], USED / (2 * sum[i]), 1e-13);
    double half = 0;
    OK(gn_lid_local_knn(gn_mat_f64(d, N, K), &(gn_lid_opts){.k = USED}, &c, &err));
    for (size_t i = 0; i < N; i++) half += log(2) / log(d[i * K + 7] / d[i * K + 3]) / N;
    CHECK_NEAR(c.mean, half, 1e-13); /* k = 9 counts as 8 */
}

TEST(zeros_ties_and_the_scripts_bugs) {
    enum { K = 4 };
    gn_error err;
    double value[3];
    double d[3 * K] = {0, 0, 0, 5, 1, 1, 1, 1, 0, 1, 2, 4};
    gn_mat table = gn_mat_f64(d, 3, K);
    gn_lid_summary s;
    OK(gn_lid(table, NULL, value, &s, &err));
    CHECK(isnan(value[0]) && isnan(value[1]));          /* one distance; equal distances */
    CHECK_NEAR(value[2], 1 / (log(4) + log(2)), 1e-14); /* m = 3 of the 4 */
    CHECK(s.n == 1 && s.n_undefined == 2 && s.n_zero == 4 && s.n_touched == 2);
    CHECK(isnan(s.mean_se));
    gn_lid_opts compat = {.variant = GN_LID_CAI2021, .dim = 768};
    OK(gn_lid(table, &compat, value, &s, &err));
    CHECK(value[0] == 0 && value[1] == 768 && value[2] == 0);
    double zeros[K] = {0};
    CHECK(gn_lid(gn_mat_f64(zeros, 1, K), NULL, NULL, &s, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "no point");
    compat.squared = true; /* cosine: the floor makes zeros 1e-8 */
    OK(gn_lid(table, &compat, value, &s, &err));
    CHECK_NEAR(value[0], 4 / (3 * log(5e8)), 1e-13);
}

/* 5 % of the points three times: collapsing gives the run without repeats, skipping zeros stays
 * within 2 %, the scripts print 0 for exactly those points. */
TEST(duplicates) {
    enum { N = 20000, TRIPLED = 1000, ALL = N + 2 * TRIPLED, K = 100 };
    gn_error err;
    double *x = sphere(N, 2), *y = malloc(3 * ALL * sizeof *y),
           *value = malloc(ALL * sizeof *value);
    memcpy(y, x, 3 * N * sizeof *y);
    memcpy(y + 3 * N, x, 3 * TRIPLED * sizeof *y);
    memcpy(y + 3 * (N + TRIPLED), x, 3 * TRIPLED * sizeof *y);
    gn_knn *clean = NULL;
    gn_neighbors *both = NULL;
    gn_lid_summary want, collapsed, skipped, compat;
    OK(gn_knn_compute(ctx, gn_mat_f64(x, N, 3), &(gn_knn_opts){.k = K}, &clean, &err));
    OK(gn_knn_compute_distinct(ctx, gn_mat_f64(y, ALL, 3), &(gn_knn_opts){.k = K}, &both, &err));
    OK(gn_lid(distances(clean), NULL, NULL, &want, &err));
    OK(gn_lid(distances(both->distinct), NULL, NULL, &collapsed, &err));
    CHECK(both->n_duplicates == 2 * TRIPLED);
    CHECK(collapsed.mean == want.mean && collapsed.n_zero == 0);
    OK(gn_lid(distances(both->all), NULL, value, &skipped, &err));
    CHECK(fabs(skipped.mean - want.mean) <= 0.02 * want.mean);
    CHECK(skipped.n_zero == 6 * TRIPLED && skipped.n_touched == 3 * TRIPLED);
    CHECK(skipped.n == ALL);
    size_t without = 0;
    for (size_t i = 0; i < ALL; i++) without += !(isfinite(value[i]) && value[i] > 0);
    CHECK(without == 0);
    gn_lid_opts o = {.variant = GN_LID_CAI2021, .dim = 3};
    OK(gn_lid(distances(both->all), &o, value, &compat, &err));
    size_t wrong = 0;
    for (size_t i = 0; i < ALL; i++) wrong += (value[i] == 0) != (i < TRIPLED || i >= N);
    CHECK(wrong == 0);
    gn_knn_free(clean);
    gn_neighbors_free(both);
    free(x), free(y), free(value);
}

/* A cloud of unit noise 3,000 away from the origin: the same dimension as where it was. */
TEST(an_offset_changes_nothing) {
    enum { N = 3000, D = 20, K = 50 };
    gn_error err;
    float *far = malloc(N * D * sizeof *far);
    double *near_ = malloc(N * D * sizeof *near_);
    gn_random r = gn_random_new(4, 0);
    for (size_t i = 0; i < N * D; i++) {
        far[i] = (float)(gn_random_normal(&r) + (i % D == 3 ? 3000 : 0));
        near_[i] = (double)far[i] - (i % D == 3 ? 3000 : 0);
    }
    gn_knn *a = NULL, *b = NULL;
    OK(gn_knn_compute(ctx, gn_mat_f32(far, N, D), &(gn_knn_opts){.k = K}, &a, &err));
    OK(gn_knn_compute(ctx, gn_mat_f64(near_, N, D), &(gn_knn_opts){.k = K}, &b, &err));
    double lid = mean_of(distances(a), (gn_lid_opts){0}, NULL);
    CHECK(lid > 8 && lid < 20);
    CHECK_NEAR(lid / mean_of(distances(b), (gn_lid_opts){0}, NULL), 1, 1e-3);
    gn_knn_free(a);
    gn_knn_free(b);
    free(far), free(near_);
}

TEST(wrong_use) {
    gn_error err;
    double d[2 * 4] = {1, 2, 3, 4, 1, 3, 2, 4};
    gn_lid_summary s = {.n = 77};
    CHECK(gn_lid(gn_mat_f64(d, 2, 4), NULL, NULL, &s, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 1 descends from 3 to 2 at column 2");
    CHECK(gn_lid(gn_mat_f64(d, 1, 4), &(gn_lid_opts){.k = 5}, NULL, &s, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "k = 5");
    CHECK(gn_lid(gn_mat_f64(d, 1, 4), &(gn_lid_opts){.k = 2}, NULL, &s, &err) == GN_EINVAL);
    CHECK(gn_lid(gn_mat_f64(d, 1, 4), &(gn_lid_opts){.variant = GN_LID_CAI2021}, NULL, &s, &err) ==
          GN_EINVAL);
    d[1] = -1;
    CHECK(gn_lid_local_knn(gn_mat_f64(d, 1, 4), NULL, &s, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 0, column 1 is -1");
    d[1] = (double)NAN;
    CHECK(gn_lid(gn_mat_f64(d, 1, 4), NULL, NULL, &s, &err) == GN_EDATA);
    CHECK(s.n == 77);
    CHECK(gn_lid_variant_name((gn_lid_variant)4) == NULL);
    CHECK_STR(gn_lid_variant_name(GN_LID_UNBIASED), "unbiased");
}

int main(void) {
    gn_error err;
    if (gn_ctx_new(NULL, &ctx, &err) != GN_OK) return 1;
    RUN(variants_on_the_sphere);
    RUN(torus_dimensions_and_scatter);
    RUN(values_equal_naive_sums);
    RUN(zeros_ties_and_the_scripts_bugs);
    RUN(duplicates);
    RUN(an_offset_changes_nothing);
    RUN(wrong_use);
    gn_ctx_free(ctx);
    return tap_done();
}
