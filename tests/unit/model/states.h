/* What the tests of the model room share: reading golden references, collecting hidden states. */
#ifndef GN_TESTS_MODEL_STATES_H
#define GN_TESTS_MODEL_STATES_H

#include "tap.h"

#include "gonio/io.h"
#include "gonio/model.h"

/** All layers of a pass: (n_layers, n_tokens, d). */
typedef struct states {
    float *x;
    size_t n_layers, n_tokens, d, room;
} states;

static inline gn_status collect(void *user, size_t layer, gn_mat x, gn_error *err) {
    states *s = user;
    (void)err;
    if (layer != s->n_layers || x.dtype != GN_F32 || x.stride != x.cols) abort();
    s->n_tokens = x.rows;
    s->d = x.cols;
    s->n_layers = layer + 1;
    s->x = realloc(s->x, s->n_layers * x.rows * x.cols * sizeof *s->x);
    if (!s->x) abort();
    memcpy(s->x + layer * x.rows * x.cols, x.data, x.rows * x.cols * sizeof *s->x);
    return GN_OK;
}

static inline void states_free(states *s) {
    free(s->x);
    *s = (states){0};
}

/** ||a - b|| / ||b||. */
static inline double relative_error(const float *a, const float *b, size_t n) {
    double e = 0, r = 0;
    for (size_t i = 0; i < n; i++) {
        double diff = (double)a[i] - (double)b[i];
        e += diff * diff;
        r += (double)b[i] * (double)b[i];
    }
    return sqrt(e / r);
}

/** A tensor of a reference file; NULL when it is not there. */
static inline const void *reference(const gn_tensors *t, const char *name, size_t *rows) {
    const gn_tensor_info *info = gn_tensors_find(t, name);
    if (!info) return NULL;
    if (rows) *rows = info->shape[0];
    return gn_tensors_data(t, info);
}

/** The batch of a reference file (safetensors keeps 8-byte alignment, so the arrays can be used in
 *  place). */
static inline gn_batch reference_batch(const gn_tensors *t) {
    gn_batch b = {0};
    b.id = reference(t, "ids", &b.n_tokens);
    b.begin = reference(t, "begin", &b.n_sequences);
    b.n_sequences--;
    return b;
}

/** A context for level `cpu`, or NULL when this processor has no such level. */
static inline gn_ctx *context(gn_cpu cpu, unsigned n_threads) {
    gn_ctx *ctx = NULL;
    gn_ctx_new(&(gn_ctx_opts){.cpu = cpu, .n_threads = n_threads}, &ctx, NULL);
    return ctx;
}

static const gn_cpu every_cpu[] = {GN_CPU_SCALAR, GN_CPU_NEON, GN_CPU_AVX2, GN_CPU_AVX512,
                                   GN_CPU_AMX};
enum { N_CPUS = sizeof every_cpu / sizeof every_cpu[0] };

#endif
