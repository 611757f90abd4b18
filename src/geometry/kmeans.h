/* The parts of k-means: rows and how they are scored against centres, seeding, Lloyd's iterations.
 * Work is cut into blocks of rows fixed by the data; sums are added in block order. */
#ifndef GN_GEOMETRY_KMEANS_H
#define GN_GEOMETRY_KMEANS_H

#include "base/ctx.h"
#include "base/random.h"
#include "gonio/cluster.h"
#include "math/gemm.h"
#include "math/knn.h"

enum { GN_KMEANS_LANES = 64 /* at least nr of any kernel */ };

/** What a worker owns. */
typedef struct gn_kmeans_scratch {
    float *gather; /**< (nr, d) rows that do not lie together */
    void *panel;   /**< their B panel */
    float *tile;   /**< (mr, nr) */
    float *value;  /**< (k_max, nr) |x - c|^2 by products */
    double *row;   /**< (d) */
    int32_t *list; /**< (block) rows to score */
} gn_kmeans_scratch;

/** The rows, and what bounds the error of their scores. */
typedef struct gn_kmeans_rows {
    gn_mat x;
    size_t n, d, k_max;
    const gn_gemm *gemm;
    const gn_knn_kernels *kernels;
    double *mean;    /**< (d) m */
    float *square;   /**< (n) |x - m|^2 */
    float *length;   /**< (n) |x|, rounded up */
    double total;    /**< sum of |x - m|^2 */
    double relative; /**< error of a product, relative to |x||c - m| */
    size_t block, n_blocks;
    double *block_sum; /**< (n_blocks) scratch for sums over rows */
    unsigned n_workers;
    gn_kmeans_scratch *scratch; /**< one for each worker */
} gn_kmeans_rows;

gn_status gn_kmeans_rows_new(gn_ctx *ctx, gn_mat x, size_t k_max, gn_kmeans_rows *out,
                             gn_error *err);
void gn_kmeans_rows_free(gn_kmeans_rows *r);
static inline size_t gn_kmeans_last(const gn_kmeans_rows *r, size_t block) {
    size_t last = (block + 1) * r->block;
    return last < r->n ? last : r->n;
}

/** Row i in float64; may point into the matrix. */
static inline const double *gn_kmeans_row(const gn_kmeans_rows *r, size_t i, double *buf) {
    return gn_mat_row_f64(r->x, i, buf);
}
/** |x_i - centre|^2 from differences in float64. */
double gn_kmeans_exact(const gn_kmeans_rows *r, size_t i, const double *centre);

/** Up to k_max centres, packed for products. */
typedef struct gn_kmeans_centres {
    size_t k;
    double *at;   /**< (k_max, d) */
    float *part;  /**< (mr, d) scratch: c - m of one panel */
    char *packed; /**< A panels of c - m */
    size_t panel_bytes;
    float *offset; /**< (k_max) |c - m|^2 + 2 m.(c - m) */
    double reach;  /**< largest |c - m| */
    double most;   /**< largest |offset| */
} gn_kmeans_centres;

gn_status gn_kmeans_centres_new(const gn_kmeans_rows *r, gn_kmeans_centres *out, gn_error *err);
void gn_kmeans_centres_free(gn_kmeans_centres *c);
/** Makes the first k of c->at ready for scores. */
void gn_kmeans_pack(const gn_kmeans_rows *r, gn_kmeans_centres *c, size_t k);

/** s->value[j * nr + l] = |x_i - c_j|^2 for row i = row[l], l < m <= nr, up to gn_kmeans_error. */
void gn_kmeans_score(const gn_kmeans_rows *r, const gn_kmeans_centres *c, gn_kmeans_scratch *s,
                     const int32_t *row, size_t m);
/** How far any value of row i can be from the truth. */
static inline float gn_kmeans_error(const gn_kmeans_rows *r, const gn_kmeans_centres *c, size_t i) {
    return (float)((2 * r->relative * (double)r->length[i] * c->reach +
                    0x1p-21 * ((double)r->square[i] + c->most)) *
                   (1 + 0x1p-20));
}
/** The nearest centre of row i from its values at stride nr; what they leave open is decided by
 *  differences. */
int32_t gn_kmeans_nearest(const gn_kmeans_rows *r, const gn_kmeans_centres *c, size_t i,
                          const float *value);

/** A clustering on its way. Distances are kept as bounds that stay true while centres move:
 *  centre j has travelled moved[j] in all; stored bounds refer to zero travel. */
typedef struct gn_kmeans_state {
    size_t k;
    int32_t *label; /**< (n) */
    float *upper;   /**< (n) |x - c_label| <= upper + moved[label] */
    float *lower;   /**< (k, n) |x - c_j| >= lower - moved[j] */
    double *sum;    /**< (k_max, d) of the rows of each cluster */
    size_t *size;   /**< (k_max) */
} gn_kmeans_state;

gn_status gn_kmeans_state_new(const gn_kmeans_rows *r, gn_kmeans_state *out, gn_error *err);
void gn_kmeans_state_free(gn_kmeans_state *s);

/** Sums of rows that leave or enter clusters, by block. */
typedef struct gn_kmeans_delta {
    double *sum;       /**< (n_blocks, k_max, d) */
    int64_t *size;     /**< (n_blocks, k_max) */
    bool *touched;     /**< (n_blocks, k_max) */
    size_t *n_changed; /**< (n_blocks) */
} gn_kmeans_delta;

gn_status gn_kmeans_delta_new(const gn_kmeans_rows *r, gn_kmeans_delta *out, gn_error *err);
void gn_kmeans_delta_free(gn_kmeans_delta *d);
/** Before the rows of a block are looked at. */
void gn_kmeans_delta_reset(const gn_kmeans_rows *r, gn_kmeans_delta *d, size_t block);
/** Row i of the block goes from cluster `from` (-1: none) to `to`. */
void gn_kmeans_delta_move(const gn_kmeans_rows *r, gn_kmeans_delta *d, size_t block, size_t i,
                          int32_t from, int32_t to, double *row);
/** Adds all blocks to the state, in order; returns how many rows changed. */
size_t gn_kmeans_delta_apply(const gn_kmeans_rows *r, const gn_kmeans_delta *d, gn_kmeans_state *s);

/** The seeds of one restart, chosen one after the other; `state` belongs to the seeds so far. */
typedef struct gn_kmeans_seeds {
    gn_random random;
    gn_kmeans_centres centres, trial;
    gn_kmeans_state state;
    gn_kmeans_delta *delta; /**< borrowed */
    float *nearest;         /**< (n) |x - nearest seed|^2 */
    double *left;           /**< (n_blocks) their sums */
    float *value;           /**< (trials, n) |x - candidate|^2 */
} gn_kmeans_seeds;

gn_status gn_kmeans_seeds_new(const gn_kmeans_rows *r, gn_kmeans_delta *delta, gn_kmeans_seeds *out,
                              gn_error *err);
void gn_kmeans_seeds_free(gn_kmeans_seeds *s);
void gn_kmeans_seeds_restart(gn_kmeans_seeds *s, uint64_t seed, uint64_t restart);
/** Adds a seed. *found is false, and nothing changes, when every row equals a seed already. */
gn_status gn_kmeans_seeds_add(gn_ctx *ctx, const gn_kmeans_rows *r, gn_kmeans_seeds *s, bool *found,
                              gn_error *err);

/** Lloyd's iterations. */
typedef struct gn_kmeans_run {
    gn_kmeans_centres centres;
    gn_kmeans_state state;
    gn_kmeans_delta *delta; /**< borrowed */
    double *moved;          /**< (k_max) */
    size_t iterations;
    bool converged;
    double inertia; /**< of the partition about its means */
} gn_kmeans_run;

gn_status gn_kmeans_run_new(const gn_kmeans_rows *r, gn_kmeans_delta *delta, gn_kmeans_run *out,
                            gn_error *err);
void gn_kmeans_run_free(gn_kmeans_run *run);
/** From the seeds, as many as they are, to the end. `tolerance` is absolute; negative: none. */
gn_status gn_kmeans_lloyd(gn_ctx *ctx, const gn_kmeans_rows *r, const gn_kmeans_seeds *seeds,
                          size_t iterations, double tolerance, gn_kmeans_run *run, gn_error *err);

#endif
