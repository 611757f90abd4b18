#include "text/utf8.h"
#include "gonio/text.h"

#include <stdio.h>
#include <string.h>

/* Length of the well-formed sequence at p, 0 when there is none. The second byte's range carries
 * all of the exceptions: E0 and F0 would be overlong below, ED a surrogate, F4 too large above. */
static unsigned sequence(const unsigned char *p, size_t n) {
    unsigned char b = p[0], lo = 0x80, hi = 0xBF;
    unsigned len;
    if (b < 0x80) return 1;
    if (b < 0xC2) return 0;
    if (b < 0xE0)
        len = 2;
    else if (b < 0xF0) {
        len = 3;
        if (b == 0xE0) lo = 0xA0;
        if (b == 0xED) hi = 0x9F;
    } else if (b < 0xF5) {
        len = 4;
        if (b == 0xF0) lo = 0x90;
        if (b == 0xF4) hi = 0x8F;
    } else
        return 0;
    if (n < len || p[1] < lo || p[1] > hi) return 0;
    for (unsigned i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    return len;
}

size_t gn_utf8_valid(const char *text, size_t n) {
    const unsigned char *p = (const unsigned char *)text;
    size_t i = 0;
    while (i < n) {
        uint64_t word;
        if (n - i >= 8 && (memcpy(&word, p + i, 8), (word & 0x8080808080808080u) == 0)) {
            i += 8;
            continue;
        }
        unsigned len = sequence(p + i, n - i);
        if (!len) return i;
        i += len;
    }
    return n;
}

gn_status gn_utf8_check(const char *text, size_t n, gn_error *err) {
    size_t at = gn_utf8_valid(text, n);
    if (at == n) return GN_OK;
    char bytes[4 * 5 + 1] = "";
    size_t shown = n - at < 4 ? n - at : 4;
    for (size_t i = 0; i < shown; i++)
        snprintf(bytes + 5 * i, sizeof bytes - 5 * i, "%s0x%02X", i ? " " : "",
                 (unsigned)(unsigned char)text[at + i]);
    return gn_fail(err, GN_EDATA, "byte %zu: invalid UTF-8 (%s)", at, bytes);
}

size_t gn_utf8_codepoints(const char *text, size_t n_bytes) {
    size_t n = 0;
    for (size_t i = 0; i < n_bytes; i++) n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

size_t gn_utf8_byte_offset(const char *text, size_t n_bytes, size_t n) {
    for (size_t i = 0; i < n_bytes; i++) {
        if (((unsigned char)text[i] & 0xC0) == 0x80) continue;
        if (n == 0) return i;
        n--;
    }
    return n_bytes;
}
