/* TwoNN on thinned samples: the fixed samples of the shared data, random ones statistically. */
#include "geometry_data.h"
#include "gonio/id.h"

#include "base/random.h"

enum { N = 2000, D = 50 };

TEST(fixed_samples_give_the_golden_values) {
    gn_error err;
    json_t *root = golden_open();
    float *x = npy_read("A_gauss5in50.npy", N * D * sizeof *x);
    int32_t *rows = npy_read("A_subsets_4x500.npy", 2000 * sizeof *rows);
    if (!root || !x || !rows) SKIP("no shared data");
    gn_mat m = gn_mat_f32(x, N, D);
    gn_decimate_point p;
    double scale = 0;
    for (size_t s = 0; s < 4; s++) {
        char path[64];
        OK(gn_id_samples(NULL, m, rows + s * 500, 1, 500, NULL, &p, &err));
        snprintf(path, sizeof path, "A_fixed_subsets/%zu/base_0.9/0", s);
        CHECK_NEAR(p.id.dim, golden(root, path), 1e-6);
        CHECK_NEAR(p.id.se, p.id.dim / sqrt(450), 1e-12); /* one sample: the estimate's own */
        snprintf(path, sizeof path, "A_fixed_subsets/%zu/base_0.9/2", s);
        CHECK_NEAR(p.id.scale, golden(root, path), 1e-6);
        scale += p.id.scale / 4;
        OK(gn_id_samples(NULL, m, rows + s * 500, 1, 500, &(gn_twonn_opts){.method = GN_TWONN_ML},
                         &p, &err));
        snprintf(path, sizeof path, "A_fixed_subsets/%zu/ml/0", s);
        CHECK_NEAR(p.id.dim, golden(root, path), 1e-6);
    }
    OK(gn_id_samples(NULL, m, rows, 4, 500, NULL, &p, &err));
    CHECK(p.n == 500 && p.n_samples == 4 && p.id.n == 450);
    CHECK_NEAR(p.id.dim, golden(root, "A_fixed_subsets_mean_err/0"), 1e-6);
    CHECK_NEAR(p.id.se, golden(root, "A_fixed_subsets_mean_err/1"), 1e-6);
    CHECK_NEAR(p.id.scale, scale, 1e-14);
    free(x);
    free(rows);
    json_decref(root);
}

/* Sizes as in DADApy's curve; values near the flat 5 of the set (check 8 of the specification). */
TEST(random_samples_follow_the_published_curve) {
    gn_error err;
    json_t *root = golden_open();
    float *x = npy_read("A_gauss5in50.npy", N * D * sizeof *x);
    if (!root || !x) SKIP("no shared data");
    gn_ctx *ctx[2];
    gn_decimate_point p[2][10];
    size_t n_points[2];
    memset(p, 0, sizeof p);
    for (unsigned t = 0; t < 2; t++) {
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = t + 1, .seed = 42}, &ctx[t], &err));
        OK(gn_id_decimate(ctx[t], gn_mat_f32(x, N, D), NULL, p[t], &n_points[t], &err));
        gn_ctx_free(ctx[t]);
    }
    CHECK(n_points[0] == n_points[1] && memcmp(p[0], p[1], sizeof p[0]) == 0);
    REQUIRE(n_points[0] == 8);
    for (size_t j = 0; j < 8; j++) {
        char path[64];
        snprintf(path, sizeof path, "A/twonn_scaling_base_0.9_seed42/sizes/%zu", j);
        CHECK(p[0][j].n == (size_t)golden(root, path));
        CHECK(p[0][j].n_samples == (size_t)rint(2000.0 / (double)p[0][j].n));
        if (j) CHECK(p[0][j].id.scale > p[0][j - 1].id.scale && p[0][j].id.se > 0);
    }
    CHECK_NEAR(p[0][0].id.dim, golden(root, "A/twonn_base_fraction_0.9/0"), 1e-6);
    CHECK(fabs(p[0][1].id.dim - 5) < 0.45 && fabs(p[0][2].id.dim - 5.1) < 0.5);
    CHECK(fabs(p[0][5].id.dim - 5) < 0.6);
    OK(gn_id_decimate(NULL, gn_mat_f32(x, N, D),
                      &(gn_decimate_opts){.n_halvings = 2, .twonn.method = GN_TWONN_ML}, p[1],
                      &n_points[1], &err));
    CHECK(n_points[1] == 3);
    CHECK_NEAR(p[1][0].id.dim, golden(root, "A/twonn_ml/0"), 1e-6);
    OK(gn_id_decimate(NULL, gn_mat_f32(x, N, D), &(gn_decimate_opts){.n_min = 500}, p[1],
                      &n_points[1], &err));
    CHECK(n_points[1] == 2); /* 500 is not above 500 */
    free(x);
    json_decref(root);
}

TEST(bad_samples_are_named) {
    gn_error err;
    double x[40 * 3];
    gn_random r = gn_random_new(1, 0);
    for (size_t i = 0; i < 120; i++) x[i] = gn_random_normal(&r);
    gn_mat m = gn_mat_f64(x, 40, 3);
    int32_t rows[] = {1, 2, 3, 4, 5, 6, 7, 40};
    gn_decimate_point p[8];
    memset(p, 0x5a, sizeof p);
    const gn_decimate_point before = p[0];
    size_t n_points = 99;
    CHECK(gn_id_samples(NULL, m, rows, 2, 4, NULL, p, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "sample 1 names row 40 of 40");
    rows[7] = -1;
    CHECK(gn_id_samples(NULL, m, rows, 2, 4, NULL, p, &err) == GN_EINVAL);
    rows[7] = 7; /* drawn twice: a zero distance */
    CHECK(gn_id_samples(NULL, m, rows, 2, 4, NULL, p, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "sample 1 of 4 rows: ");
    CHECK(gn_id_samples(NULL, m, rows, 2, 2, NULL, p, &err) == GN_EINVAL);
    CHECK(gn_id_samples(NULL, m, rows, 0, 4, NULL, p, &err) == GN_EINVAL);
    CHECK(gn_id_decimate(NULL, gn_mat_f64(x, 3, 3), NULL, p, &n_points, &err) == GN_EINVAL);
    CHECK(gn_id_decimate(NULL, m, &(gn_decimate_opts){.n_min = 40}, p, &n_points, &err) ==
          GN_EINVAL);
    CHECK(gn_id_decimate(NULL, m, &(gn_decimate_opts){.twonn.fraction = 2}, p, &n_points, &err) ==
          GN_EINVAL);
    CHECK(n_points == 99 && memcmp(p, &before, sizeof before) == 0);
}

int main(void) {
    RUN(fixed_samples_give_the_golden_values);
    RUN(random_samples_follow_the_published_curve);
    RUN(bad_samples_are_named);
    return tap_done();
}
