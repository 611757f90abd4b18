/* GET /api/sources/{s}/geometry?center=&remove=: starts the table of a source in a space, or says
 * how far it has come; layers that are done are there before the rest. DELETE gives it up. */
#include "view/layers/geometry.h"
#include "view/layers/jobs.h"

#include <stdio.h>

struct table_args {
    gn_source *s;
    gn_space space;
};

static gn_status measure_all(gn_job *job, const struct table_args *a, gn_ctx *ctx, gn_error *err) {
    gn_status st;
    gn_view *v = gn_job_view(job);
    double n = (double)a->s->about.n_layers;
    gn_geometry g = {0};
    GN_TRY(gn_geometry_new(&g, err));
    for (size_t i = 0; i < a->s->about.n_layers; i++) {
        char *text = NULL;
        gn_job_step(job, (double)i / n, 1 / n);
        GN_TRY(gn_geometry_measure(&g, (gn_layer){v, a->s, i}, a->space, ctx, err));
        GN_TRY(gn_geometry_text(&g, &text, err));
        gn_job_say(job, text);
    }
done:
    gn_geometry_free(v, &g);
    return st;
}

static gn_status run_table(gn_job *job, const void *args, gn_ctx *ctx, gn_error *err) {
    const struct table_args *a = args;
    double begun = gn_view_seconds();
    gn_status st = measure_all(job, a, ctx, err);
    if (st == GN_OK)
        gn_view_note(gn_job_view(job), "geometry",
                     json_pack("{s:o,s:o}", "source", gn_json_whole(a->s->id), "space",
                               gn_space_json(a->space)),
                     gn_view_seconds() - begun);
    return st;
}

static gn_status read_task(gn_view *v, const gn_request *rq, struct table_args *a, gn_task *task,
                           gn_reply *re, gn_error *err) {
    gn_status st;
    *task = (gn_task){.lane = GN_LANE_TABLES, .run = run_table, .args = a, .n_args = sizeof *a};
    GN_TRY(gn_view_source(v, rq->part[0], &a->s, re, err));
    GN_TRY(gn_space_query(rq, &a->space, err));
    snprintf(task->key, sizeof task->key, "%zu geometry %d %zu", a->s->id, (int)a->space.center,
             a->space.remove);
done:
    return st;
}

static gn_status say(const gn_job_report *r, gn_space space, gn_reply *re, gn_error *err) {
    return gn_job_reply(r, json_pack("{s:o}", "space", gn_space_json(space)),
                        "\"rows\":[],\"spectra\":{},\"dominant\":{}", re, err);
}

static gn_status get_geometry(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_status st;
    struct table_args a;
    gn_task task;
    gn_job_report r = {0};
    GN_TRY(read_task(v, rq, &a, &task, re, err));
    GN_TRY(gn_job_ask(v, &task, rq, 0, &r, err));
    st = say(&r, a.space, re, err);
done:
    gn_job_report_free(v, &r);
    return st;
}

static gn_status stop_geometry(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_status st;
    struct table_args a;
    gn_task task;
    gn_job_report r = {0};
    GN_TRY(read_task(v, rq, &a, &task, re, err));
    st = gn_job_stop(v, task.key, &r, err);
    if (st == GN_EINVAL)
        st = gn_not_found(re, err, "%s has no geometry table in this space", a.s->about.name);
    else if (st == GN_OK)
        st = say(&r, a.space, re, err);
done:
    gn_job_report_free(v, &r);
    return st;
}

static const gn_route routes[] = {
    {"GET", "/api/sources/{s}/geometry", get_geometry, GN_BODY_SMALL},
    {"DELETE", "/api/sources/{s}/geometry", stop_geometry, GN_BODY_SMALL},
    {0},
};
const gn_view_part gn_part_geometry = {.routes = routes};
