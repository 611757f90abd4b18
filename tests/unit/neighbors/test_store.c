/* Neighbours beside a set: searched once, cut for a smaller k, searched again when the layer
 * changed or the file is damaged, and never a reason to fail. */
#define _GNU_SOURCE
#include "tap.h"

#include "io/file.h"
#include "gonio/neighbors.h"
#include "reps/writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { N = 12, D = 3 };

/* Row i holds the values of row i % period. */
static gn_status make_set(const char *dir, int period, gn_error *err) {
    static const size_t layer[] = {3};
    int32_t zero[N] = {0};
    float x[N * D];
    const void *rows[] = {x};
    gn_reps_writer *w = NULL;
    for (int i = 0; i < N * D; i++) {
        int v = i % (period * D);
        x[i] = (float)(v * v % 17);
    }
    gn_reps_plan plan = {.n_rows = N,
                         .n_dims = D,
                         .n_sequences = 1,
                         .n_layers = 1,
                         .layer = layer,
                         .n_blocks = 4,
                         .dtype = GN_F32,
                         .token_id = zero,
                         .sequence = zero,
                         .position = zero,
                         .about = json_object()};
    gn_status st = gn_reps_writer_open(dir, &plan, true, &w, err);
    if (st == GN_OK) st = gn_reps_writer_append(w, rows, N, 1, err);
    if (st == GN_OK) st = gn_reps_writer_finish(w, err);
    gn_reps_writer_free(w);
    json_decref(plan.about);
    return st;
}

static int warnings;
static void count_warning(void *user, gn_log_level level, const char *message) {
    (void)user, (void)message;
    warnings += level == GN_LOG_WARNING;
}

static bool same_lists(const gn_knn *a, const gn_knn *b) {
    if (!a || !b) return a == b;
    return a->n == b->n && a->k == b->k &&
           memcmp(a->index, b->index, a->n * a->k * sizeof *a->index) == 0 &&
           memcmp(a->distance, b->distance, a->n * a->k * sizeof *a->distance) == 0;
}

/* -1: failed or wrong; 0: searched; 1: reused. */
static int ask(gn_ctx *ctx, const gn_reps *reps, size_t k, gn_metric metric) {
    gn_error err = {0};
    gn_neighbors *got = NULL, *want = NULL;
    gn_knn_opts o = {.k = k, .metric = metric};
    bool reused = false, stored = gn_neighbors_stored(reps, 0, &o);
    if (gn_neighbors_of_layer(ctx, reps, 0, &o, &got, &reused, &err) != GN_OK ||
        gn_knn_compute_distinct(NULL, gn_reps_layer(reps, 0), &o, &want, &err) != GN_OK) {
        printf("# %s\n", err.message);
        return -1;
    }
    if (reused && !stored) return -1; /* it was promised */
    bool same = same_lists(got->all, want->all) && same_lists(got->distinct, want->distinct) &&
                got->n_duplicates == want->n_duplicates && got->all->n == N && got->all->k == k;
    size_t n = N - want->n_duplicates;
    if (want->row) same = same && got->row && memcmp(got->row, want->row, n * sizeof(int32_t)) == 0;
    gn_neighbors_free(got);
    gn_neighbors_free(want);
    return same ? reused : -1;
}

static bool touch(const char *path, time_t seconds) {
    struct timespec t[2] = {{seconds, 0}, {seconds, 0}};
    return utimensat(AT_FDCWD, path, t, 0) == 0;
}

TEST(kept_and_reused) {
    gn_error err;
    gn_reps *reps;
    gn_ctx *ctx;
    const char *dir = tmp_path("knn_store");
    char index[1100], other[1100], layer[1100];
    snprintf(index, sizeof index, "%s/knn/layer.03.euclidean.k5.index.npy", dir);
    snprintf(other, sizeof other, "%s/knn/layer.03.euclidean.k7.index.npy", dir);
    snprintf(layer, sizeof layer, "%s/layer.03.npy", dir);
    OK(make_set(dir, N, &err));
    OK(gn_reps_open(dir, &reps, &err));
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .hooks = {.log = count_warning}}, &ctx, &err));
    warnings = 0;
    CHECK(!gn_neighbors_stored(reps, 0, &(gn_knn_opts){.k = 5}));
    CHECK(ask(ctx, reps, 5, GN_EUCLIDEAN) == 0);
    CHECK(gn_path_is_file(index));
    CHECK(gn_neighbors_stored(reps, 0, &(gn_knn_opts){.k = 5}) &&
          gn_neighbors_stored(reps, 0, &(gn_knn_opts){.k = 2}) &&
          !gn_neighbors_stored(reps, 0, &(gn_knn_opts){.k = 6}) &&
          !gn_neighbors_stored(reps, 0, &(gn_knn_opts){.k = 5, .metric = GN_COSINE}));
    CHECK(ask(ctx, reps, 5, GN_EUCLIDEAN) == 1);
    CHECK(ask(ctx, reps, 2, GN_EUCLIDEAN) == 1); /* the first 2 of 5 */
    CHECK(ask(ctx, reps, 5, GN_COSINE) == 0);    /* another metric */
    CHECK(ask(ctx, reps, 5, GN_COSINE) == 1);
    CHECK(ask(ctx, reps, 7, GN_EUCLIDEAN) == 0); /* longer than what is there */
    CHECK(gn_path_is_file(other));
    snprintf(other, sizeof other, "%s/knn/layer.03.euclidean.distinct.k7.index.npy", dir);
    CHECK(!gn_path_is_file(other)); /* no row repeats */
    snprintf(other, sizeof other, "%s/knn/layer.03.euclidean.k7.index.npy", dir);
    CHECK(ask(ctx, reps, 6, GN_EUCLIDEAN) == 1);

    REQUIRE(touch(layer, time(NULL) + 1000)); /* the layer was written again */
    CHECK(!gn_neighbors_stored(reps, 0, &(gn_knn_opts){.k = 5}));
    CHECK(ask(ctx, reps, 5, GN_EUCLIDEAN) == 0);
    REQUIRE(touch(layer, 1000));
    CHECK(ask(ctx, reps, 5, GN_EUCLIDEAN) == 1);
    CHECK(warnings == 0);

    REQUIRE(truncate(index, 150) == 0);
    CHECK(ask(ctx, reps, 5, GN_EUCLIDEAN) == 0); /* damaged: said, and replaced */
    CHECK(warnings == 1);
    CHECK(ask(ctx, reps, 5, GN_EUCLIDEAN) == 1);
    gn_reps_free(reps);

    REQUIRE(unlink(index) == 0 && unlink(other) == 0);
    char folder[1100], moved[1100];
    snprintf(folder, sizeof folder, "%s/knn", dir);
    snprintf(moved, sizeof moved, "%s/knn.moved", dir);
    OK(gn_reps_open(dir, &reps, &err));
    (void)rename(moved, folder);
    REQUIRE(rename(folder, moved) == 0);
    FILE *f = fopen(folder, "w"); /* a file where the folder should be: nothing can be kept */
    REQUIRE(f && fclose(f) == 0);
    warnings = 0;
    CHECK(ask(ctx, reps, 5, GN_EUCLIDEAN) == 0);
    CHECK(warnings == 1);
    REQUIRE(unlink(folder) == 0 && rename(moved, folder) == 0);
    gn_reps_free(reps);
    gn_ctx_free(ctx);
}

TEST(rows_that_repeat_have_two_lists) {
    enum { DISTINCT = 5 };
    gn_error err;
    gn_reps *reps;
    gn_ctx *ctx;
    const char *dir = tmp_path("knn_store_repeats");
    char all[1100], distinct[1100], clipped[1100];
    snprintf(all, sizeof all, "%s/knn/layer.03.euclidean.k3.index.npy", dir);
    snprintf(distinct, sizeof distinct, "%s/knn/layer.03.euclidean.distinct.k3.index.npy", dir);
    snprintf(clipped, sizeof clipped, "%s/knn/layer.03.euclidean.distinct.k4.index.npy", dir);
    OK(make_set(dir, DISTINCT, &err));
    OK(gn_reps_open(dir, &reps, &err));
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .hooks = {.log = count_warning}}, &ctx, &err));
    warnings = 0;
    CHECK(ask(ctx, reps, 3, GN_EUCLIDEAN) == 0);
    CHECK(gn_path_is_file(all) && gn_path_is_file(distinct));
    CHECK(ask(ctx, reps, 3, GN_EUCLIDEAN) == 1);
    CHECK(ask(ctx, reps, 2, GN_EUCLIDEAN) == 1);

    REQUIRE(unlink(distinct) == 0); /* one of two serves nothing */
    CHECK(ask(ctx, reps, 3, GN_EUCLIDEAN) == 0);
    CHECK(ask(ctx, reps, 3, GN_EUCLIDEAN) == 1);
    CHECK(warnings == 0);
    REQUIRE(truncate(distinct, 150) == 0);
    CHECK(ask(ctx, reps, 3, GN_EUCLIDEAN) == 0); /* damaged: said, and replaced */
    CHECK(warnings == 1);
    CHECK(ask(ctx, reps, 3, GN_EUCLIDEAN) == 1);
    REQUIRE(truncate(all, 150) == 0);
    CHECK(ask(ctx, reps, 3, GN_EUCLIDEAN) == 0);
    CHECK(warnings == 2);

    CHECK(ask(ctx, reps, 8, GN_EUCLIDEAN) == 0); /* more than there are distinct rows */
    CHECK(gn_path_is_file(clipped));
    CHECK(ask(ctx, reps, 8, GN_EUCLIDEAN) == 1);
    CHECK(ask(ctx, reps, 5, GN_EUCLIDEAN) == 1);
    CHECK(ask(ctx, reps, N - 1, GN_EUCLIDEAN) == 0);
    CHECK(ask(ctx, reps, N - 1, GN_EUCLIDEAN) == 1);
    gn_reps_free(reps);

    dir = tmp_path("knn_store_equal");
    OK(make_set(dir, 1, &err));
    OK(gn_reps_open(dir, &reps, &err));
    CHECK(ask(ctx, reps, 3, GN_EUCLIDEAN) == 0);
    CHECK(ask(ctx, reps, 3, GN_EUCLIDEAN) == 1);
    gn_reps_free(reps);
    gn_ctx_free(ctx);
    CHECK(warnings == 2);
}

/* Whether lists were reused; -1: failed, or not of the kind that is expected. */
static int ask_how(gn_ctx *ctx, const gn_reps *reps, size_t k, gn_knn_how how, bool approximate) {
    gn_error err = {0};
    gn_neighbors *got = NULL;
    bool reused = false;
    gn_knn_opts o = {.k = k, .how = how};
    if (gn_neighbors_of_layer(ctx, reps, 0, &o, &got, &reused, &err) != GN_OK) {
        printf("# %s\n", err.message);
        return -1;
    }
    bool fine = (got->all->recall != NULL) == approximate && got->all->k == k &&
                (!approximate || got->all->recall[k - 1].value == 1);
    gn_neighbors_free(got);
    return fine ? reused : -1;
}

TEST(approximate_lists_are_never_taken_for_exact_ones) {
    gn_error err;
    gn_reps *reps;
    gn_ctx *ctx;
    gn_knn *knn = NULL;
    const char *dir = tmp_path("knn_store_approximate");
    char prefix[1100], marked[1200], json[1200], plain[1200];
    snprintf(prefix, sizeof prefix, "%s/knn/layer.03.euclidean.k5", dir);
    snprintf(marked, sizeof marked, "%s.approximate", prefix);
    snprintf(json, sizeof json, "%s.approximate.json", prefix);
    snprintf(plain, sizeof plain, "%s.index.npy", prefix);
    OK(make_set(dir, N, &err));
    OK(gn_reps_open(dir, &reps, &err));
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .hooks = {.log = count_warning}}, &ctx, &err));
    warnings = 0;
    CHECK(ask_how(ctx, reps, 5, GN_KNN_APPROXIMATE, true) == 0);
    CHECK(gn_path_is_file(json) && !gn_path_is_file(plain));
    CHECK(ask_how(ctx, reps, 5, GN_KNN_APPROXIMATE, true) == 1);
    CHECK(ask_how(ctx, reps, 3, GN_KNN_APPROXIMATE, true) == 1); /* the first 3 of 5 */
    OK(gn_knn_read_approximate(prefix, N, &knn, &err));
    CHECK(knn->recall && knn->n_recall == N && knn->recall[4].value == 1);
    gn_knn_free(knn);
    CHECK(gn_knn_read(prefix, N, &knn, &err) == GN_EIO);
    CHECK(gn_knn_read(marked, N, &knn, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "these lists are approximate");

    FILE *f = fopen(json, "w"); /* what does not say what it is is not read */
    REQUIRE(f && fputs("{\"approximate\": true, \"rows\": 12, \"k\": 5}", f) >= 0 &&
            fclose(f) == 0);
    CHECK(gn_knn_read_approximate(prefix, N, &knn, &err) == GN_EDATA);
    CHECK(ask_how(ctx, reps, 5, GN_KNN_APPROXIMATE, true) == 0);
    CHECK(warnings == 1);
    CHECK(ask_how(ctx, reps, 5, GN_KNN_APPROXIMATE, true) == 1);
    REQUIRE(unlink(json) == 0);
    CHECK(gn_knn_read_approximate(prefix, N, &knn, &err) == GN_EIO);
    CHECK(ask_how(ctx, reps, 5, GN_KNN_APPROXIMATE, true) == 0);
    CHECK(warnings == 2);

    CHECK(ask(ctx, reps, 5, GN_EUCLIDEAN) == 0); /* who asks for exact ones searches */
    CHECK(gn_path_is_file(plain));
    CHECK(ask(ctx, reps, 5, GN_EUCLIDEAN) == 1);
    CHECK(ask_how(ctx, reps, 5, GN_KNN_APPROXIMATE, false) == 1); /* exact ones come first */
    CHECK(ask_how(ctx, reps, 4, GN_KNN_AUTO, false) == 1);
    REQUIRE(unlink(plain) == 0);
    CHECK(ask_how(ctx, reps, 5, GN_KNN_AUTO, false) == 0); /* cheap: exact, whatever is kept */
    CHECK(warnings == 2);
    gn_reps_free(reps);
    gn_ctx_free(ctx);
}

TEST(plain_matrices_are_not_kept) {
    gn_error err;
    gn_reps *reps;
    float x[N * D];
    size_t shape[] = {N, D};
    for (int i = 0; i < N * D; i++) x[i] = (float)(i * i % 13);
    OK(gn_npy_write(tmp_path("knn_plain.npy"), GN_F32, shape, 2, x, &err));
    OK(gn_reps_open(tmp_path("knn_plain.npy"), &reps, &err));
    CHECK(ask(NULL, reps, 3, GN_EUCLIDEAN) == 0);
    CHECK(ask(NULL, reps, 3, GN_EUCLIDEAN) == 0);
    CHECK(!gn_path_is_dir(tmp_path("knn")));
    gn_neighbors *knn = NULL;
    CHECK(gn_neighbors_of_layer(NULL, reps, 0, &(gn_knn_opts){.k = N}, &knn, NULL, &err) ==
          GN_EINVAL);
    CHECK(knn == NULL);
    gn_reps_free(reps);
}

/* Kept lists are of all rows among themselves: they must not answer another question. */
TEST(other_questions_are_refused) {
    gn_error err;
    gn_reps *reps;
    gn_neighbors *out = NULL;
    int32_t group[N] = {0};
    const char *dir = tmp_path("store_questions");
    OK(make_set(dir, N, &err));
    OK(gn_reps_open(dir, &reps, &err));
    CHECK(ask(NULL, reps, 4, GN_EUCLIDEAN) >= 0);
    CHECK(gn_neighbors_of_layer(NULL, reps, 0, &(gn_knn_opts){.k = 4, .group = group}, &out, NULL,
                                &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "layer 3: neighbours among distinct rows: expected no queries");
    CHECK(out == NULL);
    gn_reps_free(reps);
}

int main(void) {
    RUN(kept_and_reused);
    RUN(rows_that_repeat_have_two_lists);
    RUN(approximate_lists_are_never_taken_for_exact_ones);
    RUN(plain_matrices_are_not_kept);
    RUN(other_questions_are_refused);
    return tap_done();
}
