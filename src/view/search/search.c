/* A million rows in a few milliseconds: columns are codes into a dictionary, and a text is looked
 * at once, when the first row that has it comes by. What was found is a byte a text; the rest of
 * the work is one look-up a row. Because texts are judged as rows come by, hits can be sent while
 * the search runs, in row order.
 *
 * Sentences are searched in the same way: their codes are the rows' sequence numbers, their texts
 * are read from the file as they are needed.
 *
 * Comparison is of folded text (fold.h); what is looked for is folded once. Expressions see the
 * text as it is. */
#define _GNU_SOURCE
#include "view/search/search.h"

#include "io/csv.h"
#include "text/utf8.h"
#include "view/search/fold.h"
#include "view/search/regex.h"

#include <math.h>
#include <string.h>

enum { MAX_TEXT = 10000 };
enum { UNKNOWN = 0, HIT, MISS }; /* of a text */

/* Longer ones first: the first that fits is taken. */
typedef enum relation { LE, GE, NE, SAME, EQ, LT, GT, N_RELATIONS } relation;
static const char *const relations[N_RELATIONS] = {"<=", ">=", "!=", ":", "=", "<", ">"};

struct gn_search {
    gn_search_mode mode;
    bool match_case;
    char *column, *wanted; /* of a field: both sides; else wanted is the text */
    relation relation;
    double number; /* NaN: the right side is none */
    bool marked;   /* what is looked for has a mark of a word's start */
    size_t n_needle;
    char *needle; /* folded */
    gn_regex *regex;
    gn_fold fold;
    gn_cells cells;
    unsigned char *known; /* (n_texts) */
};

/* NaN for anything that is no number. */
static double number_of(const char *text) {
    double value;
    return gn_csv_number((gn_csv_field){text, strlen(text)}, &value) ? value : (double)NAN;
}

static bool is_mark(const char *text) {
    return strncmp(text, "\xC4\xA0", 2) == 0 || strncmp(text, "\xE2\x96\x81", 3) == 0;
}

static bool has_mark(const char *text) {
    return strstr(text, "\xC4\xA0") || strstr(text, "\xE2\x96\x81");
}

static gn_status copy_trimmed(const char *text, size_t n, char **out, gn_error *err) {
    while (n && text[0] == ' ') text++, n--;
    while (n && text[n - 1] == ' ') n--;
    char *copy;
    gn_status st = gn_alloc_array(&copy, n + 1, 1, "a search", err);
    if (st != GN_OK) return st;
    memcpy(copy, text, n);
    copy[n] = '\0';
    *out = copy;
    return GN_OK;
}

static gn_status parse_field(gn_search *s, const char *text, gn_error *err) {
    gn_status st = GN_OK;
    const char *at = strpbrk(text, "<>=!:");
    size_t r = 0;
    while (at && r < N_RELATIONS && strncmp(at, relations[r], strlen(relations[r])) != 0) r++;
    if (!at || r == N_RELATIONS)
        return gn_fail(err, GN_EINVAL,
                       "'%.60s' is no field expression: expected column:value, column=value, "
                       "column!=value, or column and <, <=, >, >= and a number",
                       text);
    s->relation = (relation)r;
    GN_TRY(copy_trimmed(text, (size_t)(at - text), &s->column, err));
    const char *right = at + strlen(relations[r]);
    GN_TRY(copy_trimmed(right, strlen(right), &s->wanted, err));
    if (!s->column[0] || !s->wanted[0])
        return gn_fail(err, GN_EINVAL, "'%.60s': there is nothing %s '%s'", text,
                       s->column[0] ? "after" : "before", relations[r]);
    s->number = number_of(s->wanted);
    if (isnan(s->number) && s->relation != SAME && s->relation != EQ && s->relation != NE)
        return gn_fail(err, GN_EINVAL, "'%.60s': '%.60s' is no number", text, s->wanted);
done:
    return st;
}

static gn_status check_text(const char *text, gn_error *err) {
    size_t n = strlen(text);
    if (n == 0) return gn_fail(err, GN_EINVAL, "the text to search for is empty");
    if (n > MAX_TEXT)
        return gn_fail(err, GN_EINVAL,
                       "the text to search for has %zu bytes: at most %d are allowed", n, MAX_TEXT);
    gn_status st = gn_utf8_check(text, n, err);
    if (st != GN_OK) gn_error_prefix(err, "the text to search for");
    return st == GN_OK ? GN_OK : GN_EINVAL;
}

gn_status gn_search_new(gn_search_mode mode, const char *text, bool match_case, gn_search **out,
                        gn_error *err) {
    gn_search *s = NULL;
    gn_status st = check_text(text, err);
    if (st != GN_OK) return st;
    s = gn_calloc(1, sizeof *s);
    if (!s) return gn_fail_nomem(err, "a search", sizeof *s);
    s->mode = mode;
    s->match_case = match_case;
    s->number = (double)NAN;
    if (mode == GN_SEARCH_FIELD) {
        GN_TRY(parse_field(s, text, err));
        s->match_case = s->relation != SAME;
    } else {
        s->wanted = gn_strdup(text);
        if (!s->wanted) GN_TRY(gn_fail_nomem(err, "a search", strlen(text)));
    }
    s->marked = has_mark(s->wanted);
    if (mode == GN_SEARCH_REGEX)
        GN_TRY(gn_regex_new(text, match_case, &s->regex, err));
    else {
        GN_TRY(gn_fold_text(&s->fold, s->wanted, s->match_case, err));
        s->needle = gn_strdup(s->fold.text);
        if (!s->needle) GN_TRY(gn_fail_nomem(err, "a search", s->fold.n));
        s->n_needle = strlen(s->needle);
    }
    *out = s;
    s = NULL;
done:
    gn_search_free(s);
    return st;
}

void gn_search_free(gn_search *s) {
    if (!s) return;
    gn_free(s->column);
    gn_free(s->wanted);
    gn_free(s->needle);
    gn_free(s->known);
    gn_regex_free(s->regex);
    gn_fold_free(&s->fold);
    gn_free(s);
}

const char *gn_search_column(const gn_search *s) {
    return s->column;
}

gn_status gn_search_begin(gn_search *s, const gn_cells *cells, gn_error *err) {
    unsigned char *known = NULL;
    if (cells->value && s->mode == GN_SEARCH_FIELD && isnan(s->number))
        return gn_fail(err, GN_EINVAL, "column '%.60s' holds numbers, and '%.60s' is none",
                       s->column, s->wanted);
    if (cells->value && s->mode != GN_SEARCH_FIELD)
        return gn_fail(err, GN_EINVAL,
                       "the column holds numbers: ask for them as in position>10, not as text");
    if (!cells->value) {
        known = gn_calloc(cells->n_texts, 1);
        if (!known) return gn_fail_nomem(err, "a search", cells->n_texts);
    }
    gn_free(s->known);
    s->known = known;
    s->cells = *cells;
    return GN_OK;
}

static bool related(relation r, double a, double b) {
    switch (r) {
    case LT:
        return a < b;
    case LE:
        return a <= b;
    case GT:
        return a > b;
    case GE:
        return a >= b;
    case NE:
        return a != b;
    default:
        return a == b;
    }
}

static gn_status judge_field(gn_search *s, const char *text, bool *hit, gn_error *err) {
    double value;
    switch (s->relation) {
    case SAME:
    case EQ:
    case NE: {
        gn_status st = gn_fold_text(&s->fold, text, s->match_case, err);
        if (st != GN_OK) return st;
        bool same = s->fold.n == s->n_needle && memcmp(s->fold.text, s->needle, s->n_needle) == 0;
        *hit = same == (s->relation != NE);
        return GN_OK;
    }
    default:
        value = number_of(text);
        *hit = !isnan(value) && related(s->relation, value, s->number);
        return GN_OK;
    }
}

static gn_status judge(gn_search *s, const char *text, bool *hit, gn_error *err) {
    gn_status st;
    if (s->cells.tokens && !s->marked && is_mark(text)) text += text[0] == '\xC4' ? 2 : 3;
    if (s->mode == GN_SEARCH_REGEX) return gn_regex_find(s->regex, text, strlen(text), hit, err);
    if (s->mode == GN_SEARCH_FIELD) return judge_field(s, text, hit, err);
    GN_TRY(gn_fold_text(&s->fold, text, s->match_case, err));
    if (s->mode == GN_SEARCH_SUBSTRING)
        *hit = memmem(s->fold.text, s->fold.n, s->needle, s->n_needle) != NULL;
    else
        *hit =
            (s->mode == GN_SEARCH_PREFIX ? s->fold.n >= s->n_needle : s->fold.n == s->n_needle) &&
            memcmp(s->fold.text, s->needle, s->n_needle) == 0;
done:
    return st;
}

static gn_status judge_text(gn_search *s, size_t i, gn_error *err) {
    gn_status st = GN_OK;
    const char *text = NULL;
    bool hit = false;
    if (s->cells.read)
        GN_TRY(s->cells.read(s->cells.user, i, &text, err));
    else
        text = s->cells.text[i];
    if (text) GN_TRY(judge(s, text, &hit, err));
    s->known[i] = hit ? HIT : MISS;
done:
    return st;
}

gn_status gn_search_rows(gn_search *s, const int32_t *row, size_t from, size_t n, uint32_t *found,
                         size_t *n_found, gn_error *err) {
    const gn_cells *c = &s->cells;
    size_t hits = 0;
    for (size_t i = from; i < from + n; i++) {
        size_t at = row ? (size_t)row[i] : i;
        if (c->value) { /* NaN is unequal to everything, which a missing cell must not be */
            double value = (double)c->value[at];
            if (!isnan(value) && related(s->relation, value, s->number))
                found[hits++] = (uint32_t)at;
            continue;
        }
        if (c->code && c->code[at] < 0) continue;
        size_t text = c->code ? (size_t)c->code[at] : at;
        if (s->known[text] == UNKNOWN) {
            gn_status st = judge_text(s, text, err);
            if (st != GN_OK) return st;
        }
        if (s->known[text] == HIT) found[hits++] = (uint32_t)at;
    }
    *n_found = hits;
    return GN_OK;
}
