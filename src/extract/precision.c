/* `--precision fast` and `draft` split weights and activations into fewer bfloat16 parts. What that
 * costs depends on model and text, so it is measured rather than promised: the first records go
 * through the model twice, once in exact arithmetic, and the states are compared layer by layer.
 * Where the processor has no AMX all precisions are float32 and the error is exactly 0. */
#include "extract/precision.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { SAMPLE_TOKENS = 512 };

struct sample {
    int32_t *id;
    uint32_t *begin;
    size_t n_sequences, n_tokens;
};

struct comparison {
    float *state; /* (layers, tokens, d) of the exact pass */
    double worst;
};

static gn_status take_sample(const gn_tokenizer *tokenizer, const gn_corpus *corpus,
                             const gn_extract_opts *o, size_t max_tokens, struct sample *s,
                             gn_error *err) {
    gn_status st;
    gn_encoding e = {0};
    size_t count = gn_corpus_count(corpus);
    GN_TRY(gn_alloc_array(&s->id, SAMPLE_TOKENS + max_tokens, sizeof *s->id, "a sample", err));
    GN_TRY(gn_alloc_array(&s->begin, SAMPLE_TOKENS + 1, sizeof *s->begin, "a sample", err));
    for (size_t i = 0; i < count && s->n_tokens < SAMPLE_TOKENS; i++) {
        gn_record r = gn_corpus_at(corpus, i);
        gn_encode_opts opts = {.special = !o->no_special, .max_tokens = max_tokens};
        GN_TRY(gn_tokenizer_encode(tokenizer, r.text, r.n_bytes, opts, &e, NULL, err));
        if (e.n == 0) continue;
        memcpy(s->id + s->n_tokens, e.id, e.n * sizeof *e.id);
        s->begin[s->n_sequences++] = (uint32_t)s->n_tokens;
        s->n_tokens += e.n;
    }
    s->begin[s->n_sequences] = (uint32_t)s->n_tokens;
    st = GN_OK;
done:
    gn_encoding_free(&e);
    return st;
}

static gn_status keep(void *user, size_t layer, gn_mat x, gn_error *err) {
    struct comparison *c = user;
    (void)err;
    memcpy(c->state + layer * x.rows * x.cols, x.data, x.rows * x.cols * sizeof(float));
    return GN_OK;
}

static gn_status compare(void *user, size_t layer, gn_mat x, gn_error *err) {
    struct comparison *c = user;
    (void)err;
    const float *got = x.data, *want = c->state + layer * x.rows * x.cols;
    double off = 0, norm = 0;
    for (size_t i = 0; i < x.rows * x.cols; i++) {
        double difference = (double)got[i] - (double)want[i];
        off += difference * difference;
        norm += (double)want[i] * (double)want[i];
    }
    double error = off > 0 ? sqrt(off / norm) : 0;
    if (!(error <= c->worst)) c->worst = error;
    return GN_OK;
}

gn_status gn_extract_precision_error(gn_ctx *ctx, const gn_source *source, const gn_source *exact,
                                     const gn_tokenizer *tokenizer, const gn_corpus *corpus,
                                     const gn_extract_opts *opts, double *out, gn_error *err) {
    struct sample s = {0};
    struct comparison c = {0};
    const gn_model_info *info = exact->info;
    size_t most = info->max_positions, values;
    if (opts->max_tokens && opts->max_tokens < most) most = opts->max_tokens;
    gn_status st = take_sample(tokenizer, corpus, opts, most, &s, err);
    if (st != GN_OK || s.n_tokens == 0) goto done;
    if (!gn_mul((info->n_layers + 1) * info->d_model, s.n_tokens, &values)) values = SIZE_MAX;
    GN_TRY(gn_alloc_array(&c.state, values, sizeof *c.state, "states of a sample", err));
    gn_batch batch = {s.n_sequences, s.n_tokens, s.id, s.begin};
    GN_TRY(exact->forward(exact->self, ctx, batch, opts->take, keep, &c, err));
    GN_TRY(source->forward(source->self, ctx, batch, opts->take, compare, &c, err));
done:
    if (st == GN_OK) *out = c.worst;
    gn_free(c.state);
    gn_free(s.begin);
    gn_free(s.id);
    return st;
}
