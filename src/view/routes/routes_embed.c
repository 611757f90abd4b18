/* POST /api/embed: a typed text goes through the model that the server was given, and its tokens
 * are looked up among the rows of a source, layer by layer.
 *
 * What becomes a point is what became a row when the set was made: every token, the mean, the first
 * or last token, or every word. */
#include "view/layouts/places.h"

#include "base/str.h"
#include "gonio/model.h"
#include "gonio/text.h"
#include "io/json.h"

#include <string.h>

enum { MAX_TEXT = 10000, DEFAULT_K = 5, MAX_K = 100, MAX_POINTS = 512 };

/* ---- the model
 * ----------------------------------------------------------------------------------- */

struct model {
    gn_model *model;
    gn_tokenizer *tokenizer;
};

static void free_model(void *value) {
    struct model *m = value;
    gn_model_free(m->model);
    gn_tokenizer_free(m->tokenizer);
    gn_free(m);
}

static gn_status make_model(const void *args, gn_ctx *ctx, void **value, size_t *n_bytes,
                            gn_error *err) {
    const char *dir = args;
    gn_status st;
    struct model *m = gn_calloc(1, sizeof *m);
    if (!m) return gn_fail_nomem(err, "a model", sizeof *m);
    GN_TRY(gn_tokenizer_open(dir, &m->tokenizer, err));
    GN_TRY(gn_model_open(ctx, dir, NULL, &m->model, err));
    *n_bytes = gn_model_get_info(m->model)->n_parameters * sizeof(float);
    *value = m;
    m = NULL;
done:
    if (m) free_model(m);
    return st;
}

/* ---- points
 * --------------------------------------------------------------------------------------- */

/* A point is the mean of the tokens of one group; group -1: of none. */
struct typed {
    gn_view *v;
    gn_source *s;
    const struct model *m;
    const char *text;
    gn_encoding code;
    int32_t *group; /* (tokens) */
    size_t n_points, n_cut;
    bool *wanted;  /* (layers of the source) */
    double *point; /* (layers of the source, points, dims) */
};

static void typed_free(struct typed *t) {
    gn_encoding_free(&t->code);
    gn_free(t->group);
    gn_free(t->wanted);
    gn_free(t->point);
}

/* How the rows of the set that the source is were made; of other tables nothing is known. */
struct made {
    char pool[16], special[16], take[16];
};

static struct made how_rows_were_made(const gn_source *s) {
    struct made m = {"none", "kept", "block"};
    const struct {
        const char *path;
        char *to;
    } known[] = {
        {"options.pool", m.pool}, {"options.special", m.special}, {"options.take", m.take}};
    json_t *about = NULL;
    gn_error ignored;
    const char *meta = s->reps ? gn_reps_meta(s->reps) : "{}";
    if (gn_json_parse(meta, strlen(meta), "gonio.json", &about, &ignored) == GN_OK)
        for (size_t i = 0; i < 3; i++) {
            const char *text = json_string_value(gn_json_at(about, known[i].path));
            if (text && strlen(text) < 16) strcpy(known[i].to, text);
        }
    json_decref(about);
    return m;
}

static gn_status group_tokens(struct typed *t, const char *pool, bool drop_special, gn_error *err) {
    size_t n = t->code.n;
    bool mean = strcmp(pool, "mean") == 0,
         word = strcmp(pool, "word") == 0 || strcmp(pool, "target") == 0,
         first = strcmp(pool, "first") == 0, last = strcmp(pool, "last") == 0;
    int32_t before = -1;
    gn_status st = gn_alloc_array(&t->group, n, sizeof *t->group, "tokens", err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < n; i++) {
        int32_t of = t->code.word[i];
        t->group[i] = -1;
        if (mean)
            t->group[i] = of >= 0 || !drop_special ? 0 : -1;
        else if (first || last)
            t->group[i] = i == (first ? 0 : n - 1) ? 0 : -1;
        else if (word && of >= 0) {
            if (of != before) t->n_points++;
            before = of;
            t->group[i] = (int32_t)t->n_points - 1;
        } else if (!word && (of >= 0 || !drop_special))
            t->group[i] = (int32_t)t->n_points++;
    }
    if (mean || first || last) t->n_points = 1;
    if (t->n_points == 0 || t->n_points > MAX_POINTS)
        return gn_fail(err, GN_EINVAL, "the text gives %zu points: expected 1 to %d", t->n_points,
                       MAX_POINTS);
    return GN_OK;
}

/* A tap: the means of one layer. */
static gn_status take_layer(void *user, size_t layer, gn_mat x, gn_error *err) {
    struct typed *t = user;
    size_t i, d = x.cols;
    gn_error no_layer;
    (void)err;
    if (gn_source_find_layer(t->s, layer, &i, &no_layer) != GN_OK || !t->wanted[i]) return GN_OK;
    double *to = t->point + i * t->n_points * d;
    memset(to, 0, t->n_points * d * sizeof *to);
    for (size_t g = 0; g < t->n_points; g++) {
        size_t count = 0;
        for (size_t r = 0; r < x.rows; r++) count += t->group[r] == (int32_t)g;
        for (size_t r = 0; r < x.rows; r++) {
            if (t->group[r] != (int32_t)g) continue;
            const float *row = (const float *)x.data + r * x.stride;
            for (size_t c = 0; c < d; c++) to[g * d + c] += (double)row[c] / (double)count;
        }
    }
    return GN_OK;
}

static gn_status run_model(struct typed *t, gn_ctx *ctx, gn_error *err) {
    gn_status st;
    const gn_model_info *about = gn_model_get_info(t->m->model);
    size_t d = t->s->about.dims, n = strlen(t->text);
    struct made made = how_rows_were_made(t->s);
    if (strcmp(made.take, "block") != 0)
        return gn_fail(err, GN_ENOSUPP,
                       "rows of %s were taken at '%s': typed text is taken at the end of blocks",
                       t->s->about.name, made.take);
    if (about->d_model != d)
        return gn_fail(err, GN_EINVAL, "the model %s is %zu wide, and rows of %s are %zu",
                       about->name, about->d_model, t->s->about.name, d);
    gn_encode_opts encode = {strcmp(made.special, "none") != 0, about->max_positions};
    GN_TRY(gn_tokenizer_encode(t->m->tokenizer, t->text, n, encode, &t->code, &t->n_cut, err));
    if (t->code.n == 0) return gn_fail(err, GN_EINVAL, "the text has no tokens");
    GN_TRY(group_tokens(t, made.pool, strcmp(made.special, "dropped") == 0, err));
    GN_TRY(gn_alloc_array(&t->point, t->s->about.n_layers * t->n_points, d * sizeof(double),
                          "points of a text", err));
    uint32_t begin[2] = {0, (uint32_t)t->code.n};
    gn_batch batch = {1, t->code.n, t->code.id, begin};
    st = gn_model_forward(ctx, t->m->model, batch, GN_TAKE_BLOCK, take_layer, t, err);
done:
    return st;
}

/* ---- the answer
 * ------------------------------------------------------------------------------------- */

static json_t *tokens_json(const struct typed *t) {
    json_t *list = json_array();
    for (size_t i = 0; i < t->code.n; i++) {
        const char *token = gn_tokenizer_token(t->m->tokenizer, t->code.id[i]);
        json_array_append_new(
            list, json_pack("{s:o,s:i,s:o,s:o,s:o}", "token", gn_json_text(token), "token_id",
                            (int)t->code.id[i], "start",
                            gn_json_whole(gn_utf8_codepoints(t->text, t->code.start[i])), "end",
                            gn_json_whole(gn_utf8_codepoints(t->text, t->code.end[i])), "point",
                            t->group[i] < 0 ? json_null() : json_integer(t->group[i])));
    }
    return list;
}

struct search {
    gn_metric metric;
    gn_space space;
    size_t k;
    bool vectors;
    gn_places places;
    bool exact; /* they are the points' own */
};

/* One point of a layer: its nearest rows, and its vector where it is wanted. */
static gn_status add_point(const struct typed *t, size_t layer, const gn_scan *scan,
                           const double *x, struct search *how, gn_ctx *ctx, json_t *to,
                           gn_error *err) {
    gn_status st;
    size_t d = t->s->about.dims;
    int32_t row[MAX_K];
    double distance[MAX_K], *placed = NULL;
    gn_scan_answer found;
    json_t *nearest = json_array(), *vector = NULL, *place = NULL;
    GN_TRY(gn_alloc_array(&placed, d, sizeof *placed, "a point", err));
    gn_scan_place(scan, x, placed);
    gn_scan_query q = {placed, how->k, NULL, 0};
    GN_TRY(gn_scan_nearest(ctx, scan, &q, row, distance, &found, err));
    for (size_t i = 0; i < found.n; i++)
        json_array_append_new(nearest,
                              json_pack("{s:i,s:o,s:o}", "row", (int)row[i], "distance",
                                        gn_json_real(distance[i]), "token",
                                        gn_json_text(gn_source_token(t->s, (size_t)row[i]))));
    GN_TRY(gn_places_find(&how->places, layer, x, row, found.n, ctx, &place, &how->exact, err));
    vector = how->vectors ? json_array() : json_null();
    for (size_t c = 0; how->vectors && c < d; c++)
        json_array_append_new(vector, gn_json_real(x[c]));
    json_array_append_new(
        to, json_pack("{s:O,s:O,s:O}", "nearest", nearest, "position", place, "vector", vector));
done:
    json_decref(nearest);
    json_decref(place);
    json_decref(vector);
    gn_free(placed);
    return st;
}

static gn_status layers_json(const struct typed *t, struct search *how, gn_ctx *ctx, json_t *to,
                             gn_error *err) {
    gn_status st = GN_OK;
    size_t d = t->s->about.dims;
    for (size_t i = 0; i < t->s->about.n_layers && st == GN_OK; i++) {
        gn_cached *held = NULL;
        if (!t->wanted[i]) continue;
        json_t *points = json_array();
        st = gn_layer_scan((gn_layer){t->v, t->s, i}, how->metric, how->space, ctx, &held, err);
        for (size_t p = 0; p < t->n_points && st == GN_OK; p++)
            st = add_point(t, i, gn_layer_scan_of(held), t->point + (i * t->n_points + p) * d, how,
                           ctx, points, err);
        json_array_append_new(to,
                              json_pack("{s:o,s:o}", "layer",
                                        gn_json_whole(gn_source_layer(t->s, i)), "points", points));
        gn_cache_give(t->v, held);
    }
    return st;
}

/* The layers that the source has and that are asked for. */
static gn_status choose_layers(struct typed *t, const json_t *body, gn_error *err) {
    size_t n = t->s->about.n_layers, one;
    gn_status st;
    bool all = !json_is_integer(json_object_get(body, "layer"));
    GN_TRY(gn_source_body_layer(t->s, all ? NULL : body, "layer", &one, err));
    GN_TRY(gn_alloc_array(&t->wanted, n, sizeof *t->wanted, "layers", err));
    for (size_t i = 0; i < n; i++) {
        t->wanted[i] = all || i == one;
        size_t most = gn_model_get_info(t->m->model)->n_layers;
        if (t->wanted[i] && gn_source_layer(t->s, i) > most)
            return gn_fail(err, GN_EINVAL, "%s has a layer %zu, and the model's last is %zu",
                           t->s->about.name, gn_source_layer(t->s, i), most);
    }
done:
    return st;
}

static gn_status read_request(struct typed *t, struct search *how, const json_t *body, gn_reply *re,
                              gn_error *err) {
    gn_status st;
    GN_TRY(gn_view_body_source(t->v, body, "source", &t->s, re, err));
    GN_TRY(gn_body_need_text(body, "text", &t->text, err));
    GN_TRY(gn_metric_body(body, &how->metric, err));
    GN_TRY(gn_space_body(body, &how->space, err));
    GN_TRY(gn_places_open(t->v, t->s, body, &how->places, re, err));
    if (how->places.layout && !json_object_get(body, "space"))
        how->space = how->places.layout->space;
    GN_TRY(gn_body_size(body, "k", 1, MAX_K, DEFAULT_K, &how->k, err));
    GN_TRY(gn_body_bool(body, "vectors", false, &how->vectors, err));
    if (strlen(t->text) > MAX_TEXT)
        st = gn_fail(err, GN_EINVAL, "the text has %zu bytes: at most %d are allowed",
                     strlen(t->text), MAX_TEXT);
    else if (!t->v->model)
        st = gn_conflict(
            re, err, "no model is open: start gonio view with --model MODEL to place typed text");
done:
    return st;
}

static gn_status post_embed(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_status st;
    double begun = gn_view_seconds();
    gn_hooks hooks = {.user = v, .cancel = gn_view_is_ending};
    struct typed t = {.v = v};
    struct search how = {0};
    gn_recipe r = {.key = "model", .make = make_model, .args = v->model, .free = free_model};
    gn_ctx *ctx = NULL;
    gn_cached *model = NULL;
    json_t *layers = json_array();
    GN_TRY(read_request(&t, &how, rq->body, re, err));
    GN_TRY(gn_view_context(v, &hooks, &ctx, err));
    GN_TRY(gn_cache_get(v, &r, ctx, &model, err));
    t.m = gn_cached_value(model);
    GN_TRY(choose_layers(&t, rq->body, err));
    GN_TRY(run_model(&t, ctx, err));
    GN_TRY(layers_json(&t, &how, ctx, layers, err));
    double seconds = gn_view_seconds() - begun;
    gn_view_note(v, "embed",
                 json_pack("{s:o,s:o,s:o}", "source", gn_json_whole(t.s->id), "text",
                           gn_json_text(t.text), "tokens", gn_json_whole(t.code.n)),
                 seconds);
    st = gn_reply_json(re,
                       json_pack("{s:s,s:o,s:o,s:o,s:O,s:o,s:s,s:o,s:s?}", "model",
                                 gn_model_get_info(t.m->model)->name, "seconds",
                                 gn_json_real(seconds), "cut", gn_json_whole(t.n_cut), "tokens",
                                 tokens_json(&t), "layers", layers, "points",
                                 gn_json_whole(t.n_points), "metric", gn_metric_name(how.metric),
                                 "space", gn_space_json(how.space), "placed",
                                 !how.places.layout ? NULL
                                 : how.exact        ? "exact"
                                                    : "mean of the nearest rows"),
                       err);
done:
    typed_free(&t);
    gn_places_close(&how.places);
    gn_cache_give(v, model);
    gn_ctx_free(ctx);
    json_decref(layers);
    return st;
}

static const gn_route routes[] = {
    {"POST", "/api/embed", post_embed, GN_BODY_SMALL},
    {0},
};
const gn_view_part gn_part_embed = {.routes = routes};
