/* GET /api/sources/{s}/columns/{measure}?layer=&k=&metric=&center=&remove=: one number a row, to
 * colour the map by. Those that need neighbours take as long as the search of all rows, once: a job
 * makes them, and DELETE gives it up. */
#include "view/layers/compare.h"

#include "base/ctx.h"
#include "gonio/lid.h"
#include "view/layers/layer_cost.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_K = 15, MAX_K = 1000 };

typedef enum measure { NORM, COSINE_TO_MEAN, LID, HUBNESS, OVERLAP_PREVIOUS, N_MEASURES } measure;

static const struct {
    const char *name, *title, *unit, *note;
    bool neighbors;
} about[N_MEASURES] = {
    {"norm", "length of the vector", "", "", false},
    {"cosine_to_mean", "cosine to the mean of all rows", "", "of the vectors as they are", false},
    {"lid", "local dimension", "dimensions",
     "from the distances to the k nearest rows: (m - 2) / sum ln(r_m / r_j), m of them positive",
     true},
    {"hubness", "how many rows have this one among their k nearest", "rows", "", true},
    {"overlap_previous", "share of the k nearest that it had in the layer before", "", "", true},
};

struct points_args {
    gn_layer l;
    measure m;
    gn_metric metric;
    gn_space space;
    size_t k;
    gn_job *job; /* that makes them; NULL: values that need no neighbours */
};

/* ---- values -------------------------------------------------------------------------------------
 */

struct rows_args {
    const gn_scan *scan; /* NULL: rows as they are */
    gn_mat x;
    const double *mean; /* cosine to it; NULL: length */
    double *buf;        /* (threads, d) */
    float *out;
};

enum { AT_ONCE = 512 };

static double dot(const double *a, const double *b, size_t d) {
    double sum = 0;
    for (size_t c = 0; c < d; c++) sum += a[c] * b[c];
    return sum;
}

static gn_status value_block(void *user, size_t block, unsigned worker, gn_error *err) {
    const struct rows_args *r = user;
    size_t d = r->x.cols, end = (block + 1) * AT_ONCE;
    double *y = r->buf + worker * d;
    (void)err;
    for (size_t i = block * AT_ONCE; i < end && i < r->x.rows; i++) {
        gn_scan_place_row(r->scan, i, y);
        double value = sqrt(dot(y, y, d));
        if (r->mean) value = dot(y, r->mean, d) / (value * sqrt(dot(r->mean, r->mean, d)));
        r->out[i] = (float)value; /* NaN for a zero vector: it has no direction */
    }
    return GN_OK;
}

static gn_status simple_values(const struct points_args *a, gn_ctx *ctx, float *out,
                               gn_error *err) {
    gn_status st;
    gn_cached *scan = NULL, *mean = NULL;
    struct rows_args r = {.x = a->l.s->view[a->l.i], .out = out};
    gn_space space = a->m == NORM ? a->space : (gn_space){0};
    GN_TRY(gn_layer_scan(a->l, GN_EUCLIDEAN, space, ctx, &scan, err));
    r.scan = gn_layer_scan_of(scan);
    if (a->m == COSINE_TO_MEAN) {
        GN_TRY(gn_layer_mean(a->l, ctx, &mean, err));
        r.mean = gn_cached_value(mean);
    }
    GN_TRY(gn_alloc_array(&r.buf, gn_ctx_threads(ctx) * sizeof(double), r.x.cols,
                          "a row for each thread", err));
    st = gn_parallel(ctx, (r.x.rows + AT_ONCE - 1) / AT_ONCE, value_block, &r, NULL, err);
done:
    gn_free(r.buf);
    gn_cache_give(a->l.v, scan);
    gn_cache_give(a->l.v, mean);
    return st;
}

/* Steps of the job, in seconds: the search of the layer, then that of the one before. */
static void plan(const struct points_args *a, gn_ctx *ctx, gn_job *job) {
    double speed = gn_search_speed(ctx);
    gn_layer before = {a->l.v, a->l.s, a->l.i - 1};
    double now = gn_layer_neighbors_seconds(a->l, a->metric, a->space, a->k, speed),
           then = a->m == OVERLAP_PREVIOUS
                      ? gn_layer_neighbors_seconds(before, a->metric, a->space, a->k, speed)
                      : 0;
    gn_job_expect(job, now + then);
    gn_job_step(job, 0, now > 0 ? now / (now + then) : 0);
}

static gn_status neighbor_values(const struct points_args *a, gn_ctx *ctx, float *out,
                                 gn_error *err) {
    gn_status st;
    size_t n = a->l.s->about.rows;
    gn_cached *now = NULL, *before = NULL;
    void *scratch = NULL;
    plan(a, ctx, a->job);
    GN_TRY(gn_layer_neighbors(a->l, a->metric, a->space, a->k, ctx, &now, err));
    const gn_knn *knn = ((const gn_neighbors *)gn_cached_value(now))->all;
    GN_TRY(gn_alloc_array(&scratch, n, sizeof(double), "values of rows", err));
    if (a->m == LID) {
        gn_lid_summary summary;
        gn_lid_opts o = {.squared = a->metric == GN_COSINE};
        double *value = scratch;
        GN_TRY(gn_layer_prefix(
            a->l, gn_lid(gn_mat_f32(knn->distance, n, knn->k), &o, value, &summary, err), err));
        for (size_t i = 0; i < n; i++) out[i] = (float)value[i];
    } else if (a->m == HUBNESS) {
        gn_hubness summary;
        int32_t *count = scratch;
        GN_TRY(gn_layer_prefix(a->l, gn_hubness_compute(knn, knn->k, count, &summary, err), err));
        for (size_t i = 0; i < n; i++) out[i] = (float)count[i];
    } else {
        gn_layer previous = {a->l.v, a->l.s, a->l.i - 1};
        int32_t *mark = scratch;
        gn_job_step(a->job, 0.5, 0.5);
        GN_TRY(gn_layer_neighbors(previous, a->metric, a->space, a->k, ctx, &before, err));
        gn_lists_overlap(((const gn_neighbors *)gn_cached_value(before))->all, knn, knn->k, n, mark,
                         out);
    }
done:
    gn_free(scratch);
    gn_cache_give(a->l.v, now);
    gn_cache_give(a->l.v, before);
    return st;
}

static gn_status make_points(const void *args, gn_ctx *ctx, void **value, size_t *n_bytes,
                             gn_error *err) {
    const struct points_args *a = args;
    float *out;
    size_t n = a->l.s->about.rows;
    gn_status st = gn_alloc_array(&out, n, sizeof *out, "values of rows", err);
    if (st != GN_OK) return st;
    st =
        about[a->m].neighbors ? neighbor_values(a, ctx, out, err) : simple_values(a, ctx, out, err);
    if (st != GN_OK) {
        gn_free(out);
        return st;
    }
    *value = out;
    *n_bytes = n * sizeof *out;
    return GN_OK;
}

static void points_key(const struct points_args *a, char *key, size_t room) {
    snprintf(key, room, "%zu/%zu points %s %d %d %zu %zu", a->l.s->id, a->l.i, about[a->m].name,
             (int)a->metric, (int)a->space.center, a->space.remove, a->k);
}

/* ---- answers
 * --------------------------------------------------------------------------------------- */

/* Lists of more than half of the rows say little of a row. */
static size_t used_k(measure m, const gn_source *s, size_t k) {
    size_t rows = s->about.rows;
    if (!about[m].neighbors) return 0;
    if (m != LID) return gn_compared_k(rows, k);
    return k < rows ? k : rows - 1;
}

static gn_status read_args(gn_view *v, const gn_request *rq, struct points_args *a, gn_reply *re,
                           gn_error *err) {
    gn_status st;
    const char *metric = gn_query_text(rq, "metric");
    const char *name = rq->segment[rq->n_segments - 1];
    *a = (struct points_args){.l.v = v, .metric = GN_EUCLIDEAN};
    while (strcmp(about[a->m].name, name) != 0) a->m++;
    GN_TRY(gn_view_source(v, rq->part[0], &a->l.s, re, err));
    GN_TRY(gn_source_query_layer(a->l.s, rq, &a->l.i, err));
    GN_TRY(gn_space_query(rq, &a->space, err));
    GN_TRY(gn_query_size(rq, "k", a->m == LID ? 3 : 1, MAX_K, DEFAULT_K, &a->k, err));
    if (metric && strcmp(metric, "cosine") == 0)
        a->metric = GN_COSINE;
    else if (metric && strcmp(metric, "euclidean") != 0)
        GN_TRY(
            gn_fail(err, GN_EINVAL, "metric: '%.80s', expected one of euclidean, cosine", metric));
    a->k = used_k(a->m, a->l.s, a->k);
    if (a->m == OVERLAP_PREVIOUS && a->l.i == 0)
        st = gn_fail(err, GN_EINVAL, "layer %zu of %s is the first: there is none before it",
                     gn_source_layer(a->l.s, 0), a->l.s->about.name);
done:
    return st;
}

static json_t *points_meta(const struct points_args *a) {
    char space[64];
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:s,s:o,s:s}", "name", about[a->m].name, "title",
                     about[a->m].title, "unit", about[a->m].unit, "note", about[a->m].note, "type",
                     "number", "layer", gn_json_whole(gn_source_layer(a->l.s, a->l.i)), "k",
                     a->k ? gn_json_whole(a->k) : json_null(), "metric", gn_metric_name(a->metric),
                     "space", gn_space_json(a->space), "space_name",
                     gn_space_name(a->space, space));
}

static gn_status find_points(gn_view *v, const struct points_args *a, gn_ctx *ctx, gn_cached **out,
                             gn_error *err) {
    gn_recipe r = {.make = make_points, .args = a, .free = gn_free};
    double begun = gn_view_seconds();
    points_key(a, r.key, sizeof r.key);
    if ((*out = gn_cache_peek(v, r.key))) return GN_OK;
    gn_status st = gn_cache_get(v, &r, ctx, out, err);
    if (st == GN_OK) gn_view_note(v, about[a->m].name, points_meta(a), gn_view_seconds() - begun);
    return st;
}

static gn_status run_points(gn_job *job, const void *args, gn_ctx *ctx, gn_error *err) {
    struct points_args a = *(const struct points_args *)args;
    gn_cached *held;
    a.job = job;
    gn_status st = find_points(gn_job_view(job), &a, ctx, &held, err);
    if (st == GN_OK) gn_job_give(job, held);
    return st;
}

static gn_task task_of(const struct points_args *a) {
    gn_task task = {.lane = GN_LANE_ROWS, .run = run_points, .args = a, .n_args = sizeof *a};
    points_key(a, task.key, sizeof task.key);
    return task;
}

static gn_status get_points(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_status st;
    struct points_args a;
    gn_cached *held = NULL;
    gn_block block;
    json_t *meta = NULL;
    GN_TRY(read_args(v, rq, &a, re, err));
    if (about[a.m].neighbors) {
        gn_task task = task_of(&a);
        GN_TRY(gn_job_value(v, &task, rq, &held, re, err));
        if (!held) return GN_OK; /* not yet: the reply says how far */
    } else {
        GN_TRY(find_points(v, &a, NULL, &held, err));
    }
    if (!(meta = points_meta(&a))) GN_TRY(gn_fail_nomem(err, "an answer", 1));
    gn_block_array values = {.name = "values",
                             .dtype = GN_F32,
                             .n_dims = 1,
                             .shape = {a.l.s->about.rows},
                             .data = gn_cached_value(held)};
    GN_TRY(gn_block_new(&values, 1, meta, &block, err));
    st = gn_reply_block(re, &block);
done:
    json_decref(meta);
    gn_cache_give(v, held);
    if (st == GN_EDATA) re->status = 400; /* these data have no such values */
    return st;
}

static gn_status stop_points(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    struct points_args a;
    gn_status st = read_args(v, rq, &a, re, err);
    if (st != GN_OK) return st;
    gn_task task = task_of(&a);
    return gn_job_stop_value(v, task.key, re, err);
}

/* What is known of one row already, for its card. */
static void add_measures(gn_view *v, gn_source *s, size_t i, size_t row, json_t *measures) {
    for (int m = COSINE_TO_MEAN; m < N_MEASURES; m++) {
        struct points_args a = {{v, s, i},
                                (measure)m,
                                GN_EUCLIDEAN,
                                {.center = false},
                                used_k((measure)m, s, DEFAULT_K),
                                NULL};
        char key[sizeof((gn_recipe *)0)->key];
        points_key(&a, key, sizeof key);
        gn_cached *held = gn_cache_peek(v, key);
        if (held) {
            const float *value = gn_cached_value(held);
            json_object_set_new(measures, about[m].name, gn_json_real((double)value[row]));
        }
        gn_cache_give(v, held);
    }
}

static const gn_route routes[] = {
    {"GET", "/api/sources/{s}/columns/norm", get_points, GN_BODY_SMALL},
    {"GET", "/api/sources/{s}/columns/cosine_to_mean", get_points, GN_BODY_SMALL},
    {"GET", "/api/sources/{s}/columns/lid", get_points, GN_BODY_SMALL},
    {"GET", "/api/sources/{s}/columns/hubness", get_points, GN_BODY_SMALL},
    {"GET", "/api/sources/{s}/columns/overlap_previous", get_points, GN_BODY_SMALL},
    {"DELETE", "/api/sources/{s}/columns/lid", stop_points, GN_BODY_SMALL},
    {"DELETE", "/api/sources/{s}/columns/hubness", stop_points, GN_BODY_SMALL},
    {"DELETE", "/api/sources/{s}/columns/overlap_previous", stop_points, GN_BODY_SMALL},
    {0},
};
const gn_view_part gn_part_points = {.routes = routes, .measures = add_measures};
