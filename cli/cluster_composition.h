/* gonio cluster --plot composition: what each cluster is made of, as bars. */
#ifndef GONIO_CLI_CLUSTER_COMPOSITION_H
#define GONIO_CLI_CLUSTER_COMPOSITION_H

#include "cli.h"

/** Draws one stack a cluster: its shares of the values that stand out in any cluster, at most nine,
 *  and the others in grey. @param r rows of ONE layer, measured with shares_everywhere.
 *  @param by "type", "position", "position_0", "special", "frequency" or the name of a label; NULL:
 *  what tells the clusters apart best.
 *  @return GN_OK; GN_EINVAL (one cluster only, no such column: names those there are); GN_EIO. */
gn_status cli_composition(gn_result *r, const char *by, const char *path, gn_error *err);

#endif
