/* gonio project: a map of one layer, or of several. */
#define _POSIX_C_SOURCE 200809L
#include "project_map.h"
#include "rows.h"
#include "gonio/survey.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const methods[] = {"pca", "tsne", "umap", "mds", NULL};
static const char *const metrics[] = {"euclidean", "cosine", NULL};
static const char *const searches[] = {"exact", "approximate", "auto", NULL}; /* gn_knn_how */
static const char *const aligns[] = {"none", "joint", "procrustes", "aligned", NULL};

struct job {
    const char *layer, *layers;
    int align;
    cli_layers_opts o;
};

/* The layers asked for; without a word the last one, or all when they are to be aligned. */
static gn_status open_layers(const char *spec, const struct job *j, gn_reps **out, gn_error *err) {
    const char *list = j->layers ? j->layers : j->layer ? j->layer : j->align ? "all" : "-1";
    gn_status st = gn_reps_open(spec, out, err);
    if (st == GN_OK) st = gn_reps_select_layers(*out, list, err);
    if (st != GN_OK) return st;
    if (j->layer && gn_reps_layers(*out) > 1)
        return cli_fail(err, GN_EINVAL, "--layer %.200s: a map shows one layer, --layers several",
                        j->layer);
    if (j->align && gn_reps_layers(*out) < 2)
        return cli_fail(err, GN_EINVAL, "--align %s: expected at least 2 layers, %.200s has one",
                        aligns[j->align], spec);
    return GN_OK;
}

static bool ends_in(const char *path, const char *suffix) {
    size_t n = strlen(path), m = strlen(suffix);
    return n > m && strcmp(path + n - m, suffix) == 0;
}

static gn_status project(gn_ctx *ctx, const cli_layers_opts *o, const gn_reps *reps,
                         gn_result *result, gn_error *err) {
    cli_view v;
    cli_map map = {0};
    gn_figure *fig = NULL;
    gn_status st = cli_view_open(reps, 0, o->map.zoom, &v, err);
    if (st != GN_OK) return st;
    st = cli_map_make(ctx, reps, &v, &o->map, result, &map, err);
    if (st == GN_OK && o->out) st = cli_map_write(o->out, &map, 1, NULL, &v, err);
    if (st == GN_OK && o->figure) {
        cli_picture pic = o->picture;
        memcpy(pic.axis, map.axis, sizeof pic.axis);
        pic.summary = map.summary;
        if (pic.color && strcmp(pic.color, "kept") == 0) pic.kept = map.kept;
        st = cli_picture_draw(reps, &v, map.xy, map.k, &pic, &fig, err);
    }
    if (st == GN_OK && o->figure) st = cli_write_figure(fig, o->figure, err);
    gn_figure_free(fig);
    cli_map_free(&map);
    cli_view_free(&v);
    return st;
}

/* Whether `csv` is where the numbers of `figure` are written: the same name with .csv. */
static bool same_file(const char *csv, const char *figure) {
    const char *dot = strrchr(figure, '.');
    size_t n = dot ? (size_t)(dot - figure) : strlen(figure);
    return strncmp(csv, figure, n) == 0 && strcmp(csv + n, ".csv") == 0;
}

/* What does not go together; 0: all does. */
static int check(const cli_command *self, const struct job *j) {
    const cli_layers_opts *o = &j->o;
    const cli_map_opts *m = &o->map;
    const bool kept = o->picture.color && strcmp(o->picture.color, "kept") == 0;
    if (m->dims != 2 && m->dims != 3)
        return cli_usage(self, "--dims %zu: expected 2 or 3", m->dims);
    if (!o->figure && (o->picture.color || o->picture.highlight))
        return cli_usage(self, "--color and --highlight belong to --figure");
    if (o->out && !ends_in(o->out, ".npy") && !ends_in(o->out, ".csv"))
        return cli_usage(self, "-o %s: expected .npy or .csv", o->out);
    if (o->out && o->figure && same_file(o->out, o->figure))
        return cli_usage(self, "-o %s: the points of the figure go there; choose another name",
                         o->out);
    if (m->method != CLI_TSNE && m->perplexity != 0)
        return cli_usage(self, "--perplexity belongs to --method tsne");
    if (m->method != CLI_UMAP && (m->neighbors != 0 || m->min_dist >= 0))
        return cli_usage(self, "--neighbors and --min-dist belong to --method umap");
    if (m->method == CLI_PCA && (m->steps != 0 || m->metric != GN_EUCLIDEAN))
        return cli_usage(self, "--steps and --metric belong to --method tsne, umap or mds");
    if (m->method != CLI_TSNE && m->method != CLI_UMAP && m->search != GN_KNN_AUTO)
        return cli_usage(self, "--search belongs to --method tsne or umap");
    if (m->method != CLI_PCA && m->components != 0)
        return cli_usage(self, "--components belongs to --method pca; --dims is what a map has");
    if (m->perplexity != 0 && !(m->perplexity >= 1 && m->perplexity <= 341))
        return cli_usage(self, "--perplexity %g: expected 1 to 341 (1,024 neighbours)",
                         m->perplexity);
    if (m->method == CLI_PCA && kept)
        return cli_usage(self, "--color kept belongs to --method tsne, umap or mds");
    if (j->layer && (j->layers || j->align))
        return cli_usage(self, "--layer is for one map; --layers with --align for several");
    if (j->align == CLI_JOINT && m->method != CLI_PCA)
        return cli_usage(self, "--align joint belongs to --method pca");
    if (j->align == CLI_ALIGNED && m->method != CLI_TSNE && m->method != CLI_UMAP)
        return cli_usage(self, "--align aligned belongs to --method tsne or umap");
    if (j->align != CLI_ALIGNED && m->pull >= 0)
        return cli_usage(self, "--pull belongs to --align aligned");
    if (m->pull > 1) return cli_usage(self, "--pull %g: expected 0 to 1", m->pull);
    if (j->align != CLI_JOINT && o->equal_layers)
        return cli_usage(self, "--equal-layers belongs to --align joint");
    if ((j->align || j->layers) && m->components > GN_PROCRUSTES_DIMS)
        return cli_usage(self, "--components %zu: of several layers at most %d", m->components,
                         GN_PROCRUSTES_DIMS);
    return 0;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    bool csv = false;
    int metric = 0, search = GN_KNN_AUTO;
    struct job j = {.o.map = {.dims = 2, .min_dist = -1, .pull = -1}};
    cli_map_opts *map = &j.o.map;
    cli_picture *picture = &j.o.picture;
    const cli_option options[] = {
        {"method", 0, CLI_WORD, &map->method, "M",
         "pca (exact, default), tsne, umap, mds (up to 5,000 rows)", methods},
        {"perplexity", 0, CLI_REAL, &map->perplexity, "P",
         "of t-SNE: how many neighbours count (default 30)", NULL},
        {"neighbors", 'k', CLI_SIZE, &map->neighbors, "K",
         "of UMAP, the row itself included (default 15)", NULL},
        {"min-dist", 0, CLI_REAL, &map->min_dist, "D",
         "of UMAP: how close points may lie (default 0.1)", NULL},
        {"steps", 0, CLI_SIZE, &map->steps, "N",
         "of t-SNE after the first 250 (default 500), of UMAP (default 500, above 10,000 rows "
         "200), of MDS at most (default 300)",
         NULL},
        {"metric", 'm', CLI_WORD, &metric, "METRIC",
         "of the neighbours: euclidean (default) or cosine", metrics},
        {"search", 0, CLI_WORD, &search, "HOW",
         "for the neighbours: exact; approximate, with their recall; auto (default): exact up to "
         "about half a minute, 150,000 rows of 384",
         searches},
        {"layer", 0, CLI_TEXT, (void *)&j.layer, "L", "layer to map, -1: the last (default)", NULL},
        {"layers", 0, CLI_TEXT, (void *)&j.layers, "LIST",
         "several layers, such as 0,3-6,-1 or all (default with --align): a map of each", NULL},
        {"align", 0, CLI_WORD, &j.align, "HOW",
         "puts the layers' maps on one another: none (default), joint (pca: one basis for all), "
         "procrustes (each is turned onto the one before), aligned (tsne, umap: each starts from "
         "the one before and is pulled towards it)",
         aligns},
        {"pull", 0, CLI_REAL, &map->pull, "S",
         "of --align aligned: 0 (only the start) to 1 (default: tsne 0.05, umap 0.01)", NULL},
        {"equal-layers", 0, CLI_FLAG, &j.o.equal_layers, NULL,
         "of --align joint: long vectors do not count more, each layer has size 1", NULL},
        {"components", 'c', CLI_SIZE, &map->components, "K",
         "principal components that are computed and written (default 10; of a joint basis "
         "as many as --dims)",
         NULL},
        {"output", 'o', CLI_TEXT, (void *)&j.o.out, "FILE",
         "write the coordinates: .npy (float64, rows x K, or layers x rows x K) or .csv", NULL},
        {"zoom", 0, CLI_TEXT, (void *)&map->zoom, "LABEL=VALUE",
         "only these rows (LABEL!=VALUE: all but these; also position!=0), or a list such as "
         "0:1000, fitted anew",
         NULL},
        {"figure", 0, CLI_TEXT, (void *)&j.o.figure, "FILE",
         "draw the map: .png, .svg or .pdf, with its points as .csv beside it; of several layers "
         "small multiples on one scale",
         NULL},
        {"dims", 0, CLI_SIZE, &map->dims, "2|3",
         "of the figure, and of t-SNE, UMAP and MDS (default 2)", NULL},
        {"color", 0, CLI_TEXT, (void *)&picture->color, "BY",
         "frequency (of the token), type, a label column of the set, FILE.npy, .txt, .csv:COLUMN; "
         "kept: the share of a row's neighbours that t-SNE, UMAP or MDS keeps",
         NULL},
        {"highlight", 0, CLI_TEXT, (void *)&picture->highlight, "A,B,C",
         "show these tokens, or values of --color, and the rest faintly", NULL},
        {"title", 0, CLI_TEXT, (void *)&picture->title, "TEXT",
         "of the figure (default: set, layer, rows, share of variance or neighbours)", NULL},
        {"csv", 0, CLI_FLAG, &csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n != 1) return cli_usage(self, "expected one REPS");
    map->metric = metric == 1 ? GN_COSINE : GN_EUCLIDEAN;
    picture->dims = map->dims;
    picture->zoom = map->zoom;
    map->drawn = j.o.figure != NULL;
    map->search = (gn_knn_how)search;
    map->kept = (picture->color && strcmp(picture->color, "kept") == 0) ||
                (j.o.out && ends_in(j.o.out, ".csv"));
    j.o.align = j.align;
    int status = check(self, &j);
    if (status != 0) return status;
    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    gn_reps *reps = NULL;
    const bool several = j.layers || j.align;
    if (cli_context(&common, &ctx, &err) == GN_OK &&
        gn_result_new("project", &result, &err) == GN_OK &&
        open_layers(argv[0], &j, &reps, &err) == GN_OK &&
        gn_survey_origin(reps, result, &err) == GN_OK &&
        cli_conditions(&common, ctx, result, &err) == GN_OK &&
        gn_result_set_text(result, "method", methods[map->method], &err) == GN_OK &&
        (!several || gn_result_set_text(result, "align", aligns[j.align], &err) == GN_OK) &&
        (several ? cli_project_layers(ctx, reps, &j.o, result, &err)
                 : project(ctx, &j.o, reps, result, &err)) == GN_OK)
        status = cli_print_rows(result, csv, common.json);
    else
        status = cli_failed(&err);
    gn_reps_free(reps);
    gn_result_free(result);
    gn_ctx_free(ctx);
    return status;
}

const cli_command cmd_project = {
    .name = "project",
    .summary = "a map of a layer, or of all: principal components, t-SNE, UMAP, with figures",
    .synopsis = "REPS [options]",
    .text =
        "Exact principal components of one layer around its mean: variances, shares, coordinates.\n"
        "Or a map of all rows that puts neighbours near each other, t-SNE or UMAP, or keeps all\n"
        "distances as well as it can, MDS, with how far it can be trusted: the share of nearest\n"
        "neighbours it keeps, trustworthiness, continuity. Of several layers: maps that are put "
        "on\n"
        "one another, and how far rows move from layer to layer.\n"
        "The figure shows the first two or three, coloured by how often a token occurs, by a "
        "label\n"
        "(the ten most frequent values), or with a few tokens named and the rest faint. Points "
        "are\n"
        "drawn in shuffled order, so that no colour hides another.\n\n"
        "Example\n"
        "  gonio project reps/ --figure map.pdf --color frequency\n"
        "  gonio project reps/ --layer 3 --figure map.png --highlight bank,river --dims 3\n"
        "  gonio project reps/ --zoom pos=n -o nouns.npy\n"
        "  gonio project reps/ --method tsne --figure tsne.png --color kept\n"
        "  gonio project reps/ --align joint --figure layers.pdf\n"
        "  gonio project reps/ --method umap --align aligned --layers 0-6 -o layers.npy\n",
    .run = run,
};
