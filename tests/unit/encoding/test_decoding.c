/* Decoders against scikit-learn, planted classes and shuffled labels. */
#include "tap.h"

#include "base/mem.h"
#include "encoding/decode.h"
#include "encoding/logistic.h"
#include "encoding/rotation.h"
#include "gonio/io.h"

static gn_matrix *golden(const char *member) {
    char spec[1100];
    gn_error err;
    gn_matrix *m = NULL;
    snprintf(spec, sizeof spec, "%s:%s", test_path("golden/encoding/decoding.npz"), member);
    if (gn_matrix_open(spec, &m, &err) != GN_OK) {
        printf("Bail out! %s\n", err.message);
        exit(1);
    }
    return m;
}

/* A column of whole numbers. */
static int32_t *golden_codes(const char *member) {
    gn_matrix *m = golden(member);
    gn_mat v = gn_matrix_view(m);
    int32_t *out = malloc(v.rows * sizeof *out);
    for (size_t i = 0; i < v.rows; i++) out[i] = (int32_t)((const double *)v.data)[i];
    gn_matrix_free(m);
    return out;
}

TEST(fits_equal_scikit_learn) {
    gn_error err;
    gn_matrix *x = golden("x");
    gn_mat v = gn_matrix_view(x);
    int32_t *two = golden_codes("two");
    bool positive[150];
    gn_logistic l;
    double w[21], scale[20] = {0};
    for (size_t i = 0; i < v.rows; i++) {
        positive[i] = two[i] == 1;
        for (size_t k = 0; k < v.cols; k++)
            scale[k] += pow((double)((const float *)v.data)[i * v.cols + k], 2);
    }
    OK(gn_logistic_new(v.data, scale, v.rows, v.cols, &l, &err));
    for (int c = 0; c < 2; c++) {
        gn_matrix *want = golden(c ? "w_1" : "w_0");
        const double *theirs = gn_matrix_view(want).data;
        memset(w, 0, sizeof w);
        gn_logistic_fit(&l, positive, true, c ? 100 : 0.01, w);
        /* Float32 products in the search for the minimum: six digits. */
        for (size_t k = 0; k <= v.cols; k++) CHECK_NEAR(w[k], theirs[k], 5e-6);
        gn_matrix_free(want);
    }
    gn_logistic_free(&l);
    free(two);
    gn_matrix_free(x);
}

static void check_decoding(const char *label, size_t n_classes) {
    gn_error err;
    char name[32];
    gn_matrix *x = golden("x");
    gn_mat v = gn_matrix_view(x);
    int32_t *class = golden_codes(label);
    snprintf(name, sizeof name, "fold_%s", label);
    int32_t *fold = golden_codes(name);
    snprintf(name, sizeof name, "auc_%s", label);
    gn_matrix *auc = golden(name);
    snprintf(name, sizeof name, "c_%s", label);
    gn_matrix *chosen = golden(name);
    double got[3], C[3];
    OK(gn_decode_logistic(NULL, v, class, n_classes, fold, 3, got, C, &err));
    for (size_t held = 0; held < 3; held++) {
        CHECK_NEAR(C[held], ((const double *)gn_matrix_view(chosen).data)[held], 1e-9);
        CHECK_NEAR(got[held], ((const double *)gn_matrix_view(auc).data)[held], 1e-9);
    }
    gn_matrix_free(auc);
    gn_matrix_free(chosen);
    gn_matrix_free(x);
    free(class);
    free(fold);
}
TEST(two_classes_decode_as_in_scikit_learn) {
    check_decoding("two", 2);
}
TEST(three_classes_decode_as_in_scikit_learn) {
    check_decoding("three", 3);
}

/* Rotated rows keep all products; further rows are rotated with them. Wide and tall. */
TEST(a_rotation_keeps_products) {
    gn_error err;
    for (int tall = 0; tall < 2; tall++) {
        size_t n = tall ? 60 : 30, d = tall ? 20 : 45, m = 10;
        double x[70 * 45], mean[45] = {0};
        int32_t row[70];
        gn_random random = gn_random_new(1, (uint64_t)tall);
        for (size_t i = 0; i < (n + m) * d; i++) x[i] = 3 + gn_random_normal(&random);
        for (size_t i = 0; i < n + m; i++) row[i] = (int32_t)i;
        for (size_t i = 0; i < n * d; i++) mean[i % d] += x[i] / (double)n;
        gn_rotation r;
        OK(gn_rotation_new(NULL, gn_mat_f64(x, n + m, d), row, n, row + n, m, &r, &err));
        CHECK(r.rank == (tall ? d : n - 1));
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n + m; j++) {
                double want = 0, got = 0;
                for (size_t k = 0; k < d; k++)
                    want += (x[i * d + k] - mean[k]) * (x[j * d + k] - mean[k]);
                for (size_t k = 0; k < r.rank; k++)
                    got += (double)r.z[i * r.rank + k] *
                           (double)(j < n ? r.z : r.other - n * r.rank)[j * r.rank + k];
                CHECK_NEAR(got, want, 2e-5);
            }
        gn_rotation_free(&r);
    }
}

enum { N = 150, D = 200 };
static double a[N * D];
static int32_t separable[N], shuffled[4][N], partly[N];

static gn_status make(gn_features **out, gn_error *err) {
    gn_random r = gn_random_new(8, 0);
    for (size_t i = 0; i < N; i++) {
        separable[i] = (int32_t)(i % 3);
        for (int s = 0; s < 4; s++) shuffled[s][i] = (int32_t)gn_random_below(&r, 2);
        partly[i] = i % 5 == 0 ? -1 : (int32_t)(i % 2);
        for (size_t k = 0; k < D; k++)
            a[i * D + k] = gn_random_normal(&r) + 4 * (k % 3 == i % 3) + 0.4 * partly[i];
    }
    gn_feature_column column[] = {
        {"separable", separable, NULL, GN_DIFFER}, {"s0", shuffled[0], NULL, GN_DIFFER},
        {"s1", shuffled[1], NULL, GN_DIFFER},      {"s2", shuffled[2], NULL, GN_DIFFER},
        {"s3", shuffled[3], NULL, GN_DIFFER},      {"partly", partly, NULL, GN_DIFFER},
    };
    return gn_features_new(N, column, 6, out, err);
}

TEST(what_is_there_decodes_and_what_is_not_does_not) {
    gn_error err;
    gn_features *f = NULL;
    gn_decoding out[6];
    double fold[6 * 3];
    OK(make(&f, &err));
    for (int decoder = 0; decoder < 2; decoder++) {
        gn_decoding_opts o = {.decoder = decoder ? GN_DECODE_LOGISTIC : GN_DECODE_RIDGE};
        OK(gn_decode(NULL, gn_mat_f64(a, N, D), f, &o, out, fold, &err));
        CHECK(out[0].auc == 1 && out[0].n_classes == 3 && out[0].p <= 0);
        double mean = 0;
        for (size_t s = 1; s < 5; s++) mean += out[s].auc / 4;
        CHECK(fabs(mean - 0.5) < 0.05); /* 4 x 150 rows: sd of the mean about 0.024 */
        CHECK(out[5].auc > 0.8 && out[5].n == N - N / 5 && out[5].n_classes == 2);
        CHECK_NEAR((fold[15] + fold[16] + fold[17]) / 3, out[5].auc, 1e-12);
        o.missing_class = true;
        OK(gn_decode(NULL, gn_mat_f64(a, N, D), f, &o, out, fold, &err));
        CHECK(out[5].n == N && out[5].n_classes == 3);
    }
    gn_features_free(f);
}

TEST(threads_and_repetition_change_nothing_and_seeds_do) {
    gn_error err;
    gn_features *f = NULL;
    gn_decoding out[3][6];
    OK(make(&f, &err));
    for (unsigned run = 0; run < 3; run++) {
        gn_ctx *ctx = NULL;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = run == 1 ? 3 : 1, .seed = run == 2}, &ctx, &err));
        OK(gn_decode(ctx, gn_mat_f64(a, N, D), f, NULL, out[run], NULL, &err));
        gn_ctx_free(ctx);
    }
    CHECK(memcmp(out[0], out[1], sizeof out[0]) == 0);
    CHECK(memcmp(out[0], out[2], sizeof out[0]) != 0);
    gn_features_free(f);
}

TEST(wrong_use_is_said) {
    gn_error err;
    gn_features *f = NULL;
    gn_decoding out[6];
    OK(make(&f, &err));
    CHECK(gn_decode(NULL, gn_mat_f64(a, N - 1, D), f, NULL, out, NULL, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "149");
    CHECK(gn_decode(NULL, gn_mat_f64(a, N, D), f, &(gn_decoding_opts){.n_folds = 1}, out, NULL,
                    &err) == GN_EINVAL);
    a[5 * D + 1] = (double)INFINITY;
    CHECK(gn_decode(NULL, gn_mat_f64(a, N, D), f, NULL, out, NULL, &err) == GN_EDATA);
    gn_features_free(f);
}

int main(void) {
    RUN(fits_equal_scikit_learn);
    RUN(two_classes_decode_as_in_scikit_learn);
    RUN(three_classes_decode_as_in_scikit_learn);
    RUN(a_rotation_keeps_products);
    RUN(what_is_there_decodes_and_what_is_not_does_not);
    RUN(threads_and_repetition_change_nothing_and_seeds_do);
    RUN(wrong_use_is_said);
    return tap_done();
}
