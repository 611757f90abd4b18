/* gonio/axes.h: places without a projection: the data's own columns, or axes between two groups. */
#ifndef GONIO_AXES_H
#define GONIO_AXES_H

#include "gonio/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Data of two or three columns as it is.
 *  @param x (n, 2) or (n, 3) of a floating type; @param out (n, x.cols) float64.
 *  @return GN_OK; GN_EINVAL (other columns: says how many); GN_EDATA (not finite, with row and
 *          column); GN_ENOMEM. */
GN_API gn_status gn_raw_places(gn_mat x, double *out, gn_error *err);

/** An axis from the mean of the rows on the left to that of the rows on the right. */
typedef struct gn_axis_rows {
    const int32_t *left, *right; /**< row numbers; a row may be named twice and then counts twice */
    size_t n_left, n_right;      /**< at least 1 each */
} gn_axis_rows;

/** Directions right mean - left mean, of unit length (Bolukbasi et al., NeurIPS 2016, for one pair
 *  of words each), and each row's dot product with them. The axes need not be at right angles.
 *  @param x (n, d) of a floating type; @param axis (n_axes); @param direction NULL, or (n_axes, d).
 *  @param out NULL, or (n, n_axes) float64.
 *  @return GN_OK; GN_EINVAL (no rows on a side, a row out of range: says which axis and side);
 *          GN_EDATA (both means are the same; not finite, with row and column); GN_ENOMEM;
 *          GN_ECANCEL. O(n d n_axes), threads over rows. */
GN_API gn_status gn_axes_places(gn_ctx *ctx, gn_mat x, const gn_axis_rows *axis, size_t n_axes,
                                double *direction, double *out, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
