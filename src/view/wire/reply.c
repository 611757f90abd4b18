/* Replies: see reply.h. */
#include "view/wire/reply.h"

#include "base/number.h"
#include "reps/about.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

gn_status gn_reply_json(gn_reply *re, json_t *document, gn_error *err) {
    gn_str text = {.bad = document == NULL};
    char *bytes;
    if (document) gn_about_text(document, JSON_COMPACT, &text);
    size_t n = text.n;
    json_decref(document);
    gn_status st = gn_str_take(&text, &bytes, err);
    gn_str_free(&text);
    return st != GN_OK ? st : gn_reply_bytes(re, "application/json", bytes, n);
}

gn_status gn_reply_block(gn_reply *re, gn_block *b) {
    gn_status st = gn_reply_bytes(re, "application/octet-stream", b->bytes, b->n);
    *b = (gn_block){0};
    return st;
}

gn_status gn_reply_bytes(gn_reply *re, const char *type, void *bytes, size_t n) {
    gn_free(re->bytes);
    re->bytes = bytes;
    re->n = n;
    re->type = type;
    return GN_OK;
}

gn_status gn_reply_stream(gn_reply *re, const char *type, gn_stream stream) {
    re->type = type;
    re->stream = stream;
    re->streams = true;
    return GN_OK;
}

void gn_reply_download(gn_reply *re, const char *file_name) {
    snprintf(re->file_name, sizeof re->file_name, "%s", file_name);
    for (char *p = re->file_name; *p; p++) {
        bool fine = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                    (*p >= '0' && *p <= '9') || *p == '.' || *p == '-';
        if (!fine) *p = '_';
    }
}

void gn_reply_free(gn_reply *re) {
    gn_free(re->bytes);
    gn_free(re->policy);
    if (re->streams && re->stream.release) re->stream.release(re->stream.user);
    *re = (gn_reply){0};
}

#define FAIL_WITH(http_status, code)                                                               \
    char text[sizeof err->message];                                                                \
    va_list args;                                                                                  \
    va_start(args, format);                                                                        \
    vsnprintf(text, sizeof text, format, args);                                                    \
    va_end(args);                                                                                  \
    re->status = (http_status);                                                                    \
    return gn_fail(err, (code), "%s", text)

gn_status gn_not_found(gn_reply *re, gn_error *err, const char *format, ...) {
    FAIL_WITH(404, GN_EINVAL);
}

gn_status gn_conflict(gn_reply *re, gn_error *err, const char *format, ...) {
    FAIL_WITH(409, GN_EINVAL);
}

json_t *gn_json_text(const char *text) {
    if (!text) return json_null();
    json_t *out = json_string(text);
    if (out) return out;
    gn_arena arena = {0};
    const char *clean = gn_arena_utf8(&arena, text);
    out = clean ? json_string(clean) : NULL;
    gn_arena_free(&arena);
    return out;
}

json_t *gn_json_real(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *gn_json_whole(size_t value) {
    return json_integer((json_int_t)value);
}

char *gn_json_members(const json_t *object) {
    gn_str text = {0};
    gn_error ignored;
    char *out = NULL;
    gn_about_text(object, JSON_COMPACT, &text);
    if (text.bad || gn_str_take(&text, &out, &ignored) != GN_OK) {
        gn_str_free(&text);
        return NULL;
    }
    size_t n = strlen(out);
    memmove(out, out + 1, n - 2);
    out[n - 2] = '\0';
    return out;
}
