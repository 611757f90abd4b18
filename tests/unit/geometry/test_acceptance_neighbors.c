/* Acceptance checks 3, 4 and 7: the golden neighbours on every path of the search, what a change of
 * coordinates must not change, and rows that repeat. */
#include "acceptance.h"

#include "base/random.h"
#include "gonio/id.h"
#include "gonio/measure.h"
#include "gonio/survey.h"
#include "neighbors/engine.h"

enum { K = 64 };

/* ---- check 3 -----------------------------------------------------------------------------------
 */

static double *exact[2]; /* float64 distances of A and of C to their 64 nearest */

static void check_golden_lists(gn_ctx *ctx, int set, const gn_engine_tuning *tuning) {
    const shared_sets *s = sets();
    const int32_t *want = set ? s->near_c : s->near_a;
    size_t d = set ? D_C : D_A, wrong = 0, far = 0, self = 0;
    gn_error err;
    gn_knn *knn;
    OK(gn_knn_search(ctx, gn_mat_f32(set ? s->c : s->a, N, d), &(gn_knn_opts){.k = K}, tuning, &knn,
                     &err));
    for (size_t e = 0; e < (size_t)N * K; e++) {
        size_t i = e / K, rank = e % K;
        wrong += knn->index[e] != want[i * (K + 1) + rank + 1];
        self += knn->index[e] == (int32_t)i;
        far += !(fabs((double)knn->distance[e] - exact[set][e]) <= 1e-6 * exact[set][e]);
    }
    CHECK(wrong == 0 && far == 0 && self == 0);
    gn_knn_free(knn);
}

/* Whole and cut into blocks; with lists that hold everything, that overflow, and of too many bytes;
 * and, where they can be emulated, over the AMX kernels with one to three parts. */
#ifdef GN_TEST_AMX
extern const gn_gemm gn_gemm_emulated1, gn_gemm_emulated2, gn_gemm_emulated3;
#endif
static void golden_lists(gn_ctx *ctx) {
    static const gn_engine_tuning ways[] = {
        {0},
        {.block_rows = 100},
        {.block_rows = 1024},
        {.room = 70},
        {.list_bytes = 1},
#ifdef GN_TEST_AMX
        {.gemm = &gn_gemm_emulated1},
        {.gemm = &gn_gemm_emulated2},
        {.gemm = &gn_gemm_emulated3, .block_rows = 100},
#endif
    };
    /* emulated tiles are those of one thread */
    bool emulates = gn_ctx_cpu(ctx) == GN_CPU_AVX512 && gn_ctx_threads(ctx) == 1;
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
        for (int set = 0; set < 2; set++)
            if (!ways[w].gemm || emulates) check_golden_lists(ctx, set, &ways[w]);
}
TEST(check_3_golden_neighbors_on_every_path) {
    const shared_sets *s = sets();
    if (!s) SKIP("no shared data");
    for (int set = 0; set < 2; set++) {
        size_t d = set ? D_C : D_A;
        const float *x = set ? s->c : s->a;
        const int32_t *near = set ? s->near_c : s->near_a;
        exact[set] = malloc((size_t)N * K * sizeof(double));
        for (size_t e = 0; e < (size_t)N * K; e++) {
            size_t i = e / K, j = (size_t)near[i * (K + 1) + e % K + 1];
            double sum = 0;
            for (size_t c = 0; c < d; c++) {
                double diff = (double)x[i * d + c] - (double)x[j * d + c];
                sum += diff * diff;
            }
            exact[set][e] = sqrt(sum);
        }
        for (size_t r = 0; r < 7; r++) { /* the golden means are of these distances */
            double mean = 0;
            for (size_t i = 0; i < N; i++) mean += exact[set][i * K + ((size_t)1 << r) - 1] / N;
            CHECK_GOLDEN(mean, s->root, "%c/mean_nn_distance_rank_1_2_4_8_16_32_64/%zu", "AC"[set],
                         r);
        }
    }
    on_every_machine(golden_lists);
    free(exact[0]);
    free(exact[1]);
}

/* ---- check 4 -----------------------------------------------------------------------------------
 */

enum { BINOMIAL = 4, CURVE = 11, ESTIMATES = CURVE + 2 };

/* TwoNN in four variants, k*-Gride, binomial, Gride at every scale. Distances are taken from the
 * lists and x in float64: those that gn_knn stores are float32, whose rounding alone moves an
 * estimate by 1e-8. */
static void estimates(const gn_knn *knn, const double *x, size_t d, double *dim) {
    static const gn_twonn_opts variants[] = {
        {.fraction = 0.9}, {.fraction = 0.98}, {.method = GN_TWONN_ML}, {.method = GN_TWONN_BAYES}};
    gn_error err;
    double *r = malloc((size_t)N * K * sizeof *r);
    for (size_t e = 0; e < (size_t)N * K; e++) {
        size_t i = e / K, j = (size_t)knn->index[e];
        double sum = 0;
        for (size_t c = 0; c < d; c++)
            sum += (x[i * d + c] - x[j * d + c]) * (x[i * d + c] - x[j * d + c]);
        r[e] = sqrt(sum);
    }
    gn_mat dist = gn_mat_f64(r, N, K);
    gn_id_estimate e;
    for (size_t v = 0; v < 4; v++) {
        OK(gn_id_twonn(dist, &variants[v], &e, &err));
        dim[v] = e.dim;
    }
    gn_binomial_estimate b;
    OK(gn_id_binomial(dist, NULL, &b, &err));
    dim[BINOMIAL] = b.id.dim;
    gn_gride_point p[8];
    size_t n;
    OK(gn_id_gride(dist, NULL, p, &n, &err));
    REQUIRE(n == CURVE - BINOMIAL - 1);
    for (size_t j = 0; j < n; j++) dim[BINOMIAL + 1 + j] = p[j].id.dim;
    /* and what reads the stored float32 distances */
    gn_id_estimate steps[6];
    OK(gn_id_kstar_gride(NULL, knn, NULL, steps, &err));
    dim[CURVE] = steps[5].dim;
    OK(gn_id_twonn(gn_mat_f32(knn->distance, N, K), NULL, &e, &err));
    dim[CURVE + 1] = e.dim;
    free(r);
}

static size_t same_neighbors(const gn_knn *a, const gn_knn *b, size_t k) {
    size_t same = 0;
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < k; j++) same += a->index[i * a->k + j] == b->index[i * b->k + j];
    return same;
}

/* A random rotation: orthonormal rows by Gram and Schmidt, twice for accuracy. */
static void rotation(double q[D_A][D_A]) {
    gn_random r = gn_random_new(4, 0);
    for (size_t a = 0; a < D_A; a++) {
        for (size_t j = 0; j < D_A; j++) q[a][j] = gn_random_normal(&r);
        for (size_t b = 0; b < 2 * a + 1; b++) {
            size_t other = b < 2 * a ? b % a : a;
            double p = 0;
            for (size_t j = 0; j < D_A; j++) p += q[a][j] * q[other][j];
            for (size_t j = 0; j < D_A; j++)
                q[a][j] = other == a ? q[a][j] / sqrt(p) : q[a][j] - p * q[other][j];
        }
    }
}

static void moved_points(gn_ctx *ctx) {
    static double x[N * D_A], y[N * D_A], q[D_A][D_A];
    const float *a = sets()->a;
    double before[ESTIMATES] = {0}, after[ESTIMATES] = {0};
    for (size_t e = 0; e < N * D_A; e++) x[e] = (double)a[e];
    rotation(q);
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < D_A; c++) {
            double v = 0;
            for (size_t j = 0; j < D_A; j++) v += q[c][j] * x[i * D_A + j];
            y[i * D_A + c] = 7.3 * v + 1000;
        }
    gn_knn *knn = neighbors_of(ctx, gn_mat_f64(x, N, D_A), K),
           *moved = neighbors_of(ctx, gn_mat_f64(y, N, D_A), K);
    REQUIRE(knn && moved);
    CHECK(same_neighbors(knn, moved, K) == N * K);
    estimates(knn, x, D_A, before);
    estimates(moved, y, D_A, after);
    for (size_t j = 0; j < ESTIMATES; j++)
        CHECK_RELATIVE(after[j], before[j], j < CURVE ? 1e-9 : 1e-7);
    gn_knn_free(moved);
    static float f[N * D_A];
    for (size_t e = 0; e < N * D_A; e++) f[e] = (float)(x[e] + 1000), y[e] = (double)f[e];
    moved = neighbors_of(ctx, gn_mat_f32(f, N, D_A), K);
    REQUIRE(moved);
    CHECK(same_neighbors(knn, moved, 30) * 1000 >= 995 * N * 30);
    estimates(moved, y, D_A, after);
    /* the binomial one counts: a point that crosses the inner radius moves it by 1e-4 */
    for (size_t j = 0; j < ESTIMATES; j++)
        CHECK_RELATIVE(after[j], before[j], j == BINOMIAL ? 1e-3 : 1e-4);
    gn_knn_free(moved);
    gn_knn_free(knn);
}
TEST(check_4_rotated_shifted_scaled) {
    if (!sets()) SKIP("no shared data");
    on_every_machine(moved_points);
}

static void padded_points(gn_ctx *ctx) {
    enum { WIDE = 512 };
    const float *a = sets()->a;
    float *wide = calloc(N * WIDE, sizeof *wide);
    for (size_t i = 0; i < N; i++) memcpy(wide + i * WIDE, a + i * D_A, D_A * sizeof *a);
    gn_knn *knn = neighbors_of(ctx, gn_mat_f32(a, N, D_A), K),
           *padded = neighbors_of(ctx, gn_mat_f32(wide, N, WIDE), K);
    REQUIRE(knn && padded);
    CHECK(memcmp(knn->index, padded->index, (size_t)N * K * sizeof *knn->index) == 0);
    CHECK(memcmp(knn->distance, padded->distance, (size_t)N * K * sizeof *knn->distance) == 0);
    gn_decimate_point p[2][10];
    size_t n[2];
    gn_error err;
    memset(p, 0, sizeof p);
    for (int w = 0; w < 2; w++)
        OK(gn_id_decimate(ctx, w ? gn_mat_f32(wide, N, WIDE) : gn_mat_f32(a, N, D_A), NULL, p[w],
                          &n[w], &err));
    CHECK(n[0] == n[1] && memcmp(p[0], p[1], sizeof p[0]) == 0);
    gn_knn_free(knn);
    gn_knn_free(padded);
    free(wide);
}
TEST(check_4_zero_columns_change_nothing_at_all) {
    if (!sets()) SKIP("no shared data");
    on_every_machine(padded_points);
}

/* ---- check 7 -----------------------------------------------------------------------------------
 */

/* The row of a measure; NaN when there is none. */
static double value_of(const gn_result *r, const char *measure, const char *variant,
                       const char *key, const char *value) {
    size_t row = gn_result_find(r, 0, measure, variant, key, value);
    return row == SIZE_MAX ? (double)NAN : gn_result_at(r, row).value;
}

static void duplicates(gn_ctx *ctx) {
    enum { ALL = 500, KEPT = 480 };
    const shared_sets *s = sets();
    gn_error err = {0};
    gn_neighbors *found;
    gn_mat x = gn_mat_f32(s->d, ALL, D_A);
    OK(gn_knn_compute_distinct(ctx, x, &(gn_knn_opts){.k = K}, &found, &err));
    CHECK(found->n_duplicates == 20 && found->distinct->n == KEPT);
    size_t selves = 0, zeros = 0, bad = 0;
    for (size_t e = 0; e < (size_t)ALL * K; e++) {
        selves += found->all->index[e] == (int32_t)(e / K);
        zeros += found->all->distance[e] == 0;
        bad += isfinite(found->all->distance[e]) ? 0 : 1;
    }
    CHECK(selves == 0 && zeros == 40 && bad == 0);
    for (size_t e = 0; e < (size_t)KEPT * K; e++) {
        selves += found->distinct->index[e] == (int32_t)(e / K);
        bad += !(found->distinct->distance[e] > 0 && isfinite(found->distinct->distance[e]));
    }
    CHECK(selves == 0 && bad == 0);
    gn_id_estimate e;
    gn_gride_point p[8];
    size_t n;
    gn_mat raw = gn_mat_f32(found->all->distance, ALL, K),
           dist = gn_mat_f32(found->distinct->distance, KEPT, K);
    /* not collapsed: no number that looks like one, and a sentence that says what to do */
    CHECK(gn_id_twonn(raw, NULL, &e, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 0, column 0 is 0");
    CHECK_CONTAINS(err.message, "collapsed");
    CHECK(gn_id_gride(raw, NULL, p, &n, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "collapsed");
    OK(gn_id_twonn(dist, NULL, &e, &err));
    CHECK_GOLDEN(e.dim, s->root, "D_duplicates/twonn_base_0.9_after_removal/0");
    CHECK_GOLDEN(e.scale, s->root, "D_duplicates/twonn_base_0.9_after_removal/2");
    OK(gn_id_gride(dist, NULL, p, &n, &err));
    REQUIRE(n == 6);
    for (size_t j = 0; j < n; j++) {
        CHECK_GOLDEN(p[j].id.dim, s->root, "D_duplicates/gride_after_removal/ids/%zu", j);
        CHECK_GOLDEN(p[j].id.se, s->root, "D_duplicates/gride_after_removal/err/%zu", j);
    }
    gn_neighbors_free(found);
}

/* The same from the file, as `gonio id` measures it. */
static void duplicates_of_the_file(gn_ctx *ctx) {
    gn_error err;
    gn_reps *reps;
    gn_result *r;
    OK(gn_reps_open(shared_path("geometry/D_duplicates.npy"), &reps, &err));
    OK(gn_result_new("id", &r, &err));
    OK(gn_measure_id(ctx, reps, NULL, r, &err));
    CHECK(value_of(r, "n_duplicates", "", NULL, NULL) == 20);
    CHECK_RELATIVE(value_of(r, "twonn", "base_0.9", NULL, NULL), 5.011558, 1e-6);
    CHECK_RELATIVE(value_of(r, "gride", "", "n1", "1"), 4.714381, 1e-6);
    for (size_t i = 0; i < gn_result_count(r); i++) {
        gn_measurement m = gn_result_at(r, i);
        CHECK(isfinite(m.value) && m.value > 0 && (m.se > 0 || isnan(m.se)));
    }
    gn_result_free(r);
    gn_reps_free(reps);
}
TEST(check_7_duplicates_are_counted_and_collapsed) {
    if (!sets()) SKIP("no shared data");
    on_every_machine(duplicates);
    on_every_machine(duplicates_of_the_file);
}

int main(void) {
    RUN(check_3_golden_neighbors_on_every_path);
    RUN(check_4_rotated_shifted_scaled);
    RUN(check_4_zero_columns_change_nothing_at_all);
    RUN(check_7_duplicates_are_counted_and_collapsed);
    return tap_done();
}
