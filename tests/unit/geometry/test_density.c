/* Log densities: golden values, the maximum itself, and what scale and ties must not do. */
#include "geometry_data.h"

#include "base/random.h"
#include "gonio/density.h"
#include "gonio/id.h"

enum { N = 2000, K = 100 };

static gn_knn *neighbors_of(const double *x, size_t n, size_t d, size_t k) {
    gn_knn *knn = NULL;
    gn_error err;
    if (gn_knn_compute(NULL, gn_mat_f64(x, n, d), &(gn_knn_opts){.k = k}, &knn, &err) != GN_OK)
        printf("# %s\n", err.message);
    return knn;
}

static void check_golden(const json_t *set, const char *name, const double *rho) {
    const json_t *g = json_object_get(set, name);
    double mean = 0, sd = 0;
    for (size_t i = 0; i < N; i++) mean += rho[i] / N;
    for (size_t i = 0; i < N; i++) sd += (rho[i] - mean) * (rho[i] - mean) / N;
    CHECK_NEAR(mean, golden(g, "mean"), 1e-6);
    CHECK_NEAR(sqrt(sd), golden(g, "std"), 1e-6);
    for (size_t i = 0; i < 5; i++) {
        char path[16];
        snprintf(path, sizeof path, "first5/%zu", i);
        CHECK_NEAR(rho[i], golden(g, path), 1e-6);
    }
}

static void check_set(const char *name, const char *file, size_t d) {
    gn_error err;
    json_t *root = golden_open();
    double *x = points_read(file, N, d);
    if (!root || !x) SKIP("no shared data");
    const json_t *set = json_object_get(root, name);
    gn_knn *knn = neighbors_of(x, N, d, K);
    gn_id_estimate e;
    static int32_t kstar[N];
    static double rho[N], se[N];
    OK(gn_id_twonn(gn_mat_f32(knn->distance, N, K), NULL, &e, &err));
    OK(gn_kstar(NULL, knn, e.dim, 0, kstar, &err));
    gn_density_opts o = {.method = GN_DENSITY_KNN, .dim = e.dim};
    OK(gn_density_compute(NULL, knn, &o, rho, se, &err));
    check_golden(set, "kNN10_logden", rho);
    CHECK_NEAR(se[7], 1 / sqrt(10), 1e-15);
    o = (gn_density_opts){.method = GN_DENSITY_KSTAR, .dim = e.dim, .kstar = kstar};
    OK(gn_density_compute(NULL, knn, &o, rho, se, &err));
    check_golden(set, "kstarNN_logden", rho);
    CHECK_NEAR(se[7], 1 / sqrt(kstar[7]), 1e-15);
    o = (gn_density_opts){.dim = e.dim, .kstar = kstar, .dadapy = true};
    OK(gn_density_compute(NULL, knn, &o, rho, se, &err));
    check_golden(set, "PAk_logden", rho);
    double k = kstar[7];
    CHECK_NEAR(se[7], sqrt((4 * k + 2) / (k * (k - 1))), 1e-15);
    gn_knn_free(knn);
    free(x);
    json_decref(root);
}
TEST(golden_densities_of_a_gaussian) {
    check_set("A", "A_gauss5in50.npy", 50);
}
TEST(golden_densities_of_two_clusters) {
    check_set("C", "C_twoclusters20.npy", 20);
}

/* Rows are cut into blocks by the data: a thread more changes no bit. A call that is stopped writes
 * nothing. */
static bool stop(void *user) {
    return *(bool *)user;
}
TEST(threads_change_no_bit) {
    enum { ROWS = 5000, D = 3, NEAR = 30 };
    gn_error err;
    static double x[ROWS * D], rho[3][ROWS], se[3][ROWS];
    static int32_t kstar[3][ROWS];
    bool stopping = false;
    gn_random r = gn_random_new(11, 0);
    for (size_t i = 0; i < ROWS * D; i++) x[i] = gn_random_normal(&r);
    gn_knn *knn = neighbors_of(x, ROWS, D, NEAR);
    REQUIRE(knn != NULL);
    for (unsigned t = 0; t < 3; t++) { /* without a context, then one thread and four */
        gn_ctx *ctx = NULL;
        gn_ctx_opts with = {.n_threads = t == 1 ? 1 : 4,
                            .hooks = {.user = &stopping, .cancel = stop}};
        if (t > 0) OK(gn_ctx_new(&with, &ctx, &err));
        stopping = false;
        OK(gn_kstar(ctx, knn, D, 0, kstar[t], &err));
        gn_density_opts o = {.dim = D, .kstar = kstar[t]};
        OK(gn_density_compute(ctx, knn, &o, rho[t], se[t], &err));
        stopping = true;
        int32_t k0 = kstar[t][0];
        double rho0 = rho[t][0];
        kstar[t][0] = 7;
        rho[t][0] = 7;
        if (t > 0) {
            CHECK(gn_kstar(ctx, knn, D, 0, kstar[t], &err) == GN_ECANCEL && kstar[t][0] == 7);
            CHECK(gn_density_compute(ctx, knn, &o, rho[t], se[t], &err) == GN_ECANCEL &&
                  rho[t][0] == 7);
        }
        kstar[t][0] = k0;
        rho[t][0] = rho0;
        gn_ctx_free(ctx);
    }
    for (unsigned t = 1; t < 3; t++) {
        CHECK(memcmp(kstar[t], kstar[0], sizeof kstar[0]) == 0);
        CHECK(memcmp(rho[t], rho[0], sizeof rho[0]) == 0);
        CHECK(memcmp(se[t], se[0], sizeof se[0]) == 0);
    }
    gn_knn_free(knn);
}

/* The PAk function as it is written in the paper, at (f, a), for row i. */
static double pak(const gn_knn *knn, size_t i, size_t k, double dim, double f, double a) {
    double ball = pow(3.14159265358979323846, dim / 2) / tgamma(dim / 2 + 1), before = 0, s = 0;
    for (size_t l = 1; l <= k; l++) {
        double v = ball * pow((double)knn->distance[i * knn->k + l - 1], dim);
        s += f + a * (double)l - (v - before) * exp(f + a * (double)l);
        before = v;
    }
    return s;
}

static double best_over_a(const gn_knn *knn, size_t i, size_t k, double dim, double f) {
    double lo = -20, hi = 20;
    for (int step = 0; step < 200; step++) {
        double p = lo + (hi - lo) * 0.382, q = lo + (hi - lo) * 0.618;
        if (pak(knn, i, k, dim, f, p) < pak(knn, i, k, dim, f, q))
            lo = p;
        else
            hi = q;
    }
    return pak(knn, i, k, dim, f, lo);
}

static double *cloud(size_t n, size_t d, uint64_t seed) {
    double *x = malloc(n * d * sizeof *x);
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < n * d; i++) x[i] = gn_random_normal(&r);
    return x;
}

TEST(pak_is_the_maximum_of_its_likelihood) {
    gn_error err;
    enum { M = 300, L = 40 };
    double *x = cloud(M, 3, 1), rho[M], damped[M], largest = 0;
    int32_t kstar[M];
    gn_knn *knn = neighbors_of(x, M, 3, L);
    OK(gn_kstar(NULL, knn, 3, 0, kstar, &err));
    gn_density_opts o = {.dim = 3, .kstar = kstar};
    OK(gn_density_compute(NULL, knn, &o, rho, NULL, &err));
    o.dadapy = true;
    OK(gn_density_compute(NULL, knn, &o, damped, NULL, &err));
    for (size_t i = 0; i < M; i += 10) {
        double f = rho[i] + log(M), at = best_over_a(knn, i, (size_t)kstar[i], 3, f);
        CHECK(at > best_over_a(knn, i, (size_t)kstar[i], 3, f + 1e-4));
        CHECK(at > best_over_a(knn, i, (size_t)kstar[i], 3, f - 1e-4));
    }
    for (size_t i = 0; i < M; i++) largest = fmax(largest, fabs(rho[i] - damped[i]));
    CHECK(largest > 1e-9); /* the two modes are two */
    gn_knn_free(knn);
    free(x);
}

/* In other units the density changes by the volume of the unit, for every method. */
TEST(densities_follow_the_unit_of_length) {
    gn_error err;
    enum { M = 300, L = 30, D = 4 };
    double *x = cloud(M, D, 2), *y = malloc(M * D * sizeof *y), rho[M], scaled[M];
    int32_t kstar[M], other[M];
    for (size_t i = 0; i < M * D; i++) y[i] = 1024 * x[i];
    gn_knn *a = neighbors_of(x, M, D, L), *b = neighbors_of(y, M, D, L);
    OK(gn_kstar(NULL, a, D, 0, kstar, &err));
    OK(gn_kstar(NULL, b, D, 0, other, &err));
    CHECK(memcmp(kstar, other, sizeof kstar) == 0);
    for (int m = GN_DENSITY_PAK; m <= GN_DENSITY_KNN; m++) {
        gn_density_opts o = {.method = (gn_density_method)m, .dim = D, .kstar = kstar};
        OK(gn_density_compute(NULL, a, &o, rho, NULL, &err));
        OK(gn_density_compute(NULL, b, &o, scaled, NULL, &err));
        for (size_t i = 0; i < M; i++) CHECK_NEAR(rho[i] - scaled[i], D * log(1024), 1e-12);
    }
    gn_knn_free(a);
    gn_knn_free(b);
    free(x);
    free(y);
}

/* Uniform in a square of area 1: log density 0 away from the edges, with the stated error. */
TEST(a_uniform_density_is_found) {
    gn_error err;
    enum { M = 3000, L = 60 };
    double *x = malloc(2 * M * sizeof *x), *rho = malloc(M * sizeof *rho),
           *se = malloc(M * sizeof *se);
    int32_t *kstar = malloc(M * sizeof *kstar);
    gn_random r = gn_random_new(3, 0);
    for (size_t i = 0; i < 2 * M; i++) x[i] = gn_random_uniform(&r);
    gn_knn *knn = neighbors_of(x, M, 2, L);
    OK(gn_kstar(NULL, knn, 2, 0, kstar, &err));
    for (int m = GN_DENSITY_PAK; m <= GN_DENSITY_KNN; m++) {
        gn_density_opts o = {.method = (gn_density_method)m, .dim = 2, .kstar = kstar};
        OK(gn_density_compute(NULL, knn, &o, rho, se, &err));
        double mean = 0, pull = 0, n = 0;
        for (size_t i = 0; i < M; i++) {
            if (fmin(fmin(x[2 * i], 1 - x[2 * i]), fmin(x[2 * i + 1], 1 - x[2 * i + 1])) < 0.1)
                continue;
            n++;
            mean += rho[i];
            pull += rho[i] * rho[i] / (se[i] * se[i]);
        }
        CHECK_NEAR(mean / n, 0, 0.06); /* E ln Gamma(k) differs from ln k by 1 / (2 k) */
        CHECK_NEAR(pull / n, 1, 0.25);
    }
    gn_knn_free(knn);
    free(x);
    free(rho);
    free(se);
    free(kstar);
}

/* All neighbours at one distance, or all but the first: the likelihood has no maximum, the plain
 * value stands. */
TEST(equal_distances_fall_back_to_the_plain_density) {
    gn_error err;
    enum { M = 6, L = 5 };
    float dist[M * L];
    int32_t index[M * L], kstar[M];
    double rho[M], plain[M];
    for (size_t i = 0; i < M; i++) {
        kstar[i] = 4;
        for (size_t j = 0; j < L; j++) {
            dist[i * L + j] = (i == 0 && j > 2) || (i == 1 && j > 0) ? 3 : 2;
            index[i * L + j] = (int32_t)((i + 1 + j) % M);
        }
    }
    gn_knn knn = {.n = M, .k = L, .index = index, .distance = dist};
    gn_density_opts o = {.dim = 2, .kstar = kstar};
    OK(gn_density_compute(NULL, &knn, &o, rho, NULL, &err));
    o.method = GN_DENSITY_KSTAR;
    OK(gn_density_compute(NULL, &knn, &o, plain, NULL, &err));
    for (size_t i = 1; i < M; i++) CHECK(rho[i] == plain[i]);
    CHECK(isfinite(rho[0]) && rho[0] != plain[0]); /* its fourth neighbour is farther */
}

TEST(bad_input_is_named) {
    gn_error err;
    enum { M = 50, L = 8 };
    double *x = cloud(M, 3, 4), rho[M] = {-7};
    int32_t kstar[M];
    gn_knn *knn = neighbors_of(x, M, 3, L);
    OK(gn_kstar(NULL, knn, 3, 0, kstar, &err));
    int32_t good = kstar[9];
    gn_density_opts o = {.dim = 0, .kstar = kstar};
    CHECK(gn_density_compute(NULL, knn, &o, rho, NULL, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "dimension 0");
    o = (gn_density_opts){.dim = 3};
    CHECK(gn_density_compute(NULL, knn, &o, rho, NULL, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "no k*");
    o.kstar = kstar;
    kstar[9] = L + 1;
    CHECK(gn_density_compute(NULL, knn, &o, rho, NULL, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "row 9 is 9, expected 2 to 8");
    kstar[9] = good;
    o = (gn_density_opts){.method = GN_DENSITY_KNN, .dim = 3, .k = L + 1};
    CHECK(gn_density_compute(NULL, knn, &o, rho, NULL, &err) == GN_EINVAL);
    o.method = (gn_density_method)9;
    CHECK(gn_density_compute(NULL, knn, &o, rho, NULL, &err) == GN_EINVAL);
    o = (gn_density_opts){.dim = 3, .kstar = kstar};
    float kept = knn->distance[3 * L];
    knn->distance[3 * L] = 0;
    CHECK(gn_density_compute(NULL, knn, &o, rho, NULL, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 3, column 0 is 0");
    knn->distance[3 * L] = kept;
    CHECK(rho[0] == -7);
    OK(gn_density_compute(NULL, knn, &o, rho, NULL, &err));
    gn_knn_free(knn);
    free(x);
}

int main(void) {
    RUN(threads_change_no_bit);
    RUN(golden_densities_of_a_gaussian);
    RUN(golden_densities_of_two_clusters);
    RUN(pak_is_the_maximum_of_its_likelihood);
    RUN(densities_follow_the_unit_of_length);
    RUN(a_uniform_density_is_found);
    RUN(equal_distances_fall_back_to_the_plain_density);
    RUN(bad_input_is_named);
    return tap_done();
}
