/* Lists of layers, as options give them. */
#ifndef GN_REPS_LAYER_LIST_H
#define GN_REPS_LAYER_LIST_H

#include "base/error.h"

/** The layers named by a list such as "0,3-6,-1" (NULL or "all": 0 ... n_blocks), ascending and
 *  each once. @param layer (n_blocks + 1). */
gn_status gn_layer_list(const char *list, size_t n_blocks, size_t *layer, size_t *n_layers,
                        gn_error *err);

#endif
