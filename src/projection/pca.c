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
    GN_TRY(gn_covariance(ctx, x, (double)(x.rows - 1), mean, covariance, err));
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
    const size_t *which; /* (k) components */
    size_t k;
    const gn_vec *vec;
    gn_mat x;
    double *out, *row;    /* row: (workers, d) */
    double *sum, *square; /* NULL, or (blocks, d) and (blocks) of the rows around the mean */
};

static gn_status project_block(void *user, size_t block, unsigned worker, gn_error *err) {
    const struct job *job = user;
    const gn_vec *vec = job->vec;
    const size_t d = job->pca->d, k = job->k;
    double *row = job->row + worker * d, *sum = job->sum ? job->sum + block * d : NULL;
    size_t stop = (block + 1) * ROWS < job->x.rows ? (block + 1) * ROWS : job->x.rows;
    (void)err;
    gn_matrix_rows matrix = {job->x, vec};
    if (sum) {
        memset(sum, 0, d * sizeof *sum);
        job->square[block] = 0;
    }
    for (size_t i = block * ROWS; i < stop; i++) {
        gn_matrix_rows_load(&matrix, i, 1, worker, row);
        vec->add(-1, job->mean, d, row);
        for (size_t c = 0; c < k; c++)
            job->out[i * k + c] = vec->dot_f64(row, job->pca->direction + job->which[c] * d, d);
        if (!sum) continue;
        vec->add(1, row, d, sum);
        job->square[block] += vec->dot_f64(row, row, d);
    }
    return GN_OK;
}

/* Squared distances from the rows' own mean, summed: those from `mean`, less n |own - mean|^2. */
static double own_total(struct job *job, size_t n_blocks) {
    const size_t d = job->pca->d;
    double total = 0;
    for (size_t b = 0; b < n_blocks; b++) {
        total += job->square[b];
        if (b > 0) job->vec->add(1, job->sum + b * d, d, job->sum);
    }
    total -= job->vec->dot_f64(job->sum, job->sum, d) / (double)job->x.rows;
    return not_negative(total);
}

gn_status gn_pca_project_some(gn_ctx *ctx, const gn_pca *pca, const double *mean,
                              const size_t *which, size_t k, gn_mat x, double *out, double *total,
                              gn_error *err) {
    if (x.cols != pca->d)
        return gn_fail(err, GN_EINVAL, "rows of %zu dimensions, components of %zu", x.cols, pca->d);
    struct job job = {.pca = pca,
                      .mean = mean ? mean : pca->mean,
                      .which = which,
                      .k = k,
                      .vec = gn_vec_for(gn_ctx_cpu(ctx)),
                      .x = x,
                      .out = out};
    const size_t n_blocks = (x.rows + ROWS - 1) / ROWS, d = pca->d;
    const gn_progress progress = {
        .task = "project", .unit = "rows", .total = (double)x.rows, .per_block = ROWS};
    gn_status st;
    GN_TRY(gn_alloc_array(&job.row, gn_ctx_threads(ctx) * d, sizeof *job.row, "coordinates", err));
    if (total) {
        GN_TRY(gn_alloc_array(&job.sum, n_blocks, d * sizeof *job.sum, "sums of rows", err));
        GN_TRY(gn_alloc_array(&job.square, n_blocks, sizeof *job.square, "sums of rows", err));
    }
    GN_TRY(gn_parallel(ctx, n_blocks, project_block, &job, &progress, err));
    if (total) *total = x.rows > 0 ? own_total(&job, n_blocks) : 0;
done:
    gn_free(job.row);
    gn_free(job.sum);
    gn_free(job.square);
    return st;
}

gn_status gn_pca_project_around(gn_ctx *ctx, const gn_pca *pca, const double *mean, gn_mat x,
                                double *out, double *total, gn_error *err) {
    size_t *all = NULL;
    gn_status st = gn_alloc_array(&all, pca->k, sizeof *all, "components", err);
    if (st != GN_OK) return st;
    for (size_t c = 0; c < pca->k; c++) all[c] = c;
    st = gn_pca_project_some(ctx, pca, mean, all, pca->k, x, out, total, err);
    gn_free(all);
    return st;
}

gn_status gn_pca_project(gn_ctx *ctx, const gn_pca *pca, gn_mat x, double *out, gn_error *err) {
    return gn_pca_project_around(ctx, pca, NULL, x, out, NULL, err);
}
