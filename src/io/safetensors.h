/* The safetensors format: eight bytes with the header's length (little-endian), the header as JSON
 * {"name": {"dtype", "shape", "data_offsets": [begin, end]}, ..., "__metadata__": {...}}, the data.
 */
#ifndef GN_IO_SAFETENSORS_H
#define GN_IO_SAFETENSORS_H

#include "base/mem.h"
#include "gonio/io.h"

/** Reads and checks a header: the tensors must cover the data exactly, without overlap or hole.
 *  @param out (n_out) in the order of their data, names included, from the arena; `offset` counts
 *             from the file's first byte.
 *  @return GN_OK; GN_EDATA; GN_ENOSUPP (an element type that gonio has not, such as F8_E4M3). */
gn_status gn_safetensors_parse(const unsigned char *bytes, size_t n, const char *name,
                               gn_arena *arena, gn_tensor_info **out, size_t *n_out, gn_error *err);

#endif
