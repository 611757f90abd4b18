/* Jobs: progress that only grows, sharing, stopping, failing, order within a lane and none between
 * lanes, and how many are remembered. Also what searches are said to cost. */
#define _GNU_SOURCE
#include "serve.h"

#include "base/ctx.h"
#include "view/layers/compare.h"
#include "view/layers/jobs.h"
#include "view/layers/layer_cost.h"

#include <time.h>

/* What the jobs of these tests do is told to them from outside. */
static struct script {
    atomic_int begun, order[8];
    atomic_bool hold, fail, deaf;
} script;

struct args {
    int number;
    bool value;
};

static void pause_ms(long ms) {
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void free_value(void *value) {
    gn_free(value);
}

static gn_status make_value(const void *args, gn_ctx *ctx, void **value, size_t *n_bytes,
                            gn_error *err) {
    int *out = gn_alloc(1, sizeof *out);
    (void)ctx;
    if (!out) return gn_fail_nomem(err, "a number", sizeof *out);
    *out = ((const struct args *)args)->number;
    *value = out;
    *n_bytes = sizeof *out;
    return GN_OK;
}

static void key_of(int number, char *key) {
    snprintf(key, sizeof((gn_task *)0)->key, "test %d", number);
}

/* Two steps: half is reached at once, the rest when nobody holds it. */
static gn_status run_script(gn_job *job, const void *user, gn_ctx *ctx, gn_error *err) {
    const struct args *a = user;
    gn_status st = GN_OK;
    atomic_store(&script.order[atomic_fetch_add(&script.begun, 1) % 8], a->number);
    gn_job_expect(job, 100);
    gn_job_step(job, 0, 0.25);
    gn_ctx_progress(ctx, "first", 1, 1, "");
    gn_ctx_progress(ctx, "first, once more", 0, 1, ""); /* takes nothing back */
    gn_job_step(job, 0.25, 0.75);
    gn_ctx_progress(ctx, "second", 1, 3, "");
    gn_job_say(job, gn_strdup("\"so_far\":1"));
    while (atomic_load(&script.hold) && st == GN_OK) {
        pause_ms(1);
        if (!atomic_load(&script.deaf)) st = gn_ctx_poll(ctx, err);
    }
    if (st != GN_OK) return st;
    if (atomic_load(&script.fail)) return gn_fail(err, GN_EDATA, "row %d is odd", a->number);
    if (a->value) {
        gn_recipe r = {.make = make_value, .args = a, .free = free_value};
        gn_cached *held;
        key_of(a->number, r.key);
        GN_TRY(gn_cache_get(gn_job_view(job), &r, ctx, &held, err));
        gn_job_give(job, held);
        gn_job_say(job, NULL);
    }
done:
    return st;
}

static gn_task task_of(const struct args *a, gn_job_lane lane) {
    gn_task t = {.lane = lane, .run = run_script, .args = a, .n_args = sizeof *a};
    key_of(a->number, t.key);
    return t;
}

static gn_job_report ask(gn_view *v, int number, gn_job_lane lane, unsigned wait_ms) {
    struct args a = {number, false};
    gn_task t = task_of(&a, lane);
    gn_job_report r = {.state = GN_JOB_FAILED};
    gn_error err;
    if (gn_job_ask(v, &t, NULL, wait_ms, &r, &err) != GN_OK) printf("# %s\n", err.message);
    return r;
}

static gn_job_state state_after(gn_view *v, int number, gn_job_lane lane, unsigned wait_ms) {
    gn_job_report r = ask(v, number, lane, wait_ms);
    gn_job_state state = r.state;
    gn_job_report_free(v, &r);
    return state;
}

static gn_job_state stop(gn_view *v, int number) {
    char key[sizeof((gn_task *)0)->key];
    gn_job_report r = {0};
    gn_error err;
    key_of(number, key);
    gn_job_state state = GN_JOB_FAILED;
    for (int i = 0; i < 2000; i++) { /* soon */
        if (gn_job_stop(v, key, &r, &err) != GN_OK) return GN_JOB_FAILED;
        state = r.state;
        gn_job_report_free(v, &r);
        if (state > GN_JOB_RUNNING) break;
        pause_ms(1);
    }
    return state;
}

static void wait_begun(int n) {
    for (int i = 0; i < 5000 && atomic_load(&script.begun) < n; i++) pause_ms(1);
}

static gn_view *open_view(gn_ctx *ctx) {
    static const char *dir;
    gn_view *v = NULL;
    gn_error err;
    dir = serve_folder("view_jobs");
    memset(&script, 0, sizeof script);
    if (gn_view_prepare(ctx, &dir, 1, NULL, &v, &err) != GN_OK) printf("# %s\n", err.message);
    return v;
}

enum { LONG_MS = 20000 }; /* for a busy machine; nothing here takes it */

TEST(progress_only_grows_and_ends_at_one) {
    gn_view *v = open_view(NULL);
    REQUIRE(v);
    atomic_store(&script.hold, true);
    gn_job_report r = ask(v, 1, GN_LANE_TABLES, 0);
    CHECK(r.state <= GN_JOB_RUNNING && r.progress < 1 && r.value == NULL);
    gn_job_report_free(v, &r);
    wait_begun(1);
    do { /* until it holds */
        gn_job_report_free(v, &r);
        r = ask(v, 1, GN_LANE_TABLES, 5);
    } while (!r.text);
    CHECK(r.state == GN_JOB_RUNNING);
    CHECK_NEAR(r.progress, 0.5, 1e-9);
    CHECK_STR(r.text, "\"so_far\":1");
    CHECK(r.estimate_s > 0 && r.estimate_s <= 100 && r.seconds >= 0);
    gn_job_report_free(v, &r);
    atomic_store(&script.hold, false);
    r = ask(v, 1, GN_LANE_TABLES, LONG_MS);
    CHECK(r.state == GN_JOB_DONE && r.progress == 1 && r.estimate_s == 0);
    CHECK_STR(r.text, "\"so_far\":1");
    gn_job_report_free(v, &r);
    CHECK(state_after(v, 1, GN_LANE_TABLES, 0) == GN_JOB_DONE); /* it is not done again */
    CHECK(atomic_load(&script.begun) == 1);
    gn_view_free(v);
}

TEST(lanes_run_side_by_side_and_each_in_order) {
    gn_view *v = open_view(NULL);
    REQUIRE(v);
    atomic_store(&script.hold, true);
    for (int i = 1; i <= 3; i++) CHECK(state_after(v, i, GN_LANE_ROWS, 0) <= GN_JOB_RUNNING);
    wait_begun(1);
    CHECK(state_after(v, 4, GN_LANE_CURVES, 0) <= GN_JOB_RUNNING);
    wait_begun(2);
    CHECK(atomic_load(&script.begun) == 2); /* 1 and 4; the others of the first lane wait */
    CHECK(state_after(v, 2, GN_LANE_ROWS, 0) == GN_JOB_WAITING);
    CHECK(stop(v, 2) == GN_JOB_STOPPED); /* at once: it has not begun */
    atomic_store(&script.hold, false);
    CHECK(state_after(v, 3, GN_LANE_ROWS, LONG_MS) == GN_JOB_DONE);
    CHECK(state_after(v, 4, GN_LANE_CURVES, LONG_MS) == GN_JOB_DONE);
    CHECK(atomic_load(&script.begun) == 3);
    CHECK(atomic_load(&script.order[0]) == 1 && atomic_load(&script.order[2]) == 3);
    CHECK(state_after(v, 2, GN_LANE_ROWS, LONG_MS) == GN_JOB_DONE); /* asked for again */
    gn_view_free(v);
}

TEST(a_job_is_stopped_and_starts_anew) {
    gn_view *v = open_view(NULL);
    REQUIRE(v);
    atomic_store(&script.hold, true);
    CHECK(state_after(v, 1, GN_LANE_ROWS, 0) <= GN_JOB_RUNNING);
    wait_begun(1);
    CHECK(stop(v, 1) == GN_JOB_STOPPED);
    CHECK(stop(v, 2) == GN_JOB_FAILED); /* there is none */
    atomic_store(&script.hold, false);
    CHECK(state_after(v, 1, GN_LANE_ROWS, LONG_MS) == GN_JOB_DONE);
    CHECK(atomic_load(&script.begun) == 2);
    gn_view_free(v);
}

TEST(who_asks_while_a_job_is_being_stopped_gets_it) {
    gn_view *v = open_view(NULL);
    REQUIRE(v);
    char key[sizeof((gn_task *)0)->key];
    gn_job_report r;
    gn_error err;
    key_of(1, key);
    atomic_store(&script.hold, true);
    atomic_store(&script.deaf, true);
    CHECK(state_after(v, 1, GN_LANE_ROWS, 0) <= GN_JOB_RUNNING);
    wait_begun(1);
    OK(gn_job_stop(v, key, &r, &err));
    CHECK(r.state == GN_JOB_RUNNING); /* it does not hear */
    gn_job_report_free(v, &r);
    CHECK(state_after(v, 1, GN_LANE_ROWS, 0) == GN_JOB_RUNNING);
    atomic_store(&script.deaf, false);
    wait_begun(2);
    atomic_store(&script.hold, false);
    CHECK(state_after(v, 1, GN_LANE_ROWS, LONG_MS) == GN_JOB_DONE);
    CHECK(atomic_load(&script.begun) == 2);
    gn_view_free(v);
}

TEST(a_failure_is_told_before_it_is_tried_again) {
    gn_view *v = open_view(NULL);
    REQUIRE(v);
    atomic_store(&script.fail, true);
    gn_job_report r = ask(v, 7, GN_LANE_ROWS, LONG_MS);
    CHECK(r.state == GN_JOB_FAILED && r.status == GN_EDATA);
    CHECK_STR(r.error.message, "row 7 is odd");
    gn_job_report_free(v, &r);
    atomic_store(&script.fail, false);
    CHECK(state_after(v, 7, GN_LANE_ROWS, LONG_MS) == GN_JOB_DONE);
    CHECK(atomic_load(&script.begun) == 2);
    gn_view_free(v);
}

TEST(values_are_in_the_cache_then) {
    gn_view *v = open_view(NULL);
    REQUIRE(v);
    struct args a = {5, true};
    gn_task t = task_of(&a, GN_LANE_ROWS);
    gn_reply re = {0};
    gn_error err;
    gn_cached *held = NULL;
    atomic_store(&script.hold, true);
    OK(gn_job_value(v, &t, NULL, &held, &re, &err)); /* two seconds */
    CHECK(held == NULL && re.status == 202);
    CHECK(re.bytes && re.n > 0 && memmem(re.bytes, re.n, "\"running\"", 9) != NULL);
    gn_reply_free(&re);
    CHECK(stop(v, 5) == GN_JOB_STOPPED);
    atomic_store(&script.hold, false);
    for (int i = 0; i < 2; i++) {
        OK(gn_job_value(v, &t, NULL, &held, &re, &err));
        CHECK(held && *(const int *)gn_cached_value(held) == 5);
        gn_cache_give(v, held);
    }
    CHECK(atomic_load(&script.begun) == 2);
    atomic_store(&script.fail, true);
    a.number = 6;
    t = task_of(&a, GN_LANE_ROWS);
    CHECK(gn_job_value(v, &t, NULL, &held, &re, &err) == GN_EDATA);
    CHECK_STR(err.message, "row 6 is odd");
    CHECK(gn_job_stop_value(v, "nothing", &re, &err) == GN_EINVAL && re.status == 404);
    gn_reply_free(&re);
    gn_view_free(v);
}

static bool client_gone(const gn_request *rq) {
    (void)rq;
    return true;
}

TEST(a_client_that_goes_takes_its_job_along) {
    gn_view *v = open_view(NULL);
    REQUIRE(v);
    struct args a = {1, false};
    gn_task t = task_of(&a, GN_LANE_ROWS);
    gn_request rq = {.gone = client_gone};
    gn_job_report r;
    gn_error err;
    atomic_store(&script.hold, true);
    double begun = gn_view_seconds();
    OK(gn_job_ask(v, &t, &rq, LONG_MS, &r, &err));
    CHECK(r.state <= GN_JOB_RUNNING && gn_view_seconds() - begun < 1e-3 * LONG_MS);
    gn_job_report_free(v, &r);
    /* nobody asks: the lane comes to the next in some seconds */
    for (int i = 0; i < LONG_MS && atomic_load(&script.begun) < 2; i++) {
        if (i == 0) CHECK(state_after(v, 2, GN_LANE_ROWS, 0) == GN_JOB_WAITING);
        pause_ms(1);
    }
    CHECK(atomic_load(&script.order[1]) == 2);
    gn_view_free(v); /* while the second runs */
}

TEST(finished_jobs_are_forgotten_in_the_end) {
    gn_view *v = open_view(NULL);
    REQUIRE(v);
    char key[sizeof((gn_task *)0)->key];
    gn_job_report r;
    gn_error err;
    for (int i = 0; i < 80; i++) CHECK(state_after(v, i, GN_LANE_ROWS, LONG_MS) == GN_JOB_DONE);
    key_of(0, key);
    CHECK(gn_job_stop(v, key, &r, &err) == GN_EINVAL);
    key_of(79, key);
    CHECK(gn_job_stop(v, key, &r, &err) == GN_OK && r.state == GN_JOB_DONE);
    gn_job_report_free(v, &r);
    gn_view_free(v);
}

TEST(costs) {
    gn_ctx *ctx;
    gn_error err;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1}, &ctx, &err));
    double speed = gn_search_speed(ctx);
    CHECK(speed > 1e6 && isfinite(speed));
    gn_ctx_free(ctx);
    CHECK(gn_search_seconds(1e9, 10000, 10000, 64) > gn_search_seconds(1e9, 100, 10000, 64));
    CHECK_NEAR(gn_search_seconds(1e9, 1000000, 1000000, 64) /
                   gn_search_seconds(2e9, 1000000, 1000000, 64),
               2, 1e-9);
    gn_source s = {.about = {.name = (char *)(uintptr_t) "huge.npy",
                             .rows = (size_t)1 << 31,
                             .dims = 1 << 14}};
    CHECK(gn_search_fits(&s, 15, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "neighbours of all 2147483648 rows of huge.npy take about");
    s.about.rows = 1000;
    CHECK(gn_search_fits(&s, 15, &err) == GN_OK);
    CHECK(gn_compared_k(35, 15) == 15 && gn_compared_k(10, 15) == 4 && gn_compared_k(4, 15) == 1 &&
          gn_compared_k(3, 15) == 1 && gn_compared_k(35, 2) == 2);
}

int main(void) {
    RUN(progress_only_grows_and_ends_at_one);
    RUN(lanes_run_side_by_side_and_each_in_order);
    RUN(a_job_is_stopped_and_starts_anew);
    RUN(who_asks_while_a_job_is_being_stopped_gets_it);
    RUN(a_failure_is_told_before_it_is_tried_again);
    RUN(values_are_in_the_cache_then);
    RUN(a_client_that_goes_takes_its_job_along);
    RUN(finished_jobs_are_forgotten_in_the_end);
    RUN(costs);
    return tap_done();
}
