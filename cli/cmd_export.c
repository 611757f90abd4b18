/* gonio export: a set in the form that another tool opens. */
#include "cli.h"
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

static gn_status document(const cli_common *common, const gn_ctx *ctx, const gn_reps *reps,
                          const gn_exported *done, char **text, gn_error *err) {
    gn_result *r = NULL;
    const struct {
        const char *measure;
        double value;
    } facts[] = {{"rows", (double)done->rows},
                 {"tensors", (double)done->tensors},
                 {"text_tensors", (double)done->text_tensors},
                 {"bytes", (double)done->bytes}};
    gn_status st = gn_result_new("export", &r, err);
    if (st == GN_OK) st = cli_conditions(common, ctx, r, err);
    if (st == GN_OK) st = gn_result_set_text(r, "format", "tensorboard", err);
    for (size_t i = 0; st == GN_OK && i < sizeof facts / sizeof *facts; i++)
        st = gn_result_add(r,
                           &(gn_measurement){.set = gn_reps_name(reps),
                                             .layer = -1,
                                             .measure = facts[i].measure,
                                             .value = facts[i].value,
                                             .se = 0,
                                             .n = (double)done->rows},
                           err);
    if (st == GN_OK) st = gn_result_json(r, text, err);
    gn_result_free(r);
    return st;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    const char *out = NULL, *layers = NULL;
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
        {0}};
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n != 2 || strcmp(argv[0], "tensorboard") != 0)
        return cli_usage(self, n < 1 || strcmp(argv[0], "tensorboard") != 0
                                   ? "expected the format first: tensorboard"
                                   : "expected one REPS behind the format");
    if (!out) return cli_usage(self, "-o DIR is missing");
    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_reps *reps = NULL;
    gn_exported done = {0};
    char *text = NULL;
    gn_status st = cli_context(&common, &ctx, &err);
    if (st == GN_OK) st = gn_reps_open(argv[1], &reps, &err);
    if (st == GN_OK) st = gn_reps_select_layers(reps, layers, &err);
    if (st == GN_OK) st = gn_export_tensorboard(ctx, reps, out, &opts, &done, &err);
    if (st == GN_OK && common.json) st = document(&common, ctx, reps, &done, &text, &err);
    int status = st == GN_OK ? CLI_DONE : cli_failed(&err);
    if (st == GN_OK && !common.quiet) say_limits(&done, reps, opts.stack);
    if (st == GN_OK && common.json)
        status = cli_print(text);
    else if (st == GN_OK && !common.quiet)
        printf("%s: %zu rows, %zu tensors, %.1f MB; tensorboard --logdir %s\n", out, done.rows,
               done.tensors, (double)done.bytes / 1e6, out);
    free(text);
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
        "that no row shifts. 'gonio view DIR' opens the folder, too.\n\n"
        "Example\n"
        "  gonio export tensorboard reps -o projector --max-rows 20000\n",
    .run = run,
};
