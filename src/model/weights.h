/* A checkpoint's tensors, checked against the config and packed for the matrix kernels. */
#ifndef GN_MODEL_WEIGHTS_H
#define GN_MODEL_WEIGHTS_H

#include "gonio/io.h"
#include "model/config.h"

typedef struct gn_norm {
    float *gamma, *beta; /**< (d); NULL: no such norm */
} gn_norm;

/** y = x W^T + b. */
typedef struct gn_dense {
    gn_weight *w;
    float *b; /**< NULL: no bias */
} gn_dense;

typedef struct gn_block {
    gn_dense qkv; /**< (3d, d): rows of query, key, value */
    gn_dense out, up, down;
    gn_norm norm1, norm2;
} gn_block;

typedef struct gn_weights {
    float *word, *position, *type; /**< (vocab, d), (n_positions, d), (types, d) or NULL */
    gn_norm embed_norm, final_norm;
    gn_block *block; /**< (n_blocks) */
    size_t n_blocks;
    size_t n_parameters;
    gn_dtype dtype; /**< of the word table on disk */
} gn_weights;

/** Reads, checks and packs, block by block on all threads. `file` names the checkpoint in
 *  messages. Needs nothing of `t` afterwards.
 *  @return GN_OK; GN_EDATA (a tensor is missing, there under two names, of the wrong shape or
 *          dtype, not finite; blocks that the config does not count); GN_ENOMEM; GN_ECANCEL. */
gn_status gn_weights_load(gn_ctx *ctx, const gn_config *c, const gn_tensors *t, const char *file,
                          const gn_gemm *gemm, gn_weights *out, gn_error *err);
void gn_weights_free(gn_weights *w);

#endif
