/* A set measured twice: one search a layer the first time, none the second, the same rows. */
#include "tap.h"

#include "base/random.h"
#include "gonio/measure.h"
#include "gonio/survey.h"
#include "reps/writer.h"

enum { N = 90, D = 6, LAYERS = 3 };

static gn_error err;

/* Layer 0 has few values, many times each; layer 1 none twice; layer 2 one value. */
static gn_status make_set(const char *dir) {
    static const size_t layer[LAYERS] = {0, 1, 2};
    static float x[LAYERS][N * D];
    int32_t zero[N] = {0};
    const void *rows[LAYERS] = {x[0], x[1], x[2]};
    gn_random r = gn_random_new(1, 2);
    gn_reps_writer *w = NULL;
    for (size_t i = 0; i < N * D; i++) {
        x[1][i] = (float)gn_random_normal(&r);
        x[0][i] = i < 40 * D ? x[1][i] : x[0][i - 40 * D];
        x[2][i] = 3;
    }
    gn_reps_plan plan = {.n_rows = N,
                         .n_dims = D,
                         .n_sequences = 1,
                         .n_layers = LAYERS,
                         .layer = layer,
                         .n_blocks = 2,
                         .dtype = GN_F32,
                         .token_id = zero,
                         .sequence = zero,
                         .position = zero,
                         .about = json_object()};
    gn_status st = gn_reps_writer_open(dir, &plan, true, &w, &err);
    if (st == GN_OK) st = gn_reps_writer_append(w, rows, N, 1, &err);
    if (st == GN_OK) st = gn_reps_writer_finish(w, &err);
    gn_reps_writer_free(w);
    json_decref(plan.about);
    return st;
}

static int searches;
static void count_searches(void *user, const char *task, double done, double total,
                           const char *unit) {
    (void)user, (void)unit;
    searches += strncmp(task, "neighbors", 9) == 0 && done >= total;
}

/* `id` after a survey, with as many neighbours. */
static gn_status measure_id(gn_ctx *ctx, const gn_reps *reps, const gn_survey_opts *opts,
                            gn_result *result, gn_error *e) {
    gn_measure_id_opts o = {.k = opts->k, .range_max = opts->k, .decimation = GN_DECIMATION_OFF};
    return gn_measure_id(ctx, reps, &o, result, e);
}

typedef gn_status measure_fn(gn_ctx *ctx, const gn_reps *reps, const gn_survey_opts *opts,
                             gn_result *result, gn_error *err);

/* The rows as JSON, free() it; `searches` counts. */
static char *measure(measure_fn *fn, const gn_reps *reps, gn_survey_opts opts, const char *name) {
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    char *text = NULL;
    searches = 0;
    if (gn_ctx_new(&(gn_ctx_opts){.n_threads = 2, .hooks = {.progress = count_searches}}, &ctx,
                   &err) != GN_OK ||
        gn_result_new(name, &result, &err) != GN_OK ||
        fn(ctx, reps, &opts, result, &err) != GN_OK || gn_result_json(result, &text, &err) != GN_OK)
        printf("# %s\n", err.message);
    gn_result_free(result);
    gn_ctx_free(ctx);
    return text;
}

static size_t count(const char *text, const char *part) {
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, part)) != NULL; p++) n++;
    return n;
}

TEST(one_search_a_layer) {
    gn_reps *reps;
    const char *dir = tmp_path("measure_once");
    OK(make_set(dir));
    OK(gn_reps_open(dir, &reps, &err));
    gn_survey_opts opts = {.k = 50, .overlap_k = 10};
    char *first = measure(gn_survey_measure, reps, opts, "survey");
    CHECK(searches == 2); /* the layer of equal rows needs none */
    char *second = measure(gn_survey_measure, reps, opts, "survey");
    CHECK(searches == 0);
    REQUIRE(first && second);
    CHECK(strcmp(first, second) == 0);
    CHECK(count(first, "\"n_duplicates\"") == LAYERS);
    CHECK_CONTAINS(first, "fewer than 3 distinct rows");
    char *id = measure(measure_id, reps, opts, "id");
    CHECK(searches == 0);
    REQUIRE(id != NULL);
    CHECK(count(id, "\"twonn\"") == count(first, "\"twonn\""));
    CHECK(count(id, "\"gride\"") == 2 * (5 + 1)); /* n2 = 2 ... 32 among 40 and 90 distinct rows */

    opts.max_rows = 60; /* a sample: its neighbours are not kept, and imbalance finds its own */
    char *sample = measure(gn_survey_measure, reps, opts, "survey");
    CHECK(searches == 2 + 2);
    REQUIRE(sample != NULL);
    CHECK(count(sample, "\"n_duplicates\"") == LAYERS);
    free(first);
    free(second);
    free(id);
    free(sample);
    gn_reps_free(reps);
}

/* The survey's value of a pair; NaN when it has none. */
static double pair_value(gn_result *r, const char *measure, int layer, int other) {
    for (size_t i = 0; i < gn_result_count(r); i++) {
        gn_measurement m = gn_result_at(r, i);
        const char *to = gn_result_param(r, i, "other_layer");
        if (m.layer == layer && strcmp(m.measure, measure) == 0 && to && atoi(to) == other)
            return m.value;
    }
    return (double)NAN;
}

static void same_row(gn_result *survey, const gn_result *alone, size_t row) {
    gn_measurement m = gn_result_at(alone, row);
    size_t at = gn_result_find(survey, m.layer, m.measure, m.variant, NULL, NULL);
    REQUIRE(at != SIZE_MAX);
    gn_measurement s = gn_result_at(survey, at);
    CHECK_STR(s.set, "shown");
    CHECK(memcmp(&s.value, &m.value, sizeof m.value) == 0 || (isnan(s.value) && isnan(m.value)));
    CHECK(memcmp(&s.se, &m.se, sizeof m.se) == 0 || (isnan(s.se) && isnan(m.se)));
}

/* Pairs of layers and densities in the survey are what the commands of these names say. */
TEST(the_survey_says_what_the_commands_say) {
    gn_reps *reps;
    gn_result *survey, *overlap, *imbalance, *density;
    const char *dir = tmp_path("measure_pairs");
    OK(make_set(dir));
    OK(gn_reps_open(dir, &reps, &err));
    OK(gn_result_new("survey", &survey, &err));
    OK(gn_result_new("overlap", &overlap, &err));
    OK(gn_result_new("imbalance", &imbalance, &err));
    OK(gn_result_new("density", &density, &err));
    gn_survey_opts opts = {.k = 50, .overlap_k = 10, .set = "shown", .imbalance_rows = 70};
    OK(gn_survey_measure(NULL, reps, &opts, survey, &err));
    const size_t ten = 10;
    OK(gn_measure_overlap(NULL, reps, NULL, &(gn_measure_pairs_opts){.k = &ten, .n_k = 1}, overlap,
                          &err));
    OK(gn_measure_imbalance(NULL, reps, NULL, &(gn_measure_pairs_opts){.max_rows = 70}, imbalance,
                            &err));
    OK(gn_measure_density(NULL, reps, &(gn_measure_density_opts){.k = 50}, density, &err));
    CHECK(gn_result_count(overlap) == 3 && gn_result_count(imbalance) == 6);
    for (int a = 0; a < LAYERS; a++)
        for (int b = 0; b < LAYERS; b++) {
            if (a == b) continue;
            double v = pair_value(survey, "information_imbalance", a, b);
            CHECK(v > 0 && v == pair_value(imbalance, "information_imbalance", a, b));
            if (a < b)
                CHECK(pair_value(survey, "data_overlap", b, a) ==
                      pair_value(overlap, "data_overlap", a, b));
        }
    size_t n_rows = 0;
    for (size_t i = 0; i < gn_result_count(density); i++) {
        gn_measurement m = gn_result_at(density, i);
        if (strcmp(m.measure, "kstar_gride") == 0 || strcmp(m.measure, "binomial") == 0) continue;
        same_row(survey, density, i);
        n_rows++;
    }
    CHECK(n_rows > 2 * 9);
    gn_result_free(survey);
    gn_result_free(overlap);
    gn_result_free(imbalance);
    gn_result_free(density);
    gn_reps_free(reps);
}

int main(void) {
    RUN(one_search_a_layer);
    RUN(the_survey_says_what_the_commands_say);
    return tap_done();
}
