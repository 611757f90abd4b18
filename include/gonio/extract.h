/* gonio/extract.h: model + text -> representation set, in one resumable pass. What the files of a
 * set hold is written down in docs/formats.md. */
#ifndef GONIO_EXTRACT_H
#define GONIO_EXTRACT_H

#include "gonio/base.h"
#include "gonio/model.h"
#include "gonio/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What becomes a row; in a stream, sequences are windows, GN_POOL_TARGET is refused, a row has the
 *  labels of the record that its first token comes from (with GN_POOL_MEAN none), and a word that a
 *  window's edge cuts gives no row. Rows follow the text; means are summed in float64. A row's
 * token_id and position are those of its first token, -1 with GN_POOL_MEAN. With GN_POOL_WORD and
 * GN_POOL_TARGET rows get a label column "word", the lower-cased text, unless the corpus has one of
 * that name. */
typedef enum gn_pool {
    GN_POOL_NONE = 0, /**< every token */
    GN_POOL_MEAN,     /**< mean over a sequence's tokens (special ones too unless `drop_special`) */
    GN_POOL_FIRST,    /**< the first token */
    GN_POOL_LAST,     /**< the last token */
    GN_POOL_WORD,   /**< mean over the pieces of each word; a word that truncation cut in two gives
                         no row */
    GN_POOL_TARGET, /**< mean over the pieces of the one word the record's target span names: all
                         tokens that share a character with it */
} gn_pool;

/** The text as one stream of tokens, cut into windows: what a sequence is when length > 0.
 *
 *  All records, blank lines included, are encoded (each with its special tokens, unless
 *  `no_special`) and laid end to end: L tokens. They are cut into B streams of n = ceil(L / B)
 *  tokens; window i of a stream is [length i, length (i + 1)), and the last token of a stream is
 *  never in one, so that a stream has floor((n - 1) / length) windows. What is behind them is left
 *  out. Sequences are numbered stream by stream. A window knows no lines: its first token sees
 *  nothing to its left. The windows of Cai et al., ICLR 2021. */
typedef struct gn_window_opts {
    size_t length;  /**< tokens; 0: no stream, every record is a sequence */
    size_t streams; /**< B; 0 means 1. Where B does not divide L, the last streams' windows lack at
                         most B - 1 tokens */
    double keep;    /**< share of the windows that are kept, in (0, 1], each drawn by the context's
                         seed and its own number; 0 means all */
    bool cai2021;   /**< as the published script has it: `keep` is the share that is left out, and
                         missing tokens are filled in with the tokenizer's padding token */
} gn_window_opts;

typedef struct gn_extract_opts {
    gn_corpus_opts corpus;
    gn_window_opts window;
    gn_model_opts model;
    gn_take take;
    gn_pool pool;
    const char *layers;  /**< NULL or "all"; else a list such as "0,3-6,-1" (-1: the last) */
    size_t max_tokens;   /**< truncation, specials included; 0: the model's max_positions. Not with
                              a window */
    bool no_special;     /**< do not add [CLS] / [SEP] */
    bool drop_special;   /**< add them, but keep no rows for them (pool none and mean) */
    gn_dtype dtype;      /**< GN_F32 (default), GN_F16 or GN_BF16 on disk */
    size_t batch_tokens; /**< 0: chosen; never changes the result */
    bool overwrite; /**< replace a set made or begun by other inputs; default is GN_EINVAL naming
                         it. A finished one stays until the new one, in `dir`.part, is complete.
                         A set finished by the same inputs needs none: there is nothing to do. */
} gn_extract_opts;

typedef struct gn_extract_result {
    size_t n_sequences, n_rows, n_layers;
    size_t n_tokens;     /**< of the sequences that give rows: the others are not computed */
    size_t n_truncated;  /**< sequences cut */
    size_t n_tokens_cut; /**< by truncation; or tokens of the stream that are in no window */
    size_t n_no_target;  /**< GN_POOL_TARGET: records without a target, or whose target fell outside
                              what was kept: no row */
    double precision_error; /**< largest relative error of a layer's states against exact
                                 arithmetic, on the first tokens; 0 for GN_PRECISION_EXACT */
    double seconds;         /**< of this call's forward passes */
    size_t n_windows;       /**< of the stream, before `keep`; 0 without one */
    size_t n_resumed;       /**< sequences found on disk from an earlier, interrupted run */
} gn_extract_result;

/** Writes the set into `dir` (created). An interrupted run of the same inputs and options is
 *  continued and gives the same bytes as an uninterrupted one; a folder made by other inputs is
 *  refused, and the message names the difference. Progress: task "tokenize" in records, then task
 *  "extract" in tokens.
 *  @param opts NULL for the defaults.
 *  @param result NULL, or written when GN_OK is returned.
 *  @return GN_OK; GN_ECANCEL (the folder is left resumable); GN_EIO (e.g. disk full: names file
 *          and bytes needed; resumable); GN_EINVAL (options that the model cannot meet; a folder
 *          that is not to be written to); GN_EDATA (no row; tokens outside the model's vocabulary;
 *          a state that is not finite or beyond the stored type: names layer, row, line and
 *          dimension);
 *          whatever opening model, tokenizer and corpus return. */
GN_API gn_status gn_extract(gn_ctx *ctx, const char *model_dir, const char *corpus_path,
                            const gn_extract_opts *opts, const char *dir, gn_extract_result *result,
                            gn_error *err);

/** Writes the model's static tables (word, position, token_type ...) as sets `dir`/NAME with one
 *  layer, number 0. Same rules for folders as gn_extract, table by table. */
GN_API gn_status gn_extract_tables(gn_ctx *ctx, const char *model_dir, const char *dir,
                                   bool overwrite, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
