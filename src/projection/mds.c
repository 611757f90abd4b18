/* Classical and metric multidimensional scaling.
 *
 * Classical: B = -1/2 J D^2 J holds the products of centred points, if there are such points, and
 * its leading eigenvectors are their axes. Few are wanted of many, so a small random block is
 * multiplied by B again and again and kept orthonormal; J is applied to the block, never to D.
 *
 * Metric: the stress sum (d_ij(X) - delta_ij)^2 lies below a quadratic that touches it at X, whose
 * minimum is the Guttman transform x_i <- 1/n sum_j (delta_ij / d_ij) (x_i - x_j): no step size,
 * and the stress never rises. Each row is new from the old ones alone, so rows are the blocks of
 * work. It finds a minimum, not the minimum: a random start may end worse than the classical one.
 */
#include "gonio/mds.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "base/random.h"
#include "math/linalg.h"

#include <math.h>
#include <string.h>

enum { ROWS = 64, EXTRA = 8, MOST_DIMS = 64, SUBSPACE_ROUNDS = 200, DIMS = 2, ITERATIONS = 300 };
#define SETTLED 1e-12
#define TOLERANCE 1e-6

static double at(gn_mat m, size_t i, size_t j) {
    size_t place = i * m.stride + j;
    return m.dtype == GN_F32 ? (double)((const float *)m.data)[place]
                             : ((const double *)m.data)[place];
}

static gn_status check(gn_mat d, size_t dims, gn_error *err) {
    if (d.rows != d.cols || (d.dtype != GN_F32 && d.dtype != GN_F64) || dims < 1 ||
        dims > MOST_DIMS || d.rows <= dims)
        return gn_fail(err, GN_EINVAL,
                       "scaling a (%zu, %zu) %s table to %zu dimensions: expected a square one of "
                       "float32 or float64 with more rows than dimensions, 1 to %d of them",
                       d.rows, d.cols, gn_dtype_name(d.dtype), dims, MOST_DIMS);
    for (size_t i = 0; i < d.rows; i++)
        for (size_t j = 0; j < d.cols; j++) {
            double v = at(d, i, j);
            if (!(v >= 0 && isfinite(v)) || (i == j && v > 0) || fabs(v - at(d, j, i)) > 1e-6 * v)
                return gn_fail(err, GN_EDATA,
                               "distance (%zu, %zu) is %g, (%zu, %zu) is %g: expected a symmetric "
                               "table of distances with a zero diagonal",
                               i, j, v, j, i, at(d, j, i));
        }
    return GN_OK;
}

/* ---- classical ----------------------------------------------------------------------------- */

struct product {
    gn_mat d;
    const double *v; /* (n, m), columns centred */
    double *w;       /* (n, m) */
    size_t m;
};

static gn_status multiply_rows(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    struct product *p = user;
    size_t n = p->d.rows, m = p->m, last = (block + 1) * ROWS < n ? (block + 1) * ROWS : n;
    for (size_t i = block * ROWS; i < last; i++) {
        double *w = p->w + i * m;
        memset(w, 0, m * sizeof *w);
        for (size_t j = 0; j < n; j++) {
            double delta = at(p->d, i, j), half = -delta * delta / 2;
            for (size_t c = 0; c < m; c++) w[c] += half * p->v[j * m + c];
        }
    }
    return GN_OK;
}

static void centre_columns(double *x, size_t n, size_t m) {
    for (size_t c = 0; c < m; c++) {
        double mean = 0;
        for (size_t i = 0; i < n; i++) mean += x[i * m + c] / (double)n;
        for (size_t i = 0; i < n; i++) x[i * m + c] -= mean;
    }
}

/* Orthonormal columns, by Gram and Schmidt twice; a column that vanishes stays zero. */
static void orthonormalise(double *x, size_t n, size_t m) {
    for (size_t c = 0; c < m; c++) {
        double before = 0, length = 0;
        for (size_t i = 0; i < n; i++) before += x[i * m + c] * x[i * m + c];
        for (int twice = 0; twice < 2; twice++)
            for (size_t b = 0; b < c; b++) {
                double dot = 0;
                for (size_t i = 0; i < n; i++) dot += x[i * m + b] * x[i * m + c];
                for (size_t i = 0; i < n; i++) x[i * m + c] -= dot * x[i * m + b];
            }
        for (size_t i = 0; i < n; i++) length += x[i * m + c] * x[i * m + c];
        double scale = length > 1e-24 * before && length > 0 ? 1 / sqrt(length) : 0;
        for (size_t i = 0; i < n; i++) x[i * m + c] *= scale;
    }
}

struct subspace {
    double *v, *w, *small, *values, *turn;
    size_t m;
};

/* values and, in v, the leading axes of B. */
static gn_status iterate(gn_ctx *ctx, gn_mat d, struct subspace *s, size_t dims, gn_error *err) {
    gn_status st = GN_OK;
    size_t n = d.rows, m = s->m, blocks = (n + ROWS - 1) / ROWS;
    double before = 0;
    for (int round = 0; round < SUBSPACE_ROUNDS; round++) {
        struct product p = {d, s->v, s->w, m};
        GN_TRY(gn_parallel(ctx, blocks, multiply_rows, &p, NULL, err));
        centre_columns(s->w, n, m);
        for (size_t a = 0; a < m; a++)
            for (size_t b = 0; b < m; b++) {
                double sum = 0;
                for (size_t i = 0; i < n; i++)
                    sum += s->v[i * m + a] * s->w[i * m + b] + s->v[i * m + b] * s->w[i * m + a];
                s->small[a * m + b] = sum / 2;
            }
        GN_TRY(gn_eigen_symmetric(s->small, m, s->values, s->turn, err));
        double sum = 0;
        for (size_t c = 0; c < dims; c++) sum += fmax(0, s->values[c]);
        /* The turned products are the next block; the turned block would be this round's axes. */
        bool settled = fabs(sum - before) <= SETTLED * sum || round + 1 == SUBSPACE_ROUNDS;
        const double *from = settled ? s->v : s->w;
        double *to = settled ? s->w : s->v, row[MOST_DIMS + EXTRA];
        for (size_t i = 0; i < n; i++) {
            for (size_t c = 0; c < m; c++) {
                row[c] = 0;
                for (size_t b = 0; b < m; b++) row[c] += s->turn[c * m + b] * from[i * m + b];
            }
            memcpy(to + i * m, row, m * sizeof *row);
        }
        if (settled) break;
        centre_columns(s->v, n, m); /* columns that vanished are rounding noise, mean included */
        orthonormalise(s->v, n, m);
        before = sum;
    }
done:
    return st;
}

gn_status gn_mds_classical(gn_ctx *ctx, gn_mat distance, size_t dims, double *x, double *explained,
                           gn_error *err) {
    gn_status st;
    size_t n = distance.rows;
    struct subspace s = {.m = dims + EXTRA < n ? dims + EXTRA : n};
    GN_TRY(check(distance, dims, err));
    GN_TRY(gn_alloc_array(&s.v, n * s.m, sizeof *s.v, "axes", err));
    GN_TRY(gn_alloc_array(&s.w, n * s.m, sizeof *s.w, "axes", err));
    GN_TRY(gn_alloc_array(&s.small, s.m * s.m, sizeof *s.small, "axes", err));
    GN_TRY(gn_alloc_array(&s.values, s.m, sizeof *s.values, "axes", err));
    GN_TRY(gn_alloc_array(&s.turn, s.m * s.m, sizeof *s.turn, "axes", err));
    gn_random r = gn_random_new(ctx ? gn_ctx_seed(ctx) : 0, 0);
    for (size_t i = 0; i < n * s.m; i++) s.v[i] = gn_random_normal(&r);
    centre_columns(s.v, n, s.m);
    orthonormalise(s.v, n, s.m);
    GN_TRY(iterate(ctx, distance, &s, dims, err));
    double total = 0; /* trace of B */
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            total += at(distance, i, j) * at(distance, i, j) / (2 * (double)n);
    for (size_t c = 0; c < dims; c++) {
        double scale = sqrt(fmax(0, s.values[c])), most = 0;
        for (size_t i = 0; i < n; i++)
            if (fabs(s.w[i * s.m + c]) > fabs(most) * (1 + 1e-9)) most = s.w[i * s.m + c];
        for (size_t i = 0; i < n; i++)
            x[i * dims + c] = (most < 0 ? -scale : scale) * s.w[i * s.m + c];
        if (explained) explained[c] = total > 0 ? fmax(0, s.values[c]) / total : 0;
    }
done:
    gn_free(s.v);
    gn_free(s.w);
    gn_free(s.small);
    gn_free(s.values);
    gn_free(s.turn);
    return st;
}

/* ---- metric -------------------------------------------------------------------------------- */

struct smacof {
    gn_mat d;
    size_t dims;
    const double *x;
    double *next;   /* (n, dims) */
    double *stress; /* (blocks) of x */
};

static gn_status majorise(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    struct smacof *s = user;
    size_t n = s->d.rows, m = s->dims, last = (block + 1) * ROWS < n ? (block + 1) * ROWS : n;
    double stress = 0;
    for (size_t i = block * ROWS; i < last; i++) {
        const double *xi = s->x + i * m;
        double *to = s->next + i * m;
        memset(to, 0, m * sizeof *to);
        for (size_t j = 0; j < n; j++) {
            const double *xj = s->x + j * m;
            double length = 0, delta = at(s->d, i, j);
            for (size_t c = 0; c < m; c++) length += (xi[c] - xj[c]) * (xi[c] - xj[c]);
            length = sqrt(length);
            if (j > i) stress += (length - delta) * (length - delta);
            double pull = length > 0 ? delta / length : 0; /* coincident points do not pull */
            for (size_t c = 0; c < m; c++) to[c] += pull * (xi[c] - xj[c]);
        }
        for (size_t c = 0; c < m; c++) to[c] /= (double)n;
    }
    s->stress[block] = stress;
    return GN_OK;
}

gn_status gn_mds_metric(gn_ctx *ctx, gn_mat distance, const gn_mds_opts *opts, double *x,
                        gn_mds *out, gn_error *err) {
    gn_status st;
    gn_mds_opts o = opts ? *opts : (gn_mds_opts){0};
    if (!o.dims) o.dims = DIMS;
    if (!o.iterations) o.iterations = ITERATIONS;
    if (!(o.tolerance > 0)) o.tolerance = TOLERANCE;
    size_t n = distance.rows, values = n * o.dims, blocks = (n + ROWS - 1) / ROWS, t = 0;
    double *now = NULL, *next = NULL, *part = NULL, squares = 0, before = HUGE_VAL, stress = 0;
    GN_TRY(check(distance, o.dims, err));
    GN_TRY(gn_alloc_array(&now, values, sizeof *now, "points", err));
    GN_TRY(gn_alloc_array(&next, values, sizeof *next, "points", err));
    GN_TRY(gn_alloc_array(&part, blocks, sizeof *part, "stress", err));
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) squares += at(distance, i, j) * at(distance, i, j);
    if (o.start == GN_MDS_CLASSICAL) {
        GN_TRY(gn_mds_classical(ctx, distance, o.dims, now, NULL, err));
    } else {
        gn_random r = gn_random_new(ctx ? gn_ctx_seed(ctx) : 0, 1);
        for (size_t i = 0; i < values; i++) now[i] = gn_random_uniform(&r);
    }
    for (;; t++) {
        struct smacof s = {distance, o.dims, now, next, part};
        GN_TRY(gn_parallel(ctx, blocks, majorise, &s, NULL, err));
        stress = 0;
        for (size_t b = 0; b < blocks; b++) stress += part[b];
        gn_ctx_progress(ctx, "scaling", (double)t, (double)o.iterations, "iterations");
        if (t == o.iterations || before - stress <= o.tolerance * stress) break;
        before = stress;
        double *swap = now;
        now = next;
        next = swap;
    }
    gn_ctx_progress(ctx, "scaling", (double)o.iterations, (double)o.iterations, "iterations");
    memcpy(x, now, values * sizeof *x);
    *out = (gn_mds){stress, squares > 0 ? sqrt(stress / squares) : 0, t};
done:
    gn_free(now);
    gn_free(next);
    gn_free(part);
    return st;
}
