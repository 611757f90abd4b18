/* A search that is stopped anywhere and goes on gives the same bytes; a file that is damaged, of
 * another search, or cannot be written costs a warning and nothing else. */
#include "fail_alloc.h"
#include "files.h"
#include "sets.h"

#include "base/cpu.h"
#include "io/file.h"
#include "neighbors/engine.h"

struct watch {
    long polls, stop_after; /* stop_after 0: never */
    int warnings, resumed;
    char warning[1024];
};
static bool cancel(void *user) {
    struct watch *w = user;
    return ++w->polls == w->stop_after;
}
static void note(void *user, gn_log_level level, const char *message) {
    struct watch *w = user;
    w->resumed += strncmp(message, "going on from", 13) == 0;
    if (level != GN_LOG_WARNING) return;
    w->warnings++;
    snprintf(w->warning, sizeof w->warning, "%s", message);
}

struct job {
    gn_mat x;
    gn_knn_opts opts;
    gn_engine_tuning tuning;
    bool repeats; /* through gn_knn_compute_distinct's search */
    gn_cpu cpu;
};

static uint64_t both_hash(const gn_knn *a, const gn_knn *b) {
    return (a ? knn_hash(a) : 0) * 31 + (b ? knn_hash(b) : 0);
}

/* One attempt. *hash is written when it comes to its end. */
static gn_status attempt(const struct job *j, unsigned threads, struct watch *w, uint64_t *hash) {
    gn_error err;
    gn_ctx *ctx;
    gn_knn *out = NULL, *all = NULL;
    gn_distinct d = {0};
    gn_hooks hooks = {.user = w, .cancel = cancel, .log = note};
    gn_search s = {.x = j->x, .opts = &j->opts, .tuning = &j->tuning};
    gn_status st =
        gn_ctx_new(&(gn_ctx_opts){.n_threads = threads, .cpu = j->cpu, .hooks = hooks}, &ctx, &err);
    if (st != GN_OK) return st;
    if (j->repeats) {
        st = gn_distinct_new(ctx, j->x, &d, &err);
        s.distinct = &d;
    }
    if (st == GN_OK) st = gn_knn_search_both(ctx, &s, &out, &all, &err);
    if (st == GN_OK) *hash = both_hash(out, all);
    if (st != GN_OK && st != GN_ECANCEL) printf("# %s\n", err.message);
    gn_knn_free(out);
    gn_knn_free(all);
    gn_distinct_free(&d);
    gn_ctx_free(ctx);
    return st;
}

static bool same_after_every_stop(struct job j, const char *name) {
    struct watch w = {0};
    uint64_t want = 0, got = 0;
    const char *path = tmp_path("stopped.partial");
    bool same = true, resumed = false;
    remove(path);
    if (attempt(&j, 1, &w, &want) != GN_OK) return false;
    long polls = w.polls;
    j.opts.checkpoint = path;
    j.opts.checkpoint_s = 1e-9;
    for (long stop = 1; same && stop <= polls; stop += 1 + polls / (test_quick() ? 7 : 40)) {
        remove(path);
        /* stopped once; stopped again and again, each time a little further on */
        for (int again = 0; same && again < 2; again++) {
            gn_status st = GN_ECANCEL;
            got = 0;
            for (int run = 0; st == GN_ECANCEL && run < 200; run++) {
                w = (struct watch){.stop_after = run == 0 ? stop : again ? polls / 3 + run : 0};
                st = attempt(&j, 1 + (unsigned)run % 2, &w, &got);
                resumed |= w.resumed > 0;
                same &= w.warnings == 0;
            }
            same &= st == GN_OK && got == want;
            if (!same)
                printf("# %s: stopped at poll %ld of %ld: %s\n", name, stop, polls, w.warning);
        }
    }
    if (!resumed) printf("# %s: nothing was resumed\n", name);
    remove(path);
    return same && resumed;
}

TEST(any_stop_gives_the_same_bytes) {
    static const enum set_kind kinds[] = {SET_GAUSS, SET_DUPLICATES, SET_EQUAL};
    static const gn_engine_tuning ways[] = {
        {.block_rows = 64}, {.block_rows = 64, .list_bytes = 1}, {.block_rows = 64, .room = 20}};
    for (size_t s = 0; s < 3; s++) {
        point_set p = set_make(kinds[s], 600 + 70 * s, 10); /* odd and even numbers of blocks */
        if (kinds[s] == SET_EQUAL) /* one tight cluster: every row is redone */
            for (size_t i = 0; i < p.n; i++) p.x[i * p.d] += (float)(i * i % 701) * 1e-6f;
        for (size_t way = 0; way < 3; way++)
            for (int repeats = 0; repeats < 2; repeats++) {
                struct job j = {.x = gn_mat_f32(p.x, p.n, p.d),
                                .opts = {.k = 12, .metric = way == 1 ? GN_COSINE : GN_EUCLIDEAN},
                                .tuning = ways[way],
                                .repeats = repeats};
                CHECK(same_after_every_stop(j, p.name));
            }
        free(p.x);
    }
}

/* A search that was stopped shortly before its end, as bytes. */
static char *stopped_late(struct job *j, const char *path, size_t *n) {
    struct watch w = {0};
    uint64_t hash;
    char *bytes = NULL;
    gn_error err;
    remove(path);
    j->opts.checkpoint = path;
    j->opts.checkpoint_s = 1e-9;
    if (attempt(j, 1, &w, &hash) != GN_OK) return NULL;
    remove(path);
    w = (struct watch){.stop_after = w.polls - 4};
    if (attempt(j, 1, &w, &hash) != GN_ECANCEL) return NULL;
    return gn_read_file(path, 1 << 24, &bytes, n, &err) == GN_OK ? bytes : NULL;
}

TEST(damaged_files_start_over) {
    static const gn_engine_tuning ways[] = {{.block_rows = 64},
                                            {.block_rows = 64, .list_bytes = 1}};
    const char *path = tmp_path("damaged.partial");
    point_set p = set_make(SET_DUPLICATES, 900, 4);
    gn_random r = gn_random_new(5, 5);
    for (size_t way = 0; way < 4; way++) {
        struct job j = {.x = gn_mat_f32(p.x, p.n, p.d),
                        .opts = {.k = 5},
                        .tuning = ways[way % 2],
                        .repeats = way > 1};
        struct watch w = {0};
        uint64_t want = 0, got;
        size_t n;
        REQUIRE(attempt(&j, 1, &w, &want) == GN_OK);
        char *bytes = stopped_late(&j, path, &n);
        REQUIRE(bytes != NULL);
        size_t wrong = 0, tries = test_quick() ? 60 : 400;
        for (size_t t = 0; t < tries; t++) {
            size_t at = (size_t)gn_random_below(&r, t < tries / 3 ? 256 : n), m = n;
            char old = bytes[at];
            bytes[at] = (char)((unsigned char)old ^ 1u << gn_random_below(&r, 8));
            if (t % 4 == 3) m = at;         /* cut off */
            if (t % 4 == 2) bytes[at] = -1; /* sizes and indices far out of range */
            bool changed = m < n || bytes[at] != old;
            if (!put_file(path, bytes, m)) break;
            bytes[at] = old;
            w = (struct watch){0};
            got = 0;
            wrong += attempt(&j, 1, &w, &got) != GN_OK || got != want;
            wrong += changed && (w.warnings != 1 || !strstr(w.warning, "starting over"));
            wrong += changed && !strstr(w.warning, "damaged.partial");
        }
        CHECK(wrong == 0);
        gn_free(bytes);
    }
    remove(path);
    free(p.x);
}

TEST(another_search_starts_over) {
    const char *path = tmp_path("another.partial");
    point_set p = set_make(SET_GAUSS, 300, 7);
    int32_t group[300], asks[120];
    for (int i = 0; i < 300; i++) group[i] = i % 7;
    for (int i = 0; i < 120; i++) asks[i] = 2 * i;
    struct job j = {.x = gn_mat_f32(p.x, p.n, p.d),
                    .opts = {.k = 9},
                    .tuning = {.block_rows = 64, .list_bytes = 1}};
    size_t n;
    char *bytes = stopped_late(&j, path, &n);
    REQUIRE(bytes != NULL);
    for (int change = 0; change < 8; change++) {
        struct job other = j;
        struct watch w = {0};
        uint64_t want = 0, got = 0;
        float old = p.x[1500];
        switch (change) {
        case 1:
            other.opts.k = 8;
            break;
        case 2:
            other.opts.metric = GN_COSINE;
            break;
        case 3:
            p.x[1500] = nextafterf(old, 9);
            break;
        case 4:
            other.opts.group = group;
            break;
        case 5:
            other.opts.row = asks, other.opts.n_rows = 120;
            break;
        case 6:
            other.tuning.list_bytes = 0;
            break;
        case 7:
            other.cpu = GN_CPU_SCALAR;
            break;
        default:
            break; /* the same search */
        }
        other.opts.checkpoint = NULL;
        CHECK(attempt(&other, 2, &w, &want) == GN_OK);
        other.opts.checkpoint = path;
        REQUIRE(put_file(path, bytes, n));
        CHECK(attempt(&other, 2, &w, &got) == GN_OK && got == want);
        CHECK(w.warnings == (change > 0) && w.resumed == (change == 0));
        if (change) CHECK_CONTAINS(w.warning, "other rows, other options");
        p.x[1500] = old;
    }
    gn_free(bytes);
    remove(path);
    free(p.x);
}

/* Every value of the rows that ask counts, too, and their numbers and groups. */
TEST(other_queries_start_over) {
    const char *path = tmp_path("queries.partial");
    point_set p = set_make(SET_GAUSS, 300, 7), q = set_make(SET_GAUSS, 400, 7);
    gn_mat queries = gn_mat_f32(q.x, q.n, q.d);
    int32_t group[300], query_group[400], asks[350];
    for (int i = 0; i < 300; i++) group[i] = i % 7;
    for (int i = 0; i < 400; i++) query_group[i] = i % 5;
    for (int i = 0; i < 350; i++) asks[i] = i;
    struct job j = {.x = gn_mat_f32(p.x, p.n, p.d),
                    .opts = {.k = 9,
                             .queries = &queries,
                             .row = asks,
                             .n_rows = 350,
                             .group = group,
                             .query_group = query_group},
                    .tuning = {.block_rows = 64}};
    size_t n;
    char *bytes = stopped_late(&j, path, &n);
    REQUIRE(bytes != NULL);
    for (int change = 0; change < 5; change++) {
        struct watch w = {0};
        uint64_t want = 0, got = 0;
        float old = q.x[150];
        if (change == 1) q.x[150] = nextafterf(old, 9);
        if (change == 2) asks[7] = 8;
        if (change == 3) query_group[9]++;
        if (change == 4) group[9]++;
        j.opts.checkpoint = NULL;
        CHECK(attempt(&j, 2, &w, &want) == GN_OK);
        j.opts.checkpoint = path;
        REQUIRE(put_file(path, bytes, n));
        CHECK(attempt(&j, 2, &w, &got) == GN_OK && got == want);
        CHECK(w.warnings == (change > 0) && w.resumed == (change == 0));
        q.x[150] = old;
        asks[7] = 7;
        query_group[9] = 9 % 5;
        group[9] = 9 % 7;
    }
    gn_free(bytes);
    remove(path);
    free(p.x);
    free(q.x);
}

TEST(what_cannot_be_written_is_a_warning) {
    point_set p = set_make(SET_GAUSS, 300, 7);
    struct job j = {.x = gn_mat_f32(p.x, p.n, p.d), .opts = {.k = 9}, .tuning = {.block_rows = 64}};
    struct watch w = {0};
    uint64_t want = 0, got = 0;
    CHECK(attempt(&j, 1, &w, &want) == GN_OK && w.warnings == 0);
    j.opts.checkpoint = "/proc/none/such";
    j.opts.checkpoint_s = 1e-9;
    CHECK(attempt(&j, 1, &w, &got) == GN_OK && got == want);
    CHECK(w.warnings > 0);
    CHECK_CONTAINS(w.warning, "the search is not kept: /proc/none");
    free(p.x);
}

TEST(a_short_search_writes_nothing) {
    const char *path = tmp_path("short.partial");
    point_set p = set_make(SET_GAUSS, 300, 7);
    struct job j = {.x = gn_mat_f32(p.x, p.n, p.d),
                    .opts = {.k = 9, .checkpoint = path},
                    .tuning = {.block_rows = 64}};
    struct watch w = {.stop_after = 0};
    uint64_t hash;
    remove(path);
    CHECK(attempt(&j, 1, &w, &hash) == GN_OK && !gn_path_is_file(path));
    w = (struct watch){.stop_after = w.polls / 2};
    CHECK(attempt(&j, 1, &w, &hash) == GN_ECANCEL && !gn_path_is_file(path));
    free(p.x);
}

/* What a killed save left: the next search with that file removes it. */
TEST(half_a_save_is_removed) {
    const char *path = tmp_path("half.partial"), *half;
    point_set p = set_make(SET_GAUSS, 30, 7);
    struct job j = {.x = gn_mat_f32(p.x, p.n, p.d), .opts = {.k = 9, .checkpoint = path}};
    struct watch w = {0};
    uint64_t hash;
    half = tmp_path(".half.partial.2147483647.0.tmp"); /* no system counts processes that far */
    REQUIRE(put_file(half, "half", 4));
    CHECK(attempt(&j, 1, &w, &hash) == GN_OK && w.warnings == 0);
    CHECK(!gn_path_is_file(half));
    free(p.x);
}

static gn_status resumed_search(void *user, gn_error *err) {
    const struct job *j = user;
    gn_knn *out = NULL;
    gn_search s = {.x = j->x, .opts = &j->opts, .tuning = &j->tuning};
    gn_status st = gn_knn_search_both(NULL, &s, &out, NULL, err);
    gn_knn_free(out);
    return st;
}

TEST(memory_runs_out) {
    const char *path = tmp_path("memory.partial");
    point_set p = set_make(SET_DUPLICATES, 900, 4);
    struct job j = {.x = gn_mat_f32(p.x, p.n, p.d), .opts = {.k = 5}, .tuning = {.block_rows = 64}};
    size_t n;
    char *bytes = stopped_late(&j, path, &n);
    REQUIRE(bytes != NULL);
    gn_free(bytes);
    j.opts.checkpoint_s = 1e9; /* read, not written: a failed save is no failure */
    FAIL_SWEEP(resumed_search, &j, "a search that goes on");
    remove(path);
    free(p.x);
}

int main(void) {
    RUN(any_stop_gives_the_same_bytes);
    RUN(damaged_files_start_over);
    RUN(another_search_starts_over);
    RUN(other_queries_start_over);
    RUN(what_cannot_be_written_is_a_warning);
    RUN(a_short_search_writes_nothing);
    RUN(half_a_save_is_removed);
    RUN(memory_runs_out);
    return tap_done();
}
