/* What a client asks for, checked: a layout that could never be made is refused with 400 and a
 * sentence, before anything is started. */
#include "view/layouts/layout.h"

#include "base/ctx.h"
#include "base/str.h"
#include "view/data/cells.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const gn_vlayout_methods[] = {"raw", "pca", "tsne", "umap", "axes", "bookmark", NULL};
const char *const gn_vlayout_aligns[] = {"none", "joint", "procrustes", "aligned", NULL};
const char *const gn_vlayout_states[] = {"waiting", "running", "paused",
                                         "done",    "failed",  "stopped"};

static const size_t max_bytes = (size_t)1 << 30; /* of one layout's positions */

/* ---- parameters -------------------------------------------------------------------------------
 */

static gn_status read_components(const gn_vlayout *l, const json_t *object, gn_vlayout_params *p,
                                 gn_error *err) {
    const json_t *list = json_object_get(object, "components");
    if (!list || json_is_null(list)) return GN_OK;
    if (json_array_size(list) < l->dim)
        return gn_fail(err, GN_EINVAL, "'components': expected an array of %zu numbers, from 0 on",
                       l->dim);
    for (size_t a = 0; a < l->dim; a++) {
        const json_t *item = json_array_get(list, a);
        const json_int_t c = json_is_integer(item) ? json_integer_value(item) : -1;
        if (c < 0 || (size_t)c >= l->s->about.dims)
            return gn_fail(err, GN_EINVAL, "'components': item %zu: expected 0 to %zu", a,
                           l->s->about.dims - 1);
        p->component[a] = (size_t)c;
    }
    return GN_OK;
}

/* By method, in the order of its words. */
static const char *const names_of[] = {
    [GN_LAYOUT_RAW] = "",
    [GN_LAYOUT_PCA] = "components",
    [GN_LAYOUT_TSNE] = "perplexity exaggeration learning_rate steps pull",
    [GN_LAYOUT_UMAP] = "neighbors min_dist steps pull",
    [GN_LAYOUT_AXES] = "axes",
    [GN_LAYOUT_BOOKMARK] = "bookmark projection",
};

/* A parameter that the method does not have would be kept and change nothing. */
static gn_status check_names(const gn_vlayout *l, const json_t *object, gn_error *err) {
    const char *name, *all = names_of[l->method];
    const json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value) {
        const size_t n = strlen(name);
        const char *at = n > 0 ? strstr(all, name) : NULL;
        while (at && ((at > all && at[-1] != ' ') || (at[n] != ' ' && at[n] != '\0')))
            at = strstr(at + n, name);
        if (!at)
            return gn_fail(err, GN_EINVAL, "'params': %s has no '%.80s'%s%s",
                           gn_vlayout_methods[l->method], name, *all ? ", expected some of: " : "",
                           all);
    }
    return GN_OK;
}

bool gn_vlayout_params_differ(const gn_vlayout_params *a, const gn_vlayout_params *b,
                              bool but_in_steps) {
    const double x[] = {a->perplexity, a->exaggeration, a->learning_rate, a->min_dist, a->pull},
                 y[] = {b->perplexity, b->exaggeration, b->learning_rate, b->min_dist, b->pull};
    bool differ = a->neighbors != b->neighbors || (!but_in_steps && a->steps != b->steps);
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) differ |= x[i] < y[i] || x[i] > y[i];
    for (size_t i = 0; i < 3; i++) differ |= a->component[i] != b->component[i];
    return differ;
}

gn_status gn_vlayout_read_params(const gn_vlayout *l, const json_t *object,
                                 gn_vlayout_params *params, gn_error *err) {
    gn_vlayout_params p = *params;
    gn_status st;
    GN_TRY(check_names(l, object, err));
    GN_TRY(gn_body_real(object, "perplexity", 1, 341, p.perplexity, &p.perplexity, err));
    GN_TRY(gn_body_real(object, "exaggeration", 1, 1000, p.exaggeration, &p.exaggeration, err));
    GN_TRY(gn_body_real(object, "learning_rate", 0, 1e9, p.learning_rate, &p.learning_rate, err));
    GN_TRY(gn_body_size(object, "steps", 1, 1000000, p.steps, &p.steps, err));
    GN_TRY(gn_body_size(object, "neighbors", 2, 1025, p.neighbors, &p.neighbors, err));
    GN_TRY(gn_body_real(object, "min_dist", 0, 1, p.min_dist, &p.min_dist, err));
    GN_TRY(gn_body_real(object, "pull", 0, 1, p.pull, &p.pull, err));
    GN_TRY(read_components(l, object, &p, err));
    *params = p;
done:
    return st;
}

/* ---- axes -------------------------------------------------------------------------------------
 */

/* Rows named by a subset, or by a text in a column. */
static gn_status read_side(gn_vlayout *l, const json_t *value, int32_t **rows, size_t *n,
                           gn_error *err) {
    const char *text = NULL, *column = NULL;
    bool regex = false;
    gn_search *search = NULL;
    gn_source_cells cells = {0};
    uint32_t *found = NULL;
    const size_t all = l->s->about.rows;
    gn_status st;
    if (json_is_array(value) || json_object_get(value, "set")) {
        st = gn_source_subset(l->v, l->s, value, rows, n, err);
        if (st == GN_OK && *n == 0) st = gn_fail(err, GN_EINVAL, "no rows");
        return st;
    }
    if (!json_is_object(value))
        return gn_fail(err, GN_EINVAL,
                       "expected rows, {\"set\": NAME} or {\"column\", \"text\", \"regex\"}");
    GN_TRY(gn_body_need_text(value, "text", &text, err));
    GN_TRY(gn_body_text(value, "column", NULL, &column, err));
    GN_TRY(gn_body_bool(value, "regex", false, &regex, err));
    GN_TRY(gn_search_new(regex ? GN_SEARCH_REGEX : GN_SEARCH_WHOLE, text, false, &search, err));
    GN_TRY(gn_source_cells_open(l->s, column && *column ? column : NULL, &cells, err));
    GN_TRY(gn_search_begin(search, &cells.cells, err));
    GN_TRY(gn_alloc_array(&found, all, sizeof *found, "rows of an axis", err));
    GN_TRY(gn_search_rows(search, NULL, 0, all, found, n, err));
    if (*n == 0) {
        st = gn_fail(err, GN_EINVAL, "no row matches '%.80s' in the column %s%.80s", text,
                     column && *column ? "" : "of tokens", column ? column : "");
        goto done;
    }
    GN_TRY(gn_alloc_array(rows, *n, sizeof **rows, "rows of an axis", err));
    for (size_t i = 0; i < *n; i++) (*rows)[i] = (int32_t)found[i];
done:
    gn_search_free(search);
    gn_source_cells_close(&cells);
    gn_free(found);
    return st;
}

static gn_status read_axes(gn_vlayout *l, const json_t *params, gn_error *err) {
    const json_t *list = json_object_get(params, "axes");
    if (json_array_size(list) < l->dim)
        return gn_fail(err, GN_EINVAL, "'axes': expected an array of %zu, found %zu", l->dim,
                       json_array_size(list));
    for (size_t a = 0; a < l->dim; a++) {
        const json_t *item = json_array_get(list, a);
        gn_vlayout_axis *axis = &l->axis[a];
        const char *label = NULL;
        char name[32];
        gn_status st = gn_body_text(item, "label", NULL, &label, err);
        if (st != GN_OK) return st;
        st = read_side(l, json_object_get(item, "left"), &axis->left, &axis->n_left, err);
        if (st != GN_OK) gn_error_prefix(err, "axis %zu, left", a + 1);
        if (st != GN_OK) return st;
        st = read_side(l, json_object_get(item, "right"), &axis->right, &axis->n_right, err);
        if (st != GN_OK) gn_error_prefix(err, "axis %zu, right", a + 1);
        if (st != GN_OK) return st;
        snprintf(name, sizeof name, "axis %zu", a + 1);
        if (!(axis->label = gn_strdup(label && *label ? label : name)))
            return gn_fail_nomem(err, "a label", 1);
    }
    return GN_OK;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static bool is_map(const gn_vlayout *l) {
    return l->method == GN_LAYOUT_TSNE || l->method == GN_LAYOUT_UMAP;
}

static gn_status check_align(const gn_vlayout *l, gn_error *err) {
    const char *name = gn_vlayout_methods[l->method];
    if (l->align == GN_ALIGN_JOINT && l->method != GN_LAYOUT_PCA)
        return gn_fail(err, GN_EINVAL, "'align': joint belongs to pca, not to %s", name);
    if (l->align == GN_ALIGN_ALIGNED && !is_map(l))
        return gn_fail(err, GN_EINVAL, "'align': aligned belongs to tsne and umap, not to %s",
                       name);
    return GN_OK;
}

static gn_status check(const gn_vlayout *l, gn_error *err) {
    size_t bytes;
    if (is_map(l) && l->n < 4)
        return gn_fail(err, GN_EINVAL, "%s needs at least 4 rows, here are %zu: PCA can show them",
                       l->method == GN_LAYOUT_TSNE ? "t-SNE" : "UMAP", l->n);
    if (l->method == GN_LAYOUT_PCA && l->n < 2)
        return gn_fail(err, GN_EINVAL, "PCA needs at least 2 rows, here are %zu", l->n);
    if (l->n == 0) return gn_fail(err, GN_EINVAL, "no rows to place");
    if (l->method == GN_LAYOUT_RAW && l->s->about.dims != 2 && l->s->about.dims != 3)
        return gn_fail(err, GN_EINVAL,
                       "raw shows rows of 2 or 3 dimensions as they are; these have %zu",
                       l->s->about.dims);
    if (!gn_mul(l->n * l->dim * sizeof(float), l->n_layers, &bytes) || bytes > max_bytes)
        return gn_fail(err, GN_EINVAL,
                       "positions of %zu rows in %zu layers take more than %zu MiB: choose rows or "
                       "one layer",
                       l->n, l->n_layers, max_bytes >> 20);
    return GN_OK;
}

static gn_status read_layers(gn_vlayout *l, const json_t *body, gn_error *err) {
    const char *word = json_string_value(json_object_get(body, "layer"));
    size_t one = 0;
    gn_status st = GN_OK;
    l->all = word && strcmp(word, "all") == 0;
    if (word && !l->all)
        return gn_fail(err, GN_EINVAL, "'layer': expected a number or \"all\", found '%.80s'",
                       word);
    if (!l->all) GN_TRY(gn_source_body_layer(l->s, body, "layer", &one, err));
    l->n_layers = l->all ? l->s->about.n_layers : 1;
    GN_TRY(gn_alloc_array(&l->layer, l->n_layers, sizeof *l->layer, "layers", err));
    for (size_t i = 0; i < l->n_layers; i++)
        l->layer[i] = (gn_vlayout_layer){.stored = l->all ? i : one};
    if (!l->all && l->align != GN_ALIGN_NONE)
        st = gn_fail(err, GN_EINVAL, "'align' is of several layers: \"layer\": \"all\"");
    if (l->n_layers == 1) l->align = GN_ALIGN_NONE;
done:
    return st;
}

static gn_status read_all(gn_vlayout *l, const json_t *body, gn_reply *re, gn_error *err) {
    json_t *params = NULL;
    size_t method, align = 0, metric = 0, search, seed;
    static const char *const metrics[] = {"euclidean", "cosine", NULL};
    static const char *const searches[] = {"exact", "approximate", "auto", NULL}; /* gn_knn_how */
    const char *word;
    gn_status st;
    GN_TRY(gn_view_body_source(l->v, body, "source", &l->s, re, err));
    GN_TRY(gn_body_need_text(body, "method", &word, err));
    GN_TRY(gn_body_word(body, "method", gn_vlayout_methods, 0, &method, err));
    GN_TRY(gn_body_word(body, "align", gn_vlayout_aligns, 0, &align, err));
    GN_TRY(gn_body_word(body, "metric", metrics, 0, &metric, err));
    GN_TRY(gn_body_word(body, "neighbors_search", searches, GN_KNN_AUTO, &search, err));
    GN_TRY(gn_body_size(body, "dim", 2, 3, 2, &l->dim, err));
    GN_TRY(gn_body_size(body, "seed", 0, INT64_MAX, gn_ctx_seed(l->v->ctx), &seed, err));
    GN_TRY(gn_space_body(body, &l->space, err));
    GN_TRY(gn_body_object(body, "params", &params, err));
    l->method = (gn_vlayout_method)method;
    l->align = (gn_vlayout_align)align;
    l->metric = (gn_metric)metric;
    l->search = (gn_knn_how)search;
    l->seed = seed;
    GN_TRY(check_align(l, err));
    if (l->method == GN_LAYOUT_BOOKMARK) GN_TRY(gn_vlayout_saved_find(l, params, err));
    GN_TRY(gn_source_subset(l->v, l->s, json_object_get(body, "rows"), &l->row, &l->n, err));
    if (l->method == GN_LAYOUT_BOOKMARK) GN_TRY(gn_vlayout_saved_rows(l, err));
    GN_TRY(read_layers(l, body, err));
    GN_TRY(gn_vlayout_read_params(l, params, &l->params, err));
    GN_TRY(check(l, err));
    if (l->method == GN_LAYOUT_AXES) GN_TRY(read_axes(l, params, err));
    l->params_json = params ? json_deep_copy(params) : json_object();
    if (!l->params_json) st = gn_fail_nomem(err, "a layout", 1);
    for (size_t i = 0; i < l->n_layers && st == GN_OK; i++)
        st = gn_alloc_array(&l->layer[i].positions, l->n * l->dim, sizeof(float), "positions", err);
done:
    return st;
}

gn_status gn_vlayout_read(gn_view *v, const json_t *body, gn_vlayout **out, gn_reply *re,
                          gn_error *err) {
    gn_vlayout *l = gn_calloc(1, sizeof *l);
    if (!l) return gn_fail_nomem(err, "a layout", sizeof *l);
    l->v = v;
    l->references = 1;
    l->loss = l->loss_se = (double)NAN;
    l->params = (gn_vlayout_params){.component = {0, 1, 2}, .min_dist = -1, .pull = -1};
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    gn_status st = read_all(l, body, re, err);
    if (st == GN_OK)
        *out = l;
    else
        gn_vlayout_give(l);
    return st;
}
