/* The worker of a layout: waiting -> running <-> paused -> done, failed or stopped.
 *
 * Routes never touch the worker's things. They set wishes under the lock (pause, new parameters) or
 * the flag `quit`, which is also what cancels every computation that the worker makes, and answer;
 * the worker looks at them between two slices. While it is paused it gives its place among the
 * running jobs to another. Parameters that come after its last look and before its end are taken up
 * by going on: a change that was answered with 200 is never lost.
 *
 * A layout uses all cores for seconds to minutes, and is in no hurry that a person would notice;
 * requests, and the browser that draws, are. So the worker and the threads of its context, which
 * inherit that, run at a lower priority, and whoever answers or draws gets the processor at once.
 */
#define _XOPEN_SOURCE 700
#include "view/layouts/layout.h"
#include "view/data/watch.h"

#include "base/ctx.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#ifdef __linux__
#include <sys/resource.h>
#endif

enum { NICENESS = 3 };

void gn_vlayout_hold(gn_vlayout *l) {
    atomic_fetch_add(&l->references, 1);
}

void gn_vlayout_give(gn_vlayout *l) {
    if (!l || atomic_fetch_sub(&l->references, 1) > 1) return;
    for (size_t i = 0; l->layer && i < l->n_layers; i++) gn_free(l->layer[i].positions);
    for (size_t a = 0; a < 3; a++) {
        gn_free(l->axis[a].left);
        gn_free(l->axis[a].right);
        gn_free(l->axis[a].label);
    }
    gn_free(l->layer);
    gn_free(l->row);
    json_decref(l->params_json);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    gn_free(l);
}

void gn_vlayout_phase(gn_vlayout *l, const char *phase) {
    pthread_mutex_lock(&l->lock);
    l->phase = phase;
    pthread_mutex_unlock(&l->lock);
}

void gn_vlayout_note(gn_vlayout *l, const char *format, ...) {
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&l->lock);
    vsnprintf(l->note, sizeof l->note, format, args);
    pthread_mutex_unlock(&l->lock);
    va_end(args);
}

void gn_vlayout_publish(gn_vlayout *l, size_t i, const double *positions, bool made) {
    gn_vlayout_layer *layer = &l->layer[i];
    pthread_mutex_lock(&l->lock);
    for (size_t j = 0; j < l->n * l->dim; j++) layer->positions[j] = (float)positions[j];
    layer->frame++;
    layer->made = made;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

static bool cancelled(void *user) {
    gn_vlayout *l = user;
    return atomic_load(&l->quit) || atomic_load(&l->v->ending);
}

static void warned(void *user, gn_log_level level, const char *message) {
    if (level == GN_LOG_WARNING) gn_vlayout_note(user, "%s", message);
}

gn_status gn_vlayout_next(gn_vlayout *l, gn_vlayout_params *params, size_t *version,
                          gn_error *err) {
    pthread_mutex_lock(&l->lock);
    const bool paused = l->want_pause && !cancelled(l);
    if (paused) {
        l->state = GN_LAYOUT_PAUSED;
        pthread_cond_broadcast(&l->changed);
        pthread_mutex_unlock(&l->lock);
        gn_vlayouts_leave(l);
        pthread_mutex_lock(&l->lock);
        while (l->want_pause && !cancelled(l)) pthread_cond_wait(&l->changed, &l->lock);
        l->state = GN_LAYOUT_WAITING;
        pthread_mutex_unlock(&l->lock);
        gn_vlayouts_enter(l);
        pthread_mutex_lock(&l->lock);
        l->state = GN_LAYOUT_RUNNING;
        pthread_cond_broadcast(&l->changed);
    }
    *params = l->params;
    *version = l->taken = l->version;
    pthread_mutex_unlock(&l->lock);
    if (cancelled(l)) return gn_fail(err, GN_ECANCEL, "stopped");
    return gn_watch_unchanged(l->s, err); /* a map of vectors that are gone would show nothing */
}

bool gn_vlayout_goes_on(const gn_vlayout *l) {
    const bool steered =
        l->method == GN_LAYOUT_TSNE || l->method == GN_LAYOUT_UMAP || l->method == GN_LAYOUT_PCA;
    return steered && l->n_layers == 1 && l->layer[0].frame > 0 && !l->deleted &&
           l->state != GN_LAYOUT_FAILED;
}

void gn_vlayout_again(gn_vlayout *l) {
    l->state = GN_LAYOUT_WAITING;
    l->resume = true;
    l->layer[0].made = false;
    l->layer[0].has_quality = l->layer[0].has_gauge = false;
}

/* This thread's priority, and that of the threads that it will start. Linux counts niceness by
 * thread; elsewhere it would be the whole server's, so there all stays as it is. */
static void give_way(void) {
#ifdef __linux__
    setpriority(PRIO_PROCESS, 0, NICENESS); /* refused: then all are equal, as before */
#endif
}

static void note_in_log(gn_vlayout *l, double seconds) {
    json_t *about = json_pack("{s:o,s:o,s:s}", "layout", gn_json_whole(l->id), "source",
                              gn_json_whole(l->s->id), "method", gn_vlayout_methods[l->method]);
    pthread_mutex_lock(&l->lock);
    if (about) json_object_set(about, "params", l->params_json);
    pthread_mutex_unlock(&l->lock);
    gn_view_note(l->v, "layout", about, seconds);
}

/* One run, and the state in which it left the layout: waiting for another run where parameters
 * changed at the last moment. */
static gn_vlayout_state run(gn_vlayout *l) {
    gn_ctx *ctx = NULL;
    gn_error err = {0};
    const gn_ctx_opts o = {
        .n_threads = gn_ctx_threads(l->v->ctx),
        .seed = l->seed,
        .cpu = gn_ctx_cpu(l->v->ctx),
        .hooks = {.user = l, .log = warned, .cancel = cancelled},
    };
    gn_vlayouts_enter(l);
    const double begun = gn_view_seconds();
    pthread_mutex_lock(&l->lock);
    l->state = GN_LAYOUT_RUNNING;
    l->begun = begun;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    gn_status st = gn_ctx_new(&o, &ctx, &err);
    if (st == GN_OK) st = gn_vlayout_make(l, ctx, &err);
    if (st == GN_OK) st = gn_watch_unchanged(l->s, &err);
    gn_ctx_free(ctx);
    const double seconds = gn_view_seconds() - begun;
    gn_vlayouts_leave(l);
    note_in_log(l, seconds);
    pthread_mutex_lock(&l->lock);
    l->seconds = seconds;
    l->phase = NULL;
    l->error = err;
    if (st == GN_OK && l->taken != l->version && gn_vlayout_goes_on(l))
        gn_vlayout_again(l);
    else
        l->state = st == GN_OK        ? GN_LAYOUT_DONE
                   : st == GN_ECANCEL ? GN_LAYOUT_STOPPED
                                      : GN_LAYOUT_FAILED;
    const gn_vlayout_state state = l->state;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
    return state;
}

static void *work(void *user) {
    give_way();
    while (run(user) == GN_LAYOUT_WAITING) {
    }
    gn_vlayouts_ended(user);
    return NULL;
}

gn_status gn_vlayout_start(gn_vlayout *l, gn_error *err) {
    pthread_t thread;
    gn_vlayout_hold(l);
    if (pthread_create(&thread, NULL, work, l) == 0) {
        pthread_detach(thread);
        return GN_OK;
    }
    gn_vlayout_give(l);
    return gn_fail(err, GN_EIO, "no thread for a layout can be started");
}
