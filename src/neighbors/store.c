/* Which file serves: any length k' >= k of the same layer and metric, the shortest first, because
 * the first k of k' exact neighbours are the k exact neighbours. A layer's file that is younger
 * than its list was written again after the search (a set extracted anew into the same folder):
 * then the list describes vectors that are gone, and is replaced. When rows repeat, a layer has two
 * lists (distinct.c); both serve or none. Approximate lists have names of their own, and are looked
 * for only where they will do and no exact ones are kept; the first k of k' of them have the recall
 * that was measured for k. A long search that is stopped leaves a file there from
 * which the next one goes on (checkpoint.c). */
#define _DEFAULT_SOURCE
#include "neighbors/approximate.h"

#include "base/ctx.h"
#include "base/mem.h"
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
static size_t stored_k(const char *folder, const char *stem, bool approximate, size_t k) {
    size_t best = 0, n = strlen(stem);
    const char *const mark = approximate ? ".approximate" : "";
    const size_t n_mark = strlen(mark);
    DIR *d = opendir(folder);
    if (!d) return 0;
    for (const struct dirent *e; (e = readdir(d));) {
        unsigned long long found = 0;
        int end = 0;
        if (strncmp(e->d_name, stem, n) != 0) continue;
        if (sscanf(e->d_name + n, "%9llu%n", &found, &end) != 1 || found < k) continue;
        const char *rest = e->d_name + n + (size_t)end;
        if (strncmp(rest, mark, n_mark) != 0 || strcmp(rest + n_mark, ".index.npy") != 0) continue;
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

/* The k of a stored list that serves, or 0. */
static size_t serving_k(const char *folder, const char *stem, bool approximate,
                        const char *layer_path, size_t k) {
    gn_str index = {0};
    struct timespec of_layer, of_index;
    size_t found = stored_k(folder, stem, approximate, k);
    if (found == 0) return 0;
    gn_str_addf(&index, "%s/%s%zu%s.index.npy", folder, stem, found,
                approximate ? ".approximate" : "");
    bool serves = !index.bad && changed(layer_path, &of_layer) && changed(index.text, &of_index) &&
                  !older(of_index, of_layer);
    gn_str_free(&index);
    return serves ? found : 0;
}

/* NULL when nothing usable is stored. */
static gn_knn *load(gn_ctx *ctx, const char *folder, const char *stem, bool approximate,
                    const char *layer_path, size_t n, size_t k) {
    gn_knn *knn = NULL;
    gn_error why;
    gn_str prefix = {0};
    size_t found = serving_k(folder, stem, approximate, layer_path, k);
    if (found == 0) return NULL;
    gn_str_addf(&prefix, "%s/%s%zu", folder, stem, found);
    if (!prefix.bad) {
        if ((approximate ? gn_knn_read_approximate : gn_knn_read)(prefix.text, n, &knn, &why) !=
            GN_OK) {
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
    return knn;
}

static bool keep(gn_ctx *ctx, const gn_knn *knn, const char *folder, const char *stem) {
    gn_error why;
    gn_str prefix = {0};
    gn_str_addf(&prefix, "%s/%s%zu", folder, stem, knn->k);
    gn_status st = prefix.bad ? gn_fail_nomem(&why, "a file name", 0) : gn_make_dirs(folder, &why);
    if (st == GN_OK) st = gn_knn_write(knn, prefix.text, &why);
    if (st != GN_OK) gn_ctx_log(ctx, GN_LOG_WARNING, "neighbours are not kept: %s", why.message);
    gn_str_free(&prefix);
    return st == GN_OK;
}

/* Where the lists of one layer are. */
struct place {
    gn_str folder, layer; /* the folder of lists; the layer's file */
    gn_str partial;       /* a search that has not come to its end */
    char all[64], distinct[64];
};

static void place_free(struct place *p) {
    gn_str_free(&p->folder);
    gn_str_free(&p->layer);
    gn_str_free(&p->partial);
}

static gn_status place_of(const char *dir, size_t number, const gn_knn_opts *opts, struct place *p,
                          gn_error *err) {
    const char *name = gn_metric_name(opts->metric);
    snprintf(p->all, sizeof p->all, "layer.%02zu.%s.k", number, name);
    snprintf(p->distinct, sizeof p->distinct, "layer.%02zu.%s.distinct.k", number, name);
    gn_str_addf(&p->folder, "%s/knn", dir);
    gn_str_addf(&p->layer, "%s/layer.%02zu.npy", dir, number);
    gn_str_addf(&p->partial, "%s/knn/%s%zu.partial", dir, p->all, opts->k);
    return p->folder.bad || p->layer.bad || p->partial.bad ? gn_fail_nomem(err, "a file name", 0)
                                                           : GN_OK;
}

/* Keeps what a search has found; the search itself is no longer needed then. */
static void keep_both(gn_ctx *ctx, const struct place *p, const gn_neighbors *found) {
    bool kept = keep(ctx, found->all, p->folder.text, p->all);
    if (found->distinct && found->distinct != found->all)
        kept &= keep(ctx, found->distinct, p->folder.text, p->distinct);
    if (kept && !found->all->recall) remove(p->partial.text);
}

/* Both lists, or none: they come from one search. */
static bool load_both(gn_ctx *ctx, const struct place *p, const gn_distinct *d, size_t k,
                      gn_neighbors *out) {
    const char *folder = p->folder.text, *layer = p->layer.text;
    size_t k_distinct = k < d->n - 1 ? k : d->n - 1;
    gn_knn *distinct = NULL, *all = load(ctx, folder, p->all, false, layer, d->n_rows, k);
    if (!all) return false;
    if (d->n == d->n_rows)
        distinct = all;
    else if (d->n > 1)
        distinct = load(ctx, folder, p->distinct, false, layer, d->n, k_distinct);
    if (!distinct && d->n > 1) {
        gn_knn_free(all);
        return false;
    }
    out->all = all;
    out->distinct = distinct;
    return true;
}

/* Approximate lists, where no row repeats also in the place of those among distinct rows. */
static bool load_approximate(gn_ctx *ctx, const struct place *p, const gn_distinct *d, size_t k,
                             gn_neighbors *out) {
    out->all = load(ctx, p->folder.text, p->all, true, p->layer.text, d->n_rows, k);
    if (d->n == d->n_rows) out->distinct = out->all;
    return out->all != NULL;
}

bool gn_neighbors_stored(const gn_reps *reps, size_t layer, const gn_knn_opts *opts) {
    const char *dir = gn_reps_dir(reps);
    struct place place = {0};
    gn_error ignored;
    bool stored =
        dir && opts->k > 0 &&
        place_of(dir, gn_reps_layer_index(reps, layer), opts, &place, &ignored) == GN_OK &&
        serving_k(place.folder.text, place.all, false, place.layer.text, opts->k) > 0;
    place_free(&place);
    return stored;
}

gn_status gn_neighbors_of_layer(gn_ctx *ctx, const gn_reps *reps, size_t layer,
                                const gn_knn_opts *opts, gn_neighbors **out, bool *reused,
                                gn_error *err) {
    gn_status st = GN_OK;
    const char *dir = gn_reps_dir(reps);
    gn_mat x = gn_reps_layer(reps, layer);
    size_t number = gn_reps_layer_index(reps, layer);
    struct place place = {0};
    gn_distinct d = {0};
    gn_knn_opts o = *opts;
    gn_neighbors *neighbors = gn_calloc(1, sizeof *neighbors);
    if (!neighbors) GN_TRY(gn_fail_nomem(err, "neighbours", sizeof *neighbors));
    if (dir) {
        GN_TRY(place_of(dir, number, opts, &place, err));
        o.checkpoint = opts->keep_nothing ? NULL : place.partial.text;
    }
    GN_TRY(gn_distinct_check(opts, err));
    GN_TRY(gn_distinct_new(ctx, x, &d, err));
    bool found =
        dir && opts->k > 0 &&
        (load_both(ctx, &place, &d, opts->k, neighbors) ||
         (gn_knn_approximates(x, opts) && load_approximate(ctx, &place, &d, opts->k, neighbors)));
    if (!found) {
        GN_TRY(gn_distinct_search(ctx, x, &d, &o, neighbors, err));
        if (dir && !opts->keep_nothing) keep_both(ctx, &place, neighbors);
    }
    if (reused) *reused = found;
    gn_distinct_give(&d, neighbors);
    *out = neighbors;
    neighbors = NULL;
done:
    if (st != GN_OK) gn_error_prefix(err, "%s, layer %zu", gn_reps_name(reps), number);
    place_free(&place);
    gn_distinct_free(&d);
    gn_neighbors_free(neighbors);
    return st;
}
