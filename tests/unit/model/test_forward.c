/* Hidden states of the tiny seeded checkpoints (tests/golden/make_models.py) against the public
 * library, on every kernel that this processor has; and what must not be visible in them: the
 * number of threads, the rest of the batch. */
#include "states.h"

static const char *const all[] = {"bert-d20",       "bert-old",    "bert-d64",
                                  "bert-shards",    "bert-f16",    "bert-bf16",
                                  "distilbert-d16", "roberta-d16", "gpt2-d20"};
enum { N_MODELS = sizeof all / sizeof all[0] };

/* models.md, check 1. Measured: below 5e-7. The references are float64 results rounded. */
static const double TOLERANCE = 1e-5;

static double worst;

static const char *file_of(const char *model, const char *file) {
    char path[200];
    snprintf(path, sizeof path, "golden/models/%s%s%s", model, *file ? "/" : "", file);
    return test_path(path);
}

static void compare_layers(const gn_tensors *ref, const states *s, const char *take, size_t first,
                           const char *what) {
    size_t n = s->n_tokens * s->d;
    for (size_t l = first; l < s->n_layers; l++) {
        char name[32];
        snprintf(name, sizeof name, "%s.%zu", take, l);
        const float *want = reference(ref, name, NULL);
        REQUIRE(want != NULL);
        double e = relative_error(s->x + l * n, want, n);
        CHECK(e <= TOLERANCE);
        if (e > worst) worst = e;
        if (!(e <= TOLERANCE)) printf("# %s, %s: relative error %g\n", what, name, e);
    }
}

static void check_model(const char *model, gn_cpu cpu, unsigned threads) {
    gn_error err;
    gn_ctx *ctx = context(cpu, threads);
    if (!ctx) return;
    gn_tensors *ref;
    gn_model *m;
    states s = {0};
    OK(gn_tensors_open(file_of(model, "reference.safetensors"), &ref, &err));
    OK(gn_model_open(ctx, file_of(model, ""), NULL, &m, &err));
    OK(gn_model_forward(ctx, m, reference_batch(ref), GN_TAKE_BLOCK, collect, &s, &err));
    CHECK(s.n_layers == gn_model_get_info(m)->n_layers + 1);
    compare_layers(ref, &s, "block", 0, model);
    states_free(&s);
    gn_model_free(m);
    gn_tensors_free(ref);
    gn_ctx_free(ctx);
}

TEST(hidden_states_of_every_checkpoint) {
    for (size_t c = 0; c < N_CPUS; c++) {
        worst = 0;
        for (size_t i = 0; i < N_MODELS; i++)
            for (unsigned threads = 1; threads <= 2; threads++)
                check_model(all[i], every_cpu[c], threads);
        if (worst > 0) printf("# %s: relative error %.2g\n", gn_cpu_name(every_cpu[c]), worst);
    }
}

TEST(states_inside_a_block) {
    static const char *const models[] = {"bert-d20", "bert-d64", "roberta-d16", "gpt2-d20"};
    static const struct {
        gn_take take;
        const char *name;
    } takes[] = {{GN_TAKE_ATTN, "attn"}, {GN_TAKE_NORM1, "norm1"}, {GN_TAKE_MLP, "mlp"}};
    gn_error err;
    gn_ctx *ctx = context(GN_CPU_AUTO, 2);
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        gn_tensors *ref;
        gn_model *m;
        OK(gn_tensors_open(file_of(models[i], "reference.safetensors"), &ref, &err));
        OK(gn_model_open(ctx, file_of(models[i], ""), NULL, &m, &err));
        for (size_t k = 0; k < 3; k++) {
            states s = {0};
            OK(gn_model_forward(ctx, m, reference_batch(ref), takes[k].take, collect, &s, &err));
            compare_layers(ref, &s, takes[k].name, 1, models[i]);
            const float *embedding = reference(ref, "block.0", NULL);
            CHECK(relative_error(s.x, embedding, s.n_tokens * s.d) <= TOLERANCE);
            states_free(&s);
        }
        gn_model_free(m);
        gn_tensors_free(ref);
    }
    gn_ctx_free(ctx);
}

/* The same bits alone, in the batch, and in a batch so large that chunks replace shared layers. */
static void check_batches(const char *model, gn_cpu cpu, unsigned threads) {
    enum { COPIES = 40 };
    gn_error err;
    gn_ctx *one = context(cpu, 1), *many = context(cpu, threads);
    if (!one) return;
    gn_tensors *ref;
    gn_model *m;
    states together = {0}, large = {0};
    OK(gn_tensors_open(file_of(model, "reference.safetensors"), &ref, &err));
    OK(gn_model_open(one, file_of(model, ""), NULL, &m, &err));
    gn_batch b = reference_batch(ref), big = {b.n_sequences * COPIES, b.n_tokens * COPIES, 0, 0};
    int32_t *id = malloc(big.n_tokens * sizeof *id);
    uint32_t *begin = calloc(big.n_sequences + 1, sizeof *begin);
    REQUIRE(id && begin);
    for (size_t k = 0; k < COPIES; k++) {
        memcpy(id + k * b.n_tokens, b.id, b.n_tokens * sizeof *id);
        for (size_t s = 0; s < b.n_sequences; s++)
            begin[k * b.n_sequences + s + 1] = (uint32_t)(k * b.n_tokens) + b.begin[s + 1];
    }
    big.id = id;
    big.begin = begin;
    OK(gn_model_forward(many, m, b, GN_TAKE_BLOCK, collect, &together, &err));
    OK(gn_model_forward(many, m, big, GN_TAKE_BLOCK, collect, &large, &err));
    size_t d = together.d;
    for (size_t s = 0; s < b.n_sequences; s++) {
        size_t n = b.begin[s + 1] - b.begin[s];
        states alone = {0};
        uint32_t ends[] = {0, (uint32_t)n};
        OK(gn_model_forward(one, m, (gn_batch){1, n, b.id + b.begin[s], ends}, GN_TAKE_BLOCK,
                            collect, &alone, &err));
        for (size_t l = 0; l < alone.n_layers; l++) {
            const float *want = alone.x + l * n * d;
            CHECK(memcmp(want, together.x + (l * b.n_tokens + b.begin[s]) * d,
                         n * d * sizeof *want) == 0);
            for (size_t k = 0; k < COPIES; k++) {
                size_t row = l * big.n_tokens + k * b.n_tokens + b.begin[s];
                CHECK(memcmp(want, large.x + row * d, n * d * sizeof *want) == 0);
            }
        }
        states_free(&alone);
    }
    states_free(&together);
    states_free(&large);
    free(id);
    free(begin);
    gn_model_free(m);
    gn_tensors_free(ref);
    gn_ctx_free(one);
    gn_ctx_free(many);
}

TEST(neither_batch_nor_threads_show) {
    for (size_t c = 0; c < N_CPUS; c++)
        for (unsigned threads = 1; threads <= 4; threads++) {
            check_batches("bert-d20", every_cpu[c], threads);
            check_batches("bert-d64", every_cpu[c], threads);
            check_batches("gpt2-d20", every_cpu[c], threads);
        }
}

/* models.md, check 3: what stands behind a token cannot be seen in a causal model's states. */
TEST(causal_models_do_not_look_ahead) {
    gn_error err;
    gn_model *m;
    int32_t id[24];
    for (int i = 0; i < 24; i++) id[i] = (7 * i + 3) % 60;
    for (size_t c = 0; c < N_CPUS; c++) {
        gn_ctx *ctx = context(every_cpu[c], 2);
        if (!ctx) continue;
        states whole = {0};
        OK(gn_model_open(ctx, file_of("gpt2-d20", ""), NULL, &m, &err));
        OK(gn_model_forward(ctx, m, (gn_batch){1, 24, id, (uint32_t[]){0, 24}}, GN_TAKE_BLOCK,
                            collect, &whole, &err));
        for (uint32_t n = 1; n < 24; n++) {
            states part = {0};
            OK(gn_model_forward(ctx, m, (gn_batch){1, n, id, (uint32_t[]){0, n}}, GN_TAKE_BLOCK,
                                collect, &part, &err));
            for (size_t l = 0; l < part.n_layers; l++)
                CHECK(memcmp(part.x + l * n * part.d, whole.x + l * 24 * whole.d,
                             n * part.d * sizeof *part.x) == 0);
            states_free(&part);
        }
        states_free(&whole);
        gn_model_free(m);
        gn_ctx_free(ctx);
    }
}

TEST(lower_precision_says_what_it_is) {
    /* On AMX the parts are fewer and the error larger; elsewhere all three are float32. */
    static const double limit[] = {1e-5, 1e-4, 5e-2};
    gn_error err;
    gn_ctx *ctx = context(GN_CPU_AUTO, 1);
    for (int precision = 0; precision < 3; precision++) {
        gn_tensors *ref;
        gn_model *m;
        states s = {0};
        OK(gn_tensors_open(file_of("bert-d64", "reference.safetensors"), &ref, &err));
        OK(gn_model_open(ctx, file_of("bert-d64", ""), &(gn_model_opts){(gn_precision)precision},
                         &m, &err));
        OK(gn_model_forward(ctx, m, reference_batch(ref), GN_TAKE_BLOCK, collect, &s, &err));
        size_t n = s.n_tokens * s.d;
        const float *want = reference(ref, "block.1", NULL);
        CHECK(relative_error(s.x + n, want, n) <= limit[precision]);
        states_free(&s);
        gn_model_free(m);
        gn_tensors_free(ref);
    }
    gn_ctx_free(ctx);
}

static gn_status refuse_layer_1(void *user, size_t layer, gn_mat x, gn_error *err) {
    (void)user, (void)x;
    if (err && layer == 1) snprintf(err->message, sizeof err->message, "no more");
    return layer == 1 ? GN_EIO : GN_OK;
}
static bool stop_at_once(void *user) {
    ++*(int *)user;
    return true;
}
static bool count_polls(void *user) {
    ++*(int *)user;
    return false;
}

TEST(what_a_pass_refuses) {
    gn_error err;
    int asked = 0;
    gn_ctx *ctx = context(GN_CPU_AUTO, 2), *stopping;
    gn_hooks hooks = {.user = &asked, .cancel = stop_at_once};
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 2, .hooks = hooks}, &stopping, &err));
    gn_model *m;
    states s = {0};
    OK(gn_model_open(ctx, file_of("bert-d20", ""), NULL, &m, &err));
    int32_t id[30] = {1, 2, 60, 4};
    const struct {
        gn_batch b;
        const char *says;
    } bad[] = {
        {{1, 4, id, (uint32_t[]){0, 4}},
         "sequence 0, token 2: id 60 is outside the vocabulary of 60"},
        {{1, 25, (int32_t[25]){0}, (uint32_t[]){0, 25}},
         "sequence 0 has 25 tokens, the model takes 24"},
        {{2, 2, id, (uint32_t[]){0, 2, 2}}, "sequence 1 of the batch is empty"},
        {{1, 2, id, (uint32_t[]){0, 1}}, "cover tokens 0 to 1 of 2"},
        {{0, 0, id, (uint32_t[]){0}}, "no sequence"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(gn_model_forward(ctx, m, bad[i].b, GN_TAKE_BLOCK, collect, &s, &err) == GN_EINVAL);
        CHECK_CONTAINS(err.message, bad[i].says);
    }
    gn_batch good = {1, 2, id, (uint32_t[]){0, 2}};
    CHECK(gn_model_forward(ctx, m, good, GN_TAKE_BLOCK, refuse_layer_1, NULL, &err) == GN_EIO);
    CHECK_STR(err.message, "no more");
    CHECK(gn_model_forward(stopping, m, good, GN_TAKE_BLOCK, collect, &s, &err) == GN_ECANCEL);
    CHECK(asked > 0 && s.n_layers == 0);
    /* A chunk may take seconds: the caller's thread asks before each layer. */
    gn_ctx *counting;
    hooks.cancel = count_polls;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .hooks = hooks}, &counting, &err));
    asked = 0;
    OK(gn_model_forward(counting, m, good, GN_TAKE_BLOCK, collect, &s, &err));
    CHECK(asked > (int)gn_model_get_info(m)->n_layers);
    states_free(&s);
    gn_ctx_free(counting);
    gn_model_free(m);
    gn_ctx_free(ctx);
    gn_ctx_free(stopping);
}

int main(void) {
    RUN(hidden_states_of_every_checkpoint);
    RUN(states_inside_a_block);
    RUN(neither_batch_nor_threads_show);
    RUN(causal_models_do_not_look_ahead);
    RUN(lower_precision_says_what_it_is);
    RUN(what_a_pass_refuses);
    return tap_done();
}
