/* MLEM's figures and the words that go with each. */
#ifndef GN_REPORT_MLEM_CHARTS_H
#define GN_REPORT_MLEM_CHARTS_H

#include "base/ctx.h"
#include "gonio/features.h"
#include "report/charts.h"

enum { GN_MLEM_CHARTS_MAX = 12 };

/** A figure for each measure that the result holds, and, with a table, the correlation of feature
 *  distances. `out` has room for GN_MLEM_CHARTS_MAX; free with gn_charts_free. */
gn_status gn_mlem_charts_make(gn_ctx *ctx, const gn_profile *p, const gn_features *features,
                              bool titles, gn_chart *out, size_t *n, gn_error *err);

#endif
