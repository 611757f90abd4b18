#define _POSIX_C_SOURCE 200809L
/* MLEM's fits are kept by what they depend on: counted, for each thing that can change. */
#include "tap.h"

#include "base/random.h"
#include "gonio/measure.h"
#include "report/mlem_cache.h"

#include <sys/stat.h>
#include <unistd.h>

enum { N = 40, D = 3 };

static const char *put_matrix(const char *name, uint64_t seed, gn_error *err) {
    double x[N * D];
    size_t shape[2] = {N, D};
    gn_random r = gn_random_new(seed, 0);
    for (size_t e = 0; e < N * D; e++) x[e] = gn_random_normal(&r);
    const char *path = tmp_path(name);
    return gn_npy_write(path, GN_F64, shape, 2, x, err) == GN_OK ? path : NULL;
}

/* kind is i % 3 but for one cell; size is a number. */
static gn_features *table(const char *first, size_t cell, gn_error *err) {
    static int32_t code[N];
    static double size[N];
    gn_features *f = NULL;
    for (size_t i = 0; i < N; i++) {
        code[i] = (int32_t)(i % 3);
        size[i] = (double)(i * i % 37);
    }
    if (cell < N) code[cell] = (code[cell] + 1) % 3;
    const gn_feature_column c[2] = {{first, code, NULL, GN_BY_KIND},
                                    {"size", NULL, size, GN_BY_KIND}};
    return gn_features_new(N, c, 2, &f, err) == GN_OK ? f : NULL;
}

/* Fits made for a matrix and a table; the rows as JSON through `json` (freed by the caller). */
static size_t fits(const char *matrix, const char *first, size_t cell, double ridge, char **json) {
    gn_error err = {0};
    gn_reps *reps = NULL;
    gn_result *result = NULL;
    gn_features *f = table(first, cell, &err);
    size_t made = 0;
    gn_measure_mlem_opts o = {.cache = tmp_path("mlem-cache"), .n_measured = &made, .set = "x"};
    o.fit.ridge = ridge;
    bool ok = f && gn_reps_open(matrix, &reps, &err) == GN_OK &&
              gn_result_new("mlem", &result, &err) == GN_OK &&
              gn_measure_mlem(NULL, reps, f, &o, result, &err) == GN_OK &&
              (!json || gn_result_csv(result, json, &err) == GN_OK);
    CHECK(ok);
    gn_result_free(result);
    gn_reps_free(reps);
    gn_features_free(f);
    return made;
}

TEST(only_what_changed_is_made_anew) {
    gn_error err;
    char *first = NULL, *again = NULL, key[GN_SHA256_HEX], path[1200];
    char a[1100], b[1100];
    snprintf(a, sizeof a, "%s", put_matrix("mlem-a.npy", 1, &err));
    snprintf(b, sizeof b, "%s", put_matrix("mlem-b.npy", 2, &err));
    snprintf(path, sizeof path, "rm -rf '%s'", tmp_path("mlem-cache"));
    REQUIRE(system(path) == 0);
    CHECK(fits(a, "kind", N, 0, &first) == 1);
    CHECK(fits(a, "kind", N, 0, &again) == 0);
    CHECK_STR(again, first);
    CHECK(fits(b, "kind", N, 0, NULL) == 1 && fits(a, "kind", N, 0, NULL) == 0);
    CHECK(fits(a, "kind", 7, 0, NULL) == 1 &&
          fits(b, "kind", 7, 0, NULL) == 1);  /* a changed cell */
    CHECK(fits(a, "kind", N, 0, NULL) == 0);  /* and back */
    CHECK(fits(a, "kind", N, 2, NULL) == 1);  /* an option */
    CHECK(fits(a, "named", N, 0, NULL) == 0); /* a name */
    put_matrix("mlem-b.npy", 3, &err);
    CHECK(fits(b, "kind", N, 0, NULL) == 1 && fits(a, "kind", N, 0, NULL) == 0); /* a layer */
    /* A damaged file is replaced. */
    gn_features *f = table("kind", N, &err);
    gn_matrix *m;
    OK(gn_matrix_open(a, &m, &err));
    OK(gn_mlem_key(NULL, f, gn_matrix_view(m), &(gn_mlem_opts){0}, key, &err));
    snprintf(path, sizeof path, "%s/mlem-%.40s.npy", tmp_path("mlem-cache"), key);
    REQUIRE(truncate(path, 100) == 0);
    CHECK(fits(a, "kind", N, 0, NULL) == 1 && fits(a, "kind", N, 0, NULL) == 0);
    gn_matrix_free(m);
    gn_features_free(f);
    free(first);
    free(again);
}

/* The same from a CSV file: layers made anew for a table that is read. */
static size_t fits_of_csv(const char *matrix, const char *csv) {
    gn_error err = {0};
    gn_reps *reps = NULL;
    gn_result *result = NULL;
    gn_features *f = NULL;
    size_t made = 0;
    gn_measure_mlem_opts o = {.cache = tmp_path("mlem-csv-cache"), .n_measured = &made, .set = "x"};
    CHECK(gn_features_open(csv, NULL, &f, &err) == GN_OK &&
          gn_reps_open(matrix, &reps, &err) == GN_OK &&
          gn_result_new("mlem", &result, &err) == GN_OK &&
          gn_measure_mlem(NULL, reps, f, &o, result, &err) == GN_OK);
    gn_result_free(result);
    gn_reps_free(reps);
    gn_features_free(f);
    return made;
}

/* Row `cell` of the column `what` differs from what it is in the other tables. */
static const char *put_csv(const char *what, size_t cell) {
    static char path[1100];
    snprintf(path, sizeof path, "%s", tmp_path("mlem-cell.csv"));
    FILE *out = fopen(path, "w");
    CHECK(out != NULL);
    if (!out) return "";
    fprintf(out, "sentence,kind,number\n");
    for (size_t i = 0; i < N; i++) {
        bool here = i == cell;
        fprintf(out, "%s %zu,%s,%zu\n", here && !strcmp(what, "sentence") ? "another" : "one", i,
                here && !strcmp(what, "kind") ? "z"
                : i % 3                       ? "x"
                                              : "y",
                here && !strcmp(what, "number") ? 99 : i * i % 37);
    }
    fclose(out);
    return path;
}

TEST(one_cell_of_a_csv_makes_anew_what_depends_on_it) {
    gn_error err;
    char a[1100], b[1100], command[1200];
    snprintf(a, sizeof a, "%s", put_matrix("mlem-csv-a.npy", 1, &err));
    snprintf(b, sizeof b, "%s", put_matrix("mlem-csv-b.npy", 2, &err));
    snprintf(command, sizeof command, "rm -rf '%s'", tmp_path("mlem-csv-cache"));
    REQUIRE(system(command) == 0);
    const char *csv = put_csv("", 0);
    CHECK(fits_of_csv(a, csv) == 1 && fits_of_csv(b, csv) == 1);
    CHECK(fits_of_csv(a, csv) == 0 && fits_of_csv(b, csv) == 0);
    csv = put_csv("sentence", 5); /* no feature: the states are the caller's */
    CHECK(fits_of_csv(a, csv) == 0);
    csv = put_csv("kind", 5);
    CHECK(fits_of_csv(a, csv) == 1 && fits_of_csv(a, csv) == 0);
    CHECK(fits_of_csv(b, csv) == 1); /* every layer depends on the table */
    csv = put_csv("number", 5);
    CHECK(fits_of_csv(a, csv) == 1);
    csv = put_csv("", 0);
    CHECK(fits_of_csv(a, csv) == 0 && fits_of_csv(b, csv) == 0);
}

int main(void) {
    RUN(only_what_changed_is_made_anew);
    RUN(one_cell_of_a_csv_makes_anew_what_depends_on_it);
    return tap_done();
}
