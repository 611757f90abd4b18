/* Repairs: what is subtracted, removed or rescaled to make a cloud more isotropic.
 *
 * Each is an affine map of a row, learned once from all rows (view.h): measuring a repaired layer
 * reads the rows as they are and maps them on the way, so nothing of the size of the layer is
 * written. Its covariance needs no pass at all where the map is the same for every row:
 *
 *   mean, type mean   C stays;
 *   top               the D largest eigenvalues become 0;
 *   whitening         they become 1, or 0 where they were rounding;
 *   z-score           the correlations: C_ij / sqrt(C_ii C_jj).
 *
 * The cluster repair moves rows of different clusters by different amounts: one more pass.
 * Whitening here is y = l^(-1/2) U^T (x - mean); any rotation of it has the same cosines. So where
 * rows are many, cosines take the rotation whose matrix is triangular: half the products. */
#include "base/mem.h"
#include "geometry/groups.h"
#include "geometry/view.h"
#include "math/linalg.h"

#include <float.h>
#include <math.h>
#include <string.h>

const char *gn_repair_name(gn_repair_kind kind) {
    static const char *const names[GN_REPAIR_KINDS] = {"mean",    "type_mean", "top",
                                                       "cluster", "whiten",    "zscore"};
    return (unsigned)kind < GN_REPAIR_KINDS ? names[kind] : NULL;
}

void gn_repair_free(gn_repair *r) {
    if (!r) return;
    gn_free(r->origin);
    gn_free(r->scale);
    gn_free(r->direction);
    gn_linear_map_free(r->map);
    gn_linear_map_free(r->turned);
    gn_free(r->group);
    gn_free(r);
}

struct maker {
    gn_ctx *ctx;
    gn_mat x;
    const gn_repair_opts *o;
    gn_repair *r;
    double *mean, *covariance; /* of all rows */
    double *vectors, *values;  /* of a covariance */
};

/* Eigenvectors (rows, descending eigenvalues) of a copy of `covariance`. */
static gn_status decompose(struct maker *m, const double *covariance, gn_error *err) {
    size_t d = m->x.cols;
    double *work = NULL;
    gn_status st;
    GN_TRY(gn_alloc_array(&work, d * d, sizeof *work, "the covariance", err));
    if (!m->vectors) GN_TRY(gn_alloc_array(&m->vectors, d * d, sizeof *work, "eigenvectors", err));
    if (!m->values) GN_TRY(gn_alloc_array(&m->values, d, sizeof *work, "eigenvalues", err));
    memcpy(work, covariance, d * d * sizeof *work);
    GN_TRY(gn_eigen_symmetric(work, d, m->values, m->vectors, err));
done:
    gn_free(work);
    return st;
}

static gn_status mean_of_types(struct maker *m, gn_error *err) {
    size_t d = m->x.cols, n;
    double *means = NULL;
    gn_isotropy_opts o = {.type = m->o->type};
    gn_status st = gn_type_means(m->ctx, m->x, &o, &means, &n, err);
    if (st != GN_OK) return st;
    memset(m->r->origin, 0, d * sizeof(double));
    for (size_t t = 0; t < n; t++)
        for (size_t j = 0; j < d; j++) m->r->origin[j] += means[t * d + j];
    for (size_t j = 0; j < d; j++) m->r->origin[j] /= (double)n;
    gn_free(means);
    return st;
}

/* Turns the first m rows of a (m, d) until all below the diagonal is zero: Householder's
 * reflections, one a column. `v` (m) and `s` (d) are scratch. */
static void make_triangular(double *a, size_t m, size_t d, const gn_vec *vec, double *v,
                            double *s) {
    for (size_t k = 0; k + 1 < m && k < d; k++) {
        double square = 0;
        for (size_t i = k; i < m; i++) {
            v[i] = a[i * d + k];
            square += v[i] * v[i];
        }
        double length = copysign(sqrt(square), v[k]);
        square += length * v[k];
        if (!(square > 0)) continue;
        v[k] += length; /* |v|^2 / 2 = square */
        memset(s, 0, d * sizeof *s);
        for (size_t i = k; i < m; i++) vec->add(v[i] / square, a + i * d + k, d - k, s);
        for (size_t i = k; i < m; i++) {
            vec->add(-v[i], s, d - k, a + i * d + k);
            if (i > k) a[i * d + k] = 0;
        }
    }
}

/* Axes whose eigenvalue is rounding are left out: LAPACK's, some d 2^-52 of the largest, and where
 * the covariance came from float32 products that of its elements, 1e-7 of sum_a v_a^2 C_aa. (A
 * layer norm leaves one axis without variance; divided by the root of noise, noise is what it
 * shows.) */
static gn_status whiten(struct maker *m, gn_error *err) {
    enum { FEW = 32 }; /* times d: rows for which turning is not worth its d^3 */
    gn_repair *r = m->r;
    size_t d = r->d;
    gn_view all = gn_view_of(m->ctx, m->x, m->x.rows, NULL);
    double *matrix = NULL, *work = NULL, noise = gn_view_rounds(&all) ? 1e-7 : 0;
    gn_status st;
    GN_TRY(decompose(m, m->covariance, err));
    GN_TRY(gn_alloc_array(&matrix, d * d, sizeof *matrix, "a repair", err));
    for (size_t i = 0; i < d; i++) {
        double own = 0, value = m->values[i];
        const double *v = m->vectors + i * d;
        for (size_t j = 0; j < d; j++) own += v[j] * v[j] * m->covariance[j * d + j];
        bool used =
            value > 0 && value > (double)d * DBL_EPSILON * m->values[0] && value > noise * own;
        for (size_t j = 0; j < d; j++) matrix[i * d + j] = used ? v[j] / sqrt(value) : 0;
        r->rank += used;
    }
    GN_TRY(gn_linear_map_new(gn_ctx_cpu(m->ctx), matrix, d, d, &r->map, err));
    if (all.n / FEW < d) goto done;
    GN_TRY(gn_alloc_array(&work, 2 * d, sizeof *work, "a repair", err));
    make_triangular(matrix, d, d, all.vec, work, work + d);
    GN_TRY(gn_linear_map_new(gn_ctx_cpu(m->ctx), matrix, d, d, &r->turned, err));
done:
    gn_free(matrix);
    gn_free(work);
    return st;
}

static gn_status zscore(struct maker *m, gn_error *err) {
    gn_repair *r = m->r;
    gn_status st = gn_alloc_array(&r->scale, r->d, sizeof(double), "a repair", err);
    for (size_t j = 0; st == GN_OK && j < r->d; j++) {
        double v = m->covariance[j * r->d + j], least = 1e-12 * m->mean[j];
        r->scale[j] = v > least * least ? 1 / sqrt(v) : 0;
    }
    return st;
}

/* Cluster by cluster: its mean, and the top axes of its covariance. Clusters have their number plus
 * one; rows of none are group 0. */
static gn_status by_cluster(struct maker *m, gn_error *err) {
    gn_repair *r = m->r;
    size_t d = r->d, n = m->x.rows, D = r->n_directions;
    gn_groups groups = {0};
    double *covariance = NULL;
    gn_status st;
    GN_TRY(gn_alloc_array(&r->group, n, sizeof(int32_t), "clusters", err));
    for (size_t i = 0; i < n; i++) {
        if (m->o->cluster[i] >= (int32_t)m->o->n_clusters)
            return gn_fail(err, GN_EINVAL, "row %zu is in cluster %d: expected less than %zu", i,
                           m->o->cluster[i], m->o->n_clusters);
        r->group[i] = m->o->cluster[i] < 0 ? 0 : m->o->cluster[i] + 1;
    }
    GN_TRY(gn_groups_new(r->group, n, NULL, &groups, err));
    GN_TRY(gn_alloc_array(&covariance, d * d, sizeof(double), "the covariance", err));
    for (size_t g = 0; g < groups.n; g++) {
        const int32_t *row = groups.row + groups.start[g];
        size_t k = (size_t)r->group[row[0]];
        gn_view v = gn_view_of(m->ctx, m->x, gn_groups_size(&groups, g), row);
        GN_TRY(gn_view_means(m->ctx, &v, r->origin + k * d, err));
        if (!D) continue;
        GN_TRY(gn_view_moments(m->ctx, &v, r->origin + k * d, (double)v.n, covariance, err));
        GN_TRY(decompose(m, covariance, err));
        memcpy(r->direction + k * D * d, m->vectors, D * d * sizeof(double));
    }
done:
    gn_groups_free(&groups);
    gn_free(covariance);
    return st;
}

static gn_status check(gn_mat x, gn_repair_kind kind, const gn_repair_opts *o, size_t D,
                       gn_error *err) {
    if (!gn_repair_name(kind))
        return gn_fail(err, GN_EINVAL, "a repair of kind %d: expected 0 ... %d", (int)kind,
                       GN_REPAIR_KINDS - 1);
    if (D > x.cols)
        return gn_fail(err, GN_EINVAL, "a repair removes %zu directions of %zu", D, x.cols);
    if (kind == GN_REPAIR_CLUSTER && (!o->cluster || !o->n_clusters))
        return gn_fail(err, GN_EINVAL, "the cluster repair needs clusters");
    return GN_OK;
}

/* Mean and covariance of all rows, unless they are known. */
static gn_status learn(struct maker *m, bool covariance, gn_error *err) {
    size_t d = m->x.cols;
    gn_view all = gn_view_of(m->ctx, m->x, m->x.rows, NULL);
    gn_status st;
    GN_TRY(gn_alloc_array(&m->mean, d, sizeof(double), "the mean", err));
    if (covariance)
        GN_TRY(gn_alloc_array(&m->covariance, d * d, sizeof(double), "the covariance", err));
    if (covariance && !m->o->mean && !m->o->covariance)
        return gn_view_covariance(m->ctx, &all, m->mean, m->covariance, err);
    if (m->o->mean)
        memcpy(m->mean, m->o->mean, d * sizeof(double));
    else
        GN_TRY(gn_view_means(m->ctx, &all, m->mean, err));
    if (!covariance) goto done;
    if (m->o->covariance)
        memcpy(m->covariance, m->o->covariance, d * d * sizeof(double));
    else
        GN_TRY(gn_view_moments(m->ctx, &all, m->mean, (double)all.n, m->covariance, err));
done:
    return st;
}

static gn_status make(struct maker *m, gn_repair_kind kind, gn_error *err) {
    gn_repair *r = m->r;
    size_t d = m->x.cols, elements, D = m->o->n_directions;
    gn_status st;
    gn_view v;
    GN_TRY(gn_view_new(m->ctx, m->x, NULL, &v, err));
    if (!gn_mul(d, d, &elements)) return gn_fail_nomem(err, "a repair", SIZE_MAX);
    bool directed = kind == GN_REPAIR_TOP || kind == GN_REPAIR_CLUSTER;
    D = !directed || D == SIZE_MAX ? 0 : D ? D : d / 100 ? d / 100 : 1;
    GN_TRY(check(m->x, kind, m->o, D, err));
    r->n_directions = D;
    r->n_groups = kind == GN_REPAIR_CLUSTER ? m->o->n_clusters + 1 : 1;
    GN_TRY(gn_alloc_array(&r->origin, r->n_groups, d * sizeof(double), "a repair", err));
    GN_TRY(gn_alloc_array(&r->direction, r->n_groups * D, d * sizeof(double), "a repair", err));
    memset(r->origin, 0, r->n_groups * d * sizeof(double));
    memset(r->direction, 0, r->n_groups * D * d * sizeof(double));
    if (kind == GN_REPAIR_CLUSTER) return by_cluster(m, err);
    if (kind == GN_REPAIR_TYPE_MEAN) return mean_of_types(m, err);
    GN_TRY(learn(m, kind != GN_REPAIR_MEAN, err));
    memcpy(r->origin, m->mean, d * sizeof(double));
    if (kind == GN_REPAIR_WHITEN) return whiten(m, err);
    if (kind == GN_REPAIR_ZSCORE) return zscore(m, err);
    if (D) {
        GN_TRY(decompose(m, m->covariance, err));
        memcpy(r->direction, m->vectors, D * d * sizeof(double));
    }
done:
    return st;
}

gn_status gn_repair_new(gn_ctx *ctx, gn_mat x, gn_repair_kind kind, const gn_repair_opts *opts,
                        gn_repair **out, gn_error *err) {
    const gn_repair_opts none = {0};
    struct maker m = {.ctx = ctx, .x = x, .o = opts ? opts : &none};
    gn_status st;
    m.r = gn_calloc(1, sizeof *m.r);
    if (!m.r) return gn_fail_nomem(err, "a repair", sizeof *m.r);
    m.r->kind = kind;
    m.r->d = x.cols;
    GN_TRY(make(&m, kind, err));
    *out = m.r;
    m.r = NULL;
done:
    gn_repair_free(m.r);
    gn_free(m.mean);
    gn_free(m.covariance);
    gn_free(m.vectors);
    gn_free(m.values);
    return st;
}

gn_status gn_repair_spectrum(const gn_repair *r, const double *covariance, double *spectrum,
                             gn_error *err) {
    size_t d = r->d;
    double *work = NULL, *l = NULL;
    gn_status st;
    if (r->kind == GN_REPAIR_CLUSTER)
        return gn_fail(err, GN_EINVAL, "the covariance after the cluster repair needs the rows");
    GN_TRY(gn_alloc_array(&work, d * d, sizeof *work, "the covariance", err));
    GN_TRY(gn_alloc_array(&l, d, sizeof *l, "eigenvalues", err));
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            work[i * d + j] = covariance[i * d + j] * (r->scale ? r->scale[i] * r->scale[j] : 1);
    GN_TRY(gn_eigen_symmetric(work, d, l, NULL, err));
    for (size_t j = 0; j < d; j++) {
        if (r->kind == GN_REPAIR_WHITEN) l[j] = j < r->rank ? 1 : 0;
        if (l[j] < 0) l[j] = 0;
    }
    for (size_t j = 0; j < d; j++)
        spectrum[j] = j + r->n_directions < d ? l[j + r->n_directions] : 0;
done:
    gn_free(work);
    gn_free(l);
    return st;
}

/* ---- repaired rows ------------------------------------------------------------------------------
 */

struct apply {
    gn_view v;
    size_t i0, n, scratch_size;
    double *scratch;
    float *out;
};

static gn_status apply_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    const struct apply *a = user;
    size_t d = a->v.x.cols, i = block * GN_VIEW_ROWS;
    size_t k = a->n - i < GN_VIEW_ROWS ? a->n - i : GN_VIEW_ROWS;
    double *y = a->scratch + worker * a->scratch_size;
    gn_view_load(&a->v, NULL, a->i0 + i, k, y, y + GN_VIEW_ROWS * d);
    for (size_t j = 0; j < k * d; j++) a->out[i * d + j] = (float)y[j];
    return GN_OK;
}

gn_status gn_repair_apply(gn_ctx *ctx, const gn_repair *repair, gn_mat x, size_t i0, size_t n_rows,
                          float *out, gn_error *err) {
    struct apply a = {.i0 = i0, .n = n_rows, .out = out};
    gn_status st;
    GN_TRY(gn_view_new(ctx, x, &(gn_isotropy_opts){.repair = repair}, &a.v, err));
    if (i0 > x.rows || n_rows > x.rows - i0)
        return gn_fail(err, GN_EINVAL, "rows %zu to %zu of %zu are to be repaired", i0, i0 + n_rows,
                       x.rows);
    a.scratch_size = GN_VIEW_ROWS * x.cols + gn_view_scratch(&a.v);
    GN_TRY(gn_alloc_array(&a.scratch, gn_ctx_threads(ctx), a.scratch_size * sizeof(double),
                          "repaired rows", err));
    GN_TRY(
        gn_parallel(ctx, (n_rows + GN_VIEW_ROWS - 1) / GN_VIEW_ROWS, apply_block, &a, NULL, err));
done:
    gn_free(a.scratch);
    return st;
}
