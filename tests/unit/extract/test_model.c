/* The public calls with real checkpoints: a tiny BERT, and all-MiniLM-L6-v2 where it is at hand. */
#include "fake.h"

static const char *const text =
    "the dogs bark.\nwe see the cat, unbelievable\nqqq\nbarking dogs see dogs\nthe cat\na\n"
    "we bark\nthe the the the the the the the the the the the the the the the the the the the\n";
enum { TEXTS = 8 };

/* A folder with the golden checkpoint NAME and the tests' vocabulary. */
static const char *model_folder(const char *name) {
    const char *dir = fresh("extract_checkpoint");
    char command[4096];
    snprintf(command, sizeof command, "mkdir -p '%s' && cp '%s/%s/'* '%s'", dir,
             test_path("golden/models"), name, dir);
    if (system(command) != 0) printf("# %s\n", command);
    put_file(dir, "vocab.txt", fake_vocab);
    put_file(dir, "lines.txt", text);
    return dir;
}

static gn_status extract(const char *model, const gn_extract_opts *opts, unsigned threads,
                         int *polls, const char *dir, gn_extract_result *result, gn_error *err) {
    char *path = gn_path_join(model, "lines.txt");
    gn_ctx *ctx = make_ctx(threads, polls);
    gn_status st = gn_extract(ctx, model, path, opts, dir, result, err);
    gn_ctx_free(ctx);
    gn_free(path);
    return st;
}

/* The states of one sequence alone against its rows of the set. */
struct alone {
    gn_reps *reps;
    size_t first, n, bad, n_layers;
};
static gn_status compare(void *user, size_t layer, gn_mat x, gn_error *err) {
    (void)err;
    struct alone *a = user;
    gn_mat m = gn_reps_layer(a->reps, layer);
    a->n_layers++;
    a->bad += x.rows != a->n || x.cols != m.cols || x.stride != m.cols ||
              memcmp(x.data, (const float *)m.data + a->first * m.cols,
                     a->n * m.cols * sizeof(float)) != 0;
    return GN_OK;
}

TEST(every_sequence_as_if_it_were_alone) {
    gn_error err;
    const char *model = model_folder("bert-d20"), *dir = fresh("extract_alone");
    gn_extract_result result;
    OK(extract(model, NULL, 2, NULL, dir, &result, &err));
    CHECK(result.n_sequences == TEXTS && result.n_rows == result.n_tokens);
    gn_ctx *ctx = make_ctx(1, NULL);
    gn_model *m;
    gn_reps *r;
    OK(gn_model_open(ctx, model, NULL, &m, &err));
    OK(gn_reps_open(dir, &r, &err));
    size_t n_layers = gn_model_get_info(m)->n_layers + 1;
    CHECK(gn_reps_layers(r) == n_layers && gn_reps_rows(r) == result.n_rows);
    CHECK(gn_reps_depth(r, n_layers - 1) == 1);
    struct alone a = {.reps = r};
    for (size_t row = 0; row < gn_reps_rows(r); row += a.n) {
        int32_t s = gn_reps_sequence(r)[row];
        for (a.n = 0; row + a.n < gn_reps_rows(r) && gn_reps_sequence(r)[row + a.n] == s;) a.n++;
        a.first = row;
        a.n_layers = 0;
        uint32_t begin[2] = {0, (uint32_t)a.n};
        gn_batch b = {1, a.n, gn_reps_token_id(r) + row, begin};
        OK(gn_model_forward(ctx, m, b, GN_TAKE_BLOCK, compare, &a, &err));
        CHECK(a.n_layers == n_layers);
    }
    CHECK(a.bad == 0);
    gn_reps_free(r);
    gn_model_free(m);
    gn_ctx_free(ctx);
}

TEST(threads_batches_and_interruptions) {
    gn_error err;
    const char *model = model_folder("bert-d20"), *want = fresh("extract_want");
    gn_extract_opts opts = {.pool = GN_POOL_WORD};
    OK(extract(model, &opts, 1, NULL, want, NULL, &err));
    opts.batch_tokens = 9;
    const char *dir = fresh("extract_threads");
    OK(extract(model, &opts, 2, NULL, dir, NULL, &err));
    CHECK(same_folder(dir, want));
    int stopped = 0;
    for (int n = 1; n < 1000; n = n * 3 / 2 + 1) {
        dir = fresh("extract_polls");
        int polls = n;
        gn_status st = extract(model, &opts, 1, &polls, dir, NULL, &err);
        REQUIRE(st == GN_OK || st == GN_ECANCEL);
        stopped += st == GN_ECANCEL;
        if (st == GN_ECANCEL) OK(extract(model, &opts, 2, NULL, dir, NULL, &err));
        CHECK(same_folder(dir, want));
    }
    CHECK(stopped > 0);
}

TEST(other_weights_and_other_text_are_refused) {
    gn_error err;
    const char *model = model_folder("bert-d20"), *dir = fresh("extract_weights");
    gn_extract_opts opts = {.batch_tokens = 9};
    for (int n = 1; !file_there(dir, "layer.00.npy"); n++) {
        int polls = n;
        REQUIRE(extract(model, &opts, 1, &polls, dir, NULL, &err) == GN_ECANCEL);
    }
    char command[4096];
    /* the last byte of the file belongs to a weight */
    snprintf(command, sizeof command,
             "cd '%s' && head -c -1 model.safetensors > m && printf '\\074' >> m && "
             "mv m model.safetensors",
             model);
    REQUIRE(system(command) == 0);
    CHECK(extract(model, &opts, 1, NULL, dir, NULL, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "model.weights_sha256 is \"");
    model = model_folder("bert-d20");
    put_file(model, "lines.txt", "the dogs bark.\n");
    CHECK(extract(model, &opts, 1, NULL, dir, NULL, &err) == GN_EINVAL);
    model = model_folder("bert-d20");
    char *changed = gn_strdup(text);
    memcpy(strstr(changed, "qqq"), "qqx", 3); /* the same tokens from other bytes */
    put_file(model, "lines.txt", changed);
    CHECK(extract(model, &opts, 1, NULL, dir, NULL, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "corpus.sha256 is \"");
    gn_free(changed);
    model = model_folder("bert-d20");
    put_file(model, "special_tokens_map.json", "{}");
    CHECK(extract(model, &opts, 1, NULL, dir, NULL, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "tokenizer.sha256 is \"");
    model = model_folder("bert-d20");
    OK(extract(model, &opts, 1, NULL, dir, NULL, &err));
}

TEST(what_is_not_there) {
    gn_error err;
    const char *model = model_folder("bert-d20"), *dir = fresh("extract_missing");
    gn_ctx *ctx = make_ctx(1, NULL);
    CHECK(gn_extract(ctx, model, tmp_path("no_such.txt"), NULL, dir, NULL, &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "no_such.txt");
    put_file(model, "lines.txt", "");
    char *path = gn_path_join(model, "lines.txt");
    CHECK(gn_extract(ctx, model, path, NULL, dir, NULL, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "lines.txt");
    CHECK(gn_extract(ctx, tmp_path("no_such_model"), path, NULL, dir, NULL, &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "no_such_model");
    CHECK(!file_there(dir, ""));
    gn_free(path);
    gn_ctx_free(ctx);
}

TEST(static_tables) {
    gn_error err;
    const char *model = model_folder("bert-d20"), *dir = fresh("extract_tables");
    gn_ctx *ctx = make_ctx(1, NULL);
    OK(gn_extract_tables(ctx, model, dir, false, &err));
    gn_model *m;
    OK(gn_model_open(ctx, model, NULL, &m, &err));
    CHECK(gn_model_table_count(m) >= 2);
    for (size_t i = 0; i < gn_model_table_count(m); i++) {
        gn_table t = gn_model_table(m, i);
        char *path = gn_path_join(dir, t.name);
        gn_reps *r;
        OK(gn_reps_open(path, &r, &err));
        gn_mat x = gn_reps_layer(r, 0);
        size_t bad = 0;
        REQUIRE(gn_reps_layers(r) == 1 && x.rows == t.rows.rows && x.cols == t.rows.cols);
        for (size_t row = 0; row < x.rows; row++) {
            bad += memcmp((const float *)x.data + row * x.stride,
                          (const float *)t.rows.data + row * t.rows.stride,
                          x.cols * sizeof(float)) != 0;
            bad += gn_reps_token_id(r)[row] != (int32_t)row;
            bool position = strcmp(t.name, "position") == 0;
            bad += gn_reps_position(r)[row] != (position ? (int32_t)row : -1);
        }
        CHECK(bad == 0);
        if (strcmp(t.name, "word") == 0)
            CHECK_STR(gn_reps_token(r, 7), "dog");
        else
            CHECK(gn_reps_vocab_size(r) == 0);
        gn_reps_free(r);
        gn_free(path);
    }
    OK(gn_extract_tables(ctx, model, dir, false, &err)); /* nothing to do */
    OK(gn_extract_tables(ctx, model, dir, true, &err));
    gn_model_free(m);
    gn_ctx_free(ctx);
}

TEST(the_demo_model) {
    gn_error err;
    const char *model = getenv("GN_DEMO_MODEL");
    if (!model || !*model) SKIP("GN_DEMO_MODEL names no folder");
    const char *path = tmp_path("extract_demo.csv"), *dir = fresh("extract_demo");
    const char *csv = "text,target,pos\nthe dogs bark at the postman,4:8,n\n"
                      "an antidisestablishmentarian dog,3:28,n\n"
                      "she barks,4:9,v\n";
    OK(gn_write_file(path, csv, strlen(csv), &err));
    gn_ctx *ctx;
    OK(gn_ctx_new(NULL, &ctx, &err));
    gn_extract_opts opts = {.pool = GN_POOL_TARGET, .layers = "0,-1"};
    gn_extract_result result;
    OK(gn_extract(ctx, model, path, &opts, dir, &result, &err));
    CHECK(result.n_rows == 3 && result.n_layers == 2);
    gn_reps *r;
    OK(gn_reps_open(dir, &r, &err));
    CHECK(gn_reps_layer(r, 0).cols == 384 && gn_reps_vocab_size(r) == 30522);
    CHECK_STR(gn_reps_token(r, gn_reps_token_id(r)[0]), "dogs");
    const gn_labels *word = gn_reps_labels(r, 1);
    CHECK_STR(word->name[word->code[1]], "antidisestablishmentarian");
    CHECK(gn_reps_layer_index(r, 1) == 6);
    gn_reps_free(r);
    gn_ctx_free(ctx);
}

int main(void) {
    RUN(every_sequence_as_if_it_were_alone);
    RUN(threads_batches_and_interruptions);
    RUN(other_weights_and_other_text_are_refused);
    RUN(what_is_not_there);
    RUN(static_tables);
    RUN(the_demo_model);
    return tap_done();
}
