/* k*, the dimension at the scale of k* (k*-Gride), and the binomial dimension: golden values, naive
 * loops, and what must not change. */
#include "geometry_data.h"

#include "base/random.h"
#include "gonio/density.h"
#include "gonio/id.h"

enum { N = 2000, K = 100 };

static gn_knn *neighbors(const char *file, size_t d) {
    double *x = points_read(file, N, d);
    gn_knn *knn = NULL;
    gn_error err;
    if (x && gn_knn_compute(NULL, gn_mat_f64(x, N, d), &(gn_knn_opts){.k = K}, &knn, &err) != GN_OK)
        printf("# %s\n", err.message);
    free(x);
    return knn;
}

/* The statistic as it is written in the paper, with volumes. */
static int naive_kstar(const gn_knn *knn, size_t i, double dim, double limit) {
    size_t j = 4;
    double ball = pow(3.14159265358979323846, dim / 2) / tgamma(dim / 2 + 1);
    for (; j < knn->k; j++) {
        size_t m = j - 1, other = (size_t)knn->index[i * knn->k + j - 1];
        double vi = ball * pow((double)knn->distance[i * knn->k + m - 1], dim);
        double vj = ball * pow((double)knn->distance[other * knn->k + m - 1], dim);
        if (-2.0 * (double)m * (log(vi) + log(vj) - 2 * log(vi + vj) + log(4)) > limit) break;
    }
    return (int)j - 1;
}

static void check_set(const char *set, const char *file, size_t d) {
    gn_error err;
    json_t *root = golden_open();
    gn_knn *knn = neighbors(file, d);
    if (!root || !knn) SKIP("no shared data");
    char path[64];
    gn_id_estimate e;
    int32_t *kstar = malloc(N * sizeof *kstar);
    OK(gn_id_twonn(gn_mat_f32(knn->distance, N, K), NULL, &e, &err));
    OK(gn_kstar(NULL, knn, e.dim, 0, kstar, &err));
    double sum = 0;
    int32_t least = K, most = 0;
    size_t same = 0;
    for (size_t i = 0; i < N; i++) {
        sum += kstar[i];
        least = kstar[i] < least ? kstar[i] : least;
        most = kstar[i] > most ? kstar[i] : most;
        same += kstar[i] == naive_kstar(knn, i, e.dim, 23.928126976);
    }
    snprintf(path, sizeof path, "%s/kstar_alpha1e-6_maxk100", set);
    json_t *g = json_object_get(json_object_get(root, set), "kstar_alpha1e-6_maxk100");
    CHECK(sum == golden(g, "sum") && least == (int)golden(g, "min") &&
          most == (int)golden(g, "max"));
    CHECK(same == N);
    gn_id_estimate steps[6];
    OK(gn_id_kstar_gride(NULL, knn, NULL, steps, &err));
    for (size_t s = 0; s < 6; s++) {
        snprintf(path, sizeof path, "%s/kstar_gride_5iter/ids/%zu", set, s);
        CHECK_NEAR(steps[s].dim, golden(root, path), 1e-6);
        snprintf(path, sizeof path, "%s/kstar_gride_5iter/err/%zu", set, s);
        if (s > 0) CHECK_NEAR(steps[s].se, golden(root, path), 1e-6);
        CHECK(steps[s].scale > 0 && steps[s].n > 0);
    }
    gn_id_estimate two[3];
    OK(gn_id_kstar_gride(NULL, knn, &(gn_kstar_gride_opts){.n_steps = 2}, two, &err));
    CHECK(two[2].dim == steps[2].dim);
    gn_binomial_estimate b;
    OK(gn_id_binomial(gn_mat_f32(knn->distance, N, K), &(gn_binomial_opts){20, 0.7}, &b, &err));
    const double *got[] = {&b.id.dim, &b.id.se, &b.id.scale};
    for (int j = 0; j < 3; j++) {
        snprintf(path, sizeof path, "%s/binomial_k20_r0.7_mle/%d", set, j);
        CHECK_NEAR(*got[j], golden(root, path), 1e-6);
    }
    CHECK(b.k == 20 && b.ratio == 0.7 && b.id.n == N);
    gn_knn_free(knn);
    free(kstar);
    json_decref(root);
}
TEST(golden_values_of_a_gaussian) {
    check_set("A", "A_gauss5in50.npy", 50);
}
TEST(golden_values_of_two_clusters) {
    check_set("C", "C_twoclusters20.npy", 20);
}

static float *uniform(size_t n, size_t d, uint64_t seed) {
    float *x = malloc(n * d * sizeof *x);
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < n * d; i++) x[i] = (float)gn_random_uniform(&r);
    return x;
}

/* The density jumps by nine: neighbourhoods are smaller beside the step. */
TEST(kstar_ends_at_a_step_of_the_density) {
    gn_error err;
    enum { M = 2000, L = 80 };
    float *x = uniform(M, 2, 1);
    for (size_t i = 0; i < M; i++) /* the left half of the square is nine times as dense */
        x[2 * i] = i % 10 ? x[2 * i] / 2 : 0.5F + x[2 * i] / 2;
    gn_knn *knn;
    OK(gn_knn_compute(NULL, gn_mat_f32(x, M, 2), &(gn_knn_opts){.k = L}, &knn, &err));
    static int32_t kstar[M], strict[M];
    OK(gn_kstar(NULL, knn, 2, 0, kstar, &err));
    OK(gn_kstar(NULL, knn, 2, 0.01, strict, &err));
    double inner = 0, near_step = 0, n_inner = 0, n_near = 0;
    for (size_t i = 0; i < M; i++) {
        CHECK(kstar[i] >= 3 && kstar[i] < L && strict[i] <= kstar[i]);
        double from_step = fabs((double)x[2 * i] - 0.5);
        if (from_step > 0.2 && from_step < 0.4) inner += strict[i], n_inner++;
        if (from_step < 0.02) near_step += strict[i], n_near++;
    }
    CHECK(inner / n_inner > 1.5 * near_step / n_near);
    for (size_t i = 0; i < M; i++) CHECK(kstar[i] == naive_kstar(knn, i, 2, 23.928126976));
    gn_knn_free(knn);
    free(x);
}

/* Within its error bar on a torus, which has no edges; the p-value there and where pairs lie close.
 */
TEST(binomial_dimension_and_its_test) {
    gn_error err;
    enum { M = 1500, L = 30, D = 3 };
    float *x = uniform(M, D, 2);
    for (size_t i = 0; i < M * D; i++) {
        x[i] *= 6.2831853F;
    }
    float *torus = malloc(2 * M * D * sizeof *torus);
    for (size_t i = 0; i < M * D; i++) {
        torus[2 * i] = cosf(x[i]);
        torus[2 * i + 1] = sinf(x[i]);
    }
    gn_knn *knn;
    gn_binomial_estimate b, best;
    OK(gn_knn_compute(NULL, gn_mat_f32(torus, M, 2 * D), &(gn_knn_opts){.k = L}, &knn, &err));
    gn_mat dist = gn_mat_f32(knn->distance, M, L);
    OK(gn_id_binomial(dist, &(gn_binomial_opts){.k = 10, .ratio = 0.5}, &b, &err));
    CHECK(fabs(b.id.dim - D) < 4 * b.id.se && b.p_value > 0.01);
    OK(gn_id_binomial(dist, NULL, &best, &err));
    CHECK(best.k == 20 && best.id.se < b.id.se);
    CHECK_NEAR(best.ratio, pow(0.2032, 1 / best.id.dim), 0.02);
    gn_knn_free(knn);
    for (size_t i = 0; i < M; i++) /* two scales: pairs of points, far from other pairs */
        for (size_t c = 0; c < D; c++)
            if (i % 2) x[i * D + c] = x[(i - 1) * D + c] + 1e-4F * (float)(c + 1 + i % 5);
    OK(gn_knn_compute(NULL, gn_mat_f32(x, M, D), &(gn_knn_opts){.k = L}, &knn, &err));
    OK(gn_id_binomial(gn_mat_f32(knn->distance, M, L), &(gn_binomial_opts){3, 0.5}, &b, &err));
    CHECK(b.p_value < 1e-6 && b.ks > 0.2);
    gn_knn_free(knn);
    free(x);
    free(torus);
}

TEST(bad_input_is_named) {
    gn_error err;
    enum { M = 60, L = 6 };
    float *x = uniform(M, 3, 3);
    gn_knn *knn;
    OK(gn_knn_compute(NULL, gn_mat_f32(x, M, 3), &(gn_knn_opts){.k = L}, &knn, &err));
    int32_t kstar[M] = {-7};
    gn_id_estimate steps[6] = {{.dim = -7}};
    gn_binomial_estimate b = {.k = 99};
    gn_mat dist = gn_mat_f32(knn->distance, M, L);
    CHECK(gn_kstar(NULL, knn, 0, 0, kstar, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "dimension 0");
    CHECK(gn_kstar(NULL, knn, 3, 1, kstar, &err) == GN_EINVAL);
    CHECK(gn_id_kstar_gride(NULL, knn, &(gn_kstar_gride_opts){.alpha = -1}, steps, &err) ==
          GN_EINVAL);
    CHECK(gn_id_binomial(dist, &(gn_binomial_opts){.k = 7}, &b, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "k = 7 of 6");
    CHECK(gn_id_binomial(dist, &(gn_binomial_opts){.k = 1}, &b, &err) == GN_EINVAL);
    CHECK(gn_id_binomial(dist, &(gn_binomial_opts){.ratio = 1}, &b, &err) == GN_EINVAL);
    CHECK(gn_id_binomial(dist, &(gn_binomial_opts){.ratio = 1e-9}, &b, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "none of the neighbours");
    gn_knn narrow = {.n = M, .k = 4, .index = knn->index, .distance = knn->distance};
    CHECK(gn_kstar(NULL, &narrow, 3, 0, kstar, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "4 stored neighbours");
    int32_t kept = knn->index[7];
    knn->index[7] = M;
    CHECK(gn_kstar(NULL, knn, 3, 0, kstar, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 1, rank 2 is 60");
    knn->index[7] = kept;
    knn->distance[L + 3] = (float)NAN;
    CHECK(gn_kstar(NULL, knn, 3, 0, kstar, &err) == GN_EDATA);
    CHECK(gn_id_kstar_gride(NULL, knn, NULL, steps, &err) == GN_EDATA);
    CHECK(gn_id_binomial(dist, NULL, &b, &err) == GN_EDATA);
    CHECK(kstar[0] == -7 && steps[0].dim < 0 && b.k == 99);
    gn_knn_free(knn);
    free(x);
}

int main(void) {
    RUN(golden_values_of_a_gaussian);
    RUN(golden_values_of_two_clusters);
    RUN(kstar_ends_at_a_step_of_the_density);
    RUN(binomial_dimension_and_its_test);
    RUN(bad_input_is_named);
    return tap_done();
}
