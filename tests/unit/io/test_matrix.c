/* io: any matrix by its spec, CSV, and the search for NaN. */
#include "files.h"

#include "gonio/io.h"

/** The golden grid: (5, 3), (10 i + j) / 2. */
static bool is_grid(gn_mat m, bool whole) {
    if (m.rows != 5 || m.cols != 3 || m.stride != 3) return false;
    for (size_t i = 0; i < 5; i++) {
        double buf[3];
        const double *x = gn_mat_row_f64(m, i, buf);
        for (size_t j = 0; j < 3; j++) {
            double want = (double)(10 * i + j) / 2;
            if (x[j] != (whole ? floor(want) : want)) return false;
        }
    }
    return true;
}

TEST(every_format_opens) {
    static const struct {
        const char *spec;
        gn_dtype dtype;
        bool whole;
    } t[] = {{"grid.f4.npy", GN_F32, false},
             {"grid.f8.npy", GN_F64, false},
             {"grid.f2.npy", GN_F16, false},
             {"grid.f4.fortran.npy", GN_F32, false},
             {"grid.i8.npy", GN_F64, true},
             {"grid.u1.npy", GN_F64, true},
             {"grid.i1.npy", GN_F64, true},
             {"grid.i2.npy", GN_F64, true},
             {"grid.u2.npy", GN_F64, true},
             {"grid.i4.npy", GN_F64, true},
             {"grid.u4.npy", GN_F64, true},
             {"grid.u8.npy", GN_F64, true},
             {"stored.npz:grid", GN_F32, false},
             {"stored.npz:grid.npy", GN_F32, false},
             {"deflated.npz", GN_F32, false},
             {"deflated.npz:grid", GN_F32, false},
             {"whole.safetensors:a.weight", GN_F32, false},
             {"parts.safetensors.index.json:a.weight", GN_F32, false},
             {"part-1.safetensors", GN_F32, false}};
    gn_error err;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char spec[256];
        snprintf(spec, sizeof spec, "golden/io/%s", t[i].spec);
        gn_matrix *m;
        OK(gn_matrix_open(test_path(spec), &m, &err));
        gn_mat v = gn_matrix_view(m);
        CHECK(v.dtype == t[i].dtype && is_grid(v, t[i].whole));
        gn_matrix_free(m);
    }
    gn_matrix *m;
    OK(gn_matrix_open(test_path("golden/io/line.f8.npy"), &m, &err));
    CHECK(gn_matrix_view(m).rows == 7 && gn_matrix_view(m).cols == 1);
    gn_matrix_free(m);
    OK(gn_matrix_open(test_path("golden/io/grid.b1.npy"), &m, &err));
    CHECK(((const double *)gn_matrix_view(m).data)[14] == 1 && gn_matrix_view(m).dtype == GN_F64);
    gn_matrix_free(m);
}

TEST(wrong_specs_are_explained) {
    static const struct {
        const char *spec;
        gn_status status;
        const char *message;
    } t[] = {
        {"none.npy", GN_EIO, "none.npy: cannot open: No such file"},
        {"none.npz:x", GN_EIO, "none.npz: cannot open: No such file"},
        {"none.what", GN_EIO, "none.what: cannot open: No such file"},
        {"make.py", GN_EINVAL, "make.py: unknown kind of file, expected .npy"},
        {"stored.npz", GN_EINVAL, "stored.npz:NAME; there are: grid.npy, line.npy"},
        {"stored.npz:no", GN_EINVAL, "no member 'no'; the arrays are: grid.npy, line.npy"},
        {"whole.safetensors", GN_EINVAL, "whole.safetensors:NAME; there are: b, a.weight"},
        {"whole.safetensors:a", GN_EINVAL, "no tensor 'a'; there are: "},
        {"whole.safetensors:scalar", GN_EDATA,
         "whole.safetensors:scalar: shape (), expected one or"},
        {"grid.f4.npy:x", GN_EINVAL, "grid.f4.npy: only .npz and .safetensors files have members"},
        {"cube.i4.fortran.npy", GN_EDATA, "shape (2, 3, 4), expected one or two dimensions"},
        {"empty.f4.npy", GN_EDATA, "empty.f4.npy: shape (0, 3): the matrix is empty"},
        {"objects.npy", GN_ENOSUPP, "objects.npy: an array of Python objects"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char spec[256];
        gn_error err = {0};
        gn_matrix *m = NULL;
        snprintf(spec, sizeof spec, "golden/io/%s", t[i].spec);
        CHECK(gn_matrix_open(test_path(spec), &m, &err) == t[i].status);
        CHECK_CONTAINS(err.message, t[i].message);
        CHECK(m == NULL);
    }
}

TEST(colons_may_be_part_of_names) {
    gn_error err;
    gn_matrix *m;
    char path[1200], spec[1300];
    snprintf(path, sizeof path, "%s/a:b.npy", fresh_dir("io-colon"));
    OK(gn_npy_write(path, GN_F32, (size_t[]){1}, 1, (float[]){3}, &err));
    OK(gn_matrix_open(path, &m, &err));
    CHECK(((const float *)gn_matrix_view(m).data)[0] == 3);
    gn_matrix_free(m);
    snprintf(spec, sizeof spec, "%s:x:y", path);
    CHECK(gn_matrix_open(spec, &m, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message,
                   "a:b.npy: only .npz and .safetensors files have members, asked for 'x:y'");
}

/** Opens text as X.csv (or another name). */
static gn_status open_text(const char *name, const char *text, gn_matrix **m, gn_error *err) {
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", fresh_dir("io-csv"), name);
    if (!put_file(path, text, strlen(text))) return GN_EIO;
    return gn_matrix_open(path, m, err);
}

TEST(csv_matrices) {
    static const struct {
        const char *name, *text;
        size_t rows, cols;
        double last;
    } t[] = {{"x.csv", "1,2\n3,4\n", 2, 2, 4},
             {"x.csv", "a,b\n1,2\n3,4.5\n", 2, 2, 4.5},
             {"x.CSV", "a,b\r\n\r\n1,2\r\n\r\n3,4.5\r\n\r\n", 2, 2, 4.5},
             {"x.tsv", "1\t2\t-3e1\n", 1, 3, -30},
             {"x.csv", "value\n5\n6\n\n", 2, 1, 6},
             {"x.csv", "\"1\",\"2\"\n", 1, 2, 2}};
    gn_error err;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        gn_matrix *m;
        OK(open_text(t[i].name, t[i].text, &m, &err));
        gn_mat v = gn_matrix_view(m);
        CHECK(v.rows == t[i].rows && v.cols == t[i].cols && v.dtype == GN_F64);
        CHECK(((const double *)v.data)[v.rows * v.cols - 1] == t[i].last);
        gn_matrix_free(m);
    }
}

TEST(csv_damage_is_named) {
    static const struct {
        const char *text, *message;
    } t[] = {{"a,b\n1,2\n3,x\n", "x.csv: line 3, column 2: 'x' is not a number"},
             {"1,2\n3,\n", "x.csv: line 2, column 2: '' is not a number"},
             {"1,2\n3,4,5\n", "x.csv: line 2: 3 columns, expected 2 as on line 1"},
             {"a,b,c\n1,2\n", "x.csv: line 2: 2 columns, expected 3 as on line 1"},
             {"1\n\n2\n", "x.csv: line 2: blank, expected a number"},
             {"a,b\n", "x.csv: holds no row of numbers"},
             {"", "x.csv: holds no row of numbers"},
             {"1,2\n\"3\n,4", "x.csv: line 2, column 1: the quote is never closed"}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        gn_error err = {0};
        gn_matrix *m;
        CHECK(open_text("x.csv", t[i].text, &m, &err) == GN_EDATA);
        CHECK_CONTAINS(err.message, t[i].message);
    }
}

TEST(a_large_csv_equals_its_numbers) {
    enum { ROWS = 500, COLS = 37 };
    char path[1200];
    snprintf(path, sizeof path, "%s/big.csv", fresh_dir("io-csv"));
    FILE *f = fopen(path, "w");
    REQUIRE(f != NULL);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++)
            fprintf(f, "%.17g%c", sin(i * 37.0 + j), j + 1 < COLS ? ',' : '\n');
    fclose(f);
    gn_error err;
    gn_matrix *m;
    OK(gn_matrix_open(path, &m, &err));
    gn_mat v = gn_matrix_view(m);
    REQUIRE(v.rows == ROWS && v.cols == COLS);
    int good = 0;
    for (int i = 0; i < ROWS * COLS; i++) good += ((const double *)v.data)[i] == sin(i);
    CHECK(good == ROWS * COLS);
    gn_matrix_free(m);
}

TEST(nan_is_found_by_row_and_column) {
    gn_error err;
    float x[3 * 5] = {0}, infinity = (float)INFINITY;
    gn_mat m = {x, 3, 4, 5, GN_F32}; /* column 4 is outside the view */
    x[4] = (float)NAN;
    OK(gn_mat_check_finite(m, "x.npy", &err));
    x[2 * 5 + 3] = (float)NAN;
    CHECK(gn_mat_check_finite(m, "x.npy", &err) == GN_EDATA);
    CHECK_STR(err.message, "x.npy: row 2, column 3 (counted from 0): NaN, expected finite numbers");
    x[1 * 5 + 1] = -infinity;
    CHECK(gn_mat_check_finite(m, "x.npy", &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 1, column 1 (counted from 0): -infinity");
    double d[2] = {1e308, (double)INFINITY};
    CHECK(gn_mat_check_finite(gn_mat_f64(d, 1, 2), "d", &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "column 1 (counted from 0): infinity");
    uint16_t h[2] = {0x7bff, 0x7c01}, b[2] = {0x7f7f, 0xff80};
    CHECK(gn_mat_check_finite((gn_mat){h, 1, 1, 2, GN_F16}, "h", &err) == GN_OK);
    CHECK(gn_mat_check_finite((gn_mat){h, 1, 2, 2, GN_F16}, "h", &err) == GN_EDATA);
    CHECK(gn_mat_check_finite((gn_mat){b, 1, 1, 2, GN_BF16}, "b", &err) == GN_OK);
    CHECK(gn_mat_check_finite((gn_mat){b, 1, 2, 2, GN_BF16}, "b", &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "b: row 0, column 1 (counted from 0): -infinity");
}

int main(void) {
    RUN(every_format_opens);
    RUN(wrong_specs_are_explained);
    RUN(colons_may_be_part_of_names);
    RUN(csv_matrices);
    RUN(csv_damage_is_named);
    RUN(a_large_csv_equals_its_numbers);
    RUN(nan_is_found_by_row_and_column);
    return tap_done();
}
