/* Where rows lie: the coordinates that `gonio project` computes, one layer at a time. */
#ifndef GONIO_CLI_PROJECT_MAP_H
#define GONIO_CLI_PROJECT_MAP_H

#include "project.h"
#include "gonio/align.h"
#include "gonio/map.h"
#include "gonio/result.h"

enum { CLI_PCA = 0, CLI_TSNE, CLI_UMAP, CLI_MDS };
enum { CLI_APART = 0, CLI_JOINT, CLI_PROCRUSTES, CLI_ALIGNED };
enum { CLI_MDS_ROWS = 5000 }; /* two n x n passes an iteration, and 100 MB */

/** Coordinates of one layer's rows. */
typedef struct cli_map {
    double *xy; /**< (n, k) */
    size_t k;
    float *kept;       /**< (n) share of each row's neighbours that the map keeps; NULL: PCA, or not
                            asked for */
    char summary[128]; /**< of the method and how far it can be trusted, for a title */
    char axis[3][64];
    const gn_knn *knn; /**< lists of the rows, of t-SNE and UMAP; one of the next two owns them */
    gn_neighbors *stored;
    gn_knn *owned;
} cli_map;

typedef struct cli_map_opts {
    int method;
    size_t dims, components;     /**< components: of PCA; 0: ten, but not fewer than dims */
    bool drawn;                  /**< the first `dims` are wanted, whatever `components` says */
    size_t steps, neighbors;     /**< 0: the method's default */
    double perplexity, min_dist; /**< 0 and negative: the default */
    gn_metric metric;
    gn_knn_how search;     /**< of the neighbours of t-SNE and UMAP */
    bool kept;             /**< each row's share is wanted */
    const char *zoom;      /**< what the view shows, for the rows; NULL: all */
    const cli_map *before; /**< t-SNE and UMAP start here and are pulled here; NULL: nowhere */
    double pull;           /**< strength; negative: the method's default */
} cli_map_opts;

/** Computes the coordinates and adds their measurements. Free with cli_map_free. */
gn_status cli_map_make(gn_ctx *ctx, const gn_reps *reps, const cli_view *view,
                       const cli_map_opts *opts, gn_result *result, cli_map *out, gn_error *err);
/** project_pca.c: of principal components; `result` may be NULL. */
gn_status cli_map_principal(gn_ctx *ctx, const gn_reps *reps, const cli_view *view,
                            const cli_map_opts *opts, gn_result *result, cli_map *out,
                            gn_error *err);
/** project_pca.c: in a basis that all layers share. */
gn_status cli_map_joint(gn_ctx *ctx, const gn_reps *reps, const cli_view *view,
                        const cli_map_opts *opts, const gn_joint *joint, gn_result *result,
                        cli_map *out, gn_error *err);
void cli_map_free(cli_map *l);

/** Several layers, put on one another or not. */
typedef struct cli_layers_opts {
    cli_map_opts map;
    int align;         /**< CLI_APART ... CLI_ALIGNED */
    bool equal_layers; /**< of a joint basis */
    const char *out, *figure;
    cli_picture picture;
} cli_layers_opts;
/** project_layers.c: maps of all layers that `reps` has selected, put on one another as `align`
 *  says, with their movement. @param map (layers) to be freed, also on failure. */
gn_status cli_layers_make(gn_ctx *ctx, const gn_reps *reps, const cli_layers_opts *opts,
                          gn_result *result, cli_map *map, gn_error *err);
/** project_layers.c: maps of all layers that `reps` has selected, their movement, files. */
gn_status cli_project_layers(gn_ctx *ctx, const gn_reps *reps, const cli_layers_opts *opts,
                             gn_result *result, gn_error *err);

/** project_write.c: one layer's coordinates, or those of several layers of n rows each, as .npy
 *  (rows x k, layers x rows x k) or .csv. @param layer their numbers; NULL: one layer, unnamed. */
gn_status cli_map_write(const char *path, const cli_map *map, size_t n_layers, const int *layer,
                        const cli_view *view, gn_error *err);

#endif
