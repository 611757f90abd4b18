/* The model as the room's files share it. Immutable once open: any number of forward passes may
 * run on it at the same time. */
#ifndef GN_MODEL_MODEL_H
#define GN_MODEL_MODEL_H

#include "gonio/model.h"
#include "math/nn.h"
#include "model/weights.h"

enum { GN_MAX_TABLES = 3 };

struct gn_model {
    gn_config config;
    gn_weights weights;
    const gn_gemm *gemm;
    const gn_nn *nn;
    gn_model_info info;
    char *dir;
    gn_table tables[GN_MAX_TABLES];
    size_t n_tables;
};

#endif
