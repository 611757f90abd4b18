/* gonio imbalance: which of two layers tells more about the other? */
#include "pairs.h"

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    bool csv = false;
    gn_measure_opts opts = {0};
    const char *figure = NULL;
    const cli_option options[] = {
        {"neighbors", 'k', CLI_SIZE, &opts.k, "K",
         "neighbours whose ranks are averaged (default 1)", NULL},
        {"max-rows", 0, CLI_SIZE, &opts.max_rows, "N",
         "above N rows, use a seeded sample of N (default 100,000)", NULL},
        {"figure", 0, CLI_TEXT, (void *)&figure, "FILE",
         "draw layers by layers to FILE.png, .svg or .pdf, with its numbers as .csv", NULL},
        {"csv", 0, CLI_FLAG, &csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    const cli_pairs what = {gn_measure_imbalance, "information_imbalance", "information imbalance",
                            false};
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    return cli_run_pairs(&what, self, &common, opts, NULL, figure, csv, n, argv);
}

const cli_command cmd_imbalance = {
    .name = "imbalance",
    .summary = "information imbalance: which layer predicts which, with exact ranks",
    .synopsis = "REPS [REPS] [options]",
    .text =
        "Delta(A -> B) = 2 / n times the mean rank in B of the nearest neighbours in A: 0 when\n"
        "nearness in A predicts nearness in B, 1 when it says nothing. Both directions, for all\n"
        "pairs of layers of one set, or each layer of one set with each of a second (row i is\n"
        "the same item in both). All ranks are exact.\n\n"
        "Example\n"
        "  gonio imbalance reps/ --figure layers.pdf\n"
        "  gonio imbalance X.npy Y.npy -k 5 --json\n",
    .run = run,
};
