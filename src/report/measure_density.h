/* The density of a layer as rows: the part that `survey` and `density` share. */
#ifndef GN_REPORT_MEASURE_DENSITY_H
#define GN_REPORT_MEASURE_DENSITY_H

#include "gonio/density.h"
#include "report/density_points.h"

typedef struct gn_density_rows_opts {
    double alpha;             /**< of the k* test; 0: the default */
    double dim;               /**< dimension of the volumes; 0: TwoNN's */
    double z;                 /**< peaks stand out by z errors; 0: 1.65 */
    gn_density_method method; /**< the density that clusters are made of */
    bool dadapy;              /**< PAk stops where DADApy does */
    gn_points *points;        /**< NULL, or where to write what is known of each row */
    const gn_labels *labels;  /**< (n_labels) columns of all rows, to compare the clusters with */
    const char *const *label_name; /**< (n_labels) */
    size_t n_labels;
} gn_density_rows_opts;

/** k*, log densities, clusters and halo, agreement with labels, over the distinct rows of `found`.
 *  Too few of them, or a step that fails, is a row without value that says why. O(n k). */
gn_status gn_rows_density(gn_ctx *ctx, const gn_spot *at, const gn_neighbors *found,
                          const gn_density_rows_opts *opts, gn_error *err);

#endif
