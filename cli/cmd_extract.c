/* gonio extract: one pass over the text, all layers, into a representation set. */
#include "extract_options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    cli_extract e = {0};
    const char *out = NULL;
    cli_option options[CLI_N_EXTRACT_OPTIONS + 3] = {
        {"output", 'o', CLI_TEXT, (void *)&out, "REPS", "folder of the new set (required)", NULL},
        {"tables", 0, CLI_FLAG, &e.tables, NULL,
         "write the static embedding tables instead; needs no TEXT", NULL},
    };
    cli_extract_table(&e, options + 2);
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n != (e.tables ? 1 : 2))
        return cli_usage(self,
                         e.tables ? "expected MODEL alone with --tables"
                                  : "expected MODEL and TEXT, got %d operand(s)",
                         n);
    if (!out) return cli_usage(self, "-o REPS is required");

    gn_error err;
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    char *json = NULL;
    gn_extract_result r = {0};
    int status = CLI_FAILED;
    if (cli_extract_resolve(&e, argv[0], &err) != GN_OK ||
        cli_context(&common, &ctx, &err) != GN_OK)
        goto done;
    if (e.tables) {
        if (gn_extract_tables(ctx, e.model_dir, out, e.overwrite, &err) != GN_OK) goto done;
    } else if (gn_extract(ctx, e.model_dir, argv[1], &e.opts, out, &r, &err) != GN_OK) {
        goto done;
    }
    if (common.json) {
        if (gn_result_new("extract", &result, &err) != GN_OK ||
            cli_conditions(&common, ctx, result, &err) != GN_OK ||
            gn_result_set_text(result, "model", e.model_dir, &err) != GN_OK ||
            gn_result_set_text(result, "output", out, &err) != GN_OK)
            goto done;
        const struct {
            const char *measure;
            double value;
        } rows[] = {
            {"sequences", (double)r.n_sequences}, {"tokens", (double)r.n_tokens},
            {"rows", (double)r.n_rows},           {"layers", (double)r.n_layers},
            {"truncated", (double)r.n_truncated}, {"tokens_cut", (double)r.n_tokens_cut},
            {"windows", (double)r.n_windows},     {"no_target", (double)r.n_no_target},
            {"resumed", (double)r.n_resumed},     {"precision_error", r.precision_error},
        };
        for (size_t i = 0; !e.tables && i < sizeof rows / sizeof *rows; i++)
            if (gn_result_add(result,
                              &(gn_measurement){.set = out,
                                                .layer = -1,
                                                .depth = (double)NAN,
                                                .measure = rows[i].measure,
                                                .value = rows[i].value,
                                                .se = (double)NAN,
                                                .n = (double)r.n_sequences},
                              &err) != GN_OK)
                goto done;
        if (gn_result_json(result, &json, &err) != GN_OK) goto done;
        status = cli_print(json);
    } else {
        char line[1400], note[256];
        cli_extract_note(&r, note, sizeof note);
        if (e.tables)
            snprintf(line, sizeof line, "%.1000s: the static tables of %.200s\n", out, argv[0]);
        else
            snprintf(line, sizeof line,
                     "%.900s: %zu rows x %zu layers from %zu sequences, %zu tokens. %s\n", out,
                     r.n_rows, r.n_layers, r.n_sequences, r.n_tokens, note);
        status = common.quiet ? CLI_DONE : cli_print(line);
    }
    err.code = GN_OK;
done:
    if (status == CLI_FAILED && err.code != GN_OK) status = cli_failed(&err);
    free(json);
    gn_result_free(result);
    gn_ctx_free(ctx);
    return status;
}

const cli_command cmd_extract = {
    .name = "extract",
    .summary = "one pass over a text, every layer's hidden states into a folder",
    .synopsis = "MODEL TEXT -o REPS [options]\n       gonio extract MODEL --tables -o DIR",
    .text =
        "TEXT is a file of lines, or .csv, .tsv, .jsonl with a text column and label columns, "
        "each\n"
        "also as .gz. An interrupted run goes on where it stopped when the same command is given\n"
        "again, and ends with the same bytes.\n\n"
        "Example: every token of every layer, then NumPy\n"
        "  gonio extract all-MiniLM-L6-v2 sentences.txt -o reps\n"
        "  python3 -c \"import numpy; print(numpy.load('reps/layer.06.npy').shape)\"\n",
    .run = run,
};
