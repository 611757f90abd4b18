/* TwoNN, Gride and the choice of scale and layer: closed forms, golden values, refusals. What the
 * acceptance checks ask for is in test_acceptance_dimension.c. */
#include "geometry_data.h"
#include "gonio/id.h"

#include "base/random.h"

/* ---- TwoNN --------------------------------------------------------------------------------- */

/* Rows (1, mu_i) whose ratios lie exactly on the line that BASE fits. */
static double *line_table(size_t n, double dim) {
    double *t = malloc(2 * n * sizeof *t);
    for (size_t i = 0; i < n; i++) {
        t[2 * i] = 1;
        t[2 * i + 1] = i + 1 < n ? pow(1 - (double)(i + 1) / (double)n, -1 / dim) : 1e300;
    }
    return t;
}

TEST(twonn_does_not_depend_on_the_order_of_rows) {
    gn_error err;
    double *t = line_table(500, 3), flipped[1000];
    for (size_t i = 0; i < 500; i++) {
        flipped[2 * i] = 2.5 * t[2 * (499 - i)];
        flipped[2 * i + 1] = 2.5 * t[2 * (499 - i) + 1];
    }
    gn_id_estimate e;
    OK(gn_id_twonn(gn_mat_f64(flipped, 500, 2), NULL, &e, &err));
    CHECK_NEAR(e.dim, 3, 1e-12);
    free(t);
}

/* Set D as DADApy sees it: identical points left in. Gride's first scale is not compared: there the
 * distances of identical points are rounding errors of a matrix product, and with another kernel of
 * the same BLAS the golden 1.30 becomes 1.14. */
TEST(dadapy_leaves_identical_points_in) {
    enum { N = 500, D = 50, K = 64 };
    gn_error err;
    json_t *root = golden_open();
    double *x = points_read("D_duplicates.npy", N, D);
    if (!root || !x) SKIP("no shared data");
    double *dist = naive_neighbors(x, N, D, K, NULL);
    gn_mat table = gn_mat_f64(dist, N, K);
    gn_id_estimate e;
    CHECK(gn_id_twonn(table, NULL, &e, &err) == GN_EDATA);
    OK(gn_id_twonn(table, &(gn_twonn_opts){.dadapy = true}, &e, &err));
    CHECK_NEAR(e.dim, golden(root, "D_duplicates/twonn_base_from_raw_distances/0"), 1e-6);
    CHECK_NEAR(e.scale, golden(root, "D_duplicates/twonn_base_from_raw_distances/2"), 1e-6);
    CHECK(e.se == 0);
    for (int base = 0; base < 2; base++) { /* a fraction of 1 is maximum likelihood */
        gn_twonn_opts ml = {.dadapy = true, .method = GN_TWONN_ML, .fraction = 1};
        if (base) ml.method = GN_TWONN_BASE;
        OK(gn_id_twonn(table, &ml, &e, &err));
        CHECK(e.dim == golden(root, "D_duplicates/twonn_ml_from_raw_distances/0") && e.se == 0);
    }
    gn_gride_point p[6];
    size_t n;
    CHECK(gn_id_gride(table, NULL, p, &n, &err) == GN_EDATA);
    OK(gn_id_gride(table, &(gn_gride_opts){.dadapy = true}, p, &n, &err));
    REQUIRE(n == 6);
    CHECK(p[0].id.dim < 2); /* ruined, as there */
    for (size_t j = 1; j < 6; j++) {
        char path[80];
        snprintf(path, sizeof path, "D_duplicates/gride_from_coordinates_eps_fix/ids/%zu", j);
        CHECK_NEAR(p[j].id.dim, golden(root, path), 1e-6);
        snprintf(path, sizeof path, "D_duplicates/gride_from_coordinates_eps_fix/err/%zu", j);
        CHECK_NEAR(p[j].id.se, golden(root, path), 1e-6);
    }
    free(dist);
    free(x);
    json_decref(root);
}

/* The stated error bar is the scatter that repeated samples show: 400 of them know it to 4 %. */
TEST(twonn_error_bars_match_the_scatter) {
    gn_error err;
    enum { N = 500, R = 400 };
    static double t[2 * N];
    double s[2] = {0}, ss[2] = {0}, se[2] = {0};
    for (uint64_t rep = 0; rep < R; rep++) {
        gn_random r = gn_random_new(11, rep);
        for (size_t i = 0; i < N; i++) {
            t[2 * i] = 1;
            t[2 * i + 1] = pow(1 - gn_random_uniform(&r), -1.0 / 6);
        }
        for (int m = 0; m < 2; m++) {
            gn_id_estimate e;
            gn_twonn_opts o = {.method = m ? GN_TWONN_ML : GN_TWONN_BASE};
            OK(gn_id_twonn(gn_mat_f64(t, N, 2), &o, &e, &err));
            s[m] += e.dim / R;
            ss[m] += e.dim * e.dim / R;
            se[m] += e.se / R;
        }
    }
    double base = sqrt(ss[0] - s[0] * s[0]) / se[0], ml = sqrt(ss[1] - s[1] * s[1]) / se[1];
    CHECK(base > 0.9 && base < 1.1);
    CHECK(ml > 0.9 && ml < 1.1);
}

/* ---- golden values --------------------------------------------------------------------------- */

/* The first k columns of a (n, 512) table, as float32 or float64. */
static gn_mat table(const double *dist, float *narrow, size_t n, bool f32) {
    if (!f32) return gn_mat_f64(dist, n, 512);
    for (size_t i = 0; i < n * 512; i++) narrow[i] = (float)dist[i];
    return gn_mat_f32(narrow, n, 512);
}

static void check_golden(const char *set, const char *file, size_t d) {
    gn_error err;
    enum { N = 2000 };
    json_t *root = golden_open();
    double *x = points_read(file, N, d);
    if (!root || !x) SKIP("no shared data");
    const json_t *g = json_object_get(root, set);
    double *dist = naive_neighbors(x, N, d, 512, NULL);
    float *narrow = malloc(N * 512 * sizeof *narrow);
    for (int f32 = 0; f32 < 2; f32++) {
        gn_mat t = table(dist, narrow, N, f32);
        gn_id_estimate e;
        OK(gn_id_twonn(t, NULL, &e, &err));
        CHECK_NEAR(e.dim, golden(g, "twonn_base_fraction_0.9/0"), 1e-6);
        CHECK_NEAR(e.scale, golden(g, "twonn_base_fraction_0.9/2"), 1e-6);
        OK(gn_id_twonn(t, &(gn_twonn_opts){.fraction = 0.95}, &e, &err));
        CHECK_NEAR(e.dim, golden(g, "twonn_base_fraction_0.95/0"), 1e-6);
        OK(gn_id_twonn(t, &(gn_twonn_opts){.fraction = 0.98}, &e, &err));
        CHECK_NEAR(e.dim, golden(g, "twonn_base_fraction_0.98/0"), 1e-6);
        OK(gn_id_twonn(t, &(gn_twonn_opts){.method = GN_TWONN_ML}, &e, &err));
        CHECK_NEAR(e.dim, golden(g, "twonn_ml/0"), 1e-6);
        double ml = e.dim;
        OK(gn_id_twonn(t, &(gn_twonn_opts){.method = GN_TWONN_BAYES}, &e, &err));
        CHECK_NEAR(e.dim, golden(g, "twonn_bayes_alpha2_beta5_mean_std_scale/0"), 1e-6);
        CHECK_NEAR(e.se, golden(g, "twonn_bayes_alpha2_beta5_mean_std_scale/1"), 1e-6);

        gn_gride_point p[16];
        size_t n_points = 0;
        OK(gn_id_gride(t, NULL, p, &n_points, &err));
        CHECK(n_points == 6);
        OK(gn_id_gride(t, &(gn_gride_opts){.range_max = 600}, p, &n_points, &err));
        REQUIRE(n_points == 9);
        CHECK_NEAR(p[0].id.dim, ml, 1e-12);
        for (size_t j = 0; j < 9; j++) {
            char path[64];
            CHECK(p[j].n1 == (size_t)1 << j && p[j].n2 == (size_t)2 << j && p[j].id.n == N);
            snprintf(path, sizeof path, "gride_range512/ids/%zu", j);
            CHECK_NEAR(p[j].id.dim, golden(g, path), 1e-6);
            snprintf(path, sizeof path, "gride_range512/err/%zu", j);
            CHECK_NEAR(p[j].id.se / golden(g, path), 1, 1e-6);
            snprintf(path, sizeof path, "gride_range512/scale/%zu", j);
            CHECK_NEAR(p[j].id.scale, golden(g, path), 1e-6);
        }
    }
    free(narrow);
    free(dist);
    free(x);
    json_decref(root);
}

TEST(golden_values_of_a_gaussian) {
    check_golden("A", "A_gauss5in50.npy", 50);
}
TEST(golden_values_of_two_clusters) {
    check_golden("C", "C_twoclusters20.npy", 20);
}

/* D holds rows 0-19 twice: refused as it is, DADApy's values once the copies are gone. */
TEST(duplicates_are_refused_until_collapsed) {
    gn_error err;
    json_t *root = golden_open();
    double *x = points_read("D_duplicates.npy", 500, 50);
    if (!root || !x) SKIP("no shared data");
    double *dist = naive_neighbors(x, 500, 50, 64, NULL);
    gn_id_estimate e = {.dim = -7};
    gn_gride_point p[8];
    size_t n_points = 99;
    CHECK(gn_id_twonn(gn_mat_f64(dist, 500, 64), NULL, &e, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 0, column 0 is 0");
    CHECK_CONTAINS(err.message, "collapsed");
    CHECK(gn_id_gride(gn_mat_f64(dist, 500, 64), NULL, p, &n_points, &err) == GN_EDATA);
    CHECK(e.dim == -7 && n_points == 99);
    free(dist);
    dist = naive_neighbors(x, 480, 50, 64, NULL);
    OK(gn_id_twonn(gn_mat_f64(dist, 480, 64), NULL, &e, &err));
    CHECK_NEAR(e.dim, golden(root, "D_duplicates/twonn_base_0.9_after_removal/0"), 1e-6);
    OK(gn_id_gride(gn_mat_f64(dist, 480, 64), NULL, p, &n_points, &err));
    REQUIRE(n_points == 6);
    for (size_t j = 0; j < 6; j++) {
        char path[64];
        snprintf(path, sizeof path, "D_duplicates/gride_after_removal/ids/%zu", j);
        CHECK_NEAR(p[j].id.dim, golden(root, path), 1e-6);
        snprintf(path, sizeof path, "D_duplicates/gride_after_removal/err/%zu", j);
        CHECK_NEAR(p[j].id.se / golden(root, path), 1, 1e-6);
    }
    free(dist);
    free(x);
    json_decref(root);
}

/* ---- Gride's own ----------------------------------------------------------------------------- */

/* A near-duplicate's ratio (100, far above the bulk's 2) is dropped; what is left gives TwoNN's ML
 * value without it. */
TEST(gride_filters_the_ratios_of_near_duplicates) {
    gn_error err;
    enum { N = 300 };
    double t[2 * N], clean[2 * (N - 1)];
    gn_random r = gn_random_new(3, 0);
    for (size_t i = 0; i < N; i++) {
        t[2 * i] = 1;
        t[2 * i + 1] = i == 100 ? 100 : pow(1 - gn_random_uniform(&r), -0.25);
    }
    size_t m = 0;
    for (size_t i = 0; i < N; i++)
        if (i != 100) clean[m++] = t[2 * i], clean[m++] = t[2 * i + 1];
    gn_gride_point p[1];
    size_t n_points;
    gn_id_estimate ml;
    OK(gn_id_gride(gn_mat_f64(t, N, 2), NULL, p, &n_points, &err));
    OK(gn_id_twonn(gn_mat_f64(clean, N - 1, 2), &(gn_twonn_opts){.method = GN_TWONN_ML}, &ml,
                   &err));
    CHECK(n_points == 1 && p[0].id.n == N - 1);
    CHECK_NEAR(p[0].id.dim, ml.dim, 1e-12);
}

/* The score at the returned dimension is zero: DADApy's equation, written out term by term. */
TEST(gride_solves_its_equation) {
    gn_error err;
    enum { N = 400, K = 40 };
    static double x[N * 3];
    gn_random r = gn_random_new(5, 0);
    for (size_t i = 0; i < N * 3; i++) x[i] = gn_random_normal(&r);
    double *dist = naive_neighbors(x, N, 3, K, NULL);
    gn_gride_point p[8];
    size_t n_points;
    OK(gn_id_gride(gn_mat_f64(dist, N, K), NULL, p, &n_points, &err));
    REQUIRE(n_points == 5); /* range clipped to 40 neighbours: n2 = 2 ... 32 */
    for (size_t s = 0; s < n_points; s++) {
        double n1 = (double)p[s].n1, n2 = (double)p[s].n2, dim = p[s].id.dim, sum = 0, info = 0;
        for (size_t i = 0; i < N; i++) {
            double mu = dist[i * K + p[s].n2 - 1] / dist[i * K + p[s].n1 - 1];
            double q = 1 - pow(mu, -dim);
            sum += ((1 - n2 + n1) / q + n2 - 1) * log(mu);
            info += (n2 - n1 - 1) * pow(log(mu) / q, 2) * pow(mu, -dim);
        }
        CHECK(p[s].id.n == N);
        CHECK_NEAR(sum * dim / (N - 1), 1, 1e-9);
        CHECK_NEAR(p[s].id.se, 1 / sqrt(N / (dim * dim) + info), 1e-9);
        CHECK(fabs(dim - 3) < 0.5);
    }
    free(dist);
}

/* A point whose 2nd to 4th neighbours are equally far has mu = 1: it adds nothing to the sum, and
 * the limit 1 / D^2 of (ln mu / (1 - mu^-D))^2 mu^-D to the information. */
TEST(gride_takes_the_limit_at_equal_distances) {
    gn_error err;
    enum { N = 200 };
    double t[4 * N];
    gn_random r = gn_random_new(9, 0);
    for (size_t i = 0; i < N; i++) {
        double log_mu = i % 4 ? 0.1 + 0.2 * gn_random_uniform(&r) : 0;
        t[4 * i] = t[4 * i + 1] = 1;
        t[4 * i + 2] = t[4 * i + 3] = exp(log_mu);
    }
    gn_gride_point p[2];
    size_t n_points;
    OK(gn_id_gride(gn_mat_f64(t, N, 4), NULL, p, &n_points, &err));
    double dim = p[1].id.dim, info = N / (dim * dim);
    for (size_t i = 0; i < N; i++) {
        double x = log(t[4 * i + 3]);
        info += x > 0 ? pow(x / (1 - exp(-dim * x)), 2) * exp(-dim * x) : 1 / (dim * dim);
    }
    CHECK_NEAR(p[1].id.se * sqrt(info), 1, 1e-2); /* 1 - mu^-D at mu = 1 + 10 eps has two digits */
}

/* No spread, no outliers: DADApy's filter would drop every ratio of a lattice. */
TEST(gride_keeps_ratios_that_are_all_equal) {
    gn_error err;
    double t[20];
    for (size_t i = 0; i < 20; i++) t[i] = i % 2 ? 2 : 1;
    gn_gride_point p[1];
    size_t n_points;
    OK(gn_id_gride(gn_mat_f64(t, 10, 2), NULL, p, &n_points, &err));
    CHECK(p[0].id.n == 10);
    CHECK_NEAR(p[0].id.dim, 9 / (10 * log(2)), 1e-12);
}

TEST(gride_says_nan_where_no_dimension_fits) {
    gn_error err;
    double t[4 * 10];
    for (size_t i = 0; i < 40; i++) t[i] = 1; /* a regular simplex: all neighbours equally far */
    gn_gride_point p[2];
    size_t n_points;
    OK(gn_id_gride(gn_mat_f64(t, 10, 4), NULL, p, &n_points, &err));
    CHECK(n_points == 2 && isnan(p[0].id.dim) && isnan(p[0].id.se) && isnan(p[1].id.dim));
    CHECK(p[0].id.scale == 1);
    gn_id_estimate e = {.dim = -7};
    CHECK(gn_id_twonn(gn_mat_f64(t, 10, 4), NULL, &e, &err) == GN_EDATA && e.dim == -7);
    CHECK_CONTAINS(err.message, "equally far");
}

/* ---- refusals -------------------------------------------------------------------------------- */

TEST(bad_tables_are_named) {
    gn_error err;
    double t[] = {1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3};
    gn_id_estimate e = {.dim = -7};
    gn_gride_point p[4];
    size_t n_points = 99;
    CHECK(gn_id_twonn(gn_mat_f64(t, 2, 3), NULL, &e, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "2 x 3");
    CHECK(gn_id_twonn(gn_mat_f64(t, 4, 1), NULL, &e, &err) == GN_EINVAL);
    CHECK(gn_id_gride(gn_mat_f64(t, 4, 1), NULL, p, &n_points, &err) == GN_EINVAL);
    CHECK(gn_id_gride(gn_mat_f64(t, 4, 3), &(gn_gride_opts){.range_max = 1}, p, &n_points, &err) ==
          GN_EINVAL);
    gn_mat half = {t, 4, 2, 2, GN_F16};
    CHECK(gn_id_twonn(half, NULL, &e, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "float16");
    t[7] = (double)NAN;
    CHECK(gn_id_twonn(gn_mat_f64(t, 4, 3), NULL, &e, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 2, column 1");
    CHECK(gn_id_gride(gn_mat_f64(t, 4, 3), NULL, p, &n_points, &err) == GN_EDATA);
    t[7] = HUGE_VAL;
    CHECK(gn_id_twonn(gn_mat_f64(t, 4, 3), NULL, &e, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 2, column 1 is inf");
    t[7] = 0.5;
    CHECK(gn_id_twonn(gn_mat_f64(t, 4, 3), NULL, &e, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 2 descends from 1 to 0.5");
    CHECK(e.dim == -7 && n_points == 99);
}

TEST(bad_options_are_named) {
    gn_error err;
    double *t = line_table(20, 2);
    gn_mat m = gn_mat_f64(t, 20, 2);
    gn_id_estimate e;
    const gn_twonn_opts bad[] = {{.fraction = 1},
                                 {.fraction = -0.1},
                                 {.fraction = (double)NAN},
                                 {.fraction = 0.01},
                                 {.method = GN_TWONN_BAYES, .alpha = -1},
                                 {.method = (gn_twonn_method)9}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(gn_id_twonn(m, &bad[i], &e, &err) == GN_EINVAL);
    free(t);
}

/* A table inside a wider one: stride, not cols, leads to the next row. */
TEST(strides_are_honoured) {
    gn_error err;
    double *t = line_table(100, 4), wide[500];
    for (size_t i = 0; i < 500; i++) wide[i] = -1;
    for (size_t i = 0; i < 100; i++) wide[5 * i] = t[2 * i], wide[5 * i + 1] = t[2 * i + 1];
    gn_id_estimate e;
    OK(gn_id_twonn((gn_mat){wide, 100, 2, 5, GN_F64}, NULL, &e, &err));
    CHECK_NEAR(e.dim, 4, 1e-12);
    free(t);
}

/* ---- choices --------------------------------------------------------------------------------- */

TEST(the_flattest_scale_is_an_interior_one) {
    CHECK(gn_id_flattest((double[]){9, 6, 5, 4.9, 3, 2}, 6) == 2);
    CHECK(gn_id_flattest((double[]){5, 5, 5}, 3) == 1);
    CHECK(gn_id_flattest((double[]){5, 4}, 2) == 0);
    CHECK(gn_id_flattest((double[]){4.01, (double)NAN, 4, 3.5, 3}, 5) == 3);
}

static size_t peak, suggested;
static void choose(const double *dim, size_t n, size_t step) {
    double depth[64];
    for (size_t i = 0; i < n; i++) depth[i] = (double)(i * step) / (double)((n - 1) * step);
    gn_id_choose_layer(depth, dim, n, &peak, &suggested);
}
/* Straight lines through (at, value) pairs, layers 0 ... last. */
static size_t draw(double (*knots)[2], size_t n_knots, double *dim) {
    size_t last = (size_t)knots[n_knots - 1][0];
    for (size_t i = 0, j = 0; i <= last; i++) {
        while (knots[j + 1][0] < (double)i) j++;
        double t = ((double)i - knots[j][0]) / (knots[j + 1][0] - knots[j][0]);
        dim[i] = knots[j][1] + t * (knots[j + 1][1] - knots[j][1]);
    }
    return last + 1;
}

TEST(published_profiles_choose_the_published_layers) {
    double dim[64];
    choose((double[]){3.0, 7.7, 13.3, 6.0, 3.0, 5.1, 8.9}, 7, 1);
    CHECK(peak == 2 && suggested == 4);
    size_t n = draw((double[][2]){{0, 13.9}, {5, 23.7}, {19, 4.6}, {23, 4.6}, {33, 15.1}}, 5, dim);
    choose(dim, n, 1);
    CHECK(peak == 5 && suggested == 21);
    n = draw((double[][2]){{0, 13.4}, {3, 19.4}, {8, 5.9}, {9, 5.9}, {13, 11.0}}, 5, dim);
    choose(dim, n, 1);
    CHECK(peak == 3 && (suggested == 8 || suggested == 9));
    n = draw((double[][2]){{0, 11.8}, {11, 31.4}, {20, 21.1}, {44, 26.9}, {48, 12.3}, {49, 11.8}},
             6, dim);
    choose(dim, n, 1);
    CHECK(peak == 11 && suggested == 20);
    n = draw((double[][2]){{0, 10.4}, {11, 28.9}, {16, 22.3}, {30, 25.2}, {36, 12.6}}, 5, dim);
    choose(dim, n, 1);
    CHECK(peak == 11 && suggested == 16);
    /* iGPT-S: a shelf, no minimum */
    n = draw((double[][2]){{0, 10.8}, {8, 25}, {20, 15}, {22, 15}, {24, 12}}, 5, dim);
    choose(dim, n, 1);
    CHECK(peak == 8 && suggested == SIZE_MAX);
}

TEST(profiles_without_a_turn_choose_nothing) {
    choose((double[]){1, 2, 3, 4, 5, 6}, 6, 1);
    CHECK(peak == SIZE_MAX && suggested == SIZE_MAX);
    choose((double[]){6, 5, 4, 3, 2, 1}, 6, 1);
    CHECK(peak == SIZE_MAX && suggested == SIZE_MAX);
    choose((double[]){5, 5.2, 4.9, 5.1, 5, 4.9}, 6, 1); /* wiggles below 10 % */
    CHECK(peak == SIZE_MAX && suggested == SIZE_MAX);
    choose(NULL, 0, 1);
    CHECK(peak == SIZE_MAX && suggested == SIZE_MAX);
}

TEST(a_hole_in_the_profile_is_stepped_over) {
    const double hole = (double)NAN;
    choose((double[]){hole, 3, hole, 9, hole, 4, hole, 8}, 8, 1);
    CHECK(peak == 3 && suggested == 5);
}

/* Sparse layer lists: the middle of a flat bottom is taken in depth, not in position. */
TEST(the_middle_of_a_plateau_is_measured_in_depth) {
    const double depth[] = {0, 0.1, 0.2, 0.21, 0.22, 0.6, 1}, dim[] = {5, 20, 4, 4, 4, 4, 9};
    gn_id_choose_layer(depth, dim, 7, &peak, &suggested);
    CHECK(peak == 1 && suggested == 4);
}

int main(void) {
    RUN(twonn_does_not_depend_on_the_order_of_rows);
    RUN(dadapy_leaves_identical_points_in);
    RUN(twonn_error_bars_match_the_scatter);
    RUN(golden_values_of_a_gaussian);
    RUN(golden_values_of_two_clusters);
    RUN(duplicates_are_refused_until_collapsed);
    RUN(gride_filters_the_ratios_of_near_duplicates);
    RUN(gride_solves_its_equation);
    RUN(gride_takes_the_limit_at_equal_distances);
    RUN(gride_keeps_ratios_that_are_all_equal);
    RUN(gride_says_nan_where_no_dimension_fits);
    RUN(bad_tables_are_named);
    RUN(bad_options_are_named);
    RUN(strides_are_honoured);
    RUN(the_flattest_scale_is_an_interior_one);
    RUN(published_profiles_choose_the_published_layers);
    RUN(profiles_without_a_turn_choose_nothing);
    RUN(a_hole_in_the_profile_is_stepped_over);
    RUN(the_middle_of_a_plateau_is_measured_in_depth);
    return tap_done();
}
