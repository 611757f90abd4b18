/* Everything in words: the description of a run, the vocabulary, the text with its tokens. Nothing
 * here may depend on time, threads, batches or paths: two runs of the same inputs must give the
 * same bytes, and a difference in these members is what makes a folder "another set". */
#include "extract/core.h"

#include "base/str.h"
#include "io/file.h"

#include <stdio.h>
#include <string.h>

static const char *const pools[] = {"none", "mean", "first", "last", "word", "target"};
static const char *const takes[] = {"block", "norm1", "attn", "mlp"};
static const char *const precisions[] = {"exact", "fast", "draft"};

gn_status gn_extract_describe_model(const gn_model_info *info, const char *weights_sha256,
                                    json_t **out, gn_error *err) {
    json_t *model =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "name", info->name, "family", info->family,
                  "weights_sha256", weights_sha256, "blocks", (json_int_t)info->n_layers, "d_model",
                  (json_int_t)info->d_model, "dtype", info->dtype);
    if (!model) return gn_fail_nomem(err, "gonio.json", 0);
    *out = model;
    return GN_OK;
}

static json_t *describe_corpus(const gn_extract_inputs *in, const gn_corpus_opts *o) {
    json_t *corpus = json_pack("{s:s, s:s, s:s?, s:s?, s:n}", "name", in->corpus_name, "sha256",
                               gn_corpus_sha256(in->corpus), "text_column", o->text_column,
                               "target_column", o->target_column, "label_columns");
    if (!corpus || !o->label_columns) return corpus;
    json_t *list = json_array();
    for (size_t i = 0; i < o->n_label_columns; i++)
        json_array_append_new(list, json_string(o->label_columns[i]));
    json_object_set_new(corpus, "label_columns", list);
    return corpus;
}

/* What is said only where the text was a stream. */
static gn_status describe_window(gn_ctx *ctx, const gn_window_opts *w, const gn_tokens *t,
                                 json_t *about, gn_error *err) {
    double keep = w->keep == 0 && !w->cai2021 ? 1 : w->keep;
    json_t *window = json_pack("{s:I, s:I, s:f, s:s}", "length", (json_int_t)w->length, "streams",
                               (json_int_t)(w->streams ? w->streams : 1), "keep", keep, "rule",
                               w->cai2021 ? "cai2021" : "default");
    json_t *counts = json_object_get(about, "counts");
    bool good = window != NULL;
    if (good && keep < 1)
        good = json_object_set_new(window, "seed", json_integer((json_int_t)gn_ctx_seed(ctx))) == 0;
    good =
        good && json_object_set(json_object_get(about, "options"), "window", window) == 0 &&
        json_object_set_new(counts, "stream_tokens", json_integer((json_int_t)t->n_stream)) == 0 &&
        json_object_set_new(counts, "windows", json_integer((json_int_t)t->n_windows)) == 0 &&
        json_object_set_new(counts, "padding", json_integer((json_int_t)t->n_padding)) == 0;
    json_decref(window);
    return good ? GN_OK : gn_fail_nomem(err, "gonio.json", 0);
}

gn_status gn_extract_describe(gn_ctx *ctx, const gn_extract_inputs *in, const gn_extract_opts *opts,
                              size_t max_tokens, const gn_tokens *tokens, const gn_row_plan *rows,
                              size_t n_tokens, json_t **out, gn_error *err) {
    json_t *model;
    gn_status st =
        gn_extract_describe_model(in->source.info, in->source.weights_sha256, &model, err);
    if (st != GN_OK) return st;
    const char *special = opts->no_special ? "none" : opts->drop_special ? "dropped" : "kept";
    json_t *about = json_pack(
        "{s:o, s:{s:s, s:s}, s:o, s:{s:s, s:s, s:I, s:s, s:s, s:s, s:s}, s:{s:I, s:I, s:I, s:I}}",
        "model", model, "tokenizer", "kind", gn_tokenizer_kind(in->tokenizer), "sha256",
        in->tokenizer_sha256, "corpus", describe_corpus(in, &opts->corpus), "options", "pool",
        pools[opts->pool], "take", takes[opts->take], "max_tokens", (json_int_t)max_tokens,
        "special", special, "first_position", "kept", "precision",
        precisions[opts->model.precision], "cpu", gn_cpu_name(gn_ctx_cpu(ctx)), "counts", "tokens",
        (json_int_t)n_tokens, "truncated", (json_int_t)tokens->n_truncated, "tokens_cut",
        (json_int_t)tokens->n_tokens_cut, "no_target", (json_int_t)rows->n_no_target);
    if (!about) return gn_fail_nomem(err, "gonio.json", 0);
    if (opts->window.length) st = describe_window(ctx, &opts->window, tokens, about, err);
    if (st == GN_OK)
        *out = about;
    else
        json_decref(about);
    return st;
}

gn_status gn_extract_vocabulary(const gn_tokenizer *tok, char **out, gn_error *err) {
    gn_str text = {0};
    size_t n = gn_tokenizer_vocab_size(tok);
    for (size_t i = 0; i < n; i++) {
        const char *token = gn_tokenizer_token(tok, (int32_t)i);
        for (const char *p = token ? token : ""; *p; p++)
            gn_str_add_bytes(&text, *p == '\n' || *p == '\r' ? " " : p, 1);
        gn_str_add(&text, "\n");
    }
    return gn_str_take(&text, out, err);
}

/* ---- text.jsonl -------------------------------------------------------------------------------
 */

/* A JSON string. The bytes are valid UTF-8: the corpus was checked when it was read. */
static void add_quoted(gn_str *s, const char *text, size_t n) {
    size_t from = 0;
    gn_str_add(s, "\"");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        gn_str_add_bytes(s, text + from, i - from);
        if (c == '\n')
            gn_str_add(s, "\\n");
        else if (c < 0x20)
            gn_str_addf(s, "\\u%04x", c);
        else
            gn_str_addf(s, "\\%c", c);
        from = i + 1;
    }
    gn_str_add_bytes(s, text + from, n - from);
    gn_str_add(s, "\"");
}

/* Bytes to code points, for places that mostly go up: counts on from the last one asked for. */
struct counter {
    const char *text;
    size_t byte, point;
};

static size_t points_before(struct counter *c, size_t byte) {
    if (byte < c->byte) c->byte = c->point = 0;
    c->point += gn_utf8_codepoints(c->text + c->byte, byte - c->byte);
    c->byte = byte;
    return c->point;
}

static void add_range(gn_str *s, bool first, size_t start, size_t end) {
    gn_str_addf(s, "%s[%zu,%zu]", first ? "" : ",", start, end);
}

static void add_labels(gn_str *s, const gn_corpus *corpus, size_t record) {
    gn_record r = gn_corpus_at(corpus, record);
    gn_str_add(s, ", \"labels\": {");
    for (size_t j = 0; j < gn_corpus_label_count(corpus); j++) {
        const char *name = gn_corpus_label_name(corpus, j);
        if (j) gn_str_add(s, ", ");
        add_quoted(s, name, strlen(name));
        gn_str_add(s, ": ");
        if (*r.label[j])
            add_quoted(s, r.label[j], strlen(r.label[j]));
        else
            gn_str_add(s, "null");
    }
    gn_str_add(s, "}}\n");
}

/* A record with its tokens. */
static void add_record(gn_str *s, const gn_tokens *t, const gn_corpus *corpus, size_t sequence) {
    gn_record r = gn_corpus_at(corpus, sequence);
    struct counter count = {.text = r.text};
    size_t b = t->begin[sequence], e = t->begin[sequence + 1];
    gn_str_add(s, "{\"text\": ");
    add_quoted(s, r.text, r.n_bytes);
    gn_str_addf(s, ", \"n_tokens\": %zu, \"tokens\": [", e - b);
    for (size_t i = b; i < e; i++) {
        size_t start = 0, end = 0;
        if (!gn_tokens_special(t, i)) {
            start = points_before(&count, t->start[i]);
            end = points_before(&count, t->end[i]);
        }
        add_range(s, i == b, start, end);
    }
    gn_str_add(s, "]");
    if (r.has_target) {
        size_t start = points_before(&count, r.target_start);
        gn_str_addf(s, ", \"target\": [%zu,%zu]", start, points_before(&count, r.target_end));
    }
    add_labels(s, corpus, sequence);
}

/* A window: what it covers of each of its records, a line break between two. */
static void add_window(gn_str *s, const gn_tokens *t, const gn_corpus *corpus, size_t sequence) {
    gn_str text = {0}, places = {0};
    size_t b = t->begin[sequence], e = t->begin[sequence + 1], points = 0, to;
    for (size_t from = b; from < e; from = to) {
        gn_record r = gn_corpus_at(corpus, (size_t)t->record[from]);
        size_t start = SIZE_MAX, end = 0;
        for (to = from; to < e && t->record[to] == t->record[from]; to++) {
            if (gn_tokens_special(t, to)) continue;
            if (t->start[to] < start) start = t->start[to];
            if (t->end[to] > end) end = t->end[to];
        }
        if (start == SIZE_MAX) start = end = 0;
        if (from > b) {
            gn_str_add(&text, "\n");
            points++;
        }
        struct counter count = {.text = r.text};
        size_t before = points_before(&count, start);
        for (size_t i = from; i < to; i++) {
            bool special = gn_tokens_special(t, i);
            size_t p = special ? 0 : points + points_before(&count, t->start[i]) - before;
            size_t q = special ? 0 : points + points_before(&count, t->end[i]) - before;
            add_range(&places, i == b, p, q);
        }
        gn_str_add_bytes(&text, r.text + start, end - start);
        points += points_before(&count, end) - before;
    }
    gn_str_add(s, "{\"text\": ");
    add_quoted(s, text.text ? text.text : "", text.n);
    gn_str_addf(s, ", \"stream\": %u, \"window\": %u", t->stream[sequence], t->window[sequence]);
    if (b < e)
        gn_str_addf(s, ", \"lines\": [%zu,%zu]", gn_corpus_at(corpus, (size_t)t->record[b]).line,
                    gn_corpus_at(corpus, (size_t)t->record[e - 1]).line);
    gn_str_addf(s, ", \"n_tokens\": %zu, \"tokens\": [%s], \"labels\": {}}\n", e - b,
                places.text ? places.text : "");
    s->bad = s->bad || text.bad || places.bad;
    gn_str_free(&text);
    gn_str_free(&places);
}

gn_status gn_extract_text(const gn_tokens *tokens, const gn_corpus *corpus, gn_outfile *f,
                          gn_error *err) {
    gn_status st = GN_OK;
    gn_str line = {0};
    for (size_t s = 0; s < tokens->n_sequences; s++) {
        line.n = 0;
        (tokens->record ? add_window : add_record)(&line, tokens, corpus, s);
        if (line.bad) {
            st = gn_fail_nomem(err, "a line of text.jsonl", line.n);
            goto done;
        }
        GN_TRY(gn_outfile_write(f, line.text, line.n, err));
    }
done:
    gn_str_free(&line);
    return st;
}
