/* Repulsion in t-SNE by interpolation: Linderman et al., Nature Methods 16:243 (2019).
 *
 * All n (n - 1) pushes are a convolution of the points with fixed kernels of the difference y:
 *
 *     1 / (1 + |y|^2)            summed over pairs: the normaliser Z
 *     y_x / (1 + |y|^2)^2        the x component of the force; y and z alike
 *
 * Each point spreads a unit charge over the 4^dim nodes around it (cubic Lagrange weights), a
 * transform convolves the grid with the kernels, and each point reads its potentials back with the
 * same weights. The reference method convolves the *scalar* kernel with the charges 1, x and y and
 * subtracts (y_i phi_1 - phi_y), which cancels far from the origin and takes more transforms; with
 * the force itself as the kernel there is one transform of charges, and the force of a map that is
 * still small, where the kernel is linear, is exact up to rounding.
 *
 * The spacing is in units of the kernel's width, so it need not depend on the extent of the map:
 * kernels are transformed anew only when the map outgrows its grid. Points are sorted into strips
 * of STRIP node lines; even strips are spread in parallel, then odd ones. So each node gets its
 * terms in one order, whatever the number of threads. */
#include "projection/repulsion_grid.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "projection/grid_fft.h"

enum { ORDER = 4, STRIP = 16, BLOCK = 1024, MAX_DIM = 3 };

/* Distance of neighbouring nodes, by dimension, and bounds for their number along an axis: a small
 * map gets them closer (it costs nothing, and the weights see a smoother kernel), a huge one wider.
 */
static const double widest_of[MAX_DIM + 1] = {0, 0.1, 0.3, 0.6};
static const double fewest_of[MAX_DIM + 1] = {0, 2000, 150, 32};
static const double most_of[MAX_DIM + 1] = {0, 65536, 1600, 160};

struct gn_repulsion_grid {
    size_t n, dim;
    double spacing, origin[3];
    size_t m[3];
    gn_grid_fft *grid;
    int32_t *strip, *order; /* (n): the strip of each point; points by strip */
    size_t *start;          /* (strips + 1) */
    size_t n_strips;
    double self[ORDER][ORDER][ORDER]; /* 1 / (1 + d^2) at node differences 0 ... 3 */
    double *z;                        /* one a block */
    const double *y;                  /* of the running call */
    double *force;
    size_t parity;
};

void gn_repulsion_grid_free(gn_repulsion_grid *r) {
    if (!r) return;
    gn_grid_fft_free(r->grid);
    gn_free(r->strip);
    gn_free(r->order);
    gn_free(r->start);
    gn_free(r->z);
    gn_free(r);
}

gn_status gn_repulsion_grid_new(size_t n, size_t dim, gn_repulsion_grid **out, gn_error *err) {
    gn_repulsion_grid *r = gn_calloc(1, sizeof *r);
    if (!r) return gn_fail(err, GN_ENOMEM, "out of memory for a map");
    gn_status st = GN_OK;
    r->n = n;
    r->dim = dim;
    GN_TRY(gn_alloc_array(&r->strip, n, sizeof *r->strip, "strips", err));
    GN_TRY(gn_alloc_array(&r->order, n, sizeof *r->order, "strips", err));
    GN_TRY(gn_alloc_array(&r->z, n / BLOCK + 1, sizeof *r->z, "block sums", err));
    *out = r;
    return GN_OK;
done:
    gn_repulsion_grid_free(r);
    return st;
}

/* Axis of the grid that coordinate x lies along: the last one is padded for the real transform. */
static size_t axis_of(size_t dim, size_t x) {
    return dim == 3 ? x : dim == 2 ? 2 * x : 2;
}

static float kernel_value(const void *user, size_t which, double a, double b, double c) {
    const gn_repulsion_grid *r = user;
    const double d[3] = {a * r->spacing, b * r->spacing, c * r->spacing};
    const double q = 1 / (1 + d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    return (float)(which == 0 ? q : d[axis_of(r->dim, which - 1)] * q * q);
}

/* Makes the grid hold every point with one node of margin before and two behind. */
static gn_status fit_grid(gn_ctx *ctx, gn_repulsion_grid *r, const double *y, gn_error *err) {
    double low[MAX_DIM], extent = 0, high[MAX_DIM];
    for (size_t x = 0; x < r->dim; x++) low[x] = high[x] = y[x];
    for (size_t i = 1; i < r->n; i++)
        for (size_t x = 0; x < r->dim; x++) {
            const double v = y[i * r->dim + x];
            if (v < low[x]) low[x] = v;
            if (v > high[x]) high[x] = v;
        }
    for (size_t x = 0; x < r->dim; x++)
        if (high[x] - low[x] > extent) extent = high[x] - low[x];
    double spacing = widest_of[r->dim];
    while (extent / spacing > most_of[r->dim]) spacing *= 1.25;
    while (extent / spacing < fewest_of[r->dim] && spacing > 1e-9) spacing /= 2;
    bool fits = r->grid && spacing == r->spacing;
    size_t need[3] = {1, 1, 1};
    for (size_t x = 0; x < r->dim; x++) {
        const size_t axis = axis_of(r->dim, x);
        need[axis] = (size_t)((high[x] - low[x]) / spacing) + ORDER + 2;
        r->origin[axis] = low[x] - 1.5 * spacing; /* half a node against rounding */
        /* A tenth of room to grow, and no grid that has become much too large. */
        if (fits && (need[axis] > r->m[axis] || 2 * need[axis] < r->m[axis])) fits = false;
    }
    if (fits) return GN_OK;
    gn_status st = GN_OK;
    size_t *start = NULL;
    gn_grid_fft *grid = NULL;
    bool odd[MAX_DIM + 1] = {false, true, true, true};
    r->spacing = spacing;
    for (int a = 0; a < 3; a++)
        if (need[a] > 1) need[a] += need[a] / 10;
    const size_t n_strips = need[0] / STRIP + 1;
    GN_TRY(gn_alloc_array(&start, n_strips + 1, sizeof *start, "strips", err));
    gn_grid_fft_free(r->grid);
    r->grid = NULL;
    GN_TRY(gn_grid_fft_new(ctx, need, r->dim + 1, odd, kernel_value, r, &grid, err));
    gn_free(r->start);
    r->grid = grid;
    r->start = start;
    r->n_strips = n_strips;
    memcpy(r->m, need, sizeof need);
    for (int i = 0; i < ORDER; i++)
        for (int j = 0; j < ORDER; j++)
            for (int k = 0; k < ORDER; k++) r->self[i][j][k] = (double)kernel_value(r, 0, i, j, k);
    return GN_OK;
done:
    gn_free(start);
    return st;
}

/* First node and the four weights of a coordinate along one axis. */
static size_t weights(double v, double origin, double spacing, double w[ORDER]) {
    const double u = (v - origin) / spacing, base = floor(u), t = u - base;
    w[0] = -t * (t - 1) * (t - 2) / 6;
    w[1] = (t + 1) * (t - 1) * (t - 2) / 2;
    w[2] = -(t + 1) * t * (t - 2) / 2;
    w[3] = (t + 1) * t * (t - 1) / 6;
    return (size_t)base - 1;
}

typedef struct stencil {
    size_t at[3], n[3];
    double w[3][ORDER];
} stencil;

static void stencil_of(const gn_repulsion_grid *r, size_t i, stencil *s) {
    for (size_t a = 0; a < 3; a++) {
        s->at[a] = 0;
        s->n[a] = 1;
        s->w[a][0] = 1;
    }
    for (size_t x = 0; x < r->dim; x++) {
        const size_t a = axis_of(r->dim, x);
        s->n[a] = ORDER;
        s->at[a] = weights(r->y[i * r->dim + x], r->origin[a], r->spacing, s->w[a]);
    }
}

/* What a point adds to its own potential. It would be 1; seen through the weights it is the sum of
 * c_k c_l c_m K(k, l, m) with c_k = sum over a of w_a w_(a+k) along each axis, |k| < ORDER. */
static double self_potential(const gn_repulsion_grid *r, const stencil *s) {
    double c[3][ORDER], sum = 0;
    for (int x = 0; x < 3; x++)
        for (size_t k = 0; k < s->n[x]; k++) {
            c[x][k] = 0;
            for (size_t a = 0; a + k < s->n[x]; a++) c[x][k] += s->w[x][a] * s->w[x][a + k];
            if (k > 0) c[x][k] *= 2;
        }
    for (size_t i = 0; i < s->n[0]; i++)
        for (size_t j = 0; j < s->n[1]; j++)
            for (size_t k = 0; k < s->n[2]; k++)
                sum += c[0][i] * c[1][j] * c[2][k] * r->self[i][j][k];
    return sum;
}

/* Points by strip, in their own order within one: a counting sort. */
static void sort_points(gn_repulsion_grid *r) {
    memset(r->start, 0, (r->n_strips + 1) * sizeof *r->start);
    for (size_t i = 0; i < r->n; i++) {
        const double u = r->dim == 1 ? 0 : (r->y[i * r->dim] - r->origin[0]) / r->spacing;
        r->strip[i] = (int32_t)(u / STRIP);
        r->start[r->strip[i] + 1]++;
    }
    for (size_t s = 0; s < r->n_strips; s++) r->start[s + 1] += r->start[s];
    for (size_t i = 0; i < r->n; i++) r->order[r->start[r->strip[i]]++] = (int32_t)i;
    for (size_t s = r->n_strips; s > 0; s--) r->start[s] = r->start[s - 1];
    r->start[0] = 0;
}

static gn_status spread(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    gn_repulsion_grid *r = user;
    const size_t strip = 2 * block + r->parity, stride = gn_grid_fft_stride(r->grid);
    float *charges = gn_grid_fft_charges(r->grid);
    for (size_t j = r->start[strip]; j < r->start[strip + 1]; j++) {
        stencil s;
        stencil_of(r, (size_t)r->order[j], &s);
        for (size_t a = 0; a < s.n[0]; a++)
            for (size_t b = 0; b < s.n[1]; b++) {
                const double w = s.w[0][a] * s.w[1][b];
                float *line = charges + ((s.at[0] + a) * r->m[1] + s.at[1] + b) * stride + s.at[2];
                for (size_t c = 0; c < ORDER; c++) line[c] += (float)(w * s.w[2][c]);
            }
    }
    return GN_OK;
}

/* Reads the potentials back, strip by strip for the cache's sake. */
static gn_status collect(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    gn_repulsion_grid *r = user;
    const size_t end = (block + 1) * BLOCK < r->n ? (block + 1) * BLOCK : r->n;
    const size_t stride = gn_grid_fft_stride(r->grid), dim = r->dim;
    double z = 0;
    for (size_t j = block * BLOCK; j < end; j++) {
        const size_t i = (size_t)r->order[j];
        stencil s;
        stencil_of(r, i, &s);
        double sum[MAX_DIM + 1] = {0};
        for (size_t a = 0; a < s.n[0]; a++)
            for (size_t b = 0; b < s.n[1]; b++) {
                const double w = s.w[0][a] * s.w[1][b];
                const size_t at = ((s.at[0] + a) * r->m[1] + s.at[1] + b) * stride + s.at[2];
                for (size_t q = 0; q <= dim; q++) {
                    const float *line = gn_grid_fft_potential(r->grid, q) + at;
                    double t = 0;
                    for (size_t c = 0; c < ORDER; c++) t += s.w[2][c] * (double)line[c];
                    sum[q] += w * t;
                }
            }
        z += sum[0] - self_potential(r, &s);
        for (size_t x = 0; x < dim; x++) r->force[i * dim + x] = sum[x + 1];
    }
    r->z[block] = z;
    return GN_OK;
}

gn_status gn_repulsion_grid_compute(gn_ctx *ctx, gn_repulsion_grid *r, const double *y,
                                    double *force, double *z, gn_error *err) {
    gn_status st = fit_grid(ctx, r, y, err);
    if (st != GN_OK) return st;
    r->y = y;
    r->force = force;
    sort_points(r);
    memset(gn_grid_fft_charges(r->grid), 0,
           r->m[0] * r->m[1] * gn_grid_fft_stride(r->grid) * sizeof(float));
    for (r->parity = 0; st == GN_OK && r->parity < 2; r->parity++)
        st = gn_parallel(ctx, (r->n_strips + 1 - r->parity) / 2, spread, r, NULL, err);
    if (st == GN_OK) st = gn_grid_fft_convolve(ctx, r->grid, err);
    const size_t n_blocks = (r->n + BLOCK - 1) / BLOCK;
    if (st == GN_OK) st = gn_parallel(ctx, n_blocks, collect, r, NULL, err);
    if (st != GN_OK) return st;
    double sum = 0;
    for (size_t b = 0; b < n_blocks; b++) sum += r->z[b];
    *z = sum;
    return GN_OK;
}
