/* The log of computations: what was computed, with which parameters, and how long it took. A ring
 * of the last few thousand lines. */
#define _POSIX_C_SOURCE 200809L
#include "view/view.h"

#include <string.h>
#include <time.h>

enum { LINES = 4096 };

struct line {
    char *what;
    json_t *parameters;
    double seconds;
    time_t when;
};

struct gn_view_log {
    pthread_mutex_t lock;
    size_t n; /* lines ever written; line i is at i % LINES */
    struct line line[LINES];
};

double gn_view_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void gn_view_note(gn_view *v, const char *what, json_t *parameters, double seconds) {
    struct gn_view_log *log = v->log;
    char *copy = gn_strdup(what);
    if (!parameters) parameters = json_object();
    if (copy && parameters) {
        pthread_mutex_lock(&log->lock);
        struct line *l = &log->line[log->n++ % LINES], old = *l;
        *l = (struct line){copy, parameters, seconds, time(NULL)};
        pthread_mutex_unlock(&log->lock);
        copy = old.what;
        parameters = old.parameters;
    }
    gn_free(copy);
    json_decref(parameters);
}

static json_t *line_json(const struct line *l) {
    char when[32];
    struct tm t;
    gmtime_r(&l->when, &t);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &t);
    return json_pack("{s:s,s:o,s:O,s:f}", "when", when, "what", gn_json_text(l->what), "parameters",
                     l->parameters, "seconds", l->seconds);
}

static gn_status get_log(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    (void)rq;
    struct gn_view_log *log = v->log;
    json_t *list = json_array();
    bool bad = !list;
    pthread_mutex_lock(&log->lock);
    for (size_t i = log->n > LINES ? log->n - LINES : 0; i < log->n; i++)
        bad |= json_array_append_new(list, line_json(&log->line[i % LINES])) != 0;
    pthread_mutex_unlock(&log->lock);
    if (bad) {
        json_decref(list);
        return gn_fail_nomem(err, "the log", LINES);
    }
    return gn_reply_json(re, list, err);
}

static gn_status open_log(gn_view *v, gn_error *err) {
    v->log = gn_calloc(1, sizeof *v->log);
    if (!v->log) return gn_fail_nomem(err, "the log", sizeof *v->log);
    pthread_mutex_init(&v->log->lock, NULL);
    return GN_OK;
}

static void free_log(gn_view *v) {
    if (!v->log) return;
    for (size_t i = 0; i < LINES; i++) {
        gn_free(v->log->line[i].what);
        json_decref(v->log->line[i].parameters);
    }
    pthread_mutex_destroy(&v->log->lock);
    gn_free(v->log);
    v->log = NULL;
}

static const gn_route routes[] = {{"GET", "/api/log", get_log, GN_BODY_SMALL}, {0}};
const gn_view_part gn_part_log = {.routes = routes, .open = open_log, .free = free_log};
