/* Means and covariance in one pass over the rows.
 *
 * With s near the mean m and S = sum (x - s) (x - s)^T, the second moments around the mean are
 * S - n (m - s) (m - s)^T. s is the mean of 64 stretches of 64 rows all over the set, so that what
 * is subtracted is small beside S: nothing cancels, wherever the cloud lies. A set of no more rows
 * than that is read twice, for it stays in the cache, and s is its mean up to rounding. */
#include "math/linalg.h"

#include "base/mem.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

enum {
    STRETCH = 64,      /* rows that are loaded together */
    GUESS_ROWS = 4096, /* that the first estimate takes */
    MANY = 1 << 17,    /* rows from which on float32 products are as good as exact */
};

bool gn_rows_round(size_t n, gn_dtype dtype) {
    return n >= MANY && dtype != GN_F64;
}

/* The mean (d) of the rows that stand for the others. */
static gn_status guess_means(gn_ctx *ctx, const gn_rows *rows, double *guess, gn_error *err) {
    const gn_vec *vec = gn_vec_for(gn_ctx_cpu(ctx));
    const size_t d = rows->d, used = rows->n < GUESS_ROWS ? rows->n : GUESS_ROWS,
                 n_stretches = (used + STRETCH - 1) / STRETCH;
    size_t bytes;
    double *strip = NULL;
    gn_status st;
    if (!gn_mul(d, sizeof *strip, &bytes)) bytes = SIZE_MAX;
    GN_TRY(gn_alloc_array(&strip, STRETCH + 1, bytes, "a first estimate", err));
    double *sum = strip + STRETCH * d;
    memset(guess, 0, d * sizeof *guess);
    for (size_t s = 0; s < n_stretches; s++) {
        const size_t i0 = rows->n <= GUESS_ROWS ? s * STRETCH
                                                : (rows->n - STRETCH) / (n_stretches - 1) * s,
                     k = rows->n - i0 < STRETCH ? rows->n - i0 : STRETCH;
        rows->load(rows->user, i0, k, 0, strip);
        gn_vec_sum(vec, strip, k, d, sum);
        vec->add(1, sum, d, guess);
    }
    for (size_t j = 0; j < d; j++) guess[j] /= (double)used;
done:
    gn_free(strip);
    return st;
}

static bool all_finite(const double *x, size_t n, size_t step) {
    bool finite = true;
    for (size_t i = 0; i < n; i++) finite = finite && isfinite(x[i * step]);
    return finite;
}

gn_status gn_rows_covariance(gn_ctx *ctx, const gn_rows *rows, bool rounded, double divisor,
                             double *mean, double *covariance, bool *finite, gn_error *err) {
    const size_t d = rows->d;
    double *guess = NULL;
    gn_rows summed = *rows;
    gn_status st;
    GN_TRY(gn_alloc_array(&guess, d, sizeof *guess, "a first estimate", err));
    GN_TRY(guess_means(ctx, rows, guess, err));
    *finite = all_finite(guess, d, 1);
    if (!*finite) goto done;
    summed.sum = mean;
    GN_TRY((rounded ? gn_rows_moments_f32 : gn_rows_moments)(ctx, &summed, guess, divisor,
                                                             covariance, err));
    for (size_t i = 0; i < d; i++) mean[i] /= (double)rows->n;
    *finite = all_finite(mean, d, 1) && all_finite(covariance, d, d + 1);
    if (!*finite) goto done;
    const double weight = (double)rows->n / divisor;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            covariance[i * d + j] -= weight * ((mean[i] - guess[i]) * (mean[j] - guess[j]));
    for (size_t i = 0; i < d; i++)
        if (covariance[i * d + i] < 0) covariance[i * d + i] = 0; /* a constant column, rounded */
done:
    gn_free(guess);
    return st;
}

gn_status gn_covariance(gn_ctx *ctx, gn_mat x, double divisor, double *mean, double *covariance,
                        gn_error *err) {
    gn_matrix_rows matrix = {x, gn_vec_for(gn_ctx_cpu(ctx))};
    const gn_rows rows = {.n = x.rows, .d = x.cols, .user = &matrix, .load = gn_matrix_rows_load};
    bool finite = false;
    gn_status st = gn_moments_check(x, divisor, err);
    if (st == GN_OK)
        st = gn_rows_covariance(ctx, &rows, gn_rows_round(x.rows, x.dtype), divisor, mean,
                                covariance, &finite, err);
    if (st != GN_OK || finite) return st;
    st = gn_column_means(ctx, x, mean, err); /* names the first value that is not finite */
    if (st == GN_OK) st = gn_second_moments(ctx, x, mean, divisor, covariance, err);
    return st;
}
