/* The pool is plain pthreads: gcc's OpenMP hangs a forked child and shows ThreadSanitizer races
 * that are not there. Threads sleep on a condition variable between loops; inside a loop they
 * share one atomic counter. Hooks are called by the caller's thread alone, between its blocks. */
#define _GNU_SOURCE
#include "base/ctx.h"

#include "base/cpu.h"
#include "base/mem.h"

#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct loop {
    gn_block_fn fn;
    void *user;
    size_t n_blocks;
    atomic_size_t next, finished;
    atomic_bool stop;
    pthread_mutex_t lock; /* guards the three below */
    size_t failed_block;
    gn_status status;
    gn_error error;
};

struct worker {
    struct gn_ctx *ctx;
    unsigned id;
    pthread_t thread;
};

struct gn_ctx {
    unsigned n_threads;
    uint64_t seed;
    gn_cpu cpu;
    gn_hooks hooks;
    struct worker *workers; /* n_threads - 1: the caller is worker 0 */
    unsigned n_started;
    pthread_mutex_t lock;
    pthread_cond_t wake, idle;
    struct loop *loop;   /* what to run, valid while generation is new to a worker */
    uint64_t generation; /* counts loops */
    unsigned n_busy;
    bool quit;
};

static void run_block(struct loop *l, size_t block, unsigned worker) {
    gn_error e = {0};
    gn_status st = l->fn(l->user, block, worker, &e);
    if (st != GN_OK) {
        pthread_mutex_lock(&l->lock);
        if (l->status == GN_OK || block < l->failed_block) {
            l->failed_block = block;
            l->status = st;
            l->error = e;
        }
        pthread_mutex_unlock(&l->lock);
        atomic_store(&l->stop, true);
    }
    atomic_fetch_add(&l->finished, 1);
}

static void *worker_main(void *arg) {
    struct worker *w = arg;
    struct gn_ctx *ctx = w->ctx;
    uint64_t seen = 0;
    pthread_mutex_lock(&ctx->lock);
    for (;;) {
        while (!ctx->quit && ctx->generation == seen) pthread_cond_wait(&ctx->wake, &ctx->lock);
        if (ctx->quit) break;
        seen = ctx->generation;
        struct loop *l = ctx->loop;
        pthread_mutex_unlock(&ctx->lock);
        for (size_t b; !atomic_load(&l->stop) && (b = atomic_fetch_add(&l->next, 1)) < l->n_blocks;)
            run_block(l, b, w->id);
        pthread_mutex_lock(&ctx->lock);
        if (--ctx->n_busy == 0) pthread_cond_signal(&ctx->idle);
    }
    pthread_mutex_unlock(&ctx->lock);
    return NULL;
}

static unsigned available_threads(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? (unsigned)n : 1;
}

gn_status gn_ctx_new(const gn_ctx_opts *opts, gn_ctx **out, gn_error *err) {
    gn_ctx_opts o = opts ? *opts : (gn_ctx_opts){0};
    if (o.cpu == GN_CPU_AUTO)
        o.cpu = gn_cpu_best();
    else if (!gn_cpu_has(o.cpu))
        return gn_fail(err, GN_EINVAL, "instruction set '%s' is not available on this processor",
                       gn_cpu_name(o.cpu));
    struct gn_ctx *ctx = gn_calloc(1, sizeof *ctx);
    if (!ctx) return gn_fail_nomem(err, "a context", sizeof *ctx);
    ctx->n_threads = o.n_threads ? o.n_threads : available_threads();
    if (ctx->n_threads > 1024) ctx->n_threads = 1024;
    ctx->seed = o.seed;
    ctx->cpu = o.cpu;
    ctx->hooks = o.hooks;
    pthread_mutex_init(&ctx->lock, NULL);
    pthread_cond_init(&ctx->wake, NULL);
    pthread_cond_init(&ctx->idle, NULL);
    ctx->workers = gn_calloc(ctx->n_threads, sizeof *ctx->workers);
    if (!ctx->workers) {
        gn_ctx_free(ctx);
        return gn_fail_nomem(err, "worker threads", 0);
    }
    for (unsigned i = 0; i + 1 < ctx->n_threads; i++) {
        ctx->workers[i] = (struct worker){.ctx = ctx, .id = i + 1};
        if (pthread_create(&ctx->workers[i].thread, NULL, worker_main, &ctx->workers[i]) != 0) {
            gn_ctx_free(ctx);
            return gn_fail(err, GN_EIO, "cannot start worker thread %u of %u", i + 1, o.n_threads);
        }
        ctx->n_started++;
    }
    *out = ctx;
    return GN_OK;
}

void gn_ctx_free(gn_ctx *ctx) {
    if (!ctx) return;
    pthread_mutex_lock(&ctx->lock);
    ctx->quit = true;
    pthread_cond_broadcast(&ctx->wake);
    pthread_mutex_unlock(&ctx->lock);
    for (unsigned i = 0; i < ctx->n_started; i++) pthread_join(ctx->workers[i].thread, NULL);
    pthread_cond_destroy(&ctx->idle);
    pthread_cond_destroy(&ctx->wake);
    pthread_mutex_destroy(&ctx->lock);
    gn_free(ctx->workers);
    gn_free(ctx);
}

unsigned gn_ctx_threads(const gn_ctx *ctx) {
    return ctx ? ctx->n_threads : 1;
}
uint64_t gn_ctx_seed(const gn_ctx *ctx) {
    return ctx ? ctx->seed : 0;
}
gn_cpu gn_ctx_cpu(const gn_ctx *ctx) {
    return ctx ? ctx->cpu : GN_CPU_SCALAR;
}

gn_status gn_ctx_poll(gn_ctx *ctx, gn_error *err) {
    if (ctx && ctx->hooks.cancel && ctx->hooks.cancel(ctx->hooks.user))
        return gn_fail(err, GN_ECANCEL, "interrupted");
    return GN_OK;
}

void gn_ctx_progress(gn_ctx *ctx, const char *task, double done, double total, const char *unit) {
    if (ctx && ctx->hooks.progress) ctx->hooks.progress(ctx->hooks.user, task, done, total, unit);
}

void gn_ctx_log(gn_ctx *ctx, gn_log_level level, const char *format, ...) {
    if (!ctx || !ctx->hooks.log) return;
    char message[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    ctx->hooks.log(ctx->hooks.user, level, message);
}

gn_status gn_parallel(gn_ctx *ctx, size_t n_blocks, gn_block_fn fn, void *user,
                      const gn_progress *progress, gn_error *err) {
    struct loop l = {.fn = fn, .user = user, .n_blocks = n_blocks};
    pthread_mutex_init(&l.lock, NULL);
    bool shared = ctx && ctx->n_started > 0 && n_blocks > 1;
    if (shared) {
        pthread_mutex_lock(&ctx->lock);
        ctx->loop = &l;
        ctx->generation++;
        ctx->n_busy = ctx->n_started;
        pthread_cond_broadcast(&ctx->wake);
        pthread_mutex_unlock(&ctx->lock);
    }
    gn_status st = GN_OK;
    for (;;) {
        if ((st = gn_ctx_poll(ctx, err)) != GN_OK) {
            atomic_store(&l.stop, true);
            break;
        }
        if (progress)
            gn_ctx_progress(ctx, progress->task,
                            progress->before +
                                progress->per_block * (double)atomic_load(&l.finished),
                            progress->total, progress->unit);
        if (atomic_load(&l.stop)) break;
        size_t b = atomic_fetch_add(&l.next, 1);
        if (b >= n_blocks) break;
        run_block(&l, b, 0);
    }
    if (shared) {
        pthread_mutex_lock(&ctx->lock);
        while (ctx->n_busy > 0) pthread_cond_wait(&ctx->idle, &ctx->lock);
        ctx->loop = NULL;
        pthread_mutex_unlock(&ctx->lock);
    }
    if (st == GN_OK && l.status != GN_OK) {
        st = l.status;
        if (err) *err = l.error;
    }
    if (st == GN_OK && progress)
        gn_ctx_progress(ctx, progress->task,
                        progress->before + progress->per_block * (double)n_blocks, progress->total,
                        progress->unit);
    pthread_mutex_destroy(&l.lock);
    return st;
}
