/* A repaired set on disk: its layers are the repaired rows, everything else is the source's, and a
 * folder that holds something else is left alone. */
#include "fail_alloc.h"

#include "base/random.h"
#include "gonio/isotropy.h"
#include "gonio/measure.h"
#include "reps/writer.h"

#include <unistd.h>

enum { N = 9000, D = 6, SEQUENCES = 600, TYPES = 50, LAYERS = 2 };

static gn_error err;
static float x[LAYERS][N * D];
static int32_t token[N], sequence[N], position[N], half[N];
static const char *const halves[2] = {"left", "right"};

static gn_status two_lines(void *user, gn_outfile *f, gn_error *e) {
    static const char text[] = "{\"text\": \"one\"}\n{\"text\": \"two\"}\n";
    (void)user;
    return gn_outfile_write(f, text, sizeof text - 1, e);
}

static void fill(uint64_t seed) {
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < N; i++) {
        token[i] = (int32_t)gn_random_below(&r, TYPES);
        sequence[i] = (int32_t)(i / (N / SEQUENCES));
        position[i] = (int32_t)(i % (N / SEQUENCES));
        half[i] = (int32_t)(i % 3) - 1;
        for (size_t l = 0; l < LAYERS; l++)
            for (size_t j = 0; j < D; j++)
                x[l][i * D + j] = 4 + (float)(j + 1) * (float)gn_random_normal(&r);
    }
}

/* A set with labels, vocabulary and text, opened. */
static gn_reps *make_set(const char *name, uint64_t seed) {
    static const size_t number[LAYERS] = {3, 6};
    const gn_plan_column column = {"half", half, 2, halves};
    const void *rows[LAYERS] = {x[0], x[1]};
    gn_reps *set = NULL;
    gn_reps_writer *w = NULL;
    fill(seed);
    gn_reps_plan plan = {.n_rows = N,
                         .n_dims = D,
                         .n_sequences = SEQUENCES,
                         .n_layers = LAYERS,
                         .layer = number,
                         .n_blocks = 12,
                         .dtype = GN_F32,
                         .token_id = token,
                         .sequence = sequence,
                         .position = position,
                         .n_columns = 1,
                         .column = &column,
                         .vocab = "zero\none\n",
                         .write_text = two_lines,
                         .about =
                             json_pack("{s:s, s:{s:i}}", "corpus", "x", "model", "blocks", 12)};
    const char *dir = tmp_path(name);
    if (gn_reps_writer_open(dir, &plan, true, &w, &err) != GN_OK ||
        (gn_reps_writer_rows(w) == 0 &&
         gn_reps_writer_append(w, rows, N, SEQUENCES, &err) != GN_OK) ||
        gn_reps_writer_finish(w, &err) != GN_OK || gn_reps_open(dir, &set, &err) != GN_OK)
        printf("# %s\n", err.message);
    gn_reps_writer_free(w);
    json_decref(plan.about);
    return set;
}

static gn_repair_opts options(void) {
    return (gn_repair_opts){.n_directions = 2, .type = token, .cluster = half, .n_clusters = 2};
}

TEST(layers_are_the_repaired_rows) {
    gn_reps *set = make_set("source", 1), *got = NULL;
    REQUIRE(set != NULL);
    float *want = malloc(N * D * sizeof *want);
    for (int kind = 0; kind < GN_REPAIR_KINDS; kind++) {
        char name[32];
        gn_repair_opts o = options();
        snprintf(name, sizeof name, "repaired-%d", kind);
        const char *dir = tmp_path(name);
        OK(gn_reps_repair(NULL, set, (gn_repair_kind)kind, &o, dir, true, &err));
        OK(gn_reps_open(dir, &got, &err));
        CHECK(gn_reps_layers(got) == LAYERS && gn_reps_rows(got) == N);
        for (size_t l = 0; l < LAYERS; l++) {
            gn_repair *r;
            OK(gn_repair_new(NULL, gn_reps_layer(set, l), (gn_repair_kind)kind, &o, &r, &err));
            OK(gn_repair_apply(NULL, r, gn_reps_layer(set, l), 0, N, want, &err));
            CHECK(memcmp(gn_reps_layer(got, l).data, want, N * D * sizeof *want) == 0);
            gn_repair_free(r);
        }
        gn_reps_free(got);
    }
    free(want);
    gn_reps_free(set);
}

TEST(everything_else_is_the_source) {
    gn_reps *set = make_set("source", 1), *got = NULL;
    REQUIRE(set != NULL);
    const char *dir = tmp_path("mean");
    OK(gn_reps_repair(NULL, set, GN_REPAIR_MEAN, NULL, dir, true, &err));
    OK(gn_reps_open(dir, &got, &err));
    for (size_t l = 0; l < LAYERS; l++) {
        CHECK(gn_reps_layer_index(got, l) == gn_reps_layer_index(set, l));
        CHECK_NEAR(gn_reps_depth(got, l), gn_reps_depth(set, l), 1e-15);
    }
    CHECK(memcmp(gn_reps_token_id(got), token, sizeof token) == 0);
    CHECK(memcmp(gn_reps_sequence(got), sequence, sizeof sequence) == 0);
    CHECK(memcmp(gn_reps_position(got), position, sizeof position) == 0);
    REQUIRE(gn_reps_label_count(got) == 1);
    CHECK_STR(gn_reps_label_name(got, 0), "half");
    CHECK(memcmp(gn_reps_labels(got, 0)->code, half, sizeof half) == 0);
    CHECK_STR(gn_reps_labels(got, 0)->name[1], "right");
    CHECK_STR(gn_reps_token(got, 1), "one");
    CHECK_CONTAINS(gn_reps_meta(got), "\"corpus\"");
    CHECK_CONTAINS(gn_reps_meta(got), "\"kind\": \"mean\"");
    char path[4300], text[64] = {0};
    snprintf(path, sizeof path, "%s/text.jsonl", dir);
    FILE *f = fopen(path, "rb");
    REQUIRE(f != NULL);
    CHECK(fread(text, 1, sizeof text - 1, f) == 32);
    fclose(f);
    CHECK_STR(text, "{\"text\": \"one\"}\n{\"text\": \"two\"}\n");
    gn_reps_free(got);
    gn_reps_free(set);
}

/* What the repair is for: the cosine between types was near 1 / 2 and is near 0. */
TEST(without_the_mean_types_are_not_alike) {
    gn_reps *set = make_set("source", 1), *got = NULL;
    REQUIRE(set != NULL);
    OK(gn_reps_repair(NULL, set, GN_REPAIR_MEAN, NULL, tmp_path("mean"), true, &err));
    OK(gn_reps_open(tmp_path("mean"), &got, &err));
    gn_isotropy_opts o = {.type = token, .skip = GN_SKIP_SPECTRUM};
    for (size_t l = 0; l < LAYERS; l++) {
        gn_isotropy before, after;
        OK(gn_isotropy_compute(NULL, gn_reps_layer(set, l), &o, &before, NULL, &err));
        OK(gn_isotropy_compute(NULL, gn_reps_layer(got, l), &o, &after, NULL, &err));
        CHECK(before.raw.inter > 0.4 && fabs(after.raw.inter) < 0.005);
        CHECK_NEAR(after.raw.inter, before.centred.inter, 1e-7);
        CHECK(after.mean_norm < 1e-5);
    }
    gn_reps_free(got);
    gn_reps_free(set);
}

TEST(what_else_a_folder_holds_is_left_alone) {
    gn_reps *set = make_set("source", 1), *other = make_set("other", 2);
    REQUIRE(set != NULL && other != NULL);
    const char *dir = tmp_path("target");
    OK(gn_reps_repair(NULL, set, GN_REPAIR_MEAN, NULL, dir, true, &err));
    OK(gn_reps_repair(NULL, set, GN_REPAIR_MEAN, NULL, dir, false, &err)); /* the same: done */
    CHECK(gn_reps_repair(NULL, set, GN_REPAIR_TOP, NULL, dir, false, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "repair.");
    CHECK(gn_reps_repair(NULL, other, GN_REPAIR_MEAN, NULL, dir, false, &err) == GN_EINVAL);
    OK(gn_reps_repair(NULL, set, GN_REPAIR_TOP, NULL, dir, true, &err));
    CHECK(gn_reps_repair(NULL, set, GN_REPAIR_CLUSTER, NULL, tmp_path("none"), false, &err) ==
          GN_EINVAL);
    CHECK_CONTAINS(err.message, "clusters");
    CHECK(access(tmp_path("none"), F_OK) != 0);
    gn_reps_free(set);
    gn_reps_free(other);
}

/* The same bytes on two threads; a matrix has no row table, and gets one. */
TEST(a_matrix_becomes_a_set) {
    gn_reps *matrix = NULL, *got = NULL;
    gn_ctx *ctx;
    const char *path = tmp_path("X.npy");
    fill(1);
    OK(gn_npy_write(path, GN_F32, (size_t[]){N, D}, 2, x[0], &err));
    OK(gn_reps_open(path, &matrix, &err));
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 2}, &ctx, &err));
    OK(gn_reps_repair(ctx, matrix, GN_REPAIR_WHITEN, NULL, tmp_path("white"), true, &err));
    OK(gn_reps_open(tmp_path("white"), &got, &err));
    CHECK(gn_reps_layers(got) == 1 && gn_reps_layer_index(got, 0) == 0);
    CHECK(gn_reps_sequence(got)[N - 1] == N - 1 && gn_reps_token_id(got)[5] == -1);
    gn_repair *r;
    float *want = malloc(N * D * sizeof *want);
    OK(gn_repair_new(NULL, gn_reps_layer(matrix, 0), GN_REPAIR_WHITEN, NULL, &r, &err));
    OK(gn_repair_apply(NULL, r, gn_reps_layer(matrix, 0), 0, N, want, &err));
    CHECK(memcmp(gn_reps_layer(got, 0).data, want, N * D * sizeof *want) == 0);
    free(want);
    gn_repair_free(r);
    gn_reps_free(got);
    gn_reps_free(matrix);
    gn_ctx_free(ctx);
}

static gn_status repair_again(void *user, gn_error *e) {
    gn_repair_opts o = options();
    return gn_reps_repair(NULL, user, GN_REPAIR_TOP, &o, tmp_path("swept"), true, e);
}

TEST(each_allocation_may_fail) {
    gn_reps *set = make_set("source", 1);
    REQUIRE(set != NULL);
    FAIL_SWEEP(repair_again, set, "a repaired set");
    gn_reps_free(set);
}

int main(void) {
    RUN(layers_are_the_repaired_rows);
    RUN(everything_else_is_the_source);
    RUN(without_the_mean_types_are_not_alike);
    RUN(what_else_a_folder_holds_is_left_alone);
    RUN(a_matrix_becomes_a_set);
    RUN(each_allocation_may_fail);
    return tap_done();
}
