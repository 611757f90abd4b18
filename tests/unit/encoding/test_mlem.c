/* MLEM's closed forms against all pairs one by one, planted weights, published numbers. */
#include "stimuli.h"

#include "base/random.h"
#include "gonio/mlem.h"

enum { N = 400, D = 12, F = 7 };

/* Every kind of distance, missing values; states that follow some of the features. */
static gn_features *mixed(double *x, gn_error *err) {
    gn_features *f = NULL;
    gn_random r = gn_random_new(11, 0);
    static int32_t code[3][N];
    static double value[3][N];
    for (size_t i = 0; i < N; i++) {
        code[0][i] = (int32_t)gn_random_below(&r, 5) - (i % 4 == 0);
        code[1][i] = (int32_t)gn_random_below(&r, 2);
        code[2][i] = gn_random_below(&r, 4) ? code[1][i] : 2;
        value[0][i] = gn_random_normal(&r);
        value[1][i] = value[0][i] + gn_random_normal(&r);
        value[2][i] = (double)gn_random_below(&r, 30);
        if (i % 9 == 2) value[1][i] = (double)NAN;
        for (size_t j = 0; j < D; j++)
            x[i * D + j] = 3 + gn_random_normal(&r) + (j < 2 ? code[0][i] : 0) +
                           (j == 3 ? 4 * code[1][i] : 0) + (j == 4 ? 3 * value[0][i] : 0);
    }
    const gn_feature_column c[F] = {
        {"c0", code[0], NULL, GN_BY_KIND},  {"c1", code[1], NULL, GN_BY_KIND},
        {"c2", code[2], NULL, GN_BY_KIND},  {"a0", NULL, value[0], GN_ABSDIFF},
        {"a1", NULL, value[1], GN_ABSDIFF}, {"s0", NULL, value[2], GN_SQUARED},
        {"r0", NULL, value[1], GN_RANKED}};
    return gn_features_new(N, c, F, &f, err) == GN_OK ? f : NULL;
}

/* The pairs written out: f distances and y for each. */
typedef struct table {
    size_t n, f;
    double *x, *y;
} table;

static table all_pairs(const gn_features *f, const double *a, size_t d) {
    table t = {.f = f->n_features};
    t.x = malloc(f->n * f->n / 2 * t.f * sizeof *t.x);
    t.y = malloc(f->n * f->n / 2 * sizeof *t.y);
    for (size_t i = 0; i < f->n; i++)
        for (size_t j = i + 1; j < f->n; j++, t.n++) {
            for (size_t k = 0; k < t.f; k++)
                t.x[t.n * t.f + k] = naive_distance(&f->feature[k], i, j);
            t.y[t.n] = 0;
            for (size_t u = 0; u < d; u++)
                t.y[t.n] += (a[i * d + u] - a[j * d + u]) * (a[i * d + u] - a[j * d + u]);
        }
    return t;
}

static void free_table(table *t) {
    free(t->x);
    free(t->y);
}

static double squared_error(const table *t, const gn_mlem_fit *fit, const gn_mlem_weight *w) {
    double sum = 0;
    for (size_t p = 0; p < t->n; p++) {
        double e = t->y[p] - fit->intercept;
        for (size_t k = 0; k < t->f; k++) e -= w[k].weight * t->x[p * t->f + k];
        sum += e * e / (double)t->n;
    }
    return sum;
}

TEST(moments_equal_all_pairs) {
    gn_error err;
    static double a[N * D];
    gn_features *f = mixed(a, &err);
    REQUIRE(f);
    gn_mlem_design *s;
    gn_mlem_fit fit;
    gn_mlem_weight w[F];
    OK(gn_mlem_design_new(NULL, f, &s, &err));
    OK(gn_mlem_measure(NULL, s, gn_mat_f64(a, N, D), NULL, &fit, w, &err));
    table t = all_pairs(f, a, D);
    double n = (double)t.n, mean[F] = {0}, y = 0, yy = 0, cov_y[F] = {0};
    for (size_t p = 0; p < t.n; p++) {
        for (size_t k = 0; k < F; k++) mean[k] += t.x[p * F + k] / n;
        y += t.y[p] / n;
    }
    for (size_t p = 0; p < t.n; p++) {
        yy += (t.y[p] - y) * (t.y[p] - y) / n;
        for (size_t k = 0; k < F; k++) cov_y[k] += (t.x[p * F + k] - mean[k]) * (t.y[p] - y) / n;
    }
    CHECK(fit.n_pairs == n);
    CHECK_NEAR(fit.y_mean / y, 1, 1e-12);
    CHECK_NEAR(fit.y_var / yy, 1, 1e-11);
    for (size_t k = 0; k < F; k++) {
        CHECK_NEAR(gn_mlem_design_mean(s)[k], mean[k], 1e-12);
        double left = cov_y[k];
        for (size_t l = 0; l < F; l++) {
            double cov = 0;
            for (size_t p = 0; p < t.n; p++)
                cov += (t.x[p * F + k] - mean[k]) * (t.x[p * F + l] - mean[l]) / n;
            CHECK_NEAR(gn_mlem_design_cov(s)[k * F + l], cov, 1e-12);
            left -= cov * w[l].weight;
        }
        /* The optimum under w >= 0: no gradient where the weight is positive, none upwards at 0. */
        CHECK(w[k].weight >= 0);
        CHECK(w[k].weight > 0 ? fabs(left) < 1e-11 * yy : left < 1e-11 * yy);
    }
    CHECK_NEAR(fit.mse / squared_error(&t, &fit, w), 1, 1e-11);
    CHECK_NEAR(fit.r2, 1 - fit.mse / yy, 1e-11);
    CHECK(w[0].weight > 0 && w[1].weight > 0 && w[3].weight > 0 && fit.r2 > 0.1);
    free_table(&t);
    gn_mlem_design_free(s);
    gn_features_free(f);
}

/* PFI is the rise of the squared error when x_k is drawn anew from its own values: averaged over
 * all rotations of the column, which gives every pair every value once. */
TEST(importance_is_what_permutation_costs) {
    enum { M = 60 };
    gn_error err;
    static double all[N * D], a[M * D];
    gn_features *f = mixed(all, &err), *part;
    REQUIRE(f);
    gn_feature_column c[F];
    static double value[F][M];
    for (size_t k = 0; k < F; k++) {
        const gn_feature *g = &f->feature[k];
        c[k] = (gn_feature_column){g->name, NULL, NULL, g->distance};
        if (g->level_value) {
            for (size_t i = 0; i < M; i++)
                value[k][i] = g->code[i] < 0 ? (double)NAN : g->level_value[g->code[i]];
            c[k].value = value[k];
        } else
            c[k].code = g->code;
    }
    memcpy(a, all, sizeof a);
    OK(gn_features_new(M, c, F, &part, &err));
    gn_mlem_design *s;
    gn_mlem_fit fit;
    gn_mlem_weight w[F];
    OK(gn_mlem_design_new(NULL, part, &s, &err));
    OK(gn_mlem_measure(NULL, s, gn_mat_f64(a, M, D), NULL, &fit, w, &err));
    table t = all_pairs(part, a, D);
    for (size_t k = 0; k < F; k++) {
        double rise = 0, before = squared_error(&t, &fit, w);
        for (size_t p = 0; p < t.n; p++) {
            double e = t.y[p] - fit.intercept;
            for (size_t l = 0; l < F; l++) e -= w[l].weight * t.x[p * F + l] * (l != k);
            for (size_t q = 0; q < t.n; q++) {
                double other = e - w[k].weight * t.x[q * F + k];
                rise += other * other;
            }
        }
        rise = rise / (double)t.n / (double)t.n - before;
        CHECK_NEAR(w[k].pfi / fit.y_var, rise / fit.y_var, 1e-10);
        CHECK_NEAR(w[k].cpi * w[k].vif / fit.y_var, w[k].pfi / fit.y_var, 1e-12);
    }
    free_table(&t);
    gn_mlem_design_free(s);
    gn_features_free(part);
    gn_features_free(f);
}

/* More columns than rows, other element types, z-scores: the same as the plain case by hand. */
TEST(shapes_types_and_scales) {
    enum { ROWS = 40, WIDE = 90 };
    gn_error err;
    gn_random r = gn_random_new(13, 0);
    static double a[ROWS * WIDE], z[ROWS * WIDE];
    static float single[ROWS * WIDE];
    int32_t code[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        code[i] = (int32_t)(i % 3);
        for (size_t j = 0; j < WIDE; j++) {
            single[i * WIDE + j] = (float)(j == 5 ? 7
                                                  : gn_random_normal(&r) * (double)(1 + j % 4) +
                                                        (j == 0 ? 3 * code[i] : 0));
            a[i * WIDE + j] = (double)single[i * WIDE + j];
        }
    }
    for (size_t j = 0; j < WIDE; j++) {
        double mean = 0, sd = 0;
        for (size_t i = 0; i < ROWS; i++) mean += a[i * WIDE + j] / ROWS;
        for (size_t i = 0; i < ROWS; i++)
            sd += (a[i * WIDE + j] - mean) * (a[i * WIDE + j] - mean) / ROWS;
        for (size_t i = 0; i < ROWS; i++)
            z[i * WIDE + j] = sd > 0 ? (a[i * WIDE + j] - mean) / sqrt(sd) : 0;
    }
    gn_features *f;
    gn_mlem_design *s;
    gn_mlem_fit fit, other;
    gn_mlem_weight w, v;
    OK(gn_features_new(ROWS, &(gn_feature_column){"c", code, NULL, GN_BY_KIND}, 1, &f, &err));
    OK(gn_mlem_design_new(NULL, f, &s, &err));
    OK(gn_mlem_measure(NULL, s, gn_mat_f64(a, ROWS, WIDE), NULL, &fit, &w, &err));
    table t = all_pairs(f, a, WIDE);
    double y = 0, yy = 0;
    for (size_t p = 0; p < t.n; p++) y += t.y[p] / (double)t.n;
    for (size_t p = 0; p < t.n; p++) yy += (t.y[p] - y) * (t.y[p] - y) / (double)t.n;
    CHECK_NEAR(fit.y_mean / y, 1, 1e-12);
    CHECK_NEAR(fit.y_var / yy, 1, 1e-11);
    CHECK_NEAR(fit.mse / squared_error(&t, &fit, &w), 1, 1e-11);
    OK(gn_mlem_measure(NULL, s, gn_mat_f32(single, ROWS, WIDE), NULL, &other, &v, &err));
    CHECK(other.r2 == fit.r2 && other.r2_se == fit.r2_se && v.pfi == w.pfi);
    OK(gn_mlem_measure(NULL, s, gn_mat_f64(z, ROWS, WIDE), NULL, &fit, &w, &err));
    OK(gn_mlem_measure(NULL, s, gn_mat_f64(a, ROWS, WIDE), &(gn_mlem_opts){.zscore = true}, &other,
                       &v, &err));
    CHECK_NEAR(other.r2, fit.r2, 1e-12);
    CHECK_NEAR(v.weight / w.weight, 1, 1e-12);
    free_table(&t);
    gn_mlem_design_free(s);
    gn_features_free(f);
}

/* Columns that repeat, that are constant, that determine each other: finite fits, said plainly. */
TEST(redundant_features) {
    enum { ROWS = 90 };
    gn_error err;
    gn_random r = gn_random_new(17, 0);
    double a[ROWS * 3];
    int32_t code[3][ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        code[0][i] = code[1][i] = (int32_t)(i % 2);
        code[2][i] = 0;
        for (size_t j = 0; j < 3; j++)
            a[i * 3 + j] = gn_random_normal(&r) + (j == 0 ? 4 * code[0][i] : 0);
    }
    const gn_feature_column c[3] = {{"one", code[0], NULL, GN_BY_KIND},
                                    {"same", code[1], NULL, GN_BY_KIND},
                                    {"constant", code[2], NULL, GN_BY_KIND}};
    gn_features *f;
    gn_mlem_design *s;
    gn_mlem_fit fit;
    gn_mlem_weight w[3];
    OK(gn_features_new(ROWS, c, 3, &f, &err));
    OK(gn_mlem_design_new(NULL, f, &s, &err));
    OK(gn_mlem_measure(NULL, s, gn_mat_f64(a, ROWS, 3), NULL, &fit, w, &err));
    CHECK((w[0].weight > 0) + (w[1].weight > 0) == 1 && isinf(w[0].vif) && isinf(w[1].vif));
    CHECK(w[0].cpi == 0 && w[1].cpi == 0 && w[0].pfi + w[1].pfi > 0);
    CHECK(w[2].weight == 0 && isnan(w[2].vif) && isnan(w[2].p) && fit.r2 > 0.1);
    for (size_t e = 0; e < ROWS * 3; e++) a[e] = 4;
    CHECK(gn_mlem_measure(NULL, s, gn_mat_f64(a, ROWS, 3), NULL, &fit, w, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "equally far");
    a[10] = (double)NAN;
    CHECK(gn_mlem_measure(NULL, s, gn_mat_f64(a, ROWS, 3), NULL, &fit, w, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 3, column 1");
    CHECK(gn_mlem_measure(NULL, s, gn_mat_f64(a, ROWS - 1, 3), NULL, &fit, w, &err) != GN_OK);
    CHECK(gn_mlem_measure(NULL, s, gn_mat_f64(a, ROWS, 3), &(gn_mlem_opts){.ridge = -1}, &fit, w,
                          &err) == GN_EINVAL);
    gn_mlem_design_free(s);
    gn_features_free(f);
}

/* More rows than are sampled for the error of R2: the sample's value against all rows' own sums. */
TEST(sampled_errors_agree_with_all_rows) {
    enum { ROWS = 2600, DIMS = 3 };
    if (test_quick()) SKIP("6.8 million pairs");
    gn_error err;
    gn_random r = gn_random_new(19, 0);
    static double a[ROWS * DIMS], mean_e[ROWS], mean_y[ROWS];
    static int32_t code[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        code[i] = (int32_t)gn_random_below(&r, 2);
        for (size_t j = 0; j < DIMS; j++)
            a[i * DIMS + j] = gn_random_normal(&r) + (j == 0 ? 3 * code[i] : 0);
    }
    gn_features *f;
    gn_mlem_design *s;
    gn_mlem_fit fit;
    gn_mlem_weight w;
    OK(gn_features_new(ROWS, &(gn_feature_column){"c", code, NULL, GN_BY_KIND}, 1, &f, &err));
    OK(gn_mlem_design_new(NULL, f, &s, &err));
    OK(gn_mlem_measure(NULL, s, gn_mat_f64(a, ROWS, DIMS), NULL, &fit, &w, &err));
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < ROWS; j++) {
            double y = 0;
            for (size_t u = 0; u < DIMS; u++)
                y += (a[i * DIMS + u] - a[j * DIMS + u]) * (a[i * DIMS + u] - a[j * DIMS + u]);
            double e = y - fit.intercept - w.weight * (code[i] != code[j]);
            mean_e[i] += i != j ? e * e / (ROWS - 1) : 0;
            mean_y[i] += i != j ? (y - fit.y_mean) * (y - fit.y_mean) / (ROWS - 1) : 0;
        }
    double sum = 0, squares = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double influence = 2 * (fit.mse * mean_y[i] / fit.y_var - mean_e[i]) / fit.y_var;
        sum += influence / ROWS;
        squares += influence * influence / ROWS;
    }
    /* 2,048 of 2,600 influences, heavy-tailed: the root of their mean square is known to 3 %. */
    CHECK(fabs(fit.r2_se / sqrt((squares - sum * sum) / ROWS) - 1) < .10);
    gn_mlem_design_free(s);
    gn_features_free(f);
}

TEST(corrections_of_many_tests) {
    const double p[5] = {.01, (double)NAN, .04, .03, .5};
    static const double bh[5] = {.04, 0, .0533333333333333, .0533333333333333, .5},
                        holm[5] = {.04, 0, .09, .09, .5};
    gn_error err;
    double out[5];
    OK(gn_adjust_p(p, 5, GN_CORRECT_BH, out, &err));
    for (size_t i = 0; i < 5; i++) CHECK(i == 1 ? isnan(out[i]) : fabs(out[i] - bh[i]) < 1e-14);
    OK(gn_adjust_p(p, 5, GN_CORRECT_HOLM, out, &err));
    for (size_t i = 0; i < 5; i++) CHECK(i == 1 ? isnan(out[i]) : fabs(out[i] - holm[i]) < 1e-14);
    OK(gn_adjust_p(p, 5, GN_CORRECT_NONE, out, &err));
    CHECK(out[0] == .01 && isnan(out[1]) && out[4] == .5);
}

int main(void) {
    RUN(shapes_types_and_scales);
    RUN(redundant_features);
    RUN(sampled_errors_agree_with_all_rows);
    RUN(corrections_of_many_tests);
    RUN(moments_equal_all_pairs);
    RUN(importance_is_what_permutation_costs);
    return tap_done();
}
