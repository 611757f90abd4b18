/* gonio/model.h: a transformer's weights and its forward pass with taps.
 *
 * Letters used throughout the model room: T tokens of a batch laid end to end (no padding),
 * d hidden width, h heads, L blocks, V vocabulary. Layer 0 is the embedding output, layer l the
 * output of block l: the convention of the public library's `hidden_states`.
 */
#ifndef GONIO_MODEL_H
#define GONIO_MODEL_H

#include "gonio/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gn_model gn_model;

/** Arithmetic of the matrix products on processors with AMX (elsewhere all three are float32):
 *  products of operands split into bfloat16 parts. */
typedef enum gn_precision {
    GN_PRECISION_EXACT = 0, /**< three-way split, error at or below sgemm's (default) */
    GN_PRECISION_FAST,      /**< two-way split, about 4e-6 relative per product */
    GN_PRECISION_DRAFT,     /**< plain bfloat16, about 2e-3 */
} gn_precision;

typedef struct gn_model_opts {
    gn_precision precision;
} gn_model_opts;

typedef struct gn_model_info {
    const char *family; /**< "bert", "distilbert", "roberta", "gpt2" */
    const char *name;   /**< from the config (_name_or_path), else the folder's name */
    size_t n_layers;    /**< L; hidden states number L + 1 */
    size_t d_model, n_heads, d_ff, vocab_size, max_positions, type_vocab_size;
    double norm_eps;
    size_t n_parameters; /**< of the tensors that the forward pass uses */
    const char *dtype;   /**< on disk: "float32", ... */
} gn_model_info;

/** Resolves what a user types as MODEL to a folder: a folder; a file inside one; "ORG/NAME" or
 *  "NAME" in the Hugging Face cache layout under `cache_dir` (NULL: only paths are tried).
 *  @param out (n_out) receives the path. @return GN_OK; GN_EIO (nothing of that name: the message
 *          lists the places tried); GN_EINVAL (n_out too small). */
GN_API gn_status gn_model_resolve(const char *model, const char *cache_dir, char *out, size_t n_out,
                                  gn_error *err);

/** Opens a Hugging Face folder (config.json + model.safetensors or its sharded index).
 *  @return GN_OK; GN_EIO; GN_EDATA (truncated, wrong shape or dtype, missing or duplicated tensor,
 *          config that lies about sizes); GN_ENOSUPP (architecture not known: named). */
GN_API gn_status gn_model_open(gn_ctx *ctx, const char *dir, const gn_model_opts *opts,
                               gn_model **out, gn_error *err);
GN_API void gn_model_free(gn_model *model);
GN_API const gn_model_info *gn_model_get_info(const gn_model *model);
/** SHA-256 over the weight files in name order, 64 hex digits. Reads the files: costs about a
 *  second for 300 MB. */
GN_API gn_status gn_model_sha256(const gn_model *model, char out[65], gn_error *err);

/** A batch: sequences laid end to end, each at its own length. */
typedef struct gn_batch {
    size_t n_sequences, n_tokens;
    const int32_t *id;     /**< (n_tokens) */
    const uint32_t *begin; /**< (n_sequences + 1) first token of each, begin[n] == n_tokens */
} gn_batch;

typedef enum gn_take { GN_TAKE_BLOCK = 0, GN_TAKE_NORM1, GN_TAKE_ATTN, GN_TAKE_MLP } gn_take;

/** Receives hidden states layer by layer: `x` is (n_tokens, d) float32, valid during the call. */
typedef gn_status (*gn_tap)(void *user, size_t layer, gn_mat x, gn_error *err);

/** One forward pass without padding. Each sequence's states are the same bits whatever else is in
 *  the batch and whatever the number of threads.
 *  @return GN_OK; GN_EINVAL (id outside the vocabulary, sequence longer than max_positions, empty
 *          sequence); GN_ENOMEM; GN_ECANCEL; what the tap returned. */
GN_API gn_status gn_model_forward(gn_ctx *ctx, const gn_model *model, gn_batch batch, gn_take take,
                                  gn_tap tap, void *user, gn_error *err);

/** A static table: "word", "position", "token_type" (and "output" where a checkpoint has one of
 *  its own). The view is (rows, d) float32 and lives as long as the model. */
typedef struct gn_table {
    const char *name;
    gn_mat rows;
} gn_table;
GN_API size_t gn_model_table_count(const gn_model *model);
GN_API gn_table gn_model_table(const gn_model *model, size_t i);

#ifdef __cplusplus
}
#endif
#endif
