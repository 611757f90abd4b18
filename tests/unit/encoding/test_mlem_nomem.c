/* Each allocation of MLEM's calls fails once: GN_ENOMEM, nothing left, outputs untouched. */
#include "fail_alloc.h"
#include "stimuli.h"

#include "base/random.h"
#include "gonio/mlem.h"

enum { N = 30, D = 5 };
static double a[N * D], value[N];
static int32_t code[2][N];
static const gn_feature_column column[] = {{"c0", code[0], NULL, GN_BY_KIND},
                                           {"c1", code[1], NULL, GN_BY_KIND},
                                           {"v", NULL, value, GN_ABSDIFF},
                                           {"w", NULL, value, GN_SQUARED}};

static void fill(void) {
    gn_random r = gn_random_new(71, 0);
    for (size_t i = 0; i < N; i++) {
        code[0][i] = (int32_t)(i % 3);
        code[1][i] = (int32_t)(i % 2);
        value[i] = gn_random_normal(&r);
        for (size_t j = 0; j < D; j++) a[i * D + j] = gn_random_normal(&r) + code[0][i];
    }
}

static gn_status table(void *user, gn_error *err) {
    gn_features *f = NULL;
    gn_status st =
        user ? gn_features_open(user, NULL, &f, err) : gn_features_new(N, column, 4, &f, err);
    CHECK((st == GN_OK) == (f != NULL));
    if (st == GN_OK) {
        size_t n;
        gn_patterns p = {0};
        st = gn_features_profiles(f, NULL, &n, err);
        if (st == GN_OK) st = gn_features_patterns(NULL, f, &p, err);
        gn_patterns_free(&p);
    }
    gn_features_free(f);
    return st;
}

static gn_status measure(void *user, gn_error *err) {
    gn_features *f = NULL;
    gn_mlem_design *s = NULL;
    gn_mlem_fit fit = {.r2 = -7};
    gn_mlem_weight w[4] = {{.weight = -7}};
    gn_status st = gn_features_new(N, column, 4, &f, err);
    if (st == GN_OK) st = gn_mlem_design_new(NULL, f, &s, err);
    if (st == GN_OK) st = gn_mlem_measure(NULL, s, gn_mat_f64(a, N, D), user, &fit, w, err);
    CHECK((st == GN_OK) == !(fit.r2 < -6) && (st == GN_OK) == !(w[0].weight < -6));
    gn_mlem_design_free(s);
    gn_features_free(f);
    return st;
}

static gn_status units_and_metric(void *user, gn_error *err) {
    (void)user;
    gn_features *f = NULL;
    gn_mlem_design *s = NULL;
    gn_mlem_fit fit[D];
    gn_mlem_weight w[D * 2];
    double metric[4] = {-7};
    gn_status st = gn_features_new(N, column, 2, &f, err);
    if (st == GN_OK) st = gn_mlem_design_new(NULL, f, &s, err);
    if (st == GN_OK) st = gn_mlem_units(NULL, s, gn_mat_f64(a, N, D), NULL, fit, w, err);
    if (st == GN_OK) st = gn_mlem_metric(NULL, s, gn_mat_f64(a, N, D), NULL, fit, metric, err);
    CHECK((st == GN_OK) == !(metric[0] < -6));
    gn_mlem_design_free(s);
    gn_features_free(f);
    return st;
}

TEST(no_memory) {
    char csv[] = "sentence,c,v\na,x,1\nb,,2.5\nc,y,\"3\"\n", path[1024];
    fill();
    snprintf(path, sizeof path, "%s", written("nomem.csv", csv));
    FAIL_SWEEP(table, NULL, "tables and patterns");
    FAIL_SWEEP(table, path, "tables from files");
    FAIL_SWEEP(measure, NULL, "a fit");
    gn_mlem_opts all = {.folds = 3, .bootstrap = 2, .permutations = 2};
    FAIL_SWEEP(measure, &all, "resampling");
    FAIL_SWEEP(units_and_metric, NULL, "units and a metric");
}

int main(void) {
    RUN(no_memory);
    return tap_done();
}
