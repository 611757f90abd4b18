/* SHA-256 (FIPS 180-4) of bytes and files, by OpenSSL: provenance of models and corpora. */
#ifndef GN_IO_SHA256_H
#define GN_IO_SHA256_H

#include "base/error.h"

enum { GN_SHA256_HEX = 65 }; /**< 64 lower-case hexadecimal digits and a NUL */

typedef struct gn_sha256 gn_sha256;
gn_status gn_sha256_new(gn_sha256 **out, gn_error *err);
gn_status gn_sha256_add(gn_sha256 *s, const void *bytes, size_t n, gn_error *err);
/** The digest of all that was added. Frees `s` in any case. */
gn_status gn_sha256_end(gn_sha256 *s, char hex[GN_SHA256_HEX], gn_error *err);
/** NULL is fine. */
void gn_sha256_free(gn_sha256 *s);

gn_status gn_sha256_bytes(const void *bytes, size_t n, char hex[GN_SHA256_HEX], gn_error *err);
/** Of the file as it lies on disk (a .gz file is not inflated). About 1 to 2 GB/s. */
gn_status gn_sha256_file(const char *path, char hex[GN_SHA256_HEX], gn_error *err);

#endif
