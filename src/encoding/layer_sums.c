/* One pass over a layer, in blocks of columns that each walk through all rows.
 *
 * With y_ij = S_i + S_j - 2 a_i.a_j (S_i the squared length of the centred row a_i) and K_k the
 * distances of feature k, the row sums of x_k y are
 *
 *     sum_j x_k y = S_i (K_k 1)(i) + (K_k S)(i) - 2 a_i.(K_k A)(i)
 *
 * The last term is the work. By columns: add the rows up by level (n d additions), apply the
 * levels' distances, take each row's product with the sum for its level (n d multiply-adds). A
 * block of columns gives each row's share of S_i and of these products; shares are added in the
 * order of the blocks. With fewer rows than columns the products of rows, G = A A^T, are needed
 * anyway (y^2, see layer_squares.c), and hold the term already: a_i.(K_k A)(i) = (K_k G)(i, i), n^2
 * additions and nothing else. */
#include "encoding/levels.h"
#include "encoding/sums.h"
#include "math/stats.h"

#include <string.h>

enum {
    WIDE = 64,           /* columns of a block */
    CHUNK = 128,         /* rows of it that are widened at a time: 64 KB */
    BLOCKS_AT_ONCE = 16, /* that have shares of their own */
    LEVELS_AT_ONCE = 1024,
};

struct pass {
    const gn_mlem_design *design;
    const gn_layer_view *v;
    const double *gram; /* (n, n), or NULL */
    gn_layer_sums *out;
    size_t first;    /* column block that block 0 of this wave is */
    size_t n_levels; /* room of level sums: a group of features, or one of more levels */
    size_t worker_doubles;
    double *scratch; /* per worker: rows, level sums, applied, small */
    double *share;   /* (BLOCKS_AT_ONCE, f + 1, n): a_i.(K_k A)(i), then S_i */
};

/* One worker's part of it. */
struct room {
    double *rows, *sum, *applied, *small;
};

static struct room room_of(const struct pass *s, unsigned worker) {
    struct room r = {.rows = s->scratch + worker * s->worker_doubles};
    r.sum = r.rows + CHUNK * WIDE;
    r.applied = r.sum + s->n_levels * WIDE;
    r.small = r.applied + s->n_levels * WIDE;
    return r;
}

/* Features [k, end) whose levels fit the room together; at least one. */
static size_t group_end(const struct pass *s, size_t k, size_t *n_levels) {
    const gn_feature *f = s->design->features->feature;
    *n_levels = f[k].n_levels;
    size_t end = k + 1;
    while (end < s->design->f && *n_levels + f[end].n_levels <= s->n_levels)
        *n_levels += f[end++].n_levels;
    return end;
}

/* Columns [j0, j0 + w) of rows [i0, i0 + m), and how far apart they lie. */
static const double *load(const struct pass *s, size_t i0, size_t m, size_t j0, size_t w,
                          double *rows, size_t *stride) {
    if (s->gram) {
        *stride = s->design->n;
        return s->gram + i0 * s->design->n + j0;
    }
    *stride = w;
    gn_layer_rows(s->v, i0, m, j0, w, rows);
    return rows;
}

/* Sums by level of features [k0, k1), w columns each, and what the levels' distances make of them.
 */
static void add_levels(const struct pass *s, size_t k0, size_t k1, size_t j0, size_t w,
                       size_t n_levels, const struct room *r) {
    const gn_feature *f = s->design->features->feature;
    size_t n = s->design->n, stride;
    memset(r->sum, 0, n_levels * w * sizeof *r->sum);
    for (size_t i0 = 0; i0 < n; i0 += CHUNK) {
        size_t m = n - i0 < CHUNK ? n - i0 : CHUNK;
        const double *a = load(s, i0, m, j0, w, r->rows, &stride);
        double *sum = r->sum;
        for (size_t k = k0; k < k1; sum += f[k++].n_levels * w) {
            const int32_t *code = f[k].code + i0;
            for (size_t i = 0; i < m; i++)
                if (code[i] >= 0) s->v->vec->add(1, a + i * stride, w, sum + (size_t)code[i] * w);
        }
    }
    size_t at = 0;
    for (size_t k = k0; k < k1; at += f[k++].n_levels * w)
        gn_levels_apply(&f[k], w, r->sum + at, r->applied + at, r->small);
}

static gn_status column_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    const struct pass *s = user;
    const gn_feature *f = s->design->features->feature;
    const gn_vec *vec = s->v->vec;
    size_t n = s->design->n, j0 = (s->first + block) * WIDE, n_levels, stride;
    size_t w = s->v->x.cols - j0 < WIDE ? s->v->x.cols - j0 : WIDE;
    struct room r = room_of(s, worker);
    double *share = s->share + block * (s->design->f + 1) * n, *squares = share + s->design->f * n;
    for (size_t k0 = 0, k1; k0 < s->design->f; k0 = k1) {
        k1 = group_end(s, k0, &n_levels);
        add_levels(s, k0, k1, j0, w, n_levels, &r);
        for (size_t i0 = 0; i0 < n; i0 += CHUNK) {
            size_t m = n - i0 < CHUNK ? n - i0 : CHUNK;
            const double *a = load(s, i0, m, j0, w, r.rows, &stride), *applied = r.applied;
            for (size_t k = k0; k < k1; applied += f[k++].n_levels * w)
                for (size_t i = 0; i < m; i++) {
                    int32_t code = f[k].code[i0 + i];
                    share[k * n + i0 + i] =
                        code < 0 ? 0 : vec->dot_f64(a + i * stride, applied + (size_t)code * w, w);
                }
            for (size_t i = 0; i < m && k0 == 0; i++)
                squares[i0 + i] = vec->dot_f64(a + i * stride, a + i * stride, w);
        }
    }
    return GN_OK;
}

/* The same from products of rows: a block of their columns is a block of rows, done at once. */
static gn_status gram_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    const struct pass *s = user;
    const gn_feature *f = s->design->features->feature;
    size_t n = s->design->n, j0 = block * WIDE, n_levels, w = n - j0 < WIDE ? n - j0 : WIDE;
    struct room r = room_of(s, worker);
    for (size_t k0 = 0, k1; k0 < s->design->f; k0 = k1) {
        const double *applied = r.applied;
        k1 = group_end(s, k0, &n_levels);
        add_levels(s, k0, k1, j0, w, n_levels, &r);
        for (size_t k = k0; k < k1; applied += f[k++].n_levels * w)
            for (size_t i = 0; i < w; i++) {
                int32_t code = f[k].code[j0 + i];
                s->out->row_xy[k * n + j0 + i] = code < 0 ? 0 : applied[(size_t)code * w + i];
            }
    }
    return GN_OK;
}

static size_t most_levels(const gn_features *f) {
    size_t most = 1;
    for (size_t k = 0; k < f->n_features; k++)
        if (f->feature[k].n_levels > most) most = f->feature[k].n_levels;
    return most;
}

/* out->row_xy receives the products a_i.(K_k A)(i), out->squares the S_i. */
static gn_status products(gn_ctx *ctx, struct pass *s, gn_error *err) {
    gn_status st;
    size_t n = s->design->n, f = s->design->f, n_blocks = (s->out->d + WIDE - 1) / WIDE;
    size_t at_once = n_blocks < BLOCKS_AT_ONCE ? n_blocks : BLOCKS_AT_ONCE;
    double *squares = s->out->squares;
    s->n_levels = most_levels(s->design->features);
    if (s->n_levels < LEVELS_AT_ONCE) s->n_levels = LEVELS_AT_ONCE;
    s->worker_doubles = (CHUNK + 2 * s->n_levels + GN_LEVELS_SCRATCH) * WIDE;
    GN_TRY(gn_alloc_array(&s->scratch, gn_ctx_threads(ctx), s->worker_doubles * sizeof(double),
                          "sums over pairs", err));
    if (s->gram) {
        for (size_t i = 0; i < n; i++) squares[i] = s->gram[i * n + i];
        st = gn_parallel(ctx, (n + WIDE - 1) / WIDE, gram_block, s, NULL, err);
        goto done;
    }
    GN_TRY(
        gn_alloc_array(&s->share, at_once * (f + 1), n * sizeof(double), "sums over pairs", err));
    memset(s->out->row_xy, 0, f * n * sizeof(double));
    memset(squares, 0, n * sizeof(double));
    for (s->first = 0; s->first < n_blocks; s->first += at_once) {
        size_t wave = n_blocks - s->first < at_once ? n_blocks - s->first : at_once;
        GN_TRY(gn_parallel(ctx, wave, column_block, s, NULL, err));
        for (size_t b = 0; b < wave; b++) {
            const double *share = s->share + b * (f + 1) * n;
            s->v->vec->add(1, share, f * n, s->out->row_xy);
            s->v->vec->add(1, share + f * n, n, squares);
        }
    }
done:
    gn_free(s->scratch);
    gn_free(s->share);
    return st;
}

/* From products to row sums of x_k y, and their totals. */
static gn_status finish(const gn_mlem_design *design, const double *squares, gn_layer_sums *out,
                        gn_error *err) {
    gn_status st;
    double *scratch = NULL, *ks = NULL;
    size_t n = out->n;
    GN_TRY(gn_alloc_array(&scratch, 2 * most_levels(design->features) + GN_LEVELS_SCRATCH,
                          sizeof *scratch, "sums over pairs", err));
    GN_TRY(gn_alloc_array(&ks, n, sizeof *ks, "sums over pairs", err));
    double total = gn_sum(squares, n);
    for (size_t i = 0; i < n; i++) out->row_y[i] = (double)n * squares[i] + total;
    out->y = (double)n * total;
    for (size_t k = 0; k < out->f; k++) {
        const double *u = design->row_x + k * n;
        double *row = out->row_xy + k * n;
        gn_row_sums(&design->features->feature[k], n, NULL, squares, ks, scratch);
        for (size_t i = 0; i < n; i++) row[i] = squares[i] * u[i] + ks[i] - 2 * row[i];
        out->xy[k] = gn_sum(row, n) / 2;
    }
done:
    gn_free(scratch);
    gn_free(ks);
    return st;
}

gn_status gn_layer_sums_new(gn_ctx *ctx, const gn_mlem_design *design, const gn_layer_view *v,
                            gn_layer_sums *out, gn_error *err) {
    gn_status st;
    size_t n = design->n, f = design->f, d = v->x.cols;
    gn_layer_sums s = {.n = n, .f = f, .d = d, .vec = v->vec};
    double *gram = NULL;
    if (v->x.rows != n)
        return gn_fail(err, GN_EINVAL, "%zu rows of states and %zu rows of features", v->x.rows, n);
    GN_TRY(gn_alloc_array(&s.squares, n, sizeof(double), "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s.xy, f, sizeof(double), "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s.row_y, n, sizeof(double), "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s.row_xy, f, n * sizeof(double), "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s.row_yy, n, sizeof(double), "sums over pairs", err));
    if (n <= d) {
        GN_TRY(gn_alloc_array(&gram, n, n * sizeof *gram, "products of rows", err));
        GN_TRY(gn_layer_gram(ctx, v, gram, err));
    }
    struct pass pass = {.design = design, .v = v, .gram = gram, .out = &s};
    GN_TRY(products(ctx, &pass, err));
    GN_TRY(finish(design, s.squares, &s, err));
    GN_TRY(gn_layer_squares(ctx, v, s.squares, gram, &s.yy, s.row_yy, err));
    *out = s;
    s = (gn_layer_sums){0};
done:
    gn_free(gram);
    gn_layer_sums_free(&s);
    return st;
}

void gn_layer_sums_free(gn_layer_sums *s) {
    gn_free(s->xy);
    gn_free(s->squares);
    gn_free(s->row_y);
    gn_free(s->row_xy);
    gn_free(s->row_yy);
    *s = (gn_layer_sums){0};
}
