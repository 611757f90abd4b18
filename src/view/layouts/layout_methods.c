/* All layers of a layout, one after the other, and what puts them on one another: a joint basis
 * (found in a pass of its own), a turn onto the layer before, or a start from it and a pull towards
 * it. Places are float64 here; watchers get float32. */
#include "view/layouts/layout.h"

#include "base/ctx.h"
#include "gonio/axes.h"
#include "projection/pca.h"

#include <math.h>
#include <string.h>

struct making {
    gn_vlayout *l;
    gn_ctx *ctx;
    gn_joint *joint;
    double *now, *before;     /* (n, dim) as shown */
    double *raw, *raw_before; /* (n, dim) as they came out, for the movement */
    gn_vlayout_rows rows, rows_before;
};

/* Components that the user chose, of those that there are; an axis that has none stays 0. */
static gn_status pick(const gn_vlayout *l, const gn_vlayout_params *p, const gn_pca *pca, gn_mat x,
                      const struct making *m, size_t layer, double *out, double *share,
                      gn_error *err) {
    const size_t k = gn_pca_components(pca), n = x.rows;
    size_t which[3], n_axes = 0, across = 0; /* the components; numbers in a row of part */
    double *part = NULL, *own = NULL;
    gn_status st = GN_OK;
    for (size_t a = 0; a < l->dim; a++)
        if (p->component[a] < k) which[n_axes++] = p->component[a];
    across = m->joint ? k : n_axes;
    GN_TRY(gn_alloc_array(&part, n * (across ? across : 1), sizeof *part, "coordinates", err));
    GN_TRY(gn_alloc_array(&own, k, sizeof *own, "shares", err));
    if (m->joint)
        GN_TRY(gn_joint_project(m->ctx, m->joint, layer, x, part, own, err));
    else
        GN_TRY(gn_pca_project_some(m->ctx, pca, NULL, which, n_axes, x, part, NULL, err));
    for (size_t a = 0, at = 0; a < l->dim; a++) {
        const size_t c = p->component[a], from = m->joint ? c : at;
        for (size_t i = 0; i < n; i++) out[i * l->dim + a] = c < k ? part[i * across + from] : 0;
        share[a] = c >= k ? 0 : m->joint ? own[c] : gn_pca_share(pca, c);
        at += c < k;
    }
done:
    gn_free(part);
    gn_free(own);
    return st;
}

static size_t components_wanted(const gn_vlayout *l, const gn_vlayout_params *p, gn_mat x) {
    const size_t most = x.rows - 1 < x.cols ? x.rows - 1 : x.cols;
    size_t k = 1;
    for (size_t a = 0; a < l->dim; a++) k = p->component[a] + 1 > k ? p->component[a] + 1 : k;
    return k < most ? k : most;
}

static gn_status principal(struct making *m, size_t i, double *out, gn_error *err) {
    gn_vlayout *l = m->l;
    const gn_layer layer = {l->v, l->s, l->layer[i].stored};
    gn_vlayout_params p;
    size_t version;
    gn_pca *own = NULL;
    gn_cached *held = NULL;
    double share[3] = {0};
    gn_status st = GN_OK;
    const gn_pca *pca = m->joint ? gn_joint_pca(m->joint) : NULL;
    GN_TRY(gn_vlayout_next(l, &p, &version, err));
    const size_t k = components_wanted(l, &p, m->rows.x);
    gn_vlayout_phase(l, "components");
    if (!pca && !m->rows.copy && k <= GN_MAX_REMOVE) {
        GN_TRY(gn_layer_pca(layer, m->ctx, &held, err));
        pca = gn_cached_value(held);
    } else if (!pca) {
        GN_TRY(gn_layer_prefix(layer, gn_pca_fit(m->ctx, m->rows.x, k, &own, err), err));
        pca = own;
    }
    if (gn_pca_components(pca) < k || k < l->dim)
        gn_vlayout_note(l,
                        "%zu rows of %zu column%s have %zu principal component%s: other axes are 0",
                        m->rows.x.rows, m->rows.x.cols, m->rows.x.cols == 1 ? "" : "s",
                        gn_pca_components(pca) < k ? gn_pca_components(pca) : k, k == 1 ? "" : "s");
    GN_TRY(pick(l, &p, pca, m->rows.x, m, i, out, share, err));
    pthread_mutex_lock(&l->lock);
    memcpy(l->layer[i].explained, share, sizeof share);
    l->layer[i].has_explained = true;
    pthread_mutex_unlock(&l->lock);
done:
    gn_pca_free(own);
    gn_cache_give(l->v, held);
    return st;
}

/* On axes that rows of the whole source define, whatever rows are shown. */
static gn_status on_axes(struct making *m, size_t i, double *out, gn_error *err) {
    gn_vlayout *l = m->l;
    gn_axis_rows axis[3];
    gn_vlayout_rows all = {0};
    double *place = NULL;
    gn_status st = GN_OK;
    for (size_t a = 0; a < l->dim; a++)
        axis[a] = (gn_axis_rows){l->axis[a].left, l->axis[a].right, l->axis[a].n_left,
                                 l->axis[a].n_right};
    gn_vlayout_phase(l, "axes");
    if (!l->row) {
        st = gn_layer_prefix((gn_layer){l->v, l->s, l->layer[i].stored},
                             gn_axes_places(m->ctx, m->rows.x, axis, l->dim, NULL, out, err), err);
    } else {
        GN_TRY(gn_vlayout_rows_open(l, i, true, m->ctx, &all, err));
        GN_TRY(gn_alloc_array(&place, all.x.rows * l->dim, sizeof *place, "places", err));
        GN_TRY(gn_axes_places(m->ctx, all.x, axis, l->dim, NULL, place, err));
        for (size_t r = 0; r < l->n; r++)
            memcpy(out + r * l->dim, place + (size_t)l->row[r] * l->dim, l->dim * sizeof *out);
    }
done:
    gn_free(place);
    gn_vlayout_rows_close(l, &all);
    return st;
}

static gn_status as_it_is(struct making *m, size_t layer, double *out, gn_error *err) {
    const gn_vlayout *l = m->l;
    const size_t d = m->rows.x.cols;
    double *place = NULL;
    gn_status st = GN_OK;
    GN_TRY(gn_alloc_array(&place, l->n * d, sizeof *place, "places", err));
    GN_TRY(gn_layer_prefix((gn_layer){l->v, l->s, l->layer[layer].stored},
                           gn_raw_places(m->rows.x, place, err), err));
    for (size_t i = 0; i < l->n; i++)
        for (size_t a = 0; a < l->dim; a++) out[i * l->dim + a] = a < d ? place[i * d + a] : 0;
done:
    gn_free(place);
    return st;
}

/* ---- layers on one another --------------------------------------------------------------------
 */

static gn_status find_basis(struct making *m, gn_error *err) {
    gn_vlayout *l = m->l;
    gn_vlayout_params p;
    size_t version;
    gn_status st = GN_OK;
    GN_TRY(gn_vlayout_next(l, &p, &version, err));
    gn_vlayout_phase(l, "basis");
    for (size_t i = 0; i < l->n_layers; i++) {
        GN_TRY(gn_vlayout_rows_open(l, i, false, m->ctx, &m->rows, err));
        if (i == 0) {
            const gn_joint_opts o = {.n_components = components_wanted(l, &p, m->rows.x)};
            GN_TRY(gn_joint_new(m->rows.x.cols, &o, &m->joint, err));
        }
        GN_TRY(gn_layer_prefix((gn_layer){l->v, l->s, l->layer[i].stored},
                               gn_joint_add(m->ctx, m->joint, m->rows.x, err), err));
        gn_vlayout_rows_close(l, &m->rows);
        GN_TRY(gn_vlayout_next(l, &p, &version, err));
    }
    st = gn_joint_solve(m->joint, err);
done:
    gn_vlayout_rows_close(l, &m->rows);
    return st;
}

static gn_status put_on(struct making *m, size_t i, gn_error *err) {
    gn_vlayout *l = m->l;
    const gn_mat now = gn_mat_f64(m->now, l->n, l->dim),
                 before = gn_mat_f64(m->before, l->n, l->dim);
    gn_displacement raw, aligned;
    gn_procrustes turn;
    gn_status st;
    memcpy(m->raw, m->now, l->n * l->dim * sizeof *m->raw);
    if (i == 0) return GN_OK;
    GN_TRY(gn_displacement_compute(now, gn_mat_f64(m->raw_before, l->n, l->dim), &raw, err));
    if (l->align == GN_ALIGN_PROCRUSTES) {
        GN_TRY(gn_procrustes_fit(now, before, NULL, &turn, err));
        gn_procrustes_apply(&turn, now, m->now);
    }
    GN_TRY(gn_displacement_compute(now, before, &aligned, err));
    pthread_mutex_lock(&l->lock);
    l->layer[i].raw = raw;
    l->layer[i].aligned = aligned;
    l->layer[i].has_raw = l->align == GN_ALIGN_NONE || l->align == GN_ALIGN_PROCRUSTES;
    l->layer[i].has_aligned = l->align != GN_ALIGN_NONE;
    pthread_mutex_unlock(&l->lock);
done:
    return st;
}

static gn_status make_layer(struct making *m, size_t i, gn_error *err) {
    gn_vlayout *l = m->l;
    const bool pulled = l->align == GN_ALIGN_ALIGNED && i > 0;
    gn_status st = GN_OK;
    gn_vlayout_phase(l, "reading");
    if (l->method != GN_LAYOUT_BOOKMARK) /* its places need no vectors */
        GN_TRY(gn_vlayout_rows_open(l, i, false, m->ctx, &m->rows, err));
    switch (l->method) {
    case GN_LAYOUT_RAW:
        st = as_it_is(m, i, m->now, err);
        break;
    case GN_LAYOUT_AXES:
        st = on_axes(m, i, m->now, err);
        break;
    case GN_LAYOUT_PCA:
        st = principal(m, i, m->now, err);
        break;
    case GN_LAYOUT_TSNE:
    case GN_LAYOUT_UMAP:
        st = gn_vlayout_map(l, i, m->ctx, &m->rows, pulled ? m->before : NULL, &m->rows_before,
                            m->now, err);
        break;
    case GN_LAYOUT_BOOKMARK:
        gn_vlayout_saved_places(l, m->now);
        break;
    }
    if (st == GN_OK && l->n_layers > 1) st = put_on(m, i, err);
    if (st != GN_OK) goto done;
    if (l->method != GN_LAYOUT_TSNE && l->method != GN_LAYOUT_UMAP) {
        pthread_mutex_lock(&l->lock);
        l->epoch = i + 1;
        l->epochs = l->n_layers;
        pthread_mutex_unlock(&l->lock);
    }
    gn_vlayout_publish(l, i, m->now, true);
    double *swap = m->now;
    m->now = m->before;
    m->before = swap;
    swap = m->raw;
    m->raw = m->raw_before;
    m->raw_before = swap;
    gn_vlayout_rows_close(l, &m->rows_before);
    if (l->align == GN_ALIGN_ALIGNED) {
        m->rows_before = m->rows; /* its lists are wanted; its vectors are not */
        gn_free(m->rows_before.copy);
        m->rows_before.copy = NULL;
        m->rows = (gn_vlayout_rows){0};
    }
done:
    gn_vlayout_rows_close(l, &m->rows);
    return st;
}

gn_status gn_vlayout_make(gn_vlayout *l, gn_ctx *ctx, gn_error *err) {
    struct making m = {.l = l, .ctx = ctx};
    const size_t n = l->n * l->dim;
    gn_status st = GN_OK;
    GN_TRY(gn_alloc_array(&m.now, n, sizeof *m.now, "places", err));
    GN_TRY(gn_alloc_array(&m.before, n, sizeof *m.before, "places", err));
    if (l->n_layers > 1) {
        GN_TRY(gn_alloc_array(&m.raw, n, sizeof *m.raw, "places", err));
        GN_TRY(gn_alloc_array(&m.raw_before, n, sizeof *m.raw_before, "places", err));
    }
    if (l->align == GN_ALIGN_JOINT) GN_TRY(find_basis(&m, err));
    for (size_t i = 0; i < l->n_layers; i++) GN_TRY(make_layer(&m, i, err));
done:
    gn_vlayout_rows_close(l, &m.rows);
    gn_vlayout_rows_close(l, &m.rows_before);
    gn_joint_free(m.joint);
    gn_free(m.now);
    gn_free(m.before);
    gn_free(m.raw);
    gn_free(m.raw_before);
    return st;
}
