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
