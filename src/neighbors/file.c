/* Neighbour lists on disk: two .npy files that NumPy opens without us. What is read is checked as
 * much as what a stranger sends: shapes that agree, indices in range and never the row itself,
 * distances that are finite and ascending. */
#include "gonio/io.h"
#include "gonio/neighbors.h"

#include "base/str.h"
#include "io/npy.h"

#include <math.h>
#include <string.h>

static gn_status name_of(const char *prefix, const char *part, char **out, gn_error *err) {
    gn_str s = {0};
    gn_str_addf(&s, "%s.%s.npy", prefix, part);
    return gn_str_take(&s, out, err);
}

gn_status gn_knn_write(const gn_knn *knn, const char *prefix, gn_error *err) {
    gn_status st = GN_OK;
    size_t shape[2] = {knn->n, knn->k};
    char *index = NULL, *distance = NULL;
    GN_TRY(name_of(prefix, "index", &index, err));
    GN_TRY(name_of(prefix, "distance", &distance, err));
    /* the index last: a reader that finds it finds both */
    GN_TRY(gn_npy_write(distance, GN_F32, shape, 2, knn->distance, err));
    GN_TRY(gn_npy_write(index, GN_I32, shape, 2, knn->index, err));
done:
    gn_free(index);
    gn_free(distance);
    return st;
}

static gn_status open_table(const char *path, size_t n, gn_dtype dtype, gn_array *out,
                            gn_error *err) {
    gn_status st = gn_npy_open(path, out, err);
    if (st != GN_OK) return st;
    if (out->dtype == dtype && out->n_dims == 2 && out->shape[0] == n && out->shape[1] >= 1 &&
        n >= 2 && out->shape[1] < n)
        return GN_OK;
    char shape[64];
    st = gn_fail(err, GN_EDATA, "%s: %s %s: expected %s (%zu, k), 1 <= k < %zu", path,
                 gn_dtype_name(out->dtype),
                 gn_shape_text(out->shape, out->n_dims, shape, sizeof shape), gn_dtype_name(dtype),
                 n, n);
    gn_array_close(out);
    return st;
}

static gn_status check(const gn_knn *knn, const char *index, const char *distance, gn_error *err) {
    for (size_t i = 0; i < knn->n; i++)
        for (size_t p = 0; p < knn->k; p++) {
            int32_t j = knn->index[i * knn->k + p];
            float r = knn->distance[i * knn->k + p];
            if (j < 0 || (size_t)j >= knn->n || (size_t)j == i)
                return gn_fail(err, GN_EDATA,
                               "%s: row %zu, column %zu is %d: expected another row, 0 to %zu",
                               index, i, p, j, knn->n - 1);
            if (!isfinite(r) || r < 0 || (p > 0 && r < knn->distance[i * knn->k + p - 1]))
                return gn_fail(err, GN_EDATA,
                               "%s: row %zu, column %zu is %g: expected finite distances, "
                               "ascending from 0",
                               distance, i, p, (double)r);
        }
    return GN_OK;
}

gn_status gn_knn_read(const char *prefix, size_t n, gn_knn **out, gn_error *err) {
    gn_status st = GN_OK;
    gn_array index = {0}, distance = {0};
    char *index_path = NULL, *distance_path = NULL;
    gn_knn *knn = NULL;
    GN_TRY(name_of(prefix, "index", &index_path, err));
    GN_TRY(name_of(prefix, "distance", &distance_path, err));
    GN_TRY(open_table(index_path, n, GN_I32, &index, err));
    GN_TRY(open_table(distance_path, n, GN_F32, &distance, err));
    size_t k = index.shape[1];
    if (distance.shape[1] != k)
        GN_TRY(gn_fail(err, GN_EDATA, "%s has %zu neighbours a row, %s has %zu", index_path, k,
                       distance_path, distance.shape[1]));
    knn = gn_calloc(1, sizeof *knn);
    if (!knn) GN_TRY(gn_fail_nomem(err, "neighbours", sizeof *knn));
    knn->n = n;
    knn->k = k;
    GN_TRY(gn_alloc_array(&knn->index, n, k * sizeof(int32_t), "neighbour indices", err));
    GN_TRY(gn_alloc_array(&knn->distance, n, k * sizeof(float), "neighbour distances", err));
    memcpy(knn->index, index.data, n * k * sizeof(int32_t));
    memcpy(knn->distance, distance.data, n * k * sizeof(float));
    GN_TRY(check(knn, index_path, distance_path, err));
    *out = knn;
    knn = NULL;
done:
    gn_knn_free(knn);
    gn_array_close(&index);
    gn_array_close(&distance);
    gn_free(index_path);
    gn_free(distance_path);
    return st;
}
