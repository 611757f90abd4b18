/* io: ZIP archives: NumPy's own with one byte changed, and hand-made ones that lie on purpose. */
#include "files.h"

#include "io/file.h"
#include "io/npy.h"
#include "io/zip.h"

#include <zlib.h>

/** Changes one byte of stored.npz or deflated.npz and opens it as an archive. */
static gn_status damaged(const char *golden, long at, int value, size_t cut, bool read,
                         gn_error *err) {
    unsigned char bytes[1024];
    size_t n = get_file(test_path(golden), bytes, sizeof bytes) - cut;
    if (at < 0) at += (long)n;
    if (value >= 0) bytes[at] = (unsigned char)value;
    gn_zip zip;
    gn_status st = gn_zip_open(bytes, n, "t.npz", &zip, err);
    if (st != GN_OK) return st;
    unsigned char *out = NULL;
    if (read) st = gn_zip_read(&zip, &zip.member[0], &out, err);
    gn_free(out);
    gn_zip_close(&zip);
    return st;
}

TEST(archives_that_lie) {
    static const char stored[] = "golden/io/stored.npz", deflated[] = "golden/io/deflated.npz";
    gn_error err;
    OK(damaged(stored, 0, -1, 0, true, &err));
    OK(damaged(deflated, 0, -1, 0, true, &err));
    CHECK(damaged(stored, 0, -1, 1, true, &err) == GN_EDATA);
    CHECK_STR(err.message, "t.npz: no ZIP directory at the end: not a ZIP file or truncated");
    CHECK(damaged(stored, 0, 'X', 0, true, &err) == GN_EDATA);
    CHECK_STR(err.message, "t.npz: member 'grid.npy': no header at byte 0");
    CHECK(damaged(stored, 30, 'X', 0, true, &err) == GN_EDATA);
    CHECK_STR(err.message, "t.npz: member 'grid.npy': has another name at byte 0");
    CHECK(damaged(stored, 100, 0, 0, true, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "t.npz: member 'grid.npy': CRC is ");
    CHECK(damaged(deflated, 80, 0xff, 0, true, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "t.npz: member 'grid.npy': ");
    CHECK(damaged(stored, -6, 0xff, 0, true, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "t.npz: the ZIP directory claims 2 members in ");
    CHECK(damaged(stored, -12, 0xff, 0, true, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "t.npz: the ZIP directory claims 255 members in ");
    CHECK(damaged(stored, -18, 1, 0, true, &err) == GN_ENOSUPP);
    CHECK_CONTAINS(err.message, "in several volumes");
}

/** A member to build: data stored as they are, whatever the other fields say. */
typedef struct member {
    const char *name, *data;
    unsigned method, flags;
    uint32_t n_bytes; /* claimed; 0: the data's length */
    bool same_place;  /* the entry points at the member before */
} member;

typedef struct built {
    unsigned char bytes[4096];
    size_t n;
} built;

static void put(built *z, uint64_t value, int n) {
    for (int i = 0; i < n; i++) z->bytes[z->n++] = (unsigned char)(value >> (8 * i));
}

/** An archive of the members; with zip64, all sizes and places live in the 64-bit records. */
static void build(built *z, const member *m, size_t n, bool zip64) {
    size_t place[8] = {0};
    const uint32_t far = UINT32_MAX;
    *z = (built){.n = 0};
    for (size_t i = 0; i < n; i++) {
        place[i] = m[i].same_place ? place[i - 1] : z->n;
        if (m[i].same_place) continue;
        put(z, 0x04034b50, 4);
        put(z, 20, 2), put(z, m[i].flags, 2), put(z, m[i].method, 2), put(z, 0, 4);
        put(z, 0, 12);
        put(z, strlen(m[i].name), 2), put(z, 0, 2);
        for (const char *c = m[i].name; *c; c++) put(z, (unsigned char)*c, 1);
        for (const char *c = m[i].data; *c; c++) put(z, (unsigned char)*c, 1);
    }
    size_t directory = z->n;
    for (size_t i = 0; i < n; i++) {
        size_t stored = strlen(m[i].data), claimed = m[i].n_bytes ? m[i].n_bytes : stored;
        put(z, 0x02014b50, 4);
        put(z, 20, 2), put(z, 20, 2), put(z, m[i].flags, 2), put(z, m[i].method, 2), put(z, 0, 4);
        put(z, crc32(0, (const unsigned char *)m[i].data, (unsigned)stored), 4);
        put(z, zip64 ? far : stored, 4), put(z, zip64 ? far : claimed, 4);
        put(z, strlen(m[i].name), 2), put(z, zip64 ? 32 : 0, 2), put(z, 0, 10);
        put(z, zip64 ? far : place[i], 4);
        for (const char *c = m[i].name; *c; c++) put(z, (unsigned char)*c, 1);
        if (!zip64) continue;
        put(z, 0x7777, 2), put(z, 0, 2); /* another extra field comes first */
        put(z, 1, 2), put(z, 24, 2), put(z, claimed, 8), put(z, stored, 8), put(z, place[i], 8);
    }
    size_t end = z->n;
    if (zip64) {
        put(z, 0x06064b50, 4), put(z, 44, 8), put(z, 45, 2), put(z, 45, 2), put(z, 0, 8);
        put(z, n, 8), put(z, n, 8), put(z, end - directory, 8), put(z, directory, 8);
        put(z, 0x07064b50, 4), put(z, 0, 4), put(z, end, 8), put(z, 1, 4);
    }
    put(z, 0x06054b50, 4), put(z, 0, 4);
    put(z, zip64 ? 0xffff : n, 2), put(z, zip64 ? 0xffff : n, 2);
    put(z, zip64 ? far : end - directory, 4), put(z, zip64 ? far : directory, 4);
    put(z, 5, 2), put(z, 0x21216f6c6c, 5); /* a comment */
}

/** Opens, reads every member, and compares with its data. */
static gn_status read_all(const built *z, const member *m, size_t n, gn_error *err) {
    gn_zip zip;
    unsigned char *exact = malloc(z->n); /* a sanitizer sees reads past the end */
    memcpy(exact, z->bytes, z->n);
    gn_status st = gn_zip_open(exact, z->n, "t.zip", &zip, err);
    if (st == GN_OK) {
        CHECK(zip.n == n);
        for (size_t i = 0; i < n && st == GN_OK; i++) {
            unsigned char *out;
            const gn_zip_member *found = gn_zip_find(&zip, m[i].name);
            CHECK(found != NULL);
            if (!found) break;
            const unsigned char *stored = gn_zip_stored(&zip, found);
            CHECK((stored != NULL) == (m[i].method == 0 && !(m[i].flags & 1)));
            if ((st = gn_zip_read(&zip, found, &out, err)) != GN_OK) break;
            CHECK(memcmp(out, m[i].data, strlen(m[i].data)) == 0 && stored);
            gn_free(out);
        }
        gn_zip_close(&zip);
    }
    free(exact);
    return st;
}

TEST(hand_made_archives) {
    static const member good[] = {{.name = "a", .data = "first"},
                                  {.name = "dir/b", .data = "second, longer"},
                                  {.name = "empty", .data = ""}};
    gn_error err;
    built z;
    for (int zip64 = 0; zip64 < 2; zip64++) {
        build(&z, good, 3, zip64);
        OK(read_all(&z, good, 3, &err));
    }
    build(&z, good, 0, false);
    OK(read_all(&z, good, 0, &err));
    build(&z, good, 3, true);
    for (size_t cut = 1; cut < z.n; cut++) { /* every truncation is noticed */
        built shorter = z;
        shorter.n = z.n - cut;
        CHECK(read_all(&shorter, good, 3, &err) == GN_EDATA);
    }
}

TEST(lies_that_fit_together) {
    static const struct {
        member m[2];
        gn_status status;
        const char *message;
    } t[] = {
        {{{.name = "a", .data = "x"}, {.name = "a", .data = "y"}},
         GN_EDATA,
         "t.zip: two members are called 'a'"},
        {{{.name = "a", .data = "x"}, {.name = "b", .data = "x", .same_place = true}},
         GN_EDATA,
         "t.zip: member 'b': has another name at byte 0"},
        {{{.name = "a", .data = "x"}, {.name = "a", .data = "x", .same_place = true}},
         GN_EDATA,
         "t.zip: member 'a' at byte 0 overlaps member 'a'"},
        {{{.name = "a", .data = "x"}, {.name = "b", .data = "x", .flags = 1}},
         GN_ENOSUPP,
         "t.zip: member 'b': is encrypted"},
        {{{.name = "a", .data = "x"}, {.name = "b", .data = "x", .method = 12}},
         GN_ENOSUPP,
         "t.zip: member 'b': compression method 12, expected 0 (stored) or 8 (deflate)"},
        {{{.name = "a", .data = "x"}, {.name = "b", .data = "xy", .n_bytes = 3}},
         GN_EDATA,
         "t.zip: member 'b': 2 stored bytes cannot hold 3"},
        {{{.name = "a", .data = "x"}, {.name = "b", .data = "xy", .method = 8, .n_bytes = 4000}},
         GN_EDATA,
         "t.zip: member 'b': 2 stored bytes cannot hold 4000"},
        {{{.name = "a", .data = "x"}, {.name = "b", .data = "xy", .method = 8, .n_bytes = 2000}},
         GN_EDATA,
         "t.zip: member 'b': damaged deflate data near byte "},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        gn_error err = {0};
        built z;
        build(&z, t[i].m, 2, i % 2);
        CHECK(read_all(&z, t[i].m, 2, &err) == t[i].status);
        CHECK_CONTAINS(err.message, t[i].message);
    }
    gn_error err;
    built z;
    static const member one[] = {{.name = "a", .data = "x"}};
    build(&z, one, 1, true);
    z.bytes[32 + 46 + 1 + 4 + 2] = 15; /* the 64-bit field is too short for its three numbers */
    CHECK(read_all(&z, one, 1, &err) == GN_EDATA);
    CHECK_STR(err.message, "t.zip: member 'a': damaged extra field");
}

TEST(written_archives_are_read) {
    gn_error err;
    double x[6] = {0, 1.5, -2, 3, 1e300, 5};
    char path[1200], spec[1300];
    size_t shape[2] = {3, 2};
    snprintf(path, sizeof path, "%s/x.npz", fresh_dir("io-npz"));
    OK(gn_npz_write(path, "arr_0", GN_F64, shape, 2, x, &err));
    gn_map map;
    gn_zip zip;
    unsigned char *bytes = NULL;
    OK(gn_map_open(path, &map, &err));
    OK(gn_zip_open(map.data, map.n, "x.npz", &zip, &err));
    CHECK(zip.n == 1 && gn_zip_find(&zip, "arr_0.npy"));
    OK(gn_zip_read(&zip, &zip.member[0], &bytes, &err)); /* looks at the CRC */
    gn_free(bytes);
    size_t start = 100; /* of a header of 128 bytes */
    gn_npy h;
    OK(gn_zip_start(&zip, &zip.member[0], &start, &bytes, &err));
    CHECK(start == 100 && memcmp(bytes, "\x93NUMPY", 6) == 0);
    CHECK(gn_npy_parse_start(bytes, start, 176, false, "x", &h, &err) == GN_ENOSUPP);
    gn_free(bytes);
    start = 1000;
    OK(gn_zip_start(&zip, &zip.member[0], &start, &bytes, &err));
    CHECK(start == 176); /* no more than there is */
    OK(gn_npy_parse_start(bytes, 128, 176, false, "x", &h, &err));
    CHECK(h.shape[0] == 3 && h.offset == 128);
    CHECK(gn_npy_parse_start(bytes, 128, 175, false, "x", &h, &err) == GN_EDATA); /* truncated */
    gn_free(bytes);
    gn_zip_close(&zip);
    gn_map_close(&map);
    gn_array a;
    OK(gn_npz_open(path, "arr_0", &a, &err));
    CHECK(a.n_dims == 2 && a.shape[0] == 3 && a.shape[1] == 2);
    CHECK(memcmp(a.data, x, sizeof x) == 0);
    gn_array_close(&a);
    size_t dims[GN_MAX_DIMS + 1] = {0};
    CHECK(gn_npz_write(path, "arr_0", GN_F64, dims, GN_MAX_DIMS + 1, x, &err) == GN_EINVAL);
    /* gzip: what was packed comes back. */
    char *text = NULL;
    size_t n;
    snprintf(path, sizeof path, "%s/x.csv.gz", tmp_path("io-npz"));
    OK(gn_write_gzip(path, "a,b\n1,2\n", 8, &err));
    CHECK(get_file(path, spec, sizeof spec) > 10 && (unsigned char)spec[0] == 0x1f);
    OK(gn_read_file(path, 100, &text, &n, &err));
    CHECK(n == 8 && memcmp(text, "a,b\n1,2\n", 8) == 0);
    gn_free(text);
}

int main(void) {
    RUN(archives_that_lie);
    RUN(hand_made_archives);
    RUN(lies_that_fit_together);
    RUN(written_archives_are_read);
    return tap_done();
}
