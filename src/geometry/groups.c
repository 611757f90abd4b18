#include "geometry/groups.h"

#include "base/mem.h"
#include "math/stats.h"

#include <math.h>

enum { BLOCK_ROWS = 512 };

/* row[] sorted by key, ties by place in `order`: argsort is stable. */
static gn_status sort_rows(const int32_t *key, size_t n, const int32_t *order, int32_t *row,
                           gn_error *err) {
    gn_status st;
    double *k = NULL;
    int32_t *place = NULL;
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
