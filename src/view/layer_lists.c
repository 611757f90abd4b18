/* Neighbours of all rows of a layer, in any space. */
#include "base/ctx.h"
#include "view/layers.h"

#include <stdio.h>

enum { MAX_LISTED = 150000 /* rows compared with each other on request */ };

struct list_args {
    gn_layer l;
    gn_metric metric;
    gn_space space;
    size_t k;
};

static void free_neighbors(void *value) {
    gn_neighbors_free(value);
}

/* ---- a layer as a space sees it, in float32 ----------------------------------------------------
 */

struct placing {
    const gn_scan *scan;
    size_t n, d;
    float *out;
    double *buf; /* (threads, d) */
};

enum { PLACED_AT_ONCE = 256 };

static gn_status place_block(void *user, size_t block, unsigned worker, gn_error *err) {
    const struct placing *p = user;
    double *buf = p->buf + worker * p->d;
    size_t end = (block + 1) * PLACED_AT_ONCE;
    for (size_t i = block * PLACED_AT_ONCE; i < end && i < p->n; i++) {
        gn_scan_place_row(p->scan, i, buf);
        for (size_t c = 0; c < p->d; c++) p->out[i * p->d + c] = (float)buf[c];
    }
    (void)err;
    return GN_OK;
}

static gn_status place_rows(gn_ctx *ctx, const struct list_args *a, float **out, gn_error *err) {
    gn_status st;
    gn_mat x = a->l.s->view[a->l.i];
    gn_cached *held = NULL;
    struct placing p = {.n = x.rows, .d = x.cols};
    GN_TRY(gn_layer_scan(a->l, a->metric, a->space, ctx, &held, err));
    p.scan = gn_layer_scan_of(held);
    GN_TRY(gn_alloc_array(&p.out, x.rows, x.cols * sizeof(float), "a layer in another space", err));
    GN_TRY(gn_alloc_array(&p.buf, gn_ctx_threads(ctx) * sizeof(double), x.cols,
                          "a row for each thread", err));
    GN_TRY(gn_parallel(ctx, (x.rows + PLACED_AT_ONCE - 1) / PLACED_AT_ONCE, place_block, &p, NULL,
                       err));
    *out = p.out;
    p.out = NULL;
done:
    gn_free(p.buf);
    gn_free(p.out);
    gn_cache_give(a->l.v, held);
    return st;
}

/* ---- lists -------------------------------------------------------------------------------------
 */

static gn_status make_neighbors(const void *args, gn_ctx *ctx, void **value, size_t *n_bytes,
                                gn_error *err) {
    const struct list_args *a = args;
    gn_status st = GN_OK;
    gn_mat x = a->l.s->view[a->l.i];
    const gn_reps *reps = a->l.s->reps;
    gn_knn_opts o = {.k = a->k, .metric = a->metric, .keep_nothing = true};
    gn_neighbors *found = NULL;
    float *placed = NULL;
    if (a->space.center) {
        GN_TRY(place_rows(ctx, a, &placed, err));
        x = gn_mat_f32(placed, x.rows, x.cols);
        reps = NULL;
    }
    st = reps ? gn_neighbors_of_layer(ctx, reps, a->l.i, &o, &found, NULL, err)
              : gn_layer_prefix(a->l, gn_knn_compute_distinct(ctx, x, &o, &found, err), err);
    if (st != GN_OK) goto done;
    *value = found;
    *n_bytes = 2 * x.rows * a->k * (sizeof(int32_t) + sizeof(float));
done:
    gn_free(placed);
    return st;
}

gn_status gn_layer_neighbors(gn_layer l, gn_metric metric, gn_space space, size_t k, gn_ctx *ctx,
                             gn_cached **out, gn_error *err) {
    gn_mat x = l.s->view[l.i];
    if (metric == GN_EUCLIDEAN && space.remove == 0) space.center = false; /* a common shift */
    if (x.rows < 2)
        return gn_fail(err, GN_EINVAL, "%s has one row: it has no neighbours", l.s->about.name);
    if (x.rows > MAX_LISTED)
        return gn_fail(err, GN_EINVAL,
                       "%s has %zu rows: neighbours of all of them take too long to wait for (at "
                       "most %d rows here); gonio knn computes and keeps them",
                       l.s->about.name, x.rows, MAX_LISTED);
    struct list_args a = {l, metric, space, k < x.rows - 1 ? k : x.rows - 1};
    gn_recipe r = {.make = make_neighbors, .args = &a, .free = free_neighbors};
    snprintf(r.key, sizeof r.key, "%zu/%zu lists %d %d %zu %zu", l.s->id, l.i, (int)metric,
             (int)space.center, space.remove, a.k);
    return gn_cache_get(l.v, &r, ctx, out, err);
}
