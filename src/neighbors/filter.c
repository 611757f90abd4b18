/* Why a float32 product may choose candidates for an exact answer.
 *
 * Let y_i be row i as the metric sees it (rows.h), minus a fixed vector m, in real numbers. The
 * shift m cancels in every difference; with m near the mean, |y_i| is small and so are all errors
 * below. What is packed is a_i, y_i rounded to float32. Four steps lead from the number v that the
 * machine computes to a statement about D_ij = |y_i - y_j|^2.
 *
 * 1. Rounding the rows. With r_i >= |y_i - a_i|, the triangle inequality gives
 *        | |y_i - y_j| - |a_i - a_j| | <= r_i + r_j.
 *    This is sharp where it matters: for close rows the error of D shrinks with the distance, not
 *    with the norms. r_i is measured, not estimated: t = fl(fl(x f) - m) in float64 differs from
 *    y_i by at most 2^-52 |x f| + 2^-52 |t| for each coordinate (two roundings, and |m| rounding
 *    nothing, as m is what it is), and t - a_i is exact.
 *
 * 2. The product. A tile's element c satisfies
 *        |c - a_i.a_j| <= relative |a_i||a_j| + absolute.
 *    Any order of summation that puts each product through at most q roundings of unit u has an
 *    error of at most g |a_i|.|a_j| (absolute values, coordinate by coordinate) with
 *    g = q u / (1 - q u), and that sum is at most |a_i||a_j| (Cauchy-Schwarz). Chains of GN_K_BLOCK
 *    terms, added one after the other, have q <= min(k, GN_K_BLOCK) + ceil(k / GN_K_BLOCK) (a
 *    separate multiplication is inside q: a chain of m terms has m - 1 additions). bfloat16 parts
 *    add their own rounding. Products that fall below the normal range, and kernels that flush
 *    such numbers to zero, lose at most 2^-124 for each term, because every |a| <= 2: `absolute`.
 *
 * 3. The value. v = fl(n_j - 2 c), where n_j = fl(|a_j|^2). Both roundings together cost at most
 *    u |a_j|^2 + u (|a_j|^2 (1 + u) + 2 |c|). So, with E_ij = 2 (relative + 2 u) |a_i||a_j| +
 *    3 u |a_j|^2 + 2^-40 |a_i|^2 + 4 absolute,
 *        | v - (|a_j|^2 - 2 a_i.a_j) | <= E_ij,
 *    where the 2^-40 also covers that |a_i|^2 itself is a float64 sum.
 *
 * 4. Together. |a_i - a_j|^2 lies in |a_i|^2 + v -+ E_ij, hence
 *        D_ij <= ( sqrt(|a_i|^2 + v + E_ij) + r_i + r_j )^2             (upper)
 *        D_ij >= ( sqrt(|a_i|^2 + v - E_ij) - r_i - r_j )^2             (lower)
 *    (a negative radicand counts as 0, a negative bracket as 0). The k-th smallest upper bound of
 *    any candidates of row i, itself not among them, is a value T_i that at least k rows do not
 *    exceed. A row j whose lower bound is above T_i can be neither among the k nearest nor tied
 *    with them. Solved for v, with a block's largest length and residual in place of row j's:
 *        v > (sqrt(T_i) + r_i + r_J)^2 - |a_i|^2 + E_iJ   =>   D_ij > T_i,
 *    one float32 comparison for each element of a tile. T_i only shrinks, so what was once
 *    excluded stays excluded, in whatever order the tiles come.
 *
 * Distances that rank the survivors are float64 sums of squared differences with a relative error
 * of (d / 32 + 8) 2^-53 < 2^-40 for d < 2^18 (gn_knn_compute refuses more); every bound is widened
 * by that factor, so that the order of the computed distances is what is certified.
 *
 * None of this needs i and j to be of one set: rows of another set are packed with the same m and
 * the same scale, and r_i, |a_i| are their own. Rows that i may not have as neighbours (itself, its
 * group) only have to stay out of the k that make T_i.
 *
 * What bit us: one far point makes E large for its whole block if it is bounded by block; so
 * candidates are bounded with their own length once they are in a list (lists.c). And counting the
 * point itself among the k makes T_i too small: it must never enter a list. */
#include "neighbors/filter.h"

#include "base/ctx.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

#define U 0x1p-24
#define WIDEN (1 + 0x1p-39)

enum { BLOCK_BYTES = 2 << 20, MIN_BLOCK = 128, MAX_BLOCK = 1024, WANTED_BLOCKS = 32 };

static size_t round_up(size_t x, size_t to) {
    return (x + to - 1) / to * to;
}

static size_t lcm(size_t a, size_t b) {
    size_t x = a, y = b;
    while (y) {
        size_t t = x % y;
        x = y;
        y = t;
    }
    return a / x * b;
}

static void set_errors(gn_filter *f) {
    const gn_gemm *g = f->gemm;
    double k = (double)f->k_padded, split = 0, terms = 1;
    double q = fmin(k, GN_K_BLOCK) + ceil(k / GN_K_BLOCK);
    if (g->cpu == GN_CPU_AMX) {
        /* p bfloat16 parts of a float32 leave at most 2^-8p of it; products of parts below that are
         * left out, and each of the p (p + 1) / 2 others goes through the same chain. */
        double parts = (double)(g->element_bytes / 2);
        terms = parts * (parts + 1) / 2;
        split = (parts + 2) * ldexp(1, -8 * (int)parts);
        q = terms * (k + 2); /* whatever way the parts are interleaved */
    }
    f->relative = q * U / (1 - q * U) * (1 + split) * (1 + split) + split;
    f->absolute = terms * k * 0x1p-124;
}

double gn_filter_row(const gn_filter *f, size_t i, double *wide, float *out) {
    const gn_rows *r = f->rows;
    double lost = 0, kept = 0, whole = 0;
    gn_rows_get(r, i, wide);
    for (size_t c = 0; c < r->x.cols; c++) {
        double t = wide[c] - r->mean[c];
        float a = (float)t;
        double rest = t - (double)a;
        whole += wide[c] * wide[c];
        kept += t * t;
        lost += rest * rest;
        out[c] = a;
    }
    return (sqrt(lost) + 0x1p-52 * (sqrt(whole) + sqrt(kept))) * WIDEN + 0x1p-500;
}

struct packing {
    gn_filter *f;
    float *rows;  /* (threads, block, cols) */
    double *wide; /* (threads, cols) */
};

static gn_status pack_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct packing *p = user;
    gn_filter *f = p->f;
    const gn_gemm *g = f->gemm;
    size_t d = f->rows->x.cols, begin = block * f->block;
    size_t m = f->n - begin < f->block ? f->n - begin : f->block;
    float *rows = p->rows + worker * f->block * d;
    double *wide = p->wide + worker * d, length = 0, residual = 0;
    for (size_t i = 0; i < m; i++) {
        float *a = rows + i * d;
        double r = gn_filter_row(f, begin + i, wide, a), sum = 0;
        for (size_t c = 0; c < d; c++) sum += (double)a[c] * (double)a[c];
        f->norm[begin + i] = (float)sum;
        f->residual[begin + i] = r;
        f->length[begin + i] = sqrt(sum) * WIDEN;
        length = fmax(length, f->length[begin + i]);
        residual = fmax(residual, r);
    }
    for (size_t i = m; i < f->block; i++) f->norm[begin + i] = INFINITY;
    f->block_length[block] = length;
    f->block_residual[block] = residual;
    for (size_t i = 0; f->a && i < f->block; i += g->mr) {
        size_t rest = i < m ? m - i : 0;
        g->pack_a(rows + i * d, d, rest < g->mr ? rest : g->mr, d,
                  f->a + (begin + i) / g->mr * f->a_bytes);
    }
    for (size_t i = 0; f->b && i < f->block; i += g->nr) {
        size_t rest = i < m ? m - i : 0;
        g->pack_b(rows + i * d, d, rest < g->nr ? rest : g->nr, d,
                  f->b + (begin + i) / g->nr * f->b_bytes);
    }
    return GN_OK;
}

gn_status gn_filter_new(gn_ctx *ctx, const gn_rows *rows, const gn_gemm *gemm, size_t block_rows,
                        int roles, gn_filter *out, gn_error *err) {
    gn_status st = GN_OK;
    size_t d = rows->x.cols, unit = lcm(gemm->mr, gemm->nr), threads = gn_ctx_threads(ctx);
    gn_filter f = {.rows = rows, .gemm = gemm, .n = rows->n};
    struct packing p = {.f = &f};
    f.k_padded = round_up(d, gemm->k_multiple);
    if (block_rows == 0) { /* enough blocks to share among threads, each small enough for L2 */
        block_rows = f.n / WANTED_BLOCKS > MIN_BLOCK ? f.n / WANTED_BLOCKS : MIN_BLOCK;
        if (block_rows > MAX_BLOCK) block_rows = MAX_BLOCK;
        if (block_rows > BLOCK_BYTES / (4 * f.k_padded))
            block_rows = BLOCK_BYTES / (4 * f.k_padded);
        /* a pair of blocks is what runs between two looks at the cancel hook: 100 ms at most */
        double pair = sqrt((gemm->cpu == GN_CPU_SCALAR ? 1e8 : 2e9) / (double)f.k_padded);
        if ((double)block_rows > pair) block_rows = (size_t)pair;
    }
    f.block = block_rows / unit * unit;
    if (f.block < unit) f.block = unit;
    f.n_blocks = (f.n + f.block - 1) / f.block;
    f.a_bytes = round_up(gemm->mr * f.k_padded * gemm->element_bytes, 64);
    f.b_bytes = round_up(gemm->nr * f.k_padded * gemm->element_bytes, 64);
    size_t padded = f.n_blocks * f.block;
    set_errors(&f);
    if (roles & GN_ASKS)
        GN_TRY(gn_alloc_array(&f.a, padded / gemm->mr, f.a_bytes, "packed rows", err));
    if (roles & GN_ANSWERS)
        GN_TRY(gn_alloc_array(&f.b, padded / gemm->nr, f.b_bytes, "packed rows", err));
    GN_TRY(gn_alloc_array(&f.norm, padded, sizeof(float), "squared norms", err));
    GN_TRY(gn_alloc_array(&f.length, f.n, sizeof(double), "norms", err));
    GN_TRY(gn_alloc_array(&f.residual, f.n, sizeof(double), "rounding errors", err));
    GN_TRY(gn_alloc_array(&f.block_length, f.n_blocks, sizeof(double), "block norms", err));
    GN_TRY(gn_alloc_array(&f.block_residual, f.n_blocks, sizeof(double), "block errors", err));
    GN_TRY(gn_alloc_array(&p.rows, threads * f.block, d * sizeof(float), "a block of rows", err));
    GN_TRY(gn_alloc_array(&p.wide, threads * d, sizeof(double), "a row for each thread", err));
    GN_TRY(gn_parallel(ctx, f.n_blocks, pack_block, &p, NULL, err));
    for (size_t b = 0; b < f.n_blocks; b++) {
        f.max_length = fmax(f.max_length, f.block_length[b]);
        f.max_residual = fmax(f.max_residual, f.block_residual[b]);
    }
    *out = f;
done:
    gn_free(p.rows);
    gn_free(p.wide);
    if (st != GN_OK) gn_filter_free(&f);
    return st;
}

void gn_filter_free(gn_filter *f) {
    gn_free(f->a);
    gn_free(f->b);
    gn_free(f->norm);
    gn_free(f->length);
    gn_free(f->residual);
    gn_free(f->block_length);
    gn_free(f->block_residual);
    *f = (gn_filter){0};
}

/* E_ij of the proof, from the two lengths. */
static double value_error(const gn_filter *f, double a, double b) {
    return 2 * (f->relative + 2 * U) * a * b + 3 * U * b * b + 0x1p-40 * a * a + 4 * f->absolute;
}

float gn_filter_limit(const gn_filter *f, size_t i, double bound, double length, double residual) {
    double a = f->length[i], root = sqrt(bound) + f->residual[i] + residual;
    double limit = root * root * WIDEN - a * a + value_error(f, a, length) + 0x1p-38 * a * a;
    float up = (float)limit;
    return (double)up < limit ? nextafterf(up, INFINITY) : up;
}

double gn_filter_upper(const gn_filter *f, size_t i, double length, double residual, float value) {
    double a = f->length[i], square = a * a + (double)value + value_error(f, a, length);
    double root = sqrt(fmax(square, 0)) + f->residual[i] + residual;
    return root * root * WIDEN;
}

double gn_filter_lower(const gn_filter *f, size_t i, double length, double residual, float value) {
    double a = f->length[i];
    double square = a * a * (1 - 0x1p-37) + (double)value - value_error(f, a, length);
    double root = sqrt(fmax(square, 0)) - f->residual[i] - residual;
    return root > 0 ? root * root * (2 - WIDEN) : 0;
}
