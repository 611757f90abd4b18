/* A representation set as a folder: what is in it, emptying it, putting a new one in its place. */
#ifndef GN_REPS_FOLDER_H
#define GN_REPS_FOLDER_H

#include "base/error.h"

typedef enum gn_folder_kind {
    GN_FOLDER_NONE = 0, /**< does not exist, or is empty but for temporary files */
    GN_FOLDER_SET,      /**< holds a gonio.json */
    GN_FOLDER_OTHER,    /**< holds other things only */
} gn_folder_kind;

enum { GN_FOLDER_NAME = 256 };

/** @param foreign (GN_FOLDER_NAME) receives the first entry, in name order, that is not part of a
 *                 set; when there is none: "" for a set, any entry for OTHER.
 *  @return GN_OK; GN_EIO (not a folder, no permission). */
gn_status gn_folder_examine(const char *dir, gn_folder_kind *kind, char *foreign, gn_error *err);

/** Removes a set's files; the folder stays, and so does what is not part of a set. gonio.json goes
 *  last, so that a clearing that was cut off can be done again. */
gn_status gn_folder_clear(const char *dir, gn_error *err);

/** Puts the set in `part` at `dir`, whose own set is removed. At every moment one of the two is at
 *  `dir` where the file system can exchange names; elsewhere `dir` is missing for an instant. */
gn_status gn_folder_replace(const char *dir, const char *part, gn_error *err);

/** Removes the temporary files that a killed process has left. */
gn_status gn_folder_sweep(const char *dir, gn_error *err);

/** "layer.03.npy" */
void gn_layer_file(size_t layer, char out[32]);

/** A file name for a label column: the name with everything replaced by '_' that some file system
 *  forbids, at most 100 bytes, "_2", "_3" ... behind it while it is one of `taken` or of the row
 *  table's own names (letter case ignored). @param out (128) */
void gn_column_file(const char *name, const char *const *taken, size_t n_taken, char out[128]);

#endif
