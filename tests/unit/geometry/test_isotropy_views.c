/* Rows that enter, repairs, spectra and draws: against copies made by plain loops, closed forms and
 * exact expectations. */
#include "isotropy_cloud.h"

enum { N = 260, D = 9, V = 30 };
static double x[N * D];
static int32_t type[N], sequence[N];

TEST(some_rows_are_measured_as_a_copy_of_them) {
    gn_error err;
    double copy[N * D];
    int32_t row[N], type2[N], sequence2[N];
    size_t n = 0;
    for (size_t i = N; i-- > 0;) {
        if (i % 3 == 1) continue;
        memcpy(copy + n * D, x + i * D, D * sizeof *x);
        type2[n] = type[i];
        sequence2[n] = sequence[i];
        row[n++] = (int32_t)i;
    }
    gn_isotropy a, b;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    gn_isotropy_opts some = {.type = type, .sequence = sequence, .row = row, .n_rows = n};
    gn_isotropy_opts all = {.type = type2, .sequence = sequence2};
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &some, &a, NULL, &err));
    OK(gn_isotropy_compute(NULL, gn_mat_f64(copy, n, D), &all, &b, NULL, &err));
    CHECK(memcmp(&a, &b, sizeof a) == 0 && a.n == n);
    row[5] = N;
    CHECK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &some, &a, NULL, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "row number 260");
}

TEST(parts_can_be_left_out) {
    gn_error err;
    gn_isotropy all, some;
    double mean[D], c[D * D], mean2[D], c2[D * D], l[D];
    gn_isotropy_opts o = {.type = type, .sequence = sequence};
    gn_isotropy_arrays arrays = {.mean = mean, .covariance = c, .spectrum = l};
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &o, &all, &arrays, &err));
    naive_covariance(x, N, D, mean2, c2);
    for (int j = 0; j < D * D; j++) CHECK_NEAR(c[j], c2[j], 1e-12);
    for (int j = 0; j < D; j++) CHECK_NEAR(mean[j], mean2[j], 1e-13);
    o.skip = GN_SKIP_BARS;
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &o, &some, NULL, &err));
    CHECK(some.raw.inter == all.raw.inter && some.isoscore == all.isoscore);
    CHECK(isnan(some.raw.inter_se) && isnan(some.norm_mean_se) &&
          isnan(some.participation_ratio_se));
    o.skip = GN_SKIP_CENTRED;
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &o, &some, NULL, &err));
    CHECK(some.raw.inter_se == all.raw.inter_se && isnan(some.centred.inter));
    o.skip = GN_SKIP_COSINES | GN_SKIP_SPECTRUM;
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &o, &some, NULL, &err));
    CHECK(isnan(some.raw.inter) && isnan(some.isoscore) && some.norm_median == all.norm_median);
    CHECK(some.norm_mean_se == all.norm_mean_se);
}

static void check_moments(gn_mat m, const gn_isotropy_opts *o, const double *y, double tol) {
    gn_error err;
    static double mean[D], c[D * D], mean2[D], c2[D * D];
    gn_isotropy s;
    OK(gn_isotropy_compute(NULL, m, o, &s, &(gn_isotropy_arrays){.mean = mean, .covariance = c},
                           &err));
    naive_covariance(y, s.n, D, mean2, c2);
    for (int a = 0; a < D; a++) {
        CHECK_NEAR(mean[a], mean2[a], 1e-12);
        for (int b = 0; b < D; b++) {
            double size = sqrt(c2[a * D + a] * c2[b * D + b]);
            bool constant = a == 4 || b == 4;
            CHECK(fabs(c[a * D + b] - c2[a * D + b]) <= (constant ? 1e-11 : tol * size));
            CHECK(c[a * D + b] == c[b * D + a]);
        }
    }
    CHECK(c[4 * D + 4] >= 0 && c[4 * D + 4] < 1e-24);
}

/* Many rows are read once for both, around the mean of a few: rows that drift, one that lies far
 * away, a column that is constant, rows that are selected, float32 products. */
TEST(means_and_covariances_of_many_rows) {
    gn_error err;
    enum { FEW = 9001, MANY = 140001 };
    double *y = malloc(MANY * D * sizeof *y), *half = malloc(MANY * D * sizeof *half);
    float *f = malloc(MANY * D * sizeof *f);
    int32_t *row = malloc(MANY * sizeof *row);
    gn_random r = gn_random_new(21, 0);
    for (size_t i = 0; i < MANY * D; i++) {
        f[i] = (float)(gn_random_normal(&r) * (double)(1 + i % D) + 300 + (double)(i / D) / 3e4);
        if (i % D == 4) f[i] = 0.1F;
        if (i == 5000 * D) f[i] = 1e4F;
        y[i] = (double)f[i];
    }
    for (size_t i = 0; i < MANY / 2; i++) {
        row[i] = (int32_t)(MANY - 1 - 2 * i);
        memcpy(half + i * D, y + (size_t)row[i] * D, D * sizeof *y);
    }
    gn_isotropy_opts o = {.skip = GN_SKIP_BARS | GN_SKIP_COSINES}, some = o;
    some.row = row;
    some.n_rows = MANY / 2;
    check_moments(gn_mat_f64(y, FEW, D), &o, y, 1e-12);
    check_moments(gn_mat_f32(f, MANY, D), &some, half, 1e-12);
    check_moments(gn_mat_f64(y, MANY, D), &o, y, 1e-12);
    /* most of one variance is one row's, whose rounding to float32 nothing averages */
    check_moments(gn_mat_f32(f, MANY, D), &o, y, 5e-7);
    /* The first value that is not finite is named, whichever row is looked at first. */
    gn_isotropy s;
    gn_repair *repair;
    static const size_t bad[] = {FEW - 1, 8000, 70, 0};
    for (int k = 0; k < 4; k++) {
        char where[40];
        y[bad[k] * D + 3] = k % 2 ? HUGE_VAL : (double)NAN;
        snprintf(where, sizeof where, "row %zu, column 3", bad[k]);
        CHECK(gn_isotropy_compute(NULL, gn_mat_f64(y, FEW, D), &o, &s, NULL, &err) == GN_EDATA);
        CHECK_CONTAINS(err.message, where);
        gn_mat few = gn_mat_f64(y, FEW, D);
        CHECK(gn_repair_new(NULL, few, GN_REPAIR_TOP, NULL, &repair, &err) == GN_EDATA);
        CHECK_CONTAINS(err.message, where);
        y[bad[k] * D + 3] = 1e200;
        CHECK(gn_isotropy_compute(NULL, gn_mat_f64(y, FEW, D), &o, &s, NULL, &err) == GN_EDATA);
        CHECK_CONTAINS(err.message, "too long");
        y[bad[k] * D + 3] = k % 2 ? HUGE_VAL : (double)NAN;
    }
    free(y), free(half), free(f), free(row);
}

/* The repaired rows by definition: the map that `kind` stands for, from naive means and covariances
 * (eigenvectors excepted, whose effect is tested on the covariance). */
TEST(mean_and_zscore_repairs) {
    gn_error err;
    double mean[D], c[D * D];
    float got[N * D];
    gn_repair *repair;
    naive_covariance(x, N, D, mean, c);
    for (int z = 0; z < 2; z++) {
        gn_repair_kind kind = z ? GN_REPAIR_ZSCORE : GN_REPAIR_MEAN;
        OK(gn_repair_new(NULL, gn_mat_f64(x, N, D), kind, NULL, &repair, &err));
        OK(gn_repair_apply(NULL, repair, gn_mat_f64(x, N, D), 3, N - 3, got, &err));
        for (size_t i = 3; i < N; i++)
            for (size_t j = 0; j < D; j++) {
                double want = (x[i * D + j] - mean[j]) / (z ? sqrt(c[j * D + j]) : 1);
                CHECK_NEAR((double)got[(i - 3) * D + j], want, 1e-6);
            }
        gn_repair_free(repair);
    }
    OK(gn_repair_new(NULL, gn_mat_f64(x, N, D), GN_REPAIR_TYPE_MEAN,
                     &(gn_repair_opts){.type = type}, &repair, &err));
    OK(gn_repair_apply(NULL, repair, gn_mat_f64(x, N, D), 0, 1, got, &err));
    double want[D] = {0};
    size_t n_types = 0;
    for (int32_t t = 0; t < V; t++) {
        double n = 0, sum[D] = {0};
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; type[i] == t && j < D; j++) sum[j] += x[i * D + j], n += j == 0;
        for (size_t j = 0; n > 0 && j < D; j++) want[j] += sum[j] / n;
        n_types += n > 0;
    }
    for (size_t j = 0; j < D; j++)
        CHECK_NEAR((double)got[j], x[j] - want[j] / (double)n_types, 1e-6);
    gn_repair_free(repair);
}

/* What each repair promises of the covariance, and that the closed form and one more pass agree. */
TEST(spectra_after_repairs) {
    gn_error err;
    double mean[D], c[D * D], before[D], after[D], closed[D];
    gn_isotropy s;
    gn_isotropy_arrays arrays = {.mean = mean, .covariance = c, .spectrum = before};
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), NULL, &s, &arrays, &err));
    for (int kind = 0; kind < GN_REPAIR_KINDS; kind++) {
        if (kind == GN_REPAIR_CLUSTER) continue;
        gn_repair *repair;
        gn_repair_opts ro = {.n_directions = 3, .type = type};
        if (kind % 2) ro.mean = mean, ro.covariance = c; /* known already, or not: the same */
        OK(gn_repair_new(NULL, gn_mat_f64(x, N, D), (gn_repair_kind)kind, &ro, &repair, &err));
        OK(gn_repair_spectrum(repair, c, closed, &err));
        gn_isotropy_opts o = {.repair = repair, .skip = GN_SKIP_BARS | GN_SKIP_COSINES};
        OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &o, &s,
                               &(gn_isotropy_arrays){.spectrum = after}, &err));
        for (int j = 0; j < D; j++) {
            CHECK(fabs(after[j] - closed[j]) < 1e-11 * before[0]);
            if (kind == GN_REPAIR_MEAN) CHECK_NEAR(after[j], before[j], 1e-11);
            if (kind == GN_REPAIR_TOP)
                CHECK(fabs(after[j] - (j < D - 3 ? before[j + 3] : 0)) < 1e-11 * before[0]);
            if (kind == GN_REPAIR_WHITEN) CHECK_NEAR(after[j], 1, 1e-11);
        }
        if (kind == GN_REPAIR_ZSCORE) {
            double tr = 0;
            for (int j = 0; j < D; j++) tr += after[j];
            CHECK_NEAR(tr, D, 1e-12);
        }
        gn_repair_free(repair);
    }
}

TEST(the_cluster_repair_centres_and_flattens_each_cluster) {
    gn_error err;
    int32_t cluster[N], row[N];
    for (size_t i = 0; i < N; i++) cluster[i] = (int32_t)(i % 4) - 1; /* -1: no cluster */
    gn_repair_opts ro = {.cluster = cluster, .n_clusters = 3, .n_directions = 2};
    gn_repair *repair;
    OK(gn_repair_new(NULL, gn_mat_f64(x, N, D), GN_REPAIR_CLUSTER, &ro, &repair, &err));
    double unused[D * D];
    CHECK(gn_repair_spectrum(repair, unused, unused, &err) == GN_EINVAL);
    for (int32_t k = -1; k < 3; k++) {
        size_t n = 0;
        for (size_t i = 0; i < N; i++)
            if (cluster[i] == k) row[n++] = (int32_t)i;
        gn_isotropy raw, s;
        double l[D], l_raw[D];
        gn_isotropy_opts o = {.row = row, .n_rows = n, .skip = GN_SKIP_BARS};
        OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &o, &raw,
                               &(gn_isotropy_arrays){.spectrum = l_raw}, &err));
        o.repair = repair;
        OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &o, &s,
                               &(gn_isotropy_arrays){.spectrum = l}, &err));
        CHECK(s.mean_norm < 1e-13 * raw.mean_norm);
        for (int j = 0; j < D; j++)
            CHECK(fabs(l[j] - (j < D - 2 ? l_raw[j + 2] : 0)) < 1e-12 * l_raw[0]);
    }
    gn_repair_free(repair);
    cluster[7] = 3;
    CHECK(gn_repair_new(NULL, gn_mat_f64(x, N, D), GN_REPAIR_CLUSTER, &ro, &repair, &err) ==
          GN_EINVAL);
    CHECK_CONTAINS(err.message, "row 7 is in cluster 3");
    ro.cluster = NULL;
    CHECK(gn_repair_new(NULL, gn_mat_f64(x, N, D), GN_REPAIR_CLUSTER, &ro, &repair, &err) ==
          GN_EINVAL);
    ro.n_directions = D + 1;
    CHECK(gn_repair_new(NULL, gn_mat_f64(x, N, D), GN_REPAIR_TOP, &ro, &repair, &err) == GN_EINVAL);
}

/* Cosines after whitening: by a naive Mahalanobis form, x C^-1 y, from Gauss elimination. */
TEST(cosines_after_whitening) {
    gn_error err;
    double mean[D], c[D * D], inverse[D * D] = {0}, sum = 0;
    naive_covariance(x, N, D, mean, c);
    for (int j = 0; j < D; j++) inverse[j * D + j] = 1;
    for (int p = 0; p < D; p++) {
        double pivot = c[p * D + p];
        for (int j = 0; j < D; j++) c[p * D + j] /= pivot, inverse[p * D + j] /= pivot;
        for (int i = 0; i < D; i++) {
            double f = c[i * D + p];
            if (i == p) continue;
            for (int j = 0; j < D; j++)
                c[i * D + j] -= f * c[p * D + j], inverse[i * D + j] -= f * inverse[p * D + j];
        }
    }
    static double form[N][N];
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++) {
            form[a][b] = 0;
            for (int i = 0; i < D; i++)
                for (int j = 0; j < D; j++)
                    form[a][b] +=
                        (x[a * D + i] - mean[i]) * inverse[i * D + j] * (x[b * D + j] - mean[j]);
        }
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++)
            if (a != b) sum += form[a][b] / sqrt(form[a][a] * form[b][b]);
    gn_repair *repair;
    gn_isotropy s;
    OK(gn_repair_new(NULL, gn_mat_f64(x, N, D), GN_REPAIR_WHITEN, NULL, &repair, &err));
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &(gn_isotropy_opts){.repair = repair}, &s,
                           NULL, &err)); /* every row its own type: all pairs */
    CHECK_NEAR(s.raw.inter, sum / N / (N - 1), 1e-12);
    gn_repair_free(repair);
}

/* m equal axes of d: PR = effective rank = stable rank = m, d(eps) = ceil(eps m) off the steps; on
 * a step, >= takes it and > goes one further. */
TEST(measures_of_eigenvalues) {
    gn_spectrum s;
    const double l[10] = {2, 2, 2, 2, 2}, steep[5] = {5, 3, 1, 1, 0.5}, zero[3] = {0};
    gn_spectrum_read(l, 10, &s);
    CHECK_NEAR(s.participation_ratio, 5, 1e-14);
    CHECK_NEAR(s.effective_rank, 5, 1e-14);
    CHECK(s.stable_rank == 5 && s.top1_share == 0.2 && s.total == 10);
    CHECK_NEAR(s.isoscore, 4.0 / 9, 1e-14);
    CHECK(gn_spectrum_dims(l, 10, 0.61, false) == 4 && gn_spectrum_dims(l, 10, 0.61, true) == 4);
    CHECK(gn_spectrum_dims(l, 10, 0.79, false) == 4 && gn_spectrum_dims(l, 10, 0.79, true) == 4);
    CHECK(gn_spectrum_dims(l, 10, 0.8, false) == 4 && gn_spectrum_dims(l, 10, 0.8, true) == 5);
    gn_spectrum_read(steep, 5, &s);
    CHECK_NEAR(s.isoscore, .5103448275862067, 1e-12);
    CHECK_NEAR(s.stable_rank, 2.1, 1e-14);
    CHECK(gn_spectrum_dims(steep, 5, 0.9, false) == 4); /* 9 of 10.5 are 0.857 */
    gn_spectrum_read(zero, 3, &s);
    CHECK(isnan(s.isoscore) && isnan(s.stable_rank) && gn_spectrum_dims(zero, 3, 0.8, false) == 0);
    /* IsoScore* shrinks towards the reference; zeta = 0 is IsoScore, zeta = 1 the reference's. */
    const double c[4] = {3, 0, 0, 1}, one[4] = {1, 0, 0, 1};
    CHECK_NEAR(gn_isoscore_star(c, one, 2, 0), 16 / 10.0 - 1, 1e-14);
    CHECK_NEAR(gn_isoscore_star(c, one, 2, 1), 1, 1e-14);
    CHECK_NEAR(gn_isoscore_star(c, one, 2, 0.5), 9 / 5.0 - 1, 1e-14);
    /* Uncentred: C + m m^T, here diagonal. */
    double u[2];
    gn_error err;
    OK(gn_spectrum_uncentred(c, (const double[]){0, 3}, 2, u, &err));
    CHECK_NEAR(u[0], 10, 1e-14);
    CHECK_NEAR(u[1], 3, 1e-14);
}

/* Check 2 of the specification: the sampling estimator and the exact form agree within 3 standard
 * errors over 20 draws; check 3: centring a draw on its own mean. */
TEST(draws_scatter_around_the_exact_form) {
    gn_error err;
    enum { TYPES = 300, EACH = 8, W = 64, DRAWS = 20 };
    static double y[TYPES * EACH * W];
    static int32_t of[TYPES * EACH];
    gn_random r = gn_random_new(4, 0);
    for (size_t t = 0; t < TYPES; t++) {
        double at[W];
        for (size_t j = 0; j < W; j++) at[j] = 0.3 + 0.5 * gn_random_normal(&r);
        for (size_t e = 0; e < EACH; e++) {
            of[e * TYPES + t] = (int32_t)t;
            for (size_t j = 0; j < W; j++)
                y[(e * TYPES + t) * W + j] = at[j] + 0.5 * gn_random_normal(&r);
        }
    }
    gn_mat m = gn_mat_f64(y, TYPES * EACH, W);
    gn_isotropy_opts o = {.type = of, .skip = GN_SKIP_BARS | GN_SKIP_SPECTRUM};
    gn_isotropy s;
    gn_cosine_draws d, other;
    memset(&d, 0, sizeof d);
    memset(&other, 0, sizeof other);
    OK(gn_isotropy_compute(NULL, m, &o, &s, NULL, &err));
    OK(gn_cosines_sample(NULL, m, &o, DRAWS, &d, &err));
    CHECK(d.n_types == TYPES && d.n_draws == DRAWS && d.raw_sd > 0);
    CHECK(fabs(d.raw - s.raw.inter) < 3 * d.raw_sd / sqrt(DRAWS));
    CHECK(fabs(d.centred + 1.0 / (TYPES - 1)) < 1e-4 && d.centred_sd < 1e-4);
    for (unsigned t = 1; t < 4; t++) {
        gn_ctx *ctx;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = t, .seed = t == 3}, &ctx, &err));
        OK(gn_cosines_sample(ctx, m, &o, DRAWS, &other, &err));
        gn_ctx_free(ctx);
        CHECK((memcmp(&d, &other, sizeof d) == 0) == (t < 3));
    }
    /* One row a type: nothing is drawn. */
    for (size_t i = 0; i < TYPES * EACH; i++) of[i] = (int32_t)i;
    OK(gn_isotropy_compute(NULL, m, &o, &s, NULL, &err));
    OK(gn_cosines_sample(NULL, m, &o, 1, &d, &err));
    CHECK_NEAR(d.raw, s.raw.inter, 1e-13);
    CHECK_NEAR(d.centred, s.centred.inter, 1e-13);
    CHECK(isnan(d.raw_sd));
    CHECK(gn_cosines_sample(NULL, m, &o, 0, &d, &err) == GN_EINVAL);
}

int main(void) {
    make_cloud(x, N, D, V, type, sequence, 1);
    RUN(some_rows_are_measured_as_a_copy_of_them);
    RUN(parts_can_be_left_out);
    RUN(means_and_covariances_of_many_rows);
    RUN(mean_and_zscore_repairs);
    RUN(spectra_after_repairs);
    RUN(the_cluster_repair_centres_and_flattens_each_cluster);
    RUN(cosines_after_whitening);
    RUN(measures_of_eigenvalues);
    RUN(draws_scatter_around_the_exact_form);
    return tap_done();
}
