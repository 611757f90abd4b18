/* Tokenizers against the golden files of tests/golden/make_tokenizer.py and make_bpe.py: every file
 * has a walker here, and two tokenizers side by side in it. */
#ifndef GN_TESTS_GOLDEN_TOKENIZER_H
#define GN_TESTS_GOLDEN_TOKENIZER_H

#include "tap.h"

#include "gonio/text.h"

#include "base/mem.h"
#include "io/file.h"
#include "io/json.h"
#include "text/utf8.h"

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

static const gn_encode_opts whole = {.special = true};

static inline gn_tokenizer *golden_tokenizer(const char *dir) {
    gn_tokenizer *tok = NULL;
    gn_error err;
    if (gn_tokenizer_open(dir, &tok, &err) != GN_OK) printf("# %s\n", err.message);
    return tok;
}

/** Two tokenizers, or one. */
typedef struct golden_pair {
    gn_tokenizer *tok[2];
    char second; /**< the letter that lines of the second one start with */
} golden_pair;

static inline golden_pair golden_open(const char *first, const char *other, char second) {
    return (golden_pair){{golden_tokenizer(test_path(first)), golden_tokenizer(test_path(other))},
                         second};
}

static inline void golden_close(golden_pair *g) {
    gn_tokenizer_free(g->tok[0]);
    gn_tokenizer_free(g->tok[1]);
}

/* ---- adversarial.tsv: tokenizer, kind, text in hex, id:start:end:word ... -------------------- */

/** True when the tokens are those of the golden line. */
static inline bool same_tokens(const gn_encoding *e, const char *want) {
    size_t i = 0;
    for (; *want; i++) {
        int id, word, used;
        unsigned start, end;
        if (sscanf(want, "%d:%u:%u:%d%n", &id, &start, &end, &word, &used) != 4) return false;
        if (i >= e->n || e->id[i] != id || e->start[i] != start || e->end[i] != end ||
            e->word[i] != word)
            return false;
        want += used;
        while (*want == ' ') want++;
    }
    return i == e->n;
}

static inline void golden_lines(const golden_pair *g, const char *file, int at_least) {
    REQUIRE(g->tok[0] && g->tok[1]);
    FILE *f = fopen(test_path(file), "r");
    REQUIRE(f != NULL);
    static char line[1 << 16], text[1 << 15];
    gn_encoding e = {0};
    gn_error err;
    int n = 0, wrong = 0;
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#') continue;
        line[strcspn(line, "\n")] = 0;
        char *kind = strchr(line, '\t');
        REQUIRE(kind);
        char *hex = strchr(kind + 1, '\t');
        REQUIRE(hex);
        char *want = strchr(hex + 1, '\t');
        REQUIRE(want);
        size_t len = from_hex(hex + 1, (size_t)(want - hex - 1), text);
        const gn_tokenizer *tok = g->tok[line[0] == g->second];
        OK(gn_tokenizer_encode(tok, text, len, whole, &e, NULL, &err));
        if (!same_tokens(&e, want + 1) && wrong++ < 5)
            printf("# differs: %.*s\n", (int)(want - line), line);
        n++;
    }
    fclose(f);
    CHECK(wrong == 0);
    CHECK(n > at_least);
    gn_encoding_free(&e);
}

/* ---- codepoints.txt: first code point of 4,096, a digest for each tokenizer -------------------
 */

static inline void golden_codepoints(const golden_pair *g, const char *file) {
    REQUIRE(g->tok[0] && g->tok[1]);
    FILE *f = fopen(test_path(file), "r");
    REQUIRE(f != NULL);
    char line[128];
    gn_encoding e = {0};
    gn_error err;
    int n = 0;
    while (fgets(line, sizeof line, f)) {
        unsigned block;
        unsigned long long want[2];
        if (sscanf(line, "%x %llx %llx", &block, &want[0], &want[1]) != 3) continue;
        digest d[2] = {digest_new(), digest_new()};
        for (uint32_t cp = block; cp < block + 4096; cp++) {
            if (cp >= 0xD800 && cp < 0xE000) continue;
            char c[4], text[64];
            size_t len = gn_utf8_put(c, cp);
            /* U+0000 is a byte like any other: lengths are explicit. */
            int at = snprintf(text, sizeof text, "the");
            for (int k = 0; k < 3; k++) {
                static const char *const between[] = {"river ", " a", "\xCC\xA7"};
                memcpy(text + at, c, len);
                at += (int)len;
                at += snprintf(text + at, sizeof text - (size_t)at, "%s", between[k]);
            }
            for (int k = 0; k < 2; k++) {
                OK(gn_tokenizer_encode(g->tok[k], text, (size_t)at, whole, &e, NULL, &err));
                digest_text(&d[k], &e);
            }
        }
        if (d[0].h != want[0] || d[1].h != want[1]) printf("# differs from U+%06X on\n", block);
        CHECK(d[0].h == want[0]);
        CHECK(d[1].h == want[1]);
        n++;
    }
    fclose(f);
    CHECK(n == 0x110);
    gn_encoding_free(&e);
}

/* ---- settings.jsonl: tokenizers with random settings, each with texts -------------------------
 */

static inline bool same_numbers(const json_t *want, size_t n, const int32_t *got) {
    if (json_array_size(want) != n) return false;
    for (size_t i = 0; i < n; i++)
        if (json_integer_value(json_array_get(want, i)) != got[i]) return false;
    return true;
}

static inline bool same_offsets(const json_t *want, size_t n, const uint32_t *got) {
    for (size_t i = 0; i < n; i++)
        if (json_integer_value(json_array_get(want, i)) != got[i]) return false;
    return true;
}

static inline void golden_settings(const char *file, int n_want) {
    gn_error err;
    char *lines = NULL, text[256];
    size_t n;
    OK(gn_read_file(test_path(file), 1 << 24, &lines, &n, &err));
    /* a folder for this program: the suite runs several at once */
    char dir[1024], path[1100];
    snprintf(dir, sizeof dir, "%s-%d", tmp_path("settings"), n_want);
    snprintf(path, sizeof path, "%s/tokenizer.json", dir);
    OK(gn_make_dirs(dir, &err));
    gn_encoding e = {0};
    int n_texts = 0, wrong = 0;
    for (char *line = lines, *end; line < lines + n; line = end + 1) {
        end = strchr(line, '\n');
        REQUIRE(end != NULL);
        json_t *root;
        OK(gn_json_parse(line, (size_t)(end - line), file, &root, &err));
        REQUIRE(json_dump_file(json_object_get(root, "tokenizer"), path, 0) == 0);
        gn_tokenizer *tok;
        OK(gn_tokenizer_open(dir, &tok, &err));
        const json_t *texts = json_object_get(root, "texts");
        for (size_t i = 0; i < json_array_size(texts); i++, n_texts++) {
            const json_t *t = json_array_get(texts, i);
            const char *hex = json_string_value(json_array_get(t, 0));
            size_t len = from_hex(hex, strlen(hex), text);
            OK(gn_tokenizer_encode(tok, text, len, whole, &e, NULL, &err));
            bool same = same_numbers(json_array_get(t, 1), e.n, e.id) &&
                        same_offsets(json_array_get(t, 2), e.n, e.start) &&
                        same_offsets(json_array_get(t, 3), e.n, e.end) &&
                        same_numbers(json_array_get(t, 4), e.n, e.word);
            if (!same && wrong++ < 5) printf("# differs: %d, %s\n", n_texts, hex);
        }
        gn_tokenizer_free(tok);
        json_decref(root);
    }
    CHECK(n_texts == n_want);
    CHECK(wrong == 0);
    gn_encoding_free(&e);
    gn_free(lines);
}

/* ---- wordnet.txt: number of glosses, a digest for each tokenizer ------------------------------
 */

static inline void golden_wordnet(const golden_pair *g, const char *file) {
    static const char *const part[] = {"noun", "verb", "adj", "adv"};
    REQUIRE(g->tok[0] != NULL);
    FILE *golden = fopen(test_path(file), "r");
    REQUIRE(golden != NULL);
    digest d[2] = {digest_new(), digest_new()};
    gn_encoding e = {0};
    gn_error err;
    unsigned long long n = 0, want_n = 0, want[2] = {0, 0};
    char line[1 << 14];
    for (int p = 0; p < 4; p++) {
        snprintf(line, sizeof line, "/usr/share/wordnet/data.%s", part[p]);
        FILE *f = fopen(line, "r");
        if (!f) SKIP("WordNet's data files are not in /usr/share/wordnet");
        while (fgets(line, sizeof line, f)) {
            char *gloss = strchr(line, '|');
            if (!gloss) continue;
            gloss += 1 + strspn(gloss + 1, " ");
            size_t len = strlen(gloss);
            while (len && strchr(" \r\n", gloss[len - 1])) len--;
            for (int k = 0; k < 2 && g->tok[k]; k++) {
                OK(gn_tokenizer_encode(g->tok[k], gloss, len, whole, &e, NULL, &err));
                digest_text(&d[k], &e);
            }
            n++;
            while (want_n < n) {
                char row[128];
                REQUIRE(fgets(row, sizeof row, golden) != NULL);
                if (row[0] != '#')
                    REQUIRE(sscanf(row, "%llu %llx %llx", &want_n, &want[0], &want[1]) >= 2);
            }
            for (int k = 0; k < 2 && g->tok[k] && n == want_n; k++) {
                if (d[k].h != want[k]) printf("# tokenizer %d differs before gloss %llu\n", k, n);
                REQUIRE(d[k].h == want[k]);
            }
        }
        fclose(f);
    }
    CHECK(n > 10000 && n == want_n);
    fclose(golden);
    gn_encoding_free(&e);
}

#endif
