/* Distances of all pairs, kept, as the first pipeline has them. Of few rows the products of all
 * with all are taken at once, in float64: |x - y|^2 = |x|^2 + |y|^2 - 2 x.y, where two rows nearly
 * coincide from their difference instead. */
#include "encoding/pair_rows.h"
#include "encoding/sums.h"
#include "encoding/v1.h"

#include <math.h>

struct filling {
    const gn_pair_rows *rows;
    const double *gram; /* (n, n) products of the rows, or NULL: from their differences */
    double *distance;
};

enum { ROWS_AT_ONCE = 16, GRAM_ROWS = 4096 };
/* Below this share of |x|^2 + |y|^2 a squared distance from products has lost 20 of its 52 bits,
 * and is measured from the difference. */
#define NEAR_SHARE 0x1p-20

static double from_products(const struct filling *f, size_t i, size_t j) {
    const double *g = f->gram;
    size_t n = f->rows->n;
    double both = g[i * n + i] + g[j * n + j], square = both - 2 * g[i * n + j];
    if (!(square > NEAR_SHARE * both)) return gn_pair_distance(f->rows, i, j);
    return f->rows->metric == GN_PAIR_EUCLIDEAN     ? sqrt(square)
           : f->rows->metric == GN_PAIR_SQEUCLIDEAN ? square
                                                    : square / 2;
}

static gn_status fill(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    struct filling *f = user;
    size_t n = f->rows->n, last = (block + 1) * ROWS_AT_ONCE;
    for (size_t i = block * ROWS_AT_ONCE; i < last && i < n; i++) {
        double *to = f->distance + i * n - i * (i + 1) / 2 - i - 1;
        for (size_t j = i + 1; j < n; j++)
            to[j] = f->gram ? from_products(f, i, j) : gn_pair_distance(f->rows, i, j);
    }
    return GN_OK;
}

gn_status gn_v1_distances(gn_ctx *ctx, gn_mat a, gn_pair_metric metric, double *distance,
                          gn_error *err) {
    gn_status st;
    gn_pair_rows rows = {0};
    gn_layer_view view = {0};
    double *gram = NULL;
    size_t n = a.rows;
    GN_TRY(gn_pair_rows_new(ctx, a, NULL, n, metric, &rows, err));
    if (gn_pair_products(metric) && n <= GRAM_ROWS) {
        view = (gn_layer_view){.x = gn_mat_f32(rows.x, n, a.cols), .vec = rows.vec};
        view.mean = gn_calloc(a.cols, sizeof *view.mean);
        if (!view.mean) {
            st = gn_fail_nomem(err, "column means", a.cols * sizeof *view.mean);
            goto done;
        }
        GN_TRY(gn_alloc_array(&gram, n, n * sizeof *gram, "products of rows", err));
        GN_TRY(gn_layer_gram(ctx, &view, gram, err));
    }
    struct filling f = {&rows, gram, distance};
    size_t blocks = (n + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE;
    gn_progress progress = {"distances", "rows", (double)n, 0, (double)n / (double)blocks};
    st = gn_parallel(ctx, blocks, fill, &f, &progress, err);
done:
    gn_free(gram);
    gn_layer_view_free(&view);
    gn_pair_rows_free(&rows);
    return st;
}
