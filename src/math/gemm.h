/* Matrix products with packed panels: one interface, one file per instruction set.
 *
 * C (m, n) = A (m, k) * B (n, k)^T: both operands are row-major with k contiguous, which is how
 * activations and weights lie (y = x W^T) and how neighbours need it (x . y for rows of one set).
 *
 *   panel   mr rows of A, or nr rows of B, repacked so that the micro-kernel reads them in order.
 *           Ragged edges are padded with zeros.
 *   tile    the product of one A panel and one B panel, (mr, nr) float32, into a small buffer that
 *           stays in the L1 cache: what follows (bias and GELU, or a threshold and a compress) is
 *           done there, before anything goes to memory.
 *
 * Every element of C is summed over k in one fixed order (float32 chains of GN_K_BLOCK terms, whose
 * sums are added one after the other), whatever m, n and its place in the tile: a row's result has
 * the same bits alone and in any batch. Different instruction sets may differ in the last bits.
 *
 * Functions here are single-threaded; callers give each worker its own rows and scratch. */
#ifndef GN_MATH_GEMM_H
#define GN_MATH_GEMM_H

#include "base/error.h"

/** Terms that are summed in one float32 chain. Longer chains lose digits: an error that grows like
 *  sqrt(k) is cut to sqrt(GN_K_BLOCK) + sqrt(k / GN_K_BLOCK). */
#define GN_K_BLOCK 256

/** A family of kernels: instruction set and, on AMX, the number of bfloat16 parts (1, 2, 3). */
typedef struct gn_gemm gn_gemm;
struct gn_gemm {
    const char *name;     /**< "scalar", "avx2", "avx512", "amx3", ... */
    gn_cpu cpu;           /**< the level that it needs */
    size_t mr, nr;        /**< rows of an A panel, rows of a B panel */
    size_t k_multiple;    /**< k is padded with zeros to a multiple of this */
    size_t element_bytes; /**< bytes a packed element takes, all parts together */
    /** Packs rows [0, m) of a (m <= mr) into one panel of mr x k_padded elements. Panels are
     *  64-byte aligned. */
    void (*pack_a)(const float *a, size_t lda, size_t m, size_t k, void *panel);
    /** Packs rows [0, n) of b (n <= nr) into one panel of nr x k_padded elements. */
    void (*pack_b)(const float *b, size_t ldb, size_t n, size_t k, void *panel);
    /** c (mr, nr) with leading dimension ldc = product of the panels; overwrites c. */
    void (*tile)(const void *a_panel, const void *b_panel, size_t k_padded, float *c, size_t ldc);
    /** Prepares this thread (AMX: tile configuration) and undoes it. NULL where not needed. */
    void (*begin)(void);
    void (*end)(void);
};

/** The kernels of an instruction set. `parts` counts bfloat16 parts on AMX (1 draft, 2 fast,
 *  3 float32-grade; 0 means 3) and is ignored elsewhere. GN_CPU_AUTO takes the best level. Never
 *  NULL; `cpu` must be available. */
const gn_gemm *gn_gemm_for(gn_cpu cpu, unsigned parts);

/** A weight matrix (n, k), packed once. */
typedef struct gn_weight gn_weight;
/** @param w (n, k) of a floating type, n and k >= 1; finite.
 *  @return GN_OK; GN_EINVAL (empty or not floating); GN_EDATA naming row and column of the first
 * NaN or infinity; GN_ENOMEM. */
gn_status gn_weight_pack(const gn_gemm *g, gn_mat w, gn_weight **out, gn_error *err);
void gn_weight_free(gn_weight *w);
size_t gn_weight_rows(const gn_weight *w);
size_t gn_weight_cols(const gn_weight *w);

typedef enum gn_activation {
    GN_ACT_NONE = 0,
    GN_ACT_GELU,
    GN_ACT_GELU_TANH,
    GN_ACT_RELU,
    GN_ACT_SILU
} gn_activation;

/** y = act(x W^T + bias) + residual. */
typedef struct gn_linear {
    const gn_weight *weight;
    const float *bias; /**< (n) or NULL */
    gn_activation act;
    const float *residual; /**< (m, n) or NULL; may be y itself */
    size_t ld_residual;
} gn_linear;
/** Bytes of scratch that gn_linear_run needs for m rows. */
size_t gn_linear_scratch(const gn_weight *w, size_t m);
/** @param x (m, k) with leading dimension ldx; y (m, n) with ldy must not overlap x.
 *  @param scratch gn_linear_scratch bytes, 64-byte aligned (gn_alloc). */
void gn_linear_run(const gn_linear *l, const float *x, size_t m, size_t ldx, float *y, size_t ldy,
                   void *scratch);

#endif
