/* All layouts of a server: found by their numbers, two at work at once, none left behind.
 *
 * A layout that is finished is kept until it is deleted or GN_LAYOUTS_MAX others have come. */
#include "view/layouts/layout.h"

#include "base/ctx.h"
#include "math/linalg.h"

enum { AT_WORK = 2 };

struct gn_vlayouts {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    gn_vlayout *list[GN_LAYOUTS_MAX];
    size_t n, next_id, next_turn, n_running, n_workers;
};

/* Whether nobody who still waits was asked for before; the list's lock is held. */
static bool is_next(const struct gn_vlayouts *a, const gn_vlayout *l) {
    for (size_t i = 0; i < a->n; i++) {
        const gn_vlayout *other = a->list[i];
        if (other->queued && other->turn < l->turn && !atomic_load(&other->quit)) return false;
    }
    return true;
}

void gn_vlayouts_enter(gn_vlayout *l) {
    struct gn_vlayouts *a = l->v->layouts;
    pthread_mutex_lock(&a->lock);
    while ((a->n_running >= AT_WORK || !is_next(a, l)) && !atomic_load(&l->quit) &&
           !atomic_load(&l->v->ending))
        pthread_cond_wait(&a->changed, &a->lock);
    a->n_running++; /* one that quits needs its place for a moment only */
    l->has_place = true;
    l->queued = false;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

void gn_vlayouts_leave(gn_vlayout *l) {
    struct gn_vlayouts *a = l->v->layouts;
    pthread_mutex_lock(&a->lock);
    a->n_running -= l->has_place;
    l->has_place = false;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

void gn_vlayouts_ended(gn_vlayout *l) {
    struct gn_vlayouts *a = l->v->layouts;
    pthread_mutex_lock(&a->lock);
    gn_vlayout_give(l);
    a->n_workers--;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

void gn_vlayout_quit(gn_vlayout *l) {
    struct gn_vlayouts *a = l->v->layouts;
    atomic_store(&l->quit, true);
    pthread_mutex_lock(&l->lock);
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    pthread_mutex_lock(&a->lock);
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

static bool finished(gn_vlayout *l) {
    pthread_mutex_lock(&l->lock);
    const bool yes = l->state >= GN_LAYOUT_DONE;
    pthread_mutex_unlock(&l->lock);
    return yes;
}

gn_status gn_vlayouts_begin(gn_vlayout *l, gn_error *err) {
    struct gn_vlayouts *a = l->v->layouts;
    pthread_mutex_lock(&a->lock);
    a->n_workers++;
    l->turn = a->next_turn++;
    l->queued = true;
    pthread_mutex_unlock(&a->lock);
    gn_status st = gn_vlayout_start(l, err);
    if (st == GN_OK) return st;
    pthread_mutex_lock(&a->lock);
    a->n_workers--;
    l->queued = false;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
    return st;
}

gn_status gn_vlayouts_add(gn_vlayout *l, gn_error *err) {
    struct gn_vlayouts *a = l->v->layouts;
    gn_vlayout *old = NULL;
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; a->n == GN_LAYOUTS_MAX && i < a->n && !old; i++)
        if (finished(a->list[i])) old = a->list[i];
    if (old) gn_vlayout_hold(old);
    pthread_mutex_unlock(&a->lock);
    if (old) {
        gn_vlayouts_remove(old);
        gn_vlayout_give(old);
    }
    pthread_mutex_lock(&a->lock);
    const bool room = a->n < GN_LAYOUTS_MAX;
    l->id = a->next_id;
    if (room) {
        a->next_id++;
        gn_vlayout_hold(l);
        a->list[a->n++] = l;
    }
    pthread_mutex_unlock(&a->lock);
    if (!room)
        return gn_fail(err, GN_ECANCEL, "%d layouts are being made: stop or delete one first",
                       GN_LAYOUTS_MAX);
    gn_status st = gn_vlayouts_begin(l, err);
    if (st != GN_OK) gn_vlayouts_remove(l);
    return st;
}

void gn_vlayouts_remove(gn_vlayout *l) {
    struct gn_vlayouts *a = l->v->layouts;
    size_t at = SIZE_MAX;
    pthread_mutex_lock(&l->lock);
    l->deleted = true;
    pthread_mutex_unlock(&l->lock);
    gn_vlayout_quit(l);
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n; i++)
        if (a->list[i] == l) at = i;
    if (at != SIZE_MAX) {
        a->n--;
        for (size_t i = at; i < a->n; i++) a->list[i] = a->list[i + 1];
    }
    pthread_mutex_unlock(&a->lock);
    if (at != SIZE_MAX) gn_vlayout_give(l);
}

size_t gn_vlayouts_list(gn_view *v, gn_vlayout **out, size_t room) {
    struct gn_vlayouts *a = v->layouts;
    pthread_mutex_lock(&a->lock);
    const size_t n = a->n < room ? a->n : room;
    for (size_t i = 0; i < n; i++) {
        out[i] = a->list[i];
        gn_vlayout_hold(out[i]);
    }
    pthread_mutex_unlock(&a->lock);
    return n;
}

gn_status gn_vlayout_find(gn_view *v, const char *text, gn_vlayout **out, gn_reply *re,
                          gn_error *err) {
    struct gn_vlayouts *a = v->layouts;
    size_t id;
    gn_vlayout *found = NULL;
    gn_status st = gn_text_size(text, "layout", 0, SIZE_MAX, &id, err);
    if (st != GN_OK) return st;
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->n; i++)
        if (a->list[i]->id == id) found = a->list[i];
    if (found) gn_vlayout_hold(found);
    pthread_mutex_unlock(&a->lock);
    if (!found) return gn_not_found(re, err, "there is no layout %zu", id);
    *out = found;
    return GN_OK;
}

gn_status gn_vlayout_query_layer(gn_vlayout *l, const gn_request *rq, size_t *i, gn_reply *re,
                                 gn_error *err) {
    size_t number, last = 0;
    pthread_mutex_lock(&l->lock);
    for (size_t j = 0; j < l->n_layers; j++)
        if (l->layer[j].frame > 0) last = j;
    pthread_mutex_unlock(&l->lock);
    gn_status st = gn_query_size(rq, "layer", 0, SIZE_MAX,
                                 gn_source_layer(l->s, l->layer[last].stored), &number, err);
    if (st != GN_OK) return st;
    for (size_t j = 0; j < l->n_layers; j++)
        if (gn_source_layer(l->s, l->layer[j].stored) == number) {
            *i = j;
            return GN_OK;
        }
    return gn_not_found(re, err, "layout %zu has no layer %zu", l->id, number);
}

/* ---- with the server --------------------------------------------------------------------------
 */

static gn_status open_layouts(gn_view *v, gn_error *err) {
    v->layouts = gn_calloc(1, sizeof *v->layouts);
    if (!v->layouts) return gn_fail_nomem(err, "layouts", sizeof *v->layouts);
    pthread_mutex_init(&v->layouts->lock, NULL);
    pthread_cond_init(&v->layouts->changed, NULL);
    gn_linalg_one_thread();
    return GN_OK;
}

/* What runs is told to quit; streams see that the server ends. */
static void stop_layouts(gn_view *v) {
    gn_vlayout *list[GN_LAYOUTS_MAX];
    if (!v->layouts) return;
    const size_t n = gn_vlayouts_list(v, list, GN_LAYOUTS_MAX);
    for (size_t i = 0; i < n; i++) {
        gn_vlayout_quit(list[i]);
        gn_vlayout_give(list[i]);
    }
}

static void free_layouts(gn_view *v) {
    struct gn_vlayouts *a = v->layouts;
    if (!a) return;
    stop_layouts(v);
    pthread_mutex_lock(&a->lock);
    while (a->n_workers > 0) pthread_cond_wait(&a->changed, &a->lock);
    pthread_mutex_unlock(&a->lock);
    for (size_t i = 0; i < a->n; i++) gn_vlayout_give(a->list[i]);
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    gn_free(a);
    v->layouts = NULL;
}

const gn_view_part gn_part_layouts = {
    .routes = gn_vlayout_routes, .open = open_layouts, .stop = stop_layouts, .free = free_layouts};
