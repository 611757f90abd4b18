/* MLEM under resampling: folds and bootstrap draws against weighted double loops, permutation
 * tests, single units, and the same bytes on any number of threads. */
#include "stimuli.h"

#include "base/random.h"
#include "encoding/totals.h"
#include "math/stats.h"

enum { N = 120, D = 10, F = 4 };
static double a[N * D], value[N];
static int32_t code[3][N];

/* Two categories that count (one of them with missing values), one that does not, one number. */
static gn_features *stimuli(gn_error *err) {
    gn_random r = gn_random_new(41, 0);
    gn_features *f = NULL;
    for (size_t i = 0; i < N; i++) {
        code[0][i] = (int32_t)gn_random_below(&r, 3);
        code[1][i] = (int32_t)gn_random_below(&r, 2) - (i % 12 == 0);
        code[2][i] = (int32_t)gn_random_below(&r, 2);
        value[i] = (double)(i % 25);
        for (size_t j = 0; j < D; j++)
            a[i * D + j] = 5 + 0.4 * gn_random_normal(&r) +
                           (j < 3 ? 2 * ((size_t)code[0][i] == j) : 0) +
                           (j == 3 ? 3 * (code[1][i] == 1) : 0) + (j == 4 ? 0.1 * value[i] : 0);
    }
    const gn_feature_column c[F] = {{"c0", code[0], NULL, GN_BY_KIND},
                                    {"c1", code[1], NULL, GN_BY_KIND},
                                    {"null", code[2], NULL, GN_BY_KIND},
                                    {"v", NULL, value, GN_BY_KIND}};
    return gn_features_new(N, c, F, &f, err) == GN_OK ? f : NULL;
}

static double distance2(size_t i, size_t j) {
    double y = 0;
    for (size_t u = 0; u < D; u++)
        y += (a[i * D + u] - a[j * D + u]) * (a[i * D + u] - a[j * D + u]);
    return y;
}

/* Totals over pairs, each counted weight[i] weight[j] times. */
static void naive_totals(const gn_features *f, const double *weight, gn_totals *t) {
    t->pairs = t->y = t->yy = 0;
    for (size_t k = 0; k < F; k++) t->x[k] = t->xy[k] = 0;
    for (size_t e = 0; e < F * F; e++) t->xx[e] = 0;
    for (size_t i = 0; i < N; i++)
        for (size_t j = i + 1; j < N; j++) {
            double c = weight[i] * weight[j], y = distance2(i, j), x[F];
            t->pairs += c;
            t->y += c * y;
            t->yy += c * y * y;
            for (size_t k = 0; k < F; k++) {
                x[k] = naive_distance(&f->feature[k], i, j);
                t->x[k] += c * x[k];
                t->xy[k] += c * x[k] * y;
                for (size_t l = 0; l <= k; l++) t->xx[k * F + l] += c * x[k] * x[l];
            }
        }
    for (size_t k = 0; k < F; k++)
        for (size_t l = 0; l < k; l++) t->xx[l * F + k] = t->xx[k * F + l];
}

TEST(folds_equal_direct_sums) {
    enum { FOLDS = 5 };
    gn_error err;
    gn_features *f = stimuli(&err);
    gn_mlem_design *s;
    gn_mlem_fit fit;
    gn_mlem_weight w[F];
    gn_totals train, test;
    int32_t *row;
    gn_ctx *ctx;
    REQUIRE(f);
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 2, .seed = 7}, &ctx, &err));
    OK(gn_mlem_design_new(ctx, f, &s, &err));
    OK(gn_mlem_measure(ctx, s, gn_mat_f64(a, N, D), &(gn_mlem_opts){.folds = FOLDS}, &fit, w,
                       &err));
    OK(gn_fold_rows(ctx, N, &row, &err));
    OK(gn_totals_new(F, &train, &err));
    OK(gn_totals_new(F, &test, &err));
    double sum = 0, squares = 0, sum_mse = 0;
    bool seen[N] = {false};
    for (size_t g = 0; g < FOLDS; g++) {
        double in[N], out[N];
        for (size_t i = 0; i < N; i++) in[i] = 1, out[i] = 0;
        for (size_t r = g; r < N; r += FOLDS) {
            in[row[r]] = 0;
            out[row[r]] = 1;
            seen[row[r]] = true;
        }
        naive_totals(f, in, &train);
        naive_totals(f, out, &test);
        double pairs = test.pairs, var = test.yy / pairs - test.y / pairs * test.y / pairs, mse = 0;
        OK(gn_totals_fit(&train, 0, &err));
        for (size_t i = 0; i < N; i++)
            for (size_t j = i + 1; j < N; j++) {
                if (out[i] * out[j] == 0) continue;
                double e = distance2(i, j) - train.y;
                for (size_t k = 0; k < F; k++)
                    e -= train.w[k] * (naive_distance(&f->feature[k], i, j) - train.x[k]);
                mse += e * e / pairs;
            }
        sum += (1 - mse / var) / FOLDS;
        squares += (1 - mse / var) * (1 - mse / var) / FOLDS;
        sum_mse += mse / FOLDS;
    }
    for (size_t i = 0; i < N; i++) CHECK(seen[i]);
    CHECK_NEAR(fit.r2_cv, sum, 1e-10);
    CHECK_NEAR(fit.mse_cv, sum_mse, 1e-10);
    CHECK_NEAR(fit.r2_cv_se, sqrt((squares - sum * sum) / (FOLDS - 1)), 1e-8);
    CHECK(fit.r2_cv < fit.r2 && fit.r2_cv > 0.3 && fit.r_cv * fit.r_cv > 0.3);
    gn_totals_free(&train);
    gn_totals_free(&test);
    gn_free(row);
    CHECK(gn_mlem_measure(ctx, s, gn_mat_f64(a, N, D), &(gn_mlem_opts){.folds = 60}, &fit, w,
                          &err) == GN_EINVAL);
    gn_mlem_design_free(s);
    gn_features_free(f);
    gn_ctx_free(ctx);
}

TEST(bootstrap_draws_equal_weighted_sums) {
    enum { DRAWS = 3, MANY = 300 };
    gn_error err;
    gn_features *f = stimuli(&err);
    gn_mlem_design *s;
    gn_mlem_fit fit;
    gn_mlem_weight w[F];
    gn_totals t;
    REQUIRE(f);
    OK(gn_mlem_design_new(NULL, f, &s, &err));
    OK(gn_mlem_measure(NULL, s, gn_mat_f64(a, N, D), &(gn_mlem_opts){.bootstrap = DRAWS}, &fit, w,
                       &err));
    OK(gn_totals_new(F, &t, &err));
    double draw[F][DRAWS], pfi[F][DRAWS];
    for (size_t d = 0; d < DRAWS; d++) {
        double count[N], imp[F], cpi[F], vif[F];
        gn_bootstrap_counts(0, N, d, count);
        naive_totals(f, count, &t);
        OK(gn_totals_fit(&t, 0, &err));
        OK(gn_mlem_importance(t.xx, t.cov_y, F, t.w, imp, cpi, vif, &err));
        for (size_t k = 0; k < F; k++) {
            draw[k][d] = t.w[k];
            pfi[k][d] = imp[k];
        }
    }
    gn_totals_free(&t);
    for (size_t k = 0; k < F; k++) {
        CHECK_NEAR(w[k].weight_boot.se, gn_sd(draw[k], DRAWS, 1), 1e-10);
        CHECK_NEAR(w[k].pfi_boot.se, gn_sd(pfi[k], DRAWS, 1), 1e-10);
        double median = gn_median(draw[k], DRAWS); /* sorts */
        CHECK_NEAR(w[k].weight_boot.lo, draw[k][0] + .05 * (median - draw[k][0]), 1e-10);
        CHECK_NEAR(w[k].weight_boot.hi, draw[k][2] - .05 * (draw[k][2] - median), 1e-10);
    }
    if (!test_quick()) { /* many draws scatter as the influences say */
        OK(gn_mlem_measure(NULL, s, gn_mat_f64(a, N, D), &(gn_mlem_opts){.bootstrap = MANY}, &fit,
                           w, &err));
        for (size_t k = 0; k < F; k++) {
            if (k == 2) continue; /* at the bound */
            CHECK(fabs(w[k].weight_boot.se / w[k].weight_se - 1) < .2);
            CHECK(w[k].weight_boot.lo < w[k].weight && w[k].weight < w[k].weight_boot.hi);
        }
    }
    gn_mlem_design_free(s);
    gn_features_free(f);
}

/* Features that count are never matched by chance; one that does not has a p anywhere. */
TEST(permutations_tell_signal_from_chance) {
    enum { DRAWS = 99 };
    int n_null = test_quick() ? 2 : 30, low = 0;
    double mean = 0;
    gn_error err;
    for (int t = 0; t < n_null; t++) {
        gn_features *f = stimuli(&err), *again;
        gn_mlem_design *s;
        gn_mlem_fit fit;
        gn_mlem_weight w[F];
        gn_random r = gn_random_new(51, (uint64_t)t);
        REQUIRE(f);
        for (size_t i = 0; i < N; i++) code[2][i] = (int32_t)gn_random_below(&r, 5) == 0;
        const gn_feature_column c[F] = {{"c0", code[0], NULL, GN_BY_KIND},
                                        {"c1", code[1], NULL, GN_BY_KIND},
                                        {"null", code[2], NULL, GN_BY_KIND},
                                        {"v", NULL, value, GN_BY_KIND}};
        OK(gn_features_new(N, c, F, &again, &err));
        OK(gn_mlem_design_new(NULL, again, &s, &err));
        OK(gn_mlem_measure(NULL, s, gn_mat_f64(a, N, D), &(gn_mlem_opts){.permutations = DRAWS},
                           &fit, w, &err));
        for (size_t k = 0; k < F; k++)
            if (k != 2) CHECK(w[k].p_permutation == 1.0 / (DRAWS + 1));
        mean += w[2].p_permutation / n_null;
        low += w[2].p_permutation <= .1;
        gn_mlem_design_free(s);
        gn_features_free(again);
        gn_features_free(f);
    }
    if (test_quick()) return;
    CHECK(mean > .33 && mean < .67); /* .5 with sd .053 */
    CHECK(low <= 8);                 /* 3 expected; more than 8 in 0.2 % */
}

TEST(units_are_layers_of_one_column) {
    gn_error err;
    gn_features *f = stimuli(&err);
    gn_mlem_design *s;
    gn_mlem_fit fit[D], one;
    static gn_mlem_weight w[D][F];
    gn_mlem_weight alone[F];
    double column[N];
    REQUIRE(f);
    for (size_t i = 0; i < N; i++) a[i * D + 7] = 1.25;
    OK(gn_mlem_design_new(NULL, f, &s, &err));
    OK(gn_mlem_units(NULL, s, gn_mat_f64(a, N, D), NULL, fit, w[0], &err));
    for (size_t u = 0; u < D; u++) {
        if (u == 7) continue;
        for (size_t i = 0; i < N; i++) column[i] = a[i * D + u];
        OK(gn_mlem_measure(NULL, s, gn_mat_f64(column, N, 1), NULL, &one, alone, &err));
        CHECK(fit[u].r2 == one.r2 && fit[u].r2_se == one.r2_se);
        for (size_t k = 0; k < F; k++) CHECK(w[u][k].pfi == alone[k].pfi);
    }
    /* One unit by the definition, over all pairs. */
    double n = 0, y1 = 0, y2 = 0, e2 = 0;
    for (size_t i = 0; i < N; i++)
        for (size_t j = i + 1; j < N; j++, n++) {
            double y = pow(a[i * D + 3] - a[j * D + 3], 2), e = y - fit[3].intercept;
            for (size_t k = 0; k < F; k++)
                e -= w[3][k].weight * naive_distance(&f->feature[k], i, j);
            y1 += y;
            y2 += y * y;
            e2 += e * e;
        }
    CHECK_NEAR(fit[3].y_mean, y1 / n, 1e-10);
    CHECK_NEAR(fit[3].y_var, y2 / n - y1 / n * y1 / n, 1e-10);
    CHECK_NEAR(fit[3].mse, e2 / n, 1e-10);
    CHECK(isnan(fit[7].r2) && isnan(w[7][0].pfi) && fit[3].r2 > .5 && w[3][1].pfi > w[3][0].pfi);
    gn_mlem_design_free(s);
    gn_features_free(f);
}

TEST(threads_change_nothing) {
    gn_error err;
    gn_features *f = stimuli(&err);
    gn_mlem_fit fit[2];
    gn_mlem_weight w[2][F];
    float x[N * D];
    REQUIRE(f);
    memset(fit, 0, sizeof fit);
    memset(w, 0, sizeof w);
    for (size_t e = 0; e < N * D; e++) x[e] = (float)a[e];
    for (int t = 0; t < 2; t++) {
        gn_ctx *ctx;
        gn_mlem_design *s;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = t ? 3 : 1, .seed = 5}, &ctx, &err));
        OK(gn_mlem_design_new(ctx, f, &s, &err));
        OK(gn_mlem_measure(ctx, s, gn_mat_f32(x, N, D),
                           &(gn_mlem_opts){.folds = 4, .bootstrap = 20, .permutations = 20},
                           &fit[t], w[t], &err));
        gn_mlem_design_free(s);
        gn_ctx_free(ctx);
    }
    CHECK(memcmp(&fit[0], &fit[1], sizeof fit[0]) == 0);
    CHECK(memcmp(w[0], w[1], sizeof w[0]) == 0);
    gn_features_free(f);
}

int main(void) {
    RUN(folds_equal_direct_sums);
    RUN(bootstrap_draws_equal_weighted_sums);
    RUN(permutations_tell_signal_from_chance);
    RUN(units_are_layers_of_one_column);
    RUN(threads_change_nothing);
    return tap_done();
}
