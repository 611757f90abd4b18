/* Blocks of 256 records are encoded independently into arrays of their own and laid end to end
 * afterwards, so that the result does not know how many threads there were.
 *
 * Truncation needs a second look where a row is a word: the mean over the pieces that were kept of
 * a word that was cut in two is not that word's vector. Whether the cut went through a word cannot
 * be seen from the tokens that are left, so a truncated record is encoded once more without a limit
 * and the first token that is missing is compared with the last one that is there. */
#include "extract/tokens.h"

#include <string.h>

enum { RECORDS = 256 };

struct block {
    size_t n, room; /* tokens */
    int32_t *id, *word;
    uint32_t *start, *end;
    size_t n_truncated, n_tokens_cut;
};

struct job {
    const gn_tokenizer *tok;
    const gn_corpus *corpus;
    gn_encode_opts opts;
    gn_tokens *out;
    struct block *block;
    size_t *length; /* (n_sequences) */
    struct scratch {
        gn_encoding part, whole;
    } * scratch; /* a worker */
};

void gn_tokens_free(gn_tokens *t) {
    gn_free(t->begin);
    gn_free(t->id);
    gn_free(t->start);
    gn_free(t->end);
    gn_free(t->word);
    gn_free(t->record);
    gn_free(t->stream);
    gn_free(t->window);
    gn_free(t->cut_word);
    gn_free(t->kept_bytes);
    *t = (gn_tokens){0};
}

static void free_block(struct block *b) {
    gn_free(b->id);
    gn_free(b->word);
    gn_free(b->start);
    gn_free(b->end);
}

static bool grow(void *array_pointer, size_t room, size_t size) {
    void *p;
    memcpy(&p, array_pointer, sizeof p);
    p = gn_realloc(p, room, size);
    if (p) memcpy(array_pointer, &p, sizeof p);
    return p != NULL;
}

static gn_status append(struct block *b, const gn_encoding *e, gn_error *err) {
    if (b->n + e->n > b->room) {
        size_t room = 2 * (b->n + e->n);
        if (!grow(&b->id, room, sizeof *b->id) || !grow(&b->word, room, sizeof *b->word) ||
            !grow(&b->start, room, sizeof *b->start) || !grow(&b->end, room, sizeof *b->end))
            return gn_fail_nomem(err, "tokens", room * 16);
        b->room = room;
    }
    if (e->n == 0) return GN_OK;
    memcpy(b->id + b->n, e->id, e->n * sizeof *e->id);
    memcpy(b->word + b->n, e->word, e->n * sizeof *e->word);
    memcpy(b->start + b->n, e->start, e->n * sizeof *e->start);
    memcpy(b->end + b->n, e->end, e->n * sizeof *e->end);
    b->n += e->n;
    return GN_OK;
}

/* The last token of a sequence that stands for text; SIZE_MAX when there is none. */
static size_t last_of_text(const gn_encoding *e) {
    for (size_t i = e->n; i-- > 0;)
        if (e->word[i] >= 0) return i;
    return SIZE_MAX;
}

static gn_status look_at_cut(struct job *job, size_t s, const gn_record *record,
                             struct scratch *scratch, gn_error *err) {
    const gn_encoding *part = &scratch->part;
    size_t last = last_of_text(part);
    job->out->kept_bytes[s] = last == SIZE_MAX ? 0 : part->end[last];
    if (last == SIZE_MAX) return GN_OK;
    gn_encode_opts whole = {.special = job->opts.special};
    gn_status st = gn_tokenizer_encode(job->tok, record->text, record->n_bytes, whole,
                                       &scratch->whole, NULL, err);
    if (st != GN_OK) return st;
    const gn_encoding *w = &scratch->whole;
    if (last + 1 < w->n && w->word[last + 1] == w->word[last])
        job->out->cut_word[s] = part->word[last];
    return GN_OK;
}

static gn_status encode_block(void *user, size_t block, unsigned worker, gn_error *err) {
    struct job *job = user;
    struct block *b = &job->block[block];
    struct scratch *scratch = &job->scratch[worker];
    gn_status st = GN_OK;
    size_t s = block * RECORDS, stop = s + RECORDS;
    if (stop > job->out->n_sequences) stop = job->out->n_sequences;
    for (; s < stop; s++) {
        gn_record record = gn_corpus_at(job->corpus, s);
        size_t n_cut = 0;
        st = gn_tokenizer_encode(job->tok, record.text, record.n_bytes, job->opts, &scratch->part,
                                 &n_cut, err);
        job->out->cut_word[s] = -1;
        job->out->kept_bytes[s] = SIZE_MAX;
        if (st == GN_OK && n_cut > 0) st = look_at_cut(job, s, &record, scratch, err);
        if (st == GN_OK) st = append(b, &scratch->part, err);
        if (st != GN_OK) {
            gn_error_prefix(err, "line %zu", record.line);
            return st;
        }
        job->length[s] = scratch->part.n;
        b->n_truncated += n_cut > 0;
        b->n_tokens_cut += n_cut;
    }
    return st;
}

static gn_status lay_out(struct job *job, size_t n_blocks, gn_error *err) {
    gn_tokens *t = job->out;
    gn_status st = GN_OK;
    t->begin[0] = 0;
    for (size_t s = 0; s < t->n_sequences; s++) t->begin[s + 1] = t->begin[s] + job->length[s];
    t->n_tokens = t->begin[t->n_sequences];
    GN_TRY(gn_alloc_array(&t->id, t->n_tokens, sizeof *t->id, "tokens", err));
    GN_TRY(gn_alloc_array(&t->word, t->n_tokens, sizeof *t->word, "tokens", err));
    GN_TRY(gn_alloc_array(&t->start, t->n_tokens, sizeof *t->start, "tokens", err));
    GN_TRY(gn_alloc_array(&t->end, t->n_tokens, sizeof *t->end, "tokens", err));
    for (size_t i = 0, at = 0; i < n_blocks; i++) {
        struct block *b = &job->block[i];
        if (b->n) {
            memcpy(t->id + at, b->id, b->n * sizeof *b->id);
            memcpy(t->word + at, b->word, b->n * sizeof *b->word);
            memcpy(t->start + at, b->start, b->n * sizeof *b->start);
            memcpy(t->end + at, b->end, b->n * sizeof *b->end);
        }
        at += b->n;
        t->n_truncated += b->n_truncated;
        t->n_tokens_cut += b->n_tokens_cut;
        free_block(b);
        *b = (struct block){0};
    }
done:
    return st;
}

gn_status gn_tokens_encode(gn_ctx *ctx, const gn_tokenizer *tok, const gn_corpus *corpus,
                           gn_encode_opts opts, gn_tokens *out, gn_error *err) {
    gn_status st = GN_OK;
    gn_tokens t = {.n_sequences = gn_corpus_count(corpus)};
    size_t n_blocks = (t.n_sequences + RECORDS - 1) / RECORDS;
    unsigned n_workers = gn_ctx_threads(ctx);
    struct job job = {.tok = tok, .corpus = corpus, .opts = opts, .out = &t};
    job.block = gn_calloc(n_blocks, sizeof *job.block);
    job.scratch = gn_calloc(n_workers, sizeof *job.scratch);
    GN_TRY(gn_alloc_array(&job.length, t.n_sequences, sizeof *job.length, "sequences", err));
    GN_TRY(gn_alloc_array(&t.begin, t.n_sequences + 1, sizeof *t.begin, "sequences", err));
    GN_TRY(gn_alloc_array(&t.cut_word, t.n_sequences, sizeof *t.cut_word, "sequences", err));
    GN_TRY(gn_alloc_array(&t.kept_bytes, t.n_sequences, sizeof *t.kept_bytes, "sequences", err));
    if (!job.block || !job.scratch) {
        st = gn_fail_nomem(err, "tokens", n_blocks * sizeof *job.block);
        goto done;
    }
    gn_progress progress = {.task = "tokenize",
                            .unit = "records",
                            .total = (double)t.n_sequences,
                            .per_block = (double)t.n_sequences / (double)(n_blocks ? n_blocks : 1)};
    GN_TRY(gn_parallel(ctx, n_blocks, encode_block, &job, &progress, err));
    GN_TRY(lay_out(&job, n_blocks, err));
    *out = t;
    t = (gn_tokens){0};
done:
    for (unsigned i = 0; job.scratch && i < n_workers; i++) {
        gn_encoding_free(&job.scratch[i].part);
        gn_encoding_free(&job.scratch[i].whole);
    }
    for (size_t i = 0; job.block && i < n_blocks; i++) free_block(&job.block[i]);
    gn_free(job.scratch);
    gn_free(job.block);
    gn_free(job.length);
    gn_tokens_free(&t);
    return st;
}
