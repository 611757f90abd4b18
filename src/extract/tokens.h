/* A corpus as tokens: every record encoded, laid end to end in corpus order. */
#ifndef GN_EXTRACT_TOKENS_H
#define GN_EXTRACT_TOKENS_H

#include "base/ctx.h"
#include "base/mem.h"
#include "gonio/extract.h"
#include "gonio/text.h"

typedef struct gn_tokens {
    size_t n_sequences, n_tokens;
    size_t *begin;         /**< (n_sequences + 1) first token of each */
    int32_t *id;           /**< (n_tokens) */
    uint32_t *start, *end; /**< (n_tokens) bytes in the record's text; equal for special tokens */
    int32_t *word;         /**< (n_tokens) number of the word, or one of the two below */
    int32_t *record;       /**< (n_tokens) of windows: the record; NULL: record s is sequence s */
    uint32_t *stream, *window; /**< (n_sequences) of windows; else NULL */
    /** (n_sequences) where the text that was kept ends, when truncation ended it inside a word: the
     *  number of that word; else -1 */
    int32_t *cut_word;
    /** (n_sequences) bytes of the text that the tokens cover; SIZE_MAX when nothing was cut */
    size_t *kept_bytes;
    size_t n_truncated, n_tokens_cut;
    size_t n_stream, n_windows, n_padding; /**< windows: tokens of the stream; windows before some
                                                were left out; places without a token */
} gn_tokens;

enum {
    GN_WORD_SPECIAL = -1, /**< stands for no text: [CLS], [SEP] */
    GN_WORD_CUT = -2,     /**< a piece of a word that a window's edge cuts */
};

/** Encodes all records on all threads. Errors name the record's line.
 *  @param out zeroed; free with gn_tokens_free. */
gn_status gn_tokens_encode(gn_ctx *ctx, const gn_tokenizer *tok, const gn_corpus *corpus,
                           gn_encode_opts opts, gn_tokens *out, gn_error *err);
void gn_tokens_free(gn_tokens *t);

/** Turns records into the windows of one stream (gonio/extract.h), in place.
 *  @param pad token that fills places without one; -1: they stay empty.
 *  @return GN_OK; GN_EDATA (not one window, every window left out, more words than int32 counts);
 *          GN_ENOMEM (`t` is then as it was, or empty). */
gn_status gn_tokens_windows(gn_tokens *t, const gn_window_opts *opts, uint64_t seed, int32_t pad,
                            gn_error *err);

/** True for tokens that stand for no text ([CLS], [SEP]). */
static inline bool gn_tokens_special(const gn_tokens *t, size_t i) {
    return t->word[i] == GN_WORD_SPECIAL;
}
/** The record that token i, one of sequence s, comes from. */
static inline size_t gn_tokens_record(const gn_tokens *t, size_t s, size_t i) {
    return t->record ? (size_t)t->record[i] : s;
}

#endif
