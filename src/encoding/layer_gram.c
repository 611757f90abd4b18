/* Products of a layer's rows with each other. Where rows are fewer than columns they say all that
 * distances are made of: |a_i - a_j|^2 = G_ii + G_jj - 2 G_ij. The kernel wants what it sums over
 * to lie in rows, so columns of the layer are brought to it as rows of the transpose. */
#include "encoding/sums.h"
#include "math/linalg.h"

enum { ROWS = 8, MOST_COLUMNS = 64 }; /* gn_rows: at most 64 rows are asked for at once */

static void load_columns(void *user, size_t j0, size_t w, unsigned worker, double *restrict out) {
    (void)worker;
    const gn_layer_view *v = user;
    size_t n = v->x.rows;
    double row[ROWS * MOST_COLUMNS];
    for (size_t i0 = 0; i0 < n; i0 += ROWS) {
        size_t m = n - i0 < ROWS ? n - i0 : ROWS;
        gn_layer_rows(v, i0, m, j0, w, row);
        for (size_t j = 0; j < w; j++)
            for (size_t i = 0; i < m; i++) out[j * n + i0 + i] = row[i * w + j];
    }
}

gn_status gn_layer_gram(gn_ctx *ctx, const gn_layer_view *v, double *gram, gn_error *err) {
    gn_layer_view copy = *v;
    gn_rows columns = {.n = v->x.cols, .d = v->x.rows, .user = &copy, .load = load_columns};
    return gn_rows_moments(ctx, &columns, NULL, 1, gram, err);
}
