/* Whole sets to rows: the analyses of measure.h on plain matrices, with samples, labels,
 * duplicates, wrong input, and each allocation failing once. */
#include "fail_alloc.h"

#include "base/random.h"
#include "gonio/density.h"
#include "gonio/imbalance.h"
#include "gonio/lid.h"
#include "gonio/measure.h"
#include "gonio/neighbors.h"
#include "gonio/overlap.h"

#include "report/measure_id.h"
#include "reps/writer.h"

enum { N = 90, D = 4 };
static float points[2][N * D];
static gn_reps *set[2];
static gn_error err;

/* A version 1 .npy file. */
static void npy_write(const char *path, const float *x, size_t n) {
    char head[128];
    memset(head, ' ', sizeof head);
    memcpy(head, "\x93NUMPY\x01\x00\x76\x00", 10);
    char text[110];
    int length = snprintf(text, sizeof text,
                          "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %d), }", n, D);
    memcpy(head + 10, text, (size_t)length);
    head[127] = '\n';
    FILE *f = fopen(path, "wb");
    if (!f) return;
    fwrite(head, 1, sizeof head, f);
    fwrite(x, sizeof *x, n * D, f);
    fclose(f);
}

static void open_sets(void) {
    gn_random r = gn_random_new(1, 0);
    for (size_t i = 0; i < N * D; i++) points[0][i] = (float)gn_random_normal(&r);
    memcpy(points[0] + 7 * D, points[0] + 3 * D, D * sizeof(float)); /* row 7 repeats row 3 */
    for (size_t i = 0; i < N * D; i++)
        points[1][i] = points[0][i] + 0.5F * (float)gn_random_normal(&r);
    for (int s = 0; s < 2; s++) {
        const char *path = tmp_path(s ? "measure_b.npy" : "measure_a.npy");
        npy_write(path, points[s], N);
        if (gn_reps_open(path, &set[s], &err) != GN_OK) printf("# %s\n", err.message);
    }
}

static double value_of(gn_result *r, const char *measure, const char *variant, const char *key,
                       const char *param) {
    size_t i = gn_result_find(r, 0, measure, variant, key, param);
    return i == SIZE_MAX ? (double)NAN : gn_result_at(r, i).value;
}

TEST(pairs_equal_the_calls_they_are_made_of) {
    REQUIRE(set[0] && set[1]);
    gn_result *r;
    gn_knn *knn[2];
    gn_overlap o;
    gn_imbalance to, back;
    const size_t seven = 7;
    gn_mat x[2] = {gn_mat_f32(points[0], N, D), gn_mat_f32(points[1], N, D)};
    for (int s = 0; s < 2; s++)
        OK(gn_knn_compute(NULL, x[s], &(gn_knn_opts){.k = 7}, &knn[s], &err));
    OK(gn_overlap_data(knn[0], knn[1], 7, &o, &err));
    OK(gn_imbalance_compute(NULL, knn[0], x[1], 7, NULL, &to, &err));
    OK(gn_imbalance_compute(NULL, knn[1], x[0], 7, NULL, &back, &err));
    OK(gn_result_new("test", &r, &err));
    OK(gn_measure_overlap(NULL, set[0], set[1], &(gn_measure_pairs_opts){.k = &seven, .n_k = 1}, r,
                          &err));
    CHECK(gn_result_count(r) == 1);
    CHECK(value_of(r, "data_overlap", "", "other_set", "measure_b.npy") == o.value);
    OK(gn_measure_imbalance(NULL, set[0], set[1], &(gn_measure_pairs_opts){.k = &seven, .n_k = 1},
                            r, &err));
    CHECK(gn_result_count(r) == 3);
    CHECK(value_of(r, "information_imbalance", "", "other_set", "measure_b.npy") == to.value);
    CHECK(value_of(r, "information_imbalance", "", "other_set", "measure_a.npy") == back.value);
    gn_result_free(r);
    for (int s = 0; s < 2; s++) gn_knn_free(knn[s]);
}

/* A set of layers 0, 2 and 5: the points with more and more noise. */
enum { LAYERS = 3 };
static float layer_points[LAYERS][N * D];
static gn_reps *layered_set(void) {
    static const size_t number[LAYERS] = {0, 2, 5};
    static int32_t zero[N], row[N];
    gn_random r = gn_random_new(2, 0);
    for (size_t l = 0; l < LAYERS; l++)
        for (size_t i = 0; i < N * D; i++)
            layer_points[l][i] = points[0][i] + 0.3F * (float)l * (float)gn_random_normal(&r);
    for (int i = 0; i < N; i++) row[i] = i;
    gn_reps_plan plan = {.n_rows = N,
                         .n_dims = D,
                         .n_sequences = N,
                         .n_layers = LAYERS,
                         .layer = number,
                         .n_blocks = 5,
                         .dtype = GN_F32,
                         .token_id = zero,
                         .sequence = row,
                         .position = zero,
                         .about = json_object()};
    const void *rows[LAYERS] = {layer_points[0], layer_points[1], layer_points[2]};
    gn_reps_writer *w = NULL;
    gn_reps *reps = NULL;
    const char *dir = tmp_path("measure_set");
    if (gn_reps_writer_open(dir, &plan, true, &w, &err) != GN_OK ||
        (gn_reps_writer_rows(w) == 0 && gn_reps_writer_append(w, rows, N, N, &err) != GN_OK) ||
        gn_reps_writer_finish(w, &err) != GN_OK || gn_reps_open(dir, &reps, &err) != GN_OK)
        printf("# %s\n", err.message);
    gn_reps_writer_free(w);
    json_decref(plan.about);
    return reps;
}

static size_t place_of(int layer) {
    return layer == 0 ? 0 : layer == 2 ? 1 : 2;
}

/* All pairs of three layers, and three layers against one: each value in its place. */
TEST(every_pair_of_layers_is_itself) {
    gn_reps *reps = layered_set();
    REQUIRE(reps && set[1]);
    gn_knn *knn[LAYERS + 1];
    gn_mat x[LAYERS + 1];
    gn_result *r;
    for (size_t l = 0; l <= LAYERS; l++) {
        x[l] = gn_mat_f32(l < LAYERS ? layer_points[l] : points[1], N, D);
        OK(gn_knn_compute(NULL, x[l], &(gn_knn_opts){.k = 4}, &knn[l], &err));
    }
    for (int two = 0; two < 2; two++) {
        const gn_reps *b = two ? set[1] : NULL;
        const size_t four = 4;
        gn_measure_pairs_opts opts = {.k = &four, .n_k = 1};
        OK(gn_result_new("test", &r, &err));
        OK(gn_measure_overlap(NULL, reps, b, &opts, r, &err));
        CHECK(gn_result_count(r) == 3); /* 3 pairs inside, or 3 x 1 */
        OK(gn_measure_imbalance(NULL, reps, b, &opts, r, &err));
        CHECK(gn_result_count(r) == 9);
        for (size_t i = 0; i < gn_result_count(r); i++) {
            gn_measurement m = gn_result_at(r, i);
            int other = atoi(gn_result_param(r, i, "other_layer"));
            bool from_b = strcmp(m.set, "measure_b.npy") == 0;
            bool to_b = strcmp(gn_result_param(r, i, "other_set"), "measure_b.npy") == 0;
            size_t s = from_b ? LAYERS : place_of(m.layer), t = to_b ? LAYERS : place_of(other);
            CHECK(s != t && (from_b || to_b) == two);
            gn_overlap o;
            gn_imbalance v;
            OK(gn_overlap_data(knn[s], knn[t], 4, &o, &err));
            OK(gn_imbalance_compute(NULL, knn[s], x[t], 4, NULL, &v, &err));
            bool overlap = strcmp(m.measure, "data_overlap") == 0;
            CHECK(m.value == (overlap ? o.value : v.value) && m.se == (overlap ? o.se : v.se));
        }
        gn_result_free(r);
    }
    for (size_t l = 0; l <= LAYERS; l++) gn_knn_free(knn[l]);
    gn_reps_free(reps);
}

/* Two far clouds in an irregular order, some rows repeated: labels follow their rows through the
 * sample and through the removal of repeated rows. */
TEST(labels_follow_their_rows) {
    float x[N * D];
    int32_t code[N];
    char *names[] = {"near", "far"};
    gn_random r = gn_random_new(3, 0);
    for (size_t i = 0; i < N; i++) {
        code[i] = (int32_t)gn_random_below(&r, 2);
        for (size_t c = 0; c < D; c++)
            x[i * D + c] = 0.5F * (float)gn_random_normal(&r) + 50 * (float)code[i];
        if (i > 0 && i < 20 && i % 3 == 0) {
            memcpy(x + i * D, x + (i - 1) * D, D * sizeof *x);
            code[i] = code[i - 1];
        }
    }
    const char *path = tmp_path("measure_clouds.npy");
    npy_write(path, x, N);
    gn_labels labels = {.n = N, .code = code, .n_classes = 2, .name = names};
    const size_t six = 6;
    gn_measure_label cloud = {&labels, "cloud"};
    gn_measure_pairs_opts opts = {
        .k = &six, .n_k = 1, .label = &cloud, .n_labels = 1, .labels_only = true};
    gn_measure_density_opts density = {.k = 6, .label = &cloud, .n_labels = 1};
    gn_reps *reps;
    gn_result *result;
    OK(gn_reps_open(path, &reps, &err));
    for (size_t rows = 50; rows <= N; rows += N - 50) {
        opts.max_rows = density.max_rows = rows;
        OK(gn_result_new("test", &result, &err));
        OK(gn_measure_overlap(NULL, reps, NULL, &opts, result, &err));
        CHECK(value_of(result, "label_overlap", "plain", "label", "cloud") == 1);
        OK(gn_measure_density(NULL, reps, &density, result, &err));
        CHECK(value_of(result, "n_duplicates", "", NULL, NULL) > 0);
        double clusters = value_of(result, "n_clusters", "", NULL, NULL);
        CHECK(clusters >= 2);
        if (clusters == 2) CHECK(value_of(result, "adjusted_rand", "", "label", "cloud") == 1);
        CHECK(value_of(result, "adjusted_rand", "", "label", "cloud") > 0.5);
        gn_result_free(result);
    }
    gn_reps_free(reps);
}

struct seen {
    size_t calls, n;
    int32_t row[N];
    double value[N];
};
static gn_status keep_points(void *user, const gn_reps *reps, size_t layer, size_t k, size_t n,
                             const int32_t *row, const double *value, gn_error *e) {
    struct seen *s = user;
    (void)e;
    CHECK(reps == set[0] && layer == 0 && (s->calls ? k == 9 : k == 5));
    s->calls++;
    s->n = n;
    memcpy(s->row, row, n * sizeof *row);
    memcpy(s->value, value, n * sizeof *value);
    return GN_OK;
}

/* Rows are the calls they are made of, over distinct rows; points are told by the set's rows. */
TEST(local_dimensions_of_a_set) {
    REQUIRE(set[0]);
    struct seen seen = {0};
    size_t k[] = {5, 9};
    gn_measure_lid_opts o = {.k = k, .n_k = 2, .points = keep_points, .user = &seen};
    gn_result *r;
    gn_neighbors *found;
    gn_lid_summary want;
    gn_hubness hubs;
    gn_pair_estimate pairs;
    gn_mat x = gn_mat_f32(points[0], N, D);
    double value[N];
    OK(gn_knn_compute_distinct(NULL, x, &(gn_knn_opts){.k = 9}, &found, &err));
    gn_mat dist = gn_mat_f32(found->distinct->distance, N - 1, 9);
    OK(gn_result_new("test", &r, &err));
    OK(gn_measure_lid(NULL, set[0], &o, r, &err));
    CHECK(value_of(r, "n_duplicates", "", NULL, NULL) == 1);
    OK(gn_lid(dist, &(gn_lid_opts){.k = 5}, NULL, &want, &err));
    CHECK(value_of(r, "lid", "unbiased", "k", "5") == want.mean);
    CHECK(value_of(r, "lid", "harmonic", "k", "5") == want.harmonic);
    OK(gn_lid(dist, NULL, value, &want, &err));
    CHECK(value_of(r, "lid", "unbiased", "k", "9") == want.mean);
    OK(gn_lid_local_knn(dist, NULL, &want, &err));
    CHECK(value_of(r, "local_knn_dimension", "ratio", "k", "8") == want.harmonic);
    OK(gn_hubness_compute(found->distinct, 9, NULL, &hubs, &err));
    CHECK(value_of(r, "hubness", "skewness", "k", "9") == hubs.skewness);
    OK(gn_uniformity(NULL, x, NULL, &pairs, &err));
    CHECK(value_of(r, "uniformity", "", NULL, NULL) == pairs.value);
    OK(gn_correlation_dimension(NULL, x, NULL, &pairs, &err));
    CHECK(value_of(r, "correlation_dimension", "", NULL, NULL) == pairs.value);
    CHECK(gn_result_find(r, 0, "alignment", "pairs", NULL, NULL) == SIZE_MAX); /* no types */
    CHECK(seen.calls == 2 && seen.n == N - 1 &&
          memcmp(seen.row, found->row, sizeof(int32_t) * (N - 1)) == 0);
    CHECK(memcmp(seen.value, value, sizeof(double) * (N - 1)) == 0);
    gn_result_free(r);
    /* the scripts keep the repeated row, whose value is 0 */
    o = (gn_measure_lid_opts){.k = k, .n_k = 1, .cai2021 = true};
    OK(gn_result_new("test", &r, &err));
    OK(gn_measure_lid(NULL, set[0], &o, r, &err));
    OK(gn_lid(gn_mat_f32(found->all->distance, N, 9), &(gn_lid_opts){5, GN_LID_CAI2021, false, D},
              value, &want, &err));
    CHECK(value_of(r, "lid", "cai2021", "k", "5") == want.mean && value[3] == 0 && value[7] == 0);
    CHECK(gn_result_find(r, 0, "hubness", "max", NULL, NULL) == SIZE_MAX);
    gn_result_free(r);
    /* some rows ask all: their own lists, told by their rows; zero distances are skipped */
    seen = (struct seen){0};
    o = (gn_measure_lid_opts){
        .k = k, .n_k = 1, .queries = 30, .points = keep_points, .user = &seen};
    OK(gn_result_new("test", &r, &err));
    OK(gn_measure_lid(NULL, set[0], &o, r, &err));
    OK(gn_lid(gn_mat_f32(found->all->distance, N, 9), &(gn_lid_opts){.k = 5}, value, &want, &err));
    CHECK(seen.calls == 1 && seen.n == 30);
    double asked = 0;
    for (size_t i = 0; i < 30; i++) {
        CHECK(seen.value[i] == value[seen.row[i]] && (i == 0 || seen.row[i] > seen.row[i - 1]));
        asked += seen.value[i] / 30;
    }
    CHECK_NEAR(value_of(r, "lid", "unbiased", "k", "5"), asked, 1e-12);
    CHECK(gn_result_find(r, 0, "hubness", "max", NULL, NULL) == SIZE_MAX);
    k[0] = 2;
    CHECK(gn_measure_lid(NULL, set[0], &o, r, &err) == GN_EINVAL);
    gn_result_free(r);
    gn_neighbors_free(found);
}

/* The same sample in both sets: the imbalance of a set with itself is exact on it. */
TEST(samples_are_the_same_in_all_sets) {
    REQUIRE(set[0] && set[1]);
    gn_ctx *ctx;
    gn_result *r;
    const size_t three = 3;
    gn_measure_pairs_opts opts = {.k = &three, .n_k = 1, .max_rows = 40};
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .seed = 5}, &ctx, &err));
    OK(gn_result_new("test", &r, &err));
    OK(gn_measure_imbalance(ctx, set[0], set[0], &opts, r, &err));
    CHECK(gn_result_count(r) == 2 && gn_result_at(r, 0).n == 40);
    CHECK(gn_result_at(r, 0).value == 4.0 / 40 && gn_result_at(r, 1).value == 4.0 / 40);
    gn_result_free(r);
    OK(gn_result_new("test", &r, &err));
    OK(gn_measure_overlap(ctx, set[0], set[0], &opts, r, &err));
    CHECK(gn_result_at(r, 0).value == 1 && gn_result_at(r, 0).n == 40);
    gn_result_free(r);
    gn_ctx_free(ctx);
}

TEST(density_takes_distinct_rows) {
    REQUIRE(set[0]);
    int32_t code[N];
    char *names[] = {"a", "b"};
    for (int i = 0; i < N; i++) code[i] = i % 2;
    gn_labels labels = {.n = N, .code = code, .n_classes = 2, .name = names};
    gn_measure_label half = {&labels, "half"};
    gn_result *r;
    OK(gn_result_new("test", &r, &err));
    OK(gn_measure_density(
        NULL, set[0], &(gn_measure_density_opts){.k = 20, .label = &half, .n_labels = 1}, r, &err));
    CHECK(value_of(r, "n_duplicates", "", NULL, NULL) == 1);
    size_t i = gn_result_find(r, 0, "n_clusters", "", NULL, NULL);
    REQUIRE(i != SIZE_MAX);
    CHECK(gn_result_at(r, i).n == N - 1 && gn_result_at(r, i).value >= 1);
    CHECK(fabs(value_of(r, "adjusted_rand", "", "label", "half")) < 0.2);
    double dim = value_of(r, "twonn", "base_0.9", NULL, NULL);
    const char *text =
        gn_result_param(r, gn_result_find(r, 0, "log_density", "pak", NULL, NULL), "dim");
    CHECK(text && fabs(atof(text) - dim) < 1e-12);
    CHECK(value_of(r, "kstar", "max", NULL, NULL) <= 19);
    gn_result_free(r);
    memset(code, 0, sizeof code);
    OK(gn_result_new("test", &r, &err));
    OK(gn_measure_density(
        NULL, set[0],
        &(gn_measure_density_opts){.k = 20, .label = &half, .n_labels = 1, .dim = 3.5}, r, &err));
    i = gn_result_find(r, 0, "adjusted_rand", "", NULL, NULL);
    CHECK_CONTAINS(gn_result_at(r, i).note, "all labels are the same");
    CHECK(value_of(r, "log_density", "pak", "dim", "3.5") < 0);
    gn_result_free(r);
}

TEST(wrong_input_is_named) {
    REQUIRE(set[0] && set[1]);
    gn_result *r;
    gn_reps *fewer;
    const char *path = tmp_path("measure_fewer.npy");
    int32_t code[N] = {0};
    gn_labels labels = {.n = N - 1, .code = code, .n_classes = 1};
    gn_measure_label half = {&labels, "half"};
    gn_measure_pairs_opts labelled = {.label = &half, .n_labels = 1, .labels_only = true};
    gn_measure_density_opts density = {.label = &half, .n_labels = 1};
    npy_write(path, points[0], N - 1);
    OK(gn_reps_open(path, &fewer, &err));
    OK(gn_result_new("test", &r, &err));
    CHECK(gn_measure_overlap(NULL, set[0], fewer, NULL, r, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "measure_a.npy has 90 rows, measure_fewer.npy has 89");
    CHECK(gn_measure_imbalance(NULL, set[0], NULL, NULL, r, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "one layer");
    CHECK(gn_measure_overlap(NULL, set[0], NULL, &labelled, r, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "half: 89 labels for the 90 rows");
    CHECK(gn_measure_density(NULL, set[0], &density, r, &err) == GN_EINVAL);
    CHECK(gn_measure_density(NULL, set[0], &(gn_measure_density_opts){.max_rows = 2}, r, &err) ==
          GN_EINVAL);
    CHECK(gn_measure_density(NULL, set[0], &(gn_measure_density_opts){.dim = -1}, r, &err) ==
          GN_EINVAL);
    CHECK_CONTAINS(err.message, "dimension -1");
    CHECK(gn_result_count(r) == 0);
    /* labels that nobody carries: a row with the reason, not a failure */
    for (int i = 0; i < N; i++) code[i] = -1;
    labels.n = N;
    OK(gn_measure_overlap(NULL, set[0], NULL, &labelled, r, &err));
    CHECK(gn_result_count(r) == 2 && isnan(gn_result_at(r, 0).value) && gn_result_at(r, 0).note);
    gn_result_free(r);
    gn_reps_free(fewer);
}

static gn_reps *three_layers;

TEST(the_common_scale_is_the_flattest_on_average) {
    const double x = (double)NAN;
    const double curve[3][5] = {{8, 4, 4, 4.1, 1}, {1, 2, 4, 4, 4}, {x, x, x, x, x}};
    /* mean changes: (ln 2 + ln 4) / 4, (ln 1.025 + ln 2) / 4, (ln 4 + 0) / 4 */
    CHECK(gn_common_scale(curve[0], 2, 5) == 2);
    CHECK(gn_common_scale(curve[0], 3, 5) == 2); /* a layer without a curve has no say */
    CHECK(gn_common_scale(curve[1], 2, 5) == 3);
    CHECK(gn_common_scale(curve[2], 1, 5) == SIZE_MAX);
    const double shorter[2][5] = {{8, 4, 4, 4.1, 1}, {3, 3, x, x, x}};
    CHECK(gn_common_scale(shorter[0], 2, 5) == 0); /* no interior scale that both have */
}

/* One scale for all sets, and a layer choice for each; a set whose curves end elsewhere has its say
 * where it has a curve. */
TEST(profiles_share_one_scale) {
    gn_result *r;
    gn_measure_id_opts opts = {.k = 40, .decimation = GN_DECIMATION_OFF};
    gn_reps *reps = layered_set();
    REQUIRE(reps && set[0]);
    OK(gn_result_new("test", &r, &err));
    OK(gn_measure_id_profiles(r, NULL, &err)); /* nothing to say */
    CHECK(gn_result_count(r) == 0);
    OK(gn_measure_id(NULL, reps, &opts, r, &err));
    opts.max_rows = 9; /* k = 8: n2 = 2, 4, 8 */
    OK(gn_measure_id(NULL, set[0], &opts, r, &err));
    size_t before = gn_result_count(r), n_common = 0, n_choice = 0;
    OK(gn_measure_id_profiles(r, &opts, &err));
    for (size_t i = before; i < gn_result_count(r); i++) {
        gn_measurement m = gn_result_at(r, i);
        bool common = strcmp(m.variant, "common") == 0;
        n_common += common;
        n_choice += strcmp(m.measure, "layer_choice") == 0;
        if (!common) continue;
        CHECK_STR(gn_result_param(r, i, "n2"), "4"); /* the only interior scale of all */
        size_t same = SIZE_MAX;
        for (size_t j = 0; j < before; j++) {
            gn_measurement g = gn_result_at(r, j);
            const char *n2 = gn_result_param(r, j, "n2");
            if (strcmp(g.set, m.set) == 0 && g.layer == m.layer && n2 && !*g.variant &&
                strcmp(g.measure, "gride") == 0 && strcmp(n2, "4") == 0)
                same = j;
        }
        REQUIRE(same != SIZE_MAX);
        CHECK(gn_result_at(r, same).value == m.value && gn_result_at(r, same).se == m.se);
    }
    CHECK(n_common == LAYERS + 1 && n_choice == 4); /* one layer has no profile */
    gn_result_free(r);
    gn_reps_free(reps);
}

static gn_status attempt(void *user, gn_error *e) {
    int kind = *(int *)user;
    int32_t code[N];
    const size_t five = 5;
    for (int i = 0; i < N; i++) code[i] = i % 3;
    gn_labels labels = {.n = N, .code = code, .n_classes = 3};
    const size_t twelve = 12;
    gn_measure_label third = {&labels, "third"};
    gn_measure_pairs_opts opts = {
        .k = &twelve, .n_k = 1, .max_rows = 50, .label = &third, .n_labels = 1, .group = third};
    gn_measure_density_opts density = {.k = 12,
                                       .max_rows = 50,
                                       .points = tmp_path("measure_points"),
                                       .label = &third,
                                       .n_labels = 1};
    gn_result *r;
    gn_status st = gn_result_new("test", &r, e);
    if (st != GN_OK) return st;
    if (kind == 0) st = gn_measure_overlap(NULL, set[0], set[1], &opts, r, e);
    if (kind == 1) st = gn_measure_imbalance(NULL, set[0], set[1], &opts, r, e);
    if (kind == 2) st = gn_measure_density(NULL, set[0], &density, r, e);
    if (kind == 3)
        st = gn_measure_lid(NULL, set[0], &(gn_measure_lid_opts){.k = &five, .n_k = 1}, r, e);
    if (kind == 4) {
        gn_measure_id_opts id = {
            .k = 8, .range_max = 8, .max_rows = 24, .set = "a", .decimation = GN_DECIMATION_ON};
        for (int s = 0; s < 2 && st == GN_OK; s++) {
            st = gn_measure_id(NULL, three_layers, &id, r, e);
            id.set = "b";
        }
        if (st == GN_OK) st = gn_measure_id_profiles(r, &id, e);
    }
    gn_result_free(r);
    return st;
}
TEST(without_memory) {
    three_layers = layered_set();
    REQUIRE(set[0] && set[1] && three_layers);
    for (int kind = 0; kind < 5; kind++) FAIL_SWEEP(attempt, &kind, "measure");
    gn_reps_free(three_layers);
}

int main(void) {
    open_sets();
    RUN(pairs_equal_the_calls_they_are_made_of);
    RUN(every_pair_of_layers_is_itself);
    RUN(labels_follow_their_rows);
    RUN(local_dimensions_of_a_set);
    RUN(samples_are_the_same_in_all_sets);
    RUN(density_takes_distinct_rows);
    RUN(the_common_scale_is_the_flattest_on_average);
    RUN(profiles_share_one_scale);
    RUN(wrong_input_is_named);
    RUN(without_memory);
    for (int s = 0; s < 2; s++) gn_reps_free(set[s]);
    return tap_done();
}
