/* Regular expressions where PCRE2 was not there at build time. */
#include "view/search/regex.h"

gn_status gn_regex_new(const char *pattern, bool match_case, gn_regex **out, gn_error *err) {
    (void)pattern;
    (void)match_case;
    (void)out;
    return gn_fail(err, GN_ENOSUPP,
                   "this build has no regular expressions: build it with PCRE2 (libpcre2-dev)");
}

void gn_regex_free(gn_regex *r) {
    (void)r;
}

gn_status gn_regex_find(const gn_regex *r, const char *text, size_t n, bool *found, gn_error *err) {
    (void)r;
    (void)text;
    (void)n;
    (void)found;
    return gn_fail(err, GN_ENOSUPP, "this build has no regular expressions");
}
