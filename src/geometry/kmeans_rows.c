/* Rows against centres: float32 products choose, float64 differences decide.
 *
 * With m the mean of all rows and g = c - m, in real numbers
 *
 *     |x - c|^2 = |x - m|^2 - 2 x.g + |g|^2 + 2 m.g.
 *
 * Only x.g is computed for every pair, by the packed product, straight from the matrix as it lies:
 * no centred copy is made, so a set larger than memory stays mapped. The other terms belong to the
 * row or to the centre alone. Errors: the product of float32 panels is off by at most
 * g_q |x||g| (filter.c in the neighbours' room, step 2, has the argument), rounding x and g to
 * float32 adds 2 u |x||g| at most, and the three roundings of the sum 4 u (|x - m|^2 + |offset|),
 * taken doubled. A row whose two smallest values are nearer than twice that error is decided by
 * float64 differences, so labels do not depend on the kernel. */
#include "geometry/kmeans.h"

#include "base/mem.h"
#include "math/linalg.h"

#include <math.h>
#include <string.h>

#define U 0x1p-24

enum { MIN_BLOCK = 1024, MAX_BLOCK = 16384, WANTED_BLOCKS = 256 };

static size_t round_up(size_t x, size_t to) {
    return (x + to - 1) / to * to;
}

static gn_status measure_rows(void *user, size_t block, unsigned worker, gn_error *err) {
    gn_kmeans_rows *r = user;
    double *buf = r->scratch[worker].row;
    r->block_sum[block] = 0;
    for (size_t i = block * r->block; i < gn_kmeans_last(r, block); i++) {
        const double *x = gn_kmeans_row(r, i, buf);
        double square = 0, length = 0;
        for (size_t j = 0; j < r->d; j++) {
            double u = x[j] - r->mean[j];
            square += u * u;
            length += x[j] * x[j];
        }
        if (!(length < 1e30))
            return gn_fail(err, GN_EDATA, "row %zu has length %g: expected below 1e15, rescale", i,
                           sqrt(length));
        r->square[i] = (float)square;
        r->length[i] = (float)(sqrt(length) * (1 + 4 * U));
        r->block_sum[block] += square;
    }
    return GN_OK;
}

static gn_status scratch_new(const gn_kmeans_rows *r, gn_kmeans_scratch *s, gn_error *err) {
    gn_status st;
    const gn_gemm *g = r->gemm;
    GN_TRY(gn_alloc_array(&s->gather, g->nr, r->d * sizeof(float), "rows of k-means", err));
    GN_TRY(gn_alloc_array(&s->panel, g->nr, round_up(r->d, g->k_multiple) * g->element_bytes + 64,
                          "rows of k-means", err));
    GN_TRY(gn_alloc_array(&s->tile, g->mr * g->nr, sizeof(float), "a tile", err));
    GN_TRY(gn_alloc_array(&s->value, r->k_max, g->nr * sizeof(float), "distances", err));
    GN_TRY(gn_alloc_array(&s->row, r->d, sizeof(double), "a row", err));
    GN_TRY(gn_alloc_array(&s->list, r->block, sizeof(int32_t), "rows of k-means", err));
done:
    return st;
}

gn_status gn_kmeans_rows_new(gn_ctx *ctx, gn_mat x, size_t k_max, gn_kmeans_rows *out,
                             gn_error *err) {
    gn_status st;
    gn_cpu cpu = gn_ctx_cpu(ctx);
    gn_kmeans_rows r = {.x = x, .n = x.rows, .d = x.cols, .k_max = k_max};
    /* AMX products are sums of bfloat16 parts, whose error is not the one above. */
    r.gemm = gn_gemm_for(cpu == GN_CPU_AMX ? GN_CPU_AVX512 : cpu, 0);
    r.kernels = gn_knn_kernels_for(cpu);
    r.n_workers = gn_ctx_threads(ctx);
    double chain = fmin((double)x.cols, GN_K_BLOCK) + ceil((double)x.cols / GN_K_BLOCK);
    r.relative = chain * U / (1 - chain * U) + 4 * U;
    r.block = (r.n + WANTED_BLOCKS - 1) / WANTED_BLOCKS;
    r.block = r.block < MIN_BLOCK ? MIN_BLOCK : r.block > MAX_BLOCK ? MAX_BLOCK : r.block;
    r.n_blocks = (r.n + r.block - 1) / r.block;
    GN_TRY(gn_alloc_array(&r.mean, r.d, sizeof *r.mean, "a mean", err));
    GN_TRY(gn_alloc_array(&r.square, r.n, sizeof *r.square, "lengths", err));
    GN_TRY(gn_alloc_array(&r.length, r.n, sizeof *r.length, "lengths", err));
    GN_TRY(gn_alloc_array(&r.block_sum, r.n_blocks, sizeof *r.block_sum, "sums", err));
    r.scratch = gn_calloc(r.n_workers, sizeof *r.scratch);
    if (!r.scratch) GN_TRY(gn_fail_nomem(err, "scratch", r.n_workers * sizeof *r.scratch));
    for (unsigned w = 0; w < r.n_workers; w++) GN_TRY(scratch_new(&r, &r.scratch[w], err));
    GN_TRY(gn_column_means(ctx, x, r.mean, err)); /* finds NaN and infinity */
    GN_TRY(gn_parallel(ctx, r.n_blocks, measure_rows, &r, NULL, err));
    for (size_t b = 0; b < r.n_blocks; b++) r.total += r.block_sum[b];
    *out = r;
    r = (gn_kmeans_rows){0};
done:
    gn_kmeans_rows_free(&r);
    return st;
}

void gn_kmeans_rows_free(gn_kmeans_rows *r) {
    for (unsigned w = 0; r->scratch && w < r->n_workers; w++) {
        gn_free(r->scratch[w].gather);
        gn_free(r->scratch[w].panel);
        gn_free(r->scratch[w].tile);
        gn_free(r->scratch[w].value);
        gn_free(r->scratch[w].row);
        gn_free(r->scratch[w].list);
    }
    gn_free(r->scratch);
    gn_free(r->mean);
    gn_free(r->square);
    gn_free(r->length);
    gn_free(r->block_sum);
    *r = (gn_kmeans_rows){0};
}

double gn_kmeans_exact(const gn_kmeans_rows *r, size_t i, const double *centre) {
    size_t at = i * r->x.stride;
    switch (r->x.dtype) {
    case GN_F32:
        return r->kernels->distance_f32(centre, (const float *)r->x.data + at, 1, r->d);
    case GN_F16:
        return r->kernels->distance_f16(centre, (const uint16_t *)r->x.data + at, 1, r->d);
    case GN_BF16:
        return r->kernels->distance_bf16(centre, (const uint16_t *)r->x.data + at, 1, r->d);
    default:
        return r->kernels->distance_f64(centre, (const double *)r->x.data + at, 1, r->d);
    }
}

/* ---- centres ------------------------------------------------------------------------------ */

gn_status gn_kmeans_centres_new(const gn_kmeans_rows *r, gn_kmeans_centres *out, gn_error *err) {
    gn_status st;
    const gn_gemm *g = r->gemm;
    gn_kmeans_centres c = {0};
    c.panel_bytes = round_up(g->mr * round_up(r->d, g->k_multiple) * g->element_bytes, 64);
    GN_TRY(gn_alloc_array(&c.at, r->k_max, r->d * sizeof(double), "centres", err));
    GN_TRY(gn_alloc_array(&c.part, g->mr, r->d * sizeof(float), "centres", err));
    GN_TRY(
        gn_alloc_array(&c.packed, (r->k_max + g->mr - 1) / g->mr, c.panel_bytes, "centres", err));
    GN_TRY(gn_alloc_array(&c.offset, r->k_max, sizeof(float), "centres", err));
    *out = c;
    c = (gn_kmeans_centres){0};
done:
    gn_kmeans_centres_free(&c);
    return st;
}

void gn_kmeans_centres_free(gn_kmeans_centres *c) {
    gn_free(c->at);
    gn_free(c->part);
    gn_free(c->packed);
    gn_free(c->offset);
    *c = (gn_kmeans_centres){0};
}

void gn_kmeans_pack(const gn_kmeans_rows *r, gn_kmeans_centres *c, size_t k) {
    const gn_gemm *g = r->gemm;
    c->k = k;
    c->reach = c->most = 0;
    for (size_t j0 = 0; j0 < k; j0 += g->mr) {
        size_t m = k - j0 < g->mr ? k - j0 : g->mr;
        for (size_t j = 0; j < m; j++) {
            const double *at = c->at + (j0 + j) * r->d;
            double square = 0, cross = 0;
            for (size_t p = 0; p < r->d; p++) {
                double u = at[p] - r->mean[p];
                square += u * u;
                cross += u * r->mean[p];
                c->part[j * r->d + p] = (float)u;
            }
            double offset = square + 2 * cross;
            c->offset[j0 + j] = (float)offset;
            c->reach = fmax(c->reach, sqrt(square));
            c->most = fmax(c->most, fabs(offset));
        }
        g->pack_a(c->part, r->d, m, r->d, c->packed + j0 / g->mr * c->panel_bytes);
    }
}

void gn_kmeans_score(const gn_kmeans_rows *r, const gn_kmeans_centres *c, gn_kmeans_scratch *s,
                     const int32_t *row, size_t m) {
    const gn_gemm *g = r->gemm;
    size_t d = r->d, nr = g->nr, ld = d;
    const float *rows = s->gather;
    if (r->x.dtype == GN_F32 && (size_t)(row[m - 1] - row[0]) == m - 1) { /* they lie together */
        rows = (const float *)r->x.data + (size_t)row[0] * r->x.stride;
        ld = r->x.stride;
    } else {
        for (size_t l = 0; l < m; l++) {
            float *to = s->gather + l * d;
            const float *from = gn_mat_row_f32(r->x, (size_t)row[l], to);
            if (from != to) memcpy(to, from, d * sizeof *to);
        }
    }
    float square[GN_KMEANS_LANES] = {0};
    for (size_t l = 0; l < m; l++) square[l] = r->square[row[l]];
    g->pack_b(rows, ld, m, d, s->panel);
    for (size_t j0 = 0; j0 < c->k; j0 += g->mr) {
        g->tile(c->packed + j0 / g->mr * c->panel_bytes, s->panel, round_up(d, g->k_multiple),
                s->tile, nr);
        for (size_t j = j0; j < c->k && j < j0 + g->mr; j++) {
            const float *product = s->tile + (j - j0) * nr;
            float *value = s->value + j * nr, offset = c->offset[j];
            for (size_t l = 0; l < nr; l++) value[l] = (square[l] + offset) - 2 * product[l];
        }
    }
}

int32_t gn_kmeans_nearest(const gn_kmeans_rows *r, const gn_kmeans_centres *c, size_t i,
                          const float *value) {
    size_t nr = r->gemm->nr, best = 0, close = 0;
    for (size_t j = 1; j < c->k; j++)
        if (value[j * nr] < value[best * nr]) best = j;
    float limit = value[best * nr] + 2 * gn_kmeans_error(r, c, i);
    for (size_t j = 0; j < c->k; j++) close += !(value[j * nr] > limit);
    if (close < 2) return (int32_t)best;
    double least = HUGE_VAL;
    for (size_t j = 0; j < c->k; j++) {
        if (value[j * nr] > limit) continue;
        double exact = gn_kmeans_exact(r, i, c->at + j * r->d);
        if (exact < least) {
            least = exact;
            best = j;
        }
    }
    return (int32_t)best;
}

/* ---- rows that took no part --------------------------------------------------------------- */

struct assign {
    const gn_kmeans_rows *r;
    const gn_kmeans_centres *c;
    int32_t *label;
};

static gn_status assign_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    const struct assign *a = user;
    const gn_kmeans_rows *r = a->r;
    gn_kmeans_scratch *scratch = &r->scratch[worker];
    size_t nr = r->gemm->nr, last = gn_kmeans_last(r, block);
    for (size_t i0 = block * r->block; i0 < last; i0 += nr) {
        size_t m = last - i0 < nr ? last - i0 : nr;
        int32_t row[GN_KMEANS_LANES];
        for (size_t l = 0; l < m; l++) row[l] = (int32_t)(i0 + l);
        gn_kmeans_score(r, a->c, scratch, row, m);
        for (size_t l = 0; l < m; l++)
            a->label[i0 + l] = gn_kmeans_nearest(r, a->c, i0 + l, scratch->value + l);
    }
    return GN_OK;
}

gn_status gn_kmeans_assign(gn_ctx *ctx, gn_mat x, const double *centre, size_t k, int32_t *label,
                           gn_error *err) {
    gn_status st;
    gn_kmeans_rows r = {0};
    gn_kmeans_centres c = {0};
    int32_t *found = NULL;
    if (x.dtype > GN_BF16 || x.cols == 0 || x.rows == 0 || x.rows > INT32_MAX || k < 1 || k > 256)
        return gn_fail(
            err, GN_EINVAL,
            "nearest of %zu centres of (%zu, %zu) %s: expected 1 to 256 centres and rows "
            "of a floating type",
            k, x.rows, x.cols, gn_dtype_name(x.dtype));
    GN_TRY(gn_kmeans_rows_new(ctx, x, k, &r, err));
    GN_TRY(gn_kmeans_centres_new(&r, &c, err));
    GN_TRY(gn_alloc_array(&found, r.n, sizeof *found, "cluster labels", err));
    memcpy(c.at, centre, k * r.d * sizeof *centre);
    gn_kmeans_pack(&r, &c, k);
    struct assign a = {&r, &c, found};
    gn_progress progress = {"nearest centres", "rows", (double)r.n, 0,
                            (double)r.n / (double)r.n_blocks};
    GN_TRY(gn_parallel(ctx, r.n_blocks, assign_block, &a, &progress, err));
    memcpy(label, found, r.n * sizeof *label);
done:
    gn_free(found);
    gn_kmeans_centres_free(&c);
    gn_kmeans_rows_free(&r);
    return st;
}
