/* A leaf's points are hundreds, and all pairs of them are wanted: there a matrix product pays,
 * several times faster than one pair after the other.
 *
 * |x|^2 + |y|^2 - 2 x.y is computed around the leaf's first point, so that its error is small
 * beside the distances in the leaf, wherever the leaf lies; it only says which pairs are worth
 * measuring (the limit has SLACK for the error), and what enters a list is the sum of squared
 * differences, as everywhere. Each point belongs to one leaf of a tree: its list is this thread's
 * alone, and limits can be read as they fall. */
#include "neighbors/leaf.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

#define SLACK 0x1p-16f /* of the larger squared length: 256 terms of float32 in the worst order */

gn_status gn_leaf_scratch_new(const gn_points *p, const gn_gemm *gemm, size_t most,
                              gn_leaf_scratch *out, gn_error *err) {
    gn_status st = GN_OK;
    gn_leaf_scratch s = {.most = most};
    const size_t k = (p->stride + gemm->k_multiple - 1) / gemm->k_multiple * gemm->k_multiple;
    const size_t tile = gemm->mr * gemm->nr, panel = k * gemm->element_bytes;
    GN_TRY(gn_alloc_array(&s.x, most, p->stride * sizeof *s.x, "a leaf", err));
    GN_TRY(gn_alloc_array(&s.a, most + gemm->mr, panel, "a leaf's panels", err));
    GN_TRY(gn_alloc_array(&s.b, most + gemm->nr, panel, "a leaf's panels", err));
    GN_TRY(gn_alloc_array(&s.norm, most, sizeof *s.norm, "a leaf", err));
    GN_TRY(gn_alloc_array(&s.tile, tile, sizeof *s.tile, "a tile", err));
    GN_TRY(gn_alloc_array(&s.limit, gemm->mr, sizeof *s.limit, "limits", err));
    GN_TRY(gn_alloc_array(&s.where, tile + 16, sizeof *s.where, "a tile's hits", err));
    GN_TRY(gn_alloc_array(&s.value, tile + 16, sizeof *s.value, "a tile's hits", err));
    GN_TRY(gn_alloc_array(&s.distance, gemm->nr, sizeof *s.distance, "a tile's hits", err));
    GN_TRY(gn_alloc_array(&s.near, gemm->nr, sizeof *s.near, "a tile's hits", err));
    *out = s;
done:
    if (st != GN_OK) gn_leaf_scratch_free(&s);
    return st;
}

void gn_leaf_scratch_free(gn_leaf_scratch *s) {
    gn_free(s->x);
    gn_free(s->a);
    gn_free(s->b);
    gn_free(s->norm);
    gn_free(s->tile);
    gn_free(s->limit);
    gn_free(s->where);
    gn_free(s->value);
    gn_free(s->distance);
    gn_free(s->near);
    *s = (gn_leaf_scratch){0};
}

static const float *place(const gn_points *p, int32_t i) {
    return p->x + (size_t)i * p->stride;
}

/* The leaf around its first point; returns the largest squared length. */
static float centre(const gn_points *p, const int32_t *at, size_t n, gn_leaf_scratch *s) {
    const float *middle = place(p, at[0]);
    float largest = 0;
    for (size_t i = 0; i < n; i++) {
        const float *x = place(p, at[i]);
        float *to = s->x + i * p->stride;
        for (size_t c = 0; c < p->stride; c++) to[c] = x[c] - middle[c];
        s->norm[i] = (float)p->vec->norm2(to, p->stride);
        if (s->norm[i] > largest) largest = s->norm[i];
    }
    return largest;
}

/* The hits of one row of a tile. */
static void measure(const gn_points *p, const int32_t *at, int32_t self, const uint32_t *where,
                    size_t n, size_t first, gn_leaf_scratch *s, gn_best *near) {
    for (size_t h = 0; h < n; h++) s->near[h] = place(p, at[first + (where[h] & 0xffff)]);
    p->rows->kernels->distances(place(p, self), s->near, n, p->stride, s->distance);
    for (size_t h = 0; h < n; h++) {
        const int32_t other = at[first + (where[h] & 0xffff)];
        if (other == self) continue;
        gn_best_offer(near, (size_t)self, gn_best_number(s->distance[h]), (uint32_t)other, true);
    }
}

/* Limits of m rows for what a tile's pick compares: norm of the other - 2 product. */
static void find_limits(const int32_t *at, size_t first, size_t m, float slack, const gn_best *near,
                        gn_leaf_scratch *s) {
    for (size_t i = 0; i < m; i++) {
        const uint32_t number = gn_best_limit(near, (size_t)at[first + i]);
        float limit = INFINITY;
        if (number != UINT32_MAX) memcpy(&limit, &number, sizeof limit);
        s->limit[i] = limit - s->norm[first + i] + slack;
    }
}

void gn_leaf_meet(const gn_points *p, const gn_gemm *gemm, const int32_t *at, size_t n,
                  gn_leaf_scratch *s, gn_best *near) {
    const size_t mr = gemm->mr, nr = gemm->nr;
    const size_t k = (p->stride + gemm->k_multiple - 1) / gemm->k_multiple * gemm->k_multiple;
    const size_t a_bytes = mr * k * gemm->element_bytes, b_bytes = nr * k * gemm->element_bytes;
    const float slack = 4 * SLACK * centre(p, at, n, s);
    for (size_t i = 0; i < n; i += mr)
        gemm->pack_a(s->x + i * p->stride, p->stride, n - i < mr ? n - i : mr, p->stride,
                     s->a + i / mr * a_bytes);
    for (size_t j = 0; j < n; j += nr)
        gemm->pack_b(s->x + j * p->stride, p->stride, n - j < nr ? n - j : nr, p->stride,
                     s->b + j / nr * b_bytes);
    for (size_t j = 0; j < n; j += nr)
        for (size_t i = 0; i < n; i += mr) {
            const size_t m = n - i < mr ? n - i : mr, width = n - j < nr ? n - j : nr;
            gemm->tile(s->a + i / mr * a_bytes, s->b + j / nr * b_bytes, k, s->tile, nr);
            find_limits(at, i, m, slack, near, s);
            const size_t hits = p->rows->kernels->pick_rows(s->tile, nr, m, width, s->norm + j,
                                                            s->limit, s->where, s->value);
            for (size_t h = 0, next; h < hits; h = next) {
                for (next = h + 1; next < hits && s->where[next] >> 16 == s->where[h] >> 16;)
                    next++;
                measure(p, at, at[i + (s->where[h] >> 16)], s->where + h, next - h, j, s, near);
            }
        }
}
