/* Computed layouts as TensorBoard's bookmarks of one tensor; io/bookmarks.h says what they are. */
#ifndef GN_EXPORT_BOOKMARKS_H
#define GN_EXPORT_BOOKMARKS_H

#include "gonio/export.h"

/** The tensor: rows `row` of layers [from, to), one layer behind the other. */
typedef struct gn_bookmarked {
    const gn_export_layout *layout; /**< (n_layouts) a bookmark each */
    size_t n_layouts, from, to;
    size_t n, cols;     /**< rows of each layer, columns of the tensor */
    const int32_t *row; /**< (n) of the set; NULL: all */
    const char *label;  /**< the column that names points */
} gn_bookmarked;

/** @param bytes what was written is added. */
gn_status gn_bookmarks_write(gn_ctx *ctx, const char *path, const gn_bookmarked *b, uint64_t *bytes,
                             gn_error *err);

#endif
