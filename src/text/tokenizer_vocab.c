/* vocab.txt: BERT's own format, a token a line, the line's number its id. What the file does not
 * say is in tokenizer_config.json and special_tokens_map.json, or is BERT's default: lower case,
 * [UNK], [CLS], [SEP], [PAD], [MASK]. */
#include "text/companions.h"
#include "text/utf8.h"

#include "io/file.h"

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

/* The five special tokens and where they stand in the vocabulary. */
static gn_status add_special(gn_tokenizer *tok, const gn_vocab_files *f, int32_t id[N_SPECIAL],
                             gn_error *err) {
    gn_status st = GN_OK;
    for (size_t i = 0; i < N_SPECIAL; i++) {
        gn_added_spec spec = gn_companion_token(f, special_key[i], special_default[i]);
        id[i] = gn_vocab_find(&tok->vocab, spec.text, strlen(spec.text));
        if (id[i] < 0 && i < 3)
            return gn_fail(err, GN_EDATA, "%s: no line '%.80s', the %s", f->vocab_name, spec.text,
                           special_key[i]);
        if (id[i] >= 0) GN_TRY(gn_tokenizer_add(tok, &spec, err));
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
    if (!gn_companion_flag(f->config, "do_basic_tokenize", true))
        return gn_fail(err, GN_ENOSUPP, "%s: do_basic_tokenize = false is not supported",
                       f->config_name);
    return GN_OK;
}

gn_status gn_tokenizer_parse_vocab(gn_tokenizer *tok, const gn_vocab_files *f, gn_error *err) {
    gn_status st = GN_OK;
    int32_t id[N_SPECIAL];
    GN_TRY(check_config(f, err));
    GN_TRY(read_lines(tok, f, err));
    bool lower = gn_companion_flag(f->config, "do_lower_case", true);
    tok->normalize = (gn_normalize_opts){
        .clean = true,
        .cjk = gn_companion_flag(f->config, "tokenize_chinese_chars", true),
        .strip = gn_companion_flag(f->config, "strip_accents", lower),
        .lower = lower,
    };
    tok->split_space = tok->split_punct = true;
    tok->prefix = "##";
    tok->n_prefix = 2;
    tok->max_chars = 100;
    GN_TRY(gn_tokenizer_prepare(tok, err));
    GN_TRY(add_special(tok, f, id, err));
    GN_TRY(gn_companions_add(tok, f, err));
    gn_tokenizer_finish(tok);
    tok->unk = id[0];
    GN_TRY(gn_companions_around(tok, id[1], id[2], err));
done:
    return st;
}

gn_status gn_tokenizer_read_vocab(gn_tokenizer *tok, const char *dir, gn_error *err) {
    gn_status st = GN_OK;
    gn_vocab_files f = {0};
    char *bytes = NULL, *vocab = gn_path_join(dir, "vocab.txt");
    char *config = gn_path_join(dir, "tokenizer_config.json");
    if (!vocab || !config) {
        st = gn_fail_nomem(err, "a path", strlen(dir));
        goto done;
    }
    GN_TRY(gn_companions_open(dir, config, &f, err));
    GN_TRY(gn_read_file(vocab, MAX_BYTES, &bytes, &f.n, err));
    f.vocab = bytes;
    f.vocab_name = vocab;
    GN_TRY(gn_tokenizer_parse_vocab(tok, &f, err));
done:
    json_decref(f.config);
    json_decref(f.map);
    gn_free(bytes);
    gn_free(vocab);
    gn_free(config);
    return st;
}
