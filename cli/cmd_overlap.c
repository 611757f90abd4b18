/* gonio overlap: do two layers, or a layer and the labels, agree on who is near whom? */
#include "pairs.h"

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    bool csv = false;
    gn_measure_opts opts = {0};
    const char *figure = NULL, *labels = NULL;
    const cli_option options[] = {
        {"neighbors", 'k', CLI_SIZE, &opts.k, "K", "neighbours to compare (default 30)", NULL},
        {"labels", 0, CLI_TEXT, (void *)&labels, "LABELS",
         "a label column of the set, or FILE.npy, FILE.txt, FILE.csv:COLUMN", NULL},
        {"max-rows", 0, CLI_SIZE, &opts.max_rows, "N",
         "above N rows, use a seeded sample of N (default 100,000)", NULL},
        {"figure", 0, CLI_TEXT, (void *)&figure, "FILE",
         "draw layers by layers to FILE.png, .svg or .pdf, with its numbers as .csv", NULL},
        {"csv", 0, CLI_FLAG, &csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    const cli_pairs what = {gn_measure_overlap, "data_overlap", "data overlap", true};
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    return cli_run_pairs(&what, self, &common, opts, labels, figure, csv, n, argv);
}

const cli_command cmd_overlap = {
    .name = "overlap",
    .summary = "shared neighbours of layers with each other, and with labels",
    .synopsis = "REPS [REPS] [options]",
    .text =
        "The share of a point's k nearest neighbours in one layer that are among its k nearest\n"
        "in another: all pairs of layers of one set, or each layer of one set with each of a\n"
        "second (row i is the same item in both). With --labels also the share of neighbours\n"
        "that carry the point's label, for every layer.\n\n"
        "Example\n"
        "  gonio overlap reps/ --figure layers.pdf\n"
        "  gonio overlap model-a/ model-b/ -k 10 --json\n"
        "  gonio overlap X.npy --labels classes.txt\n",
    .run = run,
};
