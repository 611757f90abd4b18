/* Neighbour lists on disk: two .npy files that NumPy opens without us. What is read is checked as
 * much as what a stranger sends: shapes that agree, indices in range and never the row itself,
 * distances that are finite and ascending.
 *
 * A .npy file has no place for a remark. So that approximate lists are not taken for exact ones,
 * their files are called otherwise, and a third one says what they are; without it they are not
 * read. */
#include "gonio/io.h"
#include "gonio/neighbors.h"

#include "base/number.h"
#include "base/str.h"
#include "io/file.h"
#include "io/json.h"
#include "io/npy.h"

#include <math.h>
#include <string.h>

static gn_status name_of(const char *prefix, const char *part, char **out, gn_error *err) {
    gn_str s = {0};
    gn_str_addf(&s, "%s.%s.npy", prefix, part);
    return gn_str_take(&s, out, err);
}

/* ---- recall ----------------------------------------------------------------------------------
 */

static const char mark[] = ".approximate";

static gn_status recall_name(const char *prefix, char **out, gn_error *err) {
    gn_str s = {0};
    gn_str_addf(&s, "%s.json", prefix);
    return gn_str_take(&s, out, err);
}

static void add_numbers(gn_str *s, const char *name, const gn_knn *knn, bool errors) {
    char text[GN_NUMBER_ROOM];
    gn_str_addf(s, ",\n  \"%s\": [", name);
    for (size_t j = 0; j < knn->k; j++) {
        const double value = errors ? knn->recall[j].se : knn->recall[j].value;
        gn_str_addf(s, "%s%s", j ? ", " : "", gn_number_text(text, value));
    }
    gn_str_add(s, "]");
}

static gn_status write_recall(const gn_knn *knn, const char *prefix, gn_error *err) {
    gn_status st = GN_OK;
    gn_str s = {0};
    char *path = NULL;
    gn_str_addf(&s,
                "{\n  \"approximate\": true,\n  \"method\": \"nn-descent\",\n"
                "  \"gonio\": \"%s\",\n  \"rows\": %zu,\n  \"k\": %zu,\n"
                "  \"recall_rows\": %zu",
                gn_version(), knn->n, knn->k, knn->n_recall);
    add_numbers(&s, "recall", knn, false);
    add_numbers(&s, "recall_se", knn, true);
    gn_str_add(&s, "\n}\n");
    if (s.bad) GN_TRY(gn_fail_nomem(err, "a recall", knn->k));
    GN_TRY(recall_name(prefix, &path, err));
    st = gn_write_file(path, s.text, s.n, err);
done:
    gn_free(path);
    gn_str_free(&s);
    return st;
}

/* One number of a list of k shares. */
static gn_status read_share(const json_t *list, size_t j, const char *path, const char *name,
                            double *out, gn_error *err) {
    const json_t *item = json_array_get(list, j);
    const double value = json_number_value(item);
    if (!json_is_number(item) || !(value >= 0 && value <= 1))
        return gn_fail(err, GN_EDATA, "%s: '%s', place %zu: expected a number from 0 to 1", path,
                       name, j);
    *out = value;
    return GN_OK;
}

static gn_status read_recall(const char *prefix, gn_knn *knn, gn_error *err) {
    enum { MAX_BYTES = 1 << 20 };
    gn_status st = GN_OK;
    char *path = NULL;
    json_t *root = NULL, *value, *se;
    bool approximate = false;
    size_t rows = 0, k = 0;
    GN_TRY(recall_name(prefix, &path, err));
    GN_TRY(gn_json_open(path, MAX_BYTES, &root, err));
    GN_TRY(gn_json_bool(root, path, "approximate", &approximate, err));
    GN_TRY(gn_json_size(root, path, "rows", &rows, err));
    GN_TRY(gn_json_size(root, path, "k", &k, err));
    GN_TRY(gn_json_size(root, path, "recall_rows", &knn->n_recall, err));
    GN_TRY(gn_json_array(root, path, "recall", &value, err));
    GN_TRY(gn_json_array(root, path, "recall_se", &se, err));
    if (!approximate || rows != knn->n || k != knn->k || json_array_size(value) != k ||
        json_array_size(se) != k)
        GN_TRY(gn_fail(err, GN_EDATA,
                       "%s: %s lists of %zu neighbours of %zu rows with %zu values of recall and "
                       "%zu errors: expected approximate ones, %zu of %zu, and as many values",
                       path, approximate ? "approximate" : "exact", k, rows, json_array_size(value),
                       json_array_size(se), knn->k, knn->n));
    GN_TRY(gn_alloc_array(&knn->recall, k, sizeof *knn->recall, "recall", err));
    for (size_t j = 0; j < k; j++) {
        GN_TRY(read_share(value, j, path, "recall", &knn->recall[j].value, err));
        GN_TRY(read_share(se, j, path, "recall_se", &knn->recall[j].se, err));
    }
done:
    json_decref(root);
    gn_free(path);
    return st;
}

/* ---- lists ------------------------------------------------------------------------------------
 */

/* PREFIX as it is, or with the mark of approximate lists. */
static gn_status marked(const char *prefix, bool approximate, char **out, gn_error *err) {
    gn_str s = {0};
    gn_str_addf(&s, "%s%s", prefix, approximate ? mark : "");
    return gn_str_take(&s, out, err);
}

gn_status gn_knn_write(const gn_knn *knn, const char *prefix, gn_error *err) {
    gn_status st = GN_OK;
    size_t shape[2] = {knn->n, knn->k};
    char *stem = NULL, *index = NULL, *distance = NULL;
    GN_TRY(marked(prefix, knn->recall != NULL, &stem, err));
    GN_TRY(name_of(stem, "index", &index, err));
    GN_TRY(name_of(stem, "distance", &distance, err));
    if (knn->recall) GN_TRY(write_recall(knn, stem, err));
    /* the index last: a reader that finds it finds both */
    GN_TRY(gn_npy_write(distance, GN_F32, shape, 2, knn->distance, err));
    GN_TRY(gn_npy_write(index, GN_I32, shape, 2, knn->index, err));
done:
    gn_free(stem);
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

/* Lists whose files begin with `prefix`; its last part is the mark where they are approximate. */
static gn_status read_lists(const char *prefix, size_t n, bool approximate, gn_knn **out,
                            gn_error *err) {
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
    if (approximate) GN_TRY(read_recall(prefix, knn, err));
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

gn_status gn_knn_read(const char *prefix, size_t n, gn_knn **out, gn_error *err) {
    if (gn_path_has_suffix(prefix, mark))
        return gn_fail(
            err, GN_EINVAL,
            "%s: these lists are approximate: expected exact ones, or to be read as what "
            "they are",
            prefix);
    return read_lists(prefix, n, false, out, err);
}

gn_status gn_knn_read_approximate(const char *prefix, size_t n, gn_knn **out, gn_error *err) {
    char *stem;
    gn_status st = marked(prefix, true, &stem, err);
    if (st != GN_OK) return st;
    st = read_lists(stem, n, true, out, err);
    gn_free(stem);
    return st;
}
