/* From candidate lists to results: the candidates of each row are measured from the original rows
 * in float64, sorted, and written. */
#include "neighbors/engine.h"

#include <math.h>

enum { AHEAD = 2, MOST_PREFETCHED = 4096 };

/* Shell's sort with Ciura's gaps: lists are short, and qsort may allocate. */
void gn_near_sort(gn_near *a, size_t n) {
    static const size_t gaps[] = {1750, 701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++)
        for (size_t i = gaps[g]; i < n; i++) {
            gn_near x = a[i];
            size_t at = i;
            for (; at >= gaps[g] && gn_nearer(x, a[at - gaps[g]]); at -= gaps[g])
                a[at] = a[at - gaps[g]];
            a[at] = x;
        }
}

gn_status gn_engine_store(gn_engine *e, gn_engine_scratch *s, size_t i, const gn_near *near,
                          size_t n, gn_error *err) {
    int32_t *index = e->out->index + i * e->k;
    float *distance = e->out->distance + i * e->k;
    for (size_t p = 0; p < e->k; p++) {
        index[p] = p < n ? near[p].index : -1;
        distance[p] = NAN;
        if (p >= n) continue;
        double exact = gn_rows_public(e->base->rows, near[p].squared);
        distance[p] = (float)exact;
        if (!isfinite(distance[p]))
            return gn_fail(err, GN_EDATA,
                           "rows %zu and %zu are %g apart, which float32 cannot hold: rescale the "
                           "data",
                           gn_rows_number(e->query->rows, i),
                           gn_rows_number(e->base->rows, (size_t)near[p].index), exact);
    }
    if (e->all) gn_engine_expand(e, s->members, i, near);
    atomic_store(&e->state[i], GN_ROW_DONE);
    return GN_OK;
}

/* Candidates lie anywhere in memory: their rows are asked for a few measurements early. */
static void prefetch(const char *row, size_t bytes) {
    for (size_t at = 0; at < bytes && at < MOST_PREFETCHED; at += 64) __builtin_prefetch(row + at);
}

/* Measures the candidates of row i from the original rows and keeps the k nearest. */
static gn_status rank(gn_engine *e, gn_lists *l, gn_engine_scratch *s, size_t i, gn_error *err) {
    const gn_rows *base = e->base->rows;
    gn_lists_tighten(l, i, s->select);
    size_t r = i - l->first, n = l->count[r];
    if (n == GN_LIST_FULL) {
        atomic_fetch_add(&e->n_redone, 1);
        atomic_store(&e->state[i], GN_ROW_REDO);
        return GN_OK;
    }
    const int32_t *index = l->index + r * l->room;
    gn_rows_get(e->query->rows, i, s->row);
    size_t bytes = base->x.cols * gn_dtype_size(base->x.dtype);
    for (size_t c = 0; c < n; c++) {
        if (c + AHEAD < n) prefetch(gn_rows_address(base, (size_t)index[c + AHEAD]), bytes);
        s->near[c] = (gn_near){gn_rows_distance(base, s->row, (size_t)index[c]), index[c]};
    }
    atomic_fetch_add(&e->measured, n);
    gn_near_sort(s->near, n);
    return gn_engine_store(e, s, i, s->near, n < e->k ? n : e->k, err);
}

gn_status gn_engine_rank(gn_engine *e, gn_lists *l, gn_engine_scratch *s, size_t block,
                         gn_error *err) {
    gn_status st = GN_OK;
    size_t first = block * e->query->block, last = first + e->query->block;
    if (last > e->query->n) last = e->query->n;
    for (size_t i = first; i < last && st == GN_OK; i++) /* an earlier run may have had some */
        if (atomic_load(&e->state[i]) == GN_ROW_OPEN) st = rank(e, l, s, i, err);
    return st;
}
