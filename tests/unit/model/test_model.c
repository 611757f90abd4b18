/* Opening: what a folder holds, and one clear sentence for everything that can be wrong with it. */
#define _GNU_SOURCE
#include "checkpoint.h"
#include "states.h"

#include "io/sha256.h"
#include "model/config.h"

#include <unistd.h>

static const char *golden(const char *file) {
    char path[200];
    snprintf(path, sizeof path, "golden/models/%s", file);
    return test_path(path);
}

TEST(what_is_in_a_folder) {
    gn_error err;
    gn_ctx *ctx = context(GN_CPU_AUTO, 1);
    gn_model *m;
    OK(gn_model_open(ctx, golden("bert-d20"), NULL, &m, &err));
    const gn_model_info *i = gn_model_get_info(m);
    CHECK_STR(i->family, "bert");
    CHECK_STR(i->name, "bert-d20");
    CHECK_STR(i->dtype, "float32");
    CHECK(i->n_layers == 3 && i->d_model == 20 && i->n_heads == 5 && i->d_ff == 33);
    CHECK(i->vocab_size == 60 && i->max_positions == 24 && i->type_vocab_size == 2);
    CHECK(i->norm_eps == 1e-12);
    /* Tables and norm; per block four (20,20)s, (33,20) twice, 6 vectors of 20 + 1 of 33 + 3 more.
     */
    size_t block = 4 * 400 + 2 * 660 + 4 * 20 + 33 + 20 + 4 * 20;
    CHECK(i->n_parameters == (60 + 24 + 2 + 2) * 20 + 3 * block);
    gn_tensors *t;
    OK(gn_tensors_open(golden("bert-d20/model.safetensors"), &t, &err));
    static const char *const names[][2] = {
        {"word", "embeddings.word_embeddings.weight"},
        {"position", "embeddings.position_embeddings.weight"},
        {"token_type", "embeddings.token_type_embeddings.weight"}};
    static const size_t rows[] = {60, 24, 2};
    REQUIRE(gn_model_table_count(m) == 3);
    for (size_t k = 0; k < 3; k++) {
        gn_table table = gn_model_table(m, k);
        CHECK_STR(table.name, names[k][0]);
        CHECK(table.rows.rows == rows[k] && table.rows.cols == 20 && table.rows.dtype == GN_F32);
        const void *want = gn_tensors_data(t, gn_tensors_find(t, names[k][1]));
        CHECK(memcmp(table.rows.data, want, rows[k] * 20 * 4) == 0);
    }
    gn_tensors_free(t);
    gn_model_free(m);
    OK(gn_model_open(ctx, golden("bert-bf16"), NULL, &m, &err));
    CHECK_STR(gn_model_get_info(m)->dtype, "bfloat16");
    gn_model_free(m);
    OK(gn_model_open(ctx, golden("roberta-d16"), NULL, &m, &err));
    CHECK(gn_model_get_info(m)->max_positions == 24);
    CHECK(gn_model_table(m, 1).rows.rows == 26);
    gn_model_free(m);
    OK(gn_model_open(ctx, golden("gpt2-d20"), NULL, &m, &err));
    CHECK(gn_model_get_info(m)->d_ff == 80 && gn_model_table_count(m) == 2);
    gn_model_free(m);
    CHECK(gn_model_open(ctx, golden("bert-d20"), &(gn_model_opts){(gn_precision)3}, &m, &err) ==
          GN_EINVAL);
    gn_model_free(NULL);
    gn_ctx_free(ctx);
}

TEST(sha256_of_the_weights) {
    gn_error err;
    gn_ctx *ctx = context(GN_CPU_AUTO, 1);
    gn_model *m;
    char got[65], want[65];
    OK(gn_model_open(ctx, golden("bert-d20"), NULL, &m, &err));
    OK(gn_model_sha256(m, got, &err));
    OK(gn_sha256_file(golden("bert-d20/model.safetensors"), want, &err));
    CHECK_STR(got, want);
    gn_model_free(m);
    OK(gn_model_open(ctx, golden("bert-shards"), NULL, &m, &err));
    OK(gn_model_sha256(m, got, &err));
    gn_sha256 *sha;
    OK(gn_sha256_new(&sha, &err));
    for (int i = 1; i <= 2; i++) {
        char name[100];
        snprintf(name, sizeof name, "bert-shards/model-0000%d-of-00002.safetensors", i);
        FILE *f = fopen(golden(name), "rb");
        REQUIRE(f != NULL);
        static char bytes[1 << 18];
        size_t n = fread(bytes, 1, sizeof bytes, f);
        fclose(f);
        OK(gn_sha256_add(sha, bytes, n, &err));
    }
    OK(gn_sha256_end(sha, want, &err));
    CHECK_STR(got, want);
    gn_model_free(m);
    gn_ctx_free(ctx);
}

static const char config[] =
    "{\"model_type\": \"bert\", \"hidden_size\": 20, \"hidden_act\": \"gelu\","
    "\"num_hidden_layers\": 3, \"num_attention_heads\": 5, \"vocab_size\": 60,"
    "\"intermediate_size\": 33, \"max_position_embeddings\": 24}";

TEST(configs_that_are_fine) {
    gn_error err;
    gn_config c;
    OK(gn_config_parse(config, strlen(config), "config.json", &c, &err));
    CHECK(c.d == 20 && c.n_layers == 3 && c.type_vocab_size == 2 && c.act == GN_ACT_GELU);
    CHECK(c.eps == 1e-12 && c.first_position == 0 && c.name[0] == '\0');
    static const struct {
        const char *old, *new;
        gn_activation act;
    } other[] = {
        {"\"gelu\"", "\"gelu_new\"", GN_ACT_GELU_TANH},
        {"\"gelu\"", "\"swish\", \"layer_norm_eps\": 1e-5", GN_ACT_SILU},
        {"\"gelu\"", "\"relu\", \"position_embedding_type\": \"absolute\"", GN_ACT_RELU},
        {"\"model_type\": \"bert\"", "\"architectures\": [\"BertForMaskedLM\"]", GN_ACT_GELU},
    };
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        char *text = replaced(config, other[i].old, other[i].new);
        OK(gn_config_parse(text, strlen(text), "config.json", &c, &err));
        CHECK(c.act == other[i].act);
        CHECK(c.eps == (i == 1 ? 1e-5 : 1e-12));
        free(text);
    }
}

TEST(configs_that_are_not) {
    static const struct {
        const char *old, *new;
        gn_status status;
        const char *says;
    } bad[] = {
        {"{", "", GN_EDATA, "config.json"},
        {"{", "[{", GN_EDATA, "config.json"},
        {"\"hidden_size\"", "\"hiden_size\"", GN_EDATA, "'hidden_size' is missing"},
        {"20", "\"20\"", GN_EDATA, "'hidden_size' is not a whole number"},
        {"20", "20.5", GN_EDATA, "'hidden_size' is not a whole number"},
        {"20", "0", GN_EDATA, "'hidden_size' is 0, expected 1 to"},
        {"20", "-20", GN_EDATA, "'hidden_size' is -20, expected 1 to"},
        {"20", "99999999999", GN_EDATA, "'hidden_size' is 99999999999, expected 1 to"},
        {"20", "21", GN_EDATA, "'hidden_size' is 21, not a multiple of 'num_attention_heads', 5"},
        {"33", "33, \"vocab_size\": 61", GN_EDATA, "vocab_size"},
        {"\"bert\"", "7", GN_EDATA, "'model_type' is not a string"},
        {"\"bert\"", "\"mamba\"", GN_ENOSUPP, "model_type 'mamba' is not known"},
        {"\"model_type\": \"bert\",", "", GN_EDATA, "neither 'model_type' nor 'architectures'"},
        {"\"model_type\": \"bert\"", "\"architectures\": [\"T5Model\"]", GN_ENOSUPP,
         "architecture 'T5Model' is not known"},
        {"\"gelu\"", "\"mish\"", GN_ENOSUPP, "'hidden_act' is 'mish'"},
        {"\"gelu\"", "3", GN_EDATA, "'hidden_act' is not a string"},
        {"33", "33, \"position_embedding_type\": \"relative_key\"", GN_ENOSUPP,
         "'position_embedding_type' is 'relative_key', only absolute"},
        {"33", "33, \"is_decoder\": true", GN_ENOSUPP, "'is_decoder' is true"},
        {"33", "33, \"scale_attn_weights\": false", GN_ENOSUPP, "'scale_attn_weights' is false"},
        {"\"bert\"", "\"roberta\"", GN_EDATA, "'pad_token_id' is missing"},
        {"\"bert\"", "\"roberta\", \"pad_token_id\": 23", GN_EDATA,
         "'max_position_embeddings' is 24, but the first position is 24"},
        {"33", "33, \"layer_norm_eps\": \"small\"", GN_EDATA, "'layer_norm_eps' is not a number"},
        {"33", "33, \"layer_norm_eps\": -1", GN_EDATA, "'layer_norm_eps' is -1"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        gn_error err;
        gn_config c = {.d = 77};
        char *text = replaced(config, bad[i].old, bad[i].new);
        CHECK(gn_config_parse(text, strlen(text), "config.json", &c, &err) == bad[i].status);
        CHECK_CONTAINS(err.message, bad[i].says);
        CHECK_CONTAINS(err.message, "config.json: ");
        CHECK(c.d == 77);
        free(text);
    }
}

/* A copy of bert-d20 in which one tensor, one piece of the config, or the file's end is changed. */
static const char *copy_model(edit e, const char *old, const char *new, size_t cut) {
    static char dir[1024];
    char path[1100];
    snprintf(dir, sizeof dir, "%s", tmp_path("model_damaged"));
    mkdir(dir, 0777);
    char *text = read_text(golden("bert-d20/config.json"));
    char *changed = old ? replaced(text, old, new) : replaced(text, "{", "{");
    snprintf(path, sizeof path, "%s/config.json", dir);
    write_bytes(path, changed, strlen(changed));
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    write_tensors(golden("bert-d20/model.safetensors"), path, e);
    struct stat s;
    if (cut && (stat(path, &s) != 0 || truncate(path, s.st_size - (off_t)cut) != 0)) abort();
    free(text);
    free(changed);
    return dir;
}

TEST(damaged_checkpoints) {
#define UP "encoder.layer.0.intermediate.dense.weight"
#define WORD "embeddings.word_embeddings.weight"
#define NORM "encoder.layer.2.output.LayerNorm."
    static const struct {
        edit e;
        const char *old, *new;
        size_t cut;
        const char *says;
    } bad[] = {
        {{DROP, UP, 0}, 0, 0, 0, "tensor '" UP "' is missing"},
        {{DROP, NORM "bias", 0}, 0, 0, 0, "tensor '" NORM "bias' is missing"},
        {{DROP, WORD, 0}, 0, 0, 0, "tensor '" WORD "' is missing, with and without a prefix"},
        {{TURN, UP, 0}, 0, 0, 0, "tensor '" UP "' has shape (20, 33), config.json means (33, 20)"},
        {{AS_INTEGER, UP, 0}, 0, 0, 0, "tensor '" UP "' is int32, expected float32"},
        {{PUT_NAN, UP, 0}, 0, 0, 0, "tensor '" UP "' is nan in row 1, column 2"},
        {{ADD_COPY, NORM "weight", NORM "gamma"},
         0,
         0,
         0,
         "tensor '" NORM "weight' is there again under its old name '" NORM "gamma'"},
        {{ADD_COPY, WORD, "bert." WORD}, 0, 0, 0, "two models in one file: tensor 'bert." WORD "'"},
        {{ADD_COPY, UP, WORD}, 0, 0, 0, "duplicate"},
        {{NONE, 0, 0},
         "\"vocab_size\": 60",
         "\"vocab_size\": 61",
         0,
         "tensor '" WORD "' has shape (60, 20), config.json means (61, 20)"},
        {{NONE, 0, 0},
         "\"vocab_size\": 60",
         "\"vocab_size\": 268435456",
         0,
         "has shape (60, 20), config.json means (268435456, 20)"},
        {{NONE, 0, 0},
         "\"hidden_size\": 20",
         "\"hidden_size\": 40",
         0,
         "has shape (60, 20), config.json means (60, 40)"},
        {{NONE, 0, 0},
         "\"intermediate_size\": 33",
         "\"intermediate_size\": 34",
         0,
         "tensor '" UP "' has shape (33, 20), config.json means (34, 20)"},
        {{NONE, 0, 0},
         "\"max_position_embeddings\": 24",
         "\"max_position_embeddings\": 512",
         0,
         "has shape (24, 20), config.json means (512, 20)"},
        {{NONE, 0, 0},
         "\"type_vocab_size\": 2",
         "\"type_vocab_size\": 1",
         0,
         "has shape (2, 20), config.json means (1, 20)"},
        {{NONE, 0, 0},
         "\"num_hidden_layers\": 3",
         "\"num_hidden_layers\": 4",
         0,
         "tensor 'encoder.layer.3.attention.self.query.weight' is missing"},
        {{NONE, 0, 0},
         "\"num_hidden_layers\": 3",
         "\"num_hidden_layers\": 2",
         0,
         "tensor 'encoder.layer.2.attention.self.query.weight' is there, but config.json counts 2"},
        {{NONE, 0, 0}, 0, 0, 4, "model.safetensors"},
    };
    gn_ctx *ctx = context(GN_CPU_AUTO, 2);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        gn_error err;
        gn_model *m = NULL;
        const char *dir = copy_model(bad[i].e, bad[i].old, bad[i].new, bad[i].cut);
        CHECK(gn_model_open(ctx, dir, NULL, &m, &err) == GN_EDATA);
        CHECK(m == NULL);
        CHECK_CONTAINS(err.message, bad[i].says);
        CHECK_CONTAINS(err.message, "model_damaged/model.safetensors: ");
    }
    gn_ctx_free(ctx);
}

TEST(an_undamaged_copy_opens) {
    gn_error err;
    gn_ctx *ctx = context(GN_CPU_AUTO, 1);
    gn_model *m = NULL;
    const char *dir = copy_model((edit){RENAME, NORM "weight", NORM "gamma"}, NULL, NULL, 0);
    OK(gn_model_open(ctx, dir, NULL, &m, &err));
    CHECK(gn_model_get_info(m)->n_layers == 3);
    gn_model_free(m);
    gn_ctx_free(ctx);
}

TEST(missing_files) {
    gn_error err;
    gn_model *m = NULL;
    gn_ctx *ctx = context(GN_CPU_AUTO, 1);
    char path[1100];
    const char *dir = copy_model((edit){0}, NULL, NULL, 0);
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    unlink(path);
    CHECK(gn_model_open(ctx, dir, NULL, &m, &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "neither model.safetensors nor model.safetensors.index.json");
    snprintf(path, sizeof path, "%s/config.json", dir);
    unlink(path);
    CHECK(gn_model_open(ctx, dir, NULL, &m, &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "config.json");
    CHECK(m == NULL);
    gn_ctx_free(ctx);
}

static void make_dir(const char *base, const char *name) {
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", base, name);
    mkdir(path, 0777);
}

TEST(names_of_models) {
    gn_error err;
    char out[1200], cache[1024], path[1200];
    OK(gn_model_resolve(golden("bert-d20"), NULL, out, sizeof out, &err));
    CHECK_STR(out, golden("bert-d20"));
    OK(gn_model_resolve(golden("bert-d20/model.safetensors"), NULL, out, sizeof out, &err));
    CHECK_STR(out, golden("bert-d20"));
    snprintf(cache, sizeof cache, "%s", tmp_path("model_cache"));
    mkdir(cache, 0777);
    static const char *const dirs[] = {"models--org--name",
                                       "models--org--name/refs",
                                       "models--org--name/snapshots",
                                       "models--org--name/snapshots/abc",
                                       "models--org--name/snapshots/def",
                                       "models--solo",
                                       "models--solo/snapshots",
                                       "models--solo/snapshots/123",
                                       "models--torn",
                                       "models--torn/refs",
                                       "models--torn/snapshots",
                                       "models--empty"};
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) make_dir(cache, dirs[i]);
    snprintf(path, sizeof path, "%s/models--org--name/refs/main", cache);
    write_bytes(path, "def\n", 4);
    snprintf(path, sizeof path, "%s/models--torn/refs/main", cache);
    write_bytes(path, "gone", 4);
    OK(gn_model_resolve("org/name", cache, out, sizeof out, &err));
    CHECK_CONTAINS(out, "model_cache/models--org--name/snapshots/def");
    OK(gn_model_resolve("solo", cache, out, sizeof out, &err));
    CHECK_CONTAINS(out, "model_cache/models--solo/snapshots/123");
    static const struct {
        const char *name, *says;
    } bad[] = {{"torn", "models--torn/snapshots/gone, which is not there"},
               {"empty", "no refs/main"},
               {"org/none", "models--org--none exists"},
               {"../up", "no file or folder of that name exists"},
               {"a/b/c", "no file or folder of that name exists"},
               {"", "no file or folder of that name exists"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(out, sizeof out, "untouched");
        CHECK(gn_model_resolve(bad[i].name, cache, out, sizeof out, &err) == GN_EIO);
        CHECK_CONTAINS(err.message, bad[i].says);
        CHECK_STR(out, "untouched");
    }
    CHECK(gn_model_resolve("org/name", NULL, out, sizeof out, &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "no cache folder was given");
    CHECK(gn_model_resolve("org/name", cache, out, 10, &err) == GN_EINVAL);
}

int main(void) {
    RUN(what_is_in_a_folder);
    RUN(sha256_of_the_weights);
    RUN(configs_that_are_fine);
    RUN(configs_that_are_not);
    RUN(damaged_checkpoints);
    RUN(an_undamaged_copy_opens);
    RUN(missing_files);
    RUN(names_of_models);
    return tap_done();
}
