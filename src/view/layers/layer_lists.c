/* Neighbours of all rows of a layer, or of a sample, in any space. */
#include "base/ctx.h"
#include "base/random.h"
#include "view/layers/layer_cost.h"

#include <stdio.h>

/* ---- a layer as a space sees it, in float32 ----------------------------------------------------
 */

struct placing {
    const gn_scan *scan;
    const int32_t *row;
    size_t n, d;
    float *out;
    double *buf; /* (threads, d) */
};

enum { PLACED_AT_ONCE = 256 };

static gn_status place_block(void *user, size_t block, unsigned worker, gn_error *err) {
    const struct placing *p = user;
    double *buf = p->buf + worker * p->d;
    size_t end = (block + 1) * PLACED_AT_ONCE;
    (void)err;
    for (size_t i = block * PLACED_AT_ONCE; i < end && i < p->n; i++) {
        gn_scan_place_row(p->scan, p->row ? (size_t)p->row[i] : i, buf);
        for (size_t c = 0; c < p->d; c++) p->out[i * p->d + c] = (float)buf[c];
    }
    return GN_OK;
}

gn_status gn_layer_place(gn_layer l, gn_space space, const int32_t *row, size_t n, gn_ctx *ctx,
                         float *out, gn_error *err) {
    gn_status st;
    size_t d = l.s->about.dims;
    gn_cached *held = NULL;
    struct placing p = {.row = row, .n = n, .d = d, .out = out};
    GN_TRY(gn_layer_scan(l, GN_EUCLIDEAN, space, ctx, &held, err));
    p.scan = gn_layer_scan_of(held);
    GN_TRY(gn_alloc_array(&p.buf, gn_ctx_threads(ctx) * sizeof(double), d, "a row for each thread",
                          err));
    st = gn_parallel(ctx, (n + PLACED_AT_ONCE - 1) / PLACED_AT_ONCE, place_block, &p, NULL, err);
done:
    gn_free(p.buf);
    gn_cache_give(l.v, held);
    return st;
}

/* ---- lists -------------------------------------------------------------------------------------
 */

struct list_args {
    gn_layer l;
    gn_metric metric;
    gn_space space;
    size_t k, sample; /* sample: rows of it; 0: all */
    gn_knn_how how;
    uint64_t seed; /* of approximate lists */
};

static void free_neighbors(void *value) {
    gn_neighbors_free(value);
}

/* The rows that are compared, where they are not the layer as it lies. */
static gn_status copy_rows(gn_ctx *ctx, const struct list_args *a, float **out, gn_error *err) {
    gn_status st = GN_OK;
    size_t rows = a->l.s->about.rows, d = a->l.s->about.dims, n = a->sample ? a->sample : rows;
    int32_t *row = NULL;
    float *x = NULL;
    GN_TRY(gn_alloc_array(&x, n, d * sizeof *x, "rows to compare", err));
    if (a->sample) {
        gn_random r = gn_random_new(gn_ctx_seed(ctx), 0);
        GN_TRY(gn_alloc_array(&row, n, sizeof *row, "a sample", err));
        gn_random_subset(&r, rows, n, row);
    }
    GN_TRY(gn_layer_place(a->l, a->space, row, n, ctx, x, err));
    *out = x;
    x = NULL;
done:
    gn_free(x);
    gn_free(row);
    return st;
}

/* Lists of the rows as they lie may be kept in the set's folder. */
static bool is_stored(const struct list_args *a) {
    gn_knn_opts o = {.k = a->k, .metric = a->metric};
    const gn_reps *reps = a->l.s->reps;
    return reps && !a->space.center && !a->sample && gn_neighbors_stored(reps, a->l.i, &o);
}

static gn_status make_neighbors(const void *args, gn_ctx *ctx, void **value, size_t *n_bytes,
                                gn_error *err) {
    const struct list_args *a = args;
    gn_status st = GN_OK;
    gn_mat x = a->l.s->view[a->l.i];
    const gn_reps *reps = a->l.s->reps;
    gn_knn_opts o = {.k = a->k, .metric = a->metric, .keep_nothing = true, .how = a->how};
    gn_neighbors *found = NULL;
    float *copy = NULL;
    if (!a->sample && !is_stored(a)) GN_TRY(gn_search_fits(a->l.s, a->k, err));
    if (a->space.center || a->sample) {
        GN_TRY(copy_rows(ctx, a, &copy, err));
        x = gn_mat_f32(copy, a->sample ? a->sample : x.rows, x.cols);
        reps = NULL;
    }
    st = reps ? gn_neighbors_of_layer(ctx, reps, a->l.i, &o, &found, NULL, err)
              : gn_layer_prefix(a->l, gn_knn_compute_distinct(ctx, x, &o, &found, err), err);
    if (st != GN_OK) goto done;
    *value = found;
    *n_bytes = 2 * x.rows * a->k * (sizeof(int32_t) + sizeof(float));
done:
    gn_free(copy);
    return st;
}

static void settle(struct list_args *a, gn_recipe *r) {
    size_t rows = a->sample ? a->sample : a->l.s->about.rows;
    if (a->k > rows - 1) a->k = rows - 1;
    /* a common shift is nothing to the Euclidean metric */
    if (a->metric == GN_EUCLIDEAN && a->space.remove == 0) a->space.center = false;
    snprintf(r->key, sizeof r->key, "%zu/%zu lists %d %d %zu %zu %zu %d %llu", a->l.s->id, a->l.i,
             (int)a->metric, (int)a->space.center, a->space.remove, a->k, a->sample, (int)a->how,
             (unsigned long long)a->seed);
}

static gn_status find_lists(struct list_args *a, gn_ctx *ctx, gn_cached **out, gn_error *err) {
    gn_recipe r = {.make = make_neighbors, .args = a, .free = free_neighbors};
    if (a->l.s->about.rows < 2)
        return gn_fail(err, GN_EINVAL, "%s has one row: it has no neighbours", a->l.s->about.name);
    settle(a, &r);
    return gn_cache_get(a->l.v, &r, ctx, out, err);
}

gn_status gn_layer_neighbors(gn_layer l, gn_metric metric, gn_space space, size_t k, gn_ctx *ctx,
                             gn_cached **out, gn_error *err) {
    struct list_args a = {.l = l, .metric = metric, .space = space, .k = k};
    return find_lists(&a, ctx, out, err);
}

double gn_layer_neighbors_seconds(gn_layer l, gn_metric metric, gn_space space, size_t k,
                                  double speed) {
    struct list_args a = {.l = l, .metric = metric, .space = space, .k = k};
    gn_recipe r = {0};
    size_t n = l.s->about.rows;
    if (n < 2) return 0;
    settle(&a, &r);
    gn_cached *held = gn_cache_peek(l.v, r.key);
    gn_cache_give(l.v, held);
    if (held || is_stored(&a)) return 0;
    return gn_search_seconds(speed, n, n, l.s->about.dims);
}

gn_status gn_layer_near(gn_layer l, gn_metric metric, gn_space space, size_t k, gn_knn_how how,
                        gn_ctx *ctx, gn_cached **out, gn_error *err) {
    struct list_args a = {.l = l, .metric = metric, .space = space, .k = k, .how = how};
    if (how == GN_KNN_AUTO) a.how = gn_knn_choose(l.s->about.rows, l.s->about.dims);
    if (a.how == GN_KNN_APPROXIMATE) a.seed = gn_ctx_seed(ctx);
    return find_lists(&a, ctx, out, err);
}

gn_status gn_layer_sample_neighbors(gn_layer l, gn_space space, size_t k, size_t max_rows,
                                    gn_ctx *ctx, gn_cached **out, gn_error *err) {
    struct list_args a = {.l = l,
                          .metric = GN_EUCLIDEAN,
                          .space = space,
                          .k = k,
                          .sample = l.s->about.rows > max_rows ? max_rows : 0};
    return find_lists(&a, ctx, out, err);
}
