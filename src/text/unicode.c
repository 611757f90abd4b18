/* The table of code points: fixed ranges (unicode_data.c) and utf8proc's properties, folded so that
 * equal blocks of 256 are stored once (about 250 of 4,352 remain, 130 kB). */
#include "text/unicode.h"
#include "text/unicode_data.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>
#include <utf8proc.h>

enum { CODE_POINTS = 0x110000, BLOCKS = CODE_POINTS / 256, CAPITAL_I_DOT = 0x130 };

static void mark(uint16_t *flags, const gn_range *r, size_t n, unsigned flag) {
    for (size_t i = 0; i < n; i++)
        for (uint32_t cp = r[i].first; cp <= r[i].last; cp++)
            flags[cp] = (uint16_t)(flags[cp] | flag);
}

static void unmark(uint16_t *flags, const gn_range *r, size_t n, unsigned flag) {
    for (size_t i = 0; i < n; i++)
        for (uint32_t cp = r[i].first; cp <= r[i].last; cp++)
            flags[cp] = (uint16_t)(flags[cp] & ~flag);
}

static bool is_word(utf8proc_propval_t category) {
    switch (category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
        return true;
    default:
        return false;
    }
}

/* Planes 4 to 13 hold nothing, 14 little, 15 and 16 private use: skipping them is worth 5 ms. */
static void from_utf8proc(uint16_t *flags) {
    for (utf8proc_int32_t cp = 0; cp < 0xE1000; cp++) {
        if (cp == 0x40000) cp = 0xE0000;
        const utf8proc_property_t *p = utf8proc_get_property(cp);
        unsigned f = is_word(p->category) ? GN_UC_WORD : 0;
        if (p->category >= UTF8PROC_CATEGORY_LU && p->category <= UTF8PROC_CATEGORY_LO)
            f |= GN_UC_LETTER;
        if (p->category >= UTF8PROC_CATEGORY_ND && p->category <= UTF8PROC_CATEGORY_NO)
            f |= GN_UC_NUMBER;
        /* A decomposition without a type is a canonical one; Hangul syllables are computed. */
        if (p->decomp_seqindex != UINT16_MAX && p->decomp_type == 0) f |= GN_UC_DECOMPOSES;
        if (cp >= 0xAC00 && cp <= 0xD7A3) f |= GN_UC_DECOMPOSES;
        if (utf8proc_tolower(cp) != cp) f |= GN_UC_UPPER;
        flags[cp] = (uint16_t)(flags[cp] | f);
    }
}

static void fill(uint16_t *flags) {
    memset(flags, 0, CODE_POINTS * sizeof *flags);
    from_utf8proc(flags);
    mark(flags, gn_unicode_mark, gn_unicode_mark_n, GN_UC_MARK);
    mark(flags, gn_unicode_combining, gn_unicode_combining_n, GN_UC_COMBINING);
    mark(flags, gn_unicode_punct, gn_unicode_punct_n, GN_UC_PUNCT);
    mark(flags, gn_unicode_drop, gn_unicode_drop_n, GN_UC_DROP);
    mark(flags, gn_unicode_space, gn_unicode_space_n, GN_UC_SPACE);
    mark(flags, gn_unicode_cjk, gn_unicode_cjk_n, GN_UC_CJK);
    mark(flags, gn_unicode_word_extra, gn_unicode_word_extra_n, GN_UC_WORD);
    mark(flags, gn_unicode_letter_extra, gn_unicode_letter_extra_n, GN_UC_LETTER);
    mark(flags, gn_unicode_number_extra, gn_unicode_number_extra_n, GN_UC_NUMBER);
    unmark(flags, gn_unicode_not_decomposed, gn_unicode_not_decomposed_n, GN_UC_DECOMPOSES);
    for (size_t i = 0; i < gn_unicode_mark_n; i++)
        for (uint32_t cp = gn_unicode_mark[i].first; cp <= gn_unicode_mark[i].last; cp++)
            if (gn_unicode_class(cp)) flags[cp] = (uint16_t)(flags[cp] | GN_UC_COMBINING);
    for (size_t i = 0; i < gn_unicode_lower_extra_n; i++) {
        gn_range r = {gn_unicode_lower_extra[i].first, gn_unicode_lower_extra[i].last};
        mark(flags, &r, 1, GN_UC_UPPER);
    }
    flags[CAPITAL_I_DOT] |= GN_UC_UPPER;
    for (uint32_t cp = 0x21; cp < 0x7F; cp++) {
        bool alnum =
            (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z');
        if (!alnum) flags[cp] |= GN_UC_PUNCT;
    }
}

gn_status gn_unicode_new(gn_unicode *out, gn_error *err) {
    gn_status st = GN_OK;
    uint16_t *flags = NULL;
    gn_unicode u = {0};
    GN_TRY(gn_alloc_array(&flags, CODE_POINTS, sizeof *flags, "the table of code points", err));
    GN_TRY(gn_alloc_array(&u.block, BLOCKS, sizeof *u.block, "the table of code points", err));
    fill(flags);
    /* Unique blocks are moved to the front of the full table, which is then copied. */
    size_t n = 0, bytes = 256 * sizeof *flags;
    for (size_t b = 0; b < BLOCKS; b++) {
        const uint16_t *mine = flags + 256 * b;
        size_t same = n;
        while (same > 0 && memcmp(flags + 256 * (same - 1), mine, bytes) != 0) same--;
        if (same == 0) {
            memmove(flags + 256 * n, mine, bytes);
            same = ++n;
        }
        u.block[b] = (uint16_t)(same - 1);
    }
    GN_TRY(gn_alloc_array(&u.flags, 256 * n, sizeof *flags, "the table of code points", err));
    memcpy(u.flags, flags, 256 * n * sizeof *flags);
    *out = u;
done:
    gn_free(flags);
    if (st != GN_OK) gn_unicode_free(&u);
    return st;
}

void gn_unicode_free(gn_unicode *u) {
    gn_free(u->block);
    gn_free(u->flags);
    *u = (gn_unicode){0};
}

unsigned gn_unicode_decompose(uint32_t cp, uint32_t parts[GN_UC_MAX_PARTS]) {
    utf8proc_int32_t out[GN_UC_MAX_PARTS];
    int boundary = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)cp, out, GN_UC_MAX_PARTS,
                                                 UTF8PROC_DECOMPOSE, &boundary);
    assert(n > 0 && n <= GN_UC_MAX_PARTS);
    for (utf8proc_ssize_t i = 0; i < n; i++) parts[i] = (uint32_t)out[i];
    return (unsigned)n;
}

unsigned gn_unicode_class(uint32_t cp) {
    return (unsigned)utf8proc_get_property((utf8proc_int32_t)cp)->combining_class;
}

unsigned gn_unicode_lower(uint32_t cp, uint32_t parts[2]) {
    /* The one code point whose lower case is two, in every locale: dotted capital I. */
    if (cp == CAPITAL_I_DOT) return parts[0] = 'i', parts[1] = 0x307, 2;
    for (size_t i = 0; i < gn_unicode_lower_extra_n; i++) {
        gn_case_range r = gn_unicode_lower_extra[i];
        if (cp >= r.first && cp <= r.last) return parts[0] = (uint32_t)((int32_t)cp + r.add), 1;
    }
    return parts[0] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)cp), 1;
}
