/* Numbers as text for files: the same bytes in every locale, and reading them back gives the same
 * double. */
#ifndef GN_BASE_NUMBER_H
#define GN_BASE_NUMBER_H

#include "base/mem.h"

enum { GN_NUMBER_ROOM = 32 };

/** The shortest of %.15g, %.16g, %.17g that reads back as `value`; integers below 1e15 print
 *  without exponent or point. NaN and infinities print "nan", "inf", "-inf": callers that write
 *  JSON or CSV ask isfinite first. Returns `out`. */
char *gn_number_text(char out[GN_NUMBER_ROOM], double value);

/** "%.*f" with a point in every locale and no minus before a zero; |value| < 1e300 is not assumed:
 *  what does not fit is printed by gn_number_text. */
char *gn_number_fixed(char out[GN_NUMBER_ROOM], double value, int decimals);

/** A NUL-terminated copy with every byte that is not part of valid UTF-8 replaced by U+FFFD, so
 *  that JSON, SVG and HTML made from foreign names stay well-formed. NULL without memory. */
char *gn_arena_utf8(gn_arena *a, const char *text);

#endif
