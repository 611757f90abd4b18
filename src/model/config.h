/* What config.json says, checked as far as it can be without the weights. */
#ifndef GN_MODEL_CONFIG_H
#define GN_MODEL_CONFIG_H

#include "math/gemm.h"
#include "model/arch.h"

typedef struct gn_config {
    const gn_arch *arch;
    char name[256]; /**< _name_or_path, or "" */
    size_t n_layers, d, n_heads, d_ff, vocab_size, type_vocab_size;
    size_t n_positions;    /**< rows of the position table */
    size_t first_position; /**< row of a sequence's first token */
    double eps;
    gn_activation act;
} gn_config;

/** Parses the `n` bytes of a config.json; `file` names it in messages.
 *  @return GN_OK; GN_EDATA (not JSON, a key missing, of the wrong type or out of range); GN_ENOSUPP
 *          (an architecture or a variant that is not known: named). */
gn_status gn_config_parse(const char *text, size_t n, const char *file, gn_config *out,
                          gn_error *err);

#endif
