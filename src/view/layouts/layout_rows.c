/* The vectors that a layout places: the mapped layer itself where it is taken as it is, else a copy
 * in float32 of the chosen rows in the chosen space, which lives while its layer is made. So memory
 * holds one layer at a time, whatever the number of layers (two while layers are aligned: the lists
 * of the layer before). */
#include "base/ctx.h"
#include "view/layouts/layout.h"

#include <math.h>

enum {
    AT_ONCE = 256,
    LISTED = 90, /* neighbours of perplexity 30; fewer are a part of these */
    LISTED_NEAR =
        15 /* of approximate lists, which cost more the longer they are: for the quality */
};

struct copying {
    const int32_t *row; /* (n); NULL: all */
    size_t n;
    gn_mat x;
    const gn_scan *scan; /* NULL: the raw space */
    float *out;
    double *buffer; /* (threads, d) */
};

static gn_status copy_block(void *user, size_t block, unsigned worker, gn_error *err) {
    const struct copying *c = user;
    const size_t d = c->x.cols, end = (block + 1) * AT_ONCE < c->n ? (block + 1) * AT_ONCE : c->n;
    double *buffer = c->buffer + worker * d;
    for (size_t i = block * AT_ONCE; i < end; i++) {
        const size_t row = c->row ? (size_t)c->row[i] : i;
        const double *from = buffer;
        if (c->scan)
            gn_scan_place_row(c->scan, row, buffer);
        else
            from = gn_mat_row_f64(c->x, row, buffer);
        for (size_t e = 0; e < d; e++) {
            c->out[i * d + e] = (float)from[e];
            if (!isfinite(from[e]))
                return gn_fail(err, GN_EDATA, "row %zu, column %zu is %g: expected a finite number",
                               row, e, from[e]);
        }
    }
    return GN_OK;
}

gn_status gn_vlayout_rows_open(gn_vlayout *l, size_t i, bool all_rows, gn_ctx *ctx,
                               gn_vlayout_rows *out, gn_error *err) {
    const gn_layer layer = {l->v, l->s, l->layer[i].stored};
    const gn_mat x = l->s->view[layer.i];
    gn_status st = GN_OK;
    gn_cached *held = NULL;
    gn_vlayout_rows r = {.x = x};
    struct copying c = {.row = all_rows ? NULL : l->row, .x = x};
    c.n = c.row ? l->n : x.rows;
    if (!c.row && !l->space.center) { /* other methods look at every value themselves */
        if (l->method == GN_LAYOUT_TSNE || l->method == GN_LAYOUT_UMAP) {
            char name[160];
            snprintf(name, sizeof name, "%.100s, layer %zu", l->s->about.name,
                     gn_source_layer(l->s, layer.i));
            GN_TRY(gn_mat_check_finite(x, name, err));
        }
        *out = r;
        return GN_OK;
    }
    if (l->space.center) {
        GN_TRY(gn_layer_scan(layer, GN_EUCLIDEAN, l->space, ctx, &held, err));
        c.scan = gn_layer_scan_of(held);
    }
    GN_TRY(gn_alloc_array(&r.copy, c.n, x.cols * sizeof(float), "a layer's rows", err));
    GN_TRY(gn_alloc_array(&c.buffer, gn_ctx_threads(ctx) * x.cols, sizeof *c.buffer, "rows", err));
    c.out = r.copy;
    GN_TRY(gn_layer_prefix(
        layer, gn_parallel(ctx, (c.n + AT_ONCE - 1) / AT_ONCE, copy_block, &c, NULL, err), err));
    r.x = gn_mat_f32(r.copy, c.n, x.cols);
    *out = r;
    r.copy = NULL;
done:
    gn_free(r.copy);
    gn_free(c.buffer);
    gn_cache_give(l->v, held);
    return st;
}

/* For who asks for the state: of lists with k neighbours that the map looks at. */
static void note_search(gn_vlayout *l, size_t i, const gn_knn *knn, size_t k) {
    gn_vlayout_layer *y = &l->layer[i];
    pthread_mutex_lock(&l->lock);
    y->has_search = true;
    y->approximate = knn->recall != NULL;
    y->recall = knn->recall ? knn->recall[(k < knn->k ? k : knn->k) - 1] : (gn_recall){1, 0};
    pthread_mutex_unlock(&l->lock);
}

gn_status gn_vlayout_rows_knn(gn_vlayout *l, size_t i, size_t k, gn_ctx *ctx, gn_vlayout_rows *r,
                              gn_error *err) {
    const gn_layer layer = {l->v, l->s, l->layer[i].stored};
    const gn_knn_how how =
        l->search == GN_KNN_AUTO ? gn_knn_choose(r->x.rows, r->x.cols) : l->search;
    const size_t least = how == GN_KNN_EXACT ? LISTED : LISTED_NEAR, looked_at = k;
    gn_cached *held = NULL;
    gn_knn *own = NULL;
    gn_status st;
    if (k < least) k = least;
    if (k > 1024) k = 1024;
    if (k > l->n - 1) k = l->n - 1;
    if (r->knn && r->knn->k >= k) {
        note_search(l, i, r->knn, looked_at);
        return GN_OK;
    }
    if (!l->row) {
        st = gn_layer_near(layer, l->metric, l->space, k, how, ctx, &held, err);
        if (st != GN_OK) return st;
        const gn_neighbors *found = gn_cached_value(held);
        r->knn = found->all;
    } else {
        const gn_knn_opts o = {.k = k, .metric = l->metric, .how = how};
        st = gn_layer_prefix(layer, gn_knn_compute(ctx, r->x, &o, &own, err), err);
        if (st != GN_OK) return st;
        r->knn = own;
    }
    note_search(l, i, r->knn, looked_at);
    gn_cache_give(l->v, r->held);
    gn_knn_free(r->own);
    r->held = held;
    r->own = own;
    return GN_OK;
}

void gn_vlayout_rows_close(gn_vlayout *l, gn_vlayout_rows *r) {
    gn_free(r->copy);
    gn_cache_give(l->v, r->held);
    gn_knn_free(r->own);
    *r = (gn_vlayout_rows){0};
}
