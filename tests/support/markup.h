/* Enough of XML and HTML to catch what escaping and renaming could break. */
#ifndef GN_TESTS_MARKUP_H
#define GN_TESTS_MARKUP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/** Tags nest and close, quotes close, no bare ampersand. HTML's <meta> and <!DOCTYPE> may stand
 *  open; the content of <style> is skipped. Prints where it stopped. */
static inline bool well_formed(const char *text) {
    char stack[64][24];
    int depth = 0;
    const char *s = text;
    while ((s = strpbrk(s, "<&")) != NULL) {
        bool good = true;
        if (*s == '&') {
            good = strchr("algqe#", s[1]) && memchr(s, ';', 8);
            if (good && ++s) continue;
        }
        const char *end = s + 1;
        for (bool quoted = false; *end && (quoted || *end != '>'); end++) quoted ^= *end == '"';
        good = good && *end;
        size_t n = strcspn(s + 1, " />\n");
        if (good && s[1] == '/') {
            n = strcspn(s + 2, " >\n");
            good = depth > 0 && strlen(stack[depth - 1]) == n &&
                   strncmp(stack[depth - 1], s + 2, n) == 0;
            depth--;
        } else if (good && s[1] != '?' && s[1] != '!' && end[-1] != '/' &&
                   strncmp(s, "<meta ", 6) != 0) {
            good = depth < 64 && n < 24;
            if (good) snprintf(stack[depth++], 24, "%.*s", (int)n, s + 1);
            if (good && strncmp(s, "<style", 6) == 0) end = strstr(end, "</style>") - 1;
        }
        if (!good) {
            printf("# at byte %zu: %.60s\n", (size_t)(s - text), s);
            return false;
        }
        s = end + 1;
    }
    return depth == 0;
}

#endif
