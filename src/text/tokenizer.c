#include "text/tokenizer.h"

#include "io/file.h"

#include <string.h>

gn_status gn_tokenizer_open(const char *dir, gn_tokenizer **out, gn_error *err) {
    gn_status st = GN_OK;
    char *json = NULL, *vocab = NULL, *merges = NULL;
    gn_tokenizer *tok = gn_calloc(1, sizeof *tok);
    if (!tok) return gn_fail_nomem(err, "a tokenizer", sizeof *tok);
    json = gn_path_join(dir, "tokenizer.json");
    vocab = gn_path_join(dir, "vocab.txt");
    merges = gn_path_join(dir, "merges.txt");
    if (!json || !vocab || !merges) {
        st = gn_fail_nomem(err, "a path", strlen(dir));
        goto done;
    }
    if (gn_path_is_file(json))
        GN_TRY(gn_tokenizer_read_json(tok, json, err));
    else if (gn_path_is_file(vocab))
        GN_TRY(gn_tokenizer_read_vocab(tok, dir, err));
    else if (gn_path_is_file(merges))
        GN_TRY(gn_tokenizer_read_bpe(tok, dir, err));
    else {
        st = gn_fail(err, GN_EIO,
                     "%s: no tokenizer here: expected tokenizer.json or vocab.txt, or merges.txt "
                     "with vocab.json",
                     dir);
        goto done;
    }
    *out = tok;
done:
    gn_free(json);
    gn_free(vocab);
    gn_free(merges);
    if (st != GN_OK) gn_tokenizer_free(tok);
    return st;
}

void gn_tokenizer_free(gn_tokenizer *tok) {
    if (!tok) return;
    gn_unicode_free(&tok->unicode);
    gn_vocab_free(&tok->vocab);
    gn_vocab_free(&tok->extra);
    gn_bpe_free(&tok->bpe);
    gn_matcher_free(&tok->raw);
    gn_matcher_free(&tok->normalized);
    gn_free(tok->before);
    gn_free(tok->after);
    gn_arena_free(&tok->arena);
    gn_free(tok);
}

gn_status gn_tokenizer_prepare(gn_tokenizer *tok, gn_error *err) {
    gn_status st = gn_unicode_new(&tok->unicode, err);
    if (st != GN_OK) return st;
    for (unsigned b = 0; b < 256; b++) {
        unsigned f = b < 0x80 ? gn_unicode_flags(&tok->unicode, b) : 0, what = 0;
        if (b >= 0x80 || (tok->normalize.clean && f & GN_UC_DROP))
            what = GN_ASCII_SLOW;
        else if (f & GN_UC_SPACE)
            what = GN_ASCII_SPACE;
        else if (f & GN_UC_PUNCT)
            what = GN_ASCII_PUNCT;
        tok->ascii[b] = (uint8_t)what;
        bool upper = tok->normalize.lower && b >= 'A' && b <= 'Z';
        tok->lower[b] = (char)(upper ? b + ('a' - 'A') : b);
        if (b < 0x80) tok->ascii_class[b] = (uint8_t)gn_bpe_class(f);
    }
    return GN_OK;
}

gn_status gn_tokenizer_add(gn_tokenizer *tok, const gn_added_spec *spec, gn_error *err) {
    gn_status st = GN_OK;
    gn_norm norm = {0};
    size_t n = strlen(spec->text);
    if (n == 0) return GN_OK;
    int32_t id = gn_tokenizer_id(tok, spec->text);
    if (id < 0) {
        size_t next = tok->vocab.n > tok->extra.size ? tok->vocab.n : tok->extra.size;
        if (next > GN_VOCAB_MAX_ID)
            return gn_fail(err, GN_EDATA, "more than %d token ids", GN_VOCAB_MAX_ID + 1);
        id = (int32_t)next;
        GN_TRY(gn_vocab_add(&tok->extra, spec->text, n, id, err));
    }
    gn_added added = {NULL, n, id, spec->single_word, spec->lstrip, spec->rstrip, 0};
    const char *text = spec->text;
    if (spec->normalized) {
        GN_TRY(gn_normalize(&tok->unicode, tok->normalize, spec->text, n, 0, &norm, err));
        if (norm.n == 0) goto done; /* a token that normalises to nothing is never found */
        text = norm.text;
        added.n = norm.n;
    }
    added.text = gn_arena_text(&tok->arena, text, added.n);
    if (!added.text) {
        st = gn_fail_nomem(err, "an added token", added.n);
        goto done;
    }
    GN_TRY(gn_matcher_add(spec->normalized ? &tok->normalized : &tok->raw, added, err));
done:
    gn_norm_free(&norm);
    return st;
}

void gn_tokenizer_finish(gn_tokenizer *tok) {
    gn_matcher_ready(&tok->raw);
    gn_matcher_ready(&tok->normalized);
}

size_t gn_tokenizer_vocab_size(const gn_tokenizer *tok) {
    return tok->vocab.size > tok->extra.size ? tok->vocab.size : tok->extra.size;
}

const char *gn_tokenizer_token(const gn_tokenizer *tok, int32_t id) {
    if (id < 0) return NULL;
    size_t i = (size_t)id;
    if (i < tok->extra.size && tok->extra.text[i]) return tok->extra.text[i];
    return i < tok->vocab.size ? tok->vocab.text[i] : NULL;
}

int32_t gn_tokenizer_id(const gn_tokenizer *tok, const char *token) {
    int32_t id = gn_vocab_find(&tok->vocab, token, strlen(token));
    return id >= 0 ? id : gn_vocab_find(&tok->extra, token, strlen(token));
}

const char *gn_tokenizer_kind(const gn_tokenizer *tok) {
    return tok->kind == GN_TOKENIZER_BPE ? "byte_bpe" : "wordpiece";
}
