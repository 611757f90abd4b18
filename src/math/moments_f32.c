/* Second moments from float32 products: three times as fast as moments.c where rows are many.
 *
 * Rows are centred in float64, rounded to float32, and multiplied in chains of GN_K_BLOCK of them;
 * the sums of chains are added up in float64. So what is lost per chain, some 1e-6 of
 * sqrt(C_aa C_bb), averages out over the chains, which err independently: the error of an element
 * is about 2e-7 / sqrt(chains) of sqrt(C_aa C_bb) (test_linalg measures it). Scaling a column
 * changes nothing: one huge coordinate does not spoil the others. Eigenvalues inherit the error
 * relative to the largest: what lies below 1e-8 of it is noise.
 *
 * Panels of rows are transposed (the columns of X are the rows of the product), packed once for
 * both sides, and each block of 96 x 96 outputs on or below the diagonal is one piece of work. */
#include "math/moments.h"

#include "base/mem.h"
#include "math/gemm.h"
#include "math/stats.h"

#include <string.h>

enum {
    STRIP = 64,           /* rows that are loaded together */
    CHAINS = 4,           /* of GN_K_BLOCK rows in a panel */
    LD = GN_K_BLOCK + 16, /* of a transposed chain: not a power of two, which caches dislike */
    GROUP = 96,           /* outputs across of a piece of work, about */
    MOST_TILE = 64 * 64,
};

struct run {
    const gn_rows *rows;
    const double *mean;
    const gn_gemm *g;
    const gn_vec *vec;
    size_t d, i0, n_chains;                      /* of the panel at work */
    size_t a_panels, b_panels, a_bytes, b_bytes; /* of one chain; bytes of a panel */
    size_t a_group, b_group;                     /* panels in a group */
    double *strip;                               /* (threads, STRIP, d) */
    double *part;                                /* NULL, or (strips of a panel, d) their sums */
    float *columns;                              /* (CHAINS, d, LD) */
    char *a, *b;                                 /* (CHAINS, panels, bytes) packed */
    double *sum;                                 /* (a_panels mr, b_panels nr) */
};

static gn_status transpose(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    const struct run *r = user;
    size_t i0 = r->i0 + block * STRIP, d = r->d, chain = block * STRIP / GN_K_BLOCK;
    size_t k = i0 >= r->rows->n ? 0 : r->rows->n - i0 < STRIP ? r->rows->n - i0 : STRIP;
    double *strip = r->strip + worker * STRIP * d;
    float *to = r->columns + chain * d * LD + block * STRIP % GN_K_BLOCK;
    if (k) r->rows->load(r->rows->user, i0, k, worker, strip);
    if (r->part) gn_vec_sum(r->vec, strip, k, d, r->part + block * d);
    for (size_t j = 0; j < d; j++) {
        double mean = r->mean ? r->mean[j] : 0;
        for (size_t i = 0; i < k; i++) to[j * LD + i] = (float)(strip[i * d + j] - mean);
        for (size_t i = k; i < STRIP; i++) to[j * LD + i] = 0; /* rows that do not exist */
    }
    return GN_OK;
}

/* Panel `block` of the first side, then of the second, chain after chain. */
static gn_status pack(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    const struct run *r = user;
    size_t panels = r->a_panels + r->b_panels, chain = block / panels, p = block % panels;
    bool second = p >= r->a_panels;
    if (second) p -= r->a_panels;
    size_t width = second ? r->g->nr : r->g->mr, j0 = p * width;
    size_t n = r->d - j0 < width ? r->d - j0 : width;
    const float *from = r->columns + (chain * r->d + j0) * LD;
    if (second)
        r->g->pack_b(from, LD, n, GN_K_BLOCK, r->b + (chain * r->b_panels + p) * r->b_bytes);
    else
        r->g->pack_a(from, LD, n, GN_K_BLOCK, r->a + (chain * r->a_panels + p) * r->a_bytes);
    return GN_OK;
}

static void add_tile(const struct run *r, size_t ia, size_t jb) {
    size_t mr = r->g->mr, nr = r->g->nr, ld = r->b_panels * nr;
    _Alignas(64) float c[MOST_TILE];
    double *sum = r->sum + ia * mr * ld + jb * nr;
    for (size_t chain = 0; chain < r->n_chains; chain++) {
        r->g->tile(r->a + (chain * r->a_panels + ia) * r->a_bytes,
                   r->b + (chain * r->b_panels + jb) * r->b_bytes, GN_K_BLOCK, c, nr);
        for (size_t i = 0; i < mr; i++)
            for (size_t j = 0; j < nr; j++) sum[i * ld + j] += (double)c[i * nr + j];
    }
}

static gn_status add_group(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    const struct run *r = user;
    size_t across = (r->b_panels + r->b_group - 1) / r->b_group;
    size_t ia0 = block / across * r->a_group, jb0 = block % across * r->b_group;
    if (r->g->begin) r->g->begin();
    for (size_t jb = jb0; jb < jb0 + r->b_group && jb < r->b_panels; jb++)
        for (size_t ia = ia0; ia < ia0 + r->a_group && ia < r->a_panels; ia++)
            if ((ia + 1) * r->g->mr > jb * r->g->nr) add_tile(r, ia, jb); /* not above */
    if (r->g->end) r->g->end();
    return GN_OK;
}

static gn_status allocate(struct run *r, unsigned threads, gn_error *err) {
    gn_status st;
    size_t d = r->d, bytes;
    const gn_gemm *g = r->g;
    r->a_panels = (d + g->mr - 1) / g->mr;
    r->b_panels = (d + g->nr - 1) / g->nr;
    r->a_bytes = (g->mr * GN_K_BLOCK * g->element_bytes + 63) / 64 * 64;
    r->b_bytes = (g->nr * GN_K_BLOCK * g->element_bytes + 63) / 64 * 64;
    r->a_group = g->mr < GROUP ? GROUP / g->mr : 1;
    r->b_group = g->nr < GROUP ? GROUP / g->nr : 1;
    if (!gn_mul(d, STRIP * sizeof(double), &bytes) ||
        !gn_mul(r->a_panels * g->mr * r->b_panels, g->nr * sizeof(double), &(size_t){0}))
        return gn_fail_nomem(err, "second moments", SIZE_MAX);
    size_t sums = r->a_panels * g->mr * r->b_panels * g->nr;
    GN_TRY(gn_alloc_array(&r->strip, threads, bytes, "second moments", err));
    GN_TRY(gn_alloc_array(&r->columns, CHAINS * d, LD * sizeof(float), "second moments", err));
    GN_TRY(gn_alloc_array(&r->a, CHAINS * r->a_panels, r->a_bytes, "second moments", err));
    GN_TRY(gn_alloc_array(&r->b, CHAINS * r->b_panels, r->b_bytes, "second moments", err));
    GN_TRY(gn_alloc_array(&r->sum, sums, sizeof *r->sum, "second moments", err));
    memset(r->sum, 0, sums * sizeof *r->sum);
    if (!r->rows->sum) goto done;
    GN_TRY(gn_alloc_array(&r->part, CHAINS * GN_K_BLOCK / STRIP, d * sizeof *r->part, "column sums",
                          err));
    memset(r->rows->sum, 0, d * sizeof *r->rows->sum);
done:
    return st;
}

gn_status gn_rows_moments_f32(gn_ctx *ctx, const gn_rows *rows, const double *mean, double divisor,
                              double *out, gn_error *err) {
    struct run r = {.rows = rows,
                    .mean = mean,
                    .g = gn_gemm_for(gn_ctx_cpu(ctx), 0),
                    .vec = gn_vec_for(gn_ctx_cpu(ctx)),
                    .d = rows->d};
    size_t d = rows->d, panel = CHAINS * GN_K_BLOCK;
    gn_status st;
    GN_TRY(allocate(&r, gn_ctx_threads(ctx), err));
    size_t across = (r.b_panels + r.b_group - 1) / r.b_group;
    size_t down = (r.a_panels + r.a_group - 1) / r.a_group;
    for (; r.i0 < rows->n; r.i0 += panel) {
        size_t left = rows->n - r.i0 < panel ? rows->n - r.i0 : panel;
        r.n_chains = (left + GN_K_BLOCK - 1) / GN_K_BLOCK;
        size_t n_strips = r.n_chains * GN_K_BLOCK / STRIP;
        GN_TRY(gn_parallel(ctx, n_strips, transpose, &r, NULL, err));
        for (size_t b = 0; r.part && b < n_strips; b++) r.vec->add(1, r.part + b * d, d, rows->sum);
        GN_TRY(gn_parallel(ctx, r.n_chains * (r.a_panels + r.b_panels), pack, &r, NULL, err));
        GN_TRY(gn_parallel(ctx, down * across, add_group, &r, NULL, err));
    }
    size_t ld = r.b_panels * r.g->nr;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j <= i; j++)
            out[i * d + j] = out[j * d + i] = r.sum[i * ld + j] / divisor;
done:
    gn_free(r.strip);
    gn_free(r.part);
    gn_free(r.columns);
    gn_free(r.a);
    gn_free(r.b);
    gn_free(r.sum);
    return st;
}
