/* A tokenizer (of any kind) in MB/s of one core: each line of a text on its own, CPU time, median of 7 runs.
 *
 *     bench-tokenizer MODEL_DIR TEXT [MIN_MB]
 *
 * The text is gone through until MIN_MB (default 20) megabytes are done in each run. Prints one
 * JSON line; bench/peers_tokenizer.py runs it beside the public tokenizers library on the same
 * lines. */
#define _POSIX_C_SOURCE 200809L
#include "clock.h"
#include "gonio/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RUNS = 7 };

static int fail(const gn_error *err) {
    fprintf(stderr, "bench-tokenizer: %s\n", err->message);
    return 1;
}

int main(int argc, char **argv) {
    gn_tokenizer *tok;
    gn_corpus *corpus;
    gn_error err;
    gn_encoding e = {0};
    if (argc < 3) return fprintf(stderr, "usage: bench-tokenizer MODEL_DIR TEXT [MIN_MB]\n"), 64;
    double min_bytes = (argc > 3 ? atof(argv[3]) : 20) * 1e6, rate[RUNS], tokens = 0;
    if (gn_tokenizer_open(argv[1], &tok, &err) != GN_OK) return fail(&err);
    if (gn_corpus_open(argv[2], NULL, &corpus, &err) != GN_OK) return fail(&err);
    for (int r = 0; r < RUNS; r++) {
        double bytes = 0;
        tokens = 0;
        clock_t start = clock();
        while (bytes < min_bytes)
            for (size_t i = 0; i < gn_corpus_count(corpus); i++) {
                gn_record line = gn_corpus_at(corpus, i);
                if (gn_tokenizer_encode(tok, line.text, line.n_bytes, (gn_encode_opts){true, 0}, &e,
                                        NULL, &err) != GN_OK)
                    return fail(&err);
                bytes += (double)line.n_bytes;
                tokens += (double)e.n;
            }
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        rate[r] = bytes / seconds / 1e6;
    }
    qsort(rate, RUNS, sizeof rate[0], ascending);
    printf("{\"bench\": \"tokenizer\", \"version\": \"%s\", \"lines\": %zu, \"tokens\": %.0f, "
           "\"mb_per_s\": %.1f, \"min\": %.1f, \"max\": %.1f}\n",
           gn_version(), gn_corpus_count(corpus), tokens, rate[RUNS / 2], rate[0], rate[RUNS - 1]);
    gn_encoding_free(&e);
    gn_corpus_free(corpus);
    gn_tokenizer_free(tok);
    return 0;
}
