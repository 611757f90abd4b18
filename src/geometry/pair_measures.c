/* What the distances of all pairs of points say, from the pairs of one seeded sample of rows: the
 * correlation dimension and uniformity.
 *
 * A mean over pairs of m rows is a U-statistic: its error is that of m points, not of m^2 / 2
 * pairs. To first order, leaving out row i changes it by twice the difference between i's own mean
 * over partners and the whole; those terms, summed over the rows of a sequence, give the error bar.
 *
 * Correlation dimension. C(r), the share of pairs nearer than r, grows like r^D. Below a radius
 * r_0, x = r / r_0 then has the distribution x^D, whose maximum likelihood estimate is -1 / mean(ln
 * x) (Takens 1985): a fit of the slope of ln C(r) that weighs every pair once and needs no bins. It
 * looks at one scale, r_0, and at all points at once, dense places more than thin ones; pairs are
 * few at small radii, so in high dimension r_0 is never small and the estimate is low. */
#include "gonio/lid.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "base/random.h"
#include "geometry/groups.h"
#include "math/knn.h"
#include "math/stats.h"

#include <math.h>

enum { SAMPLE = 4000, BLOCK = 32, STREAM_PAIRS = 0x70616972 /* "pair" */ };

struct pairs {
    size_t m, d;
    const gn_knn_kernels *kernels;
    int32_t *row; /* (m) the rows of the sample */
    double *y;    /* (m, d) their values */
    gn_groups sequences;
    double *sum, *count; /* (m) over the partners of each row */
    float *distance;     /* (m, m), or NULL */
    double radius;
};

static void pairs_free(struct pairs *p) {
    gn_free(p->row);
    gn_free(p->y);
    gn_free(p->sum);
    gn_free(p->count);
    gn_free(p->distance);
    gn_groups_free(&p->sequences);
}

/* Row i as it is, or scaled to length 1. */
static gn_status take_row(gn_mat x, size_t i, bool unit, double *y, gn_error *err) {
    const double *v = gn_mat_row_f64(x, i, y);
    double largest = 0, square = 0;
    for (size_t j = 0; j < x.cols; j++) {
        if (!isfinite(v[j]))
            return gn_fail(err, GN_EDATA, "row %zu, column %zu is %g: expected a finite number", i,
                           j, v[j]);
        largest = fmax(largest, fabs(v[j]));
        y[j] = v[j];
    }
    if (!unit) return GN_OK;
    if (!(largest > 0))
        return gn_fail(err, GN_EDATA, "row %zu is a zero vector: it has no direction", i);
    for (size_t j = 0; j < x.cols; j++) {
        y[j] /= largest;
        square += y[j] * y[j];
    }
    for (size_t j = 0; j < x.cols; j++) y[j] /= sqrt(square);
    return GN_OK;
}

static gn_status pairs_new(gn_ctx *ctx, gn_mat x, const gn_pair_opts *o, bool unit, struct pairs *p,
                           gn_error *err) {
    gn_status st;
    int32_t *sequence = NULL;
    size_t wanted = o->sample ? o->sample : SAMPLE;
    *p = (struct pairs){.m = x.rows < wanted ? x.rows : wanted, .d = x.cols};
    if (p->m < 3 || x.rows > INT32_MAX || x.cols == 0 || x.dtype > GN_BF16) {
        st = gn_fail(err, GN_EINVAL,
                     "pairs of %zu rows of (%zu, %zu) %s: expected at least 3 of a floating type",
                     p->m, x.rows, x.cols, gn_dtype_name(x.dtype));
        goto done;
    }
    p->kernels = gn_knn_kernels_for(gn_ctx_cpu(ctx));
    GN_TRY(gn_alloc_array(&p->row, p->m, sizeof *p->row, "a sample of rows", err));
    GN_TRY(gn_alloc_array(&p->sum, p->m, sizeof *p->sum, "sums over pairs", err));
    GN_TRY(gn_alloc_array(&p->count, p->m, sizeof *p->count, "sums over pairs", err));
    size_t elements;
    if (!gn_mul(p->m, p->d, &elements)) elements = SIZE_MAX;
    GN_TRY(gn_alloc_array(&p->y, elements, sizeof *p->y, "a sample of rows", err));
    gn_random r = gn_random_new(gn_ctx_seed(ctx), STREAM_PAIRS);
    gn_random_subset(&r, x.rows, p->m, p->row);
    for (size_t i = 0; i < p->m; i++)
        GN_TRY(take_row(x, (size_t)p->row[i], unit, p->y + i * p->d, err));
    if (o->sequence) {
        GN_TRY(gn_alloc_array(&sequence, p->m, sizeof *sequence, "sequences", err));
        for (size_t i = 0; i < p->m; i++) sequence[i] = o->sequence[p->row[i]];
    }
    GN_TRY(gn_groups_new(sequence, p->m, NULL, &p->sequences, err));
done:
    gn_free(sequence);
    if (st != GN_OK) pairs_free(p);
    return st;
}

static double squared(const struct pairs *p, size_t i, size_t j) {
    return p->kernels->distance_f64(p->y + i * p->d, p->y + j * p->d, 1, p->d);
}

/* ---- uniformity --------------------------------------------------------------------------- */

static gn_status add_kernel(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker;
    (void)err;
    struct pairs *p = user;
    for (size_t i = block * BLOCK; i < p->m && i < (block + 1) * BLOCK; i++) {
        p->sum[i] = 0;
        for (size_t j = 0; j < p->m; j++)
            if (j != i) p->sum[i] += exp(-2 * squared(p, i, j));
    }
    return GN_OK;
}

gn_status gn_uniformity(gn_ctx *ctx, gn_mat x, const gn_pair_opts *opts, gn_pair_estimate *out,
                        gn_error *err) {
    gn_pair_opts o = opts ? *opts : (gn_pair_opts){0};
    struct pairs p;
    gn_status st = pairs_new(ctx, x, &o, true, &p, err);
    if (st != GN_OK) return st;
    GN_TRY(gn_parallel(ctx, (p.m + BLOCK - 1) / BLOCK, add_kernel, &p, NULL, err));
    double m = (double)p.m, total = gn_sum(p.sum, p.m);
    for (size_t i = 0; i < p.m; i++) p.count[i] = 2 * (p.sum[i] / total - 1 / m);
    *out = (gn_pair_estimate){.value = log(total / (m * (m - 1))),
                              .se = gn_groups_se(&p.sequences, p.count),
                              .n_rows = p.m,
                              .n_pairs = m * (m - 1) / 2};
done:
    pairs_free(&p);
    return st;
}

/* ---- correlation dimension ---------------------------------------------------------------- */

/* Distances of the block's rows to all later ones. */
static gn_status measure(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker;
    struct pairs *p = user;
    for (size_t i = block * BLOCK; i < p->m && i < (block + 1) * BLOCK; i++)
        for (size_t j = i + 1; j < p->m; j++) {
            float r = (float)sqrt(squared(p, i, j));
            if (!isfinite(r))
                return gn_fail(err, GN_EDATA, "rows %d and %d are too far apart: rescale the data",
                               (int)p->row[i], (int)p->row[j]);
            p->distance[i * p->m + j] = p->distance[j * p->m + i] = r;
        }
    return GN_OK;
}

static gn_status add_logs(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker;
    (void)err;
    struct pairs *p = user;
    for (size_t i = block * BLOCK; i < p->m && i < (block + 1) * BLOCK; i++) {
        p->sum[i] = p->count[i] = 0;
        for (size_t j = 0; j < p->m; j++) {
            double r = (double)p->distance[i * p->m + j];
            if (!(r > 0) || !(r < p->radius)) continue;
            p->sum[i] -= log(r / p->radius);
            p->count[i]++;
        }
    }
    return GN_OK;
}

/* The radius below which the share lies: of ordered pairs with a positive distance, the diagonal's
 * zeros being the first of all. */
static double radius_at(const struct pairs *p, double share) {
    size_t all = p->m * p->m, zeros = 0;
    for (size_t e = 0; e < all; e++) zeros += !(p->distance[e] > 0);
    if (zeros == all) return 0;
    size_t place = zeros + (size_t)ceil(share * (double)(all - zeros));
    return (double)p->kernels->select(p->distance, all, place < all ? place + 1 : all);
}

gn_status gn_correlation_dimension(gn_ctx *ctx, gn_mat x, const gn_pair_opts *opts,
                                   gn_pair_estimate *out, gn_error *err) {
    gn_pair_opts o = opts ? *opts : (gn_pair_opts){0};
    struct pairs p;
    if (!(o.share > 0)) o.share = 0.01;
    if (!(o.share < 1))
        return gn_fail(err, GN_EINVAL,
                       "correlation dimension of the nearest %g of all pairs: "
                       "expected a share below 1",
                       o.share);
    gn_status st = pairs_new(ctx, x, &o, false, &p, err);
    if (st != GN_OK) return st;
    size_t blocks = (p.m + BLOCK - 1) / BLOCK;
    GN_TRY(gn_alloc_array(&p.distance, p.m, p.m * sizeof *p.distance, "distances of pairs", err));
    for (size_t i = 0; i < p.m; i++) p.distance[i * p.m + i] = 0;
    GN_TRY(gn_parallel(ctx, blocks, measure, &p, NULL, err));
    p.radius = radius_at(&p, o.share);
    GN_TRY(gn_parallel(ctx, blocks, add_logs, &p, NULL, err));
    double logs = gn_sum(p.sum, p.m), pairs = gn_sum(p.count, p.m);
    if (!(logs > 0)) {
        st = gn_fail(err, GN_EDATA,
                     "correlation dimension: no two distances below %g differ among %zu rows",
                     p.radius, p.m);
        goto done;
    }
    double dim = pairs / logs;
    for (size_t i = 0; i < p.m; i++) p.sum[i] = dim * (p.count[i] / pairs - p.sum[i] / logs);
    *out = (gn_pair_estimate){.value = dim,
                              .se = gn_groups_se(&p.sequences, p.sum),
                              .scale = p.radius,
                              .n_rows = p.m,
                              .n_pairs = pairs / 2};
done:
    pairs_free(&p);
    return st;
}

/* ---- alignment ---------------------------------------------------------------------------- */

gn_status gn_alignment(gn_mat x, const int32_t *type, bool by_type, gn_pair_estimate *out,
                       gn_error *err) {
    gn_groups types = {0};
    double *sum = NULL, *row = NULL, *mean = NULL, *weight = NULL, W = 0, value = 0, square = 0;
    size_t n_types = 0, rows = 0;
    gn_pair_estimate e = {.value = (double)NAN, .se = (double)NAN};
    gn_status st;
    if (!x.rows || !x.cols || x.dtype > GN_BF16) {
        st = gn_fail(err, GN_EINVAL, "alignment of (%zu, %zu) %s: expected rows of a floating type",
                     x.rows, x.cols, gn_dtype_name(x.dtype));
        goto done;
    }
    GN_TRY(gn_groups_new(type, x.rows, NULL, &types, err));
    GN_TRY(gn_alloc_array(&sum, x.cols, sizeof *sum, "a sum of unit vectors", err));
    GN_TRY(gn_alloc_array(&row, x.cols, sizeof *row, "a row", err));
    GN_TRY(gn_alloc_array(&mean, types.n, sizeof *mean, "types", err));
    GN_TRY(gn_alloc_array(&weight, types.n, sizeof *weight, "types", err));
    for (size_t t = 0; t < types.n; t++) {
        double n = (double)gn_groups_size(&types, t), length = 0;
        if (n < 2) continue;
        for (size_t j = 0; j < x.cols; j++) sum[j] = 0;
        for (size_t p = types.start[t]; p < types.start[t + 1]; p++) {
            GN_TRY(take_row(x, (size_t)types.row[p], true, row, err));
            for (size_t j = 0; j < x.cols; j++) sum[j] += row[j];
        }
        for (size_t j = 0; j < x.cols; j++) length += sum[j] * sum[j];
        /* sum over i, j of |u_i - u_j|^2 = 2 n^2 - 2 |sum u|^2 */
        mean[n_types] = fmax(0, 2 * (n * n - length) / (n * (n - 1)));
        weight[n_types] = by_type ? 1 : n * (n - 1);
        W += weight[n_types];
        value += weight[n_types] * mean[n_types];
        e.n_pairs += n * (n - 1) / 2;
        rows += (size_t)n;
        n_types++;
    }
    if (n_types > 0) e.value = value / W;
    for (size_t t = 0; t < n_types; t++) square += pow(weight[t] / W * (mean[t] - e.value), 2);
    if (n_types > 1) e.se = sqrt(square * (double)n_types / (double)(n_types - 1));
    e.n_rows = rows;
    *out = e;
done:
    gn_groups_free(&types);
    gn_free(sum);
    gn_free(row);
    gn_free(mean);
    gn_free(weight);
    return st;
}
