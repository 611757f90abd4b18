/* gonio/features.h: feature tables, what is known about each row of a set (grammatical number, verb
 * tense, word frequency ...), and how far apart two rows are on each feature.
 *
 *     kind          when                                       distance of two rows by default
 *     categorical   some value is no number                    1 where they differ, else 0
 *     ordinal       numbers, at most GN_ORDINAL_LEVELS of them 1 where they differ, else 0
 *     numeric       more different numbers than that           |difference| of the scaled values
 *
 * Scaled means (x - min) / (max - min) over the rows, so that every distance lies in [0, 1] and
 * weights can be compared. Where either value is missing the distance is 0. Everything
 * "categorical" is the rule of the first MLEM pipeline (arXiv 2402.11608).
 */
#ifndef GONIO_FEATURES_H
#define GONIO_FEATURES_H

#include "gonio/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GN_ORDINAL_LEVELS 12

typedef enum gn_feature_kind { GN_CATEGORICAL = 0, GN_ORDINAL, GN_NUMERIC } gn_feature_kind;
/** "categorical", "ordinal", "numeric". */
GN_API const char *gn_feature_kind_name(gn_feature_kind kind);

typedef enum gn_feature_distance {
    GN_BY_KIND = 0, /**< the table above */
    GN_DIFFER,      /**< 1 where both are known and differ, else 0 */
    GN_ABSDIFF,     /**< |difference| of the scaled values */
    GN_SQUARED,     /**< its square */
    GN_RANKED,      /**< |difference| of ranks, equal values at their average, scaled to [0, 1] */
} gn_feature_distance;
/** "by kind", "categorical", "absdiff", "squared", "rank". */
GN_API const char *gn_feature_distance_name(gn_feature_distance distance);
/** The inverse, for all but the first. @return GN_OK; GN_EINVAL with the list of names. */
GN_API gn_status gn_feature_distance_parse(const char *name, gn_feature_distance *out,
                                           gn_error *err);

/** One column. */
typedef struct gn_feature {
    const char *name;
    gn_feature_kind kind;
    gn_feature_distance distance; /**< never GN_BY_KIND */
    size_t n_levels;              /**< different values */
    size_t n_missing;
    const int32_t *code;       /**< (n) level of each row, -1 where it is missing */
    const char *const *level;  /**< (n_levels) ascending for numbers, else by first appearance */
    const double *level_value; /**< (n_levels) scaled to [0, 1], ascending (GN_RANKED: their
                                   ranks); NULL: categorical */
    double min, max;           /**< of the unscaled numbers; NaN: categorical */
} gn_feature;

typedef struct gn_features {
    size_t n, n_features;
    const gn_feature *feature; /**< (n_features) in the order of the file */
} gn_features;

typedef struct gn_features_opts {
    /** (n_distances) "COLUMN=categorical|absdiff|squared|rank", or the word alone for every column
     * that no other entry names (numbers only, where it is not "categorical"). */
    const char *const *distance;
    size_t n_distances;
    const char *const *skip; /**< (n_skip) columns to leave out, beside those that always are */
    size_t n_skip;
} gn_features_opts;

/** Reads a CSV or TSV file (also .gz) with a header line; each column is a feature. Columns called
 *  "sentence" or "text" and columns without a name (a data frame's index) are left out. Blanks,
 *  "NA", "NaN" and "nan" are missing values.
 *  @param opts NULL for the defaults.
 *  @return GN_OK; GN_EIO; GN_EDATA (no row, ragged lines, an infinite number, two columns of one
 *          name: names file and line or column); GN_EINVAL (an option that names no column, or a
 *          difference of words); GN_ENOMEM. */
GN_API gn_status gn_features_open(const char *path, const gn_features_opts *opts, gn_features **out,
                                  gn_error *err);

/** A column in memory: codes or values. */
typedef struct gn_feature_column {
    const char *name;
    const int32_t *code; /**< (n) 0 ... for the levels of a category, -1: missing; or NULL, and: */
    const double *value; /**< (n) numbers, NaN: missing */
    gn_feature_distance distance;
} gn_feature_column;
/** Copies everything. @return GN_OK; GN_EINVAL (n = 0 or too many rows, neither or both of code and
 *  value, a code below -1 or not below n, infinite values, a difference of codes); GN_ENOMEM. */
GN_API gn_status gn_features_new(size_t n, const gn_feature_column *column, size_t n_columns,
                                 gn_features **out, gn_error *err);
GN_API void gn_features_free(gn_features *f);

/** The distance of rows i and j on a feature. */
GN_API double gn_feature_pair(const gn_feature *f, size_t i, size_t j);

/** Rows with the same values (missing counts as a value) have one profile.
 *  @param profile NULL, or (n): profiles numbered by first appearance.
 *  @param n_profiles how many there are. O(n f log n). */
GN_API gn_status gn_features_profiles(const gn_features *f, int32_t *profile, size_t *n_profiles,
                                      gn_error *err);

/** All pairs i < j, gathered by the set of features on which they differ. */
typedef struct gn_patterns {
    size_t n;        /**< different patterns that occur */
    uint64_t *bits;  /**< (n) ascending; bit k: feature k is known on both sides and differs */
    uint64_t *count; /**< (n) pairs */
} gn_patterns;
/** @return GN_OK; GN_EINVAL (more than 64 features, fewer than 2 rows); GN_ENOMEM; GN_ECANCEL.
 *          O(p^2 f / 64) for p profiles, threaded. */
GN_API gn_status gn_features_patterns(gn_ctx *ctx, const gn_features *f, gn_patterns *out,
                                      gn_error *err);
GN_API void gn_patterns_free(gn_patterns *p);

#ifdef __cplusplus
}
#endif
#endif
