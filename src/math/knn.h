/* The small kernels of neighbour search, one file per instruction set behind one table.
 *
 * All of them return the same bits on every instruction set: sums run in 32 lanes (column c goes to
 * lane c mod 32, a chain of separate multiply and add) that are folded in one fixed order, so that
 * neither the vector width nor zero columns behind a row change a distance. */
#ifndef GN_MATH_KNN_H
#define GN_MATH_KNN_H

#include "base/error.h"

typedef struct gn_knn_kernels {
    const char *name;
    /** sum over c of (x[c] - y[c] * factor)^2, for y of each floating type. */
    double (*distance_f32)(const double *x, const float *y, double factor, size_t d);
    double (*distance_f64)(const double *x, const double *y, double factor, size_t d);
    double (*distance_f16)(const double *x, const uint16_t *y, double factor, size_t d);
    double (*distance_bf16)(const double *x, const uint16_t *y, double factor, size_t d);
    /** Elements of the tile c (m, n) with value = add[column] - 2 c not above limit[row]; a NaN
     *  value is a hit. Writes where = row << 16 | column and the value; both arrays need room for
     *  m n + 16. In each row hits come in column order. @return
     *  number of hits. */
    size_t (*pick_rows)(const float *c, size_t ldc, size_t m, size_t n, const float *add,
                        const float *limit, uint32_t *where, float *value);
    /** The same with the roles changed: value = add[row] - 2 c, limit[column]. */
    size_t (*pick_cols)(const float *c, size_t ldc, size_t m, size_t n, const float *add,
                        const float *limit, uint32_t *where, float *value);
    /** The k-th smallest of v (n), 1 <= k <= n, no NaN among them. */
    float (*select)(const float *v, size_t n, size_t k);
    /** out[i] = sum over c of w[c] * code[i * d + c] for n rows; d is a multiple of 64. Here sums
     * run in 64 lanes, in float32. */
    void (*dots_i8)(const float *w, const int8_t *code, size_t d, size_t n, float *out);
    /** out[j] = sum over c of (x[c] - y[j][c])^2 for n rows, in float32; d is a multiple of 32. The
     *  same bits with x and a y exchanged. */
    void (*distances)(const float *x, const float *const *y, size_t n, size_t d, float *out);
} gn_knn_kernels;

/** The kernels of an instruction set (AMX: AVX-512's; NEON: the scalar ones); never NULL. `cpu`
 *  must be available. */
const gn_knn_kernels *gn_knn_kernels_for(gn_cpu cpu);

/** One table a file; only gn_knn_kernels_for names them. */
extern const gn_knn_kernels gn_knn_scalar, gn_knn_avx2, gn_knn_avx512;

/** Order-preserving map from float32 to uint32, every NaN on top. Shared by the selections. */
static inline uint32_t gn_float_key(float f) {
    union {
        float f;
        uint32_t u;
    } x = {f};
    if (f != f) return UINT32_MAX;
    return x.u >> 31 ? ~x.u : x.u | 0x80000000u;
}
static inline float gn_key_float(uint32_t key) {
    union {
        uint32_t u;
        float f;
    } x = {key >> 31 ? key & 0x7fffffffu : ~key};
    return x.f;
}

#endif
