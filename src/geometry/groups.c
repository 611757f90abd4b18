#include "geometry/groups.h"

#include "base/mem.h"
#include "math/stats.h"

#include <math.h>

enum { BLOCK_ROWS = 512 };

/* row[] sorted by key, ties by place in `order`, for keys from lowest to lowest + n_keys - 1. */
static gn_status count_rows(const int32_t *key, size_t n, int32_t lowest, size_t n_keys,
                            const int32_t *order, int32_t *row, gn_error *err) {
    size_t *next = gn_calloc(n_keys + 1, sizeof *next);
    if (!next) return gn_fail_nomem(err, "group keys", (n_keys + 1) * sizeof *next);
    for (size_t i = 0; i < n; i++) next[(int64_t)key[i] - lowest + 1]++;
    for (size_t k = 0; k < n_keys; k++) next[k + 1] += next[k];
    for (size_t p = 0; p < n; p++) {
        int32_t i = order ? order[p] : (int32_t)p;
        row[next[(int64_t)key[i] - lowest]++] = i;
    }
    gn_free(next);
    return GN_OK;
}

/* The same for any keys; counting where they are about as many as rows, as codes of types are. */
static gn_status sort_rows(const int32_t *key, size_t n, const int32_t *order, int32_t *row,
                           gn_error *err) {
    gn_status st;
    double *k = NULL;
    int32_t *place = NULL, lowest = INT32_MAX, highest = INT32_MIN;
    for (size_t i = 0; i < n; i++) {
        if (key[i] < lowest) lowest = key[i];
        if (key[i] > highest) highest = key[i];
    }
    if (n > 0 && (size_t)((int64_t)highest - lowest) < 4 * n)
        return count_rows(key, n, lowest, (size_t)((int64_t)highest - lowest) + 1, order, row, err);
    GN_TRY(gn_alloc_array(&k, n, sizeof *k, "group keys", err));
    GN_TRY(gn_alloc_array(&place, n, sizeof *place, "group keys", err));
    for (size_t p = 0; p < n; p++) k[p] = key[order ? (size_t)order[p] : p];
    GN_TRY(gn_argsort_f64(k, n, place, err));
    for (size_t p = 0; p < n; p++) row[p] = order ? order[place[p]] : place[p];
done:
    gn_free(k);
    gn_free(place);
    return st;
}

gn_status gn_groups_new(const int32_t *key, size_t n_rows, const int32_t *order, gn_groups *out,
                        gn_error *err) {
    gn_groups g = {0};
    gn_status st;
    if (n_rows > INT32_MAX)
        return gn_fail(err, GN_EINVAL, "%zu rows: at most %d are supported", n_rows, INT32_MAX);
    GN_TRY(gn_alloc_array(&g.row, n_rows, sizeof *g.row, "row groups", err));
    GN_TRY(gn_alloc_array(&g.start, n_rows + 1, sizeof *g.start, "row groups", err));
    if (key) GN_TRY(sort_rows(key, n_rows, order, g.row, err));
    for (size_t p = 0; p < n_rows; p++) {
        if (!key) g.row[p] = (int32_t)p;
        if (!key || p == 0 || key[g.row[p]] < 0 || key[g.row[p]] != key[g.row[p - 1]])
            g.start[g.n++] = p;
    }
    g.start[g.n] = n_rows;
    GN_TRY(gn_alloc_array(&g.block, n_rows / BLOCK_ROWS + 2, sizeof *g.block, "row groups", err));
    g.block[0] = 0;
    for (size_t i = 0; i < g.n; i++)
        if (i + 1 == g.n || g.start[i + 1] - g.start[g.block[g.n_blocks]] >= BLOCK_ROWS)
            g.block[++g.n_blocks] = i + 1;
    *out = g;
    g = (gn_groups){0};
done:
    gn_groups_free(&g);
    return st;
}

void gn_groups_free(gn_groups *g) {
    gn_free(g->row);
    gn_free(g->start);
    gn_free(g->block);
    *g = (gn_groups){0};
}

double gn_groups_se(const gn_groups *g, const double *term) {
    if (g->n < 2) return (double)NAN;
    double squares = 0;
    for (size_t i = 0; i < g->n; i++) {
        double sum = 0;
        for (size_t p = g->start[i]; p < g->start[i + 1]; p++) sum += term[g->row[p]];
        squares += sum * sum;
    }
    return sqrt(squares * (double)g->n / (double)(g->n - 1));
}
