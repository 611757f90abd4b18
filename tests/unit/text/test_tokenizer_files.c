/* Tokenizer files that are wrong, unusual or unsupported: one clear sentence each. */
#include "golden_tokenizer.h"

#include "base/mem.h"
#include "io/file.h"

static const char *const dir = "tokenizer-files";

/* A fresh folder with these files (name, content, ..., NULL). */
static const char *folder(const char *const *file) {
    static const char *const all[] = {"tokenizer.json", "vocab.txt", "tokenizer_config.json",
                                      "special_tokens_map.json", "added_tokens.json"};
    char path[1200];
    gn_make_dirs(tmp_path(dir), NULL);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", tmp_path(dir), all[i]);
        remove(path);
    }
    for (; file && file[0]; file += 2) {
        snprintf(path, sizeof path, "%s/%s", tmp_path(dir), file[0]);
        gn_write_file(path, file[1], strlen(file[1]), NULL);
    }
    return tmp_path(dir);
}

static void refused(const char *const *file, gn_status want, const char *part) {
    gn_tokenizer *tok = NULL;
    gn_error err = {0};
    CHECK(gn_tokenizer_open(folder(file), &tok, &err) == want);
    CHECK_CONTAINS(err.message, part);
    CHECK(tok == NULL);
}

#define JSON(text)                                                                                 \
    (const char *const[]) {                                                                        \
        "tokenizer.json", text, NULL                                                               \
    }
#define MODEL(rest)                                                                                \
    "{\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":"    \
    "\"##\",\"max_input_chars_per_word\":100,\"vocab\":{\"[UNK]\":0,\"a\":1,\"[CLS]\":2}}" rest    \
    "}"

TEST(json_that_is_wrong) {
    refused(NULL, GN_EIO, "expected tokenizer.json or vocab.txt");
    refused(JSON("{"), GN_EDATA, "tokenizer.json");
    refused(JSON("[]"), GN_EDATA, "model");
    refused(JSON("{\"model\":{\"type\":\"Unigram\",\"vocab\":{}}}"), GN_ENOSUPP, "'Unigram'");
    refused(JSON("{\"model\":{\"type\":\"BPE\",\"vocab\":{}}}"), GN_EDATA, "'merges'");
    refused(JSON("{\"model\":{\"type\":\"WordPiece\"}}"), GN_EDATA, "vocab");
    refused(JSON("{\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\","
                 "\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":100,"
                 "\"vocab\":{\"a\":1}}}"),
            GN_EDATA, "'[UNK]' is not in model.vocab");
    refused(JSON("{\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"a\","
                 "\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":100,"
                 "\"vocab\":{\"a\":1,\"b\":1}}}"),
            GN_EDATA, "share the id 1");
    refused(JSON("{\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"a\","
                 "\"continuing_subword_prefix\":\"##\",\"max_input_chars_per_word\":100,"
                 "\"vocab\":{\"a\":4000000000}}}"),
            GN_EDATA, "token 'a': expected an id");
    refused(JSON(MODEL(",\"normalizer\":{\"type\":\"NFKC\"}")), GN_ENOSUPP, "'NFKC'");
    refused(JSON(MODEL(",\"normalizer\":{\"type\":\"BertNormalizer\",\"lowercase\":3}")), GN_EDATA,
            "lowercase");
    refused(JSON(MODEL(",\"pre_tokenizer\":{\"type\":\"ByteLevel\"}")), GN_ENOSUPP, "'ByteLevel'");
    refused(JSON(MODEL(",\"post_processor\":{\"type\":\"RobertaProcessing\"}")), GN_ENOSUPP,
            "'RobertaProcessing'");
    refused(JSON(MODEL(",\"post_processor\":{\"type\":\"BertProcessing\",\"sep\":[\"x\",9],"
                       "\"cls\":[\"[CLS]\",2]}")),
            GN_EDATA, "9 is no id");
    refused(JSON(MODEL(",\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":["
                       "{\"SpecialToken\":{\"id\":\"[CLS]\"}}],\"special_tokens\":{}}")),
            GN_EDATA, "no ids for '[CLS]'");
    refused(JSON(MODEL(",\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[]}")),
            GN_EDATA, "no place for the text");
    refused(JSON(MODEL(",\"added_tokens\":[{\"id\":3}]")), GN_EDATA, "content");
}

TEST(json_minimal) {
    gn_tokenizer *tok;
    gn_error err;
    gn_encoding e = {0};
    /* No normalizer, no pre_tokenizer: the text is one word. An added token gets the next id. */
    OK(gn_tokenizer_open(
        folder(JSON(MODEL(",\"added_tokens\":[{\"id\":3,\"content\":\"<x>\",\"special\":true,"
                          "\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
                          "\"normalized\":false}],\"truncation\":{\"max_length\":1}"))),
        &tok, &err));
    CHECK(gn_tokenizer_vocab_size(tok) == 4);
    CHECK_STR(gn_tokenizer_token(tok, 3), "<x>");
    CHECK(gn_tokenizer_id(tok, "<x>") == 3);
    OK(gn_tokenizer_encode(tok, "a<x>a a", 7, (gn_encode_opts){.special = true}, &e, NULL, &err));
    REQUIRE(e.n == 3);
    CHECK(e.id[0] == 1 && e.id[1] == 3 && e.id[2] == 0);
    CHECK(e.start[2] == 4 && e.end[2] == 7 && e.word[2] == 2);
    gn_encoding_free(&e);
    gn_tokenizer_free(tok);
}

#define VOCAB "vocab.txt", "[PAD]\r\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nabc\nAbc\nabc\n\xC3\xA9\n"

TEST(vocab_txt_that_is_wrong) {
    refused((const char *const[]){"vocab.txt", "", NULL}, GN_EDATA, "empty");
    refused((const char *const[]){"vocab.txt", "[UNK]\n[SEP]\n", NULL}, GN_EDATA,
            "no line '[CLS]', the cls_token");
    refused((const char *const[]){"vocab.txt", "[UNK]\n\xC3\n", NULL}, GN_EDATA,
            "line 2: byte 0: invalid UTF-8");
    refused((const char *const[]){VOCAB, "tokenizer_config.json", "{", NULL}, GN_EDATA,
            "tokenizer_config.json");
    refused((const char *const[]){VOCAB, "tokenizer_config.json",
                                  "{\"tokenizer_class\":\"RoFormerTokenizer\"}", NULL},
            GN_ENOSUPP, "'RoFormerTokenizer'");
    refused((const char *const[]){VOCAB, "tokenizer_config.json", "{\"do_basic_tokenize\":false}",
                                  NULL},
            GN_ENOSUPP, "do_basic_tokenize");
    refused((const char *const[]){VOCAB, "added_tokens.json", "{}", NULL}, GN_ENOSUPP,
            "added_tokens.json");
    refused(
        (const char *const[]){VOCAB, "special_tokens_map.json", "{\"cls_token\":\"<s>\"}", NULL},
        GN_EDATA, "'<s>', the cls_token");
    refused((const char *const[]){VOCAB, "tokenizer_config.json",
                                  "{\"added_tokens_decoder\":{\"2\":{\"content\":\"[SEP]\"}}}",
                                  NULL},
            GN_EDATA, "'[SEP]' has id 2");
}

TEST(vocab_txt_and_its_companions) {
    gn_tokenizer *tok;
    gn_error err;
    gn_encoding e = {0};
    const char *text = "\xC3\x89 Abc [MASK]<new>";
    /* Defaults: lower case, accents stripped. A token that comes twice has its last id. */
    OK(gn_tokenizer_open(folder((const char *const[]){VOCAB, NULL}), &tok, &err));
    CHECK(gn_tokenizer_vocab_size(tok) == 9);
    CHECK(gn_tokenizer_id(tok, "abc") == 7);
    CHECK(gn_tokenizer_token(tok, 5) == NULL);
    OK(gn_tokenizer_encode(tok, text, 2 + 11, (gn_encode_opts){.special = true}, &e, NULL, &err));
    REQUIRE(e.n == 5);
    CHECK(e.id[0] == 2 && e.id[1] == 1 && e.id[2] == 7 && e.id[3] == 4 && e.id[4] == 3);
    gn_tokenizer_free(tok);
    /* Cased, with a token added by the configuration, special tokens by objects. */
    OK(gn_tokenizer_open(
        folder((const char *const[]){
            "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nabc\nAbc\n\xC3\x89",
            "tokenizer_config.json",
            "{\"do_lower_case\":false,\"unk_token\":{\"content\":\"[UNK]\",\"lstrip\":false},"
            "\"added_tokens_decoder\":{\"8\":{\"content\":\"<new>\",\"special\":true},"
            "\"4\":{\"content\":\"[MASK]\",\"lstrip\":true,\"special\":true}}}",
            "special_tokens_map.json", "{\"additional_special_tokens\":[\"<new>\"]}", NULL}),
        &tok, &err));
    CHECK(gn_tokenizer_vocab_size(tok) == 9);
    OK(gn_tokenizer_encode(tok, text, strlen(text), (gn_encode_opts){0}, &e, NULL, &err));
    REQUIRE(e.n == 4);
    CHECK(e.id[0] == 7 && e.id[1] == 6 && e.id[2] == 4 && e.id[3] == 8);
    CHECK(e.start[2] == 6 && e.end[2] == 13); /* lstrip takes the space along */
    gn_tokenizer_free(tok);
    gn_encoding_free(&e);
}

int main(void) {
    RUN(json_that_is_wrong);
    RUN(json_minimal);
    RUN(vocab_txt_that_is_wrong);
    RUN(vocab_txt_and_its_companions);
    return tap_done();
}
