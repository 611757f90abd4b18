/* What is inside each of the survey's figures. */
#ifndef GN_REPORT_CHART_DRAW_H
#define GN_REPORT_CHART_DRAW_H

#include "gonio/figure.h"
#include "report/profile.h"

/** Room for one line over the layers. */
typedef struct gn_chart_line {
    const gn_profile *p;
    double *x, *y, *lo, *hi; /**< (n_layers) one block of memory: free x */
} gn_chart_line;
gn_status gn_chart_line_new(const gn_profile *p, gn_chart_line *l, gn_error *err);

/** Whether largest and smallest positive value of a measure are so far apart, by more than 30, that
 *  an axis should be logarithmic. variant NULL: any. */
bool gn_chart_spans_far(const gn_profile *p, const char *measure, const char *variant);

/** Draws one figure of the profile l->p; l is scratch. */
typedef gn_status gn_draw_fn(gn_chart_line *l, gn_figure *fig, gn_error *err);
gn_draw_fn gn_draw_id, gn_draw_gride, gn_draw_cosines, gn_draw_norms, gn_draw_pr, gn_draw_shares,
    gn_draw_position, gn_draw_lid, gn_draw_kmeans, gn_draw_previous, gn_draw_overlaps,
    gn_draw_imbalance, gn_draw_imbalances, gn_draw_labels, gn_draw_kstar, gn_draw_clusters,
    gn_draw_agreement, gn_draw_spectrum;

#endif
