/* gonio/reps.h: the representation set, layers x rows x dims with its row table.
 *
 * A set is a folder that NumPy users open without us (docs/formats.md):
 *
 *     gonio.json                       what it is: model, corpus, options, layers, state
 *     layer.00.npy ...                 (n, d); layer 0 is the embedding output
 *     rows/token_id.npy, sequence.npy, position.npy      int32 (n)
 *     rows/LABEL.npy + LABEL.txt       int32 codes and their names
 *     vocab.txt, text.jsonl            token strings; one line a sequence
 *     knn/layer.NN.euclidean.k64.{index,distance}.npy    neighbours, kept and reused
 *
 * Any matrix that gn_matrix_open reads is a set, too: one layer, number 0, named by its file.
 */
#ifndef GONIO_REPS_H
#define GONIO_REPS_H

#include "gonio/base.h"
#include "gonio/io.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gn_reps gn_reps;

/** @param spec a set's folder or a matrix spec.
 *  @return GN_OK; GN_EIO; GN_EDATA (incomplete set: says how many rows are written; sizes that
 *          disagree); GN_ENOMEM. */
GN_API gn_status gn_reps_open(const char *spec, gn_reps **out, gn_error *err);
GN_API void gn_reps_free(gn_reps *reps);

/** Restricts the set, as opened here, to some of its stored layers: the others are not seen any
 *  more, nothing changes on disk. Depths stay what they are.
 *  @param list such as "0,3-6,-1": numbers and ranges, negative ones counted from the last stored
 *              layer (-1); NULL or "all" keeps all.
 *  @return GN_OK; GN_EINVAL (not such a list; a layer that is not stored: names those that are);
 *          GN_ENOMEM. */
GN_API gn_status gn_reps_select_layers(gn_reps *reps, const char *list, gn_error *err);

/** Folder name without its path, or the matrix spec's file name. */
GN_API const char *gn_reps_name(const gn_reps *reps);
/** The folder, or NULL for a plain matrix. */
GN_API const char *gn_reps_dir(const gn_reps *reps);
GN_API size_t gn_reps_layers(const gn_reps *reps); /**< stored layers */
GN_API size_t gn_reps_rows(const gn_reps *reps);
/** The model's layer number of stored layer i (they differ when only some were extracted). */
GN_API size_t gn_reps_layer_index(const gn_reps *reps, size_t i);
/** Relative depth in [0, 1]: layer number / number of blocks; 0 for a plain matrix. */
GN_API double gn_reps_depth(const gn_reps *reps, size_t i);
/** Stored layer i as a mapped (n, d) view. */
GN_API gn_mat gn_reps_layer(const gn_reps *reps, size_t i);
/** int32 (n) arrays of the row table; NULL where the set has none (plain matrix). */
GN_API const int32_t *gn_reps_token_id(const gn_reps *reps);
GN_API const int32_t *gn_reps_sequence(const gn_reps *reps);
GN_API const int32_t *gn_reps_position(const gn_reps *reps);
/** Label columns, by number. The struct lives as long as the set. */
GN_API size_t gn_reps_label_count(const gn_reps *reps);
GN_API const char *gn_reps_label_name(const gn_reps *reps, size_t column);
GN_API const gn_labels *gn_reps_labels(const gn_reps *reps, size_t column);
/** The type of each row as a label: the vocabulary string of its token (of the first, where a row is
 *  a mean over several), "#ID" for an id without one; none for rows without a token.
 *  @return GN_OK; GN_EINVAL (a plain matrix); GN_ENOMEM. Free with gn_labels_free. */
GN_API gn_status gn_reps_types(const gn_reps *reps, gn_labels **out, gn_error *err);
/** Number of ids in vocab.txt, and the string of one; NULL when there is none. */
GN_API size_t gn_reps_vocab_size(const gn_reps *reps);
GN_API const char *gn_reps_token(const gn_reps *reps, int32_t id);
/** The content of gonio.json, NUL-terminated; "{}" for a plain matrix. */
GN_API const char *gn_reps_meta(const gn_reps *reps);

#ifdef __cplusplus
}
#endif
#endif
