/* Named sets of rows: see sets.h. */
#include "view/sets.h"

gn_status gn_sets_rows(gn_view *v, gn_source *s, const char *name, int32_t **rows, size_t *n,
                       gn_error *err) {
    (void)v;
    (void)rows;
    (void)n;
    return gn_fail(err, GN_EINVAL, "%s has no set '%s'", s->about.name, name);
}
