/* A model whose hidden states are known by formula, a small WordPiece vocabulary, small texts. */
#ifndef GN_TESTS_FAKE_H
#define GN_TESTS_FAKE_H

#include "../reps/set.h"

#include "base/ctx.h"
#include "extract/core.h"

enum { D = 6, BLOCKS = 3, POSITIONS = 12 };

static const char *const fake_vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\na\ndog\n##"
                                      "s\nbark\n##ing\n##ed\nun\n##believ\n##able\n"
                                      "cat\nsee\n.\n,\nstra\xc3\x9f\x65\nwe\n";

typedef struct fake {
    gn_model_info info;
    size_t n_forward, n_tokens, longest_batch; /* what was asked for */
    int cancel_after;                          /* forward passes; 0: never */
    float poison; /* put at layer 2, first token, dimension 4; 0: not */
    bool lazy;    /* brings layer 0 only */
} fake;

static inline fake fake_new(void) {
    return (fake){.info = {.family = "formula",
                           .name = "fake",
                           .n_layers = BLOCKS,
                           .d_model = D,
                           .n_heads = 1,
                           .d_ff = D,
                           .vocab_size = 21,
                           .max_positions = POSITIONS,
                           .dtype = "float32"}};
}

/* Exact in float32, and in float16: whole multiples of 1/64 below 16. A sum over the ids makes
 * every state depend on its whole sequence. */
static inline float fake_state(size_t layer, const int32_t *id, size_t n, size_t pos, size_t j) {
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) sum += (size_t)id[i] * (i + 1);
    return (float)((layer * 131 + (size_t)id[pos] * 17 + pos * 7 + j * 37 + sum * 5) % 1009) / 64 -
           8;
}

static inline gn_status fake_forward(void *self, gn_ctx *ctx, gn_batch b, gn_take take, gn_tap tap,
                                     void *user, gn_error *err) {
    fake *f = self;
    (void)take;
    float *x = gn_alloc((b.n_tokens + 1) * D, sizeof *x);
    gn_status st = x ? gn_ctx_poll(ctx, err) : gn_fail_nomem(err, "states", b.n_tokens);
    f->n_forward++;
    f->n_tokens += b.n_tokens;
    if (b.n_tokens > f->longest_batch) f->longest_batch = b.n_tokens;
    for (size_t layer = 0; st == GN_OK && layer <= (f->lazy ? 0 : BLOCKS); layer++) {
        for (size_t s = 0; s < b.n_sequences; s++)
            for (size_t t = b.begin[s]; t < b.begin[s + 1]; t++)
                for (size_t j = 0; j < D; j++)
                    x[t * D + j] = fake_state(layer, b.id + b.begin[s], b.begin[s + 1] - b.begin[s],
                                              t - b.begin[s], j);
        if (layer == 2 && f->poison != 0.0f) x[4] = f->poison;
        st = tap(user, layer, gn_mat_f32(x, b.n_tokens, D), err);
    }
    gn_free(x);
    return st;
}

/** The tokenizer, opened once and kept. */
static inline gn_tokenizer *fake_tokenizer(void) {
    static gn_tokenizer *tokenizer;
    gn_error err;
    if (tokenizer) return tokenizer;
    const char *dir = fresh("extract_tokenizer");
    if (gn_make_dirs(dir, NULL) != GN_OK) printf("# %s: not made\n", dir);
    put_file(dir, "vocab.txt", fake_vocab);
    if (gn_tokenizer_open(dir, &tokenizer, &err) != GN_OK) printf("# %s\n", err.message);
    return tokenizer;
}

typedef struct job {
    gn_corpus *corpus;
    gn_extract_inputs in;
} job;

/** @param name of a corpus file, whose ending says its kind. */
static inline gn_status job_open(job *j, fake *f, const char *name, const char *text,
                                 gn_error *err) {
    const char *path = tmp_path(name);
    gn_status st;
    *j = (job){0};
    GN_TRY(gn_write_file(path, text, strlen(text), err));
    GN_TRY(gn_corpus_open(path, NULL, &j->corpus, err));
    j->in = (gn_extract_inputs){
        .source = {.info = &f->info, .weights_sha256 = "w", .forward = fake_forward, .self = f},
        .tokenizer = fake_tokenizer(),
        .tokenizer_sha256 = "t",
        .corpus = j->corpus,
        .corpus_name = name};
done:
    return st;
}

static inline void job_close(job *j) {
    gn_corpus_free(j->corpus);
}

/** Polls until `left` is used up, then asks to stop. */
static inline bool cancel_hook(void *user) {
    int *left = user;
    return left && (*left)-- <= 0;
}

static inline gn_ctx *make_ctx(unsigned threads, int *polls) {
    gn_ctx *ctx = NULL;
    gn_ctx_opts o = {.n_threads = threads, .cpu = GN_CPU_SCALAR};
    if (polls) o.hooks = (gn_hooks){.user = polls, .cancel = cancel_hook};
    gn_ctx_new(&o, &ctx, NULL);
    return ctx;
}

#endif
