/* Which file serves: any length k' >= k of the same layer and metric, the shortest first, because
 * the first k of k' exact neighbours are the k exact neighbours. A layer's file that is younger
 * than its list was written again after the search (a set extracted anew into the same folder):
 * then the list describes vectors that are gone, and is replaced. */
#define _DEFAULT_SOURCE
#include "gonio/neighbors.h"

#include "base/ctx.h"
#include "base/str.h"
#include "io/file.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Seconds and nanoseconds of the last change; false when there is no such file. */
static bool changed(const char *path, struct timespec *t) {
    struct stat s;
    if (stat(path, &s) != 0) return false;
#if defined(__APPLE__)
    *t = s.st_mtimespec;
#else
    *t = s.st_mtim;
#endif
    return true;
}

static bool older(struct timespec a, struct timespec b) {
    return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

/* The shortest stored list with at least k neighbours: its k, or 0. */
static size_t stored_k(const char *folder, const char *stem, size_t k) {
    size_t best = 0, n = strlen(stem);
    DIR *d = opendir(folder);
    if (!d) return 0;
    for (const struct dirent *e; (e = readdir(d));) {
        unsigned long long found = 0;
        int end = 0;
        if (strncmp(e->d_name, stem, n) != 0) continue;
        if (sscanf(e->d_name + n, "%9llu.index.npy%n", &found, &end) != 1 || end == 0) continue;
        if (e->d_name[n + (size_t)end] != '\0' || found < k) continue;
        if (best == 0 || found < best) best = (size_t)found;
    }
    closedir(d);
    return best;
}

static void shorten(gn_knn *knn, size_t k) {
    for (size_t i = 0; i < knn->n; i++) {
        memmove(knn->index + i * k, knn->index + i * knn->k, k * sizeof *knn->index);
        memmove(knn->distance + i * k, knn->distance + i * knn->k, k * sizeof *knn->distance);
    }
    knn->k = k;
}

/* NULL when nothing usable is stored. */
static gn_knn *load(gn_ctx *ctx, const char *folder, const char *stem, const char *layer_path,
                    size_t n, size_t k) {
    gn_knn *knn = NULL;
    gn_error why;
    gn_str prefix = {0}, index = {0};
    struct timespec of_layer, of_index;
    size_t found = stored_k(folder, stem, k);
    if (found == 0) return NULL;
    gn_str_addf(&prefix, "%s/%s%zu", folder, stem, found);
    gn_str_addf(&index, "%s/%s%zu.index.npy", folder, stem, found);
    if (!prefix.bad && !index.bad && changed(layer_path, &of_layer) &&
        changed(index.text, &of_index) && !older(of_index, of_layer)) {
        if (gn_knn_read(prefix.text, n, &knn, &why) != GN_OK) {
            gn_ctx_log(ctx, GN_LOG_WARNING, "%s; searching again", why.message);
            knn = NULL;
        } else if (knn->k < k) { /* the name promised more than the file holds */
            gn_knn_free(knn);
            knn = NULL;
        } else {
            shorten(knn, k);
        }
    }
    gn_str_free(&prefix);
    gn_str_free(&index);
    return knn;
}

static void keep(gn_ctx *ctx, const gn_knn *knn, const char *folder, const char *stem) {
    gn_error why;
    gn_str prefix = {0};
    gn_str_addf(&prefix, "%s/%s%zu", folder, stem, knn->k);
    gn_status st = prefix.bad ? gn_fail_nomem(&why, "a file name", 0) : gn_make_dirs(folder, &why);
    if (st == GN_OK) st = gn_knn_write(knn, prefix.text, &why);
    if (st != GN_OK) gn_ctx_log(ctx, GN_LOG_WARNING, "neighbours are not kept: %s", why.message);
    gn_str_free(&prefix);
}

gn_status gn_neighbors_of_layer(gn_ctx *ctx, const gn_reps *reps, size_t layer,
                                const gn_knn_opts *opts, gn_knn **out, bool *reused,
                                gn_error *err) {
    gn_status st = GN_OK;
    const char *dir = gn_reps_dir(reps);
    gn_mat x = gn_reps_layer(reps, layer);
    gn_str folder = {0}, path = {0};
    gn_knn *knn = NULL;
    char stem[64];
    size_t number = gn_reps_layer_index(reps, layer);
    snprintf(stem, sizeof stem, "layer.%02zu.%s.k", number, gn_metric_name(opts->metric));
    if (dir) {
        gn_str_addf(&folder, "%s/knn", dir);
        gn_str_addf(&path, "%s/layer.%02zu.npy", dir, number);
        if (folder.bad || path.bad) GN_TRY(gn_fail_nomem(err, "a file name", 0));
        if (opts->k > 0) knn = load(ctx, folder.text, stem, path.text, x.rows, opts->k);
    }
    if (reused) *reused = knn != NULL;
    if (!knn) {
        st = gn_knn_compute(ctx, x, opts, &knn, err);
        if (st != GN_OK) {
            gn_error_prefix(err, "%s, layer %zu", gn_reps_name(reps), number);
            goto done;
        }
        if (dir) keep(ctx, knn, folder.text, stem);
    }
    *out = knn;
done:
    gn_str_free(&folder);
    gn_str_free(&path);
    return st;
}
