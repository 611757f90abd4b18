/* Repulsion in t-SNE, and who computes it.
 *
 * The grid of repulsion_grid.c costs about as much for four points as for some thousands: its
 * transforms depend on how far the map extends. Small maps are therefore summed pair by pair, as
 * the method's definition says, in float64: n^2 terms that vectorise well. Which of both is decided
 * by the number of points alone, so that a map never changes its method on the way and the same
 * seed gives the same bytes on any number of threads.
 *
 * Each point takes its sum over all others in one order, itself included: its own term is exactly 1
 * in Z and 0 in the force, and is taken off afterwards. */
#include "projection/repulsion.h"

#include "base/mem.h"
#include "math/stats.h"
#include "projection/repulsion_grid.h"

enum {
    MAX_DIM = 3,
    PAIRS = 1 << 16, /* of a block of work, about */
};

/* Points up to which all pairs are summed, by dimension: below where both take the same time. */
static const size_t most_exact[MAX_DIM + 1] = {0, 2000, 6000, 12000};

struct gn_repulsion {
    size_t n, dim, rows;     /* rows: of a block */
    gn_repulsion_grid *grid; /* NULL: pair by pair */
    double *column;          /* (dim, n) the positions, each coordinate by itself */
    double *part;            /* (blocks) sums of Z */
    const gn_vec *vec;
    const double *y; /* of the running call */
    double *force;
};

void gn_repulsion_free(gn_repulsion *r) {
    if (!r) return;
    gn_repulsion_grid_free(r->grid);
    gn_free(r->column);
    gn_free(r->part);
    gn_free(r);
}

gn_status gn_repulsion_new(size_t n, size_t dim, gn_repulsion_way way, gn_repulsion **out,
                           gn_error *err) {
    gn_repulsion *r = gn_calloc(1, sizeof *r);
    if (!r) return gn_fail(err, GN_ENOMEM, "out of memory for a map");
    gn_status st = GN_OK;
    r->n = n;
    r->dim = dim;
    r->rows = PAIRS / n > 0 ? PAIRS / n : 1;
    if (way == GN_REPULSION_GRID || (way == GN_REPULSION_AUTO && n > most_exact[dim])) {
        GN_TRY(gn_repulsion_grid_new(n, dim, &r->grid, err));
    } else {
        GN_TRY(gn_alloc_array(&r->column, n * dim, sizeof *r->column, "positions", err));
        GN_TRY(gn_alloc_array(&r->part, n / r->rows + 1, sizeof *r->part, "block sums", err));
    }
    *out = r;
    return GN_OK;
done:
    gn_repulsion_free(r);
    return st;
}

static gn_status sum_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    const gn_repulsion *r = user;
    const size_t end = (block + 1) * r->rows < r->n ? (block + 1) * r->rows : r->n;
    double z = 0;
    for (size_t i = block * r->rows; i < end; i++)
        z +=
            r->vec->repel(r->y + i * r->dim, r->column, r->n, r->n, r->dim, r->force + i * r->dim) -
            1;
    r->part[block] = z;
    return GN_OK;
}

gn_status gn_repulsion_compute(gn_ctx *ctx, gn_repulsion *r, const double *y, double *force,
                               double *z, gn_error *err) {
    if (r->grid) return gn_repulsion_grid_compute(ctx, r->grid, y, force, z, err);
    const size_t n_blocks = (r->n + r->rows - 1) / r->rows;
    r->vec = gn_vec_for(gn_ctx_cpu(ctx));
    r->y = y;
    r->force = force;
    for (size_t i = 0; i < r->n; i++)
        for (size_t x = 0; x < r->dim; x++) r->column[x * r->n + i] = y[i * r->dim + x];
    gn_status st = gn_parallel(ctx, n_blocks, sum_block, r, NULL, err);
    if (st != GN_OK) return st;
    double sum = 0;
    for (size_t b = 0; b < n_blocks; b++) sum += r->part[b];
    *z = sum;
    return GN_OK;
}
