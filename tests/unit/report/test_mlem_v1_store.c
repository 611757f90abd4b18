#define _POSIX_C_SOURCE 200809L
/* The first pipeline's folders: which files are made, counted, for each row of its table of
 * skip_existing and for each input that can change; and what stands in them. */
#include "tap.h"

#include "base/random.h"
#include "gonio/mlem_report.h"
#include "io/file.h"

#include <unistd.h>

enum { N = 24, D = 4, PAIRS = N * (N - 1) / 2 };

static gn_features *table(size_t cell, gn_error *err) {
    static int32_t code[2][N];
    gn_features *f = NULL;
    for (size_t i = 0; i < N; i++) {
        code[0][i] = (int32_t)(i % 3);
        code[1][i] = (int32_t)(i * i % 7 % 2);
    }
    if (cell < N) code[1][cell] = 1 - code[1][cell];
    const gn_feature_column c[2] = {{"kind, of word", code[0], NULL, GN_BY_KIND},
                                    {"other", code[1], NULL, GN_BY_KIND}};
    return gn_features_new(N, c, 2, &f, err) == GN_OK ? f : NULL;
}

static void put_rows(const char *path, uint64_t seed) {
    float x[N * D];
    size_t shape[2] = {N, D};
    gn_error err;
    gn_random r = gn_random_new(seed, 0);
    for (size_t e = 0; e < N * D; e++)
        x[e] = (float)(gn_random_normal(&r) + 3 * (e % D == e / D % 3));
    OK(gn_npy_write(path, GN_F32, shape, 2, x, &err));
}

static char matrix[1100], work[1100];

static void start(void) {
    char command[1200];
    snprintf(matrix, sizeof matrix, "%s", tmp_path("v1-rows.npy"));
    snprintf(work, sizeof work, "%s", tmp_path("v1-work"));
    snprintf(command, sizeof command, "rm -rf '%s'", work);
    CHECK(system(command) == 0);
    put_rows(matrix, 1);
}

static gn_status stored(gn_v1_store_opts o, size_t cell, gn_v1_work *w, gn_error *err) {
    gn_reps *reps = NULL;
    gn_result *result = NULL;
    gn_features *f = table(cell, err);
    *w = (gn_v1_work){0};
    o.work_dir = work;
    o.dataset = "table";
    gn_status st = GN_ENOMEM;
    if (f && gn_reps_open(matrix, &reps, err) == GN_OK &&
        gn_result_new("mlem", &result, err) == GN_OK)
        st = gn_mlem_v1_store(NULL, reps, f, &o, result, w, err);
    gn_result_free(result);
    gn_reps_free(reps);
    gn_features_free(f);
    return st;
}

/* Counts as a number: features, distances, scaling, importance, units, decoding. */
static long made(double skip, size_t cell, bool conditional) {
    gn_error err = {0};
    gn_v1_work w;
    gn_v1_store_opts o = {.mds = true, .skip_existing = skip};
    o.measure.decode = o.measure.units = true;
    o.measure.v1.conditional = conditional;
    if (stored(o, cell, &w, &err) != GN_OK) printf("# %s\n", err.message);
    return (long)(((((w.features * 10 + w.distances) * 10 + w.mds) * 10 + w.importance) * 10 +
                   w.units) *
                      10 +
                  w.decoding);
}

TEST(files_are_kept_as_the_published_table_says) {
    start();
    CHECK(made(HUGE_VAL, N, false) == 111111);
    CHECK(made(HUGE_VAL, N, false) == 0);
    CHECK(made(2.5, N, false) == 0);
    CHECK(made(2, N, false) == 111);
    CHECK(made(1.6, N, false) == 111);
    CHECK(made(1.5, N, false) == 1111);
    CHECK(made(1.1, N, false) == 1111);
    CHECK(made(1, N, false) == 11111);
    CHECK(made(0, N, false) == 11111); /* states are the caller's: gn_mlem_extract */
    CHECK(made(HUGE_VAL, N, false) == 0);
}

TEST(what_a_file_depends_on_makes_it_anew) {
    start();
    CHECK(made(HUGE_VAL, N, false) == 111111);
    CHECK(made(HUGE_VAL, 5, false) == 100111); /* one cell of the table */
    CHECK(made(HUGE_VAL, 5, false) == 0);
    CHECK(made(HUGE_VAL, 5, true) == 110); /* an option: other files */
    put_rows(matrix, 2);
    CHECK(made(HUGE_VAL, 5, false) == 11111); /* the states */
    CHECK(made(HUGE_VAL, 5, true) == 110);
}

TEST(tables_hold_what_is_measured) {
    gn_error err;
    gn_v1 *v = NULL;
    gn_v1_score score;
    gn_v1_importance fi[2];
    gn_reps *reps = NULL;
    char path[1400], *text = NULL, want[200];
    size_t n;
    start();
    CHECK(made(HUGE_VAL, N, false) == 111111);
    gn_features *f = table(N, &err);
    OK(gn_v1_new(NULL, f, NULL, &v, &err));
    OK(gn_reps_open(matrix, &reps, &err));
    OK(gn_v1_measure(NULL, v, gn_reps_layer(reps, 0), &score, fi, &err));
    const char *lay = "experiments/table/v1-rows.npy/spe_tok/analysis/rows/euclidean/zscore_False/"
                      "layer_0";
    snprintf(path, sizeof path, "%s/%s/min_max_True/feature_importance_conditional_False.csv", work,
             lay);
    OK(gn_read_file(path, 1 << 20, &text, &n, &err));
    snprintf(want, sizeof want, "\n\"kind, of word\",%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,%.17g,",
             fi[0].importance, fi[0].std, fi[0].p, score.mae, score.mse, score.r2, score.r);
    CHECK(strstr(text, want) != NULL);
    CHECK(strstr(text,
                 ",table,v1-rows.npy,0,,True,False,rows,euclidean,0,True,False,Multivariate\n"));
    gn_free(text);
    /* Distances as they are read: symmetric, those of the measurement. */
    double d[PAIRS];
    gn_matrix *m = NULL;
    OK(gn_v1_distances(NULL, gn_reps_layer(reps, 0), GN_PAIR_EUCLIDEAN, d, &err));
    snprintf(path, sizeof path, "%s/%s/distance_matrix.npz:arr_0", work, lay);
    OK(gn_matrix_open(path, &m, &err));
    gn_mat whole = gn_matrix_view(m);
    REQUIRE(whole.rows == N && whole.cols == N && whole.dtype == GN_F64);
    const double *x = whole.data;
    size_t same = 0;
    for (size_t i = 0, at = 0; i < N; i++)
        for (size_t j = i + 1; j < N; j++, at++)
            same += x[i * N + j] == d[at] && x[j * N + i] == d[at];
    CHECK(same == PAIRS);
    gn_matrix_free(m);
    snprintf(path, sizeof path, "%s/data/feature_dist_mat_triu_flat_table.npz", work);
    OK(gn_matrix_open(path, &m, &err));
    CHECK(gn_matrix_view(m).rows == PAIRS && gn_matrix_view(m).cols == 2);
    CHECK_NEAR(((const double *)gn_matrix_view(m).data)[4], 0, 0); /* rows 0 and 3: one kind */
    gn_matrix_free(m);
    gn_reps_free(reps);
    gn_v1_free(v);
    gn_features_free(f);
}

TEST(the_best_units_come_from_the_table_of_units) {
    gn_error err = {0};
    gn_v1_work w;
    start();
    gn_v1_store_opts o = {.top_units = "R2", .skip_existing = HUGE_VAL};
    OK(stored(o, N, &w, &err));
    CHECK(w.units == 1 && w.top_k == 3); /* 2, 3, 4 of 4 units */
    OK(stored(o, N, &w, &err));
    CHECK(w.units == 0 && w.top_k == 0 && w.importance == 0);
    o.top_units = "other";
    OK(stored(o, N, &w, &err));
    CHECK(w.units == 0 && w.top_k == 3);
    OK(stored(o, 5, &w, &err)); /* a cell */
    CHECK(w.units == 1 && w.top_k == 3);
    o.top_units = "nothing";
    CHECK(stored(o, 5, &w, &err) == GN_EINVAL);
    CHECK(strstr(err.message, "expected R2, R, MSE, MAE or a feature"));
}

/* Three units that are the same tie at the cut after two: all of them stay. */
TEST(units_that_tie_at_the_cut_are_all_kept) {
    gn_error err = {0};
    gn_v1_work w;
    char path[1400];
    size_t shape[2] = {N, D};
    float x[N * D];
    gn_random r = gn_random_new(4, 0);
    start();
    for (size_t i = 0; i < N; i++) {
        for (size_t u = 0; u < D; u++) x[i * D + u] = (float)(3 * (i % 3 == 1));
        x[i * D + 2] = (float)gn_random_normal(&r);
    }
    OK(gn_npy_write(matrix, GN_F32, shape, 2, x, &err));
    OK(stored((gn_v1_store_opts){.top_units = "R2", .skip_existing = HUGE_VAL}, N, &w, &err));
    CHECK(w.top_k == 2); /* 3 and 4 of the grid 2, 3, 4 */
    for (int k = 2; k <= 4; k++) {
        snprintf(path, sizeof path,
                 "%s/experiments/table/v1-rows.npy/spe_tok/analysis/rows/euclidean/zscore_False/"
                 "layer_0/min_max_True/feature_importance_conditional_False_R2_top_%d.csv",
                 work, k);
        CHECK(gn_path_is_file(path) == (k > 2));
    }
}

TEST(files_of_other_programs_are_left_alone) {
    gn_error err = {0};
    gn_v1_work w;
    char path[1400];
    start();
    snprintf(path, sizeof path, "%s/data", work);
    OK(gn_make_dirs(path, &err));
    snprintf(path, sizeof path, "%s/data/feature_dist_mat_triu_flat_table.npz", work);
    OK(gn_write_file(path, "theirs", 6, &err));
    CHECK(stored((gn_v1_store_opts){.skip_existing = HUGE_VAL}, N, &w, &err) == GN_EINVAL);
    CHECK(strstr(err.message, "written by another program"));
    CHECK(w.features == 0 && gn_path_is_file(path));
}

int main(void) {
    RUN(files_are_kept_as_the_published_table_says);
    RUN(what_a_file_depends_on_makes_it_anew);
    RUN(tables_hold_what_is_measured);
    RUN(the_best_units_come_from_the_table_of_units);
    RUN(units_that_tie_at_the_cut_are_all_kept);
    RUN(files_of_other_programs_are_left_alone);
    return tap_done();
}
