/* Sentences of a set: see texts.h. */
#include "view/data/texts.h"

#include "io/json.h"
#include "view/data/columns.h"

#include <string.h>

enum { CONTEXT_CHARACTERS = 200 };

struct gn_texts {
    gn_map map;
    size_t n;
    size_t *start; /* (n + 1) of each line, and the end */
};

gn_status gn_texts_open(const char *path, size_t most, gn_texts **out, gn_error *err) {
    gn_texts *t = gn_calloc(1, sizeof *t);
    if (!t) return gn_fail_nomem(err, path, sizeof *t);
    gn_status st;
    size_t n = 0;
    GN_TRY(gn_map_open(path, &t->map, err));
    const char *bytes = (const char *)t->map.data, *end = bytes + t->map.n;
    for (const char *p = bytes; p < end && n < most; n++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        p = newline ? newline + 1 : end;
    }
    GN_TRY(gn_alloc_array(&t->start, n + 1, sizeof *t->start, path, err));
    t->n = n;
    t->start[0] = 0;
    for (size_t i = 0; i < n; i++) {
        const char *from = bytes + t->start[i];
        const char *newline = memchr(from, '\n', (size_t)(end - from));
        t->start[i + 1] = newline ? (size_t)(newline + 1 - bytes) : t->map.n;
    }
    *out = t;
    t = NULL;
done:
    gn_texts_free(t);
    return st;
}

void gn_texts_free(gn_texts *t) {
    if (!t) return;
    gn_map_close(&t->map);
    gn_free(t->start);
    gn_free(t);
}

size_t gn_texts_count(const gn_texts *t) {
    return t->n;
}

gn_status gn_texts_record(const gn_texts *t, size_t sequence, json_t **out, gn_error *err) {
    if (sequence >= t->n)
        return gn_fail(err, GN_EDATA, "text.jsonl: there is no line %zu, it has %zu", sequence + 1,
                       t->n);
    gn_status st =
        gn_json_parse((const char *)t->map.data + t->start[sequence],
                      t->start[sequence + 1] - t->start[sequence], "text.jsonl", out, err);
    if (st != GN_OK) gn_error_prefix(err, "sequence %zu", sequence);
    return st;
}

/* ---- context of a row -------------------------------------------------------------------- */

/** Bytes of the first n code points of valid UTF-8 (of all when there are fewer). */
static size_t bytes_of(const char *text, size_t n) {
    size_t i = 0;
    while (text[i] && n > 0) {
        i++;
        while (((unsigned char)text[i] & 0xC0) == 0x80) i++;
        n--;
    }
    return i;
}

/** Number of code points in the first n bytes. */
static size_t points_in(const char *text, size_t n) {
    size_t points = 0;
    for (size_t i = 0; i < n; i++) points += ((unsigned char)text[i] & 0xC0) != 0x80;
    return points;
}

/** text[from, to) in bytes as a JSON string, with an ellipsis where it was cut. */
static json_t *piece(const char *text, size_t from, size_t to, bool cut_left, bool cut_right) {
    static const char dots[] = "\xE2\x80\xA6";
    char *buf = gn_alloc(to - from + 2 * sizeof dots, 1);
    size_t n = 0;
    if (!buf) return NULL;
    if (cut_left) memcpy(buf, dots, n = sizeof dots - 1);
    memcpy(buf + n, text + from, to - from);
    n += to - from;
    if (cut_right) {
        memcpy(buf + n, dots, sizeof dots - 1);
        n += sizeof dots - 1;
    }
    json_t *out = json_stringn(buf, n);
    gn_free(buf);
    return out;
}

/** The row's span in code points: its token, the word or target it is a mean over, or everything.
 */
static void row_span(gn_source *s, size_t row, const json_t *record, size_t *from, size_t *to) {
    int32_t position = gn_reps_position(s->reps)[row];
    json_t *span = NULL;
    gn_error ignored;
    *from = 0;
    *to = SIZE_MAX;
    if (strcmp(s->pool, "target") == 0) span = json_object_get(record, "target");
    if (!span && position >= 0)
        span = json_array_get(json_object_get(record, "tokens"), (size_t)position);
    if (json_array_size(span) == 2) {
        json_int_t a = json_integer_value(json_array_get(span, 0));
        json_int_t b = json_integer_value(json_array_get(span, 1));
        *from = a > 0 ? (size_t)a : 0;
        *to = b > a ? (size_t)b : *from;
    } else if (position >= 0) {
        *to = 0;
    }
    gn_view_column *word = NULL;
    if (strcmp(s->pool, "word") == 0 && gn_source_column(s, "word", &word, &ignored) == GN_OK) {
        if (word->code && word->code[row] >= 0) {
            const char *name = word->names[word->code[row]];
            size_t points = points_in(name, strlen(name));
            if (*from + points > *to) *to = *from + points;
        }
        gn_view_column_free(word);
    }
}

gn_status gn_source_context(gn_source *s, size_t row, json_t **out, gn_error *err) {
    const int32_t *sequence = s->reps ? gn_reps_sequence(s->reps) : NULL;
    json_t *record = NULL;
    *out = json_null();
    if (!s->texts || !sequence || sequence[row] < 0 ||
        (size_t)sequence[row] >= gn_texts_count(s->texts))
        return GN_OK;
    gn_status st = gn_texts_record(s->texts, (size_t)sequence[row], &record, err);
    if (st != GN_OK) return st;
    const char *text = json_string_value(json_object_get(record, "text"));
    if (text) {
        size_t from, to;
        row_span(s, row, record, &from, &to);
        size_t a = bytes_of(text, from);
        size_t b = to == SIZE_MAX ? a + bytes_of(text + a, 2 * CONTEXT_CHARACTERS)
                                  : a + bytes_of(text + a, to - from);
        bool cut = to == SIZE_MAX && text[b] != '\0';
        size_t before = points_in(text, a), left = 0;
        if (before > CONTEXT_CHARACTERS) left = bytes_of(text, before - CONTEXT_CHARACTERS);
        size_t right = cut ? b : b + bytes_of(text + b, CONTEXT_CHARACTERS);
        json_t *context =
            json_pack("{s:o,s:o,s:o}", "before", piece(text, left, a, left > 0, false), "token",
                      piece(text, a, b, false, cut), "after",
                      piece(text, b, right, false, !cut && text[right] != '\0'));
        if (context)
            *out = context;
        else
            st = gn_fail_nomem(err, "a context", strlen(text));
    }
    json_decref(record);
    return st;
}
