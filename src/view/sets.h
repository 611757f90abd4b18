/* Named sets of rows. */
#ifndef GN_VIEW_SETS_H
#define GN_VIEW_SETS_H

#include "view/source.h"

/** The rows of a named set, ascending; free with gn_free. @return GN_OK; GN_EINVAL (no such set).
 */
gn_status gn_sets_rows(gn_view *v, gn_source *s, const char *name, int32_t **rows, size_t *n,
                       gn_error *err);

#endif
