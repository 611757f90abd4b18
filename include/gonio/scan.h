/* gonio/scan.h: exact neighbours of ONE vector, for questions asked by hand.
 *
 * gn_knn_compute answers for all rows at once; a click on a point asks for one. A layer is made
 * ready once for a metric and a space (gn_scan_new); then each question is one pass over it. With
 * an int8 copy of the layer (gn_codes_new) that pass reads a quarter of the bytes: a proven bound
 * says which rows may be among the nearest, and these are measured in float64. The answer is the
 * same with and without the copy, on any instruction set and number of threads.
 */
#ifndef GONIO_SCAN_H
#define GONIO_SCAN_H

#include "gonio/base.h"
#include "gonio/neighbors.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the int8 copy ------------------------------------------------------------------------ */

typedef struct gn_codes gn_codes;

/** Rounds every row to int8, with a scale for each column and each row, and measures how far each
 *  row was moved. Serves every metric and space.
 *  @param x (n, d) of a floating type.
 *  @return GN_OK; GN_EINVAL (no row, no column, type); GN_EDATA (NaN or infinite value with its row
 *          and column); GN_ENOMEM; GN_ECANCEL. Two passes; keeps n (d rounded up to 64) + 24 n
 *          bytes. Same bytes on any number of threads. */
GN_API gn_status gn_codes_new(gn_ctx *ctx, gn_mat x, gn_codes **out, gn_error *err);
GN_API void gn_codes_free(gn_codes *codes);
GN_API size_t gn_codes_bytes(const gn_codes *codes);

/* ---- a layer made ready ------------------------------------------------------------------- */

typedef struct gn_scan gn_scan;

/** Where distances are measured. In the raw space mean is NULL and n_directions 0; in the centred
 *  one the mean is taken off; then the components along some directions may be. No copy of the
 *  layer is made: the same is done to the question, and a few numbers for each row do the rest. */
typedef struct gn_scan_opts {
    gn_metric metric;
    const double *mean;      /**< NULL, or (d) */
    const double *direction; /**< (n_directions, d) unit vectors at right angles, row by row: those
                                  of gn_pca_directions */
    size_t n_directions;     /**< below d */
    const gn_codes *codes;   /**< NULL, or the int8 copy of this layer; lives as long as the scan */
} gn_scan_opts;

/** @param x (n, d) of a floating type; lives as long as the scan. `opts` is copied.
 *  @return GN_OK; GN_EINVAL (shape, type, copy of another shape, directions); GN_EDATA (NaN or
 *          infinite value with its row and column); GN_ENOMEM; GN_ECANCEL. One pass, O(n d (1 +
 *          n_directions)); keeps up to 32 n bytes. */
GN_API gn_status gn_scan_new(gn_ctx *ctx, gn_mat x, const gn_scan_opts *opts, gn_scan **out,
                             gn_error *err);
GN_API void gn_scan_free(gn_scan *scan);
/** Bytes that it keeps, the copy not counted. */
GN_API size_t gn_scan_bytes(const gn_scan *scan);
/** Rows without a direction in this space (cosine only): zero vectors, and what is left of a row is
 *  rounding. They are nobody's neighbours. */
GN_API size_t gn_scan_undirected(const gn_scan *scan);
GN_API bool gn_scan_has_direction(const gn_scan *scan, size_t row);

/** Vector x (d) as the space sees it: minus the mean, minus its components along the directions.
 *  Sums of such vectors may be asked for, too: a - b + c is then taken in this space. */
GN_API void gn_scan_place(const gn_scan *scan, const double *x, double *out);
/** Row `row` of the layer likewise. */
GN_API void gn_scan_place_row(const gn_scan *scan, size_t row, double *out);

typedef struct gn_scan_query {
    const double *point;    /**< (d) from gn_scan_place, or a sum of such */
    size_t k;               /**< at least 1 */
    const int32_t *exclude; /**< (n_exclude) rows that may not answer, in any order, repeatedly */
    size_t n_exclude;
} gn_scan_query;

typedef struct gn_scan_answer {
    size_t n;          /**< rows found: k, or fewer where not so many may answer */
    size_t n_measured; /**< rows whose distance was measured in float64 */
} gn_scan_answer;

/** The nearest rows, ascending by (distance, row). Distances are gn_metric's, measured from
 *  differences in float64 between the vectors as the space sees them.
 *  @param row (k) @param distance (k): the first answer->n are filled.
 *  @return GN_OK; GN_EINVAL (k = 0, a row out of range); GN_EDATA (a value of the question is not
 *          finite; under cosine it has no direction); GN_ENOMEM; GN_ECANCEL. One pass; 4 n bytes of
 *          scratch. Several threads may ask the same scan at once, each with a context of its own.
 */
GN_API gn_status gn_scan_nearest(gn_ctx *ctx, const gn_scan *scan, const gn_scan_query *query,
                                 int32_t *row, double *distance, gn_scan_answer *answer,
                                 gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
