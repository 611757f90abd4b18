/* The directory at the end of a ZIP file says where the members are (PKWARE's APPNOTE 6.3, with the
 * 64-bit extensions). It is believed as far as the file bears it out: each member's own header must
 * be where the directory says and carry the same name; members may not share bytes, because a few
 * megabytes of overlapping deflate data can claim petabytes; a deflated member may not claim more
 * than deflate can deliver (1032 bytes for one), so memory is bounded before any is taken. */
#include "io/zip.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    ENTRY_BYTES = 46,
    LOCAL_BYTES = 30,
    MAX_COMMENT = 65535,
    MAX_RATIO = 1032,
    ENCRYPTED = 1,
    METHOD_STORED = 0,
    METHOD_DEFLATED = 8,
    EXTRA_ZIP64 = 1,
};

static unsigned u16(const unsigned char *p) {
    return (unsigned)p[0] | (unsigned)p[1] << 8;
}
static uint32_t u32(const unsigned char *p) {
    return u16(p) | (uint32_t)u16(p + 2) << 16;
}
static uint64_t u64(const unsigned char *p) {
    return u32(p) | (uint64_t)u32(p + 4) << 32;
}

/** Where the directory is. */
typedef struct directory {
    uint64_t offset, n_bytes, n_members;
} directory;

static gn_status find_directory(const unsigned char *bytes, size_t n, const char *file,
                                directory *out, gn_error *err) {
    size_t lowest = n > END_BYTES + MAX_COMMENT ? n - END_BYTES - MAX_COMMENT : 0, at = n;
    bool found = false;
    if (n >= END_BYTES) {
        for (at = n - END_BYTES;; at--) {
            found =
                memcmp(bytes + at, "PK\5\6", 4) == 0 && u16(bytes + at + 20) == n - at - END_BYTES;
            if (found || at == lowest) break;
        }
    }
    if (!found)
        return gn_fail(err, GN_EDATA,
                       "%s: no ZIP directory at the end: not a ZIP file or truncated", file);
    const unsigned char *end = bytes + at;
    directory d = {u32(end + 16), u32(end + 12), u16(end + 10)};
    bool one_volume = u16(end + 4) == 0 && u16(end + 6) == 0;
    if (at >= LOCATOR_BYTES && memcmp(end - LOCATOR_BYTES, "PK\6\7", 4) == 0) {
        uint64_t where = u64(end - LOCATOR_BYTES + 8);
        if (at - LOCATOR_BYTES < END64_BYTES || where > at - LOCATOR_BYTES - END64_BYTES ||
            memcmp(bytes + where, "PK\6\6", 4) != 0)
            return gn_fail(err, GN_EDATA, "%s: byte %llu: expected the 64-bit ZIP directory's end",
                           file, (unsigned long long)where);
        const unsigned char *end64 = bytes + where;
        d = (directory){u64(end64 + 48), u64(end64 + 40), u64(end64 + 32)};
        one_volume = u32(end64 + 16) == 0 && u32(end64 + 20) == 0;
        at = (size_t)where;
    }
    if (!one_volume)
        return gn_fail(err, GN_ENOSUPP, "%s: a ZIP file in several volumes, expected one", file);
    if (d.offset > at || d.n_bytes > at - d.offset || d.n_members > d.n_bytes / ENTRY_BYTES)
        return gn_fail(err, GN_EDATA,
                       "%s: the ZIP directory claims %llu members in %llu bytes from byte %llu on, "
                       "the file has %zu bytes",
                       file, (unsigned long long)d.n_members, (unsigned long long)d.n_bytes,
                       (unsigned long long)d.offset, n);
    *out = d;
    return GN_OK;
}

/** Replaces sizes that are 0xffffffff by the 64-bit ones of the extra field. */
static bool apply_zip64(const unsigned char *extra, size_t n, uint64_t *size[3]) {
    while (n >= 4) {
        size_t length = u16(extra + 2);
        if (length > n - 4) return false;
        if (u16(extra) == EXTRA_ZIP64) {
            const unsigned char *p = extra + 4;
            for (int i = 0; i < 3; i++) {
                if (*size[i] != UINT32_MAX) continue;
                if (length < 8) return false;
                *size[i] = u64(p);
                p += 8;
                length -= 8;
            }
            return true;
        }
        extra += 4 + length;
        n -= 4 + length;
    }
    return true;
}

/** Checks the member's own header against the directory's entry and finds its data. */
static gn_status locate(const gn_zip *zip, uint64_t limit, uint64_t header, uint64_t n_stored,
                        gn_zip_member *m, gn_error *err) {
    if (limit < LOCAL_BYTES || header > limit - LOCAL_BYTES ||
        memcmp(zip->bytes + header, "PK\3\4", 4) != 0)
        return gn_fail(err, GN_EDATA, "%s: member '%s': no header at byte %llu", zip->file, m->name,
                       (unsigned long long)header);
    const unsigned char *p = zip->bytes + header;
    size_t n_name = u16(p + 26), skip = LOCAL_BYTES + n_name + u16(p + 28);
    if (skip > limit - header || n_stored > limit - header - skip)
        return gn_fail(err, GN_EDATA,
                       "%s: member '%s': %llu bytes behind the header at byte %llu reach past byte "
                       "%llu, where the directory starts",
                       zip->file, m->name, (unsigned long long)n_stored, (unsigned long long)header,
                       (unsigned long long)limit);
    if (n_name != strlen(m->name) || memcmp(p + LOCAL_BYTES, m->name, n_name) != 0)
        return gn_fail(err, GN_EDATA, "%s: member '%s': has another name at byte %llu", zip->file,
                       m->name, (unsigned long long)header);
    m->header = (size_t)header;
    m->offset = (size_t)header + skip;
    m->n_stored = (size_t)n_stored;
    return GN_OK;
}

/** Reads the directory entry at *at (bytes up to end), leaves *at behind it. */
static gn_status read_entry(gn_zip *zip, const directory *d, size_t *at, gn_zip_member *m,
                            gn_error *err) {
    size_t end = (size_t)(d->offset + d->n_bytes);
    const unsigned char *p = zip->bytes + *at;
    if (end - *at < ENTRY_BYTES || memcmp(p, "PK\1\2", 4) != 0)
        return gn_fail(err, GN_EDATA, "%s: byte %zu: expected an entry of the ZIP directory",
                       zip->file, *at);
    size_t n_name = u16(p + 28), n_extra = u16(p + 30), n_comment = u16(p + 32);
    size_t length = ENTRY_BYTES + n_name + n_extra + n_comment;
    if (length > end - *at)
        return gn_fail(err, GN_EDATA, "%s: byte %zu: the ZIP directory ends inside this entry",
                       zip->file, *at);
    const char *name = (const char *)p + ENTRY_BYTES;
    if (memchr(name, '\0', n_name))
        return gn_fail(err, GN_EDATA, "%s: byte %zu: a member's name contains a NUL", zip->file,
                       *at);
    m->name = gn_arena_text(&zip->arena, name, n_name);
    if (!m->name) return gn_fail_nomem(err, zip->file, n_name);
    uint64_t n_bytes = u32(p + 24), n_stored = u32(p + 20), header = u32(p + 42);
    if (!apply_zip64(p + ENTRY_BYTES + n_name, n_extra,
                     (uint64_t *[]){&n_bytes, &n_stored, &header}))
        return gn_fail(err, GN_EDATA, "%s: member '%s': damaged extra field", zip->file, m->name);
    m->flags = u16(p + 8);
    m->method = u16(p + 10);
    m->crc = u32(p + 16);
    gn_status st = locate(zip, d->offset, header, n_stored, m, err);
    if (st != GN_OK) return st;
    bool possible = m->method == METHOD_STORED
                        ? n_bytes == n_stored
                        : m->method != METHOD_DEFLATED || n_bytes / MAX_RATIO <= n_stored;
    if (!possible || n_bytes > SIZE_MAX / 2)
        return gn_fail(err, GN_EDATA, "%s: member '%s': %llu stored bytes cannot hold %llu",
                       zip->file, m->name, (unsigned long long)n_stored,
                       (unsigned long long)n_bytes);
    m->n_bytes = (size_t)n_bytes;
    *at += length;
    return GN_OK;
}

static int by_place(const void *a, const void *b) {
    const gn_zip_member *x = a, *y = b;
    return (x->header > y->header) - (x->header < y->header);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gn_status check_members(const gn_zip *zip, gn_error *err) {
    gn_status st = GN_OK;
    const char **name = NULL;
    for (size_t i = 1; i < zip->n; i++) {
        const gn_zip_member *a = &zip->member[i - 1], *b = a + 1;
        if (b->header < a->offset + a->n_stored)
            return gn_fail(err, GN_EDATA, "%s: member '%s' at byte %zu overlaps member '%s'",
                           zip->file, b->name, b->header, a->name);
    }
    GN_TRY(gn_alloc_array(&name, zip->n, sizeof *name, "the names in a ZIP file", err));
    for (size_t i = 0; i < zip->n; i++) name[i] = zip->member[i].name;
    qsort(name, zip->n, sizeof *name, by_name);
    for (size_t i = 1; i < zip->n; i++) {
        if (strcmp(name[i - 1], name[i]) != 0) continue;
        st = gn_fail(err, GN_EDATA, "%s: two members are called '%s'", zip->file, name[i]);
        goto done;
    }
done:
    gn_free(name);
    return st;
}

gn_status gn_zip_open(const unsigned char *bytes, size_t n, const char *file, gn_zip *out,
                      gn_error *err) {
    gn_zip zip = {.file = file, .bytes = bytes};
    directory d = {0};
    gn_status st;
    GN_TRY(find_directory(bytes, n, file, &d, err));
    zip.n = (size_t)d.n_members;
    zip.member = gn_arena_alloc(&zip.arena, zip.n, sizeof *zip.member);
    if (!zip.member) {
        st = gn_fail_nomem(err, file, zip.n * sizeof *zip.member);
        goto done;
    }
    size_t at = (size_t)d.offset;
    for (size_t i = 0; i < zip.n; i++) GN_TRY(read_entry(&zip, &d, &at, &zip.member[i], err));
    qsort(zip.member, zip.n, sizeof *zip.member, by_place);
    GN_TRY(check_members(&zip, err));
    *out = zip;
    zip = (gn_zip){0};
done:
    gn_zip_close(&zip);
    return st;
}

void gn_zip_close(gn_zip *zip) {
    gn_arena_free(&zip->arena);
    *zip = (gn_zip){0};
}

const gn_zip_member *gn_zip_find(const gn_zip *zip, const char *name) {
    for (size_t i = 0; i < zip->n; i++)
        if (strcmp(zip->member[i].name, name) == 0) return &zip->member[i];
    return NULL;
}

const unsigned char *gn_zip_stored(const gn_zip *zip, const gn_zip_member *m) {
    bool plain = m->method == METHOD_STORED && !(m->flags & ENCRYPTED);
    return plain ? zip->bytes + m->offset : NULL;
}

/** Inflates the first n bytes of a member, all of them when n is its size. */
static gn_status inflate_member(const gn_zip *zip, const gn_zip_member *m, size_t n,
                                unsigned char *to, gn_error *err) {
    z_stream z = {0};
    if (inflateInit2(&z, -15) != Z_OK) return gn_fail_nomem(err, "inflating", sizeof z);
    size_t in = 0, done = 0;
    int zs = Z_OK;
    while (zs == Z_OK && (done < n || n == m->n_bytes)) {
        size_t give = m->n_stored - in < UINT_MAX ? m->n_stored - in : UINT_MAX;
        size_t room = n - done < UINT_MAX ? n - done : UINT_MAX;
        z.next_in = (z_const Bytef *)(uintptr_t)(zip->bytes + m->offset + in); /* only read */
        z.avail_in = (uInt)give;
        z.next_out = to + done;
        z.avail_out = (uInt)room;
        zs = inflate(&z, Z_NO_FLUSH);
        in += give - z.avail_in;
        done += room - z.avail_out;
    }
    inflateEnd(&z);
    if (zs == Z_MEM_ERROR) return gn_fail_nomem(err, "inflating", m->n_bytes);
    if (done != n || (n == m->n_bytes && zs != Z_STREAM_END))
        return gn_fail(err, GN_EDATA,
                       "%s: member '%s': damaged deflate data near byte %zu (%zu of %zu bytes "
                       "inflated)",
                       zip->file, m->name, m->offset + in, done, m->n_bytes);
    return GN_OK;
}

static gn_status check_method(const gn_zip *zip, const gn_zip_member *m, gn_error *err) {
    if (m->flags & ENCRYPTED)
        return gn_fail(err, GN_ENOSUPP, "%s: member '%s': is encrypted", zip->file, m->name);
    if (m->method != METHOD_STORED && m->method != METHOD_DEFLATED)
        return gn_fail(err, GN_ENOSUPP,
                       "%s: member '%s': compression method %u, expected 0 (stored) or 8 (deflate)",
                       zip->file, m->name, m->method);
    return GN_OK;
}

gn_status gn_zip_start(const gn_zip *zip, const gn_zip_member *m, size_t *n, unsigned char **out,
                       gn_error *err) {
    gn_status st;
    unsigned char *bytes = NULL;
    size_t most = *n < m->n_bytes ? *n : m->n_bytes;
    GN_TRY(check_method(zip, m, err));
    GN_TRY(gn_alloc_array(&bytes, most, 1, m->name, err));
    if (m->method == METHOD_DEFLATED)
        GN_TRY(inflate_member(zip, m, most, bytes, err));
    else
        memcpy(bytes, zip->bytes + m->offset, most);
    *n = most;
    *out = bytes;
    bytes = NULL;
done:
    gn_free(bytes);
    return st;
}

gn_status gn_zip_read(const gn_zip *zip, const gn_zip_member *m, unsigned char **out,
                      gn_error *err) {
    gn_status st;
    unsigned char *bytes = NULL;
    GN_TRY(check_method(zip, m, err));
    if (m->n_bytes > gn_machine_bytes())
        return gn_fail(err, GN_ENOSUPP,
                       "%s: member '%s' has %zu bytes when inflated, this machine's memory has %zu",
                       zip->file, m->name, m->n_bytes, gn_machine_bytes());
    GN_TRY(gn_alloc_array(&bytes, m->n_bytes, 1, m->name, err));
    if (m->method == METHOD_DEFLATED) {
        GN_TRY(inflate_member(zip, m, m->n_bytes, bytes, err));
    } else {
        memcpy(bytes, zip->bytes + m->offset, m->n_bytes);
    }
    uint32_t crc = (uint32_t)crc32_z(0, bytes, m->n_bytes);
    if (crc != m->crc) {
        st = gn_fail(err, GN_EDATA, "%s: member '%s': CRC is %08x, the directory says %08x",
                     zip->file, m->name, (unsigned)crc, (unsigned)m->crc);
        goto done;
    }
    *out = bytes;
    bytes = NULL;
done:
    gn_free(bytes);
    return st;
}
