/* WordPiece against the public tokenizers library: ids, offsets and words, token for token. */
#include "golden_tokenizer.h"

TEST(equals_the_reference_on_adversarial_text) {
    golden_pair g = golden_open("golden/tokenizer/uncased", "golden/tokenizer/cased", 'c');
    golden_lines(&g, "golden/tokenizer/adversarial.tsv", 1000);
    golden_close(&g);
}

TEST(equals_the_reference_on_every_code_point) {
    golden_pair g = golden_open("golden/tokenizer/uncased", "golden/tokenizer/cased", 'c');
    golden_codepoints(&g, "golden/tokenizer/codepoints.txt");
    golden_close(&g);
}

TEST(equals_the_reference_under_any_settings) {
    golden_settings("golden/tokenizer/settings.jsonl", 60 * 12);
}

TEST(equals_the_reference_on_wordnet) {
    if (!demo_model()) SKIP("GN_DEMO_MODEL does not name the demo model's folder");
    golden_pair g = {.tok = {golden_tokenizer(demo_model())}};
    golden_wordnet(&g, "golden/tokenizer/wordnet.txt");
    golden_close(&g);
}

/* ---- the rest of the contract ------------------------------------------------------------------
 */

TEST(vocabulary) {
    gn_tokenizer *tok = golden_tokenizer(test_path("golden/tokenizer/uncased"));
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
    gn_tokenizer *tok = golden_tokenizer(test_path("golden/tokenizer/uncased"));
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
    gn_tokenizer *tok = golden_tokenizer(test_path("golden/tokenizer/uncased"));
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
