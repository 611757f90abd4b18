/* A corpus as tokens: every record encoded, laid end to end in corpus order. */
#ifndef GN_EXTRACT_TOKENS_H
#define GN_EXTRACT_TOKENS_H

#include "base/ctx.h"
#include "base/mem.h"
#include "gonio/text.h"

typedef struct gn_tokens {
    size_t n_sequences, n_tokens;
    size_t *begin;         /**< (n_sequences + 1) first token of each */
    int32_t *id;           /**< (n_tokens) */
    uint32_t *start, *end; /**< (n_tokens) bytes in the record's text; equal for special tokens */
    int32_t *word;         /**< (n_tokens) number of the word; -1 for special tokens */
    /** (n_sequences) where the text that was kept ends, when truncation ended it inside a word: the
     *  number of that word; else -1 */
    int32_t *cut_word;
    /** (n_sequences) bytes of the text that the tokens cover; SIZE_MAX when nothing was cut */
    size_t *kept_bytes;
    size_t n_truncated, n_tokens_cut;
} gn_tokens;

/** Encodes all records on all threads. Errors name the record's line.
 *  @param out zeroed; free with gn_tokens_free. */
gn_status gn_tokens_encode(gn_ctx *ctx, const gn_tokenizer *tok, const gn_corpus *corpus,
                           gn_encode_opts opts, gn_tokens *out, gn_error *err);
void gn_tokens_free(gn_tokens *t);

/** True for tokens that stand for no text ([CLS], [SEP]). */
static inline bool gn_tokens_special(const gn_tokens *t, size_t i) {
    return t->start[i] == t->end[i];
}

#endif
