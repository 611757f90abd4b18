/* Ranges of code points that utf8proc cannot tell us the way the reference tokenizer sees them. */
#ifndef GN_TEXT_UNICODE_DATA_H
#define GN_TEXT_UNICODE_DATA_H

#include <stddef.h>
#include <stdint.h>

typedef struct gn_range {
    uint32_t first, last;
} gn_range;

typedef struct gn_case_range {
    uint32_t first, last;
    int32_t add;
} gn_case_range;

extern const gn_range gn_unicode_mark[], gn_unicode_punct[], gn_unicode_drop[],
    gn_unicode_combining[], gn_unicode_not_decomposed[], gn_unicode_space[], gn_unicode_cjk[],
    gn_unicode_word_extra[], gn_unicode_letter_extra[], gn_unicode_number_extra[];
extern const size_t gn_unicode_mark_n, gn_unicode_punct_n, gn_unicode_drop_n,
    gn_unicode_combining_n, gn_unicode_not_decomposed_n, gn_unicode_space_n, gn_unicode_cjk_n,
    gn_unicode_word_extra_n, gn_unicode_letter_extra_n, gn_unicode_number_extra_n;
extern const gn_case_range gn_unicode_lower_extra[];
extern const size_t gn_unicode_lower_extra_n;

#endif
