/* Commands over one set, all pairs of its layers, or over two sets, each layer of one with each of
 * the other: overlap and imbalance. */
#ifndef GONIO_CLI_PAIRS_H
#define GONIO_CLI_PAIRS_H

#include "cli.h"
#include "gonio/measure.h"

typedef gn_status (*cli_measure_fn)(gn_ctx *ctx, const gn_reps *a, const gn_reps *b,
                                    const gn_measure_opts *opts, gn_result *result, gn_error *err);

typedef struct cli_pairs {
    cli_measure_fn measure;
    const char *name;    /**< of the measure whose rows the figure shows */
    const char *caption; /**< beside the figure's colour bar */
    bool symmetric;      /**< (i, j) also stands for (j, i) */
} cli_pairs;

/** Opens the operands, measures, draws, prints; returns an exit status.
 *  @param labels NULL, or what --labels named. @param figure NULL, or a path. */
int cli_run_pairs(const cli_pairs *what, const cli_command *self, const cli_common *common,
                  gn_measure_opts opts, const char *labels, const char *figure, bool csv,
                  int n_operands, char **operand);

#endif
