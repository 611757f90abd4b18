/* Writing CSV. */
#ifndef GN_VIEW_CSV_TEXT_H
#define GN_VIEW_CSV_TEXT_H

#include "base/str.h"

/** A field as RFC 4180 has it: quoted where it must be. */
void gn_csv_add(gn_str *to, const char *text);

#endif
