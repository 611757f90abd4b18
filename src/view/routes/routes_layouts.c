/* Routes that start, steer and describe layouts. All of them answer at once: what takes time is the
 * worker's. */
#include "view/layouts/layout.h"

#include <math.h>
#include <stdio.h>

/* ---- what a layout says of itself -------------------------------------------------------------
 */

static json_t *quality_json(const gn_map_quality *q) {
    return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "k", gn_json_whole(q->k), "kept",
                     gn_json_real(q->kept), "kept_se", gn_json_real(q->kept_se), "kept_rows",
                     gn_json_whole(q->n_kept), "sampled", gn_json_whole(q->n_sampled),
                     "trustworthiness", gn_json_real(q->trustworthiness), "trustworthiness_se",
                     gn_json_real(q->trustworthiness_se), "continuity", gn_json_real(q->continuity),
                     "continuity_se", gn_json_real(q->continuity_se));
}

/* The lock is held. */
static bool is_at_work(const gn_vlayout *l) {
    return l->state == GN_LAYOUT_RUNNING || l->state == GN_LAYOUT_PAUSED;
}

/* Kept neighbours so far, of one that is being made. */
static json_t *gauge_json(const gn_vlayout *l, const gn_vlayout_layer *y) {
    const gn_map_quality *q = &y->gauge;
    if (!is_at_work(l) || !y->has_gauge || y->has_quality) return json_null();
    return json_pack("{s:o,s:o,s:o,s:o}", "k", gn_json_whole(q->k), "kept", gn_json_real(q->kept),
                     "kept_se", gn_json_real(q->kept_se), "sampled", gn_json_whole(q->n_kept));
}

static json_t *reals(const double *value, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) json_array_append_new(list, gn_json_real(value[i]));
    return list;
}

static json_t *moved_json(const gn_displacement *d) {
    return json_pack("{s:o,s:o,s:o}", "mean", gn_json_real(d->mean), "se", gn_json_real(d->se),
                     "relative", gn_json_real(d->relative));
}

/* "neighbors_search", "recall" and "recall_se" of a layer that neighbours were searched for. */
static void add_search(json_t *out, const gn_vlayout_layer *y) {
    const bool part = y->has_search && y->approximate;
    json_object_set_new(out, "neighbors_search",
                        y->has_search
                            ? json_string(gn_knn_how_name(part ? GN_KNN_APPROXIMATE : GN_KNN_EXACT))
                            : json_null());
    json_object_set_new(out, "recall", part ? gn_json_real(y->recall.value) : json_null());
    json_object_set_new(out, "recall_se", part ? gn_json_real(y->recall.se) : json_null());
}

static json_t *layer_json(const gn_vlayout *l, size_t i) {
    const gn_vlayout_layer *y = &l->layer[i];
    json_t *out =
        json_pack("{s:o,s:b,s:o,s:o,s:o,s:o,s:o}", "layer",
                  gn_json_whole(gn_source_layer(l->s, y->stored)), "made", (int)y->made,
                  "explained", y->has_explained ? reals(y->explained, l->dim) : json_null(),
                  "quality", y->has_quality ? quality_json(&y->quality) : json_null(), "gauge",
                  gauge_json(l, y), "moved_raw", y->has_raw ? moved_json(&y->raw) : json_null(),
                  "moved_aligned", y->has_aligned ? moved_json(&y->aligned) : json_null());
    if (out) add_search(out, y);
    return out;
}

static json_t *axes_json(const gn_vlayout *l, const gn_vlayout_layer *y) {
    static const char *const name[] = {"dimension", "PC", "t-SNE", "UMAP"};
    json_t *list = json_array();
    for (size_t a = 0; a < l->dim; a++) {
        char text[64];
        if (l->method == GN_LAYOUT_AXES) {
            json_array_append_new(list, gn_json_text(l->axis[a].label));
            continue;
        }
        if (l->saved) {
            gn_vlayout_saved_axis(l, a, text, sizeof text);
            json_array_append_new(list, json_string(text));
            continue;
        }
        const size_t number = l->method == GN_LAYOUT_PCA ? l->params.component[a] + 1 : a + 1;
        if (l->method == GN_LAYOUT_PCA && y->has_explained)
            snprintf(text, sizeof text, "PC%zu %.1f %%", number, 100 * y->explained[a]);
        else
            snprintf(text, sizeof text, "%s %zu", name[l->method], number);
        json_array_append_new(list, json_string(text));
    }
    return list;
}

/* A new reference; NULL: no memory. */
static json_t *state_json(gn_vlayout *l) {
    json_t *layers = json_array(), *by_layer = json_array();
    size_t placed = 0, last = 0;
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->n_layers; i++) {
        json_array_append_new(layers, gn_json_whole(gn_source_layer(l->s, l->layer[i].stored)));
        json_array_append_new(by_layer, layer_json(l, i));
        if (l->layer[i].frame > 0) {
            placed = l->n;
            last = i;
        }
    }
    const gn_vlayout_layer *y = &l->layer[last];
    const bool works = is_at_work(l);
    json_t *out = json_pack(
        "{s:o,s:o,s:o,s:s,s:o,s:I,s:O,s:o,s:s,s:s,s:s,s:s?,s:o,s:o,s:o,s:o,s:i,s:o,s:o}", "id",
        gn_json_whole(l->id), "source", gn_json_whole(l->s->id), "layer",
        l->all ? json_string("all") : gn_json_whole(gn_source_layer(l->s, l->layer[0].stored)),
        "method", gn_vlayout_methods[l->method], "dim", gn_json_whole(l->dim), "seed",
        (json_int_t)l->seed, "params", l->params_json, "space", gn_space_json(l->space), "metric",
        gn_metric_name(l->metric), "align", gn_vlayout_aligns[l->align], "state",
        gn_vlayout_states[l->state], "phase", works ? l->phase : NULL, "epoch",
        gn_json_whole(l->epoch), "epochs", gn_json_whole(l->epochs), "rows", gn_json_whole(l->n),
        "placed", gn_json_whole(placed), "non_finite", 0, "loss", gn_json_real(l->loss), "seconds",
        gn_json_real(works ? gn_view_seconds() - l->begun : l->seconds));
    if (out) {
        json_object_set_new(out, "perplexity",
                            l->perplexity > 0 ? gn_json_real(l->perplexity) : json_null());
        json_object_set_new(out, "loss_se", gn_json_real(l->loss_se));
        json_object_set_new(out, "gauge", gauge_json(l, y));
        json_object_set_new(out, "quality",
                            y->has_quality ? quality_json(&y->quality) : json_null());
        add_search(out, y);
        json_object_set_new(out, "explained",
                            y->has_explained ? reals(y->explained, l->dim) : json_null());
        json_object_set_new(out, "axes", axes_json(l, y));
        json_object_set(out, "layers", layers);
        json_object_set(out, "by_layer", by_layer);
        json_object_set_new(out, "note", l->note[0] ? gn_json_text(l->note) : json_null());
        json_object_set_new(out, "error",
                            l->state == GN_LAYOUT_FAILED ? gn_json_text(l->error.message)
                                                         : json_null());
    }
    pthread_mutex_unlock(&l->lock);
    json_decref(layers);
    json_decref(by_layer);
    return out;
}

/* ---- the routes -------------------------------------------------------------------------------
 */

static gn_status post_layout(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_vlayout *l = NULL;
    gn_status st = gn_vlayout_read(v, rq->body, &l, re, err);
    if (st != GN_OK) return st;
    st = gn_vlayouts_add(l, err);
    if (st == GN_OK)
        st = gn_reply_json(
            re, json_pack("{s:o,s:s}", "id", gn_json_whole(l->id), "state", "waiting"), err);
    gn_vlayout_give(l);
    return st;
}

static gn_status get_layouts(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_vlayout *list[GN_LAYOUTS_MAX];
    json_t *out = json_array();
    const size_t n = gn_vlayouts_list(v, list, GN_LAYOUTS_MAX);
    (void)rq;
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(out, state_json(list[i]));
        gn_vlayout_give(list[i]);
    }
    return gn_reply_json(re, out, err);
}

static gn_status get_layout(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_vlayout *l;
    gn_status st = gn_vlayout_find(v, rq->part[0], &l, re, err);
    if (st != GN_OK) return st;
    st = gn_reply_json(re, state_json(l), err);
    gn_vlayout_give(l);
    return st;
}

/* Sets or takes back the wish to pause. */
static gn_status set_pause(gn_view *v, const gn_request *rq, bool pause, gn_reply *re,
                           gn_error *err) {
    gn_vlayout *l;
    gn_status st = gn_vlayout_find(v, rq->part[0], &l, re, err);
    if (st != GN_OK) return st;
    pthread_mutex_lock(&l->lock);
    const bool ended = l->state >= GN_LAYOUT_DONE;
    if (!ended) l->want_pause = pause;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    st = ended ? gn_conflict(re, err, "layout %zu has ended: there is nothing to %s", l->id,
                             pause ? "pause" : "resume")
               : gn_reply_json(re, state_json(l), err);
    gn_vlayout_give(l);
    return st;
}

static gn_status pause_layout(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    return set_pause(v, rq, true, re, err);
}

static gn_status resume_layout(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    return set_pause(v, rq, false, re, err);
}

static gn_status stop_layout(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_vlayout *l;
    gn_status st = gn_vlayout_find(v, rq->part[0], &l, re, err);
    if (st != GN_OK) return st;
    gn_vlayout_quit(l);
    st = gn_reply_json(re, state_json(l), err);
    gn_vlayout_give(l);
    return st;
}

/* Takes new parameters up under the lock, so that none is lost between two requests or behind the
 * worker's back. @param begin receives whether a layout that has ended is to go on. */
static gn_status change(gn_vlayout *l, const json_t *object, bool *begin, gn_reply *re,
                        gn_error *err) {
    gn_vlayout_params next = l->params;
    gn_status st = gn_vlayout_read_params(l, object, &next, err);
    const bool ended = l->state >= GN_LAYOUT_DONE;
    if (st != GN_OK) return st;
    if (l->method == GN_LAYOUT_RAW || l->method == GN_LAYOUT_AXES ||
        l->method == GN_LAYOUT_BOOKMARK)
        return gn_conflict(re, err, "a layout of method %s has nothing to change: start another",
                           gn_vlayout_methods[l->method]);
    if (ended && !gn_vlayout_goes_on(l))
        return gn_conflict(re, err, "layout %zu has ended and cannot go on: start another", l->id);
    if (!gn_vlayout_params_differ(&l->params, &next, false)) return GN_OK;
    json_object_update(l->params_json, (json_t *)(uintptr_t)object);
    l->params = next;
    l->version++;
    *begin = ended;
    if (!ended) return GN_OK;
    gn_vlayout_again(l);
    l->want_pause = false;
    atomic_store(&l->quit, false);
    return GN_OK;
}

static gn_status patch_layout(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_vlayout *l;
    json_t *object = NULL;
    bool begin = false;
    gn_status st = gn_vlayout_find(v, rq->part[0], &l, re, err);
    if (st != GN_OK) return st;
    GN_TRY(gn_body_object(rq->body, "params", &object, err));
    if (!object) {
        st = gn_fail(err, GN_EINVAL, "'params': expected an object");
        goto done;
    }
    pthread_mutex_lock(&l->lock);
    st = change(l, object, &begin, re, err);
    pthread_mutex_unlock(&l->lock);
    if (st == GN_OK && begin && (st = gn_vlayouts_begin(l, err)) != GN_OK) {
        pthread_mutex_lock(&l->lock);
        l->state = GN_LAYOUT_STOPPED; /* its positions are still there */
        pthread_mutex_unlock(&l->lock);
    }
    if (st == GN_OK) st = gn_reply_json(re, state_json(l), err);
done:
    gn_vlayout_give(l);
    return st;
}

static gn_status delete_layout(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_vlayout *l;
    gn_status st = gn_vlayout_find(v, rq->part[0], &l, re, err);
    if (st != GN_OK) return st;
    gn_vlayouts_remove(l);
    gn_vlayout_give(l);
    return gn_reply_json(re, json_object(), err);
}

const gn_route gn_vlayout_routes[] = {
    {"POST", "/api/layouts", post_layout, GN_BODY_ROWS},
    {"GET", "/api/layouts", get_layouts, GN_BODY_SMALL},
    {"GET", "/api/layouts/{id}", get_layout, GN_BODY_SMALL},
    {"PATCH", "/api/layouts/{id}", patch_layout, GN_BODY_SMALL},
    {"DELETE", "/api/layouts/{id}", delete_layout, GN_BODY_SMALL},
    {"POST", "/api/layouts/{id}/pause", pause_layout, GN_BODY_SMALL},
    {"POST", "/api/layouts/{id}/resume", resume_layout, GN_BODY_SMALL},
    {"POST", "/api/layouts/{id}/stop", stop_layout, GN_BODY_SMALL},
    {"GET", "/api/layouts/{id}/stream", gn_vlayout_stream, GN_BODY_SMALL},
    {"GET", "/api/layouts/{id}/positions", gn_vlayout_positions, GN_BODY_SMALL},
    {"GET", "/api/layouts/{id}/trust", gn_vlayout_trust, GN_BODY_SMALL},
    {"GET", "/api/sources/{s}/labels", gn_vlayout_labels, GN_BODY_SMALL},
    {"GET", "/api/sources/{s}/bookmarks", gn_vlayout_bookmarks, GN_BODY_SMALL},
    {"GET", "/api/export/coordinates", gn_vlayout_export, GN_BODY_SMALL},
    {0},
};
