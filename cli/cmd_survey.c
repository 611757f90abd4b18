/* gonio survey: the main job. Extract, measure, write tables, figures and the report. */
#define _POSIX_C_SOURCE 200809L
#include "extract_options.h"
#include "gonio/survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a path or a name is called: its last part. */
static const char *base_name(char *path) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') path[--n] = '\0';
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* What the numbers depend on: the call, then what the set records of itself. */
static gn_status conditions(gn_result *result, const cli_common *common, const gn_ctx *ctx,
                            const gn_reps *reps, const char *model, double precision_error,
                            gn_error *err) {
    gn_status st = gn_result_set_text(result, "model", model, err);
    if (st == GN_OK) st = gn_survey_origin(reps, result, err);
    if (st == GN_OK) st = gn_result_set_number(result, "precision_error", precision_error, err);
    if (st == GN_OK) st = cli_conditions(common, ctx, result, err);
    return st;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    cli_extract e = {0};
    gn_survey_opts opts = {0};
    const char *out = NULL;
    cli_option options[CLI_N_EXTRACT_OPTIONS + 7] = {
        {"output", 'o', CLI_TEXT, (void *)&out, "DIR", "folder of the results (required)", NULL},
        {"neighbors", 'k', CLI_SIZE, &opts.k, "K", "neighbours of each row (default 64)", NULL},
        {"overlap-k", 0, CLI_SIZE, &opts.overlap_k, "K", "neighbours of the overlaps (default 30)",
         NULL},
        {"max-rows", 0, CLI_SIZE, &opts.max_rows, "N",
         "sample rows for neighbour measures above N (default 100,000)", NULL},
        {"imbalance-rows", 0, CLI_SIZE, &opts.imbalance_rows, "N",
         "sample rows for information imbalance above N (default 10,000)", NULL},
        {"cluster-rows", 0, CLI_SIZE, &opts.cluster_rows, "N",
         "sample rows for k-means above N (default 2,000)", NULL},
    };
    cli_extract_table(&e, options + 6);
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n != 2) return cli_usage(self, "expected MODEL and TEXT, got %d operand(s)", n);
    if (!out) return cli_usage(self, "-o DIR is required");

    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_reps *reps = NULL;
    gn_result *result = NULL;
    gn_extract_result r = {0};
    char *shown = NULL, note[256], path[4200], set[4200];
    int status = CLI_FAILED;
    snprintf(path, sizeof path, "%s/reps", out);
    snprintf(set, sizeof set, "%s", out);
    opts.set = base_name(set);
    if (cli_extract_resolve(&e, argv[0], &err) != GN_OK ||
        cli_context(&common, &ctx, &err) != GN_OK ||
        gn_extract(ctx, e.model_dir, argv[1], &e.opts, path, &r, &err) != GN_OK ||
        gn_reps_open(path, &reps, &err) != GN_OK ||
        gn_result_new("survey", &result, &err) != GN_OK ||
        conditions(result, &common, ctx, reps, base_name(e.model_dir), r.precision_error, &err) !=
            GN_OK ||
        gn_survey_measure(ctx, reps, &opts, result, &err) != GN_OK ||
        gn_survey_write(ctx, result, out, &err) != GN_OK ||
        (common.json ? gn_result_json(result, &shown, &err)
                     : gn_survey_table(result, &shown, &err)) != GN_OK)
        goto done;
    cli_extract_note(&r, note, sizeof note);
    if (*note && !common.quiet) fprintf(stderr, "gonio: %s\n", note);
    status = cli_print(shown);
    if (!common.json && status == CLI_DONE) {
        snprintf(path, sizeof path, "\nReport: %s/report.html\n", out);
        status = cli_print(path);
    }
done:
    if (status == CLI_FAILED && err.code != GN_OK) status = cli_failed(&err);
    free(shown);
    gn_result_free(result);
    gn_reps_free(reps);
    gn_ctx_free(ctx);
    return status;
}

const cli_command cmd_survey = {
    .name = "survey",
    .summary = "extract every layer of a model over a text, measure it, write a report",
    .synopsis = "MODEL TEXT -o DIR [options]",
    .text =
        "One pass over the text writes all layers to DIR/reps. Then, per layer: exact neighbours,\n"
        "intrinsic dimension (TwoNN, Gride) and local dimension, cosines between and within "
        "types,\n"
        "norms, spectrum, rogue coordinate, density peaks, k-means against a Gaussian null, "
        "overlap\n"
        "of neighbours with every other layer and with each label column; information imbalance\n"
        "between all layers on a sample. Prints one table; writes DIR/survey.json, "
        "DIR/survey.csv,\n"
        "DIR/figures and DIR/report.html. The same command again reuses the layers that are "
        "there.\n\n"
        "Example: words in context with their part of speech\n"
        "  gonio survey all-MiniLM-L6-v2 wordnet-examples.tsv --pool target -o survey\n",
    .run = run,
};
