/* One pass: tokens -> rows -> blocks -> batches -> layers on disk.
 *
 * Every hidden state depends on its own sequence alone (the model promises the same bits whatever
 * else is in the batch), so the work may be cut as it suits the machine:
 *
 *   block   neighbouring sequences whose rows fit a buffer; the unit of writing and of resuming
 *   batch   sequences of similar length inside a block, laid end to end without padding
 *
 * Rows go into the block's buffer at their place in corpus order, whatever the order of computing,
 * and the buffer is appended to the layers as a whole. Sequences that give no row are not computed.
 */
#define _GNU_SOURCE
#include "extract/core.h"

#include "base/ctx.h"
#include "reps/narrow.h"
#include "reps/layer_list.h"
#include "reps/writer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK_SEQUENCES = 4096, BLOCK_TOKENS = 32768 }; /* what an interruption can cost */
static const size_t block_bytes = (size_t)128 << 20;   /* buffered rows */
static const size_t states_bytes = (size_t)64 << 20;   /* hidden states of a batch, chosen size */

struct run {
    gn_ctx *ctx;
    const gn_extract_inputs *in;
    const gn_extract_opts *opts;
    gn_tokens tokens;
    gn_row_plan rows;
    size_t *layer, n_layers;
    size_t d, batch_tokens, block_sequences, n_tokens; /* n_tokens: of sequences that give rows */
    gn_reps_writer *writer;
    /* the block */
    size_t first_row, row_room;
    unsigned char **buffer; /* (n_layers) (row_room, d) of the stored type */
    uint32_t *order;        /* (block_sequences) */
    /* the batch */
    const uint32_t *member; /* sequences, counted from first_sequence */
    size_t first_sequence, n_members;
    int32_t *id;
    uint32_t *begin; /* (n_members + 1) */
    size_t n_seen;   /* stored layers that the tap has brought */
    double *sum;     /* (d) */
    float *mean;     /* (d) */
    size_t tokens_done;
    double seconds;
};

/* ---- rows of a batch --------------------------------------------------------------------------
 */

/* Tokens [from, from + count) of x become one row of d float32 values. */
static const float *pool_row(struct run *r, gn_mat x, size_t from, size_t count) {
    const float *first = (const float *)x.data + from * x.stride;
    if (count == 1) return first;
    for (size_t j = 0; j < r->d; j++) r->sum[j] = (double)first[j];
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < r->d; j++) r->sum[j] += (double)first[i * x.stride + j];
    for (size_t j = 0; j < r->d; j++) r->mean[j] = (float)(r->sum[j] / (double)count);
    return r->mean;
}

static gn_status bad_value(const struct run *r, size_t row, size_t layer, size_t col, float value,
                           gn_error *err) {
    size_t s = (size_t)r->rows.sequence[row], token = r->tokens.begin[s] + r->rows.from[row];
    size_t line = gn_corpus_at(r->in->corpus, gn_tokens_record(&r->tokens, s, token)).line;
    if (isfinite((double)value))
        return gn_fail(
            err, GN_EDATA,
            "layer %zu, row %zu (line %zu), dimension %zu: %g is beyond %s; store float32 "
            "instead",
            layer, row, line, col, (double)value, gn_dtype_name(r->opts->dtype));
    return gn_fail(err, GN_EDATA,
                   "layer %zu, row %zu (line %zu), dimension %zu: the model gives %g", layer, row,
                   line, col, (double)value);
}

static gn_status take_layer(void *user, size_t layer, gn_mat x, gn_error *err) {
    struct run *r = user;
    size_t at = 0, size = r->d * gn_dtype_size(r->opts->dtype);
    while (at < r->n_layers && r->layer[at] != layer) at++;
    if (at == r->n_layers) return GN_OK;
    r->n_seen++;
    for (size_t m = 0; m < r->n_members; m++) {
        size_t s = r->first_sequence + r->member[m];
        for (size_t row = r->rows.begin[s]; row < r->rows.begin[s + 1]; row++) {
            const float *v = pool_row(r, x, r->begin[m] + r->rows.from[row], r->rows.count[row]);
            unsigned char *out = r->buffer[at] + (row - r->first_row) * size;
            size_t bad = gn_narrow(v, r->d, r->opts->dtype, out);
            if (bad < r->d) return bad_value(r, row, layer, bad, v[bad], err);
        }
    }
    return GN_OK;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t length(const struct run *r, size_t s) {
    return r->tokens.begin[s + 1] - r->tokens.begin[s];
}

static gn_status run_batch(struct run *r, const uint32_t *member, size_t n, gn_error *err) {
    gn_status st = GN_OK;
    size_t at = 0;
    r->member = member;
    r->n_members = n;
    r->n_seen = 0;
    for (size_t m = 0; m < n; m++) {
        size_t s = r->first_sequence + member[m];
        r->begin[m] = (uint32_t)at;
        memcpy(r->id + at, r->tokens.id + r->tokens.begin[s], length(r, s) * sizeof *r->id);
        at += length(r, s);
    }
    r->begin[n] = (uint32_t)at;
    double start = now();
    const gn_source *source = &r->in->source;
    gn_batch batch = {.n_sequences = n, .n_tokens = at, .id = r->id, .begin = r->begin};
    GN_TRY(source->forward(source->self, r->ctx, batch, r->opts->take, take_layer, r, err));
    r->seconds += now() - start;
    if (r->n_seen != r->n_layers) {
        st = gn_fail(err, GN_ENOSUPP, "the model gives %zu of the %zu layers asked for", r->n_seen,
                     r->n_layers);
        goto done;
    }
    r->tokens_done += at;
    gn_ctx_progress(r->ctx, "extract", (double)r->tokens_done, (double)r->n_tokens, "tokens");
done:
    return st;
}

/* ---- blocks -----------------------------------------------------------------------------------
 */

static int longest_first(const void *a, const void *b, void *user) {
    const struct run *r = user;
    uint32_t s = *(const uint32_t *)a, t = *(const uint32_t *)b;
    size_t n = length(r, r->first_sequence + s), m = length(r, r->first_sequence + t);
    return n != m ? (n < m) - (n > m) : (s > t) - (s < t);
}

/* The end of the block that starts at `s`: at least one sequence, never more rows than fit. Fixed
 * by the data, so that an interrupted run and an uninterrupted one cut alike. */
static size_t block_end(const struct run *r, size_t s) {
    size_t stop = s, first = r->rows.begin[s];
    while (stop < r->tokens.n_sequences && stop - s < r->block_sequences &&
           r->rows.begin[stop + 1] - first <= r->row_room &&
           (stop == s || r->tokens.begin[stop + 1] - r->tokens.begin[s] <= BLOCK_TOKENS))
        stop++;
    return stop;
}

static gn_status run_block(struct run *r, size_t s, size_t stop, gn_error *err) {
    gn_status st = GN_OK;
    size_t n = 0;
    r->first_sequence = s;
    r->first_row = r->rows.begin[s];
    for (size_t i = s; i < stop; i++)
        if (r->rows.begin[i + 1] > r->rows.begin[i]) r->order[n++] = (uint32_t)(i - s);
    qsort_r(r->order, n, sizeof *r->order, longest_first, r);
    for (size_t from = 0, to; from < n; from = to) {
        size_t tokens = 0;
        for (to = from; to < n; to++) {
            tokens += length(r, s + r->order[to]);
            if (to > from && tokens > r->batch_tokens) break;
        }
        GN_TRY(run_batch(r, r->order + from, to - from, err));
    }
    GN_TRY(gn_reps_writer_append(r->writer, (const void *const *)r->buffer,
                                 r->rows.begin[stop] - r->first_row, stop, err));
done:
    return st;
}

/* ---- preparing --------------------------------------------------------------------------------
 */

/* A tokenizer of another model would be noticed hours later, or never. */
static gn_status check_vocabulary(const struct run *r, gn_error *err) {
    size_t n = r->in->source.info->vocab_size;
    for (size_t s = 0; s < r->tokens.n_sequences; s++)
        for (size_t i = r->tokens.begin[s]; i < r->tokens.begin[s + 1]; i++) {
            int32_t id = r->tokens.id[i];
            if (id >= 0 && (size_t)id < n) continue;
            const char *token = gn_tokenizer_token(r->in->tokenizer, id);
            return gn_fail(
                err, GN_EDATA,
                "line %zu: token %d ('%s') is outside the model's vocabulary of %zu: does "
                "the tokenizer belong to it?",
                gn_corpus_at(r->in->corpus, gn_tokens_record(&r->tokens, s, i)).line, (int)id,
                token ? token : "", n);
        }
    return GN_OK;
}

/* How many rows a block buffers: what fits, but always the longest sequence's. */
static gn_status make_buffers(struct run *r, gn_error *err) {
    gn_status st = GN_OK;
    const gn_model_info *info = r->in->source.info;
    size_t row_bytes = r->d * gn_dtype_size(r->opts->dtype), longest = 1, most_rows = 1;
    for (size_t s = 0; s < r->tokens.n_sequences; s++) {
        size_t n_rows = r->rows.begin[s + 1] - r->rows.begin[s];
        if (n_rows > most_rows) most_rows = n_rows;
        if (length(r, s) > longest) longest = length(r, s);
        if (n_rows > 0) r->n_tokens += length(r, s);
    }
    r->row_room = block_bytes / (row_bytes * r->n_layers);
    if (r->row_room > r->rows.n) r->row_room = r->rows.n;
    if (r->row_room < most_rows) r->row_room = most_rows;
    r->batch_tokens = r->opts->batch_tokens;
    if (r->batch_tokens == 0) {
        size_t fit = states_bytes / ((info->n_layers + 1) * r->d * sizeof(float));
        r->batch_tokens = fit < 512 ? 512 : fit > 8192 ? 8192 : fit;
    }
    r->block_sequences = r->in->block_sequences ? r->in->block_sequences : BLOCK_SEQUENCES;
    size_t id_room = r->batch_tokens > longest ? r->batch_tokens : longest;
    if (id_room > r->tokens.n_tokens) id_room = r->tokens.n_tokens;
    r->buffer = gn_calloc(r->n_layers, sizeof *r->buffer);
    if (!r->buffer) return gn_fail_nomem(err, "a block", r->n_layers * sizeof *r->buffer);
    for (size_t i = 0; i < r->n_layers; i++)
        GN_TRY(gn_alloc_array(&r->buffer[i], r->row_room, row_bytes, "a block", err));
    GN_TRY(gn_alloc_array(&r->order, r->block_sequences, sizeof *r->order, "a block", err));
    GN_TRY(gn_alloc_array(&r->begin, r->block_sequences + 1, sizeof *r->begin, "a batch", err));
    GN_TRY(gn_alloc_array(&r->id, id_room, sizeof *r->id, "a batch", err));
    GN_TRY(gn_alloc_array(&r->sum, r->d, sizeof *r->sum, "a row", err));
    GN_TRY(gn_alloc_array(&r->mean, r->d, sizeof *r->mean, "a row", err));
done:
    return st;
}

static gn_status check_window(const gn_extract_opts *o, size_t most, size_t *max_tokens,
                              gn_error *err) {
    const gn_window_opts *w = &o->window;
    if (w->length > most)
        return gn_fail(err, GN_EINVAL, "windows of %zu tokens: the model takes %zu", w->length,
                       most);
    if (o->max_tokens)
        return gn_fail(err, GN_EINVAL, "max_tokens truncates records; a stream is not truncated");
    if (!(w->keep >= 0 && w->keep <= 1))
        return gn_fail(err, GN_EINVAL, "keep %g: expected a share of the windows, 0 to 1", w->keep);
    if (o->pool == GN_POOL_MEAN && o->drop_special)
        return gn_fail(err, GN_EINVAL,
                       "pool mean and drop_special: special tokens lie inside of windows");
    *max_tokens = w->length;
    return GN_OK;
}

/* The token that fills empty places in the compatible mode; -1: none. */
static int32_t padding(const gn_extract_inputs *in, const gn_extract_opts *o) {
    static const char *const names[] = {"[PAD]", "<pad>"};
    int32_t id = -1;
    for (size_t i = 0; o->window.cai2021 && id < 0 && i < sizeof names / sizeof *names; i++)
        id = gn_tokenizer_id(in->tokenizer, names[i]);
    return id;
}

/* Text to sequences: records, or windows of the stream that they make. */
static gn_status make_tokens(gn_ctx *ctx, struct run *r, size_t max_tokens, gn_error *err) {
    const gn_extract_opts *o = r->opts;
    bool stream = o->window.length > 0;
    gn_encode_opts encode = {.special = !o->no_special, .max_tokens = stream ? 0 : max_tokens};
    gn_status st = gn_tokens_encode(ctx, r->in->tokenizer, r->in->corpus, encode, &r->tokens, err);
    if (st != GN_OK || !stream) return st;
    return gn_tokens_windows(&r->tokens, &o->window, gn_ctx_seed(ctx), padding(r->in, o), err);
}

static gn_status check_options(const gn_extract_inputs *in, const gn_extract_opts *o,
                               size_t *max_tokens, gn_error *err) {
    size_t most = in->source.info->max_positions;
    if ((unsigned)o->pool > GN_POOL_TARGET || (unsigned)o->take > GN_TAKE_MLP ||
        (unsigned)o->model.precision > GN_PRECISION_DRAFT)
        return gn_fail(err, GN_EINVAL, "pool %d, take %d, precision %d: no such choice",
                       (int)o->pool, (int)o->take, (int)o->model.precision);
    if (o->dtype != GN_F32 && o->dtype != GN_F16 && o->dtype != GN_BF16)
        return gn_fail(err, GN_EINVAL,
                       "dtype %s: layers are stored as float32, float16 or bfloat16",
                       gn_dtype_name(o->dtype));
    if (o->max_tokens > most)
        return gn_fail(err, GN_EINVAL, "max_tokens %zu: the model takes %zu", o->max_tokens, most);
    if (o->no_special && o->drop_special)
        return gn_fail(err, GN_EINVAL, "no_special and drop_special exclude each other");
    if (o->window.length) return check_window(o, most, max_tokens, err);
    if (o->window.streams || o->window.keep != 0 || o->window.cai2021)
        return gn_fail(err, GN_EINVAL, "streams, keep and cai2021 belong to windows of a stream");
    *max_tokens = o->max_tokens ? o->max_tokens : most;
    if (*max_tokens < (o->no_special ? 1 : 3))
        return gn_fail(err, GN_EINVAL, "max_tokens %zu leaves no room for text", *max_tokens);
    return GN_OK;
}

struct text_job {
    const gn_tokens *tokens;
    const gn_corpus *corpus;
};

static gn_status write_text(void *user, gn_outfile *f, gn_error *err) {
    struct text_job *job = user;
    return gn_extract_text(job->tokens, job->corpus, f, err);
}

static void free_run(struct run *r) {
    for (size_t i = 0; r->buffer && i < r->n_layers; i++) gn_free(r->buffer[i]);
    gn_free(r->buffer);
    gn_free(r->order);
    gn_free(r->begin);
    gn_free(r->id);
    gn_free(r->sum);
    gn_free(r->mean);
    gn_free(r->layer);
    gn_reps_writer_free(r->writer);
    gn_row_plan_free(&r->rows);
    gn_tokens_free(&r->tokens);
}

gn_status gn_extract_run(gn_ctx *ctx, const gn_extract_inputs *in, const gn_extract_opts *opts,
                         const char *dir, gn_extract_result *result, gn_error *err) {
    gn_status st = GN_OK;
    const gn_model_info *info = in->source.info;
    struct run r = {.ctx = ctx, .in = in, .opts = opts, .d = info->d_model};
    size_t max_tokens = 0;
    gn_plan_column *columns = NULL;
    char *vocabulary = NULL;
    gn_reps_plan plan = {0};
    GN_TRY(check_options(in, opts, &max_tokens, err));
    GN_TRY(
        gn_alloc_array(&r.layer, info->n_layers + 1, sizeof *r.layer, "the list of layers", err));
    GN_TRY(gn_layer_list(opts->layers, info->n_layers, r.layer, &r.n_layers, err));
    st = make_tokens(ctx, &r, max_tokens, err);
    if (st == GN_OK) st = check_vocabulary(&r, err);
    if (st == GN_OK)
        st = gn_row_plan_make(&r.tokens, in->corpus, opts->pool, opts->drop_special, &r.rows, err);
    if (st != GN_OK) {
        if (st != GN_ECANCEL) gn_error_prefix(err, "%s", in->corpus_name);
        goto done;
    }
    GN_TRY(make_buffers(&r, err));

    struct text_job text = {&r.tokens, in->corpus};
    GN_TRY(gn_alloc_array(&columns, r.rows.n_columns, sizeof *columns, "label columns", err));
    for (size_t j = 0; j < r.rows.n_columns; j++)
        columns[j] = (gn_plan_column){r.rows.column[j].name, r.rows.column[j].code,
                                      r.rows.column[j].n_classes, r.rows.column[j].class_name};
    GN_TRY(gn_extract_vocabulary(in->tokenizer, &vocabulary, err));
    plan = (gn_reps_plan){.n_rows = r.rows.n,
                          .n_dims = r.d,
                          .n_sequences = r.tokens.n_sequences,
                          .n_layers = r.n_layers,
                          .layer = r.layer,
                          .n_blocks = info->n_layers,
                          .dtype = opts->dtype,
                          .token_id = r.rows.token_id,
                          .sequence = r.rows.sequence,
                          .position = r.rows.position,
                          .n_columns = r.rows.n_columns,
                          .column = columns,
                          .vocab = vocabulary,
                          .write_text = write_text,
                          .user = &text};
    GN_TRY(gn_extract_describe(ctx, in, opts, max_tokens, &r.tokens, &r.rows, r.n_tokens,
                               &plan.about, err));
    GN_TRY(gn_reps_writer_open(dir, &plan, opts->overwrite, &r.writer, err));

    size_t resumed = gn_reps_writer_sequences(r.writer);
    for (size_t s = 0; s < resumed; s++)
        if (r.rows.begin[s + 1] > r.rows.begin[s]) r.tokens_done += length(&r, s);
    for (size_t s = resumed, stop; s < r.tokens.n_sequences; s = stop) {
        stop = block_end(&r, s);
        st = run_block(&r, s, stop, err);
        if (st == GN_ECANCEL)
            gn_error_prefix(err,
                            "%s: %zu of %zu sequences are kept: the same command continues there",
                            dir, gn_reps_writer_sequences(r.writer), r.tokens.n_sequences);
        if (st != GN_OK) goto done;
    }
    GN_TRY(gn_reps_writer_finish(r.writer, err));
    if (result)
        *result = (gn_extract_result){.n_sequences = r.tokens.n_sequences,
                                      .n_tokens = r.n_tokens,
                                      .n_rows = r.rows.n,
                                      .n_layers = r.n_layers,
                                      .n_truncated = r.tokens.n_truncated,
                                      .n_tokens_cut = r.tokens.n_tokens_cut,
                                      .n_no_target = r.rows.n_no_target,
                                      .seconds = r.seconds,
                                      .n_windows = r.tokens.n_windows,
                                      .n_resumed = resumed};
done:
    json_decref(plan.about);
    gn_free(vocabulary);
    gn_free(columns);
    free_run(&r);
    return st;
}
