/* io: .npy files against NumPy's own (tests/golden/io/make.py): grid (5, 3) holds (10 i + j) / 2.
 */
#include "files.h"

#include "gonio/io.h"
#include "io/npy.h"

static double value_at(const gn_array *a, size_t i) {
    const void *p = a->data;
    switch (a->dtype) {
    case GN_F32:
        return (double)((const float *)p)[i];
    case GN_F64:
        return ((const double *)p)[i];
    case GN_I32:
        return ((const int32_t *)p)[i];
    case GN_I64:
        return (double)((const int64_t *)p)[i];
    case GN_U8:
    case GN_BOOL:
        return ((const uint8_t *)p)[i];
    case GN_I8:
        return ((const int8_t *)p)[i];
    case GN_I16:
        return ((const int16_t *)p)[i];
    case GN_U16:
        return ((const uint16_t *)p)[i];
    case GN_U32:
        return ((const uint32_t *)p)[i];
    case GN_U64:
        return (double)((const uint64_t *)p)[i];
    default: {
        double buf[64];
        gn_mat m = {p, 1, i + 1, i + 1, a->dtype};
        return gn_mat_row_f64(m, 0, buf)[i];
    }
    }
}

TEST(every_type_reads_as_numpy_wrote_it) {
    static const struct {
        const char *file;
        gn_dtype dtype;
        bool whole; /* fractions cut off */
    } t[] = {{"f4", GN_F32, false},         {"f8", GN_F64, false},
             {"f2", GN_F16, false},         {"i4", GN_I32, true},
             {"i8", GN_I64, true},          {"u1", GN_U8, true},
             {"i1", GN_I8, true},           {"i2", GN_I16, true},
             {"u2", GN_U16, true},          {"u4", GN_U32, true},
             {"u8", GN_U64, true},          {"f4.big", GN_F32, false},
             {"f4.fortran", GN_F32, false}, {"i8.big.fortran", GN_I64, true},
             {"f4.v1", GN_F32, false},      {"f4.v2", GN_F32, false},
             {"f4.v3", GN_F32, false}};
    gn_error err;
    for (size_t f = 0; f < sizeof t / sizeof *t; f++) {
        char name[64];
        snprintf(name, sizeof name, "golden/io/grid.%s.npy", t[f].file);
        gn_array a;
        OK(gn_npy_open(test_path(name), &a, &err));
        CHECK(a.dtype == t[f].dtype && a.n_dims == 2 && a.shape[0] == 5 && a.shape[1] == 3);
        for (size_t i = 0; i < 15; i++) {
            double want = (double)(10 * (i / 3) + i % 3) / 2;
            CHECK(value_at(&a, i) == (t[f].whole ? floor(want) : want));
        }
        gn_array_close(&a);
    }
    gn_array b;
    OK(gn_npy_open(test_path("golden/io/grid.b1.npy"), &b, &err));
    CHECK(b.dtype == GN_BOOL);
    for (size_t i = 0; i < 15; i++) CHECK((value_at(&b, i) != 0) == (10 * (i / 3) + i % 3 > 6));
    gn_array_close(&b);
}

TEST(other_ranks_and_sizes) {
    gn_error err;
    gn_array a;
    OK(gn_npy_open(test_path("golden/io/cube.i4.fortran.npy"), &a, &err));
    CHECK(a.n_dims == 3 && a.shape[0] == 2 && a.shape[1] == 3 && a.shape[2] == 4);
    for (size_t i = 0; i < 24; i++) CHECK(value_at(&a, i) == (double)i);
    gn_array_close(&a);
    OK(gn_npy_open(test_path("golden/io/line.f8.npy"), &a, &err));
    CHECK(a.n_dims == 1 && a.n_items == 7 && value_at(&a, 6) == 6);
    CHECK(a.map.pages && !a.owned); /* mapped, not copied */
    gn_array_close(&a);
    OK(gn_npy_open(test_path("golden/io/one.f8.npy"), &a, &err));
    CHECK(a.n_dims == 0 && a.n_items == 1 && value_at(&a, 0) == 2.5);
    gn_array_close(&a);
    OK(gn_npy_open(test_path("golden/io/empty.f4.npy"), &a, &err));
    CHECK(a.n_dims == 2 && a.shape[0] == 0 && a.shape[1] == 3 && a.n_items == 0 && a.data);
    gn_array_close(&a);
}

/** Opens bytes as a .npy; the message is in err. */
static gn_status parse(const char *head, size_t extra, gn_error *err) {
    unsigned char bytes[1024] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    size_t n = strlen(head);
    bytes[8] = (unsigned char)n;
    memcpy(bytes + 10, head, n);
    gn_npy h;
    return gn_npy_parse(bytes, 10 + n + extra, false, "t.npy", &h, err);
}

TEST(errors_name_file_and_place) {
    static const struct {
        const char *head;
        size_t extra;
        gn_status status;
        const char *message;
    } t[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", 24, GN_OK, NULL},
        {"{'shape':(2L,),'descr':\"<f4\",'fortran_order':True}", 8, GN_OK, NULL},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", 23, GN_EDATA,
         "t.npy: truncated: shape (2, 3) of float32 needs 24 bytes from byte 70 on, the file has "
         "93 "
         "bytes"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", 0, GN_ENOSUPP,
         "t.npy: an array of Python objects (pickled), expected numbers"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 0, GN_ENOSUPP,
         "a structured array (records)"},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", 0, GN_ENOSUPP,
         "t.npy: element type '<c8', expected"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 0, GN_EDATA,
         "shape (4294967296, 4294967296) of float32 has more bytes than there are addresses"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 99999999999999999999)}", 0,
         GN_EDATA, "t.npy: byte 83: damaged .npy header: expected a size in the shape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 4, GN_EDATA,
         "t.npy: more than 8 dimensions"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 4, GN_EDATA,
         "expected a size in the shape"},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", 4, GN_EDATA,
         "t.npy: byte 44: damaged .npy header: expected True or False"},
        {"{'descr': '<f4', 'shape': (1,)}", 4, GN_EDATA,
         "expected 'descr', 'fortran_order' and 'shape'"},
        {"{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}", 4, GN_EDATA, "each once"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} 1", 4, GN_EDATA,
         "expected nothing behind '}'"},
        {"", 4, GN_EDATA, "t.npy: byte 10: damaged .npy header: expected '{'"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        gn_error err = {0};
        CHECK(parse(t[i].head, t[i].extra, &err) == t[i].status);
        if (t[i].message) CHECK_CONTAINS(err.message, t[i].message);
    }
    gn_error err;
    gn_npy h;
    gn_array a;
    CHECK(gn_npy_parse((const unsigned char *)"\x93NUMPY\4\0\0\0\0\0", 12, false, "t", &h, &err) ==
          GN_ENOSUPP);
    CHECK_CONTAINS(err.message, "t: .npy version 4.0");
    CHECK(gn_npy_parse((const unsigned char *)"\x93NUMPY\1\0\xff\0{", 11, false, "t", &h, &err) ==
          GN_EDATA);
    CHECK_STR(err.message, "t: the header ends at byte 265, the file has 11");
    CHECK(gn_npy_open(test_path("golden/io/objects.npy"), &a, &err) == GN_ENOSUPP);
    CHECK(gn_npy_open(test_path("golden/io/complex.npy"), &a, &err) == GN_ENOSUPP);
    CHECK(gn_npy_open(test_path("golden/io/records.npy"), &a, &err) == GN_ENOSUPP);
    CHECK(gn_npy_open(test_path("golden/io/words.npy"), &a, &err) == GN_ENOSUPP);
    CHECK_CONTAINS(err.message, "words.npy: element type '<U5'");
    CHECK(gn_npy_open(test_path("golden/io/make.py"), &a, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "make.py: does not start like a .npy file");
}

TEST(written_files_equal_numpys) {
    gn_error err;
    char path[1200], ours[512], theirs[512];
    snprintf(path, sizeof path, "%s/x.npy", fresh_dir("io-npy"));
    float grid[15];
    for (int i = 0; i < 15; i++) grid[i] = (float)(10 * (i / 3) + i % 3) / 2;
    OK(gn_npy_write(path, GN_F32, (size_t[]){5, 3}, 2, grid, &err));
    size_t n = get_file(path, ours, 512),
           m = get_file(test_path("golden/io/grid.f4.npy"), theirs, 512);
    CHECK(n == 188 && m == 188 && memcmp(ours, theirs, 188) == 0);
    double line[7] = {0, 1, 2, 3, 4, 5, 6};
    OK(gn_npy_write(path, GN_F64, (size_t[]){7}, 1, line, &err));
    n = get_file(path, ours, 512);
    m = get_file(test_path("golden/io/line.f8.npy"), theirs, 512);
    CHECK(n == m && memcmp(ours, theirs, n) == 0);
    uint16_t half[2] = {0x3f80, 0x4000};
    OK(gn_npy_write(path, GN_BF16, (size_t[]){2}, 1, half, &err));
    gn_array a;
    OK(gn_npy_open(path, &a, &err));
    CHECK(a.dtype == GN_U16 && value_at(&a, 1) == 0x4000);
    gn_array_close(&a);
    size_t nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    CHECK(gn_npy_write(path, GN_F64, nine, 9, line, &err) == GN_EINVAL);
    CHECK(count_files(tmp_path("io-npy")) == 1);
}

TEST(data_at_odd_places_are_copied) {
    static const char head[] =
        "\x93NUMPY\1\0\x39\0{'descr':'<f4','fortran_order':False,'shape':(2,),}     \n";
    _Alignas(8) unsigned char bytes[128];
    const float x[2] = {1.5f, -2};
    size_t n = 10 + 0x39;
    gn_error err;
    gn_npy h;
    gn_array a = {0};
    memset(bytes, ' ', sizeof bytes);
    memcpy(bytes, head, sizeof head - 1);
    memcpy(bytes + n, x, sizeof x);
    OK(gn_npy_parse(bytes, n + sizeof x, false, "t.npy", &h, &err));
    REQUIRE(h.offset == n && n % 4 != 0);
    OK(gn_npy_array(bytes, &h, "t.npy", &a, &err));
    CHECK((uintptr_t)a.data % 4 == 0 && a.owned && memcmp(a.data, x, sizeof x) == 0);
    gn_array_close(&a);
}

TEST(headers_keep_their_length) {
    unsigned char a[GN_NPY_HEADER_MAX], b[GN_NPY_HEADER_MAX];
    size_t n = gn_npy_header_bytes(GN_F32, (size_t[]){0, 384}, 2, a);
    size_t m = gn_npy_header_bytes(GN_F32, (size_t[]){SIZE_MAX / 10000, 384}, 2, b);
    CHECK(n == 128 && m == 128);
    size_t huge[8] = {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX,
                      SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX};
    CHECK(gn_npy_header_bytes(GN_U64, huge, 8, a) == 256);
    CHECK(a[255] == '\n');
}

int main(void) {
    RUN(every_type_reads_as_numpy_wrote_it);
    RUN(other_ranks_and_sizes);
    RUN(errors_name_file_and_place);
    RUN(written_files_equal_numpys);
    RUN(data_at_odd_places_are_copied);
    RUN(headers_keep_their_length);
    return tap_done();
}
