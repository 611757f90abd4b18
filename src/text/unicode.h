/* What the tokenizers ask about a code point, in one table per tokenizer: two look-ups, no
 * branches. */
#ifndef GN_TEXT_UNICODE_H
#define GN_TEXT_UNICODE_H

#include "base/error.h"

enum {
    GN_UC_SPACE = 1 << 0,      /**< White_Space */
    GN_UC_DROP = 1 << 1,       /**< removed by clean_text */
    GN_UC_PUNCT = 1 << 2,      /**< a word of its own: P* and all of ASCII's symbols */
    GN_UC_CJK = 1 << 3,        /**< set apart by handle_chinese_chars */
    GN_UC_MARK = 1 << 4,       /**< nonspacing mark: removed by strip_accents */
    GN_UC_DECOMPOSES = 1 << 5, /**< has a canonical decomposition */
    GN_UC_COMBINING = 1 << 6,  /**< has a canonical combining class other than 0 */
    GN_UC_UPPER = 1 << 7,      /**< its lower case is something else */
    GN_UC_WORD = 1 << 8,       /**< \w of a regular expression */
    GN_UC_LETTER = 1 << 9,     /**< \p{L} */
    GN_UC_NUMBER = 1 << 10,    /**< \p{N} */
};

typedef struct gn_unicode {
    uint16_t *block; /**< (0x1100) where the flags of 256 code points start, in units of 256 */
    uint16_t *flags; /**< blocks that differ, 256 each */
} gn_unicode;

/** Builds the table: about 2 ms. @return GN_OK; GN_ENOMEM. */
gn_status gn_unicode_new(gn_unicode *out, gn_error *err);
/** {0} is fine. */
void gn_unicode_free(gn_unicode *u);

/** cp <= 0x10FFFF. */
static inline unsigned gn_unicode_flags(const gn_unicode *u, uint32_t cp) {
    return u->flags[(size_t)u->block[cp >> 8] << 8 | (cp & 0xFF)];
}

enum { GN_UC_MAX_PARTS = 8 };
/** Full canonical decomposition of a code point that has GN_UC_DECOMPOSES; returns how many. */
unsigned gn_unicode_decompose(uint32_t cp, uint32_t parts[GN_UC_MAX_PARTS]);
/** Canonical combining class of a code point that has GN_UC_COMBINING. */
unsigned gn_unicode_class(uint32_t cp);
/** Lower case of a code point that has GN_UC_UPPER; returns how many (1 or 2). */
unsigned gn_unicode_lower(uint32_t cp, uint32_t parts[2]);

#endif
