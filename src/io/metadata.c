/* metadata.tsv; the header says what is peculiar about it. */
#include "io/metadata.h"

#include "base/str.h"
#include "io/csv.h"
#include "io/csv_matrix.h"

#include <math.h>
#include <string.h>

typedef struct lines {
    const char *at, *end;
} lines;

static bool next_line(lines *l, gn_csv_field *out) {
    if (l->at >= l->end) return false;
    const char *newline = memchr(l->at, '\n', (size_t)(l->end - l->at));
    const char *stop = newline ? newline : l->end;
    *out = (gn_csv_field){l->at, (size_t)(stop - l->at)};
    if (out->n && out->text[out->n - 1] == '\r') out->n--;
    l->at = newline ? newline + 1 : l->end;
    return true;
}

/* Takes the first cell off a line. */
static bool next_cell(gn_csv_field *rest, gn_csv_field *cell) {
    if (!rest->text) return false;
    const char *tab = memchr(rest->text, '\t', rest->n);
    *cell = (gn_csv_field){rest->text, tab ? (size_t)(tab - rest->text) : rest->n};
    *rest = tab ? (gn_csv_field){tab + 1, rest->n - cell->n - 1} : (gn_csv_field){NULL, 0};
    return true;
}

/* Whether blank lines are rows; an error when no reading gives the right count. */
static gn_status count(lines l, bool header, size_t rows, const char *name, bool *blanks_count,
                       gn_error *err) {
    size_t total = 0, blank = 0;
    for (gn_csv_field line; next_line(&l, &line); total++) blank += line.n == 0;
    size_t all = total - header, filled = all - blank;
    *blanks_count = all == rows;
    if (all == rows || filled == rows) return GN_OK;
    const char *hint = "";
    if (header && total - blank == rows)
        hint =
            ": a file of several columns begins with a header, and the first line was taken for it";
    else if (!header && filled == rows + 1)
        hint = ": a single column has no header line; is the first line one?";
    else if (blank)
        hint = ", blank lines not counted";
    return gn_fail(err, GN_EDATA, "%s: describes %zu rows, the vectors are %zu%s", name, filled,
                   rows, hint);
}

/* A column without a set is not kept. *surplus: text is left behind the last column. */
static gn_status add_row(gn_label_set **set, size_t cols, gn_csv_field line, bool *surplus,
                         gn_error *err) {
    gn_csv_field cell;
    for (size_t c = 0; c < cols; c++) {
        if (!next_cell(&line, &cell)) cell = (gn_csv_field){"", 0};
        gn_status st = set[c] ? gn_label_set_add(set[c], cell.text, cell.n, err) : GN_OK;
        if (st != GN_OK) return st;
    }
    *surplus = line.n > 0;
    return GN_OK;
}

/* All rows, and a note on those that have too much. */
static gn_status add_rows(lines l, bool header, bool blanks_count, gn_label_set **set, size_t cols,
                          const char *name, gn_str *note, gn_error *err) {
    gn_csv_field line;
    size_t n_long = 0, first_long = 0;
    if (header) next_line(&l, &line);
    for (size_t number = 1 + header; next_line(&l, &line); number++) {
        bool surplus = false;
        gn_status st = line.n || blanks_count ? add_row(set, cols, line, &surplus, err) : GN_OK;
        if (st != GN_OK) return st;
        if (surplus && n_long++ == 0) first_long = number;
    }
    if (!n_long) return GN_OK;
    gn_str_addf(note, "%s%s: ", note->n ? "; " : "", name);
    if (n_long > 1)
        gn_str_addf(note,
                    "%zu lines have more than the %zu cell%s of the first line, line %zu first",
                    n_long, cols, cols == 1 ? "" : "s", first_long);
    else
        gn_str_addf(note, "line %zu has more than the %zu cell%s of the first line", first_long,
                    cols, cols == 1 ? "" : "s");
    gn_str_add(note, ": the cells beyond are passed over");
    return GN_OK;
}

/* Numbers, when every name is one: decided on the names, each read once. */
static gn_status as_numbers(gn_metadata_column *column, gn_error *err) {
    const gn_labels *l = column->label;
    double *value = NULL;
    gn_status st = gn_alloc_array(&value, l->n_classes + l->n, sizeof *value, "a column", err);
    if (st != GN_OK) return st;
    bool all = l->n_classes > 0;
    for (size_t k = 0; all && k < l->n_classes; k++)
        all = gn_csv_number((gn_csv_field){l->name[k], strlen(l->name[k])}, &value[l->n + k]);
    for (size_t i = 0; all && i < l->n; i++)
        value[i] = l->code[i] < 0 ? (double)NAN : value[l->n + (size_t)l->code[i]];
    if (all)
        column->number = value;
    else
        gn_free(value);
    return GN_OK;
}

/* A title that is missing is the column's number. */
static gn_status set_title(gn_metadata *m, size_t c, gn_csv_field title, gn_error *err) {
    gn_str s = {0};
    if (title.n)
        gn_str_add_bytes(&s, title.text, title.n);
    else
        gn_str_addf(&s, "column %zu", c + 1);
    gn_status st = gn_str_take(&s, &m->column[c].name, err);
    gn_str_free(&s);
    return st;
}

/* Columns of one name could not be told apart: all but the last lose it, and are not kept. */
static void drop_twins(gn_metadata *m, const char *name, gn_str *note) {
    size_t dropped = 0;
    for (size_t c = 0; c < m->cols; c++) {
        size_t twin = c + 1;
        while (twin < m->cols && strcmp(m->column[c].name, m->column[twin].name) != 0) twin++;
        if (twin >= m->cols) continue;
        if (dropped++ == 0)
            gn_str_addf(note, "%s: line 1: several columns are called '%.80s': the last is shown",
                        name, m->column[c].name);
        gn_free(m->column[c].name);
        m->column[c].name = NULL;
    }
    if (dropped > 1) gn_str_addf(note, " (%zu are passed over in all)", dropped);
}

gn_status gn_metadata_parse(const char *text, size_t n, size_t rows, const char *name,
                            gn_metadata *out, gn_error *err) {
    gn_status st;
    gn_metadata m = {.rows = rows};
    gn_label_set **set = NULL;
    gn_str note = {0};
    size_t kept = 0;
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) text += 3, n -= 3;
    lines l = {text, text + n}, first = l;
    gn_csv_field head = {"", 0}, cell;
    bool blanks_count = false, header = next_line(&first, &head) && memchr(head.text, '\t', head.n);
    GN_TRY(count(l, header, rows, name, &blanks_count, err));
    if (rows == 0) {
        *out = m;
        return GN_OK;
    }
    for (gn_csv_field rest = head; next_cell(&rest, &cell);) m.cols++;
    if (m.cols > GN_METADATA_COLUMNS) {
        st = gn_fail(err, GN_EDATA,
                     "%s: line 1 has %zu cells, a description of rows has at most %d: are these "
                     "the vectors?",
                     name, m.cols, GN_METADATA_COLUMNS);
        m.cols = 0;
        goto done;
    }
    m.column = gn_calloc(m.cols, sizeof *m.column);
    set = gn_calloc(m.cols, sizeof *set);
    if (!m.column || !set) {
        st = gn_fail_nomem(err, name, m.cols * sizeof *m.column);
        goto done;
    }
    for (size_t c = 0; c < m.cols; c++) {
        next_cell(&head, &cell);
        GN_TRY(set_title(&m, c, header ? cell : (gn_csv_field){"label", 5}, err));
    }
    drop_twins(&m, name, &note);
    for (size_t c = 0; c < m.cols; c++)
        if (m.column[c].name) GN_TRY(gn_label_set_new(name, &set[c], err));
    GN_TRY(add_rows(l, header, blanks_count, set, m.cols, name, &note, err));
    for (size_t c = 0; c < m.cols; c++) {
        gn_label_set *made = set[c];
        if (!made) continue;
        set[c] = NULL;
        GN_TRY(gn_label_set_end(made, &m.column[c].label, err));
        GN_TRY(as_numbers(&m.column[c], err));
    }
    if (note.n || note.bad) GN_TRY(gn_str_take(&note, &m.note, err));
    for (size_t c = 0; c < m.cols; c++)
        if (m.column[c].name) m.column[kept++] = m.column[c];
    m.cols = kept;
    *out = m;
    m = (gn_metadata){0};
done:
    for (size_t c = 0; set && c < m.cols; c++) gn_label_set_free(set[c]);
    gn_free(set);
    gn_str_free(&note);
    gn_metadata_free(&m);
    return st;
}

gn_status gn_metadata_read(const char *path, size_t rows, const char *name, gn_metadata *out,
                           gn_error *err) {
    gn_map map = {0};
    char *inflated = NULL;
    const char *text;
    size_t n;
    gn_status st = gn_open_text(path, &map, &inflated, &text, &n, err);
    if (st == GN_OK) st = gn_metadata_parse(text, n, rows, name, out, err);
    gn_map_close(&map);
    gn_free(inflated);
    return st;
}

void gn_metadata_free(gn_metadata *m) {
    for (size_t c = 0; c < m->cols && m->column; c++) {
        gn_free(m->column[c].name);
        gn_labels_free(m->column[c].label);
        gn_free(m->column[c].number);
    }
    gn_free(m->column);
    gn_free(m->note);
    *m = (gn_metadata){0};
}
