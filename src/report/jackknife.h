/* Standard errors of whatever is computed from rows: leave a tenth of them out, compute again. */
#ifndef GN_REPORT_JACKKNIFE_H
#define GN_REPORT_JACKKNIFE_H

#include "base/ctx.h"
#include "gonio/features.h"

enum { GN_GROUPS = 10, GN_JACKKNIFE_ROWS = 20 /* fewer have no errors */ };

/** Rows dealt to groups by the seed, and room for a feature table without one of the groups. */
typedef struct gn_jackknife {
    const gn_features *features; /**< of all rows, borrowed */
    int32_t *row; /**< (n) all rows in drawn order: group of place i is i % GN_GROUPS */
    gn_features table;
    gn_feature *feature; /**< (f) */
    int32_t *code;       /**< (f, n) */
} gn_jackknife;

/** @return GN_OK; GN_ENOMEM. Free also after a failure. */
gn_status gn_jackknife_new(gn_ctx *ctx, const gn_features *features, gn_jackknife *out,
                           gn_error *err);
void gn_jackknife_free(gn_jackknife *j);

/** The feature table without a group, until the next call; scales are those of all rows. */
const gn_features *gn_jackknife_features(gn_jackknife *j, size_t group);
/** The same rows of a. @param room (n, d) */
gn_mat gn_jackknife_rows(const gn_jackknife *j, gn_mat a, size_t group, float *room);
/** The error of the estimate in column `at`. @param theta (GN_GROUPS, n_theta) without each group;
 *  a NaN among them leaves no error. */
double gn_jackknife_se(const double *theta, size_t n_theta, size_t at);

#endif
