/* Building a feature table column by column. */
#ifndef GN_ENCODING_FEATURES_H
#define GN_ENCODING_FEATURES_H

#include "base/mem.h"
#include "gonio/features.h"

typedef struct gn_feature_table {
    gn_features features; /**< first: the public pointer is this one's */
    gn_feature *feature;
    gn_arena arena;
} gn_feature_table;

typedef struct gn_column {
    const char *name;
    const int32_t *code; /**< (n) */
    size_t n_levels;
    const char *const *level; /**< (n_levels) */
    const double *number;     /**< (n_levels) ascending and finite; NULL: words */
    gn_feature_distance distance;
} gn_column;

/** @param n_columns at most as many will be added. Free with gn_features_free(&t->features). */
gn_status gn_table_start(size_t n, size_t n_columns, gn_feature_table **out, gn_error *err);
/** Copies everything. @return GN_OK; GN_EINVAL (a difference of words); GN_ENOMEM. */
gn_status gn_table_add(gn_feature_table *t, const gn_column *c, gn_error *err);

/** gn_features_open of bytes in memory. @param path what errors call them. */
gn_status gn_features_parse(const char *text, size_t n_bytes, char separator, const char *path,
                            const gn_features_opts *opts, gn_features **out, gn_error *err);

#endif
