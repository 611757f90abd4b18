/* gonio/survey.h: the main job. Extract every layer, measure it, write tables, figures, report. */
#ifndef GONIO_SURVEY_H
#define GONIO_SURVEY_H

#include "gonio/base.h"
#include "gonio/extract.h"
#include "gonio/reps.h"
#include "gonio/result.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gn_survey_opts {
    size_t k;              /**< stored neighbours; 0 means 64; clipped to the rows there are */
    size_t overlap_k;      /**< neighbours of both overlaps; 0 means 30; clipped to k */
    const char *set;       /**< name of the set in the rows; NULL: gn_reps_name */
    size_t max_rows;       /**< above this, neighbour measures run on a seeded sample; 0: 100,000 */
    size_t imbalance_rows; /**< the same for information imbalance, which takes a pass over all
                              pairs of rows for each layer; 0: 10,000 */
    size_t cluster_rows;   /**< the same for k-means and its Gaussian null; 0: 2,000 */
} gn_survey_opts;

/** Writes where a set comes from into the conditions: weights, vocabulary and text with their
 *  SHA-256, the options of the extraction, what was cut. Nothing for a plain matrix. */
GN_API gn_status gn_survey_origin(const gn_reps *reps, gn_result *result, gn_error *err);

/** Measures every layer of a set: neighbours, TwoNN, Gride, cosines, norms, spectrum summary, k*,
 *  densities and their clusters, local dimension, k-means clusters against a null, overlap with
 * every other layer and with each label column, and information imbalance between all pairs of
 * layers. Rows are appended to `result`, which may hold the rows of other sets already; conditions
 * that describe the set are written when it is the first. Exact duplicates are collapsed for
 * intrinsic dimension (a zero distance breaks every ratio estimator), kept for overlaps, and
 * counted.
 *  @return GN_OK; GN_EINVAL (fewer than 3 rows); GN_EDATA (NaN or infinite value, named);
 *          GN_ENOMEM; GN_ECANCEL. Cost: one neighbour pass a layer, and one
 *          pass over imbalance_rows^2; 4 n overlap_k bytes a layer. */
GN_API gn_status gn_survey_measure(gn_ctx *ctx, const gn_reps *reps, const gn_survey_opts *opts,
                                   gn_result *result, gn_error *err);

/** Writes survey.json, survey.csv, figures/ and report.html into `dir` from measured results. */
GN_API gn_status gn_survey_write(gn_ctx *ctx, gn_result *result, const char *dir, gn_error *err);

/** The table that the command prints, one row a layer, as text (UTF-8); free() it. */
GN_API gn_status gn_survey_table(gn_result *result, char **out, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
