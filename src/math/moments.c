/* Second moments of large sets, and float64 linear maps of blocks of rows: one tile kernel.
 *
 * A covariance over n rows is usually summed in row blocks, with one (d, d) partial matrix for each
 * thread: an order of additions that depends on threads. Here the rows come in panels that fit the
 * cache. Threads first widen and centre the panel's rows, then each takes output tiles of 96 x 96
 * and adds the whole panel to them. A tile belongs to one thread at a time and goes on where it
 * stopped, so every element is one sum over rows in row order, and every row is read once. Only
 * tiles on and below the diagonal are computed, then mirrored. */
#include "math/moments.h"

#include "base/mem.h"
#include "math/kernels.h"

#include <math.h>
#include <string.h>

enum {
    TILE = GN_PRODUCT_TILE,
    STRIP = 64,             /* rows that are widened together */
    CACHE = 128,            /* rows of two blocks that stay in L1 while a tile runs */
    PANEL_VALUES = 1 << 20, /* 8 MB */
};

static size_t panel_rows(size_t d) {
    size_t rows = PANEL_VALUES / (d < 256 ? 256 : d) / CACHE * CACHE;
    return rows < CACHE ? CACHE : rows;
}

struct moments {
    const gn_rows *rows;
    size_t d, n_tiles; /* tiles across */
    size_t panel;      /* rows of a panel */
    size_t i0, k;      /* the panel that is being added: rows i0 ... i0 + k - 1 */
    const double *mean;
    const gn_product *product;
    const gn_vec *vec;
    double *strip; /* (threads, STRIP, d) */
    double *part;  /* NULL, or (panel / STRIP, d) sums of the panel's strips */
    double *block; /* (n_tiles, panel, TILE) the panel, centred; columns beyond d are zero */
    double *sum;   /* (tiles, TILE, TILE) */
};

static gn_status widen(void *user, size_t b, unsigned worker, gn_error *err) {
    (void)err;
    const struct moments *s = user;
    size_t p0 = b * STRIP, n = s->k - p0 < STRIP ? s->k - p0 : STRIP, d = s->d;
    double *strip = s->strip + worker * STRIP * d;
    s->rows->load(s->rows->user, s->i0 + p0, n, worker, strip);
    if (s->part) gn_vec_sum(s->vec, strip, n, d, s->part + b * d);
    for (size_t t = 0; t < s->n_tiles; t++) {
        size_t j0 = t * TILE, cols = d - j0 < TILE ? d - j0 : TILE;
        double *to = s->block + (t * s->panel + p0) * TILE;
        for (size_t i = 0; i < n; i++, to += TILE) {
            memcpy(to, strip + i * d + j0, cols * sizeof *to);
            if (s->mean) s->vec->add(-1, s->mean + j0, cols, to);
        }
    }
    return GN_OK;
}

static gn_status add_tile(void *user, size_t tile, unsigned worker, gn_error *err) {
    (void)worker;
    (void)err;
    const struct moments *s = user;
    const gn_product *g = s->product;
    /* Tile (ti, tj), tj <= ti, counted row by row through the lower triangle. */
    size_t ti = 0, tj = tile;
    while (tj > ti) tj -= ++ti;
    size_t rows = s->d - ti * TILE < TILE ? s->d - ti * TILE : TILE;
    size_t cols = s->d - tj * TILE < TILE ? s->d - tj * TILE : TILE;
    double *c = s->sum + tile * TILE * TILE;
    for (size_t p0 = 0; p0 < s->k; p0 += CACHE) {
        size_t k = s->k - p0 < CACHE ? s->k - p0 : CACHE;
        const double *a = s->block + (ti * s->panel + p0) * TILE;
        const double *b = s->block + (tj * s->panel + p0) * TILE;
        for (size_t j = 0; j < cols; j += g->nr) {
            size_t above = ti == tj ? j / g->mr * g->mr : 0; /* nobody reads these */
            for (size_t i = above; i < rows; i += g->mr) g->add(a + i, b + j, k, c + i * TILE + j);
        }
    }
    return GN_OK;
}

/* One tile into its place and, turned over, into the one across the diagonal: eight rows at a time,
 * so that both sides are written in whole lines of the cache. */
static void put_tile(const double *c, size_t r0, size_t q0, size_t d, double divisor, double *out) {
    enum { ROWS = 8 };
    size_t rows = d - r0 < TILE ? d - r0 : TILE, cols = d - q0 < TILE ? d - q0 : TILE;
    for (size_t i0 = 0; i0 < rows; i0 += ROWS) {
        size_t m = rows - i0 < ROWS ? rows - i0 : ROWS;
        for (size_t j = 0; j < cols; j++)
            for (size_t i = i0; i < i0 + m; i++) {
                size_t r = r0 + i, q = q0 + j;
                if (q > r) continue;
                double v = c[i * TILE + j];
                out[r * d + q] = out[q * d + r] = divisor == 1 ? v : v / divisor;
            }
    }
}

static void mirror(const struct moments *s, double divisor, double *out) {
    size_t tile = 0;
    for (size_t ti = 0; ti < s->n_tiles; ti++)
        for (size_t tj = 0; tj <= ti; tj++, tile++)
            put_tile(s->sum + tile * TILE * TILE, ti * TILE, tj * TILE, s->d, divisor, out);
}

gn_status gn_rows_moments(gn_ctx *ctx, const gn_rows *rows, const double *mean, double divisor,
                          double *out, gn_error *err) {
    gn_status st = GN_OK;
    size_t d = rows->d, bytes, n_tiles = (d + TILE - 1) / TILE, count = n_tiles * (n_tiles + 1) / 2;
    struct moments s = {.rows = rows,
                        .d = d,
                        .n_tiles = n_tiles,
                        .panel = panel_rows(d),
                        .mean = mean,
                        .product = gn_kernels_for(gn_ctx_cpu(ctx)).product,
                        .vec = gn_vec_for(gn_ctx_cpu(ctx))};
    if (!gn_mul(d, STRIP * sizeof(double), &bytes))
        return gn_fail_nomem(err, "second moments", SIZE_MAX);
    GN_TRY(gn_alloc_array(&s.strip, gn_ctx_threads(ctx), bytes, "second moments", err));
    if (rows->sum) {
        GN_TRY(gn_alloc_array(&s.part, s.panel / STRIP, d * sizeof(double), "column sums", err));
        memset(rows->sum, 0, d * sizeof(double));
    }
    GN_TRY(gn_alloc_array(&s.sum, count, TILE * TILE * sizeof(double), "second moments", err));
    GN_TRY(
        gn_alloc_array(&s.block, n_tiles, s.panel * TILE * sizeof(double), "second moments", err));
    memset(s.sum, 0, count * TILE * TILE * sizeof(double));
    size_t last = s.panel * TILE; /* the only tile with columns beyond d */
    memset(s.block + (n_tiles - 1) * last, 0, last * sizeof(double));
    for (s.i0 = 0; s.i0 < rows->n; s.i0 += s.panel) {
        s.k = rows->n - s.i0 < s.panel ? rows->n - s.i0 : s.panel;
        size_t n_strips = (s.k + STRIP - 1) / STRIP;
        GN_TRY(gn_parallel(ctx, n_strips, widen, &s, NULL, err));
        for (size_t b = 0; s.part && b < n_strips; b++) s.vec->add(1, s.part + b * d, d, rows->sum);
        GN_TRY(gn_parallel(ctx, count, add_tile, &s, NULL, err));
    }
    mirror(&s, divisor, out);
done:
    gn_free(s.strip);
    gn_free(s.part);
    gn_free(s.sum);
    gn_free(s.block);
    return st;
}

void gn_matrix_rows_load(void *user, size_t i0, size_t n, unsigned worker, double *out) {
    (void)worker;
    const gn_matrix_rows *m = user;
    const gn_mat x = m->x;
    for (size_t i = 0; i < n; i++) {
        double *to = out + i * x.cols;
        if (x.dtype == GN_F32) {
            m->vec->widen(gn_mat_row_f32(x, i0 + i, NULL), x.cols, to);
            continue;
        }
        const double *row = gn_mat_row_f64(x, i0 + i, to);
        if (row != to) memcpy(to, row, x.cols * sizeof *to);
    }
}

gn_status gn_moments_check(gn_mat x, double divisor, gn_error *err) {
    if (x.rows == 0 || x.cols == 0)
        return gn_fail(err, GN_EINVAL, "a matrix of (%zu, %zu): expected at least one element",
                       x.rows, x.cols);
    if (x.dtype > GN_BF16)
        return gn_fail(err, GN_EINVAL, "a matrix of type %s: expected a floating type",
                       gn_dtype_name(x.dtype));
    if (!(divisor > 0))
        return gn_fail(err, GN_EINVAL, "second moments divided by %g: expected a positive number",
                       divisor);
    return GN_OK;
}

gn_status gn_second_moments(gn_ctx *ctx, gn_mat x, const double *mean, double divisor, double *out,
                            gn_error *err) {
    gn_status st = gn_moments_check(x, divisor, err);
    if (st != GN_OK) return st;
    gn_matrix_rows m = {x, gn_vec_for(gn_ctx_cpu(ctx))};
    const gn_rows rows = {.n = x.rows, .d = x.cols, .user = &m, .load = gn_matrix_rows_load};
    return gn_rows_moments(ctx, &rows, mean, divisor, out, err);
}

/* ---- linear maps --------------------------------------------------------------------------------
 */

struct gn_linear_map {
    const gn_product *product;
    size_t m, k, n_tiles;
    double *packed; /* (n_tiles, k, TILE): rows of M as columns; missing ones are zero */
    size_t *first;  /* (n_tiles) columns before it are zero in all rows of the tile */
};

gn_status gn_linear_map_new(gn_cpu cpu, const double *matrix, size_t m, size_t k,
                            gn_linear_map **out, gn_error *err) {
    gn_status st = GN_OK;
    gn_linear_map *map = gn_calloc(1, sizeof *map);
    if (!map) return gn_fail_nomem(err, "a linear map", sizeof *map);
    size_t bytes;
    *map = (gn_linear_map){
        .product = gn_kernels_for(cpu).product, .m = m, .k = k, .n_tiles = (m + TILE - 1) / TILE};
    if (!gn_mul(k, TILE * sizeof(double), &bytes)) {
        st = gn_fail_nomem(err, "a linear map", SIZE_MAX);
        goto done;
    }
    GN_TRY(gn_alloc_array(&map->packed, map->n_tiles, bytes, "a linear map", err));
    GN_TRY(gn_alloc_array(&map->first, map->n_tiles, sizeof *map->first, "a linear map", err));
    memset(map->packed, 0, map->n_tiles * bytes);
    for (size_t t = 0; t < map->n_tiles; t++) map->first[t] = k;
    for (size_t i = 0; i < m; i++)
        for (size_t p = 0; p < k; p++) {
            double value = matrix[i * k + p];
            map->packed[(i / TILE * k + p) * TILE + i % TILE] = value;
            if (fabs(value) > 0 && p < map->first[i / TILE]) map->first[i / TILE] = p;
        }
    *out = map;
    map = NULL;
done:
    gn_linear_map_free(map);
    return st;
}

void gn_linear_map_free(gn_linear_map *map) {
    if (!map) return;
    gn_free(map->packed);
    gn_free(map->first);
    gn_free(map);
}

size_t gn_linear_map_scratch_of(size_t k) {
    return k * TILE + TILE * TILE;
}
size_t gn_linear_map_scratch(const gn_linear_map *map) {
    return gn_linear_map_scratch_of(map->k);
}

void gn_linear_map_run(const gn_linear_map *map, const double *x, size_t n, double *y,
                       double *scratch) {
    const gn_product *g = map->product;
    size_t k = map->k, m = map->m;
    double *c = scratch, *xt = scratch + TILE * TILE;
    for (size_t i0 = 0; i0 < n; i0 += TILE) {
        size_t rows = n - i0 < TILE ? n - i0 : TILE, used = (rows + g->mr - 1) / g->mr * g->mr;
        for (size_t p = 0; p < k; p++)
            for (size_t i = 0; i < used; i++) xt[p * TILE + i] = i < rows ? x[(i0 + i) * k + p] : 0;
        for (size_t t = 0; t < map->n_tiles; t++) {
            size_t j0 = t * TILE, cols = m - j0 < TILE ? m - j0 : TILE;
            memset(c, 0, TILE * TILE * sizeof *c);
            for (size_t p0 = map->first[t]; p0 < k; p0 += CACHE) {
                size_t terms = k - p0 < CACHE ? k - p0 : CACHE;
                const double *b = map->packed + (t * k + p0) * TILE;
                for (size_t j = 0; j < cols; j += g->nr)
                    for (size_t i = 0; i < used; i += g->mr)
                        g->add(xt + p0 * TILE + i, b + j, terms, c + i * TILE + j);
            }
            for (size_t i = 0; i < rows; i++)
                memcpy(y + (i0 + i) * m + j0, c + i * TILE, cols * sizeof *y);
        }
    }
}
