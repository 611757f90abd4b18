/* gonio imbalance: which of two layers tells more about the other? */
#include "pairs.h"

static int run(const cli_command *self, int argc, char **argv) {
    enum { OWN = 1 };
    cli_pairs_call c = {.self = self};
    cli_option options[OWN + CLI_PAIRS_OPTIONS] = {
        {"neighbors", 'k', CLI_TEXT, (void *)&c.k, "K",
         "neighbours whose ranks are averaged, one number or several: 1,5,20 (default 1)", NULL},
    };
    const cli_pairs what = {gn_measure_imbalance, "information_imbalance", "information imbalance",
                            false};
    cli_pairs_options(&c, options + OWN);
    int n = cli_parse(self, options, &c.common, argc, argv);
    if (n < 0) return -1 - n;
    return cli_run_pairs(&what, &c, n, argv);
}

const cli_command cmd_imbalance = {
    .name = "imbalance",
    .summary = "information imbalance: which layer predicts which, with exact ranks",
    .synopsis = "REPS... [options]",
    .text =
        "Delta(A -> B) = 2 / n times the mean rank in B of the nearest neighbours in A: 0 when\n"
        "nearness in A predicts nearness in B, 1 when it says nothing. Both directions, for all\n"
        "pairs of layers of one set, or each layer of one set with each of a second (row i is\n"
        "the same item in both). All ranks are exact.\n\n"
        "--figure draws layers by layers; --profile neighbouring layers over relative depth;\n"
        "--curve the same over k.\n\n"
        "Example\n"
        "  gonio imbalance reps/ --figure layers.pdf --profile depth.pdf\n"
        "  gonio imbalance X.npy Y.npy -k 5 --json\n",
    .run = run,
};
