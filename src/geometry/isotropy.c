/* The summary of one layer: how a cloud of vectors uses its space.
 *
 * Cosines are in cosines.c. The rest comes from the covariance C (divisor n) and its eigenvalues l:
 *
 *   participation ratio   (sum l)^2 / sum l^2 = (tr C)^2 / |C|_F^2: m for m equal axes;
 *   IsoScore              (PR - 1) / (d - 1): Rudman et al. (2022) define it through a rotation and
 *                         a distance to the diagonal; it is this identity;
 *   effective rank        exp(-sum p ln p), p = s / sum s, s = sqrt(l) the singular values (Roy &
 *                         Vetterli 2007). Eigenvalues below d 2^-52 l_1 are rounding and count as
 *                         zero: their square roots would not be small;
 *   top-1 share           l_1 / tr C.
 *
 * Error bars take sequences as the unit (tokens of one are correlated). To first order, leaving out
 * row i moves PR by its influence: with y = x - mean, tr = tr C, F = |C|_F^2,
 *
 *     w_i = (2 tr / F) (|y_i|^2 - tr) / n - (tr / F)^2 2 (y_i^T C y_i - F) / n,
 *
 * (the mean's own movement is of second order), and the variance is G / (G - 1) sum over the G
 * sequences of (sum of w_i in it)^2: the infinitesimal jackknife. y^T C y for all rows is one
 * matrix product; an error bar needs three digits, so it runs in float32, scaled by tr C. */
#include "gonio/isotropy.h"

#include "base/mem.h"
#include "geometry/cosines.h"
#include "geometry/groups.h"
#include "math/gemm.h"
#include "math/linalg.h"
#include "math/stats.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { ROWS = 192 }; /* rows of one block of the product y C */

struct forms {
    gn_mat x;
    const double *mean;
    double scale; /* 1 / sqrt(tr C) */
    const gn_weight *c;
    size_t scratch_bytes; /* of one thread: two (ROWS, d) float arrays, a row, the layer's own */
    char *scratch;
    double *form;   /* (n) y^T C y / tr^2 */
    double *square; /* (n) |y|^2 / tr */
};

static size_t up64(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

static gn_status forms_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    const struct forms *f = user;
    size_t d = f->x.cols, i0 = block * ROWS, rows = f->x.rows - i0 < ROWS ? f->x.rows - i0 : ROWS;
    char *at = f->scratch + worker * f->scratch_bytes;
    float *y = (float *)(void *)at, *yc = (float *)(void *)(at + up64(ROWS * d * sizeof *y));
    double *row = (double *)(void *)(at + 2 * up64(ROWS * d * sizeof *y));
    void *own = at + 2 * up64(ROWS * d * sizeof *y) + up64(d * sizeof *row);
    for (size_t i = 0; i < rows; i++) {
        const double *v = gn_mat_row_f64(f->x, i0 + i, row);
        double square = 0;
        for (size_t j = 0; j < d; j++) {
            double centred = (v[j] - f->mean[j]) * f->scale;
            square += centred * centred;
            y[i * d + j] = (float)centred;
        }
        f->square[i0 + i] = square;
    }
    gn_linear_run(&(gn_linear){.weight = f->c}, y, rows, d, yc, d, own);
    for (size_t i = 0; i < rows; i++) {
        double s = 0;
        for (size_t j = 0; j < d; j++) s += (double)y[i * d + j] * (double)yc[i * d + j];
        f->form[i0 + i] = s;
    }
    return GN_OK;
}

/* The standard error of the participation ratio tr^2 / F. */
static gn_status pr_error(gn_ctx *ctx, gn_mat x, const double *mean, const double *cov, double tr,
                          double F, const gn_groups *sequences, double *se, gn_error *err) {
    size_t n = x.rows, d = x.cols;
    struct forms f = {.x = x, .mean = mean, .scale = 1 / sqrt(tr)};
    gn_weight *weight = NULL;
    double *scaled = NULL;
    gn_status st;
    GN_TRY(gn_alloc_array(&scaled, d * d, sizeof *scaled, "the covariance", err));
    for (size_t j = 0; j < d * d; j++) scaled[j] = cov[j] / tr;
    GN_TRY(gn_weight_pack(gn_gemm_for(gn_ctx_cpu(ctx), 0), gn_mat_f64(scaled, d, d), &weight, err));
    f.c = weight;
    f.scratch_bytes = 2 * up64(ROWS * d * sizeof(float)) + up64(d * sizeof(double)) +
                      up64(gn_linear_scratch(weight, ROWS));
    GN_TRY(
        gn_alloc_array(&f.scratch, gn_ctx_threads(ctx), f.scratch_bytes, "quadratic forms", err));
    GN_TRY(gn_alloc_array(&f.form, n, sizeof *f.form, "quadratic forms", err));
    GN_TRY(gn_alloc_array(&f.square, n, sizeof *f.square, "quadratic forms", err));
    GN_TRY(gn_parallel(ctx, (n + ROWS - 1) / ROWS, forms_block, &f, NULL, err));
    /* In units of tr: tr = 1, F = 1 / PR. */
    double pr = tr / F * tr;
    for (size_t i = 0; i < n; i++)
        f.form[i] = 2 * pr / (double)n * ((f.square[i] - 1) - pr * (f.form[i] - 1 / pr));
    *se = gn_groups_se(sequences, f.form);
done:
    gn_free(scaled);
    gn_weight_free(weight);
    gn_free(f.scratch);
    gn_free(f.form);
    gn_free(f.square);
    return st;
}

/* Effective rank and top-1 share from eigenvalues, descending, the first of them above zero. */
static void read_spectrum(const double *l, size_t d, gn_isotropy *out) {
    double floor = (double)d * DBL_EPSILON * l[0], sum = 0, sum_s = 0, entropy = 0;
    for (size_t j = 0; j < d; j++) {
        sum += l[j];
        if (l[j] > floor) sum_s += sqrt(l[j]);
    }
    for (size_t j = 0; j < d && l[j] > floor; j++) {
        double p = sqrt(l[j]) / sum_s;
        entropy -= p * log(p);
    }
    out->effective_rank = exp(entropy);
    out->top1_share = l[0] / sum;
}

static gn_status covariance_part(gn_ctx *ctx, gn_mat x, const double *mean,
                                 const gn_groups *sequences, gn_isotropy *out, double *eigenvalues,
                                 gn_error *err) {
    size_t d = x.cols, elements;
    double *cov = NULL, tr = 0, F = 0, least = 1e-12 * out->mean_norm;
    gn_status st;
    if (!gn_mul(d, d, &elements)) return gn_fail_nomem(err, "the covariance", SIZE_MAX);
    GN_TRY(gn_alloc_array(&cov, elements, sizeof *cov, "the covariance", err));
    GN_TRY(gn_second_moments(ctx, x, mean, (double)x.rows, cov, err));
    for (size_t i = 0; i < d; i++) {
        double part = 0;
        for (size_t j = 0; j < d; j++) part += cov[i * d + j] * cov[i * d + j];
        F += part;
        tr += cov[i * d + i];
    }
    out->participation_ratio = out->participation_ratio_se = out->isoscore = (double)NAN;
    out->effective_rank = out->top1_share = (double)NAN;
    bool spread = F > 0 && isfinite(F) && tr > least * least; /* more than the mean's rounding */
    if (spread) {
        out->participation_ratio = tr / F * tr;
        if (d > 1) out->isoscore = (out->participation_ratio - 1) / (double)(d - 1);
        GN_TRY(pr_error(ctx, x, mean, cov, tr, F, sequences, &out->participation_ratio_se, err));
    }
    GN_TRY(gn_eigen_symmetric(cov, d, eigenvalues, NULL, err));
    for (size_t j = 0; j < d; j++)
        if (eigenvalues[j] < 0) eigenvalues[j] = 0;
    if (spread) read_spectrum(eigenvalues, d, out);
done:
    gn_free(cov);
    return st;
}

static gn_status norm_part(double *norm, size_t n, const gn_groups *sequences, gn_isotropy *out,
                           gn_error *err) {
    double *term = NULL;
    gn_status st = gn_alloc_array(&term, n, sizeof *term, "lengths", err);
    if (st != GN_OK) return st;
    out->norm_mean = gn_mean(norm, n);
    out->norm_sd = gn_sd(norm, n, 0);
    for (size_t i = 0; i < n; i++) term[i] = (norm[i] - out->norm_mean) / (double)n;
    out->norm_mean_se = gn_groups_se(sequences, term);
    out->norm_median = gn_median(norm, n); /* sorts */
    out->norm_min = norm[0];
    out->norm_max = norm[n - 1];
    gn_free(term);
    return GN_OK;
}

gn_status gn_isotropy_compute(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts, gn_isotropy *out,
                              double *spectrum, gn_error *err) {
    const int32_t *type = opts ? opts->type : NULL, *sequence = opts ? opts->sequence : NULL;
    gn_groups types = {0}, sequences = {0};
    double *mean = NULL, *norm = NULL, *eigenvalues = NULL;
    gn_isotropy r = {.n = x.rows, .d = x.cols};
    gn_status st;
    if (x.rows < 2 || x.cols < 1) {
        st = gn_fail(err, GN_EINVAL, "isotropy of a matrix of (%zu, %zu): expected at least 2 rows",
                     x.rows, x.cols);
        goto done;
    }
    GN_TRY(gn_alloc_array(&mean, x.cols, sizeof *mean, "the mean", err));
    GN_TRY(gn_alloc_array(&norm, x.rows, sizeof *norm, "lengths", err));
    GN_TRY(gn_alloc_array(&eigenvalues, x.cols, sizeof *eigenvalues, "eigenvalues", err));
    GN_TRY(gn_column_means(ctx, x, mean, err)); /* finds NaN and infinity */
    GN_TRY(gn_groups_new(type, x.rows, NULL, &types, err));
    GN_TRY(gn_groups_new(sequence, x.rows, types.row, &sequences, err));
    GN_TRY(gn_cosines_compute(ctx, x, NULL, &types, &sequences, &r.raw, norm, err));
    GN_TRY(gn_cosines_compute(ctx, x, mean, &types, &sequences, &r.centred, NULL, err));
    GN_TRY(norm_part(norm, x.rows, &sequences, &r, err));
    double square = 0;
    for (size_t j = 0; j < x.cols; j++) square += mean[j] * mean[j];
    r.mean_norm = sqrt(square);
    GN_TRY(covariance_part(ctx, x, mean, &sequences, &r, eigenvalues, err));
    *out = r;
    if (spectrum) memcpy(spectrum, eigenvalues, x.cols * sizeof *spectrum);
done:
    gn_groups_free(&types);
    gn_groups_free(&sequences);
    gn_free(mean);
    gn_free(norm);
    gn_free(eigenvalues);
    return st;
}
