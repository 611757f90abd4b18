/* BERT (Devlin et al., NAACL 2019) and what shares its graph and names: MiniLM, MultiBERTs,
 * sentence-transformers models, ProtBert.
 *
 *   x0      = LN(word[id] + type[0] + position[p])
 *   y       = LN(x + Attention(x) W_o + b_o)
 *   x_{l+1} = LN(y + act(y W_1 + b_1) W_2 + b_2)
 *
 * The traps: heads for pre-training put "bert." before every name; checkpoints converted from
 * TensorFlow call a norm's weight and bias gamma and beta; the pooler, the cls.* heads and the
 * buffer embeddings.position_ids may be there or not and are not read. */
#include "model/arch.h"

static const char *const types[] = {"bert", NULL};
static const char *const prefixes[] = {"", "bert.", NULL};

const gn_arch gn_arch_bert = {
    .family = "bert",
    .model_types = types,
    .class_prefix = "Bert",
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
