/* The windows of the isotropy paper: all records end to end, cut every `length` tokens.
 *
 * What the published script does (through torchtext's iterator for language models), and what is
 * kept of it: the L tokens are padded to a multiple of B and become B streams of n = ceil(L / B);
 * the last token of each stream only serves as the target of the one before, so that a stream gives
 * floor((n - 1) / length) windows; a shorter rest is dropped. What is not kept, but for its
 * compatibility mode: padding tokens count as words of the text. Here such places stay empty, which
 * makes the last window of a stream shorter by at most B - 1 tokens.
 *
 * Numbers of words start at 0 in every record. In a window, words of several records stand side by
 * side, so they are numbered through; pieces of a word that an edge cuts say so. */
#include "extract/tokens.h"

#include "base/random.h"

struct cutter {
    const gn_tokens *from;
    gn_tokens *to;
    size_t length, n_streams, per_stream; /* tokens of a window; streams; tokens of a stream */
    size_t windows;                       /* of a stream */
    int32_t pad;
};

/* Numbers all words of the stream; the record of each token. */
static gn_status number_through(const gn_tokens *t, int32_t *word, int32_t *record, gn_error *err) {
    int64_t base = 0;
    for (size_t s = 0; s < t->n_sequences; s++) {
        int64_t next = base;
        for (size_t i = t->begin[s]; i < t->begin[s + 1]; i++) {
            record[i] = (int32_t)s;
            word[i] = t->word[i] < 0 ? t->word[i] : (int32_t)(base + t->word[i]);
            if (t->word[i] >= 0 && base + t->word[i] >= next) next = base + t->word[i] + 1;
        }
        if (next > INT32_MAX)
            return gn_fail(err, GN_EDATA, "the text has more than %d words", INT32_MAX);
        base = next;
    }
    return GN_OK;
}

/* Marks the pieces of the words that the edges of [first, last) cut. */
static void mark_cut(const struct cutter *c, const int32_t *word, size_t first, size_t last,
                     int32_t *out) {
    size_t n = last - first;
    if (first > 0 && word[first] >= 0 && word[first - 1] == word[first])
        for (size_t i = 0; i < n && word[first + i] == word[first]; i++) out[i] = GN_WORD_CUT;
    if (last < c->from->n_tokens && word[last] >= 0 && word[last - 1] == word[last])
        for (size_t i = n; i-- > 0 && word[first + i] == word[last];) out[i] = GN_WORD_CUT;
}

static void add_window(struct cutter *c, const int32_t *word, const int32_t *record, size_t stream,
                       size_t window) {
    const gn_tokens *from = c->from;
    gn_tokens *to = c->to;
    size_t first = stream * c->per_stream + window * c->length, last = first + c->length;
    if (first > from->n_tokens) first = from->n_tokens;
    if (last > from->n_tokens) last = from->n_tokens;
    size_t at = to->n_tokens, n = last - first;
    for (size_t i = 0; i < n; i++) {
        to->id[at + i] = from->id[first + i];
        to->start[at + i] = from->start[first + i];
        to->end[at + i] = from->end[first + i];
        to->word[at + i] = word[first + i];
        to->record[at + i] = record[first + i];
    }
    if (n > 0) mark_cut(c, word, first, last, to->word + at);
    to->n_padding += c->length - n;
    for (; c->pad >= 0 && n < c->length; n++) {
        to->id[at + n] = c->pad;
        to->start[at + n] = to->end[at + n] = 0;
        to->word[at + n] = GN_WORD_SPECIAL;
        to->record[at + n] = (int32_t)from->n_sequences - 1;
    }
    size_t s = to->n_sequences++;
    to->stream[s] = (uint32_t)stream;
    to->window[s] = (uint32_t)window;
    to->cut_word[s] = -1; /* the words themselves are marked */
    to->kept_bytes[s] = SIZE_MAX;
    to->n_tokens += n;
    to->begin[s + 1] = to->n_tokens;
}

static gn_status allocate(gn_tokens *t, size_t n_windows, size_t n_tokens, gn_error *err) {
    gn_status st = GN_OK;
    GN_TRY(gn_alloc_array(&t->begin, n_windows + 1, sizeof *t->begin, "windows", err));
    GN_TRY(gn_alloc_array(&t->stream, n_windows, sizeof *t->stream, "windows", err));
    GN_TRY(gn_alloc_array(&t->window, n_windows, sizeof *t->window, "windows", err));
    GN_TRY(gn_alloc_array(&t->cut_word, n_windows, sizeof *t->cut_word, "windows", err));
    GN_TRY(gn_alloc_array(&t->kept_bytes, n_windows, sizeof *t->kept_bytes, "windows", err));
    GN_TRY(gn_alloc_array(&t->id, n_tokens, sizeof *t->id, "windows", err));
    GN_TRY(gn_alloc_array(&t->start, n_tokens, sizeof *t->start, "windows", err));
    GN_TRY(gn_alloc_array(&t->end, n_tokens, sizeof *t->end, "windows", err));
    GN_TRY(gn_alloc_array(&t->word, n_tokens, sizeof *t->word, "windows", err));
    GN_TRY(gn_alloc_array(&t->record, n_tokens, sizeof *t->record, "windows", err));
    t->begin[0] = 0;
done:
    return st;
}

/* Whether window number `i` of all is one of those that are kept. */
static bool kept(const gn_window_opts *o, uint64_t seed, size_t i) {
    gn_random r = gn_random_new(seed, i);
    double u = gn_random_uniform(&r);
    if (o->cai2021) return !(o->keep < 1 && u < o->keep);
    return o->keep <= 0 || u < o->keep;
}

/* Tokens of the stream that are in some window. */
static size_t covered(const struct cutter *c) {
    size_t sum = 0, n = c->from->n_tokens;
    for (size_t stream = 0; stream < c->n_streams && stream * c->per_stream < n; stream++) {
        size_t first = stream * c->per_stream, last = first + c->windows * c->length;
        sum += (last < n ? last : n) - first;
    }
    return sum;
}

gn_status gn_tokens_windows(gn_tokens *t, const gn_window_opts *o, uint64_t seed, int32_t pad,
                            gn_error *err) {
    gn_status st = GN_OK;
    gn_tokens out = {0};
    int32_t *word = NULL, *record = NULL;
    size_t n_streams = o->streams ? o->streams : 1, n_kept = 0, n_windows;
    struct cutter c = {.from = t, .to = &out, .length = o->length, .n_streams = n_streams};
    c.pad = pad;
    c.per_stream = t->n_tokens / n_streams + (t->n_tokens % n_streams > 0);
    c.windows = c.per_stream ? (c.per_stream - 1) / o->length : 0;
    n_windows = c.windows * n_streams; /* at most n_tokens / length + n_streams */
    if (n_windows == 0) {
        st = gn_fail(err, GN_EDATA,
                     "the text has %zu tokens; one window of %zu in each of %zu streams needs %zu",
                     t->n_tokens, o->length, n_streams, n_streams * o->length + 1);
        goto done;
    }
    for (size_t i = 0; i < n_windows; i++) n_kept += kept(o, seed, i);
    if (n_kept == 0 || n_kept > INT32_MAX) {
        st =
            gn_fail(err, GN_EDATA, "keep %g leaves %zu of %zu windows", o->keep, n_kept, n_windows);
        goto done;
    }
    GN_TRY(gn_alloc_array(&word, t->n_tokens, sizeof *word, "windows", err));
    GN_TRY(gn_alloc_array(&record, t->n_tokens, sizeof *record, "windows", err));
    GN_TRY(number_through(t, word, record, err));
    GN_TRY(allocate(&out, n_kept, n_kept * o->length, err));
    for (size_t i = 0; i < n_windows; i++)
        if (kept(o, seed, i)) add_window(&c, word, record, i / c.windows, i % c.windows);
    out.n_stream = t->n_tokens;
    out.n_windows = n_windows;
    out.n_tokens_cut = t->n_tokens - covered(&c);
    gn_tokens_free(t);
    *t = out;
    out = (gn_tokens){0};
done:
    gn_free(word);
    gn_free(record);
    gn_tokens_free(&out);
    return st;
}
