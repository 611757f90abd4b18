/* One .npy of float64 a fit: the members of gn_mlem_fit, then those of each gn_mlem_weight, in the
 * order of their declaration (both hold nothing but doubles, which is checked at compile time as
 * far as sizes tell). The name is the key, so a file never goes stale: a changed cell of the table
 * changes the key of every layer, a changed layer only its own. */
#include "report/mlem_cache.h"

#include "base/ctx.h"
#include "base/str.h"
#include "gonio/io.h"
#include "io/file.h"

#include <string.h>

enum {
    FIT = sizeof(gn_mlem_fit) / sizeof(double),
    WEIGHT = sizeof(gn_mlem_weight) / sizeof(double)
};
_Static_assert(FIT * sizeof(double) == sizeof(gn_mlem_fit), "doubles only");
_Static_assert(WEIGHT * sizeof(double) == sizeof(gn_mlem_weight), "doubles only");

static gn_status add_text(gn_sha256 *s, const char *text, gn_error *err) {
    return gn_sha256_add(s, text, strlen(text) + 1, err);
}

gn_status gn_mlem_key_features(gn_sha256 *s, const gn_features *features, gn_error *err) {
    gn_status st = GN_OK;
    for (size_t k = 0; k < features->n_features; k++) {
        const gn_feature *f = &features->feature[k];
        GN_TRY(add_text(s, gn_feature_distance_name(f->distance), err));
        GN_TRY(gn_sha256_add(s, f->code, features->n * sizeof *f->code, err));
        if (f->distance != GN_DIFFER)
            GN_TRY(gn_sha256_add(s, f->level_value, f->n_levels * sizeof *f->level_value, err));
    }
done:
    return st;
}

gn_status gn_mlem_key_rows(gn_sha256 *s, gn_mat x, gn_error *err) {
    gn_status st = GN_OK;
    size_t item = gn_dtype_size(x.dtype);
    for (size_t i = 0; i < x.rows; i++)
        GN_TRY(gn_sha256_add(s, (const char *)x.data + i * x.stride * item, x.cols * item, err));
done:
    return st;
}

gn_status gn_mlem_key(gn_ctx *ctx, const gn_features *features, gn_mat x, const gn_mlem_opts *opts,
                      char key[GN_SHA256_HEX], gn_error *err) {
    gn_status st;
    gn_sha256 *s = NULL;
    const double options[] = {
        (double)features->n,     (double)features->n_features, (double)x.rows, (double)x.cols,
        (double)x.dtype,         opts->zscore ? 1 : 0,         opts->ridge,    (double)opts->folds,
        (double)opts->bootstrap, (double)opts->permutations};
    uint64_t seed = gn_ctx_seed(ctx);
    GN_TRY(gn_sha256_new(&s, err));
    GN_TRY(add_text(s, "mlem", err));
    GN_TRY(add_text(s, gn_version(), err));
    GN_TRY(add_text(s, gn_cpu_name(gn_ctx_cpu(ctx)), err));
    GN_TRY(gn_sha256_add(s, &seed, sizeof seed, err));
    GN_TRY(gn_sha256_add(s, options, sizeof options, err));
    GN_TRY(gn_mlem_key_features(s, features, err));
    GN_TRY(gn_mlem_key_rows(s, x, err));
    st = gn_sha256_end(s, key, err);
    s = NULL;
done:
    gn_sha256_free(s);
    return st;
}

static gn_status path_of(const char *dir, const char *key, char **out, gn_error *err) {
    gn_str s = {0};
    gn_str_addf(&s, "%s/mlem-%.40s.npy", dir, key);
    gn_status st = gn_str_take(&s, out, err);
    gn_str_free(&s);
    return st;
}

gn_status gn_mlem_recall(const char *dir, const char *key, size_t f, gn_mlem_fit *fit,
                         gn_mlem_weight *weight, bool *found, gn_error *err) {
    gn_status st;
    gn_error why = {0};
    char *path = NULL;
    gn_matrix *m = NULL;
    *found = false;
    GN_TRY(path_of(dir, key, &path, err));
    if (!gn_path_is_file(path)) goto done;
    st = gn_matrix_open(path, &m, &why);
    if (st == GN_ENOMEM) {
        if (err) *err = why;
        goto done;
    }
    if (st == GN_OK) {
        gn_mat x = gn_matrix_view(m);
        if (x.dtype == GN_F64 && x.cols == 1 && x.rows == FIT + f * WEIGHT) {
            memcpy(fit, x.data, sizeof *fit);
            memcpy(weight, (const double *)x.data + FIT, f * sizeof *weight);
            *found = true;
        }
    }
    st = GN_OK; /* a damaged file is computed anew and replaced */
done:
    gn_matrix_free(m);
    gn_free(path);
    return st;
}

gn_status gn_mlem_keep(const char *dir, const char *key, size_t f, const gn_mlem_fit *fit,
                       const gn_mlem_weight *weight, gn_error *err) {
    gn_status st;
    char *path = NULL;
    double *all = NULL;
    size_t n = FIT + f * WEIGHT;
    GN_TRY(gn_alloc_array(&all, n, sizeof *all, "a fit", err));
    memcpy(all, fit, sizeof *fit);
    memcpy(all + FIT, weight, f * sizeof *weight);
    GN_TRY(path_of(dir, key, &path, err));
    GN_TRY(gn_make_dirs(dir, err));
    st = gn_npy_write(path, GN_F64, &n, 1, all, err);
done:
    gn_free(all);
    gn_free(path);
    return st;
}
