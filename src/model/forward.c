/* The forward pass.
 *
 * Sequences lie end to end and are never padded: linear layers and norms do not care where a
 * sequence ends, attention is run per sequence. The batch is cut into chunks of whole sequences;
 * one worker takes a chunk through all layers with its own buffers, so that threads meet only at
 * the end. When there are fewer chunks than would keep the threads busy (one long sequence), the
 * layers are walked together instead, and each step is shared out by rows or by heads. Both ways
 * do the same additions in the same order for every row: which one ran cannot be seen in the
 * result, and neither can the rest of the batch nor the number of threads.
 *
 * One block, with x the residual stream (post-norm on the left, as BERT; pre-norm, as GPT-2):
 *
 *     y = x + Attention(x)    attn            y = x + Attention(LN1(x))    attn; norm1 = LN1(x)
 *     y = LN1(y)              norm1           x = y + MLP(LN2(y))          mlp, block
 *     x = y + MLP(y)          mlp
 *     x = LN2(x)              block
 *
 * What was bitten: the output of the last pre-norm block is taken after the model's final norm by
 * the public library's convention, all others are the raw stream. */
#include "base/ctx.h"
#include "base/mem.h"
#include "model/model.h"

#include <math.h>
#include <string.h>

enum {
    CHUNK_TOKENS = 256, /* a chunk ends before the sequence that would exceed this */
    SHARED_STEPS = 4,   /* steps of a shared layer for each worker: evens out a late one */
};

/* Buffers of rows, end to end: a chunk's, or the whole batch's when the layers are shared. */
typedef struct lane {
    float *x, *y, *z; /* (rows, d): the stream, the stream inside a block, what feeds a layer */
    float *wide;      /* (rows, max(3d, d_ff)): query, key, value; then the feed-forward layer */
} lane;

/* One worker's. */
typedef struct workspace {
    lane lane;
    void *linear, *attention;
} workspace;

typedef struct pass {
    gn_ctx *ctx;
    const gn_model *m;
    gn_batch batch;
    gn_take take;
    size_t d, wide;
    float *hidden; /* (L + 1, n_tokens, d): what the tap will see */
    size_t *chunk; /* (n_chunks + 1) first sequence of each */
    size_t n_chunks;
    size_t max_rows, max_length; /* of a chunk; of a sequence */
    workspace *work;             /* (n_workers) */
    unsigned n_workers;
    /* of a shared layer */
    lane shared;
    size_t layer, rows_a_step, n_heads_a_step;
} pass;

static void run_dense(const pass *p, const gn_dense *w, gn_activation act, const float *residual,
                      const float *x, size_t rows, float *y, size_t ldy, void *scratch) {
    gn_linear l = {
        .weight = w->w, .bias = w->b, .act = act, .residual = residual, .ld_residual = p->d};
    gn_linear_run(&l, x, rows, gn_weight_cols(w->w), y, ldy, scratch);
}

static void run_norm(const pass *p, const gn_norm *n, float *x, size_t rows) {
    p->m->nn->layer_norm(x, rows, p->d, p->d, n->gamma, n->beta, (float)p->m->config.eps);
}

/* Rows [first, first + rows) of the batch, as the tap will get them in `layer`. */
static void keep(const pass *p, gn_take take, size_t layer, size_t first, const float *x,
                 size_t rows) {
    if (take != p->take) return;
    memcpy(p->hidden + (layer * p->batch.n_tokens + first) * p->d, x, rows * p->d * sizeof *x);
}

/* ---- the steps of a model; `at` is a row of the lane, `first` the lane's row 0 in the batch ---
 */

static void embed(const pass *p, const lane *l, size_t sequence, size_t first) {
    const gn_model *m = p->m;
    const gn_weights *w = &m->weights;
    size_t begin = p->batch.begin[sequence], n = p->batch.begin[sequence + 1] - begin, d = p->d;
    float *x = l->x + (begin - first) * d;
    for (size_t t = 0; t < n; t++) {
        const float *word = w->word + (size_t)p->batch.id[begin + t] * d;
        const float *position = w->position + (m->config.first_position + t) * d;
        for (size_t j = 0; j < d; j++) {
            float v = word[j];
            if (w->type) v += w->type[j];
            x[t * d + j] = v + position[j];
        }
    }
    if (w->embed_norm.gamma) run_norm(p, &w->embed_norm, x, n);
    memcpy(p->hidden + begin * d, x, n * d * sizeof *x); /* layer 0 whatever is taken */
}

static void project(const pass *p, const lane *l, size_t layer, size_t first, size_t at,
                    size_t rows, void *scratch) {
    const gn_block *b = &p->m->weights.block[layer];
    const float *x = l->x + at * p->d;
    if (p->m->config.arch->pre_norm) {
        float *z = l->z + at * p->d;
        memcpy(z, x, rows * p->d * sizeof *z);
        run_norm(p, &b->norm1, z, rows);
        keep(p, GN_TAKE_NORM1, layer + 1, first + at, z, rows);
        x = z;
    }
    run_dense(p, &b->qkv, GN_ACT_NONE, NULL, x, rows, l->wide + at * p->wide, p->wide, scratch);
}

static void attend(const pass *p, const lane *l, size_t first, size_t sequence, size_t head,
                   size_t n_heads, void *scratch) {
    const gn_config *c = &p->m->config;
    size_t begin = p->batch.begin[sequence], t = p->batch.begin[sequence + 1] - begin;
    size_t dh = p->d / c->n_heads, at = begin - first;
    const float *q = l->wide + at * p->wide + head * dh;
    p->m->nn->attention(q, q + p->d, q + 2 * p->d, p->wide, t, n_heads, dh,
                        (float)(1 / sqrt((double)dh)), c->arch->causal,
                        l->z + at * p->d + head * dh, p->d, scratch);
}

static void finish_block(const pass *p, const lane *l, size_t layer, size_t first, size_t at,
                         size_t rows, void *scratch) {
    const gn_config *c = &p->m->config;
    const gn_weights *w = &p->m->weights;
    const gn_block *b = &w->block[layer];
    size_t d = p->d, out = layer + 1, row = first + at;
    float *x = l->x + at * d, *y = l->y + at * d, *z = l->z + at * d;
    float *ff = l->wide + at * p->wide;
    run_dense(p, &b->out, GN_ACT_NONE, x, z, rows, y, d, scratch);
    keep(p, GN_TAKE_ATTN, out, row, y, rows);
    const float *feed = y;
    if (c->arch->pre_norm) {
        memcpy(z, y, rows * d * sizeof *z);
        run_norm(p, &b->norm2, z, rows);
        feed = z;
    } else {
        run_norm(p, &b->norm1, y, rows);
        keep(p, GN_TAKE_NORM1, out, row, y, rows);
    }
    run_dense(p, &b->up, c->act, NULL, feed, rows, ff, c->d_ff, scratch);
    run_dense(p, &b->down, GN_ACT_NONE, y, ff, rows, x, d, scratch);
    keep(p, GN_TAKE_MLP, out, row, x, rows);
    if (!c->arch->pre_norm)
        run_norm(p, &b->norm2, x, rows);
    else if (layer + 1 == c->n_layers)
        run_norm(p, &w->final_norm, x, rows);
    keep(p, GN_TAKE_BLOCK, out, row, x, rows);
}

/* ---- one worker, one chunk, all layers ------------------------------------------------------ */

static gn_status run_chunk(void *user, size_t chunk, unsigned worker, gn_error *err) {
    const pass *p = user;
    const workspace *w = &p->work[worker];
    size_t s0 = p->chunk[chunk], s1 = p->chunk[chunk + 1];
    size_t first = p->batch.begin[s0], rows = p->batch.begin[s1] - first;
    for (size_t s = s0; s < s1; s++) embed(p, &w->lane, s, first);
    for (size_t layer = 0; layer < p->m->config.n_layers; layer++) {
        /* Worker 0 is the caller's thread, the only one that may call hooks. */
        gn_status st = worker == 0 ? gn_ctx_poll(p->ctx, err) : GN_OK;
        if (st != GN_OK) return st;
        project(p, &w->lane, layer, first, 0, rows, w->linear);
        for (size_t s = s0; s < s1; s++)
            attend(p, &w->lane, first, s, 0, p->m->config.n_heads, w->attention);
        finish_block(p, &w->lane, layer, first, 0, rows, w->linear);
    }
    return GN_OK;
}

/* ---- all workers on one layer --------------------------------------------------------------- */

static gn_status shared_embed(void *user, size_t sequence, unsigned worker, gn_error *err) {
    const pass *p = user;
    (void)worker, (void)err;
    embed(p, &p->shared, sequence, 0);
    return GN_OK;
}

static size_t step_rows(const pass *p, size_t step) {
    size_t left = p->batch.n_tokens - step * p->rows_a_step;
    return left < p->rows_a_step ? left : p->rows_a_step;
}

static gn_status shared_project(void *user, size_t step, unsigned worker, gn_error *err) {
    const pass *p = user;
    (void)err;
    project(p, &p->shared, p->layer, 0, step * p->rows_a_step, step_rows(p, step),
            p->work[worker].linear);
    return GN_OK;
}

static gn_status shared_attend(void *user, size_t step, unsigned worker, gn_error *err) {
    const pass *p = user;
    (void)err;
    size_t h = p->m->config.n_heads, steps = (h + p->n_heads_a_step - 1) / p->n_heads_a_step;
    size_t head = step % steps * p->n_heads_a_step;
    size_t n = h - head < p->n_heads_a_step ? h - head : p->n_heads_a_step;
    attend(p, &p->shared, 0, step / steps, head, n, p->work[worker].attention);
    return GN_OK;
}

static gn_status shared_finish(void *user, size_t step, unsigned worker, gn_error *err) {
    const pass *p = user;
    (void)err;
    finish_block(p, &p->shared, p->layer, 0, step * p->rows_a_step, step_rows(p, step),
                 p->work[worker].linear);
    return GN_OK;
}

static gn_status run_shared(pass *p, gn_error *err) {
    size_t steps = (p->batch.n_tokens + p->rows_a_step - 1) / p->rows_a_step;
    size_t h = p->m->config.n_heads;
    p->n_heads_a_step = (h + p->n_workers - 1) / p->n_workers;
    size_t head_steps = (h + p->n_heads_a_step - 1) / p->n_heads_a_step;
    gn_status st;
    GN_TRY(gn_parallel(p->ctx, p->batch.n_sequences, shared_embed, p, NULL, err));
    for (p->layer = 0; p->layer < p->m->config.n_layers; p->layer++) {
        GN_TRY(gn_parallel(p->ctx, steps, shared_project, p, NULL, err));
        GN_TRY(gn_parallel(p->ctx, p->batch.n_sequences * head_steps, shared_attend, p, NULL, err));
        GN_TRY(gn_parallel(p->ctx, steps, shared_finish, p, NULL, err));
    }
done:
    return st;
}

/* ---- setting up ----------------------------------------------------------------------------- */

static gn_status check_batch(const gn_model *m, gn_batch b, gn_error *err) {
    size_t vocab = m->info.vocab_size, longest = m->info.max_positions;
    if (b.n_sequences == 0) return gn_fail(err, GN_EINVAL, "the batch has no sequence");
    if (b.begin[0] != 0 || b.begin[b.n_sequences] != b.n_tokens)
        return gn_fail(err, GN_EINVAL, "the batch's sequences cover tokens %zu to %zu of %zu",
                       (size_t)b.begin[0], (size_t)b.begin[b.n_sequences], b.n_tokens);
    for (size_t s = 0; s < b.n_sequences; s++) {
        if (b.begin[s + 1] <= b.begin[s] || b.begin[s + 1] > b.n_tokens)
            return gn_fail(err, GN_EINVAL, "sequence %zu of the batch is empty", s);
        size_t n = b.begin[s + 1] - b.begin[s];
        if (n > longest)
            return gn_fail(err, GN_EINVAL, "sequence %zu has %zu tokens, the model takes %zu", s, n,
                           longest);
        for (size_t t = b.begin[s]; t < b.begin[s + 1]; t++)
            if (b.id[t] < 0 || (size_t)b.id[t] >= vocab)
                return gn_fail(err, GN_EINVAL,
                               "sequence %zu, token %zu: id %d is outside the vocabulary of %zu", s,
                               t - b.begin[s], (int)b.id[t], vocab);
    }
    return GN_OK;
}

static gn_status cut(pass *p, gn_error *err) {
    size_t n = p->batch.n_sequences;
    const uint32_t *begin = p->batch.begin;
    gn_status st = gn_alloc_array(&p->chunk, n + 1, sizeof *p->chunk, "a list of chunks", err);
    if (st != GN_OK) return st;
    p->chunk[0] = 0;
    for (size_t s = 0; s < n; s++) {
        size_t length = begin[s + 1] - begin[s], first = p->chunk[p->n_chunks];
        if (s > first && begin[s + 1] - begin[first] > CHUNK_TOKENS) p->chunk[++p->n_chunks] = s;
        size_t rows = begin[s + 1] - begin[p->chunk[p->n_chunks]];
        if (length > p->max_length) p->max_length = length;
        if (rows > p->max_rows) p->max_rows = rows;
    }
    p->chunk[++p->n_chunks] = n;
    return GN_OK;
}

static gn_status new_lane(const pass *p, size_t rows, lane *l, gn_error *err) {
    const char *what = "buffers of a forward pass";
    gn_status st;
    GN_TRY(gn_alloc_array(&l->x, rows * p->d, sizeof *l->x, what, err));
    GN_TRY(gn_alloc_array(&l->y, rows * p->d, sizeof *l->y, what, err));
    GN_TRY(gn_alloc_array(&l->z, rows * p->d, sizeof *l->z, what, err));
    GN_TRY(gn_alloc_array(&l->wide, rows * p->wide, sizeof *l->wide, what, err));
done:
    return st;
}

static void free_lane(lane *l) {
    gn_free(l->x);
    gn_free(l->y);
    gn_free(l->z);
    gn_free(l->wide);
}

static gn_status new_workspace(const pass *p, bool shared, workspace *w, gn_error *err) {
    const gn_block *b = p->m->weights.block;
    const gn_dense *dense[] = {&b->qkv, &b->out, &b->up, &b->down};
    size_t linear = 0, rows = shared ? p->rows_a_step : p->max_rows;
    for (size_t i = 0; i < sizeof dense / sizeof dense[0]; i++) {
        size_t need = gn_linear_scratch(dense[i]->w, rows);
        if (need > linear) linear = need;
    }
    size_t attention = gn_attention_scratch(p->max_length, p->d / p->m->config.n_heads);
    gn_status st;
    GN_TRY(gn_alloc_array(&w->linear, linear, 1, "scratch of a linear layer", err));
    GN_TRY(gn_alloc_array(&w->attention, attention, 1, "scratch of attention", err));
    if (!shared) GN_TRY(new_lane(p, rows, &w->lane, err));
done:
    return st;
}

gn_status gn_model_forward(gn_ctx *ctx, const gn_model *model, gn_batch batch, gn_take take,
                           gn_tap tap, void *user, gn_error *err) {
    size_t d = model->config.d, d_ff = model->config.d_ff, n_hidden = model->config.n_layers + 1;
    pass p = {.ctx = ctx,
              .m = model,
              .batch = batch,
              .take = take,
              .d = d,
              .wide = d_ff > 3 * d ? d_ff : 3 * d,
              .n_workers = gn_ctx_threads(ctx)};
    size_t layer_size = 0, n_values;
    gn_status st;
    GN_TRY(check_batch(model, batch, err));
    GN_TRY(cut(&p, err));
    bool shared = p.n_workers > 1 && p.n_chunks < 2 * (size_t)p.n_workers;
    /* Whole panels of the kernel, so that no step but the last computes padding. */
    size_t panel = model->gemm->mr, steps = (size_t)SHARED_STEPS * p.n_workers;
    p.rows_a_step = (batch.n_tokens / steps / panel + 1) * panel;
    p.work = gn_calloc(p.n_workers, sizeof *p.work);
    if (!p.work) {
        st = gn_fail_nomem(err, "workspaces", p.n_workers * sizeof *p.work);
        goto done;
    }
    layer_size = batch.n_tokens * d; /* cannot overflow: tokens fit 32 bits, d 28 */
    if (!gn_mul(n_hidden, layer_size, &n_values)) n_values = SIZE_MAX;
    GN_TRY(gn_alloc_array(&p.hidden, n_values, sizeof *p.hidden, "hidden states", err));
    for (unsigned i = 0; i < p.n_workers; i++) GN_TRY(new_workspace(&p, shared, &p.work[i], err));
    if (shared) {
        GN_TRY(new_lane(&p, batch.n_tokens, &p.shared, err));
        GN_TRY(run_shared(&p, err));
    } else
        GN_TRY(gn_parallel(ctx, p.n_chunks, run_chunk, &p, NULL, err));
    for (size_t l = 0; l < n_hidden; l++)
        GN_TRY(tap(user, l, gn_mat_f32(p.hidden + l * layer_size, batch.n_tokens, d), err));
done:
    for (unsigned i = 0; p.work && i < p.n_workers; i++) {
        free_lane(&p.work[i].lane);
        gn_free(p.work[i].linear);
        gn_free(p.work[i].attention);
    }
    free_lane(&p.shared);
    gn_free(p.work);
    gn_free(p.chunk);
    gn_free(p.hidden);
    return st;
}
