/* gonio export: a set in the form that another tool opens. */
#include "project_map.h"
#include "rows.h"
#include "gonio/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the projector will not do, said before somebody waits for it. */
static void say_limits(const gn_exported *done, const gn_reps *reps, bool stack) {
    size_t shown = done->rows * (stack ? gn_reps_layers(reps) : 1);
    if (shown > GN_TENSORBOARD_ROWS)
        fprintf(stderr,
                "gonio export: TensorBoard shows the first %d of %zu rows; --max-rows draws a "
                "sample\n",
                (int)GN_TENSORBOARD_ROWS, shown);
    if (done->text_tensors)
        fprintf(stderr,
                "gonio export: %zu of %zu tensors were written as text: TensorBoard would have "
                "taken their bytes for it\n",
                done->text_tensors, done->tensors);
}

/* ---- maps as bookmarks ------------------------------------------------------------------------
 */

enum { MAP_METHODS = 3 };
static const char *const map_words[MAP_METHODS] = {"pca", "tsne", "umap"};
static const char *const map_names[MAP_METHODS] = {"PCA", "t-SNE", "UMAP"};

/** Maps of all layers by one method or several. */
typedef struct maps {
    size_t n, n_layers;
    int method[MAP_METHODS];
    cli_map *map[MAP_METHODS];      /* (n_layers) */
    const double **at[MAP_METHODS]; /* (n_layers) */
    gn_export_layout layout[MAP_METHODS];
    char name[MAP_METHODS][64];
} maps;

static void maps_free(maps *m) {
    for (size_t i = 0; i < m->n; i++) {
        for (size_t l = 0; m->map[i] && l < m->n_layers; l++) cli_map_free(&m->map[i][l]);
        free(m->map[i]);
        free(m->at[i]);
    }
}

/* "pca,umap"; 0: a word that is no method, or is there twice. */
static bool read_methods(const char *list, maps *m) {
    bool good = true;
    for (const char *word = list; word && good;) {
        const char *comma = strchr(word, ',');
        const size_t n = comma ? (size_t)(comma - word) : strlen(word);
        int method = 0;
        while (method < MAP_METHODS &&
               (strlen(map_words[method]) != n || strncmp(map_words[method], word, n) != 0))
            method++;
        good = method < MAP_METHODS && m->n < MAP_METHODS;
        for (size_t i = 0; i < m->n && good; i++) good = m->method[i] != method;
        if (good) m->method[m->n++] = method;
        word = comma ? comma + 1 : NULL;
    }
    return good;
}

/* A parameter that the last map said of itself; 0: it has none. */
static double said(gn_result *r, const char *key) {
    const size_t n = gn_result_count(r);
    const char *text = n ? gn_result_param(r, n - 1, key) : NULL;
    return text ? atof(text) : 0;
}

/* Maps of method i. Layers in one tensor have to lie on one another, others are mapped alone. */
static gn_status make_maps(gn_ctx *ctx, const gn_reps *reps, bool stack, size_t dims, maps *m,
                           size_t i, gn_result *result, gn_error *err) {
    const bool pca = m->method[i] == CLI_PCA;
    const cli_layers_opts o = {
        .map = {.method = m->method[i], .dims = dims, .min_dist = -1, .pull = -1},
        .align = pca ? CLI_JOINT : CLI_ALIGNED};
    gn_status st = GN_OK;
    m->map[i] = calloc(m->n_layers, sizeof *m->map[i]);
    m->at[i] = calloc(m->n_layers, sizeof *m->at[i]);
    if (!m->map[i] || !m->at[i]) return cli_fail(err, GN_ENOMEM, "out of memory: maps");
    if (stack && m->n_layers > 1) st = cli_layers_make(ctx, reps, &o, result, m->map[i], err);
    for (size_t l = 0; l < m->n_layers && st == GN_OK; l++) {
        cli_view v = {0};
        if (!m->map[i][l].xy) st = cli_view_open(reps, l, NULL, &v, err);
        if (st == GN_OK && !m->map[i][l].xy)
            st = cli_map_make(ctx, reps, &v, &o.map, result, &m->map[i][l], err);
        cli_view_free(&v);
        m->at[i][l] = m->map[i][l].xy;
    }
    if (st != GN_OK) return st;
    snprintf(m->name[i], sizeof m->name[i], "gonio %s, seed %llu", map_names[m->method[i]],
             (unsigned long long)gn_ctx_seed(ctx));
    m->layout[i] = (gn_export_layout){
        .projection = map_words[m->method[i]],
        .name = m->name[i],
        .dim = dims,
        .k = m->map[i][0].k,
        .at = m->at[i],
        .steps = pca ? 0 : (size_t)said(result, "steps"),
        .perplexity = m->method[i] == CLI_TSNE ? said(result, "perplexity") : 0,
    };
    return GN_OK;
}

/* "28x20": width, then height. */
static bool read_cell(const char *text, gn_export_opts *o) {
    char rest;
    unsigned width, height;
    if (sscanf(text, "%5ux%5u%c", &width, &height, &rest) != 2 || !width || !height) return false;
    o->sprite_width = width;
    o->sprite_height = height;
    return true;
}

/* ---- the command ------------------------------------------------------------------------------
 */

static gn_status add_facts(const gn_reps *reps, const gn_exported *done, gn_result *r,
                           gn_error *err) {
    const struct {
        const char *measure;
        double value;
    } facts[] = {{"rows", (double)done->rows},
                 {"tensors", (double)done->tensors},
                 {"text_tensors", (double)done->text_tensors},
                 {"bytes", (double)done->bytes}};
    gn_status st = gn_result_set_text(r, "format", "tensorboard", err);
    for (size_t i = 0; st == GN_OK && i < sizeof facts / sizeof *facts; i++)
        st = gn_result_add(r,
                           &(gn_measurement){.set = gn_reps_name(reps),
                                             .layer = -1,
                                             .measure = facts[i].measure,
                                             .value = facts[i].value,
                                             .se = 0,
                                             .n = (double)done->rows},
                           err);
    return st;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    const char *out = NULL, *layers = NULL, *project = NULL, *cell = NULL;
    size_t dims = 2;
    maps m = {0};
    gn_export_opts opts = {0};
    const cli_option options[] = {
        {"out", 'o', CLI_TEXT, &out, "DIR", "the folder to make", NULL},
        {"layers", 0, CLI_TEXT, &layers, "LIST", "such as 0,3-6,-1; default all", NULL},
        {"max-rows", 0, CLI_SIZE, &opts.max_rows, "N",
         "a sample of N rows, drawn with --seed; default all", NULL},
        {"binary", 0, CLI_FLAG, &opts.binary, NULL,
         "raw float32 instead of text: a fifth of the size", NULL},
        {"stack", 0, CLI_FLAG, &opts.stack, NULL,
         "one tensor of all layers, each token's path through them drawn as a line", NULL},
        {"project", 0, CLI_TEXT, &project, "METHODS",
         "pca, tsne, umap or several, such as pca,umap: maps of all rows, which TensorBoard shows "
         "as bookmarks",
         NULL},
        {"dims", 0, CLI_SIZE, &dims, "2|3", "of these maps (default 2)", NULL},
        {"sprite", 0, CLI_TEXT, &opts.sprite, "IMAGE",
         "a PNG or JPEG with a picture of each row, row by row from the upper left corner", NULL},
        {"cell", 0, CLI_TEXT, &cell, "WxH", "the size of one picture in it, such as 28x28", NULL},
        {0}};
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n != 2 || strcmp(argv[0], "tensorboard") != 0)
        return cli_usage(self, n < 1 || strcmp(argv[0], "tensorboard") != 0
                                   ? "expected the format first: tensorboard"
                                   : "expected one REPS behind the format");
    if (!out) return cli_usage(self, "-o DIR is missing");
    if (!read_methods(project, &m))
        return cli_usage(self, "--project %s: expected pca, tsne or umap, each once, with commas",
                         project);
    if (!opts.sprite != !cell) return cli_usage(self, "--sprite and --cell belong together");
    if (cell && !read_cell(cell, &opts))
        return cli_usage(self, "--cell %s: expected two whole numbers, such as 28x28", cell);
    if (dims != 2 && dims != 3) return cli_usage(self, "--dims %zu: expected 2 or 3", dims);
    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_reps *reps = NULL;
    gn_result *result = NULL;
    gn_exported done = {0};
    gn_status st = cli_context(&common, &ctx, &err);
    if (st == GN_OK) st = gn_result_new("export", &result, &err);
    if (st == GN_OK) st = gn_reps_open(argv[1], &reps, &err);
    if (st == GN_OK) st = gn_reps_select_layers(reps, layers, &err);
    if (st == GN_OK) st = cli_conditions(&common, ctx, result, &err);
    if (st == GN_OK) m.n_layers = gn_reps_layers(reps);
    for (size_t i = 0; i < m.n && st == GN_OK; i++)
        st = make_maps(ctx, reps, opts.stack, dims, &m, i, result, &err);
    opts.n_layouts = m.n;
    opts.layout = m.layout;
    if (st == GN_OK) st = gn_export_tensorboard(ctx, reps, out, &opts, &done, &err);
    if (st == GN_OK) st = add_facts(reps, &done, result, &err);
    int status = st == GN_OK ? CLI_DONE : cli_failed(&err);
    if (st == GN_OK && !common.quiet) say_limits(&done, reps, opts.stack);
    if (st == GN_OK && common.json)
        status = cli_print_rows(result, false, true);
    else if (st == GN_OK && !common.quiet)
        printf("%s: %zu rows, %zu tensors, %.1f MB; tensorboard --logdir %s\n", out, done.rows,
               done.tensors, (double)done.bytes / 1e6, out);
    maps_free(&m);
    gn_result_free(result);
    gn_reps_free(reps);
    gn_ctx_free(ctx);
    return status;
}

const cli_command cmd_export = {
    .name = "export",
    .summary = "a set as a folder that TensorBoard's Embedding Projector opens",
    .synopsis = "tensorboard REPS -o DIR [options]",
    .text =
        "Each layer becomes a tensor; tokens, label columns, position and sequence become\n"
        "metadata.tsv; projector_config.pbtxt names them all. Text has nine digits, which give\n"
        "every float32 back. Tabs, line ends and empty tokens are replaced by visible signs, so\n"
        "that no row shifts. Maps made with --project come along as bookmarks, the only way in\n"
        "which TensorBoard takes coordinates. 'gonio view DIR' opens the folder, too.\n\n"
        "Example\n"
        "  gonio export tensorboard reps -o projector --max-rows 20000\n"
        "  gonio export tensorboard reps -o projector --layers -1 --project pca,umap\n",
    .run = run,
};
