/* gonio/map.h: maps that put neighbours near each other: t-SNE and UMAP.
 *
 * A map starts from neighbour lists, exact or approximate ones, runs in steps, and can be looked
 * at, paused and resumed between any two of them. All rows are placed. The same seed gives the same
 * bytes on any number of threads.
 */
#ifndef GONIO_MAP_H
#define GONIO_MAP_H

#include "gonio/base.h"
#include "gonio/neighbors.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gn_map gn_map;

/** t-SNE: van der Maaten & Hinton, JMLR 9:2579 (2008). Repulsion is summed pair by pair up to 6,000
 * points (2,000 in one dimension, 12,000 in three), above by interpolation as in Linderman et al.,
 * Nature Methods 16:243 (2019). */
typedef struct gn_tsne_opts {
    size_t dim;           /**< 1, 2 (0: default) or 3 */
    double perplexity;    /**< 0: 30. Needs 3 perplexity neighbours: lists with fewer lower it */
    double exaggeration;  /**< of the first steps; 0: 12 */
    size_t n_early;       /**< steps with exaggeration; default (SIZE_MAX): 250 */
    size_t n_steps;       /**< steps after those; default (0): 500 */
    double learning_rate; /**< 0: n / exaggeration in the early steps, n after (Belkina 2019) */
} gn_tsne_opts;

/** UMAP: McInnes, Healy & Melville, arXiv:1802.03426. */
typedef struct gn_umap_opts {
    size_t dim;           /**< 1 and more; 0: 2 */
    size_t n_neighbors;   /**< the point itself included, as in the paper, from 2 on; 0: 15 */
    double min_dist;      /**< negative: 0.1 */
    double spread;        /**< 0: 1 */
    size_t n_steps;       /**< epochs; 0: 500 up to 10,000 points, 200 above */
    double negative_rate; /**< negative samples per positive one; 0: 5 */
} gn_umap_opts;

typedef struct gn_map_state {
    const char *method; /**< "tsne", "umap" */
    size_t n, dim;
    size_t step, n_steps; /**< done; planned in all */
    double perplexity;    /**< t-SNE: the one in use, after lowering */
    double loss;          /**< measured every 50 steps and at the end; NaN before. t-SNE: Kullback-
                               Leibler divergence in nats of the map (without exaggeration). UMAP:
                               what its descent lowers, a cross-entropy in nats a row, of 100 rows
                               with all others (Damrich & Hamprecht, NeurIPS 2021) */
    double loss_se; /**< its standard error over rows; 0 where it is of all rows; NaN before */
} gn_map_state;

/** Prepares a t-SNE map.
 *  @param knn lists of the n rows; min(n - 1, 3 perplexity) neighbours are used. Borrowed for the
 *         call.
 *  @param init (n, dim) where to start, e.g. principal components: scaled so that the first column
 *         has standard deviation 1e-4, unless `resume`, which keeps it as it is (a running map with
 *         changed parameters). NULL data: Gaussian of that size.
 *  @param opts NULL for the defaults.
 *  @return GN_OK; GN_EINVAL (n < 4, dim, perplexity < 1, shape of init); GN_EDATA (init not
 *          finite); GN_ENOMEM; GN_ECANCEL. */
GN_API gn_status gn_tsne_new(gn_ctx *ctx, const gn_knn *knn, gn_mat init, bool resume,
                             const gn_tsne_opts *opts, gn_map **out, gn_error *err);

/** Prepares a UMAP map.
 *  @param knn as above; n_neighbors - 1 of each list are used.
 *  @param init (n, dim) start, e.g. a running map; NULL data: smooth functions on the graph.
 *  @return GN_OK; GN_EINVAL (n < 4, dim, parameters, shape of init); GN_EDATA; GN_ENOMEM;
 * GN_ECANCEL.
 */
GN_API gn_status gn_umap_new(gn_ctx *ctx, const gn_knn *knn, gn_mat init, const gn_umap_opts *opts,
                             gn_map **out, gn_error *err);

/** Runs up to n_steps more; fewer when the plan ends. Progress is reported as "t-SNE" or "UMAP".
 *  @return GN_OK; GN_ENOMEM; GN_ECANCEL (the map stays at the last whole step). */
GN_API gn_status gn_map_run(gn_ctx *ctx, gn_map *map, size_t n_steps, gn_error *err);

GN_API gn_map_state gn_map_get(const gn_map *map);
/** (n, dim) float64 positions, centred; valid until the next run or free. */
GN_API gn_mat gn_map_positions(const gn_map *map);
GN_API void gn_map_free(gn_map *map);

/** Pulls the map towards another one of the same rows in all further steps, e.g. that of the layer
 *  before, from which it should also have started. t-SNE: strength / (2 n) sum_i w_i |y_i -
 * target_i|^2 is added to its loss, but not to the loss that is reported (Rauber, Falcao & Telea,
 * dynamic t-SNE, EuroVis 2016); 0.1 keeps clusters in place. UMAP: each time an edge of point i
 * fires, the point moves by the step size times strength w_i (target_i - y_i), as in umap-learn's
 * AlignedUMAP, whose default is 0.01; there all maps move at once, here the target stands still.
 *  @param target (n, dim), finite; copied and centred.
 *  @param weight NULL (all 1), or (n) in [0, 1], e.g. gn_lists_jaccard: rows whose neighbours
 *         changed are free to move.
 *  @param strength 0 (no pull) to 1.
 *  @return GN_OK; GN_EINVAL (shape, strength); GN_EDATA (not finite; a weight out of range);
 *          GN_ENOMEM. */
GN_API gn_status gn_map_pull(gn_map *map, gn_mat target, const float *weight, double strength,
                             gn_error *err);

/** How far a map can be trusted. Standard errors are over rows. */
typedef struct gn_map_quality {
    size_t k;             /**< neighbours compared */
    size_t n_kept;        /**< rows for the next */
    double kept, kept_se; /**< mean share of a row's k nearest in the space that are among its k
                               nearest on the map; k / (n - 1) by chance */
    size_t n_sampled;     /**< rows for the two below */
    double trustworthiness, trustworthiness_se; /**< Venna & Kaski 2001: 1 unless neighbours on the
                                   map come from far away in the space, weighed by their rank there;
                                   0.5 by chance */
    double continuity, continuity_se;           /**< the same with space and map exchanged: 1 unless
                                             neighbours in the space are torn apart on the map */
} gn_map_quality;

typedef struct gn_map_quality_opts {
    size_t k;         /**< 0: 15; at most the lists' length and (n - 1) / 2 */
    gn_metric metric; /**< of the space; the map's is Euclidean */
    size_t n_sample;  /**< rows whose ranks are counted, drawn with the context's seed; 0: 1,000 */
} gn_map_quality_opts;

/** Up to so many rows `kept` is measured on all of them, and where it is asked for row by row;
 * above, and where lists are approximate, on the sampled rows, whose neighbours are searched
 * exactly. */
#define GN_QUALITY_ALL_ROWS 50000

/** @param x (n, d) the vectors; @param knn their lists under opts->metric.
 *  @param map (n, dim) positions.
 *  @param kept NULL, or (n) receives each row's share of kept neighbours (of those in its list).
 *  @return GN_OK; GN_EINVAL (shapes, n < 4); GN_EDATA (not finite); GN_ENOMEM; GN_ECANCEL. One
 *          neighbour search on the map, of all rows or of the sampled ones, and O(n_sample n d). */
GN_API gn_status gn_map_quality_compute(gn_ctx *ctx, gn_mat x, const gn_knn *knn, gn_mat map,
                                        const gn_map_quality_opts *opts, float *kept,
                                        gn_map_quality *out, gn_error *err);

/** The share of kept neighbours of a few rows, for looking at a map while it runs. */
typedef struct gn_map_gauge gn_map_gauge;

/** Draws rows and takes their neighbours in the space: from exact lists, or by a search of these
 * rows where the lists are approximate.
 *  @param opts as above; n_sample 0: 200.
 *  @return as gn_map_quality_compute. */
GN_API gn_status gn_map_gauge_new(gn_ctx *ctx, gn_mat x, const gn_knn *knn,
                                  const gn_map_quality_opts *opts, gn_map_gauge **out,
                                  gn_error *err);
/** @param map (n, dim) positions.
 *  @param out receives k, n_kept, kept and kept_se; n_sampled is 0, the rest NaN.
 *  @return GN_OK; GN_EINVAL (shape); GN_EDATA (not finite); GN_ENOMEM; GN_ECANCEL. O(n_sample n).
 */
GN_API gn_status gn_map_gauge_read(gn_ctx *ctx, const gn_map_gauge *gauge, gn_mat map,
                                   gn_map_quality *out, gn_error *err);
GN_API void gn_map_gauge_free(gn_map_gauge *gauge);

#ifdef __cplusplus
}
#endif
#endif
