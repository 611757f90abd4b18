/* Mean cosines between and within types, without sampling, and their jackknife over sequences. */
#ifndef GN_GEOMETRY_COSINES_H
#define GN_GEOMETRY_COSINES_H

#include "base/ctx.h"
#include "geometry/groups.h"
#include "geometry/view.h"

/** @param origin NULL, or (d): the mean of all rows of the view, subtracted from each first (the
 *  error bar knows that it moves with the sample).
 *  @param types, sequences groups of the view's rows; rows of a sequence ordered by type.
 *  sequences NULL: no error bars.
 *  @param norm NULL, or (n) receives |y - origin|.
 *  @return GN_OK; GN_EDATA (a row whose length overflows); GN_ENOMEM; GN_ECANCEL. */
gn_status gn_cosines_compute(gn_ctx *ctx, const gn_view *v, const double *origin,
                             const gn_groups *types, const gn_groups *sequences, gn_cosines *out,
                             double *norm, gn_error *err);

#endif
