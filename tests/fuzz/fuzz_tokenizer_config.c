/* tokenizer_config.json and special_tokens_map.json, the same document as both, beside a small
 * vocab.txt: whatever opens must encode. */
#include "text/tokenizer.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char vocab[] =
        "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n<s>\nthe\nre\n##to\n##ken\n-\nx\n";
    static const char text[] = "The re-token\xCC\x81 [MASK] <s> <new> \xE4\xB8\xAD\xEA\xB0\x81 x";
    gn_error err = {0};
    json_t *config = NULL;
    if (gn_json_parse((const char *)data, size, "x.json", &config, &err) != GN_OK) return 0;
    gn_vocab_files files = {.vocab = vocab,
                            .vocab_name = "vocab.txt",
                            .n = sizeof vocab - 1,
                            .config = config,
                            .map = config,
                            .config_name = "x.json"};
    gn_tokenizer *tok = gn_calloc(1, sizeof *tok);
    fuzz_require(tok != NULL);
    if (gn_tokenizer_parse_vocab(tok, &files, &err) == GN_OK) {
        gn_encoding e = {0};
        gn_encode_opts opts = {.special = true};
        fuzz_require(gn_tokenizer_encode(tok, text, sizeof text - 1, opts, &e, NULL, &err) ==
                     GN_OK);
        for (size_t i = 0; i < e.n; i++) {
            fuzz_require(gn_tokenizer_token(tok, e.id[i]) != NULL);
            fuzz_require(e.start[i] <= e.end[i] && e.end[i] < sizeof text);
        }
        gn_encoding_free(&e);
    } else {
        fuzz_require(*err.message != '\0');
    }
    gn_tokenizer_free(tok);
    json_decref(config);
    return 0;
}
