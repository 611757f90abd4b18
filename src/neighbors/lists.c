/* A list grows until it is full; then the k-th smallest upper bound becomes the row's bound, and
 * what lies above it goes. That happens a handful of times for each row: after t candidates in
 * random order only k / t of the next ones are below the bound, so that a row sees about
 * k (1 + ln(n / k)) candidates in all.
 *
 * Bounds are taken in two ways. The quick one selects the k-th smallest value and allows for the
 * largest error of any row; the careful one bounds each candidate with its own length, and is used
 * when the quick one keeps too much (far points somewhere in the set). A list that stays nearly
 * full even then holds more rows than the filter can tell apart, as in a tight cluster or among
 * duplicates: it is given up, and redo.c finds the row's neighbours in another way. So memory is
 * bounded, and no row is ever answered from a list that lost something. */
#include "neighbors/lists.h"

#include "base/mem.h"

#include <math.h>

size_t gn_lists_room(size_t k) {
    size_t spare = k / 2 < 96 ? 96 : k / 2;
    return (k + spare + 31) / 32 * 32;
}

gn_status gn_lists_new(const gn_filter *query, const gn_filter *base, size_t k, size_t room,
                       size_t rows, gn_lists *out, gn_error *err) {
    gn_status st = GN_OK;
    gn_lists l = {.query = query, .base = base, .k = k, .room = room, .rows = rows};
    GN_TRY(gn_alloc_array(&l.value, rows, room * sizeof(float), "candidate lists", err));
    GN_TRY(gn_alloc_array(&l.index, rows, room * sizeof(int32_t), "candidate lists", err));
    GN_TRY(gn_alloc_array(&l.count, rows, sizeof(uint32_t), "candidate counts", err));
    GN_TRY(gn_alloc_array(&l.bound, rows, sizeof(double), "candidate bounds", err));
    gn_lists_reset(&l, 0);
    *out = l;
done:
    if (st != GN_OK) gn_lists_free(&l);
    return st;
}

void gn_lists_free(gn_lists *l) {
    gn_free(l->value);
    gn_free(l->index);
    gn_free(l->count);
    gn_free(l->bound);
    *l = (gn_lists){0};
}

void gn_lists_reset(gn_lists *l, size_t first) {
    l->first = first;
    for (size_t r = 0; r < l->rows; r++) {
        l->count[r] = 0;
        l->bound[r] = (double)INFINITY;
    }
}

float gn_lists_limit(const gn_lists *l, size_t i, double length, double residual) {
    size_t r = i - l->first;
    if (l->count[r] == GN_LIST_FULL) return -INFINITY;
    if (isinf(l->bound[r])) return INFINITY;
    return gn_filter_limit(l->query, i, l->bound[r], length, residual);
}

static size_t keep_below(float *value, int32_t *index, size_t n, float limit) {
    size_t kept = 0;
    for (size_t e = 0; e < n; e++) {
        value[kept] = value[e];
        index[kept] = index[e];
        kept += !(value[e] > limit);
    }
    return kept;
}

/* Cosine distances up to the noise all count as zero: the bound must not tell them apart. */
static void lower_bound(gn_lists *l, size_t r, double bound) {
    if (l->query->rows->metric == GN_COSINE) bound = fmax(bound, 2 * GN_COSINE_NOISE);
    if (bound < l->bound[r]) l->bound[r] = bound;
}

static size_t tighten_carefully(gn_lists *l, size_t i, size_t n, float *scratch) {
    const gn_filter *q = l->query, *b = l->base;
    size_t r = i - l->first, kept = 0;
    float *value = l->value + r * l->room;
    int32_t *index = l->index + r * l->room;
    for (size_t e = 0; e < n; e++) {
        size_t j = (size_t)index[e];
        double upper = gn_filter_upper(q, i, b->length[j], b->residual[j], value[e]);
        float up = (float)upper;
        scratch[e] = (double)up < upper ? nextafterf(up, INFINITY) : up;
    }
    lower_bound(l, r, (double)q->rows->kernels->select(scratch, n, l->k));
    for (size_t e = 0; e < n; e++) {
        size_t j = (size_t)index[e];
        if (gn_filter_lower(q, i, b->length[j], b->residual[j], value[e]) > l->bound[r]) continue;
        value[kept] = value[e];
        index[kept++] = index[e];
    }
    return kept;
}

void gn_lists_tighten(gn_lists *l, size_t i, float *scratch) {
    const gn_filter *q = l->query, *b = l->base;
    size_t r = i - l->first, n = l->count[r], most = l->room - l->room / 8;
    if (n == GN_LIST_FULL || n < l->k) return;
    float *value = l->value + r * l->room;
    int32_t *index = l->index + r * l->room;
    float kth = q->rows->kernels->select(value, n, l->k);
    lower_bound(l, r, gn_filter_upper(q, i, b->max_length, b->max_residual, kth));
    float limit = gn_filter_limit(q, i, l->bound[r], b->max_length, b->max_residual);
    size_t kept = keep_below(value, index, n, limit);
    if (kept > l->room - l->room / 4) kept = tighten_carefully(l, i, kept, scratch);
    l->count[r] = n == l->room && kept > most ? GN_LIST_FULL : (uint32_t)kept;
}
