/* One way to open any matrix. The file's name says its format; its content is checked by the
 * format's reader. Floating types are used as they lie in the file; integers are widened to
 * float64, exactly up to 2^53. */
#include "gonio/io.h"

#include "base/str.h"
#include "io/csv_matrix.h"
#include "io/npy.h"
#include "io/spec.h"
#include "io/zip.h"

#include <string.h>

struct gn_matrix {
    gn_mat view;
    gn_array array;
    gn_tensors *tensors;
};

static bool is_floating(gn_dtype dtype) {
    return dtype == GN_F32 || dtype == GN_F64 || dtype == GN_F16 || dtype == GN_BF16;
}

#define WIDEN(type)                                                                                \
    for (size_t i = 0; i < n; i++) to[i] = (double)((const type *)from)[i];                        \
    break
static void widen(const void *from, gn_dtype dtype, size_t n, double *to) {
    switch (dtype) {
    case GN_I8:
        WIDEN(int8_t);
    case GN_U8:
        WIDEN(uint8_t);
    case GN_BOOL:
        for (size_t i = 0; i < n; i++) to[i] = ((const uint8_t *)from)[i] != 0;
        break;
    case GN_I16:
        WIDEN(int16_t);
    case GN_U16:
        WIDEN(uint16_t);
    case GN_I32:
        WIDEN(int32_t);
    case GN_U32:
        WIDEN(uint32_t);
    case GN_I64:
        WIDEN(int64_t);
    case GN_U64:
        WIDEN(uint64_t);
    case GN_F32:
    case GN_F64:
    case GN_F16:
    case GN_BF16:
        break; /* not asked */
    }
}

/** Makes the view of the array in m->array, widening integers. */
static gn_status set_view(gn_matrix *m, const char *name, gn_error *err) {
    gn_array *a = &m->array;
    char shape[256];
    if (a->n_dims != 1 && a->n_dims != 2)
        return gn_fail(err, GN_EDATA, "%s: shape %s, expected one or two dimensions", name,
                       gn_shape_text(a->shape, a->n_dims, shape, sizeof shape));
    if (a->n_items == 0)
        return gn_fail(err, GN_EDATA, "%s: shape %s: the matrix is empty", name,
                       gn_shape_text(a->shape, a->n_dims, shape, sizeof shape));
    if (!is_floating(a->dtype)) {
        double *wide;
        gn_status st = gn_alloc_array(&wide, a->n_items, sizeof *wide, name, err);
        if (st != GN_OK) return st;
        widen(a->data, a->dtype, a->n_items, wide);
        gn_free(a->owned);
        gn_map_close(&a->map);
        a->owned = wide;
        a->data = wide;
        a->dtype = GN_F64;
    }
    size_t cols = a->n_dims == 2 ? a->shape[1] : 1;
    m->view = (gn_mat){a->data, a->shape[0], cols, cols, a->dtype};
    return GN_OK;
}

static bool is_member(const char *file_name, const char *member) {
    size_t n = strlen(member);
    return strncmp(file_name, member, n) == 0 &&
           (file_name[n] == '\0' || strcmp(file_name + n, ".npy") == 0);
}

static gn_status pick_member(const gn_zip *zip, const char *path, const char *member,
                             const gn_zip_member **out, gn_error *err) {
    const gn_zip_member *found = NULL;
    gn_choices names = {0};
    size_t n = 0;
    for (size_t i = 0; i < zip->n; i++) {
        const gn_zip_member *m = &zip->member[i];
        if (!gn_path_has_suffix(m->name, ".npy")) continue;
        gn_choices_add(&names, m->name, strlen(m->name));
        if (member && !is_member(m->name, member)) continue;
        found = m;
        n++;
    }
    if (n == 0 && member)
        return gn_fail(err, GN_EINVAL, "%s: no member '%s'; the arrays are: %s", path, member,
                       names.text);
    if (n == 0) return gn_fail(err, GN_EDATA, "%s: holds no .npy array", path);
    if (n > 1)
        return gn_fail(err, GN_EINVAL, "%s: say which array as %s:NAME; there are: %s", path, path,
                       names.text);
    *out = found;
    return GN_OK;
}

gn_status gn_npz_open(const char *path, const char *member, gn_array *out, gn_error *err) {
    gn_array a = {0};
    gn_zip zip = {0};
    gn_npy h;
    gn_str name = {0};
    const gn_zip_member *m = NULL;
    gn_status st;
    GN_TRY(gn_map_open(path, &a.map, err));
    GN_TRY(gn_zip_open(a.map.data, a.map.n, path, &zip, err));
    GN_TRY(pick_member(&zip, path, member, &m, err));
    gn_str_addf(&name, "%s:%s", path, m->name);
    if (name.bad) {
        st = gn_fail_nomem(err, path, strlen(path) + strlen(m->name));
        goto done;
    }
    const unsigned char *bytes = gn_zip_stored(&zip, m);
    unsigned char *inflated = NULL;
    if (!bytes) {
        GN_TRY(gn_zip_read(&zip, m, &inflated, err));
        bytes = inflated;
        a.owned = inflated;
    }
    GN_TRY(gn_npy_parse(bytes, m->n_bytes, false, name.text, &h, err));
    GN_TRY(gn_npy_array(bytes, &h, name.text, &a, err));
    if (a.owned) gn_map_close(&a.map);
    *out = a;
    a = (gn_array){0};
done:
    gn_array_close(&a);
    gn_zip_close(&zip);
    gn_str_free(&name);
    return st;
}

static gn_status pick_tensor(const gn_tensors *t, const char *path, const char *member,
                             const gn_tensor_info **out, gn_error *err) {
    const gn_tensor_info *found = NULL;
    gn_choices names = {0};
    size_t n = 0;
    for (size_t i = 0; i < gn_tensors_count(t); i++) {
        const gn_tensor_info *info = gn_tensors_at(t, i);
        bool fits = member ? strcmp(info->name, member) == 0 : info->n_dims == 2;
        if (member || fits) gn_choices_add(&names, info->name, strlen(info->name));
        if (!fits) continue;
        found = info;
        n++;
    }
    if (n == 0 && member)
        return gn_fail(err, GN_EINVAL, "%s: no tensor '%s'; there are: %s", path, member,
                       names.text);
    if (n == 0) return gn_fail(err, GN_EDATA, "%s: holds no tensor of two dimensions", path);
    if (n > 1)
        return gn_fail(err, GN_EINVAL, "%s: say which tensor as %s:NAME; there are: %s", path, path,
                       names.text);
    *out = found;
    return GN_OK;
}

static gn_status open_tensor(const char *path, const char *member, gn_matrix *m, gn_error *err) {
    const gn_tensor_info *info = NULL;
    gn_status st = gn_tensors_open(path, &m->tensors, err);
    if (st == GN_OK) st = pick_tensor(m->tensors, path, member, &info, err);
    if (st != GN_OK) return st;
    gn_array *a = &m->array;
    a->dtype = info->dtype;
    a->n_dims = info->n_dims;
    memcpy(a->shape, info->shape, sizeof a->shape);
    a->data = gn_tensors_data(m->tensors, info);
    a->n_items = (size_t)info->n_bytes / gn_dtype_size(info->dtype);
    return GN_OK;
}

static gn_status open_by_name(const char *path, const char *member, gn_matrix *m, gn_error *err) {
    gn_array *a = &m->array;
    if (gn_path_has_suffix(path, ".npz")) return gn_npz_open(path, member, a, err);
    if (gn_path_has_suffix(path, ".safetensors") ||
        gn_path_has_suffix(path, ".safetensors.index.json"))
        return open_tensor(path, member, m, err);
    if (member)
        return gn_fail(err, GN_EINVAL,
                       "%s: only .npz and .safetensors files have members, asked for '%s'", path,
                       member);
    if (gn_path_has_suffix(path, ".npy")) return gn_npy_open(path, a, err);
    if (gn_csv_separator(path)) return gn_csv_matrix(path, a, err);
    if (!gn_path_is_file(path) && !gn_path_is_dir(path))
        return gn_map_open(path, &a->map, err); /* says why it cannot be opened */
    return gn_fail(err, GN_EINVAL,
                   "%s: unknown kind of file, expected .npy, .npz, .safetensors, .csv or .tsv",
                   path);
}

gn_status gn_matrix_open(const char *spec, gn_matrix **out, gn_error *err) {
    gn_status st;
    char *path = NULL;
    const char *member;
    gn_matrix *m = gn_calloc(1, sizeof *m);
    if (!m) return gn_fail_nomem(err, spec, sizeof *m);
    GN_TRY(gn_spec_split(spec, &path, &member, err));
    GN_TRY(open_by_name(path, member, m, err));
    GN_TRY(set_view(m, spec, err));
    *out = m;
    m = NULL;
done:
    gn_matrix_free(m);
    gn_free(path);
    return st;
}

gn_mat gn_matrix_view(const gn_matrix *m) {
    return m->view;
}

void gn_matrix_free(gn_matrix *m) {
    if (!m) return;
    gn_array_close(&m->array);
    gn_tensors_free(m->tensors);
    gn_free(m);
}
