/* The heart of extraction: any source of hidden states, a tokenizer and a corpus into a folder. The
 * public call wraps a gn_model as a source; tests bring one whose states are known by formula. */
#ifndef GN_EXTRACT_CORE_H
#define GN_EXTRACT_CORE_H

#include "extract/rows.h"
#include "extract/tokens.h"
#include "gonio/extract.h"
#include "gonio/model.h"
#include "io/file.h"

#include <jansson.h>

/** Where hidden states come from. */
typedef struct gn_source {
    const gn_model_info *info;
    const char *weights_sha256;
    /** As gn_model_forward. */
    gn_status (*forward)(void *self, gn_ctx *ctx, gn_batch batch, gn_take take, gn_tap tap,
                         void *user, gn_error *err);
    void *self;
} gn_source;

/** What else goes in. All borrowed. */
typedef struct gn_extract_inputs {
    gn_source source;
    const gn_tokenizer *tokenizer;
    const char *tokenizer_sha256;
    const gn_corpus *corpus;
    const char *corpus_name;
    size_t
        block_sequences; /**< sequences between two savings; 0: 4096. Never changes the result. */
} gn_extract_inputs;

/** gn_extract from opened inputs. */
gn_status gn_extract_run(gn_ctx *ctx, const gn_extract_inputs *in, const gn_extract_opts *opts,
                         const char *dir, gn_extract_result *result, gn_error *err);

/** What gonio.json says about model, tokenizer, corpus, options and counts: a new reference. */
gn_status gn_extract_describe(gn_ctx *ctx, const gn_extract_inputs *in, const gn_extract_opts *opts,
                              size_t max_tokens, const gn_tokens *tokens, const gn_row_plan *rows,
                              size_t n_tokens, json_t **out, gn_error *err);
/** The part about the model alone, as the static tables need it. */
gn_status gn_extract_describe_model(const gn_model_info *info, const char *weights_sha256,
                                    json_t **out, gn_error *err);

/** The content of vocab.txt; free with gn_free. */
gn_status gn_extract_vocabulary(const gn_tokenizer *tok, char **out, gn_error *err);

/** Writes text.jsonl: a line a record. */
gn_status gn_extract_text(const gn_tokens *tokens, const gn_corpus *corpus, gn_outfile *f,
                          gn_error *err);

#endif
