/* The figures of overlap and imbalance, from their rows. */
#ifndef GONIO_CLI_PAIRS_FIGURES_H
#define GONIO_CLI_PAIRS_FIGURES_H

#include "pairs.h"
#include "sets.h"

typedef struct cli_pairs_rows {
    const cli_pairs *what;
    gn_result *r;
    const cli_sets *sets;
    bool between; /**< two sets, layers of one with layers of the other */
    bool labels;  /**< rows of label overlap are there: profile and curve show them */
} cli_pairs_rows;

/** Layers by layers, with the first number of neighbours. */
gn_status cli_pairs_heatmap(const cli_pairs_rows *p, const char *path, gn_error *err);
/** Over relative depth: label overlap; or each layer with the one before it; or, between sets, each
 *  layer with the one at its place. */
gn_status cli_pairs_profile(const cli_pairs_rows *p, const char *path, gn_error *err);
/** The same over the number of neighbours, a line a layer. */
gn_status cli_pairs_curve(const cli_pairs_rows *p, const char *path, gn_error *err);

#endif
