/* Feature tables: reading, kinds and distances, profiles and pair patterns; the published counts of
 * the public stimulus tables. */
#include "stimuli.h"

#include "base/random.h"

static const char *fails(const char *text, const gn_features_opts *opts) {
    static gn_error err;
    gn_features *f = NULL;
    gn_status st = gn_features_open(written("features.csv", text), opts, &f, &err);
    CHECK(st != GN_OK && f == NULL);
    gn_features_free(f);
    return err.message;
}

TEST(columns_are_read_by_kind) {
    gn_error err;
    gn_features *f;
    const char *distance[] = {"freq=squared", "absdiff"};
    OK(gn_features_open(written("features.csv", ",sentence,num,pers,freq,flag\n"
                                                "0,\"a, b\",sg,3,4.50,True\n"
                                                "1,c,,1,2.5,True\n"
                                                "2,d,pl,NA,4.5,True\n"),
                        &(gn_features_opts){.distance = distance, .n_distances = 2}, &f, &err));
    CHECK(f->n == 3 && f->n_features == 4);
    const gn_feature *num = &f->feature[0], *pers = &f->feature[1], *freq = &f->feature[2];
    CHECK_STR(num->name, "num");
    CHECK(num->kind == GN_CATEGORICAL && num->distance == GN_DIFFER && num->n_levels == 2);
    CHECK(num->code[0] == 0 && num->code[1] == -1 && num->code[2] == 1 && num->n_missing == 1);
    CHECK_STR(num->level[1], "pl");
    CHECK(num->level_value == NULL && isnan(num->min));
    CHECK(pers->kind == GN_ORDINAL && pers->distance == GN_ABSDIFF && pers->n_missing == 1);
    CHECK(pers->code[0] == 1 && pers->code[1] == 0 && pers->min == 1 && pers->max == 3);
    CHECK(freq->distance == GN_SQUARED && freq->n_levels == 2); /* 4.50 is 4.5 */
    CHECK(freq->code[0] == freq->code[2] && freq->level_value[1] == 1);
    CHECK(f->feature[3].kind == GN_CATEGORICAL && f->feature[3].n_levels == 1);
    CHECK(gn_feature_pair(num, 0, 2) == 1 && gn_feature_pair(num, 0, 1) == 0);
    CHECK(gn_feature_pair(pers, 0, 1) == 1 && gn_feature_pair(pers, 0, 2) == 0);
    gn_features_free(f);
}

TEST(many_numbers_are_numeric) {
    gn_error err;
    gn_features *f;
    double x[20], few[20];
    int32_t code[20];
    for (size_t i = 0; i < 20; i++) {
        x[i] = i == 7 ? (double)NAN : 3.0 * (double)i - 5;
        few[i] = (double)(i % GN_ORDINAL_LEVELS);
        code[i] = (int32_t)(i % 3) - 1;
    }
    const gn_feature_column c[] = {{"x", NULL, x, GN_BY_KIND},
                                   {"few", NULL, few, GN_BY_KIND},
                                   {"code", code, NULL, GN_BY_KIND}};
    OK(gn_features_new(20, c, 3, &f, &err));
    CHECK(f->feature[0].kind == GN_NUMERIC && f->feature[0].distance == GN_ABSDIFF);
    CHECK(f->feature[0].n_missing == 1 && f->feature[0].min == -5);
    CHECK_NEAR(gn_feature_pair(&f->feature[0], 2, 12), 10.0 / 19, 1e-15);
    CHECK(gn_feature_pair(&f->feature[0], 2, 7) == 0);
    CHECK(f->feature[1].kind == GN_ORDINAL && f->feature[1].distance == GN_DIFFER);
    CHECK(f->feature[2].kind == GN_CATEGORICAL && f->feature[2].n_missing == 7);
    gn_features_free(f);
}

/* Ranks do not change under an ascending map; equal values share theirs. */
TEST(numbers_may_count_by_rank) {
    gn_error err;
    gn_features *f = NULL;
    const double x[] = {2, -1, (double)NAN, 2, 10, 0.5, 2}, want[] = {0.6, 0, 0, 0.6, 1, 0.2, 0.6};
    double high[7];
    for (size_t i = 0; i < 7; i++) high[i] = exp(3 * x[i]);
    const gn_feature_column column[] = {{"x", NULL, x, GN_RANKED}, {"y", NULL, high, GN_RANKED}};
    OK(gn_features_new(7, column, 2, &f, &err));
    for (size_t k = 0; k < 2; k++) {
        CHECK(f->feature[k].distance == GN_RANKED && f->feature[k].n_missing == 1);
        for (size_t i = 0; i < 7; i++)
            for (size_t j = 0; j < 7; j++)
                CHECK_NEAR(gn_feature_pair(&f->feature[k], i, j),
                           i == 2 || j == 2 ? 0 : fabs(want[i] - want[j]), 1e-15);
    }
    CHECK_NEAR(f->feature[0].max, 10, 0);
    CHECK_STR(gn_feature_distance_name(GN_RANKED), "rank");
    gn_features_free(f);
    const int32_t code[] = {0, 1};
    CHECK(gn_features_new(2, &(gn_feature_column){"word", code, NULL, GN_RANKED}, 1, &f, &err) ==
          GN_EINVAL);
}

TEST(what_is_wrong_is_said) {
    const char *absdiff[] = {"num=absdiff"}, *unknown[] = {"nun=absdiff", "nux"},
               *bad[] = {"euclid"};
    CHECK_CONTAINS(fails("", NULL), "features.csv: is empty");
    CHECK_CONTAINS(fails("sentence\na\n", NULL), "no feature in its header");
    CHECK_CONTAINS(fails("a,b\n", NULL), "holds no row");
    CHECK_CONTAINS(fails("a,b\n1,2\n3\n", NULL), "line 3: 1 columns, expected 2");
    CHECK_CONTAINS(fails("a,b,a\n1,2,3\n", NULL), "columns 1 and 3 are both called 'a'");
    CHECK_CONTAINS(fails("a,b\n1,2\ninf,2\n", NULL), "column 'a', row 2 (counted from 1): 'inf'");
    CHECK_CONTAINS(fails("num\nsg\n", &(gn_features_opts){absdiff, 1, NULL, 0}),
                   "feature 'num': its values are no numbers");
    CHECK_CONTAINS(fails("num,x\n1,2\n", &(gn_features_opts){unknown, 1, NULL, 0}),
                   "no feature 'nun'; there are: num, x");
    CHECK_CONTAINS(fails("num,x\n1,2\n", &(gn_features_opts){NULL, 0, unknown + 1, 1}),
                   "no column 'nux' to skip; there are: num, x");
    CHECK_CONTAINS(fails("num\n1\n", &(gn_features_opts){bad, 1, NULL, 0}),
                   "'euclid': expected categorical, absdiff, squared or rank");
    gn_error err;
    gn_features *f = NULL;
    double inf[] = {1, HUGE_VAL};
    int32_t code[] = {0, 5};
    CHECK(gn_features_new(2, &(gn_feature_column){"x", NULL, inf, GN_BY_KIND}, 1, &f, &err) ==
          GN_EINVAL);
    CHECK(gn_features_new(2, &(gn_feature_column){"x", code, NULL, GN_BY_KIND}, 1, &f, &err) ==
          GN_EINVAL);
    CHECK_CONTAINS(err.message, "feature 'x', row 1: code 5, expected -1 to 1");
    CHECK(gn_features_new(2, &(gn_feature_column){"x", NULL, NULL, GN_BY_KIND}, 1, &f, &err) ==
          GN_EINVAL);
    CHECK(gn_features_new(0, NULL, 0, &f, &err) == GN_EINVAL && f == NULL);
}

/* Profiles and patterns against all pairs, with missing values and more profiles than a block. */
TEST(profiles_and_patterns_equal_all_pairs) {
    enum { N = 300, F = 5 };
    gn_error err;
    gn_features *f;
    gn_random r = gn_random_new(3, 0);
    static int32_t code[F][N];
    gn_feature_column c[F];
    for (size_t k = 0; k < F; k++) {
        for (size_t i = 0; i < N; i++)
            code[k][i] = (int32_t)gn_random_below(&r, k + 2) - (int32_t)(k % 2);
        c[k] = (gn_feature_column){"x", code[k], NULL, GN_BY_KIND};
    }
    OK(gn_features_new(N, c, F, &f, &err));
    int32_t profile[N];
    size_t n_profiles, same = 0, differ = 0;
    OK(gn_features_profiles(f, profile, &n_profiles, &err));
    static uint64_t want[1 << F];
    memset(want, 0, sizeof want);
    for (size_t i = 0; i < N; i++)
        for (size_t j = i + 1; j < N; j++) {
            uint64_t bits = 0;
            bool equal = true;
            for (size_t k = 0; k < F; k++) {
                bits |= (uint64_t)(naive_distance(&f->feature[k], i, j) > 0) << k;
                equal = equal && code[k][i] == code[k][j];
            }
            want[bits]++;
            same += equal != (profile[i] == profile[j]);
        }
    CHECK(same == 0 && n_profiles > 64 && n_profiles < N);
    for (unsigned threads = 1; threads <= 3; threads += 2) {
        gn_ctx *ctx;
        gn_patterns p;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = threads}, &ctx, &err));
        OK(gn_features_patterns(ctx, f, &p, &err));
        size_t n = 0;
        for (uint64_t b = 0; b < 1 << F; b++) {
            if (!want[b]) continue;
            differ += n >= p.n || p.bits[n] != b || p.count[n] != want[b];
            n++;
        }
        CHECK(n == p.n && differ == 0);
        gn_patterns_free(&p);
        gn_ctx_free(ctx);
    }
    gn_features_free(f);
}

TEST(short_sentence_has_the_published_counts) {
    const char *path = shared_path("mlem/short_sentence.csv");
    if (!path) SKIP("no shared data");
    gn_error err;
    gn_features *f;
    gn_patterns p;
    size_t n_profiles;
    const double mean[] = {.466, .477, .255, .271, .441, .131, .801, .501, .722};
    OK(gn_features_open(path, NULL, &f, &err));
    OK(gn_features_profiles(f, NULL, &n_profiles, &err));
    OK(gn_features_patterns(NULL, f, &p, &err));
    REQUIRE(f->n == 522 && f->n_features == 9);
    CHECK(n_profiles == 342 && p.n == 256);
    uint64_t pairs = 0, differ[9] = {0};
    for (size_t i = 0; i < p.n; i++) {
        pairs += p.count[i];
        for (size_t k = 0; k < 9; k++) differ[k] += (p.bits[i] >> k & 1) * p.count[i];
    }
    CHECK(pairs == 135981);
    for (size_t k = 0; k < 9; k++)
        CHECK_NEAR((double)differ[k] / (double)pairs, mean[k], 5.1e-4); /* three decimals given */
    gn_patterns_free(&p);
    gn_features_free(f);
}

TEST(relative_clause_has_its_pairs) {
    const char *path = shared_path("mlem/relative_clause.csv");
    if (!path) SKIP("no shared data");
    gn_error err;
    gn_features *f;
    gn_patterns p;
    OK(gn_features_open(path, NULL, &f, &err));
    OK(gn_features_patterns(NULL, f, &p, &err));
    uint64_t pairs = 0;
    for (size_t i = 0; i < p.n; i++) pairs += p.count[i];
    CHECK(f->n == 7680 && f->n_features == 14 && pairs == 29487360);
    CHECK(p.n < 1 << 14);
    gn_patterns_free(&p);
    gn_features_free(f);
}

int main(void) {
    RUN(columns_are_read_by_kind);
    RUN(many_numbers_are_numeric);
    RUN(numbers_may_count_by_rank);
    RUN(what_is_wrong_is_said);
    RUN(profiles_and_patterns_equal_all_pairs);
    RUN(short_sentence_has_the_published_counts);
    RUN(relative_clause_has_its_pairs);
    return tap_done();
}
