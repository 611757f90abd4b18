/* Edited labels: cells of a column that the user changed, or a column of their own. The source's
 * column stays as it is; what is shown is a new column made from it and the changed cells. */
#include "view/data/marks.h"

#include "base/number.h"
#include "io/csv.h"
#include "reps/columns.h"
#include "view/data/columns.h"
#include "view/view.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 200, VALUE_BYTES = 4096 };

/** The row that a member of {ROW: value} names; false for anything else. */
static bool cell_row(const char *key, size_t n, size_t *row) {
    gn_error ignored;
    return n > 0 && gn_text_size(key, "row", 0, n - 1, row, &ignored) == GN_OK;
}

static bool cell_number(const json_t *value, float *out) {
    const char *text = json_string_value(value);
    double x;
    *out = NAN;
    if (!text) return true;
    if (!gn_csv_number((gn_csv_field){text, strlen(text)}, &x)) return false;
    *out = (float)x;
    return true;
}

/** A number in the fewest digits that read back as the same float. */
static const char *number_text(float value, char buf[GN_NUMBER_ROOM]) {
    if (isnan(value)) return "";
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(buf, GN_NUMBER_ROOM, "%.*g", digits, (double)value);
        if (strtof(buf, NULL) == value) break;
    }
    return buf;
}

/** Numbers stay numbers where every changed cell is one, or missing. *out is NULL otherwise. */
static gn_status overlay_numbers(const gn_view_column *base, const json_t *cells,
                                 gn_view_column **out, gn_error *err) {
    gn_status st;
    float *value, one;
    const char *key;
    const json_t *cell;
    size_t row;
    GN_TRY(gn_alloc_array(&value, base->n, sizeof *value, base->name, err));
    memcpy(value, base->value, base->n * sizeof *value);
    bool numbers = true;
    json_object_foreach((json_t *)(uintptr_t)cells, key, cell) {
        numbers = numbers && cell_number(cell, &one);
        if (cell_row(key, base->n, &row)) value[row] = one;
    }
    if (numbers) st = gn_view_column_numbers(base->name, base->n, value, out, err);
    gn_free(value);
done:
    return st;
}

/** The codes of the base column (NULL: all missing), its names taken over as they are. */
static gn_status start_codes(gn_column *built, size_t n, const gn_view_column *base,
                             gn_error *err) {
    gn_status st = GN_OK;
    char buf[GN_NUMBER_ROOM];
    int32_t *code = NULL;
    bool named = base && base->code;
    if (named) GN_TRY(gn_alloc_array(&code, base->n_names, sizeof *code, base->name, err));
    for (size_t i = 0; named && i < base->n_names; i++)
        GN_TRY(gn_column_code(built, base->names[i], strlen(base->names[i]), &code[i], err));
    for (size_t i = 0; i < n; i++) {
        int32_t own = -1;
        if (named && base->code[i] >= 0) {
            own = code[base->code[i]];
        } else if (base && !named) {
            const char *text = number_text(base->value[i], buf);
            GN_TRY(gn_column_code(built, text, strlen(text), &own, err));
        }
        GN_TRY(gn_column_push(built, own, err));
    }
done:
    gn_free(code);
    return st;
}

/** The base column (NULL: empty) with the cells of {ROW: value} changed. */
static gn_status overlay(const char *name, size_t n, const gn_view_column *base,
                         const json_t *cells, gn_view_column **out, gn_error *err) {
    gn_column built = {0};
    const char *key;
    const json_t *cell;
    size_t row;
    gn_status st;
    *out = NULL;
    if (base && base->value) GN_TRY(overlay_numbers(base, cells, out, err));
    if (*out) return GN_OK;
    GN_TRY(gn_column_init(&built, name, err));
    GN_TRY(start_codes(&built, n, base, err));
    json_object_foreach((json_t *)(uintptr_t)cells, key, cell) {
        const char *text = json_is_string(cell) ? json_string_value(cell) : "";
        if (cell_row(key, n, &row))
            GN_TRY(gn_column_code(&built, text, strlen(text), &built.code[row], err));
    }
    st = gn_view_column_new(name, n, built.code, built.n_classes, built.class_name, out, err);
done:
    gn_column_free(&built);
    return st;
}

/** Shows column `name` with its changed cells; NULL or {}: as it was. */
static gn_status show(gn_source *s, const char *name, const json_t *cells, gn_error *err) {
    gn_view_column *base = NULL, *edited = NULL;
    gn_status st;
    GN_TRY(gn_source_base_column(s, name, &base, err));
    if (json_object_size(cells) > 0)
        GN_TRY(overlay(name, s->about.rows, base, cells, &edited, err));
    st = gn_source_edit_column(s, name, edited, err);
done:
    gn_view_column_free(base);
    return st;
}

gn_status gn_tags_apply(gn_view *v, gn_source *s, gn_error *err) {
    json_t *marks, *cells;
    const char *name;
    if (atomic_load(&s->tagged)) return GN_OK;
    gn_error why = {0};
    gn_status st = gn_marks_open(v, s, &marks, &why);
    if (st == GN_OK) {
        json_object_foreach(json_object_get(marks, "tags"), name, cells) {
            if (st == GN_OK) st = show(s, name, cells, &why);
        }
        gn_marks_close(v, s);
    }
    if (st == GN_ENOMEM) return gn_fail(err, st, "%s", why.message);
    if (st != GN_OK) gn_source_warn(s, why.message); /* the data can be seen without them */
    atomic_store(&s->tagged, true);
    return GN_OK;
}

/* ---- routes ------------------------------------------------------------------------------ */

/** A value as a cell's text: a string, a number, null (missing). A new reference. */
static gn_status cell_value(const json_t *value, json_t **out, gn_error *err) {
    char buf[GN_NUMBER_ROOM];
    if (json_is_string(value) && json_string_length(value) <= VALUE_BYTES &&
        strlen(json_string_value(value)) == json_string_length(value))
        *out = json_string_length(value) ? json_string(json_string_value(value)) : json_null();
    else if (json_is_number(value))
        *out = json_string(gn_number_text(buf, json_number_value(value)));
    else if (json_is_null(value))
        *out = json_null();
    else
        return gn_fail(err, GN_EINVAL,
                       "value: expected a string of at most %d bytes, a number or null",
                       VALUE_BYTES);
    return *out ? GN_OK : gn_fail_nomem(err, "a value", 1);
}

static json_t *shown_value(const gn_view_column *c, size_t row) {
    return c ? gn_view_column_value(c, row) : json_null();
}

/** The column as it is shown now, or NULL where there is none of that name. */
static gn_status shown_column(gn_source *s, const char *name, gn_view_column **out, gn_error *err) {
    gn_error missing;
    gn_status st = gn_source_column(s, name, out, &missing);
    if (st == GN_OK || st == GN_EINVAL) return GN_OK;
    return gn_fail(err, st, "%s", missing.message);
}

static gn_status change_cells(json_t *cells, const int32_t *rows, size_t n, const json_t *value,
                              gn_error *err) {
    for (size_t i = 0; i < n; i++) {
        char row[32];
        json_t *text;
        const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;
        gn_status st = cell_value(one, &text, err);
        if (st != GN_OK) return st;
        snprintf(row, sizeof row, "%d", (int)rows[i]);
        if (json_object_set_new(cells, row, text) != 0) return gn_fail_nomem(err, "a cell", n);
    }
    return GN_OK;
}

/** Whether a cell holds what the column has without edits (NULL: nothing). */
static bool is_own(const gn_view_column *base, size_t row, const json_t *cell) {
    const char *text = json_string_value(cell), *own = NULL;
    float x;
    if (base && base->value)
        return cell_number(cell, &x) &&
               (isnan(x) ? isnan(base->value[row]) : x == base->value[row]);
    if (base && base->code[row] >= 0) own = base->names[base->code[row]];
    return text && own ? strcmp(text, own) == 0 : !text && !own;
}

/** Cells that got their own value back are no edits any more: an edit that is undone leaves no
 *  trace in the file. */
static gn_status drop_own(gn_source *s, const char *column, const int32_t *rows, size_t n,
                          json_t *cells, gn_error *err) {
    gn_view_column *base;
    char row[32];
    gn_status st = gn_source_base_column(s, column, &base, err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < n; i++) {
        snprintf(row, sizeof row, "%d", (int)rows[i]);
        if (is_own(base, (size_t)rows[i], json_object_get(cells, row))) json_object_del(cells, row);
    }
    gn_view_column_free(base);
    return GN_OK;
}

/** Keeps the cells of a column (taken; NULL or {}: none any more), shows them, answers. `marks` are
 * open and closed in any case; takes `answer`. */
static gn_status finish(gn_view *v, gn_source *s, const char *column, json_t *cells, json_t *marks,
                        json_t *answer, gn_reply *re, gn_error *err) {
    json_t *tags = json_object_get(marks, "tags");
    gn_status st = show(s, column, cells, err);
    if (st != GN_OK) {
        json_decref(cells);
        json_decref(answer);
        gn_marks_close(v, s);
        return st;
    }
    if (json_object_size(cells) > 0) {
        json_object_set_new(tags, column, cells);
    } else {
        json_object_del(tags, column);
        json_decref(cells);
    }
    return gn_marks_answer(v, s, true, answer, re, err);
}

/** Rows, values and column of a PUT, checked. */
static gn_status put_arguments(gn_view *v, const gn_request *rq, gn_source **s, const char **column,
                               int32_t **rows, size_t *n, gn_reply *re, gn_error *err) {
    const json_t *value = json_object_get(rq->body, "value");
    gn_status st;
    GN_TRY(gn_view_body_source(v, rq->body, "source", s, re, err));
    GN_TRY(gn_body_need_text(rq->body, "column", column, err));
    if (!**column || strlen(*column) > NAME_BYTES)
        return gn_fail(err, GN_EINVAL, "a column's name has 1 to %d bytes", NAME_BYTES);
    GN_TRY(gn_source_subset(v, *s, json_object_get(rq->body, "rows"), rows, n, err));
    if (!*rows)
        return gn_fail(err, GN_EINVAL, "rows: expected an array of rows or {\"set\": \"NAME\"}");
    if (json_is_array(value) ? json_array_size(value) != *n : value == NULL)
        return gn_fail(err, GN_EINVAL, "value: expected one value, or an array of %zu, one a row",
                       *n);
done:
    return st;
}

static gn_status put_tags(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_source *s;
    const char *column;
    int32_t *rows = NULL;
    size_t n;
    gn_view_column *now = NULL;
    json_t *marks, *old, *cells;
    gn_status st;
    GN_TRY(put_arguments(v, rq, &s, &column, &rows, &n, re, err));
    GN_TRY(gn_marks_open(v, s, &marks, err));
    st = shown_column(s, column, &now, err);
    const json_t *before = json_object_get(json_object_get(marks, "tags"), column);
    cells = before ? json_deep_copy(before) : json_object();
    if (st == GN_OK && !cells) st = gn_fail_nomem(err, "cells", n);
    if (st == GN_OK) st = change_cells(cells, rows, n, json_object_get(rq->body, "value"), err);
    if (st == GN_OK) st = drop_own(s, column, rows, n, cells, err);
    if (st != GN_OK) {
        gn_marks_close(v, s);
        json_decref(cells);
        goto done;
    }
    old = json_array();
    for (size_t i = 0; i < n; i++) json_array_append_new(old, shown_value(now, (size_t)rows[i]));
    st = finish(v, s, column, cells, marks,
                json_pack("{s:o,s:o,s:o}", "column", gn_json_text(column), "rows", gn_json_whole(n),
                          "previous", old),
                re, err);
done:
    gn_view_column_free(now);
    gn_free(rows);
    return st;
}

/** Forgets all edits of a column; the answer's rows and values, put again, bring them back. */
static gn_status delete_tags(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_source *s;
    json_t *marks, *value, *rows, *old;
    const char *row, *text = gn_query_text(rq, "source"), *column = gn_query_text(rq, "column");
    gn_status st;
    if (!text || !column) return gn_fail(err, GN_EINVAL, "'source' and 'column' are needed");
    GN_TRY(gn_view_source(v, text, &s, re, err));
    GN_TRY(gn_marks_open(v, s, &marks, err));
    json_t *cells = json_object_get(json_object_get(marks, "tags"), column);
    if (!cells) {
        gn_marks_close(v, s);
        return gn_not_found(re, err, "%s has no edited labels in a column '%s'", s->about.name,
                            column);
    }
    rows = json_array();
    old = json_array();
    json_object_foreach(cells, row, value) {
        json_array_append_new(rows, json_integer(atoll(row)));
        json_array_append(old, value);
    }
    st = finish(
        v, s, column, NULL, marks,
        json_pack("{s:o,s:o,s:o}", "column", gn_json_text(column), "rows", rows, "previous", old),
        re, err);
done:
    return st;
}

static const gn_route routes[] = {
    {"PUT", "/api/tags", put_tags, GN_BODY_ROWS},
    {"DELETE", "/api/tags", delete_tags, GN_BODY_SMALL},
    {0},
};
const gn_view_part gn_part_tags = {.routes = routes};
