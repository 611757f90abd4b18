/* Writing what other programs read packed: gzip text (pandas opens X.csv.gz), and .npz archives
 * with one member, stored as it is, as numpy.savez writes them. A ZIP archive names sizes in 32
 * bits; what does not fit is refused, not written in the 64-bit form. */
#include "io/file.h"
#include "io/npy.h"

#include <string.h>
#include <zlib.h>

enum { ZIP_LOCAL = 30, ZIP_CENTRAL = 46, ZIP_END = 22, VERSION = 20, DATE = 0x21 /* 1980-01-01 */ };

gn_status gn_write_gzip(const char *path, const void *data, size_t n, gn_error *err) {
    gn_status st;
    z_stream z = {0};
    unsigned char *packed = NULL;
    bool open = false;
    if (n > UINT32_MAX / 2)
        return gn_fail(err, GN_ENOSUPP, "%s: %zu bytes to pack, expected at most %u", path, n,
                       UINT32_MAX / 2);
    /* 15 + 16: the largest window, gzip's header */
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return gn_fail_nomem(err, path, n);
    open = true;
    size_t room = deflateBound(&z, (uLong)n);
    GN_TRY(gn_alloc_array(&packed, room, 1, "packed bytes", err));
    z.next_in = (z_const Bytef *)(uintptr_t)data; /* zlib only reads it */
    z.avail_in = (uInt)n;
    z.next_out = packed;
    z.avail_out = (uInt)room;
    if (deflate(&z, Z_FINISH) != Z_STREAM_END) {
        st = gn_fail_nomem(err, path, n);
        goto done;
    }
    st = gn_write_file(path, packed, z.total_out, err);
done:
    if (open) deflateEnd(&z);
    gn_free(packed);
    return st;
}

static unsigned char *put(unsigned char *at, size_t value, size_t n_bytes) {
    for (size_t i = 0; i < n_bytes; i++) *at++ = (unsigned char)(value >> 8 * i);
    return at;
}

/* What a local header and the directory's entry share: version, flags, method, time, date, CRC,
 * sizes, length of the name, of extra fields. */
static unsigned char *put_member(unsigned char *at, size_t crc, size_t n_bytes, size_t n_name) {
    at = put(at, VERSION, 2);
    at = put(at, 0, 6); /* no flags, stored, midnight */
    at = put(at, DATE, 2);
    at = put(at, crc, 4);
    at = put(at, n_bytes, 4);
    at = put(at, n_bytes, 4);
    at = put(at, n_name, 2);
    return put(at, 0, 2);
}

static size_t crc_of(size_t crc, const unsigned char *data, size_t n) {
    for (size_t at = 0; at < n;) {
        size_t part = n - at < 1u << 30 ? n - at : 1u << 30;
        crc = crc32((uLong)crc, data + at, (uInt)part);
        at += part;
    }
    return crc;
}

gn_status gn_npz_write(const char *path, const char *member, gn_dtype dtype, const size_t *shape,
                       size_t n_dims, const void *data, gn_error *err) {
    gn_status st;
    unsigned char npy[GN_NPY_HEADER_MAX], head[ZIP_LOCAL], tail[ZIP_CENTRAL], end[ZIP_END], *p;
    size_t n_items, n_bytes, n_name = strlen(member) + 4; /* ".npy" */
    gn_outfile *f = NULL;
    if (n_dims > GN_MAX_DIMS)
        return gn_fail(err, GN_EINVAL, "%s: %zu dimensions, at most %d can be written", path,
                       n_dims, GN_MAX_DIMS);
    GN_TRY(gn_shape_bytes(shape, n_dims, dtype, path, &n_items, &n_bytes, err));
    size_t n_header = gn_npy_header_bytes(dtype, shape, n_dims, npy);
    size_t all = n_header + n_bytes, directory = ZIP_LOCAL + n_name + all;
    if (n_bytes > UINT32_MAX - 4096)
        return gn_fail(err, GN_ENOSUPP, "%s: an array of %zu bytes, expected less than 4 GiB", path,
                       n_bytes);
    size_t crc = crc_of(crc_of(0, npy, n_header), data, n_bytes);
    put_member(put(head, 0x04034b50, 4), crc, all, n_name);
    p = put_member(put(put(tail, 0x02014b50, 4), VERSION, 2), crc, all, n_name);
    put(put(p, 0, 8), 0, 6); /* comment, disk, attributes; the member starts at byte 0 */
    p = put(put(put(end, 0x06054b50, 4), 0, 4), 1, 2);
    put(put(put(put(p, 1, 2), ZIP_CENTRAL + n_name, 4), directory, 4), 0, 2);
    GN_TRY(gn_outfile_open(path, &f, err));
    GN_TRY(gn_outfile_write(f, head, sizeof head, err));
    GN_TRY(gn_outfile_write(f, member, n_name - 4, err));
    GN_TRY(gn_outfile_write(f, ".npy", 4, err));
    GN_TRY(gn_outfile_write(f, npy, n_header, err));
    GN_TRY(gn_outfile_write(f, data, n_bytes, err));
    GN_TRY(gn_outfile_write(f, tail, sizeof tail, err));
    GN_TRY(gn_outfile_write(f, member, n_name - 4, err));
    GN_TRY(gn_outfile_write(f, ".npy", 4, err));
    GN_TRY(gn_outfile_write(f, end, sizeof end, err));
    st = gn_outfile_commit(f, err);
    f = NULL;
done:
    gn_outfile_abandon(f);
    return st;
}
