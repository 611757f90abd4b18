/* The pass over pairs against float64 double loops: every metric and target, missing values,
 * numeric features, ranks, threads. */
#include "tap.h"

#include "pair_data.h"

static pair_data data;
static double y[PAIRS], x[PF + 1][PAIRS], rank[PAIRS], other[PAIRS];

static gn_status table_new(bool numeric, gn_features **out, gn_error *err) {
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    gn_feature_column column[PF + 1] = {0};
    for (size_t k = 0; k < PF; k++)
        column[k] = (gn_feature_column){names[k], data.code[k], NULL, GN_DIFFER};
    column[PF] = (gn_feature_column){"v", NULL, data.value, GN_ABSDIFF};
    return gn_features_new(PN, column, PF + numeric, out, err);
}

/* Distances on features and, under a metric, of rows, pair after pair. */
static void naive_pairs(const gn_features *f, gn_pair_metric metric) {
    size_t at = 0;
    for (size_t i = 0; i < PN; i++)
        for (size_t j = i + 1; j < PN; j++, at++) {
            y[at] = naive_distance(metric, data.a + i * PD, data.a + j * PD, PD);
            for (size_t k = 0; k < f->n_features; k++)
                x[k][at] = gn_feature_pair(&f->feature[k], i, j);
        }
}

static void naive_target(gn_pair_target target) {
    double m = HUGE_VAL, M = 0;
    for (size_t i = 0; i < PAIRS; i++) {
        m = fmin(m, y[i]);
        M = fmax(M, y[i]);
    }
    for (size_t i = 0; i < PAIRS; i++) {
        double scaled = (y[i] - m) / (M - m);
        y[i] = target == GN_TARGET_SQUARED           ? y[i] * y[i]
               : target == GN_TARGET_MIN_MAX_SQUARED ? scaled * scaled
               : target == GN_TARGET_MIN_MAX         ? scaled
                                                     : y[i];
    }
}

static double covariance(const double *a, const double *b) {
    double ma = 0, mb = 0, c = 0;
    for (size_t i = 0; i < PAIRS; i++) {
        ma += a[i] / PAIRS;
        mb += b[i] / PAIRS;
    }
    for (size_t i = 0; i < PAIRS; i++) c += (a[i] - ma) * (b[i] - mb) / PAIRS;
    return c;
}

TEST(moments_of_every_metric_and_target_equal_double_loops) {
    gn_error err;
    gn_features *f = NULL;
    gn_pair_index *p = NULL;
    gn_pair_sums *s = NULL;
    double mean[PF + 1], xx[(PF + 1) * (PF + 1)], xy[PF + 1];
    pair_data_make(&data, 1);
    OK(table_new(true, &f, &err));
    OK(gn_pair_index_new(NULL, f, false, &p, &err));
    CHECK(gn_pair_index_numeric(p));
    for (int m = GN_PAIR_EUCLIDEAN; m <= GN_PAIR_NORM_DIFF; m++)
        for (int t = GN_TARGET_SQUARED; t <= GN_TARGET_DISTANCE; t++) {
            gn_pair_opts opts = {.metric = (gn_pair_metric)m, .target = (gn_pair_target)t};
            OK(gn_pair_sums_new(NULL, p, gn_mat_f64(data.a, PN, PD), &opts, &s, &err));
            naive_pairs(f, opts.metric);
            naive_target(opts.target);
            gn_pair_moments(p, s, mean, xx, xy);
            double var = covariance(y, y);
            CHECK(s->n_pairs == PAIRS);
            CHECK(fabs(s->variance - var) <= 1e-5 * var);
            for (size_t k = 0; k <= PF; k++) {
                double scale = sqrt(var * covariance(x[k], x[k]));
                CHECK(fabs(xy[k] - covariance(x[k], y)) <= 2e-6 * scale);
                for (size_t l = 0; l <= PF && m == 0 && t == 0; l++)
                    CHECK_NEAR(xx[k * (PF + 1) + l], covariance(x[k], x[l]), 1e-7);
            }
            CHECK(s->rank == NULL);
            gn_pair_sums_free(s);
        }
    gn_pair_index_free(p);
    gn_features_free(f);
}

TEST(rank_correlations_equal_sorting_all_pairs) {
    gn_error err;
    gn_features *f = NULL;
    gn_pair_index *p = NULL;
    gn_pair_sums *s = NULL;
    double pearson[PF], spearman[PF], rho, w[PF] = {1, 0.7, 0.2, 0.2, 0};
    pair_data_make(&data, 2);
    OK(table_new(false, &f, &err));
    OK(gn_pair_index_new(NULL, f, false, &p, &err));
    for (int m = GN_PAIR_EUCLIDEAN; m <= GN_PAIR_NORM_DIFF; m++) {
        gn_pair_opts opts = {(gn_pair_metric)m, GN_TARGET_DISTANCE, true};
        OK(gn_pair_sums_new(NULL, p, gn_mat_f64(data.a, PN, PD), &opts, &s, &err));
        naive_pairs(f, opts.metric);
        gn_pair_rsa(p, s, pearson, spearman);
        naive_ranks(y, PAIRS, rank);
        for (size_t k = 0; k < PF; k++) {
            CHECK_NEAR(pearson[k], naive_pearson(x[k], y, PAIRS), 2e-6);
            CHECK_NEAR(spearman[k], naive_pearson(x[k], rank, PAIRS), 1e-6);
        }
        OK(gn_pair_rank_test(p, s, w, &rho, NULL, &err));
        double *prediction = x[PF];
        for (size_t i = 0; i < PAIRS; i++) {
            prediction[i] = 0;
            for (size_t k = 0; k < PF; k++) prediction[i] += x[k][i] > 0 ? w[k] : 0;
        }
        naive_ranks(prediction, PAIRS, other);
        CHECK_NEAR(rho, naive_pearson(other, rank, PAIRS), 1e-6);
        gn_pair_sums_free(s);
    }
    gn_pair_index_free(p);
    gn_features_free(f);
}

/* 100 permutations of a feature over pairs scatter around the expectation. */
TEST(the_drop_of_a_rank_correlation_is_the_mean_over_permutations) {
    enum { DRAWS = 100 };
    gn_error err;
    gn_features *f = NULL;
    gn_pair_index *p = NULL;
    gn_pair_sums *s = NULL;
    double rho, drop[PF], w[PF] = {1, 0.7, 0.2, 0, 0.4};
    pair_data_make(&data, 3);
    OK(table_new(false, &f, &err));
    OK(gn_pair_index_new(NULL, f, false, &p, &err));
    OK(gn_pair_sums_new(NULL, p, gn_mat_f64(data.a, PN, PD), &(gn_pair_opts){.ranks = true}, &s,
                        &err));
    OK(gn_pair_rank_test(p, s, w, &rho, drop, &err));
    naive_pairs(f, GN_PAIR_EUCLIDEAN);
    naive_ranks(y, PAIRS, rank);
    gn_random r = gn_random_new(5, 0);
    double *shuffled = x[PF];
    for (size_t k = 0; k < 2; k++) {
        double sum = 0, sum2 = 0;
        memcpy(shuffled, x[k], sizeof x[k]);
        for (size_t draw = 0; draw < (test_quick() ? 10 : DRAWS); draw++) {
            for (size_t i = PAIRS - 1; i > 0; i--) {
                size_t j = gn_random_below(&r, i + 1);
                double swap = shuffled[i];
                shuffled[i] = shuffled[j];
                shuffled[j] = swap;
            }
            for (size_t i = 0; i < PAIRS; i++) {
                y[i] = 0;
                for (size_t l = 0; l < PF; l++)
                    y[i] += (l == k ? shuffled[i] : x[l][i]) > 0 ? w[l] : 0;
            }
            naive_ranks(y, PAIRS, other);
            double lost = rho - naive_pearson(other, rank, PAIRS);
            sum += lost;
            sum2 += lost * lost;
        }
        double n = test_quick() ? 10 : DRAWS, sd = sqrt((sum2 - sum * sum / n) / (n - 1));
        CHECK(fabs(sum / n - drop[k]) <= 3 * sd / sqrt(n));
        CHECK(drop[k] > 0.02);
    }
    CHECK(fabs(drop[3]) < 1e-12); /* weight 0 */
    gn_pair_sums_free(s);
    gn_pair_index_free(p);
    gn_features_free(f);
}

/* Ranks of (0,0,1,1) and (1,2,3,4): average ranks give 2/sqrt 5, ordinal ones would give 1. */
TEST(ties_take_their_average_rank) {
    double a[] = {0, 0, 1, 1}, b[] = {1, 2, 3, 4}, ra[4], rb[4];
    naive_ranks(a, 4, ra);
    naive_ranks(b, 4, rb);
    CHECK_NEAR(naive_pearson(ra, rb, 4), 2 / sqrt(5), 1e-12);
    /* The same from the library: rows 0, 1 | 3, 7 have the distances 1, 4 within groups and 2 to 7
     * across; x is 0 0 1 1 1 1 for distances 1 4 3 7 2 6. */
    gn_error err;
    double rows[] = {0, 1, 3, 7}, rho, w = 1;
    int32_t code[] = {0, 0, 1, 1};
    gn_features *f = NULL;
    gn_pair_index *p = NULL;
    gn_pair_sums *s = NULL;
    OK(gn_features_new(4, &(gn_feature_column){"g", code, NULL, GN_DIFFER}, 1, &f, &err));
    OK(gn_pair_index_new(NULL, f, false, &p, &err));
    OK(gn_pair_sums_new(NULL, p, gn_mat_f64(rows, 4, 1), &(gn_pair_opts){.ranks = true}, &s, &err));
    OK(gn_pair_rank_test(p, s, &w, &rho, NULL, &err));
    double px[] = {0, 0, 1, 1, 1, 1}, py[] = {1, 4, 3, 7, 2, 6}, rx[6], ry[6];
    naive_ranks(px, 6, rx);
    naive_ranks(py, 6, ry);
    CHECK_NEAR(rho, naive_pearson(rx, ry, 6), 1e-12);
    gn_pair_sums_free(s);
    gn_pair_index_free(p);
    gn_features_free(f);
}

TEST(threads_change_no_bit_and_near_rows_are_measured_again) {
    gn_error err;
    gn_features *f = NULL;
    gn_pair_index *p = NULL;
    gn_pair_sums *s[2] = {NULL, NULL};
    pair_data_make(&data, 4);
    memcpy(data.a + 7 * PD, data.a + 3 * PD, PD * sizeof *data.a);
    for (size_t j = 0; j < PD; j++) data.a[9 * PD + j] = data.a[3 * PD + j] + 1e-6;
    OK(table_new(true, &f, &err));
    for (unsigned t = 0; t < 2; t++) {
        gn_ctx *ctx = NULL;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = t ? 3 : 1}, &ctx, &err));
        OK(gn_pair_index_new(ctx, f, true, &p, &err));
        OK(gn_pair_sums_new(ctx, p, gn_mat_f64(data.a, PN, PD), &(gn_pair_opts){.ranks = true},
                            &s[t], &err));
        if (t == 0) gn_pair_index_free(p);
        gn_ctx_free(ctx);
    }
    CHECK(s[0]->variance == s[1]->variance && s[0]->rank_variance == s[1]->rank_variance);
    CHECK(s[0]->n_patterns == s[1]->n_patterns && s[0]->near >= 3);
    CHECK(s[0]->least == 0);
    size_t bytes = s[0]->n_patterns * sizeof(double);
    CHECK(memcmp(s[0]->target, s[1]->target, bytes) == 0);
    CHECK(memcmp(s[0]->rank, s[1]->rank, bytes) == 0);
    for (int t = 0; t < 2; t++) gn_pair_sums_free(s[t]);
    gn_pair_index_free(p);
    gn_features_free(f);
}

/* More than 20 features: places come from the hash table. */
TEST(many_features_use_the_hash_table) {
    enum { MANY = 40, FEW = 60 };
    gn_error err;
    static int32_t code[MANY][FEW];
    gn_feature_column column[MANY] = {0};
    gn_features *f = NULL;
    gn_pair_index *p = NULL;
    gn_pair_sums *s = NULL;
    gn_random r = gn_random_new(6, 0);
    double a[FEW * 3], pearson[MANY], yy[FEW * (FEW - 1) / 2], xx[FEW * (FEW - 1) / 2];
    for (size_t k = 0; k < MANY; k++) {
        for (size_t i = 0; i < FEW; i++) code[k][i] = (int32_t)gn_random_below(&r, 3);
        static char name[MANY][8];
        snprintf(name[k], sizeof name[k], "f%zu", k);
        column[k] = (gn_feature_column){name[k], code[k], NULL, GN_DIFFER};
    }
    for (size_t i = 0; i < FEW * 3; i++) a[i] = gn_random_normal(&r);
    OK(gn_features_new(FEW, column, MANY, &f, &err));
    OK(gn_pair_index_new(NULL, f, false, &p, &err));
    OK(gn_pair_sums_new(NULL, p, gn_mat_f64(a, FEW, 3), NULL, &s, &err));
    gn_pair_rsa(p, s, pearson, NULL);
    for (size_t k = 0; k < MANY; k++) {
        size_t at = 0;
        for (size_t i = 0; i < FEW; i++)
            for (size_t j = i + 1; j < FEW; j++, at++) {
                yy[at] = pow(naive_distance(GN_PAIR_EUCLIDEAN, a + 3 * i, a + 3 * j, 3), 2);
                xx[at] = code[k][i] != code[k][j];
            }
        CHECK_NEAR(pearson[k], naive_pearson(xx, yy, at), 2e-6);
    }
    gn_pair_sums_free(s);
    gn_pair_index_free(p);
    gn_features_free(f);
}

TEST(what_cannot_be_measured_is_said) {
    gn_error err;
    gn_features *f = NULL;
    gn_pair_index *p = NULL;
    gn_pair_sums *s = NULL;
    double rho, w[PF + 1] = {1};
    gn_pair_metric m;
    pair_data_make(&data, 7);
    OK(table_new(true, &f, &err));
    OK(gn_pair_index_new(NULL, f, false, &p, &err));
    gn_mat a = gn_mat_f64(data.a, PN, PD);
    CHECK(gn_pair_sums_new(NULL, p, gn_mat_f64(data.a, PN - 1, PD), NULL, &s, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "399");
    OK(gn_pair_sums_new(NULL, p, a, NULL, &s, &err));
    CHECK(gn_pair_rank_test(p, s, w, &rho, NULL, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "with ranks");
    gn_pair_sums_free(s);
    s = NULL;
    memset(data.a + 5 * PD, 0, PD * sizeof *data.a);
    CHECK(gn_pair_sums_new(NULL, p, a, &(gn_pair_opts){.metric = GN_PAIR_COSINE}, &s, &err) ==
          GN_EDATA);
    CHECK_CONTAINS(err.message, "row 5 is zero");
    data.a[6 * PD + 2] = (double)NAN;
    CHECK(gn_pair_sums_new(NULL, p, a, NULL, &s, &err) == GN_EDATA);
    for (size_t i = 0; i < PN * PD; i++)
        data.a[i] = (1 + (double)(i / PD % 7)) * (0.1 + (double)(i % PD));
    CHECK(gn_pair_sums_new(NULL, p, a, &(gn_pair_opts){.metric = GN_PAIR_COSINE}, &s, &err) ==
          GN_EDATA); /* one direction, whatever the rounding */
    memset(data.a, 0, sizeof data.a);
    CHECK(gn_pair_sums_new(NULL, p, a, NULL, &s, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "same");
    CHECK(s == NULL);
    CHECK(gn_pair_metric_parse("cosin", &m, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "cosin");
    CHECK(gn_pair_metric_parse("l1", &m, &err) == GN_OK && m == GN_PAIR_MANHATTAN);
    gn_pair_index_free(p);
    gn_features_free(f);
}

int main(void) {
    RUN(moments_of_every_metric_and_target_equal_double_loops);
    RUN(rank_correlations_equal_sorting_all_pairs);
    RUN(the_drop_of_a_rank_correlation_is_the_mean_over_permutations);
    RUN(ties_take_their_average_rank);
    RUN(threads_change_no_bit_and_near_rows_are_measured_again);
    RUN(many_features_use_the_hash_table);
    RUN(what_cannot_be_measured_is_said);
    return tap_done();
}
