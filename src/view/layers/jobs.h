/* Jobs: work that takes longer than an answer may.
 *
 * A question that needs long work is asked again and again: the first time starts a job, the next
 * times say how far it is, and the answer is there in the end. A job is found by its key, so
 * clients with the same question share one. One that nobody has asked for in a while is given up:
 * the page that wanted it is closed. */
#ifndef GN_VIEW_JOBS_H
#define GN_VIEW_JOBS_H

#include "view/layers/cache.h"

/** Jobs of a lane run one after the other, in the order in which they were asked for; lanes run
 * side by side, so that a long table does not hold up the colours of a map. */
typedef enum gn_job_lane {
    GN_LANE_TABLES = 0, /**< geometry of all layers */
    GN_LANE_CURVES,     /**< comparisons of all layers */
    GN_LANE_ROWS,       /**< a value of each row */
    GN_N_LANES
} gn_job_lane;

typedef struct gn_job gn_job;

typedef struct gn_task {
    char key[sizeof((gn_recipe *)0)->key]; /**< says all that the result depends on */
    gn_job_lane lane;
    /** Does the work in a thread of the lane, and says on the way what it has through the calls
     *  below. Returns GN_ECANCEL soon after ctx says so. */
    gn_status (*run)(gn_job *job, const void *args, gn_ctx *ctx, gn_error *err);
    const void *args; /**< (n_args bytes) copied */
    size_t n_args;
} gn_task;

/* For `run`. */

gn_view *gn_job_view(const gn_job *job);
/** About how many seconds all of it will take. */
void gn_job_expect(gn_job *job, double seconds);
/** What is done next: `share` of the whole, after the share `before`. Progress that the context is
 *  told counts inside it. */
void gn_job_step(gn_job *job, double before, double share);
/** What there is so far, which takes the place of what was said before. Takes the text. */
void gn_job_say(gn_job *job, char *text);
/** The result, for who asks next. Takes the reference. */
void gn_job_give(gn_job *job, gn_cached *value);

/* For routes. */

typedef enum gn_job_state {
    GN_JOB_WAITING = 0,
    GN_JOB_RUNNING,
    GN_JOB_DONE,
    GN_JOB_FAILED,
    GN_JOB_STOPPED
} gn_job_state;

typedef struct gn_job_report {
    gn_job_state state;
    double progress;   /**< 0 to 1, which is only reached by GN_JOB_DONE */
    double seconds;    /**< that it has run */
    double estimate_s; /**< that are still to come; NaN: unknown */
    char *text;        /**< said last; NULL: nothing */
    gn_cached *value;  /**< the result, for the first who finds the job done; else NULL */
    gn_status status;  /**< GN_JOB_FAILED: what it failed with, and why */
    gn_error error;
} gn_job_report;

/** Starts the job unless it waits, runs or is done, and reports. One that has failed starts again
 *  once somebody has been told; so does one that was stopped, or whose value is gone.
 *  @param wait_ms waits so long for its end; less when the client goes.
 *  @return GN_OK; GN_ENOMEM; GN_EIO (no thread); GN_ECANCEL (the server ends). */
gn_status gn_job_ask(gn_view *v, const gn_task *task, const gn_request *rq, unsigned wait_ms,
                     gn_job_report *out, gn_error *err);
/** Stops a job that waits or runs, soon, and reports. GN_EINVAL: there is none of this key. */
gn_status gn_job_stop(gn_view *v, const char *key, gn_job_report *out, gn_error *err);
/** {0} is fine. */
void gn_job_report_free(gn_view *v, gn_job_report *r);

/** {"state", "progress", "seconds", "estimate_s", "error", ...}: a job that says what it has as
 *  members of an object, without braces. Takes `more`, whose members come before those.
 *  @param otherwise members while nothing was said. */
gn_status gn_job_reply(const gn_job_report *r, json_t *more, const char *otherwise, gn_reply *re,
                       gn_error *err);

/** For an answer that is one value of the cache, kept under the task's key: the value, or NULL
 * after making 202 {"state": "running", "progress", "seconds", "estimate_s"} the reply.
 *  @return GN_OK; what the job has failed with; GN_ECANCEL (somebody has stopped it). */
gn_status gn_job_value(gn_view *v, const gn_task *task, const gn_request *rq, gn_cached **out,
                       gn_reply *re, gn_error *err);
/** The DELETE that belongs to it: answers the state. */
gn_status gn_job_stop_value(gn_view *v, const char *key, gn_reply *re, gn_error *err);

#endif
