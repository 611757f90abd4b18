/* What density says of each row, as files. */
#ifndef GN_REPORT_DENSITY_POINTS_H
#define GN_REPORT_DENSITY_POINTS_H

#include "gonio/neighbors.h"
#include "io/file.h"
#include "report/subset.h"

/** Where they go. */
typedef struct gn_points {
    gn_ctx *ctx;
    const gn_subset *subset;
    const char *dir; /**< of layer.NN.NAME.npy, or NULL */
    gn_outfile *csv; /**< or this */
} gn_points;

/** One layer's distinct rows. */
typedef struct gn_points_layer {
    size_t n;
    const double *log_density, *se;
    const int32_t *kstar;
    const int32_t *cluster; /**< halo points in the cluster that they belong to */
    const int32_t *core;    /**< the same with -1 for halo points */
} gn_points_layer;

/** @param path a folder, which is made, or FILE.csv. */
gn_status gn_points_open(gn_points *p, const char *path, gn_error *err);
/** Rows that repeat another get its values; rows outside the sample have none (NaN, -1). */
gn_status gn_points_write(gn_points *p, const gn_spot *at, const gn_neighbors *found,
                          const gn_points_layer *layer, gn_error *err);
/** Puts the CSV in its place, or, after a failure, nothing. */
gn_status gn_points_close(gn_points *p, gn_status st, gn_error *err);

#endif
