/* The matrices of the first pipeline's folders: distances of features, distances of a layer, their
 * scaling to two dimensions; and the keys and rows that all of its files have. A layer's distances
 * are made or read at most once, by what needs them first. */
#include "report/mlem_v1_store.h"

#include "base/mem.h"
#include "gonio/io.h"
#include "gonio/mds.h"
#include "io/file.h"
#include "io/npy.h"
#include "report/mlem_cache.h"
#include "report/subset.h"

#include <math.h>
#include <string.h>

static const double keep_distances = 1, keep_scaling = 1.5;

gn_status gn_v1_file_key(const gn_v1_job *j, const char *what, const char *above, bool features,
                         const double *options, size_t n_options, char key[GN_SHA256_HEX],
                         gn_error *err) {
    gn_status st;
    gn_sha256 *s = NULL;
    GN_TRY(gn_sha256_new(&s, err));
    GN_TRY(gn_sha256_add(s, what, strlen(what) + 1, err));
    GN_TRY(gn_sha256_add(s, gn_version(), strlen(gn_version()) + 1, err));
    GN_TRY(gn_sha256_add(s, above, strlen(above) + 1, err));
    if (n_options) GN_TRY(gn_sha256_add(s, options, n_options * sizeof *options, err));
    for (size_t k = 0; features && k < j->features->n_features; k++) {
        const char *name = j->features->feature[k].name;
        GN_TRY(gn_sha256_add(s, name, strlen(name) + 1, err));
    }
    if (features) GN_TRY(gn_mlem_key_features(s, j->features, err));
    st = gn_sha256_end(s, key, err);
    s = NULL;
done:
    gn_sha256_free(s);
    return st;
}

gn_status gn_v1_file_note(const gn_v1_job *j, const char *kind, const char *path, bool made,
                          gn_error *err) {
    gn_status st;
    GN_TRY(gn_layer_add(j->result, j->reps, j->place.o.measure.set, j->stored, "v1_file", kind,
                        made, (double)NAN, j->features->n, NULL, err));
    GN_TRY(gn_result_param_text(j->result, "file", path, err));
done:
    return st;
}

gn_status gn_v1_path_in(const char *dir, const char *name, char **out, gn_error *err) {
    *out = gn_path_join(dir, name);
    return *out ? GN_OK : gn_fail_nomem(err, name, strlen(dir));
}

/* (pairs, f) 1 where both values are known and differ. */
gn_status gn_v1_store_features(gn_v1_job *j, gn_error *err) {
    gn_status st;
    gn_str s = {0};
    char *path = NULL, key[GN_SHA256_HEX];
    double *x = NULL;
    size_t n = j->features->n, f = j->features->n_features, shape[2] = {n * (n - 1) / 2, f}, bytes;
    bool wanted;
    gn_str_addf(&s, "%s/data/feature_dist_mat_triu_flat_%s.npz", j->place.o.work_dir,
                j->place.o.dataset);
    GN_TRY(gn_str_take(&s, &path, err));
    GN_TRY(gn_v1_file_key(j, "features", "", true, NULL, 0, key, err));
    GN_TRY(gn_v1_file_wanted(path, key, true, &wanted, err));
    if (wanted) {
        if (!gn_mul(f, sizeof *x, &bytes)) bytes = SIZE_MAX;
        GN_TRY(gn_alloc_array(&x, shape[0], bytes, "distances of features", err));
        double *to = x;
        for (size_t i = 0; i < n; i++)
            for (size_t m = i + 1; m < n; m++)
                for (size_t k = 0; k < f; k++) {
                    const int32_t *code = j->features->feature[k].code;
                    *to++ = code[i] >= 0 && code[m] >= 0 && code[i] != code[m];
                }
        GN_TRY(gn_npz_write(path, "arr_0", GN_F64, shape, 2, x, err));
        j->work.features++;
    }
    st = gn_result_set_text(j->result, "feature_distances", path, err);
done:
    gn_str_free(&s);
    gn_free(path);
    gn_free(x);
    return st;
}

static gn_status read_distances(gn_v1_job *j, const char *path, gn_error *err) {
    gn_matrix *m = NULL;
    gn_status st = gn_matrix_open(path, &m, err);
    size_t n = j->features->n;
    if (st != GN_OK) return st;
    gn_mat d = gn_matrix_view(m);
    if (d.rows == n && d.cols == n && d.dtype == GN_F64) {
        double *to = j->distance;
        for (size_t i = 0; i < n; i++, to += n - i)
            memcpy(to, gn_mat_row_f64(d, i, NULL) + i + 1, (n - i - 1) * sizeof *to);
    } else {
        st = gn_fail(err, GN_EDATA, "%s: %zu x %zu of type %s, expected %zu x %zu float64", path,
                     d.rows, d.cols, gn_dtype_name(d.dtype), n, n);
    }
    gn_matrix_free(m);
    return st;
}

/* (n, n) from pairs i < j; to be freed. */
static gn_status whole_matrix(const gn_v1_job *j, double **out, gn_error *err) {
    size_t n = j->features->n;
    const double *from = j->distance;
    gn_status st = gn_alloc_array(out, n, n * sizeof **out, "a matrix of distances", err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < n; i++) {
        (*out)[i * n + i] = 0;
        for (size_t m = i + 1; m < n; m++) (*out)[i * n + m] = (*out)[m * n + i] = *from++;
    }
    return GN_OK;
}

/* The layer's distances, for whoever needs them first. */
gn_status gn_v1_pull_distances(gn_v1_job *j, gn_error *err) {
    gn_status st;
    char *path = NULL;
    double *whole = NULL;
    size_t n = j->features->n, shape[2] = {n, n};
    bool wanted;
    if (j->distance) return GN_OK;
    GN_TRY(gn_alloc_array(&j->distance, n * (n - 1) / 2, sizeof *j->distance, "distances", err));
    GN_TRY(gn_v1_path_in(j->place.lay, "distance_matrix.npz", &path, err));
    GN_TRY(gn_v1_file_wanted(path, j->key_distance, j->place.o.skip_existing > keep_distances,
                             &wanted, err));
    if (wanted) {
        GN_TRY(gn_v1_distances(j->ctx, j->a, j->place.o.measure.v1.metric, j->distance, err));
        GN_TRY(whole_matrix(j, &whole, err));
        GN_TRY(gn_npz_write(path, "arr_0", GN_F64, shape, 2, whole, err));
        j->work.distances++;
    } else {
        GN_TRY(read_distances(j, path, err));
    }
    st = gn_v1_file_note(j, "distance", path, wanted, err);
done:
    gn_free(path);
    gn_free(whole);
    return st;
}

gn_status gn_v1_store_mds(gn_v1_job *j, gn_error *err) {
    gn_status st;
    char *path = NULL, key[GN_SHA256_HEX];
    double *whole = NULL, *x = NULL;
    size_t n = j->features->n, shape[2] = {n, 2};
    const double seed[] = {(double)(j->place.seed >> 32), (double)(uint32_t)j->place.seed};
    const gn_mds_opts how = {2, GN_MDS_RANDOM, 200, 1e-4};
    gn_mds fit;
    bool wanted;
    GN_TRY(gn_v1_path_in(j->place.lay, "mds_matrix.npz", &path, err));
    GN_TRY(gn_v1_file_key(j, "mds", j->key_distance, false, seed, 2, key, err));
    GN_TRY(gn_v1_file_wanted(path, key, j->place.o.skip_existing > keep_scaling, &wanted, err));
    if (wanted) {
        GN_TRY(gn_v1_pull_distances(j, err));
        GN_TRY(whole_matrix(j, &whole, err));
        GN_TRY(gn_alloc_array(&x, n, 2 * sizeof *x, "points", err));
        GN_TRY(gn_mds_metric(j->ctx, gn_mat_f64(whole, n, n), &how, x, &fit, err));
        GN_TRY(gn_npz_write(path, "arr_0", GN_F64, shape, 2, x, err));
        j->work.mds++;
    }
    st = gn_v1_file_note(j, "mds", path, wanted, err);
done:
    gn_free(path);
    gn_free(whole);
    gn_free(x);
    return st;
}
