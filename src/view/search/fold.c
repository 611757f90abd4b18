/* Case folding is not lower case: "STRASSE" finds "Strasse" written with a sharp s, a final sigma
 * finds the other one. Most texts are ASCII; those need no library. */
#include "view/search/fold.h"

#include "base/mem.h"
#include "text/utf8.h"

#include <string.h>
#include <utf8proc.h>

static gn_status fold_grow(gn_fold *f, size_t n, gn_error *err) {
    if (n <= f->room) return GN_OK;
    int32_t *buf = gn_realloc(f->buf, n + n / 2, sizeof *buf);
    if (!buf) return gn_fail_nomem(err, "a folded text", n);
    f->buf = buf;
    f->room = n + n / 2;
    return GN_OK;
}

/* ASCII up to the end: @return false when there is more than that. */
static bool fold_ascii(gn_fold *f, const char *text, size_t n, bool match_case) {
    char *out = (char *)f->buf;
    unsigned char all = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        all |= c;
        out[i] = (char)(!match_case && c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    out[n] = '\0';
    f->text = out;
    f->n = n;
    return all < 0x80;
}

/* With every byte that is not UTF-8 replaced: at most three bytes for one. */
static gn_status repair(const char *text, size_t n, char **out, size_t *n_out, gn_error *err) {
    char *to;
    size_t at = 0;
    gn_status st = gn_alloc_array(&to, n, 3, "a text", err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < n; i++) {
        size_t good = gn_utf8_valid(text + i, n - i);
        memcpy(to + at, text + i, good);
        at += good;
        i += good;
        if (i == n) break;
        memcpy(to + at, "\xEF\xBF\xBD", 3);
        at += 3;
    }
    *out = to;
    *n_out = at;
    return GN_OK;
}

gn_status gn_fold_text(gn_fold *f, const char *text, bool match_case, gn_error *err) {
    size_t n = strlen(text);
    char *repaired = NULL;
    gn_status st = fold_grow(f, n / sizeof(int32_t) + 1, err);
    if (st != GN_OK || fold_ascii(f, text, n, match_case)) return st;
    if (gn_utf8_valid(text, n) < n) {
        GN_TRY(repair(text, n, &repaired, &n, err));
        text = repaired;
    }
    utf8proc_option_t how = (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE |
                                                (match_case ? 0 : UTF8PROC_CASEFOLD));
    for (;;) { /* the first try says how much room is needed */
        utf8proc_ssize_t points =
            utf8proc_decompose((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)n, f->buf,
                               (utf8proc_ssize_t)f->room, how);
        if (points < 0) {
            st = gn_fail(err, GN_EDATA, "a text cannot be folded: %s", utf8proc_errmsg(points));
            break;
        }
        if ((size_t)points >= f->room) { /* one more: the text ends in NUL */
            GN_TRY(fold_grow(f, (size_t)points + 1, err));
            continue;
        }
        utf8proc_ssize_t bytes = utf8proc_reencode(f->buf, points, how);
        f->text = (char *)f->buf;
        f->n = bytes > 0 ? (size_t)bytes : 0;
        break;
    }
done:
    gn_free(repaired);
    return st;
}

void gn_fold_free(gn_fold *f) {
    gn_free(f->buf);
    *f = (gn_fold){0};
}
