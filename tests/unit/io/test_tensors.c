/* io: safetensors, whole and in shards, against files of the reference library. */
#include "files.h"

#include "gonio/io.h"
#include "io/safetensors.h"

/** The five tensors of tests/golden/io/make.py. */
static void check_tensors(const gn_tensors *t) {
    REQUIRE(gn_tensors_count(t) == 5);
    const gn_tensor_info *w = gn_tensors_find(t, "a.weight");
    REQUIRE(w != NULL);
    CHECK(w->dtype == GN_F32 && w->n_dims == 2 && w->shape[0] == 5 && w->shape[1] == 3);
    const float *f = gn_tensors_data(t, w);
    for (int i = 0; i < 15; i++) CHECK(f[i] == (float)(10 * (i / 3) + i % 3) / 2);
    const gn_tensor_info *b = gn_tensors_find(t, "b");
    REQUIRE(b != NULL && b->dtype == GN_I64 && b->n_bytes == 32);
    for (int i = 0; i < 4; i++) CHECK(((const int64_t *)gn_tensors_data(t, b))[i] == i);
    const gn_tensor_info *s = gn_tensors_find(t, "scalar");
    REQUIRE(s != NULL && s->dtype == GN_F64 && s->n_dims == 0);
    CHECK(*(const double *)gn_tensors_data(t, s) == 1.5);
    const gn_tensor_info *h = gn_tensors_find(t, "a.bias");
    REQUIRE(h != NULL && h->dtype == GN_F16);
    CHECK(((const uint16_t *)gn_tensors_data(t, h))[1] == 0x3c00);
    const gn_tensor_info *flag = gn_tensors_find(t, "flag");
    REQUIRE(flag != NULL && flag->dtype == GN_BOOL);
    CHECK(((const uint8_t *)gn_tensors_data(t, flag))[0] == 1);
    CHECK(gn_tensors_find(t, "__metadata__") == NULL && gn_tensors_find(t, "") == NULL);
    for (size_t i = 0; i < 5; i++)
        CHECK(gn_tensors_find(t, gn_tensors_at(t, i)->name) == gn_tensors_at(t, i));
    CHECK(gn_tensors_at(t, 5) == NULL);
}

TEST(a_whole_file) {
    gn_error err;
    gn_tensors *t;
    OK(gn_tensors_open(test_path("golden/io/whole.safetensors"), &t, &err));
    check_tensors(t);
    CHECK(gn_tensors_file_count(t) == 1 && gn_tensors_file(t, 1) == NULL);
    CHECK_CONTAINS(gn_tensors_path(t, gn_tensors_at(t, 0)), "whole.safetensors");
    for (size_t i = 1; i < 5; i++)
        CHECK(gn_tensors_at(t, i)->offset ==
              gn_tensors_at(t, i - 1)->offset + gn_tensors_at(t, i - 1)->n_bytes);
    gn_tensors_free(t);
}

TEST(shards) {
    gn_error err;
    gn_tensors *t;
    OK(gn_tensors_open(test_path("golden/io/parts.safetensors.index.json"), &t, &err));
    check_tensors(t);
    CHECK(gn_tensors_file_count(t) == 2);
    CHECK_CONTAINS(gn_tensors_path(t, gn_tensors_find(t, "b")), "part-2.safetensors");
    gn_tensors_free(t);
}

TEST(unaligned_data_are_copied) {
    gn_error err;
    gn_tensors *t;
    OK(gn_tensors_open(test_path("golden/io/unaligned.safetensors"), &t, &err));
    const gn_tensor_info *x = gn_tensors_find(t, "x");
    REQUIRE(x != NULL && x->offset % 4 == 3);
    const float *f = gn_tensors_data(t, x);
    CHECK((uintptr_t)f % 4 == 0);
    for (int i = 0; i < 4; i++) CHECK(f[i] == (float)(i + 1));
    gn_tensors_free(t);
}

/** Parses HEADER with n_data zero bytes behind. */
static gn_status parse(const char *header, size_t n_data, gn_error *err) {
    unsigned char bytes[2048] = {0};
    size_t n = strlen(header), count;
    gn_arena arena = {0};
    gn_tensor_info *list;
    bytes[0] = (unsigned char)(n & 255);
    bytes[1] = (unsigned char)(n >> 8);
    memcpy(bytes + 8, header, n);
    gn_status st =
        gn_safetensors_parse(bytes, 8 + n + n_data, "m.safetensors", &arena, &list, &count, err);
    gn_arena_free(&arena);
    return st;
}

TEST(headers_that_lie) {
    static const struct {
        const char *header;
        size_t n_data;
        gn_status status;
        const char *message;
    } t[] = {
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, GN_OK, NULL},
        {"{}", 0, GN_OK, NULL},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[0,0]}}", 0, GN_OK, NULL},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, GN_EDATA,
         "m.safetensors: tensor 'x': ends at byte 70, file has 69"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9, GN_EDATA,
         "m.safetensors: the last tensor ends at byte 70, the file has 71"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12, GN_EDATA,
         "tensor 'x': bytes 63 to 67 before it belong to no tensor"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"y\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
         12, GN_EDATA, "tensor 'y': overlaps tensor 'x'"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, GN_EDATA,
         "tensor 'x': shape (3,) of float32 needs 12 bytes, its offsets hold 8 (bytes 62 to 70)"},
        {"{\"x\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, GN_EDATA,
         "shape (2,) of float64 needs 16 bytes"},
        {"{\"x\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}", 8, GN_ENOSUPP,
         "m.safetensors: tensor 'x': element type 'F8_E4M3'"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}", 8,
         GN_EDATA, "m.safetensors: tensor 'x': shape (4294967296, 4294967296) of float32 has more"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, GN_EDATA,
         "tensor 'x': size 0 of its shape is no size"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, GN_EDATA,
         "tensor 'x': begins at byte 8 and ends at byte 0"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, GN_EDATA,
         "tensor 'x': expected 'data_offsets' as two integers"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9223372036854775807]}}", 8,
         GN_EDATA, "tensor 'x': ends at byte"},
        {"{\"x\":{\"dtype\":7,\"shape\":[2],\"data_offsets\":[0,8]}}", 8, GN_EDATA,
         "tensor 'x': expected 'dtype' as a string, found an integer"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,2],\"data_offsets\":[0,8]}}", 8,
         GN_EDATA, "tensor 'x': expected 'shape' as at most 8 sizes"},
        {"{\"x\":[]}", 0, GN_EDATA, "tensor 'x': expected an object, found an array"},
        {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
         8, GN_EDATA, "duplicate object key near '\"x\"'"},
        {"{\"x\":", 0, GN_EDATA, "m.safetensors: line 1, column 5 (byte 5): not JSON"},
        {"[]", 0, GN_EDATA, "m.safetensors: byte 8: expected the header's '{'"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        gn_error err = {0};
        CHECK(parse(t[i].header, t[i].n_data, &err) == t[i].status);
        if (t[i].message) CHECK_CONTAINS(err.message, t[i].message);
    }
}

TEST(lengths_that_lie) {
    gn_error err;
    gn_tensors *t;
    char path[1200];
    snprintf(path, sizeof path, "%s/m.safetensors", fresh_dir("io-tensors"));
    REQUIRE(put_file(path, "short", 5));
    CHECK(gn_tensors_open(path, &t, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "m.safetensors: 5 bytes are too few");
    REQUIRE(put_file(path, "\1\1\1\1\1\1\1\1{}", 10));
    CHECK(gn_tensors_open(path, &t, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "the limit is 100000000");
    REQUIRE(put_file(path, "\x40\0\0\0\0\0\0\0{}", 10));
    CHECK(gn_tensors_open(path, &t, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "the header ends at byte 72, file has 10");
    CHECK(gn_tensors_open("/nowhere.safetensors", &t, &err) == GN_EIO);
}

static const char one_x[] = "\x38\0\0\0\0\0\0\0"
                            "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}  "
                            "\0\0\0\0";

static gn_status open_index(const char *dir, const char *index, gn_error *err) {
    char path[1200];
    gn_tensors *t;
    snprintf(path, sizeof path, "%s/model.safetensors.index.json", dir);
    put_file(path, index, strlen(index));
    gn_status st = gn_tensors_open(dir, &t, err);
    if (st == GN_OK) gn_tensors_free(t);
    return st;
}

TEST(indices_that_lie) {
    gn_error err;
    const char *dir = fresh_dir("io-shards");
    char path[1200];
    gn_tensors *t;
    CHECK(gn_tensors_open(dir, &t, &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "holds neither model.safetensors nor model.safetensors.index.json");
    snprintf(path, sizeof path, "%s/1.safetensors", dir);
    REQUIRE(put_file(path, one_x, sizeof one_x - 1));
    snprintf(path, sizeof path, "%s/2.safetensors", dir);
    REQUIRE(put_file(path, one_x, sizeof one_x - 1));
    OK(open_index(dir, "{\"weight_map\":{\"x\":\"1.safetensors\"}}", &err));
    CHECK(open_index(dir, "{\"weight_map\":{\"x\":\"1.safetensors\",\"y\":\"2.safetensors\"}}",
                     &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "2.safetensors: tensor 'x' is also in ");
    CHECK(open_index(dir, "{\"weight_map\":{\"y\":\"1.safetensors\"}}", &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "index.json: tensor 'y' is not in 1.safetensors");
    CHECK(open_index(dir, "{\"weight_map\":{\"x\":\"3.safetensors\"}}", &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "index.json: the shard 3.safetensors is missing");
    CHECK(open_index(dir, "{\"weight_map\":{\"x\":\"../1.safetensors\"}}", &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "tensor 'x': expected the name of a file in the same folder");
    CHECK(open_index(dir, "{\"weight_map\":{\"x\":1}}", &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "found an integer");
    CHECK(open_index(dir, "{}", &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "'weight_map': expected an object, found nothing");
}

int main(void) {
    RUN(a_whole_file);
    RUN(shards);
    RUN(unaligned_data_are_copied);
    RUN(headers_that_lie);
    RUN(lengths_that_lie);
    RUN(indices_that_lie);
    return tap_done();
}
