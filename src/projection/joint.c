/* One basis for all layers.
 *
 * The covariance of all rows of all layers together is the sum of the layers' own, so it is
 * gathered layer by layer and nothing but (d, d) numbers is kept. Around which mean? A
 * transformer's layers differ mostly in their mean: around the common one, the first component says
 * "which layer" and the rows of one layer are a dot. So each layer is taken around its own mean,
 * unless asked otherwise: then the spread of the means, n_l (m_l - m)(m_l - m)^T, is added to the
 * sum, which is exact and loses no digits.
 *
 * Vectors grow with depth in most models, and a sum of covariances is a sum of squares: the last
 * layers would choose the basis. `equal_layers` divides each layer by its spread first. */
#include "gonio/align.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "math/linalg.h"
#include "projection/pca.h"

#include <math.h>
#include <string.h>

typedef struct layer {
    double *mean;  /* (d), as it is in the data */
    double spread; /* what vectors are divided by */
    double rows;
} layer;

struct gn_joint {
    size_t d, k;
    gn_joint_opts opts;
    double *moments; /* (d, d) sum over rows, around the layers' means */
    layer *layer;
    size_t n_layers, room;
    gn_pca *pca; /* once solved; around the common mean, or around 0 */
};

void gn_joint_free(gn_joint *j) {
    if (!j) return;
    for (size_t l = 0; l < j->n_layers; l++) gn_free(j->layer[l].mean);
    gn_free(j->layer);
    gn_free(j->moments);
    gn_pca_free(j->pca);
    gn_free(j);
}

gn_status gn_joint_new(size_t dims, const gn_joint_opts *opts, gn_joint **out, gn_error *err) {
    gn_status st = GN_OK;
    const gn_joint_opts o = opts ? *opts : (gn_joint_opts){0};
    const size_t k = o.n_components ? o.n_components : dims < 3 ? dims : 3;
    size_t square;
    if (dims == 0 || k > dims)
        return gn_fail(err, GN_EINVAL, "%zu components of %zu dimensions", k, dims);
    gn_joint *j = gn_calloc(1, sizeof *j);
    if (!j) return gn_fail_nomem(err, "a joint basis", sizeof *j);
    j->d = dims;
    j->k = k;
    j->opts = o;
    if (!gn_mul(dims, dims, &square)) square = SIZE_MAX;
    GN_TRY(gn_alloc_array(&j->moments, square, sizeof *j->moments, "a covariance", err));
    memset(j->moments, 0, square * sizeof *j->moments);
    *out = j;
    return GN_OK;
done:
    gn_joint_free(j);
    return st;
}

gn_status gn_joint_add(gn_ctx *ctx, gn_joint *j, gn_mat x, gn_error *err) {
    gn_status st = GN_OK;
    const size_t d = j->d;
    double *moments = NULL;
    layer new = {.spread = 1, .rows = (double)x.rows};
    if (j->pca || x.cols != d || x.rows < 2)
        return gn_fail(err, GN_EINVAL,
                       "layer %zu of a joint basis is (%zu, %zu)%s: expected at least 2 rows of "
                       "%zu dimensions",
                       j->n_layers, x.rows, x.cols, j->pca ? ", after it was solved" : "", d);
    if (j->n_layers == j->room) {
        const size_t room = j->room ? 2 * j->room : 16;
        layer *grown = gn_realloc(j->layer, room, sizeof *grown);
        if (!grown) return gn_fail_nomem(err, "a joint basis", room * sizeof *grown);
        j->layer = grown;
        j->room = room;
    }
    GN_TRY(gn_alloc_array(&new.mean, d, sizeof *new.mean, "a mean", err));
    GN_TRY(gn_alloc_array(&moments, d * d, sizeof *moments, "a covariance", err));
    GN_TRY(gn_covariance(ctx, x, 1, new.mean, moments, err));
    if (j->opts.equal_layers) {
        double square = 0;
        for (size_t i = 0; i < d; i++) square += moments[i * d + i];
        new.spread = sqrt(square / new.rows);
        if (!(new.spread > 0)) {
            st = gn_fail(err, GN_EDATA,
                         "layer %zu of a joint basis: all %zu rows are equal, so it cannot weigh "
                         "as much as the others",
                         j->n_layers, x.rows);
            goto done;
        }
    }
    const double weight = 1 / (new.spread *new.spread);
    for (size_t i = 0; i < d * d; i++) j->moments[i] += weight * moments[i];
    j->layer[j->n_layers++] = new;
    new.mean = NULL;
done:
    gn_free(new.mean);
    gn_free(moments);
    return st;
}

gn_status gn_joint_solve(gn_joint *j, gn_error *err) {
    gn_status st = GN_OK;
    const size_t d = j->d;
    double *mean = NULL, *off = NULL, rows = 0;
    if (j->n_layers == 0 || j->pca)
        return gn_fail(err, GN_EINVAL, "a joint basis of %zu layers%s", j->n_layers,
                       j->pca ? " is solved" : "");
    GN_TRY(gn_alloc_array(&mean, d, sizeof *mean, "a mean", err));
    GN_TRY(gn_alloc_array(&off, d, sizeof *off, "a mean", err));
    memset(mean, 0, d * sizeof *mean);
    for (size_t l = 0; l < j->n_layers; l++) rows += j->layer[l].rows;
    for (size_t l = 0; j->opts.keep_means && l < j->n_layers; l++)
        for (size_t i = 0; i < d; i++)
            mean[i] += j->layer[l].rows / rows * j->layer[l].mean[i] / j->layer[l].spread;
    for (size_t l = 0; j->opts.keep_means && l < j->n_layers; l++) {
        for (size_t i = 0; i < d; i++) off[i] = j->layer[l].mean[i] / j->layer[l].spread - mean[i];
        for (size_t i = 0; i < d; i++)
            for (size_t c = 0; c < d; c++)
                j->moments[i * d + c] += j->layer[l].rows * off[i] * off[c];
    }
    const double divisor = rows - (j->opts.keep_means ? 1 : (double)j->n_layers);
    for (size_t i = 0; i < d * d; i++) j->moments[i] /= divisor;
    GN_TRY(gn_pca_from_moments(j->moments, mean, (size_t)rows, d, j->k, &j->pca, err));
    gn_free(j->moments);
    j->moments = NULL;
done:
    gn_free(mean);
    gn_free(off);
    return st;
}

const gn_pca *gn_joint_pca(const gn_joint *j) {
    return j->pca;
}

/* Of n rows: the squares of each coordinate around its mean over those of whole rows. */
static void own_shares(const double *out, size_t n, size_t k, double total, double *share) {
    for (size_t c = 0; c < k; c++) {
        double middle = 0, square = 0;
        for (size_t i = 0; i < n; i++) middle += out[i * k + c] / (double)n;
        for (size_t i = 0; i < n; i++)
            square += (out[i * k + c] - middle) * (out[i * k + c] - middle);
        share[c] = total > 0 ? square / total : 0;
    }
}

gn_status gn_joint_project(gn_ctx *ctx, const gn_joint *j, size_t number, gn_mat x, double *out,
                           double *share, gn_error *err) {
    gn_status st = GN_OK;
    double *around = NULL, total = 0;
    if (!j->pca || number >= j->n_layers)
        return gn_fail(err, GN_EINVAL, "layer %zu of a joint basis of %zu layers%s", number,
                       j->n_layers, j->pca ? "" : ", not solved");
    const layer *l = &j->layer[number];
    GN_TRY(gn_alloc_array(&around, j->d, sizeof *around, "a mean", err));
    for (size_t i = 0; i < j->d; i++)
        around[i] = j->opts.keep_means ? l->spread * gn_pca_mean(j->pca)[i] : l->mean[i];
    GN_TRY(gn_pca_project_around(ctx, j->pca, around, x, out, share ? &total : NULL, err));
    if (share) own_shares(out, x.rows, j->k, total, share);
    for (size_t i = 0; l->spread != 1 && i < x.rows * j->k; i++) out[i] /= l->spread;
done:
    gn_free(around);
    return st;
}
