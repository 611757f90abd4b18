/* Records of comma- or tab-separated text, RFC 4180, over bytes in memory (usually mapped).
 *
 *     gn_csv c;
 *     gn_csv_start(&c, map.data, map.n, ',', path);
 *     bool more;
 *     while ((st = gn_csv_next(&c, &more, err)) == GN_OK && more)
 *         for (size_t j = 0; j < c.n_fields; j++) use(c.field[j].text, c.field[j].n);
 *     gn_csv_free(&c);
 *
 * Lines end in LF or CRLF. A field that starts with '"' runs to the closing quote, "" inside is one
 * quote, and it may hold separators and line ends; a quote later in a field is an ordinary
 * character. A byte order mark at the start is skipped. A blank line is a record of one empty
 * field. Set c.quotes to false after the start for tab-separated text that has no quoting (IANA's
 * text/tab-separated-values), where a field may start with a lone '"'. */
#ifndef GN_IO_CSV_H
#define GN_IO_CSV_H

#include "base/mem.h"

/** Not NUL-terminated. Points into the file or into the reader; valid until the next record. */
typedef struct gn_csv_field {
    const char *text;
    size_t n;
} gn_csv_field;

typedef struct gn_csv {
    const char *name; /**< for errors */
    char separator;
    bool quotes;         /**< true unless changed after gn_csv_start */
    gn_csv_field *field; /**< the record's fields */
    size_t n_fields;
    size_t line; /**< the line on which the record starts, from 1 */
    /* the reader's own */
    const char *at, *end;
    size_t next_line, room;
    char *unquoted;
    size_t unquoted_room;
} gn_csv;

/** Borrows the bytes and the name until gn_csv_free. */
void gn_csv_start(gn_csv *c, const void *bytes, size_t n, char separator, const char *name);
/** Reads a record; *more is false behind the last.
 *  @return GN_OK; GN_EDATA (an unclosed quote, text behind a closing one); GN_ENOMEM. */
gn_status gn_csv_next(gn_csv *c, bool *more, gn_error *err);
/** True when the record is a blank line. */
bool gn_csv_blank(const gn_csv *c);
void gn_csv_free(gn_csv *c);

/** Field j as a float64, correctly rounded whatever the locale; blanks around it are ignored, "nan"
 *  and "inf" are numbers. False when it is anything else. */
bool gn_csv_number(gn_csv_field field, double *out);

#endif
