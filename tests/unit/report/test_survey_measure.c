/* A set measured twice: one search a layer the first time, none the second, the same rows. */
#include "tap.h"

#include "base/random.h"
#include "gonio/measure.h"
#include "gonio/isotropy.h"
#include "gonio/lid.h"
#include "gonio/survey.h"
#include "reps/writer.h"

enum { N = 90, D = 6, LAYERS = 3 };

static gn_error err;

/* Layer 0 has few values, many times each; layer 1 none twice; layer 2 one value. */
static gn_status make_set(const char *dir) {
    static const size_t layer[LAYERS] = {0, 1, 2};
    static float x[LAYERS][N * D];
    int32_t zero[N] = {0}, sequence[N], position[N];
    const void *rows[LAYERS] = {x[0], x[1], x[2]};
    gn_random r = gn_random_new(1, 2);
    gn_reps_writer *w = NULL;
    for (size_t i = 0; i < N; i++) {
        sequence[i] = (int32_t)(i / 10);
        position[i] = (int32_t)(i % 10);
    }
    for (size_t i = 0; i < N * D; i++) {
        x[1][i] = (float)gn_random_normal(&r);
        x[0][i] = i < 40 * D ? x[1][i] : x[0][i - 40 * D];
        x[2][i] = 3;
    }
    gn_reps_plan plan = {.n_rows = N,
                         .n_dims = D,
                         .n_sequences = N / 10,
                         .n_layers = LAYERS,
                         .layer = layer,
                         .n_blocks = 2,
                         .dtype = GN_F32,
                         .token_id = zero,
                         .sequence = sequence,
                         .position = position,
                         .about = json_object()};
    gn_status st = gn_reps_writer_open(dir, &plan, true, &w, &err);
    if (st == GN_OK) st = gn_reps_writer_append(w, rows, N, N / 10, &err);
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

static double value_of(const gn_result *r, const char *measure, const char *variant,
                       const char *key, const char *value) {
    size_t row = gn_result_find(r, 1, measure, variant, key, value);
    return row == SIZE_MAX ? (double)NAN : gn_result_at(r, row).value;
}

/* Isotropy with and without position 0, local dimension and clusters of layer 1 are what the
 * library says of its rows. */
TEST(the_survey_in_brief_is_the_library) {
    gn_reps *reps;
    gn_result *r;
    const char *dir = tmp_path("measure_brief");
    OK(make_set(dir));
    OK(gn_reps_open(dir, &reps, &err));
    OK(gn_result_new("survey", &r, &err));
    OK(gn_survey_measure(NULL, reps, &(gn_survey_opts){.k = 50, .cluster_rows = 60}, r, &err));
    gn_mat x = gn_reps_layer(reps, 1);
    int32_t later[N], type[N] = {0};
    size_t n = 0;
    for (int32_t i = 0; i < N; i++)
        if (i % 10) later[n++] = i;
    gn_isotropy_opts opts = {.type = type, .row = later, .n_rows = n};
    gn_isotropy all, rest;
    double spectrum[D];
    OK(gn_isotropy_compute(NULL, x, &(gn_isotropy_opts){.type = type}, &all,
                           &(gn_isotropy_arrays){.spectrum = spectrum}, &err));
    OK(gn_isotropy_compute(NULL, x, &opts, &rest, NULL, &err));
    /* from eigenvalues here, from traces there */
    CHECK_NEAR(value_of(r, "participation_ratio", "", NULL, NULL), all.participation_ratio, 1e-12);
    CHECK_NEAR(value_of(r, "participation_ratio", "", "first_position", "dropped"),
               rest.participation_ratio, 1e-12);
    CHECK(rest.participation_ratio != all.participation_ratio);
    CHECK(value_of(r, "intra_cosine", "raw", "first_position", "dropped") == rest.raw.intra);
    CHECK(value_of(r, "effective_dims", "", "eps", "0.8") ==
          (double)gn_spectrum_dims(spectrum, D, 0.8, false));
    int32_t sequence[N];
    double share[D], most = 0;
    gn_context_cosines c;
    for (int32_t i = 0; i < N; i++) sequence[i] = i / 10;
    gn_isotropy_opts by_sequence = {.type = type, .sequence = sequence};
    OK(gn_context_compute(NULL, x, &by_sequence, 0, &c, share, &err));
    for (size_t j = 0; j < D; j++) most = fmax(most, share[j]);
    CHECK(most > 0 && value_of(r, "rogue_dimension", "raw", NULL, NULL) == most);
    CHECK(value_of(r, "baseline_cosine", "", NULL, NULL) == c.baseline);
    gn_knn *knn;
    gn_lid_summary lid;
    OK(gn_knn_compute(NULL, x, &(gn_knn_opts){.k = 50}, &knn, &err));
    OK(gn_lid(gn_mat_f32(knn->distance, N, 50), NULL, NULL, &lid, &err));
    CHECK(value_of(r, "lid", "unbiased", "k", "50") == lid.mean);
    CHECK(value_of(r, "lid", "harmonic", "k", "50") == lid.harmonic);
    size_t row = gn_result_find(r, 1, "kmeans_clusters", "", NULL, NULL);
    REQUIRE(row != SIZE_MAX);
    CHECK(gn_result_at(r, row).value >= 1 && gn_result_at(r, row).n == 60);
    CHECK(gn_result_param(r, row, "verdict") != NULL);
    gn_knn_free(knn);
    gn_result_free(r);
    gn_reps_free(reps);
}

int main(void) {
    RUN(one_search_a_layer);
    RUN(the_survey_says_what_the_commands_say);
    RUN(the_survey_in_brief_is_the_library);
    return tap_done();
}
