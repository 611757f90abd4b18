/* Acceptance check 9: profiles over layers and the layer that they suggest, from the published
 * shapes of curves and from seven synthetic layers that go the whole way: written as a set, opened,
 * measured, printed. */
#include "acceptance.h"

#include "base/random.h"
#include "gonio/id.h"
#include "gonio/measure.h"
#include "gonio/survey.h"
#include "reps/writer.h"

/* ---- the rule on published curves --------------------------------------------------------------
 */

static size_t peak, suggested;
/* Straight lines through (layer, dimension) knots, at layers 0, step, 2 step, ...; the positions
 * chosen, as layers. */
static void choose(double (*knots)[2], size_t n_knots, size_t step) {
    double dim[64], depth[64], last = knots[n_knots - 1][0];
    size_t n = 0;
    for (size_t layer = 0, j = 0; layer <= (size_t)last; layer += step, n++) {
        while (knots[j + 1][0] < (double)layer) j++;
        double t = ((double)layer - knots[j][0]) / (knots[j + 1][0] - knots[j][0]);
        dim[n] = knots[j][1] + t * (knots[j + 1][1] - knots[j][1]);
        depth[n] = (double)layer / last;
    }
    gn_id_choose_layer(depth, dim, n, &peak, &suggested);
    if (peak != SIZE_MAX) peak *= step;
    if (suggested != SIZE_MAX) suggested *= step;
}

TEST(check_9_published_profiles_choose_the_published_layers) {
    double esm[][2] = {{0, 13.9}, {5, 23.7}, {19, 4.6}, {23, 4.6}, {33, 15.1}};
    double igpt_l[][2] = {{0, 11.8}, {11, 31.4}, {20, 21.1}, {44, 26.9}, {48, 12.3}};
    double rising[][2] = {{0, 1}, {12, 30}}, falling[][2] = {{0, 30}, {12, 1}};
    choose(esm, 5, 1);
    CHECK(peak == 5 && suggested >= 19 && suggested <= 23);
    choose(igpt_l, 5, 1);
    CHECK(peak == 11 && suggested == 20);
    choose(igpt_l, 5, 4); /* every fourth layer */
    CHECK(peak == 12 && suggested == 20);
    choose(rising, 2, 1);
    CHECK(peak == SIZE_MAX && suggested == SIZE_MAX);
    choose(falling, 2, 1);
    CHECK(peak == SIZE_MAX && suggested == SIZE_MAX);
}

/* ---- synthetic layers --------------------------------------------------------------------------
 */

enum { LAYERS = 7, D = 64 };

/* N points of a Gaussian of `latent` dimensions, turned into D coordinates. */
static void embed(float *x, size_t latent, uint64_t seed) {
    double q[16][D]; /* orthonormal rows, by Gram and Schmidt */
    gn_random r = gn_random_new(seed, latent);
    for (size_t a = 0; a < latent; a++) {
        for (size_t j = 0; j < D; j++) q[a][j] = gn_random_normal(&r);
        for (size_t b = 0; b <= a; b++) {
            double p = 0;
            for (size_t j = 0; j < D; j++) p += q[a][j] * q[b][j];
            for (size_t j = 0; j < D; j++)
                q[a][j] = b == a ? q[a][j] / sqrt(p) : q[a][j] - p * q[b][j];
        }
    }
    for (size_t i = 0; i < N; i++) {
        double row[D] = {0};
        for (size_t a = 0; a < latent; a++) {
            double z = gn_random_normal(&r);
            for (size_t j = 0; j < D; j++) row[j] += z * q[a][j];
        }
        for (size_t j = 0; j < D; j++) x[i * D + j] = (float)row[j];
    }
}

/* A set of these layers, stored as numbers layer[] of n_blocks + 1. */
static gn_status make_set(const char *dir, const size_t *latent, const size_t *layer, size_t n,
                          size_t n_blocks, uint64_t seed, gn_error *err) {
    static float x[LAYERS][N * D];
    static int32_t row[N];
    const void *rows[LAYERS];
    for (size_t l = 0; l < n; l++) {
        embed(x[l], latent[l], 10 * l + seed);
        rows[l] = x[l];
    }
    gn_reps_writer *w = NULL;
    gn_reps_plan plan = {.n_rows = N,
                         .n_dims = D,
                         .n_sequences = 1,
                         .n_layers = n,
                         .layer = layer,
                         .n_blocks = n_blocks,
                         .dtype = GN_F32,
                         .token_id = row,
                         .sequence = row,
                         .position = row,
                         .about = json_object()};
    gn_status st = gn_reps_writer_open(dir, &plan, true, &w, err);
    if (st == GN_OK) st = gn_reps_writer_append(w, rows, N, 1, err);
    if (st == GN_OK) st = gn_reps_writer_finish(w, err);
    gn_reps_writer_free(w);
    json_decref(plan.about);
    return st;
}

/* The set measured as `gonio id` does; the printed table and, in `profile`, TwoNN layer by layer.
 */
static char *measure(gn_ctx *ctx, const char *dir, const size_t *layer, size_t n, double *profile,
                     double *depth) {
    gn_error err = {0};
    gn_reps *reps = NULL;
    gn_result *r = NULL;
    char *table = NULL;
    gn_measure_id_opts opts = {.decimation = GN_DECIMATION_OFF};
    if (gn_reps_open(dir, &reps, &err) != GN_OK || gn_result_new("id", &r, &err) != GN_OK ||
        gn_measure_id(ctx, reps, &opts, r, &err) != GN_OK ||
        gn_survey_table(r, &table, &err) != GN_OK)
        printf("# %s\n", err.message);
    for (size_t l = 0; table && l < n; l++) {
        size_t row = gn_result_find(r, (int)layer[l], "twonn", "base_0.9", NULL, NULL);
        CHECK(row != SIZE_MAX);
        if (row == SIZE_MAX) continue;
        profile[l] = gn_result_at(r, row).value;
        depth[l] = gn_result_at(r, row).depth;
    }
    gn_result_free(r);
    gn_reps_free(reps);
    return table;
}

static const size_t dense[LAYERS] = {0, 1, 2, 3, 4, 5, 6},
                    sparse[LAYERS] = {0, 2, 4, 10, 12, 13, 24};
static const size_t latent[LAYERS] = {3, 8, 14, 6, 3, 5, 9};

/* One sample's TwoNN scatters by D / sqrt(0.9 n), 2.4 %, so the expected values within 5 % are
 * asked of the mean of four. */
TEST(check_9_synthetic_layers_suggest_their_minimum) {
    enum { SAMPLES = 4 };
    const double expected[LAYERS] = {3.0, 7.7, 13.3, 6.0, 3.0, 5.1, 8.9};
    double mean[LAYERS] = {0}, profile[LAYERS], depth[LAYERS];
    gn_error err;
    gn_ctx *ctx;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 2}, &ctx, &err));
    for (size_t s = 0; s < (test_quick() ? 1 : SAMPLES); s++) {
        const char *dir = tmp_path("acceptance_layers");
        OK(make_set(dir, latent, dense, LAYERS, LAYERS - 1, s, &err));
        char *table = measure(ctx, dir, dense, LAYERS, profile, depth);
        CHECK_CONTAINS(table,
                       "Suggested layer: 4, where the TwoNN dimension is low again after its "
                       "peak at layer 2.");
        free(table);
        for (size_t l = 0; l < LAYERS; l++) {
            mean[l] += profile[l] / SAMPLES;
            CHECK_RELATIVE(depth[l] + 1, 1 + (double)l / (LAYERS - 1), 1e-15);
        }
    }
    for (size_t l = 0; !test_quick() && l < LAYERS; l++) CHECK_RELATIVE(mean[l], expected[l], 0.05);
    gn_ctx_free(ctx);
}

static char *table_of; /* the machine before: every one prints the same */
static void sparse_layers(gn_ctx *ctx) {
    double profile[LAYERS], depth[LAYERS];
    char *table = measure(ctx, tmp_path("acceptance_sparse"), sparse, LAYERS, profile, depth);
    REQUIRE(table);
    CHECK_CONTAINS(table, "Suggested layer: 12, where the TwoNN dimension is low again after its "
                          "peak at layer 4.");
    for (size_t l = 0; l < LAYERS; l++) CHECK(depth[l] == (double)sparse[l] / 24);
    if (table_of) CHECK_STR(table, table_of);
    free(table_of);
    table_of = table;
}
/* Some layers of 24 stored: named by their numbers, their depth is number / 24. */
TEST(check_9_sparse_layers_keep_their_depth) {
    gn_error err;
    OK(make_set(tmp_path("acceptance_sparse"), latent, sparse, LAYERS, 24, 0, &err));
    on_every_machine(sparse_layers);
    free(table_of);
}

TEST(check_9_a_monotone_profile_suggests_nothing_and_says_so) {
    static const size_t rising[LAYERS] = {2, 3, 4, 6, 8, 11, 14},
                        humped[LAYERS] = {3, 6, 10, 14, 9, 6, 3};
    double profile[LAYERS], depth[LAYERS];
    gn_error err;
    const char *dir = tmp_path("acceptance_monotone");
    OK(make_set(dir, rising, dense, LAYERS, LAYERS - 1, 0, &err));
    char *table = measure(NULL, dir, dense, LAYERS, profile, depth);
    CHECK_CONTAINS(table, "Suggested layer: none; the TwoNN profile has no prominent peak.");
    free(table);
    OK(make_set(dir, humped, dense, LAYERS, LAYERS - 1, 0, &err));
    table = measure(NULL, dir, dense, LAYERS, profile, depth);
    CHECK_CONTAINS(table,
                   "Suggested layer: none; the TwoNN dimension peaks at layer 3 and finds no "
                   "minimum after it.");
    free(table);
}

int main(void) {
    RUN(check_9_published_profiles_choose_the_published_layers);
    RUN(check_9_synthetic_layers_suggest_their_minimum);
    RUN(check_9_sparse_layers_keep_their_depth);
    RUN(check_9_a_monotone_profile_suggests_nothing_and_says_so);
    return tap_done();
}
