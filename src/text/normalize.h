/* BERT's normaliser, with the place in the original text of every byte that comes out. */
#ifndef GN_TEXT_NORMALIZE_H
#define GN_TEXT_NORMALIZE_H

#include "text/unicode.h"

typedef struct gn_normalize_opts {
    bool clean; /**< drop controls, U+0000, U+FFFD; any white space becomes ' ' */
    bool cjk;   /**< put spaces around Chinese characters */
    bool strip; /**< canonical decomposition, nonspacing marks removed */
    bool lower; /**< lower case, code point by code point */
} gn_normalize_opts;

struct gn_norm_char;

/** Normalised text. Byte i comes from the bytes [start[i], end[i]) of the original. Start from {0},
 *  reuse, free with gn_norm_free. */
typedef struct gn_norm {
    char *text; /**< UTF-8, not NUL-terminated */
    uint32_t *start, *end;
    size_t n;
    /* scratch */
    size_t room;
    struct gn_norm_char *chars, *sorted;
    size_t chars_room, sorted_room;
} gn_norm;

/** Replaces what is in `out` by the normalised form of valid UTF-8. `base` is added to all offsets.
 *  @return GN_OK; GN_ENOMEM. O(n). */
gn_status gn_normalize(const gn_unicode *u, gn_normalize_opts opts, const char *text, size_t n,
                       uint32_t base, gn_norm *out, gn_error *err);
void gn_norm_free(gn_norm *norm);

#endif
