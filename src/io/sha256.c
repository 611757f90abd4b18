#include "io/sha256.h"

#include "base/mem.h"
#include "io/file.h"

#include <openssl/evp.h>

struct gn_sha256 {
    EVP_MD_CTX *md;
};

void gn_sha256_free(gn_sha256 *s) {
    if (!s) return;
    EVP_MD_CTX_free(s->md);
    gn_free(s);
}

gn_status gn_sha256_new(gn_sha256 **out, gn_error *err) {
    gn_sha256 *s = gn_alloc(1, sizeof *s);
    if (!s) return gn_fail_nomem(err, "a SHA-256 state", sizeof *s);
    s->md = EVP_MD_CTX_new();
    if (!s->md || EVP_DigestInit_ex(s->md, EVP_sha256(), NULL) != 1) {
        gn_sha256_free(s);
        return gn_fail(err, GN_ENOSUPP, "OpenSSL gives no SHA-256 on this system");
    }
    *out = s;
    return GN_OK;
}

gn_status gn_sha256_add(gn_sha256 *s, const void *bytes, size_t n, gn_error *err) {
    if (EVP_DigestUpdate(s->md, bytes, n) != 1)
        return gn_fail(err, GN_EINVAL, "OpenSSL refused %zu bytes for SHA-256", n);
    return GN_OK;
}

gn_status gn_sha256_end(gn_sha256 *s, char hex[GN_SHA256_HEX], gn_error *err) {
    static const char digit[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    bool good = EVP_DigestFinal_ex(s->md, digest, &n) == 1 && n == 32;
    gn_sha256_free(s);
    if (!good) return gn_fail(err, GN_EINVAL, "OpenSSL could not finish a SHA-256");
    for (unsigned i = 0; i < n; i++) {
        hex[2 * i] = digit[digest[i] >> 4];
        hex[2 * i + 1] = digit[digest[i] & 15];
    }
    hex[GN_SHA256_HEX - 1] = '\0';
    return GN_OK;
}

gn_status gn_sha256_bytes(const void *bytes, size_t n, char hex[GN_SHA256_HEX], gn_error *err) {
    gn_sha256 *s;
    gn_status st = gn_sha256_new(&s, err);
    if (st != GN_OK) return st;
    st = gn_sha256_add(s, bytes, n, err);
    if (st == GN_OK) return gn_sha256_end(s, hex, err);
    gn_sha256_free(s);
    return st;
}

gn_status gn_sha256_file(const char *path, char hex[GN_SHA256_HEX], gn_error *err) {
    gn_map map;
    gn_status st = gn_map_open(path, &map, err);
    if (st != GN_OK) return st;
    st = gn_sha256_bytes(map.data, map.n, hex, err);
    if (st != GN_OK) gn_error_prefix(err, "%s", path);
    gn_map_close(&map);
    return st;
}
