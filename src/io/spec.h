/* "FILE" or "FILE:MEMBER", as users type it. */
#ifndef GN_IO_SPEC_H
#define GN_IO_SPEC_H

#include "base/error.h"

/** Splits a spec. The whole spec is the file when there is such a file or no ':' in it; otherwise
 *  the last ':' whose left side is a file separates; otherwise the last ':' of all.
 *  @param path free with gn_free. @param member points into spec, or NULL. */
gn_status gn_spec_split(const char *spec, char **path, const char **member, gn_error *err);

#endif
