/* vocab.txt: whatever opens has its special tokens, and finds each of its strings again. */
#include "text/tokenizer.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gn_error err;
    gn_vocab_files files = {
        .vocab = (const char *)data, .vocab_name = "vocab.txt", .n = size, .config_name = "config"};
    gn_tokenizer *tok = gn_calloc(1, sizeof *tok);
    fuzz_require(tok != NULL);
    if (gn_tokenizer_parse_vocab(tok, &files, &err) == GN_OK) {
        fuzz_require(gn_tokenizer_id(tok, "[UNK]") >= 0 && gn_tokenizer_id(tok, "[CLS]") >= 0);
        for (size_t i = 0; i < gn_tokenizer_vocab_size(tok); i++) {
            const char *token = gn_tokenizer_token(tok, (int32_t)i);
            fuzz_require(!token || gn_tokenizer_id(tok, token) == (int32_t)i);
        }
    }
    gn_tokenizer_free(tok);
    return 0;
}
