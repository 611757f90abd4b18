/* What gonio cluster prints for people: a line a layer, and what tells its clusters apart. */
#ifndef GONIO_CLI_CLUSTER_TEXT_H
#define GONIO_CLI_CLUSTER_TEXT_H

#include "cli.h"

/** Prints on stdout; returns an exit status. */
int cli_print_clusters(gn_result *r);

#endif
