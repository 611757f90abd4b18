/* Known answers: the published first pipeline, planted weights, null features, correlated features,
 * error bars against the delete-one jackknife. */
#include "stimuli.h"

#include "base/random.h"
#include "gonio/mlem.h"
#include "gonio/pairs.h"

/* Published importances (x 1e6), mean squared errors and R2 of BERT-base, [CLS], layers 1, 2, 5, 7,
 * 10, 12, over short_sentence: with w = sqrt(FI / (2 Var x)) the prediction explains w' C w of the
 * variance MSE / (1 - R2). */
TEST(published_importances_give_the_published_r2) {
    const char *path = shared_path("mlem/short_sentence.csv");
    if (!path) SKIP("no shared data");
    static const double fi[9][6] = {{72959.1, 28037, 9194.45, 44539.6, 46440.9, 6280.49},
                                    {8485.33, 12884.4, 1539.24, 3782.89, 3517.25, 1012.43},
                                    {1180.9, 498.571, 239.877, 184.128, 0, 0},
                                    {80.3511, 102.451, 82.6545, 44.4025, 129.856, 50.9306},
                                    {26.0179, 10.8917, 2.48056, 523.74, 379.889, 39.8199},
                                    {0, 0, 0, 724.715, 1031.55, 2183.01},
                                    {7.79512, 0.72373, 303.278, 3.35434, 0.780787, 0},
                                    {5.32305, 21.514, 2204.17, 530.64, 1158.49, 861.642},
                                    {62.0594, 819.331, 349.819, 413.846, 309.279, 312.551}};
    static const double mse[6] = {6110.52, 9458.64, 11350.9, 13151.8, 13785.3, 13670};
    static const double r2[6] = {0.870539, 0.687471, 0.382916, 0.658666, 0.656888, 0.285383};
    static const double must[6] = {.8704, .6852, .3808, .6567, .6570, .2851};
    gn_error err;
    gn_features *f;
    gn_mlem_design *s;
    OK(gn_features_open(path, NULL, &f, &err));
    OK(gn_mlem_design_new(NULL, f, &s, &err));
    REQUIRE(f->n_features == 9);
    const double *cov = gn_mlem_design_cov(s);
    for (size_t layer = 0; layer < 6; layer++) {
        double explained = 0, variance = mse[layer] * 1e-6 / (1 - r2[layer]);
        for (size_t k = 0; k < 9; k++)
            for (size_t l = 0; l < 9; l++)
                explained += sqrt(fi[k][layer] * 1e-6 / 2 / cov[k * 10]) * cov[k * 9 + l] *
                             sqrt(fi[l][layer] * 1e-6 / 2 / cov[l * 10]);
        CHECK(fabs(explained / variance - must[layer]) <= 1e-4);
        CHECK(fabs(must[layer] - r2[layer]) <= 0.0023);
    }
    gn_mlem_design_free(s);
    gn_features_free(f);
}

/* How the features of the public tables go together: largest correlations of their distances over
 * pairs, and how far any follows from the others. */
TEST(features_of_the_public_tables_go_together_as_published) {
    static const struct {
        const char *table, *one, *other;
        double r;
    } known[] = {{"mlem/short_sentence.csv", "subj_GEN", "subj_ANIM", -.36},
                 {"mlem/short_sentence.csv", "subj_TYPE", "subj_PERS", .31},
                 {"mlem/relative_clause.csv", "intervener_GEN", "sentence_RC_attached", .36}};
    for (size_t t = 0; t < 3; t++) {
        const char *path = shared_path(known[t].table);
        if (!path) SKIP("no shared data");
        gn_error err;
        gn_features *f;
        gn_mlem_design *s;
        OK(gn_features_open(path, NULL, &f, &err));
        OK(gn_mlem_design_new(NULL, f, &s, &err));
        size_t n = f->n_features, larger = 0;
        const double *cov = gn_mlem_design_cov(s);
        double zero[32] = {0}, pfi[32], cpi[32], vif[32], r = (double)NAN;
        REQUIRE(n <= 32);
        for (size_t k = 0; k < n; k++)
            for (size_t l = 0; l < n; l++)
                if (strcmp(f->feature[k].name, known[t].one) == 0 &&
                    strcmp(f->feature[l].name, known[t].other) == 0)
                    r = cov[k * n + l] / sqrt(cov[k * n + k] * cov[l * n + l]);
        CHECK_NEAR(r, known[t].r, 5e-3); /* two decimals given */
        for (size_t k = 0; k < n; k++)
            for (size_t l = 0; l < k; l++)
                larger += fabs(cov[k * n + l]) >
                          fabs(r) * sqrt(cov[k * n + k] * cov[l * n + l]) * (1 + 1e-9);
        CHECK(larger == (t == 1)); /* TYPE and PERS come second */
        OK(gn_mlem_importance(cov, zero, n, zero, pfi, cpi, vif, &err));
        for (size_t k = 0; k < n && t == 2; k++) CHECK(vif[k] >= 1 && vif[k] <= 1.20);
        gn_mlem_design_free(s);
        gn_features_free(f);
    }
}

/* ---- planted weights --------------------------------------------------------------------------
 */

enum { PLANTED = 256 };

/* The full 2^3 design, 32 times over: Encoded1, Encoded2, NotEncoded and a constant column. */
static gn_features *simulated(gn_error *err) {
    static int32_t code[4][PLANTED];
    static const char *const name[] = {"Encoded1", "Encoded2", "NotEncoded", "simulated"};
    gn_feature_column c[4];
    gn_features *f = NULL;
    for (size_t k = 0; k < 4; k++) {
        for (size_t i = 0; i < PLANTED; i++) code[k][i] = k < 3 ? (int32_t)(i >> k & 1) : 0;
        c[k] = (gn_feature_column){name[k], code[k], NULL, GN_BY_KIND};
    }
    return gn_features_new(PLANTED, c, 4, &f, err) == GN_OK ? f : NULL;
}

/* [1.0 one-hot(Encoded1), 0.5 one-hot(Encoded2)] / scale, and noise. */
static void planted_states(double scale, double noise, uint64_t seed, double *a) {
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < PLANTED; i++)
        for (size_t j = 0; j < 4; j++)
            a[i * 4 + j] = ((j < 2) ? (i & 1) == j : 0.5 * ((i >> 1 & 1) == j - 2)) / scale +
                           noise * gn_random_normal(&r);
}

TEST(planted_weights_are_found) {
    gn_error err;
    gn_features *f = simulated(&err);
    gn_mlem_design *s;
    gn_mlem_fit fit;
    gn_mlem_weight w[4];
    static double a[PLANTED * 4];
    static const double weight[] = {2, .5, 0, 0}, pfi[] = {1.999969, .124998, 0, 0},
                        cpi[] = {1.999907, .124994, 0, 0};
    REQUIRE(f);
    OK(gn_mlem_design_new(NULL, f, &s, &err));
    CHECK_NEAR(gn_mlem_design_mean(s)[0], .5019608, 5e-8);
    CHECK_NEAR(gn_mlem_design_cov(s)[0], .2499962, 5e-8);
    CHECK_NEAR(gn_mlem_design_cov(s)[1], -.0009842, 5e-8);
    planted_states(1, 0, 1, a);
    OK(gn_mlem_measure(NULL, s, gn_mat_f64(a, PLANTED, 4), NULL, &fit, w, &err));
    CHECK(fit.n_pairs == 32640);
    CHECK_NEAR(fit.r2, 1, 1e-12);
    CHECK_NEAR(fit.intercept, 0, 1e-12);
    for (size_t k = 0; k < 4; k++) {
        CHECK_NEAR(w[k].weight, weight[k], 1e-12);
        CHECK_NEAR(w[k].pfi, pfi[k], 5e-7);
        CHECK_NEAR(w[k].cpi, cpi[k], 5e-7);
    }
    CHECK(isnan(w[3].vif) && isnan(w[3].weight_se) && w[2].weight == 0);
    planted_states(sqrt(2.5), 0, 1, a); /* as the first pipeline scales: largest y = 1 */
    OK(gn_mlem_measure(NULL, s, gn_mat_f64(a, PLANTED, 4), NULL, &fit, w, &err));
    CHECK_NEAR(w[0].weight, .8, 1e-12);
    CHECK_NEAR(w[1].weight, .2, 1e-12);
    /* The same by the pass over pairs, which scales by least and largest distance itself. */
    gn_pair_index *p;
    gn_pair_sums *sums;
    double xx[16], xy[4], v[4];
    planted_states(1, 0, 1, a);
    OK(gn_pair_index_new(NULL, f, false, &p, &err));
    OK(gn_pair_sums_new(NULL, p, gn_mat_f64(a, PLANTED, 4),
                        &(gn_pair_opts){.target = GN_TARGET_MIN_MAX_SQUARED}, &sums, &err));
    CHECK(sums->least == 0);
    CHECK_NEAR(sums->largest, sqrt(2.5), 1e-6);
    gn_pair_moments(p, sums, NULL, xx, xy);
    OK(gn_mlem_solve(xx, xy, 4, 0, v, &err));
    CHECK_NEAR(v[0], .8, 1e-6);
    CHECK_NEAR(v[1], .2, 1e-6);
    CHECK(fabs(v[2]) < 1e-6 && v[3] == 0);
    gn_pair_sums_free(sums);
    gn_pair_index_free(p);
    /* Noise of 30 % of the variance: weights within 3 standard errors (of 20 draws all but one). */
    int out = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        planted_states(1, sqrt(.3 * .15625), seed, a); /* .15625: mean variance of the columns */
        OK(gn_mlem_measure(NULL, s, gn_mat_f64(a, PLANTED, 4), NULL, &fit, w, &err));
        out += fabs(w[0].weight - 2) > 3 * w[0].weight_se;
        out += fabs(w[1].weight - .5) > 3 * w[1].weight_se;
    }
    CHECK(out <= 1);
    gn_mlem_design_free(s);
    gn_features_free(f);
}

/* ---- null features ----------------------------------------------------------------------------
 */

/* z with P(Z > z) = p. */
static double upper_quantile(double p) {
    double lo = -40, hi = 40;
    for (int i = 0; i < 100; i++) {
        double mid = (lo + hi) / 2;
        if (erfc(mid / sqrt(2)) / 2 > p)
            lo = mid;
        else
            hi = mid;
    }
    return (lo + hi) / 2;
}

/* Sentences of different noise, one feature that counts and one that does not: how often the null
 * weight is 0, and how often intervals of 1.96 errors around the free weight hold 0, with the
 * errors over sentences and with those that take pairs as independent. */
TEST(null_features_are_nulls) {
    enum { ROWS = 200, DIMS = 10 };
    int draws = test_quick() ? 20 : 200;
    gn_error err;
    for (int kind = 0; kind < 3; kind++) { /* 10 % binary, numeric, balanced binary */
        double zero = 0, covered = 0, naive = 0, share = 0;
        for (int draw = 0; draw < draws; draw++) {
            gn_random r = gn_random_new(100 + (uint64_t)draw, (uint64_t)kind);
            static double a[ROWS * DIMS], null[ROWS];
            int32_t code[ROWS];
            for (size_t i = 0; i < ROWS; i++) {
                double noise = i % 2 ? 1.2 : 0.6;
                code[i] = (int32_t)gn_random_below(&r, 2);
                null[i] =
                    kind == 1 ? gn_random_normal(&r) : gn_random_below(&r, kind == 0 ? 10 : 2) == 0;
                for (size_t j = 0; j < DIMS; j++)
                    a[i * DIMS + j] = noise * gn_random_normal(&r) + (j == 0 ? 4 * code[i] : 0);
            }
            const gn_feature_column c[2] = {{"signal", code, NULL, GN_BY_KIND},
                                            {"null", NULL, null, GN_BY_KIND}};
            gn_features *f;
            gn_mlem_design *s;
            gn_mlem_fit fit;
            gn_mlem_weight w[2];
            OK(gn_features_new(ROWS, c, 2, &f, &err));
            OK(gn_mlem_design_new(NULL, f, &s, &err));
            OK(gn_mlem_measure(NULL, s, gn_mat_f64(a, ROWS, DIMS), NULL, &fit, w, &err));
            double z = upper_quantile(w[1].p), own = gn_mlem_design_cov(s)[3] / w[1].vif;
            zero += w[1].weight == 0;
            covered += fabs(z) <= 1.96;
            naive += fabs(z * w[1].weight_se) <= 1.96 * sqrt(fit.mse / own / fit.n_pairs);
            share += w[1].pfi / w[0].pfi;
            gn_mlem_design_free(s);
            gn_features_free(f);
        }
        double n = draws;
        CHECK(share / n < 5e-3);
        if (test_quick()) continue;
        CHECK(zero / n >= .40 && zero / n <= .65);
        CHECK(covered / n >= (kind == 2 ? .95 : .88) && (kind == 2 || covered / n <= .99));
        CHECK(kind == 2 || naive / n < .50);
    }
}

/* ---- correlated features ----------------------------------------------------------------------
 */

/* y = x_a + .3 x_c + noise over independent rows, corr(x_a, x_b) = rho: permutation importance of a
 * does not see b, conditional importance goes down by 1 - rho^2. */
TEST(conditional_importance_sees_what_can_replace_a_feature) {
    enum { ROWS = 60000 };
    static const double rho[] = {0, .5, .9, .99}, left[] = {1, .75, .19, .02};
    gn_error err;
    double unchanged[4];
    for (size_t t = 0; t < 4; t++) {
        gn_random r = gn_random_new(21, t);
        double cov[9] = {0}, cov_y[3] = {0}, mean[4] = {0}, sums[4][4] = {{0}}, yy = 0;
        for (size_t i = 0; i < ROWS; i++) {
            /* A quarter is the variance of a balanced pair distance; PFI_a = 2 * .25 = .5. */
            double x[4], shared = gn_random_normal(&r);
            x[0] = .5 * shared;
            x[1] = .5 * (rho[t] * shared + sqrt(1 - rho[t] * rho[t]) * gn_random_normal(&r));
            x[2] = .5 * gn_random_normal(&r);
            x[3] = x[0] + .3 * x[2] + .5 * gn_random_normal(&r);
            for (size_t k = 0; k < 4; k++) {
                mean[k] += x[k] / ROWS;
                for (size_t l = 0; l < 4; l++) sums[k][l] += x[k] * x[l] / ROWS;
            }
        }
        for (size_t k = 0; k < 3; k++) {
            for (size_t l = 0; l < 3; l++) cov[k * 3 + l] = sums[k][l] - mean[k] * mean[l];
            cov_y[k] = sums[k][3] - mean[k] * mean[3];
        }
        yy = sums[3][3] - mean[3] * mean[3];
        double w[3], pfi[3], cpi[3], vif[3], mse = yy;
        OK(gn_mlem_solve(cov, cov_y, 3, 0, w, &err));
        OK(gn_mlem_importance(cov, cov_y, 3, w, pfi, cpi, vif, &err));
        for (size_t k = 0; k < 3; k++) {
            mse -= w[k] * cov_y[k];
            CHECK_NEAR(cpi[k] * vif[k], pfi[k], 1e-10);
        }
        /* PFI_a = 2 w^2 Var x_a: three errors of w, to first order, and of the sample's variance.
         */
        double se = sqrt(mse / cov[0] * vif[0] / ROWS), varies = sqrt(2.0 / ROWS);
        CHECK(fabs(pfi[0] - .5) < 3 * sqrt(se * se + .25 * varies * varies));
        CHECK(fabs(cpi[0] / pfi[0] - left[t]) < .01);
        CHECK(w[1] <= 3 * sqrt(mse / cov[4] * vif[1] / ROWS));
        unchanged[t] = pfi[2];
        CHECK(fabs(unchanged[t] - unchanged[0]) < .004 && fabs(pfi[2] - 2 * .09 * .25) < .004);
    }
}

/* ---- errors -----------------------------------------------------------------------------------
 */

/* Standard errors against the delete-one jackknife over rows: the fit again without each row. */
TEST(errors_equal_the_jackknife) {
    enum { ROWS = 300, DIMS = 8, F = 4, STATS = 3 * F + 1 };
    size_t left_out = test_quick() ? 3 : ROWS;
    gn_error err;
    gn_random r = gn_random_new(31, 0);
    static double a[ROWS * DIMS], value[ROWS], b[ROWS * DIMS], v[ROWS];
    static int32_t code[3][ROWS], part[3][ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        code[0][i] = (int32_t)gn_random_below(&r, 3) - (i % 10 == 0);
        code[1][i] = gn_random_below(&r, 10) == 0;
        code[2][i] = (int32_t)gn_random_below(&r, 2);
        /* Cut at both ends, so that no single row sets the scale of the values. */
        value[i] = fmax(-1.5, fmin(2.5, gn_random_normal(&r) + code[2][i]));
        for (size_t j = 0; j < DIMS; j++)
            a[i * DIMS + j] = (i % 3 ? .7 : 1.4) * gn_random_normal(&r) +
                              (j < 3 ? 2 * ((size_t)code[0][i] == j) : 0) +
                              (j == 3 ? 3 * code[1][i] : 0) + (j == 4 ? 2.5 * code[2][i] : 0) +
                              (j == 5 ? 1.5 * value[i] : 0);
    }
    double stat[STATS], se[STATS], mean[STATS] = {0}, squares[STATS] = {0}, again[STATS];
    for (size_t skip = ROWS + 1; skip-- > ROWS - left_out;) {
        size_t n = 0;
        for (size_t i = 0; i < ROWS; i++) {
            if (i == skip) continue;
            memcpy(b + n * DIMS, a + i * DIMS, sizeof(double) * DIMS);
            for (size_t k = 0; k < 3; k++) part[k][n] = code[k][i];
            v[n++] = value[i];
        }
        const gn_feature_column c[F] = {{"c0", part[0], NULL, GN_BY_KIND},
                                        {"c1", part[1], NULL, GN_BY_KIND},
                                        {"c2", part[2], NULL, GN_BY_KIND},
                                        {"v", NULL, v, GN_BY_KIND}};
        gn_features *f;
        gn_mlem_design *s;
        gn_mlem_fit fit;
        gn_mlem_weight w[F];
        OK(gn_features_new(n, c, F, &f, &err));
        OK(gn_mlem_design_new(NULL, f, &s, &err));
        OK(gn_mlem_measure(NULL, s, gn_mat_f64(b, n, DIMS), NULL, &fit, w, &err));
        double *to = skip == ROWS ? stat : again;
        for (size_t k = 0; k < F; k++) {
            to[3 * k] = w[k].weight;
            to[3 * k + 1] = w[k].pfi;
            to[3 * k + 2] = w[k].cpi;
            if (skip < ROWS) continue;
            se[3 * k] = w[k].weight_se;
            se[3 * k + 1] = w[k].pfi_se;
            se[3 * k + 2] = w[k].cpi_se;
            CHECK(w[k].weight > 4 * w[k].weight_se);
        }
        to[STATS - 1] = fit.r2;
        if (skip == ROWS) se[STATS - 1] = fit.r2_se;
        for (size_t t = 0; t < STATS && skip < ROWS; t++) {
            mean[t] += again[t] / ROWS;
            squares[t] += (again[t] - stat[t]) * (again[t] - stat[t]);
        }
        gn_mlem_design_free(s);
        gn_features_free(f);
    }
    if (test_quick()) return;
    for (size_t t = 0; t < STATS; t++) {
        double jackknife = sqrt((ROWS - 1.0) / ROWS *
                                (squares[t] - ROWS * (mean[t] - stat[t]) * (mean[t] - stat[t])));
        CHECK(fabs(se[t] / jackknife - 1) < .05);
        if (fabs(se[t] / jackknife - 1) >= .05)
            printf("# statistic %zu: %g, jackknife %g\n", t, se[t], jackknife);
    }
}

/* ---- interactions -----------------------------------------------------------------------------
 */

/* Rows with the given squared distances (n, n), as the Cholesky factor of the Gram matrix of rows
 * seen from row 0. */
static void embed(const double *y, size_t n, double *a) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) a[i * n + j] = 0;
    for (size_t i = 1; i < n; i++)
        for (size_t j = 1; j <= i; j++) {
            double g = (y[i * n] + y[j * n] - y[i * n + j]) / 2;
            for (size_t t = 1; t < j; t++) g -= a[i * n + t] * a[j * n + t];
            a[i * n + j] = i == j ? sqrt(fmax(g, 0)) : a[j * n + j] > 1e-9 ? g / a[j * n + j] : 0;
        }
}

/* y = d' M d without noise, M = u u' + .05 I over six binary features. */
TEST(a_planted_metric_is_found) {
    enum { F = 6, ROWS = 64 };
    gn_error err;
    gn_random r = gn_random_new(61, 0);
    static double y[ROWS * ROWS], a[ROWS * ROWS];
    static int32_t code[F][ROWS];
    double M[F * F], u[F], w[F * F], length = 0, found = 0;
    gn_feature_column c[F];
    for (size_t k = 0; k < F; k++) u[k] = 0.2 * gn_random_normal(&r);
    for (size_t k = 0; k < F; k++)
        for (size_t l = 0; l < F; l++) {
            /* Enough of the diagonal that the distances embed: a constant c > 0 for unequal rows.
             */
            M[k * F + l] = u[k] * u[l] + .05 * (k == l);
            length += M[k * F + l] * M[k * F + l];
        }
    for (size_t k = 0; k < F; k++) {
        for (size_t i = 0; i < ROWS; i++) code[k][i] = (int32_t)(i >> k & 1);
        c[k] = (gn_feature_column){"x", code[k], NULL, GN_BY_KIND};
    }
    /* 4 more for every pair: distances that some rows have, and an intercept to find. */
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < ROWS; j++) {
            y[i * ROWS + j] = i != j ? 4 : 0;
            for (size_t k = 0; k < F; k++)
                for (size_t l = 0; l < F; l++)
                    y[i * ROWS + j] +=
                        M[k * F + l] * (code[k][i] != code[k][j]) * (code[l][i] != code[l][j]);
        }
    embed(y, ROWS, a);
    gn_features *f;
    gn_mlem_design *s;
    gn_mlem_fit fit;
    OK(gn_features_new(ROWS, c, F, &f, &err));
    OK(gn_mlem_design_new(NULL, f, &s, &err));
    OK(gn_mlem_metric(NULL, s, gn_mat_f64(a, ROWS, ROWS), NULL, &fit, w, &err));
    CHECK_NEAR(fit.r2, 1, 1e-10);
    CHECK_NEAR(fit.r, 1, 1e-10);
    CHECK_NEAR(fit.intercept, 4, 1e-9);
    for (size_t e = 0; e < F * F; e++) found += w[e] * w[e];
    for (size_t e = 0; e < F * F; e++) CHECK(fabs(w[e] / sqrt(found) - M[e] / sqrt(length)) < 1e-6);
    gn_mlem_design_free(s);
    gn_features_free(f);
}

/* Where plain least squares is not positive semidefinite, the projected optimum: no direction
 * within the cone improves it, checked on random ones, and it beats the diagonal fit. */
TEST(a_metric_stays_positive_semidefinite) {
    enum { F = 4, ROWS = 150, D = 5 };
    gn_error err;
    gn_random r = gn_random_new(67, 0);
    static double a[ROWS * D];
    static int32_t code[F][ROWS];
    gn_feature_column c[F];
    for (size_t k = 0; k < F; k++) {
        for (size_t i = 0; i < ROWS; i++)
            code[k][i] = (int32_t)gn_random_below(&r, 3) - (k == 1 && i % 15 == 0);
        c[k] = (gn_feature_column){"x", code[k], NULL, GN_BY_KIND};
    }
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < D; j++)
            a[i * D + j] = gn_random_normal(&r) + 2 * (j < 3 && (size_t)code[0][i] == j) +
                           2 * (j < 3 && (size_t)code[2][i] == j);
    gn_features *f;
    gn_mlem_design *s;
    gn_mlem_fit fit, plain;
    gn_mlem_weight diagonal[F];
    double w[F * F];
    OK(gn_features_new(ROWS, c, F, &f, &err));
    OK(gn_mlem_design_new(NULL, f, &s, &err));
    OK(gn_mlem_metric(NULL, s, gn_mat_f64(a, ROWS, D), NULL, &fit, w, &err));
    OK(gn_mlem_measure(NULL, s, gn_mat_f64(a, ROWS, D), NULL, &plain, diagonal, &err));
    CHECK(fit.r2 > plain.r2);
    /* mse over all pairs of W, and of W moved a little towards v v' in random directions. */
    double best = 0;
    for (int t = -1; t < 40; t++) {
        double v[F], m[F * F], n = 0, e1 = 0, e2 = 0;
        for (size_t k = 0; k < F; k++) v[k] = gn_random_normal(&r);
        for (size_t k = 0; k < F; k++)
            for (size_t l = 0; l < F; l++)
                m[k * F + l] = t < 0 ? w[k * F + l] : .999 * w[k * F + l] + .001 * v[k] * v[l];
        for (size_t i = 0; i < ROWS; i++)
            for (size_t j = i + 1; j < ROWS; j++, n++) {
                double e = 0, x[F];
                for (size_t u = 0; u < D; u++)
                    e += (a[i * D + u] - a[j * D + u]) * (a[i * D + u] - a[j * D + u]);
                for (size_t k = 0; k < F; k++) x[k] = naive_distance(&f->feature[k], i, j);
                for (size_t k = 0; k < F; k++)
                    for (size_t l = 0; l < F; l++) e -= m[k * F + l] * x[k] * x[l];
                e1 += e;
                e2 += e * e;
            }
        double mse = e2 / n - e1 / n * e1 / n;
        if (t < 0) {
            best = mse;
            CHECK_NEAR(fit.mse / mse, 1, 1e-10);
        }
        CHECK(mse >= best * (1 - 1e-9));
        double form = 0;
        for (size_t k = 0; k < F; k++)
            for (size_t l = 0; l < F; l++) form += v[k] * w[k * F + l] * v[l];
        CHECK(form >= -1e-9);
    }
    gn_mlem_design_free(s);
    gn_features_free(f);
}

int main(void) {
    RUN(a_planted_metric_is_found);
    RUN(a_metric_stays_positive_semidefinite);
    RUN(published_importances_give_the_published_r2);
    RUN(features_of_the_public_tables_go_together_as_published);
    RUN(planted_weights_are_found);
    RUN(null_features_are_nulls);
    RUN(conditional_importance_sees_what_can_replace_a_feature);
    RUN(errors_equal_the_jackknife);
    return tap_done();
}
