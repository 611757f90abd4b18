/* Each allocation of the geometry calls fails once: GN_ENOMEM, nothing left, outputs untouched. */
#include "fail_alloc.h"

#include "base/random.h"
#include "gonio/id.h"
#include "gonio/isotropy.h"
#include "gonio/overlap.h"

enum { N = 120, D = 5, K = 4 };
static double x[N * D], dist[N * K];
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
    gn_status st = gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &(gn_isotropy_opts){type, group},
                                       &s, spectrum, err);
    CHECK((st == GN_OK) == (s.n == N) && (st == GN_OK) == !(spectrum[0] < 0));
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

int main(void) {
    fill();
    RUN(twonn_without_memory);
    RUN(gride_without_memory);
    RUN(decimation_without_memory);
    RUN(overlaps_without_memory);
    RUN(isotropy_without_memory);
    return tap_done();
}
