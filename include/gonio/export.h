/* gonio/export.h: sets in the form of other tools. */
#ifndef GONIO_EXPORT_H
#define GONIO_EXPORT_H

#include "gonio/reps.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A computed layout of every layer. Borrowed for the call. */
typedef struct gn_export_layout {
    const char *projection;  /**< "pca", "tsne" or "umap" */
    const char *name;        /**< of the bookmark */
    size_t dim;              /**< 2 or 3: how many coordinates are shown */
    size_t k;                /**< at least dim: how many there are */
    const double *const *at; /**< (layers) of those that are seen: (rows, k) of all rows of the
                                  set; what is not finite is left out */
    size_t steps, neighbors; /**< how it was made, for the projector's panel; 0: unknown */
    double perplexity;
} gn_export_layout;

typedef struct gn_export_opts {
    size_t max_rows; /**< 0: all; else at most so many, drawn with the context's seed, in order */
    bool binary;     /**< raw float32 instead of text, about a fifth of the size */
    bool stack;      /**< one tensor of all layers: rows of layer after layer, with the columns
                          `layer` and `__seq_next__`, which TensorBoard draws as a path per token */
    size_t n_layouts;
    const gn_export_layout *layout; /**< (n_layouts) each becomes a bookmark of each tensor, the
                                         only way in which TensorBoard takes coordinates: of the
                                         first 100,000 rows */
    const char *sprite;             /**< PNG or JPEG of pictures of the rows, all of them in order:
                                         copied, and named for each tensor; NULL: none */
    size_t sprite_width, sprite_height; /**< of one picture in it, pixels */
} gn_export_opts;

typedef struct gn_exported {
    size_t rows;                  /**< of each layer */
    size_t tensors, text_tensors; /**< in all; of them as text although `binary` was asked for */
    uint64_t bytes;               /**< written */
} gn_exported;

/** Rows that TensorBoard's projector asks for; what is behind them it never shows. */
enum { GN_TENSORBOARD_ROWS = 100000 };

/** A folder that TensorBoard's Embedding Projector opens: `tensorboard --logdir DIR`. Each layer is
 *  a tensor, DIR/layer.NN.tsv (nine significant digits, which give each float32 back) or, with
 *  `binary`, DIR/layer.NN.bytes, unless its bytes could be read as text, which TensorBoard tries
 *  first. DIR/metadata.tsv holds the tokens, the label columns, position and sequence: one column
 *  without a header, several with one. Tabs and line ends in a cell become the pictures U+2409,
 *  U+240A and U+240D, a cell of blanks U+2420 for each, a missing token "(none)", so that no row
 * shifts. Layouts become DIR/layer.NN.bookmarks.json. projector_config.pbtxt is written last, all
 * its paths relative.
 *  @param reps which layers are seen decides which are written
 *  @param dir made when it is missing; files of these names in it are replaced
 *  @return GN_OK; GN_EIO; GN_EINVAL (more than INT32_MAX rows with `stack`, another projection, a
 * sprite that is too large, too small for the rows, or of other rows than go out); GN_EDATA (a
 *          sprite that is no picture);
 * GN_ENOMEM; GN_ECANCEL (files that were complete stay, the configuration is not written). */
GN_API gn_status gn_export_tensorboard(gn_ctx *ctx, const gn_reps *reps, const char *dir,
                                       const gn_export_opts *opts, gn_exported *out, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
