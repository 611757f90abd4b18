/* gonio project: a map of one layer. */
#define _POSIX_C_SOURCE 200809L
#include "project.h"
#include "rows.h"
#include "gonio/survey.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_COMPONENTS = 10 };

static const char *const methods[] = {"pca", NULL};

static gn_status out_of_memory(gn_error *err) {
    return cli_project_fail(err, GN_ENOMEM, "out of memory: coordinates");
}

/* One layer of the set: the one asked for, else the last. */
static gn_status open_layer(const char *spec, const char *layer, gn_reps **out, gn_error *err) {
    gn_status st = gn_reps_open(spec, out, err);
    if (st == GN_OK) st = gn_reps_select_layers(*out, layer ? layer : "-1", err);
    if (st != GN_OK || gn_reps_layers(*out) == 1) return st;
    return cli_project_fail(err, GN_EINVAL, "--layer %.200s: a map shows one layer", layer);
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

/* row,pc1,pc2 ... with the number of each row in the set */
static gn_status write_csv(const char *path, const double *xy, const cli_view *v, size_t k,
                           gn_error *err) {
    size_t room = (v->n + 1) * (k + 1) * 26 + 64, used = 0;
    char *text = malloc(room);
    if (!text) return out_of_memory(err);
    used += (size_t)snprintf(text + used, room - used, "row");
    for (size_t c = 0; c < k; c++)
        used += (size_t)snprintf(text + used, room - used, ",pc%zu", c + 1);
    used += (size_t)snprintf(text + used, room - used, "\n");
    for (size_t i = 0; i < v->n; i++) {
        used += (size_t)snprintf(text + used, room - used, "%zu", v->row ? (size_t)v->row[i] : i);
        for (size_t c = 0; c < k; c++)
            used += (size_t)snprintf(text + used, room - used, ",%.17g", xy[i * k + c]);
        used += (size_t)snprintf(text + used, room - used, "\n");
    }
    gn_status st = gn_text_write(path, text, err);
    free(text);
    return st;
}

static gn_status write_coordinates(const char *path, const double *xy, const cli_view *v, size_t k,
                                   gn_error *err) {
    size_t shape[2] = {v->n, k};
    if (ends_in(path, ".csv")) return write_csv(path, xy, v, k, err);
    return gn_npy_write(path, GN_F64, shape, 2, xy, err);
}

/* ---- the command -------------------------------------------------------------------------------
 */

struct job {
    size_t components, dims;
    int method;
    const char *layer, *out, *figure, *zoom;
    cli_picture picture;
};

static gn_status project(gn_ctx *ctx, const struct job *j, const gn_reps *reps, gn_result *result,
                         gn_error *err) {
    gn_status st;
    cli_view v = {0};
    gn_pca *pca = NULL;
    gn_figure *fig = NULL;
    double *xy = NULL;
    if ((st = cli_view_open(reps, j->zoom, &v, err)) != GN_OK) return st;
    size_t most = v.n > v.x.cols ? v.x.cols : v.n > 0 ? v.n - 1 : 0, k = j->components;
    if (k == 0) k = most < SHOWN_COMPONENTS ? most : SHOWN_COMPONENTS;
    if (j->figure && k < j->dims) k = j->dims;
    if ((st = gn_pca_fit(ctx, v.x, k, &pca, err)) != GN_OK) goto done;
    k = gn_pca_components(pca);
    if (!(xy = malloc((v.n * k + 1) * sizeof *xy))) {
        st = out_of_memory(err);
        goto done;
    }
    if ((st = gn_pca_project(ctx, pca, v.x, xy, err)) != GN_OK ||
        (st = add_rows(result, reps, pca, &v, j->zoom, err)) != GN_OK)
        goto done;
    if (j->out && (st = write_coordinates(j->out, xy, &v, k, err)) != GN_OK) goto done;
    if (j->figure && (st = cli_picture_draw(reps, &v, pca, xy, &j->picture, &fig, err)) == GN_OK)
        st = cli_write_figure(fig, j->figure, err);
done:
    gn_figure_free(fig);
    gn_pca_free(pca);
    cli_view_free(&v);
    free(xy);
    return st;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    bool csv = false;
    struct job j = {.dims = 2};
    const cli_option options[] = {
        {"method", 0, CLI_WORD, &j.method, "M", "pca (exact, default)", methods},
        {"layer", 0, CLI_TEXT, (void *)&j.layer, "L", "layer to map, -1: the last (default)", NULL},
        {"components", 'c', CLI_SIZE, &j.components, "K",
         "components that are computed and written (default 10)", NULL},
        {"output", 'o', CLI_TEXT, (void *)&j.out, "FILE",
         "write the coordinates: .npy (float64, rows x K) or .csv", NULL},
        {"zoom", 0, CLI_TEXT, (void *)&j.zoom, "LABEL=VALUE",
         "only these rows (LABEL!=VALUE: all but these; or a list such as 0:1000), fitted anew",
         NULL},
        {"figure", 0, CLI_TEXT, (void *)&j.figure, "FILE",
         "draw the map: .png, .svg or .pdf, with its points as .csv beside it", NULL},
        {"dims", 0, CLI_SIZE, &j.dims, "2|3", "of the figure (default 2)", NULL},
        {"color", 0, CLI_TEXT, (void *)&j.picture.color, "BY",
         "frequency (of the token), type, a label column of the set, or FILE.npy, .txt, "
         ".csv:COLUMN",
         NULL},
        {"highlight", 0, CLI_TEXT, (void *)&j.picture.highlight, "A,B,C",
         "show these tokens, or values of --color, and the rest faintly", NULL},
        {"title", 0, CLI_TEXT, (void *)&j.picture.title, "TEXT",
         "of the figure (default: set, layer, rows, share of variance)", NULL},
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
    .summary = "a map of a layer: its principal components, with figures",
    .synopsis = "REPS [options]",
    .text =
        "Exact principal components of one layer around its mean: variances, shares, coordinates.\n"
        "The figure shows the first two or three, coloured by how often a token occurs, by a "
        "label\n"
        "(the ten most frequent values), or with a few tokens named and the rest faint. Points "
        "are\n"
        "drawn in shuffled order, so that no colour hides another.\n\n"
        "Example\n"
        "  gonio project reps/ --figure map.pdf --color frequency\n"
        "  gonio project reps/ --layer 3 --figure map.png --highlight bank,river --dims 3\n"
        "  gonio project reps/ --zoom pos=n -o nouns.npy\n",
    .run = run,
};
