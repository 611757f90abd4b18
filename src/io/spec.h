/* "FILE" or "FILE:MEMBER", as users type it. */
#ifndef GN_IO_SPEC_H
#define GN_IO_SPEC_H

#include "base/error.h"

/** Splits a spec. The whole spec is the file when there is such a file or no ':' in it; otherwise
 *  the last ':' whose left side is a file separates; otherwise the last ':' of all.
 *  @param path free with gn_free. @param member points into spec, or NULL. */
gn_status gn_spec_split(const char *spec, char **path, const char **member, gn_error *err);

/** What there is to choose from, "a, b, c", for the message about a wrong choice. Start from {0}.
 */
typedef struct gn_choices {
    char text[400];
    size_t used;
} gn_choices;
/** Adds a name of n bytes; the list ends in "..." when it gets too long. */
void gn_choices_add(gn_choices *c, const char *name, size_t n);

#endif
