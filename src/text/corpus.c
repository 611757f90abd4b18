/* Corpora: a file in memory and a list of records that point into it.
 *
 * The kind of a file is said by its name, not guessed from its content: .csv, .tsv, .jsonl
 * (.ndjson), anything else is plain text; ".gz" behind any of them is taken off first. The content
 * is checked for UTF-8 once, before any reader sees it. Columns of numbers are labels like all
 * others: a label is a name, whatever it looks like.
 *
 * Tab-separated files come in two kinds that look alike: quoted as RFC 4180 says, or not at all,
 * with quotation marks as ordinary characters (as IANA defines the type, and as the GLUE files do).
 * A file is read by the first rule; if it breaks it anywhere, as a whole by the second. */
#include "text/corpus.h"
#include "text/utf8.h"

#include "base/str.h"
#include "io/file.h"

#include <string.h>

static const size_t MAX_BYTES = (size_t)1 << 36; /* what a small .gz may grow to */

enum { LISTED_COLUMNS = 20 };

gn_status gn_corpus_add(gn_corpus *c, gn_record record, gn_error *err) {
    if (c->n == c->room) {
        size_t want = 2 * c->room + 256;
        gn_record *p = gn_realloc(c->record, want, sizeof *p);
        if (!p) return gn_fail_nomem(err, c->path, want * sizeof *p);
        c->record = p;
        c->room = want;
    }
    c->all_targets = c->all_targets && record.has_target;
    c->record[c->n++] = record;
    return GN_OK;
}

/* A decimal number at *p, before end; false when there is none or it is too large. */
static bool number(const char **p, const char *end, size_t *out) {
    const char *start = *p;
    size_t value = 0;
    for (; *p < end && **p >= '0' && **p <= '9'; ++*p) {
        if (value > SIZE_MAX / 10 - 1) return false;
        value = 10 * value + (size_t)(**p - '0');
    }
    *out = value;
    return *p > start;
}

gn_status gn_corpus_target(const gn_corpus *c, const char *column, const char *span, size_t n,
                           gn_record *record, gn_error *err) {
    if (n == 0) return GN_OK;
    const char *p = span, *end = span + n;
    size_t from, to, length = gn_utf8_codepoints(record->text, record->n_bytes);
    bool well =
        number(&p, end, &from) && p < end && *p++ == ':' && number(&p, end, &to) && p == end;
    if (!well)
        return gn_fail(err, GN_EDATA,
                       "%s: line %zu: column '%s': '%.*s': expected start:end in characters",
                       c->path, record->line, column, n > 80 ? 80 : (int)n, span);
    if (from >= to || to > length)
        return gn_fail(err, GN_EDATA,
                       "%s: line %zu: column '%s': %zu:%zu is no part of a text of %zu characters",
                       c->path, record->line, column, from, to, length);
    record->has_target = true;
    record->target_start = gn_utf8_byte_offset(record->text, record->n_bytes, from);
    record->target_end = gn_utf8_byte_offset(record->text, record->n_bytes, to);
    return GN_OK;
}

gn_status gn_corpus_label(gn_corpus *c, size_t line, const char *text, size_t n, const char **out,
                          gn_error *err) {
    if (memchr(text, '\0', n))
        return gn_fail(err, GN_EDATA, "%s: line %zu: a NUL character in a label", c->path, line);
    char *copy = gn_arena_text(&c->arena, text, n);
    if (!copy) return gn_fail_nomem(err, c->path, n);
    *out = copy;
    return GN_OK;
}

gn_status gn_corpus_no_column(const gn_corpus *c, const char *missing, const char *const *name,
                              size_t n, gn_error *err) {
    gn_str list = {0};
    char *text = NULL;
    for (size_t i = 0; i < n && i < LISTED_COLUMNS; i++)
        gn_str_addf(&list, "%s%.40s", i ? ", " : "", name[i]);
    if (n > LISTED_COLUMNS) gn_str_addf(&list, ", ... (%zu)", n);
    gn_status st = gn_str_take(&list, &text, err);
    if (st != GN_OK) return st;
    st = gn_fail(err, GN_EINVAL, "%s: no column '%.80s'; there are: %s", c->path, missing, text);
    gn_free(text);
    return st;
}

/* ---- plain text ------------------------------------------------------------------------------ */

static bool blank(const char *text, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!strchr(" \t\r\v\f", text[i]) || !text[i]) return false;
    return true;
}

static gn_status read_plain(gn_corpus *c, bool blank_lines, gn_error *err) {
    const char *at = c->bytes, *end = c->bytes + c->n_bytes;
    if (c->n_bytes >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0) at += 3;
    for (size_t line = 1; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        size_t n = (size_t)(stop - at);
        if (n && at[n - 1] == '\r') n--;
        if (blank_lines || !blank(at, n)) {
            gn_status st =
                gn_corpus_add(c, (gn_record){.text = at, .n_bytes = n, .line = line}, err);
            if (st != GN_OK) return st;
        }
        at = stop + (stop < end);
    }
    return GN_OK;
}

/* ---- opening --------------------------------------------------------------------------------- */

static gn_status check_utf8(const gn_corpus *c, gn_error *err) {
    size_t bad = gn_utf8_valid(c->bytes, c->n_bytes), line = 1, start = 0;
    if (bad == c->n_bytes) return GN_OK;
    for (size_t i = 0; i < bad; i++)
        if (c->bytes[i] == '\n') {
            line++;
            start = i + 1;
        }
    gn_status st = gn_utf8_check(c->bytes + start, c->n_bytes - start, err);
    gn_error_prefix(err, "%s: line %zu", c->path, line);
    return st;
}

static gn_status read_tsv(gn_corpus *c, const gn_corpus_opts *opts, gn_error *err) {
    gn_error ignored;
    gn_status st = gn_corpus_read_csv(c, opts, '\t', true, err);
    if (st != GN_EDATA) return st;
    /* Strings of the first try stay in the arena until the corpus goes. */
    c->n = c->n_names = 0;
    c->all_targets = true;
    gn_status second = gn_corpus_read_csv(c, opts, '\t', false, &ignored);
    return second == GN_OK ? GN_OK : st;
}

static gn_status read_records(gn_corpus *c, const gn_corpus_opts *opts, gn_error *err) {
    gn_status st = GN_OK;
    char *name = gn_strdup(c->path);
    if (!name) return gn_fail_nomem(err, c->path, strlen(c->path));
    if (gn_path_has_suffix(name, ".gz")) name[strlen(name) - 3] = '\0';
    if (gn_path_has_suffix(name, ".csv"))
        st = gn_corpus_read_csv(c, opts, ',', true, err);
    else if (gn_path_has_suffix(name, ".tsv"))
        st = read_tsv(c, opts, err);
    else if (gn_path_has_suffix(name, ".jsonl") || gn_path_has_suffix(name, ".ndjson"))
        st = gn_corpus_read_jsonl(c, opts, err);
    else if (gn_path_has_suffix(name, ".json"))
        st = gn_fail(err, GN_ENOSUPP, "%s: one JSON document; expected .jsonl, an object a line",
                     c->path);
    else
        st = read_plain(c, opts->blank_lines, err);
    gn_free(name);
    return st;
}

gn_status gn_corpus_parse(const char *path, char *bytes, size_t n, const gn_corpus_opts *opts,
                          gn_corpus **out, gn_error *err) {
    gn_status st = GN_OK;
    const gn_corpus_opts none = {0};
    gn_corpus *c = gn_calloc(1, sizeof *c);
    if (!c) {
        gn_free(bytes);
        return gn_fail_nomem(err, "a corpus", sizeof *c);
    }
    *c = (gn_corpus){.bytes = bytes, .n_bytes = n, .all_targets = true};
    c->path = gn_arena_text(&c->arena, path, strlen(path));
    if (!c->path) {
        st = gn_fail_nomem(err, "a corpus", strlen(path));
        goto done;
    }
    GN_TRY(check_utf8(c, err));
    GN_TRY(read_records(c, opts ? opts : &none, err));
    if (c->n == 0) {
        st = gn_fail(err, GN_EDATA, "%s: no text in it (%zu bytes)", path, n);
        goto done;
    }
    *out = c;
done:
    if (st != GN_OK) gn_corpus_free(c);
    return st;
}

gn_status gn_corpus_open(const char *path, const gn_corpus_opts *opts, gn_corpus **out,
                         gn_error *err) {
    gn_status st = GN_OK;
    char *bytes, sha256[GN_SHA256_HEX];
    size_t n;
    gn_corpus *c;
    GN_TRY(gn_sha256_file(path, sha256, err));
    GN_TRY(gn_read_file(path, MAX_BYTES, &bytes, &n, err));
    GN_TRY(gn_corpus_parse(path, bytes, n, opts, &c, err));
    memcpy(c->sha256, sha256, sizeof sha256);
    *out = c;
done:
    return st;
}

void gn_corpus_free(gn_corpus *corpus) {
    if (!corpus) return;
    gn_free(corpus->bytes);
    gn_free(corpus->record);
    gn_arena_free(&corpus->arena);
    gn_free(corpus);
}

size_t gn_corpus_count(const gn_corpus *corpus) {
    return corpus->n;
}

gn_record gn_corpus_at(const gn_corpus *corpus, size_t i) {
    return corpus->record[i];
}

size_t gn_corpus_label_count(const gn_corpus *corpus) {
    return corpus->n_names;
}

const char *gn_corpus_label_name(const gn_corpus *corpus, size_t column) {
    return corpus->name[column];
}

bool gn_corpus_has_targets(const gn_corpus *corpus) {
    return corpus->all_targets;
}

const char *gn_corpus_sha256(const gn_corpus *corpus) {
    return corpus->sha256;
}
