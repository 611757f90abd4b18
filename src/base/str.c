#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool reserve(gn_str *s, size_t extra) {
    if (s->bad) return false;
    if (extra < s->room - s->n && s->text) return true;
    if (s->n > SIZE_MAX / 4 || extra > SIZE_MAX / 4) return !(s->bad = true);
    size_t room = s->room ? s->room : 64;
    while (room <= s->n + extra) room *= 2;
    char *p = gn_realloc(s->text, room, 1);
    if (!p) return !(s->bad = true);
    s->text = p;
    s->room = room;
    return true;
}

void gn_str_add_bytes(gn_str *s, const char *bytes, size_t n) {
    if (!reserve(s, n)) return;
    if (n) memcpy(s->text + s->n, bytes, n);
    s->n += n;
    s->text[s->n] = '\0';
}

void gn_str_add(gn_str *s, const char *text) {
    gn_str_add_bytes(s, text, strlen(text));
}

void gn_str_addf(gn_str *s, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int need = vsnprintf(NULL, 0, format, args);
    if (need < 0)
        s->bad = true;
    else if (reserve(s, (size_t)need)) {
        vsnprintf(s->text + s->n, (size_t)need + 1, format, again);
        s->n += (size_t)need;
    }
    va_end(again);
    va_end(args);
}

gn_status gn_str_take(gn_str *s, char **out, gn_error *err) {
    if (!reserve(s, 0)) {
        gn_str_free(s);
        return gn_fail_nomem(err, "a text", s->n);
    }
    s->text[s->n] = '\0';
    *out = s->text;
    *s = (gn_str){0};
    return GN_OK;
}

void gn_str_free(gn_str *s) {
    gn_free(s->text);
    *s = (gn_str){0};
}
