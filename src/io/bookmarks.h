/* Bookmarks of TensorBoard's Embedding Projector: a JSON array of states, each with what was on the
 * screen and the coordinates of every point, TensorBoard's only carrier of a computed layout.
 *
 *     [{"label": "State 0", "selectedProjection": "tsne", "dataSetDimensions": [2, 3],
 *       "tSNEis3d": false, "pcaComponentDimensions": [0, 1, 2], "filteredPoints": null,
 *       "selectedPoints": [1], "selectedColorOptionName": "word", ...
 *       "projections": [{"pca-0": 0.5, "pca-1": 2, ..., "tsne-0": 1, "tsne-1": -4}, {...}]}]
 *
 * Points are counted in the data set that was on the screen: with a filter, point i is row
 * filteredPoints[i], and dataSetDimensions are the filter's, too. t-SNE and UMAP place a sample
 * only; a point without a coordinate lacks the key, one that was not a number is null. */
#ifndef GN_IO_BOOKMARKS_H
#define GN_IO_BOOKMARKS_H

#include "base/mem.h"

typedef enum gn_bookmark_kind {
    GN_BOOKMARK_PCA = 0,
    GN_BOOKMARK_TSNE,
    GN_BOOKMARK_UMAP,
    GN_BOOKMARK_CUSTOM,
    GN_BOOKMARK_KINDS
} gn_bookmark_kind;
/** As selectedProjection says them; before a coordinate's "-0", "-x"; for people. NULL behind the
 *  last. */
extern const char *const gn_bookmark_words[], *const gn_bookmark_keys[],
                                                  *const gn_bookmark_titles[];

/** TensorBoard asks for so many rows of a tensor, the first ones, and never shows the others. */
enum { GN_BOOKMARK_MOST_POINTS = 100000 };

typedef struct gn_bookmark_layout {
    gn_bookmark_kind kind;
    size_t dim;          /**< 2 or 3 */
    size_t component[3]; /**< of PCA: which one is on each axis, from 0 */
    size_t placed;       /**< rows that have a place, at least one */
    float *at;           /**< (rows, dim); NaN for the others */
} gn_bookmark_layout;

typedef struct gn_bookmark {
    char *name;
    size_t n_layouts;
    gn_bookmark_layout layout[GN_BOOKMARK_KINDS];
    int shown;           /**< place in layout of the one on the screen; -1: none of them */
    char *color, *label; /**< columns; NULL: none */
    int32_t *filter;     /**< (n_filter) rows that were isolated; NULL: all */
    int32_t *selection;  /**< (n_selection) rows, not points */
    size_t n_filter, n_selection;
    size_t iteration;  /**< of t-SNE; 0: unknown */
    double perplexity; /**< of t-SNE; 0: unknown */
    size_t neighbors;  /**< of UMAP; 0: unknown */
} gn_bookmark;

typedef struct gn_bookmarks {
    size_t n;
    gn_bookmark *bookmark; /**< (n) in the order of the file */
    char *note;            /**< NULL, or a sentence on those of vectors of another shape, which are
                                passed over */
} gn_bookmarks;

/** @param rows, cols of the vectors that the bookmarks belong to.
 *  @return GN_OK; GN_EIO; GN_EDATA (not such a file, more than 512 MiB, a row or a count that is
 *          wrong; names the bookmark or the byte); GN_ENOMEM. */
gn_status gn_bookmarks_open(const char *path, size_t rows, size_t cols, gn_bookmarks *out,
                            gn_error *err);
/** The same of text in memory. */
gn_status gn_bookmarks_parse(const char *text, size_t n, size_t rows, size_t cols, const char *name,
                             gn_bookmarks *out, gn_error *err);
/** {0} is fine. */
void gn_bookmarks_free(gn_bookmarks *b);

#endif
