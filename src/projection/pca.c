/* Principal components by the book: mean, covariance, eigenvectors.
 *
 * Hidden states are narrow (d of a few hundred to a few thousand) and long (n up to millions), so
 * the (d, d) covariance is small and one pass over the rows makes it; the eigenvalues of a
 * symmetric matrix are then exact to rounding. A randomised method would save time only for many
 * thousands of dimensions, and would make the last components, and every repetition, a little
 * different.
 *
 * The mean is always taken off first. Without that the first component of a narrow cone is the mean
 * direction, with a share of variance that says nothing about how the points are spread. */
#include "projection/pca.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "math/linalg.h"

#include <string.h>

enum { ROWS = 512 };

struct gn_pca {
    size_t d, k;
    double *mean;      /* (d) */
    double *direction; /* (k, d) */
    double *variance;  /* (k) */
    double total;
};

void gn_pca_free(gn_pca *p) {
    if (!p) return;
    gn_free(p->mean);
    gn_free(p->direction);
    gn_free(p->variance);
    gn_free(p);
}

/* Eigenvalues of a covariance are not negative; rounding does not know that. */
static double not_negative(double v) {
    return v > 0 ? v : 0;
}

gn_status gn_pca_from_moments(double *covariance, const double *mean, size_t rows, size_t d,
                              size_t k, gn_pca **out, gn_error *err) {
    gn_status st;
    gn_pca *p = gn_calloc(1, sizeof *p);
    double *values = NULL, *vectors = NULL;
    if (!p) return gn_fail_nomem(err, "principal components", sizeof *p);
    p->d = d;
    p->k = k;
    GN_TRY(gn_alloc_array(&p->mean, d, sizeof *p->mean, "principal components", err));
    GN_TRY(gn_alloc_array(&p->variance, k, sizeof *p->variance, "principal components", err));
    GN_TRY(gn_alloc_array(&p->direction, k * d, sizeof *p->direction, "principal components", err));
    GN_TRY(gn_alloc_array(&vectors, d * d, sizeof *vectors, "eigenvectors", err));
    GN_TRY(gn_alloc_array(&values, d, sizeof *values, "eigenvalues", err));
    GN_TRY(gn_eigen_symmetric(covariance, d, values, vectors, err));
    for (size_t i = 0; i < d; i++) p->total += not_negative(values[i]);
    if (!(p->total > 0)) {
        st = gn_fail(err, GN_EDATA, "all %zu rows are equal: there is no variance", rows);
        goto done;
    }
    for (size_t i = 0; i < k; i++) p->variance[i] = not_negative(values[i]);
    memcpy(p->direction, vectors, k * d * sizeof *vectors);
    memcpy(p->mean, mean, d * sizeof *mean);
    *out = p;
    p = NULL;
done:
    gn_free(values);
    gn_free(vectors);
    gn_pca_free(p);
    return st;
}

gn_status gn_pca_fit(gn_ctx *ctx, gn_mat x, size_t n_components, gn_pca **out, gn_error *err) {
    gn_status st = GN_OK;
    double *covariance = NULL, *mean = NULL;
    size_t d = x.cols, square;
    if (x.rows < 2) return gn_fail(err, GN_EINVAL, "%zu rows: variance needs 2", x.rows);
    size_t most = x.rows - 1 < d ? x.rows - 1 : d, k = n_components ? n_components : most;
    if (k > most)
        return gn_fail(err, GN_EINVAL, "%zu components: %zu rows of %zu dimensions have %zu", k,
                       x.rows, d, most);
    if (!gn_mul(d, d, &square)) square = SIZE_MAX;
    GN_TRY(gn_alloc_array(&mean, d, sizeof *mean, "a mean", err));
    GN_TRY(gn_alloc_array(&covariance, square, sizeof *covariance, "a covariance", err));
    GN_TRY(gn_column_means(ctx, x, mean, err));
    GN_TRY(gn_second_moments(ctx, x, mean, (double)(x.rows - 1), covariance, err));
    st = gn_pca_from_moments(covariance, mean, x.rows, d, k, out, err);
done:
    gn_free(covariance);
    gn_free(mean);
    return st;
}

size_t gn_pca_dims(const gn_pca *p) {
    return p->d;
}
size_t gn_pca_components(const gn_pca *p) {
    return p->k;
}
const double *gn_pca_mean(const gn_pca *p) {
    return p->mean;
}
const double *gn_pca_directions(const gn_pca *p) {
    return p->direction;
}
double gn_pca_variance(const gn_pca *p, size_t i) {
    return p->variance[i];
}
double gn_pca_share(const gn_pca *p, size_t i) {
    return p->variance[i] / p->total;
}
double gn_pca_total_variance(const gn_pca *p) {
    return p->total;
}

/* ---- coordinates -------------------------------------------------------------------------------
 */

struct job {
    const gn_pca *pca;
    const double *mean;
    gn_mat x;
    double *out, *row; /* row: (workers, d) */
};

/* Eight partial sums: one alone would wait for every addition. */
static double dot(const double *x, const double *y, size_t n) {
    double s[8] = {0};
    size_t j = 0;
    for (; j + 8 <= n; j += 8)
        for (size_t i = 0; i < 8; i++) s[i] += x[j + i] * y[j + i];
    for (; j < n; j++) s[j % 8] += x[j] * y[j];
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

static gn_status project_block(void *user, size_t block, unsigned worker, gn_error *err) {
    struct job *job = user;
    const gn_pca *p = job->pca;
    double *centred = job->row + worker * 2 * p->d, *buffer = centred + p->d;
    size_t stop = (block + 1) * ROWS < job->x.rows ? (block + 1) * ROWS : job->x.rows;
    (void)err;
    for (size_t i = block * ROWS; i < stop; i++) {
        const double *row = gn_mat_row_f64(job->x, i, buffer);
        for (size_t j = 0; j < p->d; j++) centred[j] = row[j] - job->mean[j];
        for (size_t c = 0; c < p->k; c++)
            job->out[i * p->k + c] = dot(centred, p->direction + c * p->d, p->d);
    }
    return GN_OK;
}

gn_status gn_pca_project(gn_ctx *ctx, const gn_pca *pca, gn_mat x, double *out, gn_error *err) {
    return gn_pca_project_around(ctx, pca, pca->mean, x, out, err);
}

gn_status gn_pca_project_around(gn_ctx *ctx, const gn_pca *pca, const double *mean, gn_mat x,
                                double *out, gn_error *err) {
    if (x.cols != pca->d)
        return gn_fail(err, GN_EINVAL, "rows of %zu dimensions, components of %zu", x.cols, pca->d);
    struct job job = {.pca = pca, .mean = mean, .x = x, .out = out};
    size_t n_blocks = (x.rows + ROWS - 1) / ROWS;
    gn_status st = gn_alloc_array(&job.row, 2 * gn_ctx_threads(ctx) * pca->d, sizeof *job.row,
                                  "coordinates", err);
    gn_progress progress = {
        .task = "project", .unit = "rows", .total = (double)x.rows, .per_block = ROWS};
    if (st == GN_OK) st = gn_parallel(ctx, n_blocks, project_block, &job, &progress, err);
    gn_free(job.row);
    return st;
}
