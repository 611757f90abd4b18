/* Corpora: the same bytes as each kind of file. */
#include "text/corpus.h"
#include "text/utf8.h"

#include "fuzz.h"

static void check(const gn_corpus *c) {
    fuzz_require(gn_corpus_count(c) > 0);
    for (size_t i = 0; i < gn_corpus_count(c); i++) {
        gn_record r = gn_corpus_at(c, i);
        fuzz_require(gn_utf8_valid(r.text, r.n_bytes) == r.n_bytes);
        fuzz_require(r.line > 0 && (r.has_target || !gn_corpus_has_targets(c)));
        if (r.has_target) fuzz_require(r.target_start < r.target_end && r.target_end <= r.n_bytes);
        for (size_t j = 0; j < gn_corpus_label_count(c); j++)
            fuzz_touch(r.label[j], strlen(r.label[j]));
    }
    for (size_t j = 0; j < gn_corpus_label_count(c); j++)
        fuzz_touch(gn_corpus_label_name(c, j), strlen(gn_corpus_label_name(c, j)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const name[] = {"x.txt", "x.csv", "x.tsv", "x.jsonl"};
    gn_error err;
    for (int k = 0; k < 4; k++) {
        gn_corpus *c = NULL;
        char *copy = gn_alloc(size, 1);
        fuzz_require(copy != NULL);
        if (size) memcpy(copy, data, size);
        if (gn_corpus_parse(name[k], copy, size, NULL, &c, &err) == GN_OK) check(c);
        gn_corpus_free(c);
    }
    return 0;
}
