/* Each pooling rule is one function that lists runs of tokens; everything behind it (row table,
 * labels, scattering, means) knows runs only. */
#include "extract/rows.h"

#include <string.h>
#include <utf8proc.h>

struct plan {
    const gn_tokens *tokens;
    const gn_corpus *corpus;
    gn_pool pool;
    bool drop_special;
    gn_row_plan *rows;
    size_t room;
    bool has_word; /* the last column is ours */
    char *lower;
    size_t lower_room;
};

void gn_row_plan_free(gn_row_plan *r) {
    for (size_t i = 0; r->column && i < r->n_columns; i++) gn_column_free(&r->column[i]);
    gn_free(r->column);
    gn_free(r->begin);
    gn_free(r->from);
    gn_free(r->count);
    gn_free(r->token_id);
    gn_free(r->sequence);
    gn_free(r->position);
    *r = (gn_row_plan){0};
}

static bool grow(void *array_pointer, size_t room) {
    void *p;
    memcpy(&p, array_pointer, sizeof p);
    p = gn_realloc(p, room, sizeof(uint32_t));
    if (p) memcpy(array_pointer, &p, sizeof p);
    return p != NULL;
}

static gn_status add_row(struct plan *p, size_t s, size_t from, size_t count, gn_error *err) {
    gn_row_plan *r = p->rows;
    if (r->n == p->room) {
        size_t room = p->room ? 2 * p->room : 4096;
        if (!grow(&r->from, room) || !grow(&r->count, room) || !grow(&r->token_id, room) ||
            !grow(&r->sequence, room) || !grow(&r->position, room))
            return gn_fail_nomem(err, "the row table", room * 20);
        p->room = room;
    }
    if (r->n == INT32_MAX)
        return gn_fail(err, GN_EDATA, "the text gives more than %d rows", INT32_MAX);
    bool mean = p->pool == GN_POOL_MEAN;
    r->from[r->n] = (uint32_t)from;
    r->count[r->n] = (uint32_t)count;
    r->token_id[r->n] = mean ? -1 : p->tokens->id[p->tokens->begin[s] + from];
    r->position[r->n] = mean ? -1 : (int32_t)from;
    r->sequence[r->n] = (int32_t)s;
    r->n++;
    return GN_OK;
}

static gn_record record_of(const struct plan *p, size_t s, size_t row) {
    size_t first = p->tokens->begin[s] + p->rows->from[row];
    return gn_corpus_at(p->corpus, gn_tokens_record(p->tokens, s, first));
}

static bool white(utf8proc_int32_t c) {
    utf8proc_category_t k = utf8proc_category(c);
    return (c >= 9 && c <= 13) || c == 0x85 || k == UTF8PROC_CATEGORY_ZS ||
           k == UTF8PROC_CATEGORY_ZL || k == UTF8PROC_CATEGORY_ZP;
}

/* The text of tokens [first, last] without the white space before it, which byte-level tokenizers
 * count as part of a word; *start == *end when there is nothing else. */
static void text_of(const struct plan *p, gn_record record, size_t first, size_t last,
                    size_t *start, size_t *end) {
    *start = p->tokens->start[first];
    *end = p->tokens->end[last];
    while (*start < *end) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)record.text + *start,
                                              (utf8proc_ssize_t)(*end - *start), &c);
        if (n <= 0 || !white(c)) break;
        *start += (size_t)n;
    }
}

/* ---- the rules --------------------------------------------------------------------------------
 */

static gn_status every_token(struct plan *p, size_t s, size_t b, size_t n, gn_error *err) {
    gn_status st = GN_OK;
    for (size_t i = 0; i < n && st == GN_OK; i++)
        if (!p->drop_special || !gn_tokens_special(p->tokens, b + i)) st = add_row(p, s, i, 1, err);
    return st;
}

/* Special tokens stand at the ends, so that what is left without them is one run. */
static gn_status all_tokens(struct plan *p, size_t s, size_t b, size_t n, gn_error *err) {
    size_t from = 0, to = n;
    while (p->drop_special && from < to && gn_tokens_special(p->tokens, b + from)) from++;
    while (p->drop_special && from < to && gn_tokens_special(p->tokens, b + to - 1)) to--;
    return from < to ? add_row(p, s, from, to - from, err) : GN_OK;
}

static gn_status each_word(struct plan *p, size_t s, size_t b, size_t n, gn_error *err) {
    const int32_t *word = p->tokens->word + b;
    gn_status st = GN_OK;
    for (size_t i = 0, j; i < n && st == GN_OK; i = j) {
        for (j = i + 1; j < n && word[j] == word[i]; j++) {
        }
        if (word[i] < 0 || word[i] == p->tokens->cut_word[s]) continue;
        size_t start, end, record = gn_tokens_record(p->tokens, s, b + i);
        text_of(p, gn_corpus_at(p->corpus, record), b + i, b + j - 1, &start, &end);
        if (start < end) st = add_row(p, s, i, j - i, err);
    }
    return st;
}

static gn_status the_target(struct plan *p, size_t s, size_t b, size_t n, gn_error *err) {
    const gn_tokens *t = p->tokens;
    gn_record record = gn_corpus_at(p->corpus, s);
    size_t from = SIZE_MAX, to = 0;
    bool whole = record.has_target && record.target_end <= t->kept_bytes[s];
    for (size_t i = 0; whole && i < n; i++)
        if (!gn_tokens_special(t, b + i) && t->start[b + i] < record.target_end &&
            t->end[b + i] > record.target_start) {
            if (from == SIZE_MAX) from = i;
            to = i + 1;
        }
    if (from == SIZE_MAX) {
        p->rows->n_no_target++;
        return GN_OK;
    }
    return add_row(p, s, from, to - from, err);
}

static gn_status rows_of(struct plan *p, size_t s, gn_error *err) {
    size_t b = p->tokens->begin[s], n = p->tokens->begin[s + 1] - b;
    if (n == 0) {
        p->rows->n_no_target += p->pool == GN_POOL_TARGET;
        return GN_OK;
    }
    switch (p->pool) {
    case GN_POOL_NONE:
        return every_token(p, s, b, n, err);
    case GN_POOL_MEAN:
        return all_tokens(p, s, b, n, err);
    case GN_POOL_FIRST:
        return add_row(p, s, 0, 1, err);
    case GN_POOL_LAST:
        return add_row(p, s, n - 1, 1, err);
    case GN_POOL_WORD:
        return each_word(p, s, b, n, err);
    case GN_POOL_TARGET:
        return the_target(p, s, b, n, err);
    }
    return gn_fail(err, GN_EINVAL, "pool %d: no such rule", (int)p->pool);
}

/* ---- labels -----------------------------------------------------------------------------------
 */

/* Lower case by Unicode's one-to-one mappings into p->lower. */
static gn_status lower_case(struct plan *p, const char *text, size_t n, size_t *n_lower,
                            gn_error *err) {
    size_t used = 0;
    if (p->lower_room < 4 * n + 4) { /* no code point takes more than 4 bytes */
        char *more = gn_realloc(p->lower, 4 * n + 4, 1);
        if (!more) return gn_fail_nomem(err, "a word", 4 * n + 4);
        p->lower = more;
        p->lower_room = 4 * n + 4;
    }
    for (size_t i = 0; i < n;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t step =
            utf8proc_iterate((const utf8proc_uint8_t *)text + i, (utf8proc_ssize_t)(n - i), &c);
        if (step <= 0) return gn_fail(err, GN_EDATA, "byte %zu: a word ends inside a character", i);
        used +=
            (size_t)utf8proc_encode_char(utf8proc_tolower(c), (utf8proc_uint8_t *)p->lower + used);
        i += (size_t)step;
    }
    *n_lower = used;
    return GN_OK;
}

/* The text of a row: from its first token's first byte to its last token's last, or the target's.
 */
static gn_status push_word(struct plan *p, size_t s, size_t row, gn_error *err) {
    const gn_tokens *t = p->tokens;
    gn_column *column = &p->rows->column[p->rows->n_columns - 1];
    gn_record record = record_of(p, s, row);
    size_t first = t->begin[s] + p->rows->from[row], last = first + p->rows->count[row] - 1;
    size_t start, end, n_lower = 0;
    text_of(p, record, first, last, &start, &end);
    if (p->pool == GN_POOL_TARGET) {
        start = record.target_start;
        end = record.target_end;
    }
    int32_t code;
    gn_status st = GN_OK;
    GN_TRY(lower_case(p, record.text + start, end - start, &n_lower, err));
    GN_TRY(gn_column_code(column, p->lower, n_lower, &code, err));
    st = gn_column_push(column, code, err);
done:
    return st;
}

static gn_status label_rows(struct plan *p, size_t s, gn_error *err) {
    gn_row_plan *r = p->rows;
    size_t first = r->begin[s], n_labels = r->n_columns - p->has_word;
    gn_status st = GN_OK;
    if (first == r->n) return GN_OK;
    bool mixed = p->tokens->record && p->pool == GN_POOL_MEAN; /* of many records */
    for (size_t j = 0; j < n_labels; j++)
        for (size_t i = first; i < r->n; i++) {
            int32_t code;
            const char *label = mixed ? "" : record_of(p, s, i).label[j];
            GN_TRY(gn_column_code(&r->column[j], label, strlen(label), &code, err));
            GN_TRY(gn_column_push(&r->column[j], code, err));
        }
    for (size_t i = first; p->has_word && i < r->n; i++) GN_TRY(push_word(p, s, i, err));
done:
    return st;
}

static gn_status start_columns(struct plan *p, gn_error *err) {
    gn_row_plan *r = p->rows;
    size_t n_labels = gn_corpus_label_count(p->corpus);
    gn_status st = GN_OK;
    p->has_word = p->pool == GN_POOL_WORD || p->pool == GN_POOL_TARGET;
    for (size_t j = 0; j < n_labels; j++)
        if (strcmp(gn_corpus_label_name(p->corpus, j), "word") == 0) p->has_word = false;
    r->column = gn_calloc(n_labels + 1, sizeof *r->column);
    if (!r->column) return gn_fail_nomem(err, "label columns", n_labels * sizeof *r->column);
    for (size_t j = 0; j < n_labels + p->has_word; j++) {
        const char *name = j < n_labels ? gn_corpus_label_name(p->corpus, j) : "word";
        GN_TRY(gn_column_init(&r->column[j], name, err));
        r->n_columns++;
    }
done:
    return st;
}

/* ---- the call ---------------------------------------------------------------------------------
 */

gn_status gn_row_plan_make(const gn_tokens *tokens, const gn_corpus *corpus, gn_pool pool,
                           bool drop_special, gn_row_plan *out, gn_error *err) {
    gn_status st = GN_OK;
    gn_row_plan rows = {0};
    struct plan p = {.tokens = tokens,
                     .corpus = corpus,
                     .pool = pool,
                     .drop_special = drop_special,
                     .rows = &rows};
    bool any_target = false;
    if (pool == GN_POOL_TARGET && tokens->record)
        return gn_fail(err, GN_EINVAL,
                       "pool target: a window of a stream is no record with a target");
    for (size_t i = 0; i < gn_corpus_count(corpus) && !any_target; i++)
        any_target = gn_corpus_at(corpus, i).has_target;
    if (pool == GN_POOL_TARGET && !any_target)
        return gn_fail(
            err, GN_EINVAL,
            "pool target: no record names its word; a column \"target\" with start:end in "
            "characters is needed");
    GN_TRY(gn_alloc_array(&rows.begin, tokens->n_sequences + 1, sizeof *rows.begin, "the row table",
                          err));
    GN_TRY(start_columns(&p, err));
    for (size_t s = 0; s < tokens->n_sequences; s++) {
        rows.begin[s] = rows.n;
        GN_TRY(rows_of(&p, s, err));
        st = label_rows(&p, s, err);
        if (st != GN_OK) {
            size_t record = gn_tokens_record(tokens, s, tokens->begin[s]);
            gn_error_prefix(err, "line %zu", gn_corpus_at(corpus, record).line);
            goto done;
        }
    }
    rows.begin[tokens->n_sequences] = rows.n;
    if (rows.n == 0) {
        st = gn_fail(err, GN_EDATA, "the text gives no rows: %zu sequences, %zu tokens%s",
                     tokens->n_sequences, tokens->n_tokens,
                     pool == GN_POOL_TARGET ? ", every target cut off" : "");
        goto done;
    }
    *out = rows;
    rows = (gn_row_plan){0};
done:
    gn_free(p.lower);
    gn_row_plan_free(&rows);
    return st;
}
