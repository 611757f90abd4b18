/* NumPy's .npy format (NEP 1, versions 1.0 to 3.0): a magic number, the length of a header, the
 * header as the text of a Python dictionary, the array's bytes. */
#ifndef GN_IO_NPY_H
#define GN_IO_NPY_H

#include "io/array.h"

/** What a header says, checked against the number of bytes that follow. */
typedef struct gn_npy {
    gn_dtype dtype;
    bool fortran, swapped; /**< column-major; the other byte order */
    size_t n_dims, shape[GN_MAX_DIMS];
    size_t n_items, n_bytes; /**< of the data */
    size_t offset;           /**< of the data's first byte */
    char kind; /**< 0, or 'U' / 'S' for text of `width` bytes an item: dtype is then GN_U8 */
    size_t width;
    bool big_text; /**< 'U' in big-endian byte order */
} gn_npy;

/** Reads a header. Bytes behind the data are allowed, missing ones are not.
 *  @param name what errors call it.
 *  @return GN_OK; GN_EDATA (no .npy, damaged, truncated, more than 8 dimensions); GN_ENOSUPP
 *          (objects, complex and other types; text unless `allow_text`). */
gn_status gn_npy_parse(const unsigned char *bytes, size_t n, bool allow_text, const char *name,
                       gn_npy *out, gn_error *err);
/** The same from the first `n_there` of n bytes: enough to say what a file holds before it is
 *  inflated. GN_ENOSUPP when the header is longer. */
gn_status gn_npy_parse_start(const unsigned char *bytes, size_t n_there, size_t n, bool allow_text,
                             const char *name, gn_npy *out, gn_error *err);
/** The array inside bytes that `a->map` or `a->owned` (or the caller) keeps alive: copied into C
 *  order and native order when it is not, or when it is not aligned. */
gn_status gn_npy_array(const unsigned char *bytes, const gn_npy *h, const char *name, gn_array *a,
                       gn_error *err);
/** A member of a .npz file (NULL: the only one), named with or without ".npy". A member that is
 *  stored, not deflated, and aligned is mapped; its CRC is not read then.
 *  @return GN_OK; GN_EIO; GN_EDATA; GN_EINVAL (no such member, or several); GN_ENOSUPP; GN_ENOMEM.
 */
gn_status gn_npz_open(const char *path, const char *member, gn_array *out, gn_error *err);
/** Opens a file: gn_npy_parse and gn_npy_array over its mapping. */
gn_status gn_npy_open(const char *path, gn_array *out, gn_error *err);

enum { GN_NPY_HEADER_MAX = 512 };
/** The header of version 1.0 into buf; returns its length, 128 bytes for up to 4 dimensions, so
 *  that a growing file can be given its final number of rows by writing over its start. bfloat16
 *  is called uint16. n_dims <= GN_MAX_DIMS. */
size_t gn_npy_header_bytes(gn_dtype dtype, const size_t *shape, size_t n_dims,
                           unsigned char buf[GN_NPY_HEADER_MAX]);
/** Writes an array as the only member of a .npz file ("arr_0" is numpy.savez's name for it),
 * stored, under a temporary name that is renamed. @return as gn_npy_write; GN_ENOSUPP (4 GiB or
 * more). */
gn_status gn_npz_write(const char *path, const char *member, gn_dtype dtype, const size_t *shape,
                       size_t n_dims, const void *data, gn_error *err);

#endif
