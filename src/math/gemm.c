/* The linear layer on packed panels.
 *
 * A linear layer is C = x W^T with W packed once. x is packed in row blocks that fit the L2 cache;
 * for each B panel, in order, all A panels of the block run against it, so that W streams through
 * once per row block and x not at all. Each tile is finished (bias, activation, residual) in a
 * buffer of a few KB before it is stored. */
#include "math/kernels.h"

#include "base/mem.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    A_BLOCK_BYTES = 384 << 10, /* packed rows that are held in L2 beside the running B panel */
    MAX_NR = 64,
};

struct gn_weight {
    const gn_gemm *g;
    const gn_nn *nn;
    size_t n, k, k_padded;
    char *panels; /* ceil(n / nr) of nr * k_padded elements */
};

static size_t round_up(size_t x, size_t to) {
    return (x + to - 1) / to * to;
}

static size_t a_panel_bytes(const gn_weight *w) {
    return round_up(w->g->mr * w->k_padded * w->g->element_bytes, 64);
}
static size_t b_panel_bytes(const gn_weight *w) {
    return round_up(w->g->nr * w->k_padded * w->g->element_bytes, 64);
}
static size_t tile_bytes(const gn_gemm *g) {
    return round_up(g->mr * g->nr * sizeof(float), 64);
}

/* A panels in a row block: fixed by the weight alone. */
static size_t block_panels(const gn_weight *w, size_t m) {
    size_t fit = A_BLOCK_BYTES / a_panel_bytes(w), need = (m + w->g->mr - 1) / w->g->mr;
    if (fit < 2) fit = 2;
    return need < fit ? need : fit;
}

static gn_status check_finite(const float *row, size_t i, size_t k, gn_error *err) {
    for (size_t j = 0; j < k; j++)
        if (!isfinite(row[j]))
            return gn_fail(err, GN_EDATA,
                           "weight row %zu, column %zu is %g: expected a finite number", i, j,
                           (double)row[j]);
    return GN_OK;
}

gn_status gn_weight_pack(const gn_gemm *g, gn_mat m, gn_weight **out, gn_error *err) {
    gn_status st = GN_OK;
    gn_weight *w = NULL;
    float *rows = NULL;
    if (m.rows == 0 || m.cols == 0)
        return gn_fail(err, GN_EINVAL, "a weight of (%zu, %zu): expected at least one element",
                       m.rows, m.cols);
    if (m.dtype > GN_BF16)
        return gn_fail(err, GN_EINVAL, "a weight of type %s: expected a floating type",
                       gn_dtype_name(m.dtype));
    w = gn_calloc(1, sizeof *w);
    if (!w) return gn_fail_nomem(err, "a packed weight", sizeof *w);
    *w = (gn_weight){.g = g, .nn = gn_nn_for(g->cpu), .n = m.rows, .k = m.cols};
    w->k_padded = round_up(m.cols, g->k_multiple);
    size_t n_panels = (m.rows + g->nr - 1) / g->nr;
    GN_TRY(gn_alloc_array(&rows, g->nr * m.cols, sizeof *rows, "rows of a weight", err));
    GN_TRY(gn_alloc_array(&w->panels, n_panels, b_panel_bytes(w), "a packed weight", err));
    for (size_t p = 0; p < n_panels; p++) {
        size_t i0 = p * g->nr, n = m.rows - i0 < g->nr ? m.rows - i0 : g->nr;
        for (size_t i = 0; i < n; i++) {
            const float *row = gn_mat_row_f32(m, i0 + i, rows + i * m.cols);
            GN_TRY(check_finite(row, i0 + i, m.cols, err));
            if (row != rows + i * m.cols) memcpy(rows + i * m.cols, row, m.cols * sizeof *row);
        }
        g->pack_b(rows, m.cols, n, m.cols, w->panels + p * b_panel_bytes(w));
    }
    *out = w;
    w = NULL;
done:
    gn_free(rows);
    gn_weight_free(w);
    return st;
}

void gn_weight_free(gn_weight *w) {
    if (!w) return;
    gn_free(w->panels);
    gn_free(w);
}

size_t gn_weight_rows(const gn_weight *w) {
    return w->n;
}
size_t gn_weight_cols(const gn_weight *w) {
    return w->k;
}

size_t gn_linear_scratch(const gn_weight *w, size_t m) {
    return block_panels(w, m) * a_panel_bytes(w) + tile_bytes(w->g);
}

/* One tile's place: rows [i0, i0 + rows) of x and y, the columns of B panel `p`. */
static void run_tile(const gn_linear *l, const void *a_panel, size_t p, size_t i0, size_t rows,
                     const float *bias, float *y, size_t ldy, float *c) {
    const gn_weight *w = l->weight;
    size_t j0 = p * w->g->nr, cols = w->n - j0 < w->g->nr ? w->n - j0 : w->g->nr;
    w->g->tile(a_panel, w->panels + p * b_panel_bytes(w), w->k_padded, c, w->g->nr);
    w->nn->finish(
        &(gn_finish){.c = c,
                     .ldc = w->g->nr,
                     .bias = bias,
                     .act = l->act,
                     .rows = rows,
                     .cols = cols,
                     .residual = l->residual ? l->residual + i0 * l->ld_residual + j0 : NULL,
                     .ld_residual = l->ld_residual,
                     .y = y + i0 * ldy + j0,
                     .ldy = ldy});
}

void gn_linear_run(const gn_linear *l, const float *x, size_t m, size_t ldx, float *y, size_t ldy,
                   void *scratch) {
    const gn_weight *w = l->weight;
    const gn_gemm *g = w->g;
    size_t n_panels = (w->n + g->nr - 1) / g->nr, block = block_panels(w, m) * g->mr;
    float *c = scratch;
    char *a = (char *)scratch + tile_bytes(g);
    float bias[MAX_NR] = {0};
    assert(g->nr <= MAX_NR && (uintptr_t)scratch % 64 == 0);
    if (g->begin) g->begin();
    for (size_t i0 = 0; i0 < m; i0 += block) {
        size_t i1 = m - i0 < block ? m : i0 + block;
        for (size_t i = i0, q = 0; i < i1; i += g->mr, q++)
            g->pack_a(x + i * ldx, ldx, i1 - i < g->mr ? i1 - i : g->mr, w->k,
                      a + q * a_panel_bytes(w));
        for (size_t p = 0; p < n_panels; p++) {
            size_t j0 = p * g->nr, cols = w->n - j0 < g->nr ? w->n - j0 : g->nr;
            if (l->bias) memcpy(bias, l->bias + j0, cols * sizeof *bias);
            for (size_t i = i0, q = 0; i < i1; i += g->mr, q++)
                run_tile(l, a + q * a_panel_bytes(w), p, i, i1 - i < g->mr ? i1 - i : g->mr,
                         l->bias ? bias : NULL, y, ldy, c);
        }
    }
    if (g->end) g->end();
}
