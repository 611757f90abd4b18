/* Spaces, scans and lists of neighbours of a layer: see layers.h.
 *
 * The Euclidean metric does not see a common shift, so centring alone needs no lists of its own. */
#include "view/layers/layers.h"

#include "base/ctx.h"
#include "math/linalg.h"
#include "view/wire/request.h"

#include <stdio.h>
#include <string.h>

enum {
    LARGE_LAYER = 50000000, /* values, from which on an int8 copy pays */
};

/* ---- spaces ------------------------------------------------------------------------------- */

static gn_space implied(gn_space s) {
    s.center |= s.remove > 0;
    return s;
}

gn_status gn_space_body(const json_t *body, gn_space *out, gn_error *err) {
    gn_status st;
    json_t *space = NULL;
    gn_space s = {0};
    GN_TRY(gn_body_object(body, "space", &space, err));
    GN_TRY(gn_body_bool(space, "center", false, &s.center, err));
    GN_TRY(gn_body_size(space, "remove", 0, GN_MAX_REMOVE, 0, &s.remove, err));
    *out = implied(s);
done:
    return st;
}

gn_status gn_space_query(const gn_request *rq, gn_space *out, gn_error *err) {
    gn_status st;
    gn_space s = {0};
    GN_TRY(gn_query_bool(rq, "center", false, &s.center, err));
    GN_TRY(gn_query_size(rq, "remove", 0, GN_MAX_REMOVE, 0, &s.remove, err));
    *out = implied(s);
done:
    return st;
}

json_t *gn_space_json(gn_space space) {
    return json_pack("{s:b,s:o}", "center", (int)space.center, "remove",
                     gn_json_whole(space.remove));
}

const char *gn_space_name(gn_space space, char buf[64]) {
    if (space.remove > 0)
        snprintf(buf, 64, "centred, %zu component%s removed", space.remove,
                 space.remove == 1 ? "" : "s");
    else
        snprintf(buf, 64, "%s", space.center ? "centred" : "raw");
    return buf;
}

gn_status gn_metric_body(const json_t *body, gn_metric *out, gn_error *err) {
    static const char *const words[] = {"euclidean", "cosine", NULL};
    size_t at = 0;
    gn_status st = gn_body_word(body, "metric", words, GN_COSINE, &at, err);
    if (st == GN_OK) *out = (gn_metric)at;
    return st;
}

gn_status gn_layer_prefix(gn_layer l, gn_status st, gn_error *err) {
    if (st != GN_OK && st != GN_ECANCEL)
        gn_error_prefix(err, "%s, layer %zu", l.s->about.name, gn_source_layer(l.s, l.i));
    return st;
}

/* ---- mean and components ------------------------------------------------------------------- */

static void free_pca(void *value) {
    gn_pca_free(value);
}

static gn_status make_pca(const void *args, gn_ctx *ctx, void **value, size_t *n_bytes,
                          gn_error *err) {
    const gn_layer *l = args;
    gn_mat x = l->s->view[l->i];
    gn_pca *pca = NULL;
    size_t most = x.rows - 1 < x.cols ? x.rows - 1 : x.cols;
    gn_status st = gn_pca_fit(ctx, x, most < GN_MAX_REMOVE ? most : GN_MAX_REMOVE, &pca, err);
    if (st != GN_OK) return st;
    *value = pca;
    *n_bytes = (gn_pca_components(pca) + 2) * x.cols * sizeof(double);
    return GN_OK;
}

static gn_recipe recipe_for(const gn_layer *l, const char *what) {
    gn_recipe r = {0};
    snprintf(r.key, sizeof r.key, "%zu/%zu %s", l->s->id, l->i, what);
    r.args = l;
    return r;
}

static gn_status layer_pca(gn_layer l, gn_ctx *ctx, gn_cached **out, gn_error *err) {
    gn_recipe r = recipe_for(&l, "pca");
    r.make = make_pca;
    r.free = free_pca;
    return gn_cache_get(l.v, &r, ctx, out, err);
}

gn_status gn_layer_pca(gn_layer l, gn_ctx *ctx, gn_cached **out, gn_error *err) {
    return gn_layer_prefix(l, layer_pca(l, ctx, out, err), err);
}

static gn_status make_mean(const void *args, gn_ctx *ctx, void **value, size_t *n_bytes,
                           gn_error *err) {
    const gn_layer *l = args;
    double *mean;
    gn_mat x = l->s->view[l->i];
    gn_status st = gn_alloc_array(&mean, x.cols, sizeof *mean, "a mean", err);
    if (st != GN_OK) return st;
    st = gn_column_means(ctx, x, mean, err);
    if (st != GN_OK) {
        gn_free(mean);
        return st;
    }
    *value = mean;
    *n_bytes = x.cols * sizeof *mean;
    return GN_OK;
}

gn_status gn_layer_mean(gn_layer l, gn_ctx *ctx, gn_cached **out, gn_error *err) {
    gn_recipe r = recipe_for(&l, "mean");
    r.make = make_mean;
    r.free = gn_free;
    return gn_cache_get(l.v, &r, ctx, out, err);
}

/* ---- the int8 copy -------------------------------------------------------------------------- */

static void free_codes(void *value) {
    gn_codes_free(value);
}

static gn_status make_codes(const void *args, gn_ctx *ctx, void **value, size_t *n_bytes,
                            gn_error *err) {
    const gn_layer *l = args;
    gn_codes *codes = NULL;
    gn_status st = gn_codes_new(ctx, l->s->view[l->i], &codes, err);
    if (st != GN_OK) return st;
    *value = codes;
    *n_bytes = gn_codes_bytes(codes);
    return GN_OK;
}

static void copy_layer(gn_view *v, void *user) {
    gn_layer *l = user;
    gn_recipe r = recipe_for(l, "int8");
    gn_cached *codes = NULL;
    gn_error ignored; /* without it questions are slower, not wrong */
    r.make = make_codes;
    r.free = free_codes;
    if (gn_cache_get(v, &r, NULL, &codes, &ignored) == GN_OK) gn_cache_give(v, codes);
}

static void drop_layer(gn_view *v, void *user) {
    (void)v;
    gn_free(user);
}

/* The copy if it is there; else a large layer's is made in the background. Asking twice is
 * harmless: the second time finds it. */
static gn_cached *codes_of(gn_layer l) {
    gn_mat x = l.s->view[l.i];
    gn_recipe r = recipe_for(&l, "int8");
    gn_cached *codes = gn_cache_peek(l.v, r.key);
    size_t values = x.rows * x.cols;
    if (codes || values < LARGE_LAYER || values > gn_cache_room(l.v) / 4) return codes;
    gn_error ignored;
    gn_layer *own = gn_alloc(1, sizeof *own);
    if (own) {
        *own = l;
        gn_view_later(l.v, copy_layer, drop_layer, own, &ignored);
    }
    return NULL;
}

/* ---- questions by one vector ----------------------------------------------------------------- */

struct scan_args {
    gn_layer l;
    gn_metric metric;
    gn_space space;
    gn_cached *codes;
};

/* A scan holds on to the copy that it uses. */
struct layer_scan {
    gn_view *v;
    gn_scan *scan;
    gn_cached *codes;
};

const gn_scan *gn_layer_scan_of(const gn_cached *c) {
    const struct layer_scan *s = gn_cached_value(c);
    return s->scan;
}

static void free_scan(void *value) {
    struct layer_scan *s = value;
    gn_scan_free(s->scan);
    gn_cache_give(s->v, s->codes);
    gn_free(s);
}

static gn_status make_scan(const void *args, gn_ctx *ctx, void **value, size_t *n_bytes,
                           gn_error *err) {
    const struct scan_args *a = args;
    gn_status st = GN_OK;
    gn_scan_opts o = {.metric = a->metric, .codes = a->codes ? gn_cached_value(a->codes) : NULL};
    gn_cached *held = NULL;
    struct layer_scan *s = gn_calloc(1, sizeof *s);
    if (!s) GN_TRY(gn_fail_nomem(err, "a scan", sizeof *s));
    if (a->space.remove > 0) {
        GN_TRY(layer_pca(a->l, ctx, &held, err));
        const gn_pca *pca = gn_cached_value(held);
        if (a->space.remove > gn_pca_components(pca))
            GN_TRY(gn_fail(err, GN_EINVAL, "%zu components cannot be removed: there are %zu",
                           a->space.remove, gn_pca_components(pca)));
        o.mean = gn_pca_mean(pca);
        o.direction = gn_pca_directions(pca);
        o.n_directions = a->space.remove;
    } else if (a->space.center) {
        GN_TRY(gn_layer_mean(a->l, ctx, &held, err));
        o.mean = gn_cached_value(held);
    }
    GN_TRY(gn_scan_new(ctx, a->l.s->view[a->l.i], &o, &s->scan, err));
    *n_bytes = gn_scan_bytes(s->scan);
    s->v = a->l.v;
    s->codes = gn_cache_share(a->l.v, a->codes);
    *value = s;
    s = NULL;
done:
    gn_cache_give(a->l.v, held);
    gn_free(s);
    return st;
}

static void scan_key(const struct scan_args *a, bool int8, gn_recipe *r) {
    snprintf(r->key, sizeof r->key, "%zu/%zu scan %d %d %zu%s", a->l.s->id, a->l.i, (int)a->metric,
             (int)a->space.center, a->space.remove, int8 ? " int8" : "");
}

static gn_status find_scan(struct scan_args *a, gn_ctx *ctx, gn_cached **out, gn_error *err) {
    gn_recipe r = {.make = make_scan, .args = a, .free = free_scan};
    scan_key(a, a->codes != NULL, &r);
    return gn_cache_get(a->l.v, &r, ctx, out, err);
}

static void ready_scan(gn_view *v, void *user) {
    gn_cached *held = NULL;
    gn_error ignored; /* the scan without the copy goes on serving */
    if (find_scan(user, NULL, &held, &ignored) == GN_OK) gn_cache_give(v, held);
}

static void drop_scan(gn_view *v, void *user) {
    struct scan_args *a = user;
    gn_cache_give(v, a->codes);
    gn_free(a);
}

/* A scan that does not use the copy yet, while the one that does is made ready in the background:
 * nobody waits for the change. NULL: there is none, or the new one is there. */
static gn_cached *older_scan(const struct scan_args *a) {
    gn_recipe with = {0}, without = {0};
    scan_key(a, true, &with);
    scan_key(a, false, &without);
    gn_cached *newer = gn_cache_peek(a->l.v, with.key);
    gn_cached *older = newer ? NULL : gn_cache_peek(a->l.v, without.key);
    gn_cache_give(a->l.v, newer);
    struct scan_args *later = older ? gn_alloc(1, sizeof *later) : NULL;
    if (later) {
        gn_error ignored;
        *later = *a;
        later->codes = gn_cache_share(a->l.v, a->codes);
        gn_view_later(a->l.v, ready_scan, drop_scan, later, &ignored);
    }
    return older;
}

gn_status gn_layer_scan(gn_layer l, gn_metric metric, gn_space space, gn_ctx *ctx, gn_cached **out,
                        gn_error *err) {
    struct scan_args a = {l, metric, space, codes_of(l)};
    gn_cached *older = a.codes ? older_scan(&a) : NULL;
    gn_status st = GN_OK;
    if (older)
        *out = older;
    else
        st = gn_layer_prefix(l, find_scan(&a, ctx, out, err), err);
    gn_cache_give(l.v, a.codes);
    return st;
}
