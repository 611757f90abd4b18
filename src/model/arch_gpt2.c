/* GPT-2 (Radford et al., 2019) and distilgpt2.
 *
 *   x0      = word[id] + position[p]
 *   y       = x + CausalAttention(LN1(x)) W_o + b_o
 *   x_{l+1} = y + gelu_tanh(LN2(y) W_1 + b_1) W_2 + b_2
 *
 * The traps: linear weights are stored (in, out); query, key and value are one tensor; hidden state
 * L is taken after the final norm, the others are the raw stream. */
#include "model/arch.h"

static const char *const types[] = {"gpt2", NULL};
static const char *const prefixes[] = {"", "transformer.", NULL};

const gn_arch gn_arch_gpt2 = {
    .family = "gpt2",
    .model_types = types,
    .class_prefix = "GPT2",
    .keys =
        {
            .hidden = "n_embd",
            .layers = "n_layer",
            .heads = "n_head",
            .ff = "n_inner",
            .vocab = "vocab_size",
            .positions = "n_positions",
            .act = "activation_function",
            .eps = "layer_norm_epsilon",
        },
    .absent = {.eps = 1e-5, .act = "gelu_new", .ff_factor = 4},
    .pre_norm = true,
    .causal = true,
    .in_out = true,
    .prefixes = prefixes,
    .part =
        {
            [GN_PART_WORD] = "wte",
            [GN_PART_POSITION] = "wpe",
            [GN_PART_FINAL_NORM] = "ln_f",
            [GN_PART_QKV] = "h.#.attn.c_attn",
            [GN_PART_OUT] = "h.#.attn.c_proj",
            [GN_PART_NORM1] = "h.#.ln_1",
            [GN_PART_UP] = "h.#.mlp.c_fc",
            [GN_PART_DOWN] = "h.#.mlp.c_proj",
            [GN_PART_NORM2] = "h.#.ln_2",
        },
};
