/* gonio/measure.h: analyses of whole sets that end in tidy rows; the commands of the same names are
 * thin shells around them. Above max_rows they run on one seeded sample of rows, the same for all
 * layers and sets. */
#ifndef GONIO_MEASURE_H
#define GONIO_MEASURE_H

#include "gonio/base.h"
#include "gonio/density.h"
#include "gonio/extract.h"
#include "gonio/cluster.h"
#include "gonio/io.h"
#include "gonio/isotropy.h"
#include "gonio/mlem.h"
#include "gonio/neighbors.h"
#include "gonio/reps.h"
#include "gonio/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gn_decimation {
    GN_DECIMATION_AUTO = 0, /**< up to 20,000 rows, where it costs little */
    GN_DECIMATION_ON,       /**< about as long again as the neighbour search */
    GN_DECIMATION_OFF,
} gn_decimation;

typedef struct gn_measure_id_opts {
    const char *set;       /**< name of the set in the rows; NULL: gn_reps_name */
    size_t k;              /**< neighbours searched, which k* may grow to; 0 means 100; at least
                                range_max; clipped to the rows there are */
    size_t range_max;      /**< largest n2 of Gride, 2 ... 1024; 0 means 64 */
    double fraction;       /**< TwoNN's line fit also on this share of the ratios; 0: only on 0.9
                                and 0.98 */
    size_t binomial_k;     /**< 0 means 20 */
    double binomial_ratio; /**< 0: the best one for the dimension found */
    gn_decimation decimation;
    size_t max_rows; /**< 0 means 100,000 */
    bool dadapy;     /**< as DADApy counts: identical rows are left in; errors of TwoNN are 0 */
} gn_measure_id_opts;

/** Intrinsic dimension of every layer over distinct rows: TwoNN in four variants and over
 *  decimated samples, Gride at every scale, k*-Gride, the binomial dimension. What cannot be
 *  measured is a row without value, with the reason.
 *  @return GN_OK; GN_EINVAL (fewer than 3 rows, an option out of range); GN_EDATA (NaN or infinite
 *          value, named); GN_ENOMEM; GN_ECANCEL. One neighbour search a layer, and as much again
 *          for decimation. */
GN_API gn_status gn_measure_id(gn_ctx *ctx, const gn_reps *reps, const gn_measure_id_opts *opts,
                               gn_result *result, gn_error *err);

/** What takes all layers of all sets in `result` together, to be called once after the last
 *  gn_measure_id: the Gride value of every layer at ONE scale, the flattest on average ("gride",
 *  variant "common"), and for each set the layers that its TwoNN and its Gride profile suggest
 *  ("layer_choice", variants "peak" and "suggested"; a row without value says that there is none).
 *  @param opts as given to gn_measure_id: the TwoNN profile is that of its fraction.
 *  @return GN_OK; GN_ENOMEM. */
GN_API gn_status gn_measure_id_profiles(gn_result *result, const gn_measure_id_opts *opts,
                                        gn_error *err);

/** Labels of the rows, and what results call them. */
typedef struct gn_measure_label {
    const gn_labels *labels;
    const char *name;
} gn_measure_label;

typedef struct gn_measure_pairs_opts {
    const char *set_a, *set_b; /**< names of the sets in the rows; NULL: gn_reps_name */
    const size_t *k; /**< (n_k) neighbours to compare, in each of these numbers; clipped */
    size_t n_k;      /**< 0: one, 30 for overlap and 1 for imbalance */
    size_t max_rows; /**< 0 means 100,000 */
    bool dadapy;     /**< overlap: rows without a label are a class. Imbalance: above 2,000 rows the
                        mean     over disjoint random groups of 2,000 and more, its error over groups */
    /* overlap only */
    const gn_measure_label *label; /**< (n_labels) */
    size_t n_labels;
    double class_fraction;  /**< > 0: label overlap with this share of each class instead of k */
    gn_measure_label group; /**< .labels not NULL: rows of the same group are no neighbours for the
                                 label overlap; a row without a group is alone in its own */
    bool labels_only;       /**< no pairs of layers */
} gn_measure_pairs_opts;

/** Data overlap of every layer of `a` with every layer of `b`, or, with b NULL, of all pairs of
 *  a's layers; label overlap of every layer where labels are given. Row i is the same item in both.
 *  @return GN_OK; GN_EINVAL (different rows, fewer than 3, labels of another length, k above 1024,
 * a class fraction outside 0 ... 1 or with more neighbours than lists hold); GN_EDATA (NaN or
 * infinite value, named); GN_ENOMEM; GN_ECANCEL. One neighbour search a layer; 4 n k bytes for
 * each. */
GN_API gn_status gn_measure_overlap(gn_ctx *ctx, const gn_reps *a, const gn_reps *b,
                                    const gn_measure_pairs_opts *opts, gn_result *result,
                                    gn_error *err);

/** Information imbalance between the same layers, in both directions: a row's set and layer are
 *  where nearness is taken from, other_set and other_layer what it is to predict.
 *  @return as gn_measure_overlap. A neighbour search and a pass of ranks for each layer. */
GN_API gn_status gn_measure_imbalance(gn_ctx *ctx, const gn_reps *a, const gn_reps *b,
                                      const gn_measure_pairs_opts *opts, gn_result *result,
                                      gn_error *err);

typedef struct gn_measure_density_opts {
    const char *set;               /**< name of the set in the rows; NULL: gn_reps_name */
    size_t k;                      /**< neighbours that k* may grow to; 0 means 100; clipped */
    size_t max_rows;               /**< 0 means 100,000 */
    const gn_measure_label *label; /**< (n_labels) labels to compare the clusters with */
    size_t n_labels;
    double alpha;             /**< of the k* test; 0 means 1e-6 */
    double dim;               /**< dimension of the volumes; 0 means TwoNN's */
    double z;                 /**< peaks stand out by z errors; 0 means 1.65 */
    gn_density_method method; /**< what clusters are made of: PAK (default) or KSTAR */
    bool dadapy;              /**< PAk's maximum is looked for with DADApy's steps and stop */
    const char *points; /**< NULL, or where to write what is known of each row: FILE.csv for all
                             layers together, else a folder, which receives layer.NN.NAME.npy (n):
                             log_density and log_density_se float64 (NaN where there is none), kstar
                             and cluster int32 (-1), halo bool. Rows that repeat have one value */
} gn_measure_density_opts;

/** Density and its clusters in every layer, over distinct rows: TwoNN, k*-Gride, binomial
 *  dimension, k*, log densities (kNN, k*NN, PAk), density peaks with halo, their agreement with the
 *  labels. What cannot be measured is a row without value, with the reason.
 *  @return as gn_measure_overlap. One neighbour search a layer. */
GN_API gn_status gn_measure_density(gn_ctx *ctx, const gn_reps *reps,
                                    const gn_measure_density_opts *opts, gn_result *result,
                                    gn_error *err);

typedef struct gn_measure_lid_opts {
    const char *set; /**< name of the set in the rows; NULL: gn_reps_name */
    const size_t *k; /**< (n_k) neighbourhood sizes, 3 ... 1024; NULL: 100; clipped to the rows */
    size_t n_k;
    gn_metric metric;
    bool cai2021;    /**< as the scripts of Cai et al., ICLR 2021: GN_LID_CAI2021, rows that repeat
                          stay in */
    size_t max_rows; /**< 0 means 100,000 */
    size_t queries;  /**< 0: every row asks. Else a seeded sample of so many rows asks, and all rows
                          answer; rows that repeat stay in, their zero distances are skipped and
                          counted; no hubness, which needs every list */
    /** NULL, or is handed the values of the n points of stored layer `layer` at each k (unbiased,
     * or the scripts'; NaN where undefined); row[i] is the row of the set that point i is. Both are
     *  borrowed for the call. What it returns other than GN_OK ends the run. */
    gn_status (*points)(void *user, const gn_reps *reps, size_t layer, size_t k, size_t n,
                        const int32_t *row, const double *value, gn_error *err);
    void *user;
} gn_measure_lid_opts;

/** Local dimension of every layer over its distinct rows, in all variants and both aggregations, at
 *  every k; with it what the same neighbours and a sample of pairs tell: local kNN dimension,
 * hubness, correlation dimension, uniformity, alignment within types.
 *  @return as gn_measure_overlap. One neighbour search a layer. */
GN_API gn_status gn_measure_lid(gn_ctx *ctx, const gn_reps *reps, const gn_measure_lid_opts *opts,
                                gn_result *result, gn_error *err);

typedef struct gn_measure_mlem_opts {
    gn_mlem_opts fit;
    gn_correction correction; /**< over all layers and features of the call */
    const char *set;          /**< name of the set in the rows; NULL: gn_reps_name */
    bool interactions;        /**< also a whole metric over categories: rows "mlem_metric" */
    bool units;               /**< also every unit alone: rows of variant "unit" */
    const char
        *top_units; /**< NULL, or what to rank units by ("r2", "r", "mse" or a feature, by
                       its    pfi): rows of variant "top_k", layers of the k best units alone */
    /** NULL, or a folder that keeps each layer's fit under the SHA-256 of what it depends on: the
     *  layer's bytes, levels and distances of all features, the options, seed, instruction set,
     *  version. A changed cell of the table makes all fits anew, a changed layer its own. */
    const char *cache;
    size_t *n_measured; /**< NULL, or is raised by one for each fit that was not in the cache */
} gn_measure_mlem_opts;

/** What the distances of every layer encode (gonio/mlem.h): weights, permutation and conditional
 *  importance of each feature, and how well they predict. The kinds and distances of the features
 *  become conditions.
 *  @return GN_OK; GN_EINVAL (rows of set and table differ, options); GN_EDATA (NaN or infinity);
 *          GN_ENOMEM; GN_ECANCEL. */
GN_API gn_status gn_measure_mlem(gn_ctx *ctx, const gn_reps *reps, const gn_features *features,
                                 const gn_measure_mlem_opts *opts, gn_result *result,
                                 gn_error *err);
/** Its table: a row a layer, each feature's share of the variance. UTF-8; free() it. */
GN_API gn_status gn_mlem_table(gn_result *result, char **out, gn_error *err);

/** Hidden states of a stimulus table: its column "text", else "sentence", one row a record, into
 *  `dir`/reps. What is there is kept as long as model, sentences and pooling are the same, whatever
 *  happens to the feature columns; otherwise it is replaced.
 *  @param pool GN_POOL_NONE: the first token for encoders (BERT's [CLS]), the last for decoders.
 *  @param again replace it even so
 *  @return what gn_corpus_open and gn_extract return. */
GN_API gn_status gn_mlem_extract(gn_ctx *ctx, const char *model_dir, const char *stimuli,
                                 gn_pool pool, const char *dir, bool again,
                                 gn_extract_result *result, gn_error *err);

/** What gonio isotropy measures of each layer besides the summary, baseline and spectrum. */
typedef struct gn_measure_isotropy_opts {
    const char *set;        /**< name of the set in the rows; NULL: gn_reps_name */
    const gn_labels *types; /**< NULL: words or tokens, where the set has them */
    bool by_frequency;   /**< bins of the number of rows that a row's type has: 1, 2-9, 10-99 ... */
    bool by_position;    /**< bins of the position: 0, 1, 2-3, 4-7 ... */
    bool first_kept;     /**< do not measure a second time without the rows at position 0 */
    unsigned repairs;    /**< 1u << GN_REPAIR_TOP | ... : everything once more after each */
    size_t n_directions; /**< that TOP and CLUSTER remove; 0: d / 100 */
    const gn_labels *clusters; /**< NULL, or classes to take the cosines inside of */
    const char *cluster_name;  /**< required with clusters */
    const double *eps;         /**< NULL: 0.8 and 0.9, of the effective dimension */
    size_t n_eps;
    bool strict_eps; /**< its share must exceed eps, not reach it */
    double zeta;     /**< above 0: IsoScore* of each bin, shrunk by zeta towards the layer's
                          covariance, or towards the same layer's of `reference` */
    const gn_reps *reference;
    size_t n_draws;     /**< of one row a type; 0 means 20 */
    size_t n_bootstrap; /**< above 0: resamples of the sequences for the error bars of baseline and
                             sentence similarity, instead of the jackknife */
    size_t n_rogue;     /**< coordinates to list; 0 means 3 */
    bool mev;           /**< maximum explainable variance */
    bool spectrum;      /**< one row for each eigenvalue */
    bool null_types;    /**< the cosines with types dealt out at random */
    bool null_gaussian; /**< the summary of Gaussian rows of the same mean and covariance */
    const gn_cai2021_opts *cai2021; /**< NULL, or only what the scripts of Cai et al. print */
} gn_measure_isotropy_opts;

/** The isotropy of every layer.
 *  @return GN_OK; GN_EINVAL (labels of another length, no types or positions where they are asked
 *          for, another width of the reference); GN_EDATA (NaN or infinite value, named);
 *          GN_ENOMEM; GN_ECANCEL. Streams each layer 13 times, 8 times more without position 0,
 *          and 5 times after each repair. */
GN_API gn_status gn_measure_isotropy(gn_ctx *ctx, const gn_reps *reps,
                                     const gn_measure_isotropy_opts *opts, gn_result *result,
                                     gn_error *err);

/** Writes `reps` with every layer repaired (gn_repair_new) as a representation set of its own, in
 *  float32: rows, labels, vocabulary and text are those of `reps`; rows of a plain matrix are a
 *  sequence each. An interrupted call is continued by the same call.
 *  @param opts its arrays run over the rows; mean and covariance are to be NULL.
 *  @return what gn_repair_new returns; GN_EINVAL (the folder holds something else and not
 *          `overwrite`, or is no set); GN_EIO; GN_ENOMEM; GN_ECANCEL. Streams each layer up to
 * three times; 4096 rows of all layers in memory. */
GN_API gn_status gn_reps_repair(gn_ctx *ctx, const gn_reps *reps, gn_repair_kind kind,
                                const gn_repair_opts *opts, const char *dir, bool overwrite,
                                gn_error *err);

typedef struct gn_measure_cluster_opts {
    const char *set;               /**< name of the set in the rows; NULL: gn_reps_name */
    gn_clusters_opts choice;       /**< how k is chosen */
    size_t k;                      /**< 0: chosen; else this many clusters, at least 2 */
    size_t max_rows;               /**< 0 means 50,000 */
    const gn_measure_label *label; /**< (n_labels) further columns that may explain clusters */
    size_t n_labels;
    bool cai2021; /**< the scripts of Cai et al., ICLR 2021: k without a null, from a fresh sample
                       for each k; cosines of one row a type, means over clusters not weighted */
    bool shares_everywhere; /**< a value that stands out in one cluster is listed for all */
    /** NULL, or is handed the clusters of stored layer `layer`: label[i] of row i of the set, for
     *  rows that max_rows left out the nearest centre. Borrowed for the call. What it returns other
     *  than GN_OK ends the run. */
    gn_status (*found)(void *user, const gn_reps *reps, size_t layer, const int32_t *label,
                       gn_error *err);
    void *user;
} gn_measure_cluster_opts;

/** Clusters of every layer: silhouette and inertia for each k with the null beside it, k*; then,
 *  where there are two or more, their sizes, cosines inside them, and what they are made of: types,
 *  positions, frequency, special tokens, labels, and which of these tells the clusters apart best,
 * as a number and in one sentence (parameter `sentence` of its row).
 *  @return as gn_measure_overlap. */
GN_API gn_status gn_measure_cluster(gn_ctx *ctx, const gn_reps *reps,
                                    const gn_measure_cluster_opts *opts, gn_result *result,
                                    gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
