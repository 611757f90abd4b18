/* From points to numbers, through gonio's own neighbours: the acceptance checks of the geometry
 * specification that need the whole chain. */
#include "geometry_data.h"

#include "base/random.h"
#include "gonio/id.h"
#include "gonio/neighbors.h"
#include "gonio/overlap.h"

enum { N = 2000, K = 64 };

/* TwoNN and the Gride curve of a point set, in that order; returns how many values. */
static size_t estimate(gn_mat x, gn_knn **knn, double dim[16], gn_error *err) {
    gn_gride_point p[8];
    gn_id_estimate e;
    size_t n_points = 0;
    if (gn_knn_compute(NULL, x, &(gn_knn_opts){.k = K}, knn, err) != GN_OK) return 0;
    gn_mat t = gn_mat_f32((*knn)->distance, (*knn)->n, K);
    if (gn_id_twonn(t, NULL, &e, err) != GN_OK) return 0;
    if (gn_id_gride(t, NULL, p, &n_points, err) != GN_OK) return 0;
    dim[0] = e.dim;
    for (size_t j = 0; j < n_points; j++) dim[j + 1] = p[j].id.dim;
    return n_points + 1;
}

static void check_set(const char *set, const char *file, size_t d) {
    gn_error err = {0};
    json_t *root = golden_open();
    double *x = points_read(file, N, d), dim[16];
    if (!root || !x) SKIP("no shared data");
    gn_knn *knn = NULL;
    REQUIRE(estimate(gn_mat_f64(x, N, d), &knn, dim, &err) == 7);
    char path[64];
    snprintf(path, sizeof path, "%s/twonn_base_fraction_0.9/0", set);
    CHECK_NEAR(dim[0], golden(root, path), 1e-6);
    for (size_t j = 0; j < 6; j++) {
        snprintf(path, sizeof path, "%s/gride_range64/ids/%zu", set, j);
        CHECK_NEAR(dim[j + 1], golden(root, path), 1e-6);
    }
    gn_knn_free(knn);
    free(x);
    json_decref(root);
}
TEST(golden_dimensions_of_a_gaussian) {
    check_set("A", "A_gauss5in50.npy", 50);
}
TEST(golden_dimensions_of_two_clusters) {
    check_set("C", "C_twoclusters20.npy", 20);
}

static size_t same_neighbors(const gn_knn *a, const gn_knn *b, size_t k) {
    size_t same = 0;
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < k; j++) same += a->index[i * a->k + j] == b->index[i * b->k + j];
    return same;
}

/* Rotated, shifted by 1000, scaled by 7.3, zero columns added. In float64 only the stored float32
 * distances round (1e-7); shifted and stored as float32, the points themselves do. */
TEST(dimensions_and_neighbors_are_invariant) {
    gn_error err = {0};
    enum { D = 50, WIDE = 512 };
    double *x = points_read("A_gauss5in50.npy", N, D), before[16], after[16], w[D], s = 0;
    if (!x) SKIP("no shared data");
    double *y = malloc(N * D * sizeof *y);
    float *f = calloc(N * WIDE, sizeof *f);
    gn_knn *knn = NULL, *other = NULL;
    REQUIRE(estimate(gn_mat_f64(x, N, D), &knn, before, &err) == 7);
    for (size_t j = 0; j < D; j++) w[j] = sin(1 + 2 * (double)j), s += w[j] * w[j];
    for (size_t i = 0; i < N; i++) {
        double p = 0;
        for (size_t j = 0; j < D; j++) p += w[j] * x[i * D + j];
        for (size_t j = 0; j < D; j++)
            y[i * D + j] = 7.3 * (x[i * D + j] - 2 * p / s * w[j]) + 1000;
    }
    REQUIRE(estimate(gn_mat_f64(y, N, D), &other, after, &err) == 7);
    for (int j = 0; j < 7; j++) CHECK_NEAR(after[j] / before[j], 1, 1e-7);
    CHECK(same_neighbors(knn, other, K) == N * K);
    gn_knn_free(other);
    for (size_t i = 0; i < N * D; i++) f[i] = (float)(x[i] + 1000);
    REQUIRE(estimate(gn_mat_f32(f, N, D), &other, after, &err) == 7);
    for (int j = 0; j < 7; j++) CHECK_NEAR(after[j] / before[j], 1, 1e-4);
    CHECK(same_neighbors(knn, other, 30) * 1000 >= 995 * N * 30);
    gn_knn_free(other);
    memset(f, 0, N * WIDE * sizeof *f);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < D; j++) f[i * WIDE + j] = (float)x[i * D + j];
    REQUIRE(estimate(gn_mat_f32(f, N, WIDE), &other, after, &err) == 7);
    CHECK(memcmp(before, after, 7 * sizeof *before) == 0);
    CHECK(same_neighbors(knn, other, K) == N * K);
    gn_knn_free(other);
    gn_knn_free(knn);
    free(x);
    free(y);
    free(f);
}

TEST(duplicates_are_collapsed) {
    gn_error err = {0};
    json_t *root = golden_open();
    double *x = points_read("D_duplicates.npy", 500, 50), dim[16];
    if (!root || !x) SKIP("no shared data");
    int32_t first[500];
    size_t n_duplicates = 0, n = 0;
    OK(gn_duplicates(NULL, gn_mat_f64(x, 500, 50), first, &n_duplicates, &err));
    CHECK(n_duplicates == 20);
    gn_knn *knn = NULL;
    CHECK(estimate(gn_mat_f64(x, 500, 50), &knn, dim, &err) == 0);
    CHECK_CONTAINS(err.message, "collapsed");
    size_t selves = 0;
    for (size_t i = 0; i < 500 * K; i++) selves += knn->index[i] == (int32_t)(i / K);
    CHECK(selves == 0);
    gn_knn_free(knn);
    for (size_t i = 0; i < 500; i++)
        if (first[i] == (int32_t)i) memmove(x + 50 * n++, x + 50 * i, 50 * sizeof *x);
    REQUIRE(n == 480 && estimate(gn_mat_f64(x, n, 50), &knn, dim, &err) == 7);
    CHECK_NEAR(dim[0], golden(root, "D_duplicates/twonn_base_0.9_after_removal/0"), 1e-6);
    CHECK_NEAR(dim[1], golden(root, "D_duplicates/gride_after_removal/ids/0"), 1e-6);
    gn_knn_free(knn);
    free(x);
    json_decref(root);
}

/* N points of a Gaussian of `latent` dimensions, turned into `d` coordinates. */
static void embed(double *x, size_t d, size_t latent, uint64_t seed) {
    double q[16][64]; /* orthonormal rows, by Gram and Schmidt */
    gn_random r = gn_random_new(seed, latent);
    for (size_t a = 0; a < latent; a++) {
        for (size_t j = 0; j < d; j++) q[a][j] = gn_random_normal(&r);
        for (size_t b = 0; b <= a; b++) {
            double p = 0;
            for (size_t j = 0; j < d; j++) p += q[a][j] * q[b][j];
            for (size_t j = 0; j < d; j++)
                q[a][j] = b == a ? q[a][j] / sqrt(p) : q[a][j] - p * q[b][j];
        }
    }
    memset(x, 0, N * d * sizeof *x);
    for (size_t i = 0; i < N; i++)
        for (size_t a = 0; a < latent; a++) {
            double z = gn_random_normal(&r);
            for (size_t j = 0; j < d; j++) x[i * d + j] += z * q[a][j];
        }
}

/* Seven layers of latent dimension 3 8 14 6 3 5 9 in 64: the peak is layer 2, the suggestion layer
 * 4, and TwoNN finds the dimensions. One sample scatters by D / sqrt(1800), 2.4 %, so the expected
 * values within 5 % are asked of the mean of four. */
TEST(a_synthetic_profile_suggests_its_minimum) {
    gn_error err = {0};
    enum { LAYERS = 7, D = 64, SAMPLES = 4 };
    const size_t latent[LAYERS] = {3, 8, 14, 6, 3, 5, 9};
    const double expected[LAYERS] = {3.0, 7.7, 13.3, 6.0, 3.0, 5.1, 8.9};
    double *x = malloc(N * D * sizeof *x), mean[LAYERS] = {0}, depth[LAYERS], profile[LAYERS];
    for (size_t s = 0; s < SAMPLES; s++) {
        for (size_t l = 0; l < LAYERS; l++) {
            gn_knn *knn;
            gn_id_estimate e;
            embed(x, D, latent[l], 10 * l + s);
            OK(gn_knn_compute(NULL, gn_mat_f64(x, N, D), &(gn_knn_opts){.k = 2}, &knn, &err));
            OK(gn_id_twonn(gn_mat_f32(knn->distance, N, 2), NULL, &e, &err));
            gn_knn_free(knn);
            profile[l] = e.dim;
            mean[l] += e.dim / SAMPLES;
            depth[l] = (double)l / (LAYERS - 1);
        }
        size_t peak, suggested;
        gn_id_choose_layer(depth, profile, LAYERS, &peak, &suggested);
        CHECK(peak == 2 && suggested == 4);
    }
    for (size_t l = 0; l < LAYERS; l++) CHECK_NEAR(mean[l] / expected[l], 1, 0.05);
    free(x);
}

TEST(golden_overlaps_from_own_neighbors) {
    gn_error err = {0};
    json_t *root = golden_open();
    double *a = points_read("A_gauss5in50.npy", N, 50),
           *c = points_read("C_twoclusters20.npy", N, 20);
    int32_t *code = npy_read("C_labels.npy", N * 4);
    if (!root || !a || !c || !code) SKIP("no shared data");
    gn_knn *ka, *kc;
    gn_overlap o;
    OK(gn_knn_compute(NULL, gn_mat_f64(a, N, 50), &(gn_knn_opts){.k = K}, &ka, &err));
    OK(gn_knn_compute(NULL, gn_mat_f64(c, N, 20), &(gn_knn_opts){.k = 130}, &kc, &err));
    OK(gn_overlap_data(ka, kc, 30, &o, &err)); /* tables of different width */
    CHECK_NEAR(o.value, golden(root, "data_overlap/A_vs_C_k30"), 1e-14);
    gn_labels labels = {.n = N, .code = code, .n_classes = 2};
    OK(gn_overlap_label(kc, &labels, &(gn_label_overlap_opts){.k = 10}, &o, &err));
    CHECK_NEAR(o.value, golden(root, "C_label_overlap/k10_weighted"), 1e-13);
    OK(gn_overlap_label(kc, &labels,
                        &(gn_label_overlap_opts){.class_fraction = 0.05, .plain = true}, &o, &err));
    CHECK_NEAR(o.value, golden(root, "C_label_overlap/class_fraction0.05_unweighted"), 1e-13);
    gn_knn_free(ka);
    gn_knn_free(kc);
    free(a);
    free(c);
    free(code);
    json_decref(root);
}

int main(void) {
    RUN(golden_dimensions_of_a_gaussian);
    RUN(golden_dimensions_of_two_clusters);
    RUN(dimensions_and_neighbors_are_invariant);
    RUN(duplicates_are_collapsed);
    if (!test_quick()) RUN(a_synthetic_profile_suggests_its_minimum);
    RUN(golden_overlaps_from_own_neighbors);
    return tap_done();
}
