/* Regular expressions: the only part that knows PCRE2. */
#ifndef GN_VIEW_REGEX_H
#define GN_VIEW_REGEX_H

#include "base/error.h"

typedef struct gn_regex gn_regex;

/** @return GN_OK; GN_EINVAL (with the library's message and the position in characters);
 *          GN_ENOSUPP (built without PCRE2); GN_ENOMEM. */
gn_status gn_regex_new(const char *pattern, bool match_case, gn_regex **out, gn_error *err);
void gn_regex_free(gn_regex *r);
/** @return GN_OK; GN_EDATA (too many steps); GN_ENOMEM. */
gn_status gn_regex_find(const gn_regex *r, const char *text, size_t n, bool *found, gn_error *err);

#endif
