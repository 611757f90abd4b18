/* One pass over a layer, in blocks of columns that each walk through all rows.
 *
 * With y_ij = S_i + S_j - 2 a_i.a_j (S_i the squared length of the centred row a_i) and K_k the
 * distances of feature k, the row sums of x_k y are
 *
 *     sum_j x_k y = S_i (K_k 1)(i) + (K_k S)(i) - 2 a_i.(K_k A)(i)
 *
 * The last term is the work: add the rows up by level (n d additions), apply the levels' distances,
 * take each row's product with the sum for its level (n d multiply-adds). A block of columns gives
 * each row's share of S_i and of these products; shares are added in the order of the blocks. */
#include "encoding/levels.h"
#include "encoding/sums.h"
#include "math/stats.h"

#include <string.h>

enum { WIDE = GN_LAYER_COLUMNS, BLOCKS_AT_ONCE = 16 };

struct pass {
    const gn_mlem_design *design;
    const gn_layer_view *v;
    gn_layer_sums *out;
    size_t first; /* column block that block 0 of this wave is */
    size_t most_levels, worker_doubles;
    double *scratch; /* per worker: columns, level sums, applied, small */
    double *share;   /* (BLOCKS_AT_ONCE, f + 1, n): a_i.(K_k A)(i), then S_i */
};

/* Columns come in blocks of WIDE, the last one padded with zeros, and every block is 64-byte
 * aligned. The compiler cuts `eight` into what the processor's vectors hold; one by one it would
 * add eight times as often. Eight chains, so the order of additions is fixed. */
typedef double eight __attribute__((vector_size(64), may_alias));

static double dot(const double *a, const double *b) {
    eight s = {0};
    for (size_t j = 0; j < WIDE; j += 8) s += *(const eight *)(a + j) * *(const eight *)(b + j);
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

static void add_levels(const int32_t *code, size_t n, const double *a, double *sum) {
    for (size_t i = 0; i < n; i++) {
        if (code[i] < 0) continue;
        eight *to = (eight *)(sum + (size_t)code[i] * WIDE);
        const eight *row = (const eight *)(a + i * WIDE);
        for (size_t j = 0; j < WIDE / 8; j++) to[j] += row[j];
    }
}

static gn_status column_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct pass *s = user;
    const gn_features *features = s->design->features;
    size_t n = s->design->n, n_features = s->design->f, j0 = (s->first + block) * WIDE;
    double *a = s->scratch + worker * s->worker_doubles, *sum = a + n * WIDE,
           *applied = sum + s->most_levels * WIDE, *small = applied + s->most_levels * WIDE;
    double *share = s->share + block * (n_features + 1) * n;
    gn_layer_columns(s->v, j0, a);
    for (size_t k = 0; k < n_features; k++, share += n) {
        const gn_feature *f = &features->feature[k];
        memset(sum, 0, f->n_levels * WIDE * sizeof *sum);
        add_levels(f->code, n, a, sum);
        gn_levels_apply(f, WIDE, sum, applied, small);
        for (size_t i = 0; i < n; i++)
            share[i] = f->code[i] < 0 ? 0 : dot(a + i * WIDE, applied + (size_t)f->code[i] * WIDE);
    }
    for (size_t i = 0; i < n; i++) share[i] = dot(a + i * WIDE, a + i * WIDE);
    return GN_OK;
}

static size_t most_levels(const gn_features *f) {
    size_t most = 1;
    for (size_t k = 0; k < f->n_features; k++)
        if (f->feature[k].n_levels > most) most = f->feature[k].n_levels;
    return most;
}

/* All column blocks; out->row_xy receives the products a_i.(K_k A)(i), `squares` the S_i. */
static gn_status products(gn_ctx *ctx, struct pass *s, double *squares, gn_error *err) {
    gn_status st;
    size_t n = s->design->n, f = s->design->f, n_blocks = (s->out->d + WIDE - 1) / WIDE;
    size_t at_once = n_blocks < BLOCKS_AT_ONCE ? n_blocks : BLOCKS_AT_ONCE;
    s->most_levels = most_levels(s->design->features);
    s->worker_doubles = (n + 2 * s->most_levels + GN_LEVELS_SCRATCH) * WIDE;
    GN_TRY(gn_alloc_array(&s->scratch, gn_ctx_threads(ctx), s->worker_doubles * sizeof(double),
                          "sums over pairs", err));
    GN_TRY(
        gn_alloc_array(&s->share, at_once * (f + 1), n * sizeof(double), "sums over pairs", err));
    memset(s->out->row_xy, 0, f * n * sizeof(double));
    memset(squares, 0, n * sizeof(double));
    for (s->first = 0; s->first < n_blocks; s->first += at_once) {
        size_t wave = n_blocks - s->first < at_once ? n_blocks - s->first : at_once;
        GN_TRY(gn_parallel(ctx, wave, column_block, s, NULL, err));
        for (size_t b = 0; b < wave; b++) {
            const double *share = s->share + b * (f + 1) * n;
            for (size_t e = 0; e < f * n; e++) s->out->row_xy[e] += share[e];
            for (size_t i = 0; i < n; i++) squares[i] += share[f * n + i];
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
    gn_layer_sums s = {.n = n, .f = f, .d = d};
    if (v->x.rows != n)
        return gn_fail(err, GN_EINVAL, "%zu rows of states and %zu rows of features", v->x.rows, n);
    GN_TRY(gn_alloc_array(&s.squares, n, sizeof(double), "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s.xy, f, sizeof(double), "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s.row_y, n, sizeof(double), "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s.row_xy, f, n * sizeof(double), "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s.row_yy, n, sizeof(double), "sums over pairs", err));
    struct pass pass = {.design = design, .v = v, .out = &s};
    GN_TRY(products(ctx, &pass, s.squares, err));
    GN_TRY(finish(design, s.squares, &s, err));
    GN_TRY(gn_layer_squares(ctx, v, s.squares, &s.yy, s.row_yy, err));
    *out = s;
    s = (gn_layer_sums){0};
done:
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
