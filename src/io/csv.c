/* One pass over the bytes, no state between records but the line number. Plain fields are views
 * into the file, and only quoted fields with "" inside are copied; they are collected behind each
 * other in `unquoted`, whose address may change while it grows, hence the second pass that turns
 * places into pointers at the end of the record.
 *
 * Numbers: up to 19 digits with a small exponent are exact in two float64 operations (Clinger
 * 1990: mantissa <= 2^53 and a power of ten <= 10^22, both exact, rounded once). Everything else
 * goes to strtod_l with the C locale, which is correctly rounded and never reads a decimal comma.
 */
#define _GNU_SOURCE
#include "io/csv.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_NUMBER = 1024 };

void gn_csv_start(gn_csv *c, const void *bytes, size_t n, char separator, const char *name) {
    *c = (gn_csv){.name = name, .separator = separator, .quotes = true, .next_line = 1};
    c->at = bytes;
    c->end = c->at + n;
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) c->at += 3;
}

void gn_csv_free(gn_csv *c) {
    gn_free(c->field);
    gn_free(c->unquoted);
    c->field = NULL;
    c->unquoted = NULL;
    c->n_fields = c->room = c->unquoted_room = 0;
}

static gn_status add_field(gn_csv *c, const char *text, size_t n, gn_error *err) {
    if (c->n_fields == c->room) {
        size_t room = c->room ? c->room * 2 : 64;
        gn_csv_field *more = gn_realloc(c->field, room, sizeof *more);
        if (!more) return gn_fail_nomem(err, c->name, room * sizeof *more);
        c->field = more;
        c->room = room;
    }
    c->field[c->n_fields++] = (gn_csv_field){text, n};
    return GN_OK;
}

/** Copies a quoted field's inside, "" becoming ". `*used` counts the bytes kept for this record. */
static gn_status unquote(gn_csv *c, const char *text, size_t n, size_t *used, gn_error *err) {
    if (n > c->unquoted_room - *used) {
        size_t room = (*used + n) * 2;
        char *more = gn_realloc(c->unquoted, room, 1);
        if (!more) return gn_fail_nomem(err, c->name, room);
        c->unquoted = more;
        c->unquoted_room = room;
    }
    char *to = c->unquoted + *used;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        to[kept++] = text[i];
        if (text[i] == '"') i++;
    }
    gn_status st = add_field(c, NULL, kept, err); /* NULL: to be placed at the record's end */
    *used += kept;
    return st;
}

/** A field that starts with a quote, c->at on it; leaves c->at behind the closing one. */
static gn_status quoted(gn_csv *c, size_t *used, gn_error *err) {
    const char *p = c->at + 1, *start = p;
    size_t first_line = c->next_line;
    bool doubled = false;
    for (;;) {
        const char *q = p < c->end ? memchr(p, '"', (size_t)(c->end - p)) : NULL;
        if (!q)
            return gn_fail(err, GN_EDATA, "%s: line %zu, column %zu: the quote is never closed",
                           c->name, first_line, c->n_fields + 1);
        for (const char *l = p; (l = memchr(l, '\n', (size_t)(q - l))); l++) c->next_line++;
        p = q + 1;
        if (p == c->end || *p != '"') break;
        doubled = true;
        p++;
    }
    c->at = p;
    size_t n = (size_t)(p - 1 - start);
    if (p < c->end && *p != c->separator && *p != '\n' &&
        !(*p == '\r' && (p + 1 == c->end || p[1] == '\n')))
        return gn_fail(err, GN_EDATA, "%s: line %zu, column %zu: text behind the closing quote",
                       c->name, c->next_line, c->n_fields + 1);
    return doubled ? unquote(c, start, n, used, err) : add_field(c, start, n, err);
}

gn_status gn_csv_next(gn_csv *c, bool *more, gn_error *err) {
    gn_status st = GN_OK;
    size_t used = 0;
    c->n_fields = 0;
    c->line = c->next_line;
    if (c->at == c->end) {
        *more = false;
        return GN_OK;
    }
    const char *newline = memchr(c->at, '\n', (size_t)(c->end - c->at));
    for (;;) {
        if (c->quotes && c->at < c->end && *c->at == '"') {
            GN_TRY(quoted(c, &used, err));
            if (newline && newline < c->at)
                newline = c->at < c->end ? memchr(c->at, '\n', (size_t)(c->end - c->at)) : NULL;
        } else {
            const char *stop = newline ? newline : c->end, *p = c->at;
            while (p < stop && *p != c->separator) p++;
            size_t n = (size_t)(p - c->at);
            if (p == stop && n > 0 && p[-1] == '\r') n--;
            GN_TRY(add_field(c, c->at, n, err));
            c->at = p;
        }
        if (c->at < c->end && *c->at == c->separator) {
            c->at++;
            continue;
        }
        if (c->at < c->end && *c->at == '\r') c->at++; /* behind a closing quote */
        if (c->at < c->end) {
            c->at++;
            c->next_line++;
        }
        break;
    }
    const char *copy = c->unquoted;
    for (size_t j = 0; j < c->n_fields; j++) {
        if (c->field[j].text) continue;
        c->field[j].text = copy;
        copy += c->field[j].n;
    }
    *more = true;
done:
    return st;
}

bool gn_csv_blank(const gn_csv *c) {
    return c->n_fields == 1 && c->field[0].n == 0;
}

static bool strtod_c(const char *text, size_t n, double *out) {
    char copy[LONGEST_NUMBER + 1];
    if (n > LONGEST_NUMBER) return false;
    for (size_t i = 0; i < n; i++) { /* strtod also reads hexadecimal and "nan(...)" */
        if (strchr("0123456789+-.eEinftyINFTYaA", text[i]) == NULL || text[i] == '\0') return false;
    }
    memcpy(copy, text, n);
    copy[n] = '\0';
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* glibc and musl: a constant */
    if (!c_locale) return false;
    char *end;
    double value = strtod_l(copy, &end, c_locale);
    freelocale(c_locale);
    if (end != copy + n) return false;
    *out = value;
    return true;
}

bool gn_csv_number(gn_csv_field field, double *out) {
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *p = field.text, *end = p + field.n;
    while (p < end && (*p == ' ' || *p == '\t')) p++;
    while (p < end && (end[-1] == ' ' || end[-1] == '\t')) end--;
    if (p == end) return false;
    const char *start = p;
    bool negative = *p == '-';
    if (*p == '-' || *p == '+') p++;
    uint64_t mantissa = 0;
    int digits = 0, exponent = 0, seen = 0;
    for (bool point = false; p < end; p++) {
        if (*p == '.' && !point) {
            point = true;
            continue;
        }
        unsigned digit = (unsigned)(unsigned char)*p - '0';
        if (digit > 9) break;
        seen++;
        if (digits || digit) digits++;
        if (digits > 19) return strtod_c(start, (size_t)(end - start), out);
        mantissa = mantissa * 10 + digit;
        if (point) exponent--;
    }
    if (seen == 0) return strtod_c(start, (size_t)(end - start), out); /* nan, inf, or nonsense */
    if (p < end && (*p == 'e' || *p == 'E')) {
        const char *q = p + 1;
        bool minus = q < end && *q == '-';
        if (q < end && (*q == '-' || *q == '+')) q++;
        if (q == end) return false;
        int e = 0;
        for (; q < end; q++) {
            unsigned digit = (unsigned)(unsigned char)*q - '0';
            if (digit > 9) return false;
            if (e < 100000) e = e * 10 + (int)digit;
        }
        exponent += minus ? -e : e;
        p = q;
    }
    if (p < end) return false;
    if (mantissa > (uint64_t)1 << 53 || exponent < -22 || exponent > 22)
        return strtod_c(start, (size_t)(end - start), out);
    double value = (double)mantissa;
    value = exponent < 0 ? value / power[-exponent] : value * power[exponent];
    *out = negative ? -value : value;
    return true;
}
