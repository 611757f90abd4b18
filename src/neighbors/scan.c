/* The nearest rows of one vector: bounds for all rows from cheap numbers, then the distances of the
 * few that the bounds leave.
 *
 * Row j stands for y = f P(x), f its factor (rows.h) and P the space's projection; the question is
 * w, projected and scaled in the same way, so that P'w = w for the linear part P' = I - V'V.
 * D = |w - y|^2 is wanted.
 *
 * With codes, x = a + e, where a = m + s (g o c) and |e| <= r (codes.c). Then f P(a) is known but
 * for rounding: |f P(a)|^2 is stored, and, P' being symmetric, f P(a).w = f ( s c.(g o w) + (m -
 * mean).w ), one product of the int8 codes with a float32 vector. So R = |w - f P(a)|^2 = f^2
 * |P(a)|^2 + |w|^2 - 2 f ( s c.(g o w) + (m - mean).w ) and, since |P'e| <= |e|, the triangle
 * inequality gives | sqrt(D) - sqrt(R) | <= f r. This is sharp where it matters: for close rows the
 * error of D shrinks with the distance. R itself is off by at most E: the float32 product has
 * chains of d / 64 + 6 additions after one multiplication and the rounding of g o w, all relative
 * to the sum of |c g w| <= |g o c||w|; what falls below float32's range is below 2^-90 of |g o c|,
 * because max |c| is 127 and g >= 2^-20; float64 sums are off by `slack` of the squares of the
 * lengths that enter.
 *
 * Without codes and in a space, the kernel gives |w - f x|^2 to float64 precision, and
 *     D = |w - f x|^2 - f^2 |x|^2 + f^2 |P(x)|^2 + 2 f mean.w,
 * with both lengths stored: the same bounds with r = 0. In the raw space the kernel gives D.
 *
 * T, the k-th smallest upper bound, is not exceeded by at least k rows. A row whose lower bound is
 * above T can be neither among the k nearest nor tied with them. All others are measured: P(x) row
 * by row in float64, then the difference; that number is the definition of the distance, so the
 * answer depends neither on the codes nor on the instruction set. If the bounds exclude nothing,
 * this is the plain loop. */
#include "neighbors/scan.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "neighbors/engine.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define U 0x1p-24
#define WIDEN (1 + 0x1p-39)

enum { MEASURED_AT_ONCE = 64 };

/* ---- the question ------------------------------------------------------------------------- */

gn_status gn_question_new(const gn_scan *s, const double *point, gn_question *out, gn_error *err) {
    gn_status st = GN_OK;
    gn_question q = {0};
    size_t d = s->rows.x.cols;
    double factor = s->rows.scale, length = gn_row_length(s->vec, point, d);
    if (!isfinite(length) || !isfinite(length * factor))
        return gn_fail(err, GN_EDATA, "the vector asked for is not finite");
    if (s->rows.metric == GN_COSINE) {
        if (length == 0 || !isfinite(factor = 1 / length))
            return gn_fail(
                err, GN_EDATA,
                "the vector asked for has no direction, so cosine distance is undefined");
    }
    GN_TRY(gn_alloc_array(&q.point, d, sizeof(double), "a question", err));
    for (size_t c = 0; c < d; c++) q.point[c] = point[c] * factor;
    q.length = gn_row_length(s->vec, q.point, d);
    if (s->codes) {
        const gn_codes *codes = s->codes;
        GN_TRY(gn_alloc_array(&q.scaled, codes->padded, sizeof(float), "a question", err));
        memset(q.scaled, 0, codes->padded * sizeof(float));
        for (size_t c = 0; c < d; c++) {
            q.scaled[c] = (float)(codes->scale[c] * q.point[c]);
            q.shift += (codes->centre[c] - (s->mean ? s->mean[c] : 0)) * q.point[c];
        }
    } else if (s->mean)
        q.shift = s->vec->dot_f64(s->mean, q.point, d);
    *out = q;
    q = (gn_question){0};
done:
    gn_question_free(&q);
    return st;
}

void gn_question_free(gn_question *q) {
    gn_free(q->point);
    gn_free(q->scaled);
}

/* ---- bounds ------------------------------------------------------------------------------- */

/* From R, its error E, and how far sqrt(D) may be from sqrt(R). */
static gn_interval widen(double square, double error, double rest) {
    if (!(square + error < DBL_MAX)) return (gn_interval){0, HUGE_VAL};
    double up = sqrt(fmax(square + error, 0)) + rest;
    double down = sqrt(fmax(square - error, 0)) - rest;
    return (gn_interval){down > 0 ? down * down * (2 - WIDEN) : 0, up * up * WIDEN};
}

static void bound_codes(const gn_scan *s, const gn_question *q, size_t first, size_t n,
                        gn_interval *out) {
    const gn_codes *codes = s->codes;
    float dot[GN_SCAN_BLOCK];
    double chain = (double)codes->padded / 64 + 9, relative = chain * U / (1 - chain * U);
    s->rows.kernels->dots_i8(q->scaled, codes->code + first * codes->padded, codes->padded, n, dot);
    for (size_t i = 0; i < n; i++) {
        size_t j = first + i;
        double f = gn_rows_factor(&s->rows, j), part = f * codes->length[j];
        double rest = f * codes->rest[j], lengths = part + f * s->offset + q->length;
        double left = f * s->approximate[j];
        double square = left * left + q->length * q->length -
                        2 * f * (codes->step[j] * (double)dot[i] + q->shift);
        double error =
            2 * relative * part * q->length + 0x1p-90 * part + s->slack * lengths * lengths;
        out[i] = widen(square, error, rest + s->slack * (lengths + rest));
    }
}

static void bound_rows(const gn_scan *s, const gn_question *q, size_t first, size_t n,
                       gn_interval *out) {
    for (size_t i = 0; i < n; i++) {
        size_t j = first + i;
        double near = gn_rows_distance(&s->rows, q->point, j);
        if (gn_scan_raw(s)) {
            out[i] = (gn_interval){near, near};
            continue;
        }
        double f = gn_rows_factor(&s->rows, j), whole = f * s->length[j], left = f * s->placed[j];
        double lengths = whole + f * s->offset + q->length;
        double square = near - whole * whole + left * left + 2 * f * q->shift;
        out[i] = widen(square, s->slack * lengths * lengths, s->slack * lengths);
    }
}

void gn_scan_bounds(const gn_scan *s, const gn_question *q, size_t first, size_t n,
                    gn_interval *out) {
    (s->codes ? bound_codes : bound_rows)(s, q, first, n, out);
}

double gn_scan_measure(const gn_scan *s, const gn_question *q, size_t j, double *buf) {
    if (gn_scan_raw(s)) return gn_rows_distance(&s->rows, q->point, j);
    gn_scan_place_row(s, j, buf);
    double square =
        s->rows.kernels->distance_f64(q->point, buf, gn_rows_factor(&s->rows, j), s->rows.x.cols);
    return s->rows.metric == GN_COSINE && square <= GN_COSINE_NOISE ? 0 : square;
}

/* ---- one pass ----------------------------------------------------------------------------- */

/* The k smallest so far, a max-heap. */
struct smallest {
    gn_near *heap; /* (k) */
    size_t n, k;
};

static void offer(struct smallest *s, gn_near x) {
    if (s->n < s->k) { /* sift up */
        size_t at = s->n++;
        for (; at > 0 && gn_nearer(s->heap[(at - 1) / 2], x); at = (at - 1) / 2)
            s->heap[at] = s->heap[(at - 1) / 2];
        s->heap[at] = x;
    } else if (gn_nearer(x, s->heap[0])) {
        s->heap[0] = x;
        gn_near_sift(s->heap, s->k);
    }
}

struct pass {
    const gn_scan *s;
    const gn_question *q;
    const unsigned char *excluded; /* a bit a row; NULL: none */
    float *low;                    /* (n) rounded down */
    struct smallest *smallest;     /* (threads) upper bounds */
    gn_near *candidate;
    size_t n_candidates;
    double *buf; /* (threads, d) */
};

static bool may_answer(const struct pass *p, size_t j) {
    return !(p->excluded && p->excluded[j / 8] >> j % 8 & 1) && gn_rows_factor(&p->s->rows, j) > 0;
}

static gn_status bound_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct pass *p = user;
    gn_interval bound[GN_SCAN_BLOCK];
    struct smallest *mine = &p->smallest[worker];
    size_t first = block * GN_SCAN_BLOCK, rest = p->s->rows.n - first;
    size_t n = rest < GN_SCAN_BLOCK ? rest : GN_SCAN_BLOCK;
    gn_scan_bounds(p->s, p->q, first, n, bound);
    for (size_t i = 0; i < n; i++) {
        p->low[first + i] = (float)fmin(bound[i].low * (1 - 0x1p-22), (double)FLT_MAX);
        gn_near x = {bound[i].high, (int32_t)(first + i)};
        if ((mine->n < mine->k || gn_nearer(x, mine->heap[0])) && may_answer(p, first + i))
            offer(mine, x);
    }
    return GN_OK;
}

static gn_status measure_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct pass *p = user;
    double *buf = p->buf + worker * p->s->rows.x.cols;
    size_t end = (block + 1) * MEASURED_AT_ONCE;
    for (size_t i = block * MEASURED_AT_ONCE; i < end && i < p->n_candidates; i++)
        p->candidate[i].squared = gn_scan_measure(p->s, p->q, (size_t)p->candidate[i].index, buf);
    return GN_OK;
}

/* T: the k-th smallest of all upper bounds; infinity where there are not so many rows. */
static double merge_bounds(struct pass *p, unsigned threads, struct smallest *all) {
    for (unsigned w = 0; w < threads; w++)
        for (size_t i = 0; i < p->smallest[w].n; i++) offer(all, p->smallest[w].heap[i]);
    double t = all->n < all->k ? HUGE_VAL : all->heap[0].squared;
    all->n = 0;
    return t;
}

static gn_status find_candidates(struct pass *p, double t, gn_error *err) {
    size_t n = p->s->rows.n, found = 0;
    for (size_t j = 0; j < n; j++) found += !((double)p->low[j] > t);
    gn_status st = gn_alloc_array(&p->candidate, found, sizeof(gn_near), "candidates", err);
    for (size_t j = 0; j < n && st == GN_OK; j++)
        if (!((double)p->low[j] > t) && may_answer(p, j))
            p->candidate[p->n_candidates++].index = (int32_t)j;
    return st;
}

static gn_status exclude(struct pass *p, const gn_scan_query *query, unsigned char **bits,
                         gn_error *err) {
    size_t n = p->s->rows.n;
    if (query->k == 0)
        return gn_fail(err, GN_EINVAL, "k is 0: at least one neighbour is to be found");
    if (query->n_exclude == 0) return GN_OK;
    unsigned char *b = gn_calloc(n / 8 + 1, 1);
    if (!b) return gn_fail_nomem(err, "excluded rows", n / 8 + 1);
    *bits = b;
    p->excluded = b;
    for (size_t i = 0; i < query->n_exclude; i++) {
        int32_t row = query->exclude[i];
        if (row < 0 || (size_t)row >= n)
            return gn_fail(err, GN_EINVAL, "row %d to leave out: there are %zu rows", row, n);
        b[row / 8] = (unsigned char)(b[row / 8] | 1u << row % 8);
    }
    return GN_OK;
}

gn_status gn_scan_nearest(gn_ctx *ctx, const gn_scan *scan, const gn_scan_query *query,
                          int32_t *row, double *distance, gn_scan_answer *answer, gn_error *err) {
    gn_status st = GN_OK;
    unsigned threads = gn_ctx_threads(ctx);
    size_t n = scan->rows.n, k = query->k < n ? query->k : n;
    gn_question q = {0};
    struct pass p = {.s = scan, .q = &q};
    struct smallest best = {.k = k};
    unsigned char *bits = NULL;
    GN_TRY(exclude(&p, query, &bits, err));
    GN_TRY(gn_question_new(scan, query->point, &q, err));
    GN_TRY(gn_alloc_array(&p.low, n, sizeof(float), "lower bounds", err));
    GN_TRY(gn_alloc_array(&p.buf, threads * sizeof(double), scan->rows.x.cols,
                          "a row for each thread", err));
    GN_TRY(gn_alloc_array(&best.heap, k, sizeof(gn_near), "neighbours", err));
    p.smallest = gn_calloc(threads, sizeof *p.smallest);
    if (!p.smallest) GN_TRY(gn_fail_nomem(err, "neighbours", threads * sizeof *p.smallest));
    for (unsigned w = 0; w < threads; w++) {
        p.smallest[w].k = k;
        GN_TRY(gn_alloc_array(&p.smallest[w].heap, k, sizeof(gn_near), "neighbours", err));
    }
    GN_TRY(gn_parallel(ctx, (n + GN_SCAN_BLOCK - 1) / GN_SCAN_BLOCK, bound_block, &p, NULL, err));
    GN_TRY(find_candidates(&p, merge_bounds(&p, threads, &best), err));
    GN_TRY(gn_parallel(ctx, (p.n_candidates + MEASURED_AT_ONCE - 1) / MEASURED_AT_ONCE,
                       measure_block, &p, NULL, err));
    for (size_t i = 0; i < p.n_candidates; i++) offer(&best, p.candidate[i]);
    gn_near_sort(best.heap, best.n);
    for (size_t i = 0; i < best.n; i++) {
        row[i] = best.heap[i].index;
        distance[i] = gn_rows_public(&scan->rows, best.heap[i].squared);
    }
    *answer = (gn_scan_answer){best.n, p.n_candidates};
done:
    for (unsigned w = 0; p.smallest && w < threads; w++) gn_free(p.smallest[w].heap);
    gn_free(p.smallest);
    gn_free(best.heap);
    gn_free(p.buf);
    gn_free(p.low);
    gn_free(p.candidate);
    gn_free(bits);
    gn_question_free(&q);
    return st;
}
