/* The binary container of the viewer's answers: a JSON header, then little-endian arrays.
 *
 *     u32 header_bytes | header, padded with spaces | arrays, each 8-aligned
 *
 * The header is {"arrays": {NAME: {"dtype", "shape", "offset"}}, "bytes": TOTAL, ...}; offsets
 * count from the first byte of the block, header_bytes + 4 is a multiple of 8. In a stream each
 * block has its total size in front as another u32. */
#ifndef GN_VIEW_BLOCK_H
#define GN_VIEW_BLOCK_H

#include "base/mem.h"

#include <jansson.h>

enum { GN_BLOCK_ARRAYS = 8, GN_BLOCK_DIMS = 4 };

/** One array of a block to be made. */
typedef struct gn_block_array {
    const char *name;
    gn_dtype dtype; /**< GN_F32, GN_F64, GN_I32, GN_U32, GN_U16 or GN_U8 */
    size_t n_dims, shape[GN_BLOCK_DIMS];
    const void *data; /**< copied; NULL: left zero, to be filled through gn_block.data */
} gn_block_array;

typedef struct gn_block {
    unsigned char *bytes; /**< free with gn_block_free, or hand over to a reply */
    size_t n;
    void *data[GN_BLOCK_ARRAYS]; /**< place of each array inside `bytes` */
} gn_block;

/** Lays a block out.
 *  @param meta an object whose members join the header (borrowed); NULL: none.
 *  @return GN_OK; GN_EINVAL (more than 4 GiB, another dtype); GN_ENOMEM. */
gn_status gn_block_new(const gn_block_array *array, size_t n_arrays, const json_t *meta,
                       gn_block *out, gn_error *err);
/** {0} is fine. */
void gn_block_free(gn_block *b);

#endif
