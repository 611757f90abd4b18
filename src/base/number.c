#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* printf uses the locale's decimal point, which may be a comma or several bytes: whatever is not
 * part of a number in the C locale becomes one point. */
static void unlocalise(char *text) {
    char *to = text;
    bool inside = false;
    for (const char *p = text; *p; p++) {
        bool known = (*p >= '0' && *p <= '9') || strchr("+-einfa", *p);
        if (known)
            *to++ = *p;
        else if (!inside)
            *to++ = '.';
        inside = !known;
    }
    *to = '\0';
}

char *gn_number_text(char out[GN_NUMBER_ROOM], double value) {
    if (isnan(value)) return strcpy(out, "nan");
    if (isinf(value)) return strcpy(out, value < 0 ? "-inf" : "inf");
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, GN_NUMBER_ROOM, "%.*g", digits, value);
        if (strtod(out, NULL) == value) break;
    }
    unlocalise(out);
    return out;
}

char *gn_number_fixed(char out[GN_NUMBER_ROOM], double value, int decimals) {
    char text[GN_NUMBER_ROOM];
    int n = isfinite(value) ? snprintf(text, sizeof text, "%.*f", decimals, value) : -1;
    if (n < 0 || (size_t)n >= sizeof text) return gn_number_text(out, value);
    unlocalise(text);
    bool zero = text[0] == '-' && strspn(text, "-0.") == strlen(text);
    return strcpy(out, text + zero);
}

char *gn_arena_utf8(gn_arena *a, const char *text) {
    size_t n = strlen(text), room;
    if (!gn_mul(n, 3, &room)) return NULL;
    char *out = gn_arena_alloc(a, room + 1, 1), *to = out;
    if (!out) return NULL;
    for (size_t i = 0; i < n;) {
        utf8proc_int32_t code;
        utf8proc_ssize_t step =
            utf8proc_iterate((const utf8proc_uint8_t *)text + i, (utf8proc_ssize_t)(n - i), &code);
        if (step > 0) {
            memcpy(to, text + i, (size_t)step);
            to += step;
            i += (size_t)step;
        } else {
            memcpy(to, "\xEF\xBF\xBD", 3);
            to += 3;
            i++;
        }
    }
    *to = '\0';
    return out;
}
