/* Corpora: records, labels and targets from plain text, CSV, TSV and JSONL; errors with lines. */
#include "tap.h"

#include "base/mem.h"
#include "gonio/text.h"
#include "io/file.h"
#include "io/sha256.h"

#include <zlib.h>

static const char *written(const char *name, const char *content, size_t n) {
    gn_error err;
    gn_make_dirs(tmp_path("corpus"), NULL);
    char relative[256];
    snprintf(relative, sizeof relative, "corpus/%s", name);
    const char *path = tmp_path(relative);
    if (gn_write_file(path, content, n, &err) != GN_OK) printf("# %s\n", err.message);
    return path;
}

static gn_corpus *opened(const char *name, const char *content, const gn_corpus_opts *opts) {
    gn_corpus *c = NULL;
    gn_error err;
    gn_status st = gn_corpus_open(written(name, content, strlen(content)), opts, &c, &err);
    if (st != GN_OK) printf("# %s: %s\n", gn_status_name(st), err.message);
    return c;
}

static void refused(const char *name, const char *content, size_t n, const gn_corpus_opts *opts,
                    gn_status want, const char *part) {
    gn_corpus *c = NULL;
    gn_error err = {0};
    CHECK(gn_corpus_open(written(name, content, n), opts, &c, &err) == want);
    CHECK_CONTAINS(err.message, part);
    CHECK_CONTAINS(err.message, name);
    CHECK(c == NULL);
}

static bool text_is(gn_record r, const char *want) {
    return r.n_bytes == strlen(want) && memcmp(r.text, want, r.n_bytes) == 0;
}

TEST(plain_text) {
    const char *content = "\xEF\xBB\xBFone\r\n\n  \t\r\n two \r\nthr\xC3\xA9"
                          "e, \"x\"\nlast";
    gn_corpus *c = opened("plain.txt", content, NULL);
    REQUIRE(c);
    REQUIRE(gn_corpus_count(c) == 4);
    CHECK(text_is(gn_corpus_at(c, 0), "one") && gn_corpus_at(c, 0).line == 1);
    CHECK(text_is(gn_corpus_at(c, 1), " two ") && gn_corpus_at(c, 1).line == 4);
    CHECK(text_is(gn_corpus_at(c, 2), "thr\xC3\xA9"
                                      "e, \"x\""));
    CHECK(text_is(gn_corpus_at(c, 3), "last") && gn_corpus_at(c, 3).line == 6);
    CHECK(gn_corpus_label_count(c) == 0 && !gn_corpus_has_targets(c));
    char want[GN_SHA256_HEX];
    gn_error err;
    OK(gn_sha256_bytes(content, strlen(content), want, &err));
    CHECK_STR(gn_corpus_sha256(c), want);
    gn_corpus_free(c);
}

TEST(csv_with_labels_and_targets) {
    gn_corpus *c = opened("a.csv",
                          "pos,text,target,class\r\n"
                          "noun,\"the \xC3\xA9t\xC3\xA9, \"\"hot\"\"\nnight\",4:7,7\r\n"
                          "\r\n"
                          "verb,run,0:3,\n",
                          NULL);
    REQUIRE(c);
    REQUIRE(gn_corpus_count(c) == 2 && gn_corpus_label_count(c) == 2);
    CHECK_STR(gn_corpus_label_name(c, 0), "pos");
    CHECK_STR(gn_corpus_label_name(c, 1), "class");
    gn_record r = gn_corpus_at(c, 0);
    CHECK(text_is(r, "the \xC3\xA9t\xC3\xA9, \"hot\"\nnight"));
    CHECK(r.line == 2 && r.has_target && r.target_start == 4 && r.target_end == 9);
    CHECK_STR(r.label[0], "noun");
    CHECK_STR(r.label[1], "7");
    r = gn_corpus_at(c, 1);
    CHECK(r.line == 5 && r.target_start == 0 && r.target_end == 3);
    CHECK_STR(r.label[1], "");
    CHECK(gn_corpus_has_targets(c));
    gn_corpus_free(c);
}

TEST(csv_with_named_columns) {
    const char *content = "id,sentence,span,kind\n1,abc,0:1,x\n2,de,,y\n";
    const char *const labels[] = {"kind"};
    gn_corpus *c = opened(
        "b.csv", content,
        &(gn_corpus_opts){.target_column = "span", .label_columns = labels, .n_label_columns = 1});
    REQUIRE(c);
    CHECK(gn_corpus_label_count(c) == 1);
    CHECK_STR(gn_corpus_at(c, 1).label[0], "y");
    CHECK(gn_corpus_at(c, 0).has_target && !gn_corpus_at(c, 1).has_target);
    CHECK(!gn_corpus_has_targets(c));
    gn_corpus_free(c);
    c = opened("b.csv", content, &(gn_corpus_opts){.text_column = "kind"});
    REQUIRE(c);
    CHECK(text_is(gn_corpus_at(c, 0), "x") && gn_corpus_label_count(c) == 3);
    gn_corpus_free(c);
    /* "" says that the column called target is a label. */
    c = opened("c.csv", "text,target\na,positive\n", &(gn_corpus_opts){.target_column = ""});
    REQUIRE(c);
    CHECK(gn_corpus_label_count(c) == 1 && !gn_corpus_has_targets(c));
    CHECK_STR(gn_corpus_at(c, 0).label[0], "positive");
    gn_corpus_free(c);
}

TEST(tsv_with_and_without_quotes) {
    gn_corpus *c = opened("q.tsv", "text\tn\n\"a\tb\"\t1\n", NULL);
    REQUIRE(c);
    CHECK(text_is(gn_corpus_at(c, 0), "a\tb"));
    gn_corpus_free(c);
    c = opened("u.tsv", "text\tn\n\"Yes\" she said\t1\nit \"is\"\t2\n", NULL);
    REQUIRE(c);
    REQUIRE(gn_corpus_count(c) == 2);
    CHECK(text_is(gn_corpus_at(c, 0), "\"Yes\" she said"));
    CHECK(gn_corpus_label_count(c) == 1);
    CHECK_STR(gn_corpus_at(c, 1).label[0], "2");
    gn_corpus_free(c);
}

TEST(jsonl) {
    gn_corpus *c = opened("a.jsonl",
                          "{\"text\":\"caf\\u00e9 noir\",\"target\":\"0:4\",\"pos\":\"noun\"}\r\n"
                          "\n"
                          "{\"pos\":null,\"text\":\"x\",\"n\":3,\"ok\":true,\"v\":[1, 2]}\n"
                          "{\"text\":\"\",\"target\":null}",
                          NULL);
    REQUIRE(c);
    REQUIRE(gn_corpus_count(c) == 3 && gn_corpus_label_count(c) == 4);
    static const char *const name[] = {"pos", "n", "ok", "v"};
    for (size_t j = 0; j < 4; j++) CHECK_STR(gn_corpus_label_name(c, j), name[j]);
    gn_record r = gn_corpus_at(c, 0);
    CHECK(text_is(r, "caf\xC3\xA9 noir") && r.has_target && r.target_end == 5);
    CHECK_STR(r.label[0], "noun");
    CHECK_STR(r.label[3], "");
    r = gn_corpus_at(c, 1);
    CHECK(r.line == 3 && !r.has_target);
    CHECK_STR(r.label[0], "");
    CHECK_STR(r.label[1], "3");
    CHECK_STR(r.label[2], "true");
    CHECK_STR(r.label[3], "[1,2]");
    CHECK(gn_corpus_at(c, 2).n_bytes == 0);
    gn_corpus_free(c);
    const char *const labels[] = {"n"};
    c = opened("b.ndjson", "{\"sentence\":\"x\",\"n\":1}\n{\"sentence\":\"y\"}\n",
               &(gn_corpus_opts){.label_columns = labels, .n_label_columns = 1});
    REQUIRE(c);
    CHECK_STR(gn_corpus_at(c, 0).label[0], "1");
    CHECK_STR(gn_corpus_at(c, 1).label[0], "");
    gn_corpus_free(c);
}

TEST(gzip) {
    gn_error err;
    gn_make_dirs(tmp_path("corpus"), NULL);
    const char *path = tmp_path("corpus/z.csv.gz");
    gzFile z = gzopen(path, "wb");
    REQUIRE(z != NULL);
    for (int i = 0; i < 5000; i++)
        gzprintf(z, "%s%d,some text number %d\n", i ? "" : "n,text\n", i, i);
    gzclose(z);
    gn_corpus *c;
    OK(gn_corpus_open(path, NULL, &c, &err));
    CHECK(gn_corpus_count(c) == 5000);
    CHECK(text_is(gn_corpus_at(c, 4321), "some text number 4321"));
    CHECK_STR(gn_corpus_at(c, 4321).label[0], "4321");
    char want[GN_SHA256_HEX];
    OK(gn_sha256_file(path, want, &err));
    CHECK_STR(gn_corpus_sha256(c), want);
    gn_corpus_free(c);
}

#define TEXT(s) s, sizeof s - 1

TEST(errors_name_the_line) {
    gn_error err;
    gn_corpus *c = NULL;
    CHECK(gn_corpus_open(tmp_path("corpus/none.txt"), NULL, &c, &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "none.txt");
    refused("e.txt", TEXT(""), NULL, GN_EDATA, "no text in it");
    refused("e.txt", TEXT(" \n\n"), NULL, GN_EDATA, "no text in it");
    refused("e.txt", TEXT("ab\ncd\xFF\n"), NULL, GN_EDATA, "line 2: byte 2: invalid UTF-8 (0xFF");
    refused("e.json", TEXT("{}"), NULL, GN_ENOSUPP, "expected .jsonl");
    refused("e.txt.gz", TEXT("\x1F\x8B\x08\x00junk"), NULL, GN_EDATA, "gz");

    refused("e.csv", TEXT("a,b\n1,2\n"), NULL, GN_EINVAL, "no column 'text'; there are: a, b");
    refused("e.csv", TEXT("text,b\n1,2\n3\n"), NULL, GN_EDATA,
            "line 3: 1 fields; the header has 2");
    refused("e.csv", TEXT("text,b,b\n1,2,3\n"), NULL, GN_EDATA, "two columns are called 'b'");
    refused("e.csv", TEXT("text,b\n1,\"2\n"), NULL, GN_EDATA, "line 2");
    refused("e.csv", TEXT("text,b\n1,a\0c\n"), NULL, GN_EDATA, "line 2: a NUL");
    refused("e.csv", TEXT("text\n"), NULL, GN_EDATA, "no text in it");
    refused("e.csv", TEXT("text,target\nabc,1:4\n"), NULL, GN_EDATA,
            "line 2: column 'target': 1:4 is no part of a text of 3 characters");
    refused("e.csv", TEXT("text,target\nabc,2:2\n"), NULL, GN_EDATA, "2:2 is no part");
    refused("e.csv", TEXT("text,target\nabc,1-2\n"), NULL, GN_EDATA, "'1-2': expected start:end");
    refused("e.csv", TEXT("text,target\nabc,99999999999999999999999:1\n"), NULL, GN_EDATA,
            "expected start:end");
    refused("e.csv", TEXT("text\na\n"), &(gn_corpus_opts){.target_column = "span"}, GN_EINVAL,
            "no column 'span'; there are: text");
    const char *const labels[] = {"pos"};
    const gn_corpus_opts with = {.label_columns = labels, .n_label_columns = 1};
    refused("e.csv", TEXT("text\na\n"), &with, GN_EINVAL, "no column 'pos'; there are: text");
    refused("e.tsv", TEXT("text\tb\n1\t2\t3\n"), NULL, GN_EDATA, "line 2: 3 fields");

    refused("e.jsonl", TEXT("{\"text\":\"a\"}\n{\"text\":}\n"), NULL, GN_EDATA, "line 2");
    refused("e.jsonl", TEXT("{\"text\":\"a\"}\n[1]\n"), NULL, GN_EDATA,
            "line 2: expected an object");
    refused("e.jsonl", TEXT("{\"text\":\"a\"}\n{\"b\":1}\n"), NULL, GN_EDATA,
            "line 2: 'text': expected a string, found nothing");
    refused("e.jsonl", TEXT("{\"b\":1}\n"), NULL, GN_EINVAL, "no column 'text'; there are: b");
    refused("e.jsonl", TEXT("{\"text\":\"a\",\"target\":[0,1]}\n"), NULL, GN_EDATA,
            "line 1: 'target': expected a string start:end");
    refused("e.jsonl", TEXT("{\"text\":\"a\"}\n"), &with, GN_EINVAL, "no column 'pos'");
    refused("e.jsonl", TEXT("{\"text\":\"a\"}\n"), &(gn_corpus_opts){.target_column = "t"},
            GN_EINVAL, "no column 't'");
}

TEST(jsonl_bounds_its_columns) {
    static char text[32000];
    size_t at = (size_t)snprintf(text, sizeof text, "{\"text\":\"a\"");
    for (int i = 0; i < 1001; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, ",\"k%d\":1", i);
    at += (size_t)snprintf(text + at, sizeof text - at, "}\n");
    refused("e.jsonl", text, at, NULL, GN_EDATA, "line 1: more than 1000 different keys");
}

int main(void) {
    RUN(plain_text);
    RUN(csv_with_labels_and_targets);
    RUN(csv_with_named_columns);
    RUN(tsv_with_and_without_quotes);
    RUN(jsonl);
    RUN(gzip);
    RUN(errors_name_the_line);
    RUN(jsonl_bounds_its_columns);
    return tap_done();
}
