/* gonio project: a map of one layer. */
#define _POSIX_C_SOURCE 200809L
#include "project_map.h"
#include "rows.h"
#include "gonio/survey.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_COMPONENTS = 10 };

static const char *const methods[] = {"pca", "tsne", "umap", NULL};
static const char *const metrics[] = {"euclidean", "cosine", NULL};

static gn_status out_of_memory(gn_error *err) {
    return cli_fail(err, GN_ENOMEM, "out of memory: coordinates");
}

/* One layer of the set: the one asked for, else the last. */
static gn_status open_layer(const char *spec, const char *layer, gn_reps **out, gn_error *err) {
    gn_status st = gn_reps_open(spec, out, err);
    if (st == GN_OK) st = gn_reps_select_layers(*out, layer ? layer : "-1", err);
    if (st != GN_OK || gn_reps_layers(*out) == 1) return st;
    return cli_fail(err, GN_EINVAL, "--layer %.200s: a map shows one layer", layer);
}

static gn_status add_rows(gn_result *r, const gn_reps *reps, const gn_pca *pca, const cli_view *v,
                          const char *zoom, gn_error *err) {
    static const char *const measures[] = {"pca_variance", "pca_share", "pca_share"};
    static const char *const variants[] = {"", "", "cumulative"};
    gn_status st = GN_OK;
    double sum = 0;
    for (size_t i = 0; i < gn_pca_components(pca); i++) {
        sum += gn_pca_share(pca, i);
        double value[] = {gn_pca_variance(pca, i), gn_pca_share(pca, i), sum};
        for (size_t m = 0; m < 3 && st == GN_OK; m++) {
            gn_measurement row = {.set = gn_reps_name(reps),
                                  .layer = (int)gn_reps_layer_index(reps, 0),
                                  .depth = gn_reps_depth(reps, 0),
                                  .measure = measures[m],
                                  .variant = variants[m],
                                  .value = value[m],
                                  .se = (double)NAN,
                                  .n = (double)v->n};
            st = gn_result_add(r, &row, err);
            if (st == GN_OK) st = gn_result_param_number(r, "component", (double)(i + 1), err);
            if (st == GN_OK && zoom) st = gn_result_param_text(r, "rows", zoom, err);
        }
    }
    return st;
}

/* ---- coordinates -------------------------------------------------------------------------------
 */

static bool ends_in(const char *path, const char *suffix) {
    size_t n = strlen(path), m = strlen(suffix);
    return n > m && strcmp(path + n - m, suffix) == 0;
}

/* row,pc1,pc2 ... with the number of each row in the set; a layout's axes have no meaning of their
 * own and are d1, d2 ..., and the share of neighbours kept follows. */
static gn_status write_csv(const char *path, const double *xy, const float *kept, const cli_view *v,
                           size_t k, gn_error *err) {
    size_t room = (v->n + 1) * (k + 2) * 26 + 64, used = 0;
    char *text = malloc(room);
    if (!text) return out_of_memory(err);
    used += (size_t)snprintf(text + used, room - used, "row");
    for (size_t c = 0; c < k; c++)
        used += (size_t)snprintf(text + used, room - used, ",%s%zu", kept ? "d" : "pc", c + 1);
    used += (size_t)snprintf(text + used, room - used, kept ? ",kept\n" : "\n");
    for (size_t i = 0; i < v->n; i++) {
        used += (size_t)snprintf(text + used, room - used, "%zu", v->row ? (size_t)v->row[i] : i);
        for (size_t c = 0; c < k; c++)
            used += (size_t)snprintf(text + used, room - used, ",%.17g", xy[i * k + c]);
        if (kept) used += (size_t)snprintf(text + used, room - used, ",%.4f", (double)kept[i]);
        used += (size_t)snprintf(text + used, room - used, "\n");
    }
    gn_status st = gn_text_write(path, text, err);
    free(text);
    return st;
}

static gn_status write_coordinates(const char *path, const double *xy, const float *kept,
                                   const cli_view *v, size_t k, gn_error *err) {
    size_t shape[2] = {v->n, k};
    if (ends_in(path, ".csv")) return write_csv(path, xy, kept, v, k, err);
    return gn_npy_write(path, GN_F64, shape, 2, xy, err);
}

/* ---- the command -------------------------------------------------------------------------------
 */

struct job {
    size_t components, dims;
    int method, metric;
    const char *layer, *out, *figure, *zoom;
    cli_map_opts layout;
    cli_picture picture;
};

/* Coordinates, their number, what a figure says about them. */
struct map {
    double *xy;
    size_t k;
    cli_map layout; /* owns xy when it was made */
    char summary[64];
};

static gn_status principal(gn_ctx *ctx, const struct job *j, const gn_reps *reps, const cli_view *v,
                           gn_result *result, struct map *map, cli_picture *pic, gn_error *err) {
    gn_status st;
    gn_pca *pca = NULL;
    double share = 0;
    size_t most = v->n > v->x.cols ? v->x.cols : v->n > 0 ? v->n - 1 : 0, k = j->components;
    if (k == 0) k = most < SHOWN_COMPONENTS ? most : SHOWN_COMPONENTS;
    if (j->figure && k < j->dims) k = j->dims;
    if ((st = gn_pca_fit(ctx, v->x, k, &pca, err)) != GN_OK) goto done;
    map->k = gn_pca_components(pca);
    if (!(map->xy = malloc((v->n * map->k + 1) * sizeof *map->xy))) {
        st = out_of_memory(err);
        goto done;
    }
    if ((st = gn_pca_project(ctx, pca, v->x, map->xy, err)) != GN_OK) goto done;
    st = add_rows(result, reps, pca, v, j->zoom, err);
    for (size_t a = 0; a < j->dims && a < map->k; a++) {
        snprintf(pic->axis[a], sizeof pic->axis[a], "PC %zu (%.1f %%)", a + 1,
                 100 * gn_pca_share(pca, a));
        share += gn_pca_share(pca, a);
    }
    snprintf(map->summary, sizeof map->summary, "%.1f %% of the variance", 100 * share);
    pic->summary = map->summary;
done:
    gn_pca_free(pca);
    return st;
}

static gn_status neighborly(gn_ctx *ctx, const struct job *j, const gn_reps *reps,
                            const cli_view *v, gn_result *result, struct map *map, cli_picture *pic,
                            gn_error *err) {
    gn_status st = cli_map_make(ctx, reps, v, &j->layout, result, &map->layout, err);
    if (st != GN_OK) return st;
    map->xy = map->layout.xy;
    map->k = j->dims;
    for (size_t a = 0; a < j->dims; a++)
        snprintf(pic->axis[a], sizeof pic->axis[a], "%s %zu",
                 j->method == CLI_TSNE ? "t-SNE" : "UMAP", a + 1);
    pic->summary = map->layout.summary;
    if (pic->color && strcmp(pic->color, "kept") == 0) pic->kept = map->layout.kept;
    return GN_OK;
}

static gn_status project(gn_ctx *ctx, const struct job *j, const gn_reps *reps, gn_result *result,
                         gn_error *err) {
    gn_status st;
    cli_view v = {0};
    cli_picture pic = j->picture;
    struct map map = {0};
    gn_figure *fig = NULL;
    if ((st = cli_view_open(reps, j->zoom, &v, err)) != GN_OK) return st;
    st = j->method == CLI_PCA ? principal(ctx, j, reps, &v, result, &map, &pic, err)
                              : neighborly(ctx, j, reps, &v, result, &map, &pic, err);
    if (st == GN_OK && j->out)
        st = write_coordinates(j->out, map.xy, map.layout.kept, &v, map.k, err);
    if (st == GN_OK && j->figure) st = cli_picture_draw(reps, &v, map.xy, map.k, &pic, &fig, err);
    if (st == GN_OK && j->figure) st = cli_write_figure(fig, j->figure, err);
    gn_figure_free(fig);
    if (map.layout.xy)
        cli_map_free(&map.layout);
    else
        free(map.xy);
    cli_view_free(&v);
    return st;
}

/* Whether `csv` is where the numbers of `figure` are written: the same name with .csv. */
static bool same_file(const char *csv, const char *figure) {
    const char *dot = strrchr(figure, '.');
    size_t n = dot ? (size_t)(dot - figure) : strlen(figure);
    return strncmp(csv, figure, n) == 0 && strcmp(csv + n, ".csv") == 0;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    bool csv = false;
    struct job j = {.dims = 2, .layout = {.min_dist = -1}};
    const cli_option options[] = {
        {"method", 0, CLI_WORD, &j.method, "M", "pca (exact, default), tsne, umap", methods},
        {"perplexity", 0, CLI_REAL, &j.layout.perplexity, "P",
         "of t-SNE: how many neighbours count (default 30)", NULL},
        {"neighbors", 'k', CLI_SIZE, &j.layout.neighbors, "K",
         "of UMAP, the row itself included (default 15)", NULL},
        {"min-dist", 0, CLI_REAL, &j.layout.min_dist, "D",
         "of UMAP: how close points may lie (default 0.1)", NULL},
        {"steps", 0, CLI_SIZE, &j.layout.steps, "N",
         "of t-SNE after the first 250 (default 500), of UMAP (default 500, above 10,000 rows 200)",
         NULL},
        {"metric", 'm', CLI_WORD, &j.metric, "METRIC",
         "of the neighbours: euclidean (default) or cosine", metrics},
        {"layer", 0, CLI_TEXT, (void *)&j.layer, "L", "layer to map, -1: the last (default)", NULL},
        {"components", 'c', CLI_SIZE, &j.components, "K",
         "principal components that are computed and written (default 10)", NULL},
        {"output", 'o', CLI_TEXT, (void *)&j.out, "FILE",
         "write the coordinates: .npy (float64, rows x K) or .csv", NULL},
        {"zoom", 0, CLI_TEXT, (void *)&j.zoom, "LABEL=VALUE",
         "only these rows (LABEL!=VALUE: all but these; or a list such as 0:1000), fitted anew",
         NULL},
        {"figure", 0, CLI_TEXT, (void *)&j.figure, "FILE",
         "draw the map: .png, .svg or .pdf, with its points as .csv beside it", NULL},
        {"dims", 0, CLI_SIZE, &j.dims, "2|3", "of the figure, and of t-SNE and UMAP (default 2)",
         NULL},
        {"color", 0, CLI_TEXT, (void *)&j.picture.color, "BY",
         "frequency (of the token), type, a label column of the set, FILE.npy, .txt, .csv:COLUMN; "
         "kept: the share of a row's neighbours that t-SNE or UMAP keeps",
         NULL},
        {"highlight", 0, CLI_TEXT, (void *)&j.picture.highlight, "A,B,C",
         "show these tokens, or values of --color, and the rest faintly", NULL},
        {"title", 0, CLI_TEXT, (void *)&j.picture.title, "TEXT",
         "of the figure (default: set, layer, rows, share of variance or neighbours)", NULL},
        {"csv", 0, CLI_FLAG, &csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n != 1) return cli_usage(self, "expected one REPS");
    if (j.dims != 2 && j.dims != 3) return cli_usage(self, "--dims %zu: expected 2 or 3", j.dims);
    if (!j.figure && (j.picture.color || j.picture.highlight))
        return cli_usage(self, "--color and --highlight belong to --figure");
    if (j.out && !ends_in(j.out, ".npy") && !ends_in(j.out, ".csv"))
        return cli_usage(self, "-o %s: expected .npy or .csv", j.out);
    if (j.out && j.figure && same_file(j.out, j.figure))
        return cli_usage(self, "-o %s: the points of the figure go there; choose another name",
                         j.out);
    if (j.method != CLI_TSNE && j.layout.perplexity != 0)
        return cli_usage(self, "--perplexity belongs to --method tsne");
    if (j.method != CLI_UMAP && (j.layout.neighbors != 0 || j.layout.min_dist >= 0))
        return cli_usage(self, "--neighbors and --min-dist belong to --method umap");
    if (j.method == CLI_PCA && (j.layout.steps != 0 || j.metric != 0))
        return cli_usage(self, "--steps and --metric belong to --method tsne or umap");
    if (j.method != CLI_PCA && j.components != 0)
        return cli_usage(self, "--components belongs to --method pca; --dims is what a map has");
    if (j.layout.perplexity != 0 && !(j.layout.perplexity >= 1 && j.layout.perplexity <= 341))
        return cli_usage(self, "--perplexity %g: expected 1 to 341 (1,024 neighbours)",
                         j.layout.perplexity);
    if (j.method == CLI_PCA && j.picture.color && strcmp(j.picture.color, "kept") == 0)
        return cli_usage(self, "--color kept belongs to --method tsne or umap");
    j.layout.method = j.method;
    j.layout.metric = j.metric == 1 ? GN_COSINE : GN_EUCLIDEAN;
    j.layout.dims = j.dims;
    j.layout.zoom = j.zoom;
    j.picture.dims = j.dims;
    j.picture.zoom = j.zoom;
    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    gn_reps *reps = NULL;
    int status = CLI_FAILED;
    if (cli_context(&common, &ctx, &err) == GN_OK &&
        gn_result_new("project", &result, &err) == GN_OK &&
        open_layer(argv[0], j.layer, &reps, &err) == GN_OK &&
        gn_survey_origin(reps, result, &err) == GN_OK &&
        cli_conditions(&common, ctx, result, &err) == GN_OK &&
        gn_result_set_text(result, "method", methods[j.method], &err) == GN_OK &&
        project(ctx, &j, reps, result, &err) == GN_OK)
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
    .summary = "a map of a layer: principal components, t-SNE or UMAP, with figures",
    .synopsis = "REPS [options]",
    .text =
        "Exact principal components of one layer around its mean: variances, shares, coordinates.\n"
        "Or a map of all rows that puts neighbours near each other, t-SNE or UMAP, with how far it "
        "can\n"
        "be trusted: the share of nearest neighbours it keeps, trustworthiness, continuity.\n"
        "The figure shows the first two or three, coloured by how often a token occurs, by a "
        "label\n"
        "(the ten most frequent values), or with a few tokens named and the rest faint. Points "
        "are\n"
        "drawn in shuffled order, so that no colour hides another.\n\n"
        "Example\n"
        "  gonio project reps/ --figure map.pdf --color frequency\n"
        "  gonio project reps/ --layer 3 --figure map.png --highlight bank,river --dims 3\n"
        "  gonio project reps/ --zoom pos=n -o nouns.npy\n"
        "  gonio project reps/ --method tsne --figure tsne.png --color kept\n",
    .run = run,
};
