/* The sets that a command is given, opened together, each under a name of its own. */
#ifndef GONIO_CLI_SETS_H
#define GONIO_CLI_SETS_H

#include "gonio/reps.h"

typedef struct cli_sets {
    size_t n;
    gn_reps **reps;
    char **name; /**< the shortest end of the path that tells it from the others: "a/reps" beside
                      "b/reps"; a path given twice gets " (2)" behind it */
} cli_sets;

/** Opens all operands, and restricts them to `layers` (a list such as "0,3-6,-1"; NULL: all).
 *  @return GN_OK; whatever gn_reps_open and gn_reps_select_layers return; GN_ENOMEM. */
gn_status cli_sets_open(cli_sets *s, char **operand, size_t n, const char *layers, gn_error *err);
void cli_sets_free(cli_sets *s);
/** True when some set has more than one layer. */
bool cli_sets_layered(const cli_sets *s);
/** Layers of all sets together. */
size_t cli_sets_layers(const cli_sets *s);
/** True when a line a layer would be too many to tell apart: more than ten layers of several sets,
 *  which no ordered palette can show. */
bool cli_sets_crowded(const cli_sets *s);

#endif
