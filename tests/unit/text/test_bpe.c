/* Byte-level BPE against the public tokenizers library: ids, places and words, token for token; the
 * merges against their definition; the files and what can be wrong with them. */
#include "golden_tokenizer.h"

#include "base/random.h"
#include "text/bpe.h"

#include <sys/stat.h>

static golden_pair both(void) {
    return golden_open("golden/bpe/gpt2", "golden/bpe/roberta", 'r');
}

TEST(equals_the_reference_on_adversarial_text) {
    golden_pair g = both();
    golden_lines(&g, "golden/bpe/adversarial.tsv", 500);
    golden_close(&g);
}

TEST(equals_the_reference_on_every_code_point) {
    golden_pair g = both();
    golden_codepoints(&g, "golden/bpe/codepoints.txt");
    golden_close(&g);
}

TEST(equals_the_reference_under_any_settings) {
    golden_settings("golden/bpe/settings.jsonl", 30 * 16);
}

TEST(equals_the_reference_on_wordnet) {
    golden_pair g = both();
    golden_wordnet(&g, "golden/bpe/wordnet.txt");
    golden_close(&g);
}

TEST(vocabulary) {
    golden_pair g = both();
    REQUIRE(g.tok[0] && g.tok[1]);
    CHECK_STR(gn_tokenizer_kind(g.tok[0]), "byte_bpe");
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < gn_tokenizer_vocab_size(g.tok[k]); i++) {
            const char *token = gn_tokenizer_token(g.tok[k], (int32_t)i);
            REQUIRE(token != NULL);
            CHECK(gn_tokenizer_id(g.tok[k], token) == (int32_t)i);
        }
    CHECK(gn_tokenizer_id(g.tok[0], "\xC4\xA0the") > 0);
    CHECK_STR(gn_tokenizer_token(g.tok[1], 2), "</s>");
    golden_close(&g);
}

TEST(the_alphabet_is_a_bijection) {
    unsigned char seen[256] = {0}, back[4];
    for (unsigned b = 0; b < 256; b++) {
        char letter[4];
        size_t n = gn_utf8_put(letter, gn_bpe_letter((unsigned char)b));
        CHECK(gn_bpe_bytes(letter, n, back) == 1 && back[0] == b && !seen[b]);
        seen[b] = 1;
    }
    CHECK(gn_bpe_letter(' ') == 0x120 && gn_bpe_letter('a') == 'a' && gn_bpe_letter(0xAD) == 0x143);
    CHECK(gn_bpe_bytes(" ", 1, back) == SIZE_MAX);
    CHECK(gn_bpe_bytes("\xC5\x84", 2, back) == SIZE_MAX); /* U+0144 */
}

/* ---- merges by their definition ----------------------------------------------------------------
 */

typedef struct merge {
    int32_t left, right, joined;
} merge;

/* The leftmost pair of the lowest rank is joined until there is none. */
static size_t naive(const merge *m, size_t n_merges, int32_t *id, size_t n) {
    for (;;) {
        size_t best = n_merges, at = 0;
        for (size_t i = 0; i + 1 < n; i++)
            for (size_t k = 0; k < best; k++)
                if (m[k].left == id[i] && m[k].right == id[i + 1]) {
                    best = k;
                    at = i;
                }
        if (best == n_merges) return n;
        id[at] = m[best].joined;
        memmove(id + at + 1, id + at + 2, (n - at - 2) * sizeof *id);
        n--;
    }
}

TEST(merges_follow_their_definition) {
    gn_error err;
    gn_random r = gn_random_new(3, 0);
    for (int round = 0; round < (test_quick() ? 40 : 400); round++) {
        gn_bpe b = {0};
        gn_bpe_scratch scratch = {0};
        merge m[20];
        size_t n_merges = gn_random_below(&r, 20), n_out;
        bool pair_seen[400][400] = {{false}};
        OK(gn_bpe_reserve(&b, n_merges, &err));
        for (int i = 0; i < 256; i++) b.byte_id[i] = i % 3;
        for (size_t k = 0; k < n_merges; k++) {
            /* a new id each: one string that two pairs make is the settings' test */
            int32_t n_ids = 3 + (int32_t)k;
            do {
                m[k] = (merge){(int32_t)gn_random_below(&r, (uint64_t)n_ids),
                               (int32_t)gn_random_below(&r, (uint64_t)n_ids), n_ids};
            } while (pair_seen[m[k].left][m[k].right]);
            pair_seen[m[k].left][m[k].right] = true;
            gn_bpe_add(&b, m[k].left, m[k].right, m[k].joined, (uint32_t)k);
        }
        for (int t = 0; t < 20; t++) {
            char word[40];
            int32_t want[40];
            gn_piece piece[40];
            size_t n = 1 + gn_random_below(&r, 40);
            for (size_t i = 0; i < n; i++) {
                word[i] = (char)gn_random_below(&r, 3);
                want[i] = word[i];
            }
            size_t n_want = naive(m, n_merges, want, n), at = 0;
            OK(gn_bpe_split(&b, word, n, &scratch, piece, &n_out, &err));
            REQUIRE(n_out == n_want);
            for (size_t i = 0; i < n_out; i++) {
                CHECK(piece[i].id == want[i] && piece[i].start == at && piece[i].end > at);
                at = piece[i].end;
            }
            CHECK(at == n);
        }
        gn_bpe_scratch_free(&scratch);
        gn_bpe_free(&b);
    }
}

TEST(a_long_word_takes_no_quadratic_time) {
    golden_pair g = both();
    REQUIRE(g.tok[0] && g.tok[1]);
    gn_error err;
    gn_encoding e = {0};
    size_t n = 1 << 20, sum = 0; /* 2^39 steps by the definition */
    char *text = gn_alloc(n, 1);
    REQUIRE(text != NULL);
    for (size_t i = 0; i < n; i++) text[i] = "theandingsion"[i % 13];
    OK(gn_tokenizer_encode(g.tok[0], text, n, whole, &e, NULL, &err));
    for (size_t i = 0; i < e.n; i++) sum += e.end[i] - e.start[i];
    CHECK(sum == n && e.word[e.n - 1] == 0 && e.n < n / 2);
    gn_encoding_free(&e);
    gn_free(text);
    golden_close(&g);
}

/* ---- files -------------------------------------------------------------------------------------
 */

static const char *folder(void) {
    const char *dir = tmp_path("bpe_files");
    char command[2048];
    mkdir(dir, 0777);
    snprintf(command, sizeof command, "rm -f '%s'/* && cp '%s'/* '%s'", dir,
             test_path("golden/bpe/gpt2"), dir);
    if (system(command) != 0) printf("# %s\n", command);
    return dir;
}

static void put(const char *dir, const char *name, const char *text) {
    char *path = gn_path_join(dir, name);
    CHECK(gn_write_file(path, text, strlen(text), NULL) == GN_OK);
    gn_free(path);
}

static void complains(const char *dir, gn_status want, const char *say) {
    gn_error err = {0};
    gn_tokenizer *tok = NULL;
    CHECK(gn_tokenizer_open(dir, &tok, &err) == want);
    CHECK_CONTAINS(err.message, say);
    gn_tokenizer_free(tok);
}

TEST(files_that_are_wrong) {
    static const struct {
        const char *name, *text;
        gn_status st;
        const char *say;
    } bad[] = {
        {"vocab.json", "[]", GN_EDATA, "vocab.json: expected an object of tokens"},
        {"vocab.json", "{\"a\": -1}", GN_EDATA, "vocab.json: token 'a': expected an id of 0 to"},
        {"vocab.json", "{\"a\": 1, \"b\": 1}", GN_EDATA, "share the id 1"},
        {"merges.txt", "#version: 0.2\nt h\nthe\n", GN_EDATA,
         "merges.txt: merge 2: 'the': expected"},
        {"merges.txt", "t h e\n", GN_EDATA, "merge 1: 't h e': expected two tokens"},
        {"merges.txt", "q zzz\n", GN_EDATA, "merge 1: 'q' and 'zzz': both, and the two joined"},
        {"merges.txt", "q z\n", GN_EDATA, "must be tokens"},
        {"merges.txt", " q\n", GN_EDATA, "must be tokens"},
        {"merges.txt", "t h\n\xFF h\n", GN_EDATA, "merges.txt: byte 4: invalid UTF-8"},
        {"tokenizer_config.json", "{\"tokenizer_class\": \"CLIPTokenizer\"}", GN_ENOSUPP,
         "'CLIPTokenizer' is not known with vocab.json"},
        {"tokenizer_config.json", "{}", GN_ENOSUPP, "no tokenizer_class"},
        {"tokenizer_config.json",
         "{\"tokenizer_class\": \"GPT2Tokenizer\", \"add_bos_token\": true}", GN_ENOSUPP,
         "add_bos_token is not supported"},
        {"tokenizer_config.json", "{\"tokenizer_class\": \"RobertaTokenizer\"}", GN_EDATA,
         "no token '<s>', the cls_token"},
        {"added_tokens.json", "{}", GN_ENOSUPP, "added_tokens.json: not supported"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *dir = folder();
        put(dir, bad[i].name, bad[i].text);
        complains(dir, bad[i].st, bad[i].say);
    }
    const char *dir = folder();
    put(dir, "vocab.json", "{\"a\": 0}");
    put(dir, "merges.txt", "");
    complains(dir, GN_EDATA, "no token '\xC4\x80' for byte 0x00");
}

TEST(the_family_is_named_by_the_model) {
    gn_error err;
    gn_encoding e = {0};
    gn_tokenizer *tok;
    const char *dir = folder();
    put(dir, "tokenizer_config.json", "{\"add_prefix_space\": true}");
    put(dir, "config.json", "{\"model_type\": \"gpt2\"}");
    OK(gn_tokenizer_open(dir, &tok, &err));
    OK(gn_tokenizer_encode(tok, "the<|endoftext|>", 16, whole, &e, NULL, &err));
    CHECK(e.n == 2 && e.id[0] == gn_tokenizer_id(tok, "\xC4\xA0the"));
    CHECK(e.start[0] == 0 && e.end[0] == 3 && e.start[1] == 3 && e.end[1] == 16);
    gn_tokenizer_free(tok);
    gn_encoding_free(&e);
}

TEST(settings_that_would_change_ids_are_refused) {
    static const struct {
        const char *model, *rest, *say;
    } bad[] = {
        {"\"dropout\": 0.1", "", "BPE with model.dropout"},
        {"\"end_of_word_suffix\": \"</w>\"", "", "model.end_of_word_suffix"},
        {"\"byte_fallback\": true", "", "model.byte_fallback"},
        {"\"dropout\": null", "\"pre_tokenizer\": null,", "without a ByteLevel pre_tokenizer"},
        {"\"dropout\": null", "\"pre_tokenizer\": {\"type\": \"Whitespace\"},", "'Whitespace'"},
        {"\"dropout\": null", "\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"use_regex\": false},",
         "its pattern"},
        {"\"dropout\": null", "\"normalizer\": {\"type\": \"NFC\"},", "'NFC'"},
    };
    const char *dir = tmp_path("bpe_settings");
    mkdir(dir, 0777);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[8192];
        int n = snprintf(text, sizeof text, "{%s \"model\": {\"type\": \"BPE\", %s, \"vocab\": {",
                         bad[i].rest, bad[i].model);
        for (unsigned b = 0; b < 256; b++)
            n += snprintf(text + n, sizeof text - (size_t)n, "%s\"\\u%04x\": %u", b ? ", " : "",
                          gn_bpe_letter((unsigned char)b), b);
        snprintf(text + n, sizeof text - (size_t)n, "}, \"merges\": []}}");
        put(dir, "tokenizer.json", text);
        complains(dir, GN_ENOSUPP, bad[i].say);
    }
}

int main(void) {
    RUN(equals_the_reference_on_adversarial_text);
    RUN(equals_the_reference_on_every_code_point);
    RUN(equals_the_reference_under_any_settings);
    RUN(equals_the_reference_on_wordnet);
    RUN(vocabulary);
    RUN(the_alphabet_is_a_bijection);
    RUN(merges_follow_their_definition);
    RUN(a_long_word_takes_no_quadratic_time);
    RUN(files_that_are_wrong);
    RUN(the_family_is_named_by_the_model);
    RUN(settings_that_would_change_ids_are_refused);
    return tap_done();
}
