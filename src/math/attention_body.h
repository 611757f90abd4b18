/* Attention over one sequence, for whatever vectors a simd_*.h offers.
 *
 * Head by head: K is transposed once, so that a vector holds one component of LANES keys and the
 * scores of a query are sums of broadcast times vector, without horizontal additions; V is copied
 * so that its rows are whole, adjacent vectors. Then ATT_ROWS queries at a time: scores, softmax,
 * weighted sum, all in a few KB. Scores of a whole row are kept (t floats), which is cheaper than
 * the running softmax that long sequences on GPUs need, up to many thousand positions.
 *
 * A position's result must not depend on what follows it in a causal model, nor on how its row is
 * grouped: scores that are masked become weights of exactly 0, sums run over lanes in one fixed
 * pattern, and adding 0 changes nothing. */
#ifndef GN_MATH_ATTENTION_BODY_H
#define GN_MATH_ATTENTION_BODY_H

#include "math/nn_body.h"

#include <string.h>

enum { ATT_ROWS = GN_ATTENTION_ROWS, ATT_NV = 2 };

static inline size_t whole_vectors(size_t n) {
    return (n + LANES - 1) / LANES * LANES;
}

/* kt (dh rows of tp): component c of key j at kt[c * tp + j]; columns beyond t are zero. */
static void transpose_keys(const float *k, size_t ld, size_t t, size_t dh, float *kt, size_t tp) {
    for (size_t j0 = 0; j0 < tp; j0 += LANES)
        for (size_t c0 = 0; c0 < dh; c0 += LANES) {
            vf square[LANES];
            for (size_t j = 0; j < LANES; j++)
                square[j] = j0 + j < t ? load_part(k + (j0 + j) * ld, c0, dh) : vf_zero();
            vf_transpose(square);
            for (size_t c = 0; c < LANES && c0 + c < dh; c++)
                vf_store(kt + (c0 + c) * tp + j0, square[c]);
        }
}

/* s[r][j] = scale sum_c q[r][c] kt[c][j] for nv vectors of columns. */
static inline void score_block(const float *const q[ATT_ROWS], const float *kt, size_t tp,
                               size_t dh, float scale, float *s, size_t lds, int nv) {
    vf sum[ATT_ROWS][ATT_NV];
    for (int r = 0; r < ATT_ROWS; r++)
        for (int v = 0; v < nv; v++) sum[r][v] = vf_zero();
    for (size_t c = 0; c < dh; c++)
        for (int r = 0; r < ATT_ROWS; r++) {
            vf a = vf_set(q[r][c]);
            for (int v = 0; v < nv; v++)
                sum[r][v] = vf_fma(a, vf_load(kt + c * tp + (size_t)v * LANES), sum[r][v]);
        }
    for (int r = 0; r < ATT_ROWS; r++)
        for (int v = 0; v < nv; v++)
            vf_store(s + (size_t)r * lds + (size_t)v * LANES, vf_mul(sum[r][v], vf_set(scale)));
}

/* In place: the first n scores become e^(s - max), the others up to `width` 0. Returns 1 / sum. */
static float softmax_row(float *s, size_t n, size_t width) {
    const vf none = vf_set(-HUGE_VALF);
    vf most = none, total = vf_zero();
    size_t whole = n / LANES * LANES, j;
    for (j = 0; j < whole; j += LANES) most = vf_max(most, vf_load(s + j));
    if (j < n) most = vf_max(most, vf_keep(vf_load(s + j), n - j, none));
    vf top = vf_set(vf_max_lane(most));
    for (j = 0; j < whole; j += LANES) {
        vf e = exp_clamped(vf_sub(vf_load(s + j), top));
        vf_store(s + j, e);
        total = vf_add(total, e);
    }
    if (j < n) {
        vf e = vf_keep(exp_clamped(vf_sub(vf_load(s + j), top)), n - j, vf_zero());
        vf_store(s + j, e);
        total = vf_add(total, e);
        j += LANES;
    }
    for (; j < width; j += LANES) vf_store(s + j, vf_zero());
    return 1.0f / vf_sum(total);
}

/* o[r][c] = inverse[r] sum_j p[r][j] v[j][c] for nv vectors of columns, j < n. */
static inline void weigh_block(const float *p, size_t lds, const float *v, size_t dp, size_t n,
                               const float inverse[ATT_ROWS], float *o, size_t ldo, int nv) {
    vf sum[ATT_ROWS][ATT_NV];
    for (int r = 0; r < ATT_ROWS; r++)
        for (int i = 0; i < nv; i++) sum[r][i] = vf_zero();
    for (size_t j = 0; j < n; j++)
        for (int r = 0; r < ATT_ROWS; r++) {
            vf a = vf_set(p[(size_t)r * lds + j]);
            for (int i = 0; i < nv; i++)
                sum[r][i] = vf_fma(a, vf_load(v + j * dp + (size_t)i * LANES), sum[r][i]);
        }
    for (int r = 0; r < ATT_ROWS; r++)
        for (int i = 0; i < nv; i++) /* + 0 makes -0 a 0, whatever was added to it */
            vf_store(o + (size_t)r * ldo + (size_t)i * LANES,
                     vf_fma(sum[r][i], vf_set(inverse[r]), vf_zero()));
}

struct head {
    const float *q, *kt, *v; /* q as given; K transposed, V copied */
    size_t ld, t, tp, dh, dp;
    float scale;
    bool causal;
    float *scores, *rows; /* ATT_ROWS of tp, ATT_ROWS of dp */
};

/* Queries [i0, i0 + rows), rows <= ATT_ROWS: a short group repeats its last query. */
static void attend(const struct head *h, size_t i0, size_t rows, float *out, size_t ld_out) {
    const float *q[ATT_ROWS];
    float inverse[ATT_ROWS];
    size_t seen = h->causal ? i0 + rows : h->t, width = whole_vectors(seen);
    for (size_t r = 0; r < ATT_ROWS; r++) q[r] = h->q + (i0 + (r < rows ? r : rows - 1)) * h->ld;
    for (size_t j = 0; j < width; j += ATT_NV * LANES) {
        if (j + ATT_NV * LANES <= width)
            score_block(q, h->kt + j, h->tp, h->dh, h->scale, h->scores + j, h->tp, ATT_NV);
        else
            score_block(q, h->kt + j, h->tp, h->dh, h->scale, h->scores + j, h->tp, 1);
    }
    for (size_t r = 0; r < ATT_ROWS; r++) {
        size_t last = r < rows ? r : rows - 1;
        inverse[r] = softmax_row(h->scores + r * h->tp, h->causal ? i0 + last + 1 : h->t, width);
    }
    for (size_t c = 0; c < h->dp; c += ATT_NV * LANES) {
        if (c + ATT_NV * LANES <= h->dp)
            weigh_block(h->scores, h->tp, h->v + c, h->dp, seen, inverse, h->rows + c, h->dp,
                        ATT_NV);
        else
            weigh_block(h->scores, h->tp, h->v + c, h->dp, seen, inverse, h->rows + c, h->dp, 1);
    }
    for (size_t r = 0; r < rows; r++)
        memcpy(out + (i0 + r) * ld_out, h->rows + r * h->dp, h->dh * sizeof *out);
}

static void attention(const float *q, const float *k, const float *v, size_t ld, size_t t, size_t h,
                      size_t dh, float scale, bool causal, float *out, size_t ld_out,
                      void *scratch) {
    size_t tp = whole_vectors(t), dp = whole_vectors(dh);
    float *kt = scratch, *vp = kt + dh * tp, *scores = vp + t * dp, *rows = scores + ATT_ROWS * tp;
    for (size_t i = 0; i < h; i++) {
        struct head head = {.q = q + i * dh,
                            .kt = kt,
                            .v = vp,
                            .ld = ld,
                            .t = t,
                            .tp = tp,
                            .dh = dh,
                            .dp = dp,
                            .scale = scale,
                            .causal = causal,
                            .scores = scores,
                            .rows = rows};
        transpose_keys(k + i * dh, ld, t, dh, kt, tp);
        for (size_t j = 0; j < t; j++)
            for (size_t c = 0; c < dp; c += LANES)
                vf_store(vp + j * dp + c, load_part(v + i * dh + j * ld, c, dh));
        for (size_t i0 = 0; i0 < t; i0 += ATT_ROWS)
            attend(&head, i0, t - i0 < ATT_ROWS ? t - i0 : ATT_ROWS, out + i * dh, ld_out);
    }
}

const gn_nn SIMD_TABLE(gn_nn) = {.name = SIMD_NAME,
                                 .layer_norm = layer_norm,
                                 .activate = activate,
                                 .gelu = gelu,
                                 .finish = finish,
                                 .attention = attention};

#endif
