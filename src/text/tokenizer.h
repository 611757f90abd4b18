/* A tokenizer as it lies in memory: made by the two readers, used by the encoder, never changed. */
#ifndef GN_TEXT_TOKENIZER_H
#define GN_TEXT_TOKENIZER_H

#include "gonio/text.h"
#include "io/json.h"
#include "text/added.h"
#include "text/bpe.h"
#include "text/normalize.h"
#include "text/vocab.h"

/** An added token as a file describes it. */
typedef struct gn_added_spec {
    const char *text;
    bool special, single_word, lstrip, rstrip, normalized;
} gn_added_spec;

typedef enum gn_tokenizer_type { GN_TOKENIZER_WORDPIECE = 0, GN_TOKENIZER_BPE } gn_tokenizer_type;

struct gn_tokenizer {
    gn_tokenizer_type kind;
    gn_unicode unicode;
    gn_normalize_opts normalize;
    bool split_space; /**< white space separates words and is dropped */
    bool split_punct; /**< punctuation is a word of its own */

    gn_vocab vocab;     /**< what the model may use */
    gn_bpe bpe;         /**< of GN_TOKENIZER_BPE; what follows is WordPiece's */
    const char *prefix; /**< "##" */
    size_t n_prefix;
    int32_t unk;
    size_t max_chars; /**< longer words (in code points) are unknown */

    gn_vocab extra;             /**< added tokens outside of the vocabulary */
    gn_matcher raw, normalized; /**< looked for before and behind the normaliser */

    int32_t *before, *after; /**< special tokens around a text */
    size_t n_before, n_after;

    gn_arena arena; /**< strings that the members point to */
    /* ASCII in one look-up: what a byte is under these settings, and its lower case. */
    uint8_t ascii[256];
    uint8_t ascii_class[128]; /**< encode_bpe.c's letter, number ... */
    char lower[256];
};

enum {
    GN_ASCII_SPACE = 1,
    GN_ASCII_PUNCT = 2,
    GN_ASCII_SLOW = 4, /**< not ASCII, or dropped by the normaliser: take the general way */
};

/** Fills in a zeroed tokenizer from tokenizer.json / from vocab.txt / from vocab.json and
 * merges.txt, these two with their companions. */
gn_status gn_tokenizer_read_json(gn_tokenizer *tok, const char *path, gn_error *err);
gn_status gn_tokenizer_read_vocab(gn_tokenizer *tok, const char *dir, gn_error *err);
gn_status gn_tokenizer_read_bpe(gn_tokenizer *tok, const char *dir, gn_error *err);
/** The same from memory; names are for messages. */
gn_status gn_tokenizer_parse_json(gn_tokenizer *tok, const char *bytes, size_t n, const char *name,
                                  gn_error *err);
typedef struct gn_vocab_files {
    const char *vocab, *vocab_name; /**< vocab.txt or vocab.json */
    size_t n;
    const char *merges, *merges_name; /**< merges.txt, beside vocab.json */
    size_t n_merges;
    const char *family;   /**< "model_type" of config.json; NULL: none. Beside vocab.json */
    json_t *config, *map; /**< tokenizer_config.json, special_tokens_map.json; NULL: none */
    const char *config_name;
} gn_vocab_files;
gn_status gn_tokenizer_parse_vocab(gn_tokenizer *tok, const gn_vocab_files *files, gn_error *err);
gn_status gn_tokenizer_parse_bpe(gn_tokenizer *tok, const gn_vocab_files *files, gn_error *err);

/** Parts of those: {"token": id, ...} into tok->vocab; the merges of a BPE "model" in
 *  tokenizer.json, once the vocabulary is there. */
gn_status gn_tokenizer_vocab_json(gn_tokenizer *tok, json_t *vocab, const char *name,
                                  gn_error *err);
gn_status gn_tokenizer_bpe_json(gn_tokenizer *tok, const json_t *model, const char *name,
                                gn_error *err);

/** encode_bpe.c: the class of a character with these flags of unicode.h in GPT-2's pattern. */
int gn_bpe_class(unsigned flags);

/** The steps behind reading the settings, in this order: the table of code points and of ASCII; any
 *  number of added tokens (those of the vocabulary keep their id, others get the next; a later one
 *  replaces an earlier of the same text); the end. */
gn_status gn_tokenizer_prepare(gn_tokenizer *tok, gn_error *err);
gn_status gn_tokenizer_add(gn_tokenizer *tok, const gn_added_spec *spec, gn_error *err);
void gn_tokenizer_finish(gn_tokenizer *tok);

#endif
