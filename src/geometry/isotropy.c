/* The summary of one layer: how a cloud of vectors uses its space.
 *
 * Cosines are in cosines.c, what eigenvalues say in spectrum.c. Here they meet the covariance C
 * (divisor n), the norms, and the error bar of the participation ratio (tr C)^2 / |C|_F^2.
 *
 * Error bars take sequences as the unit (tokens of one are correlated). To first order, leaving out
 * row i moves PR by its influence: with y = x - mean, tr = tr C, F = |C|_F^2,
 *
 *     w_i = (2 tr / F) (|y_i|^2 - tr) / n - (tr / F)^2 2 (y_i^T C y_i - F) / n,
 *
 * (the mean's own movement is of second order), and the variance is G / (G - 1) sum over the G
 * sequences of (sum of w_i in it)^2: the infinitesimal jackknife. y^T C y for all rows is one
 * matrix product; an error bar needs three digits, so it runs in float32, scaled by tr C.
 *
 * That product would cost twice the covariance. Where rows are many, most of the axes are replaced
 * by their average: with eigenvalues l and axes v, and c = sum l^2 / sum l over the axes behind the
 * r-th, y^T C y = sum_{k <= r} (l_k - c) (v_k . y)^2 + c |y|^2 + a rest of expectation 0. In a
 * Gaussian cloud the rest adds, relative to the variance of the w_i,
 *
 *     sum_{k > r} ((l_k - c) l_k)^2 PR^2 / sum_k ((1 - PR l_k) l_k)^2     (l in units of tr C),
 *
 * and r is the smallest for which this is below 1e-6, a thousandth of the error bar. */
#include "base/mem.h"
#include "geometry/cosines.h"
#include "geometry/groups.h"
#include "math/gemm.h"
#include "math/linalg.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

enum { ROWS = 3 * GN_VIEW_ROWS }; /* rows of one block of the product y C */

struct forms {
    const gn_view *v;
    const double *mean;
    double scale;       /* 1 / sqrt(tr C) */
    const gn_weight *c; /* C / tr, or the scaled axes (r, d) */
    double rest;        /* the constant c of the axes that are left out; 0 with C itself */
    bool axes;
    size_t window_bytes, scratch_bytes; /* of one thread: two (ROWS, d) float arrays, the window and
                                           what loads it, the layer's own */
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
    size_t d = f->v->x.cols, i0 = block * ROWS, rows = f->v->n - i0 < ROWS ? f->v->n - i0 : ROWS;
    char *at = f->scratch + worker * f->scratch_bytes;
    float *y = (float *)(void *)at, *yc = (float *)(void *)(at + up64(ROWS * d * sizeof *y));
    double *window = (double *)(void *)(at + 2 * up64(ROWS * d * sizeof *y));
    double *load = window + GN_VIEW_ROWS * d;
    void *own = (char *)window + f->window_bytes;
    for (size_t i = 0; i < rows; i++) {
        size_t w = i % GN_VIEW_ROWS, k = rows - i < GN_VIEW_ROWS ? rows - i : GN_VIEW_ROWS;
        if (w == 0) gn_view_load(f->v, NULL, i0 + i, k, window, load);
        double square = 0;
        for (size_t j = 0; j < d; j++) {
            double centred = (window[w * d + j] - f->mean[j]) * f->scale;
            square += centred * centred;
            y[i * d + j] = (float)centred;
        }
        f->square[i0 + i] = square;
    }
    gn_linear_run(&(gn_linear){.weight = f->c}, y, rows, d, yc, d, own);
    for (size_t i = 0; i < rows; i++) {
        const float *a = yc + i * d, *b = f->axes ? a : y + i * d;
        size_t r = gn_weight_rows(f->c);
        f->form[i0 + i] = f->v->vec->dot(a, b, r) + f->rest * f->square[i0 + i];
    }
    return GN_OK;
}

/* How many axes matter, and what stands for the others; l (d) in units of tr C, descending. */
static size_t count_axes(const double *l, size_t d, double pr, double *rest) {
    double least = 0, l1 = 0, l2 = 0, l3 = 0, l4 = 0;
    for (size_t k = 0; k < d; k++) {
        double w = (1 - pr * l[k]) * l[k];
        least += 1e-6 * w * w;
    }
    size_t r = d;
    for (*rest = 0; r > 1; r--) { /* would the r-th axis do as one of those left out? */
        double x = l[r - 1] > 0 ? l[r - 1] : 0, square = x * x;
        l1 += x, l2 += square, l3 += square * x, l4 += square * square;
        double c = l1 > 0 ? l2 / l1 : 0;
        if (pr * pr * (l4 - 2 * c * l3 + c * c * l2) > least) break;
        *rest = c;
    }
    return r;
}

/* The matrix of the forms: C / tr itself, or its leading axes, each times sqrt(l - c). Eigenvectors
 * cost about as much as the forms of FEW d rows. `work` (d, d) is overwritten. */
static gn_status pack_forms(gn_ctx *ctx, struct forms *f, const double *cov, double tr, double pr,
                            double *work, gn_weight **out, gn_error *err) {
    enum { FEW = 32 };
    size_t d = f->v->x.cols, r = d;
    double *vectors = NULL, *l = NULL;
    gn_status st;
    for (size_t j = 0; j < d * d; j++) work[j] = cov[j] / tr;
    if (f->v->n / FEW >= d) {
        GN_TRY(gn_alloc_array(&vectors, d * d, sizeof *vectors, "the covariance", err));
        GN_TRY(gn_alloc_array(&l, d, sizeof *l, "the covariance", err));
        GN_TRY(gn_eigen_symmetric(work, d, l, vectors, err));
        r = count_axes(l, d, pr, &f->rest);
        for (size_t k = 0; k < r; k++) {
            double scale = sqrt(fmax(l[k] - f->rest, 0));
            for (size_t j = 0; j < d; j++) vectors[k * d + j] *= scale;
        }
        f->axes = true;
    }
    GN_TRY(gn_weight_pack(gn_gemm_for(gn_ctx_cpu(ctx), 0),
                          gn_mat_f64(f->axes ? vectors : work, r, d), out, err));
done:
    gn_free(vectors);
    gn_free(l);
    return st;
}

/* The standard error of the participation ratio tr^2 / F. */
static gn_status pr_error(gn_ctx *ctx, const gn_view *v, const double *mean, const double *cov,
                          double tr, double F, const gn_groups *sequences, double *se,
                          gn_error *err) {
    size_t n = v->n, d = v->x.cols;
    struct forms f = {.v = v, .mean = mean, .scale = 1 / sqrt(tr)};
    gn_weight *weight = NULL;
    double *scaled = NULL;
    gn_status st;
    double pr = tr / F * tr; /* in units of tr: tr = 1, F = 1 / PR */
    GN_TRY(gn_alloc_array(&scaled, d * d, sizeof *scaled, "the covariance", err));
    GN_TRY(pack_forms(ctx, &f, cov, tr, pr, scaled, &weight, err));
    f.c = weight;
    f.window_bytes = up64((GN_VIEW_ROWS * d + gn_view_scratch(v)) * sizeof(double));
    f.scratch_bytes =
        2 * up64(ROWS * d * sizeof(float)) + f.window_bytes + up64(gn_linear_scratch(weight, ROWS));
    GN_TRY(
        gn_alloc_array(&f.scratch, gn_ctx_threads(ctx), f.scratch_bytes, "quadratic forms", err));
    GN_TRY(gn_alloc_array(&f.form, n, sizeof *f.form, "quadratic forms", err));
    GN_TRY(gn_alloc_array(&f.square, n, sizeof *f.square, "quadratic forms", err));
    GN_TRY(gn_parallel(ctx, (n + ROWS - 1) / ROWS, forms_block, &f, NULL, err));
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

static void no_spectrum(gn_isotropy *out) {
    out->participation_ratio = out->participation_ratio_se = out->isoscore = (double)NAN;
    out->effective_rank = out->top1_share = (double)NAN;
}

static gn_status covariance_part(gn_ctx *ctx, const gn_view *v, const double *mean,
                                 const gn_groups *sequences, gn_isotropy *out,
                                 const gn_isotropy_arrays *to, gn_error *err) {
    size_t d = v->x.cols;
    double *cov = to->covariance, *work = NULL, tr = 0, F = 0, least = 1e-12 * out->mean_norm;
    gn_spectrum s;
    gn_status st;
    GN_TRY(gn_alloc_array(&work, d * d, sizeof *work, "the covariance", err));
    for (size_t i = 0; i < d; i++) {
        double part = 0;
        for (size_t j = 0; j < d; j++) part += cov[i * d + j] * cov[i * d + j];
        F += part;
        tr += cov[i * d + i];
    }
    bool spread = F > 0 && isfinite(F) && tr > least * least; /* more than the mean's rounding */
    if (spread && sequences)
        GN_TRY(pr_error(ctx, v, mean, cov, tr, F, sequences, &out->participation_ratio_se, err));
    memcpy(work, cov, d * d * sizeof *work);
    GN_TRY(gn_eigen_symmetric(work, d, to->spectrum, NULL, err));
    for (size_t j = 0; j < d; j++)
        if (to->spectrum[j] < 0) to->spectrum[j] = 0;
    gn_spectrum_read(to->spectrum, d, &s);
    if (spread) {
        out->participation_ratio = tr / F * tr;
        if (d > 1) out->isoscore = (out->participation_ratio - 1) / (double)(d - 1);
        out->effective_rank = s.effective_rank;
        out->top1_share = s.top1_share;
    }
done:
    gn_free(work);
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
    out->norm_mean_se = sequences ? gn_groups_se(sequences, term) : (double)NAN;
    out->norm_median = gn_median(norm, n); /* sorts */
    out->norm_min = norm[0];
    out->norm_max = norm[n - 1];
    gn_free(term);
    return GN_OK;
}

/* What the summary needs besides: row groups, and its own buffers for the arrays. */
struct summary {
    gn_view v;
    gn_groups types, sequences;
    int32_t *type, *sequence; /* (n) of the view's rows */
    double *norm;
    gn_isotropy_arrays arrays; /* the covariance only with a spectrum */
};

static gn_status summary_new(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *o, struct summary *s,
                             gn_error *err) {
    gn_status st;
    size_t d = x.cols, elements;
    GN_TRY(gn_view_new(ctx, x, o, &s->v, err));
    if (s->v.n < 2)
        return gn_fail(err, GN_EINVAL,
                       "isotropy of a matrix of (%zu, %zu): expected at least 2 rows", s->v.n, d);
    GN_TRY(gn_alloc_array(&s->norm, s->v.n, sizeof *s->norm, "lengths", err));
    GN_TRY(gn_alloc_array(&s->arrays.mean, d, sizeof(double), "the mean", err));
    GN_TRY(gn_alloc_array(&s->arrays.spectrum, d, sizeof(double), "eigenvalues", err));
    if (!(o->skip & GN_SKIP_SPECTRUM)) {
        if (!gn_mul(d, d, &elements)) return gn_fail_nomem(err, "the covariance", SIZE_MAX);
        GN_TRY(
            gn_alloc_array(&s->arrays.covariance, elements, sizeof(double), "the covariance", err));
    }
    GN_TRY(gn_view_keys(&s->v, o->type, &s->type, err));
    GN_TRY(gn_view_keys(&s->v, o->sequence, &s->sequence, err));
    GN_TRY(gn_groups_new(s->type, s->v.n, NULL, &s->types, err));
    GN_TRY(gn_groups_new(s->sequence, s->v.n, s->types.row, &s->sequences, err));
done:
    return st;
}

static void summary_free(struct summary *s) {
    gn_groups_free(&s->types);
    gn_groups_free(&s->sequences);
    gn_free(s->type);
    gn_free(s->sequence);
    gn_free(s->norm);
    gn_free(s->arrays.mean);
    gn_free(s->arrays.spectrum);
    gn_free(s->arrays.covariance);
}

/* Cosines and lengths; with GN_SKIP_COSINES lengths alone. */
static gn_status cosine_part(gn_ctx *ctx, const struct summary *s, unsigned skip,
                             const gn_groups *bars, gn_isotropy *r, gn_error *err) {
    gn_cosines ignored;
    gn_view v = s->v;
    bool values = !(skip & GN_SKIP_COSINES), centred = values && !(skip & GN_SKIP_CENTRED);
    v.turned = !centred;
    return gn_cosines_compute(ctx, &v, centred ? s->arrays.mean : NULL, &s->types,
                              values ? bars : NULL, values ? &r->raw : &ignored, &r->centred,
                              s->norm, err);
}

gn_status gn_isotropy_compute(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts, gn_isotropy *out,
                              const gn_isotropy_arrays *arrays, gn_error *err) {
    const gn_cosines no_cosines = {(double)NAN, (double)NAN, (double)NAN, (double)NAN, 0, 0};
    gn_isotropy_opts o = opts ? *opts : (gn_isotropy_opts){0};
    struct summary s = {0};
    size_t d = x.cols;
    gn_status st;
    GN_TRY(summary_new(ctx, x, &o, &s, err));
    gn_isotropy r = {.n = s.v.n, .d = d, .raw = no_cosines, .centred = no_cosines};
    const gn_groups *bars = o.skip & GN_SKIP_BARS ? NULL : &s.sequences;
    no_spectrum(&r);
    /* Either finds NaN and infinity. */
    if (s.arrays.covariance)
        GN_TRY(gn_view_covariance(ctx, &s.v, s.arrays.mean, s.arrays.covariance, err));
    else
        GN_TRY(gn_view_means(ctx, &s.v, s.arrays.mean, err));
    double square = 0;
    for (size_t j = 0; j < d; j++) square += s.arrays.mean[j] * s.arrays.mean[j];
    r.mean_norm = sqrt(square);
    GN_TRY(cosine_part(ctx, &s, o.skip, bars, &r, err));
    GN_TRY(norm_part(s.norm, s.v.n, bars, &r, err));
    if (s.arrays.covariance)
        GN_TRY(covariance_part(ctx, &s.v, s.arrays.mean, bars, &r, &s.arrays, err));
    *out = r;
    if (arrays && arrays->mean) memcpy(arrays->mean, s.arrays.mean, d * sizeof(double));
    if (arrays && arrays->spectrum && s.arrays.covariance)
        memcpy(arrays->spectrum, s.arrays.spectrum, d * sizeof(double));
    if (arrays && arrays->covariance && s.arrays.covariance)
        memcpy(arrays->covariance, s.arrays.covariance, d * d * sizeof(double));
done:
    summary_free(&s);
    return st;
}
