#include "view/wire/csv_text.h"

#include <string.h>

void gn_csv_add(gn_str *to, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        gn_str_add(to, text);
        return;
    }
    gn_str_add(to, "\"");
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\"");
        gn_str_add_bytes(to, p, n);
        p += n;
        if (*p) {
            gn_str_add(to, "\"\"");
            p++;
        }
    }
    gn_str_add(to, "\"");
}
