/* Two layers row by row: the overlap of each row, as a job whose value is kept in the cache. */
#include "view/layers/compare.h"

#include "base/ctx.h"
#include "view/layers/layer_cost.h"

#include <math.h>
#include <stdio.h>

static void free_comparison(void *value) {
    gn_comparison *c = value;
    gn_free(c->overlap);
    gn_free(c->match);
    gn_free(c);
}

/* Shares of the pairs that asked, laid out by the rows of a. */
static void lay_out(const gn_beside *x, const float *share, gn_comparison *c) {
    for (size_t i = 0; i < c->n; i++) {
        c->overlap[i] = NAN;
        c->match[i] = -1;
    }
    for (size_t p = 0; p < x->pairs.n; p++) {
        size_t row = x->pairs.a ? (size_t)x->pairs.a[p] : p;
        c->match[row] = x->pairs.b ? x->pairs.b[p] : (int32_t)p;
    }
    for (size_t i = 0; i < x->m; i++) {
        size_t p = x->asks ? (size_t)x->asks[i] : i;
        c->overlap[x->pairs.a ? (size_t)x->pairs.a[p] : p] = share[i];
    }
}

struct made {
    const gn_compare_rows *rows;
    gn_job *job;
};

/* The steps of the job, in seconds: two searches, then CKA. */
static void plan(const gn_beside *x, const gn_compare_rows *a, gn_ctx *ctx, gn_job *job,
                 double seconds[3]) {
    double speed = gn_search_speed(ctx);
    bool same = a->a.s == a->b.s && a->a.i == a->b.i;
    seconds[0] = gn_beside_seconds(x, 0, a->a.i, speed);
    seconds[1] = same ? 0 : gn_beside_seconds(x, 1, a->b.i, speed);
    seconds[2] = gn_moments_seconds(speed, x->pairs.n, a->a.s->about.dims + a->b.s->about.dims);
    gn_job_expect(job, seconds[0] + seconds[1] + seconds[2]);
}

static gn_status make_comparison(const void *args, gn_ctx *ctx, void **value, size_t *n_bytes,
                                 gn_error *err) {
    const struct made *made = args;
    const gn_compare_rows *a = made->rows;
    gn_status st;
    gn_beside x = {0};
    gn_beside_lists of_a = {0}, of_b = {0};
    float *share = NULL;
    double seconds[3];
    gn_comparison *c = gn_calloc(1, sizeof *c);
    if (!c) return gn_fail_nomem(err, "a comparison", sizeof *c);
    c->n = a->a.s->about.rows;
    GN_TRY(gn_alloc_array(&c->overlap, c->n, sizeof *c->overlap, "overlaps", err));
    GN_TRY(gn_alloc_array(&c->match, c->n, sizeof *c->match, "matches", err));
    GN_TRY(gn_beside_new(a->a.v, a->a.s, a->b.s, &a->o, &x, err));
    GN_TRY(gn_alloc_array(&share, x.m, sizeof *share, "overlaps", err));
    plan(&x, a, ctx, made->job, seconds);
    double all = seconds[0] + seconds[1] + seconds[2];
    gn_job_step(made->job, 0, seconds[0] / all);
    GN_TRY(gn_beside_find(&x, 0, a->a.i, ctx, &of_a, err));
    gn_job_step(made->job, seconds[0] / all, seconds[1] / all);
    GN_TRY(gn_beside_find(&x, 1, a->b.i, ctx, &of_b, err));
    gn_job_step(made->job, 1 - seconds[2] / all, 0);
    GN_TRY(gn_beside_overlap(&x, of_a.knn, of_b.knn, share, &c->mean, err));
    GN_TRY(gn_beside_cka(&x, a->a.i, a->b.i, ctx, &c->cka, err));
    lay_out(&x, share, c);
    c->matched = x.pairs.n;
    c->asked = x.m;
    c->k = x.o.k;
    *n_bytes = c->n * (sizeof *c->overlap + sizeof *c->match);
    *value = c;
    c = NULL;
done:
    gn_cache_give(a->a.v, of_a.held);
    gn_cache_give(a->a.v, of_b.held);
    gn_beside_free(&x);
    gn_free(share);
    if (c) free_comparison(c);
    return st;
}

static void rows_key(const gn_compare_rows *a, char *key, size_t room) {
    snprintf(key, room, "%zu/%zu beside %zu/%zu %d %d %zu %d", a->a.s->id, a->a.i, a->b.s->id,
             a->b.i, (int)a->o.by_token, (int)a->o.metric, a->o.k, (int)a->o.sample);
}

static gn_status run_rows(gn_job *job, const void *args, gn_ctx *ctx, gn_error *err) {
    const gn_compare_rows *a = args;
    double begun = gn_view_seconds();
    struct made made = {a, job};
    gn_recipe r = {.make = make_comparison, .args = &made, .free = free_comparison};
    gn_cached *held;
    rows_key(a, r.key, sizeof r.key);
    gn_status st = gn_cache_get(gn_job_view(job), &r, ctx, &held, err);
    if (st != GN_OK) return st;
    const gn_comparison *c = gn_cached_value(held);
    gn_view_note(gn_job_view(job), "overlap",
                 json_pack("{s:{s:o,s:o},s:{s:o,s:o},s:o,s:s,s:o}", "a", "source",
                           gn_json_whole(a->a.s->id), "layer",
                           gn_json_whole(gn_source_layer(a->a.s, a->a.i)), "b", "source",
                           gn_json_whole(a->b.s->id), "layer",
                           gn_json_whole(gn_source_layer(a->b.s, a->b.i)), "k", gn_json_whole(c->k),
                           "metric", gn_metric_name(a->o.metric), "rows", gn_json_whole(c->asked)),
                 gn_view_seconds() - begun);
    gn_job_give(job, held);
    return GN_OK;
}

void gn_compare_rows_task(const gn_compare_rows *args, gn_task *out) {
    *out = (gn_task){.lane = GN_LANE_ROWS, .run = run_rows, .args = args, .n_args = sizeof *args};
    rows_key(args, out->key, sizeof out->key);
}
