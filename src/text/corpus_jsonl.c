/* Corpora as JSON objects, one a line. Objects need not have the same keys: the label columns are
 * all that occur, in the order of their first occurrence, and a record without one has "" there.
 * Strings are labels as they are, null is "", every other value is its JSON text (3, true, [1,2]).
 * The first record decides whether "text" or "sentence" is the text. */
#include "text/corpus.h"

#include "io/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 1000 }; /* bounds records x columns, and the search for a column */

typedef struct reader {
    gn_corpus *c;
    const gn_corpus_opts *opts;
    const char *text, *target;       /* keys; text is NULL before the first record */
    const char *column[MAX_COLUMNS]; /* label columns so far */
    bool seen[MAX_COLUMNS];          /* occurred in a record */
    size_t n;
    size_t *known; /* (records) label columns when the record was read */
    size_t known_room;
    bool target_seen;
} reader;

/* The keys of an object as a list, for the message that one is missing. */
static gn_status no_key(const reader *r, json_t *object, const char *missing, gn_error *err) {
    const char *name[MAX_COLUMNS], *key;
    json_t *value;
    size_t n = 0;
    json_object_foreach(object, key, value) {
        if (n < MAX_COLUMNS) name[n++] = key;
    }
    return gn_corpus_no_column(r->c, missing, name, n, err);
}

/* The label columns that the caller lists are there from the start. */
static gn_status start(reader *r, gn_error *err) {
    r->target = r->opts->target_column ? r->opts->target_column : "target";
    if (!r->opts->label_columns) return GN_OK;
    if (r->opts->n_label_columns > MAX_COLUMNS)
        return gn_fail(err, GN_EINVAL, "%zu label columns; at most %d", r->opts->n_label_columns,
                       MAX_COLUMNS);
    for (size_t j = 0; j < r->opts->n_label_columns; j++) {
        const char *name = r->opts->label_columns[j];
        r->column[j] = gn_arena_text(&r->c->arena, name, strlen(name));
        if (!r->column[j]) return gn_fail_nomem(err, r->c->path, strlen(name));
        r->n++;
    }
    return GN_OK;
}

/* The label column of a key, new or not; SIZE_MAX when the key is no label. */
static gn_status find_column(reader *r, const char *key, size_t line, size_t *out, gn_error *err) {
    *out = SIZE_MAX;
    for (size_t j = 0; j < r->n; j++)
        if (strcmp(r->column[j], key) == 0) {
            r->seen[j] = true;
            *out = j;
            return GN_OK;
        }
    if (r->opts->label_columns || strcmp(key, r->text) == 0 || strcmp(key, r->target) == 0)
        return GN_OK;
    if (r->n == MAX_COLUMNS)
        return gn_fail(err, GN_EDATA, "%s: line %zu: more than %d different keys", r->c->path, line,
                       MAX_COLUMNS);
    gn_status st = gn_corpus_label(r->c, line, key, strlen(key), &r->column[r->n], err);
    if (st == GN_OK) {
        r->seen[r->n] = true;
        *out = r->n++;
    }
    return st;
}

static gn_status label_text(reader *r, const json_t *value, size_t line, const char **out,
                            gn_error *err) {
    if (json_is_null(value)) {
        *out = "";
        return GN_OK;
    }
    if (json_is_string(value))
        return gn_corpus_label(r->c, line, json_string_value(value), json_string_length(value), out,
                               err);
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (!text) return gn_fail_nomem(err, r->c->path, 0);
    gn_status st = gn_corpus_label(r->c, line, text, strlen(text), out, err);
    free(text);
    return st;
}

static gn_status read_labels(reader *r, json_t *object, gn_record *record, gn_error *err) {
    gn_status st = GN_OK;
    gn_corpus *c = r->c;
    const char *key;
    json_t *value;
    size_t j, line = record->line;
    /* First the columns, so that the array has room for the new ones. */
    json_object_foreach(object, key, value) GN_TRY(find_column(r, key, line, &j, err));
    const char **label = gn_arena_alloc(&c->arena, r->n, sizeof *label);
    if (!label) return gn_fail_nomem(err, c->path, r->n * sizeof *label);
    for (j = 0; j < r->n; j++) {
        value = json_object_get(object, r->column[j]);
        label[j] = "";
        if (value) GN_TRY(label_text(r, value, line, &label[j], err));
    }
    record->label = label;
    if (c->n >= r->known_room) {
        size_t want = 2 * c->n + 256;
        size_t *p = gn_realloc(r->known, want, sizeof *p);
        if (!p) return gn_fail_nomem(err, c->path, want * sizeof *p);
        r->known = p;
        r->known_room = want;
    }
    r->known[c->n] = r->n;
done:
    return st;
}

static gn_status read_record(reader *r, json_t *object, size_t line, gn_error *err) {
    gn_status st = GN_OK;
    gn_corpus *c = r->c;
    if (!json_is_object(object))
        return gn_fail(err, GN_EDATA, "%s: line %zu: expected an object, found %s", c->path, line,
                       gn_json_kind(object));
    if (!r->text) {
        r->text = r->opts->text_column;
        if (!r->text) r->text = json_object_get(object, "text") ? "text" : "sentence";
        if (!json_object_get(object, r->text))
            return no_key(r, object, r->opts->text_column ? r->text : "text", err);
    }
    const json_t *text = json_object_get(object, r->text);
    if (!json_is_string(text))
        return gn_fail(err, GN_EDATA, "%s: line %zu: '%.80s': expected a string, found %s", c->path,
                       line, r->text, gn_json_kind(text));
    gn_record record = {.n_bytes = json_string_length(text), .line = line};
    record.text = gn_arena_text(&c->arena, json_string_value(text), record.n_bytes);
    if (!record.text) return gn_fail_nomem(err, c->path, record.n_bytes);
    const json_t *target = json_object_get(object, r->target);
    r->target_seen = r->target_seen || target;
    if (target && !json_is_null(target) && !json_is_string(target))
        return gn_fail(err, GN_EDATA,
                       "%s: line %zu: '%.80s': expected a string start:end, found %s", c->path,
                       line, r->target, gn_json_kind(target));
    if (json_is_string(target))
        GN_TRY(gn_corpus_target(c, r->target, json_string_value(target), json_string_length(target),
                                &record, err));
    GN_TRY(read_labels(r, object, &record, err));
    GN_TRY(gn_corpus_add(c, record, err));
done:
    return st;
}

/* Every record gets all label columns; columns that the caller listed must have occurred. */
static gn_status finish(reader *r, json_t *last, gn_error *err) {
    gn_corpus *c = r->c;
    if (c->n == 0) return GN_OK;
    for (size_t j = 0; j < r->n; j++)
        if (!r->seen[j]) return no_key(r, last, r->column[j], err);
    if (r->opts->target_column && *r->target && !r->target_seen)
        return no_key(r, last, r->target, err);
    c->name = gn_arena_alloc(&c->arena, r->n, sizeof *c->name);
    if (!c->name) return gn_fail_nomem(err, c->path, r->n * sizeof *c->name);
    for (size_t j = 0; j < r->n; j++) c->name[j] = r->column[j];
    c->n_names = r->n;
    for (size_t i = 0; i < c->n; i++) {
        if (r->known[i] == r->n) continue;
        const char **label = gn_arena_alloc(&c->arena, r->n, sizeof *label);
        if (!label) return gn_fail_nomem(err, c->path, r->n * sizeof *label);
        for (size_t j = 0; j < r->n; j++) label[j] = j < r->known[i] ? c->record[i].label[j] : "";
        c->record[i].label = label;
    }
    return GN_OK;
}

static bool blank(const char *text, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r') return false;
    return true;
}

gn_status gn_corpus_read_jsonl(gn_corpus *c, const gn_corpus_opts *opts, gn_error *err) {
    gn_status st = GN_OK;
    reader *r = NULL;
    json_t *object = NULL;
    char *where = NULL;
    size_t where_size = strlen(c->path) + 40;
    const char *at = c->bytes, *end = c->bytes + c->n_bytes;
    GN_TRY(gn_alloc_array(&r, 1, sizeof *r, c->path, err));
    *r = (reader){.c = c, .opts = opts};
    GN_TRY(gn_alloc_array(&where, where_size, 1, c->path, err));
    GN_TRY(start(r, err));
    if (c->n_bytes >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0) at += 3;
    for (size_t line = 1; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        if (!blank(at, (size_t)(stop - at))) {
            json_t *next;
            snprintf(where, where_size, "%s: line %zu", c->path, line);
            GN_TRY(gn_json_parse(at, (size_t)(stop - at), where, &next, err));
            json_decref(object);
            object = next;
            GN_TRY(read_record(r, object, line, err));
        }
        at = stop + (stop < end);
    }
    GN_TRY(finish(r, object, err));
done:
    json_decref(object);
    gn_free(where);
    if (r) gn_free(r->known);
    gn_free(r);
    return st;
}
