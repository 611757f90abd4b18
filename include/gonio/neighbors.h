/* gonio/neighbors.h: nearest neighbours, exact ones and, when they are asked for, approximate ones.
 *
 * Exact: candidates are chosen in fast arithmetic; each row's choice is certified by a proven error
 * bound and re-ranked with distances measured from differences in float64; rows without a
 * certificate are redone. The result does not depend on kernel, tile size or threads: same indices,
 * ties by (distance, index), the point itself excluded by index.
 *
 * Approximate: NN-descent (Dong, Charikar & Li, WWW 2011) from random projection trees (Dasgupta &
 * Freund, STOC 2008). Every distance is as exact as above, and every entry another row; what is
 * approximate is which rows are found: a nearer one may be missing. How many are missing is
 * measured on each result (`recall`), never assumed. The same seed gives the same bytes on any
 * number of threads and any instruction set. For maps of large sets; no measure of this library
 * takes them for exact ones.
 */
#ifndef GONIO_NEIGHBORS_H
#define GONIO_NEIGHBORS_H

#include "gonio/base.h"
#include "gonio/reps.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gn_metric {
    GN_EUCLIDEAN = 0, /**< |x - y|, never squared */
    GN_COSINE,        /**< 1 - x.y/(|x||y|), measured from differences of the unit vectors, so that
                           it is accurate near 0 too; below 6e-30 it is 0. A zero vector is GN_EDATA */
} gn_metric;

GN_API const char *gn_metric_name(gn_metric metric);

/** How neighbours are looked for. */
typedef enum gn_knn_how {
    GN_KNN_EXACT = 0,
    GN_KNN_APPROXIMATE, /**< of all rows among themselves alone: no queries, row numbers, groups */
    GN_KNN_AUTO,        /**< what gn_knn_choose says */
} gn_knn_how;

/** "exact", "approximate", "auto". */
GN_API const char *gn_knn_how_name(gn_knn_how how);
/** GN_KNN_EXACT while rows^2 (columns + 64) <= GN_KNN_EXACT_COST, which takes about half a minute
 *  on two cores of 2024 (the 64 stand for what a pair costs beside its product); above,
 *  GN_KNN_APPROXIMATE. */
GN_API gn_knn_how gn_knn_choose(size_t rows, size_t columns);
#define GN_KNN_EXACT_COST 1e13

/** What is searched. The rows of a matrix x ask for their neighbours among the rows of x, unless
 *  `queries` or `row` say who asks instead, and `group` who may not answer. */
typedef struct gn_knn_opts {
    size_t k; /**< 1 <= k <= min(1024, rows that may answer: x.rows, less itself) */
    gn_metric metric;
    const char *task;      /**< name shown by the progress hook; NULL: "neighbors" */
    const gn_mat *queries; /**< NULL, or the matrix whose rows ask: as wide as x. They are taken for
                                other rows than those of x, even where the values are the same */
    const int32_t *row;    /**< NULL (all), or the numbers of the n_rows rows that ask, in any order
                                and also repeatedly: rows of `queries`, or of x */
    size_t n_rows;
    const int32_t *group; /**< NULL, or (x.rows): a row of the asking row's group does not answer. A
                               negative code is no group */
    const int32_t *query_group; /**< with groups and queries: (queries->rows) in the same codes */
    const char *checkpoint;     /**< NULL, or a file that keeps a long search: written about every
                                     checkpoint_s seconds and when a search is cancelled that has run
                                     for a sixth of that. The same search goes on from it, to the same
                                     bytes, on any number of threads. To be removed by the caller when
                                     the result is safe. A file of another search, a damaged one, or
                                     one that cannot be written costs a warning in the log */
    bool keep_nothing;   /**< gn_neighbors_of_layer reads lists that are kept and writes none */
    double checkpoint_s; /**< 0: 60. More where writing takes over a fiftieth of the time */
    gn_knn_how how;
    size_t recall_rows; /**< of an approximate search: rows, drawn with the context's seed, whose
                             exact neighbours say how many were found; 0: 1,000 */
} gn_knn_opts;

/** Of the nearest j neighbours, the mean share that was found: 1 is all. Where several rows are as
 *  far as the j-th, any of them counts as found. */
typedef struct gn_recall {
    double value, se; /**< the error over rows; 0 when all rows were looked at */
} gn_recall;

/** Neighbour lists of n rows. */
typedef struct gn_knn {
    size_t n, k;     /**< n: rows that ask */
    int32_t *index;  /**< (n, k) rows of x, ascending distance, self excluded; -1 behind the last
                          one where groups leave fewer than k */
    float *distance; /**< (n, k) rounded from float64; NaN where there is no neighbour */
    /* how the work went, for reports and benches */
    double n_candidates_per_row; /**< measured in float64 */
    size_t n_redone;             /**< rows that the bound could not certify */
    gn_recall *recall;           /**< NULL: the lists are exact. Else (k): recall[j - 1] of the
                                      nearest j */
    size_t n_recall;             /**< rows that it was measured on */
} gn_knn;

/** The k nearest neighbours, among the rows of `x` (n, d), of the rows that ask.
 *  @return GN_OK; GN_EINVAL (k or a row number out of range, n < 2, n > INT32_MAX, not a floating
 *          type, no column or 2^18 and more, queries of another width, groups of one side only);
 *          GN_EDATA (NaN or infinite value with its row and column; zero vector under cosine;
 *          neighbours so far apart that float32 cannot hold it); GN_ENOMEM; GN_ECANCEL.
 *  O(n^2 d) time, or O(q n d) when q rows ask. Memory: the result (8 n k bytes), two packed float32
 *  copies of x, and candidate lists of 8 n max(k + 96, 1.5 k) bytes, but no more than one packed
 *  copy or 256 MiB, whichever is larger: beyond that, and where other rows ask, lists are small and
 *  each pair is computed from either side.
 *  An approximate search takes time about as n k d log n, all of it for rows that lie anywhere in
 *  memory, and then as recall_rows n d; it keeps one float32 copy of x, and lists of
 *  8 n (max(k, 20) + 60) bytes. It is not kept by a checkpoint. GN_EINVAL: with queries, row
 *  numbers or groups. */
GN_API gn_status gn_knn_compute(gn_ctx *ctx, gn_mat x, const gn_knn_opts *opts, gn_knn **out,
                                gn_error *err);
GN_API void gn_knn_free(gn_knn *knn);

/** Writes PREFIX.index.npy and PREFIX.distance.npy; of approximate lists
 *  PREFIX.approximate.index.npy, PREFIX.approximate.distance.npy and PREFIX.approximate.json, which
 *  says what they are and their recall. */
GN_API gn_status gn_knn_write(const gn_knn *knn, const char *prefix, gn_error *err);
/** Reads exact lists back. GN_EIO when absent; GN_EDATA when malformed or not (n, k); GN_EINVAL for
 *  a prefix that ends in ".approximate". */
GN_API gn_status gn_knn_read(const char *prefix, size_t n, gn_knn **out, gn_error *err);
/** Reads approximate lists back, PREFIX as they were written. They must come with their recall. */
GN_API gn_status gn_knn_read_approximate(const char *prefix, size_t n, gn_knn **out, gn_error *err);

/** Neighbours of rows some of which may hold the same values (see gn_duplicates). */
typedef struct gn_neighbors {
    gn_knn *all;      /**< (n, k): what gn_knn_compute gives; duplicates are neighbours at 0 */
    gn_knn *distinct; /**< (n', min(k, n' - 1)) among the n' = n - n_duplicates distinct rows, which
                           are numbered by themselves, ascending. The same pointer as `all` when no
                           row repeats; NULL when all rows are equal, and where rows repeat and
                         `all` is approximate */
    int32_t *row;     /**< (n') the row that each distinct row is, the first of its group; NULL when
                           no row repeats */
    size_t n_duplicates;
} gn_neighbors;

/** Both lists from one search, which runs over the distinct rows and copies none of them.
 *  @return GN_OK; GN_EINVAL (queries, row numbers or groups in opts); whatever gn_knn_compute
 *          returns (for the distinct rows, by their numbers in x).
 *  O(n'^2 d + n d) time; memory as for gn_knn_compute. */
GN_API gn_status gn_knn_compute_distinct(gn_ctx *ctx, gn_mat x, const gn_knn_opts *opts,
                                         gn_neighbors **out, gn_error *err);
GN_API void gn_neighbors_free(gn_neighbors *neighbors);

/** The opts->k nearest neighbours of stored layer `layer`, as gn_knn_compute_distinct gives them:
 *  read from the set's folder when it holds lists of at least that length that are not older than
 *  the layer's file, else computed and written there. The files are
 *  SET/knn/layer.NN.METRIC.kK.{index,distance}.npy and, when rows repeat,
 *  SET/knn/layer.NN.METRIC.distinct.kK.{index,distance}.npy; a long search is kept in
 *  SET/knn/layer.NN.METRIC.kK.partial until it is done (opts->checkpoint counts for plain matrices
 *  alone). A folder that cannot be written, or a damaged list, costs a warning in the log and
 *  nothing else. Plain matrices are computed and not kept.
 *
 *  Exact lists are made of exact lists alone. Where approximate ones will do (opts->how), exact
 *  lists that are kept come first, then approximate ones that are kept,
 *  SET/knn/layer.NN.METRIC.kK.approximate.{index,distance}.npy with their recall in .json, then a
 *  search of that kind, which is kept, too.
 *  @param reused NULL, or receives whether the search was saved.
 *  @return GN_OK; whatever gn_knn_compute_distinct returns. */
GN_API gn_status gn_neighbors_of_layer(gn_ctx *ctx, const gn_reps *reps, size_t layer,
                                       const gn_knn_opts *opts, gn_neighbors **out, bool *reused,
                                       gn_error *err);

/** Whether such a call would find its lists in the set's folder. Looks at names and times alone. */
GN_API bool gn_neighbors_stored(const gn_reps *reps, size_t layer, const gn_knn_opts *opts);

/** Groups of rows that hold the same values: the same bytes, except that -0 equals 0.
 *  @param first (n) receives for each row the smallest row equal to it (itself when unique).
 *  @param n_duplicates receives the number of rows with first[i] != i. O(n d). */
GN_API gn_status gn_duplicates(gn_ctx *ctx, gn_mat x, int32_t *first, size_t *n_duplicates,
                               gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
