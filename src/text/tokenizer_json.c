/* tokenizer.json, the public tokenizers library's own format: five parts in a row (normalizer,
 * pre_tokenizer, model, post_processor, added_tokens), each tagged with its type. We take what
 * WordPiece and byte-level BPE models use and refuse everything else by name, because a part that
 * is ignored changes ids without a word. The exceptions are "truncation" and "padding", which
 * belong to one use of a tokenizer, not to the tokenizer, and "decoder", which only turns ids back
 * into text. */
#include "text/tokenizer.h"

#include "io/file.h"

#include <string.h>

enum { MAX_BYTES = 1 << 28 };

typedef struct reader {
    gn_tokenizer *tok;
    const char *name;
    gn_error *err;
} reader;

static gn_status refuse(const reader *r, const char *part, const char *type) {
    return gn_fail(r->err, GN_ENOSUPP, "%s: %s of type '%s' is not supported", r->name, part, type);
}

/* "type" of a part; "" when there is none. */
static const char *type_of(const json_t *part) {
    const char *type = json_string_value(json_object_get(part, "type"));
    return type ? type : "";
}

/* A flag that has a default when it is missing or null. */
static gn_status flag(const reader *r, const json_t *part, const char *key, bool missing,
                      bool *out) {
    const json_t *v = json_object_get(part, key);
    if (!v || json_is_null(v)) return *out = missing, GN_OK;
    return gn_json_bool(part, r->name, key, out, r->err);
}

/* ---- normalizer ------------------------------------------------------------------------------ */

static gn_status read_normalizer(const reader *r, const json_t *part) {
    gn_status st = GN_OK;
    gn_normalize_opts *o = &r->tok->normalize;
    if (!part || json_is_null(part)) return GN_OK;
    const char *type = type_of(part);
    if (strcmp(type, "Sequence") == 0) {
        const json_t *parts = json_object_get(part, "normalizers");
        if (json_array_size(parts) == 0) return GN_OK;
        if (json_array_size(parts) == 1) return read_normalizer(r, json_array_get(parts, 0));
        return refuse(r, "a normalizer", "Sequence of several");
    }
    if (r->tok->kind == GN_TOKENIZER_BPE) return refuse(r, "a normalizer of BPE", type);
    if (strcmp(type, "Lowercase") == 0) {
        o->lower = true;
        return GN_OK;
    }
    if (strcmp(type, "BertNormalizer") != 0) return refuse(r, "a normalizer", type);
    GN_TRY(flag(r, part, "clean_text", true, &o->clean));
    GN_TRY(flag(r, part, "handle_chinese_chars", true, &o->cjk));
    GN_TRY(flag(r, part, "lowercase", true, &o->lower));
    GN_TRY(flag(r, part, "strip_accents", o->lower, &o->strip));
done:
    return st;
}

/* ---- pre_tokenizer --------------------------------------------------------------------------- */

/* ByteLevel is the one pre-tokenizer of BPE models: without it, they split characters, not bytes.
 */
static gn_status read_byte_level(const reader *r, const json_t *part, const char *type) {
    gn_status st = GN_OK;
    bool pattern;
    if (strcmp(type, "ByteLevel") != 0) return refuse(r, "a pre_tokenizer of BPE", type);
    GN_TRY(flag(r, part, "use_regex", true, &pattern));
    if (!pattern) return refuse(r, "a pre_tokenizer", "ByteLevel without its pattern");
    GN_TRY(flag(r, part, "add_prefix_space", true, &r->tok->bpe.prefix_space));
    r->tok->split_space = true; /* the pattern cuts there */
done:
    return st;
}

static gn_status read_pre_tokenizer(const reader *r, const json_t *part) {
    gn_status st = GN_OK;
    gn_tokenizer *tok = r->tok;
    if (!part || json_is_null(part)) return GN_OK;
    const char *type = type_of(part);
    if (strcmp(type, "Sequence") == 0) {
        const json_t *parts = json_object_get(part, "pretokenizers");
        for (size_t i = 0; i < json_array_size(parts); i++)
            GN_TRY(read_pre_tokenizer(r, json_array_get(parts, i)));
        return GN_OK;
    }
    if (tok->kind == GN_TOKENIZER_BPE) return read_byte_level(r, part, type);
    if (strcmp(type, "Punctuation") == 0) {
        const json_t *b = json_object_get(part, "behavior");
        if (b && (!json_is_string(b) || strcmp(json_string_value(b), "Isolated") != 0))
            return refuse(r, "a pre_tokenizer", "Punctuation with another behavior than Isolated");
        tok->split_punct = true;
    } else if (strcmp(type, "WhitespaceSplit") == 0)
        tok->split_space = true;
    else if (strcmp(type, "BertPreTokenizer") == 0)
        tok->split_space = tok->split_punct = true;
    else
        return refuse(r, "a pre_tokenizer", type);
done:
    return st;
}

/* ---- model ----------------------------------------------------------------------------------- */

gn_status gn_tokenizer_vocab_json(gn_tokenizer *tok, json_t *vocab, const char *name,
                                  gn_error *err) {
    const char *text;
    json_t *value;
    json_object_foreach(vocab, text, value) {
        json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;
        if (id < 0 || id > GN_VOCAB_MAX_ID)
            return gn_fail(err, GN_EDATA, "%s: token '%.80s': expected an id of 0 to %d", name,
                           text, GN_VOCAB_MAX_ID);
        const char *other = gn_tokenizer_token(tok, (int32_t)id);
        if (other)
            return gn_fail(err, GN_EDATA, "%s: '%.80s' and '%.80s' share the id %d", name, other,
                           text, (int)id);
        gn_status st = gn_vocab_add(&tok->vocab, text, strlen(text), (int32_t)id, err);
        if (st != GN_OK) return st;
    }
    return GN_OK;
}

static gn_status read_model(const reader *r, const json_t *root) {
    gn_status st = GN_OK;
    gn_tokenizer *tok = r->tok;
    json_t *model, *vocab;
    const char *unk, *prefix;
    GN_TRY(gn_json_object(root, r->name, "model", &model, r->err));
    const char *type = type_of(model);
    /* Files of old library versions have no type; only WordPiece has this key. */
    if (!*type && json_object_get(model, "max_input_chars_per_word")) type = "WordPiece";
    if (!*type && json_object_get(model, "merges")) type = "BPE";
    bool bpe = strcmp(type, "BPE") == 0;
    if (!bpe && strcmp(type, "WordPiece") != 0) return refuse(r, "a model", type);
    GN_TRY(gn_json_object(root, r->name, "model.vocab", &vocab, r->err));
    if ((st = gn_tokenizer_vocab_json(tok, vocab, r->name, r->err)) != GN_OK) {
        gn_error_prefix(r->err, "model.vocab");
        goto done;
    }
    if (bpe) return gn_tokenizer_bpe_json(tok, model, r->name, r->err);
    GN_TRY(gn_json_string(root, r->name, "model.unk_token", &unk, r->err));
    GN_TRY(gn_json_string(root, r->name, "model.continuing_subword_prefix", &prefix, r->err));
    GN_TRY(gn_json_size(root, r->name, "model.max_input_chars_per_word", &tok->max_chars, r->err));
    tok->n_prefix = strlen(prefix);
    tok->prefix = gn_arena_text(&tok->arena, prefix, tok->n_prefix);
    if (!tok->prefix) return gn_fail_nomem(r->err, "a tokenizer", tok->n_prefix);
    tok->unk = gn_vocab_find(&tok->vocab, unk, strlen(unk));
    if (tok->unk < 0)
        st = gn_fail(r->err, GN_EDATA, "%s: the unknown token '%.80s' is not in model.vocab",
                     r->name, unk);
done:
    return st;
}

/* ---- post_processor -------------------------------------------------------------------------- */

static gn_status append(const reader *r, int32_t **ids, size_t *n, const json_t *id) {
    json_int_t v = json_is_integer(id) ? json_integer_value(id) : -1;
    if (v < 0 || v > GN_VOCAB_MAX_ID || !gn_tokenizer_token(r->tok, (int32_t)v))
        return gn_fail(r->err, GN_EDATA,
                       "%s: post_processor: %" JSON_INTEGER_FORMAT " is no id of this tokenizer",
                       r->name, v);
    int32_t *p = gn_realloc(*ids, *n + 1, sizeof *p);
    if (!p) return gn_fail_nomem(r->err, "special tokens", (*n + 1) * sizeof *p);
    p[(*n)++] = (int32_t)v;
    *ids = p;
    return GN_OK;
}

/* The template of a single text: special tokens, the text ("Sequence") once, special tokens. */
static gn_status read_template(const reader *r, const json_t *part) {
    gn_status st = GN_OK;
    gn_tokenizer *tok = r->tok;
    const json_t *single = json_object_get(part, "single");
    const json_t *tokens = json_object_get(part, "special_tokens");
    bool seen = false;
    for (size_t i = 0; i < json_array_size(single); i++) {
        const json_t *piece = json_array_get(single, i);
        if (json_object_get(piece, "Sequence")) {
            if (seen)
                return refuse(r, "a post_processor", "TemplateProcessing with the text twice");
            seen = true;
            continue;
        }
        const char *name;
        GN_TRY(gn_json_string(piece, r->name, "SpecialToken.id", &name, r->err));
        const json_t *ids = json_object_get(json_object_get(tokens, name), "ids");
        if (json_array_size(ids) == 0)
            return gn_fail(r->err, GN_EDATA, "%s: post_processor: no ids for '%.80s'", r->name,
                           name);
        for (size_t k = 0; k < json_array_size(ids); k++) {
            const json_t *id = json_array_get(ids, k);
            if (seen)
                GN_TRY(append(r, &tok->after, &tok->n_after, id));
            else
                GN_TRY(append(r, &tok->before, &tok->n_before, id));
        }
    }
    if (!seen)
        st = gn_fail(r->err, GN_EDATA, "%s: post_processor: the template has no place for the text",
                     r->name);
done:
    return st;
}

static gn_status read_post_processor(const reader *r, const json_t *part) {
    gn_status st = GN_OK;
    gn_tokenizer *tok = r->tok;
    if (!part || json_is_null(part)) return GN_OK;
    const char *type = type_of(part);
    bool bpe = tok->kind == GN_TOKENIZER_BPE, roberta = strcmp(type, "RobertaProcessing") == 0;
    if (strcmp(type, "Sequence") == 0) {
        const json_t *parts = json_object_get(part, "processors");
        for (size_t i = 0; i < json_array_size(parts); i++)
            GN_TRY(read_post_processor(r, json_array_get(parts, i)));
        return GN_OK;
    }
    if (bpe && (roberta || strcmp(type, "ByteLevel") == 0)) {
        GN_TRY(flag(r, part, "trim_offsets", true, &tok->bpe.trim_offsets));
        GN_TRY(flag(r, part, "add_prefix_space", true, &tok->bpe.trim_all_but_first));
        if (!roberta) return GN_OK;
    } else if (tok->n_before || tok->n_after)
        return refuse(r, "a post_processor", "Sequence with special tokens twice");
    if (strcmp(type, "TemplateProcessing") == 0) return read_template(r, part);
    if (!(bpe && roberta) && strcmp(type, "BertProcessing") != 0)
        return refuse(r, "a post_processor", type);
    /* "cls": ["[CLS]", 101] */
    GN_TRY(append(r, &tok->before, &tok->n_before, gn_json_at(part, "cls.1")));
    GN_TRY(append(r, &tok->after, &tok->n_after, gn_json_at(part, "sep.1")));
done:
    return st;
}

/* ---- added_tokens ---------------------------------------------------------------------------- */

static gn_status read_added(const reader *r, const json_t *list) {
    gn_status st = GN_OK;
    if (!list || json_is_null(list)) return GN_OK;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *t = json_array_get(list, i);
        gn_added_spec a;
        GN_TRY(gn_json_string(t, r->name, "content", &a.text, r->err));
        GN_TRY(flag(r, t, "special", false, &a.special));
        GN_TRY(flag(r, t, "single_word", false, &a.single_word));
        GN_TRY(flag(r, t, "lstrip", false, &a.lstrip));
        GN_TRY(flag(r, t, "rstrip", false, &a.rstrip));
        GN_TRY(flag(r, t, "normalized", !a.special, &a.normalized));
        GN_TRY(gn_tokenizer_add(r->tok, &a, r->err));
    }
done:
    if (st != GN_OK) gn_error_prefix(r->err, "added_tokens");
    return st;
}

gn_status gn_tokenizer_parse_json(gn_tokenizer *tok, const char *bytes, size_t n, const char *name,
                                  gn_error *err) {
    gn_status st = GN_OK;
    json_t *root = NULL;
    reader r = {tok, name, err};
    GN_TRY(gn_json_parse(bytes, n, name, &root, err));
    GN_TRY(read_model(&r, root));
    GN_TRY(read_normalizer(&r, json_object_get(root, "normalizer")));
    GN_TRY(read_pre_tokenizer(&r, json_object_get(root, "pre_tokenizer")));
    if (tok->kind == GN_TOKENIZER_BPE && !tok->split_space) {
        st = refuse(&r, "BPE", "characters, without a ByteLevel pre_tokenizer,");
        goto done;
    }
    GN_TRY(gn_tokenizer_prepare(tok, err));
    GN_TRY(read_added(&r, json_object_get(root, "added_tokens")));
    GN_TRY(read_post_processor(&r, json_object_get(root, "post_processor")));
    gn_tokenizer_finish(tok);
done:
    json_decref(root);
    return st;
}

gn_status gn_tokenizer_read_json(gn_tokenizer *tok, const char *path, gn_error *err) {
    char *bytes;
    size_t n;
    gn_status st = gn_read_file(path, MAX_BYTES, &bytes, &n, err);
    if (st != GN_OK) return st;
    st = gn_tokenizer_parse_json(tok, bytes, n, path, err);
    gn_free(bytes);
    return st;
}
