/* The rows of a set that a measurement takes: all, or one seeded sample, the same for every layer
 * and for every set with the same rows; and rows as tidy measurements need them. */
#ifndef GN_REPORT_SUBSET_H
#define GN_REPORT_SUBSET_H

#include "base/ctx.h"
#include "gonio/io.h"
#include "gonio/neighbors.h"
#include "gonio/reps.h"
#include "gonio/result.h"

typedef struct gn_subset {
    size_t n;
    int32_t *row; /**< (n) ascending row numbers; NULL: all rows */
} gn_subset;

/** The sample that the survey takes, too. @return GN_OK; GN_EINVAL (fewer than 3); GN_ENOMEM. */
gn_status gn_subset_new(gn_ctx *ctx, const gn_reps *reps, size_t max_rows, gn_subset *out,
                        gn_error *err);
void gn_subset_free(gn_subset *s);

/** A view of the subset's rows of x; *owner (to be freed) holds them where they were copied. */
gn_status gn_subset_rows(const gn_subset *s, gn_mat x, void **owner, gn_mat *view, gn_error *err);
/** The labels of the subset's rows; free .code. Names are borrowed. */
gn_status gn_subset_labels(const gn_subset *s, const gn_labels *labels, gn_labels *out,
                           gn_error *err);
/** Neighbours of the subset's rows of stored layer i, from one search; kept lists are used where
 * all rows enter. */
gn_status gn_subset_neighbors(gn_ctx *ctx, const gn_subset *s, const gn_reps *reps, size_t i,
                              size_t k, gn_neighbors **out, gn_error *err);

/** The same for a metric of one's own. */
gn_status gn_subset_neighbors_by(gn_ctx *ctx, const gn_subset *s, const gn_reps *reps, size_t i,
                                 size_t k, gn_metric metric, gn_neighbors **out, gn_error *err);
/** Of every row of the subset the k nearest that are not of its group (n codes). Not kept. */
gn_status gn_subset_neighbors_outside(gn_ctx *ctx, const gn_subset *s, const gn_reps *reps,
                                      size_t i, size_t k, const int32_t *group, gn_knn **out,
                                      gn_error *err);

/** Whether a label column holds word types, which rows that are whole words carry: a type, not a
 *  label. */
bool gn_is_type_column(const gn_reps *reps, size_t c);
/** The type of each row of the set: the word when rows are whole words, else the token; NULL when
 *  the set knows neither. */
const int32_t *gn_row_types(const gn_reps *reps);
/** The subset's part of a column of the row table, to be freed; *out NULL where `column` is. */
gn_status gn_subset_column(const gn_subset *s, const int32_t *column, int32_t **out, gn_error *err);

/** The rows behind position 0, to be freed; NULL where the set has no rows there, or no others. In
 *  causal models the first token sees only itself, and a few huge vectors there can be all that a
 *  layer's covariance shows. */
gn_status gn_later_rows(const gn_reps *reps, int32_t **row, size_t *n_rows, gn_error *err);

/** A measurement of stored layer i. `set` NULL: the set's own name. NaN where there is no value;
 *  note may be NULL. */
gn_status gn_layer_add(gn_result *r, const gn_reps *reps, const char *set, size_t i,
                       const char *measure, const char *variant, double value, double se, size_t n,
                       const char *note, gn_error *err);

/** Where a measurement belongs. */
typedef struct gn_spot {
    gn_result *result;
    const gn_reps *reps; /**< NULL: no set, but a layer of this number, depth and `set` name */
    const char *set;     /**< name in the rows; NULL: the set's own */
    size_t layer;        /**< stored layer; the number, where there is no set */
    double depth;        /**< where there is no set */
} gn_spot;

gn_status gn_spot_add(const gn_spot *at, const char *measure, const char *variant, double value,
                      double se, size_t n, const char *note, gn_error *err);
/** A parameter of the row added last. */
gn_status gn_spot_param(const gn_spot *at, const char *key, double value, gn_error *err);
/** A layer that an estimator cannot measure (all neighbours equally far, a label column without a
 *  label) is a missing value with its reason, not the end of the run: for GN_EDATA and GN_EINVAL
 *  adds that row. Passes on what is worse. After GN_OK, why->code says whether there is a value. */
gn_status gn_spot_settle(const gn_spot *at, gn_status st, const char *measure, const char *variant,
                         gn_error *why, gn_error *err);

/** What all neighbour measures note about a set: rows, width, rows used, k, metric. A later set of
 *  the same result whose value differs gets a condition of its own, "rows (NAME)". */
gn_status gn_subset_conditions(const gn_subset *s, const gn_reps *reps, const char *set, size_t k,
                               gn_result *r, gn_error *err);

#endif
