/* Each allocation of the geometry calls fails once: GN_ENOMEM, nothing left, outputs untouched. */
#include "fail_alloc.h"

#include "base/random.h"
#include "gonio/density.h"
#include "gonio/id.h"
#include "gonio/imbalance.h"
#include "gonio/isotropy.h"
#include "gonio/overlap.h"

enum { N = 120, D = 5, K = 6 };
static double x[N * D], dist[N * K];
static float near_[N * K];
static int32_t index_[N * K], type[N], code[N], group[N];

static void fill(void) {
    gn_random r = gn_random_new(1, 0);
    for (size_t i = 0; i < N * D; i++) x[i] = gn_random_normal(&r);
    for (size_t i = 0; i < N; i++) {
        type[i] = (int32_t)(i % 50);
        code[i] = (int32_t)(i % 3);
        group[i] = (int32_t)(i % 7);
        for (size_t j = 0; j < K; j++) {
            dist[i * K + j] = (double)(j + 1) + 0.5 * gn_random_uniform(&r);
            near_[i * K + j] = (float)dist[i * K + j];
            index_[i * K + j] = (int32_t)((i + 1 + j) % N);
        }
    }
}

static gn_status twonn(void *user, gn_error *err) {
    gn_id_estimate e = {.dim = -7};
    (void)user;
    gn_status st = gn_id_twonn(gn_mat_f64(dist, N, K), NULL, &e, err);
    CHECK((st == GN_OK) == !(e.dim < 0));
    return st;
}
static gn_status gride(void *user, gn_error *err) {
    gn_gride_point p[4];
    size_t n_points = 99;
    (void)user;
    gn_status st = gn_id_gride(gn_mat_f64(dist, N, K), NULL, p, &n_points, err);
    CHECK((st == GN_OK) == (n_points != 99));
    return st;
}
static gn_status decimate(void *user, gn_error *err) {
    gn_decimate_point p[8];
    size_t n_points = 99;
    (void)user;
    gn_status st = gn_id_decimate(NULL, gn_mat_f64(x, N, D), NULL, p, &n_points, err);
    CHECK((st == GN_OK) == (n_points != 99));
    return st;
}
static gn_status overlaps(void *user, gn_error *err) {
    gn_knn knn = {.n = N, .k = K, .index = index_};
    gn_labels labels = {.n = N, .code = code, .n_classes = 3};
    gn_overlap o = {.value = -7};
    (void)user;
    gn_status st = gn_overlap_data(&knn, &knn, 0, &o, err);
    CHECK((st == GN_OK) == !(o.value < 0));
    if (st != GN_OK) return st;
    o.value = -7;
    st = gn_overlap_label(&knn, &labels, &(gn_label_overlap_opts){.group = group}, &o, err);
    CHECK((st == GN_OK) == !(o.value < 0));
    return st;
}
static gn_status isotropy(void *user, gn_error *err) {
    gn_isotropy s = {.n = 7};
    double spectrum[D] = {-7};
    (void)user;
    gn_status st = gn_isotropy_compute(NULL, gn_mat_f64(x, N, D),
                                       &(gn_isotropy_opts){.type = type, .sequence = group}, &s,
                                       &(gn_isotropy_arrays){.spectrum = spectrum}, err);
    CHECK((st == GN_OK) == (s.n == N) && (st == GN_OK) == !(spectrum[0] < 0));
    return st;
}

static gn_status kstar_gride(void *user, gn_error *err) {
    gn_knn knn = {.n = N, .k = K, .index = index_, .distance = near_};
    gn_id_estimate steps[6] = {{.dim = -7}};
    (void)user;
    gn_status st = gn_id_kstar_gride(NULL, &knn, NULL, steps, err);
    CHECK((st == GN_OK) == !(steps[0].dim < 0));
    return st;
}
static gn_status binomial(void *user, gn_error *err) {
    gn_binomial_estimate b = {.k = 99};
    (void)user;
    gn_status st =
        gn_id_binomial(gn_mat_f64(dist, N, K), &(gn_binomial_opts){.ratio = 0.9}, &b, err);
    CHECK((st == GN_OK) == (b.k != 99));
    return st;
}
static gn_status density(void *user, gn_error *err) {
    gn_knn knn = {.n = N, .k = K, .index = index_, .distance = near_};
    double rho[N] = {-99}, se[N] = {-99}, ari = -7;
    int32_t kstar[N], label[N] = {-7};
    gn_adp_summary a = {.n_clusters = 99};
    (void)user;
    for (size_t i = 0; i < N; i++) kstar[i] = 5;
    gn_density_opts o = {.dim = D, .kstar = kstar};
    gn_status st = gn_density_compute(NULL, &knn, &o, rho, se, err);
    CHECK((st == GN_OK) == (rho[0] > -99));
    if (st == GN_OK) st = gn_adp(NULL, &knn, kstar, rho, se, NULL, label, NULL, &a, err);
    CHECK((st == GN_OK) == (a.n_clusters != 99) && (st == GN_OK) == (label[0] >= 0));
    if (st == GN_OK) st = gn_adjusted_rand(label, code, N, &ari, err);
    CHECK((st == GN_OK) == (ari > -7));
    return st;
}
static gn_status imbalance(void *user, gn_error *err) {
    gn_knn knn = {.n = N, .k = K, .index = index_, .distance = near_};
    gn_imbalance v = {.n = 99};
    (void)user;
    gn_status st = gn_imbalance_compute(NULL, &knn, gn_mat_f64(x, N, D), 2, NULL, &v, err);
    CHECK((st == GN_OK) == (v.n != 99));
    return st;
}

TEST(twonn_without_memory) {
    FAIL_SWEEP(twonn, NULL, "TwoNN");
}
TEST(gride_without_memory) {
    FAIL_SWEEP(gride, NULL, "Gride");
}
TEST(decimation_without_memory) {
    FAIL_SWEEP(decimate, NULL, "decimation");
}
TEST(overlaps_without_memory) {
    FAIL_SWEEP(overlaps, NULL, "overlaps");
}
TEST(isotropy_without_memory) {
    FAIL_SWEEP(isotropy, NULL, "isotropy");
}
TEST(kstar_gride_without_memory) {
    FAIL_SWEEP(kstar_gride, NULL, "k*-Gride");
}
TEST(binomial_without_memory) {
    FAIL_SWEEP(binomial, NULL, "binomial dimension");
}
TEST(density_without_memory) {
    FAIL_SWEEP(density, NULL, "density");
}
TEST(imbalance_without_memory) {
    FAIL_SWEEP(imbalance, NULL, "imbalance");
}

int main(void) {
    fill();
    RUN(twonn_without_memory);
    RUN(gride_without_memory);
    RUN(decimation_without_memory);
    RUN(overlaps_without_memory);
    RUN(isotropy_without_memory);
    RUN(kstar_gride_without_memory);
    RUN(binomial_without_memory);
    RUN(density_without_memory);
    RUN(imbalance_without_memory);
    return tap_done();
}
