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

/** mlem_unit_charts.c: single units over layers, the k best together, and kinds of units in one
 * layer.
 */
gn_status gn_mlem_draw_units(const gn_profile *p, gn_figure *fig, gn_error *err);
gn_status gn_mlem_draw_top(const gn_profile *p, gn_figure *fig, gn_error *err);
/** The layer with the largest R2 of those with kinds of units; false where there is none. */
bool gn_mlem_kinds_layer(const gn_profile *p, int *layer);
gn_status gn_mlem_draw_kinds(const gn_profile *p, int layer, gn_figure *fig, gn_error *err);

/** mlem_mds.c: the layer that is drawn, false where there is none or no feature to draw it by; and
 * the picture. */
bool gn_mlem_mds_layer(const gn_profile *p, const gn_reps *reps, const gn_features *features,
                       int *layer);
gn_status gn_mlem_mds_draw(gn_ctx *ctx, const gn_profile *p, const gn_reps *reps,
                           const gn_features *features, gn_figure *fig, gn_error *err);

#endif
