/* What TensorBoard's loadState() asks of a bookmark: every number that it turns into text must be
 * there (tSNEIteration, tSNEPerplexity, tSNELearningRate), pcaComponentDimensions and
 * selectedPoints must be arrays, a point's keys are taken over as they are, no camera means the
 * usual one. A bookmark with more points than were loaded is an error there, so it ends where
 * loading does. */
#include "export/bookmarks.h"

#include "base/ctx.h"
#include "base/str.h"
#include "io/bookmarks.h"
#include "io/file.h"
#include "io/json.h"
#include "reps/about.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

_Static_assert((int)GN_BOOKMARK_MOST_POINTS == (int)GN_TENSORBOARD_ROWS, "one limit");

enum { PIECE = 1 << 20 };

static size_t points(const gn_bookmarked *b) {
    const size_t all = b->n * (b->to - b->from);
    return all < GN_BOOKMARK_MOST_POINTS ? all : GN_BOOKMARK_MOST_POINTS;
}

static bool shows(const gn_export_layout *l, gn_bookmark_kind kind) {
    return strcmp(l->projection, gn_bookmark_words[kind]) == 0;
}

/* Everything but the points, which follow. */
static gn_status add_head(const gn_bookmarked *b, const gn_export_layout *l, gn_str *s,
                          gn_error *err) {
    const bool pca3 = shows(l, GN_BOOKMARK_PCA) && l->dim == 3;
    const bool flat = l->dim == 2, tsne = shows(l, GN_BOOKMARK_TSNE);
    const json_int_t steps = !tsne ? 0 : l->steps ? (json_int_t)l->steps : 1; /* 0: not drawn */
    json_t *axes = pca3 ? json_pack("[i,i,i]", 0, 1, 2) : json_pack("[i,i]", 0, 1);
    json_t *head = json_pack(
        "{s:s,s:b,s:s,s:[I,I],s:I,s:f,s:i,s:b,s:b,s:I,s:o,s:n,s:[],s:n,s:s,s:b,s:s}", "label",
        l->name, "isSelected", 0, "selectedProjection", l->projection, "dataSetDimensions",
        (json_int_t)points(b), (json_int_t)b->cols, "tSNEIteration", steps, "tSNEPerplexity",
        l->perplexity, "tSNELearningRate", 10, "tSNEis3d", tsne && flat ? 0 : 1, "umapIs3d",
        shows(l, GN_BOOKMARK_UMAP) && flat ? 0 : 1, "umapNeighbors",
        (json_int_t)(l->neighbors ? l->neighbors : 15), "pcaComponentDimensions", axes,
        "filteredPoints", "selectedPoints", "cameraDef", "selectedColorOptionName", "No color map",
        "forceCategoricalColoring", 0, "selectedLabelOption", b->label);
    if (!head) return gn_fail_nomem(err, "a bookmark", 1);
    gn_about_text(head, JSON_COMPACT, s);
    json_decref(head);
    if (s->bad) return gn_fail_nomem(err, "a bookmark", 1);
    s->n--; /* the closing brace */
    gn_str_add(s, ",\"projections\":[");
    return GN_OK;
}

/* A point with the coordinates that are numbers; nine digits give each float32 back. */
static void add_point(const gn_export_layout *l, gn_bookmark_kind kind, const double *at,
                      gn_str *s) {
    const char *separator = "";
    gn_str_add(s, "{");
    for (size_t a = 0; a < l->k; a++) {
        char number[40];
        if (!isfinite(at[a])) continue;
        snprintf(number, sizeof number, "%.9g", (double)(float)at[a]);
        for (char *p = number; *p; p++)
            if (*p == ',') *p = '.';
        gn_str_addf(s, "%s\"%s-%zu\":%s", separator, gn_bookmark_keys[kind], a, number);
        separator = ",";
    }
    gn_str_add(s, "}");
}

static gn_status flush(gn_ctx *ctx, gn_outfile *f, gn_str *s, gn_error *err) {
    if (s->bad) return gn_fail_nomem(err, "bookmarks", s->n);
    gn_status st = gn_outfile_write(f, s->text, s->n, err);
    s->n = 0;
    return st == GN_OK ? gn_ctx_poll(ctx, err) : st;
}

static gn_status write_bookmark(gn_ctx *ctx, const gn_bookmarked *b, const gn_export_layout *l,
                                gn_outfile *f, gn_str *s, gn_error *err) {
    const size_t n = points(b);
    size_t kind = 0;
    while (kind < GN_BOOKMARK_CUSTOM && !shows(l, (gn_bookmark_kind)kind)) kind++;
    if (kind == GN_BOOKMARK_CUSTOM)
        return gn_fail(err, GN_EINVAL, "a bookmark of '%.40s': expected pca, tsne or umap",
                       l->projection);
    gn_status st = add_head(b, l, s, err);
    for (size_t i = 0; st == GN_OK && i < n; i++) {
        const size_t at = i % b->n, row = b->row ? (size_t)b->row[at] : at;
        gn_str_add(s, i ? ",\n" : "\n");
        add_point(l, (gn_bookmark_kind)kind, l->at[b->from + i / b->n] + row * l->k, s);
        if (s->n >= PIECE) st = flush(ctx, f, s, err);
    }
    gn_str_add(s, "]}");
    return st;
}

gn_status gn_bookmarks_write(gn_ctx *ctx, const char *path, const gn_bookmarked *b, uint64_t *bytes,
                             gn_error *err) {
    gn_outfile *f = NULL;
    gn_str s = {0};
    gn_status st = gn_outfile_open(path, &f, err);
    if (st != GN_OK) return st;
    for (size_t i = 0; st == GN_OK && i < b->n_layouts; i++) {
        gn_str_add(&s, i ? ",\n" : "[");
        st = write_bookmark(ctx, b, &b->layout[i], f, &s, err);
    }
    gn_str_add(&s, "]\n");
    if (st == GN_OK) st = flush(ctx, f, &s, err);
    gn_str_free(&s);
    if (st != GN_OK) {
        gn_outfile_abandon(f);
        return st;
    }
    *bytes += gn_outfile_size(f);
    return gn_outfile_commit(f, err);
}
