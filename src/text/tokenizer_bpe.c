/* Byte-level BPE from its files: the vocabulary and the list of merges, either inside
 * tokenizer.json or as GPT-2 published them, vocab.json and merges.txt. The latter say nothing
 * about special tokens and settings; tokenizer_config.json may, and what is left follows from the
 * family: GPT-2 puts nothing around a text, RoBERTa <s> and </s>. */
#include "text/companions.h"
#include "text/utf8.h"

#include "base/str.h"
#include "io/file.h"

#include <string.h>

enum { MAX_BYTES = 1 << 28 };

/* ---- merges -----------------------------------------------------------------------------------
 */

/* Two tokens that are joined; the joined string must be a token, too. `scratch` holds both. */
static gn_status add_merge(gn_tokenizer *tok, const char *left, size_t n_left, const char *right,
                           size_t n_right, uint32_t rank, gn_str *scratch, const char *name,
                           gn_error *err) {
    scratch->n = 0;
    gn_str_add_bytes(scratch, left, n_left);
    gn_str_add_bytes(scratch, right, n_right);
    if (scratch->bad) return gn_fail_nomem(err, "merges", n_left + n_right);
    int32_t a = gn_vocab_find(&tok->vocab, left, n_left);
    int32_t b = gn_vocab_find(&tok->vocab, right, n_right);
    int32_t joined = gn_vocab_find(&tok->vocab, scratch->text, scratch->n);
    if (n_left == 0 || n_right == 0 || a < 0 || b < 0 || joined < 0)
        return gn_fail(err, GN_EDATA,
                       "%s: merge %u: '%.*s' and '%.*s': both, and the two joined, must be tokens",
                       name, rank + 1, n_left > 80 ? 80 : (int)n_left, left,
                       n_right > 80 ? 80 : (int)n_right, right);
    gn_bpe_add(&tok->bpe, a, b, joined, rank);
    return GN_OK;
}

/* "left right". */
static gn_status add_line(gn_tokenizer *tok, const char *line, size_t n, uint32_t rank,
                          gn_str *scratch, const char *name, gn_error *err) {
    const char *space = memchr(line, ' ', n);
    size_t n_left = space ? (size_t)(space - line) : 0;
    if (!space || memchr(space + 1, ' ', n - n_left - 1))
        return gn_fail(err, GN_EDATA, "%s: merge %u: '%.*s': expected two tokens and a space", name,
                       rank + 1, n > 80 ? 80 : (int)n, line);
    return add_merge(tok, line, n_left, space + 1, n - n_left - 1, rank, scratch, name, err);
}

static gn_status add_item(gn_tokenizer *tok, const json_t *item, uint32_t rank, gn_str *scratch,
                          const char *name, gn_error *err) {
    const json_t *left = json_array_get(item, 0), *right = json_array_get(item, 1);
    if (json_is_string(item))
        return add_line(tok, json_string_value(item), json_string_length(item), rank, scratch, name,
                        err);
    if (json_array_size(item) != 2 || !json_is_string(left) || !json_is_string(right))
        return gn_fail(err, GN_EDATA, "%s: model.merges: entry %u: expected two tokens", name,
                       rank + 1);
    return add_merge(tok, json_string_value(left), json_string_length(left),
                     json_string_value(right), json_string_length(right), rank, scratch, name, err);
}

/* ---- tokenizer.json ----------------------------------------------------------------------------
 */

/* An option that would change ids and that we do not have: it must be missing, null, false, 0 or
 * "". */
static gn_status must_be_off(const json_t *model, const char *key, const char *name,
                             gn_error *err) {
    const json_t *v = json_object_get(model, key);
    bool off = !v || json_is_null(v) || json_is_false(v) ||
               (json_is_number(v) && !(json_number_value(v) < 0 || json_number_value(v) > 0)) ||
               (json_is_string(v) && json_string_length(v) == 0);
    return off ? GN_OK
               : gn_fail(err, GN_ENOSUPP, "%s: BPE with model.%s is not supported", name, key);
}

gn_status gn_tokenizer_bpe_json(gn_tokenizer *tok, const json_t *model, const char *name,
                                gn_error *err) {
    static const char *const off[] = {"dropout", "continuing_subword_prefix", "end_of_word_suffix",
                                      "byte_fallback"};
    gn_status st = GN_OK;
    gn_str scratch = {0};
    json_t *merges;
    for (size_t i = 0; i < sizeof off / sizeof *off; i++)
        GN_TRY(must_be_off(model, off[i], name, err));
    GN_TRY(gn_json_array(model, name, "merges", &merges, err));
    tok->kind = GN_TOKENIZER_BPE;
    tok->bpe.ignore_merges = gn_companion_flag(model, "ignore_merges", false);
    size_t n = json_array_size(merges);
    GN_TRY(gn_bpe_reserve(&tok->bpe, n, err));
    for (size_t i = 0; i < n; i++)
        GN_TRY(add_item(tok, json_array_get(merges, i), (uint32_t)i, &scratch, name, err));
    st = gn_bpe_finish(&tok->bpe, &tok->vocab, err);
    if (st != GN_OK) gn_error_prefix(err, "%s", name);
done:
    gn_str_free(&scratch);
    return st;
}

/* ---- vocab.json and merges.txt ------------------------------------------------------------------
 */

static size_t count_lines(const char *text, size_t n) {
    size_t lines = n > 0;
    for (size_t i = 0; i < n; i++) lines += text[i] == '\n';
    return lines;
}

static gn_status read_merges(gn_tokenizer *tok, const gn_vocab_files *f, gn_error *err) {
    gn_status st = GN_OK;
    gn_str scratch = {0};
    uint32_t rank = 0;
    const char *at = f->merges, *end = f->merges + f->n_merges;
    if (gn_utf8_valid(f->merges, f->n_merges) < f->n_merges)
        return gn_fail(err, GN_EDATA, "%s: byte %zu: invalid UTF-8", f->merges_name,
                       gn_utf8_valid(f->merges, f->n_merges));
    GN_TRY(gn_bpe_reserve(&tok->bpe, count_lines(f->merges, f->n_merges), err));
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        size_t n = (size_t)(stop - at);
        if (n && at[n - 1] == '\r') n--;
        bool comment = n >= 8 && memcmp(at, "#version", 8) == 0;
        if (n > 0 && !comment) GN_TRY(add_line(tok, at, n, rank++, &scratch, f->merges_name, err));
        at = stop + (stop < end);
    }
done:
    gn_str_free(&scratch);
    return st;
}

/* Which of the two families the files belong to. */
static gn_status find_family(const gn_vocab_files *f, bool *roberta, gn_error *err) {
    static const struct {
        const char *name;
        bool roberta;
    } known[] = {{"GPT2Tokenizer", false},
                 {"GPT2TokenizerFast", false},
                 {"RobertaTokenizer", true},
                 {"RobertaTokenizerFast", true},
                 {"gpt2", false},
                 {"roberta", true}};
    const char *name = json_string_value(json_object_get(f->config, "tokenizer_class"));
    if (!name) name = f->family;
    for (size_t i = 0; name && i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0) return *roberta = known[i].roberta, GN_OK;
    return gn_fail(err, GN_ENOSUPP,
                   "%s: '%.80s' is not known with vocab.json and merges.txt: expected a "
                   "tokenizer_class of GPT2Tokenizer or RobertaTokenizer",
                   f->config_name, name ? name : "no tokenizer_class");
}

/* The special tokens of the family that are in the vocabulary. */
static gn_status add_special(gn_tokenizer *tok, const gn_vocab_files *f, bool roberta,
                             gn_error *err) {
    static const char *const gpt2[][2] = {{"unk_token", "<|endoftext|>"},
                                          {"bos_token", "<|endoftext|>"},
                                          {"eos_token", "<|endoftext|>"},
                                          {"pad_token", ""}};
    static const char *const bert[][2] = {{"bos_token", "<s>"},    {"eos_token", "</s>"},
                                          {"sep_token", "</s>"},   {"cls_token", "<s>"},
                                          {"unk_token", "<unk>"},  {"pad_token", "<pad>"},
                                          {"mask_token", "<mask>"}};
    gn_status st = GN_OK;
    size_t n = roberta ? sizeof bert / sizeof *bert : sizeof gpt2 / sizeof *gpt2;
    for (size_t i = 0; i < n; i++) {
        const char *const *token = roberta ? bert[i] : gpt2[i];
        gn_added_spec spec = gn_companion_token(f, token[0], token[1]);
        /* <mask> takes the space before it along, unless the files say otherwise */
        bool plain = !json_is_object(json_object_get(f->config, token[0])) &&
                     !json_is_object(json_object_get(f->map, token[0]));
        if (plain && strcmp(token[0], "mask_token") == 0) spec.lstrip = true;
        if (gn_tokenizer_id(tok, spec.text) >= 0) GN_TRY(gn_tokenizer_add(tok, &spec, err));
    }
done:
    return st;
}

static gn_status put_around(gn_tokenizer *tok, const gn_vocab_files *f, gn_error *err) {
    const char *cls = gn_companion_token(f, "cls_token", "<s>").text;
    const char *sep = gn_companion_token(f, "sep_token", "</s>").text;
    int32_t before = gn_tokenizer_id(tok, cls), after = gn_tokenizer_id(tok, sep);
    if (before < 0 || after < 0)
        return gn_fail(err, GN_EDATA, "%s: no token '%.80s', the %s", f->vocab_name,
                       before < 0 ? cls : sep, before < 0 ? "cls_token" : "sep_token");
    return gn_companions_around(tok, before, after, err);
}

gn_status gn_tokenizer_parse_bpe(gn_tokenizer *tok, const gn_vocab_files *f, gn_error *err) {
    gn_status st = GN_OK;
    json_t *vocab = NULL;
    bool roberta = false;
    GN_TRY(find_family(f, &roberta, err));
    if (gn_companion_flag(f->config, "add_bos_token", false)) {
        st = gn_fail(err, GN_ENOSUPP, "%s: add_bos_token is not supported", f->config_name);
        goto done;
    }
    tok->kind = GN_TOKENIZER_BPE;
    GN_TRY(gn_json_parse(f->vocab, f->n, f->vocab_name, &vocab, err));
    if (!json_is_object(vocab) || json_object_size(vocab) == 0) {
        st =
            gn_fail(err, GN_EDATA, "%s: expected an object of tokens and their ids", f->vocab_name);
        goto done;
    }
    GN_TRY(gn_tokenizer_vocab_json(tok, vocab, f->vocab_name, err));
    GN_TRY(read_merges(tok, f, err));
    if ((st = gn_bpe_finish(&tok->bpe, &tok->vocab, err)) != GN_OK) {
        gn_error_prefix(err, "%s", f->vocab_name);
        goto done;
    }
    tok->bpe.prefix_space = gn_companion_flag(f->config, "add_prefix_space", false);
    tok->bpe.trim_offsets = gn_companion_flag(f->config, "trim_offsets", roberta);
    tok->bpe.trim_all_but_first = tok->bpe.prefix_space;
    GN_TRY(gn_tokenizer_prepare(tok, err));
    GN_TRY(add_special(tok, f, roberta, err));
    GN_TRY(gn_companions_add(tok, f, err));
    gn_tokenizer_finish(tok);
    if (roberta) st = put_around(tok, f, err);
done:
    json_decref(vocab);
    return st;
}

gn_status gn_tokenizer_read_bpe(gn_tokenizer *tok, const char *dir, gn_error *err) {
    gn_status st = GN_OK;
    gn_vocab_files f = {0};
    char *vocab = NULL, *merges = NULL;
    json_t *model = NULL;
    char *path[4] = {gn_path_join(dir, "vocab.json"), gn_path_join(dir, "merges.txt"),
                     gn_path_join(dir, "tokenizer_config.json"), gn_path_join(dir, "config.json")};
    if (!path[0] || !path[1] || !path[2] || !path[3]) {
        st = gn_fail_nomem(err, "a path", strlen(dir));
        goto done;
    }
    GN_TRY(gn_companions_open(dir, path[2], &f, err));
    if (gn_path_is_file(path[3])) GN_TRY(gn_json_open(path[3], MAX_BYTES, &model, err));
    f.family = json_string_value(json_object_get(model, "model_type"));
    GN_TRY(gn_read_file(path[0], MAX_BYTES, &vocab, &f.n, err));
    GN_TRY(gn_read_file(path[1], MAX_BYTES, &merges, &f.n_merges, err));
    f.vocab = vocab;
    f.vocab_name = path[0];
    f.merges = merges;
    f.merges_name = path[1];
    GN_TRY(gn_tokenizer_parse_bpe(tok, &f, err));
done:
    json_decref(f.config);
    json_decref(f.map);
    json_decref(model);
    gn_free(vocab);
    gn_free(merges);
    for (size_t i = 0; i < 4; i++) gn_free(path[i]);
    return st;
}
