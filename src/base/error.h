/* Failing with one good sentence. `return gn_fail(err, GN_EDATA, "%s: row %zu ...")` at the place
 * that knows the values; callers add what they know in front with gn_error_prefix. */
#ifndef GN_BASE_ERROR_H
#define GN_BASE_ERROR_H

#include "gonio/base.h"

/** Fills err (when not NULL) and returns `code`. */
gn_status gn_fail(gn_error *err, gn_status code, const char *format, ...) GN_PRINTF(3, 4);
/** The same with ": " and strerror(errno) behind it; ENOMEM becomes GN_ENOMEM, else GN_EIO. */
gn_status gn_fail_errno(gn_error *err, const char *format, ...) GN_PRINTF(2, 3);
/** GN_ENOMEM naming what could not be allocated. */
gn_status gn_fail_nomem(gn_error *err, const char *what, size_t n_bytes);
/** Puts "PREFIX: " before the message that is there. */
void gn_error_prefix(gn_error *err, const char *format, ...) GN_PRINTF(2, 3);

/** The one exit: needs `gn_status st` and a label `done` in scope. */
#define GN_TRY(call)                                                                               \
    do {                                                                                           \
        if ((st = (call)) != GN_OK) goto done;                                                     \
    } while (0)

#endif
