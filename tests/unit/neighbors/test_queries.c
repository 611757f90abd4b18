/* Who asks, who may answer: rows of another set, some of the rows, groups that do not answer. All
 * of it against a naive float64 double loop, on sets that are hard for a filter, and the same bytes
 * for every instruction set, block size and number of threads. */
#include "asked.h"
#include "fail_alloc.h"

static bool right(const struct asked *a) {
    gn_error err;
    gn_knn *knn = NULL;
    if (gn_knn_compute(NULL, a->x, &a->opts, &knn, &err) != GN_OK) {
        printf("# %s: %s\n", a->name, err.message);
        return false;
    }
    size_t wrong = knn->n == n_asking(a) && knn->k == a->opts.k ? wrong_in(a, knn) : SIZE_MAX;
    if (wrong)
        printf("# %s (%zu, %zu) asked by %zu, k %zu: %zu wrong\n", a->name, a->x.rows, a->x.cols,
               n_asking(a), a->opts.k, wrong);
    gn_knn_free(knn);
    return wrong == 0;
}

/* Groups of uneven sizes, some rows without one. */
static int32_t *make_groups(size_t n, uint64_t stream) {
    int32_t *group = malloc(n * sizeof *group);
    gn_random r = gn_random_new(11, stream);
    for (size_t i = 0; i < n; i++) {
        uint64_t u = gn_random_below(&r, 10);
        group[i] = u < 5 ? (int32_t)u / 2 : u < 8 ? (int32_t)(3 + gn_random_below(&r, 40)) : -1;
    }
    return group;
}

/* The four questions one can ask of a pair of sets. */
enum { OTHERS, SOME, GROUPS, ALL_OF_IT, QUESTIONS };

struct world {
    point_set base, other;
    gn_mat other_mat;
    int32_t *group, *other_group, *row;
    size_t n_rows;
};

static void world_free(struct world *w) {
    free(w->base.x);
    free(w->other.x);
    free(w->group);
    free(w->other_group);
    free(w->row);
}

static struct world world_make(enum set_kind kind, size_t n, size_t d) {
    struct world w = {set_make(kind, n, d), set_make(kind, n / 2 + 3, d), {0}, 0, 0, 0, n / 3 + 1};
    gn_random r = gn_random_new(13, n + d);
    /* a third of the others are rows of the base, too */
    for (size_t i = 0; i < w.other.n; i += 3)
        memcpy(w.other.x + i * d, w.base.x + gn_random_below(&r, n) * d, d * sizeof(float));
    w.other_mat = gn_mat_f32(w.other.x, w.other.n, d);
    w.group = make_groups(n, 1);
    w.other_group = make_groups(w.other.n, 2);
    w.row = malloc(w.n_rows * sizeof *w.row);
    size_t most = w.other.n < n ? w.other.n : n; /* rows of either set, repeated and unordered */
    for (size_t i = 0; i < w.n_rows; i++) w.row[i] = (int32_t)gn_random_below(&r, most);
    return w;
}

static struct asked question(const struct world *w, int which, size_t k, gn_metric metric) {
    struct asked a = {.name = w->base.name, .x = gn_mat_f32(w->base.x, w->base.n, w->base.d)};
    a.opts = (gn_knn_opts){.k = k, .metric = metric};
    if (which == OTHERS || which == ALL_OF_IT) a.opts.queries = &w->other_mat;
    if (which == SOME || which == ALL_OF_IT) {
        a.opts.row = w->row;
        a.opts.n_rows = w->n_rows;
    }
    if (which == GROUPS || which == ALL_OF_IT) a.opts.group = w->group;
    if (which == ALL_OF_IT) a.opts.query_group = w->other_group;
    return a;
}

static bool cosine_possible(enum set_kind kind) {
    return kind != SET_ZEROS;
}

TEST(hard_sets_match_the_double_loop) {
    static const struct {
        size_t n, d, k;
    } shape[] = {{2, 3, 1}, {3, 1, 2}, {40, 2, 39}, {400, 17, 10}};
    for (int kind = 0; kind < SET_KINDS; kind++)
        for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
            struct world w = world_make((enum set_kind)kind, shape[s].n, shape[s].d);
            for (int q = 0; q < QUESTIONS; q++)
                for (int metric = 0; metric <= (int)cosine_possible((enum set_kind)kind);
                     metric++) {
                    struct asked a = question(&w, q, shape[s].k, (gn_metric)metric);
                    CHECK(right(&a));
                }
            world_free(&w);
        }
}

TEST(widths_match_the_double_loop) {
    static const size_t widths[] = {1, 2, 3, 17, 257, 4096};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        struct world w = world_make(SET_MASSIVE, 70, widths[i]);
        for (int q = 0; q < QUESTIONS; q++) {
            struct asked a = question(&w, q, 12, GN_EUCLIDEAN);
            CHECK(right(&a));
        }
        world_free(&w);
    }
}

/* The mean of the base says nothing about such queries: the bound must hold by their own norms. */
TEST(queries_far_from_the_base) {
    static const double moves[] = {1e2, 1e4, 1e8, 1e30};
    for (size_t m = 0; m < sizeof moves / sizeof *moves; m++) {
        struct world w = world_make(SET_GAUSS, 300, 12);
        for (size_t i = 0; i < w.other.n; i++)
            w.other.x[i * 12 + i % 12] += (float)(moves[m] * (double)(1 + i % 3));
        struct asked a = question(&w, OTHERS, 9, GN_EUCLIDEAN);
        CHECK(right(&a));
        a.opts.metric = GN_COSINE;
        CHECK(right(&a));
        /* and the other way round: a far base, near queries */
        struct asked back = {.name = "far base", .x = w.other_mat, .opts = {.k = 9}};
        gn_mat base = a.x;
        back.opts.queries = &base;
        CHECK(right(&back));
        world_free(&w);
    }
}

TEST(floating_types_may_differ) {
    enum { N = 150, M = 80, D = 21 };
    point_set p = set_make(SET_GAUSS, N, D), q = set_make(SET_GAUSS, M, D);
    static double wide[M * D];
    static uint16_t half[N * D];
    for (size_t i = 0; i < M * D; i++) wide[i] = (double)q.x[i] * 1.0000001234567;
    for (size_t i = 0; i < N * D; i++) {
        uint32_t bits;
        memcpy(&bits, &p.x[i], 4);
        half[i] = (uint16_t)((bits >> 5 & 0x83ffu) | (10 + bits % 9) << 10);
    }
    gn_mat queries = gn_mat_f64(wide, M, D);
    struct asked a = {"float16 asked by float64", {half, N, D, D, GN_F16}, {.k = 7}};
    a.opts.queries = &queries;
    CHECK(right(&a));
    a.opts.metric = GN_COSINE;
    CHECK(right(&a));
    free(p.x);
    free(q.x);
}

static uint64_t search(const struct asked *a, gn_cpu cpu, unsigned threads,
                       const gn_engine_tuning *tuning, size_t *redone) {
    gn_knn *knn = search_on(a, cpu, threads, tuning);
    uint64_t h = knn ? knn_hash(knn) : 0;
    if (knn) *redone += knn->n_redone;
    gn_knn_free(knn);
    return h;
}

TEST(same_bytes_on_every_path) {
    static const gn_engine_tuning ways[] = {
        {0}, {.block_rows = 100}, {.list_bytes = 1}, {.room = 40, .block_rows = 1}};
    size_t redone = 0;
    for (int kind = 0; kind < SET_KINDS; kind += test_quick() ? 4 : 1) {
        struct world w = world_make((enum set_kind)kind, 500, 24);
        for (int q = 0; q < QUESTIONS; q++) {
            gn_metric metric = q % 2 && cosine_possible((enum set_kind)kind) ? GN_COSINE : 0;
            struct asked a = question(&w, q, 16, metric);
            uint64_t want = search(&a, GN_CPU_SCALAR, 1, NULL, &redone);
            REQUIRE(want != 0);
            for (int l = 0; l < LEVELS; l++)
                for (size_t t = 0; gn_cpu_has(levels[l]) && t < 4; t++)
                    CHECK(search(&a, levels[l], 1 + t % 2, &ways[t], &redone) == want);
        }
        world_free(&w);
    }
    CHECK(redone > 1000); /* the second way was taken, too */
}

/* The same file on both sides: each row finds itself, at distance 0. */
TEST(the_set_against_itself) {
    point_set p = set_make(SET_GAUSS, 200, 5);
    gn_mat x = gn_mat_f32(p.x, p.n, p.d);
    gn_error err;
    gn_knn *knn;
    size_t wrong = 0;
    OK(gn_knn_compute(NULL, x, &(gn_knn_opts){.k = 3, .queries = &x}, &knn, &err));
    for (size_t i = 0; i < p.n; i++)
        wrong += knn->index[i * 3] != (int32_t)i || knn->distance[i * 3] != 0;
    CHECK(wrong == 0);
    gn_knn_free(knn);
    OK(gn_knn_compute(NULL, x, &(gn_knn_opts){.k = 200, .queries = &x}, &knn, &err));
    gn_knn_free(knn);
    free(p.x);
}

/* A group of all rows leaves nobody; one of all but two leaves two. */
TEST(fewer_than_k_are_left) {
    enum { N = 50 };
    point_set p = set_make(SET_GAUSS, N, 3);
    int32_t group[N];
    for (int left = 0; left < 3; left++) {
        for (int i = 0; i < N; i++) group[i] = i < N - left ? 4 : -1;
        struct asked a = {"one group", gn_mat_f32(p.x, N, 3), {.k = 5, .group = group}};
        CHECK(right(&a));
    }
    free(p.x);
}

TEST(what_is_refused) {
    gn_error err;
    gn_knn *knn = NULL;
    float x[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, y[6] = {0, 1, 2, 3, 4, NAN};
    int32_t row[] = {0, 6}, group[6] = {0};
    gn_mat m = gn_mat_f32(x, 6, 2), q = gn_mat_f32(y, 3, 2), wide = gn_mat_f32(y, 2, 3);
    gn_neighbors *both = NULL;
    const struct {
        gn_knn_opts opts;
        const char *part;
    } bad[] = {
        {{.k = 2, .queries = &wide}, "queries have 3 columns, the rows among which they ask 2"},
        {{.k = 7, .queries = &q}, "k = 7 neighbours of 6 rows: expected 1 to 6"},
        {{.k = 2, .row = row, .n_rows = 2}, "row 6 at place 1 asks: expected 0 to 5"},
        {{.k = 2, .row = row, .n_rows = 0}, "0 rows ask for neighbours"},
        {{.k = 2, .queries = &q, .group = group}, "groups of only one of two sets"},
        {{.k = 2, .query_group = group}, "groups of only one of two sets"},
    };
    for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) {
        CHECK(gn_knn_compute(NULL, m, &bad[b].opts, &knn, &err) == GN_EINVAL);
        CHECK_CONTAINS(err.message, bad[b].part);
    }
    CHECK(gn_knn_compute(NULL, m, &(gn_knn_opts){.k = 2, .queries = &q}, &knn, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "queries: row 2, column 1 is NaN");
    CHECK(gn_knn_compute_distinct(NULL, m, &(gn_knn_opts){.k = 2, .group = group}, &both, &err) ==
          GN_EINVAL);
    CHECK(knn == NULL && both == NULL);
    row[1] = 2; /* a NaN in a row that does not ask is nobody's business */
    OK(gn_knn_compute(NULL, m, &(gn_knn_opts){.k = 2, .queries = &q, .row = row, .n_rows = 1}, &knn,
                      &err));
    gn_knn_free(knn);
}

static gn_status attempt(void *user, gn_error *err) {
    const struct asked *a = user;
    gn_knn *knn = NULL;
    gn_status st = gn_knn_search(NULL, a->x, &a->opts, &(gn_engine_tuning){.room = 10}, &knn, err);
    if (st != GN_OK && knn) return GN_EINVAL;
    gn_knn_free(knn);
    return st;
}

TEST(memory_runs_out) {
    struct world w = world_make(SET_EQUAL, 200, 4);
    for (int q = 0; q < QUESTIONS; q++) {
        struct asked a = question(&w, q, 5, q % 2 ? GN_COSINE : GN_EUCLIDEAN);
        FAIL_SWEEP(attempt, &a, "queries");
    }
    world_free(&w);
}

int main(void) {
    RUN(hard_sets_match_the_double_loop);
    RUN(widths_match_the_double_loop);
    RUN(queries_far_from_the_base);
    RUN(floating_types_may_differ);
    RUN(same_bytes_on_every_path);
    RUN(the_set_against_itself);
    RUN(fewer_than_k_are_left);
    RUN(what_is_refused);
    RUN(memory_runs_out);
    return tap_done();
}
