/* Two sources beside each other: see compare.h.
 *
 * The overlap of all rows costs a search of all rows in either layer: minutes where rows are many.
 * Its mean needs far less. A sample of the rows asks for its neighbours among all rows, so that
 * each of its overlaps is the very number that the whole search would give; their mean is unbiased,
 * and its standard error is that of the sample. (Neighbours among the sample alone would be others:
 * ten times as far apart, where geometry looks different.) CKA is a sum over rows and reads all of
 * them. */
#include "view/layers/compare.h"

#include "base/ctx.h"
#include "base/random.h"
#include "math/moments.h"
#include "view/layers/layer_cost.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double sampled_pairs = 4.5e8; /* of a row that asks and one that may answer */

/* ---- what is compared ----------------------------------------------------------------------- */

static size_t sample_size(const gn_beside *x) {
    size_t n = x->pairs.n;
    if (!x->o.sample || n <= GN_COMPARE_ROWS) return n;
    double m = sampled_pairs / (double)n;
    return m > GN_COMPARE_SAMPLE  ? GN_COMPARE_SAMPLE
           : m < GN_COMPARE_LEAST ? GN_COMPARE_LEAST
                                  : (size_t)m;
}

gn_status gn_beside_new(gn_view *v, gn_source *a, gn_source *b, const gn_comparison_opts *o,
                        gn_beside *out, gn_error *err) {
    gn_status st;
    gn_beside x = {.v = v, .side = {a, b}, .o = *o};
    GN_TRY(gn_pairing_new(a, b, o->by_token, &x.pairs, err));
    x.o.k = gn_compared_k(x.pairs.n, o->k);
    x.m = sample_size(&x);
    if (x.m < x.pairs.n) {
        gn_random r = gn_random_new(gn_ctx_seed(v->ctx), 0);
        GN_TRY(gn_alloc_array(&x.asks, x.m, sizeof *x.asks, "a sample", err));
        gn_random_subset(&r, x.pairs.n, x.m, x.asks);
    }
    *out = x;
    x = (gn_beside){0};
done:
    gn_beside_free(&x);
    return st;
}

void gn_beside_free(gn_beside *x) {
    gn_pairing_free(&x->pairs);
    gn_free(x->asks);
    *x = (gn_beside){0};
}

/* ---- lists ---------------------------------------------------------------------------------- */

struct find_args {
    const gn_beside *x;
    gn_layer l;
    const int32_t *row; /* the side's rows that have partners; NULL: all */
};

static void free_knn(void *value) {
    gn_knn_free(value);
}

static gn_status make_lists(const void *args, gn_ctx *ctx, void **value, size_t *n_bytes,
                            gn_error *err) {
    const struct find_args *a = args;
    gn_status st = GN_OK;
    const gn_beside *x = a->x;
    size_t n = x->pairs.n, d = a->l.s->about.dims;
    gn_mat rows = a->l.s->view[a->l.i];
    gn_knn_opts o = {.k = x->o.k, .metric = x->o.metric, .row = x->asks, .n_rows = x->m};
    gn_knn *found;
    float *copy = NULL;
    if (!x->asks) GN_TRY(gn_search_fits(a->l.s, x->o.k, err));
    if (a->row) {
        GN_TRY(gn_alloc_array(&copy, n, d * sizeof *copy, "matched rows", err));
        GN_TRY(gn_layer_place(a->l, (gn_space){0}, a->row, n, ctx, copy, err));
        rows = gn_mat_f32(copy, n, d);
    }
    GN_TRY(gn_layer_prefix(a->l, gn_knn_compute(ctx, rows, &o, &found, err), err));
    *value = found;
    *n_bytes = found->n * found->k * (sizeof(int32_t) + sizeof(float));
done:
    gn_free(copy);
    return st;
}

static void lists_key(const gn_beside *x, int side, size_t i, gn_recipe *r) {
    char partner[32] = "";
    if (x->pairs.a) snprintf(partner, sizeof partner, " %d.%zu", side, x->side[1 - side]->id);
    snprintf(r->key, sizeof r->key, "%zu/%zu lists beside%s %d %zu %zu", x->side[side]->id, i,
             partner, (int)x->o.metric, x->o.k, x->m);
}

/* Nobody is left out and all ask: the layer's own lists do. */
static bool asks_for_all(const gn_beside *x) {
    return !x->pairs.a && !x->asks;
}

gn_status gn_beside_find(const gn_beside *x, int side, size_t i, gn_ctx *ctx, gn_beside_lists *out,
                         gn_error *err) {
    gn_status st;
    gn_beside_lists found = {0};
    gn_layer l = {x->v, x->side[side], i};
    struct find_args a = {x, l, side ? x->pairs.b : x->pairs.a};
    gn_recipe r = {.make = make_lists, .args = &a, .free = free_knn};
    if (asks_for_all(x)) {
        GN_TRY(gn_layer_neighbors(l, x->o.metric, (gn_space){0}, x->o.k, ctx, &found.held, err));
        found.knn = ((const gn_neighbors *)gn_cached_value(found.held))->all;
    } else {
        lists_key(x, side, i, &r);
        GN_TRY(gn_cache_get(x->v, &r, ctx, &found.held, err));
        found.knn = gn_cached_value(found.held);
    }
    *out = found;
done:
    return st;
}

double gn_beside_seconds(const gn_beside *x, int side, size_t i, double speed) {
    gn_layer l = {x->v, x->side[side], i};
    gn_recipe r = {0};
    if (asks_for_all(x))
        return gn_layer_neighbors_seconds(l, x->o.metric, (gn_space){0}, x->o.k, speed);
    lists_key(x, side, i, &r);
    gn_cached *held = gn_cache_peek(x->v, r.key);
    gn_cache_give(x->v, held);
    return held ? 0 : gn_search_seconds(speed, x->m, x->pairs.n, l.s->about.dims);
}

/* ---- overlap -------------------------------------------------------------------------------- */

void gn_lists_overlap(const gn_knn *a, const gn_knn *b, size_t k, size_t n, int32_t *mark,
                      float *out) {
    for (size_t i = 0; i < n; i++) mark[i] = -1;
    for (size_t i = 0; i < a->n; i++) { /* a mark is the number of the row that left it */
        size_t same = 0;
        for (size_t j = 0; j < k; j++) mark[a->index[i * a->k + j]] = (int32_t)i;
        for (size_t j = 0; j < k; j++) same += mark[b->index[i * b->k + j]] == (int32_t)i;
        out[i] = (float)same / (float)k;
    }
}

gn_status gn_beside_overlap(const gn_beside *x, const gn_knn *a, const gn_knn *b, float *share,
                            gn_agreement *out, gn_error *err) {
    gn_status st;
    int32_t *mark = NULL;
    float *own = NULL;
    double sum = 0, squares = 0, m = (double)x->m;
    GN_TRY(gn_alloc_array(&mark, x->pairs.n, sizeof *mark, "overlaps", err));
    if (!share) {
        GN_TRY(gn_alloc_array(&own, x->m, sizeof *own, "overlaps", err));
        share = own;
    }
    gn_lists_overlap(a, b, x->o.k, x->pairs.n, mark, share);
    for (size_t i = 0; i < x->m; i++) sum += (double)share[i];
    double mean = sum / m;
    for (size_t i = 0; i < x->m; i++)
        squares += ((double)share[i] - mean) * ((double)share[i] - mean);
    *out = (gn_agreement){mean, sqrt(squares / (m - 1) / m),
                          (double)x->o.k / (double)(x->pairs.n - 1)};
done:
    gn_free(mark);
    gn_free(own);
    return st;
}

/* ---- CKA ------------------------------------------------------------------------------------ */

/* Rows of both layers laid end to end: their second moments hold X'X, Y'Y and X'Y. */
struct both {
    gn_mat a, b;
    const gn_pairing *p;
    gn_ctx *ctx;
};

/* Hooks belong to the caller's thread, which is worker 0. */
static void load_both(void *user, size_t i0, size_t k, unsigned worker, double *out) {
    const struct both *w = user;
    size_t da = w->a.cols, db = w->b.cols;
    if (worker == 0) gn_ctx_progress(w->ctx, "CKA", (double)i0, (double)w->p->n, "rows");
    for (size_t i = 0; i < k; i++) {
        size_t ra = w->p->a ? (size_t)w->p->a[i0 + i] : i0 + i;
        size_t rb = w->p->b ? (size_t)w->p->b[i0 + i] : i0 + i;
        double *to = out + i * (da + db);
        const double *x = gn_mat_row_f64(w->a, ra, to);
        if (x != to) memcpy(to, x, da * sizeof *to);
        x = gn_mat_row_f64(w->b, rb, to + da);
        if (x != to + da) memcpy(to + da, x, db * sizeof *to);
    }
}

static double squares_of(const double *m, size_t ld, size_t row, size_t rows, size_t col,
                         size_t cols) {
    double sum = 0;
    for (size_t i = row; i < row + rows; i++)
        for (size_t j = col; j < col + cols; j++) sum += m[i * ld + j] * m[i * ld + j];
    return sum;
}

/* The mean of some rows, evenly spaced: near enough to the mean of all to centre by. */
static void estimate_mean(const struct both *w, double *row, double *mean) {
    enum { SOME = 4096 };
    size_t n = w->p->n, d = w->a.cols + w->b.cols, some = n < SOME ? n : SOME;
    memset(mean, 0, d * sizeof *mean);
    for (size_t i = 0; i < some; i++) {
        load_both((void *)(uintptr_t)w, i * n / some, 1, 1, row);
        for (size_t c = 0; c < d; c++) mean[c] += row[c] / (double)some;
    }
}

/* One pass centres by an estimate e of the mean and sums the rows: about the mean m itself,
 * sum (x - m)(x - m)' = sum (x - e)(x - e)' - n (m - e)(m - e)'. */
static gn_status centred_moments(const struct both *w, gn_ctx *ctx, double *m, gn_error *err) {
    gn_status st;
    size_t d = w->a.cols + w->b.cols, n = w->p->n;
    double *mean = NULL, *row = NULL, *sum = NULL;
    gn_rows rows = {.n = n, .d = d, .user = (void *)(uintptr_t)w, .load = load_both};
    GN_TRY(gn_alloc_array(&mean, d, sizeof *mean, "means", err));
    GN_TRY(gn_alloc_array(&row, d, sizeof *row, "a row", err));
    GN_TRY(gn_alloc_array(&sum, d, sizeof *sum, "sums", err));
    rows.sum = sum;
    estimate_mean(w, row, mean);
    GN_TRY(gn_rows_moments(ctx, &rows, mean, 1, m, err));
    for (size_t c = 0; c < d; c++) row[c] = sum[c] / (double)n - mean[c];
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) m[i * d + j] -= (double)n * row[i] * row[j];
done:
    gn_free(mean);
    gn_free(row);
    gn_free(sum);
    return st;
}

struct cka_args {
    const gn_beside *x;
    size_t i, j;
};

static gn_status make_cka(const void *args, gn_ctx *ctx, void **value, size_t *n_bytes,
                          gn_error *err) {
    const struct cka_args *a = args;
    gn_status st;
    struct both w = {a->x->side[0]->view[a->i], a->x->side[1]->view[a->j], &a->x->pairs, ctx};
    size_t da = w.a.cols, db = w.b.cols, d = da + db;
    double *m = NULL, *out = NULL;
    GN_TRY(gn_alloc_array(&out, 1, sizeof *out, "a similarity", err));
    GN_TRY(gn_alloc_array(&m, d, d * sizeof *m, "second moments", err));
    GN_TRY(centred_moments(&w, ctx, m, err));
    double across = squares_of(m, d, 0, da, da, db), of_a = squares_of(m, d, 0, da, 0, da),
           of_b = squares_of(m, d, da, db, da, db);
    *out = of_a > 0 && of_b > 0 ? across / sqrt(of_a) / sqrt(of_b) : (double)NAN;
    *value = out;
    *n_bytes = sizeof *out;
    out = NULL;
done:
    gn_free(out);
    gn_free(m);
    return st;
}

gn_status gn_beside_cka(const gn_beside *x, size_t i, size_t j, gn_ctx *ctx, double *out,
                        gn_error *err) {
    struct cka_args a = {x, i, j};
    gn_recipe r = {.make = make_cka, .args = &a, .free = gn_free};
    gn_cached *held;
    bool mirrored = x->side[0] == x->side[1] && j < i; /* one and the same number */
    if (mirrored) a = (struct cka_args){x, j, i};
    snprintf(r.key, sizeof r.key, "%zu/%zu cka %zu/%zu %d", x->side[0]->id, a.i, x->side[1]->id,
             a.j, (int)x->o.by_token);
    gn_status st = gn_cache_get(x->v, &r, ctx, &held, err);
    if (st != GN_OK) return st;
    *out = *(const double *)gn_cached_value(held);
    gn_cache_give(x->v, held);
    return GN_OK;
}
