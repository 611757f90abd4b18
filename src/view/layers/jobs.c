/* Jobs and the lanes that run them: see jobs.h.
 *
 * One lock guards all jobs. The cache polls the cancel hook under its own lock, so nothing here may
 * ask the cache for anything under this one. */
#define _DEFAULT_SOURCE
#include "view/layers/jobs.h"

#include "base/ctx.h"
#include "base/str.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* A browser wakes the timers of a page that is out of sight once a minute: it is not closed. */
#define FORGOTTEN_S 90.0
#define LEFT_S 3.0 /* the same where the client was seen to go */

enum {
    KEPT = 64,           /* jobs, the finished ones among them */
    VALUE_WAIT_MS = 2000 /* an answer of this age needs no 202 */
};

static const char *const state_name[] = {"waiting", "running", "done", "failed", "stopped"};

struct gn_job {
    gn_view *v;
    gn_task task; /* its args are behind this struct's end */
    gn_job_state state;
    uint64_t turn; /* the waiting job with the smallest runs next */
    size_t waiters;
    double before, share, within; /* progress */
    double expected, begun, seconds, asked;
    bool stop, again; /* asked for again since it was told to stop */
    bool told;        /* somebody knows that it failed, and may try again */
    char *text;
    gn_cached *value;
    gn_status status;
    gn_error error;
    struct gn_job *next;
    max_align_t args[];
};

struct lane {
    gn_view *v;
    gn_job_lane number;
    bool started;
    pthread_t thread;
};

struct gn_view_jobs {
    pthread_mutex_t lock; /* guards everything in here */
    pthread_cond_t changed;
    gn_job *first;
    uint64_t clock;
    bool stopped;
    struct lane lane[GN_N_LANES];
};

/* ---- life ---------------------------------------------------------------------------------- */

static gn_status jobs_open(gn_view *v, gn_error *err) {
    struct gn_view_jobs *j = gn_calloc(1, sizeof *j);
    if (!j) return gn_fail_nomem(err, "the viewer's jobs", sizeof *j);
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->changed, NULL);
    for (int i = 0; i < GN_N_LANES; i++) j->lane[i] = (struct lane){v, (gn_job_lane)i, false, 0};
    v->jobs = j;
    return GN_OK;
}

static void jobs_stop(gn_view *v) {
    struct gn_view_jobs *j = v->jobs;
    if (!j) return;
    pthread_mutex_lock(&j->lock);
    j->stopped = true;
    pthread_cond_broadcast(&j->changed);
    pthread_mutex_unlock(&j->lock);
    for (int i = 0; i < GN_N_LANES; i++)
        if (j->lane[i].started) pthread_join(j->lane[i].thread, NULL);
    for (int i = 0; i < GN_N_LANES; i++) j->lane[i].started = false;
}

static void job_free(gn_view *v, gn_job *x) {
    gn_cache_give(v, x->value);
    gn_free(x->text);
    gn_free(x);
}

static void jobs_free(gn_view *v) {
    struct gn_view_jobs *j = v->jobs;
    if (!j) return;
    jobs_stop(v);
    for (gn_job *x; (x = j->first);) {
        j->first = x->next;
        job_free(v, x);
    }
    pthread_cond_destroy(&j->changed);
    pthread_mutex_destroy(&j->lock);
    gn_free(j);
    v->jobs = NULL;
}

static const gn_route none[] = {{0}};
const gn_view_part gn_part_jobs = {
    .routes = none, .open = jobs_open, .stop = jobs_stop, .free = jobs_free};

/* ---- what a running job says ------------------------------------------------------------------
 */

static void lock_of(const gn_job *x) {
    pthread_mutex_lock(&x->v->jobs->lock);
}
static void unlock_of(const gn_job *x) {
    pthread_mutex_unlock(&x->v->jobs->lock);
}

gn_view *gn_job_view(const gn_job *x) {
    return x->v;
}

void gn_job_expect(gn_job *x, double seconds) {
    lock_of(x);
    x->expected = seconds;
    unlock_of(x);
}

void gn_job_step(gn_job *x, double before, double share) {
    lock_of(x);
    x->before = before;
    x->share = share;
    x->within = 0;
    unlock_of(x);
}

void gn_job_say(gn_job *x, char *text) {
    lock_of(x);
    char *old = x->text;
    x->text = text;
    unlock_of(x);
    gn_free(old);
}

void gn_job_give(gn_job *x, gn_cached *value) {
    lock_of(x);
    gn_cached *old = x->value;
    x->value = value;
    unlock_of(x);
    gn_cache_give(x->v, old);
}

/* A search that looks at some rows again begins its count anew: what was reached stays. */
static void on_progress(void *user, const char *task, double done, double total, const char *unit) {
    (void)task;
    (void)unit;
    gn_job *x = user;
    double within = total > 0 ? done / total : 0;
    lock_of(x);
    if (within > x->within) x->within = within < 1 ? within : 1;
    unlock_of(x);
}

/* Under the lock. */
static bool unwanted(const gn_job *x) {
    return x->stop || (x->waiters == 0 && gn_view_seconds() - x->asked > FORGOTTEN_S);
}

static bool on_cancel(void *user) {
    const gn_job *x = user;
    lock_of(x);
    bool stop = unwanted(x);
    unlock_of(x);
    return stop || atomic_load(&x->v->ending);
}

/* ---- lanes -------------------------------------------------------------------------------------
 */

static void enqueue(gn_job *x) {
    x->state = GN_JOB_WAITING;
    x->turn = ++x->v->jobs->clock;
    x->before = x->share = x->within = x->seconds = 0;
    x->expected = (double)NAN;
    x->stop = x->again = x->told = false;
}

/* Whether somebody who wants it came while a job was on its way to its end. */
static bool wanted_again(const gn_job *x) {
    return !atomic_load(&x->v->ending) && (x->again || !unwanted(x));
}

/* Takes the lock off while it runs. The job stays in the list: it is neither done nor waited for.
 */
static void run_job(gn_job *x) {
    gn_hooks hooks = {.user = x, .progress = on_progress, .cancel = on_cancel};
    gn_ctx *ctx = NULL;
    gn_error err = {0};
    x->state = GN_JOB_RUNNING;
    x->begun = gn_view_seconds();
    unlock_of(x);
    gn_status st = gn_view_context(x->v, &hooks, &ctx, &err);
    if (st == GN_OK) st = x->task.run(x, x->task.args, ctx, &err);
    gn_ctx_free(ctx);
    lock_of(x);
    x->state = st == GN_OK ? GN_JOB_DONE : st == GN_ECANCEL ? GN_JOB_STOPPED : GN_JOB_FAILED;
    x->status = st;
    x->error = err;
    x->seconds = gn_view_seconds() - x->begun;
    if (st == GN_ECANCEL && wanted_again(x)) enqueue(x);
    pthread_cond_broadcast(&x->v->jobs->changed);
}

/* The next of a lane that somebody still wants. */
static gn_job *next_job(struct gn_view_jobs *j, gn_job_lane lane) {
    gn_job *next = NULL;
    for (gn_job *x = j->first; x; x = x->next) {
        if (x->state != GN_JOB_WAITING || x->task.lane != lane) continue;
        if (unwanted(x))
            x->state = GN_JOB_STOPPED;
        else if (!next || x->turn < next->turn)
            next = x;
    }
    return next;
}

static void *run_lane(void *arg) {
    const struct lane *l = arg;
    struct gn_view_jobs *j = l->v->jobs;
    pthread_mutex_lock(&j->lock);
    while (!j->stopped) {
        gn_job *x = next_job(j, l->number);
        if (x)
            run_job(x);
        else
            pthread_cond_wait(&j->changed, &j->lock);
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

static gn_status wake_lane(struct gn_view_jobs *j, gn_job_lane number, gn_error *err) {
    struct lane *l = &j->lane[number];
    if (j->stopped) return gn_fail(err, GN_ECANCEL, "the server is ending");
    if (!l->started && pthread_create(&l->thread, NULL, run_lane, l) != 0)
        return gn_fail(err, GN_EIO, "cannot start a thread for the viewer's jobs");
    l->started = true;
    pthread_cond_broadcast(&j->changed);
    return GN_OK;
}

/* ---- asking ------------------------------------------------------------------------------------
 */

static gn_job *find_job(struct gn_view_jobs *j, const char *key) {
    gn_job *x = j->first;
    while (x && strcmp(x->task.key, key) != 0) x = x->next;
    return x;
}

static gn_job *add_job(gn_view *v, const gn_task *task, gn_error *err) {
    gn_job *x = gn_calloc(1, sizeof *x + task->n_args);
    if (!x) {
        gn_fail_nomem(err, "a job", sizeof *x);
        return NULL;
    }
    x->v = v;
    x->task = *task;
    x->task.args = memcpy(x->args, task->args, task->n_args);
    x->state = GN_JOB_STOPPED;
    x->next = v->jobs->first;
    v->jobs->first = x;
    return x;
}

/* Takes the job that was asked for the longest time ago out of the list when there are too many;
 * the caller frees it without the lock. Jobs that wait, run or are waited for stay. */
static gn_job *take_oldest(struct gn_view_jobs *j) {
    gn_job **oldest = NULL;
    size_t n = 0;
    for (gn_job **at = &j->first; *at; at = &(*at)->next, n++)
        if ((*at)->state >= GN_JOB_DONE && (*at)->waiters == 0 &&
            (!oldest || (*at)->asked < (*oldest)->asked))
            oldest = at;
    if (n <= KEPT || !oldest) return NULL;
    gn_job *x = *oldest;
    *oldest = x->next;
    return x;
}

static gn_status start_job(gn_job *x, char **old_text, gn_error *err) {
    bool gone = x->state == GN_JOB_DONE && !x->text && !x->value;
    x->again = x->state == GN_JOB_RUNNING && x->stop;
    if (x->state != GN_JOB_STOPPED && !(x->state == GN_JOB_FAILED && x->told) && !gone)
        return GN_OK;
    gn_status st = wake_lane(x->v->jobs, x->task.lane, err);
    if (st != GN_OK) return st;
    *old_text = x->text;
    x->text = NULL;
    enqueue(x);
    return GN_OK;
}

/* Under the lock: waits for the end of the job, not longer than wait_ms, nor for a client that has
 * gone. */
static void wait_for(gn_job *x, const gn_request *rq, unsigned wait_ms) {
    double until = gn_view_seconds() + 1e-3 * wait_ms;
    x->waiters++;
    while (x->state <= GN_JOB_RUNNING && gn_view_seconds() < until && !atomic_load(&x->v->ending)) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += 50 * 1000 * 1000;
        t.tv_sec += t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&x->v->jobs->changed, &x->v->jobs->lock, &t);
        if (rq && rq->gone && rq->gone(rq)) {
            x->asked = gn_view_seconds() - FORGOTTEN_S + LEFT_S;
            break;
        }
    }
    x->waiters--;
}

static double remaining(const gn_job *x, double progress) {
    double passed = x->state == GN_JOB_RUNNING ? gn_view_seconds() - x->begun : 0;
    if (x->state > GN_JOB_RUNNING) return 0;
    if (passed > 1 && progress > 0.02) return passed * (1 - progress) / progress;
    return isnan(x->expected) ? x->expected : fmax(x->expected - passed, 0);
}

static gn_status report(gn_job *x, gn_job_report *out, gn_error *err) {
    gn_job_report r = {.state = x->state, .status = x->status, .error = x->error};
    if (x->text && !(r.text = gn_strdup(x->text)))
        return gn_fail_nomem(err, "an answer", strlen(x->text));
    r.progress = x->state == GN_JOB_DONE ? 1 : fmin(x->before + x->share * x->within, 0.999);
    r.seconds = x->state == GN_JOB_RUNNING ? gn_view_seconds() - x->begun : x->seconds;
    r.estimate_s = remaining(x, r.progress);
    if (x->state == GN_JOB_DONE) {
        r.value = x->value;
        x->value = NULL;
    }
    x->told |= x->state == GN_JOB_FAILED;
    *out = r;
    return GN_OK;
}

gn_status gn_job_ask(gn_view *v, const gn_task *task, const gn_request *rq, unsigned wait_ms,
                     gn_job_report *out, gn_error *err) {
    struct gn_view_jobs *j = v->jobs;
    char *old_text = NULL;
    gn_status st = GN_ENOMEM;
    pthread_mutex_lock(&j->lock);
    gn_job *x = find_job(j, task->key);
    if (!x) x = add_job(v, task, err);
    if (x) {
        x->asked = gn_view_seconds();
        st = start_job(x, &old_text, err);
        if (st == GN_OK) wait_for(x, rq, wait_ms);
        if (st == GN_OK) st = report(x, out, err);
    }
    gn_job *oldest = take_oldest(j);
    pthread_mutex_unlock(&j->lock);
    gn_free(old_text);
    if (oldest) job_free(v, oldest);
    return st;
}

gn_status gn_job_stop(gn_view *v, const char *key, gn_job_report *out, gn_error *err) {
    struct gn_view_jobs *j = v->jobs;
    gn_status st;
    pthread_mutex_lock(&j->lock);
    gn_job *x = find_job(j, key);
    if (x && x->state == GN_JOB_WAITING) x->state = GN_JOB_STOPPED;
    if (x && x->state == GN_JOB_RUNNING) {
        x->stop = true;
        x->again = false;
    }
    if (x) pthread_cond_broadcast(&j->changed);
    st = x ? report(x, out, err) : gn_fail(err, GN_EINVAL, "nothing of this kind is computed");
    pthread_mutex_unlock(&j->lock);
    return st;
}

void gn_job_report_free(gn_view *v, gn_job_report *r) {
    gn_cache_give(v, r->value);
    gn_free(r->text);
    *r = (gn_job_report){0};
}

/* ---- answers -----------------------------------------------------------------------------------
 */

static json_t *state_json(const gn_job_report *r, const char *state) {
    return json_pack("{s:s,s:o,s:o,s:o,s:o}", "state", state, "progress", gn_json_real(r->progress),
                     "seconds", gn_json_real(r->seconds), "estimate_s", gn_json_real(r->estimate_s),
                     "error",
                     r->state == GN_JOB_FAILED ? gn_json_text(r->error.message) : json_null());
}

gn_status gn_job_reply(const gn_job_report *r, json_t *more, const char *otherwise, gn_reply *re,
                       gn_error *err) {
    gn_str out = {0};
    char *text = NULL;
    json_t *head = state_json(r, state_name[r->state]);
    char *front =
        head && more && json_object_update(head, more) == 0 ? gn_json_members(head) : NULL;
    json_decref(head);
    json_decref(more);
    if (!front) return gn_fail_nomem(err, "an answer", 1);
    gn_str_addf(&out, "{%s,%s}", front, r->text ? r->text : otherwise);
    gn_free(front);
    size_t n = out.n;
    gn_status st = gn_str_take(&out, &text, err);
    return st == GN_OK ? gn_reply_bytes(re, "application/json", text, n) : st;
}

/* Who asks for a value cares for its coming, not for whether it waits for others. */
static gn_status reply_state(const gn_job_report *r, gn_reply *re, gn_error *err) {
    gn_job_state shown = r->state == GN_JOB_WAITING ? GN_JOB_RUNNING : r->state;
    return gn_reply_json(re, state_json(r, state_name[shown]), err);
}

gn_status gn_job_value(gn_view *v, const gn_task *task, const gn_request *rq, gn_cached **out,
                       gn_reply *re, gn_error *err) {
    gn_job_report r = {0};
    gn_status st = GN_OK;
    while (!(*out = gn_cache_peek(v, task->key))) {
        GN_TRY(gn_job_ask(v, task, rq, VALUE_WAIT_MS, &r, err));
        *out = r.value;
        r.value = NULL;
        if (*out) break;
        if (r.state == GN_JOB_STOPPED) {
            st = gn_conflict(re, err, "the computation was stopped");
            break;
        }
        if (r.state == GN_JOB_FAILED) {
            st = r.status;
            if (err) *err = r.error;
            break;
        }
        if (r.state != GN_JOB_DONE) {
            st = reply_state(&r, re, err);
            re->status = 202;
            break;
        }
        gn_job_report_free(v, &r); /* another client took the value: the cache has it */
    }
done:
    gn_job_report_free(v, &r);
    return st;
}

gn_status gn_job_stop_value(gn_view *v, const char *key, gn_reply *re, gn_error *err) {
    gn_job_report r = {0};
    gn_status st = gn_job_stop(v, key, &r, err);
    if (st == GN_EINVAL)
        re->status = 404;
    else if (st == GN_OK)
        st = reply_state(&r, re, err);
    gn_job_report_free(v, &r);
    return st;
}
