/* The text as one stream: how many windows, which tokens, with which neighbours, against a naive
 * cut of the ids; special tokens on blank lines, sampling, words and labels across records. */
#include "fake.h"

#include "base/str.h"

#include <jansson.h>
#include <math.h>

static gn_status open_job(job *j, fake *f, const char *name, const char *text, gn_error *err) {
    gn_status st = job_open(j, f, name, text, err);
    gn_corpus_free(st == GN_OK ? j->corpus : NULL);
    gn_corpus_opts opts = {.blank_lines = true};
    if (st == GN_OK) st = gn_corpus_open(tmp_path(name), &opts, &j->corpus, err);
    if (st != GN_OK) return st;
    j->in.corpus = j->corpus;
    return GN_OK;
}

/* L tokens of the fake vocabulary, a few on a line; their ids. */
static char *make_text(size_t n_tokens, int32_t *id) {
    static const struct {
        const char *word;
        int32_t id;
    } words[] = {{"the", 5}, {"a", 6}, {"dog", 7}, {"cat", 15}, {"see", 16}, {"we", 20}, {".", 17}};
    gn_str s = {0};
    char *out = NULL;
    for (size_t i = 0; i < n_tokens; i++) {
        size_t w = (i * i + i / 3) % 7;
        gn_str_addf(&s, "%s%s", words[w].word, i % 11 == 10 ? "\n" : " ");
        if (i % 33 == 32) gn_str_add(&s, " \n\n");
        id[i] = words[w].id;
    }
    gn_str_take(&s, &out, NULL);
    return out;
}

static gn_status extract(const char *text, gn_extract_opts opts, unsigned threads, size_t block,
                         uint64_t seed, const char *dir, gn_extract_result *result, gn_error *err) {
    fake f = fake_new();
    f.info.max_positions = 512;
    job j;
    gn_ctx *ctx = NULL;
    gn_ctx_opts o = {.n_threads = threads, .cpu = GN_CPU_SCALAR, .seed = seed};
    gn_status st = open_job(&j, &f, "windows.txt", text, err);
    if (st == GN_OK) st = gn_ctx_new(&o, &ctx, err);
    j.in.block_sequences = block;
    if (st == GN_OK) st = gn_extract_run(ctx, &j.in, &opts, dir, result, err);
    gn_ctx_free(ctx);
    job_close(&j);
    return st;
}

/* ---- counts and content -----------------------------------------------------------------------
 */

/* The rows of a set against windows cut from the ids: empty places are skipped, or padding. */
static int compare(const gn_reps *r, const int32_t *id, size_t n_ids, size_t length,
                   size_t n_streams, bool pads) {
    size_t per = (n_ids + n_streams - 1) / n_streams, windows = (per - 1) / length, row = 0;
    int32_t window[512], sequence = 0;
    int bad = 0;
    for (size_t b = 0; b < n_streams; b++)
        for (size_t w = 0; w < windows; w++, sequence++) {
            size_t n = 0;
            for (size_t i = 0; i < length; i++) {
                size_t at = b * per + w * length + i;
                if (at < n_ids)
                    window[n++] = id[at];
                else if (pads)
                    window[n++] = 0;
                bad += at == b * per + per - 1; /* the last id of a stream */
            }
            for (size_t i = 0; i < n; i++, row++) {
                if (row >= gn_reps_rows(r)) return -1;
                bad += gn_reps_token_id(r)[row] != window[i];
                bad += gn_reps_position(r)[row] != (int32_t)i;
                bad += gn_reps_sequence(r)[row] != sequence;
                for (size_t d = 0; d < D; d++)
                    bad += ((const float *)gn_reps_layer(r, 1).data)[row * D + d] !=
                           fake_state(1, window, n, i, d);
            }
        }
    return bad + (row != gn_reps_rows(r));
}

TEST(exact_counts) {
    static const struct {
        size_t n_tokens, n_streams, windows, rows, padded;
    } cases[] = {
        {512, 1, 0, 0, 0},        {513, 1, 1, 512, 512},    {1024, 1, 1, 512, 512},
        {1025, 1, 2, 1024, 1024}, {512, 2, 0, 0, 0},        {513, 2, 0, 0, 0},
        {1024, 2, 0, 0, 0},       {1025, 2, 2, 1024, 1024}, {512, 3, 0, 0, 0},
        {513, 3, 0, 0, 0},        {1024, 3, 0, 0, 0},       {1025, 3, 0, 0, 0},
        {1537, 3, 3, 1535, 1536}, {1538, 3, 3, 1536, 1536}, {3076, 3, 6, 3072, 3072},
    };
    gn_error err;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int compat = 0; compat < 2; compat++) {
            static int32_t id[4096];
            char *text = make_text(cases[i].n_tokens, id);
            gn_extract_opts opts = {.no_special = true};
            opts.window =
                (gn_window_opts){.length = 512, .streams = cases[i].n_streams, .cai2021 = compat};
            const char *dir = fresh("windows_count");
            gn_extract_result r = {0};
            gn_status st = extract(text, opts, 2, 0, 0, dir, &r, &err);
            if (cases[i].windows == 0) {
                CHECK(st == GN_EDATA);
                CHECK_CONTAINS(err.message, "one window of 512 in each of");
                CHECK(!file_there(dir, "gonio.json"));
                gn_free(text);
                continue;
            }
            size_t rows = compat ? cases[i].padded : cases[i].rows;
            CHECK(st == GN_OK && r.n_windows == cases[i].windows && r.n_rows == rows);
            CHECK(r.n_sequences == r.n_windows);
            CHECK(r.n_tokens_cut == cases[i].n_tokens - cases[i].rows);
            gn_reps *reps;
            OK(gn_reps_open(dir, &reps, &err));
            CHECK(compare(reps, id, cases[i].n_tokens, 512, cases[i].n_streams, compat) == 0);
            gn_reps_free(reps);
            gn_free(text);
        }
}

TEST(special_tokens_stand_around_every_line) {
    gn_error err;
    const char *text = "the\n\n \t\na dog\n"; /* 11 tokens: the last is not a row */
    static const int32_t want[10] = {2, 5, 3, 2, 3, 2, 3, 2, 6, 7};
    static const int32_t bare[2] = {5, 6};
    gn_extract_opts opts = {.window = {.length = 5}};
    const char *dir = fresh("windows_special");
    gn_reps *r;
    OK(extract(text, opts, 1, 0, 0, dir, NULL, &err));
    OK(gn_reps_open(dir, &r, &err));
    CHECK(gn_reps_rows(r) == 10);
    CHECK(memcmp(gn_reps_token_id(r), want, sizeof want) == 0);
    CHECK_CONTAINS(gn_reps_meta(r), "\"special\": \"kept\"");
    gn_labels *type;
    OK(gn_reps_types(r, &type, &err));
    CHECK(type->n == 10 && type->n_classes == 5);
    CHECK(type->code[0] == type->code[3] && type->code[1] != type->code[8]);
    CHECK_STR(type->name[type->code[9]], "dog");
    gn_labels_free(type);
    gn_reps_free(r);
    opts.drop_special = true; /* seen by the model, but no rows */
    opts.overwrite = true;
    OK(extract(text, opts, 1, 0, 0, dir, NULL, &err));
    OK(gn_reps_open(dir, &r, &err));
    CHECK(gn_reps_rows(r) == 3 && gn_reps_position(r)[0] == 1 && gn_reps_position(r)[2] == 4);
    CHECK(((const float *)gn_reps_layer(r, 2).data)[0] == fake_state(2, want, 5, 1, 0));
    gn_reps_free(r);
    opts.drop_special = false;
    opts.no_special = true;
    opts.window.length = 2;
    OK(extract(text, opts, 1, 0, 0, dir, NULL, &err));
    OK(gn_reps_open(dir, &r, &err));
    CHECK(gn_reps_rows(r) == 2 && memcmp(gn_reps_token_id(r), bare, sizeof bare) == 0);
    gn_reps_free(r);
}

/* ---- sampling ---------------------------------------------------------------------------------
 */

static size_t count_kept(double keep, bool compat, uint64_t seed, const char *dir, gn_error *err) {
    static int32_t id[4096];
    char *text = make_text(4001, id);
    gn_extract_opts opts = {.no_special = true};
    opts.window = (gn_window_opts){.length = 4, .streams = 2, .keep = keep, .cai2021 = compat};
    gn_extract_result r = {0};
    gn_status st = extract(text, opts, 2, 64, seed, dir, &r, err);
    gn_free(text);
    if (st != GN_OK) return SIZE_MAX;
    return r.n_windows == 1000 && r.n_rows == 4 * r.n_sequences ? r.n_sequences : SIZE_MAX - 1;
}

TEST(windows_are_sampled_by_the_seed) {
    gn_error err;
    const char *dir = fresh("windows_keep");
    double sd = sqrt(1000 * 0.2 * 0.8);
    size_t n = count_kept(0.2, false, 1, dir, &err);
    CHECK(fabs((double)n - 200) < 4 * sd);
    const char *again = fresh("windows_again");
    CHECK(count_kept(0.2, false, 1, again, &err) == n);
    CHECK(same_folder(dir, again));
    gn_reps *r;
    OK(gn_reps_open(dir, &r, &err));
    CHECK_CONTAINS(gn_reps_meta(r), "\"seed\": 1");
    gn_reps_free(r);
    again = fresh("windows_again");
    CHECK(count_kept(0.2, false, 2, again, &err) != SIZE_MAX);
    CHECK(!same_folder(dir, again));
    /* the published script leaves that share out; both together are all */
    CHECK(count_kept(0.2, true, 1, fresh("windows_again"), &err) == 1000 - n);
    CHECK(count_kept(0, true, 1, fresh("windows_again"), &err) == 1000);
    CHECK(count_kept(1, true, 1, fresh("windows_again"), &err) == 1000);
    CHECK(count_kept(0, false, 1, fresh("windows_again"), &err) == 1000);
    CHECK(count_kept(1, false, 1, fresh("windows_again"), &err) == 1000);
    CHECK(count_kept(1e-9, false, 1, fresh("windows_again"), &err) == SIZE_MAX);
    CHECK_CONTAINS(err.message, "leaves 0 of 1000 windows");
}

/* ---- words, labels, text ----------------------------------------------------------------------
 */

static const char *const labelled = "text,genre\n"
                                    "dogs bark,news\n"
                                    "unbelievable,\n"
                                    "the cat,fiction\n";
/* dog ##s bark un ##believ ##able the cat */

TEST(words_and_labels_follow_their_records) {
    gn_error err;
    fake f = fake_new();
    job j;
    gn_reps *r;
    static const char *const whole[] = {"dogs", "bark", "unbelievable"};
    static const char *const cut[] = {"dogs", "bark",
                                      "the"}; /* the other stream starts at ##believ */
    for (int k = 0; k < 2; k++) {
        OK(job_open(&j, &f, "windows.csv", labelled, &err));
        gn_ctx *ctx = make_ctx(1, NULL);
        gn_extract_opts opts = {.pool = GN_POOL_WORD, .no_special = true};
        opts.window = (gn_window_opts){.length = 3, .streams = k ? 2 : 1};
        const char *dir = fresh("windows_words");
        OK(gn_extract_run(ctx, &j.in, &opts, dir, NULL, &err));
        OK(gn_reps_open(dir, &r, &err));
        REQUIRE(gn_reps_rows(r) == 3 && gn_reps_label_count(r) == 2);
        const gn_labels *genre = gn_reps_labels(r, 0), *word = gn_reps_labels(r, 1);
        for (size_t i = 0; i < 3; i++) CHECK_STR(word->name[word->code[i]], (k ? cut : whole)[i]);
        CHECK_STR(genre->name[genre->code[1]], "news");
        if (k)
            CHECK_STR(genre->name[genre->code[2]], "fiction");
        else
            CHECK(genre->code[2] == -1);
        gn_reps_free(r);
        opts.pool = GN_POOL_MEAN;
        dir = fresh("windows_mean");
        OK(gn_extract_run(ctx, &j.in, &opts, dir, NULL, &err));
        OK(gn_reps_open(dir, &r, &err));
        CHECK(gn_reps_rows(r) == 2 && gn_reps_labels(r, 0)->code[0] == -1);
        gn_reps_free(r);
        gn_ctx_free(ctx);
        job_close(&j);
    }
}

TEST(the_text_of_a_window_can_be_read) {
    gn_error err;
    const char *dir = fresh("windows_text");
    const char *text = "we see the Stra\xc3\x9f\x65.\n\ndogs bark\n";
    gn_extract_opts opts = {.window = {.length = 6}};
    /* [CLS] we see the straße . | [SEP] [CLS] [SEP] [CLS] dog ##s | bark [SEP] */
    OK(extract(text, opts, 1, 0, 0, dir, NULL, &err));
    char *path = gn_path_join(dir, "text.jsonl"), got[1024] = "";
    FILE *file = fopen(path, "r");
    REQUIRE(file != NULL);
    REQUIRE(fgets(got, sizeof got, file) != NULL);
    CHECK_STR(got, "{\"text\": \"we see the Stra\xc3\x9f\x65.\", \"stream\": 0, \"window\": 0, "
                   "\"lines\": [1,1], \"n_tokens\": 6, \"tokens\": "
                   "[[0,0],[0,2],[3,6],[7,10],[11,17],[17,18]], \"labels\": {}}\n");
    REQUIRE(fgets(got, sizeof got, file) != NULL);
    CHECK_STR(got,
              "{\"text\": \"\\n\\ndogs\", \"stream\": 0, \"window\": 1, \"lines\": [1,3], "
              "\"n_tokens\": 6, \"tokens\": [[0,0],[0,0],[0,0],[0,0],[2,5],[5,6]], "
              "\"labels\": {}}\n");
    CHECK(fgets(got, sizeof got, file) == NULL);
    fclose(file);
    gn_free(path);
}

/* ---- order of work, wrong use ------------------------------------------------------------------
 */

TEST(threads_blocks_and_interruptions_change_nothing) {
    gn_error err;
    static int32_t id[1024];
    char *text = make_text(1000, id);
    gn_extract_opts opts = {.window = {.length = 12, .streams = 3, .keep = 0.7}};
    const char *want = fresh("windows_want");
    OK(extract(text, opts, 1, 0, 5, want, NULL, &err));
    for (size_t block = 1; block < 80; block = 3 * block + 1) {
        const char *dir = fresh("windows_way");
        opts.batch_tokens = 7 * block;
        OK(extract(text, opts, 2, block, 5, dir, NULL, &err));
        CHECK(same_folder(dir, want));
    }
    int stopped = 0;
    for (int n = 1; n < 60; n += 2) {
        fake f = fake_new();
        job j;
        int polls = n;
        OK(open_job(&j, &f, "windows.txt", text, &err));
        gn_hooks hooks = {.user = &polls, .cancel = cancel_hook};
        gn_ctx_opts o = {.n_threads = 2, .cpu = GN_CPU_SCALAR, .seed = 5, .hooks = hooks};
        gn_ctx *ctx;
        OK(gn_ctx_new(&o, &ctx, &err));
        j.in.block_sequences = 4;
        const char *dir = fresh("windows_stopped");
        gn_status st = gn_extract_run(ctx, &j.in, &opts, dir, NULL, &err);
        stopped += st == GN_ECANCEL;
        gn_ctx_free(ctx);
        job_close(&j);
        OK(extract(text, opts, 1, 0, 5, dir, NULL, &err));
        CHECK(same_folder(dir, want));
    }
    CHECK(stopped > 10);
    gn_free(text);
}

TEST(wrong_use_has_a_sentence) {
    gn_error err;
    static const struct {
        gn_extract_opts opts;
        const char *say;
    } bad[] = {
        {{.window = {.length = 513}}, "windows of 513 tokens: the model takes 512"},
        {{.window = {.length = 4, .keep = 1.5}}, "keep 1.5: expected"},
        {{.window = {.length = 4, .keep = (double)NAN}}, "expected a share"},
        {{.window = {.length = 4}, .max_tokens = 9}, "a stream is not truncated"},
        {{.window = {.length = 4}, .pool = GN_POOL_MEAN, .drop_special = true},
         "inside of windows"},
        {{.window = {.length = 4}, .pool = GN_POOL_TARGET}, "pool target"},
        {{.window = {.streams = 2}}, "belong to windows"},
        {{.window = {.keep = 0.5}}, "belong to windows"},
        {{.window = {.cai2021 = true}}, "belong to windows"},
    };
    const char *dir = fresh("windows_wrong");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(extract("the dog\nwe see\n", bad[i].opts, 1, 0, 0, dir, NULL, &err) == GN_EINVAL);
        CHECK_CONTAINS(err.message, bad[i].say);
    }
    CHECK(!file_there(dir, ""));
}

int main(void) {
    RUN(exact_counts);
    RUN(special_tokens_stand_around_every_line);
    RUN(windows_are_sampled_by_the_seed);
    RUN(words_and_labels_follow_their_records);
    RUN(the_text_of_a_window_can_be_read);
    RUN(threads_blocks_and_interruptions_change_nothing);
    RUN(wrong_use_has_a_sentence);
    return tap_done();
}
