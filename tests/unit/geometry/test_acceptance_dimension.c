/* Acceptance checks 1, 2 and 8: the estimators of intrinsic dimension on exact input, on the golden
 * sets through the library's own neighbours, and on thinned samples. */
#include "acceptance.h"

#include "base/random.h"
#include "gonio/id.h"

/* ---- check 1 -----------------------------------------------------------------------------------
 */

/* Rows (1, mu_i) with mu_i = (1 - i/n)^(-1/dim), whose ratios lie exactly on the line that BASE
 * fits; the last one is larger. */
TEST(check_1_an_exact_line_is_fitted_exactly) {
    enum { M = 1000 };
    static double t[2 * M];
    gn_error err;
    const double dims[] = {0.5, 2, 37};
    for (int c = 0; c < 3; c++) {
        for (size_t i = 0; i < M; i++) {
            t[2 * i] = 1;
            t[2 * i + 1] = i + 1 < M ? pow(1 - (double)(i + 1) / M, -1 / dims[c]) : 1e300;
        }
        gn_id_estimate e;
        OK(gn_id_twonn(gn_mat_f64(t, M, 2), &(gn_twonn_opts){.fraction = 0.9}, &e, &err));
        CHECK_RELATIVE(e.dim, dims[c], 1e-12);
        CHECK(e.n == 900);
        CHECK_RELATIVE(e.se, e.dim / 30, 1e-12);
    }
}

TEST(check_1_pareto_ratios_give_their_exponent) {
    enum { M = 4000 };
    static double t[2 * M];
    gn_error err;
    const double dims[] = {0.5, 2, 37};
    for (int c = 0; c < 3; c++) {
        gn_random r = gn_random_new(7, (uint64_t)c);
        double sum = 0;
        for (size_t i = 0; i < M; i++) {
            double x = -log1p(-gn_random_uniform(&r)) / dims[c];
            sum += x;
            t[2 * i] = 0.25;
            t[2 * i + 1] = 0.25 * exp(x);
        }
        gn_id_estimate e;
        OK(gn_id_twonn(gn_mat_f64(t, M, 2), &(gn_twonn_opts){.method = GN_TWONN_ML}, &e, &err));
        CHECK(fabs(e.dim - dims[c]) < 4 * dims[c] / sqrt(M));
        CHECK_RELATIVE(e.dim, (M - 1) / sum, 1e-10);
        CHECK_RELATIVE(e.se, e.dim / sqrt(M), 1e-12);
        gn_twonn_opts bayes = {.method = GN_TWONN_BAYES, .alpha = 3, .beta = 4};
        OK(gn_id_twonn(gn_mat_f64(t, M, 2), &bayes, &e, &err));
        CHECK_RELATIVE(e.dim, (M + 3) / (4 + sum), 1e-10);
        CHECK_RELATIVE(e.se, sqrt(M + 3) / (4 + sum), 1e-10);
    }
}

/* ---- check 2 -----------------------------------------------------------------------------------
 */

static void golden_twonn(gn_mat dist, const char *set, double *ml) {
    static const struct {
        const char *name;
        gn_twonn_opts opts;
    } variants[] = {{"base_fraction_0.9", {.fraction = 0.9}},
                    {"base_fraction_0.95", {.fraction = 0.95}},
                    {"base_fraction_0.98", {.fraction = 0.98}},
                    {"ml", {.method = GN_TWONN_ML}}};
    const json_t *root = sets()->root;
    gn_error err;
    gn_id_estimate e;
    for (size_t v = 0; v < 4; v++) {
        OK(gn_id_twonn(dist, &variants[v].opts, &e, &err));
        CHECK_GOLDEN(e.dim, root, "%s/twonn_%s/0", set, variants[v].name);
        CHECK_GOLDEN(e.scale, root, "%s/twonn_%s/2", set, variants[v].name);
    }
    *ml = e.dim;
    OK(gn_id_twonn(dist, &(gn_twonn_opts){.method = GN_TWONN_BAYES}, &e, &err));
    const double bayes[] = {e.dim, e.se, e.scale};
    for (int j = 0; j < 3; j++)
        CHECK_GOLDEN(bayes[j], root, "%s/twonn_bayes_alpha2_beta5_mean_std_scale/%d", set, j);
}

static void golden_gride(gn_mat dist, const char *set, size_t range, double ml) {
    const json_t *root = sets()->root;
    gn_error err;
    gn_gride_point p[16];
    size_t n;
    OK(gn_id_gride(dist, &(gn_gride_opts){.range_max = range}, p, &n, &err));
    REQUIRE(n == (range == 64 ? 6 : 9));
    for (size_t j = 0; j < n; j++) {
        char path[96];
        snprintf(path, sizeof path, "%s/gride_range%zu/n1/%zu", set, range, j);
        CHECK(p[j].n1 == (size_t)golden(root, path) && p[j].n2 == 2 * p[j].n1);
        snprintf(path, sizeof path, "%s/gride_mus_kept/%zu", set, j);
        if (j < 6) CHECK(p[j].id.n == (size_t)golden(root, path));
        CHECK_GOLDEN(p[j].id.dim, root, "%s/gride_range%zu/ids/%zu", set, range, j);
        CHECK_GOLDEN(p[j].id.se, root, "%s/gride_range%zu/err/%zu", set, range, j);
        CHECK_GOLDEN(p[j].id.scale, root, "%s/gride_range%zu/scale/%zu", set, range, j);
    }
    CHECK(p[0].id.n == N);                  /* the filter drops nothing, */
    CHECK_RELATIVE(p[0].id.dim, ml, 1e-12); /* so (1, 2) is the ml estimate */
}

static void golden_set(gn_ctx *ctx, const char *set, const float *x, size_t d) {
    enum { WIDE = 512, K = 100 };
    const json_t *root = sets()->root;
    gn_error err;
    gn_knn *wide = neighbors_of(ctx, gn_mat_f32(x, N, d), WIDE),
           *knn = neighbors_of(ctx, gn_mat_f32(x, N, d), K);
    REQUIRE(wide && knn);
    double ml = 0;
    gn_mat dist = gn_mat_f32(wide->distance, N, WIDE);
    golden_twonn(dist, set, &ml);
    golden_gride(dist, set, 64, ml);
    golden_gride(dist, set, 512, ml);
    gn_id_estimate steps[6];
    OK(gn_id_kstar_gride(NULL, knn, NULL, steps, &err));
    for (size_t s = 0; s < 6; s++) {
        CHECK_GOLDEN(steps[s].dim, root, "%s/kstar_gride_5iter/ids/%zu", set, s);
        if (s > 0) CHECK_GOLDEN(steps[s].se, root, "%s/kstar_gride_5iter/err/%zu", set, s);
    }
    gn_binomial_estimate b;
    OK(gn_id_binomial(gn_mat_f32(knn->distance, N, K), &(gn_binomial_opts){20, 0.7}, &b, &err));
    const double binomial[] = {b.id.dim, b.id.se, b.id.scale};
    for (int j = 0; j < 3; j++)
        CHECK_GOLDEN(binomial[j], root, "%s/binomial_k20_r0.7_mle/%d", set, j);
    gn_knn_free(wide);
    gn_knn_free(knn);
}

static void golden_sets(gn_ctx *ctx) {
    golden_set(ctx, "A", sets()->a, D_A);
    golden_set(ctx, "C", sets()->c, D_C);
}
TEST(check_2_golden_dimensions) {
    if (!sets()) SKIP("no shared data");
    on_every_machine(golden_sets);
}

/* ---- check 8 -----------------------------------------------------------------------------------
 */

static void fixed_samples(gn_ctx *ctx) {
    const shared_sets *s = sets();
    gn_mat x = gn_mat_f32(s->a, N, D_A);
    gn_error err;
    gn_decimate_point p;
    double scale = 0;
    for (size_t j = 0; j < 4; j++) {
        const int32_t *rows = s->subset + j * 500;
        OK(gn_id_samples(ctx, x, rows, 1, 500, NULL, &p, &err));
        CHECK_GOLDEN(p.id.dim, s->root, "A_fixed_subsets/%zu/base_0.9/0", j);
        CHECK_GOLDEN(p.id.scale, s->root, "A_fixed_subsets/%zu/base_0.9/2", j);
        CHECK_RELATIVE(p.id.se, p.id.dim / sqrt(450), 1e-12); /* one sample: the estimate's own */
        scale += p.id.scale / 4;
        gn_twonn_opts ml = {.method = GN_TWONN_ML};
        OK(gn_id_samples(ctx, x, rows, 1, 500, &ml, &p, &err));
        CHECK_GOLDEN(p.id.dim, s->root, "A_fixed_subsets/%zu/ml/0", j);
    }
    OK(gn_id_samples(ctx, x, s->subset, 4, 500, NULL, &p, &err));
    CHECK(p.n == 500 && p.n_samples == 4 && p.id.n == 450);
    CHECK_GOLDEN(p.id.dim, s->root, "A_fixed_subsets_mean_err/0");
    CHECK_GOLDEN(p.id.se, s->root, "A_fixed_subsets_mean_err/1"); /* population sd / 2 */
    CHECK_RELATIVE(p.id.scale, scale, 1e-14);
}
TEST(check_8_fixed_samples) {
    if (!sets()) SKIP("no shared data");
    on_every_machine(fixed_samples);
}

/* Sizes and numbers of samples as in DADApy's curve, values near the flat 5 of the set; the same
 * bytes on every machine. */
static gn_decimate_point first[10];
static void random_samples(gn_ctx *ctx) {
    const shared_sets *s = sets();
    gn_error err;
    gn_decimate_point p[10];
    size_t n;
    memset(p, 0, sizeof p);
    OK(gn_id_decimate(ctx, gn_mat_f32(s->a, N, D_A), NULL, p, &n, &err));
    REQUIRE(n == 8);
    if (!first[0].n) memcpy(first, p, sizeof p);
    CHECK(memcmp(first, p, sizeof p) == 0);
    for (size_t j = 0; j < n; j++) {
        char path[64];
        snprintf(path, sizeof path, "A/twonn_scaling_base_0.9_seed42/sizes/%zu", j);
        CHECK(p[j].n == (size_t)golden(s->root, path));
        CHECK(p[j].n_samples == (size_t)rint((double)N / (double)p[j].n));
        CHECK(p[j].id.se > 0 && (j == 0 || p[j].id.scale > p[j - 1].id.scale));
    }
    CHECK_GOLDEN(p[0].id.dim, s->root, "A/twonn_base_fraction_0.9/0");
    CHECK(fabs(p[1].id.dim - 5) < 0.45 && fabs(p[2].id.dim - 5.1) < 0.5);
}
TEST(check_8_random_samples) {
    if (!sets()) SKIP("no shared data");
    on_every_machine(random_samples);
}

int main(void) {
    RUN(check_1_an_exact_line_is_fitted_exactly);
    RUN(check_1_pareto_ratios_give_their_exponent);
    RUN(check_2_golden_dimensions);
    RUN(check_8_fixed_samples);
    RUN(check_8_random_samples);
    return tap_done();
}
