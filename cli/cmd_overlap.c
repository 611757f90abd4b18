/* gonio overlap: do two layers, or a layer and the labels, agree on who is near whom? */
#include "pairs.h"

static int run(const cli_command *self, int argc, char **argv) {
    enum { OWN = 5 };
    cli_pairs_call c = {.self = self};
    cli_option options[OWN + CLI_PAIRS_OPTIONS] = {
        {"neighbors", 'k', CLI_TEXT, (void *)&c.k, "K",
         "neighbours to compare, one number or several: 1,10,30 (default 30)", NULL},
        {"labels", 0, CLI_TEXT, (void *)&c.labels, "LABELS",
         "label columns of the set, or FILE.npy, FILE.txt, FILE.csv:COLUMN; several by commas",
         NULL},
        {"class-fraction", 0, CLI_REAL, &c.opts.class_fraction, "F",
         "label overlap over this share of a point's class instead of k", NULL},
        {"exclude-group", 0, CLI_TEXT, (void *)&c.group, "LABELS",
         "label overlap without neighbours of the point's own group", NULL},
        {"labels-only", 0, CLI_FLAG, &c.opts.labels_only, NULL, "no pairs of layers", NULL},
    };
    const cli_pairs what = {gn_measure_overlap, "data_overlap", "data overlap", true};
    cli_pairs_options(&c, options + OWN);
    int n = cli_parse(self, options, &c.common, argc, argv);
    if (n < 0) return -1 - n;
    return cli_run_pairs(&what, &c, n, argv);
}

const cli_command cmd_overlap = {
    .name = "overlap",
    .summary = "shared neighbours of layers with each other, and with labels",
    .synopsis = "REPS... [options]",
    .text =
        "The share of a point's k nearest neighbours in one layer that are among its k nearest\n"
        "in another: all pairs of layers of one set, or each layer of one set with each of a\n"
        "second (row i is the same item in both). With --labels also the share of neighbours\n"
        "that carry the point's label, for every layer, weighted by classes and plain.\n\n"
        "--figure draws layers by layers; --profile the label overlap over relative depth, or,\n"
        "without labels, each layer with the one before; --curve the same over k.\n\n"
        "Example\n"
        "  gonio overlap reps/ --figure layers.pdf --profile depth.pdf\n"
        "  gonio overlap model-a/ model-b/ -k 10 --json\n"
        "  gonio overlap X.npy --labels classes.txt -k 1,3,10,30 --curve k.pdf\n",
    .run = run,
};
