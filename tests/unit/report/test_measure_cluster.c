/* Clusters of a set as rows: a set like GPT-2's, in which one row in 64 is the first of its window
 * and lies far out (acceptance check 8), told in a sentence; each allocation failing once. */
#include "fail_alloc.h"

#include "base/random.h"
#include "gonio/cluster.h"
#include "gonio/isotropy.h"
#include "gonio/measure.h"
#include "reps/writer.h"

enum { WINDOW = 64, WINDOWS = 30, N = WINDOW * WINDOWS, D = 12, TYPES = 40 };
static float x[N * D];
static int32_t token[N], sequence[N], position[N];
static gn_reps *set;
static gn_error err;

static void make_set(void) {
    static const size_t number[1] = {3};
    gn_random r = gn_random_new(1, 0);
    for (size_t i = 0; i < N; i++) {
        uint64_t a = gn_random_below(&r, TYPES), b = gn_random_below(&r, TYPES);
        token[i] = (int32_t)(a < b ? a : b);
        position[i] = (int32_t)(i % WINDOW);
        sequence[i] = (int32_t)(i / WINDOW);
        for (size_t j = 0; j < D; j++) x[i * D + j] = 3 * (float)gn_random_normal(&r);
        if (position[i] == 0) x[i * D + 5] += 3000;
    }
    gn_reps_plan plan = {.n_rows = N,
                         .n_dims = D,
                         .n_sequences = WINDOWS,
                         .n_layers = 1,
                         .layer = number,
                         .n_blocks = 12,
                         .dtype = GN_F32,
                         .token_id = token,
                         .sequence = sequence,
                         .position = position,
                         .about = json_object()};
    const void *rows[1] = {x};
    gn_reps_writer *w = NULL;
    const char *dir = tmp_path("cluster_set");
    if (gn_reps_writer_open(dir, &plan, true, &w, &err) != GN_OK ||
        (gn_reps_writer_rows(w) == 0 &&
         gn_reps_writer_append(w, rows, N, WINDOWS, &err) != GN_OK) ||
        gn_reps_writer_finish(w, &err) != GN_OK || gn_reps_open(dir, &set, &err) != GN_OK)
        printf("# %s\n", err.message);
    gn_reps_writer_free(w);
    json_decref(plan.about);
}

/* The value of the row with these parameters (key NULL: none). */
static double value(gn_result *r, const char *measure, const char *variant, const char *key,
                    const char *text) {
    size_t i = gn_result_find(r, 3, measure, variant, key, text);
    return i == SIZE_MAX ? (double)NAN : gn_result_at(r, i).value;
}

struct seen {
    size_t calls, first, wrong;
};
static gn_status keep(void *user, const gn_reps *reps, size_t layer, const int32_t *label,
                      gn_error *e) {
    struct seen *s = user;
    (void)e;
    s->calls++;
    CHECK(reps == set && layer == 0);
    for (size_t i = 0; i < N; i++) {
        s->wrong += label[i] != (position[i] == 0);
        s->first += label[i] == 1;
    }
    return GN_OK;
}

TEST(the_first_position_is_told) {
    REQUIRE(set);
    gn_result *r;
    struct seen seen = {0};
    gn_measure_cluster_opts o = {.found = keep, .user = &seen};
    o.choice.kmeans = (gn_kmeans_opts){.k_min = 2, .k_max = 4, .restarts = 3};
    OK(gn_result_new("test", &r, &err));
    OK(gn_measure_cluster(NULL, set, &o, r, &err));
    CHECK(seen.calls == 1 && seen.wrong == 0 && seen.first == WINDOWS);
    CHECK(value(r, "kmeans_clusters", "", "verdict", "found") == 2);
    CHECK(value(r, "silhouette", "", "clusters", "2") > 0.95);
    CHECK(value(r, "silhouette", "", "clusters", "4") < 0.95);
    CHECK(value(r, "kmeans_size", "", "cluster", "1") == WINDOWS);
    CHECK_NEAR(value(r, "cluster_explained", "position_0", NULL, NULL), 1, 1e-12);
    CHECK_NEAR(value(r, "cluster_explained", "position", NULL, NULL), 1, 1e-12);
    CHECK(fabs(value(r, "cluster_explained", "type", NULL, NULL)) < 0.1);
    CHECK(fabs(value(r, "cluster_explained", "frequency", NULL, NULL)) < 0.1);
    size_t i = gn_result_find(r, 3, "cluster_explained", "position_0", NULL, NULL);
    CHECK_STR(gn_result_param(r, i, "sentence"),
              "cluster 1 is position 0: 30 of its 30 rows (100 %), 100 % of all position 0; "
              "position 0 against the rest explains 100 % of what separates the clusters");
    CHECK(value(r, "cluster_share", "position_0", "content", "position 0") == 1);
    i = gn_result_find(r, 3, "cluster_share", "position_0", "content", "position 0");
    CHECK_NEAR(strtod(gn_result_param(r, i, "lift"), NULL), WINDOW, 1e-12);
    CHECK(strtod(gn_result_param(r, i, "coverage"), NULL) >= 1);
    CHECK(value(r, "cluster_position", "q95", "cluster", "1") == 0);
    CHECK(value(r, "cluster_position", "median", "cluster", "0") == 32); /* of 1 ... 63 */
    gn_result_free(r);
}

/* k-means sees a sample; every row of the set gets a cluster. */
TEST(rows_left_out_have_a_cluster_too) {
    REQUIRE(set);
    gn_result *r;
    struct seen seen = {0};
    gn_measure_cluster_opts o = {.found = keep, .user = &seen, .k = 2, .max_rows = 400};
    OK(gn_result_new("test", &r, &err));
    OK(gn_measure_cluster(NULL, set, &o, r, &err));
    CHECK(value(r, "kmeans_size", "", "cluster", "1") < WINDOWS);
    CHECK(seen.calls == 1 && seen.wrong == 0 && seen.first == WINDOWS);
    gn_result_free(r);
}

/* Cosines inside clusters are those of the rows of the cluster; averages are weighted or not. */
TEST(cosines_inside_clusters) {
    REQUIRE(set);
    gn_result *r;
    gn_isotropy s[2];
    gn_measure_cluster_opts o = {.k = 2};
    OK(gn_result_new("test", &r, &err));
    OK(gn_measure_cluster(NULL, set, &o, r, &err));
    CHECK(value(r, "kmeans_clusters", "", "verdict", "given") == 2);
    CHECK(gn_result_find(r, 3, "silhouette", "", "clusters", "3") == SIZE_MAX);
    double n[2] = {N - WINDOWS, WINDOWS};
    for (int c = 0; c < 2; c++) {
        int32_t row[N];
        size_t m = 0;
        for (int32_t i = 0; i < N; i++)
            if ((position[i] == 0) == (c == 1)) row[m++] = i;
        gn_isotropy_opts io = {.type = token, .sequence = sequence, .row = row, .n_rows = m};
        OK(gn_isotropy_compute(NULL, gn_mat_f32(x, N, D), &io, &s[c], NULL, &err));
        CHECK_NEAR(value(r, "inter_cosine", "raw", "cluster", c ? "1" : "0"), s[c].raw.inter,
                   1e-12);
        CHECK_NEAR(value(r, "intra_cosine", "centred", "cluster", c ? "1" : "0"),
                   s[c].centred.intra, 1e-12);
    }
    CHECK_NEAR(value(r, "inter_cosine", "raw", "average", "plain"),
               (s[0].raw.inter + s[1].raw.inter) / 2, 1e-12);
    CHECK_NEAR(value(r, "inter_cosine", "raw", "average", "weighted"),
               (n[0] * s[0].raw.inter + n[1] * s[1].raw.inter) / N, 1e-12);
    CHECK_NEAR(value(r, "intra_cosine", "centred", "average", "weighted"),
               (n[0] * s[0].centred.intra + n[1] * s[1].centred.intra) / N, 1e-12);
    CHECK(s[1].raw.inter > 0.99 && s[0].raw.inter < 0.1);
    gn_result_free(r);
}

/* Compat: one row a type for inter, plain means over clusters, nothing weighted. */
TEST(cosines_of_the_scripts) {
    REQUIRE(set);
    gn_result *r;
    gn_isotropy s[2];
    int32_t half[N];
    gn_measure_cluster_opts o = {.k = 2, .cai2021 = true};
    OK(gn_result_new("test", &r, &err));
    OK(gn_measure_cluster(NULL, set, &o, r, &err));
    for (size_t i = 0; i < gn_result_count(r); i++) {
        const char *average = gn_result_param(r, i, "average");
        CHECK(!average || strcmp(average, "cai2021") == 0);
    }
    for (int c = 0; c < 2; c++) {
        int32_t row[N];
        size_t m = 0;
        for (int32_t i = 0; i < N; i++)
            if ((position[i] == 0) == (c == 1)) row[m++] = i;
        gn_isotropy_opts io = {.type = token, .row = row, .n_rows = m};
        OK(gn_isotropy_compute(NULL, gn_mat_f32(x, N, D), &io, &s[c], NULL, &err));
    }
    /* fewer than 1,000 rows a type: intra draws nothing; inter is a draw of 40 rows a cluster */
    CHECK_NEAR(value(r, "intra_cosine", "raw", "average", "cai2021"),
               (s[0].raw.intra + s[1].raw.intra) / 2, 1e-6);
    CHECK_NEAR(value(r, "intra_cosine", "centred", "average", "cai2021"),
               (s[0].centred.intra + s[1].centred.intra) / 2, 1e-6);
    double inter = value(r, "inter_cosine", "raw", "average", "cai2021"),
           exact = (s[0].raw.inter + s[1].raw.inter) / 2;
    CHECK(fabs(inter - exact) < 0.02 && fabs(inter - exact) > 1e-9);
    for (int i = 0; i < N; i++) half[i] = position[i] == 0;
    gn_cai2021 c;
    gn_cai2021_opts co = {.cluster = half, .n_clusters = 2};
    OK(gn_cai2021_compute(NULL, gn_mat_f32(x, N, D), &(gn_isotropy_opts){.type = token}, &co, &c,
                          &err));
    CHECK(inter == c.cluster_inter);
    size_t i = gn_result_find(r, 3, "inter_cosine", "raw", "average", "cai2021");
    CHECK(gn_result_at(r, i).n == 2);
    gn_result_free(r);
}

/* A label column that is finer than the clusters, one that is noise, and rows without a label. */
TEST(labels_explain) {
    REQUIRE(set);
    gn_result *r;
    int32_t code[N];
    char *names[] = {"first a", "first b", "rest"};
    for (int i = 0; i < N; i++) code[i] = i % 7 == 3 ? -1 : position[i] ? 2 : sequence[i] % 2;
    gn_labels labels = {.n = N, .code = code, .n_classes = 3, .name = names};
    gn_measure_label label = {.labels = &labels, .name = "part"};
    gn_measure_cluster_opts o = {.k = 2, .label = &label, .n_labels = 1, .max_rows = 900};
    OK(gn_result_new("test", &r, &err));
    OK(gn_measure_cluster(NULL, set, &o, r, &err));
    CHECK_NEAR(value(r, "cluster_explained", "label", "label", "part"), 1, 1e-12);
    size_t i = gn_result_find(r, 3, "cluster_explained", "label", "label", "part");
    CHECK(gn_result_at(r, i).n < 900 && !gn_result_param(r, i, "sentence"));
    CHECK(value(r, "cluster_share", "label", "content", "part = first a") > 0);
    CHECK(value(r, "kmeans_size", "", "cluster", "0") +
              value(r, "kmeans_size", "", "cluster", "1") ==
          900);
    labels.n = N - 1;
    CHECK(gn_measure_cluster(NULL, set, &o, r, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "part: 1919 labels for the 1920 rows");
    gn_result_free(r);
}

static gn_status ignore(void *user, const gn_reps *reps, size_t layer, const int32_t *label,
                        gn_error *e) {
    (void)user;
    (void)reps;
    (void)layer;
    (void)label;
    (void)e;
    return GN_OK;
}
static gn_status attempt(void *user, gn_error *e) {
    (void)user;
    gn_measure_cluster_opts o = {.max_rows = 60, .found = ignore};
    o.choice =
        (gn_clusters_opts){.kmeans = {.k_min = 2, .k_max = 2, .restarts = 1, .iterations = 3},
                           .sample = 40,
                           .threshold = -1,
                           .null_draws = 3};
    gn_result *r;
    gn_status st = gn_result_new("test", &r, e);
    if (st != GN_OK) return st;
    st = gn_measure_cluster(NULL, set, &o, r, e);
    gn_result_free(r);
    return st;
}
TEST(without_memory) {
    REQUIRE(set);
    FAIL_SWEEP(attempt, NULL, "clusters");
}

int main(void) {
    make_set();
    RUN(the_first_position_is_told);
    RUN(rows_left_out_have_a_cluster_too);
    RUN(cosines_inside_clusters);
    RUN(cosines_of_the_scripts);
    RUN(labels_explain);
    RUN(without_memory);
    gn_reps_free(set);
    return tap_done();
}
