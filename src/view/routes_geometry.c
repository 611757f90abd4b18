/* GET /api/sources/{s}/geometry?center=&remove=: starts the table of a source in a space, or says
 * how far it has come; layers that are done are there before the rest.
 *
 * Tables are measured one after the other in the viewer's background thread. One that nobody has
 * asked for in a while is given up: the page that wanted it is closed. DELETE gives one up at once.
 */
#include "view/geometry.h"

#include "base/ctx.h"
#include "base/str.h"

#include <string.h>

#define FORGOTTEN_S 60.0

enum state { WAITING, RUNNING, DONE, FAILED, STOPPED };
static const char *const state_name[] = {"waiting", "running", "done", "failed", "stopped"};

struct table {
    gn_view *v;
    gn_source *s;
    gn_space space;
    enum state state;
    size_t layers_done;
    double within; /* of the layer that is being measured */
    double begun, seconds, asked;
    bool stop, told; /* told: somebody knows that it failed, and may try again */
    char *text;      /* members of the answer so far; NULL: none */
    char error[sizeof((gn_error *)0)->message];
    struct table *next;
};

struct gn_view_tables {
    pthread_mutex_t lock; /* guards everything in here */
    struct table *first;
};

/* ---- life ---------------------------------------------------------------------------------------
 */

static gn_status tables_open(gn_view *v, gn_error *err) {
    struct gn_view_tables *t = gn_calloc(1, sizeof *t);
    if (!t) return gn_fail_nomem(err, "the geometry tables", sizeof *t);
    pthread_mutex_init(&t->lock, NULL);
    v->tables = t;
    return GN_OK;
}

/* The background thread has ended: the cache's stop waits for it. */
static void tables_free(gn_view *v) {
    struct gn_view_tables *t = v->tables;
    if (!t) return;
    for (struct table *x; (x = t->first);) {
        t->first = x->next;
        gn_free(x->text);
        gn_free(x);
    }
    pthread_mutex_destroy(&t->lock);
    gn_free(t);
    v->tables = NULL;
}

/* ---- measuring, in the background
 * ------------------------------------------------------------------ */

static void on_progress(void *user, const char *task, double done, double total, const char *unit) {
    (void)task;
    (void)unit;
    struct table *x = user;
    pthread_mutex_lock(&x->v->tables->lock);
    x->within = total > 0 ? done / total : 0;
    pthread_mutex_unlock(&x->v->tables->lock);
}

static bool on_cancel(void *user) {
    struct table *x = user;
    pthread_mutex_lock(&x->v->tables->lock);
    bool stop = x->stop || gn_view_seconds() - x->asked > FORGOTTEN_S;
    pthread_mutex_unlock(&x->v->tables->lock);
    return stop || atomic_load(&x->v->ending);
}

static gn_status measure_all(struct table *x, gn_ctx *ctx, gn_error *err) {
    gn_status st;
    gn_geometry g = {0};
    GN_TRY(gn_geometry_new(&g, err));
    for (size_t i = 0; i < x->s->about.n_layers; i++) {
        char *text = NULL;
        GN_TRY(gn_geometry_measure(&g, (gn_layer){x->v, x->s, i}, x->space, ctx, err));
        GN_TRY(gn_geometry_text(&g, &text, err));
        pthread_mutex_lock(&x->v->tables->lock);
        gn_free(x->text);
        x->text = text;
        x->layers_done = i + 1;
        x->within = 0;
        pthread_mutex_unlock(&x->v->tables->lock);
    }
done:
    gn_geometry_free(x->v, &g);
    return st;
}

static void run_table(gn_view *v, void *user) {
    struct table *x = user;
    struct gn_view_tables *t = v->tables;
    gn_hooks hooks = {.user = x, .progress = on_progress, .cancel = on_cancel};
    gn_ctx *ctx = NULL;
    gn_error err = {0};
    pthread_mutex_lock(&t->lock);
    x->state = RUNNING;
    x->begun = gn_view_seconds();
    pthread_mutex_unlock(&t->lock);
    gn_status st = gn_view_context(v, &hooks, &ctx, &err);
    if (st == GN_OK) st = measure_all(x, ctx, &err);
    gn_ctx_free(ctx);
    double seconds = gn_view_seconds() - x->begun;
    if (st == GN_OK)
        gn_view_note(v, "geometry",
                     json_pack("{s:o,s:o}", "source", gn_json_whole(x->s->id), "space",
                               gn_space_json(x->space)),
                     seconds);
    pthread_mutex_lock(&t->lock);
    x->state = st == GN_OK ? DONE : st == GN_ECANCEL ? STOPPED : FAILED;
    x->seconds = seconds;
    memcpy(x->error, err.message, sizeof x->error);
    pthread_mutex_unlock(&t->lock);
}

static void drop_table(gn_view *v, void *user) {
    struct table *x = user;
    if (!v->tables) return; /* the server has ended, and x is gone */
    pthread_mutex_lock(&v->tables->lock);
    if (x->state == WAITING) x->state = STOPPED;
    pthread_mutex_unlock(&v->tables->lock);
}

/* ---- answers
 * --------------------------------------------------------------------------------------- */

static struct table *find_table(struct gn_view_tables *t, const gn_source *s, gn_space space) {
    struct table *x = t->first;
    while (x && (x->s != s || x->space.center != space.center || x->space.remove != space.remove))
        x = x->next;
    return x;
}

/* Under the lock. */
static gn_status say(const struct table *x, gn_reply *re, gn_error *err) {
    gn_str out = {0};
    char *text;
    double progress = x->state == DONE ? 1
                                       : ((double)x->layers_done + 0.999 * x->within) /
                                             (double)x->s->about.n_layers;
    double seconds = x->state == RUNNING ? gn_view_seconds() - x->begun : x->seconds;
    json_t *head = json_pack("{s:s,s:o,s:o,s:o,s:o}", "state", state_name[x->state], "progress",
                             gn_json_real(progress), "seconds", gn_json_real(seconds), "space",
                             gn_space_json(x->space), "error",
                             x->state == FAILED ? gn_json_text(x->error) : json_null());
    char *front = head ? json_dumps(head, JSON_COMPACT) : NULL;
    json_decref(head);
    if (!front) return gn_fail_nomem(err, "an answer", 1);
    gn_str_add_bytes(&out, front, strlen(front) - 1); /* without its brace */
    free(front);
    gn_str_addf(&out, ",%s}", x->text ? x->text : "\"rows\":[],\"spectra\":{},\"dominant\":{}");
    size_t n = out.n;
    gn_status st = gn_str_take(&out, &text, err);
    return st == GN_OK ? gn_reply_bytes(re, "application/json", text, n) : st;
}

static gn_status get_geometry(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_status st;
    gn_source *s;
    gn_space space;
    struct gn_view_tables *t = v->tables;
    bool start = false;
    GN_TRY(gn_view_source(v, rq->part[0], &s, re, err));
    GN_TRY(gn_space_query(rq, &space, err));
    pthread_mutex_lock(&t->lock);
    struct table *x = find_table(t, s, space);
    if (!x && (x = gn_calloc(1, sizeof *x))) {
        *x = (struct table){.v = v, .s = s, .space = space, .state = STOPPED, .next = t->first};
        t->first = x;
    }
    if (x) {
        start = x->state == STOPPED || (x->state == FAILED && x->told);
        x->asked = gn_view_seconds();
        if (start) {
            x->state = WAITING;
            x->stop = x->told = false;
            x->layers_done = 0;
            x->within = 0;
        }
    }
    pthread_mutex_unlock(&t->lock);
    if (!x) return gn_fail_nomem(err, "a table", sizeof *x);
    if (start) GN_TRY(gn_view_later(v, run_table, drop_table, x, err));
    pthread_mutex_lock(&t->lock);
    x->told = x->state == FAILED;
    st = say(x, re, err);
    pthread_mutex_unlock(&t->lock);
done:
    return st;
}

static gn_status stop_geometry(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_status st;
    gn_source *s;
    gn_space space;
    GN_TRY(gn_view_source(v, rq->part[0], &s, re, err));
    GN_TRY(gn_space_query(rq, &space, err));
    pthread_mutex_lock(&v->tables->lock);
    struct table *x = find_table(v->tables, s, space);
    if (x && x->state <= RUNNING) x->stop = true;
    st = x ? say(x, re, err) : GN_OK;
    pthread_mutex_unlock(&v->tables->lock);
    if (!x) st = gn_not_found(re, err, "%s has no geometry table in this space", s->about.name);
done:
    return st;
}

static const gn_route routes[] = {
    {"GET", "/api/sources/{s}/geometry", get_geometry, false},
    {"DELETE", "/api/sources/{s}/geometry", stop_geometry, false},
    {0},
};
const gn_view_part gn_part_geometry = {.routes = routes, .open = tables_open, .free = tables_free};
