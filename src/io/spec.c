#include "io/spec.h"

#include "io/file.h"

#include <string.h>

gn_status gn_spec_split(const char *spec, char **path, const char **member, gn_error *err) {
    char *copy = gn_strdup(spec);
    if (!copy) return gn_fail_nomem(err, spec, strlen(spec) + 1);
    *path = copy;
    *member = NULL;
    if (gn_path_is_file(copy)) return GN_OK;
    char *last = strrchr(copy, ':');
    for (char *colon = last; colon;) {
        *colon = '\0';
        if (gn_path_is_file(copy)) {
            *member = spec + (colon - copy) + 1;
            return GN_OK;
        }
        char *before = strrchr(copy, ':'); /* the text left of the cut */
        *colon = ':';
        colon = before;
    }
    if (last) {
        *last = '\0';
        *member = spec + (last - copy) + 1;
    }
    return GN_OK;
}

void gn_choices_add(gn_choices *c, const char *name, size_t n) {
    static const char more[] = ", ...";
    size_t room = sizeof c->text - sizeof more;
    if (c->used > room) return; /* it says "..." already */
    if (n + 2 > room - c->used) {
        memcpy(c->text + c->used, more, sizeof more);
        c->used = sizeof c->text;
        return;
    }
    if (c->used) {
        memcpy(c->text + c->used, ", ", 2);
        c->used += 2;
    }
    memcpy(c->text + c->used, name, n);
    c->used += n;
    c->text[c->used] = '\0';
}
