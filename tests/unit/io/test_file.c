/* io: mapping, whole files, gzip, atomic output, folders, paths, SHA-256. */
#define _GNU_SOURCE
#include "files.h"

#include "io/file.h"
#include "io/sha256.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <zlib.h>

TEST(files_are_mapped) {
    gn_error err;
    char path[1200];
    snprintf(path, sizeof path, "%s/x", fresh_dir("io-map"));
    REQUIRE(put_file(path, "abc", 3));
    gn_map map;
    OK(gn_map_open(path, &map, &err));
    CHECK(map.n == 3 && memcmp(map.data, "abc", 3) == 0 && map.pages);
    gn_map_close(&map);
    CHECK(map.data == NULL);
    REQUIRE(put_file(path, "", 0));
    OK(gn_map_open(path, &map, &err));
    CHECK(map.n == 0 && map.data != NULL);
    gn_map_close(&map);
    CHECK(gn_map_open("/nowhere/x.npy", &map, &err) == GN_EIO);
    CHECK_STR(err.message, "/nowhere/x.npy: cannot open: No such file or directory");
    CHECK(gn_map_open(tmp_path("io-map"), &map, &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "is a folder, expected a file");
}

TEST(pipes_are_read) {
    gn_error err;
    int end[2];
    REQUIRE(pipe(end) == 0);
    REQUIRE(write(end[1], "hello", 5) == 5);
    close(end[1]);
    char path[64];
    snprintf(path, sizeof path, "/dev/fd/%d", end[0]);
    gn_map map;
    OK(gn_map_open(path, &map, &err));
    CHECK(map.n == 5 && memcmp(map.data, "hello", 6) == 0);
    gn_map_close(&map);
    close(end[0]);
}

/** gzip of `n` bytes into out (room); returns its size. */
static size_t gzip(const char *text, size_t n, unsigned char *out, size_t room) {
    z_stream z = {0};
    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
    unsigned char *copy = malloc(n + 1);
    memcpy(copy, text, n);
    z.next_in = copy;
    z.avail_in = (unsigned)n;
    z.next_out = out;
    z.avail_out = (unsigned)room;
    deflate(&z, Z_FINISH);
    size_t did = z.total_out;
    deflateEnd(&z);
    free(copy);
    return did;
}

TEST(gzip_is_inflated_and_bounded) {
    gn_error err;
    enum { N = 300000 };
    char *big = malloc(N), *text;
    unsigned char *packed = malloc(N);
    size_t n;
    memset(big, 'x', N);
    size_t m = gzip(big, N, packed, N);
    m += gzip("tail", 4, packed + m, N - m); /* two members are one text */
    char path[1200];
    snprintf(path, sizeof path, "%s/x.gz", fresh_dir("io-gzip"));
    REQUIRE(put_file(path, packed, m));
    OK(gn_read_file(path, SIZE_MAX, &text, &n, &err));
    CHECK(n == N + 4 && memcmp(text, big, N) == 0 && strcmp(text + N, "tail") == 0);
    gn_free(text);
    OK(gn_read_file(path, N + 4, &text, &n, &err));
    gn_free(text);
    CHECK(gn_read_file(path, N + 3, &text, &n, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "larger than the limit of 300003 bytes when inflated");
    REQUIRE(put_file(path, packed, m - 10));
    CHECK(gn_read_file(path, SIZE_MAX, &text, &n, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "x.gz: gzip data ends at byte");
    packed[m - 6] ^= 1; /* the second member's CRC */
    REQUIRE(put_file(path, packed, m));
    CHECK(gn_read_file(path, SIZE_MAX, &text, &n, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "damaged gzip data near byte");
    packed[m - 6] ^= 1;
    packed[m] = 'j';
    REQUIRE(put_file(path, packed, m + 1));
    CHECK(gn_read_file(path, SIZE_MAX, &text, &n, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "garbage behind the gzip data");
    free(big);
    free(packed);
}

TEST(plain_files_are_bounded) {
    gn_error err;
    char path[1200], *text;
    size_t n;
    snprintf(path, sizeof path, "%s/x", fresh_dir("io-plain"));
    REQUIRE(put_file(path, "12345", 5));
    OK(gn_read_file(path, 5, &text, &n, &err));
    CHECK(n == 5 && strcmp(text, "12345") == 0);
    gn_free(text);
    CHECK(gn_read_file(path, 4, &text, &n, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "x: 5 bytes, the limit is 4");
}

TEST(output_appears_at_once) {
    gn_error err;
    const char *dir = fresh_dir("io-out");
    char path[1200], got[8];
    snprintf(path, sizeof path, "%s/x", dir);
    gn_outfile *f;
    OK(gn_write_file(path, "old", 3, &err));
    OK(gn_outfile_open(path, &f, &err));
    OK(gn_outfile_write(f, "new", 3, &err));
    CHECK(gn_outfile_size(f) == 3);
    CHECK(count_files(dir) == 2);
    CHECK(get_file(path, got, 8) == 3 && memcmp(got, "old", 3) == 0);
    OK(gn_outfile_commit(f, &err));
    CHECK(count_files(dir) == 1);
    CHECK(get_file(path, got, 8) == 3 && memcmp(got, "new", 3) == 0);
    OK(gn_outfile_open(path, &f, &err));
    OK(gn_outfile_write(f, "gone", 4, &err));
    gn_outfile_abandon(f);
    CHECK(count_files(dir) == 1);
    CHECK(get_file(path, got, 8) == 3 && memcmp(got, "new", 3) == 0);
}

/* A number that was a process's and is nobody's now. */
static long gone_process(void) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    return child > 0 && waitpid(child, NULL, 0) == child ? (long)child : 0;
}

TEST(what_killed_writers_leave_is_removed) {
    static const struct {
        const char *before, *after; /* the number of the process */
        bool gone, stays;
    } files[] = {
        {".x.", ".0.tmp", true, false},
        {".x.", ".12.tmp", true, false},
        {".x.", ".0.tmp", false, true},  /* is being written */
        {".x.y.", ".0.tmp", true, true}, /* of another file */
        {".y.", ".0.tmp", true, true},
        {".", ".0.tmp", true, true},
        {"x.", ".0.tmp", true, true},
        {".x.", ".tmp", true, true},
        {".x.", ".0.tmp.npy", true, true},
        {".x.-", ".0.tmp", true, true},
        {".x.99999999999999999999", ".0.tmp", true, true},
    };
    gn_error err;
    const char *dir = fresh_dir("io-sweep");
    char path[1200], x[1200];
    long gone = gone_process();
    REQUIRE(gone > 0);
    for (int made = 1; made >= 0; made--) {
        for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
            snprintf(path, sizeof path, "%s/%s%ld%s", dir, files[i].before,
                     files[i].gone ? gone : (long)getpid(), files[i].after);
            if (made) REQUIRE(put_file(path, "half", 4));
            if (!made) CHECK(gn_path_is_file(path) == files[i].stays);
        }
        snprintf(x, sizeof x, "%s/x", dir);
        if (made) OK(gn_outfile_sweep(x, &err));
    }
    OK(gn_outfile_sweep("/nowhere/x", &err)); /* no folder: nothing to do */
}

TEST(large_output_keeps_its_order) {
    gn_error err;
    char path[1200];
    snprintf(path, sizeof path, "%s/x", fresh_dir("io-large"));
    enum { N = 200000 };
    uint32_t *numbers = malloc(N * sizeof *numbers), *back = malloc((N + 1) * sizeof *back);
    for (uint32_t i = 0; i < N; i++) numbers[i] = i;
    gn_outfile *f;
    OK(gn_outfile_open(path, &f, &err));
    for (size_t at = 0, step = 1; at < N; at += step, step = step * 3 + 1) {
        if (step > N - at) step = N - at;
        OK(gn_outfile_write(f, numbers + at, step * sizeof *numbers, &err));
    }
    OK(gn_outfile_commit(f, &err));
    CHECK(get_file(path, back, (N + 1) * sizeof *back) == N * sizeof *back);
    CHECK(memcmp(numbers, back, N * sizeof *back) == 0);
    free(numbers);
    free(back);
}

TEST(a_full_disk_leaves_nothing) {
    gn_error err;
    const char *dir = fresh_dir("io-full");
    char path[1200];
    snprintf(path, sizeof path, "%s/x", dir);
    struct rlimit before, limit;
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    limit = before;
    limit.rlim_cur = 1000;
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    char *big = calloc(300000, 1);
    gn_status st = gn_write_file(path, big, 300000, &err);
    gn_error small;
    gn_status gathered = gn_write_file(path, big, 2000, &small);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, old);
    CHECK(st == GN_EIO);
    CHECK_CONTAINS(err.message, "io-full/x: cannot write 299000 bytes at byte 1000: ");
    CHECK(gathered == GN_EIO);
    CHECK_CONTAINS(small.message, "io-full/x: cannot write 1000 bytes at byte 1000: ");
    CHECK(count_files(dir) == 0);
    if (access("/dev/full", W_OK) == 0) {
        CHECK(gn_write_file("/dev/full", big, 10, &err) == GN_EIO);
        CHECK_STR(err.message,
                  "/dev/full: cannot write 10 bytes at byte 0: No space left on device");
    }
    free(big);
}

TEST(output_needs_a_folder) {
    gn_error err;
    gn_outfile *f;
    CHECK(gn_outfile_open("/nowhere/at/all", &f, &err) == GN_EIO);
    CHECK_STR(err.message, "/nowhere/at/all: cannot create: No such file or directory");
    CHECK(gn_outfile_open(fresh_dir("io-folder"), &f, &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "is a folder, expected the name of a file");
}

TEST(folders_are_made) {
    gn_error err;
    char path[1200], deep[1300];
    snprintf(path, sizeof path, "%s", fresh_dir("io-dirs"));
    snprintf(deep, sizeof deep, "%s/a//b/c/", path);
    OK(gn_make_dirs(deep, &err));
    OK(gn_make_dirs(deep, &err));
    CHECK(gn_path_is_dir(deep) && !gn_path_is_file(deep));
    for (const char *const *p = (const char *const[]){"/a/b/c", "/a/b", "/a", NULL}; *p; p++) {
        snprintf(deep, sizeof deep, "%s%s", path, *p);
        CHECK(rmdir(deep) == 0);
    }
    snprintf(deep, sizeof deep, "%s/f", path);
    REQUIRE(put_file(deep, "", 0));
    snprintf(deep, sizeof deep, "%s/f/g", path);
    CHECK(gn_make_dirs(deep, &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "cannot make the folder");
}

TEST(paths_are_taken_apart) {
    static const struct {
        const char *path, *dir, *base;
    } t[] = {{"a/b.npy", "a", "b.npy"},
             {"b.npy", ".", "b.npy"},
             {"/b", "/", "b"},
             {"/a/b/c", "/a/b", "c"},
             {"a//b", "a", "b"}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char *dir = gn_path_dir(t[i].path);
        CHECK_STR(dir, t[i].dir);
        CHECK_STR(gn_path_base(t[i].path), t[i].base);
        gn_free(dir);
    }
    char *p = gn_path_join("a", "b");
    CHECK_STR(p, "a/b");
    gn_free(p);
    p = gn_path_join("a/", "b");
    CHECK_STR(p, "a/b");
    gn_free(p);
    p = gn_path_join("a", "/b");
    CHECK_STR(p, "/b");
    gn_free(p);
    CHECK(gn_path_has_suffix("X.NPY", ".npy") && !gn_path_has_suffix("X.npz", ".npy"));
    CHECK(!gn_path_has_suffix("npy", ".npy"));
}

TEST(sha256_is_the_standard_one) {
    gn_error err;
    char hex[GN_SHA256_HEX], path[1200];
    OK(gn_sha256_bytes("abc", 3, hex, &err)); /* FIPS 180-4's example */
    CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    OK(gn_sha256_bytes("", 0, hex, &err));
    CHECK_STR(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    gn_sha256 *s;
    OK(gn_sha256_new(&s, &err));
    OK(gn_sha256_add(s, "a", 1, &err));
    OK(gn_sha256_add(s, "bc", 2, &err));
    OK(gn_sha256_end(s, hex, &err));
    CHECK(strncmp(hex, "ba7816bf", 8) == 0);
    snprintf(path, sizeof path, "%s/x", fresh_dir("io-sha"));
    REQUIRE(put_file(path, "abc", 3));
    OK(gn_sha256_file(path, hex, &err));
    CHECK(strncmp(hex, "ba7816bf", 8) == 0);
    CHECK(gn_sha256_file("/nowhere", hex, &err) == GN_EIO);
}

int main(void) {
    RUN(files_are_mapped);
    RUN(pipes_are_read);
    RUN(gzip_is_inflated_and_bounded);
    RUN(plain_files_are_bounded);
    RUN(output_appears_at_once);
    RUN(what_killed_writers_leave_is_removed);
    RUN(large_output_keeps_its_order);
    RUN(a_full_disk_leaves_nothing);
    RUN(output_needs_a_folder);
    RUN(folders_are_made);
    RUN(paths_are_taken_apart);
    RUN(sha256_is_the_standard_one);
    return tap_done();
}
