/* What the readers share. */
#ifndef GN_VIEW_READERS_H
#define GN_VIEW_READERS_H

#include "io/array.h"
#include "view/data/source.h"

/** The shape of an array as an entry: two dimensions are a table, three a stack of layers; anything
 *  else, or a type that is not floating where `floating`, is not supported and says why. */
gn_status gn_entry_shape(gn_entry *e, gn_dtype dtype, const size_t *shape, size_t n_dims,
                         bool floating, gn_error *err);
/** The first values of the first two rows of (rows, cols) values of a floating type, which need not
 *  be aligned. */
gn_status gn_entry_preview(gn_entry *e, const void *data, gn_error *err);
/** "FILE:MEMBER", or FILE for NULL; NULL: no memory. Free with gn_free. */
char *gn_member_name(const char *file, const char *member);
/** Views into (layers,) rows x dims values that lie one behind the other. */
gn_status gn_source_views(gn_source *s, gn_dtype dtype, const void *data, gn_error *err);

extern const gn_reader gn_reader_set, gn_reader_npy, gn_reader_npz, gn_reader_safetensors,
    gn_reader_tsv, gn_reader_glove, gn_reader_projector;

#endif
