/* A growing byte string for building text. The first allocation that fails makes the string "bad";
 * later appends do nothing, so callers check once at the end. */
#ifndef GN_BASE_STR_H
#define GN_BASE_STR_H

#include "base/mem.h"

typedef struct gn_str {
    char *text; /**< NUL-terminated once anything was appended */
    size_t n, room;
    bool bad;
} gn_str;

void gn_str_add(gn_str *s, const char *text);
void gn_str_add_bytes(gn_str *s, const char *bytes, size_t n);
void gn_str_addf(gn_str *s, const char *format, ...) GN_PRINTF(2, 3);
/** Hands the text over (free with gn_free / free). Never NULL on GN_OK; empties the string. */
gn_status gn_str_take(gn_str *s, char **out, gn_error *err);
void gn_str_free(gn_str *s);

#endif
