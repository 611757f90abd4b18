/* tokenizer.json: whatever opens must encode. */
#include "text/tokenizer.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char text[] = "The re-token\xCC\x81 [MASK]  \xE4\xB8\xAD\xEA\xB0\x81 x";
    gn_error err;
    gn_tokenizer *tok = gn_calloc(1, sizeof *tok);
    fuzz_require(tok != NULL);
    if (gn_tokenizer_parse_json(tok, (const char *)data, size, "x.json", &err) == GN_OK) {
        gn_encoding e = {0};
        gn_encode_opts opts = {.special = true};
        fuzz_require(gn_tokenizer_encode(tok, text, sizeof text - 1, opts, &e, NULL, &err) ==
                     GN_OK);
        for (size_t i = 0; i < e.n; i++) {
            fuzz_require(gn_tokenizer_token(tok, e.id[i]) != NULL);
            fuzz_require(e.start[i] <= e.end[i] && e.end[i] < sizeof text);
        }
        gn_encoding_free(&e);
    }
    gn_tokenizer_free(tok);
    return 0;
}
