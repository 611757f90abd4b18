/* Metadata: see metadata.h. The rules are those of TensorBoard's own reader, but for two of its
 * traps: it drops blank lines, which shifts all rows behind them, and says nothing about a wrong
 * count. */
#include "view/metadata.h"

#include "io/csv.h"
#include "reps/columns.h"
#include "view/columns.h"

#include <stdio.h>
#include <string.h>

enum { MAX_COLUMNS = 256 };
static const size_t max_bytes = (size_t)2 << 30;

struct table {
    const char *name; /* the file's, without its folder */
    gn_column *column;
    size_t n_columns, n_blank, n_rows, wanted;
    bool header, skip_blank;
};

static void free_table(struct table *t) {
    for (size_t j = 0; j < t->n_columns; j++) gn_column_free(&t->column[j]);
    gn_free(t->column);
}

/** Counts rows and blank lines, and decides what a blank line is. */
static gn_status count(struct table *t, const char *text, size_t n, gn_error *err) {
    gn_csv c;
    bool more;
    gn_status st;
    gn_csv_start(&c, text, n, '\t', t->name);
    c.quotes = false;
    while ((st = gn_csv_next(&c, &more, err)) == GN_OK && more) {
        if (t->n_rows == 0 && !t->header && t->n_columns == 0) {
            t->n_columns = c.n_fields;
            t->header = c.n_fields > 1;
            if (t->header) continue;
        }
        t->n_rows++;
        t->n_blank += gn_csv_blank(&c);
    }
    gn_csv_free(&c);
    if (st != GN_OK) return st;
    size_t columns = t->n_columns;
    t->n_columns = 0; /* nothing to free yet */
    if (columns == 0 || columns > MAX_COLUMNS)
        return gn_fail(err, GN_EDATA, "%s: %zu columns, expected 1 to %d", t->name, columns,
                       MAX_COLUMNS);
    t->skip_blank = t->n_rows != t->wanted && t->n_rows - t->n_blank == t->wanted;
    if (t->n_rows != t->wanted && !t->skip_blank) {
        const char *hint = "";
        if (t->n_rows == t->wanted + 1 && !t->header)
            hint = "; a file of one column has no header line: remove it";
        else if (t->n_rows + 1 == t->wanted && t->header)
            hint = "; the first line was taken for a header, as a file of several columns begins "
                   "with one";
        else if (t->n_blank)
            hint = "; are the blank lines meant to be rows?";
        return gn_fail(err, GN_EDATA, "%s: %zu rows, but the tensor has %zu%s", t->name, t->n_rows,
                       t->wanted, hint);
    }
    t->column = gn_calloc(columns, sizeof *t->column);
    if (!t->column) return gn_fail_nomem(err, t->name, columns * sizeof *t->column);
    t->n_columns = columns;
    return GN_OK;
}

static gn_status name_columns(struct table *t, const gn_csv *c, gn_error *err) {
    for (size_t j = 0; j < t->n_columns; j++) {
        char name[256] = "label";
        gn_status st;
        if (c && c->field[j].n > 0)
            snprintf(name, sizeof name, "%.*s",
                     c->field[j].n < sizeof name ? (int)c->field[j].n : (int)sizeof name - 1,
                     c->field[j].text);
        else if (c)
            snprintf(name, sizeof name, "column %zu", j + 1);
        for (size_t i = 0; i < j; i++)
            if (strcmp(t->column[i].name, name) == 0)
                return gn_fail(err, GN_EDATA, "%s: line 1: two columns are called '%s'", t->name,
                               name);
        st = gn_column_init(&t->column[j], name, err);
        if (st != GN_OK) return st;
    }
    return GN_OK;
}

static gn_status take_row(struct table *t, const gn_csv *c, gn_error *err) {
    bool blank = gn_csv_blank(c);
    if (blank && t->skip_blank) return GN_OK;
    if (!blank && c->n_fields != t->n_columns)
        return gn_fail(err, GN_EDATA, "%s: line %zu: %zu cells, expected %zu", t->name, c->line,
                       c->n_fields, t->n_columns);
    for (size_t j = 0; j < t->n_columns; j++) {
        int32_t code = -1;
        gn_status st = GN_OK;
        if (!blank) st = gn_column_code(&t->column[j], c->field[j].text, c->field[j].n, &code, err);
        if (st == GN_OK) st = gn_column_push(&t->column[j], code, err);
        if (st != GN_OK) return st;
    }
    return GN_OK;
}

static gn_status fill(struct table *t, const char *text, size_t n, gn_error *err) {
    gn_csv c;
    bool more;
    gn_status st;
    gn_csv_start(&c, text, n, '\t', t->name);
    c.quotes = false;
    if (t->header) {
        GN_TRY(gn_csv_next(&c, &more, err));
        GN_TRY(name_columns(t, &c, err));
    } else {
        GN_TRY(name_columns(t, NULL, err));
    }
    while ((st = gn_csv_next(&c, &more, err)) == GN_OK && more) GN_TRY(take_row(t, &c, err));
done:
    gn_csv_free(&c);
    return st;
}

static gn_status put_columns(const struct table *t, gn_source *s, gn_error *err) {
    gn_view_column *made[MAX_COLUMNS] = {0};
    gn_status st = GN_OK;
    for (size_t j = 0; j < t->n_columns; j++) {
        const gn_column *c = &t->column[j];
        GN_TRY(
            gn_view_column_new(c->name, c->n, c->code, c->n_classes, c->class_name, &made[j], err));
    }
    for (size_t j = 0; j < t->n_columns; j++) {
        gn_view_column *c = made[j];
        made[j] = NULL;
        GN_TRY(gn_source_put_column(s, c, err));
    }
done:
    for (size_t j = 0; j < t->n_columns; j++) gn_view_column_free(made[j]);
    return st;
}

gn_status gn_metadata_read(gn_source *s, const char *path, size_t *n_columns, gn_error *err) {
    struct table t = {.name = gn_path_base(path), .wanted = s->about.rows};
    char *text = NULL;
    size_t n;
    gn_status st;
    GN_TRY(gn_read_file(path, max_bytes, &text, &n, err));
    GN_TRY(count(&t, text, n, err));
    GN_TRY(fill(&t, text, n, err));
    GN_TRY(put_columns(&t, s, err));
    *n_columns = t.n_columns;
done:
    free_table(&t);
    gn_free(text);
    return st;
}
