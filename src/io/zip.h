/* ZIP archives over bytes in memory (usually mapped): .npz files and PyTorch checkpoints. A member
 * that is stored uncompressed can be used where it lies; a deflated one is inflated into memory. */
#ifndef GN_IO_ZIP_H
#define GN_IO_ZIP_H

#include "base/mem.h"

typedef struct gn_zip_member {
    const char *name;
    size_t header, offset;    /**< its local header's first byte, its data's first byte */
    size_t n_stored, n_bytes; /**< in the file; inflated */
    uint32_t crc;
    unsigned method, flags;
} gn_zip_member;

typedef struct gn_zip {
    const char *file; /**< for errors */
    const unsigned char *bytes;
    gn_zip_member *member; /**< (n) in the order of their data */
    size_t n;
    gn_arena arena;
} gn_zip;

/** Reads and checks the directory: every member inside the file, no two on the same bytes, no name
 *  twice. Borrows bytes and file name until gn_zip_close.
 *  @return GN_OK; GN_EDATA; GN_ENOSUPP (several volumes); GN_ENOMEM. */
gn_status gn_zip_open(const unsigned char *bytes, size_t n, const char *file, gn_zip *out,
                      gn_error *err);
/** {0} is fine. */
void gn_zip_close(gn_zip *zip);
/** NULL when there is none of that name. */
const gn_zip_member *gn_zip_find(const gn_zip *zip, const char *name);
/** The data of a stored member where they lie (their CRC is not looked at), or NULL when the member
 *  is compressed or encrypted. */
const unsigned char *gn_zip_stored(const gn_zip *zip, const gn_zip_member *m);
/** Its first bytes alone, at most *n of them, which becomes what there was; no CRC is looked at.
 *  Free with gn_free. @return as gn_zip_read. */
gn_status gn_zip_start(const gn_zip *zip, const gn_zip_member *m, size_t *n, unsigned char **out,
                       gn_error *err);
/** A copy of a member's bytes, inflated, its CRC checked. Free with gn_free.
 *  @return GN_OK; GN_EDATA (damaged); GN_ENOSUPP (encrypted, another method, larger than this
 *          machine's memory); GN_ENOMEM. */
gn_status gn_zip_read(const gn_zip *zip, const gn_zip_member *m, unsigned char **out,
                      gn_error *err);

#endif
