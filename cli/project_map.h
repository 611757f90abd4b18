/* Maps that put neighbours near each other, as `gonio project` makes them. */
#ifndef GONIO_CLI_PROJECT_MAP_H
#define GONIO_CLI_PROJECT_MAP_H

#include "project.h"
#include "gonio/map.h"
#include "gonio/result.h"

enum { CLI_PCA = 0, CLI_TSNE, CLI_UMAP };

typedef struct cli_map_opts {
    int method;                    /**< CLI_TSNE or CLI_UMAP */
    size_t dims, steps, neighbors; /**< 0: the method's default */
    double perplexity, min_dist;   /**< 0 and negative: the default */
    gn_metric metric;
    const char *zoom; /**< what the view shows, for the rows; NULL: all */
} cli_map_opts;

typedef struct cli_map {
    double *xy;        /**< (n, dims) */
    float *kept;       /**< (n) share of each row's neighbours that the map keeps */
    char summary[128]; /**< of the method and how far it can be trusted, for a title */
} cli_map;

/** Runs the map on the rows of the view, starting t-SNE from principal components, and adds its
 *  measurements. Free with cli_map_free. */
gn_status cli_map_make(gn_ctx *ctx, const gn_reps *reps, const cli_view *view,
                          const cli_map_opts *opts, gn_result *result, cli_map *out,
                          gn_error *err);
void cli_map_free(cli_map *l);

#endif
