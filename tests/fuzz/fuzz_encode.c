/* Any bytes through two small tokenizers, cased and not: invalid UTF-8 is an error; otherwise ids
 * are of the vocabulary, offsets lie on code points, inside the text, and never step back. */
#include "text/tokenizer.h"
#include "text/utf8.h"

#include "fuzz.h"

static const char vocab[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nto\n##ken\n##s\n,\ne\n##e\nx\n##x\n"
    "\xE4\xB8\xAD\n\xE1\x84\x80\n##\xE1\x85\xA1\n##\xCC\x81\n\xCF\x83\n[\n]\n";

static void check(const gn_tokenizer *tok, const char *text, size_t n) {
    gn_error err;
    gn_encoding e = {0}, cut = {0};
    size_t n_cut = 0;
    gn_status st = gn_tokenizer_encode(tok, text, n, (gn_encode_opts){true, 0}, &e, NULL, &err);
    fuzz_require(st == (gn_utf8_valid(text, n) == n ? GN_OK : GN_EDATA));
    if (st == GN_OK) {
        fuzz_require(e.n >= 2 && e.word[0] == -1 && e.word[e.n - 1] == -1);
        for (size_t i = 1; i + 1 < e.n; i++) {
            fuzz_require(gn_tokenizer_token(tok, e.id[i]) != NULL);
            fuzz_require(e.start[i] < e.end[i] && e.end[i] <= n);
            fuzz_require(((unsigned char)text[e.start[i]] & 0xC0) != 0x80);
            fuzz_require(e.end[i] == n || ((unsigned char)text[e.end[i]] & 0xC0) != 0x80);
            if (i == 1)
                fuzz_require(e.word[i] == 0);
            else {
                fuzz_require(e.word[i] == e.word[i - 1] || e.word[i] == e.word[i - 1] + 1);
                fuzz_require(e.start[i] >= e.start[i - 1] && e.end[i] >= e.end[i - 1]);
            }
        }
        st = gn_tokenizer_encode(tok, text, n, (gn_encode_opts){false, 3}, &cut, &n_cut, &err);
        fuzz_require(st == GN_OK && cut.n + n_cut == e.n - 2 && cut.n <= 3);
        for (size_t i = 0; i < cut.n; i++) fuzz_require(cut.id[i] == e.id[i + 1]);
    }
    gn_encoding_free(&e);
    gn_encoding_free(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static gn_tokenizer *tok[2];
    gn_error err;
    for (int cased = 0; cased < 2; cased++) {
        if (!tok[cased]) {
            gn_vocab_files files = {.vocab = vocab,
                                    .vocab_name = "vocab.txt",
                                    .n = sizeof vocab - 1,
                                    .config_name = "c"};
            if (cased) files.config = json_pack("{s:b}", "do_lower_case", 0);
            tok[cased] = gn_calloc(1, sizeof **tok);
            fuzz_require(tok[cased] != NULL);
            fuzz_require(gn_tokenizer_parse_vocab(tok[cased], &files, &err) == GN_OK);
            json_decref(files.config);
        }
        check(tok[cased], (const char *)data, size);
    }
    return 0;
}
