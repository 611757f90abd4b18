/* The cache and the background thread: see cache.h.
 *
 * An entry is in one of three states. While it is made, its maker and those who wait hold
 * references. One that failed leaves the list at once, so that the next who asks tries again; those
 * who waited get the same sentence, unless the maker was told to stop, which is no reason for them:
 * they try themselves. Values nobody holds stay until there is no room, and go in the order in
 * which they were last asked for. They are freed outside the lock: a value may hold references to
 * other values. */
#define _DEFAULT_SOURCE
#include "view/layers/cache.h"

#include "base/ctx.h"

#include <string.h>
#include <time.h>

enum state { MAKING, READY, FAILED };

struct gn_cached {
    char key[sizeof((gn_recipe *)0)->key];
    enum state state;
    void *value;
    void (*free)(void *value);
    size_t n_bytes, references;
    uint64_t used; /* by the clock of the cache */
    gn_status st;  /* FAILED: why */
    gn_error err;
    struct gn_cached *next; /* in the list; FAILED ones are in none */
};

struct work {
    void (*run)(gn_view *v, void *user);
    void (*drop)(gn_view *v, void *user);
    void *user;
    struct work *next;
};

struct gn_view_cache {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* an entry is no longer being made; work was added; the end */
    gn_cached *first;
    uint64_t clock;
    size_t n_bytes, room;
    bool started, joined; /* the background thread; none is started after `stopped` */
    bool stopped;
    pthread_t thread;
    struct work *work;
};

bool gn_view_is_ending(void *user) {
    const gn_view *v = user;
    return atomic_load(&v->ending);
}

/* ---- life --------------------------------------------------------------------------------- */

/* A quarter of the machine's memory. */
static size_t choose_room(void) {
    enum { LEAST = 256 << 20 };
    size_t room = gn_machine_bytes() / 4;
    return room > LEAST ? room : LEAST;
}

static gn_status cache_open(gn_view *v, gn_error *err) {
    struct gn_view_cache *c = gn_calloc(1, sizeof *c);
    if (!c) return gn_fail_nomem(err, "the viewer's cache", sizeof *c);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    c->room = choose_room();
    v->cache = c;
    return GN_OK;
}

/* The background thread ends before anything that its work uses is freed. */
static void cache_stop(gn_view *v) {
    struct gn_view_cache *c = v->cache;
    if (!c) return;
    pthread_mutex_lock(&c->lock);
    bool running = c->started;
    c->stopped = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    if (running && !c->joined) pthread_join(c->thread, NULL);
    c->joined = true;
}

static void entry_free(gn_cached *e) {
    if (e->value) e->free(e->value);
    gn_free(e);
}

static void cache_free(gn_view *v) {
    struct gn_view_cache *c = v->cache;
    if (!c) return;
    cache_stop(v);
    for (struct work *w; (w = c->work);) {
        c->work = w->next;
        w->drop(v, w->user);
        gn_free(w);
    }
    /* values that hold others give them back while they are freed: those go when nobody is left */
    for (bool some = true; some;) {
        some = false;
        for (gn_cached **at = &c->first; *at; at = &(*at)->next)
            if ((*at)->references == 0) {
                gn_cached *e = *at;
                *at = e->next;
                entry_free(e);
                some = true;
                break;
            }
    }
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    gn_free(c);
    v->cache = NULL;
}

static const gn_route none[] = {{0}};
const gn_view_part gn_part_cache = {
    .routes = none, .open = cache_open, .stop = cache_stop, .free = cache_free};

size_t gn_cache_room(const gn_view *v) {
    return v->cache->room;
}

/* ---- entries ------------------------------------------------------------------------------ */

static gn_cached *find(struct gn_view_cache *c, const char *key) {
    gn_cached *e = c->first;
    while (e && strcmp(e->key, key) != 0) e = e->next;
    return e;
}

static void unlink_entry(struct gn_view_cache *c, const gn_cached *e) {
    for (gn_cached **at = &c->first; *at; at = &(*at)->next)
        if (*at == e) {
            *at = e->next;
            return;
        }
}

/* Takes what must go out of the list, oldest first; the caller frees the chain without the lock. */
static gn_cached *evict(struct gn_view_cache *c) {
    gn_cached *out = NULL;
    while (c->n_bytes > c->room) {
        gn_cached *oldest = NULL;
        for (gn_cached *e = c->first; e; e = e->next)
            if (e->references == 0 && e->state == READY && (!oldest || e->used < oldest->used))
                oldest = e;
        if (!oldest) break;
        unlink_entry(c, oldest);
        c->n_bytes -= oldest->n_bytes;
        oldest->next = out;
        out = oldest;
    }
    return out;
}

static void free_chain(gn_cached *e) {
    while (e) {
        gn_cached *next = e->next;
        entry_free(e);
        e = next;
    }
}

void *gn_cached_value(const gn_cached *c) {
    return c->value;
}

void gn_cache_give(gn_view *v, gn_cached *e) {
    if (!e) return;
    struct gn_view_cache *c = v->cache;
    pthread_mutex_lock(&c->lock);
    e->references--;
    bool dead = e->references == 0 && e->state == FAILED;
    gn_cached *out = evict(c);
    pthread_mutex_unlock(&c->lock);
    if (dead) entry_free(e);
    free_chain(out);
}

gn_cached *gn_cache_share(gn_view *v, gn_cached *e) {
    if (!e) return NULL;
    pthread_mutex_lock(&v->cache->lock);
    e->references++;
    pthread_mutex_unlock(&v->cache->lock);
    return e;
}

gn_cached *gn_cache_peek(gn_view *v, const char *key) {
    struct gn_view_cache *c = v->cache;
    pthread_mutex_lock(&c->lock);
    gn_cached *e = find(c, key);
    if (e && e->state == READY) {
        e->references++;
        e->used = ++c->clock;
    } else
        e = NULL;
    pthread_mutex_unlock(&c->lock);
    return e;
}

/* Waits while somebody makes it. Under the lock. */
static void wait_for(gn_view *v, gn_cached *e, gn_ctx *ctx, gn_status *st, gn_error *err) {
    struct gn_view_cache *c = v->cache;
    while (e->state == MAKING && *st == GN_OK) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 100 * 1000 * 1000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&c->changed, &c->lock, &until);
        if (atomic_load(&v->ending))
            *st = gn_fail(err, GN_ECANCEL, "the server is ending");
        else if (ctx)
            *st = gn_ctx_poll(ctx, err);
    }
}

/* Makes the value of entry e, which this thread has put into the list. */
static gn_status make_entry(gn_view *v, gn_cached *e, const gn_recipe *recipe, gn_ctx *ctx,
                            gn_error *err) {
    struct gn_view_cache *c = v->cache;
    gn_hooks hooks = {.user = v, .cancel = gn_view_is_ending};
    gn_ctx *own = NULL;
    void *value = NULL;
    size_t n_bytes = 0;
    gn_error why = {0};
    gn_status st = ctx ? GN_OK : gn_view_context(v, &hooks, &own, &why);
    if (st == GN_OK) st = recipe->make(recipe->args, ctx ? ctx : own, &value, &n_bytes, &why);
    gn_ctx_free(own);
    pthread_mutex_lock(&c->lock);
    e->state = st == GN_OK ? READY : FAILED;
    e->st = st;
    e->err = why;
    e->value = value;
    e->n_bytes = st == GN_OK ? n_bytes : 0;
    e->used = ++c->clock;
    c->n_bytes += e->n_bytes;
    if (st != GN_OK) unlink_entry(c, e);
    gn_cached *out = evict(c);
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    free_chain(out);
    if (st != GN_OK && err) *err = why;
    return st;
}

gn_status gn_cache_get(gn_view *v, const gn_recipe *recipe, gn_ctx *ctx, gn_cached **out,
                       gn_error *err) {
    struct gn_view_cache *c = v->cache;
    for (;;) {
        gn_status st = GN_OK;
        pthread_mutex_lock(&c->lock);
        gn_cached *e = find(c, recipe->key);
        bool mine = !e;
        if (mine && (e = gn_calloc(1, sizeof *e))) {
            memcpy(e->key, recipe->key, sizeof e->key);
            e->free = recipe->free;
            e->next = c->first;
            c->first = e;
        }
        if (!e) {
            pthread_mutex_unlock(&c->lock);
            return gn_fail_nomem(err, recipe->key, sizeof *e);
        }
        e->references++;
        if (!mine) wait_for(v, e, ctx, &st, err);
        e->used = ++c->clock;
        pthread_mutex_unlock(&c->lock);
        if (mine)
            st = make_entry(v, e, recipe, ctx, err);
        else if (st == GN_OK && e->state == FAILED) {
            bool again = e->st == GN_ECANCEL && !atomic_load(&v->ending);
            st = e->st;
            if (err) *err = e->err;
            if (again) {
                gn_cache_give(v, e);
                continue;
            }
        }
        if (st == GN_OK)
            *out = e;
        else
            gn_cache_give(v, e);
        return st;
    }
}

/* ---- the background ------------------------------------------------------------------------ */

static void *background(void *arg) {
    gn_view *v = arg;
    struct gn_view_cache *c = v->cache;
    pthread_mutex_lock(&c->lock);
    while (!atomic_load(&v->ending)) {
        struct work *w = c->work;
        if (!w) {
            pthread_cond_wait(&c->changed, &c->lock);
            continue;
        }
        c->work = w->next;
        pthread_mutex_unlock(&c->lock);
        w->run(v, w->user);
        w->drop(v, w->user);
        gn_free(w);
        pthread_mutex_lock(&c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

gn_status gn_view_later(gn_view *v, void (*run)(gn_view *v, void *user),
                        void (*drop)(gn_view *v, void *user), void *user, gn_error *err) {
    struct gn_view_cache *c = v->cache;
    gn_status st = GN_OK;
    struct work *w = gn_calloc(1, sizeof *w);
    if (!w) {
        drop(v, user);
        return gn_fail_nomem(err, "work", sizeof *w);
    }
    *w = (struct work){run, drop, user, NULL};
    pthread_mutex_lock(&c->lock);
    if (c->stopped)
        st = gn_fail(err, GN_ECANCEL, "the server is ending");
    else if (!c->started && pthread_create(&c->thread, NULL, background, v) != 0)
        st = gn_fail(err, GN_EIO, "cannot start the viewer's background thread");
    else {
        c->started = true;
        struct work **at = &c->work;
        while (*at) at = &(*at)->next;
        *at = w;
        pthread_cond_broadcast(&c->changed);
    }
    pthread_mutex_unlock(&c->lock);
    if (st != GN_OK) {
        drop(v, user);
        gn_free(w);
    }
    return st;
}
