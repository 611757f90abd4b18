/* vocab.txt: BERT's own format, a token a line, the line's number its id. What the file does not
 * say is in tokenizer_config.json and special_tokens_map.json, or is BERT's default: lower case,
 * [UNK], [CLS], [SEP], [PAD], [MASK]. */
#include "text/tokenizer.h"
#include "text/utf8.h"

#include "io/file.h"

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

static gn_status read_lines(gn_tokenizer *tok, const gn_vocab_files *f, gn_error *err) {
    gn_status st = GN_OK;
    const char *at = f->vocab, *end = f->vocab + f->n;
    size_t id = 0;
    for (; at < end; id++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        size_t n = (size_t)(stop - at);
        if (n && at[n - 1] == '\r') n--;
        if (id > GN_VOCAB_MAX_ID)
            return gn_fail(err, GN_EDATA, "%s: more than %d lines", f->vocab_name,
                           GN_VOCAB_MAX_ID + 1);
        if (memchr(at, '\0', n))
            return gn_fail(err, GN_EDATA, "%s: line %zu: a NUL byte", f->vocab_name, id + 1);
        if ((st = gn_utf8_check(at, n, err)) != GN_OK) {
            gn_error_prefix(err, "%s: line %zu", f->vocab_name, id + 1);
            return st;
        }
        GN_TRY(gn_vocab_add(&tok->vocab, at, n, (int32_t)id, err));
        at = stop + (stop < end);
    }
    if (id == 0) st = gn_fail(err, GN_EDATA, "%s: empty: expected a token a line", f->vocab_name);
done:
    return st;
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
static gn_status add_special(gn_tokenizer *tok, const gn_vocab_files *f, int32_t id[N_SPECIAL],
                             gn_error *err) {
    gn_status st = GN_OK;
    for (size_t i = 0; i < N_SPECIAL; i++) {
        const json_t *v = json_object_get(f->config, special_key[i]);
        if (!content(v)) v = json_object_get(f->map, special_key[i]);
        const char *text = content(v) ? content(v) : special_default[i];
        id[i] = gn_vocab_find(&tok->vocab, text, strlen(text));
        if (id[i] < 0 && i < 3)
            return gn_fail(err, GN_EDATA, "%s: no line '%.80s', the %s", f->vocab_name, text,
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
static gn_status add_decoder(gn_tokenizer *tok, const gn_vocab_files *f, gn_error *err) {
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
                         f->config_name, list[i].id);
            goto done;
        }
        gn_added_spec spec = spec_of(list[i].spec, text);
        GN_TRY(gn_tokenizer_add(tok, &spec, err));
        if (gn_tokenizer_id(tok, text) != list[i].id) {
            st = gn_fail(
                err, GN_EDATA, "%s: added_tokens_decoder: '%.80s' has id %ld, but %s gives %d",
                f->config_name, text, list[i].id, f->vocab_name, (int)gn_tokenizer_id(tok, text));
            goto done;
        }
    }
done:
    gn_free(list);
    return st;
}

static gn_status add_more(gn_tokenizer *tok, const gn_vocab_files *f, gn_error *err) {
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

static gn_status check_config(const gn_vocab_files *f, gn_error *err) {
    const char *class = json_string_value(json_object_get(f->config, "tokenizer_class"));
    bool known = class == NULL;
    for (size_t i = 0; i < sizeof known_class / sizeof known_class[0] && !known; i++)
        known = strcmp(class, known_class[i]) == 0;
    if (!known)
        return gn_fail(err, GN_ENOSUPP,
                       "%s: tokenizer_class '%.80s' is not supported with vocab.txt",
                       f->config_name, class);
    if (!is_true(f->config, "do_basic_tokenize", true))
        return gn_fail(err, GN_ENOSUPP, "%s: do_basic_tokenize = false is not supported",
                       f->config_name);
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

gn_status gn_tokenizer_parse_vocab(gn_tokenizer *tok, const gn_vocab_files *f, gn_error *err) {
    gn_status st = GN_OK;
    int32_t id[N_SPECIAL];
    GN_TRY(check_config(f, err));
    GN_TRY(read_lines(tok, f, err));
    bool lower = is_true(f->config, "do_lower_case", true);
    tok->normalize = (gn_normalize_opts){
        .clean = true,
        .cjk = is_true(f->config, "tokenize_chinese_chars", true),
        .strip = is_true(f->config, "strip_accents", lower),
        .lower = lower,
    };
    tok->split_space = tok->split_punct = true;
    tok->prefix = "##";
    tok->n_prefix = 2;
    tok->max_chars = 100;
    GN_TRY(gn_tokenizer_prepare(tok, err));
    GN_TRY(add_special(tok, f, id, err));
    GN_TRY(add_decoder(tok, f, err));
    GN_TRY(add_more(tok, f, err));
    gn_tokenizer_finish(tok);
    tok->unk = id[0];
    GN_TRY(special_ids(id[1], &tok->before, &tok->n_before, err));
    GN_TRY(special_ids(id[2], &tok->after, &tok->n_after, err));
done:
    return st;
}

gn_status gn_tokenizer_read_vocab(gn_tokenizer *tok, const char *dir, gn_error *err) {
    gn_status st = GN_OK;
    gn_vocab_files f = {0};
    char *vocab = NULL,
         *path[4] = {gn_path_join(dir, "vocab.txt"), gn_path_join(dir, "tokenizer_config.json"),
                     gn_path_join(dir, "special_tokens_map.json"),
                     gn_path_join(dir, "added_tokens.json")};
    if (!path[0] || !path[1] || !path[2] || !path[3]) {
        st = gn_fail_nomem(err, "a path", strlen(dir));
        goto done;
    }
    if (gn_path_is_file(path[3])) {
        st = gn_fail(err, GN_ENOSUPP, "%s: not supported without tokenizer.json", path[3]);
        goto done;
    }
    if (gn_path_is_file(path[1])) GN_TRY(gn_json_open(path[1], MAX_BYTES, &f.config, err));
    if (gn_path_is_file(path[2])) GN_TRY(gn_json_open(path[2], MAX_BYTES, &f.map, err));
    GN_TRY(gn_read_file(path[0], MAX_BYTES, &vocab, &f.n, err));
    f.vocab = vocab;
    f.vocab_name = path[0];
    f.config_name = path[1];
    GN_TRY(gn_tokenizer_parse_vocab(tok, &f, err));
done:
    json_decref(f.config);
    json_decref(f.map);
    gn_free(vocab);
    for (size_t i = 0; i < 4; i++) gn_free(path[i]);
    return st;
}
