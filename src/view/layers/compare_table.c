/* Two sources layer by layer, and each layer of one beside each of the other, as a job that says
 * what it has whenever a layer or a row of the matrix is done.
 *
 * Lists of neighbours are what costs: one search a layer of either source, whatever the number of
 * pairs. Layers with the same number come first, so that the curves are there before the matrix. */
#include "view/layers/compare.h"

#include "base/ctx.h"
#include "view/layers/layer_cost.h"

#include <math.h>
#include <stdio.h>

struct table {
    gn_job *job;
    const gn_compare_layers *args;
    gn_beside x;
    gn_ctx *ctx;
    size_t n[2];            /* layers of either side */
    gn_beside_lists *of[2]; /* (n[side]) as they are found */
    double search[2], cka;  /* seconds that one takes */
    double done, all;       /* seconds of the whole job */
    json_t *layers;
    bool *known; /* (n[0], n[1]) with pairs */
    double *cell_cka;
    gn_agreement *cell;
};

/* ---- one pair ------------------------------------------------------------------------------- */

static void step(struct table *t, double seconds) {
    gn_job_step(t->job, t->done / t->all, seconds / t->all);
    t->done += seconds;
}

static gn_status find(struct table *t, int side, size_t i, gn_error *err) {
    bool one = t->args->a == t->args->b; /* then the lists of both sides are the same */
    gn_beside_lists *to = &t->of[one ? 0 : side][i];
    if (to->held) return GN_OK;
    step(t, t->search[side]);
    return gn_beside_find(&t->x, side, i, t->ctx, to, err);
}

static const gn_knn *lists(const struct table *t, int side, size_t i) {
    return t->of[t->args->a == t->args->b ? 0 : side][i].knn;
}

static void forget(struct table *t, int side, size_t i) {
    gn_cache_give(gn_job_view(t->job), t->of[side][i].held);
    t->of[side][i] = (gn_beside_lists){0};
}

static gn_status overlap_of(struct table *t, size_t i, size_t j, gn_agreement *out, gn_error *err) {
    gn_status st;
    GN_TRY(find(t, 0, i, err));
    GN_TRY(find(t, 1, j, err));
    st = gn_beside_overlap(&t->x, lists(t, 0, i), lists(t, 1, j), NULL, out, err);
done:
    return st;
}

static gn_status cka_of(struct table *t, size_t i, size_t j, double *out, gn_error *err) {
    step(t, t->cka);
    return gn_beside_cka(&t->x, i, j, t->ctx, out, err);
}

/* One source beside itself: the cell across the diagonal is the same. */
static void keep(struct table *t, size_t i, size_t j, gn_agreement overlap, double cka) {
    for (int turned = 0; t->known && turned < (t->args->a == t->args->b ? 2 : 1); turned++) {
        size_t at = turned ? j * t->n[1] + i : i * t->n[1] + j;
        t->known[at] = true;
        t->cell[at] = overlap;
        t->cell_cka[at] = cka;
    }
}

/* ---- what is said --------------------------------------------------------------------------- */

static json_t *numbers_of_layers(const gn_source *s) {
    json_t *list = json_array();
    for (size_t i = 0; i < s->about.n_layers; i++)
        json_array_append_new(list, gn_json_whole(gn_source_layer(s, i)));
    return list;
}

enum member { CKA, OVERLAP, OVERLAP_SE };

/* Rows of one member of the matrix; null while a cell of the row is missing. */
static json_t *matrix_rows(const struct table *t, enum member m) {
    json_t *rows = json_array();
    for (size_t i = 0; i < t->n[0]; i++) {
        json_t *row = json_array();
        for (size_t j = 0; row && j < t->n[1]; j++) {
            size_t at = i * t->n[1] + j;
            if (t->known[at]) {
                json_array_append_new(row, gn_json_real(m == CKA       ? t->cell_cka[at]
                                                        : m == OVERLAP ? t->cell[at].mean
                                                                       : t->cell[at].se));
            } else {
                json_decref(row);
                row = NULL;
            }
        }
        json_array_append_new(rows, row ? row : json_null());
    }
    return rows;
}

static gn_status say(struct table *t, gn_error *err) {
    json_t *sampled = t->x.asks ? gn_json_whole(t->x.m) : json_null();
    json_t *all =
        json_pack("{s:o,s:o,s:o,s:O}", "sampled", sampled, "matched", gn_json_whole(t->x.pairs.n),
                  "k", gn_json_whole(t->x.o.k), "layers", t->layers);
    if (all && t->known)
        json_object_set_new(all, "matrix",
                            json_pack("{s:o,s:o,s:o,s:o,s:o}", "layers_a",
                                      numbers_of_layers(t->args->a), "layers_b",
                                      numbers_of_layers(t->args->b), "cka", matrix_rows(t, CKA),
                                      "overlap", matrix_rows(t, OVERLAP), "overlap_se",
                                      matrix_rows(t, OVERLAP_SE)));
    char *text = all ? gn_json_members(all) : NULL;
    json_decref(all);
    if (!text) return gn_fail_nomem(err, "a comparison", t->n[0] * t->n[1]);
    gn_job_say(t->job, text);
    return GN_OK;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* The layer of b with the number of layer i of a. */
static bool partner(const gn_compare_layers *a, size_t i, size_t *j) {
    gn_error ignored;
    return gn_source_find_layer(a->b, gn_source_layer(a->a, i), j, &ignored) == GN_OK;
}

/* Seconds, from what a search and a CKA of these sizes take. */
static void plan(struct table *t) {
    const gn_compare_layers *a = t->args;
    double speed = gn_search_speed(t->ctx), found[2] = {0, 0}, cells = 0;
    bool one = a->a == a->b;
    for (int side = 0; side < 2; side++) t->search[side] = gn_beside_seconds(&t->x, side, 0, speed);
    t->cka = gn_moments_seconds(speed, t->x.pairs.n, a->a->about.dims + a->b->about.dims);
    for (size_t i = 0, j; i < t->n[0]; i++)
        if (partner(a, i, &j)) cells++, found[0]++, found[1]++;
    if (a->pairs) {
        cells = (double)t->n[0] * (double)t->n[1];
        if (one) cells = cells / 2 + (double)t->n[0] / 2.0;
        for (int side = 0; side < 2; side++) found[side] = (double)t->n[side];
    }
    t->all = found[0] * t->search[0] + (one ? 0 : found[1] * t->search[1]) + cells * t->cka;
    gn_job_expect(t->job, t->all);
}

/* The overlap is said before its CKA, which reads all rows. */
static gn_status measure_curves(struct table *t, gn_error *err) {
    gn_status st = GN_OK;
    const gn_compare_layers *a = t->args;
    for (size_t i = 0, j; i < t->n[0]; i++) {
        gn_agreement overlap;
        double cka;
        if (!partner(a, i, &j)) continue;
        GN_TRY(overlap_of(t, i, j, &overlap, err));
        json_t *entry = json_pack(
            "{s:o,s:o,s:o,s:o,s:o,s:n,s:o}", "layer", gn_json_whole(gn_source_layer(a->a, i)),
            "depth", gn_json_real(gn_source_depth(a->a, i)), "overlap", gn_json_real(overlap.mean),
            "se", gn_json_real(overlap.se), "chance", gn_json_real(overlap.chance), "cka",
            "matched", gn_json_whole(t->x.pairs.n));
        json_array_append_new(t->layers, entry);
        if (!a->pairs) {
            forget(t, 0, i);
            if (a->a != a->b) forget(t, 1, j);
        }
        GN_TRY(say(t, err));
        GN_TRY(cka_of(t, i, j, &cka, err));
        keep(t, i, j, overlap, cka);
        json_object_set_new(entry, "cka", gn_json_real(cka));
        GN_TRY(say(t, err));
    }
done:
    return st;
}

static gn_status measure_pairs(struct table *t, gn_error *err) {
    gn_status st = GN_OK;
    gn_agreement overlap;
    double cka;
    for (size_t i = 0; i < t->n[0]; i++) {
        for (size_t j = 0; j < t->n[1]; j++) {
            if (t->known[i * t->n[1] + j]) continue;
            GN_TRY(overlap_of(t, i, j, &overlap, err));
            GN_TRY(cka_of(t, i, j, &cka, err));
            keep(t, i, j, overlap, cka);
        }
        GN_TRY(say(t, err));
    }
done:
    return st;
}

static gn_status table_new(struct table *t, gn_error *err) {
    gn_status st = GN_OK;
    size_t cells;
    for (int side = 0; side < 2; side++) {
        t->n[side] = (side ? t->args->b : t->args->a)->about.n_layers;
        t->of[side] = gn_calloc(t->n[side], sizeof *t->of[side]);
    }
    t->layers = json_array();
    if (!t->of[0] || !t->of[1] || !t->layers) GN_TRY(gn_fail_nomem(err, "a comparison", t->n[0]));
    if (!t->args->pairs) return GN_OK;
    if (!gn_mul(t->n[0], t->n[1], &cells)) cells = SIZE_MAX;
    GN_TRY(gn_alloc_array(&t->cell, cells, sizeof *t->cell, "a matrix of layers", err));
    GN_TRY(gn_alloc_array(&t->cell_cka, cells, sizeof *t->cell_cka, "a matrix of layers", err));
    t->known = gn_calloc(cells, sizeof *t->known);
    if (!t->known) st = gn_fail_nomem(err, "a matrix of layers", cells);
done:
    return st;
}

static void table_free(struct table *t) {
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; t->of[side] && i < t->n[side]; i++) forget(t, side, i);
        gn_free(t->of[side]);
    }
    json_decref(t->layers);
    gn_free(t->cell);
    gn_free(t->cell_cka);
    gn_free(t->known);
    gn_beside_free(&t->x);
}

/* Whether all lists are kept in the folders of both sets: then there is no reason for a sample. */
static bool all_stored(const gn_compare_layers *a, const gn_comparison_opts *o) {
    gn_knn_opts knn = {.k = o->k, .metric = o->metric};
    if (o->by_token) return false;
    for (int side = 0; side < 2; side++) {
        const gn_source *s = side ? a->b : a->a;
        for (size_t i = 0; i < s->about.n_layers; i++)
            if (!s->reps || !gn_neighbors_stored(s->reps, i, &knn)) return false;
    }
    return true;
}

static gn_status run_layers(gn_job *job, const void *args, gn_ctx *ctx, gn_error *err) {
    const gn_compare_layers *a = args;
    struct table t = {.job = job, .args = a, .ctx = ctx};
    gn_comparison_opts o = a->o;
    gn_status st;
    double begun = gn_view_seconds();
    o.sample = a->pairs || !all_stored(a, &o); /* lists of all rows of all layers are too much */
    GN_TRY(table_new(&t, err));
    GN_TRY(gn_beside_new(gn_job_view(job), a->a, a->b, &o, &t.x, err));
    plan(&t);
    GN_TRY(say(&t, err));
    GN_TRY(measure_curves(&t, err));
    if (a->pairs) GN_TRY(measure_pairs(&t, err));
    gn_view_note(t.x.v, "compare",
                 json_pack("{s:o,s:o,s:o,s:s,s:b,s:o}", "a", gn_json_whole(a->a->id), "b",
                           gn_json_whole(a->b->id), "k", gn_json_whole(t.x.o.k), "metric",
                           gn_metric_name(o.metric), "pairs", (int)a->pairs, "rows",
                           gn_json_whole(t.x.m)),
                 gn_view_seconds() - begun);
done:
    table_free(&t);
    return st;
}

void gn_compare_layers_task(const gn_compare_layers *args, gn_task *out) {
    *out =
        (gn_task){.lane = GN_LANE_CURVES, .run = run_layers, .args = args, .n_args = sizeof *args};
    snprintf(out->key, sizeof out->key, "%zu compare %zu %d %d %zu %d", args->a->id, args->b->id,
             (int)args->o.by_token, (int)args->o.metric, args->o.k, (int)args->pairs);
}
