/* Neighbours when the n-th allocation fails: every path of the search, files, duplicates. */
#include "fail_alloc.h"
#include "sets.h"

#include "neighbors/engine.h"

struct job {
    gn_ctx *ctx;
    gn_mat x;
    gn_metric metric;
    gn_engine_tuning tuning;
};

static gn_status search(void *user, gn_error *err) {
    const struct job *j = user;
    gn_knn *knn = NULL;
    gn_status st = gn_knn_search(j->ctx, j->x, &(gn_knn_opts){.k = 5, .metric = j->metric},
                                 &j->tuning, &knn, err);
    if (st != GN_OK && knn) return GN_EINVAL; /* outputs stay untouched on failure */
    gn_knn_free(knn);
    return st;
}

TEST(every_path_of_the_search) {
    gn_error err;
    point_set p = set_make(SET_EQUAL, 300, 6); /* all lists are given up: redo runs, too */
    for (size_t i = 0; i < p.n; i++) p.x[i * p.d] += (float)i * 1e-6f;
    struct job job = {.x = gn_mat_f32(p.x, p.n, p.d), .tuning = {.block_rows = 100, .room = 10}};
    for (unsigned threads = 1; threads <= 2; threads++) {
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = threads}, &job.ctx, &err));
        for (int striped = 0; striped < 2; striped++)
            for (int metric = 0; metric < 2; metric++) {
                job.tuning.list_bytes = striped ? 1 : 0;
                job.metric = (gn_metric)metric;
                FAIL_SWEEP(search, &job, "search");
            }
        gn_ctx_free(job.ctx);
    }
    free(p.x);
}

static gn_status duplicates(void *user, gn_error *err) {
    int32_t first[300];
    size_t n;
    return gn_duplicates(NULL, *(gn_mat *)user, first, &n, err);
}

static gn_status distinct(void *user, gn_error *err) {
    const struct job *j = user;
    gn_neighbors *out = NULL;
    gn_status st = gn_knn_compute_distinct(j->ctx, j->x, &(gn_knn_opts){.k = 5}, &out, err);
    if (st != GN_OK && out) return GN_EINVAL;
    gn_neighbors_free(out);
    return st;
}

TEST(rows_that_repeat) {
    gn_error err;
    static const enum set_kind kinds[] = {SET_GAUSS, SET_DUPLICATES, SET_EQUAL};
    for (size_t i = 0; i < 3; i++) {
        point_set p = set_make(kinds[i], 300, 4);
        struct job job = {.x = gn_mat_f32(p.x, p.n, p.d)};
        for (unsigned threads = 1; threads <= 2; threads++) {
            OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = threads}, &job.ctx, &err));
            FAIL_SWEEP(distinct, &job, p.name);
            gn_ctx_free(job.ctx);
        }
        free(p.x);
    }
}

static gn_status write_and_read(void *user, gn_error *err) {
    gn_knn *back = NULL;
    gn_status st = gn_knn_write(user, tmp_path("knn_memory"), err);
    if (st == GN_OK) st = gn_knn_read(tmp_path("knn_memory"), 3, &back, err);
    if (st != GN_OK && back) return GN_EINVAL;
    gn_knn_free(back);
    return st;
}

TEST(files_and_duplicates) {
    point_set p = set_make(SET_DUPLICATES, 300, 4);
    gn_mat x = gn_mat_f32(p.x, p.n, p.d);
    FAIL_SWEEP(duplicates, &x, "duplicates");
    int32_t index[] = {1, 2, 0};
    float distance[] = {1, 1, 2};
    gn_knn knn = {.n = 3, .k = 1, .index = index, .distance = distance};
    FAIL_SWEEP(write_and_read, &knn, "files");
    free(p.x);
}

int main(void) {
    RUN(every_path_of_the_search);
    RUN(rows_that_repeat);
    RUN(files_and_duplicates);
    return tap_done();
}
