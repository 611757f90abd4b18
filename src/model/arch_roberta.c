/* RoBERTa (Liu et al., 2019) and XLM-R: BERT's graph and names. The trap: the first position is
 * pad_token_id + 1, so that a table of 514 rows serves 512 tokens. (The reference implementation
 * gives a padding token the position pad_token_id wherever it stands; gonio never pads, and no
 * tokenizer makes that token from text.) */
#include "model/arch.h"

static const char *const types[] = {"roberta", "xlm-roberta", "camembert", NULL};
static const char *const prefixes[] = {"", "roberta.", NULL};

const gn_arch gn_arch_roberta = {
    .family = "roberta",
    .model_types = types,
    .class_prefix = "Roberta",
    .keys =
        {
            .hidden = "hidden_size",
            .layers = "num_hidden_layers",
            .heads = "num_attention_heads",
            .ff = "intermediate_size",
            .vocab = "vocab_size",
            .positions = "max_position_embeddings",
            .types = "type_vocab_size",
            .act = "hidden_act",
            .eps = "layer_norm_eps",
        },
    .absent = {.types = 2, .eps = 1e-12, .act = "gelu"},
    .positions_after_padding = true,
    .prefixes = prefixes,
    .part =
        {
            [GN_PART_WORD] = "embeddings.word_embeddings",
            [GN_PART_POSITION] = "embeddings.position_embeddings",
            [GN_PART_TYPE] = "embeddings.token_type_embeddings",
            [GN_PART_EMBED_NORM] = "embeddings.LayerNorm",
            [GN_PART_Q] = "encoder.layer.#.attention.self.query",
            [GN_PART_K] = "encoder.layer.#.attention.self.key",
            [GN_PART_V] = "encoder.layer.#.attention.self.value",
            [GN_PART_OUT] = "encoder.layer.#.attention.output.dense",
            [GN_PART_NORM1] = "encoder.layer.#.attention.output.LayerNorm",
            [GN_PART_UP] = "encoder.layer.#.intermediate.dense",
            [GN_PART_DOWN] = "encoder.layer.#.output.dense",
            [GN_PART_NORM2] = "encoder.layer.#.output.LayerNorm",
        },
};
