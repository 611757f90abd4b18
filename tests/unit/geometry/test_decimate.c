/* TwoNN on thinned samples: options and refusals. Its values are acceptance check 8,
 * test_acceptance_dimension.c. */
#include "geometry_data.h"
#include "gonio/id.h"

#include "base/random.h"

enum { N = 2000, D = 50 };

TEST(options_choose_sizes_and_estimator) {
    gn_error err;
    json_t *root = golden_open();
    float *x = npy_read("A_gauss5in50.npy", N * D * sizeof *x);
    if (!root || !x) SKIP("no shared data");
    gn_decimate_point p[10];
    size_t n_points;
    gn_decimate_opts ml = {.n_halvings = 2, .twonn.method = GN_TWONN_ML};
    OK(gn_id_decimate(NULL, gn_mat_f32(x, N, D), &ml, p, &n_points, &err));
    CHECK(n_points == 3);
    CHECK_NEAR(p[0].id.dim, golden(root, "A/twonn_ml/0"), 1e-6);
    OK(gn_id_decimate(NULL, gn_mat_f32(x, N, D), &(gn_decimate_opts){.n_min = 500}, p, &n_points,
                      &err));
    CHECK(n_points == 2); /* 500 is not above 500 */
    gn_decimate_point all[10];
    size_t n_all;
    OK(gn_id_decimate(NULL, gn_mat_f32(x, N, D), NULL, all, &n_all, &err));
    OK(gn_id_decimate(NULL, gn_mat_f32(x, N, D), &(gn_decimate_opts){.full = &all[0].id}, p,
                      &n_points, &err));
    REQUIRE(n_points == n_all && p[0].n == N && p[0].n_samples == 1);
    for (size_t j = 0; j < n_all; j++)
        CHECK(p[j].id.dim == all[j].id.dim && p[j].id.se == all[j].id.se);
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
    RUN(options_choose_sizes_and_estimator);
    RUN(bad_samples_are_named);
    return tap_done();
}
