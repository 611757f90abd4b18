/* What the golden files of tests/golden/make_tokenizer.py need: digests, hex, the demo model. */
#ifndef GN_TESTS_GOLDEN_TOKENIZER_H
#define GN_TESTS_GOLDEN_TOKENIZER_H

#include "tap.h"

#include "gonio/text.h"

/** The folder of all-MiniLM-L6-v2, or NULL: tests that need it are skipped then. */
static inline const char *demo_model(void) {
    const char *dir = getenv("GN_DEMO_MODEL");
    return dir && *dir ? dir : NULL;
}

/** 64-bit FNV-1a over 32-bit numbers: (id, start, end, word) of each token, -2 behind each text. */
typedef struct digest {
    uint64_t h;
} digest;

static inline digest digest_new(void) {
    return (digest){UINT64_C(0xCBF29CE484222325)};
}

static inline void digest_add(digest *d, uint32_t value) {
    d->h = (d->h ^ value) * UINT64_C(0x100000001B3);
}

static inline void digest_text(digest *d, const gn_encoding *e) {
    for (size_t i = 0; i < e->n; i++) {
        digest_add(d, (uint32_t)e->id[i]);
        digest_add(d, e->start[i]);
        digest_add(d, e->end[i]);
        digest_add(d, (uint32_t)e->word[i]);
    }
    digest_add(d, UINT32_MAX - 1);
}

/** Bytes from n_hex hexadecimal digits into out (room for n_hex / 2); returns how many. */
static inline size_t from_hex(const char *hex, size_t n_hex, char *out) {
    for (size_t i = 0; i + 1 < n_hex; i += 2) {
        char pair[3] = {hex[i], hex[i + 1], 0};
        out[i / 2] = (char)strtoul(pair, NULL, 16);
    }
    return n_hex / 2;
}

#endif
