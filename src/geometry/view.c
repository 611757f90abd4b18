/* Measurements of parts and of repaired layers read the layer where it lies: rows are picked,
 * widened to float64 and repaired 64 at a time, on the way into the passes that sum over them. A
 * selection costs no copy, a repair no second layer on disk, and a part is measured by the same
 * code, bit for bit, as a copy of its rows would be. */
#include "geometry/view.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

enum {
    MEAN_ROWS = 2048, /* of one partial sum of the means */
    AHEAD = 2,        /* rows between the one that is fetched and the one that is read */
};

gn_status gn_view_new(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts, gn_view *out,
                      gn_error *err) {
    gn_view v = gn_view_of(ctx, x, x.rows, NULL);
    if (opts) {
        v.row = opts->row;
        v.repair = opts->repair;
        if (v.row) v.n = opts->n_rows;
    }
    if (v.n < 1 || x.cols < 1)
        return gn_fail(err, GN_EINVAL, "isotropy of a matrix of (%zu, %zu): expected rows", v.n,
                       x.cols);
    if (x.dtype > GN_BF16)
        return gn_fail(err, GN_EINVAL, "isotropy of a matrix of type %s: expected a floating type",
                       gn_dtype_name(x.dtype));
    for (size_t i = 0; v.row && i < v.n; i++)
        if (v.row[i] < 0 || (size_t)v.row[i] >= x.rows)
            return gn_fail(err, GN_EINVAL, "row number %d: expected 0 ... %zu", v.row[i],
                           x.rows - 1);
    if (v.repair && v.repair->d != x.cols)
        return gn_fail(err, GN_EINVAL, "a repair of %zu columns for a matrix of %zu", v.repair->d,
                       x.cols);
    *out = v;
    return GN_OK;
}

static const gn_linear_map *map_of(const gn_view *v) {
    const gn_repair *r = v->repair;
    if (!r) return NULL;
    return v->turned && r->turned ? r->turned : r->map;
}

size_t gn_view_scratch(const gn_view *v) {
    const gn_linear_map *map = map_of(v);
    return map ? GN_VIEW_ROWS * v->x.cols + gn_linear_map_scratch(map) : 0;
}

/* y -= sum over the directions of (y . v) v: they are orthonormal, so one after the other. */
static void remove_directions(const gn_repair *r, size_t g, const gn_vec *vec, double *y) {
    for (size_t k = 0; k < r->n_directions; k++) {
        const double *v = r->direction + (g * r->n_directions + k) * r->d;
        vec->add(-vec->dot_f64(v, y, r->d), v, r->d, y);
    }
}

static void repair_row(const gn_repair *r, size_t row, const gn_vec *vec, double *y) {
    size_t g = r->group ? (size_t)r->group[row] : 0;
    vec->add(-1, r->origin + g * r->d, r->d, y);
    if (r->scale)
        for (size_t j = 0; j < r->d; j++) y[j] *= r->scale[j];
    if (r->n_directions) remove_directions(r, g, vec, y);
}

/* Rows in the order of their types lie anywhere: the processor is told of one while it works on
 * those before it. */
static void fetch(const gn_view *v, size_t row) {
    size_t size = gn_dtype_size(v->x.dtype);
    const char *p = (const char *)v->x.data + row * v->x.stride * size;
    for (size_t b = 0; b < v->x.cols * size; b += 64) __builtin_prefetch(p + b);
}

void gn_view_load(const gn_view *v, const int32_t *at, size_t i0, size_t k, double *out,
                  double *scratch) {
    const gn_repair *r = v->repair;
    size_t d = v->x.cols;
    const gn_linear_map *map = map_of(v);
    double *to = map ? scratch : out;
    for (size_t i = 0; i < k; i++, to += d) {
        size_t row = gn_view_row(v, at ? (size_t)at[i] : i0 + i);
        if (at && i + AHEAD < k) fetch(v, gn_view_row(v, (size_t)at[i + AHEAD]));
        if (v->x.dtype == GN_F32) {
            v->vec->widen(gn_mat_row_f32(v->x, row, NULL), d, to);
        } else {
            const double *x = gn_mat_row_f64(v->x, row, to);
            if (x != to) memcpy(to, x, d * sizeof *to);
        }
        if (r) repair_row(r, row, v->vec, to);
    }
    if (map) gn_linear_map_run(map, scratch, k, out, scratch + GN_VIEW_ROWS * d);
}

gn_status gn_view_keys(const gn_view *v, const int32_t *key, int32_t **out, gn_error *err) {
    int32_t *keys = NULL;
    if (key) {
        gn_status st = gn_alloc_array(&keys, v->n, sizeof *keys, "keys of rows", err);
        if (st != GN_OK) return st;
        for (size_t i = 0; i < v->n; i++) keys[i] = key[gn_view_row(v, i)];
    }
    *out = keys;
    return GN_OK;
}

gn_status gn_view_unfit(const gn_view *v, size_t i, double *buf, gn_error *err) {
    size_t row = gn_view_row(v, i);
    const double *x = gn_mat_row_f64(v->x, row, buf);
    for (size_t j = 0; j < v->x.cols; j++)
        if (!isfinite(x[j]))
            return gn_fail(err, GN_EDATA, "row %zu, column %zu is %g: expected a finite number",
                           row, j, x[j]);
    return gn_fail(err, GN_EDATA, "row %zu is too long: its squared length overflows", row);
}

/* ---- passes -------------------------------------------------------------------------------------
 */

struct pass {
    const gn_view *v;
    size_t scratch_size;
    double *scratch; /* (threads, scratch_size): 64 rows, one row, what gn_view_load needs */
    double *sum;     /* (blocks, d) */
};

static gn_status pass_new(gn_ctx *ctx, const gn_view *v, struct pass *p, gn_error *err) {
    *p = (struct pass){.v = v, .scratch_size = gn_view_scratch(v) + (GN_VIEW_ROWS + 1) * v->x.cols};
    return gn_alloc_array(&p->scratch, gn_ctx_threads(ctx), p->scratch_size * sizeof(double),
                          "rows of a layer", err);
}

static gn_status mean_block(void *user, size_t block, unsigned worker, gn_error *err) {
    const struct pass *p = user;
    const gn_view *v = p->v;
    size_t d = v->x.cols, i1 = (block + 1) * MEAN_ROWS;
    double *y = p->scratch + worker * p->scratch_size, *buf = y + GN_VIEW_ROWS * d,
           *scratch = buf + d;
    double *sum = p->sum + block * d;
    memset(sum, 0, d * sizeof *sum);
    if (i1 > v->n) i1 = v->n;
    for (size_t i = block * MEAN_ROWS, k; i < i1; i += k) {
        k = i1 - i < GN_VIEW_ROWS ? i1 - i : GN_VIEW_ROWS;
        gn_view_load(v, NULL, i, k, y, scratch);
        for (size_t r = 0; r < k; r++) {
            v->vec->add(1, y + r * d, d, sum);
            /* One value that is not finite, or whose square is not, makes the square so. */
            if (!isfinite(v->vec->dot_f64(y + r * d, y + r * d, d)))
                return gn_view_unfit(v, i + r, buf, err);
        }
    }
    return GN_OK;
}

/* Where all rows are moved alike, the mean of the repaired rows is the repaired mean: no row needs
 * to go through the map for it. */
static gn_status repair_mean(const gn_view *v, double *mean, gn_error *err) {
    const gn_repair *r = v->repair;
    double *work = NULL;
    repair_row(r, 0, v->vec, mean);
    if (!r->map) return GN_OK;
    size_t n = v->x.cols + gn_linear_map_scratch(r->map);
    gn_status st = gn_alloc_array(&work, n, sizeof *work, "a repaired mean", err);
    if (st != GN_OK) return st;
    memcpy(work, mean, v->x.cols * sizeof *work);
    gn_linear_map_run(r->map, work, 1, mean, work + v->x.cols);
    gn_free(work);
    return GN_OK;
}

gn_status gn_view_means(gn_ctx *ctx, const gn_view *v, double *mean, gn_error *err) {
    gn_status st;
    if (v->repair && !v->repair->group) {
        gn_view plain = *v;
        plain.repair = NULL;
        st = gn_view_means(ctx, &plain, mean, err);
        return st == GN_OK ? repair_mean(v, mean, err) : st;
    }
    struct pass p;
    size_t d = v->x.cols, bytes, n_blocks = (v->n + MEAN_ROWS - 1) / MEAN_ROWS;
    GN_TRY(pass_new(ctx, v, &p, err));
    if (!gn_mul(d, sizeof *p.sum, &bytes)) bytes = SIZE_MAX;
    GN_TRY(gn_alloc_array(&p.sum, n_blocks, bytes, "column means", err));
    GN_TRY(gn_parallel(ctx, n_blocks, mean_block, &p, NULL, err));
    memset(mean, 0, d * sizeof *mean);
    for (size_t b = 0; b < n_blocks; b++)
        for (size_t j = 0; j < d; j++) mean[j] += p.sum[b * d + j];
    for (size_t j = 0; j < d; j++) mean[j] /= (double)v->n;
done:
    gn_free(p.scratch);
    gn_free(p.sum);
    return st;
}

static void load(void *user, size_t i0, size_t k, unsigned worker, double *out) {
    const struct pass *p = user;
    gn_view_load(p->v, NULL, i0, k, out, p->scratch + worker * p->scratch_size);
}

bool gn_view_rounds(const gn_view *v) {
    return gn_rows_round(v->n, v->x.dtype);
}

gn_status gn_view_moments(gn_ctx *ctx, const gn_view *v, const double *mean, double divisor,
                          double *out, gn_error *err) {
    struct pass p;
    gn_status st = pass_new(ctx, v, &p, err);
    if (st == GN_OK) {
        const gn_rows rows = {.n = v->n, .d = v->x.cols, .user = &p, .load = load};
        st = (gn_view_rounds(v) ? gn_rows_moments_f32 : gn_rows_moments)(ctx, &rows, mean, divisor,
                                                                         out, err);
    }
    gn_free(p.scratch);
    return st;
}

/* Means and covariance in one pass, for which no row is looked at twice unless a value is not
 * finite. */
gn_status gn_view_covariance(gn_ctx *ctx, const gn_view *v, double *mean, double *covariance,
                             gn_error *err) {
    struct pass p;
    bool finite = false;
    gn_status st = pass_new(ctx, v, &p, err);
    if (st == GN_OK) {
        const gn_rows rows = {.n = v->n, .d = v->x.cols, .user = &p, .load = load};
        st = gn_rows_covariance(ctx, &rows, gn_view_rounds(v), (double)v->n, mean, covariance,
                                &finite, err);
    }
    gn_free(p.scratch);
    if (st != GN_OK || finite) return st;
    st = gn_view_means(ctx, v, mean, err); /* names the first value that is not finite */
    return st == GN_OK ? gn_view_moments(ctx, v, mean, (double)v->n, covariance, err) : st;
}
