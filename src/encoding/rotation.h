/* Rows in the coordinates of their principal axes: as many columns as the rows have dimensions, so
 * that 500 sentences of a 4,096-wide model become 499 numbers each and every linear model with a
 * squared penalty stays the same. */
#ifndef GN_ENCODING_ROTATION_H
#define GN_ENCODING_ROTATION_H

#include "base/ctx.h"

typedef struct gn_rotation {
    size_t n, n_other, rank;
    float *z;     /**< (n, rank) the rows that define the axes, centred */
    float *other; /**< (n_other, rank) further rows, centred by the same mean */
    double *s2;   /**< (rank) squared singular values, descending: column sums of z^2 */
} gn_rotation;

/** @param row (n) rows of a that define the axes; other (n_other) rows to be rotated with them.
 *  @return GN_OK; GN_EINVAL; GN_ENOMEM; GN_ECANCEL. Not from blocks of gn_parallel. */
gn_status gn_rotation_new(gn_ctx *ctx, gn_mat a, const int32_t *row, size_t n, const int32_t *other,
                          size_t n_other, gn_rotation *out, gn_error *err);
void gn_rotation_free(gn_rotation *r);

#endif
