#include "geometry/distances.h"

#include <math.h>

static gn_status check(gn_mat dist, size_t n_cols, bool zeros, gn_error *err) {
    if (dist.dtype != GN_F32 && dist.dtype != GN_F64)
        return gn_fail(err, GN_EINVAL, "distances are %s, expected float32 or float64",
                       gn_dtype_name(dist.dtype));
    if (dist.rows < 3 || dist.cols < n_cols)
        return gn_fail(err, GN_EINVAL,
                       "distance table is %zu x %zu, expected at least 3 rows and %zu neighbours",
                       dist.rows, dist.cols, n_cols);
    for (size_t i = 0; i < dist.rows; i++) {
        double before = 0;
        for (size_t j = 0; j < n_cols; j++) {
            double r = gn_distance_at(dist, i, j);
            if (!isfinite(r))
                return gn_fail(err, GN_EDATA, "distance table: row %zu, column %zu is %g", i, j, r);
            if (!(r > 0 || (zeros && r == 0)))
                return gn_fail(
                    err, GN_EDATA,
                    "distance table: row %zu, column %zu is %g: identical points must be "
                    "collapsed before their dimension is estimated",
                    i, j, r);
            if (r < before)
                return gn_fail(err, GN_EDATA,
                               "distance table: row %zu descends from %.9g to %.9g at column %zu",
                               i, before, r, j);
            before = r;
        }
    }
    return GN_OK;
}

gn_status gn_distances_check(gn_mat dist, size_t n_cols, gn_error *err) {
    return check(dist, n_cols, false, err);
}

gn_status gn_distances_check_zeros(gn_mat dist, size_t n_cols, gn_error *err) {
    return check(dist, n_cols, true, err);
}

gn_status gn_neighbors_check(const gn_knn *knn, size_t n_cols, gn_error *err) {
    for (size_t i = 0; i < knn->n; i++)
        for (size_t j = 0; j < n_cols; j++) {
            int32_t id = knn->index[i * knn->k + j];
            if (id < 0 || (size_t)id >= knn->n || (size_t)id == i)
                return gn_fail(err, GN_EDATA,
                               "neighbour table: row %zu, rank %zu is %d, expected another of the "
                               "%zu rows",
                               i, j + 1, (int)id, knn->n);
        }
    return GN_OK;
}

gn_status gn_neighbors_check_exact(const gn_knn *knn, const char *measure, gn_error *err) {
    if (!knn->recall) return GN_OK;
    return gn_fail(
        err, GN_EINVAL,
        "%s: these lists are approximate (recall %.4f of %zu neighbours): expected exact "
        "ones",
        measure, knn->recall[knn->k - 1].value, knn->k);
}

double gn_distances_scale(gn_mat dist, size_t j1, size_t j2) {
    double s1 = 0, s2 = 0;
    for (size_t i = 0; i < dist.rows; i++) {
        s1 += gn_distance_at(dist, i, j1);
        s2 += gn_distance_at(dist, i, j2);
    }
    return (s1 + s2) / (2 * (double)dist.rows);
}

void gn_distances_log_ratios(gn_mat dist, size_t j1, size_t j2, double least, double *out) {
    for (size_t i = 0; i < dist.rows; i++) {
        double r1 = gn_distance_at(dist, i, j1), r2 = gn_distance_at(dist, i, j2);
        out[i] = log((r2 < least ? least : r2) / (r1 < least ? least : r1));
    }
}
