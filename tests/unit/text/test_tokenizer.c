/* WordPiece against the public tokenizers library: ids, offsets and words, token for token. */
#include "golden_tokenizer.h"

#include "base/mem.h"
#include "io/file.h"
#include "io/json.h"
#include "text/utf8.h"

static const gn_encode_opts whole = {.special = true};

static gn_tokenizer *open_or_complain(const char *dir) {
    gn_tokenizer *tok = NULL;
    gn_error err;
    if (gn_tokenizer_open(dir, &tok, &err) != GN_OK) printf("# %s\n", err.message);
    return tok;
}

/* ---- adversarial.tsv: tokenizer, kind, text in hex, id:start:end:word ... ----------------------
 */

/* True when the tokens are those of the golden line. */
static bool same_tokens(const gn_encoding *e, const char *want) {
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

TEST(equals_the_reference_on_adversarial_text) {
    gn_tokenizer *tok[2] = {open_or_complain(test_path("golden/tokenizer/uncased")),
                            open_or_complain(test_path("golden/tokenizer/cased"))};
    REQUIRE(tok[0] && tok[1]);
    FILE *f = fopen(test_path("golden/tokenizer/adversarial.tsv"), "r");
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
        OK(gn_tokenizer_encode(tok[line[0] == 'c'], text, len, whole, &e, NULL, &err));
        if (!same_tokens(&e, want + 1) && wrong++ < 5)
            printf("# differs: %.*s\n", (int)(want - line), line);
        n++;
    }
    fclose(f);
    CHECK(wrong == 0);
    CHECK(n > 1000);
    gn_encoding_free(&e);
    gn_tokenizer_free(tok[0]);
    gn_tokenizer_free(tok[1]);
}

TEST(equals_the_reference_on_every_code_point) {
    gn_tokenizer *tok[2] = {open_or_complain(test_path("golden/tokenizer/uncased")),
                            open_or_complain(test_path("golden/tokenizer/cased"))};
    REQUIRE(tok[0] && tok[1]);
    FILE *f = fopen(test_path("golden/tokenizer/codepoints.txt"), "r");
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
            char c[5] = {0}, text[64];
            gn_utf8_put(c, cp);
            int len = (int)gn_utf8_put(c, cp);
            /* U+0000 is a byte like any other: lengths are explicit. */
            int at = snprintf(text, sizeof text, "the");
            for (int k = 0; k < 3; k++) {
                static const char *const between[] = {"river ", " a", "\xCC\xA7"};
                memcpy(text + at, c, (size_t)len);
                at += len;
                at += snprintf(text + at, sizeof text - (size_t)at, "%s", between[k]);
            }
            for (int k = 0; k < 2; k++) {
                OK(gn_tokenizer_encode(tok[k], text, (size_t)at, whole, &e, NULL, &err));
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
    gn_tokenizer_free(tok[0]);
    gn_tokenizer_free(tok[1]);
}

/* ---- settings.jsonl: 60 tokenizers with random settings, 12 texts each -------------------------
 */

static bool same_numbers(const json_t *want, size_t n, const int32_t *got) {
    if (json_array_size(want) != n) return false;
    for (size_t i = 0; i < n; i++)
        if (json_integer_value(json_array_get(want, i)) != got[i]) return false;
    return true;
}

static bool same_offsets(const json_t *want, size_t n, const uint32_t *got) {
    for (size_t i = 0; i < n; i++)
        if (json_integer_value(json_array_get(want, i)) != got[i]) return false;
    return true;
}

TEST(equals_the_reference_under_any_settings) {
    gn_error err;
    char *lines = NULL, text[256];
    size_t n;
    OK(gn_read_file(test_path("golden/tokenizer/settings.jsonl"), 1 << 24, &lines, &n, &err));
    OK(gn_make_dirs(tmp_path("settings"), &err));
    gn_encoding e = {0};
    int n_texts = 0, wrong = 0;
    for (char *line = lines, *end; line < lines + n; line = end + 1) {
        end = strchr(line, '\n');
        REQUIRE(end != NULL);
        json_t *root;
        OK(gn_json_parse(line, (size_t)(end - line), "settings.jsonl", &root, &err));
        REQUIRE(json_dump_file(json_object_get(root, "tokenizer"),
                               tmp_path("settings/tokenizer.json"), 0) == 0);
        gn_tokenizer *tok;
        OK(gn_tokenizer_open(tmp_path("settings"), &tok, &err));
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
            if (!same && wrong++ < 5) printf("# differs: %s\n", hex);
        }
        gn_tokenizer_free(tok);
        json_decref(root);
    }
    CHECK(n_texts == 60 * 12);
    CHECK(wrong == 0);
    gn_encoding_free(&e);
    gn_free(lines);
}

/* ---- WordNet with the demo model ---------------------------------------------------------------
 */

TEST(equals_the_reference_on_wordnet) {
    static const char *const part[] = {"noun", "verb", "adj", "adv"};
    if (!demo_model()) SKIP("GN_DEMO_MODEL does not name the demo model's folder");
    FILE *golden = fopen(test_path("golden/tokenizer/wordnet.txt"), "r");
    REQUIRE(golden != NULL);
    gn_tokenizer *tok = open_or_complain(demo_model());
    REQUIRE(tok);
    digest d = digest_new();
    gn_encoding e = {0};
    gn_error err;
    unsigned long long n = 0, want_n = 0, want = 0;
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
            OK(gn_tokenizer_encode(tok, gloss, len, whole, &e, NULL, &err));
            digest_text(&d, &e);
            n++;
            while (want_n < n) {
                char row[128];
                REQUIRE(fgets(row, sizeof row, golden) != NULL);
                if (row[0] != '#') REQUIRE(sscanf(row, "%llu %llx", &want_n, &want) == 2);
            }
            if (n == want_n && d.h != want) {
                printf("# differs between glosses %llu and %llu\n", n - 500, n);
                REQUIRE(d.h == want);
            }
        }
        fclose(f);
    }
    CHECK(n > 10000 && n == want_n && d.h == want);
    fclose(golden);
    gn_encoding_free(&e);
    gn_tokenizer_free(tok);
}

/* ---- the rest of the contract ------------------------------------------------------------------
 */

TEST(vocabulary) {
    gn_tokenizer *tok = open_or_complain(test_path("golden/tokenizer/uncased"));
    REQUIRE(tok);
    CHECK_STR(gn_tokenizer_kind(tok), "wordpiece");
    size_t size = gn_tokenizer_vocab_size(tok);
    CHECK(size > 200);
    for (size_t i = 0; i < size; i++) {
        const char *token = gn_tokenizer_token(tok, (int32_t)i);
        REQUIRE(token != NULL);
        CHECK(gn_tokenizer_id(tok, token) == (int32_t)i);
    }
    CHECK_STR(gn_tokenizer_token(tok, 4), "[MASK]");
    CHECK(gn_tokenizer_token(tok, -1) == NULL);
    CHECK(gn_tokenizer_token(tok, (int32_t)size) == NULL);
    CHECK(gn_tokenizer_id(tok, "no such token") == -1);
    gn_tokenizer_free(tok);
}

TEST(truncation) {
    gn_tokenizer *tok = open_or_complain(test_path("golden/tokenizer/uncased"));
    REQUIRE(tok);
    gn_error err;
    gn_encoding e = {0};
    size_t cut = 99;
    const char *text = "the river of light";
    OK(gn_tokenizer_encode(tok, text, strlen(text), (gn_encode_opts){true, 6}, &e, &cut, &err));
    CHECK(e.n == 6 && cut == 0);
    OK(gn_tokenizer_encode(tok, text, strlen(text), (gn_encode_opts){true, 4}, &e, &cut, &err));
    CHECK(e.n == 4 && cut == 2);
    CHECK(e.id[0] == 2 && e.id[3] == 3 && e.word[3] == -1 && e.start[3] == 0 && e.end[3] == 0);
    CHECK(e.start[2] == 4 && e.end[2] == 9 && e.word[2] == 1);
    OK(gn_tokenizer_encode(tok, text, strlen(text), (gn_encode_opts){false, 3}, &e, &cut, &err));
    CHECK(e.n == 3 && cut == 1 && e.word[0] == 0);
    OK(gn_tokenizer_encode(tok, text, strlen(text), (gn_encode_opts){true, 2}, &e, &cut, &err));
    CHECK(e.n == 2 && cut == 4);
    OK(gn_tokenizer_encode(tok, text, strlen(text), (gn_encode_opts){true, 5}, &e, &cut, &err));
    CHECK(e.n == 5 && cut == 1);
    OK(gn_tokenizer_encode(tok, text, strlen(text), (gn_encode_opts){true, 2}, &e, &cut, &err));
    gn_status st = gn_tokenizer_encode(tok, text, 3, (gn_encode_opts){true, 1}, &e, &cut, &err);
    CHECK(st == GN_EINVAL);
    CHECK_CONTAINS(err.message, "no room for 2 special tokens");
    CHECK(e.n == 2 && cut == 4);
    OK(gn_tokenizer_encode(tok, NULL, 0, (gn_encode_opts){0}, &e, &cut, &err));
    CHECK(e.n == 0);
    gn_encoding_free(&e);
    gn_tokenizer_free(tok);
}

TEST(invalid_utf8_is_an_error) {
    static const struct {
        const char *bytes;
        size_t n, at;
    } bad[] = {{"\x80", 1, 0},
               {"ab\xC3(", 4, 2},
               {"a\xC0\xAF", 3, 1},
               {"\xE0\x80\x80", 3, 0},
               {"\xED\xA0\x80", 3, 0},
               {"12345678\xF0\x9F\x98", 11, 8},
               {"\xF4\x90\x80\x80", 4, 0},
               {"\xFF\xFE", 2, 0},
               {"\xE2\x82", 2, 0}};
    gn_tokenizer *tok = open_or_complain(test_path("golden/tokenizer/uncased"));
    REQUIRE(tok);
    gn_encoding e = {0};
    gn_error err;
    OK(gn_tokenizer_encode(tok, "the", 3, whole, &e, NULL, &err));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char want[64];
        snprintf(want, sizeof want, "byte %zu: invalid UTF-8", bad[i].at);
        CHECK(gn_tokenizer_encode(tok, bad[i].bytes, bad[i].n, whole, &e, NULL, &err) == GN_EDATA);
        CHECK_CONTAINS(err.message, want);
        CHECK(e.n == 3);
    }
    gn_encoding_free(&e);
    gn_tokenizer_free(tok);
}

int main(void) {
    RUN(equals_the_reference_on_adversarial_text);
    RUN(equals_the_reference_on_every_code_point);
    RUN(equals_the_reference_under_any_settings);
    RUN(equals_the_reference_on_wordnet);
    RUN(vocabulary);
    RUN(truncation);
    RUN(invalid_utf8_is_an_error);
    return tap_done();
}
