/* Mean cosines between and within types, without sampling, and their jackknife over sequences. */
#ifndef GN_GEOMETRY_COSINES_H
#define GN_GEOMETRY_COSINES_H

#include "base/ctx.h"
#include "geometry/groups.h"
#include "geometry/view.h"

/** Cosines of the rows as they are, and, read at the same time, of the rows minus `origin`.
 *  @param origin NULL (no `centred`), or (d): the mean of all rows of the view (the error bar knows
 *  that it moves with the sample). In the frame of the rows: not with v->turned.
 *  @param types, sequences groups of the view's rows; rows of a sequence ordered by type.
 *  sequences NULL: no error bars.
 *  @param norm NULL, or (n) receives the rows' lengths.
 *  @return GN_OK; GN_EDATA (a row whose length overflows); GN_ENOMEM; GN_ECANCEL. */
gn_status gn_cosines_compute(gn_ctx *ctx, const gn_view *v, const double *origin,
                             const gn_groups *types, const gn_groups *sequences, gn_cosines *raw,
                             gn_cosines *centred, double *norm, gn_error *err);

#endif
