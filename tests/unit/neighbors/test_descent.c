/* Approximate lists: what they are made of, that they are the same on any number of threads and any
 * instruction set, that they are exact where all pairs meet, and that the recall they come with is
 * what a count over all rows gives. */
#include "fail_alloc.h"
#include "sets.h"

#include "base/cpu.h"
#include "neighbors/approximate.h"
#include "neighbors/engine.h"

static const gn_cpu levels[] = {GN_CPU_SCALAR, GN_CPU_NEON, GN_CPU_AVX2, GN_CPU_AVX512, GN_CPU_AMX};
enum { LEVELS = sizeof levels / sizeof *levels };

/* 40 clouds on 8 dimensions, which are laid into d: what hidden states look like, more or less. */
static float *make_clouds(size_t n, size_t d) {
    enum { LATENT = 8, CLOUDS = 40 };
    float *x = malloc(n * d * sizeof *x);
    double map[LATENT * 64], centre[CLOUDS * LATENT], z[LATENT];
    gn_random r = gn_random_new(11, n);
    for (size_t i = 0; i < LATENT * d; i++) map[i] = gn_random_normal(&r);
    for (size_t i = 0; i < CLOUDS * LATENT; i++) centre[i] = 3 * gn_random_normal(&r);
    for (size_t i = 0; i < n; i++) {
        size_t cloud = (size_t)gn_random_below(&r, CLOUDS);
        for (size_t l = 0; l < LATENT; l++)
            z[l] = centre[cloud * LATENT + l] + gn_random_normal(&r);
        for (size_t c = 0; c < d; c++) {
            double s = 0.1 * gn_random_normal(&r);
            for (size_t l = 0; l < LATENT; l++) s += z[l] * map[l * d + c];
            x[i * d + c] = (float)s;
        }
    }
    return x;
}

static gn_knn *find(gn_ctx *ctx, gn_mat x, const gn_knn_opts *o, const gn_descent_tuning *tuning) {
    gn_error err = {0};
    gn_distinct d = {0};
    gn_knn *knn = NULL;
    if (gn_distinct_new(ctx, x, &d, &err) != GN_OK ||
        gn_approximate_search(ctx, x, &d, o, tuning, &knn, &err) != GN_OK)
        printf("# %s\n", err.message);
    gn_distinct_free(&d);
    return knn;
}

static gn_knn *find_exact(gn_mat x, size_t k, gn_metric metric) {
    gn_error err = {0};
    gn_knn *knn = NULL;
    if (gn_knn_compute(NULL, x, &(gn_knn_opts){.k = k, .metric = metric}, &knn, &err) != GN_OK)
        printf("# %s\n", err.message);
    return knn;
}

/* Rows of each list that are not farther than the exact j-th, counted one by one. */
static double count_recall(const gn_knn *found, const gn_knn *exact, size_t j) {
    double sum = 0;
    for (size_t i = 0; i < found->n; i++)
        for (size_t p = 0; p < j; p++)
            sum += found->distance[i * found->k + p] <= exact->distance[i * exact->k + j - 1];
    return sum / (double)(found->n * j);
}

/* Distances of a list are those of its rows, ascending; no row twice, and never the row itself. */
static size_t count_broken(gn_mat x, const gn_knn *knn) {
    size_t broken = 0;
    for (size_t i = 0; i < knn->n; i++)
        for (size_t p = 0; p < knn->k; p++) {
            const int32_t j = knn->index[i * knn->k + p];
            const float *a = (const float *)x.data + i * x.stride,
                        *b = (const float *)x.data + (size_t)j * x.stride;
            double sum = 0, got = (double)knn->distance[i * knn->k + p];
            for (size_t c = 0; c < x.cols; c++)
                sum += ((double)a[c] - (double)b[c]) * ((double)a[c] - (double)b[c]);
            bool fine = j >= 0 && (size_t)j < x.rows && (size_t)j != i &&
                        fabs(got - sqrt(sum)) <= 1e-6 * sqrt(sum) &&
                        (p == 0 || knn->distance[i * knn->k + p - 1] <= (float)got);
            for (size_t q = 0; q < p; q++) fine = fine && knn->index[i * knn->k + q] != j;
            broken += !fine;
        }
    return broken;
}

TEST(most_neighbours_are_found_and_counted) {
    static const struct {
        size_t n, d, k;
        double least;
    } cases[] = {
        {4000, 24, 15, 0.97}, {3000, 24, 90, 0.97}, {3000, 5, 1, 0.97}, {2000, 64, 30, 0.97}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const size_t n = cases[c].n, k = cases[c].k;
        float *points = make_clouds(n, cases[c].d);
        gn_mat x = gn_mat_f32(points, n, cases[c].d);
        gn_knn_opts o = {.k = k, .recall_rows = n};
        gn_knn *found = find(NULL, x, &o, &(gn_descent_tuning){.leaf = 200}),
               *exact = find_exact(x, k, GN_EUCLIDEAN);
        REQUIRE(found && exact && found->recall && found->n_recall == n);
        CHECK(count_broken(x, found) == 0);
        for (size_t j = 1; j <= k; j += 1 + k / 3) {
            CHECK_NEAR(found->recall[j - 1].value, count_recall(found, exact, j), 1e-12);
            CHECK(found->recall[j - 1].se == 0); /* all rows were looked at */
        }
        CHECK(found->recall[k - 1].value >= cases[c].least);
        printf("# %zu x %zu, k %zu: recall %.4f\n", n, cases[c].d, k, found->recall[k - 1].value);
        gn_knn_free(found);
        gn_knn_free(exact);
        free(points);
    }
}

TEST(a_sample_tells_the_recall) {
    enum { N = 4000, D = 48, K = 10 };
    point_set p = set_make(SET_GAUSS, N, D); /* no structure to follow: many are missed */
    gn_mat x = gn_mat_f32(p.x, N, D);
    const gn_descent_tuning hasty = {.trees = 1, .leaf = 64, .rounds = 1};
    gn_knn *all = find(NULL, x, &(gn_knn_opts){.k = K, .recall_rows = N}, &hasty),
           *some = find(NULL, x, &(gn_knn_opts){.k = K, .recall_rows = 400}, &hasty);
    REQUIRE(all && some && some->n_recall == 400);
    CHECK(all->recall[K - 1].value < 0.9);
    CHECK(knn_hash(all) == knn_hash(some)); /* looking does not change them */
    for (size_t j = 0; j < K; j++) {
        CHECK(some->recall[j].se > 0);
        CHECK(fabs(some->recall[j].value - all->recall[j].value) < 4 * some->recall[j].se);
    }
    gn_knn_free(all);
    gn_knn_free(some);
    free(p.x);
}

TEST(exact_where_all_meet) {
    static const struct {
        size_t n, d, k;
    } shape[] = {{2, 3, 1}, {3, 1, 2}, {40, 2, 39}, {300, 33, 299}};
    for (int kind = 0; kind < SET_KINDS; kind++)
        for (size_t s = 0; s < sizeof shape / sizeof *shape; s++)
            for (int metric = 0; metric < 2; metric++) {
                if (kind == SET_ZEROS && metric == GN_COSINE) continue;
                point_set p = set_make((enum set_kind)kind, shape[s].n, shape[s].d);
                gn_mat x = gn_mat_f32(p.x, p.n, p.d);
                gn_knn_opts o = {.k = shape[s].k, .metric = (gn_metric)metric};
                gn_knn *found = find(NULL, x, &o, NULL),
                       *exact = find_exact(x, o.k, (gn_metric)metric);
                REQUIRE(found && exact);
                CHECK(knn_hash(found) == knn_hash(exact));
                CHECK(found->recall[o.k - 1].value == 1);
                gn_knn_free(found);
                gn_knn_free(exact);
                free(p.x);
            }
}

TEST(hard_sets) {
    enum { N = 2500, D = 12, K = 10 };
    for (int kind = 0; kind < SET_KINDS; kind += test_quick() ? 4 : 1)
        for (int metric = 0; metric < 2; metric++) {
            if (kind == SET_ZEROS && metric == GN_COSINE) continue;
            point_set p = set_make((enum set_kind)kind, N, D);
            gn_mat x = gn_mat_f32(p.x, N, D);
            gn_knn_opts o = {.k = K, .metric = (gn_metric)metric, .recall_rows = N};
            gn_knn *found = find(NULL, x, &o, &(gn_descent_tuning){.leaf = 100}),
                   *exact = find_exact(x, K, (gn_metric)metric);
            REQUIRE(found && exact);
            CHECK_NEAR(found->recall[K - 1].value, count_recall(found, exact, K), 1e-12);
            /* points 1e30 times smaller than others are one point in float32 squares: there, few
             * are found, and that is what the recall says */
            const bool lost = kind == SET_MIXED_SCALES && metric == GN_EUCLIDEAN;
            CHECK(found->recall[K - 1].value > (lost ? 0.2 : 0.9));
            gn_knn_free(found);
            gn_knn_free(exact);
            free(p.x);
        }
}

TEST(same_bytes_on_threads_and_instruction_sets) {
    enum { N = 2000, D = 40, K = 12 };
    float *points = make_clouds(N, D);
    for (size_t i = 0; i < N / 10; i++) /* rows that repeat */
        memcpy(points + i * D, points + (N - 1 - i % 100) * D, D * sizeof *points);
    gn_mat x = gn_mat_f32(points, N, D);
    for (int metric = 0; metric < 2; metric++) {
        uint64_t want = 0;
        double recall = 0;
        for (int l = 0; l < LEVELS; l++) {
            if (!gn_cpu_has(levels[l]) || (test_quick() && levels[l] != gn_cpu_best())) continue;
            /* one thread and three on one instruction set, two on each */
            const bool best = levels[l] == gn_cpu_best();
            for (unsigned threads = best ? 1 : 2; threads <= (best ? 3u : 2u); threads++) {
                gn_error err;
                gn_ctx *ctx;
                OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = threads, .cpu = levels[l], .seed = 5},
                              &ctx, &err));
                gn_knn_opts o = {.k = K, .metric = (gn_metric)metric, .recall_rows = 300};
                gn_knn *knn = find(ctx, x, &o, &(gn_descent_tuning){.leaf = 100});
                REQUIRE(knn);
                if (want == 0) {
                    want = knn_hash(knn);
                    recall = knn->recall[K - 1].value;
                }
                CHECK(knn_hash(knn) == want);
                CHECK(knn->recall[K - 1].value == recall);
                gn_knn_free(knn);
                gn_ctx_free(ctx);
            }
        }
        CHECK(want != 0 && recall > 0.9);
    }
    free(points);
}

TEST(every_floating_type) {
    enum { N = 1500, D = 21, K = 9 };
    float *points = make_clouds(N, D), *narrow = malloc(N * D * sizeof *narrow);
    double *wide = malloc(N * D * sizeof *wide);
    uint16_t *brain = malloc(N * D * sizeof *brain);
    for (size_t i = 0; i < N * D; i++) {
        uint32_t bits;
        memcpy(&bits, &points[i], 4);
        brain[i] = (uint16_t)(bits >> 16);
        bits &= 0xffff0000u;
        memcpy(&narrow[i], &bits, 4);
        wide[i] = (double)narrow[i];
    }
    const gn_mat types[] = {
        gn_mat_f32(narrow, N, D), gn_mat_f64(wide, N, D), {brain, N, D, D, GN_BF16}};
    uint64_t want = 0;
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        gn_knn *knn =
            find(NULL, types[t], &(gn_knn_opts){.k = K}, &(gn_descent_tuning){.leaf = 64});
        REQUIRE(knn);
        if (t == 0) want = knn_hash(knn);
        CHECK(knn_hash(knn) == want); /* the same values in another type */
        gn_knn_free(knn);
    }
    free(points);
    free(narrow);
    free(wide);
    free(brain);
}

TEST(rows_that_repeat) {
    enum { N = 2000, D = 8, K = 20 };
    gn_error err;
    point_set p = set_make(SET_DUPLICATES, N, D);
    gn_mat x = gn_mat_f32(p.x, N, D);
    gn_neighbors *found = NULL, *exact = NULL;
    gn_knn_opts o = {.k = K, .how = GN_KNN_APPROXIMATE};
    OK(gn_knn_compute_distinct(NULL, x, &o, &found, &err));
    OK(gn_knn_compute_distinct(NULL, x, &(gn_knn_opts){.k = K}, &exact, &err));
    CHECK(found->all->recall && found->distinct == NULL && !exact->all->recall);
    CHECK(found->n_duplicates == exact->n_duplicates && found->n_duplicates > 0);
    CHECK(count_broken(x, found->all) == 0);
    size_t same = 0, zero = 0;
    for (size_t e = 0; e < N * K; e++)
        if (exact->all->distance[e] == 0) {
            zero++;
            same += found->all->index[e] == exact->all->index[e];
        }
    CHECK(zero > 1000 && same == zero); /* equal rows are found by their values, not by descent */
    gn_neighbors_free(found);
    gn_neighbors_free(exact);
    free(p.x);

    p = set_make(SET_GAUSS, 300, D); /* no row repeats: one list is both */
    OK(gn_knn_compute_distinct(NULL, gn_mat_f32(p.x, 300, D), &o, &found, &err));
    CHECK(found->all == found->distinct && found->row == NULL);
    gn_neighbors_free(found);
    free(p.x);
}

TEST(what_is_refused_and_what_is_chosen) {
    gn_error err;
    gn_knn *knn = NULL;
    float x[6 * 2] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    int32_t row[] = {0, 1}, group[6] = {0};
    gn_mat m = gn_mat_f32(x, 6, 2);
    gn_knn_opts o = {.k = 6, .how = GN_KNN_APPROXIMATE};
    CHECK(gn_knn_compute(NULL, m, &o, &knn, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "k = 6 neighbours of 6 rows: expected 1 to 5");
    o.k = 1;
    CHECK(gn_knn_compute(NULL, gn_mat_f32(x, 1, 2), &o, &knn, &err) == GN_EINVAL);
    o.row = row;
    o.n_rows = 2;
    CHECK(gn_knn_compute(NULL, m, &o, &knn, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "expected no queries, row numbers or groups");
    o.how = GN_KNN_AUTO; /* what only an exact search answers is searched exactly */
    OK(gn_knn_compute(NULL, m, &o, &knn, &err));
    CHECK(knn->n == 2 && !knn->recall);
    gn_knn_free(knn);
    knn = NULL;
    o = (gn_knn_opts){.k = 2, .how = GN_KNN_APPROXIMATE, .group = group};
    CHECK(gn_knn_compute(NULL, m, &o, &knn, &err) == GN_EINVAL);
    o = (gn_knn_opts){.k = 2, .how = GN_KNN_APPROXIMATE, .queries = &m};
    CHECK(gn_knn_compute(NULL, m, &o, &knn, &err) == GN_EINVAL);
    o = (gn_knn_opts){.k = 2, .how = GN_KNN_APPROXIMATE, .metric = GN_COSINE};
    x[4] = x[5] = 0;
    CHECK(gn_knn_compute(NULL, m, &o, &knn, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 2 is a zero vector");
    x[4] = NAN;
    CHECK(gn_knn_compute(NULL, m, &o, &knn, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 2, column 0 is NaN");
    CHECK(knn == NULL);
    CHECK(gn_knn_choose(30522, 768) == GN_KNN_EXACT);
    CHECK(gn_knn_choose(432684, 384) == GN_KNN_APPROXIMATE);
    CHECK_STR(gn_knn_how_name(GN_KNN_AUTO), "auto");
}

struct watch {
    int polls, stop_after;
    double last, total;
    char task[64];
    int tasks;
    bool ordered;
};
static bool watch_cancel(void *user) {
    struct watch *w = user;
    return ++w->polls > w->stop_after;
}
static void watch_progress(void *user, const char *task, double done, double total,
                           const char *unit) {
    struct watch *w = user;
    if (strcmp(task, w->task) != 0) { /* the one before has come to its end */
        w->ordered &= w->last == w->total;
        snprintf(w->task, sizeof w->task, "%s", task);
        w->tasks++;
        w->last = 0;
    }
    if (done < w->last || done > total || strcmp(unit, "rows")) w->ordered = false;
    w->last = done;
    w->total = total;
}

TEST(cancel_and_progress) {
    enum { N = 1500, D = 10 };
    float *points = make_clouds(N, D);
    gn_mat x = gn_mat_f32(points, N, D);
    struct watch watch = {.stop_after = 1 << 30, .ordered = true};
    gn_error err;
    gn_ctx *ctx;
    gn_hooks hooks = {.user = &watch, .cancel = watch_cancel, .progress = watch_progress};
    gn_knn_opts o = {.k = 5, .task = "layer 3", .how = GN_KNN_APPROXIMATE, .recall_rows = 50};
    gn_knn *knn = NULL;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .hooks = hooks}, &ctx, &err));
    OK(gn_knn_compute(ctx, x, &o, &knn, &err));
    gn_knn_free(knn);
    CHECK(watch.ordered);
    CHECK(watch.last == watch.total);
    CHECK(watch.tasks == 2);
    CHECK_STR(watch.task, "layer 3, recall");
    const int polls = watch.polls;
    CHECK(polls > 100);
    for (int stop = 0; stop < polls; stop += 1 + polls / 40) {
        watch = (struct watch){.stop_after = stop, .ordered = true};
        knn = NULL;
        CHECK(gn_knn_compute(ctx, x, &o, &knn, &err) == GN_ECANCEL);
        CHECK(knn == NULL);
    }
    gn_ctx_free(ctx);
    free(points);
}

/* ---- parts ------------------------------------------------------------------------------------
 */

TEST(the_smallest_keys_are_kept_in_any_order) {
    enum { OFFERS = 500, ROOM = 7 };
    gn_error err;
    gn_best one, other;
    uint32_t number[OFFERS], id[OFFERS];
    gn_random r = gn_random_new(9, 9);
    for (size_t i = 0; i < OFFERS; i++) {
        id[i] = (uint32_t)gn_random_below(&r, 200); /* repeats: the number belongs to the row */
        number[i] = id[i] * 7919 % 50;
    }
    OK(gn_best_new(3, ROOM, &one, &err));
    OK(gn_best_new(3, ROOM, &other, &err));
    for (size_t i = 0; i < OFFERS; i++) {
        gn_best_offer(&one, 1, number[i], id[i], true);
        gn_best_offer(&other, 1, number[OFFERS - 1 - i], id[OFFERS - 1 - i], true);
    }
    CHECK(memcmp(one.key, other.key, 3 * ROOM * sizeof *one.key) == 0);
    CHECK(gn_best_of(&one, 0)[0] == GN_BEST_NONE && gn_best_limit(&one, 0) == UINT32_MAX);
    for (size_t p = 0; p < ROOM; p++) {
        const uint64_t key = gn_best_of(&one, 1)[p];
        CHECK(gn_best_is_fresh(key) && key >> 32 == gn_best_row(key) * 7919 % 50);
        CHECK(p == 0 || key >> 1 > gn_best_of(&one, 1)[p - 1] >> 1);
    }
    CHECK(gn_best_limit(&one, 1) == gn_best_of(&one, 1)[ROOM - 1] >> 32);
    /* an entry that is there stays what it is */
    one.key[ROOM] &= ~(uint64_t)1;
    const uint64_t first = one.key[ROOM];
    gn_best_offer(&one, 1, (uint32_t)(first >> 32), gn_best_row(first), true);
    CHECK(one.key[ROOM] == first);
    gn_best_free(&one);
    gn_best_free(&other);
}

TEST(leaves_hold_all_points_once) {
    static const struct {
        enum set_kind kind;
        size_t n, leaf;
    } cases[] = {{SET_GAUSS, 1000, 60}, {SET_EQUAL, 777, 50}, {SET_GAUSS, 50, 64}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        gn_error err;
        gn_points points = {0};
        gn_tree tree = {0};
        point_set p = set_make(cases[c].kind, cases[c].n, 5);
        gn_rows rows = {.x = gn_mat_f32(p.x, p.n, p.d), .n = p.n};
        const gn_share share = {.task = "trees", .n = p.n};
        unsigned char *seen = calloc(p.n, 1);
        size_t missing = 0, wrong = 0;
        OK(gn_rows_prepare(NULL, &rows, NULL, &err));
        OK(gn_points_new(NULL, &rows, &points, &err));
        OK(gn_tree_new(&points, cases[c].leaf, &tree, &err));
        OK(gn_tree_grow(NULL, &points, &tree, 0, &share, &err));
        for (size_t s = 0; s < gn_tree_leaves(&tree); s++) {
            size_t size =
                gn_tree_segment(&tree, tree.depth, s + 1) - gn_tree_segment(&tree, tree.depth, s);
            wrong += size > cases[c].leaf || (tree.depth > 0 && 2 * size < cases[c].leaf);
        }
        CHECK(wrong == 0 && gn_tree_segment(&tree, tree.depth, gn_tree_leaves(&tree)) == p.n);
        for (size_t i = 0; i < p.n; i++) seen[tree.at[i]]++;
        for (size_t i = 0; i < p.n; i++) missing += seen[i] != 1;
        CHECK(missing == 0);
        if (cases[c].kind == SET_GAUSS && tree.depth > 0) {
            /* the first cut goes through the median: both halves lie on one side of a plane */
            OK(gn_points_reorder(NULL, &points, tree.at, &err));
            size_t moved = 0;
            for (size_t i = 0; i < p.n; i++)
                moved += points.x[i * points.stride] !=
                         (float)((double)p.x[(size_t)points.row[i] * p.d] * rows.scale);
            CHECK(moved == 0);
        }
        free(seen);
        gn_tree_free(&tree);
        gn_points_free(&points);
        gn_rows_free(&rows);
        free(p.x);
    }
}

struct job {
    gn_ctx *ctx;
    gn_mat x;
    gn_metric metric;
};

static gn_status search(void *user, gn_error *err) {
    const struct job *j = user;
    gn_knn *knn = NULL;
    gn_knn_opts o = {.k = 4, .metric = j->metric, .how = GN_KNN_APPROXIMATE, .recall_rows = 20};
    gn_status st = gn_knn_compute(j->ctx, j->x, &o, &knn, err);
    if (st != GN_OK && knn) return GN_EINVAL;
    gn_knn_free(knn);
    return st;
}

TEST(memory) {
    gn_error err;
    static const enum set_kind kinds[] = {SET_GAUSS, SET_DUPLICATES, SET_EQUAL};
    for (size_t i = 0; i < (test_quick() ? 2 : sizeof kinds / sizeof *kinds); i++) {
        point_set p = set_make(kinds[i], 600, 3);
        struct job job = {.x = gn_mat_f32(p.x, p.n, p.d), .metric = GN_COSINE};
        for (unsigned threads = 1; threads <= 2; threads++) {
            OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = threads}, &job.ctx, &err));
            FAIL_SWEEP(search, &job, p.name);
            gn_ctx_free(job.ctx);
        }
        free(p.x);
    }
}

int main(void) {
    RUN(most_neighbours_are_found_and_counted);
    RUN(a_sample_tells_the_recall);
    RUN(exact_where_all_meet);
    RUN(hard_sets);
    RUN(same_bytes_on_threads_and_instruction_sets);
    RUN(every_floating_type);
    RUN(rows_that_repeat);
    RUN(what_is_refused_and_what_is_chosen);
    RUN(cancel_and_progress);
    RUN(the_smallest_keys_are_kept_in_any_order);
    RUN(leaves_hold_all_points_once);
    RUN(memory);
    return tap_done();
}
