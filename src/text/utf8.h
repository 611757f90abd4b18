/* UTF-8: check once at the border, then decode without checks. */
#ifndef GN_TEXT_UTF8_H
#define GN_TEXT_UTF8_H

#include "base/error.h"

/** The offset of the first byte that does not start a well-formed code point (RFC 3629: no
 *  overlong forms, no surrogates, nothing above U+10FFFF); n when all is well. */
size_t gn_utf8_valid(const char *text, size_t n);
/** GN_EDATA "byte 12: invalid UTF-8 (0xC3 0x28)" unless all is well. */
gn_status gn_utf8_check(const char *text, size_t n, gn_error *err);

/** Decodes the code point at p (valid UTF-8) and returns its length in bytes. */
static inline unsigned gn_utf8_next(const char *p, uint32_t *cp) {
    const unsigned char *b = (const unsigned char *)p;
    if (b[0] < 0x80) return *cp = b[0], 1;
    if (b[0] < 0xE0) return *cp = (b[0] & 0x1Fu) << 6 | (b[1] & 0x3Fu), 2;
    if (b[0] < 0xF0) return *cp = (b[0] & 0x0Fu) << 12 | (b[1] & 0x3Fu) << 6 | (b[2] & 0x3Fu), 3;
    *cp = (b[0] & 0x07u) << 18 | (b[1] & 0x3Fu) << 12 | (b[2] & 0x3Fu) << 6 | (b[3] & 0x3Fu);
    return 4;
}

/** Writes cp as UTF-8 (room for 4 bytes) and returns its length. */
static inline unsigned gn_utf8_put(char *p, uint32_t cp) {
    unsigned char *b = (unsigned char *)p;
    if (cp < 0x80) return b[0] = (unsigned char)cp, 1;
    if (cp < 0x800) {
        b[0] = (unsigned char)(0xC0 | cp >> 6);
        b[1] = (unsigned char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        b[0] = (unsigned char)(0xE0 | cp >> 12);
        b[1] = (unsigned char)(0x80 | (cp >> 6 & 0x3F));
        b[2] = (unsigned char)(0x80 | (cp & 0x3F));
        return 3;
    }
    b[0] = (unsigned char)(0xF0 | cp >> 18);
    b[1] = (unsigned char)(0x80 | (cp >> 12 & 0x3F));
    b[2] = (unsigned char)(0x80 | (cp >> 6 & 0x3F));
    b[3] = (unsigned char)(0x80 | (cp & 0x3F));
    return 4;
}

#endif
