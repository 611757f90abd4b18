/* MLEM's figures and the words that go with each. */
#ifndef GN_REPORT_MLEM_CHARTS_H
#define GN_REPORT_MLEM_CHARTS_H

#include "base/ctx.h"
#include "gonio/features.h"
#include "gonio/reps.h"
#include "report/charts.h"

enum { GN_MLEM_CHARTS_MAX = 16 };

/** A figure for each measure that the result holds, and, with set and table, the correlation of
 *  feature distances and a picture of the layer that is predicted best. `out` has room for
 * GN_MLEM_CHARTS_MAX; free with gn_charts_free. */
gn_status gn_mlem_charts_make(gn_ctx *ctx, const gn_profile *p, const gn_reps *reps,
                              const gn_features *features, bool titles, gn_chart *out, size_t *n,
                              gn_error *err);

/** mlem_mds.c: whether there is a layer and a feature to draw it by, and the picture. */
bool gn_mlem_mds_possible(const gn_profile *p, const gn_reps *reps, const gn_features *features);
gn_status gn_mlem_mds_draw(gn_ctx *ctx, const gn_profile *p, const gn_reps *reps,
                           const gn_features *features, gn_figure *fig, gn_error *err);

#endif
