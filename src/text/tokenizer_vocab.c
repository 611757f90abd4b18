/* vocab.txt: BERT's own format, a token a line, the line's number its id. What the file does not
 * say is in tokenizer_config.json and special_tokens_map.json, or is BERT's default: lower case,
 * [UNK], [CLS], [SEP], [PAD], [MASK]. */
#include "text/tokenizer.h"
#include "text/utf8.h"

#include "io/file.h"
#include "io/json.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1 << 28, N_SPECIAL = 5 };

static const char *const special_key[N_SPECIAL] = {"unk_token", "cls_token", "sep_token",
                                                   "pad_token", "mask_token"};
static const char *const special_default[N_SPECIAL] = {"[UNK]", "[CLS]", "[SEP]", "[PAD]",
                                                       "[MASK]"};

/* Classes whose vocab.txt means BERT's WordPiece. */
static const char *const known_class[] = {
    "BertTokenizer",     "BertTokenizerFast",     "DistilBertTokenizer", "DistilBertTokenizerFast",
    "ElectraTokenizer",  "ElectraTokenizerFast",  "MobileBertTokenizer", "MobileBertTokenizerFast",
    "ConvBertTokenizer", "ConvBertTokenizerFast",
};

typedef struct files {
    json_t *config, *map; /* NULL when there is no such file */
    char *config_path, *map_path, *vocab_path, *added_path;
} files;

static gn_status read_lines(gn_tokenizer *tok, const char *path, gn_error *err) {
    gn_status st = GN_OK;
    char *text = NULL;
    size_t n;
    GN_TRY(gn_read_file(path, MAX_BYTES, &text, &n, err));
    size_t id = 0;
    for (size_t at = 0; at < n; id++) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t next = end ? (size_t)(end - text) + 1 : n,
               len = (end ? (size_t)(end - text) : n) - at;
        if (len && text[at + len - 1] == '\r') len--;
        if (id > GN_VOCAB_MAX_ID) {
            st = gn_fail(err, GN_EDATA, "%s: more than %d lines", path, GN_VOCAB_MAX_ID + 1);
            goto done;
        }
        if (memchr(text + at, '\0', len)) {
            st = gn_fail(err, GN_EDATA, "%s: line %zu: a NUL byte", path, id + 1);
            goto done;
        }
        if ((st = gn_utf8_check(text + at, len, err)) != GN_OK) {
            gn_error_prefix(err, "%s: line %zu", path, id + 1);
            goto done;
        }
        GN_TRY(gn_vocab_add(&tok->vocab, text + at, len, (int32_t)id, err));
        at = next;
    }
    if (id == 0) st = gn_fail(err, GN_EDATA, "%s: empty: expected a token a line", path);
done:
    gn_free(text);
    return st;
}

static gn_status open_files(const char *dir, files *f, gn_error *err) {
    gn_status st = GN_OK;
    f->config_path = gn_path_join(dir, "tokenizer_config.json");
    f->map_path = gn_path_join(dir, "special_tokens_map.json");
    f->vocab_path = gn_path_join(dir, "vocab.txt");
    f->added_path = gn_path_join(dir, "added_tokens.json");
    if (!f->config_path || !f->map_path || !f->vocab_path || !f->added_path)
        return gn_fail_nomem(err, "a path", strlen(dir));
    if (gn_path_is_file(f->config_path))
        GN_TRY(gn_json_open(f->config_path, MAX_BYTES, &f->config, err));
    if (gn_path_is_file(f->map_path)) GN_TRY(gn_json_open(f->map_path, MAX_BYTES, &f->map, err));
done:
    return st;
}

static void close_files(files *f) {
    json_decref(f->config);
    json_decref(f->map);
    gn_free(f->config_path);
    gn_free(f->map_path);
    gn_free(f->vocab_path);
    gn_free(f->added_path);
}

/* A special token is written as a string or as an object with "content"; NULL when it is neither.
 */
static const char *content(const json_t *v) {
    return json_string_value(json_is_object(v) ? json_object_get(v, "content") : v);
}

static bool is_true(const json_t *object, const char *key, bool missing) {
    const json_t *v = json_object_get(object, key);
    return json_is_boolean(v) ? json_is_true(v) : missing;
}

static gn_added_spec spec_of(const json_t *v, const char *text) {
    const json_t *o = json_is_object(v) ? v : NULL;
    bool special = is_true(o, "special", true);
    return (gn_added_spec){text,
                           special,
                           is_true(o, "single_word", false),
                           is_true(o, "lstrip", false),
                           is_true(o, "rstrip", false),
                           is_true(o, "normalized", !special)};
}

/* The five special tokens and where they stand in the vocabulary. */
static gn_status add_special(gn_tokenizer *tok, const files *f, int32_t id[N_SPECIAL],
                             gn_error *err) {
    gn_status st = GN_OK;
    for (size_t i = 0; i < N_SPECIAL; i++) {
        const json_t *v = json_object_get(f->config, special_key[i]);
        if (!content(v)) v = json_object_get(f->map, special_key[i]);
        const char *text = content(v) ? content(v) : special_default[i];
        id[i] = gn_vocab_find(&tok->vocab, text, strlen(text));
        if (id[i] < 0 && i < 3)
            return gn_fail(err, GN_EDATA, "%s: no line '%.80s', the %s", f->vocab_path, text,
                           special_key[i]);
        gn_added_spec spec = spec_of(v, text);
        if (id[i] >= 0) GN_TRY(gn_tokenizer_add(tok, &spec, err));
    }
done:
    return st;
}

typedef struct numbered {
    long id;
    const json_t *spec;
} numbered;

static int by_id(const void *a, const void *b) {
    long x = ((const numbered *)a)->id, y = ((const numbered *)b)->id;
    return (x > y) - (x < y);
}

/* "added_tokens_decoder": {"100": {"content": "[UNK]", ...}, ...}, in the order of the ids. */
static gn_status add_decoder(gn_tokenizer *tok, const files *f, gn_error *err) {
    gn_status st = GN_OK;
    json_t *object = json_object_get(f->config, "added_tokens_decoder"), *value;
    size_t n = json_object_size(object), i = 0;
    numbered *list = NULL;
    const char *key;
    if (n == 0) return GN_OK;
    GN_TRY(gn_alloc_array(&list, n, sizeof *list, "added tokens", err));
    json_object_foreach(object, key, value) list[i++] = (numbered){strtol(key, NULL, 10), value};
    qsort(list, n, sizeof *list, by_id);
    for (i = 0; i < n; i++) {
        const char *text = content(list[i].spec);
        if (!text) {
            st = gn_fail(err, GN_EDATA, "%s: added_tokens_decoder: %ld has no content",
                         f->config_path, list[i].id);
            goto done;
        }
        gn_added_spec spec = spec_of(list[i].spec, text);
        GN_TRY(gn_tokenizer_add(tok, &spec, err));
        if (gn_tokenizer_id(tok, text) != list[i].id) {
            st = gn_fail(
                err, GN_EDATA, "%s: added_tokens_decoder: '%.80s' has id %ld, but %s gives %d",
                f->config_path, text, list[i].id, f->vocab_path, (int)gn_tokenizer_id(tok, text));
            goto done;
        }
    }
done:
    gn_free(list);
    return st;
}

static gn_status add_more(gn_tokenizer *tok, const files *f, gn_error *err) {
    gn_status st = GN_OK;
    const json_t *list = json_object_get(f->config, "additional_special_tokens");
    if (!json_is_array(list)) list = json_object_get(f->map, "additional_special_tokens");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = content(json_array_get(list, i));
        if (!text) continue;
        gn_added_spec spec = spec_of(json_array_get(list, i), text);
        GN_TRY(gn_tokenizer_add(tok, &spec, err));
    }
done:
    return st;
}

static gn_status check_config(const files *f, gn_error *err) {
    const char *class = json_string_value(json_object_get(f->config, "tokenizer_class"));
    bool known = class == NULL;
    for (size_t i = 0; i < sizeof known_class / sizeof known_class[0] && !known; i++)
        known = strcmp(class, known_class[i]) == 0;
    if (!known)
        return gn_fail(err, GN_ENOSUPP,
                       "%s: tokenizer_class '%.80s' is not supported with vocab.txt",
                       f->config_path, class);
    if (!is_true(f->config, "do_basic_tokenize", true))
        return gn_fail(err, GN_ENOSUPP, "%s: do_basic_tokenize = false is not supported",
                       f->config_path);
    if (gn_path_is_file(f->added_path))
        return gn_fail(err, GN_ENOSUPP, "%s: not supported without tokenizer.json", f->added_path);
    return GN_OK;
}

static gn_status special_ids(int32_t id, int32_t **out, size_t *n, gn_error *err) {
    int32_t *p = gn_realloc(NULL, 1, sizeof *p);
    if (!p) return gn_fail_nomem(err, "special tokens", sizeof *p);
    p[0] = id;
    *out = p;
    *n = 1;
    return GN_OK;
}

gn_status gn_tokenizer_read_vocab(gn_tokenizer *tok, const char *dir, gn_error *err) {
    gn_status st = GN_OK;
    files f = {0};
    int32_t id[N_SPECIAL];
    GN_TRY(open_files(dir, &f, err));
    GN_TRY(check_config(&f, err));
    GN_TRY(read_lines(tok, f.vocab_path, err));
    bool lower = is_true(f.config, "do_lower_case", true);
    tok->normalize = (gn_normalize_opts){
        .clean = true,
        .cjk = is_true(f.config, "tokenize_chinese_chars", true),
        .strip = is_true(f.config, "strip_accents", lower),
        .lower = lower,
    };
    tok->split_space = tok->split_punct = true;
    tok->prefix = "##";
    tok->n_prefix = 2;
    tok->max_chars = 100;
    GN_TRY(gn_tokenizer_prepare(tok, err));
    GN_TRY(add_special(tok, &f, id, err));
    GN_TRY(add_decoder(tok, &f, err));
    GN_TRY(add_more(tok, &f, err));
    gn_tokenizer_finish(tok);
    tok->unk = id[0];
    GN_TRY(special_ids(id[1], &tok->before, &tok->n_before, err));
    GN_TRY(special_ids(id[2], &tok->after, &tok->n_after, err));
done:
    close_files(&f);
    return st;
}
