/* The first pipeline against its scikit-learn implementation on the same splits, its published
 * numbers' identities, single units, seeds and threads. */
#include "tap.h"

#include "encoding/v1.h"
#include "gonio/io.h"

#include "pair_data.h"

enum { GN = 70, GD = 12, GF = 4, GPAIRS = GN * (GN - 1) / 2 };

static gn_matrix *golden(const char *member) {
    char spec[1100];
    gn_error err;
    gn_matrix *m = NULL;
    snprintf(spec, sizeof spec, "%s:%s", test_path("golden/encoding/v1.npz"), member);
    if (gn_matrix_open(spec, &m, &err) != GN_OK) {
        printf("Bail out! %s\n", err.message);
        exit(1);
    }
    return m;
}
static void golden_row(const char *metric, const char *what, double *out) {
    char name[64];
    snprintf(name, sizeof name, "%s_%s", metric, what);
    gn_matrix *m = golden(name);
    gn_mat v = gn_matrix_view(m);
    memcpy(out, v.data, v.cols * sizeof *out);
    gn_matrix_free(m);
}

static gn_status golden_features(gn_features **out, gn_error *err) {
    static int32_t code[GF][GN];
    gn_feature_column column[GF] = {0};
    static const char *const names[] = {"a", "b", "c", "d"};
    gn_matrix *m = golden("code");
    const double *all = gn_matrix_view(m).data;
    for (size_t k = 0; k < GF; k++) {
        for (size_t i = 0; i < GN; i++) code[k][i] = (int32_t)all[i * GF + k];
        column[k] = (gn_feature_column){names[k], code[k], NULL, GN_DIFFER};
    }
    gn_matrix_free(m);
    return gn_features_new(GN, column, GF, out, err);
}

/* With the splits of the golden file in the place of our own. */
static gn_status golden_pipeline(const gn_v1_opts *opts, uint64_t seed, gn_v1 **out,
                                 gn_error *err) {
    gn_features *f = NULL;
    gn_ctx *ctx = NULL;
    gn_status st;
    GN_TRY(golden_features(&f, err));
    GN_TRY(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .seed = seed}, &ctx, err));
    GN_TRY(gn_v1_new(ctx, f, opts, out, err));
    gn_matrix *group = golden("group");
    for (size_t i = 0; i < GPAIRS; i++)
        (*out)->group[i] = (uint8_t)((const double *)gn_matrix_view(group).data)[i];
    gn_matrix_free(group);
    gn_v1_count(*out);
    for (size_t t = 0; (*out)->rest && t < 2 * GF; t++) { /* forests of these splits */
        gn_random r = gn_random_new(seed, 100 + t);
        free((*out)->rest[t].of_pattern);
        GN_TRY(gn_v1_forest(*out, t / GF, t % GF, &r, &(*out)->rest[t], err));
    }
done:
    gn_ctx_free(ctx);
    gn_features_free(f);
    return st;
}

static void check_metric(const char *name, gn_pair_metric metric) {
    gn_error err;
    gn_v1 *v = NULL;
    gn_v1_score score;
    gn_v1_importance fi[GF];
    double want[GF], std[GF];
    gn_matrix *a = golden("a");
    OK(golden_pipeline(&(gn_v1_opts){.metric = metric}, 0, &v, &err));
    OK(gn_v1_measure(NULL, v, gn_matrix_view(a), &score, fi, &err));
    golden_row(name, "alpha", want);
    CHECK_NEAR(score.alpha[0], want[1], 1e-9); /* ours by training half, theirs by test half */
    CHECK_NEAR(score.alpha[1], want[0], 1e-9);
    golden_row(name, "score", want);
    CHECK_NEAR(score.mae, want[0], 1e-6);
    CHECK_NEAR(score.mse, want[1], 1e-6);
    CHECK_NEAR(score.r2, want[2], 2e-6);
    CHECK_NEAR(score.r, want[3], 2e-6);
    golden_row(name, "weight", want);
    for (size_t k = 0; k < GF; k++) CHECK_NEAR(fi[k].weight, want[k], 2e-6);
    golden_row(name, "fi", want);
    golden_row(name, "std", std);
    for (size_t k = 0; k < GF; k++) {
        /* Theirs are the mean of 4,000 permutations: one scatters by less than std around the
         * expectation, their mean by std / 63; a fifth of std is far beyond either. */
        CHECK(fabs(fi[k].importance - want[k]) <= std[k] / 15 + 1e-9);
        CHECK(fabs(fi[k].std - std[k]) <= 0.02 * std[k] + 1e-9);
        CHECK(fi[k].std > 0 || fi[k].weight <= 0);
        if (fi[k].std > 0)
            CHECK_NEAR(fi[k].p, erfc(fi[k].importance / fi[k].std / sqrt(2)) / 2, 1e-12);
        else
            CHECK(fi[k].p == 1);
    }
    gn_v1_free(v);
    gn_matrix_free(a);
}
TEST(euclidean_distances_give_what_scikit_learn_gives) {
    check_metric("euclidean", GN_PAIR_EUCLIDEAN);
}
TEST(cosine_distances_give_what_scikit_learn_gives) {
    check_metric("cosine", GN_PAIR_COSINE);
}

/* Forests are random in both: means over forests within 4 errors of their difference. */
TEST(conditional_importances_agree_on_average_over_forests) {
    enum { FORESTS = 40 };
    gn_error err;
    gn_v1_score score;
    gn_v1_importance fi[GF];
    double want[GF], sd[GF], std[GF], sum[GF] = {0}, sum_std[GF] = {0};
    gn_matrix *a = golden("a");
    for (uint64_t seed = 0; seed < FORESTS; seed++) {
        gn_v1 *v = NULL;
        OK(golden_pipeline(&(gn_v1_opts){.conditional = true}, seed, &v, &err));
        OK(gn_v1_measure(NULL, v, gn_matrix_view(a), &score, fi, &err));
        for (size_t k = 0; k < GF; k++) {
            sum[k] += fi[k].importance / FORESTS;
            sum_std[k] += fi[k].std / FORESTS;
        }
        gn_v1_free(v);
    }
    golden_row("cond", "fi", want);
    golden_row("cond", "sd", sd);
    golden_row("cond", "std", std);
    for (size_t k = 0; k < GF; k++) {
        CHECK(fabs(sum[k] - want[k]) <= 4 * sd[k] * sqrt(1.0 / 60 + 1.0 / FORESTS) + 1e-9);
        CHECK(fabs(sum_std[k] - std[k]) <= 0.03 * std[k] + 1e-9);
    }
    gn_matrix_free(a);
}

/* One column as a matrix and as a unit is the same thing. */
TEST(units_alone_equal_matrices_of_one_column) {
    gn_error err;
    gn_features *f = NULL;
    gn_v1 *v = NULL;
    gn_v1_score score[GD + 1], alone;
    gn_v1_importance fi[(GD + 1) * GF], one[GF];
    double rows[GN * (GD + 1)], column[GN];
    gn_matrix *a = golden("a");
    for (size_t i = 0; i < GN; i++)
        for (size_t k = 0; k <= GD; k++)
            rows[i * (GD + 1) + k] =
                k < GD ? (double)(float)((const double *)gn_matrix_view(a).data)[i * GD + k] : 5;
    OK(golden_features(&f, &err));
    OK(gn_v1_new(NULL, f, NULL, &v, &err));
    gn_ctx *ctx = NULL;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 3}, &ctx, &err));
    OK(gn_v1_univariate(ctx, v, gn_mat_f64(rows, GN, GD + 1), score, fi, &err));
    gn_ctx_free(ctx);
    for (size_t u = 0; u < GD; u += 3) {
        for (size_t i = 0; i < GN; i++) column[i] = rows[i * (GD + 1) + u];
        OK(gn_v1_measure(NULL, v, gn_mat_f64(column, GN, 1), &alone, one, &err));
        CHECK_NEAR(score[u].r2, alone.r2, 1e-5);
        for (size_t k = 0; k < GF; k++) {
            CHECK_NEAR(fi[u * GF + k].importance, one[k].importance, 1e-6);
            CHECK_NEAR(fi[u * GF + k].std, one[k].std, 1e-6);
        }
    }
    for (size_t u = 0; u < GD; u++) /* unit 3 encodes feature 1 */
        CHECK(u == 3 || fi[3 * GF + 1].importance > fi[u * GF + 1].importance);
    CHECK(isnan(score[GD].r2) && fi[GD * GF].p == 1); /* a constant unit */
    gn_matrix_free(a);
    gn_v1_free(v);
    gn_features_free(f);
}

TEST(the_seed_draws_the_splits_and_threads_do_not) {
    gn_error err;
    gn_features *f = NULL;
    gn_v1_score score[3];
    gn_v1_importance fi[3][GF];
    gn_matrix *a = golden("a");
    OK(golden_features(&f, &err));
    for (unsigned t = 0; t < 3; t++) {
        gn_ctx *ctx = NULL;
        gn_v1 *v = NULL;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = t == 1 ? 3 : 1, .seed = t == 2}, &ctx, &err));
        OK(gn_v1_new(ctx, f, &(gn_v1_opts){.conditional = true}, &v, &err));
        OK(gn_v1_measure(ctx, v, gn_matrix_view(a), &score[t], fi[t], &err));
        size_t size[4] = {0};
        for (size_t i = 0; i < GPAIRS; i++) size[v->group[i]]++;
        CHECK(size[0] + size[2] == (GPAIRS + 1) / 2 && size[2] == (size[0] + size[2] + 4) / 5);
        CHECK(size[3] == (GPAIRS / 2 + 4) / 5);
        gn_v1_free(v);
        gn_ctx_free(ctx);
    }
    CHECK(memcmp(fi[0], fi[1], sizeof fi[0]) == 0 && score[0].mae == score[1].mae);
    CHECK(score[0].mae != score[2].mae);
    gn_matrix_free(a);
    gn_features_free(f);
}

TEST(wrong_use_is_said) {
    gn_error err;
    gn_features *f = NULL;
    gn_v1 *v = NULL;
    gn_v1_score score[GD];
    gn_v1_importance fi[GD * GF];
    double zero[GN * GD] = {0};
    OK(golden_features(&f, &err));
    OK(gn_v1_new(NULL, f, &(gn_v1_opts){.metric = GN_PAIR_COSINE}, &v, &err));
    gn_mat a = gn_mat_f64(zero, GN, GD);
    CHECK(gn_v1_measure(NULL, v, gn_mat_f64(zero, GN - 1, GD), score, fi, &err) == GN_EINVAL);
    CHECK(gn_v1_measure(NULL, v, a, score, fi, &err) == GN_EDATA);
    CHECK(gn_v1_univariate(NULL, v, a, score, fi, &err) == GN_ENOSUPP);
    CHECK_CONTAINS(err.message, "cosine");
    gn_v1_free(v);
    OK(gn_v1_new(NULL, f, NULL, &v, &err));
    CHECK(gn_v1_measure(NULL, v, a, score, fi, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "equal");
    gn_v1_free(v);
    gn_features_free(f);
}

int main(void) {
    RUN(euclidean_distances_give_what_scikit_learn_gives);
    RUN(cosine_distances_give_what_scikit_learn_gives);
    RUN(conditional_importances_agree_on_average_over_forests);
    RUN(units_alone_equal_matrices_of_one_column);
    RUN(the_seed_draws_the_splits_and_threads_do_not);
    RUN(wrong_use_is_said);
    return tap_done();
}
