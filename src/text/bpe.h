/* Byte-level byte-pair encoding (GPT-2, RoBERTa): a word is a string of bytes; neighbouring pieces
 * are joined, the pair of lowest rank first, until no pair is in the list of merges. */
#ifndef GN_TEXT_BPE_H
#define GN_TEXT_BPE_H

#include "text/vocab.h"

typedef struct gn_bpe_pair {
    int32_t left, right; /**< left -1: an empty slot */
    uint32_t rank;
    int32_t joined;
} gn_bpe_pair;

/** Start from {0}. */
typedef struct gn_bpe {
    gn_bpe_pair *pair; /**< hash table */
    unsigned shift;    /**< 64 - log2(slots) */
    size_t n_pairs;
    int32_t byte_id[256]; /**< the piece that a byte starts as */
    gn_vocab
        whole; /**< by its bytes, each token that the merges make of them: most words are one */
    bool ignore_merges;      /**< a word that is a token is that token, whatever the merges say */
    bool prefix_space;       /**< a part of the text that does not start with a space gets one */
    bool trim_offsets;       /**< places of tokens leave out the white space at their ends ... */
    bool trim_all_but_first; /**< ... but for one space at the start of the text's first token */
} gn_bpe;

/** Bytes are written in vocabularies as printable characters: byte b as gn_bpe_letter(b), a space
 * as U+0120. gn_bpe_bytes turns such a string back into bytes (room for n of them).
 *  @return how many; SIZE_MAX when a character is none of the 256. */
uint32_t gn_bpe_letter(unsigned char byte);
size_t gn_bpe_bytes(const char *text, size_t n, unsigned char *out);

/** Room for `n` merges; once, before the first is added. */
gn_status gn_bpe_reserve(gn_bpe *b, size_t n, gn_error *err);
/** The next merge. Of equal pairs the last one counts. */
void gn_bpe_add(gn_bpe *b, int32_t left, int32_t right, int32_t joined, uint32_t rank);
/** Once, when all merges are there. @return GN_OK; GN_EDATA (a byte without a token); GN_ENOMEM. */
gn_status gn_bpe_finish(gn_bpe *b, const gn_vocab *vocab, gn_error *err);
void gn_bpe_free(gn_bpe *b);

/** Scratch of gn_bpe_split; start from {0}. */
typedef struct gn_bpe_scratch {
    struct gn_bpe_symbol *symbol;
    struct gn_bpe_entry *heap;
    size_t room;
} gn_bpe_scratch;
void gn_bpe_scratch_free(gn_bpe_scratch *s);

/** Splits a word of n >= 1 bytes. @param out room for n pieces. @return GN_OK; GN_ENOMEM.
 *  O(n log n). */
gn_status gn_bpe_split(const gn_bpe *b, const char *word, size_t n, gn_bpe_scratch *scratch,
                       gn_piece *out, size_t *n_out, gn_error *err);

#endif
