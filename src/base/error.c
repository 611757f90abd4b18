#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *gn_status_name(gn_status status) {
    switch (status) {
    case GN_OK:
        return "GN_OK";
    case GN_EINVAL:
        return "GN_EINVAL";
    case GN_EDATA:
        return "GN_EDATA";
    case GN_EIO:
        return "GN_EIO";
    case GN_ENOMEM:
        return "GN_ENOMEM";
    case GN_ECANCEL:
        return "GN_ECANCEL";
    case GN_ENOSUPP:
        return "GN_ENOSUPP";
    }
    return "unknown status";
}

GN_PRINTF(3, 0)
static void fill(gn_error *err, gn_status code, const char *format, va_list args) {
    if (!err) return;
    err->code = code;
    vsnprintf(err->message, sizeof err->message, format, args);
}

gn_status gn_fail(gn_error *err, gn_status code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fill(err, code, format, args);
    va_end(args);
    return code;
}

gn_status gn_fail_errno(gn_error *err, const char *format, ...) {
    int e = errno;
    gn_status code = e == ENOMEM ? GN_ENOMEM : GN_EIO;
    va_list args;
    va_start(args, format);
    fill(err, code, format, args);
    va_end(args);
    if (err) {
        size_t used = strlen(err->message);
        snprintf(err->message + used, sizeof err->message - used, ": %s", strerror(e));
    }
    return code;
}

gn_status gn_fail_nomem(gn_error *err, const char *what, size_t n_bytes) {
    return gn_fail(err, GN_ENOMEM, "out of memory: %s needs %zu bytes", what, n_bytes);
}

void gn_error_prefix(gn_error *err, const char *format, ...) {
    if (!err) return;
    char old[sizeof err->message];
    memcpy(old, err->message, sizeof old);
    old[sizeof old - 1] = '\0';
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    size_t used = strlen(err->message);
    snprintf(err->message + used, sizeof err->message - used, ": %s", old);
}
