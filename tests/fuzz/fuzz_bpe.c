/* vocab.json and merges.txt in one input, a line "====" between them: whatever opens must give back
 * every byte of a text that it encodes. */
#define _GNU_SOURCE
#include "text/tokenizer.h"

#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char text[] = "The re-tokens' a\xCC\x81   <mask>\n\xE4\xB8\xAD 12's\x00.";
    static const char cut[] = "\n====\n";
    gn_error err;
    const char *bytes = (const char *)data, *merges = memmem(data, size, cut, sizeof cut - 1);
    size_t n_vocab = merges ? (size_t)(merges - bytes) : size;
    gn_vocab_files files = {.vocab = bytes,
                            .vocab_name = "vocab.json",
                            .n = n_vocab,
                            .merges = merges ? merges + sizeof cut - 1 : "",
                            .merges_name = "merges.txt",
                            .n_merges = merges ? size - n_vocab - (sizeof cut - 1) : 0,
                            .family = "gpt2",
                            .config_name = "config"};
    gn_tokenizer *tok = gn_calloc(1, sizeof *tok);
    fuzz_require(tok != NULL);
    if (gn_tokenizer_parse_bpe(tok, &files, &err) == GN_OK) {
        gn_encoding e = {0};
        gn_encode_opts opts = {.special = true};
        unsigned char piece[4096];
        size_t at = 0;
        fuzz_require(gn_tokenizer_encode(tok, text, sizeof text, opts, &e, NULL, &err) == GN_OK);
        for (size_t i = 0; i < e.n; i++) {
            const char *token = gn_tokenizer_token(tok, e.id[i]);
            fuzz_require(token != NULL && e.start[i] < e.end[i] && e.end[i] <= sizeof text);
            if (strlen(token) >= sizeof piece) break;
            size_t n = gn_bpe_bytes(token, strlen(token), piece);
            fuzz_require(n <= sizeof text - at && memcmp(piece, text + at, n) == 0);
            at += n;
        }
        gn_encoding_free(&e);
    }
    gn_tokenizer_free(tok);
    return 0;
}
