/* gonio/io.h: files of numbers in, files of numbers out.
 *
 * A "spec" names a matrix inside a file, the way a user types it:
 *
 *     X.npy                      the array (1-D is one column, 2-D is (n, d); more is an error)
 *     X.npz:member               a member; may be left out when there is only one
 *     model.safetensors:tensor   a tensor; may be left out when there is only one 2-D tensor
 *     X.csv, X.tsv               numbers (.gz, too); a first line not all numbers is a header
 *
 * Every reader is bounded by the file's size and checks what the file claims before it trusts it.
 */
#ifndef GONIO_IO_H
#define GONIO_IO_H

#include "gonio/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An opened matrix: mapped where the file allows it, otherwise read into memory. */
typedef struct gn_matrix gn_matrix;

/** Opens the matrix named by `spec`. float32, float64, float16 keep their type (.npy, .npz and
 *  safetensors, which also knows bfloat16); integers and bools become float64; CSV becomes
 *  float64. Nothing is scanned for NaN here: see gn_mat_check_finite.
 *  @return GN_OK; GN_EIO (cannot open); GN_EDATA (malformed, empty, ragged, not 1-D or 2-D,
 *          Fortran order is accepted and transposed); GN_EINVAL (no such member); GN_ENOMEM. */
GN_API gn_status gn_matrix_open(const char *spec, gn_matrix **out, gn_error *err);
/** A view that lives as long as the handle. */
GN_API gn_mat gn_matrix_view(const gn_matrix *m);
GN_API void gn_matrix_free(gn_matrix *m);

/** GN_EDATA naming row and column of the first NaN or infinite value, else GN_OK. O(rows cols). */
GN_API gn_status gn_mat_check_finite(gn_mat m, const char *name, gn_error *err);

/** Writes an array as .npy version 1.0 under a temporary name and renames it into place.
 *  @param shape (n_dims) sizes, n_dims at most 8. bfloat16 is stored as uint16.
 *  @return GN_OK; GN_EIO (nothing is left behind); GN_EINVAL (n_dims); GN_ENOMEM. */
GN_API gn_status gn_npy_write(const char *path, gn_dtype dtype, const size_t *shape, size_t n_dims,
                              const void *data, gn_error *err);

/** A label column: one code per row and the codes' names, in order of first appearance for text,
 *  in ascending order for integers. */
typedef struct gn_labels {
    size_t n;      /**< rows */
    int32_t *code; /**< (n) in [0, n_classes), or -1 for a row without a label */
    size_t n_classes;
    char **name; /**< (n_classes) */
} gn_labels;

/** `FILE.npy` (integers or text, 1-D; -1 is "no label"), `FILE.txt` (a label a line; an empty one
 *  is "no label") or `FILE.csv:COLUMN` (also .tsv, with a header line). Text counts as integers
 *  when every label is one.
 *  @return GN_OK; GN_EIO; GN_EDATA (empty, not 1-D, ragged); GN_EINVAL (no such column). */
GN_API gn_status gn_labels_open(const char *spec, gn_labels **out, gn_error *err);
GN_API void gn_labels_free(gn_labels *labels);

/** One tensor of a checkpoint file. */
typedef struct gn_tensor_info {
    const char *name;
    gn_dtype dtype;
    size_t n_dims;
    size_t shape[8];
    uint64_t offset, n_bytes; /**< place inside its file */
} gn_tensor_info;

/** The table of contents of a checkpoint: safetensors, whole or in shards. Files stay mapped. */
typedef struct gn_tensors gn_tensors;
/** @param path a .safetensors file, an index of shards (model.safetensors.index.json), or a folder
 *              that holds one of the two under Hugging Face's name.
 *  @return GN_OK; GN_EIO (cannot open, missing shard); GN_EDATA (truncated, overlapping, duplicated
 *          or missing tensors, sizes that disagree); GN_ENOSUPP (element type); GN_ENOMEM. */
GN_API gn_status gn_tensors_open(const char *path, gn_tensors **out, gn_error *err);
GN_API size_t gn_tensors_count(const gn_tensors *t);
/** In the order of the files and of the data in them; NULL behind the last. */
GN_API const gn_tensor_info *gn_tensors_at(const gn_tensors *t, size_t i);
/** NULL when there is none of that name. */
GN_API const gn_tensor_info *gn_tensors_find(const gn_tensors *t, const char *name);
/** First byte of a tensor's data, mapped, aligned to its element. `info` must come from `t`. */
GN_API const void *gn_tensors_data(const gn_tensors *t, const gn_tensor_info *info);
/** The file that holds a tensor. */
GN_API const char *gn_tensors_path(const gn_tensors *t, const gn_tensor_info *info);
/** All files, ascending by name; NULL behind the last. */
GN_API size_t gn_tensors_file_count(const gn_tensors *t);
GN_API const char *gn_tensors_file(const gn_tensors *t, size_t i);
GN_API void gn_tensors_free(gn_tensors *t);

#ifdef __cplusplus
}
#endif
#endif
