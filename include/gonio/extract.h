/* gonio/extract.h: model + text -> representation set, in one resumable pass. */
#ifndef GONIO_EXTRACT_H
#define GONIO_EXTRACT_H

#include "gonio/base.h"
#include "gonio/model.h"
#include "gonio/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What becomes a row. */
typedef enum gn_pool {
    GN_POOL_NONE = 0, /**< every token */
    GN_POOL_MEAN,     /**< mean over a sequence's tokens (special tokens follow `special_rows`) */
    GN_POOL_FIRST,    /**< the first token */
    GN_POOL_LAST,     /**< the last token */
    GN_POOL_WORD,     /**< mean over the pieces of each word */
    GN_POOL_TARGET,   /**< mean over the pieces of the one word the record's target span names */
} gn_pool;

typedef struct gn_extract_opts {
    gn_corpus_opts corpus;
    gn_model_opts model;
    gn_take take;
    gn_pool pool;
    const char *layers;    /**< NULL or "all"; else a list such as "0,3-6,-1" (-1: the last) */
    size_t max_tokens;     /**< truncation, specials included; 0: the model's max_positions */
    bool no_special;       /**< do not add [CLS] / [SEP] */
    bool drop_special;     /**< add them, but keep no rows for them (pool none and mean) */
    gn_dtype dtype;        /**< GN_F32 (default), GN_F16 or GN_BF16 on disk */
    size_t batch_tokens;   /**< 0: chosen; never changes the result */
    bool overwrite;        /**< replace a finished set; default is GN_EINVAL naming it */
} gn_extract_opts;

typedef struct gn_extract_result {
    size_t n_sequences, n_tokens, n_rows, n_layers;
    size_t n_truncated;     /**< sequences cut */
    size_t n_tokens_cut;
    size_t n_no_target;     /**< records whose target fell outside what was kept: no row */
    double seconds;         /**< of the forward passes */
    size_t n_resumed;       /**< sequences found on disk from an earlier, interrupted run */
} gn_extract_result;

/** Writes the set into `dir` (created). An interrupted run of the same inputs and options is
 *  continued and gives the same bytes as an uninterrupted one; a folder made by other inputs is
 *  refused.
 *  @return GN_OK; GN_ECANCEL (the folder is left resumable); GN_EIO (e.g. disk full: names file
 *          and bytes needed); whatever opening model, tokenizer and corpus return. */
GN_API gn_status gn_extract(gn_ctx *ctx, const char *model_dir, const char *corpus_path,
                            const gn_extract_opts *opts, const char *dir,
                            gn_extract_result *result, gn_error *err);

/** Writes the model's static tables (word, position, token_type ...) as sets `dir`/NAME. */
GN_API gn_status gn_extract_tables(gn_ctx *ctx, const char *model_dir, const char *dir,
                                   bool overwrite, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
