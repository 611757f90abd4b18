/* From text to hidden states with real tokenizers and tiny checkpoints of GPT-2 and RoBERTa,
 * against the public library; and what only causal models do. */
#include "fake.h"

#include "gonio/isotropy.h"

#include <math.h>

/* A folder with checkpoint and tokenizer of a family. */
static const char *model_folder(const char *family) {
    static char dir[2][1024];
    int k = family[0] == 'g';
    char command[4096];
    snprintf(dir[k], sizeof dir[k], "%s-%s", fresh("text_model"), family);
    snprintf(command, sizeof command,
             "rm -rf '%s' && mkdir -p '%s' && cp '%s/%s-text/'* '%s/%s/'* '%s'", dir[k], dir[k],
             test_path("golden/models"), family, test_path("golden/bpe"), family, dir[k]);
    if (system(command) != 0) printf("# %s\n", command);
    return dir[k];
}

static gn_status extract(const char *model, const char *text, gn_extract_opts opts,
                         unsigned threads, const char *dir, gn_error *err) {
    gn_ctx *ctx = make_ctx(threads, NULL);
    gn_status st = gn_extract(ctx, model, text, &opts, dir, NULL, err);
    gn_ctx_free(ctx);
    return st;
}

/* All layers of the set against PREFIX.0 ... of the reference; the worst relative error. */
static void same_as_reference(const char *family, const char *prefix, gn_extract_opts opts,
                              double *worst) {
    gn_error err;
    char name[64], path[2048];
    gn_reps *r;
    gn_tensors *t;
    const char *dir = fresh("text_set");
    *worst = (double)INFINITY;
    OK(extract(model_folder(family), test_path("golden/models/text.txt"), opts, 2, dir, &err));
    OK(gn_reps_open(dir, &r, &err));
    snprintf(path, sizeof path, "%s/%s-text/reference.safetensors", test_path("golden/models"),
             family);
    OK(gn_tensors_open(path, &t, &err));
    snprintf(name, sizeof name, "%s.ids", prefix);
    const gn_tensor_info *info = gn_tensors_find(t, name);
    REQUIRE(info && info->shape[0] == gn_reps_rows(r));
    CHECK(memcmp(gn_tensors_data(t, info), gn_reps_token_id(r), info->n_bytes) == 0);
    double most = 0;
    for (size_t layer = 0; layer < gn_reps_layers(r); layer++) {
        snprintf(name, sizeof name, "%s.%zu", prefix, layer);
        info = gn_tensors_find(t, name);
        gn_mat m = gn_reps_layer(r, layer);
        REQUIRE(info && info->shape[1] == m.cols);
        const float *want = gn_tensors_data(t, info), *got = m.data;
        double off = 0, norm = 0;
        for (size_t i = 0; i < m.rows * m.cols; i++) {
            double d = (double)got[i] - (double)want[i];
            off += d * d;
            norm += (double)want[i] * (double)want[i];
        }
        most = fmax(most, sqrt(off / norm));
    }
    snprintf(name, sizeof name, "%s.%zu", prefix, gn_reps_layers(r));
    CHECK(gn_tensors_find(t, name) == NULL);
    *worst = most;
    gn_tensors_free(t);
    gn_reps_free(r);
}

TEST(every_layer_equals_the_reference) {
    static const char *const families[] = {"gpt2", "roberta"};
    for (size_t k = 0; k < 2; k++) {
        double line, window;
        same_as_reference(families[k], "line", (gn_extract_opts){0}, &line);
        same_as_reference(families[k], "window", (gn_extract_opts){.window = {.length = 8}},
                          &window);
        printf("# %s: relative error %.1e by line, %.1e by window\n", families[k], line, window);
        /* float32 against float64; the last layer of GPT-2 is behind the final norm in both */
        CHECK(line < 2e-6 && window < 2e-6);
    }
}

/* ---- position 0 --------------------------------------------------------------------------------
 */

/* Pairs of windows that begin with the same token: how many, and in how many of them the first
 * vectors of `layer` have the same bits. */
static void compare_first(const gn_reps *r, size_t layer, size_t *pairs, size_t *same) {
    const int32_t *id = gn_reps_token_id(r), *position = gn_reps_position(r);
    gn_mat x = gn_reps_layer(r, layer);
    *pairs = *same = 0;
    for (size_t i = 0; i < x.rows; i++)
        for (size_t j = i + 1; j < x.rows; j++) {
            if (position[i] || position[j] || id[i] != id[j]) continue;
            ++*pairs;
            *same += memcmp((const float *)x.data + i * x.stride,
                            (const float *)x.data + j * x.stride, x.cols * sizeof(float)) == 0;
        }
}

/* The mean cosine within types of the rows at position 0: 1 where nothing tells them apart. */
static void check_first_cosines(const gn_reps *r, size_t layer, bool alike) {
    gn_error err;
    gn_isotropy s;
    int32_t row[256];
    gn_isotropy_opts o = {.type = gn_reps_token_id(r), .row = row, .skip = GN_SKIP_SPECTRUM};
    for (size_t i = 0; i < gn_reps_rows(r); i++)
        if (gn_reps_position(r)[i] == 0 && o.n_rows < 256) row[o.n_rows++] = (int32_t)i;
    OK(gn_isotropy_compute(NULL, gn_reps_layer(r, layer), &o, &s, NULL, &err));
    CHECK(s.raw.n_intra_types > 0);
    if (alike)
        CHECK_NEAR(s.raw.intra, 1, 1e-6);
    else
        CHECK(s.raw.intra < 1 - 1e-4);
}

TEST(a_causal_model_cannot_tell_first_tokens_apart) {
    gn_error err;
    static const char *const families[] = {"gpt2", "roberta"};
    for (size_t k = 0; k < 2; k++) {
        gn_reps *r;
        const char *dir = fresh("text_first");
        gn_extract_opts opts = {.window = {.length = 3}};
        OK(extract(model_folder(families[k]), test_path("golden/models/text.txt"), opts, 2, dir,
                   &err));
        OK(gn_reps_open(dir, &r, &err));
        for (size_t layer = 0; layer < gn_reps_layers(r); layer++) {
            size_t pairs, same;
            compare_first(r, layer, &pairs, &same);
            CHECK(pairs >= 3);
            if (k == 0 || layer == 0)
                CHECK(same == pairs);
            else
                CHECK(same == 0);
            check_first_cosines(r, layer, k == 0 || layer == 0);
        }
        gn_reps_free(r);
    }
}

TEST(words_have_no_space_in_front) {
    gn_error err;
    gn_reps *r;
    const char *dir = fresh("text_words");
    const char *text = tmp_path("text_words.txt");
    const char *lines = "It's  the \n caf\xc3\xa9s'\xc2\xa0\n";
    OK(gn_write_file(text, lines, strlen(lines), &err));
    gn_extract_opts opts = {.pool = GN_POOL_WORD};
    OK(extract(model_folder("gpt2"), text, opts, 1, dir, &err));
    OK(gn_reps_open(dir, &r, &err));
    static const char *const want[] = {"it", "'s", "the", "caf\xc3\xa9s", "'"};
    REQUIRE(gn_reps_rows(r) == 5);
    const gn_labels *word = gn_reps_labels(r, 0);
    for (size_t i = 0; i < 5; i++) CHECK_STR(word->name[word->code[i]], want[i]);
    gn_labels *type;
    OK(gn_reps_types(r, &type, &err));
    CHECK_STR(type->name[type->code[2]], "\xC4\xA0the");
    gn_labels_free(type);
    gn_reps_free(r);
}

TEST(the_tokenizer_is_part_of_the_set) {
    gn_error err;
    const char *model = model_folder("gpt2"), *dir = fresh("text_other");
    const char *text = test_path("golden/models/text.txt");
    OK(extract(model, text, (gn_extract_opts){0}, 1, dir, &err));
    char command[2048];
    snprintf(command, sizeof command, "echo >> '%s/merges.txt'", model);
    REQUIRE(system(command) == 0);
    CHECK(extract(model, text, (gn_extract_opts){0}, 1, dir, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "tokenizer.sha256");
}

int main(void) {
    RUN(every_layer_equals_the_reference);
    RUN(a_causal_model_cannot_tell_first_tokens_apart);
    RUN(words_have_no_space_in_front);
    RUN(the_tokenizer_is_part_of_the_set);
    return tap_done();
}
