/* gonio/mlem_report.h: what stands beside MLEM's rows in a study of features: baselines, other
 * metrics, the first pipeline, figures and a page. All add tidy rows (docs/measures.md). */
#ifndef GONIO_MLEM_REPORT_H
#define GONIO_MLEM_REPORT_H

#include "gonio/decoding.h"
#include "gonio/mlem_v1.h"
#include "gonio/reps.h"
#include "gonio/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gn_beside_opts {
    const char *set;       /**< name of the set in the rows; NULL: gn_reps_name */
    gn_pair_metric metric; /**< of the pass over pairs */
    gn_pair_target target; /**< what its regression predicts */
    size_t error_rows;     /**< standard errors of that pass for at most this many rows (they take
                                ten passes more); 0: 2,048 */
    bool baselines;        /**< alignment, encoding, reliability, shuffled rows */
    bool decode;
    gn_decoder decoder;
} gn_beside_opts;

/** One pass over the pairs of every layer: similarity of each feature (`rsa`), the regression of
 * the target under the metric (`pairs_r2`, `pairs_weight`, `pairs_pfi`), its rank correlation and
 * what each feature adds to it (`spearman`, `spearman_drop`). With baselines also `cka`,
 * `encoding_r2`, `noise_ceiling`, `null_r2`; with decode `decoding_auc`. A layer that cannot be
 * measured gets a row that says why.
 *  @return GN_OK; GN_EINVAL (rows of set and table differ); GN_EDATA (NaN or infinity); GN_ENOSUPP
 *          (too many patterns); GN_ENOMEM; GN_ECANCEL. */
GN_API gn_status gn_measure_mlem_beside(gn_ctx *ctx, const gn_reps *reps,
                                        const gn_features *features, const gn_beside_opts *opts,
                                        gn_result *result, gn_error *err);

typedef struct gn_measure_v1_opts {
    const char *set;
    gn_v1_opts v1;
    bool decode;  /**< the logistic baseline, missing values a class of their own */
    bool units;   /**< units one by one: their scores and, in the rows, the importances of the best
                       of each feature */
    bool zscore;  /**< units divided by their deviation first */
    double alpha; /**< importances with a p above it are without value; 0 means 0.01 */
} gn_measure_v1_opts;

/** The first pipeline on every layer (gonio/mlem_v1.h): rows `v1_mae`, `v1_mse`, `v1_r2`, `v1_r`;
 *  `v1_importance` of each feature with its std and p; `decoding_auc`; with units `v1_unit_r2`.
 *  @return as gn_measure_mlem_beside. */
GN_API gn_status gn_measure_mlem_v1(gn_ctx *ctx, const gn_reps *reps, const gn_features *features,
                                    const gn_measure_v1_opts *opts, gn_result *result,
                                    gn_error *err);

typedef struct gn_v1_store_opts {
    gn_measure_v1_opts measure; /**< units and decode: also their files */
    const char *work_dir;       /**< of the files; made when it is not there */
    const char *dataset;        /**< name of the feature table in paths and columns */
    const char *model;          /**< NULL: the name that the set records, else the set's own */
    bool mds;                   /**< also metric scaling of each layer's distances */
    /** NULL, or what to rank units by ("R2", "R", "MSE", "MAE", any case, or a feature by its
     *  importance): also the k best of them together, for the published grid of k. */
    const char *top_units;
    double skip_existing; /**< a file is kept where this is above 1 (distances), 1.5 (scaling), 2
                               (tables), and made anew where it is not: INFINITY keeps all */
} gn_v1_store_opts;

/** Files that were made, not kept. */
typedef struct gn_v1_work {
    size_t features, distances, mds, importance, units, top_k, decoding;
} gn_v1_work;

/** The first pipeline into the first pipeline's folders (docs/formats.md): distances, scaling and
 *  tables of every layer but the embeddings, pulled in that order and made only where they are
 *  needed. Beside each file, FILE.inputs holds the SHA-256 of all that it depends on; another one
 *  makes the file anew whatever skip_existing says. Adds a row `v1_file` for each, 1 where it was
 *  made.
 *  @param work NULL, or is raised
 *  @return as gn_measure_mlem_beside; GN_EINVAL also for a file without its FILE.inputs, which
 *          another program wrote; GN_EIO; GN_ENOSUPP (4 GiB in a file). 16 bytes a pair. */
GN_API gn_status gn_mlem_v1_store(gn_ctx *ctx, const gn_reps *reps, const gn_features *features,
                                  const gn_v1_store_opts *opts, gn_result *result, gn_v1_work *work,
                                  gn_error *err);

/** The second implementation on every layer (gonio/mlem_v2.h): rows `v2_pearson` and `v2_weight` of
 *  each feature, variant `closed` and, with search, `search`. @return as gn_measure_mlem_beside. */
GN_API gn_status gn_measure_mlem_v2(gn_ctx *ctx, const gn_reps *reps, const gn_features *features,
                                    const char *set, bool search, gn_result *result, gn_error *err);

/** Kinds of units by what they encode: k-means of their importances for k = 2 ... k_max, the k of
 * the highest mean silhouette, the smaller of equals.
 *  @param profile (d, f) importance of each feature for each unit; units whose row is all zero
 * encode nothing and are left out
 *  @param k_max 0 means 6
 *  @param cluster (d) 1 ... k by falling size, 0 for units left out
 *  @param k how many; 0 and silhouette NaN where fewer than 3 different units are left
 *  @return GN_OK; GN_EINVAL (k_max 1, an empty matrix); GN_EDATA (NaN or infinity); GN_ENOMEM;
 *          GN_ECANCEL. */
GN_API gn_status gn_mlem_cluster_units(gn_ctx *ctx, const double *profile, size_t d, size_t f,
                                       size_t k_max, int32_t *cluster, size_t *k,
                                       double *silhouette, gn_error *err);
/** The same for every layer of a result that holds units one by one (`pfi`, variant `unit`): a
 * unit's profile are its shares of importance over its R2, 0 where p_corrected is above alpha (0:
 * 0.01). Adds rows `unit_clusters`, `unit_cluster` of each unit, `unit_cluster_share` of each
 * cluster and feature. */
GN_API gn_status gn_mlem_add_clusters(gn_ctx *ctx, gn_result *result, double alpha, gn_error *err);

/** A result that holds MLEM's rows as a folder: the rows in `dir`/mlem.json and mlem.csv, figures in
 *  `dir`/figures (.png, .svg, their numbers as .csv), and one HTML page that shows them with their
 *  readings, `dir`/mlem.html.
 *  @param reps, features NULL, or the set and its table: add the correlation of feature distances
 * and a picture of the layer that is predicted best
 *  @return GN_OK; GN_EINVAL (a result without rows); GN_EIO; GN_ENOMEM; GN_ECANCEL. */
GN_API gn_status gn_mlem_write_report(gn_ctx *ctx, gn_result *result, const gn_reps *reps,
                                      const gn_features *features, const char *dir, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
