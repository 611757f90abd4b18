/* Results: a growing list of measurements and the two files made from it.
 *
 * JSON and CSV are written here by hand rather than through a JSON library, for two reasons that
 * matter to readers of the files: numbers print in their shortest form that reads back exactly
 * (0.1, not 0.10000000000000001), and each row takes one line, so that files can be compared with
 * diff and searched with grep. Strings were made valid UTF-8 when they came in. */
#include "report/result.h"

#include "base/number.h"
#include "base/str.h"
#include "io/file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const fixed_columns[] = {"set",   "layer", "depth", "measure", "variant",
                                            "value", "se",    "n",     "note"};
enum { N_FIXED = sizeof fixed_columns / sizeof fixed_columns[0] };

gn_status gn_result_new(const char *command, gn_result **out, gn_error *err) {
    if (!command || !*command)
        return gn_fail(err, GN_EINVAL, "a result needs the name of its command");
    gn_result *r = gn_calloc(1, sizeof *r);
    if (!r) return gn_fail_nomem(err, "a result", sizeof *r);
    r->command = gn_arena_utf8(&r->arena, command);
    if (!r->command) {
        gn_result_free(r);
        return gn_fail_nomem(err, "a result's name", strlen(command));
    }
    *out = r;
    return GN_OK;
}

void gn_result_free(gn_result *r) {
    if (!r) return;
    gn_arena_free(&r->arena);
    gn_free(r->condition);
    gn_free(r->row);
    gn_free(r->param);
    gn_free(r);
}

/* Room for one more element in a growing array. */
static gn_status grow(void *array_pointer, size_t n, size_t *room, size_t size, gn_error *err) {
    if (n < *room) return GN_OK;
    void *old, *p;
    memcpy(&old, array_pointer, sizeof old);
    size_t want = *room ? *room * 2 : 16;
    if (!(p = gn_realloc(old, want, size))) return gn_fail_nomem(err, "result rows", want * size);
    memcpy(array_pointer, &p, sizeof p);
    *room = want;
    return GN_OK;
}

static gn_status copy_text(gn_result *r, const char *text, const char **out, gn_error *err) {
    const char *copy = gn_arena_utf8(&r->arena, text);
    if (!copy) return gn_fail_nomem(err, "a result's text", strlen(text));
    *out = copy;
    return GN_OK;
}

static gn_status make_field(gn_result *r, const char *key, const char *text, double number,
                            gn_result_field *out, gn_error *err) {
    gn_status st;
    gn_result_field f = {NULL, NULL, number};
    if (!key || !*key) return gn_fail(err, GN_EINVAL, "a condition or parameter needs a name");
    GN_TRY(copy_text(r, key, &f.key, err));
    if (text) GN_TRY(copy_text(r, text, &f.text, err));
    *out = f;
done:
    return st;
}

static gn_status set_condition(gn_result *r, const char *key, const char *text, double number,
                               gn_error *err) {
    gn_status st;
    gn_result_field f;
    GN_TRY(make_field(r, key, text, number, &f, err));
    for (size_t i = 0; i < r->n_conditions; i++)
        if (strcmp(r->condition[i].key, f.key) == 0) {
            r->condition[i] = f;
            goto done;
        }
    GN_TRY(grow(&r->condition, r->n_conditions, &r->room_conditions, sizeof f, err));
    r->condition[r->n_conditions++] = f;
done:
    return st;
}

gn_status gn_result_set_text(gn_result *r, const char *key, const char *value, gn_error *err) {
    return set_condition(r, key, value ? value : "", 0, err);
}

gn_status gn_result_set_number(gn_result *r, const char *key, double value, gn_error *err) {
    return set_condition(r, key, NULL, value, err);
}

gn_status gn_result_add(gn_result *r, const gn_measurement *m, gn_error *err) {
    gn_status st;
    if (!m->measure || !*m->measure)
        return gn_fail(err, GN_EINVAL, "row %zu of the result has no measure", r->n_rows);
    gn_result_row row = {*m, r->n_params, 0};
    GN_TRY(grow(&r->row, r->n_rows, &r->room_rows, sizeof row, err));
    GN_TRY(copy_text(r, m->set ? m->set : "", &row.m.set, err));
    GN_TRY(copy_text(r, m->measure, &row.m.measure, err));
    GN_TRY(copy_text(r, m->variant ? m->variant : "", &row.m.variant, err));
    if (m->note) GN_TRY(copy_text(r, m->note, &row.m.note, err));
    r->row[r->n_rows++] = row;
done:
    return st;
}

static gn_status set_param(gn_result *r, const char *key, const char *text, double number,
                           gn_error *err) {
    gn_status st;
    gn_result_field f;
    if (r->n_rows == 0)
        return gn_fail(err, GN_EINVAL, "parameter '%s': the result has no row yet", key ? key : "");
    for (size_t c = 0; key && c < N_FIXED; c++)
        if (strcmp(key, fixed_columns[c]) == 0)
            return gn_fail(err, GN_EINVAL, "parameter '%s' has the name of a fixed column", key);
    gn_result_row *row = &r->row[r->n_rows - 1];
    GN_TRY(make_field(r, key, text, number, &f, err));
    for (size_t j = row->first; j < row->first + row->n; j++)
        if (strcmp(r->param[j].key, f.key) == 0) {
            r->param[j] = f;
            goto done;
        }
    GN_TRY(grow(&r->param, r->n_params, &r->room_params, sizeof f, err));
    r->param[r->n_params++] = f;
    row->n++;
done:
    return st;
}

gn_status gn_result_param_text(gn_result *r, const char *key, const char *value, gn_error *err) {
    return set_param(r, key, value ? value : "", 0, err);
}

gn_status gn_result_param_number(gn_result *r, const char *key, double value, gn_error *err) {
    return set_param(r, key, NULL, value, err);
}

size_t gn_result_count(const gn_result *r) {
    return r->n_rows;
}

gn_measurement gn_result_at(const gn_result *r, size_t i) {
    return r->row[i].m;
}

const gn_result_field *gn_result_row_param(const gn_result *r, size_t i, const char *key) {
    const gn_result_row *row = &r->row[i];
    for (size_t j = row->first; j < row->first + row->n; j++)
        if (strcmp(r->param[j].key, key) == 0) return &r->param[j];
    return NULL;
}

const char *gn_result_param(gn_result *r, size_t i, const char *key) {
    const gn_result_field *f = gn_result_row_param(r, i, key);
    if (!f) return NULL;
    return f->text ? f->text : gn_number_text(r->scratch, f->number);
}

static bool param_is(const gn_result *r, size_t i, const char *key, const char *value) {
    char number[GN_NUMBER_ROOM];
    const gn_result_field *f = gn_result_row_param(r, i, key);
    return f && strcmp(f->text ? f->text : gn_number_text(number, f->number), value) == 0;
}

size_t gn_result_find(const gn_result *r, int layer, const char *measure, const char *variant,
                      const char *key, const char *value) {
    for (size_t i = 0; i < r->n_rows; i++) {
        const gn_measurement *m = &r->row[i].m;
        if (m->layer == layer && strcmp(m->measure, measure) == 0 &&
            strcmp(m->variant, variant ? variant : "") == 0 &&
            (!key || param_is(r, i, key, value ? value : "")))
            return i;
    }
    return SIZE_MAX;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void json_text(gn_str *s, const char *text) {
    gn_str_add(s, "\"");
    for (const char *p = text; *p;) {
        size_t plain = 0;
        while ((unsigned char)p[plain] >= 0x20 && p[plain] != '"' && p[plain] != '\\') plain++;
        gn_str_add_bytes(s, p, plain);
        p += plain;
        if (!*p) break;
        if (*p == '"' || *p == '\\')
            gn_str_addf(s, "\\%c", *p);
        else if (*p == '\n')
            gn_str_add(s, "\\n");
        else if (*p == '\t')
            gn_str_add(s, "\\t");
        else
            gn_str_addf(s, "\\u%04x", (unsigned)(unsigned char)*p);
        p++;
    }
    gn_str_add(s, "\"");
}

static void json_number(gn_str *s, double value) {
    char number[GN_NUMBER_ROOM];
    gn_str_add(s, isfinite(value) ? gn_number_text(number, value) : "null");
}

static void json_field(gn_str *s, const gn_result_field *f) {
    json_text(s, f->key);
    gn_str_add(s, ": ");
    if (f->text)
        json_text(s, f->text);
    else
        json_number(s, f->number);
}

static void json_row(gn_str *s, const gn_result *r, size_t i) {
    const gn_measurement *m = &r->row[i].m;
    gn_str_add(s, "    {\"set\": ");
    json_text(s, m->set);
    gn_str_add(s, ", \"layer\": ");
    json_number(s, m->layer < 0 ? (double)NAN : m->layer);
    gn_str_add(s, ", \"depth\": ");
    json_number(s, m->depth);
    gn_str_add(s, ", \"measure\": ");
    json_text(s, m->measure);
    gn_str_add(s, ", \"variant\": ");
    if (*m->variant)
        json_text(s, m->variant);
    else
        gn_str_add(s, "null");
    gn_str_add(s, ", \"value\": ");
    json_number(s, m->value);
    gn_str_add(s, ", \"se\": ");
    json_number(s, m->se);
    gn_str_add(s, ", \"n\": ");
    json_number(s, m->n);
    for (size_t j = r->row[i].first; j < r->row[i].first + r->row[i].n; j++) {
        gn_str_add(s, ", ");
        json_field(s, &r->param[j]);
    }
    if (m->note) {
        gn_str_add(s, ", \"note\": ");
        json_text(s, m->note);
    }
    gn_str_add(s, "}");
}

gn_status gn_result_json(const gn_result *r, char **out, gn_error *err) {
    gn_str s = {0};
    gn_str_add(&s, "{\n  \"gonio\": ");
    json_text(&s, gn_version());
    gn_str_add(&s, ",\n  \"command\": ");
    json_text(&s, r->command);
    gn_str_add(&s, ",\n  \"conditions\": {");
    for (size_t i = 0; i < r->n_conditions; i++) {
        gn_str_add(&s, i ? ",\n    " : "\n    ");
        json_field(&s, &r->condition[i]);
    }
    gn_str_add(&s, r->n_conditions ? "\n  },\n  \"rows\": [" : "},\n  \"rows\": [");
    for (size_t i = 0; i < r->n_rows; i++) {
        gn_str_add(&s, i ? ",\n" : "\n");
        json_row(&s, r, i);
    }
    gn_str_add(&s, r->n_rows ? "\n  ]\n}\n" : "]\n}\n");
    return gn_str_take(&s, out, err);
}

/* ---- CSV ------------------------------------------------------------------------------------ */

static void csv_text(gn_str *s, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        gn_str_add(s, text);
        return;
    }
    gn_str_add(s, "\"");
    for (const char *p = text; *p; p++) {
        if (*p == '"') gn_str_add(s, "\"");
        gn_str_add_bytes(s, p, 1);
    }
    gn_str_add(s, "\"");
}

static void csv_number(gn_str *s, double value) {
    char number[GN_NUMBER_ROOM];
    if (isfinite(value)) gn_str_add(s, gn_number_text(number, value));
}

/* The names of all parameters, in order of first use. */
static gn_status param_names(const gn_result *r, const char ***out, size_t *n_out, gn_error *err) {
    gn_status st;
    const char **name = NULL;
    size_t n = 0, room = 0;
    for (size_t j = 0; j < r->n_params; j++) {
        size_t k = 0;
        while (k < n && strcmp(name[k], r->param[j].key) != 0) k++;
        if (k < n) continue;
        GN_TRY(grow(&name, n, &room, sizeof *name, err));
        name[n++] = r->param[j].key;
    }
    *out = name;
    *n_out = n;
    return GN_OK;
done:
    gn_free(name);
    return st;
}

gn_status gn_result_csv(const gn_result *r, char **out, gn_error *err) {
    gn_status st;
    gn_str s = {0};
    const char **name = NULL;
    size_t n_names = 0;
    GN_TRY(param_names(r, &name, &n_names, err));
    for (size_t c = 0; c < N_FIXED; c++) gn_str_addf(&s, "%s%s", c ? "," : "", fixed_columns[c]);
    for (size_t k = 0; k < n_names; k++) {
        gn_str_add(&s, ",");
        csv_text(&s, name[k]);
    }
    gn_str_add(&s, "\n");
    for (size_t i = 0; i < r->n_rows; i++) {
        const gn_measurement *m = &r->row[i].m;
        csv_text(&s, m->set);
        gn_str_add(&s, ",");
        csv_number(&s, m->layer < 0 ? (double)NAN : m->layer);
        gn_str_add(&s, ",");
        csv_number(&s, m->depth);
        gn_str_add(&s, ",");
        csv_text(&s, m->measure);
        gn_str_add(&s, ",");
        csv_text(&s, m->variant);
        const double number[] = {m->value, m->se, m->n};
        for (size_t k = 0; k < 3; k++) {
            gn_str_add(&s, ",");
            csv_number(&s, number[k]);
        }
        gn_str_add(&s, ",");
        if (m->note) csv_text(&s, m->note);
        for (size_t k = 0; k < n_names; k++) {
            const gn_result_field *f = gn_result_row_param(r, i, name[k]);
            gn_str_add(&s, ",");
            if (f && f->text)
                csv_text(&s, f->text);
            else if (f)
                csv_number(&s, f->number);
        }
        gn_str_add(&s, "\n");
    }
    st = gn_str_take(&s, out, err);
done:
    gn_free(name);
    gn_str_free(&s);
    return st;
}

gn_status gn_text_write(const char *path, const char *text, gn_error *err) {
    return gn_write_file(path, text, strlen(text), err);
}
