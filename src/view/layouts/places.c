/* Places of typed text: see places.h. Principal components are a linear map, so any vector has its
 * place. t-SNE and UMAP place the rows that they were given and nothing else; what lies among some
 * rows is drawn among them. */
#include "view/layouts/places.h"

#include "view/layers/layers.h"

#include <math.h>
#include <stdio.h>

gn_status gn_places_open(gn_view *v, const gn_source *s, const json_t *body, gn_places *out,
                         gn_reply *re, gn_error *err) {
    gn_status st;
    size_t id, rows = s->about.rows;
    char text[24];
    gn_places p = {0};
    GN_TRY(gn_body_size(body, "layout", 0, INT32_MAX, SIZE_MAX, &id, err));
    if (id == SIZE_MAX) return GN_OK;
    snprintf(text, sizeof text, "%zu", id);
    GN_TRY(gn_vlayout_find(v, text, &p.layout, re, err));
    if (p.layout->s != s) {
        st = gn_fail(err, GN_EINVAL, "layout %zu is of %s, not of %s", id, p.layout->s->about.name,
                     s->about.name);
        goto done;
    }
    if (p.layout->row) {
        GN_TRY(gn_alloc_array(&p.at, rows, sizeof *p.at, "rows of a layout", err));
        for (size_t i = 0; i < rows; i++) p.at[i] = -1;
        for (size_t i = 0; i < p.layout->n; i++) p.at[p.layout->row[i]] = (int32_t)i;
    }
    *out = p;
    p = (gn_places){0};
done:
    gn_places_close(&p);
    return st;
}

void gn_places_close(gn_places *p) {
    if (p->layout) gn_vlayout_give(p->layout);
    gn_free(p->at);
    *p = (gn_places){0};
}

/* The layout's own record of a stored layer, or NULL. */
static const gn_vlayout_layer *layer_of(const gn_vlayout *l, size_t stored) {
    for (size_t j = 0; j < l->n_layers; j++)
        if (l->layer[j].stored == stored) return &l->layer[j];
    return NULL;
}

/* Coordinates along the components that the layout shows. */
static gn_status own_place(const gn_vlayout *l, size_t i, const double *x, gn_ctx *ctx,
                           double place[3], gn_error *err) {
    gn_cached *held = NULL;
    size_t d = l->s->about.dims;
    gn_status st = gn_layer_pca((gn_layer){l->v, l->s, i}, ctx, &held, err);
    if (st != GN_OK) return st;
    const gn_pca *pca = gn_cached_value(held);
    for (size_t a = 0; a < l->dim; a++) {
        size_t component = l->params.component[a];
        place[a] = 0; /* and stays it where there are fewer components, as in the layout */
        for (size_t c = 0; c < d && component < gn_pca_components(pca); c++)
            place[a] += (x[c] - gn_pca_mean(pca)[c]) * gn_pca_directions(pca)[component * d + c];
    }
    gn_cache_give(l->v, held);
    return GN_OK;
}

static void mean_place(const gn_places *p, size_t i, const int32_t *nearest, size_t n,
                       double place[3]) {
    gn_vlayout *l = p->layout;
    double sum[3] = {0};
    size_t count = 0;
    pthread_mutex_lock(&l->lock);
    const gn_vlayout_layer *layer = layer_of(l, i);
    for (size_t r = 0; layer && layer->positions && r < n; r++) {
        int32_t at = p->at ? p->at[nearest[r]] : nearest[r];
        if (at < 0) continue;
        for (size_t a = 0; a < l->dim; a++)
            sum[a] += (double)layer->positions[(size_t)at * l->dim + a];
        count++;
    }
    pthread_mutex_unlock(&l->lock);
    for (size_t a = 0; a < l->dim; a++) place[a] = count ? sum[a] / (double)count : (double)NAN;
}

gn_status gn_places_find(const gn_places *p, size_t i, const double *x, const int32_t *nearest,
                         size_t n, gn_ctx *ctx, json_t **out, bool *exact, gn_error *err) {
    const gn_vlayout *l = p->layout;
    double place[3] = {0};
    if (!l || !layer_of(l, i)) {
        *out = json_null();
        return GN_OK;
    }
    bool own = l->method == GN_LAYOUT_PCA && !l->row && !l->space.center &&
               (!l->all || l->align == GN_ALIGN_NONE);
    if (own) {
        gn_status st = own_place(l, i, x, ctx, place, err);
        if (st != GN_OK) return st;
    } else
        mean_place(p, i, nearest, n, place);
    *exact = own;
    *out = json_array();
    for (size_t a = 0; a < l->dim; a++) {
        if (!isfinite(place[a])) {
            json_decref(*out);
            *out = json_null();
            break;
        }
        json_array_append_new(*out, json_real(place[a]));
    }
    return *out ? GN_OK : gn_fail_nomem(err, "a place", 1);
}
