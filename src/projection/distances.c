/* All distances between rows, measured as those of neighbour lists are: from differences of scaled
 * rows in float64, so that the table agrees with the lists to the last bit of float32. */
#include "base/ctx.h"
#include "base/mem.h"
#include "gonio/mds.h"
#include "neighbors/rows.h"

struct table {
    const gn_rows *rows;
    float *out;
    double *row; /* (workers, d) */
};

static gn_status fill_row(void *user, size_t i, unsigned worker, gn_error *err) {
    (void)err;
    const struct table *t = user;
    const size_t n = t->rows->n;
    double *x = t->row + worker * t->rows->x.cols;
    gn_rows_get(t->rows, i, x);
    t->out[i * n + i] = 0;
    for (size_t j = 0; j < i; j++)
        t->out[i * n + j] = t->out[j * n + i] =
            (float)gn_rows_public(t->rows, gn_rows_distance(t->rows, x, j));
    return GN_OK;
}

gn_status gn_mds_distances(gn_ctx *ctx, gn_mat x, gn_metric metric, float *out, gn_error *err) {
    gn_rows rows = {.x = x, .n = x.rows, .metric = metric};
    gn_status st = GN_OK;
    struct table t = {&rows, out, NULL};
    if (x.rows < 2)
        return gn_fail(err, GN_EINVAL, "distances between %zu rows: expected 2", x.rows);
    GN_TRY(gn_rows_prepare(ctx, &rows, NULL, err));
    GN_TRY(gn_alloc_array(&t.row, gn_ctx_threads(ctx) * x.cols, sizeof *t.row, "rows", err));
    const gn_progress progress = {"distances", "rows", (double)x.rows, 0, 1};
    GN_TRY(gn_parallel(ctx, x.rows, fill_row, &t, &progress, err));
done:
    gn_free(t.row);
    gn_rows_free(&rows);
    return st;
}
