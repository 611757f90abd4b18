/* Named sets of rows. */
#ifndef GN_VIEW_SETS_H
#define GN_VIEW_SETS_H

#include "view/data/source.h"

/** The rows of a named set in the order in which they were given; free with gn_free.
 *  @return GN_OK; GN_EINVAL (no such set); what gn_marks_open says. */
gn_status gn_sets_rows(gn_view *v, gn_source *s, const char *name, int32_t **rows, size_t *n,
                       gn_error *err);

#endif
