/* Column means, and LAPACK's eigenvalues and singular values. */
#include "math/linalg.h"

#include "base/mem.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

enum { ROWS = 128, MEAN_COLUMNS = 256 };

static gn_status check_shape(gn_mat x, gn_error *err) {
    if (x.rows == 0 || x.cols == 0)
        return gn_fail(err, GN_EINVAL, "a matrix of (%zu, %zu): expected at least one element",
                       x.rows, x.cols);
    if (x.dtype > GN_BF16)
        return gn_fail(err, GN_EINVAL, "a matrix of type %s: expected a floating type",
                       gn_dtype_name(x.dtype));
    return GN_OK;
}

/* Columns [j0, j0 + cols) as a view. */
static gn_mat columns(gn_mat x, size_t j0, size_t cols) {
    x.data = (const char *)x.data + j0 * gn_dtype_size(x.dtype);
    x.cols = cols;
    return x;
}

struct means {
    gn_mat x;
    const gn_vec *vec;
    double *mean;
};

/* Row i in float64, in `buf` or where it lies. */
static const double *wide_row(const struct means *s, gn_mat x, size_t i, double *buf) {
    if (x.dtype != GN_F32) return gn_mat_row_f64(x, i, buf);
    s->vec->widen(gn_mat_row_f32(x, i, NULL), x.cols, buf);
    return buf;
}

static gn_status mean_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker;
    const struct means *s = user;
    size_t j0 = block * MEAN_COLUMNS,
           d = s->x.cols - j0 < MEAN_COLUMNS ? s->x.cols - j0 : MEAN_COLUMNS;
    gn_mat x = columns(s->x, j0, d);
    double sum[MEAN_COLUMNS] = {0}, part[MEAN_COLUMNS], buf[MEAN_COLUMNS];
    for (size_t i0 = 0; i0 < x.rows; i0 += ROWS) {
        memset(part, 0, sizeof part);
        for (size_t i = i0; i < x.rows && i < i0 + ROWS; i++)
            s->vec->add(1, wide_row(s, x, i, buf), d, part);
        for (size_t j = 0; j < d; j++) sum[j] += part[j];
    }
    for (size_t j = 0; j < d; j++) {
        if (!isfinite(sum[j])) /* find the culprit; the sum of finite float64 may overflow, too */
            for (size_t i = 0; i < x.rows; i++) {
                double v = gn_mat_row_f64(x, i, buf)[j];
                if (!isfinite(v))
                    return gn_fail(err, GN_EDATA,
                                   "row %zu, column %zu is %g: expected a finite number", i, j0 + j,
                                   v);
            }
        s->mean[j0 + j] = sum[j] / (double)x.rows;
    }
    return GN_OK;
}

gn_status gn_column_means(gn_ctx *ctx, gn_mat x, double *mean, gn_error *err) {
    gn_status st = GN_OK;
    struct means s = {.x = x, .vec = gn_vec_for(gn_ctx_cpu(ctx))};
    GN_TRY(check_shape(x, err));
    GN_TRY(gn_alloc_array(&s.mean, x.cols, sizeof *s.mean, "column means", err));
    GN_TRY(gn_parallel(ctx, (x.cols + MEAN_COLUMNS - 1) / MEAN_COLUMNS, mean_block, &s, NULL, err));
    memcpy(mean, s.mean, x.cols * sizeof *mean);
done:
    gn_free(s.mean);
    return st;
}

/* LAPACK and OpenBLAS, as their ABI has them: Fortran, everything by reference. */
void dsyevr_(const char *jobz, const char *range, const char *uplo, const int *n, double *a,
             const int *lda, const double *vl, const double *vu, const int *il, const int *iu,
             const double *abstol, int *m, double *w, double *z, const int *ldz, int *isuppz,
             double *work, const int *lwork, int *iwork, const int *liwork, int *info, size_t,
             size_t, size_t);
void dgesvd_(const char *jobu, const char *jobvt, const int *m, const int *n, double *a,
             const int *lda, double *s, double *u, const int *ldu, double *vt, const int *ldvt,
             double *work, const int *lwork, int *info, size_t, size_t);
int openblas_get_num_threads(void);
void openblas_set_num_threads(int n);

static gn_status run_dsyevr(double *a, int n, double *w, double *z, gn_error *err) {
    gn_status st = GN_OK;
    const char *jobz = z ? "V" : "N";
    const double none = 0;
    const int zero = 0, ldz = z ? n : 1, query = -1;
    int found = 0, info = 0, liwork = 0, lwork, *support = NULL, *iwork = NULL;
    double best = 0, *work = NULL;
    GN_TRY(gn_alloc_array(&support, 2 * (size_t)n, sizeof *support, "an eigenproblem", err));
    /* uplo: our rows are Fortran's columns, so our lower triangle is its upper one. */
    dsyevr_(jobz, "A", "U", &n, a, &n, &none, &none, &zero, &zero, &none, &found, w, z, &ldz,
            support, &best, &query, &liwork, &query, &info, 1, 1, 1);
    lwork = (int)best;
    GN_TRY(gn_alloc_array(&work, (size_t)lwork, sizeof *work, "an eigenproblem", err));
    GN_TRY(gn_alloc_array(&iwork, (size_t)liwork, sizeof *iwork, "an eigenproblem", err));
    int threads = openblas_get_num_threads();
    if (threads != 1) openblas_set_num_threads(1);
    dsyevr_(jobz, "A", "U", &n, a, &n, &none, &none, &zero, &zero, &none, &found, w, z, &ldz,
            support, work, &lwork, iwork, &liwork, &info, 1, 1, 1);
    if (threads != 1) openblas_set_num_threads(threads);
    if (info != 0 || found != n)
        st = gn_fail(err, GN_EDATA, "eigenvalues of a (%d, %d) matrix: LAPACK found %d (info %d)",
                     n, n, found, info);
done:
    gn_free(support);
    gn_free(work);
    gn_free(iwork);
    return st;
}

void gn_linalg_one_thread(void) {
    openblas_set_num_threads(1);
}

/* Copies row `from` of z with its largest component made positive: the sign is LAPACK's whim. */
static void copy_with_sign(const double *from, size_t n, double *to) {
    size_t largest = 0;
    for (size_t j = 1; j < n; j++)
        if (fabs(from[j]) > fabs(from[largest])) largest = j;
    double sign = from[largest] < 0 ? -1.0 : 1.0;
    for (size_t j = 0; j < n; j++) to[j] = sign * from[j];
}

gn_status gn_eigen_symmetric(double *a, size_t n, double *values, double *vectors, gn_error *err) {
    gn_status st = GN_OK;
    double *w = NULL, *z = NULL;
    size_t elements;
    if (n == 0 || n > INT32_MAX / 32 || !gn_mul(n, n, &elements))
        return gn_fail(err, GN_EINVAL, "eigenvalues of a (%zu, %zu) matrix: expected 1 to %d rows",
                       n, n, INT32_MAX / 32);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            if (!isfinite(a[i * n + j]))
                return gn_fail(err, GN_EDATA,
                               "eigenvalues: row %zu, column %zu is %g: expected a finite number",
                               i, j, a[i * n + j]);
    GN_TRY(gn_alloc_array(&w, n, sizeof *w, "eigenvalues", err));
    if (vectors) GN_TRY(gn_alloc_array(&z, elements, sizeof *z, "eigenvectors", err));
    GN_TRY(run_dsyevr(a, (int)n, w, z, err));
    for (size_t i = 0; i < n; i++) {
        values[i] = w[n - 1 - i];
        if (vectors) copy_with_sign(z + (n - 1 - i) * n, n, vectors + i * n);
    }
done:
    gn_free(w);
    gn_free(z);
    return st;
}

/* Our rows are Fortran's columns, so LAPACK sees a^T = v s u^T: what it calls u is v^T here.
 * OpenBLAS runs no threads for matrices of this size. */
gn_status gn_svd_small(const double *a, size_t n, double *u, double *s, double *v_t,
                       gn_error *err) {
    enum { MOST = 64, WORK = 8 * MOST };
    double *copy = NULL, work[WORK];
    const int size = (int)n, lwork = WORK;
    int info = 0;
    if (n == 0 || n > MOST)
        return gn_fail(err, GN_EINVAL, "singular values of a (%zu, %zu) matrix: expected 1 to %d",
                       n, n, MOST);
    gn_status st = gn_alloc_array(&copy, n * n, sizeof *copy, "a small matrix", err);
    if (st != GN_OK) return st;
    memcpy(copy, a, n * n * sizeof *copy);
    dgesvd_("A", "A", &size, &size, copy, &size, s, v_t, &size, u, &size, work, &lwork, &info, 1,
            1);
    gn_free(copy);
    if (info == 0) return GN_OK;
    return gn_fail(err, GN_EDATA, "singular values of a (%zu, %zu) matrix: LAPACK's info is %d", n,
                   n, info);
}
