/* Commands over pairs of layers, inside one set or between two: overlap and imbalance. */
#ifndef GONIO_CLI_PAIRS_H
#define GONIO_CLI_PAIRS_H

#include "cli.h"
#include "gonio/measure.h"

typedef gn_status (*cli_measure_fn)(gn_ctx *ctx, const gn_reps *a, const gn_reps *b,
                                    const gn_measure_pairs_opts *opts, gn_result *result,
                                    gn_error *err);

/** What tells the two apart. */
typedef struct cli_pairs {
    cli_measure_fn measure;
    const char *name;    /**< of the measure whose rows the figures show */
    const char *caption; /**< on the axis that shows it */
    bool symmetric;      /**< (i, j) also stands for (j, i) */
} cli_pairs;

/** One call: the options of both commands, as they come from the command line. */
typedef struct cli_pairs_call {
    const cli_command *self;
    cli_common common;
    gn_measure_pairs_opts opts;
    const char *k, *layers, *labels, *group, *figure, *profile, *curve;
    int compat;
    bool within, csv;
} cli_pairs_call;

enum { CLI_PAIRS_OPTIONS = 9 };
/** Writes the options that both commands take, and the end of the table, at `out`. */
void cli_pairs_options(cli_pairs_call *c, cli_option *out);

/** Opens the operands, measures, draws, prints; returns an exit status. */
int cli_run_pairs(const cli_pairs *what, cli_pairs_call *c, int n_operands, char **operand);

#endif
