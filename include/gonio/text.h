/* gonio/text.h: from bytes of text to token ids, and from a corpus file to records.
 *
 * Offsets are byte offsets into the text that was given, half-open [start, end); special tokens
 * have start == end == 0 (and word -1). Files written for users (text.jsonl) count code points
 * instead, because that is what Python's strings count: gn_utf8_codepoints converts.
 */
#ifndef GONIO_TEXT_H
#define GONIO_TEXT_H

#include "gonio/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- tokenizers ---------------------------------------------------------------------------- */

typedef struct gn_tokenizer gn_tokenizer;

/** Token ids of one text. `word` numbers the words of the pre-tokenizer (WordPiece: cut at white
 * space and punctuation; byte-level BPE: by GPT-2's pattern, a space belonging to the word behind
 * it), so that the pieces of one word share a number. Tokens that begin or end inside a character
 * have the place of the whole one. A special token written in the text ("[MASK]") is a word, those
 * that are put around it ([CLS], [SEP]) have -1. */
typedef struct gn_encoding {
    size_t n;
    size_t room;     /**< the library's own: what the arrays can hold */
    int32_t *id;     /**< (n) */
    uint32_t *start; /**< (n) bytes */
    uint32_t *end;   /**< (n) bytes */
    int32_t *word;   /**< (n) */
} gn_encoding;

/** Opens the tokenizer of a Hugging Face folder: tokenizer.json if there is one, else vocab.txt,
 * else vocab.json and merges.txt, these with tokenizer_config.json / special_tokens_map.json.
 * WordPiece (BERT) and byte-level BPE (GPT-2, RoBERTa).
 *  @return GN_OK; GN_EIO (no tokenizer file); GN_EDATA (malformed, missing [UNK]/[CLS]/[SEP], a
 * merge of what is no token, a byte without a token, invalid UTF-8 in the vocabulary); GN_ENOSUPP
 * (another kind, named); GN_ENOMEM. */
GN_API gn_status gn_tokenizer_open(const char *dir, gn_tokenizer **out, gn_error *err);
GN_API void gn_tokenizer_free(gn_tokenizer *tok);
GN_API size_t gn_tokenizer_vocab_size(const gn_tokenizer *tok);
/** The vocabulary string of an id, NUL-terminated; NULL if out of range or a hole. */
GN_API const char *gn_tokenizer_token(const gn_tokenizer *tok, int32_t id);
/** The id of a vocabulary string, or -1. */
GN_API int32_t gn_tokenizer_id(const gn_tokenizer *tok, const char *token);
/** "wordpiece" or "byte_bpe". */
GN_API const char *gn_tokenizer_kind(const gn_tokenizer *tok);

typedef struct gn_encode_opts {
    bool special;      /**< add [CLS] and [SEP] */
    size_t max_tokens; /**< truncate to this many tokens, specials included; 0: no limit */
} gn_encode_opts;

/** Encodes `n_bytes` bytes of UTF-8. `out` is reused: start from a zeroed gn_encoding, free with
 *  gn_encoding_free. Thread-safe for distinct `out`.
 *  @param n_cut NULL, or receives how many tokens truncation removed.
 *  @return GN_OK; GN_EINVAL (max_tokens has no room for the special tokens, 4 GiB of text or more);
 *          GN_EDATA (invalid UTF-8: byte offset in the message); GN_ENOMEM (`out` is then empty) */
GN_API gn_status gn_tokenizer_encode(const gn_tokenizer *tok, const char *text, size_t n_bytes,
                                     gn_encode_opts opts, gn_encoding *out, size_t *n_cut,
                                     gn_error *err);
GN_API void gn_encoding_free(gn_encoding *e);

/** Code points in the first `n_bytes` bytes of valid UTF-8. */
GN_API size_t gn_utf8_codepoints(const char *text, size_t n_bytes);
/** Byte offset of code point `n` (clamped to n_bytes). */
GN_API size_t gn_utf8_byte_offset(const char *text, size_t n_bytes, size_t n);

/* ---- corpora ------------------------------------------------------------------------------- */

/** The file's name says what it is: .csv, .tsv, .jsonl (.ndjson), each with or without .gz behind
 *  it; anything else is plain text.
 *
 *  Plain text: a record a line; lines of nothing but blanks are skipped, unless asked for. CSV: a
 * header line, quotes of RFC 4180. TSV: the same; a file that breaks the quoting rules anywhere is
 * read as one without quoting. JSONL: an object a line; values that are no strings become labels as
 * JSON text. Lines end in LF or CRLF, a byte order mark is skipped, so are blank lines; an empty
 * text in a column is a record of 0 bytes. */
typedef struct gn_corpus_opts {
    const char *text_column;   /**< CSV/TSV/JSONL; NULL: "text", else "sentence" */
    const char *target_column; /**< a column "start:end" in code points, half-open: the word that
                                    --pool target takes; empty where a record has none. NULL:
                                    "target" if there is one. "": none */
    const char *const *label_columns; /**< NULL: every column but text and target */
    size_t n_label_columns;
    bool blank_lines; /**< plain text: lines of nothing but blanks are records, too */
} gn_corpus_opts;

typedef struct gn_record {
    const char *text; /**< UTF-8, not NUL-terminated */
    size_t n_bytes;
    bool has_target;
    size_t target_start, target_end; /**< bytes */
    const char *const *label;        /**< (n_labels) NUL-terminated; "" where missing */
    size_t line;                     /**< first line of the record in the file, from 1 */
} gn_record;

/** A corpus in memory: records in file order. */
typedef struct gn_corpus gn_corpus;

/** @param opts NULL for the defaults. Plain text ignores all columns.
 *  @return GN_OK; GN_EIO; GN_EDATA (empty corpus, invalid UTF-8 with line and byte, ragged CSV,
 *          bad JSON line, target outside the text, a damaged .gz); GN_EINVAL (no such column; the
 *          message lists those that exist); GN_ENOSUPP (.json); GN_ENOMEM. */
GN_API gn_status gn_corpus_open(const char *path, const gn_corpus_opts *opts, gn_corpus **out,
                                gn_error *err);
GN_API void gn_corpus_free(gn_corpus *corpus);
GN_API size_t gn_corpus_count(const gn_corpus *corpus);
GN_API gn_record gn_corpus_at(const gn_corpus *corpus, size_t i);
GN_API size_t gn_corpus_label_count(const gn_corpus *corpus);
GN_API const char *gn_corpus_label_name(const gn_corpus *corpus, size_t column);
/** True when every record carries a target span. */
GN_API bool gn_corpus_has_targets(const gn_corpus *corpus);
/** SHA-256 of the file's bytes as they are on disk, 64 hex digits. */
GN_API const char *gn_corpus_sha256(const gn_corpus *corpus);

#ifdef __cplusplus
}
#endif
#endif
