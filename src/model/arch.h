/* An architecture is a table.
 *
 * Every encoder and decoder that gonio reads is the same block (attention, residual, norm, two
 * linear layers, residual, norm) in a different order and under different names. What differs is
 * written down here once per family, as data; config.c, weights.c and forward.c know no family.
 * A new family is one arch_NAME.c with a gn_arch in it and one line in arch.c.
 */
#ifndef GN_MODEL_ARCH_H
#define GN_MODEL_ARCH_H

#include "base/error.h"

/** The named pieces of a checkpoint; each has a weight, most have a bias. */
typedef enum gn_part {
    GN_PART_WORD = 0,
    GN_PART_POSITION,
    GN_PART_TYPE,
    GN_PART_EMBED_NORM,
    GN_PART_FINAL_NORM,
    /* from here on once per block */
    GN_PART_Q,
    GN_PART_K,
    GN_PART_V,
    GN_PART_QKV, /**< the three above as one tensor; an architecture names it or them */
    GN_PART_OUT,
    GN_PART_NORM1, /**< post: after attention's residual; pre: before attention */
    GN_PART_UP,
    GN_PART_DOWN,
    GN_PART_NORM2, /**< post: after the feed-forward residual; pre: before the feed-forward layer */
    GN_N_PARTS
} gn_part;

/** The keys of config.json. NULL: the architecture has no such key and the default holds. */
typedef struct gn_config_keys {
    const char *hidden, *layers, *heads, *ff, *vocab, *positions, *types, *act, *eps;
} gn_config_keys;

typedef struct gn_arch {
    const char *family;
    const char *const *model_types; /**< NULL-terminated: values of "model_type" */
    const char *class_prefix; /**< start of architectures[0], for configs without model_type */
    gn_config_keys keys;
    /** Where the key is missing, as the library that wrote the checkpoint does. */
    struct {
        size_t types;
        double eps;
        const char *act;
        size_t ff_factor; /**< d_ff = ff_factor * d; 0: the key must be there */
    } absent;
    bool pre_norm;                /**< norms before the sub-layers instead of after the residuals */
    bool causal;                  /**< position i sees j <= i */
    bool in_out;                  /**< linear weights are stored (in, out), as TensorFlow did */
    bool positions_after_padding; /**< the first position is pad_token_id + 1 */
    const char *const *prefixes;  /**< NULL-terminated: what may stand before every name */
    /** Names without ".weight" and ".bias"; '#' stands for the block's number, from 0. NULL: the
     *  architecture has no such part. */
    const char *part[GN_N_PARTS];
} gn_arch;

extern const gn_arch gn_arch_bert, gn_arch_distilbert, gn_arch_roberta, gn_arch_gpt2;

/** The architecture of a config: by model_type, or by class name where that is NULL. NULL: none. */
const gn_arch *gn_arch_find(const char *model_type, const char *class_name);
/** Appends the model types that are known, "bert, distilbert, ...", to text (n). */
void gn_arch_list(char *text, size_t n);

#endif
