/* io: every reader and writer when the n-th allocation fails. */
#include "fail_alloc.h"
#include "files.h"

#include "gonio/io.h"
#include "io/bookmarks.h"
#include "io/file.h"
#include "io/json.h"
#include "io/sha256.h"

static gn_status open_matrix(void *spec, gn_error *err) {
    gn_matrix *m = NULL;
    gn_status st = gn_matrix_open(spec, &m, err);
    if (st != GN_OK && m != NULL) return GN_EINVAL; /* outputs stay untouched on failure */
    gn_matrix_free(m);
    return st;
}

static gn_status open_labels(void *spec, gn_error *err) {
    gn_labels *l = NULL;
    gn_status st = gn_labels_open(spec, &l, err);
    if (st != GN_OK && l != NULL) return GN_EINVAL;
    gn_labels_free(l);
    return st;
}

static gn_status open_tensors(void *path, gn_error *err) {
    gn_tensors *t = NULL;
    gn_status st = gn_tensors_open(path, &t, err);
    if (st != GN_OK && t != NULL) return GN_EINVAL;
    gn_tensors_free(t);
    return st;
}

static gn_status write_array(void *path, gn_error *err) {
    return gn_npy_write(path, GN_F32, (size_t[]){2}, 1, (float[]){1, 2}, err);
}

static gn_status make_dirs(void *path, gn_error *err) {
    return gn_make_dirs(path, err);
}

static gn_status open_json(void *path, gn_error *err) {
    json_t *root = NULL;
    gn_status st = gn_json_open(path, 1 << 20, &root, err);
    json_decref(root);
    return st;
}

static gn_status open_bookmarks(void *path, gn_error *err) {
    gn_bookmarks b = {0};
    gn_status st = gn_bookmarks_open(path, 3, 2, &b, err);
    if (st != GN_OK && (b.n || b.bookmark || b.note)) return GN_EINVAL;
    gn_bookmarks_free(&b);
    return st;
}

static gn_status hash(void *text, gn_error *err) {
    char hex[GN_SHA256_HEX];
    return gn_sha256_bytes(text, strlen(text), hex, err);
}

static void sweep(gn_status (*attempt)(void *, gn_error *), const char *path) {
    char copy[1200];
    snprintf(copy, sizeof copy, "%s", path);
    FAIL_SWEEP(attempt, copy, path);
}

TEST(matrices) {
    static const char *const spec[] = {"grid.f4.npy",
                                       "grid.i4.npy",
                                       "grid.i8.big.fortran.npy",
                                       "stored.npz:grid",
                                       "deflated.npz",
                                       "whole.safetensors:b",
                                       "unaligned.safetensors",
                                       "parts.safetensors.index.json:b"};
    for (size_t i = 0; i < sizeof spec / sizeof *spec; i++) {
        char path[256];
        snprintf(path, sizeof path, "golden/io/%s", spec[i]);
        sweep(open_matrix, test_path(path));
    }
}

TEST(tables) {
    char path[1200];
    const char *text = "a,b\n\"1\",2\n3,4\n";
    snprintf(path, sizeof path, "%s/x.csv", fresh_dir("io-memory"));
    REQUIRE(put_file(path, text, strlen(text)));
    sweep(open_matrix, path);
    snprintf(path + strlen(path), 3, ":b");
    sweep(open_labels, path);
    sweep(open_labels, test_path("golden/io/words.npy"));
    sweep(open_labels, test_path("golden/io/codes.npy"));
    snprintf(path, sizeof path, "%s/x.txt", fresh_dir("io-memory"));
    REQUIRE(put_file(path, "a\nb\n", 4));
    sweep(open_labels, path);
}

TEST(folders_of_tensors) {
    sweep(open_tensors, test_path("golden/io/parts.safetensors.index.json"));
    sweep(open_json, test_path("golden/io/parts.safetensors.index.json"));
    sweep(open_json, test_path("fuzz/corpus/json/packed.json.gz"));
    sweep(hash, "text");
    sweep(open_bookmarks, test_path("fuzz/corpus/bookmarks/two.json"));
}

TEST(writers_leave_nothing_behind) {
    char path[1200];
    const char *dir = fresh_dir("io-memory-out");
    snprintf(path, sizeof path, "%s/x.npy", dir);
    sweep(write_array, path);
    CHECK(count_files(dir) == 1);
    sweep(make_dirs, dir);
}

int main(void) {
    RUN(matrices);
    RUN(tables);
    RUN(folders_of_tensors);
    RUN(writers_leave_nothing_behind);
    return tap_done();
}
