/* Each allocation of the isotropy calls fails once: GN_ENOMEM, nothing left, outputs untouched. And
 * the Gaussian rows of the null. */
#include "fail_alloc.h"
#include "isotropy_cloud.h"

#include "geometry/gaussian.h"

enum { N = 150, D = 6, V = 12 };
static double x[N * D];
static int32_t type[N], sequence[N], cluster[N];
static const gn_isotropy_opts opts = {.type = type, .sequence = sequence};

static gn_status context(void *user, gn_error *err) {
    gn_context_cosines c = {.n_rows = 99999};
    double share[D] = {-7};
    (void)user;
    gn_status st = gn_context_compute(NULL, gn_mat_f64(x, N, D), &opts, 5, &c, share, err);
    CHECK((st == GN_OK) == (c.n_rows == N) && (st == GN_OK) == !(share[0] < -6));
    return st;
}
static gn_status partition(void *user, gn_error *err) {
    gn_partition p = {.n = 99999};
    (void)user;
    gn_status st = gn_partition_compute(NULL, gn_mat_f64(x, N, D), &opts, &p, err);
    CHECK((st == GN_OK) == (p.n == N));
    return st;
}
static gn_status draws(void *user, gn_error *err) {
    gn_cosine_draws c = {.n_draws = 99};
    (void)user;
    gn_status st = gn_cosines_sample(NULL, gn_mat_f64(x, N, D), &opts, 3, &c, err);
    CHECK((st == GN_OK) == (c.n_draws == 3));
    return st;
}
static gn_status mev(void *user, gn_error *err) {
    gn_mev m = {.n_types = 99};
    (void)user;
    gn_status st = gn_mev_compute(NULL, gn_mat_f64(x, N, D), &opts, NULL, &m, err);
    CHECK((st == GN_OK) == (m.n_types != 99));
    return st;
}
static gn_status cai(void *user, gn_error *err) {
    gn_cai2021 c = {.n_rows = 99999};
    gn_cai2021_opts o = {
        .maxl = 3, .embed = 4, .center = true, .cluster = cluster, .n_clusters = 2};
    (void)user;
    gn_status st = gn_cai2021_compute(NULL, gn_mat_f64(x, N, D), &opts, &o, &c, err);
    CHECK((st == GN_OK) == (c.n_rows != 99999));
    return st;
}
/* A repair of each kind, its spectrum, rows and a summary after it. */
static gn_status repair(void *user, gn_error *err) {
    gn_repair_kind kind = *(gn_repair_kind *)user;
    double covariance[D * D], spectrum[D];
    float rows[2 * D];
    gn_repair *r = NULL;
    gn_isotropy s = {.n = 7};
    gn_repair_opts o = {.type = type, .cluster = cluster, .n_clusters = 2, .n_directions = 2};
    gn_status st = gn_repair_new(NULL, gn_mat_f64(x, N, D), kind, &o, &r, err);
    CHECK((st == GN_OK) == (r != NULL));
    if (st != GN_OK) return st;
    for (int i = 0; i < D * D; i++) covariance[i] = i % (D + 1) == 0;
    if (kind != GN_REPAIR_CLUSTER) st = gn_repair_spectrum(r, covariance, spectrum, err);
    if (st == GN_OK) st = gn_repair_apply(NULL, r, gn_mat_f64(x, N, D), 1, 2, rows, err);
    gn_isotropy_opts after = opts;
    after.repair = r;
    if (st == GN_OK) st = gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &after, &s, NULL, err);
    CHECK((st == GN_OK) == (s.n == N));
    gn_repair_free(r);
    return st;
}
static gn_status gaussian(void *user, gn_error *err) {
    const double mean[2] = {1, 2}, covariance[4] = {2, 1, 1, 2};
    float rows[20];
    (void)user;
    return gn_gaussian_rows(NULL, mean, covariance, 2, 10, 0, rows, err);
}

TEST(isotropy_calls_without_memory) {
    FAIL_SWEEP(context, NULL, "context");
    FAIL_SWEEP(partition, NULL, "partition function");
    FAIL_SWEEP(draws, NULL, "draws");
    FAIL_SWEEP(mev, NULL, "explained variance");
    FAIL_SWEEP(cai, NULL, "the published scripts");
    FAIL_SWEEP(gaussian, NULL, "Gaussian rows");
    for (int kind = 0; kind < GN_REPAIR_KINDS; kind++) {
        gn_repair_kind k = (gn_repair_kind)kind;
        FAIL_SWEEP(repair, &k, gn_repair_name(k));
    }
}

/* Mean and covariance of many rows; a covariance of rank one; the same rows on any threads. */
TEST(gaussian_rows_have_their_moments) {
    gn_error err;
    enum { M = 40000, W = 3 };
    const double mean[W] = {10, -3, 0}, covariance[W * W] = {4, 2, 0, 2, 3, 0, 0, 0, 0};
    float *rows = malloc(2 * M * W * sizeof *rows);
    double *y = malloc(M * W * sizeof *y), m[W], c[W * W];
    for (unsigned t = 0; t < 2; t++) {
        gn_ctx *ctx;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = t + 1, .seed = 4}, &ctx, &err));
        OK(gn_gaussian_rows(ctx, mean, covariance, W, M, 9, rows + t * M * W, &err));
        gn_ctx_free(ctx);
    }
    CHECK(memcmp(rows, rows + M * W, M * W * sizeof *rows) == 0);
    for (size_t i = 0; i < M * W; i++) y[i] = (double)rows[i];
    naive_covariance(y, M, W, m, c);
    for (int j = 0; j < W; j++) CHECK(fabs(m[j] - mean[j]) < 4 * sqrt(4.0 / M));
    for (int j = 0; j < W * W; j++) CHECK(fabs(c[j] - covariance[j]) < 4 * sqrt(32.0 / M));
    CHECK(c[W * W - 1] < 1e-12);
    free(rows);
    free(y);
}

int main(void) {
    make_cloud(x, N, D, V, type, sequence, 5);
    for (int32_t i = 0; i < N; i++) cluster[i] = i % 3 - 1;
    RUN(isotropy_calls_without_memory);
    RUN(gaussian_rows_have_their_moments);
    return tap_done();
}
