/* DistilBERT (Sanh et al., 2019): BERT's block with other names and without token types. The norm's
 * epsilon is in the code that trained it, not in its config. */
#include "model/arch.h"

static const char *const types[] = {"distilbert", NULL};
static const char *const prefixes[] = {"", "distilbert.", NULL};

const gn_arch gn_arch_distilbert = {
    .family = "distilbert",
    .model_types = types,
    .class_prefix = "DistilBert",
    .keys =
        {
            .hidden = "dim",
            .layers = "n_layers",
            .heads = "n_heads",
            .ff = "hidden_dim",
            .vocab = "vocab_size",
            .positions = "max_position_embeddings",
            .act = "activation",
        },
    .absent = {.eps = 1e-12, .act = "gelu"},
    .prefixes = prefixes,
    .part =
        {
            [GN_PART_WORD] = "embeddings.word_embeddings",
            [GN_PART_POSITION] = "embeddings.position_embeddings",
            [GN_PART_EMBED_NORM] = "embeddings.LayerNorm",
            [GN_PART_Q] = "transformer.layer.#.attention.q_lin",
            [GN_PART_K] = "transformer.layer.#.attention.k_lin",
            [GN_PART_V] = "transformer.layer.#.attention.v_lin",
            [GN_PART_OUT] = "transformer.layer.#.attention.out_lin",
            [GN_PART_NORM1] = "transformer.layer.#.sa_layer_norm",
            [GN_PART_UP] = "transformer.layer.#.ffn.lin1",
            [GN_PART_DOWN] = "transformer.layer.#.ffn.lin2",
            [GN_PART_NORM2] = "transformer.layer.#.output_layer_norm",
        },
};
