/* The pool: every block once, the lowest error wins, cancel stops, hooks come from one thread. */
#include "tap.h"

#include "base/cpu.h"
#include "base/ctx.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { N = 5000 };
static atomic_int seen[N];

static gn_status mark(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)user, (void)err, (void)worker;
    atomic_fetch_add(&seen[block], 1);
    return GN_OK;
}

TEST(each_block_once) {
    gn_error err;
    for (unsigned threads = 1; threads <= 4; threads++) {
        gn_ctx *ctx;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = threads}, &ctx, &err));
        CHECK(gn_ctx_threads(ctx) == threads);
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < N; i++) atomic_store(&seen[i], 0);
            OK(gn_parallel(ctx, N, mark, NULL, NULL, &err));
            int bad = 0;
            for (int i = 0; i < N; i++) bad += atomic_load(&seen[i]) != 1;
            CHECK(bad == 0);
        }
        gn_ctx_free(ctx);
    }
}

static gn_status fail_from_100(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)user, (void)worker;
    return block >= 100 ? gn_fail(err, GN_EDATA, "block %zu", block) : GN_OK;
}

TEST(the_lowest_error_wins) {
    gn_error err;
    gn_ctx *ctx;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 2}, &ctx, &err));
    for (int round = 0; round < 50; round++) {
        CHECK(gn_parallel(ctx, N, fail_from_100, NULL, NULL, &err) == GN_EDATA);
        CHECK_STR(err.message, "block 100");
    }
    gn_ctx_free(ctx);
}

/* Workers wait for the cancel, so that it is the caller who takes blocks and polls, however the
 * threads are scheduled. */
static atomic_bool asked_to_stop;
static gn_status hold_workers(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)user, (void)err, (void)block;
    while (worker != 0 && !atomic_load(&asked_to_stop)) sched_yield();
    return GN_OK;
}

struct hook_state {
    pthread_t thread;
    int calls, cancel_after, reports;
    double last;
};
static bool cancel(void *user) {
    struct hook_state *s = user;
    if (!pthread_equal(s->thread, pthread_self())) abort();
    if (++s->calls <= s->cancel_after) return false;
    atomic_store(&asked_to_stop, true);
    return true;
}
static void progress(void *user, const char *task, double done, double total, const char *unit) {
    struct hook_state *s = user;
    if (!pthread_equal(s->thread, pthread_self()) || strcmp(task, "t") || strcmp(unit, "u"))
        abort();
    if (done < s->last || done > total) abort();
    s->last = done;
    s->reports++;
}

TEST(cancel_and_progress) {
    gn_error err;
    struct hook_state s = {.thread = pthread_self(), .cancel_after = 3};
    gn_ctx *ctx;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 2,
                                 .hooks = {.user = &s, .cancel = cancel, .progress = progress}},
                  &ctx, &err));
    gn_progress p = {.task = "t", .unit = "u", .total = 2.0 * N, .per_block = 2};
    CHECK(gn_parallel(ctx, N, hold_workers, NULL, &p, &err) == GN_ECANCEL);
    CHECK(s.calls == 4);
    s.cancel_after = 1 << 30;
    s.last = 0;
    OK(gn_parallel(ctx, N, mark, NULL, &p, &err));
    CHECK(s.last == 2.0 * N);
    gn_ctx_free(ctx);
}

TEST(cpu_levels) {
    gn_error err;
    CHECK(gn_cpu_has(GN_CPU_SCALAR));
    CHECK(gn_cpu_has(gn_cpu_best()));
    gn_cpu c;
    OK(gn_cpu_parse("avx512", &c, &err));
    CHECK(c == GN_CPU_AVX512);
    CHECK(gn_cpu_parse("mmx", &c, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "'mmx'");
    gn_ctx *ctx = NULL;
    gn_cpu absent = gn_cpu_has(GN_CPU_NEON) ? GN_CPU_AVX2 : GN_CPU_NEON;
    CHECK(gn_ctx_new(&(gn_ctx_opts){.cpu = absent}, &ctx, &err) == GN_EINVAL);
    CHECK(ctx == NULL);
}

int main(void) {
    RUN(each_block_once);
    RUN(the_lowest_error_wins);
    RUN(cancel_and_progress);
    RUN(cpu_levels);
    return tap_done();
}
