/* What becomes a row: every pooling rule against a naive recomputation, row table, labels, counts,
 * the description and the text beside the layers. */
#include "fake.h"

#include <jansson.h>

static const char *const corpus_csv =
    "text,target,pos,sense\n"
    "The dogs bark.,4:8,n,\n"              /* dog ##s */
    "\"a cat, unbelievable\",7:19,adj,x\n" /* un ##believ ##able */
    "we see the Stra\xc3\x9f\x65,11:17,n,y\n"
    "barking,,v,x\n";

/* The tokens of the four records, specials included. */
static const int32_t ids[4][8] = {
    {2, 5, 7, 8, 9, 17, 3}, {2, 6, 15, 18, 12, 13, 14, 3}, {2, 20, 16, 5, 19, 3}, {2, 9, 10, 3}};
static const size_t lengths[4] = {7, 8, 6, 4};

struct want {
    size_t sequence, from, count;
    const char *word;
};

static void check_set(gn_extract_opts opts, const struct want *want, size_t n) {
    gn_error err;
    fake f = fake_new();
    job j;
    OK(job_open(&j, &f, "rows.csv", corpus_csv, &err));
    gn_ctx *ctx = make_ctx(1, NULL);
    const char *dir = fresh("extract_rows");
    gn_extract_result result;
    OK(gn_extract_run(ctx, &j.in, &opts, dir, &result, &err));
    gn_reps *r;
    OK(gn_reps_open(dir, &r, &err));
    CHECK(result.n_rows == n && result.n_layers == BLOCKS + 1 && result.n_sequences == 4);
    REQUIRE(gn_reps_rows(r) == n && gn_reps_layers(r) == BLOCKS + 1);
    int bad = 0;
    for (size_t i = 0; i < n; i++) {
        const struct want *w = &want[i];
        bool mean = opts.pool == GN_POOL_MEAN;
        CHECK(gn_reps_sequence(r)[i] == (int32_t)w->sequence);
        CHECK(gn_reps_token_id(r)[i] == (mean ? -1 : ids[w->sequence][w->from]));
        CHECK(gn_reps_position(r)[i] == (mean ? -1 : (int32_t)w->from));
        for (size_t layer = 0; layer <= BLOCKS; layer++)
            for (size_t d = 0; d < D; d++) {
                double sum = 0;
                for (size_t t = w->from; t < w->from + w->count; t++)
                    sum += (double)fake_state(layer, ids[w->sequence], lengths[w->sequence], t, d);
                bad += ((const float *)gn_reps_layer(r, layer).data)[i * D + d] !=
                       (float)(sum / (double)w->count);
            }
    }
    CHECK(bad == 0);
    bool words = opts.pool == GN_POOL_WORD || opts.pool == GN_POOL_TARGET;
    REQUIRE(gn_reps_label_count(r) == 2u + words);
    for (size_t i = 0; i < n; i++) {
        static const char *const pos[] = {"n", "adj", "n", "v"};
        const gn_labels *l = gn_reps_labels(r, 0);
        REQUIRE(l->code[i] >= 0);
        CHECK_STR(l->name[l->code[i]], pos[want[i].sequence]);
        CHECK((gn_reps_labels(r, 1)->code[i] < 0) == (want[i].sequence == 0)); /* no sense there */
        if (!words) continue;
        l = gn_reps_labels(r, 2);
        REQUIRE(l->code[i] >= 0);
        CHECK_STR(l->name[l->code[i]], want[i].word);
    }
    if (words) CHECK_STR(gn_reps_label_name(r, 2), "word");
    gn_reps_free(r);
    gn_ctx_free(ctx);
    job_close(&j);
}

TEST(pool_none) {
    struct want want[25];
    size_t n = 0, kept = 0;
    for (size_t s = 0; s < 4; s++)
        for (size_t i = 0; i < lengths[s]; i++) want[n++] = (struct want){s, i, 1, NULL};
    check_set((gn_extract_opts){0}, want, n);
    for (size_t i = 0; i < n; i++)
        if (want[i].from > 0 && want[i].from + 1 < lengths[want[i].sequence])
            want[kept++] = want[i];
    check_set((gn_extract_opts){.drop_special = true}, want, kept);
}

TEST(pool_mean) {
    check_set((gn_extract_opts){.pool = GN_POOL_MEAN},
              (struct want[]){{0, 0, 7, 0}, {1, 0, 8, 0}, {2, 0, 6, 0}, {3, 0, 4, 0}}, 4);
    check_set((gn_extract_opts){.pool = GN_POOL_MEAN, .drop_special = true},
              (struct want[]){{0, 1, 5, 0}, {1, 1, 6, 0}, {2, 1, 4, 0}, {3, 1, 2, 0}}, 4);
}

TEST(pool_first_and_last) {
    check_set((gn_extract_opts){.pool = GN_POOL_FIRST},
              (struct want[]){{0, 0, 1, 0}, {1, 0, 1, 0}, {2, 0, 1, 0}, {3, 0, 1, 0}}, 4);
    check_set((gn_extract_opts){.pool = GN_POOL_LAST},
              (struct want[]){{0, 6, 1, 0}, {1, 7, 1, 0}, {2, 5, 1, 0}, {3, 3, 1, 0}}, 4);
}

TEST(pool_word) {
    check_set((gn_extract_opts){.pool = GN_POOL_WORD},
              (struct want[]){{0, 1, 1, "the"},
                              {0, 2, 2, "dogs"},
                              {0, 4, 1, "bark"},
                              {0, 5, 1, "."},
                              {1, 1, 1, "a"},
                              {1, 2, 1, "cat"},
                              {1, 3, 1, ","},
                              {1, 4, 3, "unbelievable"},
                              {2, 1, 1, "we"},
                              {2, 2, 1, "see"},
                              {2, 3, 1, "the"},
                              {2, 4, 1, "stra\xc3\x9f\x65"},
                              {3, 1, 2, "barking"}},
              13);
}

TEST(pool_target) {
    check_set((gn_extract_opts){.pool = GN_POOL_TARGET},
              (struct want[]){
                  {0, 2, 2, "dogs"}, {1, 4, 3, "unbelievable"}, {2, 4, 1, "stra\xc3\x9f\x65"}},
              3);
}

/* One text, options and pool; returns rows of the row table as "sequence:position" text. */
static void rows_text(const char *name, const char *text, gn_extract_opts opts, char *out,
                      size_t n_out, gn_extract_result *result, fake *f) {
    gn_error err;
    job j;
    out[0] = '\0';
    OK(job_open(&j, f, name, text, &err));
    gn_ctx *ctx = make_ctx(1, NULL);
    const char *dir = fresh("extract_text");
    OK(gn_extract_run(ctx, &j.in, &opts, dir, result, &err));
    gn_reps *r;
    OK(gn_reps_open(dir, &r, &err));
    for (size_t i = 0; i < gn_reps_rows(r); i++)
        snprintf(out + strlen(out), n_out - strlen(out), "%d:%d ", (int)gn_reps_sequence(r)[i],
                 (int)gn_reps_position(r)[i]);
    gn_reps_free(r);
    gn_ctx_free(ctx);
    job_close(&j);
}

TEST(truncation_is_counted_and_cuts_no_word_in_two) {
    char rows[512];
    gn_extract_result result;
    fake f = fake_new();
    const char *text = "the dogs bark\nthe cat\nwe see unbelievable dogs\n";
    /* [CLS] the dog | ##s bark [SEP] ; [CLS] the cat [SEP] ; [CLS] we see | un ... */
    gn_extract_opts opts = {.pool = GN_POOL_WORD, .max_tokens = 4};
    rows_text("cut.txt", text, opts, rows, sizeof rows, &result, &f);
    CHECK_STR(rows, "0:1 1:1 1:2 2:1 2:2 "); /* "dog" of "dogs" is no row, "see" is one */
    CHECK(result.n_truncated == 2 && result.n_tokens_cut == 2 + 5 && result.n_tokens == 12);
    opts.max_tokens = 7;
    rows_text("cut.txt", text, opts, rows, sizeof rows, &result, &f);
    CHECK_STR(rows, "0:1 0:2 0:4 1:1 1:2 2:1 2:2 2:3 ");
    CHECK(result.n_truncated == 1 && result.n_tokens_cut == 2);
    opts.max_tokens = 0; /* the model's 12 */
    rows_text("cut.txt", text, opts, rows, sizeof rows, &result, &f);
    CHECK(result.n_truncated == 0 && result.n_tokens_cut == 0);
}

TEST(targets_that_were_cut_give_no_row) {
    char rows[512];
    gn_extract_result result;
    fake f = fake_new();
    const char *text = "text\ttarget\nthe dogs bark\t4:8\nthe dogs bark\t0:3\nthe dogs bark\t9:13\n"
                       "the dogs bark\t\n";
    gn_extract_opts opts = {.pool = GN_POOL_TARGET, .max_tokens = 4};
    rows_text("targets.tsv", text, opts, rows, sizeof rows, &result, &f);
    CHECK_STR(rows, "1:1 ");
    CHECK(result.n_no_target == 3 && result.n_rows == 1);
    CHECK(result.n_tokens == 4 && f.n_tokens == 4); /* sequences without a row are not computed */
}

TEST(a_target_ends_where_its_span_ends) {
    /* neighbours that touch the span share no character with it; a piece that it ends inside does
     */
    static const struct {
        const char *span;
        size_t from, count;
    } cases[] = {{"0:3", 1, 1},  {"3:4", 2, 1}, {"4:8", 3, 1},
                 {"8:11", 4, 1}, {"4:9", 3, 2}, {"5:6", 3, 1}};
    static const int32_t id[] = {2, 7, 17, 9, 10, 3}; /* dog . bark ##ing */
    gn_error err;
    gn_ctx *ctx = make_ctx(1, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake f = fake_new();
        job j;
        char csv[64];
        snprintf(csv, sizeof csv, "text,target\ndog.barking,%s\n", cases[i].span);
        OK(job_open(&j, &f, "span.csv", csv, &err));
        const char *dir = fresh("extract_span");
        OK(gn_extract_run(ctx, &j.in, &(gn_extract_opts){.pool = GN_POOL_TARGET}, dir, NULL, &err));
        gn_reps *r;
        OK(gn_reps_open(dir, &r, &err));
        double sum = 0;
        for (size_t t = 0; t < cases[i].count; t++)
            sum += (double)fake_state(0, id, 6, cases[i].from + t, 0);
        CHECK(gn_reps_position(r)[0] == (int32_t)cases[i].from);
        CHECK(*(const float *)gn_reps_layer(r, 0).data == (float)(sum / (double)cases[i].count));
        gn_reps_free(r);
        job_close(&j);
    }
    gn_ctx_free(ctx);
}

TEST(sequences_without_tokens) {
    char rows[512];
    gn_extract_result result;
    fake f = fake_new();
    const char *text = "{\"text\": \"dog\"}\n{\"text\": \" \"}\n{\"text\": \"cat\"}\n";
    gn_extract_opts opts = {.no_special = true};
    rows_text("empty.jsonl", text, opts, rows, sizeof rows, &result, &f);
    CHECK_STR(rows, "0:0 2:0 ");
    opts = (gn_extract_opts){.pool = GN_POOL_MEAN, .drop_special = true};
    rows_text("empty.jsonl", text, opts, rows, sizeof rows, &result, &f);
    CHECK_STR(rows, "0:-1 2:-1 ");
    opts.drop_special = false;
    rows_text("empty.jsonl", text, opts, rows, sizeof rows, &result, &f);
    CHECK_STR(rows, "0:-1 1:-1 2:-1 ");
}

TEST(a_word_column_of_the_text_is_kept) {
    gn_error err;
    fake f = fake_new();
    job j;
    OK(job_open(&j, &f, "word.csv", "text,target,word\nthe dogs,4:8,dog\n", &err));
    gn_ctx *ctx = make_ctx(1, NULL);
    const char *dir = fresh("extract_word");
    OK(gn_extract_run(ctx, &j.in, &(gn_extract_opts){.pool = GN_POOL_TARGET}, dir, NULL, &err));
    gn_reps *r;
    OK(gn_reps_open(dir, &r, &err));
    CHECK(gn_reps_label_count(r) == 1);
    CHECK_STR(gn_reps_labels(r, 0)->name[0], "dog");
    gn_reps_free(r);
    gn_ctx_free(ctx);
    job_close(&j);
}

TEST(the_text_beside_the_layers) {
    gn_error err;
    fake f = fake_new();
    job j;
    OK(job_open(&j, &f, "text.csv",
                "text,target,genre\n\"\xc3\x89t\xc3\xa9 \"\"dog\"\"\tcat\",10:13,a\\b\ndog,,\n",
                &err));
    gn_ctx *ctx = make_ctx(1, NULL);
    const char *dir = fresh("extract_jsonl");
    OK(gn_extract_run(ctx, &j.in, &(gn_extract_opts){0}, dir, NULL, &err));
    char *path = gn_path_join(dir, "text.jsonl"), *bytes;
    size_t n;
    OK(gn_read_file(path, 10000, &bytes, &n, &err));
    char *second = strchr(bytes, '\n');
    REQUIRE(second != NULL);
    *second++ = '\0';
    json_t *line = json_loads(bytes, JSON_REJECT_DUPLICATES, NULL);
    REQUIRE(line != NULL);
    CHECK_STR(json_string_value(json_object_get(line, "text")), "\xc3\x89t\xc3\xa9 \"dog\"\tcat");
    CHECK(json_integer_value(json_object_get(line, "n_tokens")) == 7);
    char *tokens = json_dumps(json_object_get(line, "tokens"), JSON_COMPACT);
    CHECK_STR(tokens, "[[0,0],[0,3],[4,5],[5,8],[8,9],[10,13],[0,0]]"); /* code points, not bytes */
    free(tokens);
    tokens = json_dumps(json_object_get(line, "target"), JSON_COMPACT);
    CHECK_STR(tokens, "[10,13]");
    free(tokens);
    CHECK_STR(json_string_value(json_object_get(json_object_get(line, "labels"), "genre")), "a\\b");
    json_decref(line);
    CHECK_STR(second, "{\"text\": \"dog\", \"n_tokens\": 3, \"tokens\": [[0,0],[0,3],[0,0]], "
                      "\"labels\": {\"genre\": null}}\n");
    gn_free(path);
    gn_free(bytes);
    gn_ctx_free(ctx);
    job_close(&j);
}

TEST(the_description) {
    gn_error err;
    fake f = fake_new();
    job j;
    OK(job_open(&j, &f, "about.csv", corpus_csv, &err));
    gn_ctx *ctx = make_ctx(1, NULL);
    const char *dir = fresh("extract_about");
    gn_extract_opts opts = {.pool = GN_POOL_TARGET, .layers = "1,-1", .dtype = GN_BF16};
    OK(gn_extract_run(ctx, &j.in, &opts, dir, NULL, &err));
    gn_reps *r;
    OK(gn_reps_open(dir, &r, &err));
    static const char *const parts[] = {"\"gonio\": \"0.1.0\"",
                                        "\"state\": \"complete\"",
                                        "\"rows\": 3",
                                        "\"dims\": 6",
                                        "\"sequences\": 4",
                                        "\"dtype\": \"bfloat16\"",
                                        "\"file\": \"layer.03.npy\"",
                                        "\"file\": \"rows/sense\"",
                                        "\"name\": \"fake\"",
                                        "\"family\": \"formula\"",
                                        "\"weights_sha256\": \"w\"",
                                        "\"blocks\": 3",
                                        "\"kind\": \"wordpiece\"",
                                        "\"name\": \"about.csv\"",
                                        "\"pool\": \"target\"",
                                        "\"take\": \"block\"",
                                        "\"max_tokens\": 12",
                                        "\"special\": \"kept\"",
                                        "\"first_position\": \"kept\"",
                                        "\"precision\": \"exact\"",
                                        "\"cpu\": \"scalar\"",
                                        "\"tokens\": 21",
                                        "\"truncated\": 0",
                                        "\"tokens_cut\": 0",
                                        "\"no_target\": 1"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        CHECK_CONTAINS(gn_reps_meta(r), parts[i]);
    CHECK(gn_reps_layers(r) == 2 && gn_reps_layer_index(r, 1) == 3);
    CHECK_NEAR(gn_reps_depth(r, 0), 1.0 / 3, 0);
    CHECK(gn_reps_layer(r, 0).dtype == GN_BF16);
    CHECK_STR(gn_reps_token(r, 13), "##believ");
    CHECK(gn_reps_vocab_size(r) == 21);
    gn_reps_free(r);
    gn_ctx_free(ctx);
    job_close(&j);
}

int main(void) {
    RUN(pool_none);
    RUN(pool_mean);
    RUN(pool_first_and_last);
    RUN(pool_word);
    RUN(pool_target);
    RUN(truncation_is_counted_and_cuts_no_word_in_two);
    RUN(targets_that_were_cut_give_no_row);
    RUN(a_target_ends_where_its_span_ends);
    RUN(sequences_without_tokens);
    RUN(a_word_column_of_the_text_is_kept);
    RUN(the_text_beside_the_layers);
    RUN(the_description);
    return tap_done();
}
